"""What speaks against a fit: checks, goodness, calibration, and pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from likely.errors.boundary import public_class
from likely.results.values import Values

if TYPE_CHECKING:
    from likely.charts import FitCharts
    from likely.checking.calibration.binary import Calibration
    from likely.checking.calibration.distribution import DistributionCalibration
    from likely.checking.calibration.multiclass import MulticlassCalibration
    from likely.checking.diagnosis import Diagnosis
    from likely.checking.goodness import Goodness


@public_class
class Checking(Values):
    """Checks of a `likely.Fit` against its data, and its charts."""

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

    def goodness(
        self, test: str | None = None, *, replicates: int | None = None, seed: int = 0, progress: Any = None
    ) -> Goodness:
        """Whether the data could have come from the fitted model, its estimated parameters allowed for.

        Parameters
        ----------
        test : {"ad", "ks", "cvm", "chi2", "hosmer-lemeshow"}, optional
            Anderson and Darling's, Kolmogorov and Smirnov's, Cramer and von Mises's distances between the observed and
            the fitted distribution function; Pearson's over cells (equally probable ones; for whole numbers, merged
            until each expects five rows); Hosmer and Lemeshow's over ten groups by fitted probability. By default "ad",
            "chi2" for counts, "hosmer-lemeshow" for a yes or no.
        replicates : int, optional
            999 by default, 199 beyond 10,000 rows.
        seed : int
        progress : {None, "auto", True, False}
            As in `likely.fit`.

        Returns
        -------
        Goodness
            With ``statistic`` and ``p_value``.

        Raises
        ------
        OptionError, UnknownNameError
            If the test does not suit the family, or there is none of that name.
        FitError
            If too many simulated data sets have no fit.

        Notes
        -----
        The p-value comes from a parametric bootstrap: each simulated data set is fitted again, so that the distances
        are as small as estimation makes them (Lilliefors 1967; Stute, Gonzalez Manteiga and Presedo Quindimil 1993).
        With predictors, the distances are those of the transforms F(y) of all rows from the uniform distribution; for
        whole numbers, of observed from expected counts, the rows' probabilities summed.

        Examples
        --------
        >>> import likely as lk
        >>> fit = lk.fit("normal", [4.1, 5.2, 3.9, 4.8, 5.0, 4.4, 9.9, 4.2, 4.6, 5.1])
        >>> fit.goodness("ad", replicates=199).p_value < 0.05
        True
        """
        from likely.checking.goodness import goodness

        return goodness(self.estimates, test, replicates=replicates, seed=seed, progress=progress)
