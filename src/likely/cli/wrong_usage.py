"""Wrong usage told as every other error is: with --json as one JSON document."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, final

import typer
from typer.core import TyperGroup

from likely.cli.output import emit_error, prepare_streams, say

USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[1]  # of the command line: Typer has no name of its own for it


@final
class Group(TyperGroup):
    """The commands together."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command that the arguments name; see Typer."""
        given = list(sys.argv[1:] if args is None else args)
        if not standalone_mode or not asks_for_json(given):
            return super().main(given, prog_name, complete_var, standalone_mode, windows_expand_args, **extra)
        try:
            code = super().main(given, prog_name, complete_var, False, windows_expand_args, **extra)
        except USAGE_ERROR as error:
            prepare_streams()
            message, code = str(error.format_message()).rstrip("."), int(error.exit_code)  # type: ignore[attr-defined]
            say(f"Error: {message}")
            emit_error(message, "UsageError", code)
        sys.exit(code if isinstance(code, int) else 0)


def asks_for_json(given: Sequence[str]) -> bool:
    """Whether JSON is wanted, of arguments that may not make sense together."""
    options = given[: given.index("--")] if "--" in given else given
    return any(word == "--json" or word.startswith("--json=") for word in options)
