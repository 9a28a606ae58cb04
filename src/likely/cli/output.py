"""From results to standard output, files and messages."""

from __future__ import annotations

import math
import shutil
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from likely.errors import LikelyWarning, OptionError

if TYPE_CHECKING:
    from likely.report.terminal import Screen


class Table:
    """A likelihood table with the sentence below it."""

    def __init__(self, found: Any, n: float) -> None:
        from likely.grid import Grid, number

        names = list(found.candidates[0])
        header = (*names, "likelihood", "relative", "surprise (nats)", "how surprising")
        rows = tuple(
            (
                *(number(row[name]) for name in names),
                number(row["likelihood"], 3)
                if row["likelihood"] or math.isinf(row["loglik"])
                else _tiny(row["loglik"]),
                number(row["relative"], 3),
                number(row["surprise"], 4),
                found.verdict(row["relative"]),
            )
            for row in found.rows
        )
        peak = ", ".join(f"{name} = {number(value)}" for name, value in found.peak.items())
        below = f"The peak is at {peak}: log-likelihood {found.peak_loglik:.6g}, n = {n:,}."
        self.blocks = [Grid(header, rows, "r" * (len(header) - 1) + "l"), below]

    def __str__(self) -> str:
        return "\n\n".join(str(block) for block in self.blocks)


def _tiny(log: float) -> str:
    """A likelihood too small for a float."""
    return f"exp({log:.1f})"


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


def is_json(output: Path | None) -> bool:
    return output is not None and output.suffix.lower() == ".json"


def emit(shown: Any, record: Callable[[], dict[str, Any]], json: bool, output: Path | None) -> None:
    """Print or write a result, as text or as JSON."""
    text = None
    if json or is_json(output):
        from json import dumps

        from likely.grid import plain

        text = dumps(plain(record()), indent=2, ensure_ascii=False, allow_nan=False)
    if output is None and text is None:
        screen().show(shown)
        return
    text = str(shown) if text is None else text
    if output is None:
        typer.echo(text)
        return
    try:
        output.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise OptionError(f"cannot write {str(output)!r}: {error.strerror}") from error
    say(f"Written to {output}.")


def screen(error: bool = False) -> Screen:
    from likely.report.terminal import Screen

    return Screen(sys.stderr if error else sys.stdout)


def say(message: str) -> None:
    """A message on standard error, as one paragraph."""
    width = min(shutil.get_terminal_size((100, 24)).columns, 100)
    typer.echo(textwrap.fill(message, width, break_long_words=False, break_on_hyphens=False), err=True)


@contextmanager
def warnings_as_notes() -> Iterator[None]:
    """likely's warnings as messages on standard error, each once."""
    said: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *args: Any, **kwargs: Any) -> None:
        text = str(message)
        if text not in said:
            said.add(text)
            say(f"Note: {text[:1].upper()}{text[1:]}.")

    with warnings.catch_warnings():
        warnings.simplefilter("always", LikelyWarning)
        warnings.showwarning = show
        yield
