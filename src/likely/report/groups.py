"""Fits of many groups as text and as tables in a notebook."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.families import get_family
from likely.report.blocks import Block, LabelledRows, Title, as_html, as_text
from likely.show.text_table import DASH, Grid, alike, number

if TYPE_CHECKING:
    from likely.inference.group_estimates import GroupEstimates

MOST = 24  # groups that are all shown
SHOWN = 10  # of more
NAMED = 5  # groups that end alike, by name
QUANTILES = {"5 %": 0.05, "25 %": 0.25, "median": 0.5, "75 %": 0.75, "95 %": 0.95}


@final
@dataclass(frozen=True, eq=False)
class GroupReport:
    """The groups with their estimates, how these spread, and what ended otherwise than at a plain peak."""

    found: GroupEstimates

    @property
    def blocks(self) -> list[Block]:
        """What there is to tell, in order."""
        out: list[Block] = [self._title, self._groups]
        if self.found.grouping.count > MOST:
            out += [f"... and {self.found.grouping.count - SHOWN:,} more groups. How all of them spread:", self._spread]
        if any(np.any(np.isfinite(own.stderr)) for own in self.found.estimated.values()):
            out.append("In brackets: standard errors.")
        return [*out, *self._ends]

    @cached_property
    def _converged(self) -> Any:
        return self.found.converged

    @property
    def _title(self) -> Title:
        found = self.found
        count, plain = found.grouping.count, found.grouping.count - len(found.ends)
        failed = count - int(np.count_nonzero(self._converged))
        said = [f"{plain:,} converged"] if plain else []
        special = len(found.ends) - failed
        said += [f"{special:,} with a remark"] if special else []
        said += [f"{failed:,} failed"] if failed else []
        state = "all converged" if plain == count else ", ".join(said)
        response = "" if found.model is None else f" of {found.model.response}"
        title = get_family(found.asked.family).title
        by = ", ".join(found.grouping.names)
        return Title(f"{title} fits{response} by {by}: {count:,} group{'s' * (count != 1)}, {state}", not failed)

    @property
    def _groups(self) -> Grid:
        """The groups, or the first of many."""
        found = self.found
        count = found.grouping.count
        shown = range(count if count <= MOST else SHOWN)
        keys = [
            [str(value) for value in values[list(shown)].tolist()]
            if isinstance(values, np.ndarray)
            else [str(value) for value in values[list(shown)].to_list()]
            for values in found.grouping.keys.values()
        ]
        columns = [*keys, [number(found.n[i]) for i in shown]]
        columns += [_with_errors(own.value[list(shown)], own.stderr[list(shown)]) for own in found.estimated.values()]
        marks = [found.ends[i].title if i in found.ends else "" for i in shown]
        header = (*found.grouping.names, "n", *found.estimated)
        align = "l" * len(keys) + "r" * (1 + len(found.estimated))
        if any(marks):
            columns, header, align = [*columns, marks], (*header, "status"), align + "l"
        return Grid(header, tuple(zip(*columns, strict=True)), align)

    @property
    def _spread(self) -> Grid:
        """Quantiles of the estimates over the groups."""
        rows = []
        for name, own in self.found.estimated.items():
            there = own.value[np.isfinite(own.value)]
            errors = own.stderr[np.isfinite(own.stderr)]
            usual = float(np.median(errors)) if len(errors) else None
            values = np.quantile(there, list(QUANTILES.values())).tolist() if len(there) else [None] * len(QUANTILES)
            error = DASH if usual is None else number(usual, 3)
            rows.append((name, f"{len(there):,}", *alike(values, usual), error))
        return Grid(("", "groups", *QUANTILES, "median std. error"), tuple(rows), "l" + "r" * (2 + len(QUANTILES)))

    @property
    def _ends(self) -> list[Block]:
        """What ended otherwise than at a plain peak: how often, and the first of each kind in full."""
        found = self.found
        kinds: Counter[Any] = Counter(end.kind for end in found.ends.values())
        out: list[Block] = []
        for kind, times in kinds.most_common():
            numbers = sorted(number for number, end in found.ends.items() if end.kind is kind)
            named = ", ".join(str(found.grouping.labels[i]) for i in numbers[:NAMED])
            more = f" and {times - NAMED:,} more" if times > NAMED else ""
            first = found.ends[numbers[0]]
            title = f"{times:,} {first.title}"
            which = f"{found.grouping.labels[numbers[0]]}: " if times > 1 else ""
            out.append(LabelledRows(((title, f"{kind.value} ({named}{more}). {which}{first.reason}"),)))
        return out

    def __str__(self) -> str:
        return as_text(self.blocks)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f'<div class="likely-groups">{as_html(self.blocks)}</div>'


def _with_errors(values: Any, errors: Any) -> list[str]:
    """Estimates with their standard errors in brackets."""
    there = errors[np.isfinite(errors)]
    usual = float(np.median(there)) if len(there) else None
    shown = alike([value if np.isfinite(value) else None for value in values.tolist()], usual)
    sure = alike([error if np.isfinite(error) else None for error in errors.tolist()], usual)
    return [value if error == DASH else f"{value} ({error})" for value, error in zip(shown, sure, strict=True)]
