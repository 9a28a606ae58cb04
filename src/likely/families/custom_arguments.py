"""What a user gives of a family of their own, checked: parameters, support, and functions with their arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from likely.errors import FamilyError, OptionError, is_one_of, listed, unknown
from likely.errors.kinds import is_number
from likely.families.base import Support
from likely.families.base.domains import Domain

SUPPORTS: dict[str, Support] = {
    "real": Support(),
    "positive": Support(lower=0.0),
    "nonnegative": Support(lower=0.0, closed_lower=True),
    "unit": Support(0.0, 1.0),
    "counts": Support(lower=0.0, closed_lower=True, integer=True),
}
TAKEN = ("self", "y", "q", "size", "seed", "xp")  # arguments of a family's own methods


def parameters_of(params: Any) -> dict[str, Domain]:
    """Parameters with the sets they live in."""
    if callable(params) and not isinstance(params, Mapping):
        raise FamilyError("write @lk.family(params={'rate': lk.Positive}): the parameters and where they live")
    if not params:
        raise FamilyError("a family needs at least one parameter: params={'rate': lk.Positive}")
    if not isinstance(params, Mapping):
        raise FamilyError(
            f"params is a dict that says where each parameter lives, such as params={{'rate': lk.Positive}}; found "
            f"{params!r}"
        )
    for key, domain in params.items():
        if not isinstance(domain, Domain):
            raise FamilyError(
                f"params says where each parameter lives (lk.Real, lk.Positive, lk.NonNegative, lk.UnitInterval), "
                f"found {key}={domain!r}"
            )
        if not isinstance(key, str) or not key.isidentifier() or key in TAKEN:
            raise FamilyError(f"a parameter cannot be called {key!r}; names taken: {listed(TAKEN)}")
    return dict(params)


def powers_of(averaged: Any, params: Mapping[str, Domain]) -> dict[str, float]:
    """Powers of w by parameter, for means of w observations."""
    if averaged is None:
        return {}
    if not isinstance(averaged, Mapping) or not all(is_number(v) for v in averaged.values()):
        raise FamilyError(f"averaged is a dict of powers of w by parameter, such as {{'sd': -0.5}}; found {averaged!r}")
    for name in averaged:
        if not is_one_of(name, params):
            raise unknown("parameter", name, params, " in averaged=")
    return {name: float(power) for name, power in averaged.items()}


def hooks_of(**offered: Callable[..., Any] | None) -> dict[str, Callable[..., Any]]:
    """The functions that were given beside the density."""
    for key, hook in offered.items():
        if hook is not None and not callable(hook):
            raise FamilyError(f"{key} must be a function, found {hook!r}")
    return {key: hook for key, hook in offered.items() if hook is not None}


def support_of(support: Any, discrete: bool) -> Support:
    """Where data can lie; of discrete ones the whole numbers there."""
    if isinstance(support, str):
        if not is_one_of(support, SUPPORTS):
            raise unknown("support", support, SUPPORTS)
        support = SUPPORTS[support]
    elif isinstance(support, tuple) and len(support) == 2:
        try:
            low, high = (float(v) for v in support)
        except (TypeError, ValueError):
            raise OptionError(f"support=(low, high) is two numbers, found {support!r}") from None
        if not low < high:
            raise OptionError(f"support=(low, high) needs low < high, found {support}")
        support = Support(low, high, closed_lower=np.isfinite(low), closed_upper=np.isfinite(high))
    elif not isinstance(support, Support):
        raise OptionError(f"support is one of {listed(SUPPORTS)}, a pair (low, high) or a Support, found {support!r}")
    if not discrete or support.integer:
        return support
    # the first and last whole numbers inside, both included
    low, high = np.ceil(support.lower), np.floor(support.upper)
    low += float(low == support.lower and not support.closed_lower)
    high -= float(high == support.upper and not support.closed_upper)
    return Support(low, high, closed_lower=np.isfinite(low), closed_upper=np.isfinite(high), integer=True)


def check_signature(function: Any, params: Mapping[str, Domain]) -> None:
    """The arguments must be the data, every parameter by its name, and last xp."""
    if not inspect.isfunction(function):
        raise FamilyError(f"lk.family(...) decorates a function of (y, {', '.join(params)}, xp), found {function!r}")
    arguments = list(inspect.signature(function).parameters.values())
    names = [a.name for a in arguments]
    wanted = f"def {function.__name__}(y, {', '.join(params)}, xp)"
    plain = all(a.kind in (a.POSITIONAL_OR_KEYWORD, a.KEYWORD_ONLY) for a in arguments[1:])
    if not plain or len(names) < 2 or names[-1] != "xp":
        raise FamilyError(
            f"{function.__name__}({', '.join(names)}): the last argument must be xp, the array namespace: {wanted}"
        )
    if set(names[1:-1]) != set(params):
        raise FamilyError(
            f"the arguments of {function.__name__} between the data and xp are {listed(names[1:-1]) or 'none'}, but "
            f"params has {listed(params)}; they must be the same names: {wanted}"
        )


def takes(function: Callable[..., Any], argument: str) -> bool:
    """Whether a function has an argument of this name."""
    return argument in inspect.signature(function).parameters
