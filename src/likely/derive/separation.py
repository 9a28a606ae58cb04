"""Separation: predictors that tell the outcomes apart so well that their coefficients run to infinity.

An observation at the end of what can occur (a yes, a no, a count of zero) is explained ever better as its linear
predictor runs towards that end. Directions in which no row is explained worse form a cone; if some row is explained
better along one of them, the likelihood has no peak (Albert and Anderson 1984, *Biometrika* 71; for Poisson models
Correia, Guimaraes and Zylkin 2019, arXiv:1903.01633). Linear programming decides whether there is such a direction
(Konis 2007, *Linear programming algorithms for detecting separated data*), and every answer is checked row by row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np
from scipy import optimize

from likely.engines import memory
from likely.namespace import NumpyNamespace

if TYPE_CHECKING:
    from likely.likelihood import Likelihood
    from likely.model import Slot
    from likely.outcome import Outcome

# links whose linear predictor must run to infinity for the parameter to reach an end of its domain
MONOTONE = ("logit", "probit", "cloglog", "loglog", "cauchit", "log", "softplus")
LARGEST = 500  # coefficients; beyond, a linear programme takes too long to be a diagnosis
BLOCK = 8192  # rows at a time
MANY = 64  # columns; of more no smallest sufficient set is looked for
WORKING = 2000  # rows that the first linear programme sees, and at most so many more in each further one
ROUNDS = 60
ROUNDING = 1e-12  # a change of a row's predictor below this part of its terms is none
BETTER = 1e-11  # a change above this part of them separates the row
FLAT = 1e-10  # a direction that moves some rows by less than this part of what it moves all rows leaves them alone
FREE = 2.0  # the code of a row that imposes nothing


@final
@dataclass(frozen=True)
class Separation:
    """Columns whose coefficients have no finite estimate.

    Attributes
    ----------
    parameter : str
    columns : tuple of str
        Columns that are enough to separate the rows; the intercept only where it does so alone.
    message : str
    rows : int
        Number of rows that are separated: explained ever better, without end.
    complete : bool
        Whether that is so for every row.
    """

    parameter: str
    columns: tuple[str, ...]
    message: str
    rows: int
    complete: bool


def find_separation(L: Likelihood, outcome: Outcome, saturated: float) -> Separation | None:
    """What separates the outcomes, where the end of the search looks as if something did.

    Parameters
    ----------
    L : Likelihood
    outcome : Outcome
        Where the search ended.
    saturated : float
        A parameter within exp(-saturated) of the end of its domain gives cause to look.

    Returns
    -------
    Separation or None

    Notes
    -----
    `Family.saturation` gives one code per row: +1 or -1 where its linear predictor may run up or down for ever without
    lowering its log-density, 0 where it may not, 2 where it does not matter at all (no trials). For a vector parameter
    the code is that of the row's level.
    """
    model = L.model
    if not np.all(np.isfinite(outcome.point.x)):
        return None
    groups: dict[str, list[Slot]] = {}
    for slot in model.slots:
        if not slot.constant and slot.link.name in MONOTONE:
            groups.setdefault(slot.parameter.name, []).append(slot)
    if not groups:
        return None
    codes = model.family.saturation(L.bound.y, model.known)
    for name, slots in groups.items():
        if name not in codes or slots[-1].stop - slots[0].start > LARGEST:
            continue
        row_codes = np.asarray(codes[name], dtype=float)
        if slots[0].level is None:
            # a probability under a log link reaches 1 at a finite predictor: no row may run up
            if slots[0].link.upper != slots[0].parameter.domain.upper:
                row_codes = np.where(row_codes == 1.0, 0.0, row_codes)
            if not np.any(np.abs(row_codes) == 1.0):
                continue
        if outcome.converged and not _suspect(L, outcome, slots, row_codes, saturated):
            continue
        found = _examine(L, slots, row_codes, outcome.point.x)
        if found is not None:
            return found
    return None


def _suspect(L: Likelihood, outcome: Outcome, slots: list[Slot], codes: Any, saturated: float) -> bool:
    """Whether a search that says it converged may have done so on the way to infinity.

    There the parameter is at the end of its domain in the separated rows, and the curvature has vanished along the
    direction that separates them: the smallest eigenvalue of the information, in units of the columns' largest values,
    is then of the order of the rounding errors that stopped the search.
    """
    if not _saturated(L, outcome, slots, codes, saturated):
        return False
    start, stop = slots[0].start, slots[-1].stop
    largest = np.ones(stop - start)
    for slot in slots:
        if slot.design is not None:
            x = slot.design.x
            largest[slot.start - start : slot.stop - start] = np.maximum(x.max(axis=0), -x.min(axis=0))
    largest = np.where(largest > 0, largest, 1.0)
    info = outcome.point.info[start:stop, start:stop] / np.outer(largest, largest)
    return not np.all(np.isfinite(info)) or bool(np.linalg.eigvalsh(info)[0] <= 1e-3)


def _saturated(L: Likelihood, outcome: Outcome, slots: list[Slot], codes: Any, saturated: float) -> bool:
    """Whether some row's parameter lies within exp(-saturated) of the end of the domain that its outcome points to."""
    places = [L.model.slots.index(slot) for slot in slots]
    objective = L.row_objective

    def block(lo: int, hi: int) -> tuple[Any, ...]:
        etas = objective.etas(outcome.point.x, slice(lo, hi))
        mine = [np.broadcast_to(etas[k], hi - lo) for k in places]
        if slots[0].level is not None:
            return float(np.max(np.abs(mine))), 0.0
        up, down = mine[0][codes[lo:hi] == 1.0], mine[0][codes[lo:hi] == -1.0]
        return float(np.max(up, initial=-np.inf)), float(np.min(down, initial=np.inf))

    parts = memory.map_blocks(block, objective.rows, objective.block)
    highest, lowest = max(p[0] for p in parts), min(p[1] for p in parts)
    if slots[0].level is not None:
        return highest > saturated
    domain, link = slots[0].parameter.domain, slots[0].link
    gaps = []
    with np.errstate(all="ignore"):  # the links are monotone, so the extremes speak for all rows
        if np.isfinite(highest):
            gaps.append(domain.upper - float(link.inverse(np.float64(highest), NumpyNamespace())))
        if np.isfinite(lowest):
            gaps.append(float(link.inverse(np.float64(lowest), NumpyNamespace())) - domain.lower)
    return bool(min(gaps, default=np.inf) < np.exp(-saturated))


