"""Named columns of equal length, whatever they came from, and results given back in kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, final

import narwhals as nw
import numpy as np

from likely.data import alignment
from likely.data.columns import (
    as_labels,
    categorical_words,
    chosen,
    counted,
    missing,
    numbers,
    some_of,
    spread,
    texts_in,
)
from likely.data.levels import Column, Levels, appended
from likely.data.markers import is_marker, without
from likely.data.native import native_column, native_rows, native_table, spread_out
from likely.data.reading import Reading, TextReading, read_all
from likely.data.series import TEXT, as_array, as_text, categories, occurring
from likely.data.texts import Labels, Texts
from likely.errors import DataError, is_one_of, unknown
from likely.namespace.arrays import AnyArray, Floats, Integers

if TYPE_CHECKING:
    from likely.data.native import NativeColumn, NativeFrame


@final
class Table:
    """Named columns of equal length, from whatever the user brought.

    Attributes
    ----------
    names : list of str
    n : int
        Number of rows.
    named : bool
        Whether the names are the user's own, not x1, x2, ... of an array.
    index : pandas Index or None
        Labels of the rows, by which what else the user gives is matched to them.
    na : tuple
        Cells that stand for a missing value, besides those that always do.
    readings : dict of str to Reading
        How the columns of text that were used as numbers were read; new data are read alike.
    """

    def __init__(
        self,
        frame: Any = None,
        columns: Mapping[str, Column] | None = None,
        native: bool = True,
        named: bool = True,
        decimal: str | None = ".",
    ) -> None:
        self.na: tuple[Any, ...] = ()
        self.decimal = decimal  # what stands before decimals in text; None where a file does not say
        self.readings: dict[str, Reading] = {}
        self.doubted: set[str] = set()  # columns of labels that could be numbers, and that was told
        self.occurrences: dict[str, dict[str, int]] = {}  # of cells, where the rows are some that show each of them
        self.like = False  # whether it holds new data, to be read as those of a fit
        self.source: Any = None  # where its rows come from, if they are read column by column when they are asked for
        self._numbers: dict[str, Any] = {}
        self.index: Any = None
        self._lender: str | None = None  # what the index was taken from, if not from all of the table
        self._places: Any = None  # of the rows in the table they were taken from, see `only`
        self._frame = frame
        self._series: dict[str, Any] = {}  # the columns of the frame that were looked at
        self._columns: dict[str, Any] = {}
        self._yes_no: set[str] = set()  # booleans that are floats here because some are missing
        self._levels: dict[str, Levels] = {}
        self._insists: set[str] = set()
        self._declared: dict[str, bool] = {}  # the same of columns of the frame
        self._marked: set[str] = set()  # text with cells that stand for missing values
        self._texts: dict[str, Any] = {}
        self._spread: tuple[Any, Table] | None = None  # the rows that results are missing for, see `only`
        self._native = native  # whether results go back as a column of the user's own library
        self.named = named
        if frame is not None:
            self.names: list[str] = [str(c) for c in frame.columns]
            self._keys = dict(zip(self.names, frame.columns, strict=True))  # pandas allows names that are not text
            self.n: int = len(frame)
            self.index = alignment.index_of(frame.to_native())
        else:
            given = columns or {}
            self._columns = {name: column.values for name, column in given.items()}
            self._yes_no = {name for name, column in given.items() if column.yes_no}
            self._levels = {name: column.levels for name, column in given.items() if column.levels}
            self._insists = {name for name, column in given.items() if column.insists}
            self._match({name: column.index for name, column in given.items()})
            self.names = list(self._columns)
            self.n = len(next(iter(self._columns.values()))) if self._columns else 0

    @property
    def text_reading(self) -> TextReading:
        """How its text was read, for other tables to be read alike."""
        return TextReading(self.na, self.readings)

    @classmethod
    def without_columns(cls, n: int) -> Table:
        """A table of n rows that holds none of their data."""
        out = cls()
        out.n = n
        return out

    def __contains__(self, name: str) -> bool:
        return name in (self._columns if self._frame is None else self._keys)

    def series(self, name: str) -> nw.Series[Any]:
        """The column as a narwhals series, as it came."""
        return self._of_frame(name) if self._frame is not None else self.alone(name).series(name)

    def _of_frame(self, name: str) -> Any:
        if name not in self._series:
            self._series[name] = self._frame.get_column(self._keys[name])
        return self._series[name]

    def column(self, name: str) -> AnyArray:
        """The column called `name`: a float, integer, bool or object array; missing values are NaN or None."""
        if not is_one_of(name, self):
            raise unknown("column", name, self.names)
        if name not in self._columns:
            values, yes_no = as_array(self._of_frame(name))
            self._columns[name] = without(values, self.na, plain=not self.insists(name)) if self.na else values
            if yes_no:
                self._yes_no.add(name)
        return self._columns[name]

    def number(self, name: str, where: str = "", shown: str | None = None) -> Floats:
        """The column as floats: numbers, or text that says numbers, read as it was before or told in a warning.

        Messages call it by another name where one is `shown`, and say `where` it is.

        Raises
        ------
        DataError
            If it holds anything else, with what stands in the way.
        """
        if name in self._numbers:
            return self._numbers[name]
        if self.insists(name):
            raise DataError(categorical_words(shown or name, self.column(name), where))
        if (found := self.cells(name)) is None:
            return numbers(self.column(name), shown or name)
        cells, codes = found
        if name not in self.readings:
            self.readings[name] = chosen(cells, shown or name, where, signs=not self.like)
        self._numbers[name] = spread(read_all(cells.cells, self.readings[name], name, where), codes)
        return self._numbers[name]

    def measured(self, name: str, shown: str | None = None) -> AnyArray:
        """The column as floats where it says numbers, else as it is: what needs numbers will say what it holds."""
        try:
            return self.number(name, shown=shown)
        except DataError:
            return self.column(name)

    def cells(self, name: str) -> tuple[Texts, Any] | None:
        """The distinct cells of a column of text, and each row's place among them; None if it is not text."""
        text = self.text(name)
        if text is not None:
            levels, codes = text.categories.tolist(), np.asarray(text.codes, dtype=np.intp)
            found = (Texts(tuple(levels), counted(codes, len(levels))), codes) if levels else None
        else:
            values = self.column(name)
            found = texts_in(values) if values.dtype == object else None
        if found is None:
            return None
        if (often := self.occurrences.get(name)) is not None:
            found = replace(found[0], counts=np.array([often[cell] for cell in found[0].cells])), found[1]
        return replace(found[0], decimal=self.decimal, marked=name in self._marked), found[1]

    def as_predictor(self, name: str) -> Reading | Labels | str:
        """What a column of text is as a predictor, or words that ask for more to be said."""
        if name in self.readings:
            return self.readings[name]
        found = None if self.insists(name) else self.cells(name)
        return Labels() if found is None else found[0].as_predictor

    def alone(self, name: str) -> Column:
        """The column by itself."""
        return Column(self.column(name), name in self._yes_no, self.levels(name), self.insists(name), self.index)

    def marked(self, markers: tuple[Any, ...]) -> Table:
        """The same table with cells that stand for missing values."""
        out = copy(self)
        own = {k: without(v, markers, plain=k not in self._insists) for k, v in self._columns.items()}
        out.na, out._columns = markers, own if self._frame is None else {}
        out._texts, out._numbers, out.readings = {}, {}, {}
        out._marked = {
            k for k, v in own.items() if np.count_nonzero(missing(v)) > np.count_nonzero(missing(self._columns[k]))
        }
        return out

    def insists(self, name: str) -> bool:
        """Whether the column is declared to hold levels."""
        if self._frame is not None and name in self._keys:
            if name not in self._declared:
                self._declared[name] = self._of_frame(name).dtype in (nw.Categorical, nw.Enum)
            return self._declared[name]
        return name in self._insists

    def labels(self, name: str) -> AnyArray:
        """The column as labels: yes and no, and whole numbers, are these whether or not some values are missing."""
        return as_labels(self.column(name), name, name in self._yes_no)

    def text(self, name: str) -> Any:
        """A column of text as a pandas Categorical, its levels as declared or sorted; None if it is not text.

        This is quick where a million Python objects are not.
        """
        if name not in self._texts:
            if self._frame is not None and name in self._keys:
                text = as_text(self._of_frame(name))
                if text is not None and (removed := [v for v in text.categories if is_marker(v, self.na)]):
                    text = text.remove_categories(removed)
                    self._marked.add(name)
            else:
                values = self.column(name)
                plain = values.dtype == object and name not in self._levels and set(map(type, values)) <= TEXT
                text = categories(values) if plain else None
            self._texts[name] = text
        return self._texts[name]

    def levels(self, name: str) -> Levels | None:
        """The declared levels of a categorical column that occur, or None."""
        if name in self._levels:
            return self._levels[name]
        if self._frame is None or name not in self:
            return None
        series = self._of_frame(name)
        ordered = True
        if series.dtype == nw.Enum:
            declared = list(series.dtype.categories)
        elif series.dtype == nw.Categorical and hasattr(native := series.to_native(), "cat"):
            declared = list(getattr(native.cat, "categories", []))  # pandas; Polars orders its own by text
            ordered = bool(getattr(native.cat, "ordered", False))
        else:
            return None
        present = set(series.drop_nulls().unique().to_list())
        occur = [level for level in declared if level in present and not is_marker(level, self.na)]
        return Levels(occur, ordered, declared) if present else None

    def only(self, rows: Any, spread: bool = False) -> Table:
        """Some of the rows (a mask), as if the others had never been there.

        With `spread`, results given back in kind have all rows, those left out being missing.
        """
        rows = np.asarray(rows)
        if self._frame is not None:
            out = Table(self._frame.filter(rows.tolist()), native=self._native, named=self.named)
        else:
            out = self._few(rows, int(np.count_nonzero(rows)))
        if out.index is None and self.index is not None:
            out.index = self.index[rows]
        out._lender = self._lender
        out._insists, out._marked = self._insists, self._marked
        out.na, out.decimal, out.readings, out.doubted = self.na, self.decimal, self.readings, self.doubted
        out._texts = {name: occurring(text[rows]) for name, text in self._texts.items() if text is not None}
        out._places = np.flatnonzero(rows) if self._places is None else self._places[rows]
        out._spread = (rows, self) if spread else None
        return out

    def _few(self, rows: Any, n: int) -> Table:
        """Some values of all columns."""
        out = Table(named=self.named)
        out.names, out.n = self.names, n
        for name in self.names:
            values, levels, insists = self._columns[name][rows], self._levels.get(name), name in self._insists
            out._columns[name], yes_no, levels = some_of(values, name in self._yes_no, levels, insists)
            out._yes_no |= {name} if yes_no else set()
            out._levels |= {name: levels} if levels else {}
        return out

    @classmethod
    def joined(cls, first: Table, second: Table) -> Table:
        """The rows of two tables with the same columns, one after the other."""
        columns = {name: appended(first.alone(name), second.alone(name)) for name in first.names}
        out = cls(columns=columns, named=first.named, decimal=first.decimal)
        out.na, out.readings, out.doubted = first.na, first.readings, first.doubted
        out._marked = first._marked | second._marked
        for name in {*first.occurrences, *second.occurrences}:
            out.occurrences[name] = dict(Counter(first.occurrences.get(name)) + Counter(second.occurrences.get(name)))
        return out

    def places(self, rows: Any) -> Integers:
        """Rows as messages count them: from 0, in the data as the user brought them."""
        return np.asarray(rows) if self._places is None else self._places[rows]

    def numbered(self, first: int) -> Table:
        """The same rows, which messages count from another number on."""
        out = copy(self)
        out._places = np.arange(first, first + self.n)
        return out

    def slice(self, lo: int, hi: int) -> Table:
        """Neighbouring rows."""
        return self._taken(slice(lo, hi), np.arange(*slice(lo, hi).indices(self.n)))

    def arranged(self, rows: Any) -> Table:
        """Some rows in some order (indices), which messages count as before."""
        return self._taken(rows, rows)

    def _taken(self, rows: Any, places: Any) -> Table:
        if self._frame is None:
            out = self._few(rows, len(places))
            out.index = None if self.index is None else self.index[rows]
            out._lender, out._insists, out._marked = self._lender, self._insists, self._marked
        else:
            out = Table(self._frame[rows], native=self._native, named=self.named, decimal=self.decimal)
        out.na, out.decimal, out.readings, out.doubted = self.na, self.decimal, self.readings, self.doubted
        out._places = self.places(places)
        return out

    def in_order(self, order: Any) -> Table:
        """The rows in another order (indices; None for their own), as a table of its own."""
        if order is None:
            return self
        out = self.only(np.ones(self.n, dtype=bool))
        if self._frame is not None:
            out._frame, out._columns = self._frame[order], {}
        out._columns = {name: values[order] for name, values in out._columns.items()}
        out._texts, out._places = {}, None
        out.index = None if self.index is None else self.index[order]
        return out

    def in_kind(self, name: str, rows: Any) -> NativeColumn:
        """A column in some rows (indices), as `frame_of` takes it."""
        if self._frame is None or not self._native:
            return self.labels(name)[rows]
        return self._of_frame(name)[np.asarray(rows)]

    def match(self, index: Any, what: str, whose: str = "the data") -> Integers | None:
        """Where this table's rows are in another object of as many rows, by label; None where they go by position.

        The first labels there are become the table's own, if it has none.
        """
        if self.index is None and index is not None:
            self.index, self._lender = index, what
        order = alignment.order(self.index, index, what, self._lender or whose)
        if order is not None and self._lender is not None:
            raise DataError(
                f"{what} has the labels of {self._lender} in another order, and {whose} have none that say which order "
                f"is theirs: give them the same index, or go by position (.to_numpy())"
            )
        return order

    def _match(self, labels: Mapping[str, Any]) -> None:
        """Put columns with labels in the order of the first that has some."""
        if len({len(values) for values in self._columns.values()}) != 1:
            return  # columns of different lengths are told of as such
        labelled = {name: index for name, index in labels.items() if index is not None}
        for name, index in labelled.items():
            if self.index is None and len(labelled) == len(labels):
                self.index = index
            if (order := self.match(index, f"column {name!r}")) is not None:
                self._columns[name] = self._columns[name][order]

    def wrap(self, values: Any, name: str) -> NativeColumn:
        """One value per row as a column of the user's own library; an array for arrays, lists and files."""
        if self._spread is not None and np.ndim(values) == 1 and len(values) == self.n:
            return self._spread[1].wrap(spread_out(values, self._spread[0]), name)
        if self._frame is None or not self._native or np.ndim(values) != 1 or len(values) != self.n:
            return values
        return native_column(self._frame, values, name)

    def wrap_frame(self, columns: Mapping[str, Any]) -> NativeFrame:
        """Several columns as a table of the user's own library; a dict of arrays for arrays, lists and files."""
        if self._spread is not None:
            rows, whole = self._spread
            return whole.wrap_frame({name: spread_out(values, rows) for name, values in columns.items()})
        if self._frame is None or not self._native:
            return dict(columns)
        return native_rows(self._frame, columns)

    def frame_of(self, columns: Mapping[str, Any]) -> NativeFrame:
        """Columns that are not one value per row as a table of the user's own library; a dict of them otherwise."""
        if self._frame is None or not self._native:
            return dict(columns)
        return native_table(self._frame, columns)
