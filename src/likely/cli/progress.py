"""How a long fit is getting on, in one line on standard error; silent unless a person is watching."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import Any, final

PATIENCE = 2.0  # seconds before there is anything to see


@final
class Progress:
    """A status line that appears when a command takes long, and leaves no trace.

    Parameters
    ----------
    wanted : bool
        Whether to show anything; in any case nothing is shown unless both streams are terminals.
    patience : float
        Seconds before the line appears.
    """

    def __init__(self, wanted: bool = True, patience: float = PATIENCE) -> None:
        self.watched = wanted and sys.stdout.isatty() and sys.stderr.isatty()
        self.text = "reading the data, setting up"
        self._status: Any = None
        self._lock = threading.Lock()
        self._over = False
        self._timer = threading.Timer(patience, self._appear)
        self._timer.daemon = True

    def __enter__(self) -> Progress:
        if self.watched:
            self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._timer.cancel()
        with self._lock:
            self._over = True
            if self._status is not None:
                self._status.stop()

    def _appear(self) -> None:
        from rich.console import Console
        from rich.status import Status

        with self._lock:
            if not self._over:
                self._status = Status(self.text, console=Console(stderr=True))
                self._status.start()

    def say(self, text: str) -> None:
        """What is being done."""
        with self._lock:
            self.text = text
            if self._status is not None:
                self._status.update(text)

    def step(self, iteration: int, point: Any, decrement: float) -> None:
        """A pass of the search, as `likely.fit` tells it."""
        where = f"log-likelihood {point.value:,.3f}, {decrement:.2g} standard errors from the peak"
        self.say(f"fitting: pass {iteration + 1}, {where}")

    def draw(self, done: int, of: int) -> None:
        """A refit of the bootstrap."""
        self.say(f"bootstrap: {done:,} of {of:,} refits")
