"""Fits of groups on the terminal and in files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from likely.cli.guard import FAILED
from likely.cli.output import Worded, emit, say
from likely.cli.predictions import as_csv, as_parquet
from likely.data.writing import write_bytes, write_text
from likely.errors import OptionError

if TYPE_CHECKING:
    from likely.results.group_fits import GroupFits


def check_options(save: Path | None, level: float, interval: str) -> None:
    """Refuse options that are for one fit."""
    for option, given in (("--save", save is not None), ("--level", level != 0.95), ("--interval", interval != "wald")):
        if given:
            raise OptionError(f"{option} is for one fit, and --by makes one for each group: leave out one of them")


def emit_groups(fits: GroupFits, json: bool, output: Path | None) -> None:
    """Print or write the fits; a CSV or Parquet file has a line for each group."""
    suffix = "" if output is None else output.suffix.lower()
    if output is None or suffix not in (".csv", ".parquet"):
        emit(Worded(fits.summary()), fits.to_dict, json, output)
    else:
        frame: Any = fits.to_frame()
        columns: dict[str, Any] = dict(frame)
        if suffix == ".csv":
            write_text(output, as_csv(columns))
        else:
            write_bytes(output, as_parquet(columns))
        say(f"Written to {output}.")
    if not any(fits.found.converged):
        raise typer.Exit(FAILED)
