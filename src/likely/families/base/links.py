"""Links: maps between the domain of a parameter and the real line, in one registry."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from scipy import special as sc

from likely.errors import ParameterError
from likely.namespace.arrays import Floats, Value


@dataclass(frozen=True)
class Link:
    """A map from a parameter's domain to the real line.

    Attributes
    ----------
    name : str
        Its usual name, as in R's ``make.link``.
    forward : callable
        theta -> eta on NumPy arrays.
    inverse : callable
        (eta, xp) -> theta on any namespace; it tells the namespace what it knows exactly about theta.
    lower, upper : float
        The open interval of theta that the link reaches.
    positive : bool
        Whether negative linear predictors stand for no value; their inverse is NaN.
    """

    name: str
    forward: Callable[[Any], Any]
    inverse: Callable[[Any, Any], Any]
    lower: float = -np.inf
    upper: float = np.inf
    positive: bool = False

    @property
    def even(self) -> bool:
        """Whether eta and -eta are the same value, so that a model has a mirror image."""
        return self.name == "sqrt"

    def __repr__(self) -> str:
        return f"Link({self.name!r})"


def _exp(eta: Any, xp: Any) -> Value:
    return xp.remember(xp.exp(eta), log=eta)


def _logit(eta: Any, xp: Any) -> Value:
    return xp.remember(
        xp.expit(eta),
        log=xp.log_expit(eta),
        complement=xp.expit(-eta),
        log_complement=xp.log_expit(-eta),
    )


def _probit(eta: Any, xp: Any) -> Value:
    return xp.remember(xp.ndtr(eta), log=xp.log_ndtr(eta), complement=xp.ndtr(-eta), log_complement=xp.log_ndtr(-eta))


def log_first_event(xp: Any, a: Any) -> Value:
    """log(1 - exp(-exp(a))): of the probability of an event whose cumulated risk is exp(a); a itself where tiny."""
    return xp.where(a < -40.0, a, xp.log1mexp(xp.exp(xp.maximum(a, -40.0))))


def _cloglog(eta: Any, xp: Any) -> Value:
    rate = xp.exp(eta)
    p = -xp.expm1(-rate)
    return xp.remember(p, log=log_first_event(xp, eta), complement=xp.exp(-rate), log_complement=-rate)


def _loglog(eta: Any, xp: Any) -> Value:
    rate = xp.exp(-eta)
    q = -xp.expm1(-rate)
    return xp.remember(xp.exp(-rate), log=-rate, complement=q, log_complement=log_first_event(xp, -eta))


def _cauchit(eta: Any, xp: Any) -> Value:
    # atan(1/eta)/pi in the tails, where 1/2 - |atan(eta)|/pi cancels
    safe = xp.where(xp.abs(eta) > 1.0, eta, 1.0)
    tail = xp.atan(1.0 / safe) / xp.pi
    middle = xp.atan(eta) / xp.pi
    p = xp.where(eta < -1.0, -tail, xp.where(eta > 1.0, 1.0 - tail, 0.5 + middle))
    q = xp.where(eta > 1.0, tail, xp.where(eta < -1.0, 1.0 + tail, 0.5 - middle))
    return xp.remember(p, complement=q)


# Named functions, not lambdas: a fit holds its links, and a fit can be pickled.


def _same(theta: Any) -> Floats | float:
    return theta


def _identity(eta: Any, xp: Any) -> Value:
    return eta


def _to_cloglog(p: Any) -> Floats | float:
    return np.log(-np.log1p(-p))


def _to_loglog(p: Any) -> Floats | float:
    return -np.log(-np.log(p))


def _to_cauchit(p: Any) -> Floats | float:
    ends = np.where(np.equal(p, 1.0), np.inf, -np.inf)
    return np.where(np.equal(p, 0.0) | np.equal(p, 1.0), ends, np.tan(np.pi * (np.asarray(p) - 0.5)))[()]


def _reciprocal(theta: Any) -> Floats | float:
    return np.divide(1.0, theta)


def _from_inverse(eta: Any, xp: Any) -> Value:
    return 1.0 / eta


def _to_inverse_squared(theta: Any) -> Floats | float:
    return 1.0 / np.square(theta)


def _from_inverse_squared(eta: Any, xp: Any) -> Value:
    return 1.0 / xp.sqrt(eta)


def _from_sqrt(eta: Any, xp: Any) -> Value:
    return eta * eta


def _to_power(theta: Any, exponent: float) -> Floats | float:
    # an even power would give negative ones a value, too
    return np.power(np.where(np.less(theta, 0.0), np.nan, theta), exponent)[()]


def _from_power(eta: Any, xp: Any, exponent: float) -> Value:
    base = xp.where(eta >= 0.0, eta, np.nan)  # an even power would give negative ones a value, too
    return xp.remember(xp.power(base, 1.0 / exponent), log=xp.log(base) / exponent)


def _to_softplus(theta: Any) -> Floats | float:
    return theta + np.log(-np.expm1(-theta))


def _from_softplus(eta: Any, xp: Any) -> Value:
    return xp.softplus(eta)


LINKS: dict[str, Link] = {
    link.name: link
    for link in (
        Link("identity", _same, _identity),
        Link("log", np.log, _exp, 0.0),
        Link("logit", sc.logit, _logit, 0.0, 1.0),
        Link("probit", sc.ndtri, _probit, 0.0, 1.0),
        Link("cloglog", _to_cloglog, _cloglog, 0.0, 1.0),
        Link("loglog", _to_loglog, _loglog, 0.0, 1.0),
        Link("cauchit", _to_cauchit, _cauchit, 0.0, 1.0),
        Link("inverse", _reciprocal, _from_inverse),
        Link("inverse_squared", _to_inverse_squared, _from_inverse_squared, 0.0, positive=True),
        Link("sqrt", np.sqrt, _from_sqrt, 0.0),
        Link("softplus", _to_softplus, _from_softplus, 0.0),
    )
}


POWER = re.compile(r"power\((.*)\)")
NAMED_POWERS = {1.0: "identity", -1.0: "inverse", -2.0: "inverse_squared", 0.5: "sqrt"}


def find_link(name: str) -> Link | None:
    """The link called `name`, with ``"power(0.5)"`` for theta^0.5 = eta; None if there is no link of that name.

    Raises
    ------
    ParameterError
        If a power's exponent is not a number, or 0.

    Examples
    --------
    >>> find_link("power(-2)"), find_link("power(0.25)"), find_link("lgit")
    (Link('inverse_squared'), Link('power(0.25)'), None)
    """
    if not isinstance(name, str):
        return None
    if name in LINKS:
        return LINKS[name]
    found = POWER.fullmatch(name.replace(" ", ""))
    if found is None and name != "power":
        return None
    text = found[1] if found else ""
    try:
        exponent = float(text)
    except ValueError:
        exponent = np.nan
    if exponent == 0.0:
        raise ParameterError(f"the limit of the power links at exponent 0 is the log link: write 'log', not {name!r}")
    if not np.isfinite(exponent):
        raise ParameterError(f"a power link is written with its exponent, such as 'power(0.5)'; found {name!r}")
    if exponent in NAMED_POWERS:
        return LINKS[NAMED_POWERS[exponent]]
    forward, inverse = partial(_to_power, exponent=exponent), partial(_from_power, exponent=exponent)
    return Link(f"power({exponent:.12g})", forward, inverse, 0.0, positive=True)


def _moved_forward(theta: Any, link: Link, origin: float, factor: float) -> Any:
    return link.forward((theta - origin) / factor)


def _moved_inverse(eta: Any, xp: Any, link: Link, origin: float, factor: float) -> Value:
    return origin + factor * link.inverse(eta, xp)


@cache
def moved(link: Link, origin: float, factor: float) -> Link:
    """The link of ``origin + factor * theta``."""
    low, high = sorted((origin + factor * link.lower, origin + factor * link.upper))
    forward = partial(_moved_forward, link=link, origin=origin, factor=factor)
    return Link(link.name, forward, partial(_moved_inverse, link=link, origin=origin, factor=factor), low, high)
