"""How unexpected each row is: its surprise against what the fitted model expects of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.data.tables import Table
from likely.errors import OptionError
from likely.families.base import Kind
from likely.inference.records import Record
from likely.likelihoods.cells import Cells, interpolated
from likely.likelihoods.fitted_rows import FittedRows, rows_of
from likely.likelihoods.nodes import nodes
from likely.models.checks import require_whole
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Booleans, Floats
from likely.show.text_table import Grid, fixed, number, p_value

if TYPE_CHECKING:
    from likely.data.native import NativeColumn, NativeFrame
    from likely.estimates import Estimates

STEPS = 60  # of a bisection
LOOK = 33  # points at which a density is asked for a second peak
AT_ONCE = 20_000  # distributions whose nodes are held at once
SAME = 1e-9  # log-densities closer than this are equal


def surprise(fit: Estimates, tail: bool = False) -> NativeColumn | NativeFrame:
    """Minus the log-density of every row under the fitted model; see `likely.Fit.surprise`."""
    rows = rows_of(fit, observed=True)
    y = rows.fit.likelihood.bound.y
    if not rows.offers.independent_rows:
        rows.log_density(y)  # raises, with the reason
    value = -own_log_density(rows) + 0.0
    if not tail:
        return rows.column(value, "surprise")
    return rows.frame({"surprise": value, "expected": expected(rows), "tail": tails(rows)})


def own_log_density(rows: FittedRows) -> Floats:
    """Every row's log-density at its own observation."""
    likelihood = rows.fit.likelihood
    x = rows.fit.outcome.point.x
    if np.all(np.isfinite(x)):
        return likelihood.row_objective.log_density(x)
    return rows.log_density(likelihood.bound.y)


# -- what the model expects ------------------------------------------------------------------------------------


def expected(rows: FittedRows) -> Floats:
    """The mean surprise of every row under the fitted model: the entropy of its distribution, shape (n,)."""
    if rows.family.kind.labels:
        p = _chances(rows)
        return rows.full(-np.sum(np.where(p > 0, p * np.log(np.where(p > 0, p, 1.0)), 0.0), axis=-1))
    _require_one_distribution(rows)
    cells = Cells(rows.data, rows.etas)
    model = rows.model

    def entropy(some: Cells) -> dict[Any, Any]:
        out = np.empty(some.count)
        for lo in range(0, some.count, AT_ONCE):
            part = some.slice(lo, min(lo + AT_ONCE, some.count))
            values = _values(rows, part)
            with np.errstate(all="ignore"):
                y, p = nodes(model.family, values, part.count)
                columns = {k: np.reshape(v, (-1, 1)) if np.ndim(v) == 1 else v for k, v in values.items()}
                f = np.broadcast_to(rows.free_family._log_density(NumpyNamespace(), y, **columns), y.shape)
                out[lo : lo + part.count] = -np.sum(np.where((p > 0) & np.isfinite(f), p * f, 0.0), axis=1)
        return {"entropy": out}

    if cells.count > AT_ONCE:
        few = entropy(cells.some(200))["entropy"]
        smooth = interpolated(cells, entropy, {"entropy": 1.0 + float(np.max(np.abs(few)))})  # type: ignore[dict-item]
        if smooth is not None:
            return smooth(cells)["entropy"]  # type: ignore[index]
    found = entropy(cells)["entropy"]
    return rows.full(found if cells.which is None else found[cells.which])


def _values(rows: FittedRows, cells: Cells) -> dict[str, Any]:
    """The parameters of some cells."""
    model, columns = rows.model, cells.columns
    known = {k: columns.get(f"known {k}", v) for k, v in rows.data.known.items()}
    etas = [columns[f"eta {k}"] for k in range(len(model.slots))]
    with np.errstate(all="ignore"):
        values = model.parameters(etas, NumpyNamespace(), known)
    return values if rows.data.units is None else model.family.of_means(values, columns["units"])


def _chances(rows: FittedRows) -> Floats:
    """The probabilities of all labels, along the last axis."""
    k = len(rows.model.levels)
    return np.stack([np.exp(rows.log_density(np.full(rows.n, float(code)))) for code in range(k)], axis=-1)


def _require_one_distribution(rows: FittedRows) -> None:
    if not rows.offers.distribution:
        raise OptionError(f"nothing is expected of a row's surprise under {rows.family.title}: {rows.offers.lacks}")


# -- tails -----------------------------------------------------------------------------------------------------


