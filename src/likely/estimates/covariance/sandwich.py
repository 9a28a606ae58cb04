"""Covariances from each row's score: outer products, sandwiches (Huber 1967, White 1982), sums by cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.compute.solve.inverse import inverse_information
from likely.errors import IntervalError
from likely.estimates.covariance.leverage import leveraged_scores
from likely.estimates.covariance.quantile import quantile_covariance
from likely.estimates.covariance.request import Covariance, Request
from likely.estimates.covariance.withheld import SandwichCovariance
from likely.likelihoods import Objective, Offers, RowsObjective, by_rows
from likely.likelihoods.expected import expected_information
from likely.models.identify import coordinates
from likely.namespace.arrays import Floats

if TYPE_CHECKING:
    from likely.estimates import Estimates
    from likely.models.bind import Bound


def covariance(fit: Any, request: Request) -> Covariance:
    """The covariance of the coefficients on the link scale, as asked for.

    Parameters
    ----------
    fit : Estimates
        With a peak inside the parameters' domains.
    request : Request

    Returns
    -------
    Covariance

    Raises
    ------
    IntervalError
        If it does not exist; the message says why.

    Notes
    -----
    With V the inverse of the information (the bread) and s the rows' scores, the sandwich is V M V with M the sum of
    w s s' over rows (w^2 under sampling weights), or of S S' over clusters with S the sum of w s in a cluster.
    """
    if request.of_quantile:
        return quantile_covariance(fit, request)
    _refuse_constrained(fit, request)
    if not len(fit.outcome.point.x):  # everything is known, or an extreme of the data
        return Covariance(np.zeros((0, 0)))
    sandwich = Sandwich(fit, request)
    if request.kind == "observed":
        return Covariance(sandwich.to_original(sandwich.bread("observed")))
    if request.kind == "expected":
        return Covariance(sandwich.to_original(sandwich.bread("expected")))
    if request.kind == "opg":
        return Covariance(sandwich.to_original(_outer_products(sandwich)))
    bread = sandwich.bread(request.bread)
    return SandwichCovariance(
        sandwich, bread, sandwich.clustered() if request.clusters else sandwich.meat()
    ).covariance()


def _refuse_constrained(fit: Any, request: Request) -> None:
    """Under constraints or a penalty the bread is their own covariance, which only the observed information has."""
    asked = request.kind if request.kind not in ("HC0", "HC1", "cluster") else f"bread={request.bread!r}"
    if fit.outcome.restrained is not None and asked not in ("observed", "bread='observed'"):
        raise IntervalError(
            f"{asked} is not for estimates under constraints or a penalty; use HC0, HC1 or clusters, with the observed "
            "information as bread"
        )


@final
class Sandwich:
    """The peak, in coordinates in which sums of products keep their digits."""

    def __init__(self, fit: Estimates, request: Request) -> None:
        self.fit, self.request = fit, request
        self.bound: Bound = fit.likelihood.bound
        conditioned = fit.outcome.covariance is not None and fit.outcome.restrained is None
        self.orthonormal = coordinates(fit.likelihood.model, self.bound.data) if conditioned else None
        self.objective: Objective = fit.likelihood.row_objective
        self.x = fit.outcome.point.x
        if self.orthonormal is not None:
            self.objective = RowsObjective(fit.likelihood.model, self.orthonormal.data)
            self.x = self.orthonormal.from_original(self.x)

    @property
    def offers(self) -> Offers:
        """What the kind of likelihood offers."""
        return self.fit.likelihood.offers

    def to_original(self, found: Any) -> Floats:
        """The covariance of the user's coefficients."""
        return found if self.orthonormal is None else self.orthonormal.covariance(found)

    def original_directions(self, directions: Any) -> Floats:
        """Directions of the user's coefficients."""
        return (
            directions if self.orthonormal is None else np.asarray(self.orthonormal.inverse @ directions, dtype=float)
        )

    def toward(self, bread: Any, places: Any) -> Floats:
        """The directions whose scores add up to the errors of some of the user's coefficients: columns of the bread."""
        forms = np.eye(len(bread)) if self.orthonormal is None else np.asarray(self.orthonormal.inverse, dtype=float)
        return bread @ forms[places].T

    def bread(self, kind: str) -> Floats | None:
        """The inverse of an information."""
        if kind == "observed":
            if self.orthonormal is None:
                return self.fit._observed_cov
            return _inverse(self.objective.point(self.x).info, "observed information")
        return _inverse(expected_information(self.objective, self.x), "expected information")

    @property
    def multipliers(self) -> Floats | None:
        """How often each row's product of scores counts."""
        w = self.objective.weights
        return np.square(w) if self.bound.pseudo and w is not None else w

    def units(self, scores: Any, directions: Any) -> Floats:
        """The scores of rows along directions, summed by cluster where there are clusters."""
        along, w = scores @ directions, self.objective.weights
        codes = [way.codes for way in self.request.clusters]
        if not codes or len(codes[0]) != len(along):  # strata lie within clusters
            return along if self.multipliers is None else along * np.sqrt(self.multipliers)[:, None]
        along = along if w is None else along * w[:, None]
        return np.column_stack([np.bincount(codes[0], column) for column in along.T])

    def by_predictor(self, scores: Any, directions: Any) -> Floats:
        """The scores of rows along directions, apart for every linear predictor."""
        model = self.objective.model
        counted = 1.0 if self.multipliers is None else np.sqrt(self.multipliers)[:, None]
        whole = not self.offers.predictors  # functions of all parameters
        parts = [slice(None)] if whole else [slice(slot.start, slot.stop) for slot in model.slots]
        return np.concatenate([counted * (scores[:, part] @ directions[part]) for part in parts])

    def meat(self) -> Floats:
        """The sum of the products of the rows' scores, with the correction."""
        if self.request.kind in ("HC2", "HC3"):
            rows = leveraged_scores(self.objective, self.x, self.request.kind, self.bound.pseudo)
            return by_rows(self.objective, self.request.kind).gram(rows, self.multipliers)
        return self._factor() * self.objective.score_gram(self.x, self.multipliers)

    def _factor(self) -> float:
        n, k = float(self.fit.likelihood.n), predictor_coefficients(self.fit)
        if self.request.correction == "stata":
            self._require(n > 1, "n/(n - 1)", n, k)
            return n / (n - 1.0)
        if self.request.correction == "HC1":
            self._require(n > k, "n/(n - k)", n, k)
            return n / (n - k)
        return 1.0

    @staticmethod
    def _require(there: bool, factor: str, n: float, k: int) -> None:
        if not there:
            raise IntervalError(f"the correction {factor} does not exist for n = {n:g} and k = {k}")

    def clustered(self) -> Floats:
        """The sum over clusters; two ways by Cameron, Gelbach and Miller (2011): one plus the other minus both."""
        codes = [way.codes for way in self.request.clusters]
        if len(codes) == 1:
            return self._one_way(codes[0])
        both = codes[0].astype(np.int64) * (int(codes[1].max()) + 1) + codes[1]
        return self._one_way(codes[0]) + self._one_way(codes[1]) - self._one_way(both)

    def _one_way(self, codes: Any) -> Floats:
        levels, codes = np.unique(codes, return_inverse=True)
        groups = len(levels)
        products = self.objective.cluster_gram(self.x, codes.reshape(-1), groups)
        factor = 1.0 if self.request.correction == "none" else groups / (groups - 1.0)
        if self.request.correction == "HC1":
            n, k = float(self.bound.n), predictor_coefficients(self.fit)
            self._require(n > k, "(n - 1)/(n - k)", n, k)
            factor *= (n - 1.0) / (n - k)
        return factor * products


