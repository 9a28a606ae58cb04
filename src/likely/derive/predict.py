"""Predictions for rows: expected values and their intervals, parameters, quantiles, probabilities, simulations."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely import design as designs
from likely import tables
from likely.derive.intervals import check_level, normal_quantile
from likely.design import Design
from likely.errors import (
    DataError,
    FamilyError,
    FitError,
    IntervalError,
    LikelyError,
    MissingValuesError,
    OptionError,
    listed,
    unknown,
)
from likely.family import Family
from likely.model import Model, Slot
from likely.namespace import Jet, JetNamespace, NumpyNamespace
from likely.tables import Table

if TYPE_CHECKING:
    from likely.result import Fit

WHAT = ("mean", "params", "quantile", "interval", "prob")
BLOCK = 16384  # rows whose derivatives are held at once


@final
@dataclass(frozen=True)
class Rows:
    """A fitted model on some rows: their designs, offsets and known values.

    Attributes
    ----------
    fit : Fit
        The one that describes the data (`Fit.effective`).
    table : Table
        Where the rows came from: decides what kind of thing results are.
    n : int
    designs, offsets : tuple
        One entry per slot; None for a constant.
    known : mapping
        Known parameters; NaN where the new data lack the column.
    lacking : mapping of str to LikelyError
        Why a known parameter has no values.
    outward : mapping of str to str
        The parameters' names to those of the family that the user fitted.
    limits : mapping of str to float
        Parameters of that family which ran to a limit.
    """

    fit: Fit
    table: Table
    n: int
    designs: tuple[Any, ...]
    offsets: tuple[Any, ...]
    known: Mapping[str, Any]
    lacking: Mapping[str, LikelyError]
    outward: Mapping[str, str]
    limits: Mapping[str, float]

    @property
    def model(self) -> Model:
        return self.fit.likelihood.model

    @property
    def family(self) -> Family:
        return self.model.family

    @cached_property
    def etas(self) -> list[Any]:
        """The slots' linear predictors; a float for a constant."""
        x, out = self.fit.outcome.point.x, []
        for slot, design, offset in zip(self.model.slots, self.designs, self.offsets, strict=True):
            beta = x[slot.start : slot.stop]
            eta: Any = float(beta[0]) if design is None else design @ beta
            out.append(eta if offset is None else eta + offset)
        return out

    def parameters(self, xp: Any, etas: list[Any] | None = None) -> dict[str, Any]:
        """The parameters on a namespace, which remembers what the links know about them."""
        etas = self.etas if etas is None else etas
        with np.errstate(all="ignore"):
            values = self.model.parameters(etas, xp, self.known)
        for slot in self.model.slots:  # at the end of a domain the link has nothing finite to say
            if slot.constant and not np.isfinite(self.fit.outcome.point.x[slot.start]):
                values[slot.parameter.name] = self._constant(slot)
        return values

    def _constant(self, slot: Slot) -> Any:
        name = slot.parameter.name
        if slot.level is None:
            return self.fit.coef[name]
        return tuple(self.fit.coef[f"{name}[{level}]"] for level in self.model.levels)

    @cached_property
    def values(self) -> dict[str, Any]:
        """The parameters as plain numbers and arrays; a vector parameter has its levels along the last axis."""
        out = self.parameters(NumpyNamespace())
        for p in self.family.parameters:
            if p.vector and isinstance(out.get(p.name), tuple):
                out[p.name] = np.stack(np.broadcast_arrays(*out[p.name]), axis=-1)
        return out

    @property
    def bare(self) -> Family:
        """The family with nothing known, so that every parameter can be passed."""
        out = copy.copy(self.family)
        out.known = {}
        return out

    def require_known(self) -> None:
        """Raise unless every known parameter has its values."""
        for error in self.lacking.values():
            raise error

    # -- results in kind -------------------------------------------------------------------------------

    def column(self, values: Any, name: str) -> Any:
        """One value per row as a column of the user's own library."""
        return self.table.wrap(self.full(values), name)

    def frame(self, columns: Mapping[str, Any]) -> Any:
        """Several columns as a table of the user's own library."""
        return self.table.wrap_frame({name: self.full(values) for name, values in columns.items()})

    def full(self, values: Any) -> Any:
        """One number for every row."""
        return np.array(np.broadcast_to(np.asarray(values, dtype=float), (self.n,)))


