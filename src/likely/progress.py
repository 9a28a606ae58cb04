"""How long work is getting on: one line where a person is watching, silence everywhere else.

A `Task` says what it is doing. The outermost one owns the line, which appears once the work has taken about a second:
on a terminal with rich's spinner, in a notebook as an output that is rewritten. Tasks inside it add to the same line.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Protocol, final

from likely.errors import OptionError

PATIENCE = 1.0  # seconds before there is anything to see
OFTEN = 0.2  # seconds between two looks at an output that does not redraw itself
AUTO = "auto"

_current: ContextVar[Task | None] = ContextVar("likely_task", default=None)


@final
class Task:
    """A piece of work that may take long, as a context; the line leaves no trace.

    Parameters
    ----------
    title : str
        What is being done.
    wanted : None, "auto", bool or callable
        "auto" (or None, or a callable, which is told separately) shows a line on a terminal and in a notebook when the
        work takes long; True shows it at once, and where nobody can see a line change, prints one now and then; False
        shows nothing, of the tasks inside neither.
    patience : float
        Seconds before the line appears.
    long : bool
        Whether the line should appear on time although nothing has been said yet.
    alone : bool
        Whether the tasks inside are too small to be worth a word.
    """

    def __init__(
        self, title: str, wanted: Any = AUTO, *, patience: float = PATIENCE, long: bool = False, alone: bool = False
    ) -> None:
        self.title, self.text, self.share = title, "", ""
        self._wanted, self._patience, self._long, self._alone = wanted, patience, long, alone
        self._line: _Line | None = None
        self._owner = False
        self._token: Token[Task | None] | None = None
        self._began = 0.0

    @property
    def watched(self) -> bool:
        """Whether anybody may see what is said: if not, there is no need to word it."""
        return self._line is not None

    def __enter__(self) -> Task:
        self._began = time.perf_counter()
        outer = _current.get()
        if self._wanted is not False:
            if outer is None or (self._wanted is True and outer._line is None):
                sink = _sink(self._wanted is True)
                self._owner = sink is not None
                self._line = None if sink is None else _Line(sink, 0.0 if self._wanted is True else self._patience)
            elif not outer._alone:
                self._line = outer._line
        if self._line is not None:
            self._line.tasks.append(self)
            self._line.begin(self._long)
        self._token = _current.set(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._token is not None:
            _current.reset(self._token)
        if self._line is not None:
            if self._owner:
                self._line.end()
            self._line.tasks.remove(self)

    def say(self, text: str) -> None:
        """What is being done now."""
        if self._line is not None:
            self.text = text
            self._line.touch()

    def count(self, done: int, total: int, what: str) -> None:
        """How many of a number of equal pieces are done; the time left follows from those."""
        if self._line is not None:
            left = self.spent / done * (total - done) if done else None
            self.say(f"{done:,} of {total:,} {what}{time_left(left)}")

    def pace(self, done: int, total: int | None, what: str) -> None:
        """How many of many equal pieces are done, and how many a second; the time left follows where all are known."""
        if self._line is not None and self.spent > 0.0:
            rate = f", {done / self.spent:,.0f} a second"
            left = None if total is None or not done else self.spent / done * (total - done)
            self.say(f"{done:,}{'' if total is None else f' of {total:,}'} {what}{rate}{time_left(left)}")

    def within(self, share: float) -> None:
        """How much of the present step is done, from 0 to 1."""
        if self._line is not None:
            self.share = f" ({share:.0%} of a pass)" if share < 1.0 else ""
            self._line.touch()

    @property
    def spent(self) -> float:
        """Seconds since the work began."""
        return time.perf_counter() - self._began


def tell_share(done: int, total: int) -> None:
    """How many of the equal pieces of a pass over the rows are done, for the innermost task."""
    if (task := _current.get()) is not None:
        task.within(done / total)


def time_left(seconds: float | None) -> str:
    """An estimate in words; nothing where there is none or it is too short to matter.

    >>> time_left(None), time_left(0.3), time_left(7.2), time_left(200), time_left(9000)
    ('', '', ', about 7 s left', ', about 3 min left', ', about 2.5 h left')
    """
    if seconds is None or seconds < 0.5:
        return ""
    if seconds < 99:
        return f", about {max(1, round(seconds))} s left"
    return f", about {seconds / 60:.0f} min left" if seconds < 5940 else f", about {seconds / 3600:.1f} h left"


def check_progress(progress: Any, arguments: str) -> Callable[..., None] | None:
    """The callable that the user gave as ``progress=``, None where it is one of the other choices.

    Parameters
    ----------
    progress
    arguments : str
        What a callable is called with, for the message.
    """
    if callable(progress):
        return progress
    if progress is None or isinstance(progress, bool) or (isinstance(progress, str) and progress == AUTO):
        return None
    raise OptionError(f"progress is 'auto', True, False or a function of {arguments}; found {progress!r}")


# -- the line ------------------------------------------------------------------------------------------------


class _Sink(Protocol):
    """Where a line is shown."""

    def start(self, line: _Line) -> None: ...

    def changed(self, line: _Line) -> None: ...

    def stop(self) -> None: ...


@final
class _Line:
    """The one line, and who has something to say in it: the outermost task first."""

    def __init__(self, sink: _Sink, patience: float) -> None:
        self.tasks: list[Task] = []
        self._sink, self._patience = sink, patience
        self._lock = threading.Lock()
        self._shown = self._over = False
        self._due = time.perf_counter() + patience
        self._timer: threading.Timer | None = None

    def __str__(self) -> str:
        parts = [": ".join(filter(None, (task.title, task.text))) + task.share for task in list(self.tasks)]
        return " | ".join(filter(None, parts))

    def begin(self, long: bool) -> None:
        if self._patience <= 0.0:
            self._appear()
        elif long and self._timer is None:  # a thread for a short fit would cost more than the fit
            self._timer = threading.Timer(self._patience, self._appear)
            self._timer.daemon = True
            self._timer.start()

    def touch(self) -> None:
        if self._shown:
            self._sink.changed(self)
        elif time.perf_counter() >= self._due:
            self._appear()

    def _appear(self) -> None:
        with self._lock:
            if not self._shown and not self._over:
                self._sink.start(self)
                self._shown = True

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            self._over = True
            if self._shown:
                self._sink.stop()


def _sink(insist: bool) -> _Sink | None:
    """Where a person is watching; None where nobody is."""
    if threading.current_thread() is not threading.main_thread():
        return None  # several fits at once have no line to share
    if _in_notebook():
        return _Notebook()
    watched = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    if watched and (insist or "PYTEST_CURRENT_TEST" not in os.environ):
        return _Terminal()
    return _Lines() if insist and sys.stderr is not None else None


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and hasattr(shell, "kernel")


@final
class _Terminal:
    """A spinner and the line beside it, redrawn by rich."""

    def start(self, line: _Line) -> None:
        from rich.console import Console
        from rich.status import Status

        console = Console(stderr=True)
        self._status = Status(_Renderable(line), console=console)
        self._status.start()

    def changed(self, line: _Line) -> None:
        """Rich looks at the line by itself."""

    def stop(self) -> None:
        self._status.stop()


@final
class _Renderable:
    """The line as it is whenever rich draws it; on a narrow terminal it takes two."""

    def __init__(self, line: _Line) -> None:
        self._line = line

    def __rich__(self) -> Any:
        from rich.text import Text

        return Text(str(self._line))


@final
class _Notebook:
    """An output of the cell, rewritten."""

    def start(self, line: _Line) -> None:
        from IPython.display import display  # type: ignore[import-not-found]

        self._drawn = time.perf_counter()
        self._handle = display(self._bundle(str(line)), raw=True, display_id=True)

    def changed(self, line: _Line) -> None:
        if (now := time.perf_counter()) - self._drawn >= OFTEN:
            self._drawn = now
            self._handle.update(self._bundle(str(line)), raw=True)

    def stop(self) -> None:
        self._handle.update(self._bundle(""), raw=True)

    @staticmethod
    def _bundle(text: str) -> dict[str, str]:
        return {"text/plain": text}


@final
class _Lines:
    """Lines on standard error, now and then, for a log that was asked for."""

    def start(self, line: _Line) -> None:
        self._last_shown = -float("inf")
        self.changed(line)

    def changed(self, line: _Line) -> None:
        if (now := time.perf_counter()) - self._last_shown >= OFTEN:
            self._last_shown = now
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    def stop(self) -> None:
        pass
