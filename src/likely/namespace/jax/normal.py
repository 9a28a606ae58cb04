"""The standard normal distribution's functions, on JAX arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from likely.namespace.jax.module import jax_module
from likely.namespace.jax.rules import ratio, rule
from likely.namespace.special import coefficients as sp


def normal_functions() -> dict[str, Callable[..., Any]]:
    """By name; each carries its derivative."""
    jax = jax_module()
    jnp, jsp = jax.numpy, jax.scipy.special

    # In the left tail, with z = -x and w = 1/z**2: phi/Phi = z + G(w)/z.
    def tail_of(x: Any) -> tuple[Any, Any, Any, Any]:
        tail = x <= -sp.MILLS_FROM
        z = jnp.where(tail, -x, sp.MILLS_FROM)
        w = 1.0 / (z * z)
        return tail, z, w, ratio(sp.MILLS, w)

    def density(x: Any) -> Any:
        s = jnp.clip(x, -64.0, 64.0)
        head = jnp.round(s * 16.0) * 0.0625
        return sp.INV_SQRT_2PI * jnp.exp(-0.5 * head * head) * jnp.exp(-0.5 * (s - head) * (s + head))

    def mills_d1(x: Any) -> Any:
        tail, _, w, g = tail_of(x)
        s = jnp.where(tail, 0.0, jnp.where(x > 64.0, 64.0, x))
        value = inverse_mills(s)
        return jnp.where(tail, -(g + w * g * g), -value * (value + s))

    def inverse_mills_(x: Any) -> Any:
        tail, z, _, g = tail_of(x)
        s = jnp.where(tail, 0.0, x)
        return jnp.where(tail, z + g / z, density(s) / jsp.ndtr(s))

    inverse_mills = rule(inverse_mills_, mills_d1)

    def log_ndtr_(x: Any) -> Any:
        tail, z, _, g = tail_of(x)
        left = -0.5 * z * z - sp.HALF_LOG_2PI - jnp.log(z + g / z)
        right = jnp.log1p(-jsp.ndtr(-jnp.where(x > 0.0, x, 1.0)))
        middle = jnp.log(jsp.ndtr(jnp.where(tail | (x > 0.0), -1.0, x)))
        return jnp.where(tail, left, jnp.where(x > 0.0, right, middle))

    log_ndtr = rule(log_ndtr_, inverse_mills)
    ndtr = rule(jsp.ndtr, rule(density, lambda x: -x * density(x)))

    return {
        "inverse_mills": inverse_mills,
        "inverse_mills_d1": mills_d1,
        "log_ndtr": log_ndtr,
        "ndtr": ndtr,
    }