# -- the rows ----------------------------------------------------------------------------------------------


def rows_of(fit: Fit, new: Any = None, given: Mapping[str, Any] | None = None) -> Rows:
    """The rows of the fit, or of new data.

    Parameters
    ----------
    fit : Fit
    new : data of any kind, optional
    given : mapping, optional
        Values of known parameters and ``offset`` for the new rows, where they are not columns.

    Raises
    ------
    FitError
        If the fit did not converge.
    DataError, MissingValuesError, UnknownNameError
        If the new data lack something.
    """
    if not fit.converged:
        raise FitError(f"predictions need a converged fit; this one: {fit.status}", fit)
    effective = fit.effective
    model = effective.likelihood.model
    limit = fit.limit
    outward = {p.name: p.name if limit is None else limit.outward(p.name) for p in model.family.parameters}
    limits = {} if limit is None else {limit.parameter: limit.at}
    given = dict(given or {})
    valid = [outward[name] for name in model.known] + ["offset"]
    for name in given:
        if name not in valid:
            raise unknown("option", name, valid, " for a prediction")
    if new is None:
        if given:
            raise OptionError(f"{listed(given)} can be given for new data only; the fit's own rows have theirs")
        bound = effective.likelihood.bound
        return Rows(
            effective,
            _kept(bound.table, bound.rows),
            len(bound.y),
            tuple(None if slot.design is None else slot.design.x for slot in model.slots),
            tuple(slot.offset for slot in model.slots),
            model.known,
            {},
            outward,
            limits,
        )
    maker = _New(fit, effective, new, given)
    made = {id(slot.design): maker.matrix(slot) for slot in model.slots if slot.design is not None}
    lacking: dict[str, LikelyError] = {}
    known = {name: maker.known(name, outward[name], lacking) for name in model.known}
    offsets = tuple(maker.offset(slot, outward) for slot in model.slots)
    return Rows(
        effective,
        maker.table,
        maker.n,
        tuple(None if slot.design is None else made[id(slot.design)] for slot in model.slots),
        offsets,
        known,
        lacking,
        outward,
        limits,
    )


def _kept(table: Table, rows: Any) -> Table:
    """The rows that the fit used, with their index."""
    if rows is None or table._frame is None:
        return table
    return Table(table._frame.filter(np.asarray(rows).tolist()), native=table._native)


