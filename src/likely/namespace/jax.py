"""The JAX namespace: exact derivatives, compiled. JAX is imported when a namespace is made, not before.

Special functions share their coefficients with `likely.namespace.special`. Each carries its own derivative
rule, so that derivatives are as accurate as values, and every branch that is not taken sees harmless
arguments, so that no NaN leaks out of it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cache, lru_cache, reduce
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from likely.namespace.memory import Memory
from likely.namespace.special import coefficients as sp

__all__ = ["JaxNamespace", "jax_module", "row_derivatives", "x64"]

Array = NDArray[np.float64]


def jax_module() -> Any:
    """The module jax, or advice on how to get it."""
    try:
        import jax
    except ImportError as e:
        from likely.errors import MissingDependencyError

        raise MissingDependencyError(
            "JAX is needed here (exact derivatives, compiled) and is not installed: pip install 'likely[jax]'"
        ) from e
    return jax


def x64() -> AbstractContextManager[Any]:
    """A context in which JAX computes in float64; the global switch stays as the user left it."""
    jax = jax_module()
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    return importlib.import_module("jax.experimental").enable_x64()  # JAX before jax.enable_x64


@cache
def _functions() -> dict[str, Callable[..., Any]]:
    """Every function of the namespace by name, made once."""
    jax = jax_module()
    jnp = jax.numpy
    jsp = jax.scipy.special
    inf, nan = np.inf, np.nan

    def rule(f: Any, derivative: Callable[[Any], Any]) -> Any:
        """`f` of one argument, with its derivative given."""
        g = jax.custom_jvp(f)

        @g.defjvp
        def _(primals: Any, tangents: Any) -> Any:
            (x,), (dx,) = primals, tangents
            return g(x), derivative(x) * dx

        return g

    def at(coefficients: sp.Polynomial, x: Any) -> Any:
        return reduce(lambda out, c: out * x + c, coefficients[1:], jnp.full_like(x, coefficients[0]))

    def ratio(rational: sp.Rational, x: Any) -> Any:
        return at(rational[0], x) / at(rational[1], x)

    def floating(f: Callable[..., Any]) -> Callable[..., Any]:
        """Integers become floats before a derivative rule sees them."""

        def g(*args: Any) -> Any:
            return f(*jnp.broadcast_arrays(*(jnp.asarray(a) * 1.0 for a in args)))

        return g

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

    def betaln(a: Any, b: Any) -> Any:
        """log of the beta function, from Stirling's errors: nothing large cancels, nor in its derivatives."""
        lo, hi = jnp.where(a <= b, a, b), jnp.where(a <= b, b, a)  # not minimum: it splits a tie's derivative
        q = lo / hi
        s = stirling(lo) + (stirling(hi) - stirling(lo + hi))
        return s + lo * (jnp.log(q) - jnp.log1p(q)) - hi * jnp.log1p(q) - jnp.log(lo) + jnp.log1p(q)

    # Standard normal distribution. In the left tail, with z = -x and w = 1/z**2: phi/Phi = z + G(w)/z.
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

    # Logistic functions: each derivative in terms of the two tails, so that neither rounds away.
    expit = rule(jsp.expit, lambda x: expit(x) * expit(-x))

    def softplus_(x: Any) -> Any:
        return jnp.maximum(x, 0.0) + jnp.log1p(jnp.exp(-jnp.abs(x)))

    softplus = rule(softplus_, expit)

    def log_expit(x: Any) -> Any:
        """log(1 / (1 + exp(-x)))."""
        return -softplus(-x)

    def logit_(p: Any) -> Any:
        """log(p / (1 - p)), relatively accurate around 1/2 too."""
        near = jnp.abs(p - 0.5) < 0.2
        s = jnp.where(near, p, 0.5)
        f = jnp.where(near, 0.3, p)
        # log(p / (1 - p)) = 2 * atanh(2 * p - 1), and 2 * p - 1 is exact there
        return jnp.where(near, 2.0 * jnp.arctanh(2.0 * s - 1.0), jnp.log(f) - jnp.log1p(-f))

    logit = rule(logit_, lambda p: 1.0 / (p * (1.0 - p)))

    own = {
        "gammaln": gammaln,
        "digamma": digamma,
        "trigamma": trigamma,
        "tetragamma": tetragamma,
        "stirling": stirling,
        "stirling_d1": stirling_d1,
        "stirling_d2": stirling_d2,
        "stirling_d3": stirling_d3,
        "log1pmx": log1pmx,
        "log1mexp": log1mexp,
        "bd0": bd0,
        "xlogy": xlogy,
        "xlog1py": xlog1py,
        "betaln": betaln,
        "inverse_mills": inverse_mills,
        "inverse_mills_d1": mills_d1,
        "log_ndtr": log_ndtr,
        "ndtr": ndtr,
        "expit": expit,
        "softplus": softplus,
        "log_expit": log_expit,
        "logit": logit,
    }
    same = (
        "exp expm1 log1p sqrt square abs sign floor sin cos tan tanh sinh cosh where maximum minimum power "
        "logaddexp isnan isfinite"
    ).split()
    return {
        **{name: getattr(jnp, name) for name in same},
        "atan": jnp.arctan,
        "erf": jsp.erf,
        "erfc": jsp.erfc,
        # compiled each as one: outside a compiled function, JAX would compile every step of them
        **{name: jax.jit(floating(f), inline=True) for name, f in own.items()},
    }


