"""The covariance of the estimates: standard errors, and what they can carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, final

import numpy as np

from likely.compute.solve.inverse import rank
from likely.data.recipes import restored
from likely.errors import IntervalError, OptionError
from likely.errors.kinds import is_whole
from likely.estimates.covariance import (
    Covariance,
    Request,
    covariance,
    default,
    depends,
    least_squares_root,
    reference,
    root,
    scaled,
    unit_rows,
)
from likely.estimates.covariance.reference_distribution import Reference
from likely.estimates.saved import checked, of_estimates, parts_of
from likely.estimates.values import AtLimit, Values
from likely.families.base import Family
from likely.models import scale
from likely.namespace.arrays import Booleans, Floats

SQUARES = 1.5e-154, 1.3e154  # standard errors whose squares keep their digits


@final
@dataclass(frozen=True, eq=False, repr=False)
class Estimates(Values):
    """What a search found: the peak, its information, and the covariance that was asked for.

    Attributes
    ----------
    likelihood : LogLikelihood
        What was maximised.
    asked : Asked
        What the user asked for.
    outcome : Outcome
        Where the search ended, on the scale of the coefficients.
    end : End
        What the end of the search is.
    reasons : mapping of str to str
        Parameters that have no standard error whatever the covariance, each with the reason.
    limit : AtLimit or None
        The limiting family's estimates, where a parameter ran to its limit.
    separation : Separation or None
        The proof that predictors separate outcomes.
    request : Request or None
        Which covariance was asked for; None for the usual one.
    drawn : Covariance or None
        A covariance that came from data drawn anew.
    kept : Kept or None
        Where the rows are not at hand, what had been computed from them.
    """

    @property
    def _request(self) -> Request:
        """Which covariance the standard errors come from."""
        return default(self.likelihood.model) if self.request is None else self.request

    @property
    def cov_kind(self) -> str:
        """Which covariance the standard errors come from: "observed", "expected", "opg", "HC0" ... or "cluster"."""
        return self._request.kind

    @property
    def cov_text(self) -> str:
        """The same in words, with bread, correction and clusters."""
        note = "" if self._link_cov is None else self._covariance.note
        return f"{self._request.text}; {note}" if note else self._request.text

    @cached_property
    def reference(self) -> Reference:
        """What statistics are referred to: the normal distribution, or Student's t with some degrees of freedom."""
        kept = None if self.kept is None else self.kept.reference
        return reference(self, self._request) if kept is None else kept

    @cached_property
    def withheld(self) -> Mapping[str, str]:
        """Parameters without a standard error, each with the reason."""
        if self.limit is not None:
            inner = {self.limit.original_name(k): v for k, v in self.limit.fit.withheld.items()}
            return {**inner, **self.reasons}
        if not self._has_peak:
            return self.reasons
        if self._covariance.matrix is None:
            return {**dict.fromkeys(self.likelihood.names, self._covariance.reason), **self.reasons}
        jacobian = self._reported[1]
        found: dict[str, str] = {}
        for j, reason in self._covariance.withheld.items():
            found |= {self.likelihood.names[i]: reason for i in np.flatnonzero(jacobian[:, j])}
        for name, error, there in zip(self.likelihood.names, self._natural[0], self._has_width, strict=True):
            if there and not (np.isfinite(error) and error > 0.0):
                found.setdefault(name, "its standard error has a size that no float can hold: rescale the response")
        return {**found, **self.reasons}

    @cached_property
    def _link_cov(self) -> Any:
        """Covariance of the coefficients on the link scale; None where there is none."""
        return self._covariance.matrix if self._has_peak else None

    @property
    def _has_peak(self) -> bool:
        """Whether the estimates are where a covariance can be had at all."""
        return self._observed_cov is not None and not all(name in self.reasons for name in self.likelihood.names)

    @cached_property
    def _covariance(self) -> Covariance:
        """The covariance asked for, on the link scale; of one that nobody asked for, at least why there is none."""
        if self.kept is not None and self.kept.covariance is not None:
            return self.kept.covariance
        if self._request.kind == "observed":
            return scaled(self, self._request, Covariance(self._observed_cov))
        if self._request.kind == "bootstrap":
            assert self.drawn is not None
            return self.drawn
        try:
            return scaled(self, self._request, covariance(self, self._request))
        except IntervalError as error:
            if self.request is not None:
                raise
            return Covariance(None, reason=str(error))

    @cached_property
    def _observed_cov(self) -> Any:
        """The inverse of the observed information on the link scale; None where there is none."""
        if not self.converged or self.limit is not None or not np.all(np.isfinite(self.outcome.point.x)):
            return None
        if self.outcome.restrained is not None:
            return self.outcome.restrained.covariance
        if self.outcome.covariance is not None:
            return self.outcome.covariance
        return self.outcome.point.inverse[0]

    def link_stderr(self, index: int) -> float | None:
        """Standard error of a coefficient on the link scale."""
        size = len(self.outcome.point.x)
        if not is_whole(index) or not 0 <= index < size:
            raise OptionError(f"index is the place of a coefficient, from 0 to {size - 1}; found {index!r}")
        if self._link_cov is None or index in self._covariance.withheld:
            return None
        return float(np.sqrt(self._link_cov[index, index]))

    @cached_property
    def regular(self) -> list[str]:
        """Names of the estimates that have a standard error; rows and columns of `cov` are in this order."""
        return [name for name in self.names if name not in self.withheld]

    @cached_property
    def _natural(self) -> tuple[Any, Any]:
        """Standard errors of all reported values, and their correlations: no square of an error is needed."""
        return scale.errors(self._reported[1], self._link_cov)

    @cached_property
    def _has_width(self) -> Booleans:
        """Which reported values move with a coefficient that has a variance."""
        return np.any((self._reported[1] != 0.0) & (np.diagonal(self._link_cov) > 0.0), axis=1)

    @cached_property
    def scaled_cov(self) -> tuple[Any, Any]:
        """The covariance of the estimates in `regular` as standard errors and correlations."""
        if self.limit is not None:
            return self.limit.fit.scaled_cov
        if self._link_cov is None:
            return np.zeros(0), np.zeros((0, 0))
        keep = [i for i, name in enumerate(self.likelihood.names) if name not in self.withheld]
        errors, correlations = self._natural
        return errors[keep], correlations[np.ix_(keep, keep)]

    @cached_property
    def link_root(self) -> Floats:
        """L with L L' the covariance of the coefficients on the link scale."""
        found = self._least_squares_root
        return root(self._link_cov) if found is None else found

    @cached_property
    def _least_squares_root(self) -> Floats | None:
        return least_squares_root(self, self._request) if self.kept is None else self.kept.root

    @cached_property
    def _observed_root(self) -> Floats:
        return root(self._observed_cov)

    @cached_property
    def has_unseen(self) -> bool:
        """Whether the covariance asked for may give some functions of the estimates no standard error."""
        if not self._request.robust or self._link_cov is None:
            return False
        return bool(self._covariance.withheld) or rank(self.link_root) < rank(self._observed_root)

    def unseen(self, jacobian: Any) -> Booleans:
        """Which linear forms of the coefficients have no standard error, because the covariance cannot tell it."""
        jacobian = np.atleast_2d(np.asarray(jacobian, dtype=float))
        if not self.has_unseen:
            return np.zeros(len(jacobian), dtype=bool)
        return depends(jacobian, self._covariance.unseen, self.link_root, self._observed_root)

    def unseen_reason(self, jacobian: Any) -> str:
        """Why a linear form of the coefficients has none: the reason of those withheld that it moves with."""
        reasons, jacobian = self._covariance.withheld, np.asarray(jacobian)
        moved = [j for j in reasons if jacobian[j] != 0.0]
        if not moved:
            names = " and ".join(way.name for way in self._request.clusters)
            return f"the variance clustered by {names} is 0" if names else "the scores of all rows are 0"
        return f"{self.likelihood.model.names()[moved[0]]} has no robust error: {reasons[moved[0]]}"

    @cached_property
    def cov(self) -> Floats:
        """Covariance of the estimates in `regular`, of the kind `cov_kind` (delta method for constants)."""
        errors, correlations = self.scaled_cov
        beyond = (errors > 0.0) & ((errors < SQUARES[0]) | (errors > SQUARES[1]))
        if np.any(beyond):
            j = int(np.flatnonzero(beyond)[0])
            raise IntervalError(
                f"the standard error of {self.regular[j]} is {errors[j]:.3g}, whose square no float can hold, so there "
                "is no covariance matrix: use fit.stderr or fit.scaled_cov, or rescale the response"
            )
        return errors[:, None] * correlations * errors

    @property
    def stderr(self) -> dict[str, float | None]:
        """Standard errors by name; None where one does not exist, with the reason in `withheld`."""
        return dict(self._stderr)

    @cached_property
    def _stderr(self) -> dict[str, float | None]:
        found = dict(zip(self.regular, self.scaled_cov[0].tolist(), strict=True))
        return {name: found.get(name) for name in self.names}

    # -- what it can carry -----------------------------------------------------------------------------

    def require_independent(self, what: str, instead: str) -> None:
        """Raise unless the log-likelihood is one, of rows that are independent: not where they come in clusters."""
        self.refuse_pseudo(what, instead)
        if self._request.clusters:
            names = " and ".join(way.name for way in self._request.clusters)
            raise OptionError(
                f"{what} takes the rows as independent, and this fit's covariance says that they are not (clusters by "
                f"{names}); use {instead} instead, or fit.with_cov({default(self.likelihood.model).kind!r}) if they are"
            )

    def require_errors(self, what: str) -> None:
        """Raise unless the estimates have a covariance.

        Parameters
        ----------
        what : str
            What needs it, for the message.

        Raises
        ------
        IntervalError
            If they have none, with the reason.
        """
        if self._link_cov is None:
            reasons = dict.fromkeys(self.withheld.values())
            reason = next(iter(reasons)) if len(reasons) == 1 else self.status
            raise IntervalError(f"{what} cannot be had, for the estimates have no standard errors: {reason}")

    def require_rank(self: Any, jacobian: Any, what: str, instead: str = "test fewer together") -> None:
        """Raise unless the covariance is as rich along some linear forms of the coefficients as the model's is.

        Parameters
        ----------
        jacobian : ndarray, shape (k, p)
        what : str
            What needs it, for the message.
        instead : str
            What to do.

        Raises
        ------
        IntervalError
            If a covariance from few clusters or rows has a smaller rank there.
        """
        if not self._request.robust or self._link_cov is None:
            return
        unit = unit_rows(jacobian)[0]
        if np.any(lost := self.unseen(unit)):
            raise IntervalError(f"no standard error for {what}: {self.unseen_reason(unit[np.flatnonzero(lost)[0]])}")
        found, wanted = rank(unit @ self.link_root), rank(unit @ self._observed_root)
        if found < wanted:
            kind = "nid" if self._request.of_quantile else "observed"
            raise IntervalError(f"{self._too_few(found, wanted, what)}: {instead}, or use cov={kind!r}")

    def _too_few(self: Any, found: int, wanted: int, what: str) -> str:
        clusters = self._request.clusters
        if not clusters:
            return (
                f"too few rows: the rows' scores span {found} of the {wanted} dimensions of {what}, so the sandwich "
                "has no inverse there"
            )
        names = " and ".join(f"{way.name} ({way.count:,})" for way in clusters)
        return (
            f"too few clusters: a covariance from the clusters of {names} has rank {found} for {what}, which needs "
            f"{wanted}"
        )

    # -- as plain data ---------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """The estimates as plain data for JSON, with their model and what was asked for, and without rows.

        Returns
        -------
        dict

        Raises
        ------
        OptionError
            If the model is made of functions or of other models, or levels are neither text nor numbers.

        Examples
        --------
        >>> import json
        >>> import likely as lk
        >>> found = lk.fit("poisson", {"x": [0, 1, 2, 3], "y": [1, 4, 9, 8]}, "y ~ x").estimates
        >>> again = Estimates.from_dict(json.loads(json.dumps(found.to_dict())))
        >>> again.coef == found.coef, again.stderr == found.stderr, again.aic == found.aic
        (True, True, True)
        """
        return of_estimates(self)

    @classmethod
    def from_dict(
        cls, data: Mapping[str, Any], families: Mapping[str, Callable[..., Family]] | None = None
    ) -> Estimates:
        """The estimates that `to_dict` gave the data of.

        What follows from them alone is as it was: values, errors, intervals and tests by Wald, predictions for new
        data. What needs the rows of the fit says so: profiles, residuals, refits, another covariance.

        Parameters
        ----------
        data : mapping
        families : mapping of str to class, optional
            Families of your own, by name.

        Returns
        -------
        Estimates

        Raises
        ------
        OptionError
            If the data are none of estimates, or of another version, or need a family of your own.
        UnknownNameError
            If there is no family of that name.
        """
        checked(data)
        limit = data["limit"]
        found = cls(**parts_of(data, families or {}))
        if limit is None:
            return found
        inner = cls.from_dict(limit["fit"], families)
        return replace(found, limit=AtLimit(limit["parameter"], restored(limit["at"]), inner, limit["names"]))

    @property
    def brief(self) -> str:
        """The first estimates, the log-likelihood and what is special, in a line."""
        coef = ", ".join(f"{k}={v:.6g}" for k, v in list(self.coef.items())[:6])
        more = f", ... {len(self.coef) - 6} more" if len(self.coef) > 6 else ""
        state = f" | {self.status}" if self.end.remarkable else ""
        title = self.likelihood.model.family.title
        return f"{title}: {coef}{more} | loglik {self.loglik:.6g}, n = {self.n:,}{state}"

    def __repr__(self) -> str:
        return f"<Estimates {self.brief}>"