class _New:
    """New data read once, and turned into what each slot needs."""

    def __init__(self, fit: Fit, effective: Fit, new: Any, given: Mapping[str, Any]) -> None:
        self.model = effective.likelihood.model
        self.specs: Mapping[str, Any] = fit.likelihood.model.family.known
        self.given = given
        plain = {
            slot.parameter.name: slot.design
            for slot in self.model.slots
            if slot.design is not None and slot.design.spec is None
        }
        self.own: dict[str, Table] = {}
        if isinstance(new, Mapping):
            new = dict(new)
            self.own = {name: tables.read(new.pop(name)) for name in plain if np.ndim(new.get(name)) == 2}
            if new and all(np.ndim(v) == 0 for v in new.values()):
                new = {k: [v] for k, v in new.items()}  # one row
        self.table = tables.read(new) if not self.own or new else next(iter(self.own.values()))
        self.n = self.table.n
        if self.n == 0:
            raise DataError("the new data have no rows: there is nothing to predict")
        for name, table in self.own.items():
            if table.n != self.n:
                raise DataError(f"the matrix of {name} has {table.n} rows, the other new data {self.n}")
        self._refuse_ambiguity(plain)
        self._refuse_missing()

    def _refuse_ambiguity(self, plain: Mapping[str, Design]) -> None:
        """Two matrices of predictors cannot be told apart in one table."""
        shared = {name: d for name, d in plain.items() if name not in self.own}
        distinct = {id(d.x) for d in shared.values()}
        names = [name for d in {id(d.x): d for d in shared.values()}.values() for name in d.names]
        if len(distinct) > 1 and (len(set(names)) < len(names) or not all(n in self.table for n in names)):
            example = ", ".join(f"{name!r}: ..." for name in shared)
            raise DataError(
                f"{listed(shared)} have a matrix of predictors each: pass the new ones by parameter, {{{example}}}"
            )

    def _refuse_missing(self) -> None:
        """Missing values among the columns that the model uses."""
        counts: dict[str, int] = {}
        for name in self._used():
            if name in self.table and (count := int(np.count_nonzero(tables.missing(self.table.column(name))))):
                counts[name] = count
        for parameter, table in self.own.items():
            for name in table.names:
                if count := int(np.count_nonzero(tables.missing(table.column(name)))):
                    counts[f"{parameter}: {name}"] = count
        if counts:
            detail = ", ".join(f"{name}: {count}" for name, count in counts.items())
            raise MissingValuesError(
                f"the new data have missing values ({detail}): a prediction needs every predictor. Fill them, or leave "
                "these rows out"
            )

    def _used(self) -> list[str]:
        used: dict[str, None] = {}
        for slot in self.model.slots:
            if slot.design is not None and slot.parameter.name not in self.own:
                formula = slot.design.formula
                used |= dict.fromkeys(slot.design.names if formula is None else designs.variables(formula))
                if formula is None and not all(name in self.table for name in slot.design.names):
                    used |= dict.fromkeys(self.table.names)  # columns by position
            if "offset" not in self.given:
                used |= dict.fromkeys(v for spec in slot.offset_spec for v in self._columns_of(spec))
        for spec in (*self.specs.values(), *self.given.values()):
            used |= dict.fromkeys(self._columns_of(spec))
        return list(used)

    def _columns_of(self, spec: Any) -> list[str]:
        if isinstance(spec, Mapping):
            return [v for part in spec.values() for v in self._columns_of(part)]
        if not isinstance(spec, str):
            return []
        return [spec] if spec in self.table or spec.isidentifier() else designs.variables(spec)

    def matrix(self, slot: Slot) -> Any:
        """A slot's design for the new rows."""
        assert slot.design is not None
        return slot.design.apply(self.own.get(slot.parameter.name, self.table))

    def values(self, spec: Any, what: str) -> Any:
        """A column, an expression, a number or an array as floats."""
        if isinstance(spec, str):
            if spec.isidentifier() and spec not in self.table:
                raise unknown("column", spec, self.table.names, f" for {what}")
            return designs.expression(spec, self.table)
        if np.ndim(spec) == 0 and not hasattr(spec, "__len__"):
            return float(spec)
        inner = tables.read(spec)
        if inner.n != self.n:
            raise DataError(f"the new data have {self.n} rows, {what} has {inner.n}")
        return tables.numbers(inner.column(inner.names[0]), what)

    def known(self, name: str, outward: str, lacking: dict[str, LikelyError]) -> Any:
        """The values of a known parameter; NaN, and the reason, where there are none."""
        spec = self.given.get(outward, self.specs.get(outward))
        if outward not in self.given and np.ndim(spec) > 0:
            lacking[name] = OptionError(
                f"{outward} was given to the fit as an array, so the new rows' values are not known: pass {outward}=..."
            )
            return np.nan
        try:
            values = self.values(spec, outward)
        except LikelyError as error:
            lacking[name] = error
            return np.nan
        self.model.family.parameter(name).domain.check(f"{self.model.family.title}'s known {outward}", values)
        return values

    def offset(self, slot: Slot, outward: Mapping[str, str]) -> Any:
        """A slot's offset for the new rows, or None."""
        if slot.offset is None:
            return None
        name = outward[slot.parameter.name]
        specs = slot.offset_spec
        if "offset" in self.given:
            value = self.given["offset"]
            specs = (value.get(name, 0.0) if isinstance(value, Mapping) else value,)
        total: Any = 0.0
        for spec in specs:
            if "offset" not in self.given and np.ndim(spec) > 0:
                raise OptionError(
                    f"the offset of {name} was given to the fit as an array, so the new rows' values are not known: "
                    "pass offset=..."
                )
            total = total + self.values(spec, "offset")
        total = np.broadcast_to(np.asarray(total, dtype=float), (self.n,))
        if not np.all(np.isfinite(total)):
            raise DataError(f"the offset of {name} is not finite for some of the new rows")
        return total


