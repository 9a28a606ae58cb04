"""NeuralRegressor: a small network gives every parameter of a family, trained by maximum likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import validate_data

from likely.data.alignment import refuse_another_order
from likely.errors import (
    LikelyError,
    OptionError,
    SupportError,
    first_rows,
    is_one_of,
    listed,
    unknown,
)
from likely.estimators.arguments import (
    checked_weights,
    numbers,
    quantile_level,
    refuse_text,
    require_plain_numbers,
)
from likely.estimators.neural import file
from likely.estimators.neural.base import NeuralEstimator
from likely.estimators.neural.levels import Levels
from likely.estimators.neural.network import beginning
from likely.families import get_family
from likely.families.base import Family
from likely.losses.torch import NLLLoss
from likely.models.checks import check_level
from likely.namespace.arrays import Floats
from likely.namespace.numpy import NumpyNamespace


class NeuralRegressor(RegressorMixin, NeuralEstimator):
    """Regression by a neural network that gives every parameter of a family, as a scikit-learn estimator.

    Parameters
    ----------
    family : str or Family
        How the response came to be, given the predictors. Known parameters are numbers.
    hidden : int or sequence of int
        Sizes of the hidden layers; ``()`` is a linear model.
    activation : {"silu", "relu", "gelu", "tanh"}
    dropout : float
    link : str or dict by parameter, optional
    constant : str or sequence of str
        Parameters with one value for all rows, learned with the rest: ``("sd",)`` is the usual network with squared
        error.
    learning_rate, batch_size, max_epochs, weight_decay
        Of the training, see `likely.losses.torch.train`.
    validation_fraction : float
        Share of the rows that is held out: training stops when their log-likelihood gets no better, and they calibrate
        the quantiles.
    patience : int
        Epochs without a better held-out log-likelihood after which training stops.
    calibrate : bool
        Whether quantiles and intervals take the levels that the held-out rows show to be right (from 30 such rows on).
    random_state : int, RandomState or None
    progress : None, "auto" or bool

    Attributes
    ----------
    network_ : torch.nn.Module
    training_ : likely.losses.torch.Training
        How it went, epoch by epoch.
    levels_ : Levels or None
        The calibration of quantiles.
    n_features_in_, feature_names_in_, n_iter_
        As everywhere in scikit-learn.

    Raises
    ------
    MissingDependencyError
        On import, if PyTorch is not installed.

    Notes
    -----
    Predictors are standardised inside, and each head starts at the estimate of a constant, so neither the units of X
    nor those of y matter. Calibration follows `likely.estimators.neural.levels`; as the rows that calibrate have also
    chosen when to stop, its guarantee is approximate.

    Examples
    --------
    >>> import numpy as np
    >>> from likely.estimators import NeuralRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(-2, 2, size=(600, 1))
    >>> y = rng.normal(np.sin(2 * X[:, 0]), 0.1 + 0.2 * np.abs(X[:, 0]))
    >>> model = NeuralRegressor("normal", hidden=(32,), learning_rate=0.01, max_epochs=60).fit(X, y)
    >>> sd = model.predict_parameters([[0.0], [2.0]])["sd"]
    >>> bool(sd[1] > 2 * sd[0])  # the noise grows away from 0, and the network has seen it
    True
    """

    def __init__(
        self,
        family: Any = "normal",
        *,
        hidden: Any = (64, 64),
        activation: str = "silu",
        dropout: float = 0.0,
        link: Any = None,
        constant: str | Sequence[str] = (),
        learning_rate: float = 1e-3,
        batch_size: int = 256,
        max_epochs: int = 200,
        weight_decay: float = 1e-4,
        validation_fraction: float = 0.1,
        patience: int = 20,
        calibrate: bool = True,
        random_state: Any = 0,
        progress: Any = None,
    ) -> None:
        self.family = family
        self.hidden = hidden
        self.activation = activation
        self.dropout = dropout
        self.link = link
        self.constant = constant
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.weight_decay = weight_decay
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.calibrate = calibrate
        self.random_state = random_state
        self.progress = progress

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        try:
            tags.target_tags.positive_only = get_family(self.family).support.lower >= 0.0
        except LikelyError:  # a wrong name is for fit to tell
            tags.target_tags.positive_only = False
        return tags

    # -- training ------------------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NeuralRegressor:
        """Train the network.

        Parameters
        ----------
        X : array_like, shape (n, n_features)
        y : array_like, shape (n,)
        sample_weight : array_like, shape (n,), optional
            How many times each row counts.

        Returns
        -------
        NeuralRegressor
            The same object, trained.

        Raises
        ------
        SupportError
            If a response cannot be observed under the family.
        DataError
            If the response is text.
        OptionError
            If an option cannot be used.
        """
        family = get_family(self.family)
        criterion = self._criterion(family)
        refuse_text(y, family, "NeuralClassifier")
        refuse_another_order("X", X, y=y, sample_weight=sample_weight)
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=2)
        y = y.astype(float)
        w = checked_weights(sample_weight, X)
        counted = np.ones(len(y), dtype=bool) if w is None else w > 0
        if not np.all(fine := family.inside(y, family.known) | ~counted):
            rows = np.flatnonzero(~fine)
            raise SupportError(
                f"{family.title} is for {family.support.text}, but {len(rows)} of {len(y)} values of y are not: "
                f"{first_rows(rows, y[rows])}"
            )
        if w is not None:
            X, y, w = X[counted], y[counted], w[counted]
        self._family = family
        self._draw_seed()
        held = self._held_out(np.zeros(len(y)))
        learned = ~held
        start, scale = beginning(family, criterion._layout, y[learned], None if w is None else w[learned])
        self._train(criterion, X, y, w, held, start, scale)
        self.levels_ = None
        if self.calibrate and held.any():
            self.levels_ = Levels.learned(self._transforms(X[held], y[held]), None if w is None else w[held])
        return self

    def _criterion(self, family: Family) -> NLLLoss:
        """The loss, after a look at the options that shape the network."""
        require_plain_numbers(family)
        if family.kind.labels:
            raise OptionError(f"{family.title} is for labels, and this is a regressor: use NeuralClassifier")
        self._check_options()
        criterion = NLLLoss(family, link=self.link)
        if criterion._layout.given:
            raise OptionError(
                f"{family.title} needs its {listed(criterion._layout.given)}: one number, "
                f"lk.{family.title}({criterion._layout.given[0]}=10)"
            )
        for name in self._constants:
            if not is_one_of(name, criterion.heads):
                raise unknown("parameter", name, criterion.heads, " to hold constant")
        self._heads, self._links = criterion.heads, dict(criterion._layout.links)
        return criterion

    def _transforms(self, X: Any, y: Any) -> Floats:
        """Probability integral transforms, drawn over the jump of a discrete distribution."""
        params = self._parameters(X)
        above = np.asarray(self._family.cdf(y, **params))
        if not self._family.kind.discrete:
            return above
        below = np.asarray(self._family.cdf(y - 1.0, **params))
        return below + np.random.default_rng(self._seed).random(len(y)) * (above - below)

    # -- prediction ----------------------------------------------------------------------------------------

    def _parameters(self, X: Any) -> dict[str, Any]:
        """Every predicted parameter of every row, on its natural scale."""
        output = self._outputs(X)
        xp = NumpyNamespace()
        out = {}
        for k, name in enumerate(self._heads):
            p = self._family.parameter(name)
            with np.errstate(all="ignore"):
                out[name] = p.domain.get_link(name, self._links[name]).inverse(output[:, k], xp)
        return out

    def predict_parameters(self, X: Any) -> dict[str, Any]:
        """Every parameter of the family for every row.

        Parameters
        ----------
        X : array_like, shape (n, n_features)

        Returns
        -------
        dict of str to ndarray, shape (n,)
        """
        return self._parameters(self._checked(X))

    def predict(self, X: Any) -> Any:
        """The expected response of every row; the median where the family has no mean.

        For `AsymmetricLaplace`, which is quantile regression, the quantile.

        Parameters
        ----------
        X : array_like, shape (n, n_features)

        Returns
        -------
        ndarray, shape (n,)
        """
        params = self.predict_parameters(X)
        with np.errstate(all="ignore"):
            of = self._family.predicted
            found = self._family.mean(**params) if of is None else params[of]
            mean = np.array(np.broadcast_to(found, len(next(iter(params.values())))), dtype=float)
        if np.any(none := ~np.isfinite(mean)):
            mean[none] = np.broadcast_to(self._family.quantile(0.5, **params), mean.shape)[none]
        return mean

    def predict_quantile(self, X: Any, q: float = 0.5) -> Any:
        """A quantile of every row's distribution, calibrated on the held-out rows.

        Parameters
        ----------
        X : array_like, shape (n, n_features)
        q : float
            Between 0 and 1.

        Returns
        -------
        ndarray, shape (n,)
        """
        q = quantile_level(q)
        params = self.predict_parameters(X)
        level = q if self.levels_ is None else float(self.levels_(q))
        return np.array(np.broadcast_to(self._family.quantile(level, **params), len(next(iter(params.values())))))

    def predict_interval(self, X: Any, level: float = 0.9) -> Any:
        """The interval that holds a new observation of each row with probability `level`, calibrated.

        Parameters
        ----------
        X : array_like, shape (n, n_features)
        level : float

        Returns
        -------
        ndarray, shape (n, 2)
            Equal-tailed.
        """
        tail = 0.5 * (1.0 - check_level(level))
        return np.column_stack([self.predict_quantile(X, q) for q in (tail, 1.0 - tail)])

    def sample(self, X: Any, size: int = 1, seed: int = 0) -> Any:
        """Responses drawn from every row's distribution.

        Parameters
        ----------
        X : array_like, shape (n, n_features)
        size : int
        seed : int

        Returns
        -------
        ndarray, shape (size, n)
        """
        params = self.predict_parameters(X)
        n = len(next(iter(params.values())))
        return self._family.sample(size=(size, n), seed=seed, **params)

    # -- scores --------------------------------------------------------------------------------------------

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R² of the predictions, as for every regressor of scikit-learn; see `log_likelihood` for the fair score.

        Parameters
        ----------
        X, y : array_like
        sample_weight : array_like, optional

        Returns
        -------
        float
        """
        refuse_another_order("X", X, y=y, sample_weight=sample_weight)
        return float(r2_score(y, self.predict(X), sample_weight=sample_weight))

    def log_likelihood(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The mean log-density of `y` under the network's distributions: higher is better.

        Parameters
        ----------
        X, y : array_like
        sample_weight : array_like, optional

        Returns
        -------
        float
            In nats per row; minus infinity where a value of `y` cannot occur.
        """
        refuse_another_order("X", X, y=y, sample_weight=sample_weight)
        params = self.predict_parameters(X)
        y = numbers(y, self._family, len(next(iter(params.values()))), "NeuralClassifier")
        return float(np.average(self._family.log_prob(y, **params), weights=checked_weights(sample_weight, X)))

    # -- files ---------------------------------------------------------------------------------------------

    def _metadata(self) -> tuple[dict[str, Any], dict[str, Any]]:
        family = self._family
        known = {name: float(value) for name, value in family.known.items()}
        levels = (
            {} if self.levels_ is None else {"transforms": self.levels_.transforms, "expected": self.levels_.expected}
        )
        return {"family": family.name, "known": known, "calibrated": self.levels_ is not None}, levels

    def _restore(self, metadata: dict[str, Any], arrays: dict[str, Any]) -> None:
        self.family = self._family = family = file.family_of(metadata)
        self._criterion(family)
        self.levels_ = Levels(arrays["transforms"], arrays["expected"]) if metadata["calibrated"] else None

    @classmethod
    def load(cls, path: Any, family: Any = None) -> NeuralRegressor:
        """A network that `save` has written.

        Parameters
        ----------
        path : path
        family : Family, optional
            Needed for a family of one's own, whose density the file does not hold.

        Returns
        -------
        NeuralRegressor

        Raises
        ------
        DataError
            If the file is none.
        OptionError
            If the family is one's own and was not given, or is another one.
        """
        return cls._loaded(path, None if family is None else get_family(family))
