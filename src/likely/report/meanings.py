"""What estimates mean, in sentences: for each coefficient, what one unit more of its predictor does to the response."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.compute import blocks
from likely.data.formula import variables
from likely.errors import DesignError
from likely.models.naming import LEVEL, column_of, parts_of, references
from likely.namespace.arrays import Floats
from likely.show.text_table import alike, number

if TYPE_CHECKING:
    from likely.estimates import Estimates
    from likely.models.model import Model
    from likely.models.slot import Slot
    from likely.report.text import Estimate

LOG = re.compile(r"(?:np\.)?log\((?P<column>[^()]+)\)")
RATIO = ("log", "logit")  # links on which a difference of linear predictors is the logarithm of a ratio
# what the first parameter of a family is to the response, where its own name does not say it
CENTRES: dict[tuple[str, str], str] = {
    ("poisson", "rate"): "the expected {y}",
    ("exponential", "rate"): "the rate of {y}",
    ("student_t", "loc"): "the centre of {y}",
    ("laplace", "loc"): "the median of {y}",
    ("asymmetric_laplace", "loc"): "the quantile of {y}",
    ("logistic", "loc"): "the mean of {y}",
    ("huber", "loc"): "the centre of {y}",
    ("cauchy", "loc"): "the median of {y}",
    ("gumbel", "loc"): "the most likely {y}",
    ("log_logistic", "scale"): "the median of {y}",
}


@final
@dataclass(frozen=True)
class Meaning:
    """What one estimate says.

    Attributes
    ----------
    name : str
        Of the estimate.
    text : str
        A sentence.
    """

    name: str
    text: str

    def __str__(self) -> str:
        return self.text


def meanings(fit: Estimates, estimates: Sequence[Estimate]) -> tuple[Meaning, ...]:
    """A sentence for each estimate; columns that together draw one curve share a sentence.

    Parameters
    ----------
    fit : Estimates
    estimates : list of Estimate
        As a summary holds them, with their intervals.

    Examples
    --------
    >>> import likely as lk
    >>> from likely.report.text import Summary
    >>> fit = lk.fit("bernoulli", lk.datasets.loans(), "default ~ duration").estimates
    >>> print(meanings(fit, Summary(fit).estimates)[1].text)
    One unit more of duration multiplies the odds of default by 1.0383 (95% interval 1.0267 to 1.0499).
    """
    model = fit.likelihood.model
    slots = {name: slot for slot in model.slots for name in slot.names}
    tellers = {slot.label: _Teller(fit, slot) for slot in model.slots}
    out: dict[str, Meaning] = {}
    for e in estimates:
        slot = slots.get(e.name)
        if slot is None or slot.constant:
            text, key = _constant(fit, e), e.name
        else:
            text, key = tellers[slot.label].describe(e)
        out.setdefault(key, Meaning(e.name, text))
    return tuple(out.values())


def _constant(fit: Estimates, e: Estimate) -> str:
    """The sentence of a parameter that is one number."""
    model = fit.likelihood.model
    name = e.name.split("[")[0]
    known = [p for p in model.family.parameters if p.name == name]
    meaning = f" ({known[0].meaning})" if known and known[0].meaning not in ("", name) and name == e.name else ""
    if not math.isfinite(e.value) or e.name in fit.boundary:
        return f"{e.name}{meaning} is estimated at the end of its domain, {number(e.value)}{_between(e)}."
    shown, low, high = _alike(e, e.value, *e.interval)
    return f"{e.name}{meaning} is estimated as {shown}{_range(e, low, high)}."


@final
class _Teller:
    """The sentences of one linear predictor's coefficients."""

    def __init__(self, fit: Estimates, slot: Slot) -> None:
        self._fit, self._slot, self._design = fit, slot, slot.design
        self._effect = _effect(fit, slot)
        self._references = references(fit.likelihood.model)
        self._terms = () if self._design is None else self._design.terms
        names = () if self._design is None else self._design.names
        count = len([term for term, _ in self._terms if term != "1"]) or len(names)
        self._others = count > 1
        self._uses = {term: set(_variables(term)) for term, _ in self._terms}

    def describe(self, e: Estimate) -> tuple[str, str]:
        """The sentence, and a key that columns of one curve share."""
        column = e.name.removeprefix(f"{self._slot.label}.")
        if column == "Intercept":
            return self._intercept(e), e.name
        term = self._term(column)
        if term is not None and self._curved(term):
            used = ", ".join(sorted(self._uses[term])) or term
            text = (
                f"The {len(dict(self._terms)[term])} coefficients of {term} draw one curve of {used}; none of them "
                f'means anything alone: see fit.effects("{used.split(", ")[0]}") or the picture of the curve.'
            )
            return text, f"{self._slot.label}.{term}"
        return self._sentence(column, term, e), e.name

    # -- parts -----------------------------------------------------------------------------------------------

    def _term(self, column: str) -> str | None:
        if self._design is None or column not in self._design.names:
            return None
        at = self._design.names.index(column)
        return next((term for term, places in self._terms if at in places), None)

    def _curved(self, term: str) -> bool:
        """Whether a term is several columns that are no levels: a spline, a polynomial."""
        places = dict(self._terms)[term]
        columns = [] if self._design is None else [self._design.names[j] for j in places]
        levels = {name for name, _ in (() if self._design is None else self._design.levels)}
        factors = {m["factor"] for c in columns for part in parts_of(c) if (m := LEVEL.fullmatch(part))}
        return len(columns) > 1 and bool(factors) and not all(column_of(f) in levels for f in factors)

    def _intercept(self, e: Estimate) -> str:
        effect = self._effect
        names = () if self._design is None else [n for n in self._design.names if n != "Intercept"]
        if not names:
            return f"{_capital(effect.level)} {effect.stands(e)}."
        others = "every number at 0 and levels at their references" if self._references else "every predictor at 0"
        outside = [name for name in names if name.isidentifier() and self._outside(name)]
        warning = f" (outside the data: {', '.join(outside)})" if outside else ""
        return f"With {others}{warning}, {effect.level} {effect.stands(e)}."

    def _outside(self, column: str) -> bool:
        """Whether 0 lies outside the values of a column."""
        values = self._column(column)
        return bool(values.min() > 0.0 or values.max() < 0.0)

    def _column(self, name: str) -> Floats:
        if self._design is None:  # not reached: a linear predictor without a design has an intercept only
            return np.zeros(1)
        x = self._fit.likelihood.bound.data.designs[self._slot.label]
        return blocks.column(x, self._design.names.index(name))

    def _sentence(self, column: str, term: str | None, e: Estimate) -> str:
        parts = parts_of(column)
        effect = self._effect
        if len(parts) > 1:
            first, *rest = (self._change(part, column)[0] for part in parts)
            joint = replace(effect, of=f"the effect of {first} on {effect.of}")
            change = " together with ".join(rest)
            return f"{_capital(f'{change} {joint.does(e, 1.0)}')}{effect.doubt(e)}."
        words, step = self._change(column, column)
        text = f"{words} {effect.does(e, step)}"
        if (through := self._elsewhere(term)) is not None:
            variable, others = through
            end = f'; {variable} also enters through {others}: fit.effects("{variable}") adds it up'
        else:
            end = f"{', the other predictors held' if self._others else ''}{effect.doubt(e)}"
        return f"{_capital(text)}{end}."

    def _elsewhere(self, term: str | None) -> tuple[str, str] | None:
        """A column of the term that other terms hold as well, and those terms."""
        for variable in sorted(self._uses.get(term or "", ())):
            others = [name for name, used in self._uses.items() if name != term and variable in used]
            if others:
                return variable, " and ".join(others)
        return None

    def _change(self, part: str, column: str) -> tuple[str, float]:
        """What is changed, in words, and the step of the column that this is."""
        match = LEVEL.fullmatch(part)
        if match is not None:
            name, level = column_of(match["factor"]), match["level"]
            reference = self._references.get(name)
            if match["mark"] == "T." and reference is not None:
                return f"{name} = {level} rather than {reference}", 1.0
            if match["mark"] == "S.":
                return f"{name} = {level}, compared with the average of the levels,", 1.0
            return f"{name} = {level}", 1.0
        if (logarithm := LOG.fullmatch(part)) is not None:
            return f"doubling {logarithm['column']}", math.log(2.0)
        if (kind := self._two_values(part, column)) is not None:
            return f"{part} {kind}", 1.0
        step = self._unit(column) if part == column else 1.0
        shown = "one unit" if step == 1.0 else f"{number(step)} units" if step > 1.0 else f"{step:g}"
        return f"{shown} more of {part}", step

    def _two_values(self, name: str, column: str) -> str | None:
        """How a column of yes and no, or of 0 and 1, changes; None for others."""
        table = self._fit.likelihood.bound.used
        if name in table and table.column(name).dtype.kind == "b":
            return "true rather than false"
        if name != column or self._design is None:
            return None
        values = self._column(column)
        return "1 rather than 0" if np.all((values == 0.0) | (values == 1.0)) else None

    def _unit(self, column: str) -> float:
        """A power of ten that is a change of ordinary size: 1 unless the column spreads far more or far less."""
        if self._design is None or column not in self._design.names:
            return 1.0
        spread = float(np.std(self._column(column)))
        if 0.3 <= spread < 300.0 or spread == 0.0 or not math.isfinite(spread):
            return 1.0
        return float(10.0 ** math.floor(math.log10(spread)))