def tails(rows: FittedRows) -> Floats:
    """P(f(Y) <= f(y)) for every row, shape (n,)."""
    y = np.asarray(rows.fit.likelihood.bound.y, dtype=float)
    if rows.family.kind.labels:
        p = _chances(rows)
        own = np.take_along_axis(p, y.astype(np.intp)[:, None], axis=-1)
        return np.minimum(np.sum(np.where(p <= own * (1.0 + SAME), p, 0.0), axis=-1), 1.0)
    _require_one_distribution(rows)
    _require_one_peak(rows, y)
    return _OnePeak(rows, y).tail()


class _OnePeak:
    """Densities with one peak (or, for a share with mass at both ends, one valley)."""

    def __init__(self, rows: FittedRows, y: Any) -> None:
        self.rows, self.y = rows, y
        self.discrete = rows.family.kind.discrete
        self.fitted = rows.free_family.at(rows.values)
        lower, upper = rows.free_family.bounds(**rows.values)
        self.lower, self.upper = rows.full(lower), rows.full(upper)
        self.valley = self._valley()

    def _valley(self) -> Booleans:
        if self.rows.family.name != "beta":
            return np.zeros(self.rows.n, dtype=bool)
        v = self.rows.values
        return self.rows.full((v["mean"] * v["precision"] < 1.0) & ((1.0 - v["mean"]) * v["precision"] < 1.0)) > 0

    def height(self, y: Any) -> Floats:
        """The log-density, turned upside down where it has a valley."""
        f = self.rows.log_density(y)
        return np.where(self.valley, -f, f)

    def tail(self) -> Floats:
        y, here = self.y, self.height(self.y)
        step = self._step()
        with np.errstate(invalid="ignore"):
            rises_up = self.height(np.minimum(y + step, self._last)) > here + SAME
            rises_down = self.height(np.maximum(y - step, self._first)) > here + SAME
        with np.errstate(all="ignore"):
            up = self._beyond(here, +1.0)  # the first point above y where the density is no larger again
            down = self._beyond(here, -1.0)
            at_or_above, at_or_below = self._onward(y), self._below(y)
            tail = np.where(
                rises_up,
                at_or_below + self._onward(up),
                np.where(rises_down, at_or_above + self._below(down), 1.0),
            )
        tail = np.where(self.valley, 1.0 - tail, tail)
        return np.clip(np.where(np.isfinite(tail), tail, 0.0), 0.0, 1.0)

    def _below(self, y: Any) -> Floats:
        """P(Y <= y)."""
        return self.rows.full(self.fitted.tails(y).below)

    def _onward(self, y: Any) -> Floats:
        """P(Y >= y)."""
        return self.rows.full(self.fitted.tails(y - 1.0 if self.discrete else y).above)

    @property
    def _first(self) -> Floats:
        return self.lower if self.discrete else np.nextafter(self.lower, np.inf)

    @property
    def _last(self) -> Floats:
        return self.upper if self.discrete else np.nextafter(self.upper, -np.inf)

    def _step(self) -> Floats:
        """A small move: to the next whole number, or by a millionth of the middle half's width."""
        if self.discrete:
            return np.ones(self.rows.n)
        with np.errstate(all="ignore"):
            width = self.rows.full(self.fitted.quantile(0.75)) - self.rows.full(self.fitted.quantile(0.25))
        return np.maximum(1e-6 * np.abs(width), 4.0 * np.spacing(np.abs(self.y)))

    def _beyond(self, here: Any, side: float) -> Floats:
        """The nearest point beyond the peak on one side at which the density is not larger than at y."""
        end = self._last if side > 0 else self._first
        far = self.y + side * np.maximum(self._step() * (1.0 if self.discrete else 1e6), 1e-300)
        for _ in range(STEPS):  # doubling until the density has fallen below, or the support ends
            far = np.minimum(far, end) if side > 0 else np.maximum(far, end)
            short = (self.height(far) > here) & (far != end)
            if not np.any(short):
                break
            far = np.where(short, self.y + 2.0 * (far - self.y), far)
        inside, outside = self.y.copy(), far
        never = self.height(far) > here + SAME  # the support ends first
        for _ in range(STEPS):
            middle = 0.5 * (inside + outside)
            if self.discrete:
                middle = np.floor(middle) if side > 0 else np.ceil(middle)
            higher = self.height(middle) > here + SAME
            inside, outside = np.where(higher, middle, inside), np.where(higher, outside, middle)
            if np.all(np.abs(outside - inside) <= (1.0 if self.discrete else 1e-12 * np.abs(outside))):
                break
        return np.where(never, side * np.inf, outside)