def predictor_coefficients(fit: Estimates) -> int:
    """The k of small-sample corrections: the first parameter's coefficients and those of all other predictors.

    Constants beside them (the sd of a linear model, the shape of a Gamma) are not counted, as in R's sandwich. Each
    equation that holds among the coefficients makes one less.
    """
    slots = fit.likelihood.model.slots
    if fit.likelihood.offers.far:  # functions of all of them are the predictors
        return fit.likelihood.model.size
    counted = [
        j for s in slots if s.parameter is slots[0].parameter or s.design is not None for j in range(s.start, s.stop)
    ]
    restrained = fit.outcome.restrained
    region = None if restrained is None else restrained.restraints.region(fit.likelihood.model)
    lost = 0 if region is None else int(np.linalg.matrix_rank(region.equal[:, counted]))
    return len(counted) - lost


def _inverse(information: Any, what: str) -> Floats:
    inverse, _ = inverse_information(information)
    if inverse is None:
        raise IntervalError(
            f"the {what} is singular, so it has no inverse: too few rows, or estimates that it does not tell apart. "
            "Use cov='observed'"
        )
    return inverse


def _outer_products(sandwich: Sandwich) -> Floats:
    """The inverse of the outer product of the scores, which rows that are fitted exactly leave singular."""
    meat = sandwich.meat()
    found = SandwichCovariance(sandwich, sandwich.bread("observed"), meat)
    if found.exact is not None:
        j = int(np.argmax(found.shares))
        raise IntervalError(
            f"the outer product of the scores is singular: {found.model.names()[j]} {found.rests_on(j)}. "
            "Use cov='observed'"
        )
    return _inverse(meat, "outer product of the scores")
