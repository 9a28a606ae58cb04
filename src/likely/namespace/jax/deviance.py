"""Logarithms that keep their digits where their arguments nearly cancel, on JAX arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from likely.namespace.jax.module import jax_module
from likely.namespace.jax.rules import at, rule
from likely.namespace.special import coefficients as sp


def deviance_functions() -> dict[str, Callable[..., Any]]:
    """By name; each carries its derivative."""
    jax = jax_module()
    jnp = jax.numpy
    inf, nan = np.inf, np.nan

    def log1pmx_(x: Any) -> Any:
        near = (x >= -0.5) & (x <= 1.0)
        s = jnp.where(near, x, 0.0)
        r = s / (s + 2.0)
        y = r * r
        f = jnp.where(near | (x == inf), 1.0, x)
        far = jnp.where(x == inf, -inf, jnp.log1p(f) - f)
        return jnp.where(near, r * (2.0 * y * at(sp.ATANH, y) - s), far)

    log1pmx = rule(log1pmx_, rule(lambda x: -x / (1.0 + x), lambda x: -1.0 / jnp.square(1.0 + x)))

    def log1mexp_(x: Any) -> Any:
        near = x < sp.LOG_2
        small, large = jnp.where(near, x, 1.0), jnp.where(near, 1.0, x)
        return jnp.where(near, jnp.log(-jnp.expm1(-small)), jnp.log1p(-jnp.exp(-large)))

    def over_expm1_d1(x: Any) -> Any:
        r = 1.0 / jnp.expm1(x)
        return -r * (1.0 + r)

    log1mexp = rule(log1mexp_, rule(lambda x: 1.0 / jnp.expm1(x), over_expm1_d1))

    @jax.custom_jvp
    def log_ratio(x: Any, m: Any) -> Any:
        """log(x / m) for positive x and m, relatively accurate where they agree."""
        near = jnp.abs(x - m) < 0.5 * m
        q = jnp.where(near, 1.0, x / m)
        usual = (q > 1e-290) & (q < inf)
        far = jnp.where(usual, jnp.log(jnp.where(usual, q, 1.0)), jnp.log(x) - jnp.log(m))
        return jnp.where(near, jnp.log1p(jnp.where(near, (x - m) / m, 0.0)), far)

    @log_ratio.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        (x, m), (dx, dm) = primals, tangents
        return log_ratio(x, m), dx / x - dm / m

    @jax.custom_jvp
    def bd0(x: Any, m: Any) -> Any:
        near = 3.0 * jnp.abs(x - m) < x + m
        a, b = jnp.where(near, x, 1.0), jnp.where(near, m, 1.0)
        d = a - b
        r = d / (a + b)
        y = r * r
        close = r * (2.0 * a * y * at(sp.ATANH, y) + d)
        inner = (x > 0.0) & (x < inf) & (m > 0.0) & (m < inf) & ~near
        a, b = jnp.where(inner, x, 1.0), jnp.where(inner, m, 3.0)
        q = a / b
        usual = (q > 1e-290) & (q < inf)
        log = jnp.where(usual, jnp.log(jnp.where(usual, q, 1.0)), jnp.log(a) - jnp.log(b))
        general = a * (log - 1.0) + b
        edge = jnp.where((x == 0.0) | (m == inf), m, inf)
        invalid = ~((x >= 0.0) & (m >= 0.0)) | ((x == inf) & (m == inf))
        out = jnp.where(near, close, jnp.where(inner, general, edge))
        return jnp.where(invalid, nan, out)

    @bd0.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        (x, m), (dx, dm) = primals, tangents
        inner = (x > 0.0) & (m > 0.0)
        a, b = jnp.where(inner, x, 1.0), jnp.where(inner, m, 1.0)
        # x = 0: infinite in x, where 0 keeps a tangent of 0 from becoming NaN; 1 in m. m = 0 < x: -inf in m.
        by_x = jnp.where(inner, log_ratio(a, b), 0.0)
        by_m = jnp.where(inner, (b - a) / b, jnp.where(x == 0.0, 1.0, -inf))
        return bd0(x, m), by_x * dx + by_m * dm

    def xlogy(x: Any, y: Any) -> Any:
        """x * log(y), and 0 where x is 0 and log(y) is not finite."""
        edge = (x == 0.0) & ((y <= 0.0) | (y == inf))
        return jnp.where(edge, 0.0, x * jnp.log(jnp.where(edge, 1.0, y)))

    def xlog1py(x: Any, y: Any) -> Any:
        """x * log1p(y), and 0 where x is 0 and log1p(y) is not finite."""
        edge = (x == 0.0) & ((y <= -1.0) | (y == inf))
        return jnp.where(edge, 0.0, x * jnp.log1p(jnp.where(edge, 0.0, y)))

    return {
        "log1pmx": log1pmx,
        "log1mexp": log1mexp,
        "bd0": bd0,
        "xlogy": xlogy,
        "xlog1py": xlog1py,
    }