class JaxNamespace(Memory):
    """Functions of the array namespace on JAX arrays; the names are those of `NumpyNamespace`.

    Make one for each evaluation: it remembers, by object identity, what a link knows about its output.
    Its functions are twice differentiable in both modes. Evaluate inside `x64()` for float64.

    Raises
    ------
    MissingDependencyError
        When JAX is not installed.
    """

    pi = np.pi
    inf = np.inf

    def __init__(self) -> None:
        super().__init__()
        self.__dict__.update(_functions())

    if TYPE_CHECKING:  # the functions are filled in by name

        def __getattr__(self, name: str) -> Callable[..., Any]: ...

    def log(self, x: Any) -> Any:
        """Natural logarithm; the remembered one where a link knows it."""
        known = self.recall_log(x)
        return jax_module().numpy.log(x) if known is None else known


@lru_cache(maxsize=64)
def _compiled(f: Callable[..., Any]) -> Any:
    """The compiled value, first and second derivatives of `f`, row by row."""
    jax = jax_module()
    jnp = jax.numpy

    @jax.jit
    def run(etas: tuple[Any, ...], data: tuple[Any, ...]) -> Any:
        one = jnp.ones_like(etas[0])

        def along(g: Callable[..., Any], i: int) -> Callable[..., Any]:
            """g and its derivative by eta i; the other etas are constants, so they carry no zero tangents."""

            def both(*etas: Any) -> Any:
                def of_one(eta: Any) -> Any:
                    return g(*etas[:i], eta, *etas[i + 1 :])

                return jax.jvp(of_one, (etas[i],), (one,))

            return both

        def value_of(*etas: Any) -> Any:
            return jnp.broadcast_to(f(etas, *data), one.shape)

        value, first, second = None, {}, {}
        for i in range(len(etas)):
            for j in range(i, len(etas)):
                (value, first[i]), (_, second[i, j]) = along(along(value_of, i), j)(*etas)
        return value, list(first.values()), list(second.values())

    return run


def row_derivatives(
    f: Callable[..., Any], etas: Sequence[Any], n: int, *, data: Sequence[Any] = ()
) -> tuple[Array, list[Array], dict[tuple[int, int], Array]]:
    """Row-wise value, first and second derivatives of a log-density by its linear predictors.

    Parameters
    ----------
    f
        ``f(etas, *data)`` gives the ``n`` log-densities; row i may depend on row i of its arguments only.
    etas
        K predictors, at least one, each a scalar or of shape (n,).
    n
        Number of rows.
    data
        Arrays handed on to `f`. What comes this way is an argument of the compiled function: the same `f` on
        other rows, as many, compiles nothing. Arrays that `f` closes over are compiled in as constants.

    Returns
    -------
    value : Array
        The log-densities, (n,).
    first : list of Array
        K derivatives, each (n,).
    second : dict
        ``second[i, j]`` for ``i <= j``, each (n,).

    Notes
    -----
    Forward over forward mode with tangents of ones: exact, since each row depends on its own etas only. The
    compiled function is kept for the 64 functions `f` used last.
    """
    k = len(etas)
    rows = tuple(np.broadcast_to(np.asarray(eta, dtype=np.float64), (n,)) for eta in etas)
    with x64():
        value, first, second = _compiled(f)(rows, tuple(data))
    pairs = [(i, j) for i in range(k) for j in range(i, k)]
    arrays = [np.asarray(v) for v in second]
    return np.asarray(value), [np.asarray(v) for v in first], dict(zip(pairs, arrays, strict=True))