# -- what a linear predictor is about -------------------------------------------------------------------------


@final
@dataclass(frozen=True)
class _Effect:
    """How a difference of a linear predictor is said.

    Attributes
    ----------
    of : str
        What changes: ``"the odds of default"``.
    ratio : bool
        Whether by a factor, the exponential of the difference.
    level : str
        What the linear predictor itself stands for.
    """

    of: str
    ratio: bool
    level: str

    def _numbers(self, e: Estimate, step: float) -> tuple[Any, Any, Any]:
        made = [None if v is None else self._made(v * step) for v in (e.value, *e.interval)]
        return made[0], made[1], made[2]

    def _made(self, value: float) -> float:
        if not self.ratio:
            return value
        return math.exp(value) if value < 700.0 else math.inf

    def does(self, e: Estimate, step: float) -> str:
        """``"multiplies the odds of default by 1.04 (95% interval 1.03 to 1.05)"``."""
        value, low, high = _alike(e, *self._numbers(e, step))
        verb = f"{'multiply' if step > 1.0 else 'multiplies'} {self.of} by {value}"
        if not self.ratio:
            verb = f"{'add' if step > 1.0 else 'adds'} {value} to {self.of}"
        return verb + _range(e, low, high)

    def stands(self, e: Estimate) -> str:
        """``"is 0.36 (95% interval 0.21 to 0.61)"``."""
        value, low, high = _alike(e, *self._numbers(e, 1.0))
        return f"{'are' if self.of.startswith('the odds') else 'is'} {value}{_range(e, low, high)}"

    def doubt(self, e: Estimate) -> str:
        low, high = e.interval
        if low is None or high is None or not low < 0.0 < high:
            return ""
        return "; the data leave the direction open"


