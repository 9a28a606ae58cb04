"""The log-likelihood of a user's own density, with derivatives from JAX."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any, final

import numpy as np
from scipy import linalg

from likely.compute.engines import memory
from likely.compute.solve.newton import Point
from likely.likelihoods.density import Density
from likely.likelihoods.density.layout import Record
from likely.likelihoods.density.linear import linear_predictor
from likely.likelihoods.density.program import Program, compiled, worded
from likely.likelihoods.protocol import Offers
from likely.likelihoods.rows import RowsObjective
from likely.models.model import Model
from likely.models.rows import Rows
from likely.models.slot import Slot
from likely.namespace.arrays import Floats
from likely.namespace.jax import JaxNamespace, jax_module, x64

OFFERS = Offers(
    terms="rows",
    predictors=False,
    distribution=False,
    single_peaked=True,
    far=True,
    lacks="it is a function of parameters and data that states no distribution of a row",
)
OF_FAMILY = replace(OFFERS, distribution=True, lacks="its parameters are functions")


def offers_of(density: Density) -> Offers:
    """What there is of a density: of a family whose parameters are functions, rows have distributions."""
    return OFFERS if density.base is None else OF_FAMILY


@final
class DensityObjective:
    """Sum over rows of weight times log-density, as a function of the coefficients on the link scale.

    Parameters
    ----------
    model : Model
        Of a density.
    data : Rows
    """

    metric_first = True  # the metric leads well from far starts

    def __init__(self, model: Model, data: Rows) -> None:
        self.model, self.data, self.y, self.weights = model, data, data.y, data.weights
        self.rows = data.n
        self.total_weight = float(self.rows) if data.weights is None else float(np.sum(data.weights))

    @property
    def density(self) -> Density:
        """The function of parameters and data."""
        family = self.model.family
        assert isinstance(family, Density)
        return family

    @property
    def offers(self) -> Offers:
        return offers_of(self.density)

    @property
    def linear(self) -> None:
        """None: rows have no linear predictors of their own."""
        return None

    @property
    def strata(self) -> None:
        """None: the terms are those of rows."""
        return None

    @property
    def functions(self) -> DensityObjective:
        """Itself."""
        return self

    @property
    def far_search(self) -> DensityObjective:
        """Itself: its search may start far from the peak."""
        return self

    @property
    def without_start(self) -> list[str]:
        """Free scalars without a starting value."""
        return self.density.without_start

    @cached_property
    def _program(self) -> Program:
        density = self.density
        free = tuple((slot.label, slot.link) for slot in self.model.slots)
        without_start = tuple(density.without_start) if len(density.without_start) < len(free) else ()
        return Program(density, free, without_start if density.base is None else ())

    @cached_property
    def _arguments(self) -> Any:
        """Held values, data and weights as JAX arrays, in double precision."""
        density = self.density
        asarray = jax_module().numpy.asarray
        own_names = {p.name for p in density.parameters}
        held = {k: np.float64(v) for k, v in self.model.known.items() if k in own_names}
        with x64():
            columns = {k: asarray(v) for k, v in self.data.columns.items()}
            y = None if density.base is None else asarray(self.y)
            given = {k: asarray(v) for k, v in self.data.known.items() if k in density.specs}
            return held, (columns, y, given), asarray(np.ones(self.rows) if self.weights is None else self.weights)

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

    def log_density(self, coefficients: Any) -> Floats:
        """The log-density of every row, shape (n,)."""
        return self._run("rows", coefficients)

    def row_scores(self, coefficients: Any) -> Floats:
        """Every row's score with respect to the coefficients, unweighted, shape (n, p)."""
        return self._run("scores", coefficients)

    def score_gram(self, coefficients: Any, weights: Any = None) -> Floats:
        """The sum over rows of w s s' with s the row's score."""
        scores = self.row_scores(coefficients)
        return (scores if weights is None else scores * weights[:, None]).T @ scores

    def cluster_gram(self, coefficients: Any, codes: Any, count: int) -> Floats:
        """The sum over clusters of S S' with S the sum of a cluster's weighted scores."""
        return memory.group_gram(self.row_scores(coefficients), self.weights, codes, count)

    def metric(self, coefficients: Any) -> Floats:
        """A positive semi-definite matrix in place of the information; see `Program.metric`."""
        return self._run("metric", coefficients)

    def covariance(self, coefficients: Any) -> Floats | None:
        """The inverse of the information by way of an orthogonal factorisation, which keeps digits that products lose.

        With QR = the Jacobians times the root of the curvature, the information is R' (C + R'^-1 B R^-1) R, where C and
        B, the part from the curvature of the functions, are near the identity and small. None for a density that is
        not a family's, and where there is no peak.
        """
        if self.density.base is None:
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

    def linearised(self, coefficients: Any) -> RowsObjective | None:
        """The family's rows, their linear predictors linear in the coefficients about these; None without a family."""
        base, data = self.density.base, self.data
        if base is None:
            return None
        x = np.asarray(coefficients, dtype=float)
        slots, rows = list[Slot](), Rows(data.n, data.y, data.weights, known=data.known)
        values, slopes = self.theta(x)
        for name, value in values.items():
            slot, matrix, offset = linear_predictor(base.parameter(name), value, slopes[name], x)
            slots.append(slot)
            rows = rows.with_design(slot, matrix).with_offset(slot, offset)
        known = {k: None if np.ndim(v) else v for k, v in rows.known.items()}
        return RowsObjective(Model(base, tuple(slots), known, self.model.response), rows)

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
