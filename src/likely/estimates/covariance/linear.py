"""Linear models with an unknown variance: those whose estimates have Student's t."""

from __future__ import annotations

from typing import Any

from likely.errors import OptionError, is_one_of, listed, unknown
from likely.models.bind import Bound

SMALL_SAMPLE = ("t", "z")
LINEAR = {"normal": ("mean", "sd"), "log_normal": ("mu", "sigma")}  # location and spread
NOT_WITH_T = ("opg", "bootstrap")  # covariances that have no Student's t, not even by convention


def check_small_sample(bound: Bound, small_sample: Any) -> bool:
    """Whether Student's t is asked for, of a model that has it.

    Raises
    ------
    OptionError
        If the model has no Student's t: another family, a known spread or one with predictors, a link.
    """
    if small_sample is None:
        return False
    if not is_one_of(small_sample, SMALL_SAMPLE):
        raise unknown("choice", small_sample, SMALL_SAMPLE, " for small_sample=")
    if small_sample == "z":
        return False
    model, title = bound.model, bound.model.family.title
    exact = "small_sample='t' is exact for linear models with an unknown variance: lk.Normal() with an identity link"
    if model.family.name not in LINEAR or type(model.family).__module__.partition(".")[0] != "likely":
        raise OptionError(
            f"{exact} (and lk.LogNormal()). Estimates of {title} have no such distribution; what holds better in its "
            "small samples are profile intervals and likelihood-ratio tests: fit.interval(method='profile')"
        )
    location, spread = LINEAR[model.family.name]
    if spread in model.known:
        raise OptionError(f"{spread} is known, so its z and chi-squared are exact: leave out small_sample='t'")
    if len(model.slots) != 2 or [slot.parameter.name for slot in model.slots] != [location, spread]:
        raise OptionError(f"{exact}; this model has other parts: {listed(slot.label for slot in model.slots)}")
    if not model.slots[1].constant:
        raise OptionError(f"{exact}; here {spread} has predictors of its own")
    if model.slots[0].link.name != "identity":
        raise OptionError(f"{exact}; here {location} has the link {model.slots[0].link.name}")
    if bound.weights_kind == "importance" and bound.weights is not None:
        raise OptionError(
            "small_sample='t' needs a number of observations, and importance weights are mere multipliers: say what "
            "they are by weights_kind= ('frequency', 'analytic' or 'sampling')"
        )
    return True


def check_kind(kind: str, student: bool) -> None:
    """Raise where Student's t is asked for and the covariance has none."""
    if student and kind in NOT_WITH_T:
        raise OptionError(f"small_sample='t' does not go with cov={kind!r}: use 'observed', HC0 to HC3 or 'cluster'")
