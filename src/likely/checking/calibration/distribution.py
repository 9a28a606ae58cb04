"""Calibration of whole predictive distributions: transforms, coverage, continuous ranked probability, sharpness."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, final

import numpy as np
from scipy import stats

from likely.checking.calibration.checked import column_of_numbers, matched
from likely.checking.calibration.judged import STATED, Judged, Verdict
from likely.errors import DataError, MissingValuesError, OptionError, ParameterError, first_rows
from likely.errors.boundary import public_class
from likely.errors.kinds import is_number
from likely.families.base import generator
from likely.likelihoods.nodes import nodes
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats
from likely.prediction.bands import PITHistogram, histogram
from likely.show.text_table import DASH, Grid, fixed, number, p_value, plain

if TYPE_CHECKING:
    from likely.charts.saving import AnyChart
    from likely.checking.calibration.fitted import Predictions

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)
AT_ONCE = 4000  # distributions whose nodes are held at once
MOST = 50_000  # rows whose score is integrated
WIDTH = 88


@final
@dataclass(frozen=True)
class Coverage:
    """How many observations a central interval held.

    Attributes
    ----------
    level : float
        That it states.
    share : float
        Of the observations inside.
    lower, upper : float
        Where the share lies in 95 of 100 samples if the intervals are right.
    width : float
        Mean width of the intervals: their sharpness.
    """

    level: float
    share: float
    lower: float
    upper: float
    width: float


@final
@public_class
@dataclass(frozen=True, eq=False)
class DistributionCalibration:
    """Whether predictive distributions are what they say; made by `likely.calibration`.

    Attributes
    ----------
    n : int or float
    pit : PITHistogram or None
        Of the probability integral transforms; None where only quantiles are known.
    coverage : tuple of Coverage
    crps : float or None
        Mean continuous ranked probability score, in the units of y: smaller is better. None where it does not exist.
    crps_stderr : float or None
    log_score : float or None
        Mean surprise in nats; None where no density is known.
    remark : str
    judged : Judged
        Which predictions these are.
    impossible : int
        Rows that lie outside the support of their distributions.
    """

    n: float
    pit: PITHistogram | None
    coverage: tuple[Coverage, ...]
    crps: float | None
    crps_stderr: float | None
    log_score: float | None
    remark: str = ""
    judged: Judged = STATED
    impossible: int = 0

    @property
    def grid(self) -> Grid:
        """Coverage by level."""
        cells = tuple(
            (
                f"{100 * c.level:g}%",
                f"{100 * c.share:.1f}%",
                f"{100 * c.lower:.1f}% to {100 * c.upper:.1f}%",
                "" if c.lower <= c.share <= c.upper else "*",
                number(c.width, 4),
            )
            for c in self.coverage
        )
        header = ("interval", "held", "expected if right", "", "mean width")
        return Grid(header, cells, "rrrlr", f"Calibration of {self.n:,} predictive distributions")

    @property
    def verdict(self) -> str:
        """What all this says, in a sentence."""
        return self.judged.qualified(self._verdict())

    def _verdict(self) -> Verdict:
        if self.impossible:
            rows = (
                "1 row lies where its distribution says"
                if self.impossible == 1
                else (f"{self.impossible:,} rows lie where their distributions say")
            )
            return Verdict(f"Miscalibrated: {rows} that none can lie.", miscalibrated=True)
        # half of 5% for the transforms, half for all intervals together (Bonferroni)
        off = [c for c in self.coverage if _chance(c, self.n) < 0.025 / len(self.coverage)]
        if self.pit is not None and self.pit.p_value < (0.025 if self.coverage else 0.05):
            off = off or [max(self.coverage, key=lambda c: abs(c.share - c.level))]
        if not off:
            return Verdict("No sign of miscalibration: intervals hold what they state.", miscalibrated=False)
        worst = max(off, key=lambda c: abs(c.share - c.level))
        if abs(worst.share - worst.level) < 0.005:
            text = "Miscalibrated in shape: intervals hold what they state, but the transforms are not evenly spread."
            return Verdict(text, miscalibrated=True)
        way = "too narrow (overconfident)" if worst.share < worst.level else "too wide (underconfident)"
        text = f"Miscalibrated: the {100 * worst.level:g}% interval held {100 * worst.share:.1f}%, so it is {way}."
        return Verdict(text, miscalibrated=True)

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
        out: dict[str, Any] = {
            "n": self.n,
            "coverage": [vars(c) for c in self.coverage],
            "crps": self.crps,
            "crps_stderr": self.crps_stderr,
            "log_score": self.log_score,
            "pit": None
            if self.pit is None
            else {"heights": self.pit.heights.tolist(), "p_value": self.pit.p_value, "statistic": self.pit.statistic},
            "verdict": self.verdict,
            "remark": self.remark,
            "judged": self.judged.text,
        }
        return plain(out)

    def __str__(self) -> str:
        error = "" if self.crps_stderr is None else f" (SE {self.crps_stderr:.2g})"
        score = DASH if self.crps is None else f"{self.crps:.6g}{error}"
        surprise = "infinite" if self.impossible else fixed(self.log_score, 4)
        lines = [textwrap.fill(self.judged.sentence, WIDTH)] if self.judged.text else []
        lines.append(f"CRPS {score}, log score {surprise}")
        if self.pit is not None:
            lines.append(
                f"transforms: chi-squared {self.pit.statistic:.4g} for {len(self.pit.heights)} equal bins, "
                f"p {p_value(self.pit.p_value)}"
            )
        texts = [textwrap.fill(t, WIDTH) for t in (self.verdict, self.remark) if t]
        return "\n".join([str(self.grid), "", *lines, *texts])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        texts = "".join(f"<p>{escape(t)}</p>" for t in (self.judged.sentence, self.verdict, self.remark) if t)
        return f'<div class="likely-calibration">{self.grid.html()}{texts}</div>'


def of_predictions(found: Predictions, seed: int) -> DistributionCalibration:
    """The calibration of a family's distributions of some rows.

    Parameters
    ----------
    found : Predictions
    seed : int
        Of the rows whose score is integrated, where they are very many.
    """
    used = found.weights > 0
    if not np.all(used):
        found = found.of(np.flatnonzero(used))
    family, values, y, w = found.family, found.values, found.y, found.weights
    rows, total = len(y), float(np.sum(w))
    discrete = family.kind.discrete
    predictive = family.at(values)
    tails = predictive.tails(y)
    above, below = _full(tails.below, rows), _full(tails.before, rows)
    density = _full(predictive.log_density(y), rows)
    with np.errstate(all="ignore"):
        ends = [tuple(_full(predictive.quantile(0.5 * (1.0 + s * q)), rows) for s in (-1.0, 1.0)) for q in LEVELS]
    held = [_held(level, end, y, below, above, w) for level, end in zip(LEVELS, ends, strict=True)]
    remarks = []
    some = np.arange(rows)
    if rows > MOST:
        some = np.sort(generator(seed, "calibration").choice(rows, MOST, replace=False))
        remarks.append(f"The CRPS is that of {MOST:,} rows, drawn with the seed {seed}.")
    score = crps_of(family, found.of(some).values, y[some])
    if score is None:
        remarks.append("The fitted distributions have no mean, so their CRPS cannot be computed.")
    if never := int(np.count_nonzero(np.isneginf(density))):
        remarks.append(
            f"{never:,} of {rows:,} rows lie where their distributions say that none can lie, so the log score is "
            "infinite."
        )
    if discrete:
        remarks.append("Intervals of whole numbers count their ends in part.")
    surprise = float(np.average(-density, weights=w)) if not never else np.inf
    return DistributionCalibration(
        int(total) if total.is_integer() else total,
        histogram(below, above, 10, 0.95, w),
        tuple(held),
        None if score is None else float(np.average(score, weights=w[some])),
        None if score is None else _error(score, w[some]),
        surprise if np.isfinite(surprise) else None,
        " ".join(remarks),
        found.judged,
        never,
    )


def _full(values: Any, rows: int) -> Floats:
    """One number for every row."""
    return np.broadcast_to(np.asarray(values, dtype=float), (rows,))


def _held(level: float, end: Any, y: Any, below: Any, above: Any, w: Any) -> Coverage:
    """How many observations lie in the central interval; a whole number's jump counts as far as it is inside."""
    (low, high), tail = end, 0.5 * (1.0 - level)
    jump = above - below
    part = np.clip((np.minimum(above, 1.0 - tail) - np.maximum(below, tail)) / np.maximum(jump, 1e-300), 0.0, 1.0)
    inside = np.where(jump > 0.0, part, (y >= low) & (y <= high))
    share, width = (float(np.average(v, weights=w)) for v in (inside, high - low))
    return _coverage(level, share, float(np.sum(w)), width)


