"""What a fit says of quantities: effects of predictors, and functions of the estimates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from likely.errors.boundary import public_class
from likely.results.values import Values

if TYPE_CHECKING:
    from likely.inference.quantities import Quantities


@public_class
class Effects(Values):
    """Quantities that follow from a `likely.Fit`, with their standard errors."""

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

    def delta(
        self,
        functions: Any,
        *,
        null: float | None = None,
        level: float = 0.95,
        method: str = "wald",
        log: bool = False,
    ) -> Quantities:
        """Any function of the estimates, with a standard error by the delta method, an interval and a test.

        Parameters
        ----------
        functions : str, callable, or list or dict of them
            Text in the names of the estimates, ``"-p.Intercept / p.x"``, with ``+ - * / **`` and functions such as
            ``exp`` and ``log``; or a function of the estimates by name, ``lambda c: c["x"] / c["z"]`` (or of them and
            ``xp``, for ``xp.log``). Derivatives are exact; those of a callable that needs plain numbers are differences
            whose error is checked.
        null : float, optional
            The value that is tested: 0 by default, 1 with `log`.
        level : float
        method : {"wald", "profile"}
            Of the intervals: the estimate -+ z standard errors, or the values that the profile likelihood allows (for a
            ratio they may be unbounded, as Fieller's).
        log : bool
            Wald intervals and test on the log scale, of positive functions.

        Returns
        -------
        Quantities

        Raises
        ------
        OptionError, UnknownNameError
            If the function cannot be read or differentiated.
        IntervalError
            If the estimates have no standard errors, or the profile cannot be followed.

        Examples
        --------
        >>> import likely as lk
        >>> data = {"y": [0, 0, 1, 0, 1, 1, 0, 1], "x": [1, 2, 3, 4, 5, 6, 7, 8]}
        >>> half = lk.fit("bernoulli", data, "y ~ x").delta("-p.Intercept / p.x")
        >>> half.estimate.round(3).tolist(), half.stderr.round(3).tolist()
        ([4.5], [1.815])
        """
        from likely.inference.delta import delta

        return delta(self.estimates, functions, null=null, level=level, method=method, log=log)

    def derived(self) -> dict[str, tuple[float, float | None]]:
        """Derived quantities of a model of constants, with delta-method standard errors.

        Returns
        -------
        dict of str to (float, float or None)
            Value and standard error, sqrt(g' V g) with g the exact derivatives with respect to the coefficients; None
            where a parameter that enters has none. Quantities that are not finite, or that only known parameters enter,
            are left out; so is everything for a model with predictors. Where a parameter ran to a limit, they are those
            of the limiting family.

        Examples
        --------
        >>> import likely as lk
        >>> fit = lk.fit("exponential", [1.0, 2.0, 3.0, 6.0])
        >>> {name: (round(value, 3), round(error, 3)) for name, (value, error) in fit.derived().items()}
        {'mean': (3.0, 1.5), 'median': (2.079, 1.04)}
        """
        from likely.inference.derived import derived_quantities

        return derived_quantities(self.estimates)
