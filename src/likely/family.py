"""The one rule: a family states the log-density of one observation; everything generic derives from it.

A family subclasses `Family` with `parameters`, `support` and one method, ``_log_density(self, xp, y, ...)``,
written against an array namespace. Whatever else it overrides is for accuracy or speed.
"""

from __future__ import annotations

import functools
import inspect
from abc import ABC
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast, final

import numpy as np

from likely.boundary import public_class
from likely.domains import LINKS, Domain
from likely.errors import FamilyError, OptionError, ParameterError, is_one_of, unknown
from likely.namespace import JetNamespace, NumpyNamespace
from likely.vectors import VectorDomain

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Method = TypeVar("Method", bound=Callable[..., Any])


@final
@dataclass(frozen=True)
class Parameter:
    """A named parameter of a family.

    Attributes
    ----------
    name : str
    domain : Domain
    meaning : str
        What it says about the data, in a few words.
    typical : tuple of float, optional
        Range from which the conformance test draws; the domain's by default.
    known_only : bool
        It is always given, never estimated (the number of trials of a Binomial).
    edge : bool
        Its estimate is an extreme of the data (the ends of a Uniform), where the likelihood has no derivative.
    anchored : bool
        Its predictors have no intercept, since another parameter takes its place (the thresholds of an Ordinal);
        without predictors it stays where a linear predictor of 0 puts it.
    """

    name: str
    domain: Domain
    meaning: str
    typical: tuple[float, float] | None = None
    known_only: bool = False
    edge: bool = False
    anchored: bool = False

    @property
    def vector(self) -> bool:
        """Whether it holds several values: one per level of the response, or between each and the next."""
        return isinstance(self.domain, VectorDomain)

    @property
    def typical_range(self) -> tuple[float, float]:
        return self.typical or self.domain.typical


@final
@dataclass(frozen=True)
class Support:
    """Where observations can lie: an interval, of real numbers or of integers.

    Attributes
    ----------
    lower, upper : float
        Its ends.
    closed_lower, closed_upper : bool
        Whether an end is itself a possible value.
    integer : bool
        Whether only whole numbers are.

    Examples
    --------
    >>> import likely as lk
    >>> lk.Support(lower=0.0).text, lk.Support(0.0, 10.0, True, True, integer=True).text
    ('numbers > 0', 'whole numbers from 0 to 10')
    """

    lower: float = -np.inf
    upper: float = np.inf
    closed_lower: bool = False
    closed_upper: bool = False
    integer: bool = False

    def contains(self, y: Any, xp: Any = np) -> Any:
        """Whether each value lies in the support.

        Parameters
        ----------
        y : array_like
        xp : module
            Whose arrays they are, ``numpy`` or ``jax.numpy``.

        Returns
        -------
        ndarray of bool

        Examples
        --------
        >>> import likely as lk
        >>> lk.Support(lower=0.0).contains([-1.0, 0.0, 1.0]).tolist()
        [False, False, True]
        """
        y = xp.asarray(y)
        inside = (y >= self.lower) if self.closed_lower else (y > self.lower)
        inside &= (y <= self.upper) if self.closed_upper else (y < self.upper)
        if self.integer:
            inside &= y == xp.floor(y)
        return inside

    @property
    def text(self) -> str:
        """The support in words."""
        if self.integer:
            if np.isinf(self.upper):
                return f"whole numbers >= {self.lower:g}"
            return f"whole numbers from {self.lower:g} to {self.upper:g}"
        low = "" if np.isinf(self.lower) else f"{'>=' if self.closed_lower else '>'} {self.lower:g}"
        high = "" if np.isinf(self.upper) else f"{'<=' if self.closed_upper else '<'} {self.upper:g}"
        if not low and not high:
            return "real numbers"
        return "numbers " + " and ".join(part for part in (low, high) if part)


