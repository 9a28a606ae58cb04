"""The summary of a fit: what was assumed, what was estimated and how surely, and what could not be."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

from likely.derive.intervals import METHODS, Interval, check_level
from likely.errors import IntervalError, OptionError, unknown
from likely.grid import DASH, Grid, alike, fixed, number, p_value, plain

if TYPE_CHECKING:
    from likely.model import Slot
    from likely.result import Fit

WIDTH = 88  # of wrapped text


@final
@dataclass(frozen=True)
class Title:
    """The first line: what was fitted, or that it failed."""

    text: str
    good: bool

    def __str__(self) -> str:
        return f"{self.text}\n{'=' * min(len(self.text), WIDTH)}"


@final
@dataclass(frozen=True)
class Facts:
    """Labels with a sentence each."""

    rows: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        margin = max(len(label) for label, _ in self.rows) + 2
        return "\n".join(
            textwrap.fill(
                text,
                WIDTH,
                initial_indent=label.ljust(margin),
                subsequent_indent=" " * margin,
                break_long_words=False,
                break_on_hyphens=False,
            )
            for label, text in self.rows
        )

    def html(self) -> str:
        """As an HTML table without a header, with the text escaped."""
        return Grid(("", ""), self.rows, "ll").html()


Block = Title | Facts | Grid | str


@final
@dataclass(frozen=True)
class Estimate:
    """One line of the table of estimates.

    Attributes
    ----------
    name : str
    scale : str
        ``"natural"`` for a constant, else the name of the link on whose scale the coefficient lies.
    value : float
    stderr : float or None
    interval : Interval
    z, p : float or None
        Wald test of zero, for coefficients of predictors.
    note : str
        Why something is missing or what is special, or empty.
    """

    name: str
    scale: str
    value: float
    stderr: float | None
    interval: Interval
    z: float | None = None
    p: float | None = None
    note: str = ""


@final
@dataclass(frozen=True)
class Summary:
    """A readable account of a fit: text by ``str``, a table in a notebook, a record by `to_dict`.

    Parameters
    ----------
    fit : Fit
    level : float
        Of the intervals.
    method : {"wald", "profile", "bootstrap"}
        Of the intervals; an estimate on the boundary of its domain has its profile interval whatever is asked.
    options : dict
        Of the bootstrap.

    Examples
    --------
    >>> import likely as lk
    >>> print(lk.fit(lk.Bernoulli(), [1] * 7 + [0] * 3).summary())  # doctest: +ELLIPSIS
    Bernoulli fit of y: converged
    =============================
    ...
    """

    fit: Fit
    level: float = 0.95
    method: str = "wald"
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_level(self.level)
        if self.method not in METHODS:
            raise unknown("method", self.method, METHODS, " for an interval")

    # -- what there is to tell -------------------------------------------------------------------------

    @cached_property
    def estimates(self) -> list[Estimate]:
        """The estimates in order; empty for a fit that failed."""
        fit = self.fit
        if not fit.converged:
            return []
        scales = {name: slot for slot in fit.likelihood.model.slots for name in slot.names}
        return [self._estimate(name, scales.get(name), self._intervals.get(name)) for name in fit.names]

    @cached_property
    def _intervals(self) -> dict[str, Interval]:
        """Intervals by the method asked for; one that cannot be had is empty, with the reason as its note."""
        fit, out = self.fit, dict[str, Interval]()
        if self.method == "bootstrap":
            return fit.interval(self.level, self.method, **self.options) if self._regular_enough else out
        for name in fit.names:
            try:
                out |= fit.interval(self.level, self.method, [name])
            except (IntervalError, OptionError) as error:
                out[name] = Interval(None, None, self.level, self.method, str(error))
        return out

    @property
    def _regular_enough(self) -> bool:
        """Whether the asked method can run at all; a bootstrap cannot where parameters lie on their boundary."""
        return self.method != "bootstrap" or not (self.fit.boundary or self.fit.likelihood.model.fixed)

    def _estimate(self, name: str, slot: Slot | None, interval: Interval | None) -> Estimate:
        fit = self.fit
        value, stderr, note = fit.coef[name], fit.stderr[name], fit.withheld.get(name, "")
        if name in fit.boundary and (interval is None or not interval.exists):
            try:
                interval = fit.interval(self.level, "profile", [name])[name]
                note = f"{note}. Shown is the profile interval ({interval.note})"
            except IntervalError as error:
                note = f"{note}. {error}"
        elif interval is not None and interval.note and not note:
            note = interval.note
        interval = interval or Interval(None, None, self.level, self.method, note)
        if slot is None or slot.constant:
            return Estimate(name, "natural", value, stderr, interval, note=note)
        z = value / stderr if stderr else None
        p = None if z is None else math.erfc(abs(z) / math.sqrt(2.0))
        return Estimate(name, slot.link.name, value, stderr, interval, z, p, note)

    @cached_property
    def derived(self) -> dict[str, tuple[float, float | None]]:
        """Derived quantities with delta-method standard errors, of a converged model of constants."""
        fit = self.fit
        return fit.derived() if fit.converged and fit.likelihood.model.constant else {}

    @cached_property
    def spreads(self) -> dict[str, tuple[float, str]]:
        """The two spreads of a linear model: the likelihood's, dividing by n, and the unbiased one, by n - p."""
        fit = self.fit.effective
        model = fit.likelihood.model
        if not fit.converged or len(model.slots) != 2:
            return {}
        location, spread = model.slots
        if location.parameter.name != model.family.location_parameter or location.link.name != "identity":
            return {}
        if not spread.constant:
            return {}
        n, room, ml = fit.n, fit.df_residual, fit.coef[spread.label]
        label = spread.label if self.fit.limit is None else self.fit.limit.outward(spread.label)
        out = {label: (ml, f"maximum likelihood, divides by n = {n:,}")}
        if room > 0:
            residual = "residual SD" if label == "sd" else f"residual {label}"
            out[residual] = (ml * math.sqrt(n / room), f"divides by n - p = {n:,} - {n - room:,}")
        return out

    @cached_property
    def notes(self) -> list[str]:
        """What is withheld or special, each reason once, in the order of the estimates."""
        return list(dict.fromkeys(e.note for e in self.estimates if e.note))

    # -- in words -----------------------------------------------------------------------------------------

    @property
    def _title(self) -> Title:
        fit = self.fit
        model = fit.likelihood.model
        if not fit.converged:
            return Title(f"THE FIT FAILED: {model.family.title} fit of {model.response}", False)
        state = fit.status.split(":")[0]
        words = {"boundary": "converged, on a boundary", "edge": "converged, at an edge of the data"}.get(state, state)
        return Title(f"{model.family.title} fit of {model.response}: {words}", True)

    @cached_property
    def facts(self) -> list[tuple[str, str]]:
        """What was assumed, of which data, and how the peak was found."""
        fit = self.fit
        model, bound = fit.likelihood.model, fit.likelihood.bound
        family = model.family
        out = [("assumes", family.assumes)] if family.assumes else []
        for parameter in family.parameters:
            slots = [s for s in model.slots if s.parameter.name == parameter.name]
            out.append((parameter.name, f"{parameter.meaning}; {self._how(parameter.name, slots)}".removeprefix("; ")))
        rows = len(bound.y)
        data = f"{rows:,} observations" if rows != 1 else "1 observation"
        if bound.weights is not None:
            data = f"{rows:,} rows that stand for {fit.n:,} observations by their weights"
        if bound.dropped:
            lost = ", ".join(f"{name}: {count:,}" for name, count in bound.dropped.items())
            data += f"; {bound.table.n - rows:,} of {bound.table.n:,} rows dropped for missing values ({lost})"
        out.append(("data", data))
        outcome = fit.effective.outcome
        if fit.converged:
            steps = f", {outcome.iterations} iterations" if outcome.iterations > 1 else ""
            out.append(("solver", f"{SOLVERS.get(outcome.solver, outcome.solver)}{steps}"))
        return out

    def _how(self, name: str, slots: list[Slot]) -> str:
        """How a parameter was treated: known, one number, or described by predictors."""
        model = self.fit.likelihood.model
        if name in model.family.known:
            known = model.family.known[name]
            if isinstance(known, str):
                return f"known, from column {known}" if known in self.fit.likelihood.bound.table else f"known, {known}"
            return f"known, {number(float(known))}" if getattr(known, "ndim", 0) == 0 else "known, one value per row"
        if not slots or slots[0].constant:
            return "one number for all observations, estimated" if not _vector(slots) else "the same for all, estimated"
        slot = slots[0]
        right = "1" if slot.design is None else slot.design.formula or f"a matrix of {len(slot.design.names)} columns"
        for spec in slot.offset_spec:
            right += f" + offset({spec if isinstance(spec, str) else '...'})"
        if _vector(slots):
            return f"log(p[level] / p[{model.levels[0]}]) ~ {right}, for each level but {model.levels[0]}"
        left = name if slot.link.name == "identity" else f"{slot.link.name}({name})"
        return f"{left} ~ {right}"

    # -- as blocks, which text, notebook and terminal draw each in its way ---------------------------------

    @cached_property
    def grid(self) -> Grid:
        """The table of estimates."""
        tested = any(e.z is not None for e in self.estimates)
        noted = bool(self.notes)
        level = f"{100 * self.level:g}%"
        header = ["", "estimate", "std. error", f"{level} lower", f"{level} upper"]
        header += ["z", "p"] if tested else []
        header += ["note"] if noted else []
        rows = []
        for e in self.estimates:
            values = [e.value, *e.interval]
            widths = [abs(v - e.value) / 2 for v in e.interval if v is not None and math.isfinite(v - e.value)]
            scale = e.stderr or next((w for w in widths if w > 0), None)
            cells = [
                number(v) if e.name in self.fit.boundary and v == e.value else text
                for v, text in zip(values, alike(values, scale), strict=True)
            ]
            cells.insert(1, DASH if e.stderr is None else alike([e.stderr], e.stderr)[0])
            row = [e.name, *cells]
            if tested:
                missing = "" if e.scale == "natural" else DASH
                row += [missing, missing] if e.z is None or e.p is None else [fixed(e.z, 2), p_value(e.p)]
            if noted:
                row.append(f"[{self.notes.index(e.note) + 1}]" if e.note else "")
            rows.append(tuple(row))
        return Grid(tuple(header), tuple(rows), "l" + "r" * (len(header) - 1 - noted) + "l" * noted)

    @cached_property
    def extra(self) -> Grid | None:
        """Derived quantities, where there are any."""
        rows = []
        for name, (value, error) in self.derived.items():
            cells = alike([value, error], error) if math.isfinite(value) else [number(value), DASH]
            rows.append((name, *cells))
        return Grid(("derived", "value", "std. error"), tuple(rows), "lrr") if rows else None

    @property
    def _legend(self) -> str:
        kinds = {"wald": "Wald, computed on the link scale", "profile": "profile likelihood"}
        kind = kinds.get(self.method, self.method)
        out = [f"Intervals: {kind}."] if any(e.interval.method == self.method for e in self.estimates) else []
        model = self.fit.likelihood.model
        scales: dict[str, str] = {}
        for slot in model.slots:
            if not slot.constant and slot.link.name != "identity":
                against = f"log-odds against {model.levels[0]}" if slot.level is not None else ""
                scales[slot.parameter.name] = against or f"on the {slot.link.name} scale"
        if scales:
            out.append(f"Coefficients of {', of '.join(f'{name}: {how}' for name, how in scales.items())}.")
        if any(e.z is not None for e in self.estimates):
            out.append("z and p test a coefficient of 0.")
        return " ".join(out)

    @property
    def goodness(self) -> tuple[tuple[str, str], ...]:
        """Log-likelihood and information criteria."""
        fit = self.fit
        k = f"{fit.k} estimated parameter{'s' if fit.k != 1 else ''}"
        criteria = [(label, value) for label, value in (("AIC", fit.aic), ("AICc", fit.aicc), ("BIC", fit.bic))]
        text = ", ".join(f"{label} {fixed(value)}" for label, value in criteria if math.isfinite(value))
        return ("log-likelihood", f"{fixed(fit.loglik)}, with k = {k}"), ("criteria", text)

    def _sentence(self, text: str) -> str:
        """With a capital and a full stop; a name stays as it is spelt."""
        model = self.fit.likelihood.model
        columns = self.fit.likelihood.bound.table.names
        named = text.split()[0] in {*columns, *self.fit.names, *(p.name for p in model.family.parameters)}
        return f"{text if named else text[:1].upper() + text[1:]}{'' if text.endswith('.') else '.'}"

    @cached_property
    def blocks(self) -> list[Block]:
        """The account in order."""
        if not self.fit.converged:
            reason = self.fit.status.removeprefix("failed: ")
            return [
                self._title,
                self._sentence(reason),
                Facts(tuple(self.facts)),
                "No estimates are shown: where the search stopped is no peak of the likelihood.",
            ]
        out: list[Block] = [self._title, Facts(tuple(self.facts)), self.grid]
        if self._legend:
            out.append(self._legend)
        if self.notes:
            out.append(Facts(tuple((f"[{i}]", self._sentence(note)) for i, note in enumerate(self.notes, 1))))
        elif self.fit.status != "converged":
            out.append(self._sentence(self.fit.status))
        if self.extra is not None:
            out.append(self.extra)
        facts = [(label, f"{number(value)} ({how})") for label, (value, how) in self.spreads.items()]
        out.append(Facts((*facts, *self.goodness)))
        return out

    def __str__(self) -> str:
        parts = []
        for block in self.blocks:
            if isinstance(block, str):
                parts.append(textwrap.fill(block, WIDTH, break_long_words=False, break_on_hyphens=False))
            else:
                parts.append(str(block))
        return "\n\n".join(parts)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from html import escape

        parts = []
        for block in self.blocks:
            if isinstance(block, Title):
                parts.append(f"<h4>{escape(block.text)}</h4>")
            elif isinstance(block, str):
                parts.append(f"<p>{escape(block)}</p>")
            else:
                parts.append(block.html())
        return f'<div class="likely-summary">{"".join(parts)}</div>'

    # -- as a record ---------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON: None for what does not exist or is not finite, with a note."""
        fit = self.fit
        model = fit.likelihood.model
        good = fit.converged
        return plain(
            {
                "family": model.family.name,
                "assumes": model.family.assumes,
                "response": model.response,
                "parameters": {p.name: self._how(p.name, _of(model, p.name)) for p in model.family.parameters},
                "n": fit.n,
                "rows": len(fit.likelihood.bound.y),
                "dropped": dict(fit.likelihood.bound.dropped),
                "converged": good,
                "status": fit.status,
                "solver": fit.effective.outcome.solver,
                "iterations": fit.effective.outcome.iterations,
                "level": self.level,
                "estimates": [_record(e) for e in self.estimates],
                "derived": [
                    {"name": name, "value": value, "std_error": error, "note": _infinite(value)}
                    for name, (value, error) in self.derived.items()
                ],
                "spreads": [{"name": k, "value": v, "note": how} for k, (v, how) in self.spreads.items()],
                "k": fit.k,
                "loglik": fit.loglik if good else None,
                "aic": fit.aic if good else None,
                "aicc": fit.aicc if good else None,
                "bic": fit.bic if good else None,
                "notes": [
                    *self.notes,
                    *(["aicc is infinite: n <= k + 1"] if good and math.isinf(fit.aicc) else []),
                ],
            }
        )


SOLVERS = {"closed form": "closed form", "newton": "Newton", "lbfgs": "L-BFGS", "least squares": "least squares"}


def _record(e: Estimate) -> dict[str, Any]:
    lower, upper = e.interval
    note = "; ".join(part for part in (e.note, _infinite(e.value, "the estimate")) if part)
    return {
        "name": e.name,
        "scale": e.scale,
        "estimate": e.value,
        "std_error": e.stderr,
        "lower": lower,
        "upper": upper,
        "interval": e.interval.method,
        "z": e.z,
        "p_value": e.p,
        "note": note,
    }


def _infinite(value: float, what: str = "the value") -> str:
    return f"{what} is {number(value)}" if not math.isfinite(value) else ""


def _of(model: Any, name: str) -> list[Slot]:
    return [s for s in model.slots if s.parameter.name == name]


def _vector(slots: list[Slot]) -> bool:
    return bool(slots) and slots[0].level is not None