# -- what is predicted ---------------------------------------------------------------------------------------


def predict(
    fit: Fit,
    new: Any = None,
    what: str = "mean",
    *,
    q: Any = None,
    level: float | None = None,
    y: Any = None,
    **given: Any,
) -> Any:
    """Predictions for the rows of the fit or of new data.

    Parameters
    ----------
    fit : Fit
    new : data of any kind, optional
        By default the rows that the fit used (rows dropped for missing values are absent). A dict of numbers is one
        row. For a model of two matrices of predictors: a dict of matrices by parameter.
    what : {"mean", "params", "quantile", "interval", "prob"}
        "mean": the expected value (for a Binomial n p); with ``level=`` the same as "interval".
        "interval": columns mean, stderr, lower, upper. The interval is for the mean, not for an observation.
        "params": a column for each parameter.
        "quantile": the quantiles ``q=``, a number (0.5 by default) or a list, which gives a column for each.
        "prob": the probability or density of ``y=``; without it that of the fit's own response, or for Categorical
        and Bernoulli a column for each level.
    q, level, y
        See `what`. `y` is one value, one per row, or the name of a column of `new`.
    **given : number or array
        Values of known parameters (``n=20``) or ``offset=`` for the new rows, where they are not columns.

    Returns
    -------
    A column or table of the user's own library (pandas keeps its index); arrays, or dicts of arrays, for arrays,
    dicts, lists and files.

    Notes
    -----
    Standard errors of the mean come from the delta method. Where the mean depends on one linear predictor, its Wald
    interval is mapped through the link, so it stays inside the domain; otherwise the interval is computed on the log
    scale for positive data and directly for real-valued ones.

    Examples
    --------
    >>> import likely as lk
    >>> fit = lk.fit("poisson", {"y": [1, 2, 4, 9], "x": [0, 1, 2, 3]}, "y ~ x")
    >>> [round(v, 2) for v in fit.predict({"x": [4, 5]}).tolist()]
    [18.74, 39.58]
    >>> row = fit.predict({"x": 4}, level=0.95)
    >>> [round(float(row[k][0]), 1) for k in ("mean", "lower", "upper")]
    [18.7, 6.6, 52.9]
    """
    if what not in WHAT:
        raise unknown("kind of prediction", what, WHAT)
    for name, value, owners in (("q", q, ("quantile",)), ("level", level, ("mean", "interval")), ("y", y, ("prob",))):
        if value is not None and what not in owners:
            raise OptionError(f"{name}= belongs to what={owners[-1]!r}, not to what={what!r}")
    rows = rows_of(fit, new, given)
    if what == "mean" and level is None:
        return rows.column(mean(rows), "mean")
    if what in ("mean", "interval"):
        return _interval(rows, check_level(0.95 if level is None else level))
    rows.require_known()
    if what == "params":
        return rows.frame(_parameters(rows))
    if what == "quantile":
        return _quantiles(rows, 0.5 if q is None else q)
    return _probability(rows, y, own=new is None)


def simulate(fit: Fit, size: int | None = None, *, new: Any = None, seed: Any = None, **given: Any) -> Any:
    """Responses drawn from the fitted model.

    Parameters
    ----------
    fit : Fit
    size : int, optional
        Number of replicates of all rows; by default one, without the first axis.
    new : data of any kind, optional
        By default the rows that the fit used.
    seed : int or numpy.random.Generator, optional
    **given : number or array
        Values of known parameters or ``offset=`` for the new rows.

    Returns
    -------
    A column of the user's own library, or an array of shape (size, n). Levels for a Categorical.

    Examples
    --------
    >>> import likely as lk
    >>> fit = lk.fit("normal", [1.0, 2.0, 4.0])
    >>> fit.simulate(5, seed=1).shape
    (5, 3)
    """
    if size is not None and (isinstance(size, bool) or int(size) != size or size < 1):
        raise OptionError(f"size is a number of replicates, 1 or more; found {size!r}")
    rows = rows_of(fit, new, given)
    rows.require_known()
    shape = (rows.n,) if size is None else (int(size), rows.n)
    drawn = draw(rows.bare, rows.values, shape, np.random.default_rng(seed))
    return rows.table.wrap(drawn, rows.model.response) if size is None else drawn


