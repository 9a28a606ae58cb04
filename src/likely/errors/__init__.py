"""Every exception and warning of likely; each message says what was found, where, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any


class LikelyError(Exception):
    """Base class of every error that likely raises on purpose.

    Examples
    --------
    >>> import likely as lk
    >>> try:
    ...     lk.fit("gamma", [1.0, 0.0])
    ... except lk.errors.LikelyError as error:
    ...     print(type(error).__name__)
    SupportError
    """


class DataError(LikelyError, ValueError):
    """The data cannot be used as given.

    Examples
    --------
    >>> import likely as lk
    >>> lk.fit("normal", [])
    Traceback (most recent call last):
    likely.errors.DataError: the data are empty: no observation, no likelihood to maximise
    """


class SupportError(DataError):
    """Some observations lie where the family says no observation can lie.

    Examples
    --------
    >>> import likely as lk
    >>> lk.fit("poisson", [1, -2, 3])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    likely.errors.SupportError: Poisson is for whole numbers >= 0, but 1 of 3 values of y are not: row 1: -2.0. ...
    """


class MissingValuesError(DataError):
    """Some values are missing; the message names the columns and counts.

    Examples
    --------
    >>> import likely as lk
    >>> lk.fit("normal", [1.0, None, 3.0])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    likely.errors.MissingValuesError: 1 of 3 rows have missing values (y: 1): ...
    """


class ParameterError(LikelyError, ValueError):
    """A parameter value lies outside its domain, or a parameter is missing.

    Examples
    --------
    >>> import likely as lk
    >>> lk.Normal(sd=-1)
    Traceback (most recent call last):
    likely.errors.ParameterError: Normal's sd must be a positive number, found -1
    """


class UnknownNameError(LikelyError, ValueError):
    """A name (column, family, parameter, option ...) is not among the valid ones.

    Examples
    --------
    >>> import likely as lk
    >>> lk.fit("normall", [1.0, 2.0])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    likely.errors.UnknownNameError: unknown family 'normall'; did you mean 'normal'? ...
    """


class OptionError(LikelyError, ValueError):
    """Arguments that do not fit together or do not fit their type.

    Examples
    --------
    >>> import likely as lk
    >>> lk.fit("y ~ x", {"y": [1.0, 2.0], "x": [0, 1]})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    likely.errors.OptionError: the order of the arguments is family, data, formula: ...
    """


class DesignError(LikelyError, ValueError):
    """The predictors cannot identify the coefficients, or a formula cannot be read.

    Examples
    --------
    >>> import likely as lk
    >>> data = {"y": [1.0, 2.0, 4.0, 3.0], "a": [1, 2, 3, 5], "b": [2, 4, 6, 10]}
    >>> lk.fit("normal", data, "y ~ a + b")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    likely.errors.DesignError: the predictors of mean are linearly dependent, ...
    """


class FamilyError(LikelyError, ValueError):
    """A family's definition is inconsistent or cannot be evaluated.

    Examples
    --------
    >>> import likely as lk
    >>> lk.family(params=["rate"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    likely.errors.FamilyError: params is a dict that says where each parameter lives, ...
    """


class IntervalError(LikelyError, ValueError):
    """An interval does not exist; the message says why and what does.

    Examples
    --------
    >>> import likely as lk
    >>> lk.fit("bernoulli", [0, 0, 0]).test("p = 0.5")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    likely.errors.IntervalError: p has no standard error, so it has no Wald test: ...
    """


class FitError(LikelyError, RuntimeError):
    """The likelihood has no usable peak, or the search for it failed.

    Attributes
    ----------
    fit : Fit or None
        What the search had when it stopped, with ``converged`` false.

    Examples
    --------
    >>> import likely as lk
    >>> try:
    ...     lk.fit("normal", [5.0, 5.0, 5.0])
    ... except lk.errors.FitError as error:
    ...     print(error.fit.converged)
    False
    """

    def __init__(self, message: str, fit: Any = None) -> None:
        super().__init__(message)
        self.fit = fit


class MissingDependencyError(LikelyError, ImportError):
    """An optional package is needed; the message says how to install it."""


class WriteError(LikelyError, OSError):
    """A file cannot be written; the message says why. What was there before is still there, whole.

    Examples
    --------
    >>> import likely as lk
    >>> page = lk.fit("bernoulli", [1, 0, 1]).report("/proc/fit.html", compare=False)  # doctest: +SKIP
    Traceback (most recent call last):
    likely.errors.WriteError: cannot write '/proc/fit.html': No such file or directory
    """


class InternalError(LikelyError, RuntimeError):
    """A fault of likely itself, whatever it was given; ``__cause__`` is the error that it ended in.

    Please report it with the message, the traceback and the call.
    """


class Interrupted(KeyboardInterrupt):
    """Long work was stopped by Ctrl-C; what it had reached is kept, so that it can go on.

    It is a KeyboardInterrupt, so whatever stops at Ctrl-C stops at it, and no LikelyError.

    Attributes
    ----------
    state : FitState, BootstrapState or None
        What to go on from: ``lk.fit(..., start=state)`` or ``fit.interval(method="bootstrap", resume=state)``. None
        where nothing had been reached.

    Examples
    --------
    >>> import likely as lk
    >>> def impatient(iteration, point, decrement):
    ...     raise KeyboardInterrupt
    >>> try:
    ...     lk.fit("gamma", [1.0, 2.0, 4.0], progress=impatient)
    ... except lk.errors.Interrupted as interrupted:
    ...     print(interrupted.state.passes)
    1
    """

    def __init__(self, message: str, state: Any = None) -> None:
        super().__init__(message)
        self.state = state


class LikelyWarning(UserWarning):
    """Base class of every warning that likely issues."""


class UnderflowWarning(LikelyWarning):
    """A likelihood is too small for a float; its logarithm is not.

    Examples
    --------
    >>> import likely as lk
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     lk.likelihood("bernoulli", [0, 1] * 1000)(0.5)
    0.0
    >>> caught[0].category.__name__
    'UnderflowWarning'
    """


class DroppedRowsWarning(LikelyWarning):
    """Rows with missing values were left out, as asked.

    Examples
    --------
    >>> import likely as lk
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     lk.fit("normal", [1.0, None, 3.0], missing="drop").n
    2
    >>> caught[0].category.__name__
    'DroppedRowsWarning'
    """


class TextColumnWarning(LikelyWarning):
    """A column of text was read as numbers, or taken for labels although it could be numbers.

    Examples
    --------
    >>> import likely as lk
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     round(lk.fit("normal", {"income": ["$1,000", "$3,000"]}).coef["mean"], 6)
    2000.0
    >>> print(caught[0].message)
    column 'income' holds text and is read as numbers: '$1,000' is 1000 (commas between thousands, without the '$')
    """


class EmptyLevelsWarning(LikelyWarning):
    """Levels that were declared do not occur in the data and were left out.

    Examples
    --------
    >>> import likely as lk
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     len(lk.fit(lk.Ordinal(["low", "mid", "high"]), ["low", "high", "low"]).coef)
    1
    >>> caught[0].category.__name__
    'EmptyLevelsWarning'
    """


def listed(names: Iterable[Any], most: int = 12) -> str:
    """Names for a message: quoted, comma-separated, cut after `most`.

    >>> listed(["a", "b"])
    "'a', 'b'"
    """
    names = [str(n) for n in names]
    shown = ", ".join(repr(n) for n in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def is_one_of(value: Any, valid: Any) -> bool:
    """Whether a value is one of some names; what cannot be a name, such as a list or an array, is none.

    >>> is_one_of("a", {"a": 1}), is_one_of(["a"], {"a": 1})
    (True, False)
    """
    try:
        hash(value)
    except TypeError:
        return False
    return bool(value in valid)


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


def renamed(record: object, name: str, names: Mapping[str, str]) -> AttributeError:
    """An error for an attribute that does not exist, with the new name of one that had another.

    >>> str(renamed(1.5, "facts", {"facts": "details"}))
    "'float' object has no attribute 'facts': it is called 'details' now"
    """
    now = f": it is called {names[name]!r} now" if name in names else ""
    return AttributeError(f"{type(record).__name__!r} object has no attribute {name!r}{now}")


def first_rows(rows: Iterable[int], values: Iterable[Any], most: int = 5) -> str:
    """The first offending rows and values, for a message.

    >>> first_rows([3, 8], [0.0, -1.5])
    'row 3: 0.0, row 8: -1.5'
    """
    pairs = list(zip(rows, values, strict=True))
    text = ", ".join(f"row {int(r)}: {v.item() if hasattr(v, 'item') else v!r}" for r, v in pairs[:most])
    return text + (f" and {len(pairs) - most} more" if len(pairs) > most else "")