def _effect(fit: Estimates, slot: Slot) -> _Effect:
    """How differences of a linear predictor are said."""
    model = fit.likelihood.model
    family, parameter, link = model.family, slot.parameter, slot.link.name
    y = model.response
    if slot.entry is not None and link == "logit":
        odds = f"the odds of {y} = {slot.entry} against {y} = {model.levels[0]}"
        return _Effect(odds, True, odds)
    if not fit.likelihood.offers.independent_rows:
        return _Effect(f"the odds of {y}", True, f"the odds of {y}")
    if model.levels and slot.parameter.name == "location":
        proportional = getattr(family, "link", "") == "logit" and _idle_scale(model)
        of = f"the odds of a higher level of {y}" if proportional else f"the latent variable behind {y}"
        return _Effect(of, proportional, of)
    if (family.name, parameter.name) == ("log_normal", "mu") and link == "identity":
        return _Effect(f"the median of {y}", True, f"the median of {y}")
    if link == "logit" and parameter.name == "p":
        of = f"the odds of {y}" if not model.levels else f"the odds of {y} = {model.levels[-1]}"
        of = f"{of} in one trial" if family.name in ("binomial", "geometric") else of
        return _Effect(of, True, of)
    what = CENTRES.get((family.name, parameter.name), "").format(y=y)
    if not what:
        what = f"the {parameter.name} of {y}" if parameter.name in ("mean", "p") else parameter.name
    if link == "identity":
        return _Effect(what, False, what)
    if link == "log":
        return _Effect(what, True, what)
    if link == "logit":
        return _Effect(f"the odds of {what}", True, f"the odds of {what}")
    return _Effect(f"the {link.replace('_', ' ')} of {what}", False, f"the {link.replace('_', ' ')} of {what}")


def _idle_scale(model: Model) -> bool:
    return all(slot.idle for slot in model.slots if slot.parameter.name == "scale")


# -- numbers and words -----------------------------------------------------------------------------------------


def _alike(e: Estimate, value: Any, low: Any, high: Any) -> list[str]:
    """Value and interval to the decimals that the interval's width deserves."""
    known = [v for v in (low, high) if v is not None and math.isfinite(v)]
    widths = [abs(v - value) / 2 for v in known if math.isfinite(value) and v != value]
    return alike([value, low, high], max(widths, default=0.0) or None, digits=2)


def _range(e: Estimate, low: str, high: str) -> str:
    if not e.interval.exists:
        return ""
    return f" ({100 * e.interval.level:g}% interval {low} to {high})"


def _between(e: Estimate) -> str:
    low, high = e.interval
    return _range(e, number(low, 4), number(high, 4))


def _capital(text: str) -> str:
    """With a capital, unless it begins with a name."""
    first = text.split(" ")[0]
    return text[:1].upper() + text[1:] if first in ("one", "the", "doubling") else text


def _variables(term: str) -> Sequence[str]:
    try:
        return variables(term)
    except DesignError:
        return ()
