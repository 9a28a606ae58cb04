"""Which assumption a loss makes: from a name, a metric, a scorer, an estimator or a loss module to a family."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from likely.errors import OptionError, unknown
from likely.errors.boundary import public
from likely.families import get_family, means_family
from likely.families.base import Family
from likely.losses.loss import Loss
from likely.losses.names import FORMS, LIBRARIES, Form
from likely.losses.not_likelihoods import NOT_LIKELIHOODS

# estimators whose loss is no setting of theirs -> the name of it
ESTIMATORS: dict[str, str] = {
    **dict.fromkeys(
        ("LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV", "LassoLars", "Lars"),
        "mse",
    ),
    **dict.fromkeys(("BayesianRidge", "ARDRegression", "MLPRegressor", "GaussianProcessRegressor"), "mse"),
    **dict.fromkeys(("XGBRegressor",), "reg:squarederror"),
    **dict.fromkeys(("XGBClassifier",), "binary:logistic"),
    **dict.fromkeys(("LGBMRegressor",), "regression"),
    **dict.fromkeys(("LGBMClassifier",), "binary"),
    **dict.fromkeys(("LogisticRegression", "LogisticRegressionCV", "MLPClassifier"), "bce with logits"),
    "PoissonRegressor": "poisson nll",
    "GammaRegressor": "gamma nll",
    "TweedieRegressor": "tweedie",
    "QuantileRegressor": "pinball",
    "HuberRegressor": "huber",
    "SVC": "svc",
    "SVR": "svr",
    "AdaBoostClassifier": "adaboost",
}
REMARKS = {
    "HuberRegressor": (
        "here both count in units of a scale that is estimated along with the coefficients, and not by maximum "
        "likelihood"
    ),
    "Ridge": "the penalty is a Normal prior of the coefficients, lk.Ridge()",
    "RidgeCV": "the penalty is a Normal prior of the coefficients, lk.Ridge()",
    "Lasso": "the penalty is a Laplace prior of the coefficients, lk.Lasso()",
    "LassoCV": "the penalty is a Laplace prior of the coefficients, lk.Lasso()",
    "ElasticNet": "the penalty is a prior of the coefficients between Normal and Laplace, lk.ElasticNet()",
    "LogisticRegression": "the penalty C, unless it is infinite, is a Normal prior of the coefficients, lk.Ridge()",
}
# what a form can have set -> what estimators call it, the most telling name first
ATTRIBUTES = {
    "alpha": ("quantile", "quantile_alpha", "alpha"),
    "delta": ("epsilon", "huber_slope", "delta", "alpha"),
    "beta": ("beta",),
    "power": ("power", "tweedie_variance_power"),
}
LIBRARY = {"sklearn": "scikit-learn", "torch": "PyTorch", "xgboost": "XGBoost", "lightgbm": "LightGBM"}
Asked = tuple[str, str, str, dict[str, float], str]  # how to call it, its name, library, settings, what to add


@final
@dataclass(frozen=True)
class Assumption:
    """What a loss assumes.

    Attributes
    ----------
    given : str
        What was asked about.
    family : Family or None
        The assumption; None where the loss is no log-likelihood, or of no family here.
    scale : {"natural", "link"}
        What its predictions are.
    link : str or None
        The link, where predictions are on its scale.
    ratio : float
        How many times the family's loss it is, constants aside.
    why : str
        The constants in words; what it is instead where it is no likelihood.
    """

    given: str
    family: Family | None
    scale: str
    link: str | None
    ratio: float
    why: str

    def __bool__(self) -> bool:
        return self.family is not None

    @property
    def loss(self) -> Loss:
        """The loss of the family, on the scale of the predictions.

        Raises
        ------
        OptionError
            If the loss is no likelihood.
        """
        if self.family is None:
            raise OptionError(f"{self.given} has no family: {self.why}")
        return Loss(self.family, scale="link" if self.scale == "link" else "natural", link=self.link)

    def __str__(self) -> str:
        if self.family is None:
            return f"{self.given}: not the likelihood of a family. {_sentence(self.why)}"
        believes = self.family.assumes or "a density of its own"
        parts = [f"{self.given}: the negative log-likelihood of {self.family!r}. What it believes: {believes}."]
        if self.ratio != 1.0:
            parts.append(f"It is {self.ratio:g} times {self.loss.name}, up to terms of y alone.")
        parts.append(_sentence(self.why))
        return " ".join(parts)

    __repr__ = __str__


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


@public
def assumption_of(loss: Any, **settings: float) -> Assumption:
    """The assumption that a loss makes about how the data came to be.

    Parameters
    ----------
    loss : str or object
        The name of a loss, metric or objective ("mae", "neg_log_loss", "reg:gamma"); a metric, scorer or estimator of
        scikit-learn, also as the last step of a pipeline or in a search; a loss module of PyTorch; an estimator of
        XGBoost or LightGBM; whatever is made here from a family.
    **settings : float
        What a name leaves open: ``alpha=`` of a quantile, ``delta=`` of Huber's loss, ``power=`` of a deviance.

    Returns
    -------
    Assumption
        False in a condition where the loss is no log-likelihood; it says why.

    Raises
    ------
    UnknownNameError
        If there is no loss of that name in the list.
    OptionError
        If a setting does not belong to the loss.

    Examples
    --------
    >>> import likely as lk
    >>> lk.assumption_of("mae").family
    Laplace()
    >>> lk.assumption_of("reg:quantileerror", alpha=0.9).family
    AsymmetricLaplace(tau=0.9, scale=1.0)
    >>> bool(lk.assumption_of("hinge"))
    False
    """
    if isinstance(loss, Family) or (isinstance(loss, type) and issubclass(loss, Family)):
        return _own(repr(loss), get_family(loss))
    loss = _inner(loss)
    if isinstance(family := getattr(loss, "family", None), Family):  # a loss, module, objective or scorer made here
        link = getattr(loss, "link", None) if isinstance(loss, Loss) else None
        return Assumption(repr(loss), family, "natural" if link is None else "link", link, 1.0, "derived from it")
    given, name, library, found, extra = _asked(loss)
    found = {**found, **settings}
    key = _key(name)
    if (why := _REASONS.get(key)) is not None:
        return Assumption(given, None, "natural", None, 1.0, why)
    form = _form(key, library)
    if form is None:
        if isinstance(loss, str) and means_family(loss):
            return _own(given, get_family(loss))
        raise unknown("loss", name, sorted(_CHOICES), aliases=list(_FORMS))
    return _assumption(given, form, found, set(settings), extra)


def _own(given: str, family: Family) -> Assumption:
    return Assumption(given, family, "natural", None, 1.0, f"its own loss, {family.loss_name}")


def _assumption(given: str, form: Form, found: Mapping[str, float], asked: set[str], extra: str) -> Assumption:
    defaults = dict(form.settings or {})
    if wrong := asked - set(defaults):
        takes = f"takes {', '.join(defaults)}" if defaults else "has nothing to set"
        raise OptionError(f"{given} has no setting {sorted(wrong)[0]!r}: it {takes}")
    values = {name: float(found.get(name, default)) for name, default in defaults.items()}
    family = form.family(**values)
    note = form.note + (f". {extra[:1].upper()}{extra[1:]}" if extra else "")
    if isinstance(family, str):
        return Assumption(given, None, "natural", None, 1.0, family)
    link = None
    if form.scale == "link":
        p = family.parameters[0]
        link = p.domain.get_link(p.name, form.link).name
    return Assumption(given, family, form.scale, link, form.ratio(**values), note)


def _key(name: str) -> str:
    """A name without what people write differently."""
    key = name.lower().translate(str.maketrans("", "", " -_."))
    return key.removesuffix("loss") if key.endswith("loss") and len(key) > len("loss") + 2 else key


_REASONS = {_key(name): why for names, why in NOT_LIKELIHOODS.items() for name in names}
_FORMS: dict[str, dict[str, Form]] = {}
for _f in FORMS:
    for _library, _names in _f.names.items():
        for _name in _names:
            _FORMS.setdefault(_key(_name), {}).setdefault(_library, _f)
_CHOICES = {name for form in FORMS for names in form.names.values() for name in names}

SEVERAL_LABELS = {**dict.fromkeys(("bcewithlogits", "binary:logistic", "binary"), "softmax"), "log": "cross entropy"}
SHARES = ("TreeClassifier", "ForestClassifier", "TreesClassifier")  # whose predictions are probabilities from the first


def _form(key: str, library: str) -> Form | None:
    """The form of this name, as the library that it comes from means it."""
    found = _FORMS.get(key)
    if found is None:
        return None
    return next((found[k] for k in (library, "", *LIBRARIES) if k in found), None)


def _asked(loss: Any) -> Asked:
    """What was asked about."""
    if isinstance(loss, str):
        return loss, loss, "", {}, ""
    library = LIBRARY.get((getattr(loss, "__module__", None) or "").partition(".")[0], "")
    if (metric := getattr(loss, "_score_func", None)) is not None:
        given = getattr(loss, "_kwargs", {})
        settings = {name: float(value) for name, value in given.items() if name in ATTRIBUTES}
        return f"the scorer of {metric.__name__}", metric.__name__, "scikit-learn", settings, ""
    if inspect.isroutine(loss):
        return loss.__name__, loss.__name__, library, {}, ""
    title = loss.__name__ if isinstance(loss, type) else type(loss).__name__
    return _torch(title, loss) if library == "PyTorch" else _estimator(title, loss, library)


def _inner(loss: Any) -> Any:
    """What states the loss: the last step of a pipeline, what a search fits, an objective of one's own."""
    if isinstance(steps := getattr(loss, "steps", None), list) and steps:
        return _inner(steps[-1][1])
    if type(loss).__name__.endswith("SearchCV"):
        return _inner(loss.estimator)
    stated = getattr(loss, "objective", None)
    return stated if hasattr(loss, "get_params") and isinstance(getattr(stated, "family", None), Family) else loss


