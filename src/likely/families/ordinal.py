"""The ordinal family: one of several ordered labels, by a latent variable that thresholds cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, final

import numpy as np

from likely.errors import DataError, OptionError, ParameterError, is_one_of, listed, unknown
from likely.errors.boundary import public
from likely.families.base import Kind, Parameter, by_keyword
from likely.families.base.domains import Positive, Real
from likely.families.base.kernel import Kernel
from likely.families.base.links import LINKS, log_first_event
from likely.families.base.vectors import Increasing
from likely.families.kernels.ordinal import fits, ordinal_rows
from likely.families.labels import CodeDistribution, Labelled, plain, require_entries, values_of
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import AnyArray, Floats, Value


@final
@dataclass(frozen=True)
class Latent:
    """The standard distribution of the latent variable, as logarithms that keep their digits in both tails.

    Attributes
    ----------
    below, above : callable
        (t, xp) -> log F(t), log(1 - F(t)).
    between : callable
        (low, high, xp) -> log(F(high) - F(low)).
    """

    below: Callable[[Any, Any], Any]
    above: Callable[[Any, Any], Any]
    between: Callable[[Any, Any, Any], Any]


def _logistic_between(low: Any, high: Any, xp: Any) -> Value:
    # F(b) - F(a) = F(b) (1 - F(a)) (1 - exp(a - b))
    return xp.log_expit(high) + xp.log_expit(-low) + xp.log1mexp(high - low)


def _normal_between(low: Any, high: Any, xp: Any) -> Value:
    # in the half line where both probabilities are small
    mirrored = low + high > 0.0
    near, far = xp.where(mirrored, -low, high), xp.where(mirrored, -high, low)
    log_near = xp.log_ndtr(near)
    return log_near + xp.log1mexp(log_near - xp.log_ndtr(far))


def _cloglog_between(low: Any, high: Any, xp: Any) -> Value:
    # exp(-exp(a)) - exp(-exp(b)) = exp(-exp(a)) (1 - exp(-(exp(b) - exp(a))))
    return log_first_event(xp, high + xp.log1mexp(high - low)) - xp.exp(low)


def _cauchy_between(low: Any, high: Any, xp: Any) -> Value:
    # the angle between the two points on the unit circle, whose tangent is d / (1 + low high)
    d, c = high - low, 1.0 + low * high
    wide = xp.abs(c) < d
    angle = xp.where(
        wide,
        0.5 * xp.pi - xp.atan(c / xp.where(wide, d, 1.0)),
        xp.atan(d / xp.where(wide, 1.0, c)) + xp.where(c < 0.0, xp.pi, 0.0),
    )
    return xp.log(angle) - float(np.log(np.pi))


def _cauchy_below(t: Any, xp: Any) -> Value:
    return xp.log(LINKS["cauchit"].inverse(t, xp))


LATENT: dict[str, Latent] = {
    "logit": Latent(lambda t, xp: xp.log_expit(t), lambda t, xp: xp.log_expit(-t), _logistic_between),
    "probit": Latent(lambda t, xp: xp.log_ndtr(t), lambda t, xp: xp.log_ndtr(-t), _normal_between),
    "cloglog": Latent(lambda t, xp: log_first_event(xp, t), lambda t, xp: -xp.exp(t), _cloglog_between),
    "loglog": Latent(
        lambda t, xp: -xp.exp(-t),
        lambda t, xp: log_first_event(xp, -t),
        lambda low, high, xp: _cloglog_between(-high, -low, xp),
    ),
    "cauchit": Latent(_cauchy_below, lambda t, xp: _cauchy_below(-t, xp), _cauchy_between),
}


@final
class Ordinal(Labelled):
    """One of several ordered labels: an answer from "never" to "always", a grade, a severity.

    P(Y <= k) = F((threshold[k] - location) / scale): a latent variable, cut at increasing thresholds. With the
    logistic F it is the proportional-odds model (McCullagh 1980, *JRSS B* 42). Signs are those of R's ``polr`` and
    ``clm``: a positive coefficient of the location makes higher levels more likely.

    Parameters
    ----------
    levels : sequence, optional
        The labels from lowest to highest; by default the order that the data declare (an ordered Categorical of
        pandas, an Enum of Polars), or that of numbers.
    link : {"logit", "probit", "cloglog", "loglog", "cauchit"}
        The link of P(Y <= k), whose inverse F is the latent variable's distribution.
    location, threshold, scale : optional
        Known values. Without predictors the location is 0 and the scale 1; neither has an intercept, whose place the
        thresholds take.

    Notes
    -----
    Predictors of the thresholds (``threshold="~ x"``) have a coefficient for each of them: nominal effects, or partial
    proportional odds. A level that does not occur in the data is left out: its estimated probability is 0.

    Examples
    --------
    >>> import likely as lk
    >>> family = lk.Ordinal(levels=["low", "mid", "high"])
    >>> family.prob(["low", "mid", "high"], threshold=[-1.0, 1.0]).round(3).tolist()
    [0.269, 0.462, 0.269]
    >>> family.quantile(0.5, threshold=[-1.0, 1.0], location=2.0)
    'high'
    """

    name: ClassVar = "ordinal"
    aliases: ClassVar = ("cumulative", "ordered", "proportional_odds", "polr", "clm")
    parameters: ClassVar = (
        Parameter("location", Real, "where the latent variable lies", anchored=True),
        Parameter("threshold", Increasing, "cuts between a level and the next"),
        Parameter("scale", Positive, "spread of the latent variable", anchored=True),
    )
    assumes: ClassVar = "each observation is the interval, between thresholds, into which a latent variable falls"
    loss_name: ClassVar = "ordinal log loss"

    @public
    def __init__(self, levels: Iterable[Any] | None = None, link: str = "logit", **known: Any) -> None:
        super().__init__(levels, **known)
        if not is_one_of(link, LATENT):
            raise unknown("link", link, LATENT, " for Ordinal")
        self.link = link
        if "threshold" in self.known:
            self._check_threshold(self.known["threshold"])

    @property
    def arguments(self) -> dict[str, Any]:
        """What makes the family again, by keyword."""
        levels = {} if self.levels is None else {"levels": list(self.levels)}
        return {**levels, **({} if self.link == "logit" else {"link": self.link}), **self.known}

    @property
    def kind(self) -> Kind:
        """Labels in order."""
        return Kind.ORDERED

    @property
    def variant(self) -> str:
        """The latent distribution, by its link."""
        return self.link

    def linked(self, link: Any) -> tuple[Ordinal, Any]:
        """The family with the latent distribution that a fit's ``link=`` names."""
        if not isinstance(link, str):
            return self, link
        return Ordinal(self.levels, link, **self.known), None

    @property
    def latent(self) -> Latent:
        """The latent variable's standard distribution."""
        return LATENT[self.link]

    # -- levels and their codes -----------------------------------------------------------------------

    def _with_levels(self, levels: Iterable[Any]) -> Ordinal:
        return Ordinal(levels, self.link, **self.known)

    def _size_of(self, params: Mapping[str, Any]) -> int | None:
        threshold = params.get("threshold", self.known.get("threshold"))
        return np.shape(threshold)[-1] + 1 if np.ndim(threshold) else None

    def bind(self, y: Any, known: Mapping[str, Any]) -> tuple[Ordinal, Any]:
        """The family with its levels, and the data as codes 0, 1, ... (a missing value gives NaN).

        `y` may be a pair (values, declared levels); declared levels that do not occur are left out.
        """
        y, declared = y if isinstance(y, tuple) and len(y) == 2 else (y, None)
        values, missing = values_of(y)
        if self.levels is not None:
            return self, self.codes(values, missing)
        found = {plain(v) for v in set(values[~missing].tolist())}
        if declared is not None and getattr(declared, "ordered", True):
            levels = [plain(level) for level in declared if plain(level) in found]
        elif all(isinstance(v, (int, float)) for v in found):
            levels = sorted(found)
        else:
            shown = ", ".join(repr(v) for v in sorted(map(str, found))[:6]) + (", ..." if len(found) > 6 else "")
            raise DataError(
                "Ordinal needs the order of its levels, and text has none. Give it, from lowest to highest: "
                f"lk.Ordinal(levels=[...]) with {shown}; or make the column an ordered Categorical (pandas) or an Enum "
                "(Polars)"
            )
        if len(levels) < 2:
            raise DataError(f"Ordinal needs two or more distinct levels, the data have {len(levels)}: {listed(levels)}")
        bound = self._with_levels(levels)
        return bound, bound.codes(values, missing)

    def settle(self, y: Any) -> tuple[Ordinal, Any]:
        """The levels that occur: the two thresholds around one that never does would coincide."""
        occurs = np.array([bool(np.any(y == code)) for code in range(self.size)])
        if "threshold" in self.known or np.all(occurs):
            return self, y
        levels = [level for level, here in zip(self._bound(), occurs, strict=True) if here]
        if len(levels) < 2:
            raise DataError(f"an Ordinal needs two or more levels that occur, the data have {listed(levels)} only")
        return self._with_levels(levels), (np.cumsum(occurs) - 1.0)[y.astype(np.intp)]

    # -- evaluation -----------------------------------------------------------------------------------

    def resolve(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """All parameter values, the thresholds checked to be as many as the cuts and increasing."""
        given = self._given(params)
        threshold = self._check_threshold(given.pop("threshold"))
        scalars: dict[str, Any] = {}
        for name, value in given.items():
            self.parameter(name).domain.check(f"Ordinal's {name}", value)
            scalars[name] = np.float64(value) if np.ndim(value) == 0 else np.asarray(value, dtype=float)
        return {"location": scalars["location"], "threshold": threshold, "scale": scalars["scale"]}

    def _check_threshold(self, threshold: Any) -> Floats:
        try:
            threshold = np.asarray(threshold, dtype=float)
        except (TypeError, ValueError):
            raise ParameterError(f"Ordinal's threshold is a list of increasing numbers, found {threshold!r}") from None
        if threshold.ndim == 0:
            raise ParameterError(f"Ordinal's threshold is one number for each cut between levels, found {threshold:g}")
        if self.levels is not None:
            require_entries("Ordinal", "threshold", threshold, self.size - 1, Increasing.entries(self.levels))
        Increasing.check_vector("Ordinal's threshold", threshold)
        return threshold

    def _log_density(self, xp: Any, y: Any, location: Any, threshold: Any, scale: Any) -> Value:
        cuts = list(threshold) if isinstance(threshold, (tuple, list)) else list(np.moveaxis(threshold, -1, 0))
        last = len(cuts)
        # the highest level has no cut above it, the lowest none below: a harmless one takes its place
        low, high = cuts[0] - 1.0, cuts[-1] + 1.0
        for k, cut in enumerate(cuts):
            low, high = xp.where(y == k + 1, cut, low), xp.where(y == k, cut, high)
        low, high = (low - location) / scale, (high - location) / scale
        ends = xp.where(y == 0, self.latent.below(high, xp), self.latent.above(low, xp))
        if last == 1:
            return ends
        return xp.where((y == 0) | (y == last), ends, self.latent.between(low, high, xp))

    def kernel(self, links: tuple[str, ...]) -> Kernel | None:
        """Its fused rows."""
        return Kernel(partial(ordinal_rows, self), fits=fits)

    def _scipy(self, *, location: Any, threshold: Any, scale: Any) -> CodeDistribution:
        t = (threshold - np.asarray(location)[..., None]) / np.asarray(scale)[..., None]
        xp = NumpyNamespace()
        with np.errstate(all="ignore"):
            return CodeDistribution(np.exp(self.latent.below(t, xp)), np.exp(self.latent.above(t, xp)))

    @by_keyword
    def cdf(self, y: Any, **params: Any) -> Floats | float:
        """P(Y <= y).

        Parameters
        ----------
        y : array_like
            Labels.
        **params : array_like
            Parameter values; thresholds along the last axis.

        Returns
        -------
        float or ndarray

        Examples
        --------
        >>> import likely as lk
        >>> round(float(lk.Ordinal(["low", "mid", "high"]).cdf("mid", threshold=[-1.0, 1.0])), 4)
        0.7311
        """
        family = self._sized(params)
        return family._scipy(**family.resolve(params)).cdf(family.codes(*values_of(y)))

    @by_keyword
    def sf(self, y: Any, **params: Any) -> Floats | float:
        """P(Y > y), accurate in the upper tail.

        Parameters
        ----------
        y : array_like
            Labels.
        **params : array_like
            Parameter values; thresholds along the last axis.

        Returns
        -------
        float or ndarray

        Examples
        --------
        >>> import likely as lk
        >>> f"{lk.Ordinal(['low', 'mid', 'high']).sf('mid', threshold=[-1.0, 50.0]):.4g}"
        '1.929e-22'
        """
        family = self._sized(params)
        return family._scipy(**family.resolve(params)).sf(family.codes(*values_of(y)))

    @by_keyword
    def quantile(self, q: Any, **params: Any) -> AnyArray:
        """The lowest label y with cdf(y) >= q.

        Parameters
        ----------
        q : array_like
            Levels between 0 and 1.
        **params : array_like
            Parameter values; thresholds along the last axis.

        Returns
        -------
        A label or an ndarray of them.

        Examples
        --------
        >>> import likely as lk
        >>> lk.Ordinal(["low", "mid", "high"]).quantile([0.1, 0.5], threshold=[-1.0, 1.0]).tolist()
        ['low', 'mid']
        """
        try:
            q = np.asarray(q, dtype=float)
        except (TypeError, ValueError):
            raise OptionError(f"a quantile's level is a number between 0 and 1, found {q!r}") from None
        if not np.all((q >= 0) & (q <= 1)):
            raise OptionError("a quantile's level lies between 0 and 1")
        family = self._sized(params)
        codes = np.asarray(family._scipy(**family.resolve(params)).ppf(q))
        labels = np.asarray(family._bound())[codes.astype(np.intp)]
        return labels if np.ndim(labels) else labels.item()

    # -- help for the fit -----------------------------------------------------------------------------

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        return {"threshold": self._cut(self._counts(y, w) + 0.5)}

    def _closed_form(self, y: Any, w: Any, known: Any) -> dict[str, Any] | None:
        counts = self._counts(y, w)
        if known or not np.all(counts > 0):
            return None
        return {"threshold": self._cut(counts)}

    def _cut(self, counts: Any) -> Floats:
        """Thresholds that give the levels these shares, at location 0 and scale 1."""
        below = np.cumsum(counts)[:-1]
        return LINKS[self.link].forward(below / counts.sum())
