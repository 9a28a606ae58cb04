"""A user's own density as a family: a function of the data, the parameters and the array namespace."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from likely.errors import FamilyError, listed
from likely.errors.boundary import public
from likely.families.base import Family, Parameter, Support, frozen, generator
from likely.families.base.domains import Domain
from likely.families.base.numeric import NumericDistribution
from likely.families.base.numeric.start import start_from_grid
from likely.families.custom_arguments import check_signature, hooks_of, parameters_of, powers_of, support_of, takes
from likely.namespace.arrays import Floats, Value

if TYPE_CHECKING:
    from likely.families.base.numeric.frozen import Frozen


def _wrong(value: Any, given: Sequence[Any]) -> str | None:
    """What a function returned in place of a number for each observation, in words; None where it returned that."""
    if value is None:
        return "nothing: end it with return"
    kind = getattr(getattr(value, "dtype", None), "kind", "f")  # of NumPy's and JAX's arrays
    number = hasattr(value, "__rmul__") and not isinstance(value, (str, bytes, list, tuple, bool, complex))
    if not number or kind not in "fiubV":  # V: the short floats of other libraries
        return f"{type(value).__name__} {value!r:.60}"
    shape = tuple(getattr(value, "shape", ()))
    shapes = [tuple(getattr(one, "shape", ())) for one in given]
    if shape not in ((), *shapes, np.broadcast_shapes(*shapes)):
        return f"an array of the shape {shape} for observations of the shape {shapes[0]}"
    return None


class CustomFamily(Family):
    """A family made by `likely.family`; call it to hold parameters at known values."""

    function: ClassVar[Callable[..., Any]]
    options: ClassVar[Mapping[str, Any]]
    hooks: ClassVar[Mapping[str, Callable[..., Any]]]

    def __call__(self, *args: Any, **known: Any) -> CustomFamily:
        """The same family with these parameters known."""
        if args:
            raise FamilyError(
                f"{self.title} is a family now, not the function it was made from: for the log-density of data call "
                f"{self.title}.log_prob(data, {self._example()}); for known parameters {self.title}({self._example()})"
            )
        return type(self)(**{**self.known, **known})

    def _example(self) -> str:
        return ", ".join(f"{p.name}=..." for p in self.parameters)

    def __reduce__(self) -> Any:
        cls, function = type(self), type(self).function
        if isinstance(_found(function.__module__, function.__qualname__), cls):
            return _by_name, (function.__module__, function.__qualname__, self.known)
        return _again, (function, dict(cls.options), self.known)

    def _structure(self) -> tuple[Hashable, ...]:
        known = super()._structure()[1:]
        return (CustomFamily, *known, frozen(type(self).function), frozen(self.options))

    @property
    def usual_loss(self) -> str | None:
        """The name of its loss, where one was given."""
        return self.options["loss_name"] or None

    # -- the density, and what was given beside it ---------------------------------------------------

    def _log_density(self, xp: Any, y: Any, **params: Any) -> Value:
        try:
            value = type(self).function(y, **params, xp=xp)
        except FamilyError as error:
            raise FamilyError(f"the log-density of {self.title} cannot be evaluated: {error}") from error
        except (ArithmeticError, AttributeError, LookupError, NameError, TypeError, ValueError) as error:
            if type(error).__module__.partition(".")[0] not in ("builtins", "numpy"):
                raise  # JAX's own, which the caller words
            message = f"{type(error).__name__}: {error}; check_family({self.title}) may tell more"
            if "ufunc" in str(error):
                message = "it calls NumPy on a parameter; write it with the functions of xp (xp.log, xp.exp, ...)"
            if "truth value" in str(error):
                message = "it cannot branch on its data or parameters with `if`; use xp.where(condition, a, b)"
            raise FamilyError(f"the log-density of {self.title} cannot be evaluated: {message}") from error
        if (wrong := _wrong(value, [y, *params.values()])) is not None:
            raise FamilyError(
                f"the log-density of {self.title} is a number for each observation, but the function returns {wrong}"
            )
        return value

    def _scipy(self, **params: Any) -> Frozen:
        return _Distribution(self, params)

    def _mean(self, xp: Any, **params: Any) -> Value:
        return self._hook("mean", xp, params) if "mean" in self.hooks else super()._mean(xp, **params)

    def _variance(self, xp: Any, **params: Any) -> Value:
        return self._hook("variance", xp, params) if "variance" in self.hooks else super()._variance(xp, **params)

    def _derived(self, xp: Any, **params: Any) -> dict[str, Any]:
        return dict(self._hook("derived", xp, params)) if "derived" in self.hooks else {}

    def _hook(self, name: str, xp: Any, params: Mapping[str, Any]) -> Any:
        hook = self.hooks[name]
        return hook(**params, xp=xp) if takes(hook, "xp") else hook(**params)

    def _closed_form(self, y: Any, w: Any, known: Any) -> dict[str, Any] | None:
        hook = self.hooks.get("closed_form")
        if hook is None or (w is not None and not takes(hook, "w")) or (known and not takes(hook, "known")):
            return None  # a formula that knows nothing of weights or known values would be wrong with them
        extra = {name: value for name, value in (("w", w), ("known", known)) if takes(hook, name)}
        return self._checked("closed_form", hook(y, **extra))

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        hook = self.hooks.get("start")
        if hook is None:
            return start_from_grid(self, y, w, known)
        out = self._checked("start", hook(y))
        for p in self.free:
            if p.name not in out:
                raise FamilyError(f"start of {self.title} gives no value for {p.name}, only for {listed(out)}")
            p.domain.check(f"{p.name} from the start of {self.title}", out[p.name])
        return out

    def _checked(self, hook: str, values: Any) -> dict[str, Any]:
        if not isinstance(values, Mapping):
            raise FamilyError(f"{hook} of {self.title} must return a dict of parameter values, found {values!r}")
        for name in values:
            self.parameter(name)
        return {name: value for name, value in values.items() if name not in self.known}


@final
class _Distribution(NumericDistribution):
    """What the user gave; numerical integration for the rest."""

    def __init__(self, family: CustomFamily, params: Mapping[str, Any]) -> None:
        super().__init__(family, params)
        self.hooks = family.hooks

    def _at(self, hook: str, y: Any, outside: tuple[float, float]) -> Floats:
        """A hook at each y, with the values it must have beyond the support."""
        y = np.asarray(y, dtype=float)
        low, high = self.family.bounds(**self.params)
        with np.errstate(all="ignore"):
            out = np.asarray(self.hooks[hook](y, **self.params), dtype=float)
        out = np.where(y < low, outside[0], np.where(y >= high, outside[1], out))
        return np.where(np.isnan(y), np.nan, out)[()]

    def cdf(self, y: Any) -> Floats | float:
        """P(Y <= y)."""
        return self._at("cdf", y, (0.0, 1.0)) if "cdf" in self.hooks else super().cdf(y)

    def sf(self, y: Any) -> Floats | float:
        """P(Y > y)."""
        return self._at("sf", y, (1.0, 0.0)) if "sf" in self.hooks else super().sf(y)

    def ppf(self, q: Any) -> Floats | float:
        """The smallest y with cdf(y) >= q."""
        if "quantile" in self.hooks:
            return np.asarray(self.hooks["quantile"](np.asarray(q, dtype=float), **self.params))[()]
        return super().ppf(q)

    def rvs(self, size: Any = None, random_state: Any = None) -> Floats | float:
        """Random values."""
        rng = generator(random_state)
        size = self.shape if size is None else size
        if "sample" in self.hooks:
            return np.asarray(self.hooks["sample"](size, rng, **self.params))[()]
        return self.ppf(rng.random(size)) if "quantile" in self.hooks else super().rvs(size, rng)


# -- making one --------------------------------------------------------------------------------------------


@public
def family(
    params: Mapping[str, Domain] | None = None,
    *,
    support: str | Support | tuple[float, float] = "real",
    discrete: bool = False,
    name: str | None = None,
    assumes: str = "",
    loss_name: str = "",
    start: Callable[..., Any] | None = None,
    closed_form: Callable[..., Any] | None = None,
    cdf: Callable[..., Any] | None = None,
    sf: Callable[..., Any] | None = None,
    quantile: Callable[..., Any] | None = None,
    sample: Callable[..., Any] | None = None,
    mean: Callable[..., Any] | None = None,
    variance: Callable[..., Any] | None = None,
    derived: Callable[..., Any] | None = None,
    averaged: Mapping[str, float] | None = None,
) -> Callable[[Callable[..., Any]], CustomFamily]:
    """Make a family of your own from one function: the log-density of an observation.

    The function takes the data first, then the parameters by name, and last `xp`, whose functions (``xp.log``,
    ``xp.exp``, ``xp.where`` ...) it must use instead of NumPy's or math's, so that derivatives pass through.

    Parameters
    ----------
    params : mapping of str to Domain
        Each parameter with the set it lives in: `Real`, `Positive`, `NonNegative`, `UnitInterval`, ...
    support : str, Support or pair
        Where data can lie: "real", "positive", "nonnegative", "unit" (0 and 1 excluded), "counts", or (low, high),
        both included.
    discrete : bool
        Whether the data are whole numbers, so that the function is a log-probability.
    name : str, optional
        By default the function's name.
    assumes, loss_name : str, optional
        How the data came to be; the usual name of the negative log-likelihood.
    start : callable, optional
        ``start(y) -> {name: value}``: where the search starts; by default the best point of a coarse grid.
    closed_form : callable, optional
        ``closed_form(y) -> {name: value}``: the estimate itself, if a formula gives it; takes also `w` (weights) and
        `known` where its arguments say so.
    cdf, sf, quantile : callable, optional
        ``cdf(y, **params)``, ``sf(y, **params)``, ``quantile(q, **params)``; by default the density is integrated.
    sample : callable, optional
        ``sample(size, rng, **params)``.
    mean, variance : callable, optional
        ``mean(**params)``; takes also `xp` where its arguments say so.
    derived : callable, optional
        ``derived(**params) -> {name: value}``: other quantities to report; takes also `xp`.
    averaged : mapping of str to float, optional
        What a mean of w observations is, for analytic weights: by parameter, the power of w that multiplies it, such
        as ``{"sd": -0.5}`` for a standard deviation.

    Returns
    -------
    callable
        A decorator; what it returns is a `Family`, and called with values (``waiting(rate=1.0)``) the family in
        which those are known.

    Raises
    ------
    FamilyError
        If the function's arguments are not the data, the parameters and `xp`.

    Examples
    --------
    >>> import likely as lk
    >>> @lk.family(params={"rate": lk.Positive}, support="positive")
    ... def waiting(y, rate, xp):
    ...     return xp.log(rate) - rate * y
    >>> round(waiting.prob(2.0, rate=1.0), 4)
    0.1353
    >>> round(float(waiting.cdf(2.0, rate=1.0)), 4)  # by integration
    0.8647
    """
    given = parameters_of(params)
    where = support_of(support, discrete)
    hooks = hooks_of(
        start=start,
        closed_form=closed_form,
        cdf=cdf,
        sf=sf,
        quantile=quantile,
        sample=sample,
        mean=mean,
        variance=variance,
        derived=derived,
    )
    means = powers_of(averaged, given)
    options: dict[str, Any] = {
        "params": given,
        "support": where,
        "name": name,
        "assumes": assumes,
        "loss_name": loss_name,
        **hooks,
    }
    options |= {"averaged": means} if means else {}

    def make(function: Callable[..., Any]) -> CustomFamily:
        check_signature(function, given)
        title = function.__name__ if name is None else name
        cls = type(
            title,
            (CustomFamily,),
            {
                "__doc__": function.__doc__,
                "__module__": function.__module__,
                "name": title,
                "parameters": tuple(Parameter(key, domain, key) for key, domain in given.items()),
                "support": where,
                "assumes": assumes,
                "averaged": means,
                "loss_name": loss_name or f"negative log-likelihood of {title}",
                "function": staticmethod(function),
                "options": options,
                "hooks": hooks,
            },
        )
        return cls()

    return make


# -- pickling: a function importable by its name travels as that name ------------------------------------


def _found(module: str, qualname: str) -> Any:
    """What a dotted name leads to, or None."""
    try:
        out: Any = importlib.import_module(module)
        for part in qualname.split("."):
            out = getattr(out, part)
    except (ImportError, AttributeError):
        return None
    return out


def _by_name(module: str, qualname: str, known: Mapping[str, Any]) -> CustomFamily:
    found = _found(module, qualname)
    if not isinstance(found, CustomFamily):
        raise FamilyError(f"cannot restore the family {qualname!r}: {module} no longer defines it with lk.family(...)")
    return found(**known) if known else found


def _again(function: Callable[..., Any], options: Mapping[str, Any], known: Mapping[str, Any]) -> CustomFamily:
    made = family(**options)(function)
    return made(**known) if known else made
