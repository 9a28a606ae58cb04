"""Tests of hypotheses about a fit: Wald's and the likelihood ratio's."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, final

import numpy as np
from scipy import linalg
from scipy import special as sc

from likely.errors import FitError, IntervalError, OptionError, ParameterError, unknown
from likely.families import FAMILIES
from likely.family import Family
from likely.model import Model, Slot

if TYPE_CHECKING:
    from likely.result import Fit

AIC_ADVICE = "compare them by AIC (fit.aic), which needs no nesting"
NUMBER = re.compile(r"\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?")
GOES_ON = re.compile(r"[\w.\[(:]")  # characters after which a name has not ended
ROUNDING = 1e-7  # log-likelihoods of two searches agree to about this, relatively


@final
@dataclass(frozen=True)
class TestResult:
    """A test of a hypothesis.

    Attributes
    ----------
    statistic : float
        Referred to a chi-squared distribution.
    df : int
        Its degrees of freedom: the number of restrictions.
    p_value : float
        Probability of a statistic at least this large if the hypothesis holds.
    kind : str
        "Wald" or "likelihood ratio".
    hypothesis : str
    note : str
        What is special about it, or empty.
    """

    statistic: float
    df: int
    p_value: float
    kind: str
    hypothesis: str
    note: str = ""

    __test__ = False  # not a test class for pytest

    def __str__(self) -> str:
        text = (
            f"{self.kind[0].upper()}{self.kind[1:]} test of {self.hypothesis}: "
            f"chi-squared = {self.statistic:.6g}, df = {self.df}, p = {self.p_value:.4g}"
        )
        return f"{text} ({self.note})" if self.note else text


# -- Wald ----------------------------------------------------------------------------------------------------


def wald_test(fit: Fit, hypothesis: str) -> TestResult:
    """Wald test of linear hypotheses about the estimates.

    W = (R b - r)' (R V R')^-1 (R b - r), chi-squared with as many degrees of freedom as there are independent
    restrictions (Wald 1943).

    Parameters
    ----------
    fit : Fit
    hypothesis : str
        Equations, separated by commas, in the names of the estimates as ``fit.coef`` shows them:
        ``"p.income = 0"``, ``"mean.a = mean.b, sd = 1"``, ``"2*p.a + p.b = 1"``. Constant parameters are tested on
        the natural scale on which they are reported (``sd = 1``, not its logarithm).

    Returns
    -------
    TestResult

    Raises
    ------
    UnknownNameError
        If a name is not that of an estimate.
    OptionError
        If the text cannot be read, restricts nothing or contradicts itself.
    IntervalError
        If an estimate has no standard error.

    Examples
    --------
    >>> import likely as lk
    >>> fit = lk.fit("bernoulli", [1] * 7 + [0] * 3)
    >>> print(fit.test("p = 0.5"))
    Wald test of p = 0.5: chi-squared = 1.90476, df = 1, p = 0.1675
    """
    forms = _Parser(hypothesis, fit.names).equations()
    names, notes = fit.regular, []
    for form in forms:
        for name in form:
            if name and name in fit.withheld:
                raise IntervalError(f"{name} has no standard error, so it has no Wald test: {fit.withheld[name]}")
        notes += _domain_notes(fit, form)
    restrictions = np.array([[form.get(name, 0.0) for name in names] for form in forms]).reshape(len(forms), -1)
    targets = np.array([-form.get("", 0.0) for form in forms])
    keep = _independent(restrictions, targets, hypothesis)
    if len(keep) < len(forms):
        notes.append(f"{len(forms) - len(keep)} of {len(forms)} equations follow from the others and were left out")
    r = restrictions[keep]
    estimate = np.array([fit.coef[name] for name in names])
    statistic, rank = _quadratic_form(r @ estimate - targets[keep], r @ fit.cov @ r.T, hypothesis)
    if rank < len(keep):
        notes.append("the estimates' sum is fixed, so one equation follows from the others")
    text = ", ".join(_text(form) for form in forms)
    return TestResult(statistic, rank, float(sc.chdtrc(rank, statistic)), "Wald", text, "; ".join(notes))


def _quadratic_form(gap: Any, covariance: Any, hypothesis: str) -> tuple[float, int]:
    """gap' C^-1 gap and the rank of C, which is singular for probabilities that sum to 1."""
    scale = np.sqrt(np.maximum(np.diagonal(covariance), np.finfo(float).tiny))
    values, vectors = linalg.eigh(covariance / np.outer(scale, scale))
    there = values > 1e-10
    along = vectors.T @ (gap / scale)
    if np.any(np.abs(along[~there]) > 1e-6):
        raise OptionError(f"{hypothesis!r} cannot hold: the estimates are bound together (they sum to 1)")
    return float(np.sum(np.square(along[there]) / values[there])), int(np.count_nonzero(there))


