"""`lk.density`: a user's own log-density of parameters and data, as a family that brings its own objective."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, final

import numpy as np

from likely.errors import FamilyError, OptionError, ParameterError, is_one_of, listed, unknown
from likely.errors.boundary import public
from likely.families import get_family
from likely.families.base import Family, Parameter, Support
from likely.families.base.domains import Domain, Free
from likely.likelihoods.density import layout as layouts
from likely.likelihoods.density.layout import Entry, Layout
from likely.namespace.arrays import Booleans


@final
class Density(Family):
    """A density of parameters and data; made by `likely.density`."""

    name = "density"
    support: ClassVar[Support] = Support()
    loss_name = "negative log-likelihood"
    parameters: tuple[Parameter, ...]  # type: ignore[misc]  # of the instance, not of the class

    def __init__(
        self,
        layout: Layout,
        function: Callable[..., Any] | None,
        base: Family | None,
        rules: tuple[tuple[str, Any], ...],
        response: str | None,
        label: str,
        fixed: Mapping[str, float],
    ) -> None:
        self.layout, self.function, self.base, self.rules = layout, function, base, rules
        self.specs: dict[str, Any] = {} if base is None else dict(base.known)  # its known parameters, as given
        self.response, self.label = response, label
        self.parameters = layout.parameters()
        self.known = dict(fixed)
        if not self.free:
            raise OptionError("every parameter is fixed or tied: there is nothing to estimate")

    # -- what it is --------------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        return self.label

    @property
    def assumes(self) -> str:  # type: ignore[override]
        """How the data came to be, in a sentence."""
        if self.base is None:
            return f"the log-density of each row is given by {self.label}(params, data)"
        made = [name for name, rule in self.rules if callable(rule)]
        return f"{self.base.assumes}; {listed(made)} given by a function of parameters and data".replace("'", "")

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes it the same function: densities of equal key share their compiled code."""
        shape = tuple((e.name, e.free.shape, e.weights) for e in self.layout.entries)
        base = self.base
        return self.function, base, self.rules, shape, self.layout.ties

    @property
    def without_start(self) -> list[str]:
        """Free scalars without a starting value: they follow the others."""
        stated = self.layout.starts()
        return [p.name for p in self.free if p.name not in stated]

    def __repr__(self) -> str:
        shown = [f"{p.name}={self.known[p.name]:g}" if p.name in self.known else p.name for p in self.parameters]
        return f"<density {self.label} of {', '.join(shown)}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Density) and (self.key, self.known) == (other.key, other.known)

    def __hash__(self) -> int:
        return hash(self.key)

    def fix(self, **values: Any) -> Density:
        """The density with some parameters held at a value.

        Parameters
        ----------
        **values : float or array_like
            By name; names such as ``beta[0]`` in a dict: ``fix(**{"beta[0]": 0})``.

        Returns
        -------
        Density

        Examples
        --------
        >>> import likely as lk
        >>> model = lk.density(lk.Normal(), mean=lambda p, d: p["a"] + p["b"] * d["x"], params={"a": 0.0, "b": 0.0})
        >>> [p.name for p in model.fix(b=1.0).free]
        ['a', 'sd']
        """
        out = copy.copy(self)
        out.known = {**self.known, **_fixed(self.layout, values)}
        if not out.free:
            raise OptionError("every parameter is fixed or tied: there is nothing to estimate")
        return out

    def with_base(self, base: Family) -> Density:
        """The density of another family, such as one with the data's levels; what is known comes with the rows."""
        out = copy.copy(self)
        out.base = copy.copy(base)
        out.base.known = {}
        return out

    # -- what the rest of likely asks of a family --------------------------------------------------------

    def _spread(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        arrays = {entry.name for entry in self.layout.entries if entry.names != (entry.name,)}
        out: dict[str, Any] = {}
        for name, value in values.items():
            out |= self.layout.spread({name: value}, "the value") if name in arrays else {name: value}
        return out

    def _start(self, y: Any, w: Any, known: Mapping[str, Any]) -> dict[str, Any]:
        stated = self.layout.starts()
        return {p.name: stated.get(p.name, middle(p.domain)) for p in self.free}

    def _derived(self, xp: Any, *args: Any, **params: Any) -> dict[str, Any]:
        """The weights that sum to 1, of which the odds are estimated."""
        out: dict[str, Any] = {}
        for entry in self.layout.entries:
            if entry.weights and all(name in params for name in entry.names):
                odds = [params[name] for name in entry.names]
                total = 1.0 + sum(odds[1:], odds[0])
                out |= {f"{entry.name}[{k}]": v / total for k, v in enumerate([1.0, *odds])}
        return out

    def _refused(self, *args: Any, **params: Any) -> Any:
        raise OptionError(
            f"{self.label} is a log-density and nothing else: its mean, quantiles and simulations are not derived from "
            "it. Pass a function of the parameters and data, fit.predict(new, lambda p, d: ...), or write the density "
            "as a family whose parameters are functions: lk.density(lk.Normal(), mean=lambda p, d: ..., params=...)"
        )

    _mean = _variance = _scipy = _refused

    def inside(self, y: Any, params: Mapping[str, Any]) -> Booleans:
        """Every row lies where the function says."""
        return np.ones(len(y), dtype=bool)

    def _log_density(self, xp: Any, y: Any, **params: Any) -> Any:
        raise OptionError(f"{self.label} needs its data: see lk.likelihood(density, data).log(...)")

    def _nests(self, small: Any, large: Any) -> list[str]:
        """Parameters at the end of their domain in the smaller of two; an error unless it is a special case."""
        both = isinstance(small, Density) and isinstance(large, Density)
        if not both or small.key[:3] != large.key[:3]:
            raise OptionError(
                "the two models are different functions, and whether one is a special case of the other cannot be seen "
                "from them; compare them by AIC (fit.aic), or make the smaller one from the larger: density.fix(b=0), "
                "or ties="
            )
        if extra := {p.name for p in small.free} - {p.name for p in large.free}:
            raise OptionError(
                f"{listed(sorted(extra))} of the smaller model are not free in the larger, so they are not nested; "
                "compare them by AIC (fit.aic), which needs no nesting"
            )
        ends = []
        for p in large.free:
            value = small.known.get(p.name)
            if value is not None and value in (p.domain.lower, p.domain.upper):
                ends.append(p.name)
        return ends


def middle(domain: Domain) -> float:
    """A value well inside a domain."""
    low, high = domain.lower, domain.upper
    if np.isfinite(low) and np.isfinite(high):
        return 0.5 * (low + high)
    if np.isfinite(low):
        return low + 1.0
    return high - 1.0 if np.isfinite(high) else 0.0


def _fixed(layout: Layout, values: Mapping[str, Any]) -> dict[str, float]:
    """Values by scalar, checked against their domains."""
    out = layout.spread(values, "the fixed value")
    domains = {p.name: p.domain for p in layout.parameters()}
    for name, value in out.items():
        if name not in domains:
            raise OptionError(f"{name} is tied to another parameter and cannot be fixed too")
        domains[name].check(name, value)
    return out


@public
def density(
    function: Any,
    *,
    params: Mapping[str, Any],
    fixed: Mapping[str, Any] | None = None,
    ties: Mapping[str, Any] | None = None,
    response: str | None = None,
    name: str | None = None,
    **rules: Callable[..., Any],
) -> Density:
    """A density of your own: any function of parameters and data, written with ``jax.numpy``.

    Parameters
    ----------
    function : callable or Family
        ``function(params, data)`` gives the log-density of every row: nonlinear regression, mixtures, hidden Markov
        chains by ``jax.lax.scan``. `params` and `data` are records: ``params["a"]`` or ``params.a``. Or a family, some
        of whose parameters are functions: ``lk.density(lk.Normal(), mean=lambda p, d: ..., params=...)``.
    params : mapping
        What is estimated and where it lives: ``{"a": lk.Real(1.0), "b": lk.Positive(start=2.0), "k": lk.Interval(0, 1),
        "beta": lk.Real(shape=3), "w": lk.Simplex(3)}``. A domain alone leaves the start to the search; a number is the
        start of a real parameter. Of weights that sum to 1 the odds against the first are estimated.
    fixed : mapping, optional
        Parameters held at a value.
    ties : mapping, optional
        Parameters that follow from others: a name, or a function of the parameters, ``{"b2": lambda p: 2 * p["b1"]}``.
    response : str, optional
        With a family: the column or expression it describes, by default ``"y"``.
    name : str, optional
        By default the function's name.
    **rules : callable
        With a family: its parameters as functions of parameters and data. Those without one are single numbers under
        their own name.

    Returns
    -------
    Density
        For `likely.fit` and `likely.likelihood`.

    Raises
    ------
    FamilyError
        If the parts do not fit together.

    Notes
    -----
    Derivatives are JAX's, exact and compiled once, in double precision whatever JAX's own setting is.

    Examples
    --------
    >>> import likely as lk
    >>> data = {"x": [0.0, 1.0, 2.0, 3.0, 4.0], "y": [5.1, 2.9, 2.0, 1.1, 0.7]}
    >>> import jax.numpy as jnp
    >>> decay = lk.density(
    ...     lk.Normal(),
    ...     mean=lambda p, d: p["a"] * jnp.exp(-p["b"] * d["x"]),
    ...     params={"a": 1.0, "b": lk.Positive(1.0)},
    ... )
    >>> fit = lk.fit(decay, data)
    >>> {k: round(v, 3) for k, v in fit.coef.items()}
    {'a': 5.051, 'b': 0.501, 'sd': 0.1}
    """
    layout = layouts.read(params, ties)
    if _is_family(function):
        base = get_family(function)
        layout, found = _rules(base, layout, rules)
        return Density(layout, None, base, found, response, name or base.title, _fixed(layout, fixed or {}))
    if not callable(function):
        raise FamilyError(f"a density is a function of (params, data) or a family, found {function!r}")
    if rules:
        raise unknown("argument", next(iter(rules)), ["params", "fixed", "ties", "name"], " of lk.density")
    if response is not None:
        raise OptionError(
            "response= belongs to a family whose parameters are functions; here the function reads its data"
        )
    own = getattr(function, "__name__", "density")
    label = name or ("density" if own == "<lambda>" else own)
    return Density(layout, function, None, (), None, label, _fixed(layout, fixed or {}))


def _is_family(function: Any) -> bool:
    return isinstance(function, (Family, str)) or (isinstance(function, type) and issubclass(function, Family))


def _rules(base: Family, layout: Layout, rules: Mapping[str, Any]) -> tuple[Layout, tuple[tuple[str, Any], ...]]:
    """Which function or parameter each free parameter of a family comes from; what is not given becomes a parameter."""
    entries, found = list(layout.entries), []
    for name, rule in rules.items():
        if not is_one_of(name, [p.name for p in base.free]):
            raise unknown("parameter", name, [p.name for p in base.free], f" of {base!r} to be a function")
        if not callable(rule):
            raise FamilyError(
                f"{name} is a function of parameters and data, {name}=lambda p, d: ...; found {rule!r}. A known value "
                f"is given to the family, lk.{base.title}({name}=...)"
            )
    if not rules:
        example = base.free[0].name if base.free else "mean"
        raise FamilyError(f"say which parameter of {base!r} is a function: lk.density(..., {example}=lambda p, d: ...)")
    for p in base.free:
        if p.vector or p.edge:
            raise FamilyError(f"{base.title} cannot be used here: its {p.name} is not one number for each row")
        if p.name not in rules and all(e.name != p.name for e in entries):
            entries.append(Entry(p.name, Free(p.domain), (p.name,)))
        entry = next((e for e in entries if e.name == p.name), None)
        if p.name not in rules and entry is not None and entry.free.shape:
            raise ParameterError(
                f"{p.name} of {base.title} is one number, but params gives it shape {entry.free.shape}"
            )
        found.append((p.name, rules.get(p.name, p.name)))
    return Layout(tuple(entries), layout.ties), tuple(found)