@final
@dataclass(frozen=True)
class Limit:
    """What a family becomes when a parameter runs to the edge of its domain.

    Attributes
    ----------
    parameter : str
    at : float
        The limiting value (0 or infinity).
    becomes : callable
        known values of the other parameters -> the limiting family.
    names : mapping of str to str
        This family's parameter names to the limiting family's.
    """

    parameter: str
    at: float
    becomes: Callable[..., Family]
    names: Mapping[str, str]


def by_keyword(method: Method) -> Method:
    """A method of a family whose parameters are given by keyword, and which says so if they are not."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    own = [p.name for p in inspect.signature(method).parameters.values() if p.kind in kinds][1:]

    @functools.wraps(method)
    def checked(self: Any, *args: Any, **params: Any) -> Any:
        if len(args) > len(own):
            given = [*(repr(a) for a in args[: len(own)]), *self._by_name(args[len(own) :], params)]
            raise OptionError(
                f"the parameters of {self.title} are given by keyword: {self!r}.{method.__name__}({', '.join(given)})"
            )
        return method(self, *args, **params)

    return cast(Method, checked)


def generator(seed: Any) -> np.random.Generator:
    """Random numbers from a seed: None, a whole number of at least 0, or a generator.

    >>> generator(1).integers(10)
    np.int64(4)
    """
    try:
        if isinstance(seed, (bool, float)):
            raise TypeError
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise OptionError(
            f"a seed is a whole number of at least 0, a numpy.random.Generator, or None for other numbers every time; "
            f"found {seed!r}"
        ) from None


def check_size(size: Any) -> Any:
    """A shape: a whole number or a tuple of them, none below 0."""
    for length in size if isinstance(size, (tuple, list)) else (size,):
        if isinstance(length, bool) or not isinstance(length, (int, np.integer)) or length < 0:
            raise OptionError(f"size is a whole number of at least 0, or a tuple of them; found {size!r}")
    return size


@public_class
class Family(ABC):
    """A distribution with named parameters, each with a domain.

    Parameters
    ----------
    **known : float or str
        Parameters held at a known value: a number, or the name of a column.

    Raises
    ------
    ParameterError
        If a known value lies outside its parameter's domain.
    UnknownNameError
        If the family has no parameter of that name.

    Notes
    -----
    Every method that evaluates takes the parameters by keyword and broadcasts them against `y`.

    Examples
    --------
    >>> import likely as lk
    >>> [p.name for p in lk.Normal().parameters]
    ['mean', 'sd']
    >>> [p.name for p in lk.Normal(sd=2).free]  # what is left to estimate
    ['mean']
    """

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    parameters: ClassVar[tuple[Parameter, ...]]
    support: ClassVar[Support]
    assumes: ClassVar[str] = ""  # how the data came to be, in a sentence
    loss_name: ClassVar[str] = ""  # the usual name of its negative log-likelihood
    limits: ClassVar[tuple[Limit, ...]] = ()
    labels: ClassVar[str] = ""  # what its observations are where they are no numbers: "labels", "ordered labels"
    levels: tuple[Any, ...] | None = None  # the labels in order, once bound to data
    escapes: ClassVar[tuple[str, ...]] = ()  # parameters on the whole real line that may run to infinity
    # by parameter, the links under which its coefficients have one peak and no plateau, the other parameters constant;
    # None where nothing is known of it, as for a density of one's own
    concave: ClassVar[Mapping[str, tuple[str, ...]] | None] = None
    spikes: ClassVar[str | None] = None  # a parameter that, left free, lets any data's likelihood grow without bound
    moves: ClassVar[str | None] = None  # a location: the log-density depends on it only through y minus it
    multimodal: ClassVar[str | None] = None  # a location along which a small sample's likelihood may have several peaks
    kinked: ClassVar[tuple[str, ...]] = ()  # parameters in which the log-density has corners
    location_parameter: ClassVar[str | None] = None  # whose coefficients are least squares, given the others
    absolute_location: ClassVar[str | None] = None  # whose coefficients are least absolute deviations
    corner_level: ClassVar[str | None] = None  # level of the quantile that it is; else 1/2
    predicted: ClassVar[str | None] = None  # the parameter that a prediction is of; the mean where there is none
    averaged: ClassVar[Mapping[str, float]] = {}  # by parameter, the power of w that multiplies it in a mean of w units
    unaveraged: ClassVar[str] = ""  # what to do instead of analytic weights where a mean of w units is no such family
    simulates: bool = True  # whether observations can be drawn from it
    conditional: ClassVar[bool] = False  # whether its likelihood is that of strata, given their numbers of cases
    _log_density: Callable[..., Any]
    base: Family | None = None  # the family whose parameters are functions, for a density made of one
    _objective: Callable[..., Any] | None = None  # (model, y, weights) -> its own sum of rows

    def __init__(self, *args: Any, **known: float | str | None) -> None:
        if args:
            example = f"{self.title}({', '.join(self._by_name(args, known))})"
            raise OptionError(
                f"the known parameters of {self.title} are given by keyword: {example}; data go to "
                f"lk.fit({self.title}(), data)"
            )
        self.known: dict[str, Any] = {k: v for k, v in known.items() if v is not None}
        names = [p.name for p in self.parameters]
        for key, value in self.known.items():
            if not is_one_of(key, names):
                raise unknown("parameter", key, names, f" of {self.title}")
            if isinstance(value, bool) or not (isinstance(value, str) or np.ndim(value) <= 1):
                raise OptionError(
                    f"{self.title}: a known {key} is a number, a column name or a 1-d array, found {value!r}"
                )
            if not isinstance(value, str) and np.ndim(value) == 0 and not self.parameter(key).vector:
                self.parameter(key).domain.check(f"{self.title}'s {key}", value)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "parameters" in cls.__dict__:
            if not callable(getattr(cls, "_log_density", None)):
                raise FamilyError(f"{cls.__name__} defines no _log_density(self, xp, y, ...)")
            P = inspect.Parameter
            cls.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
                [P(p.name, P.KEYWORD_ONLY, default=None, annotation="float | str") for p in cls.parameters]
            )
            cls.__doc__ = _documented(cls)

    # -- description ----------------------------------------------------------------------------------

    def _by_name(self, args: Iterable[Any], given: Mapping[str, Any]) -> list[str]:
        """What was given by position, written by keyword: for a message."""
        args = list(args)
        order = [p for p in self.parameters if p.name not in given and p.name not in getattr(self, "known", {})]
        if len(args) == 1 and not hasattr(self, "known"):  # a Binomial is made with its trials
            order.sort(key=lambda p: not p.known_only)
        shown = [f"{p.name}={_short(value)}" for p, value in zip(order, args, strict=False)]
        missing = order[len(args) :] if hasattr(self, "known") else []
        return [*shown, *(f"{k}={_short(v)}" for k, v in given.items()), *(f"{p.name}=..." for p in missing)]

    @property
    def title(self) -> str:
        """The class name, for messages."""
        return type(self).__name__

    @property
    def variant(self) -> str:
        """What tells apart models of one family that are not nested (the latent distribution of an Ordinal)."""
        return ""

    def linked(self, link: Any) -> tuple[Family, Any]:
        """The family, and what is left of a fit's ``link=`` for the parameters."""
        return self, link

    @property
    def discrete(self) -> bool:
        """Whether observations are whole numbers or categories."""
        return self.support.integer

    def parameter(self, name: str) -> Parameter:
        """The parameter called `name`.

        Parameters
        ----------
        name : str

        Returns
        -------
        Parameter

        Raises
        ------
        UnknownNameError
            If there is none; the message lists the valid ones.

        Examples
        --------
        >>> import likely as lk
        >>> lk.Gamma().parameter("shape").domain
        Domain('a positive number')
        """
        for p in self.parameters:
            if isinstance(name, str) and p.name == name:
                return p
        raise unknown("parameter", name, [p.name for p in self.parameters], f" of {self.title}")

    @property
    def free(self) -> tuple[Parameter, ...]:
        """The parameters to estimate: all that are not known."""
        return tuple(p for p in self.parameters if p.name not in self.known and not p.known_only)

    def __repr__(self) -> str:
        return f"{self.title}({', '.join(f'{k}={v!r}' for k, v in self.known.items())})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    # -- evaluation -----------------------------------------------------------------------------------

    def _given(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """All parameter values: those given and those known, as they are."""
        values: dict[str, Any] = {}
        if not isinstance(params, Mapping):
            raise OptionError(f"parameter values are a dict by name, found {params!r}")
        for name in params:
            self.parameter(name)
            if name in self.known:
                raise ParameterError(f"{name} is already known in {self!r}; leave it out of the call")
        for p in self.parameters:
            value = params.get(p.name, self.known.get(p.name))
            if value is None and p.anchored:
                value = LINKS[p.domain.link].inverse(np.float64(0.0), NumpyNamespace())
            if value is None:
                need = ", ".join(f"{q.name}=..." for q in self.parameters if q.name not in self.known)
                raise ParameterError(f"{self!r} needs a value for {p.name}: pass {need}")
            if isinstance(value, str):
                raise ParameterError(
                    f"{p.name} of {self!r} is the column {value!r}: outside a fit pass {self.title}({p.name}=<numbers>)"
                )
            values[p.name] = value
        return values

    def resolve(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """All parameter values: those given and those known; checked against the domains."""
        values: dict[str, Any] = {}
        for name, value in self._given(params).items():
            self.parameter(name).domain.check(f"{self.title}'s {name}", value)
            values[name] = np.float64(value) if np.ndim(value) == 0 else np.asarray(value, dtype=float)
        return values

    def bounds(self, **params: Any) -> tuple[Any, Any]:
        """Ends of the support at these parameter values.

        Parameters
        ----------
        **params : array_like
            Parameter values.

        Returns
        -------
        lower, upper : float or ndarray

        Examples
        --------
        >>> import likely as lk
        >>> lk.Binomial().bounds(p=0.5, n=10)
        (0.0, 10)
        """
        return self.support.lower, self.support.upper

    def inside(self, y: Any, params: Mapping[str, Any]) -> Any:
        """Whether each y lies in the support at these parameter values."""
        return self.support.contains(y)

    @by_keyword
    def log_prob(self, y: ArrayLike, **params: Any) -> Any:
        """Log-density (or log-probability) of each observation; -inf outside the support.

        Parameters
        ----------
        y : array_like
            Observations.
        **params : array_like
            Parameter values, broadcast against `y`.

        Returns
        -------
        float or ndarray
            In nats.

        Raises
        ------
        ParameterError
            If a parameter is missing or outside its domain.

        Examples
        --------
        >>> import likely as lk
        >>> round(lk.Normal().log_prob(0.5, mean=0, sd=1), 4)
        -1.0439
        >>> lk.Exponential().log_prob([-1.0, 2.0], rate=1).tolist()
        [-inf, -2.0]
        """
        values, y = self._ready(params, self._numbers(y))
        inside = self.inside(y, values)
        with np.errstate(all="ignore"):
            out = np.where(inside, self._log_density(NumpyNamespace(), y, **values), -np.inf)
        out = np.where(np.isnan(y), np.nan, out)
        return out[()] if out.ndim else float(out)

    @by_keyword
    def prob(self, y: ArrayLike, **params: Any) -> Any:
        """Probability (discrete) or density (continuous) of each observation: the parameter is fixed, data varies.

        Parameters
        ----------
        y : array_like
            Observations.
        **params : array_like
            Parameter values, broadcast against `y`.

        Returns
        -------
        float or ndarray

        Raises
        ------
        ParameterError
            If a parameter is missing or outside its domain.

        Examples
        --------
        >>> import likely as lk
        >>> round(lk.Binomial(n=10).prob(7, p=0.5), 4)
        0.1172
        """
        return _plain(np.exp(self.log_prob(y, **params)))

    def _numbers(self, y: Any) -> Any:
        try:
            y = np.asarray(y)
        except ValueError:
            raise OptionError(
                f"{self.title} takes numbers or arrays of them, found rows of different lengths"
            ) from None
        if y.dtype.kind not in "fiub":
            raise OptionError(f"{self.title} takes numbers, found values of type {y.dtype}")
        return y.astype(float)

    def _ready(self, params: Mapping[str, Any], y: Any) -> tuple[dict[str, Any], Any]:
        """The parameter values, and observations or levels of a shape that goes with theirs."""
        values = self.resolve(params)
        try:
            np.broadcast_shapes(np.shape(y), *(np.shape(v) for k, v in values.items() if not self.parameter(k).vector))
        except ValueError:
            shapes = ", ".join(f"{k} {np.shape(v)}" for k, v in values.items() if np.ndim(v))
            raise OptionError(
                f"the shapes of the data and of the parameters of {self.title} do not go together: data {np.shape(y)}, "
                f"{shapes}"
            ) from None
        return values, y

    # -- distribution: SciPy where it has the distribution, numerical otherwise ----------------------------

    def _scipy(self, *args: Any, **params: Any) -> Any:
        """A frozen scipy.stats distribution with these parameters (or an object with its methods)."""
        from likely.numeric import NumericDistribution

        return NumericDistribution(self, params)

    @by_keyword
    def cdf(self, y: ArrayLike, **params: Any) -> Any:
        """P(Y <= y).

        Parameters
        ----------
        y : array_like
        **params : array_like
            Parameter values, broadcast against `y`.

        Returns
        -------
        float or ndarray

        Raises
        ------
        ParameterError
            If a parameter is missing or outside its domain.

        Examples
        --------
        >>> import likely as lk
        >>> round(float(lk.Normal().cdf(1.96, mean=0, sd=1)), 4)
        0.975
        """
        values, y = self._ready(params, self._numbers(y))
        return self._scipy(**values).cdf(y)

    @by_keyword
    def sf(self, y: ArrayLike, **params: Any) -> Any:
        """P(Y > y), accurate in the upper tail.

        Parameters
        ----------
        y : array_like
        **params : array_like
            Parameter values, broadcast against `y`.

        Returns
        -------
        float or ndarray

        Raises
        ------
        ParameterError
            If a parameter is missing or outside its domain.

        Examples
        --------
        >>> import likely as lk
        >>> f"{lk.Normal().sf(10.0, mean=0, sd=1):.4g}"
        '7.62e-24'
        """
        values, y = self._ready(params, self._numbers(y))
        return self._scipy(**values).sf(y)

    @by_keyword
    def quantile(self, q: ArrayLike, **params: Any) -> Any:
        """The smallest y with cdf(y) >= q.

        Parameters
        ----------
        q : array_like
            Levels between 0 and 1.
        **params : array_like
            Parameter values, broadcast against `q`.

        Returns
        -------
        float or ndarray

        Raises
        ------
        OptionError
            If a level does not lie between 0 and 1.
        ParameterError
            If a parameter is missing or outside its domain.

        Examples
        --------
        >>> import likely as lk
        >>> lk.Exponential().quantile([0.5, 0.9], rate=1).round(3).tolist()
        [0.693, 2.303]
        """
        try:
            q = np.asarray(q, dtype=float)
        except (TypeError, ValueError):
            raise OptionError(f"a quantile's level is a number between 0 and 1, found {q!r}") from None
        if np.any(out := ~((q >= 0) & (q <= 1))):
            raise OptionError(f"a quantile's level lies between 0 and 1, found {q[out].ravel()[0]}")
        values, q = self._ready(params, q)
        return self._scipy(**values).ppf(q)

    @by_keyword
    def sample(
        self, size: int | tuple[int, ...] | None = None, *, seed: int | np.random.Generator | None = None, **params: Any
    ) -> Any:
        """Random observations.

        Parameters
        ----------
        size : int or tuple of int, optional
            Shape of the result; by default the shape of the broadcast parameters.
        seed : int or numpy.random.Generator, optional
            The same seed gives the same observations.
        **params : array_like
            Parameter values.

        Returns
        -------
        float or ndarray

        Raises
        ------
        OptionError
            If size or seed cannot be read.
        ParameterError
            If a parameter is missing or outside its domain.

        Examples
        --------
        >>> import likely as lk
        >>> lk.Poisson().sample(5, rate=3.0, seed=1).shape
        (5,)
        """
        values, rng = self.resolve(params), generator(seed)
        if size is None:
            size = np.broadcast_shapes(*(np.shape(v) for v in values.values()))
        return self._scipy(**values).rvs(size=check_size(size), random_state=rng)

    @by_keyword
    def mean(self, **params: Any) -> Any:
        """Expected value; infinite or undefined means give inf or nan as SciPy does.

        Parameters
        ----------
        **params : array_like
            Parameter values.

        Returns
        -------
        float or ndarray

        Raises
        ------
        ParameterError
            If a parameter is missing or outside its domain.

        Examples
        --------
        >>> import likely as lk
        >>> lk.Binomial(n=10).mean(p=0.3)
        3.0
        """
        with np.errstate(all="ignore"):
            return _plain(self._mean(NumpyNamespace(), **self.resolve(params)))

    @by_keyword
    def variance(self, **params: Any) -> Any:
        """Variance; infinite or undefined ones give inf or nan.

        Parameters
        ----------
        **params : array_like
            Parameter values.

        Returns
        -------
        float or ndarray

        Raises
        ------
        ParameterError
            If a parameter is missing or outside its domain.

        Examples
        --------
        >>> import likely as lk
        >>> lk.Gamma().variance(mean=2.0, shape=4.0)
        1.0
        """
        with np.errstate(all="ignore"):
            return _plain(self._variance(NumpyNamespace(), **self.resolve(params)))

    def _mean(self, xp: Any, *args: Any, **params: Any) -> Any:
        return self._scipy(**params).mean()

    def _variance(self, xp: Any, *args: Any, **params: Any) -> Any:
        return self._scipy(**params).var()

    # -- derived quantities ---------------------------------------------------------------------------------

    def _derived(self, xp: Any, *args: Any, **params: Any) -> dict[str, Any]:
        """Other quantities people know the family by, as functions of the parameters."""
        return {}

    @by_keyword
    def derived(self, **params: Any) -> dict[str, Any]:
        """Derived quantities at these parameter values (Gamma's rate, Beta's alpha and beta ...).

        Parameters
        ----------
        **params : array_like
            Parameter values.

        Returns
        -------
        dict of str to float or ndarray

        Raises
        ------
        ParameterError
            If a parameter is missing or outside its domain.

        Examples
        --------
        >>> import likely as lk
        >>> lk.Gamma().derived(mean=2.0, shape=4.0)
        {'rate': 2.0, 'scale': 0.5, 'sd': 1.0}
        """
        values = self.resolve(params)
        with np.errstate(all="ignore"):
            return {k: _plain(v) for k, v in self._derived(NumpyNamespace(), **values).items()}

    # -- help for the fit: all optional -------------------------------------------------------------------------

    def bind(self, y: Any, known: Mapping[str, Any]) -> tuple[Family, Any]:
        """The family as it stands for these data, and the data as numbers (levels are coded)."""
        return self, y

    def settle(self, y: Any) -> tuple[Family, Any]:
        """The bound family and data in the form in which they can be estimated."""
        return self, y

    @property
    def outcomes(self) -> str:
        """What its observations are, in words; of labels, their codes."""
        return self.support.text

    @property
    def unstated(self) -> list[str]:
        """Parameters without a starting value, where others have one that counts: they follow the others."""
        return []

    def _spread(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Values by parameter, those given for arrays of parameters one by one."""
        return values

    def _nests(self, small: Any, large: Any) -> list[str] | None:
        """What a family itself says of whether one of two is a special case of the other.

        Parameters that the smaller one holds at the end of their domain; None where the predictors decide.
        """
        return None

    def _of_rows(self, rows: Any) -> Family:
        """The family of some rows, for one that holds data of its own."""
        return self

    def _start(self, y: Any, w: Any, known: Mapping[str, Any]) -> dict[str, Any]:
        """Starting values of the free parameters as constants, from the data and weights."""
        return {p.name: 0.0 if not np.isfinite(p.domain.lower) else 1.0 for p in self.free}

    def _other_starts(self, y: Any, w: Any, known: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Further starting values, for a likelihood with several peaks; the highest peak found wins."""
        return []

    def _closed_form(self, y: Any, w: Any, known: Mapping[str, Any]) -> dict[str, Any] | None:
        """The maximum likelihood estimate of the free parameters as constants, where a formula gives it."""
        return None

    def edge_estimate(self, y: Any, known: Mapping[str, Any]) -> dict[str, float]:
        """The estimates of the edge parameters: extremes of the data."""
        return {}

    def saturation(self, y: Any, known: Mapping[str, Any]) -> dict[str, Any]:
        """By parameter, where a row's linear predictor may run for ever without lowering its log-density.

        +1 or -1 for each row that allows it upwards or downwards, 0 for one that does not: the question behind
        separation. For a vector parameter, the level's code of each row.
        """
        return {}

    def _sufficient(self, y: Any) -> Any:
        """Two statistics of which, with 1, the log-density is always a linear combination; or None."""
        return None

    def _response(self, y: Any) -> Any:
        """The scale on which least squares gives the location's coefficients (log y for LogNormal)."""
        return y

    def of_means(self, params: Mapping[str, Any], units: Any) -> dict[str, Any]:
        """The parameters of observations that are means of so many units each, from those of a single unit.

        Parameters
        ----------
        params : mapping of str to number, array or jet
            Of a single unit.
        units : ndarray
            How many units each observation is the mean of.

        Returns
        -------
        dict
            A mean of w normal observations has the standard deviation sd / sqrt(w); the power of w comes from
            `averaged`.
        """
        return {k: v * units ** self.averaged[k] if k in self.averaged else v for k, v in params.items()}

    def derivatives(self, y: Any, params: Mapping[str, float], order: int = 2) -> Any:
        """The log-density of each y as a jet in the free parameters (natural scale, in order)."""
        xp = JetNamespace(order)
        values = {k: xp.variable(i, v) for i, (k, v) in enumerate(params.items())}
        with np.errstate(all="ignore"):
            return self._log_density(xp, y, **{**self.known, **values})


def _plain(x: Any) -> Any:
    x = np.asarray(x)
    return x if x.ndim else float(x)


def weighted_mean(y: Any, w: Any) -> Any:
    """Mean of y with weights w (None: equal weights)."""
    return np.mean(y) if w is None else np.dot(w, y) / np.sum(w)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 30 else "..."


def _documented(cls: type[Family]) -> str:
    """The docstring of a family, with its parameters, so that help() shows them."""
    text = inspect.cleandoc(cls.__doc__ or f"{cls.__name__}: {cls.assumes or 'a family of distributions'}.")
    if cls.__doc__ is Family.__doc__ or "\nParameters\n---" in text:
        return text
    lines = ["Parameters", "----------"]
    for p in cls.parameters:
        lines += [f"{p.name} : float or str{'' if p.known_only else ', optional'}"]
        lines += [f"    {p.meaning[:1].upper()}{p.meaning[1:]}: {p.domain.name}."]
    section = "\n".join(lines)
    note = "Notes\n-----\nA parameter given here is known: a number, or the name of a column. The others are estimated."
    head, mark, examples = text.partition("\nExamples\n--------")
    head = head.rstrip()
    head = head if "\nNotes\n---" in head else f"{head}\n\n{section}\n\n{note}"
    return f"{head}\n{mark}{examples}" if mark else head
