"""Where a parameter lives, and the maps (links) between that domain and the real line: one registry."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, final

import numpy as np
from scipy import special as sc

from likely.errors import OptionError, ParameterError, listed, unknown


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


def _exp(eta: Any, xp: Any) -> Any:
    return xp.remember(xp.exp(eta), log=eta)


def _logit(eta: Any, xp: Any) -> Any:
    return xp.remember(
        xp.expit(eta),
        log=xp.log_expit(eta),
        complement=xp.expit(-eta),
        log_complement=xp.log_expit(-eta),
    )


def _probit(eta: Any, xp: Any) -> Any:
    return xp.remember(xp.ndtr(eta), log=xp.log_ndtr(eta), complement=xp.ndtr(-eta), log_complement=xp.log_ndtr(-eta))


def _cloglog(eta: Any, xp: Any) -> Any:
    rate = xp.exp(eta)
    p = -xp.expm1(-rate)
    # log p = eta - rate/2 + ... for small rates, where 1 - exp(-rate) keeps few digits of log p's slope
    return xp.remember(p, complement=xp.exp(-rate), log_complement=-rate)


def _loglog(eta: Any, xp: Any) -> Any:
    rate = xp.exp(-eta)
    return xp.remember(xp.exp(-rate), log=-rate, complement=-xp.expm1(-rate))


def _cauchit(eta: Any, xp: Any) -> Any:
    # atan(1/eta)/pi in the tails, where 1/2 - |atan(eta)|/pi cancels
    safe = xp.where(xp.abs(eta) > 1.0, eta, 1.0)
    tail = xp.atan(1.0 / safe) / xp.pi
    middle = xp.atan(eta) / xp.pi
    p = xp.where(eta < -1.0, -tail, xp.where(eta > 1.0, 1.0 - tail, 0.5 + middle))
    q = xp.where(eta > 1.0, tail, xp.where(eta < -1.0, 1.0 + tail, 0.5 - middle))
    return xp.remember(p, complement=q)


# Named functions, not lambdas: a fit holds its links, and a fit can be pickled.


def _same(theta: Any) -> Any:
    return theta


def _identity(eta: Any, xp: Any) -> Any:
    return eta


def _to_cloglog(p: Any) -> Any:
    return np.log(-np.log1p(-p))


def _to_loglog(p: Any) -> Any:
    return -np.log(-np.log(p))


def _to_cauchit(p: Any) -> Any:
    ends = np.where(np.equal(p, 1.0), np.inf, -np.inf)
    return np.where(np.equal(p, 0.0) | np.equal(p, 1.0), ends, np.tan(np.pi * (np.asarray(p) - 0.5)))[()]


def _reciprocal(theta: Any) -> Any:
    return np.divide(1.0, theta)


def _from_inverse(eta: Any, xp: Any) -> Any:
    return 1.0 / eta


def _to_inverse_squared(theta: Any) -> Any:
    return 1.0 / np.square(theta)


def _from_inverse_squared(eta: Any, xp: Any) -> Any:
    return 1.0 / xp.sqrt(eta)


def _from_sqrt(eta: Any, xp: Any) -> Any:
    return eta * eta


def _to_power(theta: Any, exponent: float) -> Any:
    # an even power would give negative ones a value, too
    return np.power(np.where(np.less(theta, 0.0), np.nan, theta), exponent)[()]


def _from_power(eta: Any, xp: Any, exponent: float) -> Any:
    base = xp.where(eta >= 0.0, eta, np.nan)  # an even power would give negative ones a value, too
    return xp.remember(xp.power(base, 1.0 / exponent), log=xp.log(base) / exponent)


def _to_softplus(theta: Any) -> Any:
    return theta + np.log(-np.expm1(-theta))


def _from_softplus(eta: Any, xp: Any) -> Any:
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


def shape_of(shape: Any) -> tuple[int, ...]:
    """The shape of a parameter of a density.

    Raises
    ------
    OptionError
        If it is no whole number above 0, or tuple of them.
    """
    sizes = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    if not all(isinstance(k, (int, np.integer)) and not isinstance(k, bool) and k > 0 for k in sizes):
        raise OptionError(f"shape is a whole number above 0 or a tuple of them, found {shape!r}")
    return tuple(int(k) for k in sizes)


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


def _moved_inverse(eta: Any, xp: Any, link: Link, origin: float, factor: float) -> Any:
    return origin + factor * link.inverse(eta, xp)


@cache
def _moved(link: Link, origin: float, factor: float) -> Link:
    """The link of ``origin + factor * theta``."""
    low, high = sorted((origin + factor * link.lower, origin + factor * link.upper))
    forward = partial(_moved_forward, link=link, origin=origin, factor=factor)
    return Link(link.name, forward, partial(_moved_inverse, link=link, origin=origin, factor=factor), low, high)


@final
@dataclass(frozen=True)
class Free:
    """A parameter to estimate: where it lives, where the search starts, and its shape; made by calling a domain.

    Examples
    --------
    >>> import likely as lk
    >>> lk.Positive(start=2.0)
    Positive(start=2.0)
    >>> lk.Real(shape=(3,))
    Real(shape=(3,))
    """

    domain: Domain
    start: Any = None
    shape: tuple[int, ...] = ()
    link: str | None = None

    def __repr__(self) -> str:
        given = {"start": self.start, "shape": self.shape or None, "link": self.link}
        said = ", ".join(f"{k}={v!r}" for k, v in given.items() if v is not None)
        return f"{self.domain.short}({said})"


@dataclass(frozen=True)
class Domain:
    """The set in which a parameter lives, with its default link.

    Attributes
    ----------
    name : str
        How messages call it, such as ``"a positive number"``.
    lower, upper : float
        Ends of the interval.
    closed_lower, closed_upper : bool
        Whether the ends themselves are allowed as values (0 and 1 for a probability).
    integer : bool
        Whether only whole numbers are allowed.
    link : str
        Name of the default link.
    links : tuple of str
        Every link that fits; ``"power"`` stands for the powers with any exponent.
    moved : (float, float), optional
        Origin and factor: the links are those of ``origin + factor * theta``.
    """

    name: str
    lower: float = -np.inf
    upper: float = np.inf
    closed_lower: bool = False
    closed_upper: bool = False
    integer: bool = False
    link: str = "identity"
    links: tuple[str, ...] = ("identity",)
    typical: tuple[float, float] = (-3.0, 3.0)
    moved: tuple[float, float] | None = None

    def __call__(self, start: Any = None, *, shape: Any = (), link: str | None = None) -> Free:
        """A parameter of `likely.density` that lives here.

        Parameters
        ----------
        start : float or array_like, optional
            Where the search starts.
        shape : int or tuple of int
            Of an array of such parameters.
        link : str, optional
            On whose scale the search and Wald intervals work.

        Returns
        -------
        Free

        Raises
        ------
        ParameterError
            If a starting value lies outside, or the link does not fit.

        Examples
        --------
        >>> import likely as lk
        >>> lk.Positive(2.0)
        Positive(start=2.0)
        """
        shape = shape_of(shape)
        if start is not None:
            self.check("start", start)
            if shape and np.ndim(start) and np.shape(start) != shape:
                raise OptionError(f"start has shape {np.shape(start)}, shape={shape}")
            shape = shape or np.shape(start)
        self.get_link("the parameter", link)
        return Free(self, start, tuple(int(k) for k in shape), link)

    @property
    def short(self) -> str:
        """Its public name, such as ``Positive``."""
        own = next((name for name, value in globals().items() if value is self), None)
        return own or f"Interval({self.lower:g}, {self.upper:g})"

    def contains(self, value: Any) -> Any:
        """Whether each value lies in the domain (boolean, the shape of `value`)."""
        value = np.asarray(value, dtype=float)
        above = value >= self.lower if self.closed_lower else value > self.lower
        below = value <= self.upper if self.closed_upper else value < self.upper
        whole = (value == np.floor(value)) if self.integer else True
        return above & below & np.isfinite(value) & whole

    def reached_by(self, link: Link) -> bool:
        """Whether every value of the link's inverse lies in the domain."""
        return link.lower >= self.lower and link.upper <= self.upper

    def check(self, parameter: str, value: Any) -> None:
        """Raise ParameterError unless every value lies in the domain."""
        try:
            inside = self.contains(value)
        except (TypeError, ValueError):
            raise ParameterError(f"{parameter} must be {self.name}, found {value!r}") from None
        if not np.all(inside):
            bad = np.asarray(value, dtype=float)[~inside] if np.ndim(value) else value
            raise ParameterError(f"{parameter} must be {self.name}, found {np.ravel(bad)[0]!s}")

    def get_link(self, parameter: str, name: str | None = None) -> Link:
        """The link called `name`, or the default one; an error lists those that fit."""
        if name is None:
            name = self.link
        link = find_link(name)
        if link is None:
            raise unknown("link", name, self.links, f" for {parameter}")
        if link.name not in self.links and not (link.name.startswith("power(") and "power" in self.links):
            raise ParameterError(
                f"link {name!r} does not fit {parameter}, which must be {self.name}: {self._misfit(link)}. "
                f"Links that fit: {listed(self.links)}"
            )
        return link if self.moved is None else _moved(link, *self.moved)

    def _misfit(self, link: Link) -> str:
        """Why a link does not fit: it cannot reach the whole domain, or it leaves it."""
        if np.isfinite(link.upper) and link.upper < self.upper:
            return f"it reaches only values between {link.lower:g} and {link.upper:g}"
        return "its inverse takes values outside"

    def __repr__(self) -> str:
        return f"Domain({self.name!r})"


