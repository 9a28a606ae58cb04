"""What a fit says of its parameters: intervals and tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self, Unpack

from likely.errors.boundary import public_class
from likely.results.face import low
from likely.results.values import Values

if TYPE_CHECKING:
    from likely.inference.bootstrap_intervals import BootstrapOptions
    from likely.inference.interval import Interval
    from likely.inference.region import Region
    from likely.inference.terms import TermTable
    from likely.inference.tests import TestResult


@public_class
class Inference(Values):
    """Intervals, tests and derived quantities of a `likely.Fit`; the work is done in `likely.inference`."""

    def interval(
        self,
        level: float = 0.95,
        method: str = "wald",
        names: list[str] | str | None = None,
        **options: Unpack[BootstrapOptions],
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
            ("percentile", or "bca" for cases), ``progress`` (as in `likely.fit`) and ``resume``, the state of an
            interrupted bootstrap.

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
        from likely.inference.intervals import intervals

        names = [names] if isinstance(names, str) else names
        return intervals(self.estimates, level, method, names, **options)

    def with_cov(
        self,
        kind: str | None = None,
        *,
        cluster: Any = None,
        correction: str | None = None,
        bread: str | None = None,
        small_sample: str | None = None,
        bandwidth: str | float | None = None,
        kernel: str | None = None,
        replicates: int | None = None,
        seed: int | None = None,
    ) -> Self:
        """The same estimates with another covariance: standard errors, Wald intervals and tests all use it.

        Parameters
        ----------
        kind : {"observed", "expected", "opg", "HC0", ... "HC3", "cluster", "bootstrap", "iid", "nid", "kernel"}
            "observed", "expected": inverse of that information. "opg": inverse of the outer product of the scores.
            "HC0" to "HC3": sandwiches, which do not take the model as true; HC1 times n/(n - k), HC2 and HC3 with
            each row's leverage. "cluster": a sandwich for rows that depend on each other within clusters. "bootstrap":
            of estimates from rows drawn with replacement (whole clusters, with `cluster`). By default "cluster" where
            there is `cluster`, else what a fit has that asks for none.

            Of quantile regressions (`AsymmetricLaplace`, and `Laplace` with predictors) instead, by quantreg's names:
            "nid" (the default): errors whose density differs from row to row, estimated from the quantiles at
            tau -+ the bandwidth. "iid": errors alike in all rows. "kernel": Powell's kernel estimate. Also "cluster",
            "bootstrap", and "expected", which takes the density of the family as true.
        cluster : str, array or list of two
            Columns (or labels, one for each row) that name the clusters, one or two ways.
        correction : {"none", "stata", "HC0", "HC1"}, optional
            Small-sample factor. Of HC0: "none" (the default) or "stata", n/(n - 1). Of clusters: "stata" (the
            default) and "HC0", G/(G - 1); "HC1", G/(G - 1) (n - 1)/(n - k), as R's ``vcovCL`` has it for ``lm``;
            "none".
        bread : {"observed", "expected"}, optional
            The information on both sides of a sandwich; R's `sandwich` has the expected one for a GLM.
        small_sample : {"t", "z"}, optional
            "t": Student's t and F in place of z and chi-squared, for a `Normal` (or `LogNormal`) with an unknown
            spread. The variance divides by n - p, with p the number of the mean's coefficients, and there are n - p
            degrees of freedom, as in R's ``lm`` and Stata's ``regress``; with clusters G - 1. Alone it keeps the
            covariance that the fit has; by default a fit keeps what it has.
        bandwidth : {"hsheather", "bofinger", "chamberlain"} or float, optional
            Of the density at a quantile: Hall and Sheather's rule by default, or a half-width in levels.
        kernel : str, optional
            Of the density at a quantile, by Stata's names: "epanechnikov", "epan2" (statsmodels' "epa"), "biweight",
            "cosine", "gaussian", "parzen", "rectangle", "triangle". "gaussian" for "kernel"; "iid" has none by default,
            and with one is Stata's and statsmodels' "iid".
        replicates, seed : int, optional
            Of a bootstrap: 400 and 0 by default.

        Returns
        -------
        Fit

        Raises
        ------
        UnknownNameError, OptionError
            If there is no such kind, or the parts do not go together.
        IntervalError
            If there is no such covariance of these estimates.

        Examples
        --------
        >>> import likely as lk
        >>> data = {"y": [1, 2, 4, 9, 3, 14], "x": [0, 1, 2, 3, 2, 4], "firm": list("aabbcc")}
        >>> fit = lk.fit("poisson", data, "y ~ x")
        >>> for kind in ("observed", "HC0", "HC3"):
        ...     print(kind, round(fit.with_cov(kind).stderr["rate.x"], 4))
        observed 0.1591
        HC0 0.0289
        HC3 0.1062
        >>> round(fit.with_cov(cluster="firm").stderr["rate.x"], 4)
        0.0059
        """
        from likely.inference.fitting import other_covariance

        options: dict[str, Any] = {"bandwidth": bandwidth, "kernel": kernel, "replicates": replicates, "seed": seed}
        given = {"cluster": cluster, "correction": correction, "bread": bread, "small_sample": small_sample}
        return type(self)(other_covariance(self.estimates, kind, **given, **options))

    def test(self, hypothesis: str, method: str = "wald", information: str = "observed") -> TestResult:
        """Test linear hypotheses in words, such as ``"income = 0, segment[b] = segment[c]"``.

        Parameters
        ----------
        hypothesis : str
            Equations, separated by commas, in the names of the estimates: ``"p.income = 0"``,
            ``"mean.a = mean.b, sd = 1"``, ``"2*p.a + p.b = 1"``. ``p.income`` may be written ``income``,
            ``p.C(segment)[T.b]`` also ``segment[b]``, where that means one thing. A reference level's
            coefficient is 0. Constant parameters are tested on the natural scale on which they are reported
            (``sd = 1``, not its logarithm).
        method : {"wald", "lr", "score"}
            Wald's test needs no further search; the likelihood-ratio and score tests maximise the likelihood under the
            hypothesis and hold better in small samples.
        information : {"observed", "expected", "opg"}
            Of the score test: minus the second derivatives at the restricted maximum, their expectation, or the sum of
            the outer products of the rows' scores there.

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
            If an estimate has no standard error (Wald), or the information cannot be inverted (score).
        FitError
            If the likelihood has no maximum under the hypothesis.

        Notes
        -----
        Wald: W = (R b - r)' (R V R')^-1 (R b - r) (Wald 1943). Likelihood ratio: twice what the log-likelihood loses
        when it is maximised under the hypothesis (Wilks 1938). Score: s' I^-1 s at that restricted maximum, s the score
        and I the information of the whole model (Rao 1948). All are chi-squared with as many degrees of freedom as
        there are independent equations.

        Examples
        --------
        >>> import likely as lk
        >>> fit = lk.fit("bernoulli", [1] * 7 + [0] * 3)
        >>> for method in ("wald", "lr", "score"):
        ...     print(fit.test("p = 0.5", method))
        Wald test of p = 0.5: chi-squared = 1.90476, df = 1, p = 0.1675
        Likelihood ratio test of p = 0.5: chi-squared = 1.64566, df = 1, p = 0.1996
        Score test of p = 0.5: chi-squared = 1.6, df = 1, p = 0.2059
        """
        from likely.inference.tests import hypothesis_test

        return hypothesis_test(self.estimates, hypothesis, method, information)

    def lr_test(self, other: Values) -> TestResult:
        """Likelihood-ratio test of this fit against a smaller or larger nested one.

        Twice the difference of the log-likelihoods is chi-squared with as many degrees of freedom as the larger model
        has more parameters (Wilks 1938). Where the smaller one holds a parameter at the end of its domain (a Poisson is
        a negative binomial of dispersion 0), it is an equal mixture of that and one degree of freedom less (Self and
        Liang 1987): with one parameter more, the p-value is halved.

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
        from likely.inference.model_tests import lr_test

        return lr_test(self.estimates, low(other))

    def score_test(self, larger: Any = None, *, information: str = "observed", **formulas: str) -> TestResult:
        """Rao's score test of this fit against a larger model, which need not be fitted.

        Parameters
        ----------
        larger : str, Likelihood or Fit, optional
            A formula of the first parameter such as ``"~ . + z"``, whose dot stands for this fit's own formula; or a
            likelihood or fit of the same data.
        information : {"observed", "expected", "opg"}
            Of the larger model at this fit's estimates: minus the second derivatives, their expectation, or the outer
            products of the rows' scores.
        **formulas : str
            Formulas of further parameters: ``sd="~ . + z"``.

        Returns
        -------
        TestResult

        Raises
        ------
        OptionError
            If the models are not nested or the data differ.
        IntervalError
            If the information cannot be inverted there, or this fit holds a parameter at the end of its domain.

        Examples
        --------
        >>> import likely as lk
        >>> data = {"y": [1, 0, 2, 3, 1, 4, 6, 5], "x": [0, 1, 2, 3, 4, 5, 6, 7]}
        >>> print(lk.fit("poisson", data, "y ~ 1").score_test("~ . + x"))
        Score test of rate.x = 0: chi-squared = 8.32035, df = 1, p = 0.00392
        """
        from likely.inference.model_tests import score_test

        return score_test(self.estimates, low(larger), information, formulas)

    def terms(
        self,
        type: str = "II",
        method: str = "wald",
        information: str = "observed",
    ) -> TermTable:
        """What each term of the formulas adds: a table of tests, as car::Anova gives in R.

        Parameters
        ----------
        type : {"I", "II", "III"}
            "I": each term after those before it. "II": each term after all others but those that contain it. "III":
            each term after all others, whatever contains it; with interactions this depends on the contrasts.
        method : {"wald", "lr", "score"}
        information : {"observed", "expected", "opg"}
            Of score tests.

        Returns
        -------
        TermTable

        Raises
        ------
        OptionError
            If no parameter has predictors.

        Examples
        --------
        >>> import likely as lk
        >>> data = {"y": [1, 0, 2, 3, 1, 4, 6, 5], "x": [0, 1, 2, 3, 4, 5, 6, 7], "g": list("abababab")}
        >>> print(lk.fit("poisson", data, "y ~ x + g").terms())
        Type II tests of terms (Wald)
        term  chi-squared  df       p
        -----------------------------
        x          7.4304   1  0.0064
        g        0.070301   1  0.7909
        """
        from likely.inference.terms import term_table

        return term_table(self.estimates, type, method, information)

    def region(self, names: Sequence[str], level: float = 0.95, method: str = "profile") -> Region:
        """A joint confidence region of two estimates, as points along its edge.

        Parameters
        ----------
        names : two names of estimates
        level : float
            That both values lie inside: chi-squared with two degrees of freedom.
        method : {"profile", "wald"}
            The contour of the profile likelihood, or the ellipse of the covariance (on the link scale, so it stays
            inside the parameters' domains).

        Returns
        -------
        Region
            With ``points`` on the reported scale, ready to be drawn, and whether the edge is ``closed``.

        Raises
        ------
        IntervalError
            If an estimate has no standard error, or the contour cannot be followed.
        OptionError, UnknownNameError
            If the names cannot be read.

        Examples
        --------
        >>> import likely as lk
        >>> fit = lk.fit("gamma", [1.2, 0.3, 2.7, 0.1, 0.9, 4.1, 0.2, 1.5])
        >>> region = fit.region(["mean", "shape"])
        >>> region.closed, region.points.min(axis=0).round(2).tolist()
        (True, [0.58, 0.28])
        """
        from likely.inference.region import region

        return region(self.estimates, names, level, method)
