"""The design of one parameter: the names of its columns, and how a formula or a matrix makes them from any table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from likely.compute import blocks
from likely.compute.blocks import Matrix
from likely.data.evaluation import Products, not_finite, quietly
from likely.data.expressions import expression, log_exposure
from likely.data.formula import (
    clean,
    columns_of,
    compared_with_text,
    context,
    expand,
    in_arithmetic,
    labelled_and_plain,
    looked_up,
    offsets,
    operands,
    parse,
    quote,
    right_side,
    split,
    update,
    variables,
)
from likely.data.many_levels import Coding
from likely.data.matrices import NamedMatrix, matrix_missing, read_matrix
from likely.data.predictors import as_array, as_known, as_numbers, check_variables, frame_of, plain, require_text
from likely.data.tables import Table
from likely.errors import DataError, LikelyError, listed
from likely.namespace.arrays import Floats

__all__ = [
    "Aliasing",
    "AliasingPartner",
    "Design",
    "NamedMatrix",
    "expand",
    "expression",
    "log_exposure",
    "matrix_missing",
    "offsets",
    "operands",
    "quote",
    "read_matrix",
    "right_side",
    "split",
    "update",
    "variables",
]


@final
@dataclass(frozen=True, eq=False)
class AliasingPartner:
    """The columns of another parameter that take part in what a design says nothing about.

    Attributes
    ----------
    parameter : str
    design : Design or None
        None for a constant.
    null : ndarray, shape (columns of that design, m)
        Their part in the directions of the coefficients.
    """

    parameter: str
    design: Design | None
    null: Floats


@final
@dataclass(frozen=True, eq=False)
class Aliasing:
    """What a design says nothing about, once columns that others make up were left out.

    Attributes
    ----------
    null : ndarray, shape (columns of the recipe, m)
        Directions of the coefficients that change no row of the fit.
    combinations : mapping of str to str
        The columns left out, each with the combination of the others that it is in the fit.
    partner : AliasingPartner or None
        What another parameter's columns do along these directions: thresholds, along a change of the location.
    """

    null: Floats
    combinations: Mapping[str, str]
    partner: AliasingPartner | None = None

    def joined(self, other: Aliasing) -> Aliasing:
        """The directions of both."""
        partner = other.partner or self.partner
        if partner is not None:
            parts = [
                np.zeros((len(partner.null), one.null.shape[1])) if one.partner is None else one.partner.null
                for one in (self, other)
            ]
            partner = replace(partner, null=np.column_stack(parts))
        return Aliasing(np.column_stack([self.null, other.null]), {**self.combinations, **other.combinations}, partner)


@final
@dataclass(frozen=True, eq=False)
class Design:
    """The columns of a design matrix by name, and how to make them from data.

    A matrix is C-contiguous float64, shape (n, p), or blocks of columns where that would be mostly zeros.

    Attributes
    ----------
    names : tuple of str
    formula : str or None
        The right-hand side it came from; None for a matrix.
    spec
        The recipe, formulaic's or `Products`; None for a matrix.
    levels : tuple of (str, tuple)
        The columns that are levels, with the levels the fit has seen.
    named : bool
        For a matrix, whether its columns' names are the user's own.
    coding : Coding or None
        How blocks are put together for terms with many levels.
    terms : tuple of (str, tuple of int)
        The formula's terms with the places of their columns.
    kept : tuple of int, or None
        The columns of the recipe that are in use, where some were left out.
    recipe_names : tuple of str
        Names of all columns of the recipe, where some were left out.
    aliasing : Aliasing or None
        What was left out.
    """

    names: tuple[str, ...]
    formula: str | None = None
    spec: Any = None
    levels: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    named: bool = True
    coding: Coding | None = None
    terms: tuple[tuple[str, tuple[int, ...]], ...] = ()
    kept: tuple[int, ...] | None = None
    recipe_names: tuple[str, ...] = ()
    aliasing: Aliasing | None = None

    def without(self, name: str) -> Design:
        """The design without a column, which the recipe still makes."""
        removed = self.names.index(name)
        stay = [j for j in range(len(self.names)) if j != removed]
        kept = tuple(range(len(self.names))) if self.kept is None else self.kept
        terms = [(term, tuple(j - (j > removed) for j in at if j != removed)) for term, at in self.terms]
        return replace(
            self,
            names=tuple(self.names[j] for j in stay),
            terms=tuple((term, at) for term, at in terms if at),
            kept=tuple(kept[j] for j in stay),
            recipe_names=self.all_names,
        )

    def select(self, columns: Sequence[int]) -> Design:
        """The same design with only some columns."""
        return Design(tuple(self.names[j] for j in columns), self.formula)

    def keep(self, columns: Sequence[int], aliasing: Aliasing) -> Design:
        """The design with only some columns, by the same recipe: new data must obey what made the others needless."""
        before = np.arange(len(self.names)) if self.kept is None else np.array(self.kept, dtype=np.intp)
        null = np.zeros((len(self.all_names), aliasing.null.shape[1]))
        null[before] = aliasing.null
        aliasing = replace(aliasing, null=null)
        place = {j: k for k, j in enumerate(columns)}
        terms = [(term, tuple(place[j] for j in at if j in place)) for term, at in self.terms]
        return replace(
            self,
            names=tuple(self.names[j] for j in columns),
            terms=tuple((term, at) for term, at in terms if at),
            kept=tuple(int(before[j]) for j in columns),
            recipe_names=self.all_names,
            aliasing=aliasing if self.aliasing is None else self.aliasing.joined(aliasing),
        )

    @property
    def all_names(self) -> tuple[str, ...]:
        """Names of the columns that the recipe makes, in use or not."""
        return self.names if self.kept is None else self.recipe_names

    @property
    def partner(self) -> AliasingPartner | None:
        """What of another parameter new rows have to agree with."""
        return None if self.aliasing is None else self.aliasing.partner

    def apply(self, table: Table, other: Table | None = None, whose: str = "the new data") -> Floats:
        """The matrix for a table, by the same recipe (levels, centring and knots as in the fit).

        Parameters
        ----------
        table : Table
        other : Table, optional
            That of the parameter of `partner`, where it is not the same.
        whose : str
            What messages call the table.
        """
        x, partner = self._apply_recipe(table, whose), self.partner
        z = (
            None
            if partner is None or partner.design is None
            else partner.design.apply(table if other is None else other, whose=whose)
        )
        return self._in_use(x, z, table, whose)

    def _in_use(self, x: Matrix, z: Matrix | None, table: Table, whose: str) -> Matrix:
        """The columns in use, of rows that obey what made the others needless."""
        if self.kept is None:
            return x
        if self.aliasing is not None:
            self._require_aliased(x, z, self.aliasing, table, whose)
        return blocks.select(x, self.kept)

    def _require_aliased(self, x: Matrix, z: Matrix | None, aliasing: Aliasing, table: Table, whose: str) -> None:
        """Raise DataError unless new rows obey what made columns needless; z are the columns of the partner."""
        parts = [(x, aliasing.null)]
        if aliasing.partner is not None:
            parts.append((np.ones((len(x), 1)) if z is None else z, aliasing.partner.null))
        with np.errstate(over="ignore"):
            size = sum(blocks.absolute(columns) @ np.abs(null) for columns, null in parts)
            broken = np.abs(sum(columns @ null for columns, null in parts)) > 1e-7 * size
        if np.any(broken):
            i, k = (int(v) for v in np.argwhere(broken)[0])
            name, made_of = list(aliasing.combinations.items())[k]
            count = int(np.count_nonzero(np.any(broken, axis=1)))
            more = f" and {count - 1} more of {whose}" if count > 1 else f" of {whose}"
            raise DataError(
                f"the fit cannot tell what to predict for row {table.places(i)}{more}: {name} = {made_of} in every row "
                f"it used, so {name} was left out, and here that does not hold. Leave such rows out, or fit data with "
                "such rows"
            )

    def _apply_recipe(self, table: Table, whose: str) -> Floats:
        if not self.all_names:
            return np.zeros((table.n, 0))
        if self.spec is None:
            return self._apply_matrix(table, whose)
        formula = parse(self.formula or "1")
        needed = columns_of(formula)
        check_variables(needed, table, f" in {whose}")
        known, numeric = dict(self.levels), in_arithmetic(formula) | looked_up(formula)
        texts, twice = compared_with_text(formula), labelled_and_plain(formula)
        columns: dict[str, Any] = {}
        for name in needed:
            if name in known:
                text = table.text(name)
                found = as_known(name, table.labels(name) if text is None else text, known[name])
                columns[name] = as_numbers(found) if name in twice else found
            else:
                columns[name] = plain(name, table, name in numeric, f" of {whose}", compared=True)
                if name in texts:
                    require_text(name, columns[name], f" of {whose}")
        if isinstance(self.spec, Products):
            x: Matrix = self.spec.matrix(columns, table.n)
        else:
            x = self._evaluated(columns, table.n, whose)
        if x.shape != (table.n, len(self.all_names)):
            raise DataError(
                f"{self.formula!r} gives {x.shape[1]} columns for {whose}, and gave {len(self.all_names)} in the fit "
                f"({listed(self.all_names)}): do the columns {listed(needed)} hold the same kind of values?"
            )
        if (wrong := not_finite(x)) is not None:
            i, j = wrong
            raise DataError(
                f"{self.all_names[j]!r} is not finite for {whose}, {blocks.column(x, j)[i]} in row {table.places(i)}: "
                "is a logarithm or a root taken of a negative number?"
            )
        return x

    def _evaluated(self, columns: dict[str, Any], n: int, whose: str) -> Matrix:
        """What formulaic's recipe makes of n rows, as it is to see them."""
        coded = {} if self.coding is None else {name: columns[name] for name in self.coding.levels}
        frame = frame_of(columns if self.coding is None else columns | self.coding.stand_ins(n), n)

        def made(spec: Any) -> Any:
            return quietly(lambda: spec.get_model_matrix(frame, context=context(), na_action="ignore"))

        try:
            matrix = made(self.spec)
            return as_array(matrix) if self.coding is None else self.coding.matrix(matrix, coded, made)
        except LikelyError:
            raise
        except Exception as error:  # formulaic evaluates the user's expressions, which may raise anything
            advice = f". It uses the columns {listed(list(columns))}: do they hold what they held in the fit?"
            if "extend" in str(error):
                advice = " Keep the new values within those of the fit, or fit with bs(..., extrapolation='extend')"
            raise DataError(f"cannot evaluate {self.formula!r} for {whose}: {clean(error)}{advice}") from error

    def apply_sparse(self, matrix: Any, table: Table, whose: str = "the new data") -> Matrix:
        """The matrix for the rows of a sparse matrix of predictors, which a table counts."""
        if self.spec is not None:
            raise DataError(f"the fit used the formula {self.formula!r}: {whose} are columns by name, not a matrix")
        if matrix.shape[1] != len(self.all_names):
            raise DataError(
                f"the fit used a matrix of {len(self.all_names)} columns ({listed(self.all_names)}), {whose} have "
                f"{matrix.shape[1]}"
            )
        x = blocks.from_sparse(matrix)
        if (wrong := not_finite(x)) is not None:
            i, j = wrong
            raise DataError(
                f"{self.all_names[j]!r} is not finite in {whose}, {blocks.column(x, j)[i]} in row {table.places(i)}"
            )
        partner = self.partner
        return self._in_use(
            x,
            None if partner is None or partner.design is None else partner.design.apply_sparse(matrix, table, whose),
            table,
            whose,
        )

    def _apply_matrix(self, table: Table, whose: str) -> Floats:
        """By name where the table has names; by position for an array of the same width."""
        if table.named:
            lacking = [name for name in self.all_names if name not in table]
            if lacking:
                array = "" if self.named else f"; the fit used an array: pass an array of {len(self.all_names)} columns"
                raise DataError(
                    f"the fit used a matrix of columns {listed(self.all_names)}; {whose} lack {listed(lacking)}: "
                    f"they have {listed(table.names)}{array}"
                )
            names: Sequence[str] = self.all_names
        else:
            names = table.names
            if len(names) != len(self.all_names):
                raise DataError(
                    f"the fit used a matrix of {len(self.all_names)} columns ({listed(self.all_names)}), {whose} have "
                    f"{len(names)}"
                )
        x = np.column_stack([table.number(name, f" of {whose}") for name in names])
        if np.any(bad := ~np.isfinite(x)):
            i, j = (int(v) for v in np.argwhere(bad)[0])
            raise DataError(f"{self.all_names[j]!r} is not finite in {whose}, {x[i, j]} in row {table.places(i)}")
        return x
