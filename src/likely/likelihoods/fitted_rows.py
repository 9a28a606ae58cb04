"""A fitted model on some rows, its own or new ones: what predictions, simulations and residuals start from."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.data.tables import Table
from likely.errors import DataError, FitError, LikelyError, OptionError, listed
from likely.families.base import Family
from likely.families.base.vectors import VectorDomain
from likely.likelihoods import Offers, offers_of
from likely.likelihoods.density.bound import new_rows
from likely.likelihoods.density.objective import DensityObjective
from likely.likelihoods.kinds import has_functions
from likely.models import scale
from likely.models.model import Model
from likely.models.new_data import NewData, check_given
from likely.models.rows import Rows
from likely.models.slot import Slot
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats

if TYPE_CHECKING:
    from likely.estimates import Estimates


NEVER_ZERO = ("log", "softplus", "inverse", "inverse_squared")  # links that reach 0 only where a float underflows


@final
@dataclass(frozen=True, eq=False)
class FittedRows:
    """A fitted model on some rows, and what it says of them.

    Attributes
    ----------
    fit : Estimates
        The one that describes the data (`Fit.effective`).
    table : Table
        Where the rows came from: decides what kind of thing results are.
    data : Rows
        A known parameter is NaN where the new data lack the column; units are None for rows of one unit.
    lacking : mapping of str to LikelyError
        Why a known parameter has no values.
    original_names : mapping of str to str
        The parameters' names to those of the family that the user fitted.
    limits : mapping of str to float
        Parameters of that family which ran to a limit.
    """

    fit: Estimates
    table: Table
    data: Rows
    lacking: Mapping[str, LikelyError]
    original_names: Mapping[str, str]
    limits: Mapping[str, float]
    linear: Model | None = None  # in place of the fit's model, for parameters that are functions
    of_mean: bool = False  # whether predictions are of the mean, whatever the family's are of

    @property
    def model(self) -> Model:
        return self.fit.likelihood.model if self.linear is None else self.linear

    @property
    def n(self) -> int:
        return self.data.n

    @property
    def family(self) -> Family:
        return self.model.family

    @property
    def offers(self) -> Offers:
        """What the rows offer: of functions of the parameters, what those of linear predictors do."""
        return offers_of(self.family)

    @cached_property
    def etas(self) -> list[Any]:
        """The slots' linear predictors; a float for a constant."""
        with np.errstate(all="ignore"):
            return [self.data.eta(slot, self.fit.outcome.point.x) for slot in self.model.slots]

    def require_reached(self) -> None:
        """Raise unless every row's linear predictors lead to parameter values that are numbers in their domains."""
        xp = NumpyNamespace()
        for slot, eta in zip(self.model.slots, self.etas, strict=True):
            if slot.constant:
                continue
            eta = self.full(eta)
            bad, value = ~np.isfinite(eta), eta
            if slot.entry is None:
                with np.errstate(all="ignore"):
                    value = self.full(slot.link.inverse(eta, xp))
                bad |= ~slot.parameter.domain.contains(value)
                if slot.link.name in NEVER_ZERO:
                    bad |= value == 0.0
            if np.any(bad):
                i = int(np.flatnonzero(bad)[0])
                name = self.original_names[slot.parameter.name]
                lost = not np.isfinite(value[i]) or value[i] == 0.0
                why = "more than a float can hold" if lost else f"but it must be {slot.parameter.domain.name}"
                if slot.link.positive and eta[i] < 0.0:
                    raise DataError(
                        f"row {i} of the new data lies too far out: the linear predictor of {name} is {eta[i]:.6g} "
                        f"there, and its {slot.link.name} link takes none below 0"
                    )
                raise DataError(
                    f"row {i} of the new data lies too far out: the linear predictor of {name} is {eta[i]:.6g} there, "
                    f"so its {slot.link.name} link gives {name} = {value[i]:.6g}, {why}"
                )

        for group in self.model.groups:
            name, domain = group[0].parameter.name, group[0].parameter.domain
            if isinstance(domain, VectorDomain) and not group[0].constant:
                entries = [self.full(v) for v in self.model.parameters(self.etas, xp, self.data.known)[name]]
                if not np.all(inside := np.broadcast_to(domain.holds(entries), (self.n,))):
                    i = int(np.flatnonzero(~inside)[0])
                    raise DataError(
                        f"row {i} of the new data lies too far out: {self.original_names[name]} must be {domain.name}, "
                        f"but is {', '.join(f'{v[i]:.6g}' for v in entries)} there"
                    )

    def too_far(self, bad: Any, what: str) -> DataError:
        """The error for rows whose result cannot be computed: the first one, with its linear predictors."""
        i = int(np.flatnonzero(np.broadcast_to(bad, (self.n,)))[0])
        slots = zip(self.model.slots, self.etas, strict=True)
        where = ", ".join(
            f"{self.original_names[slot.parameter.name]} {float(self.full(eta)[i]):.6g}" for slot, eta in slots
        )
        return DataError(f"row {i} lies too far out: its {what} cannot be computed (linear predictors: {where})")

    def parameters(self, xp: Any, etas: list[Any] | None = None) -> dict[str, Any]:
        """The parameters on a namespace, which remembers what the links know about them."""
        etas = self.etas if etas is None else etas
        with np.errstate(all="ignore"):
            values = self.model.parameters(etas, xp, self.data.known)
        for slot in self.model.slots:  # at the end of a domain the link has nothing finite to say
            if slot.constant and not np.isfinite(self.fit.outcome.point.x[slot.start]):
                values[slot.parameter.name] = self._constant(slot)
        return self.data.means(self.family, values)

    def _constant(self, slot: Slot) -> Any:
        name = slot.parameter.name
        if slot.entry is None:
            return self.fit.coef[name]
        return tuple(self.fit.coef[entry] for entry in scale.entry_names(self.model, slot))

    @cached_property
    def values(self) -> dict[str, Any]:
        """The parameters as plain numbers and arrays; a vector parameter has its levels along the last axis."""
        out = self.parameters(NumpyNamespace())
        for p in self.family.parameters:
            if p.vector and isinstance(out.get(p.name), tuple):
                out[p.name] = np.stack(np.broadcast_arrays(*out[p.name]), axis=-1)
        return out

    @property
    def free_family(self) -> Family:
        """The family with nothing known, so that every parameter can be passed."""
        return with_nothing_known(self.family)

    def require_known(self) -> None:
        """Raise unless every known parameter has its values."""
        for error in self.lacking.values():
            raise error

    # -- what the model says of them -------------------------------------------------------------------

    def mean(self) -> Floats:
        """The expected value of every row, shape (n,)."""
        self._require_numbers("mean")
        value = self.full(self.mean_at(self.etas))
        if np.any(np.isnan(value)):
            self.require_known()
            raise OptionError(
                f"the fitted {self.family.title} has no mean: its tails are too heavy. Use what='quantile' (the median)"
            )
        first = self.family.parameters[0].domain
        # a mean may be infinite, but one that is an exponential of its location is only too large
        if self.family.support.lower == 0.0 and first.lower == -np.inf and np.any(np.isinf(value)):
            raise self.too_far(np.isinf(value), "mean")
        return value

    @property
    def central(self) -> str:
        """What a prediction is of: "mean", or the parameter that the family states in its place (a quantile)."""
        return "mean" if self.of_mean or self.family.predicted is None else self.family.predicted

    def center(self) -> Floats:
        """What is predicted for every row, shape (n,)."""
        return self.mean() if self.central == "mean" else self.full(self.values[self.central])

    def center_at(self, etas: list[Any]) -> Floats | float:
        """The same at other linear predictors."""
        return self.mean_at(etas) if self.central == "mean" else self.parameters(NumpyNamespace(), etas)[self.central]

    def mean_at(self, etas: list[Any]) -> Floats | float:
        """The expected values at other linear predictors."""
        xp = NumpyNamespace()
        with np.errstate(all="ignore"):
            mean: Any = self.family._mean(xp, **self.parameters(xp, etas))
        return mean

    def variance(self) -> Floats:
        """The variance of every row, shape (n,); infinite or NaN where there is none."""
        self._require_numbers("variance")
        self.require_known()
        xp = NumpyNamespace()
        with np.errstate(all="ignore"):
            return self.full(self.family._variance(xp, **self.parameters(xp)))

    def log_density(self, y: Any) -> Floats:
        """The log-density of one y (levels coded) for every row; -inf outside the support."""
        xp = NumpyNamespace()
        with np.errstate(all="ignore"):
            value = self.full(self.family._log_density(xp, y, **self.parameters(xp)))
            return np.where(self.family.inside(y, self.values), value, -np.inf)

    def _require_numbers(self, what: str) -> None:
        if self.family.kind.labels:
            raise OptionError(f"{self.family.title} has no {what}: its observations are labels. Use what='prob'")

    # -- results in kind -------------------------------------------------------------------------------

    def column(self, values: Any, name: str) -> Any:
        """One value per row as a column of the user's own library."""
        return self.table.wrap(self.full(values), name)

    def frame(self, columns: Mapping[str, Any]) -> Any:
        """Several columns as a table of the user's own library."""
        return self.table.wrap_frame({name: self.full(values) for name, values in columns.items()})

    def full(self, values: Any) -> Floats:
        """One number for every row."""
        return np.array(np.broadcast_to(np.asarray(values, dtype=float), (self.n,)))