def _estimator(title: str, loss: Any, library: str) -> Asked:
    """An estimator, by its own setting of a loss or by what it is."""
    stated = [getattr(loss, name, None) for name in ("objective", "loss", "criterion")]
    if callable(stated[0]):
        raise OptionError(
            f"{title} has an objective of its own, {getattr(stated[0], '__name__', stated[0])!s}, whose density is not "
            "known: write it with @lk.family, and lk.loss tells what it assumes"
        )
    named = next((name for name in stated if isinstance(name, str)), ESTIMATORS.get(title))
    if named is None:
        raise OptionError(
            f"{title} says no loss that is known here: pass its name such as 'mae', a metric or scorer of "
            "scikit-learn, an estimator with a loss, or a loss module of PyTorch"
        )
    extra = REMARKS.get(title, "")
    if named == "log_loss" and title.endswith("Classifier") and not title.endswith(SHARES):
        named = "bce with logits"
    if len(getattr(loss, "classes_", ())) > 2:
        named = SEVERAL_LABELS.get(_key(named), named)
    settings = {name: value for name in ATTRIBUTES if (value := _number(loss, ATTRIBUTES[name])) is not None}
    if title == "GradientBoostingRegressor" and named == "huber":
        extra = (
            f"here delta is the {100 * settings.pop('delta'):g}% quantile of the absolute errors, anew in each round"
        )
    return f"{title} ({named})", named, library, settings, extra


def _number(made: Any, names: tuple[str, ...]) -> float | None:
    """The first of these attributes that is a number."""
    given = made.get_params() if hasattr(made, "get_params") and not isinstance(made, type) else vars(made)
    for name in names:
        if isinstance(value := given.get(name), (int, float)) and not isinstance(value, bool):
            return float(value)
    return None


def _torch(title: str, module: Any) -> Asked:
    """A loss module of PyTorch."""
    settings = {name: value for name in ("delta", "beta") if (value := _number(module, (name,))) is not None}
    if settings.get("beta") == 0.0:
        return f"{title}(beta=0)", "L1Loss", "PyTorch", {}, ""
    if title == "PoissonNLLLoss" and not getattr(module, "log_input", True):
        return f"{title}(log_input=False)", "poisson nll of rates", "", {}, ""
    extra = ""
    if getattr(module, "label_smoothing", 0.0):
        extra = f"labels are taken to be wrong with probability {module.label_smoothing:g}, spread over all labels"
    if getattr(module, "pos_weight", None) is not None or getattr(module, "weight", None) is not None:
        extra = "its weights count rows of a class more than once"
    return title, title, "PyTorch", settings, extra
