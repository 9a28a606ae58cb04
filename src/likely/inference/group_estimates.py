"""The estimates of many groups as arrays: what a table of them is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from scipy import special as sc

from likely.data.tables import Table
from likely.estimates import Estimates
from likely.estimates.by_group import RegularPeaks
from likely.families.base.links import LINKS, Link
from likely.models import scale
from likely.models.asked import Asked
from likely.models.grouping import Grouping
from likely.models.model import Model
from likely.namespace import JetNamespace, NumpyNamespace
from likely.namespace.arrays import Booleans, Floats
from likely.search.end import CONVERGED, End

IDENTITY = LINKS["identity"]


@final
@dataclass(frozen=True, eq=False)
class Estimated:
    """One estimate in all groups; NaN where a group has none.

    Attributes
    ----------
    value, stderr : ndarray, shape (m,)
        As they are reported.
    center, error : ndarray, shape (m,)
        The same on the scale on which intervals are symmetric.
    link : Link
        To that scale.
    constant : bool
        Whether it is a parameter itself, and no coefficient of a predictor.
    """

    value: Floats
    stderr: Floats
    center: Floats
    error: Floats
    link: Link
    constant: bool

    @classmethod
    def none(cls, m: int, link: Link, constant: bool) -> Estimated:
        value, stderr, center, error = np.full((4, m), np.nan)
        return cls(value, stderr, center, error, link, constant)


@final
@dataclass(frozen=True, eq=False)
class GroupEstimates:
    """The estimates of m groups of rows, each with the same model.

    Attributes
    ----------
    asked : Asked
    table : Table
    grouping : Grouping
    model : Model or None
        That of all rows, where they could be put together.
    estimated : mapping of str to Estimated
        By name.
    loglik, n, k, df : ndarray, shape (m,)
        Log-likelihoods, numbers of observations (of rows, in a group without a fit) and of estimated parameters, and
        degrees of freedom of Student's t that statistics are referred to; NaN where there are none.
    ends : mapping of int to End
        How the searches ended, by number of the group, but for those that ended at a peak with nothing to say of it.
    regular : RegularPeaks or None
        The peaks that were found many at once, in coefficients of `model`.
    """

    asked: Asked
    table: Table
    grouping: Grouping
    model: Model | None
    estimated: Mapping[str, Estimated]
    loglik: Floats
    n: Floats
    k: Floats
    df: Floats
    ends: Mapping[int, End]
    regular: RegularPeaks | None = None

    @property
    def names(self) -> list[str]:
        """Names of the estimates."""
        return list(self.estimated)

    def end(self, number: int) -> End:
        """How the search of a group ended."""
        return self.ends.get(number, CONVERGED)

    @property
    def converged(self) -> Booleans:
        """Which groups have a peak, shape (m,)."""
        out = np.ones(self.grouping.count, dtype=bool)
        out[[number for number, end in self.ends.items() if not end.converged]] = False
        return out

    @property
    def aic(self) -> Floats:
        """Akaike's information criterion, shape (m,); NaN under sampling weights."""
        return np.where(self._pseudo, np.nan, 2.0 * self.k - 2.0 * self.loglik)

    @property
    def bic(self) -> Floats:
        """The Bayesian information criterion, shape (m,); NaN under sampling weights."""
        with np.errstate(all="ignore"):
            return np.where(self._pseudo, np.nan, self.k * np.log(self.n) - 2.0 * self.loglik)

    @property
    def _pseudo(self) -> bool:
        return self.asked.weights_kind == "sampling"

    def statistic(self, name: str) -> tuple[Any, Any]:
        """Estimates over their standard errors and p-values against 0; NaN for constants, which need not be 0."""
        own = self.estimated[name]
        with np.errstate(all="ignore"):
            z = (
                np.full(len(self.n), np.nan)
                if own.constant or self.asked.penalty is not None
                else own.value / own.stderr
            )
            t = np.abs(z)
            student = sc.betainc(0.5 * self.df, 0.5, self.df / (self.df + np.square(t)))
            return z, np.where(np.isnan(self.df), 2.0 * sc.ndtr(-t), student)

    def interval(self, name: str, level: float) -> tuple[Any, Any]:
        """Lower and upper ends of Wald intervals, shape (m,)."""
        own, xp = self.estimated[name], NumpyNamespace()
        with np.errstate(all="ignore"):
            p = 0.5 + 0.5 * level
            half = np.where(np.isnan(self.df), sc.ndtri(p), sc.stdtrit(self.df, p)) * own.error
            ends = [own.link.inverse(own.center + side * half, xp) for side in (-1.0, 1.0)]
            return np.minimum(*ends), np.maximum(*ends)


