"""Some rows of a table that show all there is to learn of its labels: every level, and the ends of the response."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.data import learn, transforms
from likely.data.formula import labelled
from likely.data.predictors import frame_of
from likely.data.tables import Table
from likely.models import response
from likely.models.bind.batch import Batch
from likely.models.bind.request import Request


@final
@dataclass(frozen=True, eq=False)
class ExampleRows:
    """The rows that show every level of what formulas and the response make of a table, in their order.

    Attributes
    ----------
    request : Request
    right_sides : tuple of str
        The right-hand sides that are formulas, quoted.
    known : mapping of str to state
        What calls in them have learnt.
    response : str
    table : Table
        The rows; it knows how often each cell of text occurred among all.
    """

    request: Request
    right_sides: tuple[str, ...]
    known: Mapping[str, transforms.State]
    response: str
    table: Table

    @classmethod
    def of(cls, batch: Batch, right_sides: tuple[str, ...], known: Mapping[str, transforms.State]) -> ExampleRows:
        """Those of a batch."""
        return cls(batch.request, right_sides, known, batch.response, batch.selected.table)._reduced()

    def merge(self, other: ExampleRows) -> ExampleRows:
        """Those of both, the first ones of each level."""
        table = Table.joined(self.table, other.table)
        return ExampleRows(self.request, self.right_sides, self.known, self.response, table)._reduced()

    def _reduced(self) -> ExampleRows:
        table, first = self.table, np.zeros(self.table.n, dtype=bool)
        first[:1] = True
        for name in table.names:
            if (found := table.cells(name)) is not None:
                first[_first(found[1])] = True
                table.occurrences[name] = dict(zip(found[0].cells, map(int, found[0].counts), strict=True))
        for right in self.right_sides:
            self._mark_levels(right, first)
        self._mark_response(first)
        kept = table.only(first)
        kept.occurrences = table.occurrences
        return ExampleRows(self.request, self.right_sides, self.known, self.response, kept)

    def _mark_levels(self, right: str, first: Any) -> None:
        """The first row of every level that a formula has, of columns and of expressions."""
        formula, values = learn.seen_by_formula(right, self.table)
        in_c = labelled(formula)
        for name, column in values.items():
            if name in in_c or hasattr(column, "codes") or column.dtype.kind == "O":
                first[_first(_codes(column))] = True
        frame = None
        for factor in {f.expr: f for term in formula for f in term.factors}.values():
            if factor.eval_method.value == "python" and (node := _of_levels(factor.expr)) is not None:
                frame = frame_of(values, self.table.n) if frame is None else frame
                if _ready(node, self.known):
                    first[_first(_codes(np.asarray(transforms.evaluated(node, frame, self.known))))] = True

    def _mark_response(self, first: Any) -> None:
        """The first row of every label, or the ends of numbers."""
        family = self.request.family
        y = response.values(family, self.table, self.response)
        if family.kind.labels or y.dtype.kind == "O":
            first[_first(_codes(y))] = True
        elif len(y):
            first[[int(np.argmin(y)), int(np.argmax(y))]] = True


def _first(codes: Any) -> Any:
    """Where each code occurs first; -1 is none."""
    found, at = np.unique(codes, return_index=True)
    return at[found >= 0]


def _codes(values: Any) -> Any:
    if hasattr(values, "codes"):
        return np.asarray(values.codes)
    import pandas as pd

    return pd.factorize(values)[0]


def _ready(node: ast.expr, known: Mapping[str, transforms.State]) -> bool:
    return all(ast.unparse(inner) in known for inner in ast.walk(node) if transforms.learns(inner))


def _of_levels(code: str) -> ast.expr | None:
    """The part of a factor whose values are levels and no column: C of an expression, or an expression with text."""
    node = ast.parse(code, mode="eval").body
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "C" and node.args:
        return None if isinstance(node.args[0], ast.Name) else node.args[0]
    text = any(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in ast.walk(node))
    return node if text and not any(transforms.learns(part) for part in ast.walk(node)) else None
