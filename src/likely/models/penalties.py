"""Penalties: prior knowledge of coefficients, stated openly and never applied by default.

What is maximised is the log-likelihood minus the penalty. Both are sums over the data and over the coefficients, never
means, so a penalty is minus the logarithm of a prior density (but for a constant), and the estimate its posterior mode.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.compute import blocks
from likely.errors import OptionError, unknown
from likely.errors.kinds import is_flag, is_number
from likely.models.rows import Rows
from likely.models.slot import Slot
from likely.namespace.arrays import Floats

if TYPE_CHECKING:
    from likely.models.model import Model


class Penalty(ABC):
    """What every penalty has: words for what it is."""

    @property
    @abstractmethod
    def title(self) -> str:
        """Its name with its settings, for a status: ``"ridge, strength 1"``."""

    @property
    @abstractmethod
    def prior(self) -> str:
        """The prior whose posterior mode it gives."""


class Shrinkage(Penalty):
    """A penalty on the size of single coefficients: ``l1 |b| + l2 b^2 / 2`` for each."""

    scale: bool
    intercept: bool

    @property
    @abstractmethod
    def l1(self) -> float:
        """The factor of absolute values."""

    @property
    @abstractmethod
    def l2(self) -> float:
        """The factor of half squares."""

    def _check(self, strength: float) -> None:
        number = is_number(strength)
        if not number or not 0.0 <= strength < math.inf:
            raise OptionError(
                f"the strength of a penalty is a number of at least 0 (0 is maximum likelihood), found {strength!r}"
            )
        for name in ("scale", "intercept"):
            if not is_flag(getattr(self, name)):
                raise OptionError(f"{name} is True or False, found {getattr(self, name)!r}")

    @property
    def _of_what(self) -> str:
        return "coefficient times its column's standard deviation" if self.scale else "coefficient"


@final
@dataclass(frozen=True)
class Ridge(Shrinkage):
    """Shrinks coefficients towards 0 by their squares: a Normal prior.

    Maximised is the log-likelihood minus ``strength / 2 * sum(b_j^2)``: the posterior mode under independent Normal
    priors with mean 0 and variance ``1 / strength`` (Hoerl and Kennard 1970).

    Parameters
    ----------
    strength : float
        The prior's precision; 0 is maximum likelihood.
    scale : bool
        Whether ``b_j`` is the coefficient times its column's standard deviation (by the weights of the rows, dividing
        by their sum), so that the columns' units do not matter; else it is the coefficient itself.
    intercept : bool
        Whether intercepts are penalised too.

    Raises
    ------
    OptionError
        If the strength is no number of at least 0.

    Examples
    --------
    >>> import likely as lk
    >>> data = {"y": [0, 0, 0, 1, 1, 1], "x": [1, 2, 3, 4, 5, 6]}  # separated: no maximum likelihood estimate
    >>> fit = lk.fit("bernoulli", data, "y ~ x", penalty=lk.Ridge(1.0))
    >>> fit.status
    'penalised (ridge, strength 1): posterior mode, not maximum likelihood'
    >>> round(fit.coef["p.x"], 4)
    0.68
    """

    strength: float
    scale: bool = True
    intercept: bool = False

    def __post_init__(self) -> None:
        self._check(self.strength)

    @property
    def l1(self) -> float:
        """The factor of absolute values."""
        return 0.0

    @property
    def l2(self) -> float:
        """The factor of half squares."""
        return float(self.strength)

    @property
    def title(self) -> str:
        """Its name with its settings."""
        return f"ridge, strength {self.strength:g}"

    @property
    def prior(self) -> str:
        """The prior whose posterior mode it gives."""
        return (
            f"Normal(mean 0, variance {1 / self.strength if self.strength else math.inf:.6g}) for each {self._of_what}"
        )


@final
@dataclass(frozen=True)
class Lasso(Shrinkage):
    """Shrinks coefficients towards 0 by their absolute values, many of them to 0 itself: a Laplace prior.

    Maximised is the log-likelihood minus ``strength * sum(|b_j|)``: the posterior mode under independent Laplace priors
    with location 0 and scale ``1 / strength`` (Tibshirani 1996).

    Parameters
    ----------
    strength : float
        One over the prior's scale; 0 is maximum likelihood.
    scale, intercept : bool
        As in `Ridge`.

    Raises
    ------
    OptionError
        If the strength is no number of at least 0.

    Examples
    --------
    >>> import likely as lk
    >>> data = {"y": [1.0, 2.1, 2.9, 4.2, 4.8, 6.1], "x": [1, 2, 3, 4, 5, 6], "z": [0, 1, 1, 0, 0, 1]}
    >>> fit = lk.fit(lk.Normal(sd=1.0), data, "y ~ x + z", penalty=lk.Lasso(1.0))
    >>> {name: round(value, 4) for name, value in fit.coef.items()}
    {'mean.Intercept': 0.3682, 'mean.x': 0.8996, 'mean.z': 0.0}
    """

    strength: float
    scale: bool = True
    intercept: bool = False

    def __post_init__(self) -> None:
        self._check(self.strength)

    @property
    def l1(self) -> float:
        """The factor of absolute values."""
        return float(self.strength)

    @property
    def l2(self) -> float:
        """The factor of half squares."""
        return 0.0

    @property
    def title(self) -> str:
        """Its name with its settings."""
        return f"lasso, strength {self.strength:g}"

    @property
    def prior(self) -> str:
        """The prior whose posterior mode it gives."""
        scale = 1 / self.strength if self.strength else math.inf
        return f"Laplace(location 0, scale {scale:.6g}) for each {self._of_what}"


@final
@dataclass(frozen=True)
class ElasticNet(Shrinkage):
    """Between ridge and lasso: some coefficients become 0, correlated ones share their effect.

    Maximised is the log-likelihood minus ``strength * sum(l1_ratio |b_j| + (1 - l1_ratio) / 2 * b_j^2)`` (Zou and
    Hastie 2005, in the terms of Friedman, Hastie and Tibshirani 2010).

    Parameters
    ----------
    strength : float
        0 is maximum likelihood.
    l1_ratio : float
        From 0 (ridge) to 1 (lasso).
    scale, intercept : bool
        As in `Ridge`.

    Raises
    ------
    OptionError
        If the strength is no number of at least 0, or the ratio none between 0 and 1.

    Examples
    --------
    >>> import likely as lk
    >>> lk.ElasticNet(2.0, 0.5).title
    'elastic net, strength 2, l1_ratio 0.5'
    """

    strength: float
    l1_ratio: float
    scale: bool = True
    intercept: bool = False

    def __post_init__(self) -> None:
        self._check(self.strength)
        check_ratio(self.l1_ratio)

    @property
    def l1(self) -> float:
        """The factor of absolute values."""
        return float(self.strength * self.l1_ratio)

    @property
    def l2(self) -> float:
        """The factor of half squares."""
        return float(self.strength * (1.0 - self.l1_ratio))

    @property
    def title(self) -> str:
        """Its name with its settings."""
        return f"elastic net, strength {self.strength:g}, l1_ratio {self.l1_ratio:g}"

    @property
    def prior(self) -> str:
        """The prior whose posterior mode it gives."""
        return f"density proportional to exp(-{self.l1:g} |b| - {self.l2:g} b^2 / 2) for each {self._of_what} b"


@final
@dataclass(frozen=True)
class Firth(Penalty):
    """Jeffreys' prior: finite estimates where outcomes are separated, and less bias in small samples.

    Maximised is the log-likelihood plus half the logarithm of the determinant of the expected information (Firth 1993;
    Heinze and Schemper 2002; Kosmidis and Firth 2021), for any link. For the canonical links (the logit of Bernoulli,
    Binomial and Categorical, the log of Poisson) this is Firth's estimator as R's logistf and brglm2 have it. Where
    the expectation would have to be integrated, as for Student's t, the observed information takes its place.

    Examples
    --------
    >>> import likely as lk
    >>> fit = lk.fit("bernoulli", [0] * 10, penalty=lk.Firth())
    >>> round(fit.coef["p"], 6)  # (0 + 1/2) / (10 + 1)
    0.045455
    """

    @property
    def title(self) -> str:
        """Its name with its settings."""
        return "Firth"

    @property
    def prior(self) -> str:
        """The prior whose posterior mode it gives."""
        return "Jeffreys: the square root of the determinant of the information"


def check_ratio(l1_ratio: Any) -> float:
    """The share of absolute values in an elastic net, or an error."""
    if not is_number(l1_ratio) or not 0.0 <= l1_ratio <= 1.0:
        raise OptionError(f"l1_ratio lies between 0 (ridge) and 1 (lasso), found {l1_ratio!r}")
    return float(l1_ratio)


# -- a penalty for the coefficients of a model ---------------------------------------------------------------


@final
@dataclass(frozen=True, eq=False)
class Applied:
    """A penalty in terms of a model's coefficients: ``sum(l1_j |x_j| + l2_j x_j^2 / 2)``, or Jeffreys' prior.

    Attributes
    ----------
    l1, l2 : ndarray, shape (p,)
        In the coefficients' own units, the columns' standard deviations taken in.
    firth : bool
    title, prior : str
        In words; the parameters are named where they are not all treated alike.
    """

    l1: Floats
    l2: Floats
    firth: bool
    title: str
    prior: str

    @property
    def nonsmooth(self) -> bool:
        """Whether absolute values take part."""
        return bool(np.any(self.l1 > 0.0))

    def cost(self, x: Any) -> float:
        """The part that is not smooth."""
        return float(self.l1 @ np.abs(x))


def applied(penalty: Any, model: Model, data: Rows) -> Applied | None:
    """A penalty, or a dict of them by parameter or coefficient, for the coefficients of a model; None for none."""
    if isinstance(penalty, Firth) or penalty is Firth:
        return Applied(np.zeros(model.size), np.zeros(model.size), True, Firth().title, Firth().prior)
    if not isinstance(penalty, Mapping):
        penalty = {"": penalty}
    l1, l2 = np.zeros(model.size), np.zeros(model.size)
    shrinkages: list[tuple[str, Shrinkage]] = []
    for name, one in penalty.items():
        _check_kind(name, one)
        places = _places(name, one, model, data)
        factor = np.array([_spread(model, data, j) if one.scale else 1.0 for j in places])
        l1[places], l2[places] = one.l1 * factor, one.l2 * factor**2
        shrinkages.append((name, one))
    if not np.any(l1) and not np.any(l2):
        return None
    titles = [(f"{name}: " if name else "") + one.title for name, one in shrinkages if one.l1 or one.l2]
    priors = [(f"{name}: " if name else "") + one.prior for name, one in shrinkages if one.l1 or one.l2]
    return Applied(l1, l2, False, "; ".join(titles), "; ".join(priors))


def _check_kind(name: str, one: Any) -> None:
    if isinstance(one, Shrinkage):
        return
    if isinstance(one, Firth) or one is Firth:
        raise OptionError("Jeffreys' prior is one for all coefficients together: penalty=lk.Firth(), not in a dict")
    where = f" for {name}" if name else ""
    hint = f"; lk.{one.__name__} needs its strength" if isinstance(one, type) and issubclass(one, Penalty) else ""
    raise OptionError(
        f"a penalty{where} is lk.Ridge(strength), lk.Lasso(strength), lk.ElasticNet(strength, l1_ratio) or lk.Firth(); "
        f"found {one!r}{hint}"
    )


def _places(name: str, one: Shrinkage, model: Model, data: Rows) -> list[int]:
    """The coefficients that a penalty given under this name is about."""
    names = model.names()
    if name in names and not any(slot.label == name and slot.design is None for slot in model.slots):
        return [names.index(name)]
    parameters = list(dict.fromkeys(slot.parameter.name for slot in model.slots))
    if name and name not in (*parameters, *(slot.label for slot in model.slots)):
        raise unknown("parameter or coefficient", name, [*parameters, *(n for n in names if "." in n)], " in penalty=")
    slots = [slot for slot in model.slots if name in ("", slot.parameter.name, slot.label)]
    out = [j for slot in slots for j in _of_slot(slot, data, one.intercept)]
    if not out:
        what = f"{name} has" if name else f"{model.family.title} has here"
        raise OptionError(
            f"{what} no predictors whose coefficients could be penalised; intercepts and constants are penalised only "
            f"with intercept=True"
        )
    return out


def _of_slot(slot: Slot, data: Rows, intercept: bool) -> list[int]:
    if slot.design is None:
        return [slot.start] if intercept else []
    own = blocks.constant_column(data.designs[slot.label])
    return [slot.start + j for j in range(len(slot.design.names)) if intercept or j != own]


def _spread(model: Model, data: Rows, index: int) -> float:
    """The standard deviation of a coefficient's column; 1 for an intercept or a constant."""
    slot = model.slot_of(index)
    columns = data.design(slot)
    if columns is None or index - slot.start == blocks.constant_column(columns):
        return 1.0
    x = blocks.column(columns, index - slot.start)
    mean = float(np.average(x, weights=data.weights))
    square = float(np.average((x - mean) ** 2, weights=data.weights))
    if square <= (1e-12 * mean) ** 2:  # a constant beside no intercept, or a level that these rows do not have
        square = mean**2
    return math.sqrt(square) if square > 0.0 else 1.0