def _independent(restrictions: Any, targets: Any, hypothesis: str) -> list[int]:
    """Equations that do not follow from earlier ones; an error for those that contradict them."""
    keep: list[int] = []
    for i, (row, target) in enumerate(zip(restrictions, targets, strict=True)):
        combination = np.linalg.lstsq(restrictions[keep].T, row, rcond=None)[0] if keep else np.zeros(0)
        left = row - combination @ restrictions[keep]
        size = float(np.max(np.abs(row), initial=0.0))
        if float(np.max(np.abs(left), initial=0.0)) > 1e-10 * size:
            keep.append(i)
            continue
        implied = float(combination @ targets[keep])
        if abs(target - implied) > 1e-9 * max(1.0, abs(target), abs(implied)):
            raise OptionError(f"the equations of {hypothesis!r} contradict each other: they cannot all hold")
    if not keep:
        raise OptionError(f"{hypothesis!r} restricts nothing: it holds for every value of the estimates")
    return keep


def _domain_notes(fit: Fit, form: Mapping[str, float]) -> list[str]:
    """What is odd about the value that an equation gives to a single constant."""
    names = [name for name, c in form.items() if name and c != 0.0]
    if len(names) != 1:
        return []
    name, value = names[0], -form.get("", 0.0) / form[names[0]]
    head = name.split("[")[0]
    slot = next((s for s in fit.likelihood.model.slots if s.constant and s.parameter.name == head), None)
    if slot is None:
        return []
    domain = slot.parameter.domain
    if not domain.lower <= value <= domain.upper:
        raise ParameterError(f"{name} must be {domain.name}; the hypothesis sets it to {value:g}")
    if value in (domain.lower, domain.upper):
        return [f"{name} = {value:g} is the end of its domain, where this approximation fails: use fit.lr_test"]
    return []


def _text(form: Mapping[str, float]) -> str:
    parts: list[str] = []
    for name, c in form.items():
        if not name or c == 0.0:
            continue
        factor = "" if abs(c) == 1.0 else f"{abs(c):g}*"
        sign = ("-" if c < 0 else "") if not parts else (" - " if c < 0 else " + ")
        parts.append(f"{sign}{factor}{name}")
    return f"{''.join(parts) or '0'} = {-form.get('', 0.0) + 0.0:g}"


Form = dict[str, float]  # name -> coefficient; "" -> the constant