def _require_one_peak(rows: FittedRows, y: Any) -> None:
    """A family of the user's own is asked; ours are known."""
    from likely.families import FAMILIES

    if rows.family.name in FAMILIES:
        return
    sample = np.linspace(0, rows.n - 1, min(rows.n, 50)).astype(int)
    ys = np.unique(np.quantile(y, np.linspace(0.0, 1.0, LOOK)))
    if rows.family.kind is Kind.MIXED:
        raise OptionError(
            f"some values have a probability under {rows.family.title} and others a density, which cannot be compared, "
            "so a surprise has no tail; fit.surprise() and fit.residuals() are what there is"
        )
    if rows.family.kind.discrete:
        ys = np.arange(np.min(y), min(np.max(y), np.min(y) + 2000.0) + 1.0)
    heights = np.stack([rows.log_density(np.full(rows.n, v))[sample] for v in ys], axis=1)
    falls = np.diff(heights, axis=1)
    for row in falls:
        moving = np.sign(row[np.abs(row) > 1e-6])
        if np.any((moving[:-1] < 0) & (moving[1:] > 0)):
            raise OptionError(
                f"the density of {rows.family.title} has more than one peak, so a surprise has no tail on either side; "
                "fit.surprise() and fit.residuals() are what there is"
            )


# -- the rows that carry the loss --------------------------------------------------------------------------------


@final
@dataclass(frozen=True, repr=False, eq=False)
class Surprising(Record):
    """The rows that the fitted model expected least; made by ``fit.surprising()``.

    Attributes
    ----------
    found : tuple of dict
        By row: row (as messages count them, from 0), observed, expected (what `predict` gives, or the most probable
        label), surprise and its expectation (nats), tail (probability of a surprise at least as large), share (of the
        total surprise beyond the smallest).
    n : int
    response : str
    """

    found: tuple[dict[str, Any], ...]
    n: int
    response: str
    table: Table

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [dict(row) for row in self.found]

    @property
    def grid(self) -> Grid:
        header = ("row", self.response, "expected", "surprise", "on average", "tail", "share")
        cells = tuple(
            (
                f"{r['row']:,}",
                _text(r["observed"]),
                _text(r["expected"]),
                fixed(r["surprise"], 2),
                fixed(r["on_average"], 2),
                p_value(r["tail"]) if r["tail"] >= 1e-4 else f"{r['tail']:.1e}",
                f"{100 * r['share']:.1f} %",
            )
            for r in self.found
        )
        return Grid(header, cells, "rrrrrrr", f"The least expected of {self.n:,} rows (surprise in nats)")

    @property
    def remarks(self) -> tuple[str, ...]:
        least = self.found[0]["tail"]
        count = self.n * least
        many = f"{count:.2g}" if count >= 0.01 else "less than 0.01"
        return (
            f"Tail: the chance of a surprise at least as large, if the model is true; among {self.n:,} rows, {many} "
            f"would be as surprising as the first.",
        )

    @property
    def source(self) -> Table:
        return self.table


def _text(value: Any) -> str:
    return "-" if value is None else number(value) if isinstance(value, float) else str(value)


def surprising(fit: Estimates, count: int = 10) -> Surprising:
    """The rows that the fitted model expected least; see `likely.Fit.surprising`."""
    require_whole(count=count)
    rows = rows_of(fit, observed=True)
    bound = rows.fit.likelihood.bound
    value, mean, tail = -own_log_density(rows) + 0.0, expected(rows), tails(rows)
    weights = np.ones(rows.n) if bound.weights is None else np.asarray(bound.weights, dtype=float)
    excess = weights * (value - np.min(value))
    total = float(np.sum(excess)) or 1.0
    order = np.lexsort((-value, tail))
    order = order[: max(1, count)]
    levels = rows.model.levels if rows.family.kind.labels else None
    if levels is None:
        middle = rows.full(rows.center_at(rows.etas))
        likely = [float(v) if np.isfinite(v) else None for v in middle[order]]
    else:
        likely = [levels[int(np.argmax(p))] for p in _chances(rows)[order]]
    labels = bound.row_numbers(order)
    found = tuple(
        {
            "row": int(label),
            "observed": float(bound.y[i]) if levels is None else levels[int(bound.y[i])],
            "expected": center,
            "surprise": float(value[i]),
            "on_average": float(mean[i]),
            "tail": float(tail[i]),
            "share": float(excess[i] / total),
        }
        for i, label, center in zip(order, labels, likely, strict=True)
    )
    return Surprising(found, rows.n, rows.model.response, bound.table)
