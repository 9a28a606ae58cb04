"""Fit: the peak of a likelihood with its curvature, as a frozen record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely import scale
from likely.derive.covariance import inverse_information
from likely.errors import FitError, IntervalError
from likely.limits import renamed

if TYPE_CHECKING:
    from likely.derive.intervals import Interval
    from likely.derive.tests import TestResult
    from likely.likelihood import Likelihood
    from likely.outcome import Outcome


@final
@dataclass(frozen=True)
class AtLimit:
    """A parameter whose estimate is the edge at which the family turns into a simpler one.

    Attributes
    ----------
    parameter : str
    at : float
    fit : Fit
        The fit of the limiting family to the same data.
    names : mapping of str to str
        The limiting family's parameter names to the user's.
    """

    parameter: str
    at: float
    fit: Fit
    names: Mapping[str, str]

    def outward(self, name: str) -> str:
        """A coefficient's name under the user's family."""
        return renamed(name, self.names)

    def inward(self, name: str) -> str:
        """A coefficient's name under the limiting family."""
        return renamed(name, {old: new for new, old in self.names.items()})


@final
@dataclass(frozen=True)
class Fit:
    """Maximum likelihood estimates and what follows from them; made by `likely.fit`.

    Attributes
    ----------
    likelihood : Likelihood
        The model and its data.
    outcome : Outcome
        Where the search ended, on the scale of the coefficients.
    converged : bool
        Whether the estimates are the peak of the likelihood.
    status : str
        ``"converged"``, or what is special or wrong, in words.
    withheld : mapping of str to str
        Parameters without a standard error, each with the reason.

    Examples
    --------
    >>> import likely as lk
    >>> fit = lk.fit(lk.Bernoulli(), [1] * 12 + [0] * 388)
    >>> fit.coef
    {'p': 0.03}
    >>> lower, upper = fit.interval()["p"]
    >>> round(lower, 4), round(upper, 4)
    (0.0171, 0.0521)
    """

    likelihood: Likelihood
    outcome: Outcome
    converged: bool
    status: str
    withheld: Mapping[str, str] = field(default_factory=dict)
    limit: AtLimit | None = None

    # -- estimates -------------------------------------------------------------------------------------

    @cached_property
    def names(self) -> list[str]:
        """Names of all estimates, in order: constants as themselves, coefficients with their parameter."""
        return self.likelihood.names + list(self.likelihood.model.fixed)

    @property
    def coef(self) -> dict[str, float]:
        """Estimates by name: constants on the natural scale, coefficients of predictors on the link scale.

        Examples
        --------
        >>> import likely as lk
        >>> lk.fit("bernoulli", [1, 1, 0, 1]).coef
        {'p': 0.75}
        """
        return dict(self._coef)

    @cached_property
    def _coef(self) -> dict[str, float]:
        if self.limit is not None:
            inner = {self.limit.outward(k): v for k, v in self.limit.fit.coef.items()}
            inner[self.limit.parameter] = self.limit.at
            return {name: inner[name] for name in self.names}
        if self.outcome.solver == "none":  # there was nothing to search for, so there are no numbers
            return {}
        with np.errstate(all="ignore"):
            values = dict(zip(self.likelihood.names, self._reported[0].tolist(), strict=True))
        return {**values, **self.boundary, **self.likelihood.model.fixed}

    @cached_property
    def _reported(self) -> tuple[Any, Any]:
        return scale.to_reported(self.likelihood.model, self.outcome.point.x)

    @property
    def boundary(self) -> dict[str, float]:
        """Parameters whose estimate is the end of their domain, with that value."""
        if self.limit is not None:
            inner = {self.limit.outward(k): v for k, v in self.limit.fit.boundary.items()}
            return {**inner, self.limit.parameter: self.limit.at}
        return dict(self.outcome.boundary)

    @property
    def note(self) -> str:
        """What else is worth knowing, such as a second peak of the same height; usually empty."""
        return self.outcome.note

    # -- uncertainty -----------------------------------------------------------------------------------

    @cached_property
    def _link_cov(self) -> Any:
        """Covariance of the coefficients on the link scale; None where there is none."""
        if not self.converged or self.limit is not None or not np.all(np.isfinite(self.outcome.point.x)):
            return None
        if self.outcome.covariance is not None:
            return self.outcome.covariance
        return inverse_information(self.outcome.point.info)[0]

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
        return None if self._link_cov is None else float(np.sqrt(self._link_cov[index, index]))

    @cached_property
    def regular(self) -> list[str]:
        """Names of the estimates that have a standard error; rows and columns of `cov` are in this order."""
        return [name for name in self.names if name not in self.withheld]

    @cached_property
    def cov(self) -> Any:
        """Covariance of the estimates in `regular`, from the observed information (delta method for constants)."""
        if self.limit is not None:
            return self.limit.fit.cov
        if self._link_cov is None:
            return np.zeros((0, 0))
        jacobian = self._reported[1]
        keep = [i for i, name in enumerate(self.likelihood.names) if name not in self.withheld]
        return (jacobian @ self._link_cov @ jacobian.T)[np.ix_(keep, keep)]

    @property
    def stderr(self) -> dict[str, float | None]:
        """Standard errors by name; None where one does not exist, with the reason in `withheld`.

        Examples
        --------
        >>> import likely as lk
        >>> lk.fit("bernoulli", [1, 1, 1, 0]).stderr  # sqrt(p (1 - p) / n)
        {'p': 0.21650635094610965}
        """
        return dict(self._stderr)

    @cached_property
    def _stderr(self) -> dict[str, float | None]:
        found = dict(zip(self.regular, np.sqrt(np.diagonal(self.cov)).tolist(), strict=True))
        return {name: found.get(name) for name in self.names}

    def interval(
        self, level: float = 0.95, method: str = "wald", names: list[str] | str | None = None, **options: Any
    ) -> dict[str, Interval]:
        """Intervals for the estimates.

        Parameters
        ----------
        level : float
        method : {"wald", "profile", "bootstrap"}
            Wald intervals are computed on the link scale, so they stay inside the domain; profile intervals follow
            the likelihood itself and hold better in small samples; bootstrap intervals refit resampled data.
        names : list of str or str, optional
            Which ones; all by default.
        **options
            Of the bootstrap: ``replicates`` (1000), ``kind`` ("parametric" or "cases"), ``seed``, ``interval``
            ("percentile", or "bca" for cases), ``progress``.

        Returns
        -------
        dict of str to Interval
            Each unpacks as ``lower, upper``; both are None where no interval exists and ``note`` says why.

        Raises
        ------
        IntervalError
            If the fit did not converge, or too many refits of a bootstrap failed.
        OptionError, UnknownNameError
            If an option cannot be read.

        Examples
        --------
        >>> import likely as lk
        >>> fit = lk.fit("bernoulli", [1] * 12 + [0] * 388)
        >>> fit.interval()
        {'p': Interval(0.01711, 0.05207)}
        >>> fit.interval(method="profile")
        {'p': Interval(0.01618, 0.0498)}
        """
        from likely.derive.intervals import intervals

        names = [names] if isinstance(names, str) else names
        return intervals(self, level, method, names, **options)

    # -- goodness --------------------------------------------------------------------------------------

    @property
    def n(self) -> float:
        """Number of observations: rows, or the sum of the frequency weights."""
        return self.likelihood.n

    @property
    def k(self) -> int:
        """Number of estimated parameters, every one counted."""
        return self.likelihood.model.size + len(self.likelihood.model.fixed)

    @property
    def loglik(self) -> float:
        """Log-likelihood at the estimates, constants kept."""
        return self.outcome.point.value if self.limit is None else self.limit.fit.loglik

    @property
    def nll(self) -> float:
        """Negative log-likelihood."""
        return -self.loglik

    @property
    def aic(self) -> float:
        """Akaike's information criterion, 2 k - 2 loglik."""
        return 2.0 * self.k - 2.0 * self.loglik

    @property
    def aicc(self) -> float:
        """AIC corrected for small samples, AIC + 2 k (k + 1) / (n - k - 1); infinite where n <= k + 1."""
        room = self.n - self.k - 1
        return self.aic + 2.0 * self.k * (self.k + 1) / room if room > 0 else float("inf")

    @property
    def bic(self) -> float:
        """Bayesian (Schwarz) information criterion, k log n - 2 loglik."""
        return self.k * float(np.log(self.n)) - 2.0 * self.loglik

    @property
    def df_residual(self) -> float:
        """Observations minus the coefficients of the first parameter's predictors."""
        slots = self.likelihood.model.slots
        return self.n - (slots[0].stop - slots[0].start if slots else 0)

    # -- what follows ----------------------------------------------------------------------------------

    def require_regular(self, what: str) -> None:
        """Raise unless the fit converged to a peak inside all domains.

        Parameters
        ----------
        what : str
            What needs it, for the message.

        Raises
        ------
        FitError
            If the fit did not converge.
        IntervalError
            If a parameter lies at the end of its domain.
        """
        if not self.converged:
            raise FitError(f"{what} needs a converged fit; this one: {self.status}", self)
        if self.boundary:
            raise IntervalError(f"{what} needs a peak inside the parameters' domains; this fit: {self.status}")

    @property
    def effective(self) -> Fit:
        """The fit that describes the data: this one, or the limiting family's where a parameter ran to its limit."""
        return self if self.limit is None else self.limit.fit

    def test(self, hypothesis: str) -> TestResult:
        """Wald test of linear hypotheses such as ``"p.income = 0"`` or ``"mean.a = mean.b, sd = 1"``.

        Parameters
        ----------
        hypothesis : str
            Equations, separated by commas, in the names of the estimates.

        Returns
        -------
        TestResult
            With ``statistic``, ``df`` and ``p_value``.

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
        >>> print(lk.fit("bernoulli", [1] * 7 + [0] * 3).test("p = 0.5"))
        Wald test of p = 0.5: chi-squared = 1.90476, df = 1, p = 0.1675
        """
        from likely.derive.tests import wald_test

        return wald_test(self, hypothesis)

    def lr_test(self, other: Fit) -> TestResult:
        """Likelihood-ratio test of this fit against a smaller or larger nested one.

        Parameters
        ----------
        other : Fit
            To the same data.

        Returns
        -------
        TestResult

        Raises
        ------
        OptionError
            If the data differ or the models are not nested.
        FitError
            If a fit did not converge.

        Examples
        --------
        >>> import likely as lk
        >>> data = {"y": [1.0, 2.2, 2.9, 4.1, 5.3], "x": [1, 2, 3, 4, 5]}
        >>> large, small = lk.fit("normal", data, "y ~ x"), lk.fit("normal", data, "y ~ 1")
        >>> large.lr_test(small).df
        1
        """
        from likely.derive.tests import lr_test

        return lr_test(self, other)

    def predict(self, new: Any = None, what: str = "mean", **options: Any) -> Any:
        """Predictions for the rows of the fit or of new data.

        Parameters
        ----------
        new : data of any kind, optional
            By default the rows that the fit used.
        what : {"mean", "params", "quantile", "interval", "prob"}
            The expected value; every parameter; quantiles (``q=``); an interval for the mean (``level=``); the
            probability or density of ``y=`` (class probabilities for Categorical).
        **options
            ``q``, ``level`` and ``y``, see `what`; known parameters (``n=20``) and ``offset=`` of the new rows.

        Returns
        -------
        A column or table of the user's own library, an array for arrays, lists and files.

        Raises
        ------
        DataError, MissingValuesError, UnknownNameError
            If the new data lack something, or lie so far out that the prediction is no number.
        FitError
            If the fit did not converge.

        Examples
        --------
        >>> import likely as lk
        >>> fit = lk.fit("poisson", {"y": [1, 2, 4, 9], "x": [0, 1, 2, 3]}, "y ~ x")
        >>> fit.predict({"x": [4, 5]}).round(2).tolist()
        [18.74, 39.58]
        >>> fit.predict({"x": [4, 5]}, "quantile", q=0.9).tolist()
        [24.0, 48.0]
        """
        from likely.derive.predict import predict

        return predict(self, new, what, **options)

    def simulate(self, size: int | None = None, *, new: Any = None, seed: Any = None, **given: Any) -> Any:
        """Responses drawn from the fitted model: one per row, or `size` replicates of all rows.

        Parameters
        ----------
        size : int, optional
            Number of replicates; by default one, without the first axis.
        new : data of any kind, optional
            By default the rows that the fit used.
        seed : int or numpy.random.Generator, optional
        **given : number or array
            Values of known parameters or ``offset=`` for the new rows.

        Returns
        -------
        A column of the user's own library, or an array of shape (size, n).

        Raises
        ------
        OptionError
            If size or seed cannot be read.
        FitError
            If the fit did not converge.

        Examples
        --------
        >>> import likely as lk
        >>> lk.fit("normal", [1.0, 2.0, 4.0]).simulate(5, seed=1).shape
        (5, 3)
        """
        from likely.derive.predict import simulate

        return simulate(self, size, new=new, seed=seed, **given)

    def surprise(self) -> Any:
        """Every row's surprise in nats: minus its log-density under the fitted model.

        Returns
        -------
        A column of the user's own library, or an array.

        Examples
        --------
        >>> import likely as lk
        >>> lk.fit("bernoulli", [1, 1, 1, 0]).surprise().round(3).tolist()
        [0.288, 0.288, 0.288, 1.386]
        """
        from likely.derive.residuals import surprise

        return surprise(self)

    def residuals(self, kind: str = "quantile", *, seed: int = 0) -> Any:
        """Residuals of every row.

        Parameters
        ----------
        kind : {"quantile", "pearson", "response", "deviance"}
            "quantile": standard normal if the model holds, randomised for counts. "pearson": divided by the standard
            deviation. "response": observed minus expected. "deviance": signed roots of the deviance's terms.
        seed : int
            Of the randomised ones.

        Returns
        -------
        A column of the user's own library, or an array.

        Raises
        ------
        OptionError
            If the family has no residuals of this kind.

        Examples
        --------
        >>> import likely as lk
        >>> lk.fit("normal", [1.0, 2.0, 3.0]).residuals().round(3).tolist()
        [-1.225, 0.0, 1.225]
        """
        from likely.derive.residuals import residuals

        return residuals(self, kind, seed=seed)

    def derived(self) -> dict[str, tuple[float, float | None]]:
        """Derived quantities of a model of constants, with delta-method standard errors.

        Returns
        -------
        dict of str to (float, float or None)
            Value and standard error.

        Examples
        --------
        >>> import likely as lk
        >>> fit = lk.fit("exponential", [1.0, 2.0, 3.0, 6.0])
        >>> {name: (round(value, 3), round(error, 3)) for name, (value, error) in fit.derived().items()}
        {'mean': (3.0, 1.5), 'median': (2.079, 1.04)}
        """
        from likely.derive.derived import derived_quantities

        return derived_quantities(self)

    def summary(self, level: float = 0.95, method: str = "wald") -> Any:
        """A readable account; prints as text, and as a table in a notebook.

        Parameters
        ----------
        level : float
            Of the intervals.
        method : {"wald", "profile", "bootstrap"}
            Of the intervals.

        Returns
        -------
        Summary

        Raises
        ------
        OptionError, UnknownNameError
            If level or method cannot be read.

        Examples
        --------
        >>> import likely as lk
        >>> print(lk.fit("bernoulli", [1] * 7 + [0] * 3).summary())  # doctest: +ELLIPSIS
        Bernoulli fit of y: converged
        =============================
        ...
        """
        from likely.report.text import Summary

        return Summary(self, level, method)

    def __repr__(self) -> str:
        coef = ", ".join(f"{k}={v:.6g}" for k, v in list(self.coef.items())[:6])
        more = f", ... {len(self.coef) - 6} more" if len(self.coef) > 6 else ""
        state = "" if self.status == "converged" else f" | {self.status}"
        title = self.likelihood.model.family.title
        return f"<Fit {title}: {coef}{more} | loglik {self.loglik:.6g}, n = {self.n:,}{state}>"