@final
class _Parser:
    """Linear equations in names that may themselves hold dots, brackets, parentheses, commas and signs."""

    def __init__(self, text: str, names: list[str]) -> None:
        if not isinstance(text, str) or not text.strip():
            raise OptionError(f"a hypothesis is text such as {(names or ['p'])[0] + ' = 0'!r}, found {text!r}")
        self.text, self.names, self.at = text, names, 0
        ordered = sorted(names, key=len, reverse=True)
        self.patterns = [(name, re.compile(r"\s*".join(map(re.escape, name.split())))) for name in ordered]

    def equations(self) -> list[Form]:
        """Left side minus right side of every equation."""
        forms: list[Form] = []
        while True:
            sides = [self._sum()]
            while self._take("==") or self._take("="):
                sides.append(self._sum())
            if len(sides) == 1:
                raise self._error("an equation needs '=': write for instance '... = 0'")
            forms += [_plus(a, b, -1.0) for a, b in pairwise(sides)]
            if not self._take(",") and not self._take(";"):
                break
        if self._rest():
            raise self._error(f"cannot read {self._rest()!r}")
        return forms

    def _sum(self) -> Form:
        form = self._product()
        while True:
            if self._take("+"):
                form = _plus(form, self._product(), 1.0)
            elif self._take("-"):
                form = _plus(form, self._product(), -1.0)
            else:
                return form

    def _product(self) -> Form:
        form = self._factor()
        while True:
            if self._take("*"):
                other = self._factor()
                if any(form.keys() - {""}) and any(other.keys() - {""}):
                    raise self._error("two estimates are multiplied: only linear hypotheses have a Wald test")
                if any(form.keys() - {""}):
                    form, other = other, form
                form = {name: form.get("", 0.0) * c for name, c in other.items()}
            elif self._take("/"):
                other = self._factor()
                if any(other.keys() - {""}) or other.get("", 0.0) == 0.0:
                    raise self._error("only a number other than 0 can be divided by")
                form = {name: c / other[""] for name, c in form.items()}
            else:
                return form

    def _factor(self) -> Form:
        if self._take("-"):
            return {name: -c for name, c in self._factor().items()}
        if self._take("+"):
            return self._factor()
        if (name := self._name()) is not None:
            return {name: 1.0}
        if self._take("("):
            form = self._sum()
            if not self._take(")"):
                raise self._error("a parenthesis is not closed")
            return form
        self._skip()
        if match := NUMBER.match(self.text, self.at):
            self.at = match.end()
            return {"": float(match.group())}
        if match := re.compile(r"[^\s=,;+*/]+").match(self.text, self.at):
            raise unknown("estimate", match.group(), self.names)
        raise self._error("the text ends too early" if not self._rest() else f"cannot read {self._rest()!r}")

    def _name(self) -> str | None:
        self._skip()
        for name, pattern in self.patterns:
            match = pattern.match(self.text, self.at)
            if match and not GOES_ON.match(self.text[match.end() : match.end() + 1]):
                self.at = match.end()
                return name
        return None

    def _take(self, sign: str) -> bool:
        self._skip()
        if self.text.startswith(sign, self.at):
            self.at += len(sign)
            return True
        return False

    def _skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def _rest(self) -> str:
        return self.text[self.at :].strip()

    def _error(self, what: str) -> OptionError:
        return OptionError(f"cannot read the hypothesis {self.text!r}: {what}")


def _plus(a: Form, b: Form, sign: float) -> Form:
    out = dict(a)
    for name, c in b.items():
        out[name] = out.get(name, 0.0) + sign * c
    return out


# -- likelihood ratio ----------------------------------------------------------------------------------------


def lr_test(a: Fit, b: Fit) -> TestResult:
    """Likelihood-ratio test of the smaller of two nested fits to the same data against the larger.

    Twice the difference of the log-likelihoods is chi-squared with as many degrees of freedom as the larger model has
    more parameters (Wilks 1938). Where the smaller one holds a parameter at the end of its domain (a Poisson is a
    negative binomial of dispersion 0), it is an equal mixture of that and one degree of freedom less (Self and Liang
    1987): with one parameter more, the p-value is halved.

    Parameters
    ----------
    a, b : Fit
        In either order.

    Returns
    -------
    TestResult

    Raises
    ------
    OptionError
        If the data differ or the models are not nested; the message says what AIC can do instead.
    FitError
        If a fit did not converge, or the larger one is the worse of the two.

    Examples
    --------
    >>> import likely as lk
    >>> y = [0, 0, 0, 1, 2, 9, 0, 0, 12, 1]
    >>> print(lk.fit("poisson", y).lr_test(lk.fit("negative_binomial", y)))  # doctest: +ELLIPSIS
    Likelihood ratio test of Poisson within NegativeBinomial: chi-squared = 33.0174, df = 1, p = 4.567e-09 (...)
    """
    for fit in (a, b):
        if not hasattr(fit, "likelihood"):
            raise OptionError(f"a likelihood-ratio test needs two fits, found {fit!r}")
        if not fit.converged:
            raise FitError(f"a likelihood-ratio test needs converged fits; this one: {fit.status}", fit)
    _require_same_data(a, b)
    if a.k == b.k:
        raise OptionError(f"both models have {a.k} parameters, so neither is a special case of the other; {AIC_ADVICE}")
    small, large = (a, b) if a.k < b.k else (b, a)
    on_end = _nesting(small, large)
    df = large.k - small.k
    statistic = 2.0 * (large.loglik - small.loglik)
    if statistic < -ROUNDING * (1.0 + abs(large.loglik)):
        raise FitError(
            f"the larger model has the lower log-likelihood ({large.loglik:.8g}, the smaller {small.loglik:.8g}): its "
            "search ended at another peak. Fit it again with start= from the smaller model's estimates",
            large,
        )
    statistic = max(statistic, 0.0)
    p = float(sc.chdtrc(df, statistic))
    note = ""
    if len(on_end) == 1:
        less = float(sc.chdtrc(df - 1, statistic)) if df > 1 else float(statistic == 0.0)
        p = 0.5 * p + 0.5 * less
        halved = ": p is halved" if df == 1 and statistic > 0.0 else ""
        note = (
            f"{on_end[0]} is at the end of its domain in the smaller model, so the statistic is half chi-squared with "
            f"{df - 1} and half with {df} degrees of freedom{halved} (Self and Liang 1987)"
        )
    elif on_end:
        note = f"{', '.join(on_end)} are at the end of their domains in the smaller model: the true p is smaller"
    return TestResult(statistic, df, p, "likelihood ratio", _hypothesis(small, large), note)


