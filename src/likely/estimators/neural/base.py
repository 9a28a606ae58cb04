"""What the networks for numbers and for labels share: options, training, outputs, files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from likely.errors import DataError, FitError, LikelyError, OptionError
from likely.errors.kinds import is_number, is_whole
from likely.estimators.neural import file
from likely.estimators.neural.network import Network, check_layers
from likely.families.base import Family
from likely.losses.torch import NLLLoss, train
from likely.models.checks import require_positive, require_whole
from likely.namespace.arrays import Booleans, Floats
from likely.namespace.torch import torch_module

torch = torch_module()


class NeuralEstimator(BaseEstimator):
    """A network whose outputs are the linear predictors of a family."""

    # what the constructors of the concrete classes set
    hidden: Any
    activation: str
    dropout: float
    link: Any
    constant: str | Sequence[str] = ()
    learning_rate: float
    batch_size: int
    max_epochs: int
    weight_decay: float
    validation_fraction: float
    patience: int
    random_state: Any
    progress: Any

    n_features_in_: int
    _heads: tuple[str, ...]  # names of the outputs, in their order

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = self.random_state is None
        return tags

    @property
    def _constants(self) -> tuple[str, ...]:
        return (self.constant,) if isinstance(self.constant, str) else tuple(self.constant or ())

    # -- training ------------------------------------------------------------------------------------------

    def _check_options(self) -> None:
        self._layers = check_layers(self.hidden, self.activation, self.dropout)
        share = self.validation_fraction
        if not is_number(share) or not 0.0 <= share < 1.0:
            raise OptionError(f"validation_fraction is a share from 0 to below 1, found {share!r}")
        require_positive(learning_rate=self.learning_rate)
        require_whole(batch_size=self.batch_size, max_epochs=self.max_epochs, patience=self.patience)

    def _train(
        self, criterion: NLLLoss, X: Any, y: Any, weights: Any, held: Any, start: list[float], scale: list[float]
    ) -> None:
        """Standardise the predictors and train a new network on the rows that are not held out."""
        self._center, self._spread = standardisation(X, weights)
        with torch.random.fork_rng([]):
            torch.manual_seed(self._seed)
            self.network_ = self._network(start, scale)
        checked = bool(held.any())
        standard = self._standard(X)

        def rows(which: Any) -> tuple[Any, ...]:
            return standard[which], y[which], *(() if weights is None else (weights[which],))

        try:
            self.training_ = train(
                self.network_,
                criterion,
                rows(~held),
                validation=rows(held) if checked else None,
                epochs=self.max_epochs,
                batch_size=self.batch_size,
                lr=self.learning_rate,
                weight_decay=self.weight_decay,
                patience=self.patience if checked else None,
                clip=10.0,
                seed=self._seed,
                progress=self.progress,
            )
        except FitError as error:
            what = str(error).partition(":")[0]
            raise FitError(f"{what}: take a smaller learning_rate, or look for outliers in X and y") from None
        self.network_.double()  # what it gives for a row shall not depend on the rows beside it
        self.n_iter_ = self.training_.epochs

    def _network(self, start: Sequence[float], scale: Sequence[float]) -> Network:
        constant = [name in self._constants for name in self._heads]
        return Network(self.n_features_in_, self._layers, self.activation, self.dropout, start, scale, constant)

    def _draw_seed(self) -> None:
        try:
            self._seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        except ValueError:
            raise OptionError(
                f"random_state is a whole number of at least 0, None or a RandomState, found {self.random_state!r}"
            ) from None

    def _held_out(self, groups: Any) -> Booleans:
        """Which rows are held out, from all groups alike; none where there are too few to hold any."""
        n = len(groups)
        held = np.zeros(n, dtype=bool)
        count = round(self.validation_fraction * n)
        if n - count < 2 <= count:
            raise OptionError(
                f"validation_fraction={self.validation_fraction:g} of {n} rows leaves {n - count} to learn from"
            )
        if count >= 5:
            order = np.random.default_rng(self._seed).permutation(n)
            order = order[np.argsort(groups[order], kind="stable")]
            held[order[((np.arange(count) + 0.5) * n / count).astype(int)]] = True
        return held

    # -- outputs -------------------------------------------------------------------------------------------

    def _standard(self, X: Any) -> Floats:
        return (X - self._center) / self._spread

    def _outputs(self, X: Any) -> Floats:
        """The network's outputs for checked rows, shape (n, heads)."""
        with torch.no_grad():
            return self.network_(torch.from_numpy(self._standard(X))).numpy()

    def _checked(self, X: Any) -> Floats:
        check_is_fitted(self)
        return validate_data(self, X, dtype=np.float64, reset=False)

    # -- files ---------------------------------------------------------------------------------------------

    def _metadata(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What a file needs beyond the network: plain facts, and arrays."""
        raise NotImplementedError

    def _restore(self, metadata: dict[str, Any], arrays: dict[str, Any]) -> None:
        """Take over what `_metadata` gave."""
        raise NotImplementedError

    def save(self, path: Any) -> None:
        """Write the trained network to one file of plain numbers, from which `load` makes it again.

        Parameters
        ----------
        path : path
        """
        check_is_fitted(self)
        options = {k: v for k, v in self.get_params(deep=False).items() if k != "family"}
        if not is_whole(self.random_state):
            options["random_state"] = None  # the state of a generator has moved on
        options["hidden"] = list(self._layers)
        if "constant" in options:
            options["constant"] = list(self._constants)
        own, arrays = self._metadata()
        metadata = {
            "estimator": type(self).__name__,
            "options": options,
            "features": getattr(self, "feature_names_in_", np.array([])).tolist(),
            "epochs": self.n_iter_,
            **own,
        }
        weights = {f"network.{name}": value.numpy() for name, value in self.network_.state_dict().items()}
        file.write(path, metadata, {**weights, "center": self._center, "spread": self._spread, **arrays})

    @classmethod
    def _loaded(cls, path: Any, family: Family | None = None) -> Self:
        metadata, arrays = file.read(path)
        try:
            if (kind := metadata["estimator"]) != cls.__name__:
                raise OptionError(f"{path} holds a {kind}: {kind}.load(path) reads it")
            return cls._made(metadata, arrays, family)
        except LikelyError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError) as error:
            raise DataError(
                f"{path} is damaged, or of another version: its parts do not make a {cls.__name__} "
                f"({type(error).__name__}: {str(error).splitlines()[0]})"
            ) from None

    @classmethod
    def _made(cls, metadata: dict[str, Any], arrays: dict[str, Any], family: Family | None) -> Self:
        model = cls(**metadata["options"])
        model.n_features_in_ = len(arrays["center"])
        if metadata["features"]:
            model.feature_names_in_ = np.array(metadata["features"], dtype=object)
        model._check_options()
        if family is not None:
            metadata["given"] = family
        model._restore(metadata, arrays)
        model._center, model._spread = arrays["center"], arrays["spread"]
        zeros = [0.0] * len(model._heads)
        model.network_ = model._network(zeros, zeros)
        model.network_.double()
        weights = {k.removeprefix("network."): torch.tensor(v) for k, v in arrays.items() if k.startswith("network.")}
        model.network_.load_state_dict(weights)
        model.network_.eval()
        model.n_iter_ = metadata["epochs"]
        return model


def standardisation(X: Any, weights: Any) -> tuple[Any, Any]:
    """The mean and the standard deviation of every column; 1 for one that is constant up to rounding."""
    size = np.max(np.abs(X), axis=0)
    size = np.where(size > 0.0, size, 1.0)
    ratio = X / size  # the square of a very large number is none
    center = np.average(ratio, axis=0, weights=weights)
    spread = np.sqrt(np.average((ratio - center) ** 2, axis=0, weights=weights))
    constant = spread <= len(X) * np.finfo(float).eps * np.abs(center)
    return size * center, np.where(constant, 1.0, size * spread)