def draw(family: Family, params: Mapping[str, Any], shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    """Responses of a family with nothing known; levels for a vector parameter."""
    if any(p.vector for p in family.parameters):
        return np.asarray(family.sample(shape, seed=rng, **params))
    # NumPy's binomial insists on trials of integer type
    whole = {p.name: np.asarray(params[p.name]).astype(np.int64) for p in family.parameters if p.known_only}
    return np.asarray(family._scipy(**{**params, **whole}).rvs(size=shape, random_state=rng))


# -- the mean ------------------------------------------------------------------------------------------------


def mean(rows: Rows) -> Any:
    """The expected value of every row, shape (n,)."""
    _require_numbers(rows, "mean")
    value = rows.full(_mean_at(rows, rows.etas))
    return _checked_mean(rows, value)


def variance(rows: Rows) -> Any:
    """The variance of every row, shape (n,); infinite or NaN where there is none."""
    _require_numbers(rows, "variance")
    rows.require_known()
    xp = NumpyNamespace()
    with np.errstate(all="ignore"):
        return rows.full(rows.family._variance(xp, **rows.parameters(xp)))


def _mean_at(rows: Rows, etas: list[Any]) -> Any:
    xp = NumpyNamespace()
    with np.errstate(all="ignore"):
        return rows.family._mean(xp, **rows.parameters(xp, etas))


def _require_numbers(rows: Rows, what: str) -> None:
    if any(p.vector for p in rows.family.parameters):
        raise OptionError(f"{rows.family.title} has no {what}: its observations are labels. Use what='prob'")


def _checked_mean(rows: Rows, value: Any) -> Any:
    if np.any(np.isnan(value)):
        rows.require_known()
        raise OptionError(
            f"the fitted {rows.family.title} has no mean: its tails are too heavy. Use what='quantile' (the median)"
        )
    return value


def _interval(rows: Rows, level: float) -> Any:
    """Mean, standard error and Wald limits of the mean, by the delta method."""
    fit, model = rows.fit, rows.model
    if model.fixed:
        raise IntervalError(
            f"the mean depends on {listed(model.fixed)}, which have no standard error: their estimates are extremes of "
            "the data"
        )
    fit.require_regular("an interval for the mean")
    center = mean(rows)
    gradient = {k: g for k, g in _mean_gradient(rows).items() if np.any(g != 0.0)}
    stderr = np.sqrt(_quadratic(rows, gradient))
    z = normal_quantile(level)
    positive = rows.family.support.lower >= 0.0
    with np.errstate(all="ignore"):
        if positive:
            low, high = center * np.exp(-z * stderr / center), center * np.exp(z * stderr / center)
        else:
            low, high = center - z * stderr, center + z * stderr
    if len(gradient) == 1:
        (k, slope), ends = next(iter(gradient.items())), []
        half = z * np.sqrt(_quadratic(rows, {k: np.ones(rows.n)}))
        if np.all(slope >= 0.0) or np.all(slope <= 0.0):
            for side in (-1.0, 1.0):
                moved = [eta + side * half if j == k else eta for j, eta in enumerate(rows.etas)]
                ends.append(rows.full(_mean_at(rows, moved)))
            below, above = np.minimum(*ends), np.maximum(*ends)
            brackets = np.isfinite(below + above) & (below <= center) & (center <= above)  # not where a link turns
            low, high = np.where(brackets, below, low), np.where(brackets, above, high)
    support = rows.family.support
    top = rows.full(rows.values["n"]) if "n" in model.known else support.upper
    low, high = np.maximum(low, support.lower), np.minimum(high, top)
    return rows.frame({"mean": center, "stderr": stderr, "lower": low, "upper": high})


def _mean_gradient(rows: Rows) -> dict[int, Any]:
    """Derivatives of every row's mean with respect to the linear predictors, by slot."""
    xp = JetNamespace(1)
    try:
        jets = [xp.variable(k, eta) for k, eta in enumerate(rows.etas)]
        with np.errstate(all="ignore"):
            jet = rows.family._mean(xp, **rows.model.parameters(jets, xp, rows.known))
        gradient = jet.g if isinstance(jet, Jet) else {}
        return {k: rows.full(g) for k, g in gradient.items()}
    except (FamilyError, TypeError, ValueError, AttributeError):
        return _numeric_gradient(rows)  # a mean that is integrated, not written down


def _numeric_gradient(rows: Rows) -> dict[int, Any]:
    out = {}
    for k, eta in enumerate(rows.etas):
        h = 1e-4 * np.maximum(1.0, np.abs(eta))
        up, down = ([e + s * h if j == k else e for j, e in enumerate(rows.etas)] for s in (1.0, -1.0))
        out[k] = rows.full((np.asarray(_mean_at(rows, up)) - np.asarray(_mean_at(rows, down))) / (2.0 * h))
    return out


def _quadratic(rows: Rows, gradient: Mapping[int, Any]) -> Any:
    """g' V g for every row, where g are the derivatives with respect to the coefficients."""
    covariance, size = rows.fit._link_cov, rows.model.size
    out = np.zeros(rows.n)
    for lo in range(0, rows.n, BLOCK):
        part = slice(lo, min(lo + BLOCK, rows.n))
        jacobian = np.zeros((part.stop - lo, size))
        for k, g in gradient.items():
            slot, design = rows.model.slots[k], rows.designs[k]
            x = 1.0 if design is None else design[part]
            jacobian[:, slot.start : slot.stop] = g[part][:, None] * x
        out[part] = np.einsum("ij,ij->i", jacobian @ covariance, jacobian)
    return np.maximum(out, 0.0)


# -- the rest --------------------------------------------------------------------------------------------------


def _parameters(rows: Rows) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for p in rows.family.parameters:
        value, name = rows.values[p.name], rows.outward[p.name]
        if p.vector:
            columns |= {f"{name}[{level}]": value[..., j] for j, level in enumerate(rows.model.levels)}
        else:
            columns[name] = value
    return {**columns, **rows.limits}


def _quantiles(rows: Rows, q: Any) -> Any:
    def one(level: Any) -> Any:
        return rows.bare.quantile(float(level), **rows.values)

    if np.ndim(q) == 0:
        return rows.column(one(q), f"q{q:g}")
    return rows.frame({f"q{float(level):g}": one(level) for level in q})


def _probability(rows: Rows, y: Any, own: bool) -> Any:
    family = rows.family
    vector = any(p.vector for p in family.parameters)
    if y is None:
        if vector:
            p = next(iter(rows.values.values()))
            return rows.frame({str(level): p[..., j] for j, level in enumerate(rows.model.levels)})
        if family.support.integer and (family.support.lower, family.support.upper) == (0.0, 1.0):
            return rows.frame({f"{v:g}": density(rows, np.full(rows.n, v)) for v in (0.0, 1.0)})
        if not own:
            raise OptionError("what='prob' needs y=: a value, one per row, or the name of a column of the new data")
        return rows.column(density(rows, rows.fit.likelihood.bound.y), "prob")
    if isinstance(y, str) and not (vector and y in [str(v) for v in rows.model.levels]):
        y = rows.table.column(y)
    elif np.ndim(y) == 0:
        y = np.full(rows.n, y, dtype=object if vector else float)
    else:
        inner = tables.read(y)
        y = inner.column(inner.names[0])
    if len(y) != rows.n:
        raise DataError(f"y must be one value or one for each of {rows.n} rows, found {len(y)}")
    return rows.column(density(rows, family.bind(y, rows.known)[1] if vector else tables.numbers(y, "y")), "prob")


def density(rows: Rows, y: Any) -> Any:
    """The probability or density of one y (levels coded) for every row."""
    return np.exp(log_density(rows, y))


def log_density(rows: Rows, y: Any) -> Any:
    """Its logarithm; -inf outside the support."""
    xp = NumpyNamespace()
    with np.errstate(all="ignore"):
        value = rows.full(rows.family._log_density(xp, y, **rows.parameters(xp)))
        return np.where(rows.family.inside(y, rows.values), value, -np.inf)
