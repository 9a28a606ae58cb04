"""A density as a function of the coefficients, with exact derivatives from JAX, compiled once for each model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.errors import FamilyError, LikelyError
from likely.likelihoods.density.layout import Record
from likely.namespace.jax import JaxNamespace, jax_module

if TYPE_CHECKING:
    from likely.likelihoods.density.family import Density

Held = Mapping[str, float]
MOST_DERIVATIVES = 20_000_000  # second derivatives of rows held at once; beyond, products of scores take their place


@final
@dataclass(frozen=True, eq=False)
class Program:
    """A density as a function of the coefficients of a model: what is compiled.

    Attributes
    ----------
    density : Density
    free : tuple of (str, Link)
        The scalars that vary, in the order of the coefficients, with their links.
    followers : tuple of str
        Those without a starting value, which have their own peak at every step of a search.
    """

    density: Density
    free: tuple[tuple[str, Any], ...]
    followers: tuple[str, ...] = ()

    @property
    def _key(self) -> Any:
        return self.density.key, self.free, self.followers

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Program) and self._key == other._key

    def params(self, x: Any, held: Held, xp: Any) -> Record:
        """The record of parameters that the function takes."""
        values = {name: link.inverse(x[i], xp) for i, (name, link) in enumerate(self.free)}
        return self.density.layout.record({**held, **values}, jax_module().numpy.stack)

    def theta(self, x: Any, held: Held, columns: Any, n: int, xp: Any) -> dict[str, Any]:
        """The parameters of the family in every row."""
        params, data = self.params(x, held, xp), Record(columns, "column")
        out = {}
        for name, rule in self.density.rules:
            value = rule(params, data) if callable(rule) else params[rule]
            out[name] = broadcast(value, n, f"the function for {name}") if callable(rule) else value
        return out

    def rows(self, x: Any, held: Held, data: Any) -> Any:
        """The log-density of every row."""
        columns, y, given = data
        xp = JaxNamespace()
        if self.density.base is None:
            function: Any = self.density.function
            return function(self.params(x, held, xp), Record(columns, "column"))
        return self._of_family(xp, self.theta(x, held, columns, len(y), xp), y, given)

    def _of_family(self, xp: Any, theta: Mapping[str, Any], y: Any, given: Mapping[str, Any]) -> Any:
        jnp, base = jax_module().numpy, self.density.base
        assert base is not None
        out = jnp.broadcast_to(base._log_density(xp, y, **theta, **given), y.shape)
        for name, value in theta.items():
            domain = base.parameter(name).domain
            if np.isfinite(domain.lower) or np.isfinite(domain.upper):
                out = jnp.where((value >= domain.lower) & (value <= domain.upper), out, -jnp.inf)
        return out

    def metric(self, x: Any, held: Held, data: Any, w: Any) -> Any:
        """A positive semi-definite stand-in for the information, for the way from far starts.

        Of a family whose parameters are functions, Gauss and Newton's: sum of J' |d2 log f / d theta2| J, one theta
        at a time. Of any other density, every row's curvature along its own score.
        """
        jax = jax_module()
        jnp = jax.numpy
        if self.density.base is None:
            return self._along_scores(x, held, data, w)
        jacobian, _, second = self._by_theta(x, held, data, mixed=False)
        return sum((j * (jnp.abs(second[k, k]) * w)[:, None]).T @ j for k, j in jacobian.items())

    def _along_scores(self, x: Any, held: Held, data: Any, w: Any) -> Any:
        """The sum of every row's curvature along its own score: Gauss and Newton's, where one number makes a row.

        If a row's log-density depends on x through one number m, its score is l' m' and its second derivative l'' m' m'
        and a remainder. Along the direction u of the score, u' H u is l'' (m' u)^2 but for the remainder.
        """
        jax = jax_module()
        jnp = jax.numpy

        def rows(x: Any) -> Any:
            return self.rows(x, held, data)

        if len(w) * len(self.free) ** 2 > MOST_DERIVATIVES:
            scores = jax.jacfwd(rows)(x)
            return (scores * w[:, None]).T @ scores
        scores, second = jax.jacfwd(rows)(x), jax.jacfwd(jax.jacfwd(rows))(x)
        size = jnp.sqrt(jnp.sum(w[:, None] * scores**2, axis=0))
        size = jnp.where(size > 0, size, 1.0)
        u = scores / size * np.array([name not in self.followers for name, _ in self.free])
        length = jnp.sum(u**2, axis=1)
        along = jnp.einsum("ij,ijk,ik->i", u, second / jnp.outer(size, size), u)
        share = w * jnp.abs(along) / jnp.where(length > 0, length, 1.0) ** 2
        return (scores * share[:, None]).T @ scores

    def _by_theta(self, x: Any, held: Held, data: Any, mixed: bool) -> tuple[Any, Any, Any]:
        """The rows' Jacobian of the family's parameters, and derivatives of the log-density by these."""
        jax = jax_module()
        jnp = jax.numpy
        columns, y, given = data

        def theta_of(x: Any) -> dict[str, Any]:
            found = self.theta(x, held, columns, len(y), JaxNamespace())
            return {k: jnp.broadcast_to(v, y.shape) for k, v in found.items()}

        theta, jacobian = theta_of(x), jax.jacfwd(theta_of)(x)
        one = jnp.ones_like(y)

        def slope(k: str, at: dict[str, Any]) -> Any:
            def along(v: Any) -> Any:
                return self._of_family(JaxNamespace(), {**at, k: v}, y, given)

            return jax.jvp(along, (at[k],), (one,))[1]

        first = {k: slope(k, theta) for k in theta}
        pairs = [(k, m) for i, k in enumerate(theta) for m in (list(theta)[i:] if mixed else [k])]
        second = {
            (k, m): jax.jvp(lambda v, k=k, m=m: slope(k, {**theta, m: v}), (theta[m],), (one,))[1] for k, m in pairs
        }
        return jacobian, first, second

    def parts(self, x: Any, held: Held, data: Any, w: Any) -> tuple[Any, Any, Any]:
        """The information in parts: Jacobians, curvatures by theta, and what the curvature of theta itself adds."""
        jax = jax_module()
        jnp = jax.numpy
        columns, y, _ = data
        jacobian, first, second = self._by_theta(x, held, data, mixed=True)

        def bent(x: Any) -> Any:
            found = self.theta(x, held, columns, len(y), JaxNamespace())
            return sum(jnp.sum(w * first[k] * v) for k, v in found.items())

        return jacobian, {pair: -w * v for pair, v in second.items()}, -jax.jacfwd(jax.grad(bent))(x)


@lru_cache(maxsize=128)
def compiled(program: Program) -> dict[str, Any]:
    """Compiled functions of ``(x, held, data, weights)``."""
    jax = jax_module()
    jnp = jax.numpy

    def total(x: Any, held: Any, data: Any, w: Any) -> Any:
        return jnp.sum(jnp.where(w == 0.0, 0.0, w * program.rows(x, held, data)))

    def point(x: Any, *rest: Any) -> Any:
        def slope(x: Any) -> Any:
            value, score = jax.value_and_grad(total)(x, *rest)
            return score, (value, score)

        hessian, (value, score) = jax.jacfwd(slope, has_aux=True)(x)
        return value, score, hessian

    return {
        "value": jax.jit(total),
        "slope": jax.jit(jax.value_and_grad(total)),
        "point": jax.jit(point),
        "rows": jax.jit(lambda x, held, data, w: program.rows(x, held, data)),
        "scores": jax.jit(lambda x, held, data, w: jax.jacfwd(program.rows)(x, held, data)),
        "metric": jax.jit(program.metric),
        "parts": jax.jit(program.parts),
    }


def broadcast(value: Any, n: int, what: str) -> Any:
    """A function's result as one value for every row."""
    jnp = jax_module().numpy
    value = jnp.asarray(value)
    if value.shape not in ((), (n,), (1,)):
        raise FamilyError(
            f"{what} must give one value for each of the {n} rows (or a single one); its shape is {value.shape}"
        )
    return jnp.broadcast_to(value, (n,))


class worded:
    """What JAX says of a function that it cannot trace, in words."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is None or isinstance(error, LikelyError) or not isinstance(error, Exception):
            return
        name, detail = type(error).__name__, str(error).strip().splitlines()[0] if str(error).strip() else ""
        if name in ("TracerArrayConversionError", "TracerIntegerConversionError") or "__array__" in detail:
            advice = "it hands a parameter to NumPy, SciPy or math; use jax.numpy (jnp.exp, jnp.log, ...) and jax.scipy"
        elif name in ("TracerBoolConversionError", "ConcretizationTypeError"):
            advice = (
                "it branches on a parameter or on data with `if`, or turns one into a plain number; use "
                "jnp.where(condition, a, b), jax.numpy in place of math, and no float(...) or int(...)"
            )
        elif name == "NonConcreteBooleanIndexError":
            advice = "it picks rows by a condition, so that their number varies; use jnp.where(condition, a, b)"
        else:
            advice = f"{name}: {detail}"
        raise FamilyError(f"{self.what} cannot be traced by JAX: {advice}") from error
