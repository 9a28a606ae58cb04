"""Arrays that grow batch by batch, in memory as long as all of them fit there, else in files."""

from __future__ import annotations

import mmap
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, final

import numpy as np

from likely.compute.memory_limit import in_words
from likely.errors import DataError
from likely.namespace.arrays import Floats


@final
class Store:
    """Arrays by number, to which rows are added at the end.

    Once they need more than `memory` bytes they are written to files without a name, which go with the process, and are
    mapped when they are done: the system keeps in memory what it has room for.

    Parameters
    ----------
    memory : float
        Bytes that all arrays together may need in memory; all may, by infinity.
    folder : Path, optional
        Where files are made; by default the system's folder for temporary ones.

    Examples
    --------
    >>> store = Store(memory=0)
    >>> store.add(0, np.array([1.0, 2.0]))
    >>> store.add(0, np.array([3.0]))
    >>> store.array(0).tolist(), store.in_files
    ([1.0, 2.0, 3.0], True)
    """

    def __init__(self, memory: float, folder: Path | None = None) -> None:
        self._memory, self._folder = memory, folder
        self._held: dict[int, list[Any]] = {}
        self._files: dict[int, Any] = {}
        self._like: dict[int, Any] = {}  # of each array its first rows, for type and shape
        self._rows: dict[int, int] = {}
        self._bytes = 0
        self.in_files = False

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files of arrays that were not asked for, as after an error."""
        for file in self._files.values():
            with suppress(OSError):  # what was not written cannot be
                file.close()

    @property
    def size(self) -> int:
        """Bytes of all rows so far."""
        return self._bytes

    def add(self, number: int, rows: Any) -> None:
        """More rows of an array, of the type and width of those before.

        Raises
        ------
        DataError
            If files cannot hold them.
        """
        rows = np.ascontiguousarray(rows)
        like = self._like.setdefault(number, rows[:0].copy())
        if rows.dtype != like.dtype:  # whole numbers in one batch, others in the next
            raise DataError(f"a batch holds values of type {rows.dtype} where those before it held {like.dtype}")
        self._rows[number] = self._rows.get(number, 0) + len(rows)
        self._bytes += rows.nbytes
        if not self.in_files:
            self._held.setdefault(number, []).append(rows)
            if self._bytes > self._memory:
                self._write_held()
        else:
            self._write(number, rows)

    def array(self, number: int) -> Floats:
        """An array with all its rows; nothing can be added to it after."""
        if not self.in_files:
            return np.concatenate(self._held.pop(number))
        file, like = self._files.pop(number), self._like[number]
        shape = self._rows[number], *like.shape[1:]
        try:
            with file:
                file.flush()
                if 0 in shape:  # an array without columns has no bytes
                    return np.empty(shape, like.dtype)
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise self._refused(error) from error
        return np.frombuffer(mapped, like.dtype).reshape(shape)

    def _write_held(self) -> None:
        self.in_files = True
        for number in list(self._held):
            for rows in self._held.pop(number):
                self._write(number, rows)

    def _write(self, number: int, rows: Any) -> None:
        try:
            if number not in self._files:
                self._files[number] = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115
            self._files[number].write(memoryview(rows).cast("B") if rows.size else b"")
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> DataError:
        where = self._folder or tempfile.gettempdir()
        return DataError(
            f"the rows need {in_words(self._bytes)} so far, more than the memory that they may have, and cannot be "
            f"written to {where}: {error.strerror}. Make room there, or set TMPDIR to a folder that has it"
        )
