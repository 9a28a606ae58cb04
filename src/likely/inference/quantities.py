"""Quantities computed from the estimates, with delta-method standard errors: effects, contrasts, functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.data.tables import Table
from likely.errors import IntervalError, OptionError
from likely.estimates.covariance import refuse_spread, unit_rows
from likely.inference.records import Record
from likely.inference.simultaneous import adjusted
from likely.models.checks import check_level
from likely.namespace.arrays import Floats, Objects
from likely.show.text_table import DASH, Grid, alike, fixed, p_value

if TYPE_CHECKING:
    from likely.estimates import Estimates


@final
@dataclass(frozen=True, repr=False, eq=False)
class Quantities(Record):
    """Quantities with standard errors, intervals and tests of one value.

    Attributes
    ----------
    labels : tuple of dict of str to str
        What each row is about, by column.
    estimate, stderr : ndarray
    lower, upper : ndarray
        Ends of the intervals.
    z, p_value : ndarray
        Of the test that the quantity is `null`; z is Student's t where there is `df`. Like the error and the ends they
        are None where the fit's covariance gives no standard error, with the reason in `notes`.
    covariance : ndarray or None
        Of the estimates; None where some have no error, or one whose square no float can hold.
    level : float
    null : float
    title : str
    notes : tuple of str
    df : float or None
        Degrees of freedom of Student's t (``small_sample="t"``); None where tests and intervals are by the normal
        distribution.
    """

    labels: tuple[Mapping[str, str], ...]
    estimate: Floats
    stderr: Floats
    lower: Floats
    upper: Floats
    z: Floats
    p_value: Floats
    covariance: Floats
    level: float
    null: float
    title: str
    notes: tuple[str, ...] = ()
    table: Table = field(default_factory=Table)
    df: float | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def letter(self) -> str:
        """ "z" or "t": what the statistic is called."""
        return "z" if self.df is None else "t"

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One dict for each quantity: its labels, estimate, std_error, z (or t), p_value, lower, upper."""
        columns = ("estimate", "stderr", "z", "p_value", "lower", "upper")
        names = ("estimate", "std_error", self.letter, "p_value", "lower", "upper")
        return [
            {**label, **{name: _number(getattr(self, c)[i]) for name, c in zip(names, columns, strict=True)}}
            for i, label in enumerate(self.labels)
        ]

    @property
    def grid(self) -> Grid:
        """The rows as text cells."""
        columns = list(dict.fromkeys(name for label in self.labels for name in label))
        header = (*columns, "estimate", "std. error", self.letter, "p", f"{100 * self.level:g}% interval")
        cells = []
        for i, label in enumerate(self.labels):
            own = [label.get(name, "") for name in columns]
            if self.stderr[i] is None:
                cells.append((*own, *alike([float(self.estimate[i])], None), *[DASH] * 4))
                continue
            values = map(_number, (self.estimate[i], self.stderr[i], self.lower[i], self.upper[i]))
            estimate, error, lower, upper = alike(values, float(self.stderr[i]))
            z = fixed(float(self.z[i]), 2)
            if self.p_value[i] is None:
                cells.append((*own, estimate, error, z, DASH, DASH))
                continue
            cells.append((*own, estimate, error, z, p_value(float(self.p_value[i])), f"{lower} to {upper}"))
        return Grid(header, tuple(cells), "l" * len(columns) + "rrrrr", self.title)

    @property
    def remarks(self) -> tuple[str, ...]:
        test = f"{self.letter} and p test that the quantity is {self.null:g}." if self.null else ""
        return tuple(text for text in (test, *self.notes) if text)

    @property
    def source(self) -> Table:
        return self.table


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def quantities(
    fit: Estimates,
    labels: Sequence[Mapping[str, str]],
    estimate: Any,
    jacobian: Any,
    *,
    level: float,
    title: str,
    null: float = 0.0,
    log: bool = False,
    adjust: str = "none",
    families: Sequence[Any] | None = None,
    notes: Sequence[str] = (),
) -> Quantities:
    """The record of quantities whose derivatives with respect to the coefficients (link scale) are known.

    Parameters
    ----------
    fit : Estimates
        Whose covariance ``_link_cov`` it is.
    labels : sequence of mapping
    estimate : ndarray, shape (k,)
        With `log`, logarithms of the quantities.
    jacobian : ndarray, shape (k, p)
    level, title, null, notes
        See `Quantities`; `null` is a value of the quantity itself.
    log : bool
        Intervals and tests on the log scale, of quantities that are positive (ratios).
    adjust : str
        See `likely.inference.simultaneous`.
    families : sequence of ndarray, optional
        Rows that are adjusted together; all of them by default.
    """
    level = check_level(level)
    fit.require_errors("a standard error of an effect or function")
    estimate, jacobian = np.asarray(estimate, dtype=float), np.atleast_2d(np.asarray(jacobian, dtype=float))
    refuse_spread(fit, jacobian, "the quantity")
    if np.any(wrong := ~np.isfinite(estimate) | ~np.all(np.isfinite(jacobian), axis=1)):
        which = ", ".join(f"{k} {v}" for k, v in labels[int(np.flatnonzero(wrong)[0])].items())
        raise IntervalError(f"the quantity is not finite at the estimates, so it has no standard error ({which})")
    unit, size = unit_rows(jacobian)
    forms = unit @ fit.link_root  # of lengths that a float can hold, whatever the units are
    with np.errstate(over="ignore"):
        spread = size * np.linalg.norm(forms, axis=1)
    if log and null <= 0:
        raise OptionError(f"a ratio is compared with a positive value, found {null:g}")
    target = np.log(null) if log else null
    with np.errstate(all="ignore"):
        z = np.where(spread > 0, (estimate - target) / spread, np.where(estimate == target, 0.0, np.inf))
    lost = fit.unseen(unit)
    groups = [np.arange(len(z))] if families is None else [np.asarray(rows) for rows in families]
    critical, p, alone, together_notes = _together(fit, z, unit, [rows[~lost[rows]] for rows in groups], level, adjust)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        lower, upper = estimate - critical * spread, estimate + critical * spread
        covariance = forms @ forms.T * np.outer(size, size)
        if log:
            value = np.exp(estimate)
            lower, upper, estimate, spread = np.exp(lower), np.exp(upper), value, value * spread
            covariance = covariance * np.outer(value, value)
    beyond = (spread > 0.0) & (np.diagonal(covariance) < np.finfo(float).tiny)
    if np.any(lost) or np.any(beyond) or not np.all(np.isfinite(covariance)):
        covariance = None
    if np.any(lost):
        spread, z = _without(spread, lost), _without(z, lost)
        reasons = dict.fromkeys(fit.unseen_reason(unit[i]) for i in np.flatnonzero(lost))
        notes = (*notes, *(f"No standard error where {reason}." for reason in reasons))
    if np.any(lost | alone):
        lower, upper, p = (_without(column, lost | alone) for column in (lower, upper, p))
    if active := fit.active_inequalities:
        notes = (*notes, f"Standard errors, z and p take as an equation what may be none: {', '.join(active)}.")
    if fit.reference.df is not None:
        notes = (*notes, f"Intervals and p by Student's t with {fit.reference.words}.")
    table = fit.likelihood.bound.output_table
    return Quantities(
        tuple(dict(label) for label in labels),
        estimate,
        spread,
        lower,
        upper,
        z,
        p,
        covariance,
        level,
        null,
        title,
        (*together_notes, *notes),
        table,
        fit.reference.df,
    )


def _together(
    fit: Estimates, z: Any, unit: Any, groups: Sequence[Any], level: float, adjust: str
) -> tuple[Any, Any, Any, list[str]]:
    """Critical values and p-values of rows that are adjusted together, which rows have none, and words for both."""
    critical, p, none = np.ones(len(z)), np.ones(len(z)), np.zeros(len(z), dtype=bool)
    notes: dict[str, None] = {}
    forms = unit @ fit.link_root
    for rows in groups:
        try:
            if adjust in ("max-t", "scheffe") and len(rows) > 1:
                fit.require_rank(unit[rows], f"{adjust} intervals of {len(rows)} together", "take adjust='holm'")
        except IntervalError as error:
            none[rows] = True
            notes |= {f"No intervals and p together, {error}.": None}
            continue
        if len(rows):
            critical[rows], p[rows], words = adjusted(z[rows], forms[rows], level, adjust, fit.reference)
            notes |= {f"Intervals and p: {words}.": None} if words else {}
    return critical, p, none, list(notes)


def _without(column: Any, lost: Any) -> Objects:
    """A column with None in some rows."""
    out = column.astype(object)
    out[lost] = None
    return out