def _chance(c: Coverage, n: float) -> float:
    """The two-sided p-value of the observations inside, by the binomial distribution."""
    inside, whole = c.share * n, max(round(n), 1)
    least = stats.binom.cdf(np.floor(inside + 1e-9), whole, c.level)
    most = stats.binom.sf(np.ceil(inside - 1e-9) - 1.0, whole, c.level)
    return float(min(1.0, 2.0 * min(least, most)))


def _coverage(level: float, share: float, n: float, width: float) -> Coverage:
    lower, upper = (float(stats.binom.ppf(q, n, level)) / n for q in (0.025, 0.975))
    return Coverage(level, share, lower, upper, width)


def crps_of(family: Any, values: Mapping[str, Any], y: Any) -> Floats | None:
    """The continuous ranked probability score of every row; None where the distributions have no mean.

    E|Y - y| - E|Y - Y'|/2 (Gneiting and Raftery 2007), the second as E[Y (F(Y) + F(Y-) - 1)].

    Parameters
    ----------
    family : Family
        With nothing known.
    values : mapping
        Every parameter, one number or one for each row.
    y : ndarray

    Examples
    --------
    >>> import numpy as np
    >>> import likely as lk
    >>> crps_of(lk.Normal(), {"mean": 0.0, "sd": 1.0}, np.array([0.0])).round(6).tolist()  # 2 phi(0) - 1/sqrt(pi)
    [0.233695]
    """
    out = np.empty(len(y))
    for lo in range(0, len(y), AT_ONCE):
        rows = slice(lo, min(lo + AT_ONCE, len(y)))
        part = {k: v[rows] if np.ndim(v) == 1 else v for k, v in values.items()}
        at = y[rows]
        with np.errstate(all="ignore"):
            mean = family._mean(NumpyNamespace(), **part)
            if not np.all(np.isfinite(mean)):
                return None
            x, p = nodes(family, part, len(at), None if family.kind.discrete else at)
            columns = {k: np.reshape(v, (-1, 1)) if np.ndim(v) == 1 else v for k, v in part.items()}
            tails = family.at(columns).tails(x)
            reached = tails.below + tails.before
            out[rows] = np.sum(p * np.abs(x - at[:, None]), axis=1) - 0.5 * np.sum(
                p * x * 2.0 * (reached - 1.0), axis=1
            )
    return out


