"""What the end of a search is, as a value: a peak, and of which kind, or a failure, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import final


@final
class EndKind(Enum):
    """The kinds of ends; the first ones are peaks, the others failures."""

    CONVERGED = "converged"
    BOUNDARY = "at the end of a parameter's domain"
    LIMIT = "at a limit of the family, which is a simpler one there"
    EDGE = "at an extreme of the data"
    NOT_IDENTIFIED = "a peak, level in some directions"
    PENALISED = "the peak of a penalised log-likelihood"
    CONSTRAINED = "a peak under constraints"
    SEPARATED_LEFT_OUT = "a peak without the separated rows"

    SEPARATED = "the predictors separate the outcomes"
    UNBOUNDED = "the likelihood grows without bound"
    RUNAWAY = "the likelihood rises, or stays level, for ever"
    FLAT = "the likelihood is flat in some direction"
    ITERATIONS = "no peak after as many iterations as were allowed"
    NO_PEAK = "no peak was found"
    OVERFLOW = "numbers of a size that no float can hold"
    REFUSED = "the family cannot have made the data"
    UNUSABLE = "the data cannot be used as they are"


_PEAKS = {
    EndKind.CONVERGED: "converged",
    EndKind.BOUNDARY: "boundary",
    EndKind.LIMIT: "boundary",
    EndKind.EDGE: "edge",
    EndKind.NOT_IDENTIFIED: "not identified",
    EndKind.PENALISED: "penalised",
    EndKind.CONSTRAINED: "constrained",
    EndKind.SEPARATED_LEFT_OUT: "separation",
}


@final
@dataclass(frozen=True)
class End:
    """The end of a search.

    Attributes
    ----------
    kind : EndKind
    reason : str
        Why, in words, and what to do; empty where there is nothing to say.
    penalty : str
        The title of the penalty, where the peak is a penalised one.

    Examples
    --------
    >>> import likely as lk
    >>> fit = lk.fit("bernoulli", [1, 1, 1])
    >>> fit.end.kind is EndKind.BOUNDARY, fit.status.split(",")[0]
    (True, "boundary: the estimate p = 1 is the end of the parameter's domain")
    """

    kind: EndKind
    reason: str = ""
    penalty: str = ""

    @property
    def converged(self) -> bool:
        """Whether there is a peak."""
        return self.kind in _PEAKS

    @property
    def remarkable(self) -> bool:
        """Whether it is anything else than a plain peak."""
        return self.kind is not EndKind.CONVERGED

    @property
    def title(self) -> str:
        """In a word: "converged", "boundary", "penalised (ridge, strength 1)", "failed"."""
        word = _PEAKS.get(self.kind, "failed")
        return f"{word} ({self.penalty})" if self.penalty else word

    @property
    def status(self) -> str:
        """The whole in words: the title, and the reason."""
        return f"{self.title}: {self.reason}" if self.reason else self.title

    @property
    def words(self) -> str:
        """The same; of a failure, where it is no news that there is one, the reason alone."""
        return self.status if self.converged else self.reason

    def adding(self, sentence: str) -> End:
        """The same with another sentence."""
        return replace(self, reason=f"{self.reason}. {sentence[:1].upper()}{sentence[1:]}")

    def reworded(self, by: Callable[[str], str]) -> End:
        """The same with other words for the reason."""
        return replace(self, reason=by(self.reason))


CONVERGED = End(EndKind.CONVERGED)