def _hypothesis(small: Fit, large: Fit) -> str:
    one, other = small.likelihood.model, large.likelihood.model
    if one.family.title != other.family.title:
        return f"{one.family.title} within {other.family.title}"
    free = set(small.names)
    gone = [name for name in large.names if name not in free]
    known = [f"{k} = {v:g}" for k, v in one.known.items() if k in gone and np.ndim(v) == 0]
    if known and len(known) == len(gone):
        return ", ".join(known)
    if free < set(large.names) and all("." in name for name in gone):
        return ", ".join(f"{name} = 0" for name in gone[:6]) + (f" and {len(gone) - 6} more" if len(gone) > 6 else "")
    return f"the model of {small.k} parameters within that of {large.k}"


def _require_same_data(a: Fit, b: Fit) -> None:
    one, other = a.likelihood.bound, b.likelihood.bound
    if len(one.y) != len(other.y):
        raise OptionError(
            f"the fits use {len(one.y)} and {len(other.y)} rows: a likelihood-ratio test needs the same data (were "
            "rows with missing values dropped from one of them?)"
        )
    if not np.array_equal(one.y, other.y, equal_nan=True):
        raise OptionError(
            "the fits have different responses (or the same in another order): their likelihoods cannot be compared"
        )
    if one.model.family.levels != other.model.family.levels:
        raise OptionError("the fits code the levels of the response differently: give both the same levels=")
    w, v = (np.ones(len(x.y)) if x.weights is None else x.weights for x in (one, other))
    if not np.array_equal(w, v):
        raise OptionError("the fits have different weights: their likelihoods cannot be compared")


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


def _nesting(small: Fit, large: Fit) -> list[str]:
    """Parameters that the smaller model holds at the end of their domain; an error unless it is a special case."""
    one, other = small.likelihood.model, large.likelihood.model
    f, g = one.family, other.family
    if type(f) is type(g):
        return _compare(small, one, other, {p.name: (p.name, 1) for p in f.parameters}, {})
    for limit in g.limits:
        becomes = limit.becomes()
        if type(becomes) is type(f):
            free = next((s for s in other.slots if s.parameter.name == limit.parameter), None)
            if free is not None and not free.constant:
                raise OptionError(
                    f"{f.title} is {g.title} with every {limit.parameter} at {limit.at:g}; with predictors for "
                    f"{limit.parameter} the statistic has no simple distribution: {AIC_ADVICE}"
                )
            names = {new: (old, 1) for old, new in limit.names.items()}
            return _compare(small, one, other, names, {limit.parameter: limit.at})
    for inclusion in INCLUSIONS:
        if type(f) is FAMILIES[inclusion.small] and type(g) is FAMILIES[inclusion.large]:
            return _compare(small, one, other, inclusion.names, inclusion.held)
    raise OptionError(
        f"{f.title} is not a special case of {g.title}, so their likelihood ratio has no chi-squared distribution; "
        f"{AIC_ADVICE}"
    )


