"""The parameters of a density: what the user wrote, as scalars for the search, and back to what the function takes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.errors import FamilyError, OptionError, ParameterError, listed, unknown
from likely.errors.kinds import is_number
from likely.families.base import Parameter
from likely.families.base.domains import Domain, Free, Real
from likely.families.base.vectors import Simplex


@final
class Record(dict[str, Any]):
    """A dict whose items are attributes too (``data["x"]`` or ``data.x``), and which names what it lacks."""

    def __init__(self, items: Mapping[str, Any], kind: str) -> None:
        super().__init__(items)
        self.__dict__["_kind"] = kind

    def __missing__(self, name: str) -> Any:
        raise unknown(self.__dict__["_kind"], name, self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]


@final
@dataclass(frozen=True)
class Entry:
    """One parameter as the function takes it: a number, an array, or weights that sum to 1.

    Attributes
    ----------
    name : str
    free : Free
    names : tuple of str
        Its scalars: ``"beta[0]"``, ``"beta[1,2]"``; of weights their odds against the first, ``"w[1]/w[0]"``.
    """

    name: str
    free: Free
    names: tuple[str, ...]

    @property
    def weights(self) -> bool:
        return self.free.domain is Simplex

    def assemble(self, scalars: Mapping[str, Any], stack: Callable[[list[Any]], Any]) -> Any:
        """The value that the function takes."""
        values = [scalars[name] for name in self.names]
        if self.weights:
            total = 1.0 + sum(values)
            return stack([1.0 / total, *(v / total for v in values)])
        return stack(values).reshape(self.free.shape) if self.free.shape else values[0]

    def scalars(self, value: Any, what: str) -> dict[str, float]:
        """A value of the user's by scalar."""
        try:
            value = np.asarray(value, dtype=float)
        except (TypeError, ValueError):
            raise ParameterError(
                f"{what} of {self.name} must be a number or an array of them, found {value!r}"
            ) from None
        if self.weights:
            self.free.domain(value)  # checks it
        elif value.ndim:
            if value.shape != self.free.shape:
                raise ParameterError(f"{what} of {self.name} has shape {value.shape}, its own is {self.free.shape}")
        else:
            value = np.broadcast_to(value, self.free.shape)
        flat = np.ravel(value[1:] / value[0] if self.weights else value)
        if len(flat) != len(self.names):
            raise ParameterError(f"{what} of {self.name}: {len(self.names) + self.weights} values are needed")
        return {name: float(v) for name, v in zip(self.names, flat, strict=True)}


@final
@dataclass(frozen=True)
class Layout:
    """All parameters of a density.

    Attributes
    ----------
    entries : tuple of Entry
    ties : tuple of (str, str or callable)
        Parameters that follow from others: the name of an entry or scalar, and another such name, or for an entry a
        function of the record of all others.
    """

    entries: tuple[Entry, ...]
    ties: tuple[tuple[str, Any], ...] = ()

    @property
    def names(self) -> list[str]:
        """The scalars that are not tied, in order."""
        tied = self._tied
        return [name for entry in self.entries for name in entry.names if name not in tied]

    @property
    def _tied(self) -> dict[str, Any]:
        """Every tied scalar, with the scalar it equals; None where a function gives its entry."""
        out: dict[str, Any] = {}
        for name, to in self.ties:
            own, other = self.scalar_names(name), None if callable(to) else self.scalar_names(to)
            out |= dict.fromkeys(own) if other is None else dict(zip(own, other, strict=True))
        return out

    def entry(self, name: str) -> Entry:
        for entry in self.entries:
            if entry.name == name:
                return entry
        raise unknown("parameter", name, [e.name for e in self.entries])

    def scalar_names(self, name: str) -> tuple[str, ...]:
        """The scalars that a name of the user's stands for."""
        if any(name in entry.names for entry in self.entries):
            return (name,)
        return self.entry(name).names

    def spread(self, values: Mapping[str, Any], what: str) -> dict[str, float]:
        """Values given by entry or scalar, all by scalar."""
        out: dict[str, float] = {}
        if not isinstance(values, Mapping):
            raise OptionError(f"{what} is a dict of values by name, found {values!r}")
        for name, value in values.items():
            if any(entry.name == name for entry in self.entries):
                out |= self.entry(name).scalars(value, what)
            else:
                self.scalar_names(name)
                if not is_number(value):
                    raise ParameterError(f"{what} of {name} must be a number, found {value!r}")
                out[name] = float(value)
        return out

    def record(self, scalars: Mapping[str, Any], stack: Callable[[list[Any]], Any]) -> Record:
        """What the function takes, from the values of the scalars that are not tied."""
        values = dict(scalars)
        for name, other in self._tied.items():
            if other is not None:
                values[name] = values[other]
        later = {name: to for name, to in self.ties if callable(to)}
        out = Record(
            {e.name: e.assemble(values, stack) for e in self.entries if e.name not in later}, "parameter of the density"
        )
        for name, rule in later.items():
            out[name] = rule(out)
        return Record({e.name: out[e.name] for e in self.entries}, "parameter of the density")

    def parameters(self) -> tuple[Parameter, ...]:
        """The scalars that are not tied, as parameters of a family."""
        out, tied = [], self._tied
        for entry in self.entries:
            for name in entry.names:
                if name not in tied:
                    out.append(Parameter(name, WEIGHT_ODDS if entry.weights else entry.free.domain, ""))
        return tuple(out)

    def starts(self) -> dict[str, float]:
        """The starting values that were stated, by scalar."""
        out: dict[str, float] = {}
        for entry in self.entries:
            if entry.free.start is not None:
                out |= entry.scalars(entry.free.start, "the start")
        return out


