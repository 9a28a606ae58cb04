"""The one rule: a family states the log-density of one observation; everything generic derives from it.

A family subclasses `Family` with `parameters`, `support` and one method, ``_log_density(self, xp, y, ...)``,
written against an array namespace. Whatever else it overrides is for accuracy or speed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from likely.errors.boundary import public_class
from likely.families.base.kernel import Kernel
from likely.families.base.limit import Limit
from likely.families.base.moments import Moments
from likely.namespace import JetNamespace
from likely.namespace.arrays import Floats, Value


@public_class
class Family(Moments):
    """A distribution with named parameters, each with a domain.

    Parameters
    ----------
    **known : float or str
        Parameters held at a known value: a number, or the name of a column.

    Raises
    ------
    ParameterError
        If a known value lies outside its parameter's domain.
    UnknownNameError
        If the family has no parameter of that name.

    Notes
    -----
    Every method that evaluates takes the parameters by keyword and broadcasts them against `y`.

    Examples
    --------
    >>> import likely as lk
    >>> [p.name for p in lk.Normal().parameters]
    ['mean', 'sd']
    >>> [p.name for p in lk.Normal(sd=2).free]  # what is left to estimate
    ['mean']
    """

    limits: ClassVar[tuple[Limit, ...]] = ()
    escapes: ClassVar[tuple[str, ...]] = ()  # parameters on the whole real line that may run to infinity
    # by parameter, the links under which its coefficients have one peak and no plateau, the other parameters constant;
    # None where nothing is known of it, as for a density of one's own
    concave: ClassVar[Mapping[str, tuple[str, ...]] | None] = None
    spikes: ClassVar[str | None] = None  # a parameter that, left free, lets any data's likelihood grow without bound
    moves: ClassVar[str | None] = None  # a location: the log-density depends on it only through y minus it
    multimodal: ClassVar[str | None] = None  # a location along which a small sample's likelihood may have several peaks
    kinked: ClassVar[tuple[str, ...]] = ()  # parameters in which the log-density has corners
    straight: ClassVar[tuple[str, ...]] = ()  # in which it is linear for some observations: peaks may be intervals
    location_parameter: ClassVar[str | None] = None  # whose coefficients are least squares, given the others
    absolute_location: ClassVar[str | None] = None  # whose coefficients are least absolute deviations
    corner_level: ClassVar[str | None] = None  # level of the quantile that it is; else 1/2
    predicted: ClassVar[str | None] = None  # the parameter that a prediction is of; the mean where there is none
    averaged: ClassVar[Mapping[str, float]] = {}  # by parameter, the power of w that multiplies it in a mean of w units
    unaveraged: ClassVar[str] = ""  # what to do instead of analytic weights where a mean of w units is no such family

    def linked(self, link: Any) -> tuple[Family, Any]:
        """The family, and what is left of a fit's ``link=`` for the parameters."""
        return self, link

    def tail_power(self) -> float | None:
        """How fast the density falls far out, where that is by a power: as ``|y| ** -(1 + power)``; None if faster."""
        return None

    # -- help for the fit: all optional -------------------------------------------------------------------------

    def bind(self, y: Any, known: Mapping[str, Any]) -> tuple[Family, Any]:
        """The family as it stands for these data, and the data as numbers (levels are coded)."""
        return self, y

    def settle(self, y: Any) -> tuple[Family, Any]:
        """The bound family and data in the form in which they can be estimated."""
        return self, y

    def _spread(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Values by parameter, those given for arrays of parameters one by one."""
        return values

    def _nests(self, small: Any, large: Any) -> list[str] | None:
        """What a family itself says of whether one of two is a special case of the other.

        Parameters that the smaller one holds at the end of their domain; None where the predictors decide.
        """
        return None

    def _start(self, y: Any, w: Any, known: Mapping[str, Any]) -> dict[str, Any]:
        """Starting values of the free parameters as constants, from the data and weights."""
        return {p.name: 0.0 if not np.isfinite(p.domain.lower) else 1.0 for p in self.free}

    def _starts(self, y: Any, w: Any, known: Mapping[str, Any], courses: Mapping[str, Any]) -> dict[str, Any]:
        """Starting values beside k courses of parameters by row, each of shape (k, n): k values each, or one."""
        found = [
            self._start(y, w, {**known, **dict(zip(courses, rows, strict=True))})
            for rows in zip(*courses.values(), strict=True)
        ]
        return {name: np.array([np.median(one[name]) for one in found]) for name in found[0]}

    def _other_starts(self, y: Any, w: Any, known: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Further starting values, for a likelihood with several peaks; the highest peak found wins."""
        return []

    def _closed_form(self, y: Any, w: Any, known: Mapping[str, Any]) -> dict[str, Any] | None:
        """The maximum likelihood estimate of the free parameters as constants, where a formula gives it."""
        return None

    def edge_estimate(self, y: Any, known: Mapping[str, Any]) -> dict[str, float]:
        """The estimates of the edge parameters: extremes of the data."""
        return {}

    def saturation(self, y: Any, known: Mapping[str, Any]) -> dict[str, Any]:
        """By parameter, where a row's linear predictor may run for ever without lowering its log-density.

        +1 or -1 for each row that allows it upwards or downwards, 0 for one that does not: the question behind
        separation. For a vector parameter, the level's code of each row.
        """
        return {}

    def kernel(self, links: tuple[str, ...]) -> Kernel | None:
        """Its rows in one fused pass under these links of its parameters, where it has them."""
        return None

    def _sufficient(self, y: Any) -> Any:
        """Two statistics of which, with 1, the log-density is always a linear combination; or None."""
        return None

    def _response(self, y: Any) -> Floats:
        """The scale on which least squares gives the location's coefficients (log y for LogNormal)."""
        return y

    def of_means(self, params: Mapping[str, Any], units: Any) -> dict[str, Any]:
        """The parameters of observations that are means of so many units each, from those of a single unit.

        Parameters
        ----------
        params : mapping of str to number, array or jet
            Of a single unit.
        units : ndarray
            How many units each observation is the mean of.

        Returns
        -------
        dict
            A mean of w normal observations has the standard deviation sd / sqrt(w); the power of w comes from
            `averaged`.
        """
        return {k: v * units ** self.averaged[k] if k in self.averaged else v for k, v in params.items()}

    def derivatives(self, y: Any, params: Mapping[str, float], order: int = 2) -> Value:
        """The log-density of each y as a jet in the free parameters (natural scale, in order)."""
        xp = JetNamespace(order)
        values = {k: xp.variable(i, v) for i, (k, v) in enumerate(params.items())}
        with np.errstate(all="ignore"):
            return self._log_density(xp, y, **{**self.known, **values})


def weighted_mean(y: Any, w: Any) -> Any:
    """Mean of y with weights w (None: equal weights)."""
    return np.mean(y) if w is None else np.dot(w, y) / np.sum(w)
