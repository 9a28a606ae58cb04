"""What was asked for: every argument of `likely.fit` but the data, as one record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, final

from likely.compute.memory_limit import as_bytes
from likely.errors import OptionError, is_one_of, unknown
from likely.families import get_family
from likely.families.base import Family
from likely.families.base.links import find_link
from likely.models.plain import NotPlain, read, written
from likely.show.records import attributes

CHOICES = {
    "missing": ("error", "drop"),
    "aliased": ("refuse", "drop"),
    "separation": ("refuse", "drop"),
    "on_failure": ("raise", "return"),
    "engine": ("auto", "memory", "stream"),
}

FORMAT, VERSION = "arguments of likely.fit", 1
NO_ARGUMENTS = "these are no saved arguments of a fit"
BY_ROW = ("formula", "weights", "offset", "exposure", "cluster")  # arguments that may hold a value for each row
RESTRAINTS = ("penalty", "fixed", "bounds", "constraints")


@final
@dataclass(frozen=True, eq=False)
class Asked:
    """The arguments of `likely.fit` but the data, as the user gave them; their meaning is told there.

    It is the one list of these arguments: `likely.fit` makes it, a likelihood and a fit keep it, and whatever fits a
    neighbour, a part of the rows or the same again does so by `replace`.

    Raises
    ------
    UnknownNameError
        If an argument that is one of a few words is none of them.
    OptionError
        If ``memory`` is no amount of memory.

    Examples
    --------
    >>> asked = Asked.of("poisson", "y ~ x", weights="w", zero="~ x")
    >>> asked.weights, dict(asked.formulas), asked.replace(weights=None).weights
    ('w', {'zero': '~ x'}, None)
    """

    # what describes the model
    family: Any
    formula: Any = None
    formulas: Mapping[str, Any] = field(default_factory=dict)
    weights: Any = None
    weights_kind: str = "frequency"
    offset: Any = None
    exposure: Any = None
    link: Mapping[str, str] | str | None = None
    missing: str = "error"
    na: Any = None
    aliased: str = "refuse"
    # where the rows are kept
    engine: str = "auto"
    memory: Any = None
    # what describes the covariance
    cov: str | None = None
    cluster: Any = None
    small_sample: str | None = None
    # what describes the search
    separation: str = "refuse"
    on_failure: str = "raise"
    solver: str = "auto"
    start: Any = None
    starts: Any = None
    max_iterations: int = 100
    tolerance: float = 1e-6
    progress: Any = None
    # what restrains the estimates
    penalty: Any = None
    fixed: Mapping[str, float] | None = None
    bounds: Mapping[str, Any] | None = None
    constraints: Any = None

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if not is_one_of(value := getattr(self, name), choices):
                raise unknown("option", value, list(choices), f" for {name}=")
        if self.memory is not None:
            as_bytes(self.memory)

    @classmethod
    def of(cls, family: Any, formula: Any = None, **arguments: Any) -> Asked:
        """From the arguments of a call; names that are none of `likely.fit`'s own are formulas of parameters."""
        own = {name: arguments.pop(name) for name in list(arguments) if name in OPTIONS}
        return cls(family, formula, formulas=arguments, **own)

    def replace(self, **changes: Any) -> Asked:
        """The same with some arguments changed."""
        return replace(self, **changes)

    def changed(self, **arguments: Any) -> Asked:
        """The same with some arguments of a call changed, formulas of parameters among them."""
        own = {name: arguments.pop(name) for name in list(arguments) if name == "formula" or name in OPTIONS}
        return replace(self, formulas={**self.formulas, **arguments}, **own)

    def under(self, family: Family) -> Asked:
        """The same of another family: formulas of parameters go to its own in order, links where it has them."""
        own, other_names = ([p.name for p in one.free] for one in (get_family(self.family), family))
        renamed = dict(zip(own, other_names, strict=False))

        def by_name(given: Mapping[str, Any]) -> dict[str, Any]:
            return {renamed[name]: value for name, value in given.items() if name in renamed}

        links = self.link or {}
        links = dict.fromkeys(own[:1], links) if isinstance(links, str) else links
        named = {name: find_link(one) for name, one in by_name(links).items()}
        kept = {k: one.name for k, one in named.items() if one and one.name in family.parameter(k).domain.links}
        offset = by_name(self.offset) if isinstance(self.offset, Mapping) else self.offset
        return replace(self, family=family, formulas=by_name(self.formulas), link=kept or None, offset=offset)

    def searched(self, **options: Any) -> Asked:
        """The same model with a search, restraints and a covariance of its own: by default what a bare fit has.

        Raises
        ------
        UnknownNameError
            If an option is not one of those.
        """
        for name in options:
            if not is_one_of(name, SEARCH):
                raise unknown("option", name, SEARCH, " of the search")
        return replace(self, **{**_BARE, **options})

    # -- as plain values -----------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON, without rows; `from_dict` reads them.

        What was given as an array, a function or a family of your own is told in words in its place, under ``again``.
        A function that watches a search is left out.

        Returns
        -------
        dict

        Examples
        --------
        >>> Asked.of("poisson", "y ~ x", weights=[1.0, 2.0, 1.0], penalty=None).to_dict()["again"]
        {'weights': 'a list of 3'}
        """
        arguments: dict[str, Any] = {}
        again: dict[str, str] = {}
        for name, value in {"family": self.family, "formula": self.formula, **self.given, **self.formulas}.items():
            if name == "progress" and callable(value):
                continue
            try:
                arguments[name] = written(value, rows=name in BY_ROW or name in self.formulas)
            except NotPlain as what:
                again[name] = str(what)
        return {"format": FORMAT, "version": VERSION, "arguments": arguments, "again": again}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any], **again: Any) -> Asked:
        """From what `to_dict` gave, and what it could not hold, given again by name.

        Parameters
        ----------
        saved : dict
        **again
            Arguments that stand in the place of those saved: weights that were an array, a family of your own.

        Returns
        -------
        Asked

        Raises
        ------
        OptionError
            If these are no saved arguments, or of a later version; or if something has to be given again.

        Examples
        --------
        >>> asked = Asked.of(get_family("student_t"), "y ~ x", scale="~ x", offset="z")
        >>> Asked.from_dict(asked.to_dict()).given
        {'offset': 'z'}
        """
        if not isinstance(saved, Mapping) or saved.get("format") != FORMAT:
            raise OptionError(NO_ARGUMENTS)
        if saved.get("version") != VERSION:
            raise OptionError(f"arguments saved as version {saved.get('version')!r}, and this likely reads {VERSION}")
        try:
            arguments, missed = saved["arguments"], saved["again"]
            held = {name: read(value) for name, value in arguments.items() if name not in again}
            lost = {name: what for name, what in missed.items() if name not in again}
            if "family" not in {**held, **lost, **again}:
                raise KeyError("family")
        except (KeyError, TypeError, ValueError, AttributeError):
            raise OptionError(NO_ARGUMENTS) from None
        if lost:
            message = ", ".join(f"{name} ({what})" for name, what in lost.items())
            call = ", ".join(f"{name}=..." for name in lost)
            raise OptionError(f"given as what no file holds: {message}. Give it again: Asked.from_dict(saved, {call})")
        return cls.of(**{**held, **again})

    # -- its parts -----------------------------------------------------------------------------------------

    @property
    def given(self) -> dict[str, Any]:
        """The options that are not as they would be without."""
        own = attributes(self, OPTIONS)
        return {name: value for name, value in own.items() if value is not None and not _same(value, _DEFAULTS[name])}

    @property
    def restraints(self) -> dict[str, Any]:
        """Penalty and constraints, as options of a search; empty where there are none."""
        given = attributes(self, RESTRAINTS)
        return {name: value for name, value in given.items() if not (value is None or _is_empty(value))}


def _is_empty(value: Any) -> bool:
    return isinstance(value, (tuple, dict)) and not value


def _same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and bool(value == default)


_DEFAULTS = {one.name: one.default for one in fields(Asked)}
OPTIONS = tuple(name for name in _DEFAULTS if name not in ("family", "formula", "formulas"))
SEARCH = OPTIONS[OPTIONS.index("cov") :]  # what a likelihood is maximised with
_BARE = {name: _DEFAULTS[name] for name in SEARCH}
