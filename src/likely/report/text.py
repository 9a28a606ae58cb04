"""The summary of a fit: what was assumed, what was estimated and how surely, and what could not be."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

from likely.errors import IntervalError, OptionError, is_one_of, unknown
from likely.estimates.covariance.reference_distribution import Reference
from likely.inference.derived import derived_quantities
from likely.inference.interval import Interval
from likely.inference.intervals import METHODS, intervals
from likely.models.checks import check_level
from likely.report import overview
from likely.report.blocks import Block, LabelledRows, as_html, as_text
from likely.show.text_table import DASH, Grid, alike, fixed, number, p_value, plain

if TYPE_CHECKING:
    from likely.estimates import Estimates
    from likely.models.slot import Slot
    from likely.report.meanings import Meaning


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
        Wald test of zero, for coefficients of predictors; z is Student's t under ``small_sample="t"``.
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
    fit : Estimates
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

    fit: Estimates
    level: float = 0.95
    method: str = "wald"
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_level(self.level)
        if not is_one_of(self.method, METHODS):
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
            return intervals(fit, self.level, self.method, None, **self.options) if self._regular_enough else out
        for name in fit.names:
            try:
                out |= intervals(fit, self.level, self.method, [name])
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
        if name in fit.boundary and fit.kept is not None:
            note = f"{note}. Its limit by the profile likelihood needs the data"
        elif name in fit.boundary and (interval is None or not interval.exists):
            try:
                interval = intervals(fit, self.level, "profile", [name])[name]
                note = f"{note}. Shown is the profile interval ({interval.note})"
            except IntervalError as error:
                note = f"{note}. {error}"
        elif interval is not None and interval.note and not note:
            note = interval.note
        interval = interval or Interval(None, None, self.level, self.method, note)
        if slot is None or slot.constant:
            return Estimate(name, "natural", value, stderr, interval, note=note)
        z = value / stderr if stderr and not fit.posterior else None
        p = None if z is None else float(fit.effective.reference.p_value(z))
        return Estimate(name, slot.link.name, value, stderr, interval, z, p, note)

    @property
    def _reference(self) -> Reference:
        """What the statistics are referred to."""
        return self.fit.effective.reference

    @cached_property
    def derived(self) -> dict[str, tuple[float, float | None]]:
        """Derived quantities with delta-method standard errors, of a converged model of constants."""
        fit = self.fit
        return derived_quantities(fit) if fit.converged and fit.likelihood.model.constant else {}

    @property
    def spreads(self) -> dict[str, tuple[float, str]]:
        """The two spreads of a linear model, with how they are made."""
        return overview.spreads(self.fit)

    @cached_property
    def notes(self) -> list[str]:
        """What is withheld or special, each reason once, in the order of the estimates."""
        return list(dict.fromkeys(e.note for e in self.estimates if e.note))

    @cached_property
    def meanings(self) -> tuple[Meaning, ...]:
        """What each estimate says, as a sentence.

        Examples
        --------
        >>> import likely as lk
        >>> summary = lk.fit("gamma", lk.datasets.loans(), "amount ~ duration").summary()
        >>> print(summary.meanings[1])
        One unit more of duration multiplies the mean of amount by 1.0392 (95% interval 1.0359 to 1.0424).
        """
        from likely.report.meanings import meanings

        return meanings(self.fit, self.estimates)

    # -- as blocks, which text, notebook and terminal draw each in its way ---------------------------------

    @cached_property
    def grid(self) -> Grid:
        """The table of estimates."""
        tested = any(e.z is not None for e in self.estimates)
        noted = bool(self.notes)
        level = f"{100 * self.level:g}%"
        header = [
            "",
            "estimate",
            "posterior sd" if self.fit.posterior else "std. error",
            f"{level} lower",
            f"{level} upper",
        ]
        header += [self._reference.letter, "p"] if tested else []
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
    def legend(self) -> str:
        """How to read the table of estimates."""
        kinds = {"wald": "Wald, computed on the link scale", "profile": "profile likelihood"}
        if self.fit.posterior:
            kinds = {"wald": "of the posterior, Normal about its mode", "profile": "profile of the posterior"}
        if self._reference.df is not None:
            kinds["wald"] = f"Student's t with {self._reference.words}"
            if not self.fit.effective._request.robust:
                label = self.fit.effective.likelihood.model.slots[1].label
                kinds["wald"] += f"; of {label} chi-squared, from the residual sum of squares over n - p and not n"
        kind = kinds.get(self.method, self.method)
        out = (
            [f"Intervals: {kind}."]
            if any(e.interval.method == self.method and e.interval.exists for e in self.estimates)
            else []
        )
        model = self.fit.likelihood.model
        scales: dict[str, str] = {}
        for slot in model.slots:
            if not slot.constant and not slot.idle and slot.link.name != "identity":
                against = f"log-odds against {model.levels[0]}" if slot.entry is not None else ""
                scales[slot.parameter.name] = against or f"on the {slot.link.name} scale"
        if scales:
            out.append(f"Coefficients of {', of '.join(f'{name}: {how}' for name, how in scales.items())}.")
        if any(e.z is not None for e in self.estimates):
            out.append(f"{self._reference.letter} and p test a coefficient of 0.")
        return " ".join(out)

    def _sentence(self, text: str) -> str:
        """With a capital and a full stop; a name stays as it is spelt."""
        model = self.fit.likelihood.model
        columns = self.fit.account.columns
        named = text.split()[0] in {*columns, *self.fit.names, *(p.name for p in model.family.parameters)}
        return f"{text if named else text[:1].upper() + text[1:]}{'' if text.endswith('.') else '.'}"

    @cached_property
    def blocks(self) -> list[Block]:
        """The account in order."""
        if not self.fit.converged:
            reason = self.fit.end.words
            return [
                overview.title(self.fit),
                self._sentence(reason),
                LabelledRows(tuple(overview.overview_rows(self.fit))),
                "No estimates are shown: where the search stopped is no peak of the likelihood.",
            ]
        out: list[Block] = [overview.title(self.fit), LabelledRows(tuple(overview.overview_rows(self.fit))), self.grid]
        if self.fit.aliased:
            out.append(
                LabelledRows(tuple((name, f"not estimated: {why}") for name, why in overview.aliased(self.fit).items()))
            )
        if self.legend:
            out.append(self.legend)
        if self.notes:
            out.append(LabelledRows(tuple((f"[{i}]", self._sentence(note)) for i, note in enumerate(self.notes, 1))))
        elif self.fit.end.remarkable:
            out.append(self._sentence(self.fit.status))
        if self.extra is not None:
            out.append(self.extra)
        spreads = [(label, f"{number(value)} ({how})") for label, (value, how) in self.spreads.items()]
        out.append(LabelledRows((*spreads, *overview.overall(self.fit), *overview.goodness(self.fit))))
        return out

    def __str__(self) -> str:
        return as_text(self.blocks)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f'<div class="likely-summary">{as_html(self.blocks)}</div>'

    # -- as a record ---------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON: None for what does not exist or is not finite, with a note.

        Returns
        -------
        dict

        Examples
        --------
        >>> import likely as lk
        >>> lk.fit("bernoulli", [1, 1, 0, 1]).summary().to_dict()["converged"]
        True
        """
        fit = self.fit
        model = fit.likelihood.model
        good = fit.converged
        criteria = good and not fit.likelihood.bound.pseudo
        return plain(
            {
                "family": model.family.name,
                "assumes": model.family.assumes,
                "response": model.response,
                "parameters": {p.name: overview.treatment(fit, p.name) for p in model.family.parameters},
                "n": fit.n,
                "rows": fit.account.used,
                "weights": None if not fit.account.weighted else fit.likelihood.bound.weights_kind,
                "dropped": dict(fit.likelihood.bound.dropped),
                "converged": good,
                "status": fit.status,
                "solver": fit.effective.outcome.solver,
                "iterations": fit.effective.outcome.iterations,
                "level": self.level,
                "covariance": fit.cov_text,
                "small_sample": fit.effective._request.small_sample,
                "df_residual": self._reference.df if good else None,
                "estimates": [_record(e, self._reference.letter if good else "z") for e in self.estimates],
                "aliased": fit.aliased,
                "condition": {k: v if math.isfinite(v) else None for k, v in fit.condition.items()},
                "separation": None if fit.separation is None else fit.separation.to_dict(),
                "derived": [
                    {"name": name, "value": value, "std_error": error, "note": _infinite(value)}
                    for name, (value, error) in self.derived.items()
                ],
                "spreads": [{"name": k, "value": v, "note": how} for k, (v, how) in self.spreads.items()],
                "k": fit.k,
                "loglik": fit.loglik if good else None,
                "aic": fit.aic if criteria else None,
                "aicc": fit.aicc if criteria else None,
                "bic": fit.bic if criteria else None,
                "notes": [
                    *self.notes,
                    *([fit.likelihood.bound.kept] if fit.likelihood.bound.kept else []),
                    *(["aicc is infinite: n <= k + 1"] if criteria and math.isinf(fit.aicc) else []),
                ],
            }
        )


def _record(e: Estimate, letter: str) -> dict[str, Any]:
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
        letter: e.z,
        "p_value": e.p,
        "note": note,
    }


def _infinite(value: float, what: str = "the value") -> str:
    return f"{what} is {number(value)}" if not math.isfinite(value) else ""