def _error(score: Any, w: Any) -> float | None:
    """The standard error of a mean."""
    total = float(np.sum(w))
    if total <= 1.0:
        return None
    return float(np.sqrt(np.average(np.square(score - np.average(score, weights=w)), weights=w) / (total - 1.0)))


# -- forecasts of any model --------------------------------------------------------------------------------------


def of_quantiles(y: Any, quantiles: Mapping[Any, Any]) -> DistributionCalibration:
    """The calibration of stated quantiles: ``{0.05: [...], 0.5: [...], 0.95: [...]}``."""
    given, y = y, column_of_numbers(y)
    if any(not is_number(q) for q in quantiles):
        raise OptionError(f"quantiles go by levels between 0 and 1, found {list(quantiles)[:6]}")
    levels = sorted(float(q) for q in quantiles)
    if not levels or levels[0] <= 0.0 or levels[-1] >= 1.0:
        raise OptionError(f"quantiles go by levels between 0 and 1, found {list(quantiles)[:6]}")
    table = np.column_stack(
        [
            _column(matched(quantiles[q], given, what), len(y), what)
            for q, what in ((q, f"the {float(q):g} quantile") for q in sorted(quantiles))
        ]
    )
    if np.any(crossing := np.any(np.diff(table, axis=1) < 0.0, axis=1)):
        rows = np.flatnonzero(crossing)
        raise ParameterError(
            f"quantiles do not decrease with their level, but they do in {first_rows(rows, table[rows, 0])}"
        )
    held = []
    for k, q in enumerate(levels):
        mirror = next((j for j, other in enumerate(levels) if abs(other - (1.0 - q)) < 1e-9), None)
        if q < 0.5 and mirror is not None:
            low, high = table[:, k], table[:, mirror]
            inside = float(np.mean((y >= low) & (y <= high)))
            held.append(_coverage(round(1.0 - 2.0 * q, 12), inside, len(y), float(np.mean(high - low))))
    if not held:
        raise OptionError(f"central intervals need pairs of levels such as 0.05 and 0.95, found {levels}")
    return DistributionCalibration(
        len(y), None, tuple(held[::-1]), None, None, None, "Quantiles alone have no transform, density or CRPS."
    )


