"""What a fit says of data: predictions, simulations and residuals."""

from __future__ import annotations

from typing import Any

from likely.result.estimates import Estimates


class Prediction(Estimates):
    """Predictions, simulations and residuals of a `likely.result.Fit`; the work is done in `likely.derive`."""

    def predict(self: Any, new: Any = None, what: str = "mean", **options: Any) -> Any:
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

    def simulate(self: Any, size: int | None = None, *, new: Any = None, seed: Any = None, **given: Any) -> Any:
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

    def surprise(self: Any) -> Any:
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

    def residuals(self: Any, kind: str = "quantile", *, seed: int = 0) -> Any:
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
