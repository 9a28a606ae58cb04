"""Calibration of the probabilities of an event."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.checking.calibration import wording
from likely.checking.calibration.checked import Outcomes
from likely.checking.calibration.clip import Clip
from likely.checking.calibration.curve import Curve, Isotonic, bins_of, curve, isotonic, isotonic_curve
from likely.checking.calibration.judged import STATED, Judged
from likely.checking.calibration.scores import Gap, Score, auc, brier, gap, log_score, score, spiegelhalter
from likely.checking.calibration.slope import Line, line
from likely.errors import renamed
from likely.errors.boundary import public_class
from likely.namespace.arrays import Floats
from likely.show.text_table import Grid, fixed, number, p_value, plain

if TYPE_CHECKING:
    from likely.charts.saving import AnyChart

WIDTH = 88


@final
@public_class
@dataclass(frozen=True, eq=False)
class Calibration:
    """Whether stated probabilities of an event are what they say; made by `likely.calibration`.

    Attributes
    ----------
    outcomes : Outcomes
        What happened (code 1 is the event), and the probabilities stated.
    curve : Curve
        The reliability curve, in bins.
    line : Line or None
        Intercept and slope with their tests; None with the reason in `remark`.
    gap : Gap
        The expected calibration error.
    remark : str
    level : float
    seed : int
    clip : Clip
        How near to 0 and 1 probabilities may be where their logits are needed.
    judged : Judged
        Which predictions these are.
    """

    outcomes: Outcomes
    curve: Curve
    line: Line | None
    gap: Gap
    remark: str
    level: float
    seed: int
    clip: Clip
    judged: Judged = STATED

    @cached_property
    def isotonic(self) -> Isotonic:
        """The frequencies as an increasing function of the stated probability, without bins."""
        return isotonic_curve(self._hit, self.outcomes.p, self.outcomes.w, self.level, self.seed)

    @cached_property
    def brier(self) -> Score:
        """The Brier score and its parts."""
        return self._score(brier)

    @cached_property
    def log_score(self) -> Score:
        """The mean surprise (nats) and its parts."""
        return self._score(log_score)

    @property
    def auc(self) -> float | None:
        """The probability that an event was given more than a non-event; None with one class only."""
        return auc(self._hit, self.outcomes.p, self.outcomes.w)

    @property
    def spiegelhalter(self) -> tuple[float, float] | None:
        """Spiegelhalter's z and its p-value."""
        return spiegelhalter(self._hit, self.outcomes.p, self.outcomes.w)

    def confidently_wrong(self, count: int = 10) -> Grid:
        """The rows whose outcome was given the least probability.

        Parameters
        ----------
        count : int

        Returns
        -------
        Grid
            Row (from 0), outcome, probability that was given to it, and surprise in nats.
        """
        o = self.outcomes
        own = np.where(self._hit > 0, o.p, 1.0 - o.p)
        order = np.argsort(own, kind="stable")
        order = order[o.w[order] > 0][: max(1, count)]  # counts of a group's events may be zero
        with np.errstate(divide="ignore"):
            cells = tuple(
                (
                    f"{o.row(i):,}",
                    str(o.labels[int(o.codes[i])]),
                    number(float(own[i])),
                    fixed(float(-np.log(own[i])), 2),
                )
                if own[i] > 0
                else (f"{o.row(i):,}", str(o.labels[int(o.codes[i])]), "0", "infinite")
                for i in order
            )
        return Grid(
            ("row", "outcome", "its probability", "surprise"), cells, "rlrr", "The most confident wrong answers"
        )

    @property
    def verdict(self) -> str:
        """What all this says, in a sentence."""
        return self.judged.qualified(wording.of_events(self))

    @property
    def grid(self) -> Grid:
        """The reliability curve as text."""
        c = self.curve
        cells = tuple(
            (
                f"{count:,.6g}",
                fixed(p, 3),
                fixed(seen, 3),
                f"{low:.3f} to {high:.3f}",
                f"{band_low:.3f} to {band_high:.3f}",
                "" if band_low <= seen <= band_high else "*",
            )
            for count, p, seen, low, high, band_low, band_high in zip(
                c.count, c.p, c.observed, c.lower, c.upper, c.band_lower, c.band_upper, strict=True
            )
        )
        level = f"{100 * self.level:g}%"
        header = ("rows", "stated", "observed", f"{level} interval", "expected if right", "")
        return Grid(header, cells, "rrrrrl", f"Calibration of the probability of {self.outcomes.labels[1]}")

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            raise renamed(self, name, {"facts": "details"})

    @property
    def details(self) -> list[tuple[str, str]]:
        """The numbers beside the curve, as label and text."""
        events = float(np.sum(self._hit * self.outcomes.w))
        out = [("judged", self.judged.text)] if self.judged.text else []
        out += [("n", f"{self.outcomes.n:,.6g}, of which {events:,.6g} events ({100 * events / self.outcomes.n:.3g}%)")]
        if (found := self.line) is not None:
            out += [
                (
                    "intercept",
                    f"{found.in_the_large:.4f} (SE {found.in_the_large_stderr:.4f}), slope held at 1; "
                    f"test of 0: p {_p(found.p_in_the_large)}",
                ),
                ("slope", f"{found.slope:.4f} (SE {found.slope_stderr:.4f}); test of 1: p {_p(found.p_slope)}"),
                ("both", f"chi-squared {found.chi2:.4g}, 2 df, p {_p(found.p_value)}"),
            ]
        if (tested := self.spiegelhalter) is not None:
            out.append(("Spiegelhalter", f"z = {tested[0]:.3f}, p {_p(tested[1])}"))
        g = self.gap
        out.append(
            (
                "ECE",
                f"{g.value:.4f} (SE {g.stderr:.4f}); {g.by_chance:.4f} would be usual if the probabilities were right, "
                f"p {_p(g.p_value)}",
            )
        )
        for label, s in (("Brier", self.brier), ("log score", self.log_score)):
            if not np.isfinite(s.value):
                clipped = float(np.average(log_score(self._hit, self.clip(self.outcomes.p)), weights=self.outcomes.w))
                clipped_note = f"; {clipped:.4f} with the clip" if self.clip.size else ""
                out.append((label, f"infinite: an outcome that was given the probability 0 happened{clipped_note}"))
                continue
            out.append(
                (
                    label,
                    f"{s.value:.4f} = {s.miscalibration:.4f} miscalibration - {s.discrimination:.4f} discrimination + "
                    f"{s.uncertainty:.4f} uncertainty",
                )
            )
        if (area := self.auc) is not None:
            out.append(("AUC", f"{area:.4f}"))
        return out

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
        c = self.curve
        out: dict[str, Any] = {
            "n": self.outcomes.n,
            "curve": {
                name: getattr(c, name).tolist()
                for name in ("p", "observed", "count", "lower", "upper", "band_lower", "band_upper")
            },
            "line": None if self.line is None else vars(self.line),
            "gap": vars(self.gap),
            "brier": vars(self.brier),
            "log_score": {k: v if v is None or np.isfinite(v) else None for k, v in vars(self.log_score).items()},
            "auc": self.auc,
            "verdict": self.verdict,
            "remark": self.remark,
            "clip": self.clip.size,
            "judged": self.judged.text,
        }
        return plain(out)

    def __str__(self) -> str:
        width = max(len(label) for label, _ in self.details) + 2
        lines = [
            textwrap.fill(text, WIDTH, initial_indent=label.ljust(width), subsequent_indent=" " * width)
            for label, text in self.details
        ]
        texts = [textwrap.fill(self.verdict, WIDTH)]
        if self.remark and self.line is not None:
            texts.append(textwrap.fill(self.remark, WIDTH))
        return "\n".join([str(self.grid), "", *lines, "", *texts])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        table = Grid(("", ""), tuple(self.details), "ll").html()
        return f'<div class="likely-calibration">{self.grid.html()}{table}<p>{escape(self.verdict)}</p></div>'

    @property
    def _hit(self) -> Floats:
        return self.outcomes.codes.astype(float)

    def _score(self, rule: Any) -> Score:
        o = self.outcomes
        return score(rule, self._hit, o.p, isotonic(self._hit, o.p, o.w), o.w)


def _p(value: float) -> str:
    text = p_value(value)
    return text if text.startswith("<") else f"= {text}"


def binary(outcomes: Outcomes, bins: int, how: str, level: float, seed: int, clip: Clip, judged: Judged) -> Calibration:
    """The calibration of the probabilities of an event.

    Parameters
    ----------
    outcomes : Outcomes
        With one probability a row.
    bins : int
    how : {"quantile", "width"}
    level : float
    seed : int
    clip : Clip
    judged : Judged
    """
    hit, p, w = outcomes.codes.astype(float), outcomes.p, outcomes.w
    used = w > 0
    which = bins_of(p[used], w[used], bins, how)
    shown, drawn = curve(hit[used], p[used], w[used], which, level, seed)
    found, remark = line(hit, clip(p), w)
    remark = " ".join(filter(None, (remark, clip.text))) if found is not None else remark
    return Calibration(outcomes, shown, found, gap(shown, drawn, seed), remark, level, seed, clip, judged)
