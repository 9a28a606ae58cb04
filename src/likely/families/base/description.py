"""What a family states of itself: its name, parameters and support, what is known of them, and its values."""

from __future__ import annotations

import inspect
from abc import ABC
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from likely.errors import FamilyError, OptionError, ParameterError, is_one_of, unknown
from likely.errors.boundary import public_class
from likely.families.base.arguments import frozen, short
from likely.families.base.links import LINKS
from likely.families.base.parameter import Parameter
from likely.families.base.support import Kind, Support
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Booleans

# what a family with a density of its own inherits of another: what its observations and parameters are
ABOUT_DATA = {"name", "aliases", "parameters", "support", "bind", "bounds", "atoms", "inside", "levels", "kind"}
ABOUT_DATA |= {
    "arguments",
    "linked",
    "resolve",
    "settle",
    "variant",
    "outcomes",
    "assumes",
    "loss_name",
    "usual_loss",
    "codes",
    "_structure",
    "_abc_impl",
}


@public_class
class Stated(ABC):
    """A family's name, parameters and support, and the parameters that are known."""

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    parameters: ClassVar[tuple[Parameter, ...]]
    support: ClassVar[Support]
    assumes: ClassVar[str] = ""  # how the data came to be, in a sentence
    loss_name: ClassVar[str] = ""  # the usual name of its negative log-likelihood
    levels: tuple[Any, ...] | None = None  # the labels in order, once bound to data
    _log_density: Callable[..., Any]

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
        if "_log_density" in cls.__dict__:
            _without_inherited(cls)
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
        shown = [f"{p.name}={short(value)}" for p, value in zip(order, args, strict=False)]
        missing = order[len(args) :] if hasattr(self, "known") else []
        return [*shown, *(f"{k}={short(v)}" for k, v in given.items()), *(f"{p.name}=..." for p in missing)]

    @property
    def title(self) -> str:
        """The class name, for messages."""
        return type(self).__name__

    @property
    def variant(self) -> str:
        """What tells apart models of one family that are not nested (the latent distribution of an Ordinal)."""
        return ""

    @property
    def kind(self) -> Kind:
        """What kind of observation it is about."""
        return self.support.kind

    @property
    def discrete(self) -> bool:
        """Whether observations are whole numbers or categories."""
        return self.kind.discrete

    @property
    def usual_loss(self) -> str | None:
        """The name of its loss in common use, or None where there is none."""
        return self.loss_name or None

    @property
    def outcomes(self) -> str:
        """What its observations are, in words; of labels, their codes."""
        return self.support.text

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

    @property
    def arguments(self) -> dict[str, Any]:
        """What makes the family again, by keyword."""
        return dict(self.known)

    def __repr__(self) -> str:
        return f"{self.title}({', '.join(f'{k}={v!r}' for k, v in self.arguments.items())})"

    # -- equality: the same family, made with the same ---------------------------------------------------

    def _structure(self) -> tuple[Hashable, ...]:
        """What tells it apart from other families: its levels, known values, and what else it was made with."""
        cls, own = type(self), {k: v for k, v in vars(self).items() if k not in ("known", "levels")}
        kept = {k: v for k, v in own.items() if not isinstance(getattr(cls, k, None), cached_property)}
        return (cls, self.levels, frozen(self.known), frozen(kept))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stated) and self._structure() == other._structure()

    def __hash__(self) -> int:
        return hash(self._structure())

    # -- values of the parameters ----------------------------------------------------------------------

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

    def inside(self, y: Any, params: Mapping[str, Any]) -> Booleans | np.bool_:
        """Whether each y lies in the support at these parameter values."""
        low, high = self.bounds(**params)
        inside = self.support.contains(y)  # ends that go by the parameters belong to the support
        inside = inside if low is self.support.lower else inside & np.greater_equal(y, low)
        return inside if high is self.support.upper else inside & np.less_equal(y, high)

    def atoms(self, **params: Any) -> tuple[Any, ...]:
        """Values that have a probability of their own beside a density, at these parameter values."""
        return self.support.atoms


def _without_inherited(cls: type[Stated]) -> None:
    """Take from a family with a density of its own what it inherits of another density: formulas, kernels, starts."""
    others = [k for k, one in enumerate(cls.__mro__) if k and "_log_density" in one.__dict__]
    if not others:
        return
    generic = cls.__mro__[others[-1] + 1]
    own = {name for one in cls.__mro__[: others[0]] for name in one.__dict__}
    inherited = {name for one in cls.__mro__[others[0] : others[-1] + 1] for name in one.__dict__}
    for name in inherited - own - ABOUT_DATA:
        if not name.startswith("__") and hasattr(generic, name):
            setattr(cls, name, inspect.getattr_static(generic, name))


def _documented(cls: type[Stated]) -> str:
    """The docstring of a family, with its parameters, so that help() shows them."""
    text = inspect.cleandoc(cls.__doc__ or f"{cls.__name__}: {cls.assumes or 'a family of distributions'}.")
    if "\nParameters\n---" in text:
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
