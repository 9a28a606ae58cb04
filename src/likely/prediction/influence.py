"""What the estimates would be without each row: deletion to first order, leverages, Cook's distances, exact refits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
from scipy import linalg

from likely.compute.engines import memory
from likely.compute.solve.inverse import inverse_information
from likely.data.tables import Table
from likely.errors import DataError, FitError, IntervalError, OptionError, is_one_of, unknown
from likely.inference.records import Record
from likely.inference.refit import refit
from likely.likelihoods.expected import Expected
from likely.models import scale
from likely.namespace.arrays import Floats, Integers
from likely.prediction.glm import Glm, glm_of
from likely.prediction.influential_rows import Pulls
from likely.progress import Task
from likely.show.text_table import Grid

if TYPE_CHECKING:
    from likely.data.native import NativeColumn
    from likely.estimates import Estimates
    from likely.likelihoods import RowsObjective

ALONE = 1.0 - 1e-9  # a row of this leverage has its part of the estimates to itself
SHOWN = 10


@final
@dataclass(frozen=True, repr=False, eq=False)
class Influence(Record):
    """What the estimates would be without each row; made by ``fit.influence()``.

    Attributes
    ----------
    fit : Estimates
    displacement : ndarray, shape (n,)
        (b - b_i)' I (b - b_i) / k of every row, with b_i all estimates without the row, I their expected information
        and k their number, b_i to first order: by how much the log-likelihood falls there, times 2 / k (the likelihood
        displacement of Cook 1986, to second order). Of any family. Infinite where the estimates hang on the row alone.
    shares : ndarray, shape (n, linear predictors)
        The share of a row's own information in the estimate of each of its linear predictors: the hat value of a GLM,
        for the first.
    glm : Glm or None
        The fit as a linear or generalised linear model, where it is one.
    """

    fit: Estimates
    displacement: Floats
    shares: Floats
    glm: Glm | None
    _squared: Floats  # Pearson's residuals by the fitted dispersion, squared and times the rows' weights
    _corrected: Floats  # every row's score by slot, made that of a deletion, shape (n, slots)
    _inverse: Floats  # of the expected information
    _objective: RowsObjective

    # -- all rows --------------------------------------------------------------------------------------------

    @property
    def leverage(self) -> Floats:
        """Every row's leverage: the hat value of a linear or generalised linear model, weights included.

        They sum to the number of the mean's coefficients (``hatvalues`` in R). Of other models, summed over a row's
        linear predictors: all sum to the number of coefficients.
        """
        return self.shares.sum(axis=1) if self.glm is None else self.shares[:, 0]

    @property
    def cook(self) -> Floats:
        """Every row's Cook's distance, of linear and generalised linear models: r^2 h / (phi p (1 - h)^2).

        With r Pearson's residual, h the leverage, p the number of the mean's coefficients and phi the dispersion: 1
        for counts and chances, else the sum of r^2 divided by n - p, which is the residual variance of a linear model
        (Cook 1977; Pregibon 1981; ``cooks.distance`` in R, GLM.jl and statsmodels). Infinite where the estimates
        hang on the row alone.

        Raises
        ------
        OptionError
            If the fit is none of these; `displacement` is for any.
        """
        if self.glm is None:
            raise OptionError(
                "Cook's distance is defined for linear and generalised linear models, with predictors for the mean "
                f"alone; this fit of {self.fit.likelihood.model.family.title} is none. The same for all estimates of "
                "any model is fit.influence().displacement"
            )
        scale = 1.0
        if self.glm.estimated:
            if self.glm.room <= 0:
                raise OptionError(
                    f"{self.glm.coefficients} coefficients of {self.glm.room + self.glm.coefficients:g} observations "
                    "leave none to estimate the dispersion by, so there are no Cook's distances; see "
                    "fit.influence().displacement"
                )
            scale = float(np.sum(self._squared)) / self.glm.room
        h, room = self.leverage, 1.0 - self.leverage
        with np.errstate(all="ignore"):
            found = self._squared * h / (scale * self.glm.coefficients * np.square(room))
        return np.where(np.isinf(self.displacement), np.inf, found)

    @property
    def distance(self) -> Floats:
        """What rows are ordered by: Cook's distance where the fit has one, else `displacement`."""
        return self.displacement if self.measure == "displacement" else self.cook

    @property
    def measure(self) -> str:
        """ "cook" or "displacement": which distance the tables show."""
        return "displacement" if self.glm is None or (self.glm.estimated and self.glm.room <= 0) else "cook"

    def pull(self, name: str) -> NativeColumn:
        """How far each row pulls an estimate, in its standard errors: the estimate with the row less that without it.

        Parameters
        ----------
        name : str
            As in ``fit.names``.

        Returns
        -------
        A column of the user's own library
            On the scale of the coefficients (the link scale, for a constant). Infinite where the estimate hangs on the
            row alone.

        Examples
        --------
        >>> import likely as lk
        >>> fit = lk.fit("normal", [10.0, 11.0, 9.0, 12.0, 60.0])
        >>> fit.influence().pull("mean").round(2).tolist()
        [-0.29, -0.27, -0.32, -0.24, 1.12]
        """
        j = self._place(name)
        values = np.concatenate(
            [part[0] for part in self._blocks(lambda lo, hi: (self.moves(slice(lo, hi), [j])[:, 0],))]
        )
        bound = self.fit.likelihood.bound
        pulls = values / self._errors[j] if self._errors[j] > 0.0 else np.zeros(len(values))  # of a coefficient held
        return bound.used.wrap(pulls, f"pull on {name}")

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of `top`."""
        return self.top().rows

    @property
    def grid(self) -> Grid:
        return self.top().grid

    @property
    def remarks(self) -> tuple[str, ...]:
        return self.top().remarks

    @property
    def source(self) -> Table:
        return self.fit.likelihood.bound.table

    def top(self, count: int = SHOWN) -> Pulls:
        """The rows with the largest distances, each with the estimate that it moves most.

        Parameters
        ----------
        count : int

        Returns
        -------
        Pulls
        """
        order = np.argsort(-self.distance, kind="stable")[: max(1, count)]
        return self._pulls(order, self._x[None, :] - self.moves(order), exact=False)

    def refit(self, rows: Iterable[int] | None = None, *, progress: Any = None) -> Pulls:
        """The same, exactly: the model fitted again without each of these rows.

        Parameters
        ----------
        rows : list of int, optional
            Rows as messages count them, from 0; the five with the largest distances by default.
        progress : None, "auto" or bool

        Returns
        -------
        Pulls

        Raises
        ------
        DataError
            If there is no such row.
        FitError
            If there is no fit without a row.
        """
        order = np.argsort(-self.distance, kind="stable")[:5] if rows is None else self._inside(rows)
        effective = self.fit.effective
        bound = effective.likelihood.bound
        found = []
        with Task("fitting without single rows", progress) as task:
            for k, i in enumerate(order):
                task.count(k, len(order), "rows done")
                w = np.ones(len(bound.y)) if bound.weights is None else np.array(bound.weights, dtype=float)
                w[i] = 0.0
                without = refit(effective, effective.likelihood.model, bound.data.with_weights(w))
                if isinstance(without, str):
                    raise FitError(f"there is no fit without row {self.labels([i])[0]}: {without}", self.fit)
                values = dict(zip(effective.names, without, strict=True))
                found.append(scale.from_reported(effective.likelihood.model, values))
        return self._pulls(order, np.array(found), exact=True)

    def labels(self, rows: Any) -> list[int]:
        """Rows as messages count them: from 0, dropped ones included."""
        found: list[int] = self.fit.likelihood.bound.row_numbers(np.asarray(rows, dtype=np.intp)).tolist()
        return found

    # -- inside ----------------------------------------------------------------------------------------------

    @property
    def _x(self) -> Floats:
        return self.fit.effective.outcome.point.x

    @property
    def _errors(self) -> Floats:
        return np.sqrt(np.diag(self._inverse))

    def _place(self, name: str) -> int:
        model = self.fit.effective.likelihood.model
        limit = self.fit.limit
        names = [n if limit is None else limit.original_name(n) for s in model.slots for n in s.names]
        if not is_one_of(name, names):
            raise unknown("estimate", name, names)
        return names.index(name)

    def _inside(self, rows: Iterable[int]) -> Integers:
        used = self.fit.likelihood.bound.rows
        n = len(self.displacement) if used is None else len(used)
        wanted = np.atleast_1d(np.asarray(rows))
        if wanted.dtype.kind not in "iu" or np.any((wanted < 0) | (wanted >= n)):
            raise DataError(f"rows are whole numbers from 0 to {n - 1}, found {list(np.ravel(wanted))[:5]}")
        if used is None:
            return wanted
        if not np.all(used[wanted]):
            raise DataError(
                f"row {int(wanted[~used[wanted]][0])} is not among those that were fitted: it lacks a value, or has "
                "weight 0"
            )
        return np.cumsum(used)[wanted] - 1

    def _blocks(self, block: Any) -> Any:
        return memory.map_blocks(block, len(self.displacement), self._objective.block)

    def moves(self, rows: Any, only: list[int] | None = None) -> Floats:
        """b - b_i of some rows by coefficient (all, or some of them), on the scale of the coefficients."""
        columns = self._inverse if only is None else self._inverse[:, only]
        c = self._corrected[rows]
        out = np.zeros((len(c), columns.shape[1]))
        with np.errstate(all="ignore"):
            for k, slot in enumerate(self._objective.model.slots):
                if slot.idle:
                    continue
                part = columns[slot.start : slot.stop]
                x = self._objective.data.design(slot)
                through = part if x is None else np.asarray(x[rows] @ part)
                out += np.where(through == 0.0, 0.0, c[:, k, None] * through)
        return out

    def _pulls(self, order: Any, without: Any, *, exact: bool) -> Pulls:
        """The record of some rows with the coefficients that are left without each."""
        model = self.fit.effective.likelihood.model
        errors = np.where(self._errors > 0.0, self._errors, np.inf)  # a coefficient that is held does not move
        moved = (self._x[None, :] - without) / errors
        limit = self.fit.limit
        names = [n if limit is None else limit.original_name(n) for s in model.slots for n in s.names]
        y, leverage, distance = self.fit.likelihood.bound.y, self.leverage, self.distance
        levels = model.levels if model.family.kind.labels else None
        rows = []
        for i, label, b, pulls in zip(order, self.labels(order), without, moved, strict=True):
            j = int(np.argmax(np.abs(pulls)))
            alone = not np.isfinite(pulls[j])
            rows.append(
                {
                    "row": label,
                    "observed": float(y[i]) if levels is None else levels[int(y[i])],
                    self.measure: float(distance[i]),
                    "leverage": float(leverage[i]),
                    "estimate": names[j],
                    "with": self._reported(j, self._x),
                    "without": None if alone else self._reported(j, b),
                    "pull": float(pulls[j]),
                }
            )
        return Pulls(tuple(rows), exact, len(self.displacement), self.fit.likelihood.model.response, self.source)

    def _reported(self, j: int, x: Any) -> float:
        """A coefficient as it is read: on its natural scale, for a constant."""
        model = self.fit.effective.likelihood.model
        slot = next(s for s in model.slots if s.start <= j < s.stop)
        return float(slot.natural(x[j])) if slot.constant and slot.entry is None else float(x[j])


def influence(fit: Estimates) -> Influence:
    """What the estimates would be without each row, to first order; see `likely.Fit.influence`."""
    effective = fit.effective
    model = effective.likelihood.model
    _refuse(fit, effective)
    x = effective.outcome.point.x
    try:
        expected = Expected(effective.likelihood.row_objective, x)
    except IntervalError as error:
        raise OptionError(f"the rows of {model.family.title} have no expected information: {error}") from None
    objective = expected.objective
    inverse, free = _inverse(effective, expected.information)
    if inverse is None:
        raise OptionError("the expected information is singular, so no row's influence can be told")
    slots = range(len(model.slots))

    def block(lo: int, hi: int) -> tuple[Any, ...]:
        w = np.ones(hi - lo) if objective.weights is None else objective.weights[lo:hi]
        g = np.stack(objective.slot_scores(x, lo, hi), axis=1) * w[:, None]
        information = np.zeros((hi - lo, len(slots), len(slots)))
        for (j, k), value in expected.block(lo, hi).items():
            information[:, j, k] = information[:, k, j] = value * w
        variance = objective.predictors.covariance(inverse, lo, hi)
        share = information @ variance
        shares = np.diagonal(share, axis1=1, axis2=2)
        rest = np.eye(len(slots)) - share
        alone = np.abs(np.linalg.det(rest)) < 1e-9
        rest[alone] = np.eye(len(slots))
        corrected = np.linalg.solve(rest, g[:, :, None])[:, :, 0]
        distance = np.einsum("ij,ijk,ik->i", corrected, variance, corrected) / free
        corrected[alone], distance[alone] = np.inf, np.inf
        own = information[:, 0, 0]
        squared = np.divide(np.square(g[:, 0]), own, out=np.zeros(hi - lo), where=own > 0.0)
        return corrected, distance, shares, squared

    parts = memory.map_blocks(block, objective.rows, objective.block)
    corrected, distance, shares, squared = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Influence(fit, distance, shares, glm_of(fit), squared, corrected, inverse, objective)


def _inverse(fit: Estimates, information: Any) -> tuple[Any, int]:
    """The inverse of an information, within the equations that hold; and how many coefficients are free."""
    restrained, size = fit.outcome.restrained, len(information)
    region = None if restrained is None else restrained.restraints.region(fit.likelihood.model)
    if region is None:
        return inverse_information(information)[0], size
    basis = linalg.null_space(region.equal)
    inverse = inverse_information(basis.T @ information @ basis)[0]
    return None if inverse is None else basis @ inverse @ basis.T, basis.shape[1]


def _refuse(fit: Estimates, effective: Estimates) -> None:
    if not fit.converged:
        raise FitError(f"influence is for a converged fit; this one: {fit.status}", fit)
    model = effective.likelihood.model
    title = model.family.title
    reason = ""
    if not effective.likelihood.offers.predictors:
        reason = effective.likelihood.offers.lacks
    elif any(s.parameter.name in model.family.kinked for s in model.slots):
        reason = "its density has corners, where one step says nothing: compare fits without single rows"
    elif (restrained := effective.outcome.restrained) is not None and (restrained.penalty or restrained.inequalities):
        reason = "it was fitted under a penalty or inequalities"
    elif not np.all(np.isfinite(effective.outcome.point.x)) or not model.size:
        reason = "an estimate is at the end of its domain"
    if reason:
        raise OptionError(f"the influence of single rows on this {title} fit cannot be told to first order: {reason}")
