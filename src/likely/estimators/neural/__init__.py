"""Networks that give every parameter of a family, behind scikit-learn's interface."""

from likely.estimators.neural.classifier import NeuralClassifier
from likely.estimators.neural.regressor import NeuralRegressor

__all__ = ["NeuralClassifier", "NeuralRegressor"]
