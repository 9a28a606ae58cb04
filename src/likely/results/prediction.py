"""What a fit says of data: predictions, simulations and residuals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from likely.errors.boundary import public_class
from likely.results.values import Values

if TYPE_CHECKING:
    from likely.data.native import NativeColumn, NativeFrame
    from likely.prediction.influence import Influence
    from likely.prediction.predict import NewRows, PredictOptions
    from likely.prediction.surprise import Surprising


@public_class
class Prediction(Values):
    """Predictions, simulations and residuals of a `likely.Fit`; the work is done in `likely.prediction`."""

    def predict(
        self,
        new: Any = None,
        what: str | None = None,
        *,
        out: str | Path | None = None,
        **options: Unpack[PredictOptions],
    ) -> NativeColumn | NativeFrame | Path:
        """Predictions for the rows of the fit or of new data.

        Parameters
        ----------
        new : data of any kind, optional
            By default the rows that the fit used (rows dropped for missing values are absent). A dict of numbers is one
            row. For a model of two matrices of predictors: a dict of matrices by parameter.
        what : {"mean", "params", "quantile", "interval", "prediction", "prob", "class"}, optional
            By default the mean, and for a quantile regression (`AsymmetricLaplace`) its quantile; with ``level=`` the
            same as "interval".
            "mean": the expected value (for a Binomial n p), also of the density of a quantile regression.
            "interval": columns mean (or quantile), stderr, lower, upper. The interval is for the mean, not for an
            observation.
            "prediction": columns median, lower, upper of an interval for a new observation; see `method`.
            "params": a column for each parameter of the row's distribution: what its exposure multiplies, with it. For
            a rate per unit pass ``exposure=1``.
            "quantile": the quantiles ``q=``, a number (0.5 by default) or a list, which gives a column for each.
            "prob": the probability or density of ``y=``; without it that of the fit's own response, or for labels and
            Bernoulli a column for each level.
            "class": the most probable level, for labels and Bernoulli.
        out : str or Path, optional
            A ``.parquet`` or ``.csv`` file to write the predictions to, in the order of the rows, in place of giving
            them back. New data are then gone through piece by piece, so that they may be larger than memory: patterns
            of files, PyArrow data sets, lazy Polars frames, DuckDB relations, functions that give tables. The file is
            there once it is whole.
        **options
            ``q``, ``level`` and ``y``, see `what`; ``y`` is one value, one for each row, or the name of a column of
            `new`.

            ``simultaneous``, of "interval": limits that hold for all these rows together, by "max-t" (or True),
            "scheffe", "bonferroni" or "sidak".

            ``method``, of "prediction": "mixture" (the default) averages over the estimates' uncertainty, "calibrated"
            by refits of simulated data (``replicates=400``, ``seed=0``), "plug-in" ignores it, "t" (the default with
            ``small_sample="t"``) is Student's.

            ``unseen="missing"`` gives a missing prediction, not an error, to rows with levels that the fit has not
            seen.

            Known parameters of the new rows that are not columns, ``known={"n": 20}`` (or ``n=20``, which type checkers
            do not know), and their ``offset=`` or ``exposure=``.

        Returns
        -------
        A column or table of the user's own library (pandas keeps its index); arrays, or dicts of arrays, for arrays,
        dicts, lists and files. With `out` its path.

        Raises
        ------
        DataError, MissingValuesError, UnknownNameError
            If the new data lack something, or a row lies so far out that a prediction is no number.
        FitError
            If the fit did not converge.
        WriteError
            If the file cannot be written.

        Notes
        -----
        Standard errors of the mean come from the delta method. Where the mean depends on one linear predictor, its Wald
        interval is mapped through the link, so it stays inside the domain; otherwise the interval is computed on the
        log scale for positive data and directly for real-valued ones.

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
        if out is not None:
            from likely.prediction.scores import write_predictions

            return write_predictions(self.estimates, new, what, out, **options)
        from likely.prediction.predict import predict

        return predict(self.estimates, new, what, **options)

    def to_sql(
        self,
        dialect: str,
        what: str | None = None,
        *,
        y: Any = None,
        table: str | None = None,
        **given: Unpack[NewRows],
    ) -> str:
        """A prediction as one expression of SQL over the columns of the data, for rows that stay in a database.

        Parameters
        ----------
        dialect : {"duckdb", "postgres", "sqlite"}
        what : str, optional
            By default what `predict` gives: the mean, and for a quantile regression its quantile. "mean"; the name of a
            parameter; "prob": the probability of `y`.
        y : value, optional
            Of "prob": a level of the response, or a value; 1 by default for a Bernoulli.
        table : str, optional
            The table or its alias, by which columns are qualified.
        **given : number or str
            Values of known parameters (``known={"n": 20}``), ``offset=`` or ``exposure=``, where they are not what the
            model says: a number, a column, or an expression of columns.

        Returns
        -------
        str
            It gives what `predict` gives for the same row, but for rounding. It is NULL where that has no answer: for
            rows with NULL, NaN or an infinite number among the columns that it uses, with levels that the fit has not
            seen, beyond the knots of a spline that is not extended, with a logarithm or a root of a negative number,
            and with a value outside the parameter's domain.

        Raises
        ------
        OptionError
            If a term, a link or a mean has no SQL to full precision; the message names it.
        UnknownNameError
            If there is no such dialect, or nothing of that name to predict.
        FitError
            If the fit did not converge.

        Notes
        -----
        Names of columns and levels are quoted, whatever is in them. DuckDB and SQLite do not tell names of columns by
        their case. SQLite needs its mathematical functions (``ENABLE_MATH_FUNCTIONS`` among ``PRAGMA
        compile_options``) for all but linear predictors. PostgreSQL has erfc, the inverse of the probit link, since
        version 16; DuckDB and SQLite have it not.

        Examples
        --------
        >>> import likely as lk
        >>> fit = lk.fit("poisson", {"y": [1, 2, 4, 9], "x": [0, 1, 2, 3]}, "y ~ x")
        >>> print(fit.to_sql("duckdb"))  # doctest: +ELLIPSIS
        CASE WHEN abs("x"::DOUBLE) <= 1.7976931348623157e308 THEN exp(-0.0605...e0 + 0.747...e0 * "x"::DOUBLE) END
        """
        from likely.prediction.sql import to_sql

        return to_sql(self.estimates, dialect, what, y=y, table=table, **given)

    def simulate(
        self, size: int | None = None, *, new: Any = None, seed: Any = None, **given: Unpack[NewRows]
    ) -> NativeColumn:
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

    def surprise(self, tail: bool = False, *, out: str | Path | None = None) -> NativeColumn | NativeFrame | Path:
        """Every row's surprise in nats: minus its log-density under the fitted model.

        Parameters
        ----------
        tail : bool
            Whether to say beside each surprise what the model expects of it.
        out : str or Path, optional
            A ``.parquet`` or ``.csv`` file to write them to; its path is then what is given back.

        Returns
        -------
        A column of the user's own library, one value for each row that the fit used. With `tail` a table: surprise,
        expected (its mean under the model, the entropy of the row's distribution) and tail (the probability of a
        surprise at least as large).

        Raises
        ------
        OptionError
            If the family's density has several peaks, so that the tail is no tail.

        Notes
        -----
        The tail is P(f(Y) <= f(y)), taken with the estimates as they are. For a density with one peak it is the
        probability beyond y and beyond the point on the other side where the density is the same.

        Examples
        --------
        >>> import likely as lk
        >>> fit = lk.fit("bernoulli", [1] * 7 + [0] * 3)
        >>> fit.surprise().round(3).tolist()[6:8]
        [0.357, 1.204]
        >>> {name: round(float(column[7]), 3) for name, column in fit.surprise(tail=True).items()}
        {'surprise': 1.204, 'expected': 0.611, 'tail': 0.3}
        """
        from likely.prediction.surprise import surprise

        found = surprise(self.estimates, tail)
        if out is None:
            return found
        from likely.prediction.scores import write_columns

        return write_columns(out, "a file of surprises", found, "surprise")

    def surprising(self, count: int = 10) -> Surprising:
        """The rows that the fitted model expected least, by the probability of a surprise at least as large.

        Parameters
        ----------
        count : int

        Returns
        -------
        Surprising

        Examples
        --------
        >>> import likely as lk
        >>> print(lk.fit("normal", [10.0, 11.0, 9.0, 12.0, 60.0]).surprising(2))
        The least expected of 5 rows (surprise in nats)
        row   y  expected  surprise  on average    tail   share
        -------------------------------------------------------
          4  60      20.4      5.90        4.41  0.0458  92.9 %
          2   9      20.4      4.07        4.41  0.5653   3.7 %
        Tail: the chance of a surprise at least as large, if the model is true; among 5 rows,
        0.23 would be as surprising as the first.
        """
        from likely.prediction.surprise import surprising

        return surprising(self.estimates, count)

    def residuals(self, kind: str = "quantile", *, seed: int = 0, out: str | Path | None = None) -> NativeColumn | Path:
        """Residuals of every row that the fit used.

        Parameters
        ----------
        kind : str
            "quantile" (Dunn and Smyth 1996): the normal quantile of the fitted cdf at y, drawn uniformly over the jump
            of a discrete cdf; standard normal if the model holds, whatever its family. "response": y - mean, and
            y - quantile for a quantile regression.

            Of a linear or generalised linear model, as R and Stata have them. "pearson": (y - mean)/sqrt(V), V the
            variance as a function of the mean, without the dispersion. "deviance": the signed root of the row's part of
            the deviance. "anscombe": (A(y) - A(mean))/(A'(mean) sqrt(V)) with A' = V^(-1/3): closer to normal than
            Pearson's (Anscombe 1953; McCullagh and Nelder 1989, section 2.4). "standardized": the deviance residual
            divided by sqrt(phi (1 - h)), with h the row's leverage and phi the dispersion, 1 for counts and chances and
            else Pearson's with divisor n - p: R's ``rstandard``; of a linear model, the residual in its standard
            deviations.
            "standardized_pearson": Pearson's in the place of the deviance residual. "studentized": R's ``rstudent``,
            with the dispersion estimated without the row.

            Of other models "pearson" is (y - mean)/sd, "standardized" Pearson's divided by sqrt(1 - h), and "deviance"
            and "anscombe", where there are any, are divided by the root of the row's own dispersion.
        seed : int
            For the quantile residuals of discrete data.
        out : str or Path, optional
            A ``.parquet`` or ``.csv`` file to write them to; its path is then what is given back.

        Returns
        -------
        A column of the user's own library, or an array.

        Raises
        ------
        UnknownNameError
            For another kind.
        OptionError
            If the family has no residuals of this kind.

        Notes
        -----
        A row of frequency weight w is w observations, and its residual is that of each. A mean of w units (analytic
        weights) has w times less variance, which all but "response" take into account.

        A continuous observation on the very end of its fitted support, such as the extremes under a Uniform, has a cdf
        of exactly 0 or 1; it takes the level 1/(2 n) of that end.

        Examples
        --------
        >>> import likely as lk
        >>> fit = lk.fit("normal", [1.0, 2.0, 3.0, 6.0])
        >>> fit.residuals().round(3).tolist()
        [-1.069, -0.535, 0.0, 1.604]
        >>> fit.residuals("response").tolist()
        [-2.0, -1.0, 0.0, 3.0]
        """
        from likely.prediction.residuals import residuals

        found = residuals(self.estimates, kind, seed=seed)
        if out is None:
            return found
        from likely.prediction.scores import write_columns

        return write_columns(out, "a file of residuals", found, "residual")

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
            If single rows have no influence that one step could tell (strata, densities of functions, corners,
            penalties); the message says why.

        Notes
        -----
        Without row i of weight w the peak moves, in one Newton step with expected information, by
        V X' (1 - w W A)^-1 w g, with g the row's score and W its information in its linear predictors, V the inverse of
        the whole information and A = X V X'. For a linear model that is exact.

        Examples
        --------
        >>> import likely as lk
        >>> influence = lk.fit("normal", [10.0, 11.0, 9.0, 12.0, 60.0]).influence()
        >>> print(influence.top(2))
        The most influential of 5 rows, one step without each
        row   y    Cook  leverage  moves most  with it  without  pull (SE)
        ------------------------------------------------------------------
          4  60   0.997       0.2  sd          19.8252   13.643      +1.18
          2   9  0.0827       0.2  mean           20.4    23.25      -0.32
        >>> round(float(influence.pull("mean")[4]), 2)
        1.12
        """
        from likely.prediction.influence import influence

        return influence(self.estimates)