def _compare(
    small: Fit, one: Model, other: Model, names: Mapping[str, tuple[str, int]], held: Mapping[str, float]
) -> list[str]:
    """Check that every parameter of the smaller model can be reproduced by the larger one."""
    on_end: list[str] = []
    weights = small.likelihood.bound.weights
    back = {large: (name, sign) for name, (large, sign) in names.items()}
    for p in other.family.parameters:
        name, sign = back.get(p.name, (None, 1))
        value = held[p.name] if name is None else one.known.get(name)
        if value is not None and sign < 0:
            value = _turned(one.family, name, value)
        slots = [s for s in other.slots if s.parameter.name == p.name]
        if p.name in other.known:
            if value is None or np.any(np.asarray(value) != np.asarray(other.known[p.name])):
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
            if _held(p.name, slots, value, weights):
                on_end.append(p.name)
        elif name is not None and not p.edge:
            mine = [s for s in one.slots if s.parameter.name == name]
            for s, t in zip(mine, slots, strict=True):
                _within(s, t, sign, weights)
    return on_end


def _turned(family: Family, name: str | None, value: Any) -> Any:
    """The larger family's mean for a known rate or chance of the smaller one."""
    bare = copy.copy(family)
    bare.known = {}
    return np.asarray(bare.mean(**{str(name): value}))


def _held(name: str, slots: list[Slot], value: Any, weights: Any) -> bool:
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
    if slot.level is None:
        with np.errstate(all="ignore"):
            eta = np.asarray(slot.link.forward(np.asarray(value, dtype=float)), dtype=float)
        _require_span(eta - (0.0 if slot.offset is None else slot.offset), slot, weights, name)
    return False


def _within(s: Slot, t: Slot, sign: int, weights: Any) -> None:
    """Require that the linear predictors of slot `s`, times `sign`, are among those of slot `t`."""
    name = s.label
    if t.constant and not s.constant:
        raise OptionError(
            f"the smaller model has predictors for {name}, the larger one has not, so they are not nested; {AIC_ADVICE}"
        )
    if not s.constant and not _links_agree(s, t, sign):
        raise OptionError(
            f"{name} has the link {s.link.name} in one model and {t.link.name} in the other, so they are not nested; "
            f"{AIC_ADVICE}"
        )
    offset = (0.0 if t.offset is None else t.offset) - sign * (0.0 if s.offset is None else s.offset)
    _require_span(offset, t, weights, name)
    if s.design is None:
        if t.design is not None:
            _require_span(np.ones(len(t.design.x)), t, weights, name)
        return
    if t.design is s.design or (t.design is not None and t.design.names == s.design.names and t.design.x is s.design.x):
        return
    for j in range(s.design.x.shape[1]):
        _require_span(s.design.x[:, j], t, weights, name)


def _links_agree(s: Slot, t: Slot, sign: int) -> bool:
    if sign > 0:
        return s.link.name == t.link.name
    return (s.link.name, t.link.name) in (("log", "log"), ("logit", "log"))


def _require_span(target: Any, slot: Slot, weights: Any, name: str) -> None:
    """Require that a column lies in the space of a slot's columns, by least squares over the rows that count."""
    target = np.asarray(target, dtype=float)
    if not np.any(target):
        return
    design = slot.design
    if design is None:
        inside = np.ptp(target) <= 1e-9 * float(np.max(np.abs(target))) if target.ndim else True
    else:
        column = np.broadcast_to(target, (len(design.x),))
        if any(np.array_equal(column, design.x[:, j]) for j in range(design.x.shape[1])):
            return
        x, column = (design.x, column) if weights is None else (design.x[weights > 0], column[weights > 0])
        scaled = x / np.maximum(np.sqrt(np.einsum("ij,ij->j", x, x)), np.finfo(float).tiny)
        left = column - scaled @ np.linalg.lstsq(scaled, column, rcond=None)[0]
        inside = bool(linalg.norm(left) <= 1e-8 * linalg.norm(column))
    if not inside:
        raise OptionError(
            f"the predictors of {name} in the smaller model are not combinations of those in the larger one, so the "
            f"models are not nested; {AIC_ADVICE}"
        )