POSITIVE_LINKS = ("log", "identity", "inverse", "inverse_squared", "sqrt", "power", "softplus")
UNIT_LINKS = ("logit", "probit", "cloglog", "loglog", "cauchit", "log", "identity")

Real = Domain("a real number", link="identity", links=("identity", "log", "inverse", "sqrt", "power"))
Positive = Domain("a positive number", lower=0.0, link="log", links=POSITIVE_LINKS, typical=(0.3, 4.0))
Groups = Domain("a label for each row")  # coded as numbers
NonNegative = Domain(
    "a number >= 0", lower=0.0, closed_lower=True, link="log", links=POSITIVE_LINKS, typical=(0.3, 4.0)
)
UnitInterval = Domain(
    "a number between 0 and 1",
    lower=0.0,
    upper=1.0,
    closed_lower=True,
    closed_upper=True,
    link="logit",
    links=UNIT_LINKS,
    typical=(0.05, 0.95),
)
OpenUnitInterval = Domain(
    "a number strictly between 0 and 1",
    lower=0.0,
    upper=1.0,
    link="logit",
    links=UNIT_LINKS,
    typical=(0.1, 0.9),
)


def Interval(lower: float = -np.inf, upper: float = np.inf, start: Any = None, *, shape: Any = ()) -> Any:
    """The numbers between two ends, which are not reached themselves; one of the ends may be infinite.

    Parameters
    ----------
    lower, upper : float
    start, shape
        As in calling a domain.

    Returns
    -------
    Domain or Free
        A parameter where `start` or `shape` is given.

    Raises
    ------
    OptionError
        Unless lower < upper.

    Examples
    --------
    >>> import likely as lk
    >>> lk.Interval(2, 5).contains([2.0, 3.0, 6.0]).tolist()
    [False, True, False]
    >>> lk.Interval(lower=10)
    Domain('a number above 10')
    >>> lk.Interval(0, 1, start=0.3)
    Interval(0, 1)(start=0.3)
    """
    try:
        lower, upper = float(lower), float(upper)
    except (TypeError, ValueError):
        raise OptionError(f"the ends of an interval are numbers, found {lower!r} and {upper!r}") from None
    if not lower < upper:
        raise OptionError(f"an interval needs lower < upper, found {lower:g} and {upper:g}")
    if np.isfinite(lower) and np.isfinite(upper):
        domain = replace(OpenUnitInterval, name=f"a number between {lower:g} and {upper:g}", lower=lower, upper=upper)
        domain = replace(domain, links=("logit", "probit", "cloglog", "cauchit"), moved=(lower, upper - lower))
    elif np.isfinite(lower):
        domain = replace(Positive, name=f"a number above {lower:g}", lower=lower, links=("log",), moved=(lower, 1.0))
    elif np.isfinite(upper):
        domain = replace(Positive, name=f"a number below {upper:g}", lower=lower, upper=upper, links=("log",))
        domain = replace(domain, moved=(upper, -1.0))
    else:
        domain = Real
    return domain if start is None and shape == () else domain(start, shape=shape)
