"""The values of a fit: estimates, standard errors, and how well they explain the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from likely.errors.boundary import public_class
from likely.estimates import Estimates
from likely.namespace.arrays import Booleans, Floats
from likely.results.face import Face

if TYPE_CHECKING:
    from likely.estimates.covariance.reference_distribution import Reference
    from likely.models.asked import Asked
    from likely.search.end import End
    from likely.search.outcome import Outcome
    from likely.search.separation import Separation


@public_class
@dataclass(frozen=True, eq=False, repr=False)
class Values(Face):
    """The values of a `likely.Fit`, as they stand in its `likely.estimates.Estimates`."""

    estimates: Estimates

    @property
    def below(self) -> Estimates:
        """The record of what was found."""
        return self.estimates

    @property
    def asked(self) -> Asked:
        """What the user asked for."""
        return self.estimates.asked

    @property
    def outcome(self) -> Outcome:
        """Where the search ended, on the scale of the coefficients."""
        return self.estimates.outcome

    @property
    def end(self) -> End:
        """What the end of the search is; `converged` and `status` say whether it is a peak, and the whole in words."""
        return self.estimates.end

    @property
    def converged(self) -> bool:
        """Whether the estimates are a peak."""
        return self.estimates.converged

    @property
    def status(self) -> str:
        """``"converged"``, or what is special or wrong, in words.

        Examples
        --------
        >>> import likely as lk
        >>> lk.fit("bernoulli", [1, 1, 0, 1]).status
        'converged'
        """
        return self.estimates.status

    @property
    def reasons(self) -> Mapping[str, str]:
        """Parameters that have no standard error whatever the covariance, each with the reason.

        `withheld` adds those that the covariance at hand has none for.
        """
        return self.estimates.reasons

    @property
    def separation(self) -> Separation | None:
        """The proof that predictors separate outcomes: why the fit failed, or what was left out as asked."""
        return self.estimates.separation

    @property
    def names(self) -> list[str]:
        """Names of all estimates, in order: constants as themselves, coefficients with their parameter."""
        return self.estimates.names

    @property
    def coef(self) -> dict[str, float]:
        """Estimates by name: constants on the natural scale, coefficients of predictors on the link scale.

        Examples
        --------
        >>> import likely as lk
        >>> lk.fit("bernoulli", [1, 1, 0, 1]).coef
        {'p': 0.75}
        """
        return self.estimates.coef

    @property
    def boundary(self) -> dict[str, float]:
        """Parameters whose estimate is the end of their domain, with that value."""
        return self.estimates.boundary

    @property
    def condition(self) -> dict[str, float]:
        """By parameter with predictors, the condition number of its design's columns scaled to length one.

        Up to about 30 the columns are nearly unrelated. From 1e5 on the fit is computed in orthonormal coordinates, and
        the estimates stay right; but such columns say almost the same (Belsley, Kuh and Welsch 1980).

        Examples
        --------
        >>> import likely as lk
        >>> data = {"y": [3.1, 4.2, 4.8, 6.3], "year": [2021, 2022, 2023, 2024]}
        >>> round(lk.fit("normal", data, "y ~ year").condition["mean"])
        3618
        """
        return self.estimates.condition

    @property
    def aliased(self) -> dict[str, str]:
        """Coefficients that were not estimated because others make up their columns, each with that combination.

        Examples
        --------
        >>> import likely as lk
        >>> data = {"y": [1.0, 2.0, 4.0, 3.0], "a": [1, 2, 3, 5], "b": [2, 4, 6, 10]}
        >>> lk.fit("normal", data, "y ~ a + b", aliased="drop").aliased
        {'mean.b': '2*a'}
        """
        return self.estimates.aliased

    @property
    def note(self) -> str:
        """What else is worth knowing, such as a second peak of the same height; usually empty."""
        return self.estimates.note

    @property
    def n(self) -> float:
        """Number of observations: the sum of frequency or importance weights; rows, for the other kinds."""
        return self.estimates.n

    @property
    def k(self) -> float:
        """Number of estimated parameters, every one counted; the effective number under a penalty.

        With information I and a penalty of curvature D the effective number is tr(I (I + D)^-1) over the coefficients
        that are not 0 (Hastie and Tibshirani 1990; Zou, Hastie and Tibshirani 2007). Equations among the constraints
        take one each; a bound takes none, whether it is active or not. A direction that the data do not identify takes
        one.
        """
        return self.estimates.k

    @property
    def loglik(self) -> float:
        """Log-likelihood at the estimates, constants kept; under sampling weights the pseudo log-likelihood."""
        return self.estimates.loglik

    @property
    def nll(self) -> float:
        """Negative log-likelihood."""
        return self.estimates.nll

    @property
    def aic(self) -> float:
        """Akaike's information criterion, 2 k - 2 loglik; an error under sampling weights.

        Every estimated parameter counts, that of the spread too, at the maximum of the whole likelihood with its
        constants: so does R's ``AIC`` of an ``lm`` or ``glm``, but for a Gamma ``glm``, whose dispersion it takes to be
        deviance / n instead of the maximum likelihood estimate (its AIC is a little larger). Stata's after ``regress``
        and statsmodels' of an ``OLS`` do not count the spread, and are smaller by 2.
        """
        return self.estimates.aic

    @property
    def aicc(self) -> float:
        """AIC corrected for small samples, AIC + 2 k (k + 1) / (n - k - 1); infinite where n <= k + 1."""
        return self.estimates.aicc

    @property
    def bic(self) -> float:
        """Bayesian (Schwarz) information criterion, k log n - 2 loglik."""
        return self.estimates.bic

    @property
    def df_residual(self) -> float:
        """Observations minus the coefficients of the first parameter's predictors."""
        return self.estimates.df_residual

    @property
    def posterior(self) -> bool:
        """Whether the covariance is that of a posterior, because a ridge penalty is part of what was maximised."""
        return self.estimates.posterior

    @property
    def multipliers(self) -> dict[str, float]:
        """Constraints that hold with equality, with their Lagrange multipliers: the gain in log-likelihood per unit.

        Examples
        --------
        >>> import likely as lk
        >>> data = {"y": [1.0, 2.2, 2.9, 4.1, 5.3], "x": [1, 2, 3, 4, 5]}
        >>> fit = lk.fit(lk.Normal(sd=1.0), data, "y ~ x", bounds={"mean.x": (None, 1)})
        >>> {name: round(value, 6) for name, value in fit.multipliers.items()}
        {'mean.x <= 1': 0.5}
        """
        return self.estimates.multipliers

    @property
    def cov_kind(self) -> str:
        """Which covariance the standard errors come from: "observed", "expected", "opg", "HC0" ... or "cluster".

        Examples
        --------
        >>> import likely as lk
        >>> fit = lk.fit("poisson", [0, 2, 1, 7, 3])
        >>> fit.cov_kind, fit.with_cov("HC1").cov_kind
        ('observed', 'HC1')
        """
        return self.estimates.cov_kind

    @property
    def cov_text(self) -> str:
        """The same in words, with bread, correction and clusters."""
        return self.estimates.cov_text

    @property
    def reference(self) -> Reference:
        """What statistics are referred to: the normal distribution, or Student's t with some degrees of freedom.

        Examples
        --------
        >>> import likely as lk
        >>> fit = lk.fit("normal", [4.1, 5.2, 3.9, 4.8], small_sample="t")
        >>> fit.reference.letter, fit.reference.words
        ('t', 'n - p = 4 - 1 = 3 degrees of freedom')
        """
        return self.estimates.reference

    @property
    def withheld(self) -> Mapping[str, str]:
        """Parameters without a standard error, each with the reason.

        Examples
        --------
        >>> import likely as lk
        >>> data = {"y": [1.0, 2.0, 1.5, 3.0, 4.0, 9.0], "g": list("aaabbc")}
        >>> fit = lk.fit("normal", data, "y ~ 0 + g", cov="HC0")
        >>> for name, reason in fit.withheld.items():
        ...     print(name, "|", reason.split(",")[0])
        mean.g[c] | it rests on a row that it fits exactly (leverage 1; row 5: 9.0)
        """
        return self.estimates.withheld

    def link_stderr(self, index: int) -> float | None:
        """Standard error of a coefficient on the link scale.

        Parameters
        ----------
        index : int
            Its place among the coefficients.

        Returns
        -------
        float or None
            None where there is none.

        Examples
        --------
        >>> import likely as lk
        >>> round(lk.fit("bernoulli", [1, 1, 1, 0]).link_stderr(0), 4)  # of the logit: 1/sqrt(n p (1 - p))
        1.1547
        """
        return self.estimates.link_stderr(index)

    @property
    def regular(self) -> list[str]:
        """Names of the estimates that have a standard error; rows and columns of `cov` are in this order."""
        return self.estimates.regular

    @property
    def scaled_cov(self) -> tuple[Any, Any]:
        """The covariance of the estimates in `regular` as standard errors and correlations.

        Unlike `cov` it exists for errors of any size, whose squares no float may hold.

        Examples
        --------
        >>> import likely as lk
        >>> errors, correlations = lk.fit("exponential", [1e200, 3e200]).scaled_cov
        >>> correlations.round(12).tolist()
        [[1.0]]
        """
        return self.estimates.scaled_cov

    @property
    def link_root(self) -> Floats | None:
        """L with L L' the covariance of the coefficients on the link scale."""
        return self.estimates.link_root

    def unseen(self, jacobian: Any) -> Booleans:
        """Which linear forms of the coefficients have no standard error, because the covariance cannot tell it.

        Parameters
        ----------
        jacobian : ndarray, shape (k, p)

        Returns
        -------
        ndarray of bool, shape (k,)

        Examples
        --------
        >>> import likely as lk
        >>> data = {"y": [1.0, 2.0, 1.5, 3.0, 4.0, 9.0], "g": list("aaabbc")}
        >>> fit = lk.fit("normal", data, "y ~ g", cov="HC0")  # no spread of c, so none of its distance from a
        >>> fit.unseen([[1, 0, 0, 0], [0, 0, 1, 0]]).tolist()
        [False, True]
        """
        return self.estimates.unseen(jacobian)

    @property
    def cov(self) -> Floats:
        """Covariance of the estimates in `regular`, of the kind `cov_kind` (delta method for constants).

        Raises
        ------
        IntervalError
            If a variance is too large or too small for a float; `scaled_cov` and `stderr` have the errors.
        """
        return self.estimates.cov

    @property
    def stderr(self) -> dict[str, float | None]:
        """Standard errors by name; None where one does not exist, with the reason in `withheld`.

        Examples
        --------
        >>> import likely as lk
        >>> {name: round(error, 12) for name, error in lk.fit("bernoulli", [1, 1, 1, 0]).stderr.items()}
        {'p': 0.216506350946}
        """
        return self.estimates.stderr
