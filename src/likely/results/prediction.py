"""What a fit says of data: predictions, simulations and residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from likely.errors.boundary import public_class
from likely.results.values import Values

if TYPE_CHECKING:
    from likely.prediction.influence import Influence
    from likely.prediction.predict import NewRows, PredictOptions
    from likely.prediction.surprise import Surprising


@public_class
class Prediction(Values):
    """Predictions, simulations and residuals of a `likely.Fit`; the work is done in `likely.prediction`."""

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
