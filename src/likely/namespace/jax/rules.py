"""Functions with a derivative rule of their own, and the polynomials that they are made of."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from likely.namespace.jax.module import jax_module
from likely.namespace.special import coefficients as sp


def rule(f: Any, derivative: Callable[[Any], Any]) -> Any:
    """`f` of one argument, with its derivative given."""
    jax = jax_module()
    g = jax.custom_jvp(f)

    @g.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        (x,), (dx,) = primals, tangents
        return g(x), derivative(x) * dx

    return g


def at(coefficients: sp.Polynomial, x: Any) -> Any:
    return reduce(lambda out, c: out * x + c, coefficients[1:], jax_module().numpy.full_like(x, coefficients[0]))


def ratio(rational: sp.Rational, x: Any) -> Any:
    return at(rational[0], x) / at(rational[1], x)


def floating(f: Callable[..., Any]) -> Callable[..., Any]:
    """Integers become floats before a derivative rule sees them."""

    def g(*args: Any) -> Any:
        jnp = jax_module().numpy
        return f(*jnp.broadcast_arrays(*(jnp.asarray(a) * 1.0 for a in args)))

    return g
