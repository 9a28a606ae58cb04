"""Notes on a fit that need no null distribution: its design, its single rows, its size, how it does on new rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.checking.diagnosis.finding import Finding
from likely.errors import LikelyError
from likely.estimates.maximum import peak_of
from likely.inference.fit_code import Recipe
from likely.inference.fitting import estimates_of
from likely.inference.intervals import intervals
from likely.likelihoods.log_likelihood import LogLikelihood
from likely.models.penalties import Firth, Ridge
from likely.namespace.arrays import Floats
from likely.prediction.held_rows import dealt
from likely.prediction.influence import influence
from likely.prediction.sample import Sample
from likely.show.text_table import number

if TYPE_CHECKING:
    from likely.estimates import Estimates

FOLDS = 5
PER_ESTIMATE = 200  # rows by estimate from which on a fit cannot learn its rows by heart
NEARLY = 30.0  # condition number up to which columns are nearly unrelated (Belsley, Kuh and Welsch 1980)
ALMOST = 1e4  # and from which they say almost the same
LEVERAGE = 0.5  # of a row that decides half of its own prediction (Huber 1981)
PULL = 1.0  # standard errors
APART = 0.25  # standard errors between the ends of Wald and profile intervals
SURE = 1.645  # standard errors
FAR = 1.0  # nats a row that held-out rows may cost more, whatever their spread
NAMED = 5  # rows
NEARLY_ALL = 0.9  # of a difference
PROFILED = 8  # estimates
PROFILED_ROWS = 100_000  # rows from which on the two agree


@final
@dataclass(frozen=True)
class NoteResult:
    """How a check ended.

    Attributes
    ----------
    outcome : str
    finding : Finding or None
    ran : bool
        Whether the check could be run.
    """

    outcome: str
    finding: Finding | None = None
    ran: bool = True

    @classmethod
    def not_run(cls, why: object) -> NoteResult:
        """Of a check that could not be run."""
        return cls(f"not run: {why}", ran=False)


def _influence(fit: Estimates, sample: Sample, seed: int) -> NoteResult:
    found = influence(fit)
    top = found.top(5)
    strong = [row for row in top.rows if abs(row["pull"]) > PULL]
    heavy = int(np.count_nonzero(found.leverage > LEVERAGE)) if sample.model.size < sample.n / 3 else 0
    first = top.rows[0]
    summary = f"the largest pull of one row is {number(first['pull'], 3)} standard errors (row {first['row']:,})"
    if not strong and not heavy:
        return NoteResult(f"passed: {summary}")
    if not strong:
        i = int(np.argmax(found.leverage))
        return NoteResult(
            f"noted: {heavy:,} row{'s' if heavy > 1 else ''} of leverage above {LEVERAGE}",
            Finding(
                "influence",
                f"{heavy:,} rows decide more than half of their own prediction"
                if heavy > 1
                else "One row decides more than half of its own prediction",
                f"The largest leverage is {number(float(found.leverage[i]), 3)}, in row {found.labels([i])[0]:,}; on "
                f"average it is {number(float(np.mean(found.leverage)), 3)}",
                "Nothing but these rows says what happens where they are, so the model cannot be checked there",
                summary[:1].upper() + summary[1:],
                "fit.influence()",
                "note",
                chart="influence",
            ),
        )
    rows = [row["row"] for row in strong]
    measure = "Cook's distance" if found.measure == "cook" else "displacement (fit.influence().displacement)"
    return NoteResult(
        f"noted: {summary}",
        Finding(
            "influence",
            f"Row {rows[0]:,} moves {first['estimate']} by {number(abs(first['pull']), 3)} standard errors",
            f"With it, {first['estimate']} is {number(first['with'])}, without it {number(first['without'])}; its "
            f"{measure} is {number(first[found.measure], 3)}"
            + (f". So do rows {', '.join(f'{i:,}' for i in rows[1:])}" if len(rows) > 1 else ""),
            "The estimate says more about this row than about the others",
            "Report the estimates with and without it, or choose a family that lets single rows pull less",
            f"print(fit.influence().refit({rows}))",
            "note",
            chart="influence",
            evidence={"rows": rows, "pull": first["pull"], "estimate": first["estimate"]},
        ),
    )


def _aliasing(fit: Estimates, sample: Sample, seed: int) -> NoteResult:
    if not fit.condition:
        return NoteResult.not_run("there are no predictors")
    name = max(fit.condition, key=lambda key: fit.condition[key])
    value = fit.condition[name]
    summary = f"the condition number of {name}'s design is {number(value, 3)}"
    if value < ALMOST:
        return NoteResult(f"passed: {summary}")
    pair, r = _closest(fit, name)
    return NoteResult(
        f"noted: {summary}",
        Finding(
            "aliasing",
            "Some predictors say almost the same",
            f"{summary[:1].upper()}{summary[1:]}, where up to about {NEARLY:g} they are nearly unrelated"
            + (f". The closest are {pair[0]} and {pair[1]}: their correlation is {number(r, 6)}" if pair else ""),
            "Their effects can hardly be told apart: each estimate is as shaky as its standard error says, and a small "
            "change of the data moves them in opposite directions. Predictions are not touched",
            "Centre or rescale them, keep one of them, or hold them together with a penalty",
            Recipe(fit).code("data", penalty=Ridge(1.0)) if pair else "fit.condition",
            "note",
            evidence={"condition": value, "closest": list(pair), "correlation": r},
        ),
    )


def _closest(fit: Estimates, name: str) -> tuple[tuple[str, ...], float]:
    """The two columns of a design with the largest correlation (the intercept, with one of almost no spread)."""
    model, data = fit.likelihood.model, fit.likelihood.bound.data
    slot, design = next((s, s.design) for s in model.slots if s.parameter.name == name and s.design is not None)
    x = np.asarray(data.designs[slot.label][:20_000] @ np.eye(len(design.names)))
    size = np.sqrt(np.sum(x * x, axis=0))
    cosines = (x / np.where(size > 0, size, 1.0)).T @ (x / np.where(size > 0, size, 1.0))
    np.fill_diagonal(cosines, 0.0)
    if len(cosines) < 2:
        return (), 0.0
    i, j = np.unravel_index(int(np.argmax(np.abs(cosines))), cosines.shape)
    return (design.names[min(i, j)], design.names[max(i, j)]), float(cosines[i, j])


def _separation(fit: Estimates, sample: Sample, seed: int) -> NoteResult:
    """A separation that a few rows prevent."""
    slot = sample.model.slots[0]
    if not sample.family.kind.classes or slot.design is None:
        return NoteResult.not_run("the response is no label, or there are no predictors")
    view = sample.observed
    wrong = int(np.count_nonzero(view.own < np.max(view.chances, axis=-1)))
    rarest = sample.n - int(np.max(np.bincount(sample.y.astype(np.intp))))
    if wrong > max(3, 0.02 * rarest) or wrong * 5 > rarest:
        return NoteResult(f"passed: {wrong:,} of {sample.n:,} rows are on the wrong side, so nothing separates them")
    return NoteResult(
        f"noted: but for {wrong} rows, the predictors tell the outcomes apart",
        Finding(
            "separation",
            "The predictors nearly separate the outcomes",
            f"But for {wrong} of {sample.n:,} rows, every row has the label that is most likely for it",
            "Without these rows some coefficients would have no finite estimate: their size hangs on a few rows, and "
            "Wald intervals and tests are not to be trusted (Hauck and Donner 1977)",
            "Use intervals from the profile likelihood, or Firth's penalty",
            "fit.interval(method='profile')\n" + Recipe(fit).code("data", penalty=Firth()),
            "note",
            chart="calibration",
            evidence={"wrong": wrong, "rarest": rarest},
        ),
    )


def _little(fit: Estimates, sample: Sample, seed: int) -> NoteResult:
    """Whether the log-likelihood is a parabola near its peak."""
    names = [name for name in fit.regular if fit.stderr.get(name)]
    if fit._request.of_quantile:
        return NoteResult.not_run("the standard errors of a quantile regression do not follow its likelihood")
    if fit.asked.restraints or fit.n > PROFILED_ROWS or not names or fit.k > 40:
        why = (
            "penalised"
            if fit.asked.restraints
            else f"{number(float(fit.n))} observations, {number(float(fit.k))} estimates"
        )
        return NoteResult.not_run(why)
    chosen = names if len(names) <= PROFILED else names[: PROFILED - 1] + names[-1:]
    wald, profile = intervals(fit, 0.95, "wald", chosen), intervals(fit, 0.95, "profile", chosen)
    worst, name, ends = 0.0, "", ""
    for key in chosen:
        for end in range(2):
            a, b = tuple(wald[key])[end], tuple(profile[key])[end]
            if a is None or b is None:
                continue
            low, high = wald[key]
            width = high - low  # type: ignore[operator]
            gap = abs(a - b) / (width / 3.92)
            if gap > worst:
                worst, name, ends = gap, key, f"{wald[key]} and {profile[key]}"
    if worst < APART:
        return NoteResult(f"passed: Wald and profile intervals differ by at most {number(worst, 2)} standard errors")
    return NoteResult(
        f"noted: the intervals of {name} differ by {number(worst, 2)} standard errors",
        Finding(
            "asymptotics",
            "There are too few data for standard errors alone",
            f"The 95 % intervals of {name} by Wald and by the profile likelihood are {ends}: they end "
            f"{number(worst, 2)} standard errors apart",
            "The log-likelihood is not yet a parabola around its peak, so that estimate plus or minus two standard "
            "errors is not what the data say",
            "Read intervals and tests from the likelihood itself",
            "fit.interval(method='profile')",
            "note",
            chart="profile",
            evidence={"estimate": name, "apart": worst},
        ),
    )


def _held_out(fit: Estimates, sample: Sample, seed: int) -> NoteResult:
    """Training against held-out log-likelihood."""
    k, n = float(fit.k), float(fit.n)
    if fit.likelihood.model.size < 2:
        return NoteResult.not_run("there is one estimate")
    if n > PER_ESTIMATE * k:
        return NoteResult(
            f"passed: with {number(n / k, 4)} observations by estimate, a new row costs only about "
            f"{number(k / n, 2)} nats more than one that was fitted"
        )
    bound = fit.effective.likelihood.bound
    folds = int(min(FOLDS, len(bound.y)))
    fold_of, _ = dealt(bound, folds, None, seed)
    held = np.full(len(bound.y), np.nan)
    for fold in range(folds):
        training = bound.take(np.flatnonzero(fold_of != fold))
        again = peak_of(training, **fit.effective.asked.restraints)
        if not again.converged or again.limit is not None:
            return NoteResult(
                f"noted: without a fifth of the rows there is no fit ({again.end.words})",
                Finding(
                    "overfitting",
                    "Without a fifth of the rows there is no fit",
                    f"{again.end.words}",
                    "The data hardly carry this model: it has a peak only thanks to single rows or rare levels",
                    "Use fewer predictors, merge rare levels, or add a penalty",
                    Recipe(fit).code("data", penalty=Ridge(1.0)),
                    "note",
                ),
            )
        out = np.flatnonzero(fold_of == fold)
        held[out] = LogLikelihood(bound.take(out)).row_objective.log_density(again.outcome.point.x)
    w = np.ones(len(held)) if bound.weights is None else np.asarray(bound.weights, dtype=float)
    if len(never := np.flatnonzero(np.isneginf(held))):
        return _impossible(fit, bound.row_numbers(never).tolist())
    train = fit.loglik / n
    test = float(np.sum(w * held) / np.sum(w))
    constant = _constant(fit, fold_of, folds)
    summary = f"training {number(train, 5)}, held out {number(test, 5)} nats a row ({folds} folds)"
    evidence = {"training": train, "held_out": test, "expected_gap": k / n}
    usual = 3.0 * k / n  # of the gap between the two
    if train - test > max(10.0 * k / n, FAR):
        return NoteResult(f"found: {summary}", _far_behind(fit, summary, held, w, evidence))
    if constant is not None:
        gap = held - constant
        gain, error = float(np.sum(w * gap) / np.sum(w)), float(np.std(gap) / np.sqrt(len(gap)))
        evidence |= {"gain_over_constants": gain, "gain_stderr": error}
        summary += f"; {number(gain, 3)} (SE {number(error, 2)}) better than constants alone" if gain > 0 else ""
        if gain < -SURE * error:
            return NoteResult(f"found: {summary}", _overfits(fit, summary, gain, error, evidence))
    if train - test > max(usual, SURE * float(np.std(held) / np.sqrt(len(held)))):
        return NoteResult(f"found: {summary}", _overfits(fit, summary, None, None, evidence))
    return NoteResult(f"passed: {summary}")


def _impossible(fit: Estimates, rows: list[int]) -> NoteResult:
    """Rows that a fit to the others gives no chance at all."""
    shown = ", ".join(f"{i:,}" for i in rows[:NAMED]) + (
        f" and {len(rows) - NAMED:,} more" if len(rows) > NAMED else ""
    )
    rows_are, each = ("rows", "are") if len(rows) > 1 else ("row", "is")
    summary = f"{rows_are} {shown} {each} impossible under a fit to the others"
    return NoteResult(
        f"found: {summary}",
        Finding(
            "overfitting",
            "Rows that it has not seen are impossible under the model",
            summary[:1].upper() + summary[1:] + ", so the held-out log-likelihood is minus infinity",
            "A new row like them would be impossible, too: the model takes for certain what the rows at hand show",
            "Look at these rows, or choose a family that gives them a chance",
            f"print(fit.influence().refit({rows[:NAMED]}))",
            evidence={"rows": rows},
        ),
    )


def _far_behind(fit: Estimates, summary: str, held: Any, w: Any, evidence: dict[str, Any]) -> Finding:
    """A held-out log-likelihood so far below that of training that no spread between the rows excuses it."""
    lost = w * (float(np.median(held)) - held)
    order = np.argsort(-lost, kind="stable")
    total = float(np.sum(lost[lost > 0.0]))
    few = int(np.argmax(np.cumsum(lost[order]) >= NEARLY_ALL * total)) + 1
    if few > min(NAMED, 0.1 * len(held)):
        return replace(_overfits(fit, summary, None, None, evidence), severity="finding")
    rows = fit.effective.likelihood.bound.row_numbers(order[:few]).tolist()
    named = f"row{'s' if few > 1 else ''} {', '.join(f'{i:,}' for i in rows)}"
    return Finding(
        "overfitting",
        "The model does far worse on rows that it has not seen",
        f"{summary[:1].upper()}{summary[1:]}. Nearly all of the difference comes from {named}",
        f"A fit to the other rows gives {'them' if few > 1 else 'it'} next to no chance: what the model says there, it "
        "has learnt there",
        "Predictions and their intervals are not to be trusted for such rows. Look whether they are mistakes; if not, "
        "choose a family with heavier tails, or fewer predictors",
        f"print(fit.influence().refit({rows}))",
        chart="influence",
        evidence={**evidence, "rows": rows},
    )


def _overfits(
    fit: Estimates, summary: str, gain: float | None, error: float | None, evidence: dict[str, Any]
) -> Finding:
    worse = (
        ""
        if gain is None
        else f", and {number(-gain, 3)} nats a row worse than constants alone (SE {number(error, 2)})"
    )
    return Finding(
        "overfitting",
        "The model overfits: it does worse on rows that it has not seen",
        summary[:1].upper() + summary[1:] + worse,
        "It errs on the side of too many estimates: part of what it learnt is chance",
        "Predictions for new rows are worse than the fit looks. Turn the knob down: fewer predictors, or a penalty "
        "whose strength cross-validation chooses",
        Recipe(fit).code("data", penalty=Ridge(1.0)),
        "note",
        evidence=evidence,
    )


def _constant(fit: Estimates, fold_of: Any, folds: int) -> Floats | None:
    """The held-out log-density under constants alone; None where predictors come with offsets or known columns."""
    model, bound = fit.effective.likelihood.model, fit.effective.likelihood.bound
    plain = all(s.offset is None for s in model.slots) and not model.known_by_row
    if model.constant or not plain or bound.weighted or model.family.kind.labels:
        return None
    held = np.empty(len(bound.y))
    for fold in range(folds):
        out = fold_of == fold
        found = estimates_of(model.family, bound.y[~out], progress=False, on_failure="return")
        if not found.converged or found.limit is not None:
            return None
        held[out] = found.likelihood.model.family.log_prob(bound.y[out], **found.coef)
    return held


NOTES: dict[str, tuple[str, Callable[[Any, Sample, int], NoteResult]]] = {
    "influence": ("Does any single row decide an estimate?", _influence),
    "aliasing": ("Can the effects of the predictors be told apart?", _aliasing),
    "separation": ("Do the predictors nearly separate the outcomes?", _separation),
    "asymptotics": ("Are there enough data for standard errors?", _little),
    "overfitting": ("Does the model do as well on rows that it has not seen?", _held_out),
}


def noted(check: str, fit: Estimates, sample: Sample, seed: int) -> NoteResult:
    """How a check ended; one that cannot be run says why."""
    try:
        return NOTES[check][1](fit, sample, seed)
    except LikelyError as error:
        return NoteResult.not_run(error)
