"""CSV and Parquet files, read strictly: a row of the wrong width is an error, never a shifted column."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from likely.data.cells import Cell
from likely.errors import DataError, listed

PARQUET = (".parquet", ".pq")
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def read_path(given: str | Path) -> tuple[Any, str | None]:
    """The table in a CSV or Parquet file, as pandas or PyArrow has it, and what stands before decimals in its text.

    Raises
    ------
    DataError
        If there is no such file, or it does not hold a table; the message says which line is at fault.
    """
    path, ending = find(given)
    try:
        if ending in PARQUET:
            from pyarrow import parquet

            return parquet.read_table(path), "."
        content = path.read_bytes()
        if ending.endswith(".gz"):
            content = gzip.decompress(content)
    except Exception as error:  # readers raise many kinds
        raise DataError(f"cannot read {str(path)!r}: {error}") from error
    return _read_csv(content, "\t" if ending.startswith(".tsv") else ",", repr(str(path)))


def read_open(handle: Any) -> tuple[Any, str | None]:
    """The table in an open file or `io.StringIO`, read as CSV, and what stands before decimals in its text."""
    try:
        content = handle.read()
    except Exception as error:
        raise DataError(f"cannot read from the open file {handle!r}: {error}") from error
    if isinstance(content, str):
        content = content.encode()
    if not isinstance(content, bytes):
        raise DataError(f"reading {handle!r} gave {type(content).__name__}, not text")
    if content[:4] == b"PAR1":
        raise DataError("the open file is a Parquet file: pass its path")
    return _read_csv(content, ",", "the open file")


def is_parquet(path: Path) -> bool:
    """Whether a file is one, by its name."""
    return path.name.lower().endswith(PARQUET)


def read_lines(content: bytes, path: Path, where: str, before: int = 0, texts: Collection[str] = ()) -> Any:
    """The table in some lines of a CSV file, below its header, and what stands before decimals in its text.

    Parameters
    ----------
    content : bytes
        The header, and the lines.
    path : Path
        The file.
    where : str
        The file in messages.
    before : int, optional
        How many lines of the file stand between the header and these.
    texts : collection of str, optional
        Columns that are text although these lines may hold numbers alone.
    """
    separator = "\t" if path.name.lower().removesuffix(".gz").endswith(".tsv") else ","
    return _read_csv(content, separator, where, before, texts)


def find(given: str | Path) -> tuple[Path, str]:
    """The path, and the lower-case ending that says what it holds."""
    text = str(given)
    shown = repr(text if len(text) <= 80 else text[:77] + "...")
    if not text.strip() or (isinstance(given, Path) and text == "."):
        raise DataError("the path is empty; a string is read as a path to a CSV or Parquet file")
    if "://" in text:
        raise DataError(f"{shown} is an address, and likely reads files: download it, or read it with pandas.read_csv")
    if "\n" in text:
        raise DataError(
            f"a string is read as a path to a CSV or Parquet file, and {shown} has several lines; if it is the text of "
            "a CSV file, pass io.StringIO(text)"
        )
    try:
        path = Path(text).expanduser()
        exists = path.exists()
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(
            f"a string is read as a path to a CSV or Parquet file, and {shown} cannot be one: {error}"
        ) from (error)
    if not exists:
        raise DataError(f"there is no file {shown}; a string is read as a path to a CSV or Parquet file")
    if path.is_dir():
        raise DataError(
            f"{shown} is a folder; name a CSV or Parquet file in it, or all of them, {str(path / '*.parquet')!r}"
        )
    name = path.name.lower()
    ending = Path(name).suffix
    if ending == ".gz":
        ending = Path(Path(name).stem).suffix + ending
    if ending not in (".parquet", ".pq", ".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz", ".gz"):
        raise DataError(f"cannot read {shown}: the name must end in .csv, .tsv or .parquet")
    return path, ending


def _read_csv(
    content: bytes, separator: str, where: str, before: int = 0, texts: Collection[str] = ()
) -> tuple[Any, str | None]:
    import pandas as pd

    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise DataError(f"{where} is written in UTF-16: save it as UTF-8")
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1 + before
        raise DataError(
            f"line {line} of {where} is not UTF-8 text: save the file as UTF-8, or read it with "
            "pandas.read_csv(..., encoding='latin-1')"
        ) from error
    content = content.removeprefix(b"\xef\xbb\xbf")
    if not content.strip():
        raise DataError(f"{where} is empty")
    separator = _check_header(content, separator, where)
    _check_widths(content, separator, where, before)
    rows = content.strip(b"\r\n")
    # in a file of one column an empty line between others is a missing value, in a wider one it is no row
    several = separator.encode() in rows.partition(b"\n")[0]
    how = {"sep": separator, "index_col": False, "low_memory": False, "skip_blank_lines": several}
    how |= {"dtype": dict.fromkeys(texts, str)} if texts else {}
    try:
        # pandas' reader: it knows the usual spellings of a missing value
        frame = _with_codes(pd.read_csv(io.BytesIO(rows), **how), rows, how)
        return (frame, ".") if separator != ";" else _with_decimals(frame, io.BytesIO(rows), how)
    except DataError:
        raise
    except Exception as error:
        raise DataError(f"cannot read {where}: {error}") from error


def _with_codes(frame: Any, rows: bytes, how: dict[str, Any]) -> Any:
    """The table with codes such as 01234 as the texts that they are: as numbers they would lose their zeros."""
    import pandas as pd

    if re.search(rb'(?:^|[\n"' + re.escape(how["sep"].encode()) + rb"])0\d", rows) is None:
        return frame
    numbers = [name for name, kind in frame.dtypes.items() if kind.kind in "iuf"]
    texts = pd.read_csv(io.BytesIO(rows), **{**how, "dtype": str}, usecols=numbers)
    for name in numbers:
        cells = texts[name].dropna()
        if cells.str.fullmatch(r"0\d+").any() and cells.str.fullmatch(r"\d+").all():
            frame[name] = texts[name]
    return frame


def _with_decimals(frame: Any, source: Any, how: dict[str, Any]) -> tuple[Any, str | None]:
    """The table of a file with semicolons, and what stands before its decimals: a comma, a point, or None for unknown.

    A number such as 1,234 or 1.234 says nothing; 0,5 or 0.25 does. Columns whose numbers a decimal comma would change
    stay text.
    """
    import pandas as pd

    open_to_doubt = [name for name, kind in frame.dtypes.items() if kind.kind not in "iub"]
    if not open_to_doubt:
        return frame, "."
    texts = pd.read_csv(source, **how, usecols=open_to_doubt, dtype=str)
    says: dict[Any, str] = {}
    for name in open_to_doubt:
        parsed = [Cell.of(cell) for cell in texts[name].dropna().unique()]
        cells = [cell for cell in parsed if cell is not None]
        if 2 * len(cells) <= len(parsed):
            continue
        point, comma = (any(cell.mark(sign) is None for cell in cells) for sign in ",.")
        doubt = any(cell.ambiguous for cell in cells)
        if point or comma or doubt:
            says[name] = "." if point and not comma else "," if comma and not point else "?"
    said = set(says.values())
    decimal = (
        "." if "," not in said and ("." in said or not said) else "," if said <= {",", "?"} and "," in said else None
    )
    for name, sign in says.items():
        if decimal != "." and sign != ".":
            frame[name] = texts[name]
    return frame, decimal


def _check_header(content: bytes, separator: str, where: str) -> str:
    """The separator, a semicolon where the first line has these and no commas; refuse a line that names no columns."""
    start = content.lstrip(b"\r\n")[:1_000_000].decode(errors="ignore")
    try:
        names = next(csv.reader(io.StringIO(start, newline=""), delimiter=separator))
    except (csv.Error, StopIteration) as error:
        raise DataError(f"cannot read the first line of {where}: {error}") from error
    if len(names) == 1 and separator == "," and ";" in names[0]:
        separator = ";"
        names = next(csv.reader(io.StringIO(start, newline=""), delimiter=separator))
    if len(names) == 1:
        for other, word in SEPARATORS.items():
            if other != separator and other in names[0]:
                raise DataError(
                    f"{where} looks separated by {word}, not {'tabs' if separator == chr(9) else 'commas'}: its first "
                    f"line is {names[0][:80]!r}. Read it with pandas.read_csv(..., sep={other!r}) and pass the table"
                )
    named = [name.strip() for name in names if name.strip()]
    if twice := sorted({name for name in named if named.count(name) > 1}):
        raise DataError(f"{where} has more than one column called {listed(twice)}; names must be distinct")
    if named and all(_is_number(name) for name in named):
        raise DataError(
            f"{where} seems to have no header: its first line holds numbers only ({listed(named, 5)}). Write the names "
            "of the columns above the data"
        )
    return separator


def _check_widths(content: bytes, separator: str, where: str, before: int) -> None:
    """Refuse rows with more or fewer fields than the header."""
    import pyarrow as pa
    from pyarrow import csv as arrow

    wrong: list[Any] = []

    def note(row: Any) -> str:
        wrong.append(row)
        return "skip"

    def scan(threads: bool) -> None:
        arrow.read_csv(
            pa.BufferReader(content),
            read_options=arrow.ReadOptions(autogenerate_column_names=True, use_threads=threads),
            parse_options=arrow.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=note),
            convert_options=arrow.ConvertOptions(include_columns=["f0"], column_types={"f0": pa.binary()}),
        )

    try:
        scan(True)
        if wrong:  # row numbers are known to a single thread only
            wrong.clear()
            scan(False)
    except pa.ArrowException as error:
        raise DataError(f"cannot read {where}: {error}") from error
    if wrong:
        row = wrong[0]
        line = _line_of(content, row.text, row.number) + before
        more = f", and {len(wrong) - 1} more lines are of the wrong width" if len(wrong) > 1 else ""
        comma = "; it ends with a separator" if row.text.rstrip().endswith(separator) else ""
        raise DataError(
            f"line {line} of {where} has {row.actual_columns} fields, its header {row.expected_columns}{more}{comma}. "
            "Quote a text that holds the separator, and give every line as many fields as there are names"
        )


def _line_of(content: bytes, text: str, number: int | None) -> int:
    """The line on which a row stands: blank lines and line breaks in quotes count."""
    at = content.find(b"\n" + text.encode())
    return content.count(b"\n", 0, at) + 2 if at >= 0 else int(number or 1)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
