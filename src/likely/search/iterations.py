"""What a search for the peak has reached: shown as progress, and kept where the search is interrupted."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, final

import numpy as np

from likely.compute.solve.newton import Point
from likely.errors import Interrupted
from likely.likelihoods.log_likelihood import LogLikelihood
from likely.models import scale
from likely.progress import Task, time_left
from likely.search.state import FitState

MANY = 1_000_000  # rows, of which it is worth saying how quickly they are gone through
ProgressCallback = Callable[[int, Point, float], None]  # iteration, point, distance to the peak in standard errors


@final
class SearchHistory:
    """The passes of one search over all rows, and the best point that it accepted.

    Parameters
    ----------
    L : LogLikelihood
    task : Task
        Where it is shown.
    callback : callable, optional
        The user's own; called as ``callback(iteration, point, decrement)``.
    since : FitState, optional
        Where an earlier search had got to.

    Attributes
    ----------
    to_original : callable
        From the point of the search to the user's coordinates, where they differ.
    """

    def __init__(
        self, L: LogLikelihood, task: Task, callback: ProgressCallback | None = None, since: FitState | None = None
    ) -> None:
        self._likelihood, self._task, self._callback = L, task, callback
        self._passes = 0 if since is None else since.passes
        self._own = 0
        self._best: tuple[Point, float] | None = None
        self._distances: list[float] = []
        self._sketch: Any = None
        self._since = since
        self.tolerance = 1e-6
        self.to_original: Callable[[Point], Point] = lambda point: point

    def __call__(self, iteration: int, point: Point, distance: float) -> None:
        """A pass over all rows; the iteration is that of the solver, of which a search may use several."""
        point = self.to_original(point)
        self._passes += 1
        self._own += 1
        if self._best is None or point.value >= self._best[0].value:
            self._best = point, distance
        self._distances.append(distance)
        if self._task.watched:
            left = passes_left(self._distances, self.tolerance)
            seconds = None if left is None else left * self._task.spent / self._own
            self._task.say(
                f"pass {self._passes}, log-likelihood {point.value:,.3f}, {distance:.2g} standard errors from the peak"
                + self._pace
                + time_left(seconds)
            )
        if self._callback is not None:
            self._callback(self._passes - 1, point, distance)

    @property
    def _pace(self) -> str:
        """Rows a second, where there are so many that it matters."""
        rows = self._likelihood.bound.data.n
        return f", {rows * self._own / self._task.spent:,.0f} rows a second" if rows >= MANY else ""

    def sample(self, rows: int) -> ProgressCallback:
        """What to call at every pass over a sample of the rows."""

        def callback(iteration: int, point: Point, distance: float) -> None:
            if self._best is None:
                self._sketch = self.to_original(point).x
            if self._task.watched:
                self._task.say(f"a start from {rows:,} of the rows, pass {iteration + 1}")

        return callback

    def note(self, text: str) -> None:
        """Say that something else is done, such as the search for a second peak."""
        if self._task.watched:
            self._task.say(text)

    def interrupted(self) -> Interrupted:
        """The error for an interruption now."""
        state = self.state()
        if state is None:
            return Interrupted("the fit was interrupted before the first pass over the rows: start it anew", None)
        return Interrupted(
            f"the fit was interrupted {state.reached}. Nothing is lost: catch lk.errors.Interrupted as interrupted, "
            "and go on with lk.fit(..., start=interrupted.state)",
            state,
        )

    def state(self) -> FitState | None:
        """The best point accepted; where there is none yet, that of a sample of the rows."""
        point, distance = self._best or (None, math.inf)
        x = self._sketch if point is None else point.x
        if x is None:
            return self._since
        with np.errstate(all="ignore"):
            values = scale.to_reported(self._likelihood.model, x)[0]
        coef = dict(zip(self._likelihood.names, values.tolist(), strict=True))
        return FitState(
            coef,
            None if point is None else point.value,
            distance if math.isfinite(distance) else None,
            self._passes,
            tuple(x.tolist()),
        )


def passes_left(distances: list[float], tolerance: float) -> int | None:
    """About how many passes Newton's method still needs: a steady pace from afar, then digits that double.

    >>> passes_left([40.0], 1e-6), passes_left([40.0, 10.0], 1e-6), passes_left([1.0, 0.01], 1e-6)
    (None, 8, 2)
    """
    here = distances[-1]
    if not here > tolerance:
        return 0
    afar = 0
    if here > 0.5:
        if len(distances) < 2 or not 0 < here < distances[-2] < math.inf:
            return None
        afar = math.ceil(math.log(0.5 / here) / math.log(here / distances[-2]))
        here = 0.5
    return afar + max(1, math.ceil(math.log2(math.log(tolerance) / math.log(here))))
