"""Charts, each defined once: the same in a notebook, as PNG or SVG, and in a report."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, final

from likely.charts import distribution, estimates, likelihood, rows
from likely.charts.records import calibration, comparison, losses, training
from likely.errors import FitError, LikelyError, OptionError, unknown
from likely.errors.boundary import public, public_class
from likely.families.base import Kind

if TYPE_CHECKING:
    from likely.charts.saving import AnyChart
    from likely.estimates import Estimates

__all__ = ["CHARTS", "FitCharts", "available", "calibration", "comparison", "losses", "training"]


# by name: the function, and what the chart shows
CHARTS: dict[str, tuple[Callable[..., Any], str]] = {
    "density": (
        distribution.density,
        "The data, and the fitted distribution: averaged over the rows where there are predictors.",
    ),
    "coefficients": (estimates.coefficients, "The estimates with their intervals."),
    "effect": (estimates.effect, "The average prediction along a predictor, the others as they are."),
    "residuals": (
        rows.residuals,
        "Quantile residuals: standard normal at every place if the model holds. A bend says that the mean is wrong, a "
        "funnel that the spread is.",
    ),
    "qq": (distribution.qq, "A line that leaves the band at its ends has tails that the family has not."),
    "worm": (distribution.worm, "The same less the diagonal: a slope is a wrong spread, a bow skewness, an S tails."),
    "pit": (
        distribution.pit,
        "A valley in the middle says that the fitted distributions are too narrow, a hill that they are too wide.",
    ),
    "calibration": (
        calibration,
        "Chances beside what happened, each row predicted by a fit to others: on the diagonal, they are what they say.",
    ),
    "surprise": (rows.surprise, "What each row costs: the rows at the top carry the loss."),
    "influence": (rows.influence, "Rows at the top move the estimates; rows to the right could."),
    "curve": (likelihood.curve, "The likelihood along the first estimate, with the others held."),
    "profile": (likelihood.profile, "The likelihood along an estimate, with the others refitted; and its parabola."),
    "contour": (likelihood.contour, "Where two estimates can be together."),
}
OF_CHANCES = ("bernoulli", "categorical", "ordinal")  # whose calibration is no histogram of transforms
PROFILED = 20_000  # rows up to which a report draws what needs many fits


def available(fit: Estimates, calibrated: Callable[[], Any]) -> dict[str, tuple[Callable[[], Any], str]]:
    """The charts that suit a fit, as functions without arguments, each with what it shows.

    Parameters
    ----------
    fit : Estimates
    calibrated : callable
        Gives the calibration of its predictions, where that is drawn.
    """
    if not fit.converged:
        return {}
    model = fit.likelihood.model
    family = model.family
    left_out = set()
    offers = fit.likelihood.offers
    if not offers.predictors:
        left_out |= {"density", "residuals", "qq", "worm", "pit", "calibration", "influence"}
        left_out |= {"surprise"} if not offers.independent_rows else set()
    if family.kind.classes:
        left_out |= {"worm", "pit"} | ({"residuals", "qq"} if family.kind is Kind.LABELS else set())
    if family.name not in OF_CHANCES or model.constant:
        left_out.add("calibration")
    if model.constant or not fit.regular or not offers.predictors:
        left_out.add("effect")
    if len(fit.regular) < 2:
        left_out |= {"contour", "profile"}
    if fit.n > PROFILED or model.size > 30 or fit.asked.restraints:
        left_out |= {"curve", "profile", "contour"}
    if not fit.regular or model.size > 1 or model.fixed:
        left_out.add("curve")
    return {
        name: (_drawing(name, fit, calibrated), caption)
        for name, (_, caption) in CHARTS.items()
        if name not in left_out
    }


def _drawing(name: str, fit: Estimates, calibrated: Callable[[], Any]) -> Callable[[], Any]:
    make = CHARTS[name][0]
    return lambda: make(calibrated() if name == "calibration" else fit)


@final
class FitCharts:
    """The charts of a fit, by name: ``fit.plot.qq()``; each returns an Altair chart.

    A notebook shows it; ``.save("qq.png")`` writes PNG, SVG, PDF, HTML or JSON without a browser.

    Examples
    --------
    >>> import likely as lk
    >>> fit = lk.fit("normal", {"y": [1.0, 2.2, 2.9, 4.3, 5.1], "x": [1, 2, 3, 4, 5]}, "y ~ x")
    >>> fit.plot.qq().to_dict()["title"]["text"]
    'Quantile residuals against the normal distribution'
    """

    def __init__(self, fit: Estimates, calibrated: Callable[[], Any]) -> None:
        if not fit.converged:
            raise FitError(f"charts need a converged fit; this one: {fit.status}", fit)
        self._fit, self._calibrated = fit, calibrated

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in CHARTS:
            raise AttributeError(str(unknown("chart", name, CHARTS, " of a fit")))
        make = CHARTS[name][0]

        def chart(*args: Any, **options: Any) -> AnyChart:
            try:
                inspect.signature(make).bind(self._fit, *args, **options)
            except TypeError as error:
                raise OptionError(f"fit.plot.{name} takes other arguments: {error}") from None
            return make(self._calibrated() if name == "calibration" else self._fit, *args, **options)

        chart.__doc__ = make.__doc__
        chart.__name__ = name
        return public(chart)

    def __dir__(self) -> list[str]:
        return list(CHARTS)

    def __repr__(self) -> str:
        suits = available(self._fit, self._calibrated)
        lines = [f"fit.plot.{name}()".ljust(26) + caption for name, (_, caption) in suits.items()]
        return "\n".join(lines)


@final
@public_class
class LikelihoodCharts:
    """The charts of a likelihood: ``L.plot.curve("p")``, ``L.plot.profile("p")``, ``L.plot.contour((a, b))``."""

    def __init__(self, peak: Estimates) -> None:
        if not peak.converged:
            raise FitError(f"charts are drawn around the peak, and there is none: {peak.status}", peak)
        self._fit = peak

    def curve(self, name: str | None = None, *, log: bool = False) -> AnyChart:
        """The likelihood along one parameter, the others held."""
        return likelihood.curve(self._fit, name, log)

    def profile(self, name: str | None = None, *, log: bool = True) -> AnyChart:
        """The same with the others refitted."""
        return likelihood.profile(self._fit, name, log)

    def contour(self, names: tuple[str, str] | None = None) -> AnyChart:
        """Joint regions of two parameters."""
        return likelihood.contour(self._fit, names)


def drawn(
    fit: Estimates, calibrated: Callable[[], Any]
) -> tuple[dict[str, tuple[dict[str, Any], str]], dict[str, str]]:
    """The charts that suit a fit as specifications with captions, and those that could not be made with the reason."""
    made: dict[str, tuple[dict[str, Any], str]] = {}
    lost: dict[str, str] = {}
    for name, (make, caption) in available(fit, calibrated).items():
        try:
            made[name] = (make().to_dict(), caption)
        except LikelyError as error:
            lost[name] = str(error)
    return made, lost