@final
@dataclass(eq=False)
class Gathered:
    """The estimates of m groups as they are found.

    Attributes
    ----------
    m : int
    done : ndarray of bool, shape (m,)
    """

    m: int
    estimated: dict[str, Estimated] = field(default_factory=dict)
    ends: dict[int, End] = field(default_factory=dict)
    regular: RegularPeaks | None = None

    def __post_init__(self) -> None:
        self.done = np.zeros(self.m, dtype=bool)
        self.loglik, self.n, self.k, self.df = (np.full(self.m, np.nan) for _ in range(4))

    def put_regular(self, model: Model, peaks: RegularPeaks, n: Any) -> None:
        """Write the peaks of many groups."""
        here = peaks.found
        self.regular, self.done = peaks, here.copy()
        self.loglik[here], self.n[here], self.k[here] = peaks.loglik[here], n[here], model.size
        xp = JetNamespace(1)
        for slot in model.slots:
            for i, name in zip(range(slot.start, slot.stop), slot.names, strict=True):
                center, error = peaks.x[i], np.where(here, peaks.stderr[i], np.nan)
                center = np.where(here, center, np.nan)
                if not slot.constant:
                    self.estimated[name] = Estimated(center, error, center, error, IDENTITY, False)
                    continue
                with np.errstate(all="ignore"):
                    jet = slot.link.inverse(xp.variable(0, center), xp)
                    stderr = error * np.abs(np.broadcast_to(jet.g[0], center.shape))
                self.estimated[name] = Estimated(np.array(jet.v), stderr, center, error, slot.link, True)

    def put(self, number: int, found: Estimates | None, end: End) -> None:
        """Write a group that was fitted by itself."""
        self.done[number] = True
        if end.remarkable:
            self.ends[number] = end
        if found is None:
            return
        self.loglik[number], self.n[number], self.k[number] = found.loglik, found.n, found.k
        df = found.effective.reference.df
        self.df[number] = np.nan if df is None else df
        slots, errors = _slots(found), found.stderr
        for name, value in found.coef.items():
            slot, index = slots.get(name, (None, 0))
            if name not in self.estimated:
                link = LINKS["logit"] if slot is None else slot.link if slot.constant else IDENTITY
                self.estimated[name] = Estimated.none(self.m, link, slot is None or slot.constant)
            own, error = self.estimated[name], errors[name]
            own.value[number] = value
            if error is None:
                continue
            own.stderr[number] = error
            link_error = None if slot is None else found.effective.link_stderr(index)
            if slot is not None and link_error is not None:
                own.center[number], own.error[number] = found.effective.outcome.point.x[index], link_error
            elif slot is None and 0.0 < value < 1.0:  # one of several probabilities, on its own logit
                own.center[number], own.error[number] = sc.logit(value), error / (value * (1.0 - value))

    def estimates(self, asked: Asked, table: Table, grouping: Grouping, model: Model | None) -> GroupEstimates:
        """The record, once all groups are done."""
        names = [] if model is None else scale.reported_names(model)
        ordered = [name for name in names if name in self.estimated]
        ordered += [name for name in self.estimated if name not in ordered]
        estimated = {name: self.estimated[name] for name in ordered}
        self.n = np.where(np.isnan(self.n), grouping.counts, self.n)
        return GroupEstimates(
            asked, table, grouping, model, estimated, self.loglik, self.n, self.k, self.df, self.ends, self.regular
        )


def _slots(found: Estimates) -> dict[str, tuple[Any, int]]:
    """By name, the linear predictor of an estimate that is one of its coefficients, and its place among all."""
    out = {}
    for slot in found.effective.likelihood.model.slots:
        if slot.shared:
            continue
        for index, name in zip(range(slot.start, slot.stop), slot.names, strict=True):
            out[name if found.limit is None else found.limit.original_name(name)] = (slot, index)
    return out
