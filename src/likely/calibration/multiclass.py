"""Calibration of the probabilities of several labels: of the answer given, and of each label."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from scipy import special as sc
from scipy import stats

from likely.calibration.binary import WIDTH, Calibration, binary
from likely.calibration.checked import Outcomes
from likely.calibration.scores import Score
from likely.grid import Grid, fixed, number, p_value, plain
from likely.solve import newton


@final
@dataclass(frozen=True)
class Sharpening:
    """The slope of all logits together: below 1 for overconfident probabilities (1 over the temperature).

    Attributes
    ----------
    slope, stderr : float
    p_value : float
        Likelihood-ratio test of 1.
    """

    slope: float
    stderr: float
    p_value: float


@final
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
    """

    outcomes: Outcomes
    top: Calibration
    classes: dict[Any, Calibration]
    sharpening: Sharpening | None
    remark: str

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
        said = np.argmax(o.p, axis=1)
        cells = tuple(
            (
                f"{i:,}",
                str(o.labels[int(o.codes[i])]),
                number(float(own[i])),
                str(o.labels[int(said[i])]),
                number(float(o.p[i, said[i]])),
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
        if self.sharpening is None:
            return self.remark[0].upper() + self.remark[1:] + "."
        if self.sharpening.p_value >= 1.0 - self.top.level:
            return "No sign that the probabilities are too extreme or too timid."
        how = "too extreme (overconfident)" if self.sharpening.slope < 1.0 else "too timid (underconfident)"
        return f"Miscalibrated: the probabilities are {how}. lk.recalibrate(y, p, 'temperature') mends it."

    def plot(self) -> Any:
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
        }
        return plain(out)

    def __str__(self) -> str:
        score = self.log_score
        facts = [
            f"accuracy {self.accuracy:.4f}, log score {'infinite' if not np.isfinite(score) else f'{score:.4f}'}, "
            f"Brier {self.brier.value:.4f}"
        ]
        if (s := self.sharpening) is not None:
            facts.append(f"slope of all logits {s.slope:.4f} (SE {s.stderr:.4f}); test of 1: p {p_value(s.p_value)}")
        return "\n".join([str(self.grid), "", *facts, textwrap.fill(self.verdict, WIDTH)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f'<div class="likely-calibration">{self.grid.html()}</div>'

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


def multiclass(outcomes: Outcomes, bins: int, how: str, level: float, seed: int) -> MulticlassCalibration:
    """The calibration of the probabilities of several labels."""
    said = np.argmax(outcomes.p, axis=1)
    right = replace(
        outcomes,
        codes=(said == outcomes.codes).astype(int),
        p=outcomes.p[np.arange(len(said)), said],
        labels=("wrong", "right"),
    )
    classes = {}
    for k, label in enumerate(outcomes.labels):
        own = replace(outcomes, codes=(outcomes.codes == k).astype(int), p=outcomes.p[:, k], labels=("other", label))
        classes[label] = binary(own, bins, how, level, seed)
    found, remark = sharpening(outcomes)
    return MulticlassCalibration(outcomes, binary(right, bins, how, level, seed), classes, found, remark)


def sharpening(outcomes: Outcomes) -> tuple[Sharpening | None, str]:
    """The maximum likelihood slope of the logits, the inverse of a temperature (Guo and others 2017), or why not."""
    used = outcomes.w > 0
    codes, p, w = outcomes.codes[used], outcomes.p[used], outcomes.w[used]
    own = p[np.arange(len(p)), codes]
    if np.any(own == 0.0):
        return None, f"{np.count_nonzero(own == 0.0):,} labels were given the probability 0 and occurred"
    with np.errstate(divide="ignore"):
        logits = np.log(p)
    slope, information = _best_slope(logits, codes, w)
    if slope is None:
        return None, "the stated probabilities tell all labels apart, so the slope of the logits has no finite estimate"
    gain = _slope_terms(logits, codes, w, slope)[0] - _slope_terms(logits, codes, w, 1.0)[0]
    return Sharpening(slope, information**-0.5, float(stats.chi2.sf(max(2.0 * gain, 0.0), 1))), ""


def _best_slope(logits: Any, codes: Any, w: Any) -> tuple[float | None, float]:
    def point(x: Any) -> newton.Point:
        value, first, second = _slope_terms(logits, codes, w, float(x[0]))
        return newton.Point(x, value, np.array([first]), np.array([[second]]))

    solution = newton.maximize(point, np.array([1.0]), max_iterations=100, tolerance=1e-8)
    if not solution.converged or not 1e-6 < solution.point.x[0] < 1e3:
        return None, 0.0
    return float(solution.point.x[0]), float(solution.point.info[0, 0])


def _slope_terms(logits: Any, codes: Any, w: Any, slope: float) -> tuple[float, float, float]:
    """Log-likelihood of the sharpened probabilities, its derivative and minus the second one."""
    possible = np.isfinite(logits)
    finite = np.where(possible, logits, 0.0)
    scaled = np.where(possible, slope * finite, -np.inf)
    p = sc.softmax(scaled, axis=1)
    mean = np.sum(p * finite, axis=1)
    own = finite[np.arange(len(codes)), codes]
    value = slope * own - sc.logsumexp(scaled, axis=1)
    spread = np.sum(p * np.square(finite), axis=1) - mean**2
    return float(w @ value), float(w @ (own - mean)), float(w @ spread)