# -- the cone ------------------------------------------------------------------------------------------------


@final
@dataclass(frozen=True)
class Cone:
    """Directions of the coefficients along which no row's log-density falls.

    Row i of class c asks for ``patterns[c] @ (x_i B) >= 0``, where B holds the coefficients of each linear predictor in
    a column; the rows of `tied` ask for ``x_i B = 0``.

    Attributes
    ----------
    x : ndarray, shape (n, p)
    kind : ndarray of int, shape (n,)
    patterns : ndarray, shape (classes, conditions, predictors)
    tied : ndarray, shape (m, p)
    """

    x: Any
    kind: Any
    patterns: Any
    tied: Any

    @classmethod
    def of_signs(cls, x: Any, codes: Any) -> Cone:
        """One linear predictor, with the codes of `Family.saturation`."""
        ends = np.abs(codes) == 1.0
        patterns = np.array([[[-1.0]], [[1.0]]])
        if np.all(ends):
            return cls(x, (codes > 0).astype(np.intp), patterns, x[:0])
        # what the tied rows forbid shows in their triangular factor as well
        tied = _triangle(_blocks(x[codes == 0.0]))
        return cls(x[ends], (codes[ends] > 0).astype(np.intp), patterns, x[:0] if tied is None else tied)

    @classmethod
    def of_levels(cls, x: Any, codes: Any, levels: int) -> Cone:
        """Log-odds of each level but the first against the first: a row's own level must not fall behind any other."""
        unit = np.vstack([np.zeros(levels - 1), np.eye(levels - 1)])
        patterns = [[unit[c] - unit[k] for k in range(levels) if k != c] for c in range(levels)]
        return cls(x, codes.astype(np.intp), np.array(patterns), x[:0])

    def restrict(self, columns: list[int], rows: Any = slice(None)) -> Cone:
        """The directions that leave all but some columns alone, as some rows see them."""
        return Cone(self.x[rows][:, columns], self.kind[rows], self.patterns, self.tied[:, columns])

    @property
    def shape(self) -> tuple[int, int]:
        """Of the conditions: rows, conditions per row."""
        return len(self.x), self.patterns.shape[1]

    def change(self, b: Any) -> Any:
        """The left side of every condition, shape (n, conditions)."""
        eta = self.x @ b
        out = np.empty(self.shape)
        for c, pattern in enumerate(self.patterns):
            rows = self.kind == c
            out[rows] = eta[rows] @ pattern.T
        return out

    def rows(self, which: Any, basis: Any) -> Any:
        """Some conditions (flat indices), as rows over the coordinates of `basis` (p x r)."""
        i, k = np.divmod(which, self.shape[1])
        z = self.x[i] @ basis
        return np.einsum("im,ir->imr", self.patterns[self.kind[i], k], z).reshape(len(which), -1)

    def blocks(self, which: Any, basis: Any) -> Iterator[Any]:
        """The same, a block at a time."""
        step = max(1, BLOCK // self.patterns.shape[2])
        for lo in range(0, len(which), step):
            yield self.rows(which[lo : lo + step], basis)

    def total(self, open_: Any) -> Any:
        """The sum of the conditions marked, shape (predictors, p)."""
        out = 0.0
        for c, pattern in enumerate(self.patterns):
            rows = self.kind == c
            out = out + pattern.T @ (open_[rows].astype(float).T @ self.x[rows])
        return out


@final
@dataclass(frozen=True)
class Direction:
    """A direction that separates as many rows as any.

    Attributes
    ----------
    b : ndarray, shape (p, predictors)
    met : ndarray of bool, shape (n, conditions)
        Conditions of the cone that it meets with room to spare.
    complete : bool
        Whether every condition is met with room to spare, so that the direction may be tilted any way a little.
    free : ndarray of bool, shape (p, predictors)
        Coefficients that some separating direction changes.
    dimension : int
        Number of independent directions.
    """

    b: Any
    met: Any
    complete: bool
    free: Any
    dimension: int

    @property
    def separated(self) -> Any:
        """Rows of the cone that it explains better."""
        return np.any(self.met, axis=1)


def separate(cone: Cone, hint: Any = None) -> Direction | None:
    """The direction that separates the most rows, or None where there is none (or it cannot be told).

    Parameters
    ----------
    cone : Cone
    hint : ndarray, shape (p, predictors), optional
        A direction that may separate every row, which is quick to see: the coefficients where a search gave up.
    """
    if hint is not None and len(cone.x) and not len(cone.tied):
        met = cone.change(hint) > BETTER * _sizes(cone.x, np.max(np.abs(hint), axis=1))[:, None]
        if np.all(met):
            return Direction(hint, met, True, np.ones(hint.shape, dtype=bool), hint.size)
    search = _Search(cone)
    if search.basis is None or cone.x.shape[0] == 0:
        return None
    open_ = np.ones(cone.shape, dtype=bool)
    total = np.zeros((cone.x.shape[1], cone.patterns.shape[2]))
    for stage in range(total.size + 1):
        found = search.best((cone.total(open_) @ search.basis).ravel(), 0.3 if stage == 0 else 1e-9)
        if found is None:
            break
        better = open_ & (cone.change(found) > BETTER * search.sizes[:, None])
        if not np.any(better):
            break
        # directions of a cone may be added up, and a row that one of them separates stays separated
        total += found
        open_ &= ~better
        if not np.any(open_):
            break
    if np.all(open_):
        return None
    span = _null(cone.blocks(np.flatnonzero(open_), search.basis), search.basis.shape[1] * total.shape[1])
    moved = np.einsum("pr,mrd->pmd", search.basis, span.reshape(total.shape[1], search.basis.shape[1], -1))
    size = np.sqrt(np.sum(np.square(moved), axis=2)) * search.scale[:, None]
    complete = not np.any(open_) and len(cone.tied) == 0
    return Direction(total, ~open_, complete, size > 1e-7 * size.max(), span.shape[1])


class _Search:
    """Linear programmes over a cone, each seeing only the rows that matter so far.

    The coordinates are those in which the design is orthonormal: there a direction of size one changes the predictors
    by one in all, whatever the columns' units and correlations, so "no direction" (0) and "a direction" (1 or more)
    cannot be confused.
    """

    def __init__(self, cone: Cone) -> None:
        self.cone = cone
        self.basis, self.scale, self.reach = self._basis()
        n, q = cone.shape
        first = []
        for c in range(len(cone.patterns)):  # some rows of every class, evenly spaced
            rows = np.flatnonzero(cone.kind == c)
            step = max(1, len(rows) * q * len(cone.patterns) // WORKING)
            first.append((rows[::step, None] * q + np.arange(q)).ravel())
        self.working = np.unique(np.concatenate(first)) if n else np.zeros(0, dtype=np.intp)

    def _basis(self) -> tuple[Any, Any, Any]:
        """The map from the coordinates to the coefficients (p x r), which keeps the tied rows where they are.

        With the columns' scales, and the largest coefficients that went into the map before any of them cancelled.
        """
        cone = self.cone
        largest = [np.max(np.abs(part), axis=0) for part in (cone.x, cone.tied) if len(part)]
        if not largest:
            return None, np.zeros(0), None
        scale = np.max(largest, axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        r = _triangle(part / scale for x in (cone.x, cone.tied) for part in _blocks(x))
        _, s, vt = np.linalg.svd(r)
        rank = int(np.sum(s > 1e-13 * s[0] * len(s))) if s[0] > 0 else 0
        if rank == 0:
            return None, scale, None
        basis = vt[:rank].T / s[:rank] / scale[:, None]
        reach = np.abs(basis)
        if len(cone.tied):
            keep = _null((part @ basis for part in _blocks(cone.tied)), rank)
            if keep.shape[1] == 0:
                return None, scale, None
            basis, reach = basis @ keep, reach @ np.abs(keep)
        return basis, scale, np.max(reach, axis=1)

    @cached_property
    def sizes(self) -> Any:
        """Of the terms that add up to each row's predictor, by which its rounding errors are measured."""
        return _sizes(self.cone.x, self.reach)

    def best(self, objective: Any, least: float) -> Any | None:
        """The direction in the box of side 2 that raises a linear function most, if by `least` or more."""
        cone = self.cone
        shape = (cone.patterns.shape[2], self.basis.shape[1])
        norm = float(np.max(np.abs(objective), initial=0.0))
        if norm == 0.0:
            return None
        for _ in range(ROUNDS):
            a = cone.rows(self.working, self.basis)
            size = np.max(np.abs(a), axis=1)
            # the others only show rounding errors
            moved = size > 1e-11 * _sizes(cone.x[self.working // cone.shape[1]], self.reach)
            a = a[moved] / size[moved, None]
            result = optimize.linprog(
                -objective / norm,
                A_ub=-a,
                b_ub=np.zeros(len(a)),
                bounds=(-1.0, 1.0),
                method="highs",
                options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
            )
            if result.status != 0 or -result.fun * norm < least:
                return None
            b = self.basis @ result.x.reshape(shape).T
            ratio = (cone.change(b) / self.noise()).ravel()
            worst = np.flatnonzero(ratio < -1.0)
            new = np.setdiff1d(worst, self.working)
            if len(worst) == 0:
                return b
            if len(new) == 0:  # only the programme's own tolerance is in the way
                return self._polish(result.x, a, shape, objective, least)
            if len(new) > WORKING:
                order = new[np.argsort(ratio[new], kind="stable")]
                new = np.concatenate([order[: WORKING // 4], new[:: 1 + len(new) // WORKING]])
            self.working = np.union1d(self.working, new)
        return None

    def noise(self) -> Any:
        """How far below zero rounding alone may take each condition, for a direction of size one in coordinates."""
        return np.maximum(ROUNDING * self.sizes[:, None], np.finfo(float).tiny)

    def _polish(self, x: Any, a: Any, shape: Any, objective: Any, least: float) -> Any | None:
        """The direction with the conditions that it meets only just met exactly, if it can be."""
        change = a @ x
        active = a[change < 1e-7]
        keep = _null(iter([active]), len(x))
        x = keep @ (keep.T @ x)
        if float(objective @ x) < least:
            return None
        b = self.basis @ x.reshape(shape).T
        return b if np.all(self.cone.change(b) >= -self.noise()) else None


def _blocks(x: Any) -> Iterator[Any]:
    for lo in range(0, len(x), BLOCK):
        yield x[lo : lo + BLOCK]


def _sizes(x: Any, b: Any) -> Any:
    """|x| b, without a copy of x."""
    return np.concatenate([np.abs(part) @ b for part in _blocks(x)]) if len(x) else np.zeros(0)


def _triangle(blocks: Any) -> Any:
    """The triangular factor R of a tall matrix given in blocks."""
    r = None
    for part in blocks:
        r = np.linalg.qr(part if r is None else np.vstack([r, part]), mode="r")
    return r


def _null(blocks: Any, width: int) -> Any:
    """An orthonormal basis of the directions that a tall matrix, given in blocks, sends to zero; shape (width, d)."""
    r = _triangle(blocks)
    if r is None:
        return np.eye(width)
    _, s, vt = np.linalg.svd(r)
    rank = int(np.sum(s > FLAT * max(1.0, float(s[0]))))
    return vt[rank:].T


# -- what to say ---------------------------------------------------------------------------------------------


def _examine(L: Likelihood, slots: list[Slot], codes: Any, coefficients: Any) -> Separation | None:
    """The separation of one parameter's linear predictors, if there is one."""
    slot, w, y = slots[0], L.bound.weights, L.bound.y
    x = np.ones((len(y), 1)) if slot.design is None else slot.design.x
    names = ("Intercept",) if slot.design is None else slot.design.names
    intercept = 0 if slot.design is None else slot.design.intercept
    levels = slot.level is not None
    keep = np.ones(len(y), dtype=bool) if levels else codes != FREE
    if w is not None:
        keep &= w > 0
    if not np.all(keep):
        x, codes, y = x[keep], codes[keep], y[keep]
    shift = _far_from_zero(x, intercept)
    near = x - shift if np.any(shift) else x
    hint = np.column_stack([coefficients[s.start : s.stop] for s in slots])
    if intercept is not None:
        hint[intercept] += shift @ hint
    cone = Cone.of_levels(near, codes, len(slots) + 1) if levels else Cone.of_signs(near, codes)
    found = separate(cone, hint)
    if found is None:
        return None
    columns, fewer = _enough(cone, found, intercept)
    told = _Told(L, slots, names, cone, x, y, codes, fewer, columns, intercept, near is not x)
    return Separation(
        slot.parameter.name,
        tuple(names[j] for j in columns),
        told.message(),
        int(np.count_nonzero(fewer.separated)),
        fewer.complete,
    )


def _far_from_zero(x: Any, intercept: int | None) -> Any:
    """What to subtract from columns that vary little about a large value, such as years and times.

    Beside an intercept it changes no direction, and it saves the digits that tell the rows apart.
    """
    low, high = x.min(axis=0), x.max(axis=0)
    far = (high > low) & (np.maximum(high, -low) > 8.0 * (high - low))
    return np.where(far, x[0], 0.0) if intercept is not None else np.zeros(x.shape[1])


def _enough(cone: Cone, found: Direction, intercept: int | None) -> tuple[list[int], Direction]:
    """Few columns that, with the intercept, separate the same rows, and what they do.

    Where the intercept does so alone it is the only column.
    """
    always = [] if intercept is None else [intercept]
    taking_part = [int(j) for j in np.flatnonzero(np.any(found.free, axis=1)) if j != intercept]
    few = _telling_rows(cone, found)

    def tried(columns: list[int], rows: Any) -> Direction | None:
        part = sorted([*always, *columns])
        direction = separate(cone.restrict(part, rows)) if part else None
        if direction is None or direction.complete < found.complete:
            return None
        return direction if np.array_equal(direction.separated, found.separated[rows]) else None

    if always and (alone := tried([], slice(None))) is not None:
        return always, alone
    if found.dimension == 1 or len(taking_part) <= 1:
        return taking_part or always, found
    strength = np.max(np.abs(found.b), axis=1) * np.std(cone.x, axis=0)
    order = sorted(taking_part, key=lambda j: -strength[j])
    # the strongest columns first, doubling their number; then each that is not needed is left out
    sizes = [2**k for k in range(6) if 2**k < len(order)] + ([len(order)] if len(order) <= MANY else [])
    chosen = next((order[:size] for size in sizes if tried(order[:size], few) is not None), None)
    if chosen is None:
        return taking_part, found
    for j in reversed(chosen):
        if len(chosen) > 1 and tried([k for k in chosen if k != j], few) is not None:
            chosen = [k for k in chosen if k != j]
    direction = tried(chosen, slice(None))
    return (taking_part, found) if direction is None else (sorted(chosen), direction)


def _telling_rows(cone: Cone, found: Direction) -> Any:
    """Rows enough to try columns on: all of them, or those that a direction separates least and some of the others."""
    n = len(cone.x)
    if n <= 4 * WORKING:
        return slice(None)
    margin = np.min(cone.change(found.b), axis=1) / np.maximum(_sizes(cone.x, np.max(np.abs(found.b), axis=1)), 1e-300)
    closest = [np.flatnonzero(cone.kind == c) for c in range(len(cone.patterns))]
    closest = [rows[np.argsort(margin[rows], kind="stable")[: WORKING // len(closest)]] for rows in closest]
    moved = np.flatnonzero(found.separated)
    return np.unique(np.concatenate([*closest, moved[:: 1 + len(moved) // WORKING], np.arange(0, n, 1 + n // WORKING)]))


@final
@dataclass(frozen=True)
class _Told:
    """A separation in words.

    Attributes
    ----------
    L : Likelihood
    slots : list of Slot
    names : tuple of str
        Of all columns.
    cone : Cone
    x, y, codes : ndarray
        Design, response and codes of the rows that count.
    direction : Direction
    columns : list of int
        The columns to name.
    intercept : int or None
    shifted : bool
        Whether the cone's columns were moved towards zero.
    """

    L: Likelihood
    slots: list[Slot]
    names: tuple[str, ...]
    cone: Cone
    x: Any
    y: Any
    codes: Any
    direction: Direction
    columns: list[int]
    intercept: int | None
    shifted: bool

    @cached_property
    def separated(self) -> Any:
        """The separated rows among all that count."""
        out = np.zeros(len(self.y), dtype=bool)
        out[slice(None) if self.slots[0].level is not None else np.abs(self.codes) == 1.0] = self.direction.separated
        return out

    @cached_property
    def part(self) -> list[int]:
        """The columns in which the direction was found."""
        if len(self.direction.free) == len(self.names):
            return list(range(len(self.names)))
        return sorted({*self.columns, *([] if self.intercept is None else [self.intercept])})

    def message(self) -> str:
        """What separates which rows, what that means, and what to do."""
        parameter, response = self.slots[0].parameter.name, self.L.model.response
        count = int(np.count_nonzero(self.separated))
        if self.columns == [self.intercept] and self.direction.complete:
            what = self._outcome(self.separated).removeprefix("= ")
            return (
                f"{response} is {what} in all {count} rows: the intercept of {parameter} has no finite estimate "
                f"({self._runs()}), and predictors have nothing to explain. Check the response, or collect data in "
                "which it varies"
            )
        one = len(self.columns) == 1
        verb = "separates" if one else "separate"
        few = ", ".join(self.names[j] for j in self.columns[:8])
        more = f" and {len(self.columns) - 8} more columns" if len(self.columns) > 8 else ""
        extent = f"{count} of {len(self.y)} rows from the rest"
        if self.direction.complete:
            extent = "the outcomes perfectly"
        elif len(self.groups) > 1:
            extent = "some outcomes from the others"
        its = "its" if one else "their"
        single = one and len(self.slots) == 1
        coefficients = "coefficient in" if single else "coefficients in"
        return (
            f"{few}{more} {verb} {extent}: {self._pattern()}. So {its} {coefficients} {parameter} "
            f"{'has' if single else 'have'} no finite estimate ({self._runs()}){self._others()}. "
            f"Leave out or regroup {'the column' if one else 'these columns'}, collect more data, or hold {its} "
            f"coefficient{'' if single else 's'} at a value you trust with offset=..."
        )

    @cached_property
    def groups(self) -> list[list[int]]:
        """Levels that are not told apart, together; one group where no level is told apart from another everywhere."""
        if self.slots[0].level is None:
            return []
        count = len(self.slots) + 1
        apart = np.ones((count, count), dtype=bool)
        for c in range(count):
            rows = self.cone.kind == c
            if np.any(rows):
                apart[c, [k for k in range(count) if k != c]] = np.all(self.direction.met[rows], axis=0)
        groups: list[list[int]] = []
        for c in range(count):
            near = [g for g in groups if any(not (apart[c, k] and apart[k, c]) for k in g)]
            groups = [g for g in groups if g not in near] + [sorted({c}.union(*near))]
        return sorted(groups)

    def _others(self) -> str:
        """What becomes of the other coefficients, where that is simple to say."""
        free = self.direction.free
        named = free[[self.part.index(j) for j in self.columns]]
        # every direction that separates changes the named columns' coefficients alone, and each of them freely
        simple = np.all(named) and np.count_nonzero(free) == named.size == self.direction.dimension
        if self.direction.complete or self.shifted or not simple:
            return ""
        them = "it" if len(self.columns) == 1 else "them"
        return f". The other coefficients do have estimates: those of a fit without {them} and these rows"

    def _pattern(self) -> str:
        """Which rows have which outcome."""
        parts, counts = [], []
        response = self.L.model.response
        classes = [self.separated & (self.codes == code) for code in np.unique(self.codes[self.separated])]
        if len(self.groups) > 1:
            classes = [np.isin(self.codes, group) for group in self.groups]
        for rows in classes:
            outcome = f"{response} {self._outcome(rows)}"
            where = self._where(rows)
            counts.append(f"{np.count_nonzero(rows)} rows with {outcome}")
            parts.append(f"every row with {where} has {outcome}" if where else f"{counts[-1]}")
        if all(part.startswith("every") for part in parts):
            return " and ".join(parts[:6])
        if len(counts) == 1:
            return f"they tell apart {counts[0]}" if len(self.columns) > 1 else f"it tells apart {counts[0]}"
        who = "it tells" if len(self.columns) == 1 else "a combination of them tells"
        return f"{who} apart {' from '.join(counts[:6])}"

    def _where(self, rows: Any) -> str | None:
        """The values of the named columns that these rows have and no other row has."""
        if self.columns == [self.intercept]:
            return None
        for j in self.columns:
            x = self.x[:, j]
            low, high, others = x[rows].min(), x[rows].max(), x[~rows]
            if low == high and not np.any(others == low):
                return f"{self.names[j]} = {low:g}"
            if len(self.columns) == 1 and np.all(others < low):
                return f"{self.names[j]} >= {_between(low, float(np.max(others, initial=-np.inf)))}"
            if len(self.columns) == 1 and np.all(others > high):
                return f"{self.names[j]} <= {_between(high, float(np.min(others, initial=np.inf)))}"
        if len(self.columns) <= 6:
            x = self.x[:, self.columns]
            value = x[rows][0]
            same = np.all(x == value, axis=1)
            if np.array_equal(same, rows):
                return ", ".join(f"{self.names[j]} = {v:g}" for j, v in zip(self.columns, value, strict=True))
        return None

    def _outcome(self, rows: Any) -> str:
        """The outcome that these rows share."""
        values = np.unique(self.y[rows])
        if levels := self.L.model.levels:
            return "= " + " or ".join(str(levels[int(v)]) for v in values[:6])
        if len(values) == 1:
            return f"= {values[0]:g}"
        return "at its largest possible value" if np.all(self.codes[rows] == 1.0) else "at one end of its range"

    def _runs(self) -> str:
        """Where the coefficients go."""
        they = "it runs" if len(self.columns) * len(self.slots) == 1 else "they run"
        if len(self.columns) * len(self.slots) > 6:
            return f"{they} to infinity"
        part = sorted({*self.columns, *([] if self.intercept is None else [self.intercept])})
        search = _Search(self.cone.restrict(part))
        ends: list[str] = []
        for j in self.columns:
            row = search.basis[part.index(j)]
            for m, slot in enumerate(self.slots):
                objective = np.zeros((len(self.slots), len(row)))
                objective[m] = row / np.max(np.abs(row))
                up, down = (search.best(sign * objective.ravel(), 1e-6) is not None for sign in (1.0, -1.0))
                if up or down:
                    end = "either infinity" if up and down else "+infinity" if up else "-infinity"
                    ends.append(end if they == "it runs" else f"{slot.label}.{self.names[j]} to {end}")
        if they == "it runs":
            return f"it runs to {ends[0]}" if ends else "it runs to infinity"
        return f"they run: {', '.join(ends)}" if ends else "they run to infinity"


def _between(value: float, other: float) -> str:
    """`value` in as few digits as keep it apart from `other`, rounded towards it."""
    for digits in range(4, 17):
        step = 10.0 ** (np.floor(np.log10(abs(value))) - digits + 1) if value else 0.0
        near = float(f"{value:.{digits}g}")
        for shown in (near, float(f"{near + np.sign(other - value) * step:.{digits}g}")):
            if min(value, other) < shown < max(value, other) or shown == value:
                return f"{shown:.0f}" if shown.is_integer() and abs(shown) < 1e15 else f"{shown:.{digits}g}"
    return repr(value)
