"""From results to standard output, files and messages."""

from __future__ import annotations

import io
import os
import shutil
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from likely.cli.words import in_shell, record_in_shell
from likely.data.writing import destination, write_text
from likely.errors import LikelyWarning

if TYPE_CHECKING:
    from likely.report.terminal import Screen


class Worded:
    """A summary in the words of a shell: its options where Python has calls and arguments."""

    def __init__(self, summary: Any) -> None:
        self.summary = summary

    @property
    def blocks(self) -> list[Any]:
        return [_worded(block) for block in self.summary.blocks]

    def __str__(self) -> str:
        from likely.report.blocks import as_text

        return as_text(self.blocks)


def _worded(block: Any) -> Any:
    from likely.report.blocks import LabelledRows

    if isinstance(block, LabelledRows):
        return LabelledRows(tuple((label, in_shell(text)) for label, text in block.rows))
    return in_shell(block).removesuffix(".") + "." if isinstance(block, str) else block


def worded_comparison(found: Any) -> Any:
    """A comparison in the words of a shell."""
    return replace(found, rows=tuple(replace(row, end=row.end.reworded(in_shell)) for row in found.rows))


def table_record(found: Any, L: Any) -> dict[str, Any]:
    names = list(found.candidates[0])
    return {
        "family": L.model.family.name,
        "response": L.model.response,
        "n": L.n,
        "peak": dict(found.peak),
        "peak_loglik": found.peak_loglik,
        "candidates": [
            {
                "at": {name: row[name] for name in names},
                **{key: row[key] for key in ("likelihood", "loglik", "relative", "surprise", "best")},
                "verdict": found.verdict(row["relative"]),
            }
            for row in found.rows
        ],
    }


def output_file(path: Path, command: str) -> Path:
    """Where a command writes what it found, checked before the work is done."""
    from likely.report.html import report_file

    if command == "report":
        return report_file(path)
    if command == "predict":
        return destination(path, "a table of predictions", (".csv", ".parquet", ".json"))
    if command == "groups":
        return destination(path, "a result by group", (".txt", ".csv", ".parquet", ".json"))
    return destination(path, "a result", (".txt", ".json"))


def is_json(output: Path | None) -> bool:
    return output is not None and output.suffix.lower() == ".json"


def emit(shown: Any, record: Callable[[], dict[str, Any]], json: bool, output: Path | None) -> None:
    """Print or write a result, as text or as JSON."""
    text = None
    if json or is_json(output):
        text = as_json(record(), ascii_only=output is None and not _holds_all(sys.stdout))
    if output is None and text is None:
        screen().show(shown)
        return
    text = str(shown) if text is None else text
    if output is None:
        write(text)
        return
    write_text(output, text + "\n")
    say(f"Written to {output}.")


def as_json(record: dict[str, Any], ascii_only: bool = False) -> str:
    """A record as one JSON document."""
    from json import dumps

    from likely.show.text_table import plain

    return dumps(plain(record_in_shell(record)), indent=2, ensure_ascii=ascii_only, allow_nan=False)


def emit_error(message: str, kind: str, code: int) -> None:
    """An error as a JSON document, for who reads standard output."""
    write(as_json({"error": message, "kind": kind, "exit_code": code}, ascii_only=not _holds_all(sys.stdout)))


def screen(error: bool = False) -> Screen:
    from likely.report.terminal import Screen

    return Screen(sys.stderr if error else sys.stdout)


def say(message: str) -> None:
    """A message on standard error, as one paragraph."""
    width = min(shutil.get_terminal_size((100, 24)).columns, 100)
    write(textwrap.fill(message, width, break_long_words=False, break_on_hyphens=False), sys.stderr)


def write(text: str, stream: IO[str] | None = None) -> None:
    """A text and the end of its line, on standard output by default."""
    stream = sys.stdout if stream is None else stream
    stream.write(text + "\n")
    stream.flush()


# -- streams ------------------------------------------------------------------------------------------------------


def prepare_streams() -> None:
    """Let letters that a stream's encoding does not have be written as escapes, not end in an error.

    In place of a stream that was closed when the process started, which Python leaves out, stands one that is empty
    or that cannot be written.
    """
    for name, mode in (("stdin", "r"), ("stdout", "r"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 (it stays open)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _holds_all(stream: Any) -> bool:
    """Whether a stream's encoding has every letter."""
    return str(getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "").startswith("utf")


def unwritable(error: OSError) -> None:
    """Tell that standard output cannot be written, and keep Python from trying again at its exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    with suppress(OSError):
        why = "it is closed" if isinstance(error, io.UnsupportedOperation) else error.strerror or error
        say(f"Error: cannot write the output: {why}.")


@contextmanager
def warnings_as_notes() -> Iterator[None]:
    """likely's warnings as messages on standard error, each once."""
    shown: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *args: Any, **kwargs: Any) -> None:
        text = str(message)
        if text not in shown:
            shown.add(text)
            text = in_shell(text)
            say(f"Note: {text[:1].upper()}{text[1:].removesuffix('.')}.")

    with warnings.catch_warnings():
        warnings.simplefilter("always", LikelyWarning)
        warnings.showwarning = show
        yield