def rows_of(
    fit: Estimates,
    new: Any = None,
    given: Mapping[str, Any] | None = None,
    *,
    observed: bool = False,
    unseen: str = "error",
) -> FittedRows:
    """The rows of the fit, or of new data.

    Parameters
    ----------
    fit : Estimates
    new : data of any kind, optional
    given : mapping, optional
        Values of known parameters and ``offset`` for the new rows, where they are not columns.
    observed : bool
        The fit's own rows as they were observed, means of several units under analytic weights; else single units.
    unseen : {"error", "missing"}
        What becomes of new rows with levels that the fit has not seen.

    Raises
    ------
    FitError
        If the fit did not converge.
    DataError, MissingValuesError, UnknownNameError
        If the new data lack something, or lie so far out that a link's inverse leaves what a float can hold.
    """
    if not fit.converged:
        raise FitError(f"predictions need a converged fit; this one: {fit.status}", fit)
    effective = fit.effective
    model = effective.likelihood.model
    limit = fit.limit
    original_names = {p.name: p.name if limit is None else limit.original_name(p.name) for p in model.family.parameters}
    limits = {} if limit is None else {limit.parameter: limit.at}
    if has_functions(model.family) and offers_of(model.family).distribution:
        return _of_functions(effective, new, dict(given or {}))
    given = dict(given or {})
    if new is None:
        check_given(model, given, original_names)
        if given:
            raise OptionError(f"{listed(given)} can be given for new data only; the fit's own rows have theirs")
        bound = effective.likelihood.bound
        own = bound.data if observed else replace(bound.data, units=None)
        return FittedRows(effective, bound.used, own, {}, original_names, limits)
    read = NewData(model, new, given, unseen=unseen, original_names=original_names)
    rows = FittedRows(effective, read.table, read.rows, read.lacking, original_names, limits)
    rows.require_reached()
    return rows


def _of_functions(fit: Estimates, new: Any, given: dict[str, Any]) -> FittedRows:
    """The rows of a fit whose parameters are functions, as those of linear predictors at the estimates."""
    model = fit.likelihood.model
    table, data = new_rows(model, fit.likelihood.bound, new, given)
    rows = DensityObjective(model, data).linearised(fit.outcome.point.x)
    assert rows is not None
    names = {p.name: p.name for p in rows.model.family.parameters}
    return FittedRows(fit, table, rows.data, {}, names, {}, linear=rows.model)


def with_nothing_known(family: Family) -> Family:
    """A family with nothing known, so that every parameter can be passed."""
    out = copy.copy(family)
    out.known = {}
    return out


def draw(family: Family, params: Mapping[str, Any], shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    """Responses of a family with nothing known; levels for a vector parameter."""
    drawn = family.at(params).draw(shape, rng)
    return np.asarray(family.levels)[drawn.astype(np.intp)] if family.kind.labels else drawn
