"""Which rows a calibration is of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class Judged:
    """Which predictions were judged.

    Attributes
    ----------
    text : str
        In words; empty where the user stated the predictions.
    own : bool
        Whether they are a fit's, of the rows that it was made for.
    """

    text: str = ""
    own: bool = False

    @property
    def sentence(self) -> str:
        """The text as a sentence."""
        return f"Of {self.text}." if self.text else ""

    def qualified(self, verdict: str) -> str:
        """A verdict, which a fit's own rows cannot give where it would be a good one."""
        if not self.own:
            return verdict
        if verdict.startswith("Miscalibrated"):
            return f"{verdict} That is on the rows that the fit was made for."
        return (
            "No verdict: on the rows that a fit was made for, its predictions agree with what happened by "
            "construction, more or less. fit.calibration() judges held-out predictions, fit.calibration(data) new rows."
        )


STATED = Judged()
EACH_THE_SAME = Judged(
    "the fit's own rows: it predicts the same for all of them, so holding some out would tell nothing", own=True
)
OWN = Judged("the fit's own rows, for which it was made", own=True)
