"""How commands end: errors become a message and an exit code."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import typer

from likely.cli.output import emit_error, output_file, prepare_streams, say, unwritable, warnings_as_notes
from likely.cli.words import in_shell
from likely.errors import FitError, InternalError, Interrupted, LikelyError, WriteError
from likely.progress import Task

FAILED, MISUSED, BROKEN, INTERRUPTED = 1, 2, 3, 130


class GlobalOptions:
    """What the options before the command say."""

    debug = False


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose errors become a message and an exit code."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        prepare_streams()
        try:
            if kwargs.get("output") is not None:
                name = "groups" if kwargs.get("by") else command.__name__
                kwargs["output"] = output_file(kwargs["output"], name)
            with warnings_as_notes():
                command(*args, **kwargs)
            sys.stdout.flush()
        except KeyboardInterrupt as stopped:
            state = stopped.state if isinstance(stopped, Interrupted) else None
            message = "Interrupted" + (f" {state.reached}" if state is not None else "") + "; there is no result."
            say(message)
            if kwargs.get("json"):
                emit_error(message, "Interrupted", INTERRUPTED)
            raise typer.Exit(INTERRUPTED) from None
        except Exception as error:
            if GlobalOptions.debug or isinstance(error, (typer.Exit, typer.Abort, BrokenPipeError)):
                raise
            if isinstance(error, OSError) and not isinstance(error, LikelyError):
                unwritable(error)
                raise typer.Exit(FAILED) from None
            message, code = _message_and_code(error)
            say(message)
            if kwargs.get("json"):
                emit_error(message if code == BROKEN else message.partition(": ")[2], type(error).__name__, code)
            raise typer.Exit(code) from None

    return run


def status_line(json: bool) -> Task:
    """The status line of a command: for a person who waits, and whose results it cannot get between."""
    return Task("", None if not json and sys.stdout.isatty() else False, patience=2.0, long=True)


def _message_and_code(error: Exception) -> tuple[str, int]:
    """What to say of an error, and the exit code."""
    if isinstance(error, FitError):
        return f"The fit failed: {in_shell(str(error))}", FAILED
    if isinstance(error, WriteError):
        return f"Error: {error}", FAILED
    if isinstance(error, LikelyError) and not isinstance(error, InternalError):
        return f"Error: {in_shell(str(error))}", MISUSED
    if isinstance(error, MemoryError):
        return "Error: these data, or this model, need more memory than there is. Use fewer rows or columns", MISUSED
    fault = error.__cause__ if isinstance(error, InternalError) and error.__cause__ else error
    return (
        f"Bug in likely ({type(fault).__name__}: {fault}). Please report it with what likely --debug ... prints.",
        BROKEN,
    )
