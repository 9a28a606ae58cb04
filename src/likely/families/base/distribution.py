"""The distribution that a family states: its density, distribution function, quantiles, samples and moments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from likely.errors import FamilyError, OptionError
from likely.errors.boundary import public_class
from likely.families.base.arguments import by_keyword, check_size, generator, plain_number
from likely.families.base.description import Stated
from likely.families.base.distributions import Distributions
from likely.families.base.numeric import NumericDistribution
from likely.families.base.within import Within
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import AnyArray, Floats

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from likely.families.base.numeric.frozen import Frozen


@public_class
class Distributed(Stated):
    """The distribution at given values of the parameters, from the log-density."""

    # where a family has them, (xp, y, **params) -> log P(Y <= y) and log P(Y > y) on any namespace
    _log_cdf: Callable[..., Any] | None = None
    _log_sf: Callable[..., Any] | None = None

    def at(self, values: Mapping[str, Any]) -> Distributions:
        """The distributions at values of all parameters that are known to lie in their domains.

        Parameters
        ----------
        values : mapping of str to float or ndarray
            One value, or one for each row; a vector has its entries along the last axis.

        Returns
        -------
        Distributions
            With the tails at observations, quantiles and random observations.

        Examples
        --------
        >>> import likely as lk
        >>> lk.Normal().at({"mean": 0.0, "sd": 1.0}).tails([0.0]).below.tolist()
        [0.5]
        """
        return Distributions(self, values)

    def within(self, xp: Any) -> Within:
        """The family within the density of another one.

        Parameters
        ----------
        xp : namespace
            The one that the other log-density is written against.

        Returns
        -------
        Within
            With ``log_prob``, ``log_cdf`` and ``log_sf``.
        """
        return Within(self, xp)

    @by_keyword
    def log_prob(self, y: ArrayLike, **params: Any) -> Floats | float:
        """Log-density (or log-probability) of each observation; -inf outside the support.

        Parameters
        ----------
        y : array_like
            Observations.
        **params : array_like
            Parameter values, broadcast against `y`.

        Returns
        -------
        float or ndarray
            In nats.

        Raises
        ------
        ParameterError
            If a parameter is missing or outside its domain.

        Examples
        --------
        >>> import likely as lk
        >>> round(lk.Normal().log_prob(0.5, mean=0, sd=1), 4)
        -1.0439
        >>> lk.Exponential().log_prob([-1.0, 2.0], rate=1).tolist()
        [-inf, -2.0]
        """
        values, y = self._ready(params, self._numbers(y))
        inside = self.inside(y, values)
        with np.errstate(all="ignore"):
            out = np.where(inside, self._log_density(NumpyNamespace(), y, **values), -np.inf)
        out = np.where(np.isnan(y), np.nan, out)
        return out[()] if out.ndim else float(out)

    @by_keyword
    def prob(self, y: ArrayLike, **params: Any) -> Floats | float:
        """Probability (discrete) or density (continuous) of each observation: the parameter is fixed, data varies.

        Parameters
        ----------
        y : array_like
            Observations.
        **params : array_like
            Parameter values, broadcast against `y`.

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
        >>> round(lk.Binomial(n=10).prob(7, p=0.5), 4)
        0.1172
        """
        return plain_number(np.exp(self.log_prob(y, **params)))

    def _numbers(self, y: Any) -> Floats:
        try:
            y = np.asarray(y)
        except ValueError:
            raise OptionError(
                f"{self.title} takes numbers or arrays of them, found rows of different lengths"
            ) from None
        if y.dtype.kind not in "fiub":
            raise OptionError(f"{self.title} takes numbers, found values of type {y.dtype}")
        return y.astype(float)

    def _ready(self, params: Mapping[str, Any], y: Any) -> tuple[dict[str, Any], Any]:
        """The parameter values, and observations or levels of a shape that goes with theirs."""
        values = self.resolve(params)
        try:
            np.broadcast_shapes(np.shape(y), *(np.shape(v) for k, v in values.items() if not self.parameter(k).vector))
        except ValueError:
            shapes = ", ".join(f"{k} {np.shape(v)}" for k, v in values.items() if np.ndim(v))
            raise OptionError(
                f"the shapes of the data and of the parameters of {self.title} do not go together: data {np.shape(y)}, "
                f"{shapes}"
            ) from None
        return values, y

    # -- distribution: SciPy where it has the distribution, numerical otherwise ----------------------------

    def _scipy(self, *args: Any, **params: Any) -> Frozen:
        """A frozen scipy.stats distribution with these parameters (or an object with its methods)."""
        if any(p.vector for p in self.parameters):  # no name for its entries, no grid for its values
            raise FamilyError(f"{self.title} has a vector parameter; it has no numerical distribution")
        return NumericDistribution(self, params)

    @by_keyword
    def cdf(self, y: ArrayLike, **params: Any) -> Floats | float:
        """P(Y <= y).

        Parameters
        ----------
        y : array_like
        **params : array_like
            Parameter values, broadcast against `y`.

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
        >>> round(float(lk.Normal().cdf(1.96, mean=0, sd=1)), 4)
        0.975
        """
        values, y = self._ready(params, self._numbers(y))
        return self._scipy(**values).cdf(y)

    @by_keyword
    def sf(self, y: ArrayLike, **params: Any) -> Floats | float:
        """P(Y > y), accurate in the upper tail.

        Parameters
        ----------
        y : array_like
        **params : array_like
            Parameter values, broadcast against `y`.

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
        >>> f"{lk.Normal().sf(10.0, mean=0, sd=1):.4g}"
        '7.62e-24'
        """
        values, y = self._ready(params, self._numbers(y))
        return self._scipy(**values).sf(y)

    @by_keyword
    def log_cdf(self, y: ArrayLike, **params: Any) -> Floats | float:
        """log P(Y <= y), also where the probability is too small for a float.

        Parameters
        ----------
        y : array_like
        **params : array_like
            Parameter values, broadcast against `y`.

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
        >>> round(float(lk.Normal().log_cdf(-40.0, mean=0, sd=1)), 4)
        -804.6084
        """
        values, y = self._ready(params, self._numbers(y))
        return plain_number(self.at(values).tails(y).log_below)

    @by_keyword
    def log_sf(self, y: ArrayLike, **params: Any) -> Floats | float:
        """log P(Y > y), also where the probability is too small for a float.

        Parameters
        ----------
        y : array_like
        **params : array_like
            Parameter values, broadcast against `y`.

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
        >>> float(lk.Exponential().log_sf(2000.0, rate=1))
        -2000.0
        """
        values, y = self._ready(params, self._numbers(y))
        return plain_number(self.at(values).tails(y).log_above)

    @by_keyword
    def quantile(self, q: ArrayLike, **params: Any) -> Floats | float:
        """The smallest y with cdf(y) >= q.

        Parameters
        ----------
        q : array_like
            Levels between 0 and 1.
        **params : array_like
            Parameter values, broadcast against `q`.

        Returns
        -------
        float or ndarray

        Raises
        ------
        OptionError
            If a level does not lie between 0 and 1.
        ParameterError
            If a parameter is missing or outside its domain.

        Examples
        --------
        >>> import likely as lk
        >>> lk.Exponential().quantile([0.5, 0.9], rate=1).round(3).tolist()
        [0.693, 2.303]
        """
        try:
            q = np.asarray(q, dtype=float)
        except (TypeError, ValueError):
            raise OptionError(f"a quantile's level is a number between 0 and 1, found {q!r}") from None
        if np.any(out := ~((q >= 0) & (q <= 1))):
            raise OptionError(f"a quantile's level lies between 0 and 1, found {q[out].ravel()[0]}")
        values, q = self._ready(params, q)
        return self._scipy(**values).ppf(q)

    @by_keyword
    def sample(
        self, size: int | tuple[int, ...] | None = None, *, seed: int | np.random.Generator | None = None, **params: Any
    ) -> AnyArray:
        """Random observations.

        Parameters
        ----------
        size : int or tuple of int, optional
            Shape of the result; by default the shape of the broadcast parameters.
        seed : int or numpy.random.Generator, optional
            The same seed gives the same observations.
        **params : array_like
            Parameter values.

        Returns
        -------
        float or ndarray

        Raises
        ------
        OptionError
            If size or seed cannot be read.
        ParameterError
            If a parameter is missing or outside its domain.

        Examples
        --------
        >>> import likely as lk
        >>> lk.Poisson().sample(5, rate=3.0, seed=1).shape
        (5,)
        """
        values, rng = self.resolve(params), generator(seed)
        if size is None:
            size = np.broadcast_shapes(*(np.shape(v) for v in values.values()))
        return self.at(values).draw(check_size(size), rng)
