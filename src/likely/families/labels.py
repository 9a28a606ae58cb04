"""What families of labels share: levels and their codes, evaluation, samples."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn, Self, final

import numpy as np

from likely.errors import OptionError, ParameterError, SupportError, first_rows, is_one_of, listed
from likely.errors.boundary import public
from likely.families.base import Family, Kind, Support, by_keyword, check_size, generator
from likely.families.base.numeric.frozen import Frozen
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import AnyArray, Booleans, Floats


class Labelled(Family):
    """A family whose observations are labels, coded 0, 1, ... in the order of its levels."""

    support: ClassVar = Support(0.0, closed_lower=True, integer=True)  # the codes of the levels
    refusal: ClassVar[str] = "labels are no numbers, so {} has no {}; use prob() for the chance of each level"

    @public
    def __init__(self, levels: Iterable[Any] | None = None, **known: Any) -> None:
        super().__init__(**known)
        self.levels: tuple[Any, ...] | None = None
        if levels is not None:
            if isinstance(levels, str) or not np.iterable(levels):
                raise OptionError(
                    f"{self.title}'s levels are a list of labels such as ['low', 'high'], found {levels!r}"
                )
            self.levels = tuple(plain(level) for level in levels)
            if len(self.levels) < 2 or len(set(self.levels)) < len(self.levels):
                raise OptionError(f"{self.title} needs two or more distinct levels, found {listed(self.levels)}")

    @property
    def kind(self) -> Kind:
        """Labels."""
        return Kind.LABELS

    @property
    def size(self) -> int:
        """Number of levels."""
        return len(self._bound())

    def _bound(self) -> tuple[Any, ...]:
        if self.levels is None:
            raise OptionError(f"the levels are not known yet: pass {self.title}(levels=[...]), or fit it to data")
        return self.levels

    @property
    def outcomes(self) -> str:
        """What its observations are, in words: the codes of its labels."""
        if self.levels is None:
            return self.support.text
        return f"the codes 0 to {len(self.levels) - 1} of its labels {listed(self.levels, 5)}"

    @abstractmethod
    def _with_levels(self, levels: Iterable[Any]) -> Self:
        """The same family with these levels."""

    @abstractmethod
    def _size_of(self, params: Mapping[str, Any]) -> int | None:
        """How many levels parameter values speak of."""

    def codes(self, values: Any, missing: Any) -> Floats:
        """The codes of labels; NaN for a missing one."""
        code = {level: float(i) for i, level in enumerate(self._bound())}
        codes = np.array([code[v] if is_one_of(v, code) else -1.0 for v in values.ravel().tolist()])
        codes = codes.reshape(values.shape)
        codes = np.where(missing, np.nan, codes)
        if np.any(codes == -1.0):
            rows = np.flatnonzero(codes.ravel() == -1.0)
            raise SupportError(
                f"{len(rows)} of {codes.size} values are not among the levels {listed(self._bound())}: "
                f"{first_rows(rows, values.ravel()[rows])}"
            )
        return codes

    # -- evaluation -----------------------------------------------------------------------------------

    @by_keyword
    def log_prob(self, y: Any, **params: Any) -> Floats | float:
        """Log-probability of each observed label.

        Parameters
        ----------
        y : array_like
            Labels (where no levels are known: codes 0, 1, ...).
        **params : array_like
            Parameter values; a vector has its entries along the last axis.

        Returns
        -------
        float or ndarray
            In nats.

        Examples
        --------
        >>> import likely as lk
        >>> round(lk.Categorical(["bus", "car"]).log_prob("car", p={"bus": 0.25, "car": 0.75}), 4)
        -0.2877
        """
        family = self._sized(params)
        values = family.resolve(params)
        codes = family.codes(*values_of(y))
        with np.errstate(all="ignore"):
            out = np.asarray(family._log_density(NumpyNamespace(), codes, **values))
        out = np.where(np.isnan(codes), np.nan, out)
        return out[()] if out.ndim else float(out)

    def _sized(self, params: Mapping[str, Any]) -> Self:
        """The family, with codes for levels where none are known."""
        if self.levels is None and (size := self._size_of(params)) is not None:
            return self._with_levels(range(size))
        return self

    def inside(self, y: Any, params: Mapping[str, Any]) -> Booleans:
        """Whether each y is the code of a level."""
        return self.support.contains(y) & (np.asarray(y) < self.size)

    def bounds(self, **params: Any) -> tuple[Any, Any]:
        """The first and the last code."""
        return 0.0, self.size - 1.0

    @by_keyword
    def sample(self, size: Any = None, *, seed: Any = None, **params: Any) -> AnyArray:
        """Random labels.

        Parameters
        ----------
        size : int or tuple of int, optional
            Shape of the result; by default that of the parameters, a vector's without its last axis.
        seed : int or numpy.random.Generator, optional
        **params : array_like
            Parameter values; a vector has its entries along the last axis.

        Returns
        -------
        A label or an ndarray of them.

        Examples
        --------
        >>> import likely as lk
        >>> lk.Categorical(["bus", "car"]).sample(4, p=[0.0, 1.0]).tolist()
        ['car', 'car', 'car', 'car']
        """
        family = self._sized(params)
        codes = family._scipy(**family.resolve(params)).rvs(
            None if size is None else check_size(size), random_state=generator(seed)
        )
        labels = np.asarray(family._bound())[codes.astype(np.intp)]
        return labels if np.ndim(labels) else labels.item()

    @by_keyword
    def mean(self, **params: Any) -> NoReturn:
        """Not defined: labels are no numbers."""
        raise OptionError(self.refusal.format(self.title, "mean"))

    @by_keyword
    def variance(self, **params: Any) -> NoReturn:
        """Not defined: labels are no numbers."""
        raise OptionError(self.refusal.format(self.title, "variance"))

    def _counts(self, y: Any, w: Any) -> Floats:
        return np.bincount(np.asarray(y).astype(np.intp), weights=w, minlength=self.size).astype(float)


@final
@dataclass(frozen=True, eq=False)
class CodeDistribution(Frozen):
    """The distribution of codes 0, 1, ..., with the methods of a frozen SciPy distribution.

    Attributes
    ----------
    below, above : ndarray, shape (..., levels - 1)
        P(Y <= k) and P(Y > k) for every code k but the last.
    """

    below: Floats
    above: Floats

    def cdf(self, y: Any) -> Floats | float:
        """P(Y <= y)."""
        return self._at(self.below, y, 0.0, 1.0)

    def sf(self, y: Any) -> Floats | float:
        """P(Y > y)."""
        return self._at(self.above, y, 1.0, 0.0)

    def _at(self, table: Any, y: Any, first: float, last: float) -> Floats | float:
        y = np.floor(np.asarray(y, dtype=float))
        count = table.shape[-1]
        at = np.clip(np.where(np.isnan(y), 0.0, y), 0, count - 1).astype(np.intp)
        shape = np.broadcast_shapes(table.shape[:-1], at.shape)
        rows = np.broadcast_to(table, (*shape, count))
        value = np.take_along_axis(rows, np.broadcast_to(at, shape)[..., None], axis=-1)[..., 0]
        value = np.where(y < 0, first, np.where(y >= count, last, value))
        return np.where(np.isnan(y), np.nan, value)[()]

    def ppf(self, q: Any) -> Floats | float:
        """The smallest code with P(Y <= code) >= q."""
        return np.sum(np.asarray(q)[..., None] > self.below, axis=-1).astype(float)[()]

    def rvs(self, size: Any = None, random_state: Any = None) -> Floats | float:
        """Random codes by inverse transform."""
        u = generator(random_state).random(self.below.shape[:-1] if size is None else size)
        return np.sum(np.asarray(u)[..., None] >= self.below, axis=-1).astype(float)


def plain(level: Any) -> Any:
    """A level as a Python object, so that levels from arrays and from lists are the same."""
    return level.item() if isinstance(level, np.generic) else level


def values_of(y: Any) -> tuple[Any, Any]:
    """Data as an array, and which entries are missing (None or NaN)."""
    values = np.asarray(y)
    if values.dtype.kind == "O" or isinstance(y, (list, tuple)):
        # NumPy would turn [1, "a"] into strings; keep what was given
        flat = np.asarray(y, dtype=object)
        missing = np.array([v is None or v != v for v in flat.ravel().tolist()], dtype=bool).reshape(flat.shape)
        return flat, missing
    if values.dtype.kind == "f":
        return values, np.isnan(values)
    return values, np.zeros(values.shape, dtype=bool)


def require_entries(title: str, name: str, values: Any, count: int, labels: Iterable[str]) -> None:
    """Raise ParameterError unless a vector has one entry for each label along its last axis."""
    if np.ndim(values) == 0:
        raise ParameterError(f"{title}'s {name} must be one number for each of {listed(labels)}, found {values}")
    if (found := np.shape(values)[-1]) != count:
        raise ParameterError(
            f"{title}'s {name} must have {count} entries, one for each of {listed(labels)}; found {found}"
        )
