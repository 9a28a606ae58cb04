"""What a fit says of data: predictions, simulations and residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from likely.errors.boundary import public_class
from likely.results.values import Values

if TYPE_CHECKING:
    from likely.charts import FitCharts
    from likely.checking.calibration.binary import Calibration
    from likely.checking.calibration.distribution import DistributionCalibration
    from likely.checking.calibration.multiclass import MulticlassCalibration
    from likely.checking.diagnosis import Diagnosis
    from likely.inference.quantities import Quantities
    from likely.prediction.influence import Influence
    from likely.prediction.predict import NewRows, PredictOptions
    from likely.prediction.surprise import Surprising


@public_class
class Prediction(Values):
    """Predictions, simulations and residuals of a `likely.Fit`; the work is done in `likely.inference`."""

    def predict(self, new: Any = None, what: str | None = None, **options: Unpack[PredictOptions]) -> Any:
        """Predictions for the rows of the fit or of new data.

        Parameters
        ----------
        new : data of any kind, optional
            By default the rows that the fit used.
        what : {"mean", "params", "quantile", "interval", "prediction", "prob"}, optional
            By default the expected value, and for a quantile regression (`AsymmetricLaplace`) its quantile. The
            expected value; every parameter; quantiles (``q=``); an interval for the mean (``level=``, and
            ``simultaneous=True`` for all rows together); an interval for a new observation (``level=``, ``method=``);
            the probability or density of ``y=`` (class probabilities for Categorical).
        **options
            ``q``, ``level``, ``y``, ``simultaneous`` and ``method``, see `what`; known parameters (``known={"n": 20}``,
            or ``n=20``, which type checkers do not know), ``offset=`` or ``exposure=`` of the new rows. Methods for a
            new observation: "mixture" (the default) averages over the estimates' uncertainty, "calibrated" by refits of
            simulated data (``replicates=400``, ``seed=0``), "plug-in" ignores it, "t" (the default with
            ``small_sample="t"``) is Student's. ``unseen="missing"`` gives a missing prediction, not an error, to rows
            with levels that the fit has not seen.

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
        >>> {name: column.tolist() for name, column in fit.predict({"x": [4, 5]}, "prediction").items()}
        {'median': [19.0, 40.0], 'lower': [5.0, 7.0], 'upper': [55.0, 185.0]}
        """
        from likely.prediction.predict import predict

        return predict(self.estimates, new, what, **options)

    def effects(
        self,
        variables: Any = None,
        *,
        what: str | None = None,
        at: Any = "average",
        by: Any = None,
        step: float | None = None,
        y: Any = None,
        weights: str | None = None,
        level: float = 0.95,
    ) -> Quantities:
        """Marginal effects: how much a prediction changes with a predictor, other things as they are.

        For a number the derivative; for levels the difference to the first (reference) level, each row's other
        predictors kept; averaged over the rows with their weights.

        Parameters
        ----------
        variables : str, list of str, or dict, optional
            Predictors (columns of the data); all by default. A dict gives two values to compare: ``{"age": (30, 40)}``.
        what : str, optional
            By default "mean", and for a quantile regression "loc", its quantile. "mean" of the response, the name of a
            parameter, "link" or "link.<parameter>" (a linear predictor), "prob" (of each level, or of `y`). Where there
            is an exposure (an offset that is a logarithm, under a log link), "mean" and "link" are at each row's own
            exposure, and "rate", as the first parameter by its name, is per unit of exposure.
        at : {"average", "mean", "balanced"} or dict
            "average": the average of the rows' effects. "mean": the effect where numbers are at their means and levels
            have their shares. "balanced": numbers at their means, all combinations of levels with the same weight. A
            dict holds some predictors, ``{"age": [30, 40]}``, and averages over the rows (or ``"over": "mean"``). It
            also holds columns of the exposure, of an offset or of a known parameter, ``{"policies": 1}``, and
            "exposure" or "offset" as a whole.
        by : str or list of str, optional
            Columns whose values make groups of rows.
        step : float, optional
            For numbers, the change of the prediction when they grow by so much, instead of the derivative.
        y : number or label, optional
            For "prob".
        weights : {"trials", "rows"} or str, optional
            How often a row counts in averages, beside the weights of the fit. "trials" (the default for parameters and
            linear predictors of a Binomial): once for each of its trials. "rows": once, whatever it puts together. Or
            a column of the data, in place of all. Means of several units (analytic weights) count as often as their
            weight says by default.
        level : float
            Of the intervals.

        Returns
        -------
        Quantities
            With delta-method standard errors, intervals and tests; ``to_frame()`` gives a table in kind.

        Raises
        ------
        UnknownNameError, OptionError
            If a name or an option cannot be read.
        IntervalError
            If the fit has no standard errors.

        Examples
        --------
        >>> import likely as lk
        >>> data = {"y": [0, 0, 1, 0, 1, 1, 0, 1], "x": [1, 2, 3, 4, 5, 6, 7, 8], "g": list("aabbabab")}
        >>> print(lk.fit("bernoulli", data, "y ~ x + g").effects())
        Average marginal effects on the mean of y
        variable  effect  estimate  std. error     z       p       95% interval
        -----------------------------------------------------------------------
        g         b - a      0.392       0.330  1.18  0.2361    -0.256 to 1.039
        x         dy/dx     0.0657      0.0625  1.05  0.2929  -0.0567 to 0.1881
        """
        from likely.prediction.effects import effects

        return effects(self.estimates, variables, what=what, at=at, by=by, step=step, y=y, weights=weights, level=level)

    def margins(
        self,
        variables: Any = None,
        *,
        what: str | None = None,
        at: Any = "average",
        by: Any = None,
        y: Any = None,
        weights: str | None = None,
        level: float = 0.95,
        adjust: str = "none",
    ) -> Quantities:
        """Average predictions, at each level of some predictors and at values that are set.

        Parameters
        ----------
        variables : str or list of str, optional
            Predictors: one row for each combination of their levels, or of the values that `at` gives them.
        what, at, by, y, weights, level
            As in `effects`.
        adjust : {"none", "bonferroni", "sidak", "holm", "max-t", "scheffe"}
            What makes the intervals hold together.

        Returns
        -------
        Quantities

        Examples
        --------
        >>> import likely as lk
        >>> data = {"y": [1.0, 2.0, 4.0, 3.0, 6.0, 5.0], "x": [0, 1, 2, 3, 4, 5], "g": list("aabbcc")}
        >>> lk.fit("normal", data, "y ~ x + g").margins("g", at={"x": 2}).estimate.round(3).tolist()
        [1.0, 3.667, 6.333]
        """
        from likely.prediction.effects import margins

        return margins(
            self.estimates, variables, what=what, at=at, by=by, y=y, weights=weights, level=level, adjust=adjust
        )

    def contrasts(
        self,
        variable: str,
        *,
        pairs: str = "pairwise",
        compare: str = "difference",
        what: str | None = None,
        at: Any = "average",
        by: Any = None,
        y: Any = None,
        weights: str | None = None,
        level: float = 0.95,
        adjust: str = "max-t",
    ) -> Quantities:
        """Differences or ratios of average predictions between the levels of a predictor.

        Parameters
        ----------
        variable : str
            A predictor that is levels; or a number, with its values in ``at={variable: [...]}``.
        pairs : {"pairwise", "reference", "sequential", "average"}
            All pairs; each level against the first; each against the one before; each against their average.
        compare : {"difference", "ratio", "odds ratio"}
            Ratios have their intervals on the log scale and are tested against 1.
        what, at, by, y, weights, level
            As in `effects`. ``what="link", at="balanced"`` are the conventions of emmeans in R.
        adjust : {"max-t", "none", "bonferroni", "sidak", "holm", "scheffe"}
            For several contrasts, within each group: "max-t" uses the joint normal distribution of the largest |t|
            (single-step, as multcomp in R).

        Returns
        -------
        Quantities

        Examples
        --------
        >>> import likely as lk
        >>> data = {"y": [1, 2, 4, 3, 6, 5, 9, 7], "x": [0, 1, 2, 3, 4, 5, 6, 7], "g": list("abcabcab")}
        >>> print(lk.fit("poisson", data, "y ~ x + g").contrasts("g", compare="ratio"))
        Contrasts of g: ratio of the mean of y
        contrast  estimate  std. error      z       p    95% interval
        -------------------------------------------------------------
        b / a        0.916       0.355  -0.23  0.9719  0.369 to 2.270
        c / a        1.018       0.442   0.04  0.9991  0.368 to 2.814
        c / b        1.111       0.483   0.24  0.9680  0.402 to 3.073
        z and p test that the quantity is 1.
        Intervals and p: simultaneous for 3, by the distribution of the largest |t|.
        """
        from likely.prediction.effects import contrasts

        return contrasts(
            self.estimates,
            variable,
            pairs=pairs,
            compare=compare,
            what=what,
            at=at,
            by=by,
            y=y,
            weights=weights,
            level=level,
            adjust=adjust,
        )

    def simulate(self, size: int | None = None, *, new: Any = None, seed: Any = None, **given: Unpack[NewRows]) -> Any:
        """Responses drawn from the fitted model: one per row, or `size` replicates of all rows.

        Parameters
        ----------
        size : int, optional
            Number of replicates; by default one, without the first axis.
        new : data of any kind, optional
            By default the rows that the fit used.
        seed : int or numpy.random.Generator, optional
        **given : number or array
            Values of known parameters (``known={"n": 20}``), ``offset=`` or ``exposure=`` for the new rows.

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
        from likely.prediction.predict import simulate

        return simulate(self.estimates, size, new=new, seed=seed, **given)

    def surprise(self, tail: bool = False) -> Any:
        """Every row's surprise in nats: minus its log-density under the fitted model.

        Parameters
        ----------
        tail : bool
            Whether to give a table: the surprise, its expectation under the model, and the probability of one at least
            as large.

        Returns
        -------
        A column or table of the user's own library, or an array or dict of arrays.

        Examples
        --------
        >>> import likely as lk
        >>> lk.fit("bernoulli", [1, 1, 1, 0]).surprise().round(3).tolist()
        [0.288, 0.288, 0.288, 1.386]
        """
        from likely.prediction.surprise import surprise

        return surprise(self.estimates, tail)

    def surprising(self, count: int = 10) -> Surprising:
        """The rows that the fitted model expected least, with the chance of such a surprise.

        Parameters
        ----------
        count : int

        Returns
        -------
        Surprising

        Examples
        --------
        >>> import likely as lk
        >>> lk.fit("normal", [10.0, 11.0, 9.0, 12.0, 60.0]).surprising().rows[0]["row"]
        4
        """
        from likely.prediction.surprise import surprising

        return surprising(self.estimates, count)

    def residuals(self, kind: str = "quantile", *, seed: int = 0) -> Any:
        """Residuals of every row.

        Parameters
        ----------
        kind : str
            "quantile": standard normal if the model holds, whatever the family, randomised for counts. "response":
            observed minus expected. "pearson", "deviance", "anscombe", "standardized" (``rstandard``), "studentized"
            (``rstudent``): those of R and Stata for linear and generalised linear models, and Pearson's
            "standardized_pearson". Of other models "pearson" is divided by the standard deviation, "standardized" also
            by the root of one minus the leverage. See `likely.prediction.residuals.residuals` for the formulas.
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
        from likely.prediction.residuals import residuals

        return residuals(self.estimates, kind, seed=seed)

    def influence(self) -> Influence:
        """What the estimates would be without each row: Cook's distances, leverages, pulls in standard errors.

        Cook's distance and leverage are R's (``cooks.distance``, ``hatvalues``) for linear and generalised linear
        models; ``.displacement`` is the distance of all estimates, of any family.

        Returns
        -------
        Influence
            ``.top(10)``, ``.pull(name)``, and ``.refit([row, ...])`` for exact refits.

        Raises
        ------
        OptionError
            If single rows have no influence that one step could tell; the message says why.

        Examples
        --------
        >>> import likely as lk
        >>> influence = lk.fit("normal", [10.0, 11.0, 9.0, 12.0, 60.0]).influence()
        >>> influence.top(1).rows[0]["row"], round(float(influence.pull("mean")[4]), 2)
        (4, 1.12)
        """
        from likely.prediction.influence import influence

        return influence(self.estimates)

    def diagnose(
        self,
        level: float = 0.05,
        *,
        checks: Any = None,
        index: Any = None,
        groups: Any = None,
        seed: int = 0,
        progress: Any = None,
    ) -> Diagnosis:
        """What speaks against this fit: checks fitting to its family, with what each found and what to do.

        Parameters
        ----------
        level : float
            The chance that a true model meets with a finding that has a p-value; p-values are adjusted for the number
            of checks (Holm 1979).
        checks : str or list of str, optional
            Which ones; all that apply by default (``likely.checking.diagnosis.CHECKS``).
        index : str or array, optional
            A column that orders the rows, for the check of neighbours; the order of the data by default.
        groups : str or array, optional
            A column that says which rows belong together.
        seed : int
            Of what is simulated.
        progress : {None, "auto", True, False}
            As in `likely.fit`.

        Returns
        -------
        Diagnosis
            With ``findings``, most serious first, and ``checks``, all that were run.

        Raises
        ------
        FitError
            If the fit did not converge.
        OptionError, UnknownNameError
            If an option cannot be read, or the family states no distribution of each row by itself.

        Notes
        -----
        A check sums numbers whose expectation is zero if the model holds, and frees the sum of what the estimation does
        to it by projection on the scores (C(alpha), Neyman 1959; Newey 1985; Tauchen 1985). Its distribution comes from
        data that the fitted model simulates: refitted up to 500 rows. Beyond a million rows, a million are drawn.

        Examples
        --------
        >>> import likely as lk
        >>> import numpy as np
        >>> y = np.random.default_rng(0).standard_t(2, size=200)
        >>> diagnosis = lk.fit("normal", y).diagnose()
        >>> "tails" in [found.check for found in diagnosis.findings]
        True
        """
        from likely.checking.diagnosis import diagnose

        return diagnose(self.estimates, level, checks=checks, index=index, groups=groups, seed=seed, progress=progress)

    @property
    def plot(self) -> FitCharts:
        """The charts of this fit, by name: ``fit.plot.qq()``, ``fit.plot.residuals()``; ``fit.plot`` lists them.

        Each is an Altair chart: a notebook shows it, ``.save("qq.png")`` writes it (SVG, PDF, HTML and JSON too).

        Raises
        ------
        FitError
            If the fit did not converge.
        OptionError
            If a chart does not suit the family.

        Examples
        --------
        >>> import likely as lk
        >>> fit = lk.fit("bernoulli", [1] * 7 + [0] * 3)
        >>> print(fit.plot)  # doctest: +ELLIPSIS
        fit.plot.density() ...
        """
        from likely.charts import FitCharts

        return FitCharts(self.estimates, self.calibration)

    def calibration(
        self,
        new: Any = None,
        *,
        folds: int | None = 5,
        groups: Any = None,
        bins: int = 10,
        how: str = "quantile",
        level: float = 0.95,
        clip: float | None = None,
        seed: int = 0,
        progress: Any = None,
    ) -> Calibration | MulticlassCalibration | DistributionCalibration:
        """Whether the predicted probabilities or distributions are what they say, of rows that the fit has not seen.

        Parameters
        ----------
        new : data of any kind, optional
            Other rows, with the response among the columns. Without them the fit's own rows are held out.
        folds : int or None
            Each of so many folds is predicted by a fit to the others. None judges the rows that the fit was made for,
            where its predictions agree with what happened by construction.
        groups : str or array_like, optional
            Rows that stay together in a fold; by default the clusters of the standard errors.
        bins, how, level, clip, seed, progress
            As in `likely.calibration`.

        Returns
        -------
        Calibration, MulticlassCalibration or DistributionCalibration
            For a yes or no, labels, or numbers.

        Examples
        --------
        >>> import likely as lk
        >>> fit = lk.fit("poisson", [2, 3, 1, 4, 2, 0, 5, 3])
        >>> fit.calibration().verdict
        'No sign of miscalibration: intervals hold what they state.'
        """
        from likely.checking.calibration import calibration_of

        judged = {"bins": bins, "how": how, "level": level, "clip": clip, "seed": seed, "progress": progress}
        return calibration_of(self.estimates, new, folds=folds, groups=groups, **judged)
