"""Whether one model is a special case of another, so that their likelihood ratio has a known distribution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
from scipy import linalg

from likely.compute import blocks
from likely.compute.blocks import Matrix
from likely.errors import OptionError
from likely.families import FAMILIES
from likely.families.base import Family
from likely.likelihoods.fitted_rows import with_nothing_known
from likely.models.identify import with_place_of_intercept
from likely.models.model import Model
from likely.models.rows import Rows
from likely.models.slot import Slot

if TYPE_CHECKING:
    from likely.likelihoods.log_likelihood import LogLikelihood

AIC_ADVICE = "compare them by AIC (fit.aic), which needs no nesting"


@final
@dataclass(frozen=True)
class Inclusion:
    """A family as a special case of another.

    Attributes
    ----------
    small, large : str
    names : mapping of str to (str, int)
        The smaller family's parameters, to the larger's and to whether the default link keeps (1) or turns (-1) the
        sign of the linear predictor (the exponential's rate is 1/mean).
    held : mapping of str to float
        What the larger family's other parameters are then.
    """

    small: str
    large: str
    names: Mapping[str, tuple[str, int]]
    held: Mapping[str, float]


INCLUSIONS = (
    Inclusion("exponential", "gamma", {"rate": ("mean", -1)}, {"shape": 1.0}),
    Inclusion("exponential", "weibull", {"rate": ("scale", -1)}, {"shape": 1.0}),
    Inclusion("geometric", "negative_binomial", {"p": ("mean", -1)}, {"dispersion": 1.0}),
    Inclusion("cauchy", "student_t", {"loc": ("loc", 1), "scale": ("scale", 1)}, {"df": 1.0}),
    Inclusion("normal", "skew_normal", {"mean": ("loc", 1), "sd": ("scale", 1)}, {"shape": 0.0}),
)


def nesting(small: LogLikelihood, large: LogLikelihood) -> list[str]:
    """Parameters that the smaller model holds at the end of their domain; an error unless it is a special case."""
    for family in (small.model.family, large.model.family):
        if (reason := family._nests(small.model.family, large.model.family)) is not None:
            return reason
    return _compare(small, large, *_meanings(small.model, large.model))


def counterparts(small: LogLikelihood, large: LogLikelihood) -> Iterator[tuple[Slot, Slot | None, int, Any]]:
    """Every slot of the larger model with the smaller one's, or with the value at which that one holds it.

    The sign is -1 where the default links of the two families turn the linear predictor's.
    """
    one, other = small.model, large.model
    names, held = _meanings(one, other)
    back = {new: (old, sign) for old, (new, sign) in names.items()}
    for t in other.slots:
        name, sign = back.get(t.parameter.name, (None, 1))
        source = next((s for s in one.slots if s.parameter.name == name and s.entry == t.entry), None)
        value = held.get(t.parameter.name) if name is None else small.bound.data.known.get(name)
        if value is not None and sign < 0:
            value = _turned(one.family, name, value)
        yield t, source, sign, value


def _meanings(one: Model, other: Model) -> tuple[Mapping[str, tuple[str, int]], Mapping[str, float]]:
    """The smaller family's parameters in the larger's terms, and what the larger's others are then."""
    f, g = one.family, other.family
    if type(f) is type(g):
        if f.variant != g.variant:
            raise OptionError(f"{f!r} and {g!r} are not nested; {AIC_ADVICE}")
        return {p.name: (p.name, 1) for p in f.parameters}, {}
    for limit in g.limits:
        becomes = limit.becomes()
        if type(becomes) is type(f):
            free = next((s for s in other.slots if s.parameter.name == limit.parameter), None)
            if free is not None and not free.constant:
                raise OptionError(
                    f"{f.title} is {g.title} with every {limit.parameter} at {limit.at:g}; with predictors for "
                    f"{limit.parameter} the statistic has no simple distribution: {AIC_ADVICE}"
                )
            return {new: (old, 1) for old, new in limit.names.items()}, {limit.parameter: limit.at}
    for inclusion in INCLUSIONS:
        if type(f) is FAMILIES[inclusion.small] and type(g) is FAMILIES[inclusion.large]:
            return inclusion.names, inclusion.held
    raise OptionError(
        f"{f.title} is not a special case of {g.title}, so their likelihood ratio has no chi-squared distribution; "
        f"{AIC_ADVICE}"
    )


def _compare(
    small: LogLikelihood, large: LogLikelihood, names: Mapping[str, tuple[str, int]], held: Mapping[str, float]
) -> list[str]:
    """Check that every parameter of the smaller model can be reproduced by the larger one."""
    one, other, data, wider = small.model, large.model, small.bound.data, large.bound.data
    on_end: list[str] = []
    back = {large: (name, sign) for name, (large, sign) in names.items()}
    for p in other.family.parameters:
        name, sign = back.get(p.name, (None, 1))
        value = held[p.name] if name is None else data.known.get(name)
        if value is not None and sign < 0:
            value = _turned(one.family, name, value)
        slots = [s for s in other.slots if s.parameter.name == p.name]
        if p.name in other.known:
            if value is None or np.any(np.asarray(value) != np.asarray(wider.known[p.name])):
                raise OptionError(
                    f"{p.name} is known in the larger model but not the same in the smaller one, so they are not "
                    f"nested; {AIC_ADVICE}"
                )
        elif value is not None:
            if p.edge:
                raise OptionError(
                    f"{p.name} is an extreme of the data in the larger model: the likelihood ratio has no chi-squared "
                    f"distribution; {AIC_ADVICE}"
                )
            if _held(p.name, slots, value, wider):
                on_end.append(p.name)
        elif name is not None and not p.edge:
            slots_of_parameter = [s for s in one.slots if s.parameter.name == name]
            for s, t in zip(slots_of_parameter, slots, strict=True):
                columns = None if t.design is None else with_place_of_intercept(t, other, wider)[1]
                _within((s, data), (t, wider), columns, sign)
    return on_end


def _turned(family: Family, name: str | None, value: Any) -> Any:
    """The larger family's mean for a known rate or chance of the smaller one."""
    return np.asarray(with_nothing_known(family).mean(**{str(name): value}))


def _held(name: str, slots: list[Slot], value: Any, data: Rows) -> bool:
    """Whether a value is the end of the domain; an error unless the slots' predictors can produce it."""
    slot = slots[0]
    domain = slot.parameter.domain
    if np.any(np.isin(np.asarray(value), (domain.lower, domain.upper))):
        if not slot.constant:
            raise OptionError(
                f"the smaller model holds {name} at the end of its domain, for which the larger one has predictors: "
                f"the statistic has no simple distribution; {AIC_ADVICE}"
            )
        return True
    if slot.entry is None:
        with np.errstate(all="ignore"):
            eta = np.asarray(slot.link.forward(np.asarray(value, dtype=float)), dtype=float)
        _require_span(eta - _offset(slot, data), data.design(slot), name)
    return False


def _offset(slot: Slot, data: Rows) -> Any:
    return 0.0 if slot.offset is None else data.offsets[slot.label]


def _within(small: tuple[Slot, Rows], large: tuple[Slot, Rows], columns: Matrix | None, sign: int) -> None:
    """Require that a slot's linear predictors, times `sign`, are among those of another, which has these columns."""
    (s, own), (t, other) = small, large
    x, name = own.design(s), s.label
    if t.constant and not s.constant:
        raise OptionError(
            f"the smaller model has predictors for {name}, the larger one has not, so they are not nested; {AIC_ADVICE}"
        )
    if not s.constant and not _links_agree(s, t, sign):
        raise OptionError(
            f"{name} has the link {s.link.name} in one model and {t.link.name} in the other, so they are not nested; "
            f"{AIC_ADVICE}"
        )
    _require_span(_offset(t, other) - sign * _offset(s, own), columns, name)
    if x is None:
        if columns is not None:
            _require_span(np.ones(len(columns)), columns, name)
        return
    if columns is x:
        return
    for j in range(x.shape[1]):
        _require_span(blocks.column(x, j), columns, name)


def _links_agree(s: Slot, t: Slot, sign: int) -> bool:
    if sign > 0:
        return s.link.name == t.link.name
    return (s.link.name, t.link.name) in (("log", "log"), ("logit", "log"))


def _require_span(target: Any, columns: Matrix | None, name: str) -> None:
    """Require that a column lies in the space of others (None: of a constant), by least squares."""
    target = np.asarray(target, dtype=float)
    if not np.any(target):
        return
    if columns is None:
        inside = np.ptp(target) <= 1e-9 * float(np.max(np.abs(target))) if target.ndim else True
    else:
        column = np.broadcast_to(target, (len(columns),))
        if any(np.array_equal(column, blocks.column(columns, j)) for j in range(columns.shape[1])):
            return
        x = blocks.dense(columns)
        scaled = x / np.maximum(np.sqrt(np.einsum("ij,ij->j", x, x)), np.finfo(float).tiny)
        left = column - scaled @ np.linalg.lstsq(scaled, column, rcond=None)[0]
        inside = bool(linalg.norm(left) <= 1e-8 * linalg.norm(column))
    if not inside:
        raise OptionError(
            f"the predictors of {name} in the smaller model are not combinations of those in the larger one, so the "
            f"models are not nested; {AIC_ADVICE}"
        )
