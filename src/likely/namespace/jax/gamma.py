"""The log-gamma function, its derivatives, Stirling's errors and the log of the beta function, on JAX arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from likely.namespace.jax.module import jax_module
from likely.namespace.jax.rules import ratio, rule
from likely.namespace.special import coefficients as sp


def gamma_functions() -> dict[str, Callable[..., Any]]:
    """By name; each carries its derivative."""
    jax = jax_module()
    jnp, jsp = jax.numpy, jax.scipy.special
    inf, nan = np.inf, np.nan

    def parts(x: Any) -> tuple[Any, Any, Any, Any]:
        """Whether x is in the tail; 1/x and 1/x**2 there; x where it is not."""
        tail = x >= sp.TAIL_FROM
        t = 1.0 / jnp.where(tail, x, sp.TAIL_FROM)
        return tail, t, t * t, jnp.where(tail | (x <= 0.0), 1.0, x)

    def ends(x: Any, out: Any, at_zero: float) -> Any:
        return jnp.where(x > 0.0, out, jnp.where(x == 0.0, at_zero, nan))

    def stirling_d3(x: Any) -> Any:
        tail, t, w, s = parts(x)
        large = t * w * (1.0 - t * ratio(sp.TAIL3, w))
        return ends(x, jnp.where(tail, large, ratio(sp.PSI2, s) + 1.0 / (s * s)), inf)

    def stirling_d2_(x: Any) -> Any:
        tail, t, w, s = parts(x)
        large = w * (t * ratio(sp.TAIL2, w) - 0.5)
        return ends(x, jnp.where(tail, large, ratio(sp.PSI1, s) - 1.0 / s), -inf)

    stirling_d2 = rule(stirling_d2_, stirling_d3)

    def stirling_d1_(x: Any) -> Any:
        tail, t, w, s = parts(x)
        large = t * (0.5 - t * ratio(sp.TAIL1, w))
        return ends(x, jnp.where(tail, large, ratio(sp.PSI0, s) - jnp.log(s)), inf)

    stirling_d1 = rule(stirling_d1_, stirling_d2)

    def stirling_(x: Any) -> Any:
        tail, t, w, s = parts(x)
        log = jnp.log(jnp.where(tail, x, s))
        large = 0.5 * log + (sp.HALF_LOG_2PI + t * ratio(sp.BINET, w))
        return ends(x, jnp.where(tail, large, s * (1.0 - log + ratio(sp.LGAMMA1P, s))), 0.0)

    # At 0 the derivative is infinite; 0 keeps a count of 0, held fixed, from turning a zero tangent into NaN.
    stirling = rule(stirling_, lambda x: jnp.where(x == 0.0, 0.0, stirling_d1(jnp.where(x == 0.0, 1.0, x))))

    def tetragamma(x: Any) -> Any:
        tail, t, w, s = parts(x)
        large = -w * (1.0 + t * (1.0 + t * ratio(sp.TAIL3, w)))
        return ends(x, jnp.where(tail, large, ratio(sp.PSI2, s) - 2.0 / (s * s * s)), -inf)

    def trigamma_(x: Any) -> Any:
        tail, t, w, s = parts(x)
        large = t * (1.0 + t * (0.5 + t * ratio(sp.TAIL2, w)))
        return ends(x, jnp.where(tail, large, ratio(sp.PSI1, s) + 1.0 / (s * s)), inf)

    trigamma = rule(trigamma_, tetragamma)
    digamma = rule(jsp.digamma, trigamma)
    gammaln = rule(jsp.gammaln, digamma)

    def betaln(a: Any, b: Any) -> Any:
        """log of the beta function, from Stirling's errors: nothing large cancels, nor in its derivatives."""
        lo, hi = jnp.where(a <= b, a, b), jnp.where(a <= b, b, a)  # not minimum: it splits a tie's derivative
        q = lo / hi
        s = stirling(lo) + (stirling(hi) - stirling(lo + hi))
        return s + lo * (jnp.log(q) - jnp.log1p(q)) - hi * jnp.log1p(q) - jnp.log(lo) + jnp.log1p(q)

    return {
        "gammaln": gammaln,
        "digamma": digamma,
        "trigamma": trigamma,
        "tetragamma": tetragamma,
        "stirling": stirling,
        "stirling_d1": stirling_d1,
        "stirling_d2": stirling_d2,
        "stirling_d3": stirling_d3,
        "betaln": betaln,
    }
