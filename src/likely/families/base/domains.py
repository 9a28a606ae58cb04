"""Domains: where a parameter lives, which values it may take and which links fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, final

import numpy as np

from likely.errors import OptionError, ParameterError, listed, unknown
from likely.errors.boundary import public
from likely.errors.kinds import is_whole
from likely.families.base.links import Link, find_link, moved
from likely.namespace import value_of
from likely.namespace.arrays import Booleans, Floats, Value


def shape_of(shape: Any) -> tuple[int, ...]:
    """The shape of a parameter of a density.

    Raises
    ------
    OptionError
        If it is no whole number above 0, or tuple of them.
    """
    sizes = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    if not all(is_whole(k) and k > 0 for k in sizes):
        raise OptionError(f"shape is a whole number above 0 or a tuple of them, found {shape!r}")
    return tuple(int(k) for k in sizes)


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
        arguments = ", ".join(f"{k}={v!r}" for k, v in given.items() if v is not None)
        return f"{self.domain.short}({arguments})"


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
    vector: ClassVar[bool] = False  # whether a value has several entries
    separate: ClassVar[bool] = True  # whether every entry is a linear predictor of its own, to be held alone

    @public
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
        own = next((name for name, domain in _NAMED.items() if domain == self), None)
        return own or f"Interval({self.lower:g}, {self.upper:g})"

    def contains(self, value: Any) -> Booleans | np.bool_:
        """Whether each value lies in the domain (boolean, the shape of `value`)."""
        value = np.asarray(value, dtype=float)
        above = value >= self.lower if self.closed_lower else value > self.lower
        below = value <= self.upper if self.closed_upper else value < self.upper
        whole = (value == np.floor(value)) if self.integer else True
        return above & below & np.isfinite(value) & whole

    # -- linear predictors ---------------------------------------------------------------------------------

    def predictors(self, levels: Sequence[Any]) -> Sequence[str | None]:
        """Labels of the linear predictors: one, which needs none."""
        return (None,)

    def from_predictors(self, etas: Sequence[Any], link: Link, xp: Any) -> Value | tuple[Value, ...]:
        """A value, from its linear predictors, on any namespace; a tuple of entries for a vector."""
        return link.inverse(etas[0], xp)

    def to_predictors(self, parameter: str, value: Any, link: Link) -> Floats:
        """The linear predictors of one value, checked; infinite, or NaN, where the link does not reach it."""
        self.check(parameter, value)
        with np.errstate(all="ignore"):
            return np.array([link.forward(np.float64(value))])

    def has(self, value: Any) -> bool:
        """Whether what `from_predictors` gave lies in the domain everywhere."""
        return bool(np.all(self.contains(value_of(value))))

    def left_by(self, link: Link) -> bool:
        """Whether a linear predictor can stand for no value of the domain (an identity link for a probability)."""
        return link.positive or not self.reached_by(link)

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
        return link if self.moved is None else moved(link, *self.moved)

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
_NAMED = {
    "Real": Real,
    "Positive": Positive,
    "NonNegative": NonNegative,
    "UnitInterval": UnitInterval,
    "OpenUnitInterval": OpenUnitInterval,
}


@public
def Interval(lower: float = -np.inf, upper: float = np.inf, start: Any = None, *, shape: Any = ()) -> Domain | Free:
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
