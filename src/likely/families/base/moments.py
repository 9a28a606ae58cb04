"""Mean, variance and other quantities that follow from a family's parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from likely.errors.boundary import public_class
from likely.families.base.arguments import by_keyword, plain_number
from likely.families.base.distribution import Distributed
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats, Value


@public_class
class Moments(Distributed):
    """Mean, variance and derived quantities: a formula where the family has one, else from its distribution."""

    @by_keyword
    def mean(self, **params: Any) -> Floats | float:
        """Expected value; infinite or undefined means give inf or nan as SciPy does.

        Parameters
        ----------
        **params : array_like
            Parameter values.

        Returns
        -------
        float or ndarray

        Raises
        ------
        ParameterError
            If a parameter is missing or outside its domain.

        Examples
        --------
        >>> import likely as lk
        >>> lk.Binomial(n=10).mean(p=0.3)
        3.0
        """
        with np.errstate(all="ignore"):
            return plain_number(self._mean(NumpyNamespace(), **self.resolve(params)))

    @by_keyword
    def variance(self, **params: Any) -> Floats | float:
        """Variance; infinite or undefined ones give inf or nan.

        Parameters
        ----------
        **params : array_like
            Parameter values.

        Returns
        -------
        float or ndarray

        Raises
        ------
        ParameterError
            If a parameter is missing or outside its domain.

        Examples
        --------
        >>> import likely as lk
        >>> lk.Gamma().variance(mean=2.0, shape=4.0)
        1.0
        """
        with np.errstate(all="ignore"):
            return plain_number(self._variance(NumpyNamespace(), **self.resolve(params)))

    def _mean(self, xp: Any, *args: Any, **params: Any) -> Value:
        scipy: Any = self._scipy(**params)
        mean: Value = scipy.mean()
        return mean

    def _variance(self, xp: Any, *args: Any, **params: Any) -> Value:
        scipy: Any = self._scipy(**params)
        variance: Value = scipy.var()
        return variance

    # -- derived quantities ---------------------------------------------------------------------------------

    def _derived(self, xp: Any, *args: Any, **params: Any) -> dict[str, Any]:
        """Other quantities people know the family by, as functions of the parameters."""
        return {}

    @by_keyword
    def derived(self, **params: Any) -> dict[str, Any]:
        """Derived quantities at these parameter values (Gamma's rate, Beta's alpha and beta ...).

        Parameters
        ----------
        **params : array_like
            Parameter values.

        Returns
        -------
        dict of str to float or ndarray

        Raises
        ------
        ParameterError
            If a parameter is missing or outside its domain.

        Examples
        --------
        >>> import likely as lk
        >>> lk.Gamma().derived(mean=2.0, shape=4.0)
        {'rate': 2.0, 'scale': 0.5, 'sd': 1.0}
        """
        values = self.resolve(params)
        with np.errstate(all="ignore"):
            return {k: plain_number(v) for k, v in self._derived(NumpyNamespace(), **values).items()}
