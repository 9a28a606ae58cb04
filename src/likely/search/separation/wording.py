"""A separation in words: what separates which rows, what that means, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.namespace.arrays import Booleans, Floats
from likely.search.separation.cone import Cone
from likely.search.separation.programme import Direction, Programmes

if TYPE_CHECKING:
    from likely.likelihoods.log_likelihood import LogLikelihood
    from likely.models.slot import Slot


@final
@dataclass(frozen=True, eq=False)
class SeparationWording:
    """A separation in words.

    Attributes
    ----------
    L : LogLikelihood
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

    L: LogLikelihood
    slots: list[Slot]
    names: tuple[str, ...]
    cone: Cone
    x: Floats
    y: Floats
    codes: Floats
    direction: Direction
    columns: list[int]
    intercept: int | None
    shifted: bool

    @cached_property
    def separated(self) -> Booleans:
        """The separated rows among all that count."""
        out = np.zeros(len(self.y), dtype=bool)
        out[slice(None) if self.slots[0].entry is not None else np.abs(self.codes) == 1.0] = self.direction.separated
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
            f"{advice('the column' if one else 'these columns', self.direction.complete)}"
        )

    @cached_property
    def groups(self) -> list[list[int]]:
        """Levels that are not told apart, together; one group where no level is told apart from another everywhere."""
        if self.slots[0].entry is None:
            return []
        count = len(self.slots) + 1
        distinguished = np.ones((count, count), dtype=bool)
        for c in range(count):
            rows = self.cone.kind == c
            if np.any(rows):
                distinguished[c, [k for k in range(count) if k != c]] = np.all(self.direction.met[rows], axis=0)
        groups: list[list[int]] = []
        for c in range(count):
            near = [g for g in groups if any(not (distinguished[c, k] and distinguished[k, c]) for k in g)]
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
        parts, counts, described = [], [], True
        response = self.L.model.response
        classes = [self.separated & (self.codes == code) for code in np.unique(self.codes[self.separated])]
        if len(self.groups) > 1:
            classes = [np.isin(self.codes, group) for group in self.groups]
        for rows in classes:
            outcome = f"{response} {self._outcome(rows)}"
            where = self._where(rows)
            counts.append(f"{np.count_nonzero(rows)} rows with {outcome}")
            described &= bool(where)
            parts.append(f"every row with {where} has {outcome}" if where else f"{counts[-1]}")
        if described:
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
        alone = len(self.columns) * len(self.slots) == 1
        they = "it runs" if alone else "they run"
        if len(self.columns) * len(self.slots) > 6:
            return f"{they} to infinity"
        part = sorted({*self.columns, *([] if self.intercept is None else [self.intercept])})
        search = Programmes(self.cone.restrict(part))
        ends: list[str] = []
        for j in self.columns:
            row = search.basis[part.index(j)]
            for m, slot in enumerate(self.slots):
                objective = np.zeros((len(self.slots), len(row)))
                objective[m] = row / np.max(np.abs(row))
                up, down = (search.best(sign * objective.ravel(), 1e-6) is not None for sign in (1.0, -1.0))
                if up or down:
                    end = "either infinity" if up and down else "+infinity" if up else "-infinity"
                    ends.append(end if alone else f"{slot.label}.{self.names[j]} to {end}")
        if alone:
            return f"it runs to {ends[0]}" if ends else "it runs to infinity"
        return f"they run: {', '.join(ends)}" if ends else "they run to infinity"


def advice(columns: str, complete: bool) -> str:
    """What to do about it."""
    ways = [f"Leave out or regroup {columns}", "collect more data", "add a penalty with penalty=lk.Firth()"]
    ways += [] if complete else ["pass separation='drop' to estimate what the other rows identify"]
    return f"{', '.join(ways[:-1])}, or {ways[-1]}"


def many(L: LogLikelihood, slots: list[Slot], columns: Sequence[str], direction: Direction) -> str:
    """A separation by one of many columns in words."""
    count, parameter = int(np.count_nonzero(direction.separated)), slots[0].parameter.name
    few = ", ".join(columns[:8]) + (f" and {len(columns) - 8} more columns" if len(columns) > 8 else "")
    one = len(columns) == 1
    extent = "the outcomes perfectly" if direction.complete else f"{count} of {len(L.bound.y)} rows from the rest"
    return (
        f"{few} {'separates' if one else 'separate'} {extent}: so {'its' if one else 'their'} "
        f"coefficient{'' if one else 's'} in {parameter} {'has' if one else 'have'} no finite estimate. "
        f"{advice('the column' if one else 'these columns', direction.complete)}"
    )


def _between(value: float, other: float) -> str:
    """`value` in as few digits as keep it apart from `other`, rounded towards it."""
    for digits in range(4, 17):
        step = 10.0 ** (np.floor(np.log10(abs(value))) - digits + 1) if value else 0.0
        near = float(f"{value:.{digits}g}")
        for shown in (near, float(f"{near + np.sign(other - value) * step:.{digits}g}")):
            if min(value, other) < shown < max(value, other) or shown == value:
                return f"{shown:.0f}" if shown.is_integer() and abs(shown) < 1e15 else f"{shown:.{digits}g}"
    return repr(value)
