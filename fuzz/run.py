"""Runs cases, each within a bound of time and with warnings as errors, and keeps what went wrong."""

from __future__ import annotations

import signal
import traceback
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

import likely as lk
from fuzz.cases import Case
from fuzz.checks import CHECKS, OFTEN, equivariance
from fuzz.draw import draw

SECONDS = 30  # of CPU; a case that takes longer is a fault


@final
@dataclass(frozen=True)
class Fault:
    """What was found wrong in one case.

    Attributes
    ----------
    seed, number : int
        The case is ``draw(seed, number)``.
    check, text : str
    """

    seed: int
    number: int
    check: str
    text: str

    def reproducer(self) -> str:
        """Code that repeats the fit."""
        case = draw(self.seed, self.number)
        about = f"{case.n} rows; {', '.join(case.shape)}"
        return (
            f"# {self.check}: {self.text}\n# {about}\n"
            "import likely as lk\nfrom fuzz.draw import draw\n"
            f"case = draw({self.seed}, {self.number})\nfit = {case.call()}\n"
        )


@final
@dataclass
class Tally:
    """What a run has seen so far."""

    cases: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)

    def add(self, end: str, faults: Iterable[Fault]) -> None:
        """One more case."""
        self.cases += 1
        self.ends[end] += 1
        self.faults.extend(faults)


class _TooLongError(Exception):
    pass


def _stop(*_: Any) -> None:
    raise _TooLongError


def examine(seed: int, number: int) -> tuple[str, list[Fault]]:
    """One case: how its fit ended, and every fault."""
    case, rng = draw(seed, number), np.random.default_rng([seed, number, 1])
    found: list[Fault] = []
    end = ["foreign"]

    def note(check: str, text: str) -> None:
        found.append(Fault(seed, number, check, text))

    before = signal.signal(signal.SIGPROF, _stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for check, text in _faults(case, rng, end):
                note(check, text)
    except _TooLongError:
        note("time", f"more than {SECONDS} s of CPU")
    except (Warning, Exception) as error:
        last = traceback.extract_tb((error.__cause__ or error).__traceback__)[-1]
        where = f"{last.filename.rpartition('likely/')[2]}:{last.lineno}"
        note("exception", f"{type(error).__name__}: {str(error)[:200]} ({where})")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return end[0], found


def _faults(case: Case, rng: np.random.Generator, end: list[str]) -> Iterator[tuple[str, str]]:
    try:
        fit: lk.Fit | None = case.fit()
    except lk.errors.LikelyError as error:
        if type(error).__name__ == "InternalError":
            raise
        fit, end[0] = None, type(error).__name__
    if fit is not None:
        end[0] = fit.status.partition(":")[0].partition(" (")[0]
        for name, check in CHECKS.items():
            if rng.random() < OFTEN.get(name, 1.0):
                for text in check(case, fit, rng):
                    yield name, text
    if rng.random() < 0.5:
        for text in equivariance(case, fit, rng):
            yield "equivariance", text
