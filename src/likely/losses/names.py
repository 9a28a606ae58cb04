"""The names that losses go by elsewhere, and the assumption behind each: the only list of them.

``theirs = ratio * ours + a constant``: a test compares every form with the loss it names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.families import (
    AsymmetricLaplace,
    Bernoulli,
    Categorical,
    Gamma,
    Huber,
    InverseGaussian,
    Laplace,
    Logistic,
    LogNormal,
    Normal,
    Poisson,
)
from likely.families.base import Family
from likely.families.base.domains import Real
from likely.families.custom import family as own_family

LIBRARIES = ("scikit-learn", "PyTorch", "XGBoost", "LightGBM")


@final
@dataclass(frozen=True)
class Form:
    """A loss as others know it.

    Attributes
    ----------
    family : callable
        Its settings -> the family, with the constants that the loss fixes; or why there is none.
    names : mapping of str to tuple of str
        By library (``""`` for names in common use).
    scale : {"natural", "link"}
        What its predictions are.
    link : str, optional
    ratio : callable
        Its settings -> how many times ours it is.
    settings : mapping of str to float
        What can be set, with the defaults of where it comes from.
    note : str
        What else there is to know.
    """

    family: Callable[..., Family | str]
    names: Mapping[str, tuple[str, ...]]
    scale: str = "natural"
    link: str | None = None
    ratio: Callable[..., float] = lambda **settings: 1.0
    settings: Mapping[str, float] | None = None
    note: str = ""


def _half(**settings: float) -> float:
    return 0.5


def _twice(**settings: float) -> float:
    return 2.0


def _hyperbolic(delta: float) -> Family:
    """The symmetric hyperbolic distribution whose loss is the pseudo-Huber loss."""
    from scipy.special import k1e

    constant = float(np.log(2.0 * delta * k1e(delta * delta)))

    def hyperbolic(y: Any, loc: Any, xp: Any) -> Any:
        z = (y - loc) / delta
        return -(delta * delta) * (xp.sqrt(1.0 + z * z) - 1.0) - constant

    return own_family(params={"loc": Real}, support="real", loss_name="pseudo-Huber loss")(hyperbolic)()


def tweedie(power: float) -> Family | str:
    whole: dict[float, Family] = {0.0: Normal(), 1.0: Poisson(), 2.0: Gamma(), 3.0: InverseGaussian()}
    if power in whole:
        return whole[power]
    return (
        f"the Tweedie deviance of power {power:g} is a likelihood, that of a sum of a Poisson number of gamma amounts"
        if 1.0 < power < 2.0
        else f"the Tweedie deviance of power {power:g} is the likelihood of another exponential dispersion model"
    ) + "; there is no family of it here. Powers 0, 1, 2 and 3 are Normal, Poisson, Gamma and InverseGaussian"


def _deviance_ratio(power: float) -> float:
    return 1.0 if power in (0.0, 3.0) else 2.0


POWER = "the power says how the variance grows with the mean"
ROWS = "all rows have one and the same spread"
FORMS: tuple[Form, ...] = (
    Form(
        Normal,
        {
            "": ("mse", "l2", "squared error", "least squares", "ols", "quadratic loss"),
            "scikit-learn": ("mean_squared_error", "neg_mean_squared_error", "squared_error", "friedman_mse"),
            "PyTorch": ("MSELoss", "mse_loss"),
        },
        note="it is the negative log-likelihood times 2 sd^2, whatever sd is, as long as " + ROWS,
    ),
    Form(
        Normal,
        {
            "XGBoost": ("reg:squarederror", "reg:linear"),
            "LightGBM": ("regression", "regression_l2", "l2_root"),
            "": ("half squared error",),
        },
        ratio=_half,
        note="it is the negative log-likelihood times sd^2, whatever sd is, as long as " + ROWS,
    ),
    Form(
        Normal,
        {
            "": ("rmse", "root mean squared error", "r2", "r squared"),
            "scikit-learn": (
                "root_mean_squared_error",
                "neg_root_mean_squared_error",
                "r2_score",
            ),
        },
        note="as a function of the mean squared error alone, it orders models as the squared error does",
    ),
    Form(
        LogNormal,
        {
            "": ("msle", "rmsle"),
            "scikit-learn": ("mean_squared_log_error", "neg_mean_squared_log_error", "root_mean_squared_log_error"),
            "XGBoost": ("reg:squaredlogerror",),
        },
        scale="log1p",
        note="1 + y is log-normal, its mu being log(1 + prediction); the prediction estimates the median, not the mean",
    ),
    Form(
        Laplace,
        {
            "": ("mae", "l1", "absolute error", "least absolute deviations", "lad"),
            "scikit-learn": (
                "mean_absolute_error",
                "neg_mean_absolute_error",
                "absolute_error",
                "d2_absolute_error_score",
            ),
            "PyTorch": ("L1Loss", "l1_loss"),
            "XGBoost": ("reg:absoluteerror",),
            "LightGBM": ("regression_l1",),
        },
        note="it is the negative log-likelihood times the scale, whatever that is, as long as " + ROWS,
    ),
    Form(
        lambda alpha: AsymmetricLaplace(tau=alpha, scale=1.0),
        {
            "": ("pinball", "check loss"),
            "scikit-learn": ("mean_pinball_loss", "pinball_loss", "d2_pinball_score", "quantile"),
            "XGBoost": ("reg:quantileerror",),
            "LightGBM": ("quantile",),
        },
        settings={"alpha": 0.5},
        note="the prediction is the quantile at level tau; the scale may be anything, as long as " + ROWS,
    ),
    Form(
        lambda delta: Huber(k=delta, scale=1.0),
        {
            "": ("huber",),
            "PyTorch": ("HuberLoss", "huber_loss"),
            "LightGBM": ("huber",),
            "scikit-learn": ("huber",),
        },
        settings={"delta": 1.0},
        note="normal errors of standard deviation 1 in the units of y, exponential beyond delta",
    ),
    Form(
        lambda beta: Huber(k=float(np.sqrt(beta)), scale=float(np.sqrt(beta))),
        {"": ("smooth l1",), "PyTorch": ("SmoothL1Loss", "smooth_l1_loss")},
        settings={"beta": 1.0},
        note="Huber's loss divided by beta: k = scale = sqrt(beta) make it the negative log-likelihood itself",
    ),
    Form(
        _hyperbolic,
        {"": ("pseudo huber",), "XGBoost": ("reg:pseudohubererror",)},
        ratio=lambda delta: delta * delta,
        settings={"delta": 1.0},
        note="a hyperbolic distribution: normal in the middle, exponential in the tails, without a corner between them",
    ),
    Form(
        lambda: Logistic(scale=0.5),
        {"": ("log cosh", "logcosh")},
        ratio=_half,
        note="a logistic distribution of scale 1/2 in the units of y; log cosh is half its loss, less log 2",
    ),
    Form(
        Bernoulli,
        {
            "": ("bce", "binary cross entropy", "logistic loss"),
            "scikit-learn": ("log_loss", "neg_log_loss", "d2_log_loss_score"),
            "PyTorch": ("BCELoss", "binary_cross_entropy"),
        },
        note="predictions are probabilities",
    ),
    Form(
        Bernoulli,
        {
            "": ("bce with logits", "logit loss"),
            "PyTorch": ("BCEWithLogitsLoss", "binary_cross_entropy_with_logits"),
            "XGBoost": ("binary:logistic", "binary:logitraw", "reg:logistic"),
            "LightGBM": ("binary", "cross_entropy", "xentropy"),
        },
        scale="link",
        note="predictions are logits; a weight of the positive class counts each yes that many times",
    ),
    Form(
        Bernoulli,
        {"PyTorch": ("SoftMarginLoss", "soft_margin_loss")},
        scale="link",
        note="predictions are logits; the labels are called -1 and 1",
    ),
    Form(
        Categorical,
        {
            "": ("softmax", "softmax loss", "categorical crossentropy", "sparse categorical crossentropy"),
            "PyTorch": ("CrossEntropyLoss", "cross_entropy"),
            "XGBoost": ("multi:softprob", "multi:softmax"),
            "LightGBM": ("multiclass",),
        },
        scale="link",
        note="predictions are logits, one for each label",
    ),
    Form(
        Categorical,
        {
            "PyTorch": ("NLLLoss", "nll_loss"),
            "scikit-learn": ("entropy",),
            "": ("cross entropy", "crossentropy", "ce"),
        },
        note="predictions are the labels' probabilities (their logarithms, for NLLLoss)",
    ),
    Form(
        Poisson,
        {
            "": ("poisson deviance",),
            "scikit-learn": ("mean_poisson_deviance", "neg_mean_poisson_deviance"),
        },
        ratio=_twice,
        note="predictions are expected counts; the deviance is twice the loss",
    ),
    Form(
        Poisson,
        {
            "": ("poisson nll", "poisson"),
            "PyTorch": ("PoissonNLLLoss", "poisson_nll_loss"),
            "XGBoost": ("count:poisson",),
            "LightGBM": ("poisson",),
            "scikit-learn": ("poisson",),
        },
        scale="link",
        note="predictions are logarithms of the expected counts; terms of y alone are left out",
    ),
    Form(
        Poisson,
        {"": ("poisson nll of rates",)},
        note="predictions are expected counts; terms of y alone are left out",
    ),
    Form(
        Gamma,
        {"": ("gamma deviance",), "scikit-learn": ("mean_gamma_deviance", "neg_mean_gamma_deviance")},
        ratio=_twice,
        note="it is the negative log-likelihood times 2/shape, whatever the shape is, as long as all rows share it",
    ),
    Form(
        Gamma,
        {"XGBoost": ("reg:gamma",), "LightGBM": ("gamma",), "scikit-learn": ("gamma",), "": ("gamma nll",)},
        scale="link",
        link="log",
        note="predictions are logarithms of the expected amounts; the shape is anything, as long as all rows share it",
    ),
    Form(
        tweedie,
        {"scikit-learn": ("mean_tweedie_deviance", "d2_tweedie_score")},
        settings={"power": 0.0},
        ratio=_deviance_ratio,
        note=POWER,
    ),
    Form(
        tweedie,
        {
            "": ("tweedie",),
            "XGBoost": ("reg:tweedie",),
            "LightGBM": ("tweedie",),
        },
        settings={"power": 1.5},
        ratio=_deviance_ratio,
        note=POWER,
    ),
    Form(
        Normal,
        {"": ("gaussian nll", "heteroscedastic mse"), "PyTorch": ("GaussianNLLLoss", "gaussian_nll_loss")},
        scale="both heads",
        note="both heads are learnt, as in lk.nll(lk.Normal()), with sd^2 = var; full=True adds log(2 pi)/2",
    ),
)
