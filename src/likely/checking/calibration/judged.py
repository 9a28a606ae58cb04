"""Which rows a calibration is of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class Verdict:
    """What a calibration says.

    Attributes
    ----------
    text : str
        In words.
    miscalibrated : bool
    """

    text: str
    miscalibrated: bool


@final
@dataclass(frozen=True)
class Judged:
    """Which predictions were judged.

    Attributes
    ----------
    rows : str
        In words; empty where the user stated the predictions.
    remark : str
        What else there is to say of them, to follow these words.
    own : bool
        Whether they are a fit's, of the rows that it was made for.
    """

    rows: str = ""
    remark: str = ""
    own: bool = False

    @property
    def text(self) -> str:
        """The rows, with the remark."""
        return self.rows + self.remark

    @property
    def sentence(self) -> str:
        """The text as a sentence."""
        return f"Of {self.text}." if self.text else ""

    def qualified(self, verdict: Verdict) -> str:
        """A verdict, which a fit's own rows cannot give where it would be a good one."""
        if not self.own:
            return verdict.text
        if verdict.miscalibrated:
            return f"{verdict.text} That is on the rows that the fit was made for."
        return (
            "No verdict: on the rows that a fit was made for, its predictions agree with what happened by "
            "construction, more or less. fit.calibration() judges held-out predictions, fit.calibration(data) new rows."
        )


STATED = Judged()
EACH_THE_SAME = Judged(
    "the fit's own rows", ": it predicts the same for all of them, so holding some out would tell nothing", own=True
)
OWN = Judged("the fit's own rows, for which it was made", own=True)
