"""The value and the shape of a likelihood at parameters given by name."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from likely.errors import OptionError, ParameterError, UnderflowWarning
from likely.errors.boundary import public_class
from likely.likelihoods import objective_of
from likely.likelihoods.log_likelihood import LogLikelihood
from likely.models import scale
from likely.models.asked import Asked
from likely.models.checks import items_of
from likely.models.model import Model
from likely.namespace.arrays import Floats
from likely.results.face import Face

if TYPE_CHECKING:
    pass


@public_class
class Evaluation(Face):
    """The log-likelihood of a model given its data, as a function of its parameters by their names."""

    def __init__(self, function: LogLikelihood) -> None:
        self.function = function
        self._warned = False

    @property
    def below(self) -> LogLikelihood:
        """The log-likelihood as a function of the coefficients."""
        return self.function

    def _given(self, values: Any, params: Mapping[str, Any], several: bool = False) -> dict[str, Any]:
        """The values by name; a bare one stands for the only parameter."""
        if values is not None and not isinstance(values, Mapping):
            if len(self.names) != 1 or isinstance(values, str) or (np.ndim(values) and not several):
                raise OptionError(f"pass the parameters by name: {self._example()}; found {values!r}")
            values = {self.names[0]: values}
        given = dict(self.model.family._spread({**(values or {}), **params}))
        for name, value in given.items():
            for one in items_of(value, f"{name} is numbers", empty=True) if several and np.ndim(value) else [value]:
                if np.ndim(one):
                    raise OptionError(
                        f"{name} is one number here, found {value!r}; L.table(...) takes several candidates"
                    )
                try:
                    float(one)
                except (TypeError, ValueError):
                    raise ParameterError(f"{name} must be a number, found {one!r}") from None
        return given

    def _example(self) -> str:
        if any(not name.isidentifier() for name in self.names):
            return f"L({{{', '.join(f'{name!r}: ...' for name in self.names[:6])}}})"
        return f"L({', '.join(f'{name}=...' for name in self.names)})"

    def __call__(self, values: Mapping[str, Any] | float | None = None, /, **params: Any) -> float:
        """The likelihood; 0 with a warning where it is smaller than the smallest float.

        Parameters
        ----------
        values : mapping or float, optional
            Values by name; a bare number where there is one parameter.
        **params : float
            The same by keyword.

        Returns
        -------
        float

        Raises
        ------
        ParameterError
            If a value is missing or outside its domain.
        UnknownNameError
            If there is no parameter of that name.

        Examples
        --------
        >>> import likely as lk
        >>> L = lk.likelihood(lk.Bernoulli(), [1] * 7 + [0] * 3)
        >>> L(p=0.5) == L({"p": 0.5}) == L(0.5) == 0.5**10
        True
        """
        log = self.log(values, **params)
        out = math.exp(log) if log < 709.0 else math.inf
        if out == 0.0 and log > -math.inf and not self._warned:
            self._warned = True
            warnings.warn(
                f"the likelihood of {self.n:,} observations is exp({log:.6g}): too small for a float, so it reads 0. "
                "Its logarithm is not: use L.log(...) or compare with L.ratio(...)",
                UnderflowWarning,
                stacklevel=2,
            )
        return out

    def log(self, values: Mapping[str, Any] | float | None = None, /, **params: Any) -> float:
        """The log-likelihood, constants kept; never underflows.

        Parameters
        ----------
        values : mapping or float, optional
            Values by name; a bare number where there is one parameter.
        **params : float
            The same by keyword.

        Returns
        -------
        float
            In nats.

        Raises
        ------
        ParameterError
            If a value is missing or outside its domain.
        UnknownNameError
            If there is no parameter of that name.

        Examples
        --------
        >>> import likely as lk
        >>> L = lk.likelihood("normal", [1.0, 2.0, 4.0])
        >>> round(L.log(mean=2, sd=1), 4)
        -5.2568
        """
        return self.function.log(self._given(values, params))

    def nll(self, values: Mapping[str, Any] | float | None = None, /, **params: Any) -> float:
        """The negative log-likelihood: the loss that fitting minimises.

        Parameters
        ----------
        values, **params
            As in `log`.

        Returns
        -------
        float
            In nats.

        Examples
        --------
        >>> import likely as lk
        >>> round(lk.likelihood("bernoulli", [1, 1, 0]).nll(p=0.5), 4)  # 3 log 2
        2.0794
        """
        return -self.log(values, **params)

    def ratio(self, a: Mapping[str, Any] | float, b: Mapping[str, Any] | float) -> float:
        """How many times better `a` explains the data than `b`.

        Parameters
        ----------
        a, b : mapping or float
            Values by name; bare numbers where there is one parameter.

        Returns
        -------
        float
            Infinite where it is too large for a float, or `b` cannot have made the data.

        Raises
        ------
        ParameterError
            If neither can have made the data, or a value cannot be one of its parameter.

        Examples
        --------
        >>> import likely as lk
        >>> L = lk.likelihood("bernoulli", [1] * 7 + [0] * 3)
        >>> round(L.ratio(0.7, 0.5), 2)
        2.28
        """
        first, second = self.log(a), self.log(b)
        if first == second == -math.inf:
            raise ParameterError(
                f"neither {a!r} nor {b!r} can have made the data: both likelihoods are 0, and 0 to 0 is no ratio"
            )
        difference = first - second
        return math.exp(difference) if difference < 709.0 else math.inf

    def coefficients(self, values: Mapping[str, Any] | float | None = None, /, **params: Any) -> Floats:
        """The coefficients on the link scale that these parameter values stand for.

        Parameters
        ----------
        values, **params
            As in `log`.

        Returns
        -------
        ndarray

        Examples
        --------
        >>> import likely as lk
        >>> lk.likelihood("bernoulli", [1, 1, 0]).coefficients(p=0.5).tolist()  # logit(0.5)
        [0.0]
        """
        return scale.from_reported(self.model, self._given(values, params))

    def score(self, values: Mapping[str, Any] | float | None = None, /, **params: Any) -> Floats | float:
        """Gradient of the log-likelihood.

        Parameters
        ----------
        values, **params
            As in `log`.

        Returns
        -------
        float or ndarray
            A float for one parameter, else an array in the order of `names`.

        Examples
        --------
        >>> import likely as lk
        >>> L = lk.likelihood("bernoulli", [1] * 7 + [0] * 3)
        >>> round(L.score(p=0.5), 6)  # 7/0.5 - 3/0.5
        8.0
        """
        score, _ = self._natural(values, **params)
        return float(score[0]) if len(score) == 1 else score

    def information(self, values: Mapping[str, Any] | float | None = None, /, **params: Any) -> Floats | float:
        """Minus the Hessian of the log-likelihood: the observed information.

        Parameters
        ----------
        values, **params
            As in `log`.

        Returns
        -------
        float or ndarray
            A float for one parameter, else a matrix in the order of `names`.

        Examples
        --------
        >>> import likely as lk
        >>> L = lk.likelihood("bernoulli", [1] * 7 + [0] * 3)
        >>> round(L.information(p=0.5), 6)  # 7/0.25 + 3/0.25
        40.0
        """
        _, info = self._natural(values, **params)
        return float(info[0, 0]) if info.shape == (1, 1) else info

    def _natural(self, values: Mapping[str, Any] | float | None, /, **params: Any) -> tuple[Any, Any]:
        """Score and information with respect to the reported values themselves."""
        given = self._given(values, params)
        self.coefficients(given)  # checks names and domains
        model, theta = scale.natural(self.model, given)
        if not any(slot.constant for slot in model.slots):
            point = self.function.objective.point(theta)
            return point.score, point.info
        point = objective_of(model, self.function.objective.data).point(theta)
        return point.score, point.info

    @property
    def asked(self) -> Asked:
        """What the user asked for.

        Examples
        --------
        >>> import likely as lk
        >>> lk.likelihood("normal", {"y": [1.0, 2.0, 4.0], "w": [1, 2, 1]}, "y", weights="w").asked.weights
        'w'
        """
        return self.function.asked

    @property
    def model(self) -> Model:
        """What is assumed: the family, and what each of its parameters is made of.

        Examples
        --------
        >>> import likely as lk
        >>> lk.likelihood("normal", [1.0, 2.0, 4.0]).model.family
        Normal()
        """
        return self.function.model

    @property
    def n(self) -> float:
        """Number of observations: the sum of frequency or importance weights; rows, for the other kinds.

        Of a conditional likelihood they are informative strata.
        """
        return self.function.n

    @property
    def names(self) -> list[str]:
        """Names of the parameters, in order."""
        return self.function.names
