"""Models of `likely` behind scikit-learn's interface: fit, predict, score, in pipelines and searches.

scikit-learn is an optional dependency; nothing else in the library imports it.
"""

from __future__ import annotations

from likely.errors import MissingDependencyError

try:
    import sklearn  # noqa: F401
except ImportError as error:
    raise MissingDependencyError(
        "likely.estimators needs scikit-learn, which is not installed: pip install 'likely[sklearn]'"
    ) from error

from typing import TYPE_CHECKING, Any

from likely.estimators.classifier import MLEClassifier
from likely.estimators.regressor import MLERegressor
from likely.losses.log_likelihood import log_likelihood

if TYPE_CHECKING:
    from likely.estimators.neural import NeuralClassifier, NeuralRegressor

__all__ = ["MLEClassifier", "MLERegressor", "NeuralClassifier", "NeuralRegressor", "log_likelihood"]


def __getattr__(name: str) -> Any:
    if name in ("NeuralClassifier", "NeuralRegressor"):  # which need PyTorch
        from likely.estimators import neural

        return getattr(neural, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