def of_samples(y: Any, samples: Any, seed: int) -> DistributionCalibration:
    """The calibration of ensembles: samples of shape (n, m), m draws from each predictive distribution."""
    given = matched(samples, y, "samples")
    try:
        draws = np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        raise DataError("samples are numbers, a row of draws for each observation, and not all of these are") from None
    y = column_of_numbers(y)
    if draws.ndim != 2 or len(draws) != len(y) or draws.shape[1] < 2:
        raise DataError(f"samples has a row of draws for each of {len(y)} observations, found the shape {draws.shape}")
    if np.any(bad := ~np.isfinite(draws).all(axis=1)):
        rows = np.flatnonzero(bad)
        raise MissingValuesError(f"samples are missing or not finite in {first_rows(rows, ['not finite'] * len(rows))}")
    m = draws.shape[1]
    ordered = np.sort(draws, axis=1)
    less, same = (ordered < y[:, None]).sum(axis=1), (ordered == y[:, None]).sum(axis=1)
    u = (less + generator(seed, "calibration").random(len(y)) * (same + 1)) / (m + 1)  # the rank among its draws
    held = []
    for level in LEVELS:
        tail = 0.5 * (1.0 - level)
        low, high = (np.quantile(ordered, q, axis=1) for q in (tail, 1.0 - tail))
        held.append(
            _coverage(level, float(np.mean((u >= tail) & (u <= 1.0 - tail))), len(y), float(np.mean(high - low)))
        )
    ranks = 2.0 * np.arange(1, m + 1) - m - 1.0
    score = np.mean(np.abs(ordered - y[:, None]), axis=1) - ordered @ ranks / (m * (m - 1.0))
    pit = histogram(u, u, 10, 0.95)
    return DistributionCalibration(
        len(y), pit, tuple(held), float(np.mean(score)), _error(score, np.ones(len(y))), None
    )


def _column(values: Any, n: int, what: str) -> Floats:
    column = (
        np.broadcast_to(np.asarray(values, dtype=float), (n,)) if np.ndim(values) == 0 else np.asarray(values, float)
    )
    if column.shape != (n,):
        raise DataError(f"{what} has the shape {column.shape}, and there are {n} observations")
    if np.any(np.isnan(column)):
        rows = np.flatnonzero(np.isnan(column))
        raise MissingValuesError(f"{what} is missing in {first_rows(rows, column[rows])}")
    return column
