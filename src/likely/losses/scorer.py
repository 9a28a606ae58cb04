"""The held-out log-likelihood as a scorer for scikit-learn, of any estimator that predicts a family's parameter."""

from __future__ import annotations

from typing import Any, final

import numpy as np

from likely.errors import DataError, FitError, OptionError
from likely.errors.boundary import public_class
from likely.families import get_family
from likely.families.base import Family, Kind
from likely.families.labels import Labelled
from likely.inference.fitting import estimates_of
from likely.losses.checked import check_values
from likely.losses.given import known_values, require_rows
from likely.losses.log_likelihood import log_likelihood
from likely.losses.nll import NLL


@final
@public_class
class Scorer:
    """A scorer for ``scoring=``: the mean log-density of held-out observations, higher is better.

    Parameters
    ----------
    family : Family or str, optional
        What an estimator's point predictions are taken to be the first parameter of. Its other parameters are known,
        or their maximum likelihood estimates given the predictions on the held-out rows. Without a family, the
        estimator has to state a likelihood itself (`MLERegressor`, `MLEClassifier`), which is scored as it is.

    Raises
    ------
    OptionError
        If the family's first parameter is not what an estimator predicts.

    Examples
    --------
    >>> import numpy as np
    >>> import likely as lk
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn.model_selection import cross_val_score
    >>> x = np.linspace(0, 1, 60)[:, None]
    >>> y = 2 * x[:, 0] + np.random.default_rng(1).normal(scale=0.1, size=60)
    >>> cross_val_score(LinearRegression(), x, y, scoring=lk.scorer(lk.Normal(sd=0.1)), cv=3).shape
    (3,)
    """

    def __init__(self, family: Any = None) -> None:
        self.family: Family | None = None if family is None else get_family(family)
        if self.family is None:
            return
        require_rows(self.family)
        first = self.family.parameters[0]
        if first.name in self.family.known:
            raise OptionError(
                f"{first.name} is known in {self.family!r}, and it is what estimators predict: leave it out"
            )

    def __repr__(self) -> str:
        return f"lk.scorer({'' if self.family is None else repr(self.family)})"

    def __call__(self, estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The score of a fitted estimator on held-out rows.

        Parameters
        ----------
        estimator : object
            With ``predict``, or ``predict_proba`` for a family of labels or of yes and no.
        X, y : array_like
        sample_weight : array_like, optional

        Returns
        -------
        float
            In nats per row; minus infinity where an observation cannot occur.
        """
        if self.family is None:
            own = getattr(estimator, "log_likelihood", None) or getattr(estimator, "steps", None)
            if own is None:
                raise OptionError(
                    f"{type(estimator).__name__} states no likelihood: say which family its predictions belong to, "
                    "such as lk.scorer(lk.Normal())"
                )
            return log_likelihood(estimator, X, y, sample_weight)
        return self._score(self.family, estimator, X, y, sample_weight)

    @staticmethod
    def _score(family: Family, estimator: Any, X: Any, y: Any, w: Any) -> float:
        first = family.parameters[0]
        prediction, y, family = _predictions(family, estimator, X, y)
        check_values(family, first, prediction, None)
        known, by_row = known_values(family, None)
        if not family.kind.labels and not np.all(family.support.contains(y[~np.isnan(y)])):
            return -np.inf
        free = [p for p in family.free if p is not first and p.name not in known and p.name not in by_row]
        if free:
            return _at_the_peak(family, first.name, prediction, y, w)
        mean: Any = NLL(family, reduction="mean")(y, weights=w, **{first.name: prediction})
        return -float(mean)


def _predictions(family: Family, estimator: Any, X: Any, y: Any) -> tuple[Any, Any, Family]:
    """What an estimator predicts for the family's first parameter, and observations to match."""
    if not (isinstance(family, Labelled) or _of_one_chance(family)):
        try:
            return np.asarray(estimator.predict(X), dtype=float), np.asarray(y, dtype=float), family
        except (TypeError, ValueError) as error:
            if np.asarray(y).dtype.kind not in "UO":
                raise
            raise DataError(
                f"{family.title} is for {family.support.text}, and y or the predictions are text"
            ) from error
    if not hasattr(estimator, "predict_proba"):
        raise OptionError(
            f"{type(estimator).__name__} has no predict_proba, and {family.title} is scored by predicted probabilities"
        )
    chances, classes = np.asarray(estimator.predict_proba(X)), list(estimator.classes_)
    if _of_one_chance(family):
        if len(classes) != 2:
            raise OptionError(f"Bernoulli is for two classes, the estimator has {len(classes)}: take lk.Categorical()")
        return chances[:, 1], (np.asarray(y) == classes[1]).astype(float), family
    if family.parameters[0].name != "p":
        raise OptionError(f"{family.title} is not stated by the probabilities of its labels: take lk.Categorical()")
    return chances, y, type(family)(classes)


def _of_one_chance(family: Family) -> bool:
    """Whether the family's first parameter is the probability of a 1."""
    return family.kind is Kind.BINARY and family.parameters[0].name == "p"


def _at_the_peak(family: Family, first: str, prediction: Any, y: Any, w: Any) -> float:
    """The mean log-density with the other parameters at their maximum, given the predictions."""
    held = type(family)(**{**family.known, first: prediction})
    kind = "frequency" if w is None else "importance"
    found = estimates_of(held, y, weights=w, weights_kind=kind, on_failure="return")
    if not found.converged and found.limit is None:
        raise FitError(
            f"the other parameters of {family.title} have no maximum given these predictions ({found.status}): give "
            f"their values, such as lk.scorer(lk.{family.title}({', '.join(f'{n}=1.0' for n in found.coef)}))",
            found,
        )
    return float(found.loglik) / (len(y) if w is None else float(np.sum(w)))
