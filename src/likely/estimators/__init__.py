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
from likely.estimators.scoring import log_likelihood

if TYPE_CHECKING:
    from likely.estimators.neural import NeuralRegressor

__all__ = ["MLEClassifier", "MLERegressor", "NeuralRegressor", "log_likelihood"]


def __getattr__(name: str) -> Any:
    if name == "NeuralRegressor":  # which needs PyTorch
        from likely.estimators.neural import NeuralRegressor

        return NeuralRegressor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
