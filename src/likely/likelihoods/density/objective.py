"""The log-likelihood of a density with exact derivatives from JAX, compiled once for each function and model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, final

import numpy as np
from scipy import linalg

from likely.compute.engines import memory
from likely.compute.solve.newton import Point
from likely.errors import FamilyError, LikelyError
from likely.likelihoods.density.layout import Record
from likely.models.model import Model
from likely.models.rows import Rows
from likely.namespace.jax import JaxNamespace, jax_module, x64

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


@final
class DensityObjective:
    """Sum over rows of weight times log-density, as a function of the coefficients on the link scale.

    The same protocol as `likely.likelihoods.rows.Objective`.
    """

    guided = True  # the metric leads well from far starts

    def __init__(self, model: Model, data: Rows) -> None:
        self.model, self.data, self.y, self.weights = model, data, data.y, data.weights
        self.rows = data.n
        self.total_weight = float(self.rows) if data.weights is None else float(np.sum(data.weights))

    @cached_property
    def _program(self) -> Program:
        density: Any = self.model.family
        free = tuple((slot.label, slot.link) for slot in self.model.slots)
        unstated = tuple(density.unstated) if len(density.unstated) < len(free) else ()
        return Program(density, free, unstated if density.base is None else ())

    @cached_property
    def _arguments(self) -> Any:
        """Held values, data and weights as JAX arrays."""
        density: Any = self.model.family
        jnp = jax_module().numpy
        mine = {p.name for p in density.parameters}
        held = {k: np.float64(v) for k, v in self.model.known.items() if k in mine}
        columns = {k: jnp.asarray(v) for k, v in self.data.columns.items()}
        y = None if density.base is None else jnp.asarray(self.y)
        given = {k: jnp.asarray(v) for k, v in self.data.known.items() if k in density.specs}
        return held, (columns, y, given), jnp.asarray(np.ones(self.rows) if self.weights is None else self.weights)

    def _run(self, what: str, coefficients: Any) -> Any:
        with x64():
            out = compiled(self._program)[what](np.asarray(coefficients, dtype=float), *self._arguments)
        return tuple(np.asarray(v) for v in out) if isinstance(out, tuple) else np.asarray(out)

    def value(self, coefficients: Any) -> float:
        """The log-likelihood, constants kept."""
        value = float(self._run("value", coefficients))
        return -np.inf if np.isnan(value) else value

    def value_and_score(self, coefficients: Any) -> tuple[float, Any]:
        """Log-likelihood and score."""
        value, score = self._run("slope", coefficients)
        return float(value), score

    def point(self, coefficients: Any) -> Point:
        """Log-likelihood, score and observed information."""
        value, score, hessian = self._run("point", coefficients)
        return Point(np.array(coefficients, dtype=float), float(value), score, -0.5 * (hessian + hessian.T))

    def log_density(self, coefficients: Any) -> Any:
        """The log-density of every row, shape (n,)."""
        return self._run("rows", coefficients)

    def row_scores(self, coefficients: Any) -> Any:
        """Every row's score with respect to the coefficients, unweighted, shape (n, p)."""
        return self._run("scores", coefficients)

    def score_gram(self, coefficients: Any, weights: Any = None) -> Any:
        """The sum over rows of w s s' with s the row's score."""
        scores = self.row_scores(coefficients)
        return (scores if weights is None else scores * weights[:, None]).T @ scores

    def cluster_gram(self, coefficients: Any, codes: Any, count: int) -> Any:
        """The sum over clusters of S S' with S the sum of a cluster's weighted scores."""
        return memory.group_gram(self.row_scores(coefficients), self.weights, codes, count)

    def metric(self, coefficients: Any) -> Any:
        """A positive semi-definite matrix in place of the information; see `Program.metric`."""
        return self._run("metric", coefficients)

    def covariance(self, coefficients: Any) -> Any:
        """The inverse of the information by way of an orthogonal factorisation, which keeps digits that products lose.

        With QR = the Jacobians times the root of the curvature, the information is R' (C + R'^-1 B R^-1) R, where C and
        B, the part from the curvature of the functions, are near the identity and small. None for a density that is
        not a family's, and where there is no peak.
        """
        if self.model.family.base is None:
            return None
        with x64():
            parts = compiled(self._program)["parts"](np.asarray(coefficients, dtype=float), *self._arguments)
        jacobian = {k: np.asarray(v) for k, v in parts[0].items()}
        curvature = {pair: np.asarray(v) for pair, v in parts[1].items()}
        stacked = np.concatenate([j * np.sqrt(np.abs(curvature[k, k]))[:, None] for k, j in jacobian.items()])
        scale = np.sqrt(np.sum(stacked**2, axis=0))
        if not np.all(np.isfinite(stacked)) or np.any(scale == 0):
            return None
        r = linalg.qr(stacked / scale, mode="r")[0][: len(scale)] * scale
        if np.any(np.diagonal(r) == 0):
            return None
        white = {k: linalg.solve_triangular(r, j.T, trans="T").T for k, j in jacobian.items()}
        inner = linalg.solve_triangular(r, linalg.solve_triangular(r, np.asarray(parts[2]), trans="T").T, trans="T")
        for (k, m), c in curvature.items():
            block = (white[k] * c[:, None]).T @ white[m]
            inner = inner + (block if k == m else block + block.T)
        try:
            factor = linalg.cho_factor(0.5 * (inner + inner.T))
        except linalg.LinAlgError:
            return None
        inverse = linalg.solve_triangular(r, np.eye(len(scale)))
        return inverse @ linalg.cho_solve(factor, inverse.T)

    def theta(self, coefficients: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The family's parameters in every row, and their derivatives with respect to the coefficients."""
        held, (columns, _, _), _ = self._arguments
        program, n = self._program, self.rows
        jax = jax_module()

        def of(x: Any) -> dict[str, Any]:
            return {
                k: jax.numpy.broadcast_to(v, n) for k, v in program.theta(x, held, columns, n, JaxNamespace()).items()
            }

        with x64():
            x = np.asarray(coefficients, dtype=float)
            values, slopes = of(x), jax.jacfwd(of)(x)
        return {k: np.asarray(v) for k, v in values.items()}, {k: np.asarray(v) for k, v in slopes.items()}

    def function(self, rule: Any, coefficients: Any) -> tuple[Any, Any]:
        """Any function of parameters and data, with its derivatives with respect to the coefficients."""
        held, (columns, _, _), _ = self._arguments
        program = self._program
        jax = jax_module()

        def of(x: Any) -> Any:
            return jax.numpy.asarray(rule(program.params(x, held, JaxNamespace()), Record(columns, "column")))

        with x64(), worded("the function to predict"):
            x = np.asarray(coefficients, dtype=float)
            return np.asarray(of(x)), np.asarray(jax.jacfwd(of)(x))


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
        name, told = type(error).__name__, str(error).strip().splitlines()[0] if str(error).strip() else ""
        if name in ("TracerArrayConversionError", "TracerIntegerConversionError") or "__array__" in told:
            advice = "it hands a parameter to NumPy, SciPy or math; use jax.numpy (jnp.exp, jnp.log, ...) and jax.scipy"
        elif name in ("TracerBoolConversionError", "ConcretizationTypeError"):
            advice = (
                "it branches on a parameter or on data with `if`, or turns one into a plain number; use "
                "jnp.where(condition, a, b), jax.numpy in place of math, and no float(...) or int(...)"
            )
        elif name == "NonConcreteBooleanIndexError":
            advice = "it picks rows by a condition, so that their number varies; use jnp.where(condition, a, b)"
        else:
            advice = f"{name}: {told}"
        raise FamilyError(f"{self.what} cannot be traced by JAX: {advice}") from error
