"""Predictions for rows: expected values and their intervals, parameters, quantiles, probabilities, simulations."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypedDict, final

import numpy as np

from likely.data import tables
from likely.errors import DataError, LikelyError, OptionError, unknown
from likely.errors.kinds import is_whole
from likely.families.base import Parameter, generator
from likely.families.base.vectors import VectorDomain
from likely.inference.mean_interval import mean_interval
from likely.likelihoods.fitted_rows import FittedRows, draw, rows_of
from likely.likelihoods.strata import chances
from likely.models.checks import check_level, check_one_column, row_of_numbers
from likely.models.new_data import check_unseen
from likely.namespace.arrays import Floats
from likely.prediction.observation import prediction_interval
from likely.prediction.of_functions import evaluate

if TYPE_CHECKING:
    from likely.data.native import NativeColumn, NativeFrame
    from likely.estimates import Estimates


class NewRows(TypedDict, total=False):
    """What new rows need beside their columns, as keywords; known parameters by their own names, too."""

    known: Mapping[str, Any]
    offset: Any
    exposure: Any


class PredictOptions(NewRows, total=False):
    """The keywords of `predict`."""

    q: Any
    level: float | None
    y: Any
    simultaneous: bool | str
    method: str | None
    replicates: int
    seed: int
    unseen: str


WHAT = ("mean", "params", "quantile", "interval", "prediction", "prob", "class")


def predict(
    fit: Estimates,
    new: Any = None,
    what: str | None = None,
    *,
    q: Any = None,
    level: float | None = None,
    y: Any = None,
    simultaneous: Any = False,
    method: str | None = None,
    replicates: int = 400,
    seed: int = 0,
    unseen: str = "error",
    known: Mapping[str, Any] | None = None,
    **given: Any,
) -> NativeColumn | NativeFrame:
    """Predictions for the rows of the fit or of new data; see `likely.Fit.predict`."""
    if callable(new) and not hasattr(new, "__len__"):
        new, what = None, new
    if callable(what):
        return evaluate(fit, what, new, level)
    if isinstance(new, str) and new in WHAT:
        raise OptionError(f"the new data come first: fit.predict(what={new!r}) for the fit's own rows")
    asked = check_options(
        what,
        q=q,
        level=level,
        y=y,
        simultaneous=simultaneous,
        method=method,
        replicates=replicates,
        seed=seed,
        unseen=unseen,
    )
    rows = rows_of(fit, new, _with_known(given, known), observed=what == "prob" and y is None, unseen=unseen)
    return predicted(replace(rows, of_mean=what == "mean"), asked, own=new is None)


@final
@dataclass(frozen=True)
class Wanted:
    """Which predictions are wanted; the attributes are the arguments of `predict`."""

    what: str | None
    q: Any
    level: float | None
    y: Any
    simultaneous: Any
    method: str | None
    replicates: int
    seed: int


def check_options(
    what: str | None,
    *,
    q: Any = None,
    level: float | None = None,
    y: Any = None,
    simultaneous: Any = False,
    method: str | None = None,
    replicates: int = 400,
    seed: int = 0,
    unseen: str = "error",
) -> Wanted:
    """The predictions that are wanted, once the options go together."""
    if what is not None and what not in WHAT:
        raise unknown("kind of prediction", what, WHAT)
    owned = (
        ("q", q, ("quantile",)),
        ("level", level, (None, "mean", "prediction", "interval")),
        ("y", y, ("prob",)),
        ("simultaneous", simultaneous or None, (None, "mean", "interval")),
        ("method", method, ("prediction",)),
    )
    for name, value, owners in owned:
        if value is not None and what not in owners:
            raise OptionError(f"{name}= belongs to what={owners[-1]!r}, not to what={what!r}")
    check_unseen(unseen)
    return Wanted(what, q, level, y, simultaneous, method, replicates, seed)


def predicted(rows: FittedRows, wanted: Wanted, own: bool) -> Any:
    """Predictions for some rows; `own` are those of the fit."""
    what, level, simultaneous = wanted.what, wanted.level, wanted.simultaneous
    if what in (None, "mean") and level is None and not simultaneous:
        return rows.column(rows.center(), "mean" if rows.central == "mean" else "quantile")
    if what in (None, "mean", "interval"):
        return mean_interval(rows, check_level(0.95 if level is None else level), simultaneous)
    rows.require_known()
    if what == "prediction":
        level = check_level(0.95 if level is None else level)
        return prediction_interval(rows, level, wanted.method, wanted.replicates, wanted.seed)
    if what == "params":
        return rows.frame(_parameters(rows))
    if what == "quantile":
        return _quantiles(rows, 0.5 if wanted.q is None else wanted.q)
    if what == "class":
        return _classes(rows)
    return _probability(rows, wanted.y, own)


def simulate(
    fit: Estimates,
    size: int | None = None,
    *,
    new: Any = None,
    seed: Any = None,
    known: Mapping[str, Any] | None = None,
    **given: Any,
) -> NativeColumn:
    """Responses drawn from the fitted model; see `likely.Fit.simulate`."""
    if size is not None and (not is_whole(size) or size < 1):
        found = f"an object of type {type(size).__name__}" if np.ndim(size) else repr(size)
        hint = "; for new rows write simulate(new=...)" if np.ndim(size) or isinstance(size, (str, Mapping)) else ""
        raise OptionError(f"size is a number of replicates, 1 or more; found {found}{hint}")
    rng = generator(seed, "simulation")
    rows = rows_of(fit, new, _with_known(given, known), observed=new is None)
    rows.require_known()
    shape = (rows.n,) if size is None else (int(size), rows.n)
    drawn = _drawn(rows, shape, rng)
    return rows.table.wrap(drawn, rows.model.response) if size is None else drawn


def _with_known(given: dict[str, Any], known: Mapping[str, Any] | None) -> dict[str, Any]:
    """What was given for new rows, known parameters among it."""
    if known is not None and not isinstance(known, Mapping):
        raise OptionError(f"known is a dict of values of known parameters, such as {{'n': 20}}; found {known!r}")
    return {**(known or {}), **given}


def _drawn(rows: FittedRows, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    """Responses; an error where they are too large to be drawn, which NumPy and SciPy word each in their own way."""
    try:
        with _quiet():
            drawn = draw(rows.free_family, rows.values, shape, rng)
    except (ValueError, OverflowError) as error:
        if isinstance(error, LikelyError):
            raise
        size = np.abs(rows.full(rows.mean_at(rows.etas)))
        raise rows.too_far(~(size < np.max(size)), "simulated values") from error
    if drawn.dtype.kind == "f" and not np.all(np.isfinite(drawn)):
        raise rows.too_far(~np.all(np.isfinite(drawn.reshape(-1, rows.n)), axis=0), "simulated values")
    return drawn


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings of NumPy and SciPy: what is not a number is looked for in the result."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


# -- the rest --------------------------------------------------------------------------------------------------


def _parameters(rows: FittedRows) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for p in rows.family.parameters:
        value, name = rows.values[p.name], rows.original_names[p.name]
        if p.vector:
            columns |= {f"{name}[{entry}]": value[..., j] for j, entry in enumerate(_entries(rows, p))}
        else:
            columns[name] = value
    return {**columns, **rows.limits}


def _entries(rows: FittedRows, p: Parameter) -> list[str]:
    assert isinstance(p.domain, VectorDomain)
    return p.domain.entries(rows.model.levels)


def _quantiles(rows: FittedRows, q: Any) -> Any:
    def one(level: float) -> Floats:
        if rows.family.kind.labels:  # an error of the family where they have no order
            return np.broadcast_to(np.asarray(rows.free_family.quantile(level, **rows.values)), (rows.n,))
        with _quiet():
            out = rows.full(rows.free_family.quantile(level, **rows.values))
        if 0.0 < level < 1.0 and not np.all(np.isfinite(out)):
            raise rows.too_far(~np.isfinite(out), "quantile")
        return out

    levels = row_of_numbers(q, "q is a number between 0 and 1, or a list of them").tolist()
    if np.ndim(q) == 0:
        return rows.table.wrap(one(levels[0]), f"q{levels[0]:g}")
    return rows.table.wrap_frame({f"q{level:g}": one(level) for level in levels})


def _probability(rows: FittedRows, y: Any, own: bool) -> Any:
    family = rows.family
    if not rows.offers.independent_rows:
        if y is not None:
            raise OptionError(
                "what='prob' of ConditionalLogit is each row's probability to be the one case; it takes no y="
            )
        return rows.column(chances(rows.full(rows.etas[0]), rows.data.known["strata"]), "prob")
    labels = family.kind.labels
    if y is None:
        if labels:
            return rows.frame({str(level): p for level, p in zip(rows.model.levels, _chances(rows), strict=True)})
        if family.support.integer and (family.support.lower, family.support.upper) == (0.0, 1.0):
            return rows.frame({f"{v:g}": _density(rows, np.full(rows.n, v)) for v in (0.0, 1.0)})
        if not own:
            raise OptionError("what='prob' needs y=: a value, one per row, or the name of a column of the new data")
        return rows.column(_density(rows, rows.data.y), "prob")
    if isinstance(y, str) and not (labels and y in [str(v) for v in rows.model.levels]):
        y = rows.table.column(y)
    elif np.ndim(y) == 0:
        y = np.full(rows.n, y, dtype=object if labels else float)
    else:
        inner = tables.read(y)
        check_one_column(inner.names, "y")
        y = inner.column(inner.names[0])
        if len(y) == rows.n and (order := rows.table.match(inner.index, "y")) is not None:
            y = y[order]
    if len(y) != rows.n:
        raise DataError(f"y must be one value or one for each of {rows.n} rows, found {len(y)}")
    return rows.column(_density(rows, family.bind(y, rows.data.known)[1] if labels else tables.numbers(y, "y")), "prob")


def _chances(rows: FittedRows) -> list[Any]:
    """The probability of each level for every row."""
    return [_density(rows, np.full(rows.n, float(code))) for code in range(len(rows.model.levels))]


def _classes(rows: FittedRows) -> Any:
    """The most probable level of every row."""
    support, levels = rows.family.support, np.asarray(rows.model.levels)
    if not rows.family.kind.labels:
        if not (support.integer and (support.lower, support.upper) == (0.0, 1.0)):
            raise OptionError(f"what='class' is for labels and for yes and no, not for {rows.family.title}")
        levels = np.array([0.0, 1.0])
    chances = [_density(rows, np.full(rows.n, float(code))) for code in range(len(levels))]
    return rows.table.wrap(levels[np.argmax(chances, axis=0)], rows.model.response)


def _density(rows: FittedRows, y: Any) -> Floats:
    """The probability or density of one y (levels coded) for every row."""
    out = np.exp(rows.log_density(y))
    if np.any(lost := np.isnan(out) & ~np.isnan(y)):
        raise rows.too_far(lost, "probability")
    return out