WEIGHT_ODDS = Domain("a positive number", lower=0.0, link="log", links=("log",), typical=(0.3, 3.0))


def read(params: Any, ties: Any = None) -> Layout:
    """The layout of ``params=`` and ``ties=`` as the user wrote them."""
    if not isinstance(params, Mapping) or not params:
        raise FamilyError(
            "params is a dict that says what is estimated and where it lives, such as params={'a': lk.Real(1.0), 'b': "
            f"lk.Positive}}; found {params!r}"
        )
    layout = Layout(tuple(_entry(name, spec) for name, spec in params.items()))
    if ties is None:
        return layout
    if not isinstance(ties, Mapping):
        raise OptionError(f"ties is a dict such as {{'b': 'a'}} or {{'b': lambda p: 2 * p['a']}}, found {ties!r}")
    for name, to in ties.items():
        _check_tie(layout, name, to, ties)
    return Layout(layout.entries, tuple(ties.items()))


def _entry(name: Any, spec: Any) -> Entry:
    if not isinstance(name, str) or not name.isidentifier():
        raise FamilyError(f"a parameter's name is a word such as 'rate', found {name!r}")
    if isinstance(spec, Domain):
        spec = spec(None) if spec is not Simplex else Simplex()
    elif not isinstance(spec, Free):
        try:
            spec = Real(np.asarray(spec, dtype=float) if np.ndim(spec) else float(spec))
        except (TypeError, ValueError, ParameterError):
            raise FamilyError(
                f"params says of each parameter where it lives (lk.Real, lk.Positive, lk.UnitInterval, lk.Interval(0, "
                f"5), lk.Simplex(3)), or gives a starting value; found {name}={spec!r}"
            ) from None
    if spec.domain is Simplex:
        return Entry(name, spec, tuple(f"{name}[{k}]/{name}[0]" for k in range(1, spec.shape[0])))
    if not spec.shape:
        return Entry(name, spec, (name,))
    places = itertools.product(*(range(k) for k in spec.shape))
    return Entry(name, spec, tuple(f"{name}[{','.join(map(str, place))}]" for place in places))


def _check_tie(layout: Layout, name: str, to: Any, ties: Mapping[str, Any]) -> None:
    if callable(to):
        layout.entry(name)
        return
    if not isinstance(to, str):
        raise OptionError(f"{name} is tied to another parameter's name or a function of the parameters, found {to!r}")
    if to in ties or name == to:
        raise OptionError(f"{name} is tied to {to}, which is tied itself; tie both to the same third")
    own, other = layout.scalar_names(name), layout.scalar_names(to)
    if len(own) != len(other):
        raise OptionError(f"{name} has {len(own)} values and {to} has {len(other)}: they cannot be tied")
    if twice := set(own) & set(other):
        raise OptionError(f"{listed(sorted(twice))} cannot be tied to itself")
