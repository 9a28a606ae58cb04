"""Every exception and warning of likely; each message says what was found, where, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class LikelyError(Exception):
    """Base class of every error that likely raises on purpose."""


class DataError(LikelyError, ValueError):
    """The data cannot be used as given."""


class SupportError(DataError):
    """Some observations lie where the family says no observation can lie."""


class MissingValuesError(DataError):
    """Some values are missing; the message names the columns and counts."""


class ParameterError(LikelyError, ValueError):
    """A parameter value lies outside its domain, or a parameter is missing."""


class UnknownNameError(LikelyError, ValueError):
    """A name (column, family, parameter, option ...) is not among the valid ones."""


class OptionError(LikelyError, ValueError):
    """Arguments that do not fit together or do not fit their type."""


class DesignError(LikelyError, ValueError):
    """The predictors cannot identify the coefficients, or a formula cannot be read."""


class FamilyError(LikelyError, ValueError):
    """A family's definition is inconsistent or cannot be evaluated."""


class IntervalError(LikelyError, ValueError):
    """An interval does not exist; the message says why and what does."""


class FitError(LikelyError, RuntimeError):
    """The likelihood has no usable peak, or the search for it failed.

    Attributes
    ----------
    fit : Fit or None
        What the search had when it stopped, with ``converged`` false.
    """

    def __init__(self, message: str, fit: Any = None) -> None:
        super().__init__(message)
        self.fit = fit


class MissingDependencyError(LikelyError, ImportError):
    """An optional package is needed; the message says how to install it."""


class LikelyWarning(UserWarning):
    """Base class of every warning that likely issues."""


class UnderflowWarning(LikelyWarning):
    """A likelihood is too small for a float; its logarithm is not."""


class DroppedRowsWarning(LikelyWarning):
    """Rows with missing values were left out, as asked."""


def listed(names: Iterable[Any], most: int = 12) -> str:
    """Names for a message: quoted, comma-separated, cut after `most`.

    >>> listed(["a", "b"])
    "'a', 'b'"
    """
    names = [str(n) for n in names]
    shown = ", ".join(repr(n) for n in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def unknown(
    kind: str, name: object, valid: Iterable[str], where: str = "", aliases: Iterable[str] = ()
) -> UnknownNameError:
    """An error for a name that is not among the valid ones, with the nearest match; aliases match but are not listed.

    >>> str(unknown("family", "normall", ["normal", "laplace"]))
    "unknown family 'normall'; did you mean 'normal'? Valid: 'normal', 'laplace'"
    """
    valid = list(valid)
    lowered = {v.lower(): v for v in reversed([*valid, *aliases])}
    near = difflib.get_close_matches(str(name).lower(), list(lowered), n=1, cutoff=0.5)
    hint = f"; did you mean {lowered[near[0]]!r}?" if near else "."
    choices = f" Valid: {listed(valid, 40)}" if valid else " There are none to choose from."
    return UnknownNameError(f"unknown {kind} {str(name)!r}{where}{hint}{choices}")


def first_rows(rows: Iterable[int], values: Iterable[Any], most: int = 5) -> str:
    """The first offending rows and values, for a message.

    >>> first_rows([3, 8], [0.0, -1.5])
    'row 3: 0.0, row 8: -1.5'
    """
    pairs = list(zip(rows, values, strict=True))
    text = ", ".join(f"row {int(r)}: {v.item() if hasattr(v, 'item') else v!r}" for r, v in pairs[:most])
    return text + (f" and {len(pairs) - most} more" if len(pairs) > most else "")
