"""What the tests of a calibration say, in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from likely.checking.calibration.judged import Verdict
from likely.checking.calibration.slope import impossible
from likely.show.text_table import p_value

if TYPE_CHECKING:
    from likely.checking.calibration.binary import Calibration
    from likely.checking.calibration.multiclass import MulticlassCalibration
    from likely.checking.calibration.slope import Line

BESIDE = 10.0  # the tests beside intercept and slope speak against them at a level so many times smaller
NAMED = 2  # labels
NONE = "No sign of miscalibration"


def way(slope: float, stderr: float, level: float, whose: str) -> str:
    """What a slope other than 1 means."""
    reach = float(stats.norm.isf(0.5 * (1.0 - level))) * stderr
    if slope + reach < 0.0:
        return (
            f"the probabilities point the wrong way (the slope is negative: the more probable {whose} was stated to "
            "be, the more seldom it occurred; they may be those of other labels or rows)"
        )
    if slope - reach <= 0.0 and slope < 0.5:
        return "the probabilities say nothing of the outcomes (a slope of 0 is as likely as the one found)"
    if slope < 1.0:
        return "the probabilities are too extreme (overconfident)"
    return "the probabilities are too timid (underconfident)"


def of_events(c: Calibration) -> Verdict:
    """The verdict on the probabilities of an event."""
    alpha = 1.0 - c.level
    hit, p, w = c.outcomes.codes.astype(float), c.outcomes.p, c.outcomes.w
    sentences = [never] if (never := impossible(hit, p, w)) else []
    if c.line is None:
        sentences += [text for text, chance in _other_tests(c) if chance < alpha / 3.0] if not never else []
        if not sentences:
            return Verdict(f"{NONE}, but {c.remark}.", miscalibrated=False)
        reason = "" if never else f"; {c.remark}"
        return Verdict(f"Miscalibrated: {' and '.join(sentences)}{reason}.", miscalibrated=True)
    sentences += _off_line(c, c.line, alpha)
    if sentences:
        return Verdict(f"Miscalibrated: {' and '.join(sentences)}. lk.recalibrate(y, p) mends it.", miscalibrated=True)
    return _line_agrees(c, c.line, alpha)


def _off_line(c: Calibration, line: Line, alpha: float) -> list[str]:
    """What is wrong with intercept and slope: by the test of both, or by one of them with half of its level."""
    both = line.p_value < alpha
    limit = alpha if both else 0.5 * alpha
    sentences = [way(line.slope, line.slope_stderr, c.level, "it")] if line.p_slope < limit else []
    sentences += [_more(line.in_the_large)] if line.p_in_the_large < limit else []
    return sentences or (["intercept and slope together differ from 0 and 1"] if both else [])


def _line_agrees(c: Calibration, line: Line, alpha: float) -> Verdict:
    """Where intercept and slope agree with 0 and 1: what single tests, the bins and the Brier score add."""
    others = [(text, chance) for text, chance in _other_tests(c)[1:] if chance < alpha]
    if strong := [text for text, chance in others if chance < alpha / BESIDE]:
        text = (
            f"Miscalibrated: intercept and slope agree with 0 and 1, but {' and '.join(strong)}. "
            "lk.recalibrate(y, p, 'isotonic') mends what no line does."
        )
        return Verdict(text, miscalibrated=True)
    single = [("the slope", line.p_slope), ("the intercept", line.p_in_the_large)]
    others = [(f"{name} by itself has p {_p(chance)}", chance) for name, chance in single if chance < alpha] + others
    weak = f"; {others[0][0]}, which alone is weak evidence" if others else ""
    return Verdict(f"{NONE}: intercept and slope agree with 0 and 1{weak}.", miscalibrated=False)


def _more(excess: float) -> str:
    return f"events were {'more' if excess > 0.0 else 'less'} frequent than stated"


def _other_tests(c: Calibration) -> list[tuple[str, float]]:
    """Tests that need no line: of the number of events, of the bins and of the Brier score, in words with p-values."""
    hit, p, w = c.outcomes.codes.astype(float), c.outcomes.p, c.outcomes.w
    excess, chance = events(hit, p, w)
    out = [(f"{_more(excess)} (p {_p(chance)})", chance)]
    out.append(
        (f"the bins are further from the diagonal than chance takes them (ECE, p {_p(c.gap.p_value)})", c.gap.p_value)
    )
    if (tested := c.spiegelhalter) is not None:
        how = "worse" if tested[0] > 0.0 else "better"
        out.append(
            (
                f"the Brier score is {how} than right probabilities would have (Spiegelhalter, p {_p(tested[1])})",
                tested[1],
            )
        )
    return out


def events(hit: Any, p: Any, w: Any) -> tuple[float, float]:
    """How many more events than stated, and the two-sided p-value: exact where all outcomes are the same.

    Parameters
    ----------
    hit, p, w : ndarray
    """
    excess = float(np.sum(w * (hit - p)))
    used = w > 0
    if np.all(hit[used] == hit[used][0]):
        with np.errstate(divide="ignore"):
            logs = np.log(p[used]) if hit[used][0] else np.log1p(-p[used])
        return excess, float(min(1.0, 2.0 * np.exp(np.sum(w[used] * logs))))
    variance = float(np.sum(w * p * (1.0 - p)))
    if variance <= 0.0:
        return excess, 1.0 if excess == 0.0 else 0.0
    return excess, float(2.0 * stats.norm.sf(abs(excess) / np.sqrt(variance)))


def of_labels(c: MulticlassCalibration) -> Verdict:
    """The verdict on the probabilities of several labels."""
    alpha = 1.0 - c.top.level
    o = c.outcomes
    never = np.count_nonzero((o.p[np.arange(len(o.p)), o.codes] == 0.0) & (o.w > 0))
    sentences = [f"{never:,} labels were given the probability 0 and occurred"] if never else []
    sharp = c.sharpening
    if sharp is not None and sharp.p_value < alpha:
        sentences.append(way(sharp.slope, sharp.stderr, c.top.level, "a label"))
        cure = " lk.recalibrate(y, p, 'temperature') mends it." if sharp.slope > 0.0 else ""
        return Verdict(f"Miscalibrated: {' and '.join(sentences)}.{cure}", miscalibrated=True)
    single = [text for name, part in c.classes.items() if (text := _of_label(name, part, alpha / len(c.classes)))]
    sentences += single[:NAMED] + ([f"{len(single) - NAMED} more off likewise"] if len(single) > NAMED else [])
    reason = f"; {c.remark}" if sharp is None and not (never and "probability 0" in c.remark) else ""
    if sentences:
        return Verdict(f"Miscalibrated: {' and '.join(sentences)}{reason}.", miscalibrated=True)
    if sharp is None:
        return Verdict(f"{NONE}, but {c.remark}.", miscalibrated=False)
    text = "No sign that the probabilities are too extreme or too timid, or that those of a label are off."
    return Verdict(text, miscalibrated=False)


def _of_label(name: Any, part: Calibration, alpha: float) -> str:
    """What is wrong with the probabilities of one label against the others, or nothing."""
    o, line = part.outcomes, part.line
    chance = events(o.codes.astype(float), o.p, o.w)[1]
    if chance < alpha:
        stated, seen = (float(np.average(v, weights=o.w)) for v in (o.p, o.codes))
        return f"{name} was stated with {stated:.3f} on average and seen with {seen:.3f} (p {_p(chance)})"
    if line is None or line.p_value >= alpha:
        return ""
    return f"the probabilities of {name} have the slope {line.slope:.3f} (intercept and slope: p {_p(line.p_value)})"


def _p(value: float) -> str:
    text = p_value(value)
    return text if text.startswith("<") else f"= {text}"
