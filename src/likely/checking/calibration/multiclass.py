"""Calibration of the probabilities of several labels: of the answer given, and of each label."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.checking.calibration import wording
from likely.checking.calibration.binary import WIDTH, Calibration, binary
from likely.checking.calibration.checked import Outcomes
from likely.checking.calibration.clip import Clip
from likely.checking.calibration.judged import STATED, Judged
from likely.checking.calibration.scores import Score
from likely.checking.calibration.sharpening import Sharpening, sharpening
from likely.errors.boundary import public_class
from likely.show.text_table import Grid, fixed, number, p_value, plain

if TYPE_CHECKING:
    from likely.charts.saving import AnyChart


@final
@public_class
@dataclass(frozen=True, eq=False)
class MulticlassCalibration:
    """Whether stated probabilities of several labels are what they say; made by `likely.calibration`.

    Attributes
    ----------
    outcomes : Outcomes
    top : Calibration
        Of the largest probability of each row, for the event that its label was right.
    classes : dict of label to Calibration
        Of each label against the others.
    sharpening : Sharpening or None
    remark : str
    clip : Clip
        How near to 0 and 1 probabilities may be where their logits are needed.
    judged : Judged
        Which predictions these are.
    """

    outcomes: Outcomes
    top: Calibration
    classes: dict[Any, Calibration]
    sharpening: Sharpening | None
    remark: str
    clip: Clip
    judged: Judged = STATED

    @property
    def brier(self) -> Score:
        """The Brier score of all labels together, with its parts: the sum of the labels' scores."""
        return self._sum([c.brier for c in self.classes.values()], self._rows_brier())

    @property
    def log_score(self) -> float:
        """Mean surprise at the label that occurred (nats); infinite where one had the probability 0."""
        o = self.outcomes
        with np.errstate(divide="ignore"):
            rows = -np.log(o.p[np.arange(len(o.p)), o.codes])
        return float(np.sum(np.where(o.w > 0, rows * o.w, 0.0)) / o.w.sum())

    @property
    def accuracy(self) -> float:
        """Share of rows whose most probable label occurred."""
        return float(np.average(np.argmax(self.outcomes.p, axis=1) == self.outcomes.codes, weights=self.outcomes.w))

    def confidently_wrong(self, count: int = 10) -> Grid:
        """The rows whose label was given the least probability.

        Parameters
        ----------
        count : int

        Returns
        -------
        Grid
        """
        o = self.outcomes
        own = o.p[np.arange(len(o.p)), o.codes]
        order = np.argsort(own, kind="stable")
        order = order[o.w[order] > 0][: max(1, count)]
        predicted = np.argmax(o.p, axis=1)
        cells = tuple(
            (
                f"{o.row(i):,}",
                str(o.labels[int(o.codes[i])]),
                number(float(own[i])),
                str(o.labels[int(predicted[i])]),
                number(float(o.p[i, predicted[i]])),
                fixed(float(-np.log(own[i])), 2) if own[i] > 0 else "infinite",
            )
            for i in order
        )
        header = ("row", "outcome", "its probability", "most probable", "with", "surprise")
        return Grid(header, cells, "rlrlrr", "The most confident wrong answers")

    @property
    def grid(self) -> Grid:
        """A row for the answer given and for each label."""
        rows = [("the answer given", self.top), *((str(label), c) for label, c in self.classes.items())]
        cells = []
        for name, c in rows:
            slope = "-" if c.line is None else fixed(c.line.slope, 3)
            tested = "-" if c.line is None else p_value(c.line.p_value)
            stated = float(np.average(c.outcomes.p, weights=c.outcomes.w))
            seen = float(np.average(c.outcomes.codes, weights=c.outcomes.w))
            gap = (fixed(c.gap.value, 4), fixed(c.gap.by_chance, 4))
            cells.append((name, fixed(stated, 3), fixed(seen, 3), *gap, slope, tested, fixed(c.brier.value, 4)))
        header = ("label", "stated", "observed", "ECE", "by chance", "slope", "p", "Brier")
        return Grid(
            header, tuple(cells), "lrrrrrrr", f"Calibration of {len(self.classes)} labels, n = {self.outcomes.n:,.6g}"
        )

    @property
    def verdict(self) -> str:
        """What all this says, in a sentence."""
        return self.judged.qualified(wording.of_labels(self))

    def plot(self) -> AnyChart:
        """As an Altair chart; see `likely.charts.calibration`."""
        from likely.charts import calibration

        return calibration(self)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON.

        Returns
        -------
        dict
        """
        score = self.log_score
        out: dict[str, Any] = {
            "n": self.outcomes.n,
            "accuracy": self.accuracy,
            "log_score": score if np.isfinite(score) else None,
            "brier": vars(self.brier),
            "sharpening": None if self.sharpening is None else vars(self.sharpening),
            "top": self.top.to_dict(),
            "classes": {str(label): c.to_dict() for label, c in self.classes.items()},
            "verdict": self.verdict,
            "remark": self.remark,
            "clip": self.clip.size,
            "judged": self.judged.text,
        }
        return plain(out)

    def __str__(self) -> str:
        score = self.log_score
        lines = [textwrap.fill(self.judged.sentence, WIDTH)] if self.judged.text else []
        lines += [
            f"accuracy {self.accuracy:.4f}, log score {'infinite' if not np.isfinite(score) else f'{score:.4f}'}, "
            f"Brier {self.brier.value:.4f}"
        ]
        if (s := self.sharpening) is not None:
            lines.append(f"slope of all logits {s.slope:.4f} (SE {s.stderr:.4f}); test of 1: p {p_value(s.p_value)}")
        texts = [self.verdict, *([self.remark] if self.remark and self.sharpening is not None else [])]
        return "\n".join([str(self.grid), "", *lines, *(textwrap.fill(text, WIDTH) for text in texts)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        texts = "".join(f"<p>{escape(t)}</p>" for t in (self.judged.sentence, self.verdict, self.remark) if t)
        return f'<div class="likely-calibration">{self.grid.html()}{texts}</div>'

    def _rows_brier(self) -> Any:
        o = self.outcomes
        hit = np.zeros_like(o.p)
        hit[np.arange(len(hit)), o.codes] = 1.0
        return np.square(o.p - hit).sum(axis=1)

    def _sum(self, parts: list[Score], rows: Any) -> Score:
        value = sum(s.value for s in parts)
        w, n = self.outcomes.w, self.outcomes.n
        error = float(np.sqrt(np.average(np.square(rows - value), weights=w) / (n - 1.0))) if n > 1 else None
        names = ("miscalibration", "discrimination", "uncertainty")
        return Score(value, error, *(sum(getattr(s, name) for s in parts) for name in names))


def multiclass(
    outcomes: Outcomes, bins: int, how: str, level: float, seed: int, clip: Clip, judged: Judged
) -> MulticlassCalibration:
    """The calibration of the probabilities of several labels."""
    predicted = np.argmax(outcomes.p, axis=1)
    right = replace(
        outcomes,
        codes=(predicted == outcomes.codes).astype(int),
        p=outcomes.p[np.arange(len(predicted)), predicted],
        labels=("wrong", "right"),
    )
    classes = {}
    for k, label in enumerate(outcomes.labels):
        own = replace(outcomes, codes=(outcomes.codes == k).astype(int), p=outcomes.p[:, k], labels=("other", label))
        classes[label] = binary(own, bins, how, level, seed, clip, judged)
    found, remark = sharpening(outcomes.codes, clip(outcomes.p), outcomes.w)
    remark = remark if found is None else clip.text
    return MulticlassCalibration(
        outcomes, binary(right, bins, how, level, seed, clip, judged), classes, found, remark, clip, judged
    )
