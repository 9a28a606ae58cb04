"""Fits of a transformed response: their densities are brought back to the original one by the Jacobian."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.errors import DataError, OptionError, is_one_of, unknown
from likely.errors.kinds import is_number
from likely.namespace.arrays import Floats

SAME = 1e-9
STEP = 1e-5  # of a difference, relative to the response


@final
@dataclass(frozen=True)
class Transform:
    """An increasing or decreasing function of the response.

    Attributes
    ----------
    name : str
    function : callable
    derivative : callable
    """

    name: str
    function: Callable[[Any], Any]
    derivative: Callable[[Any], Any]

    def log_jacobian(self, y: Any, transformed: Any, candidate: str) -> Floats:
        """log |t'(y)| of every row, once it is clear that the candidate's response is t(y).

        Raises
        ------
        DataError
            If it is not, or the function cannot be undone at some row.
        """
        expected, slope = self._at(y, self.function), self._at(y, self.derivative)
        wrong = ~(np.abs(expected - transformed) <= SAME * (1.0 + np.abs(transformed)))
        if np.any(wrong):
            i = int(np.flatnonzero(wrong)[0])
            raise DataError(
                f"{candidate} was said to be fitted to {self.name} of the response, but row {i} has "
                f"{transformed[i]:.6g} where {self.name} of {y[i]:.6g} is {expected[i]:.6g}"
            )
        if not np.all((slope != 0.0) & np.isfinite(slope)):
            i = int(np.flatnonzero(~((slope != 0.0) & np.isfinite(slope)))[0])
            raise DataError(f"{self.name} has no slope at row {i}, {y[i]:.6g}, so there is no Jacobian")
        self._check_slope(y, expected, slope)
        return np.log(np.abs(slope))

    def _at(self, y: Any, function: Callable[[Any], Any]) -> Floats:
        """A function of all rows at once."""
        try:
            with np.errstate(all="ignore"):
                value = np.asarray(function(y), dtype=float)
        except (TypeError, ValueError) as error:
            raise OptionError(
                f"{self.name} cannot be applied to all rows at once ({error}): write it, and its derivative, with "
                "NumPy's functions"
            ) from None
        return np.broadcast_to(value, np.shape(y))

    def _check_slope(self, y: Any, value: Any, slope: Any) -> None:
        """Raise unless the function rises everywhere or falls everywhere, and the derivative is its own."""
        order = np.argsort(y, kind="stable")
        steps = np.diff(value[order])[np.diff(y[order]) > 0]
        if (np.any(slope > 0) and np.any(slope < 0)) or (np.any(steps > 0) and np.any(steps < 0)):
            raise DataError(f"{self.name} rises and falls over these responses, so it cannot be undone")
        step = STEP * np.maximum(np.abs(y), 1e-300)
        rise = self._at(y + step, self.function) - self._at(y - step, self.function)
        with np.errstate(all="ignore"):
            found = rise / ((y + step) - (y - step))
            noise = 1e-15 * (np.abs(value) + 1e-300) / step  # what rounding alone can do to the difference
            wrong = np.isfinite(found) & (np.abs(found - slope) > 1e-3 * np.abs(slope) + 10.0 * noise)
        if np.any(wrong):
            i = int(np.flatnonzero(wrong)[0])
            raise OptionError(
                f"the derivative of {self.name} is wrong: at row {i}, {y[i]:.6g}, it says {slope[i]:.6g} where the "
                f"function's slope is {found[i]:.6g}"
            )


NAMED: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "log": (np.log, lambda y: 1.0 / y),
    "log10": (np.log10, lambda y: 1.0 / (y * np.log(10.0))),
    "log2": (np.log2, lambda y: 1.0 / (y * np.log(2.0))),
    "log1p": (np.log1p, lambda y: 1.0 / (1.0 + y)),
    "sqrt": (np.sqrt, lambda y: 0.5 / np.sqrt(y)),
    "reciprocal": (lambda y: 1.0 / y, lambda y: -1.0 / y**2),
    "logit": (lambda y: np.log(y / (1.0 - y)), lambda y: 1.0 / (y * (1.0 - y))),
}


def transform_of(given: Any) -> Transform:
    """A transformation from its name, ("power", p), ("boxcox", lambda), or a pair of a function and its derivative.

    Raises
    ------
    OptionError, UnknownNameError
        If it cannot be read.

    Examples
    --------
    >>> round(float(transform_of("sqrt").derivative(4.0)), 3)
    0.25
    """
    if isinstance(given, str):
        if not is_one_of(given, NAMED):
            raise unknown("transformation", given, NAMED)
        return Transform(given, *NAMED[given])
    if isinstance(given, tuple) and len(given) == 2:
        first, second = given
        if callable(first) and callable(second):
            return Transform(getattr(first, "__name__", "the function"), first, second)
        if first == "power" and is_number(second) and second != 0:
            return Transform(f"power {second:g}", lambda y: y**second, lambda y: second * y ** (second - 1.0))
        if first == "boxcox" and is_number(second):
            if second == 0:
                return Transform("boxcox 0", *NAMED["log"])
            return Transform(f"boxcox {second:g}", lambda y: (y**second - 1.0) / second, lambda y: y ** (second - 1.0))
    raise OptionError(
        f"a transformation is one of {', '.join(NAMED)}, ('power', p), ('boxcox', lambda), or a function with its "
        f"derivative, found {given!r}"
    )
