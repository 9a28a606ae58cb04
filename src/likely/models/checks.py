"""What the user gave, checked: arguments, missing values, weights, support; every error in words."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from likely.compute import blocks
from likely.compute.engines import memory
from likely.data import tables
from likely.data.tables import Table
from likely.errors import (
    DataError,
    DroppedRowsWarning,
    EmptyLevelsWarning,
    MissingValuesError,
    OptionError,
    SupportError,
    UnknownNameError,
    first_rows,
    listed,
    unknown,
)
from likely.errors.kinds import is_number, is_whole
from likely.families import FAMILIES, means_family
from likely.families.base import Family, Support
from likely.models.asked import OPTIONS, Asked
from likely.namespace.arrays import Booleans, Floats
from likely.show.records import attributes

WEIGHTS_KINDS = ("frequency", "analytic", "sampling", "importance")
MOST_LEVELS = 5_000  # of a response
FILL_OR_DROP = "fill them, or pass missing='drop' to leave these rows out"
NO_WEIGHT = "all weights are zero: there are no observations"
OTHER_KINDS = {
    **dict.fromkeys(("fweight", "fweights", "fw", "freq", "count", "counts"), "frequency"),
    **dict.fromkeys(("aweight", "aweights", "aw", "variance", "var", "precision", "case"), "analytic"),
    **dict.fromkeys(("pweight", "pweights", "pw", "probability", "survey", "design"), "sampling"),
    **dict.fromkeys(("iweight", "iweights", "iw"), "importance"),
}
OTHER_NAMES = {
    **dict.fromkeys(("mu", "location", "mean", "loc"), ("mean", "loc", "rate")),
    **dict.fromkeys(("sigma", "std", "stdev", "sd", "scale"), ("sd", "scale")),
    **dict.fromkeys(("lam", "lambda_", "lambd", "rate"), ("rate", "mean")),
    **dict.fromkeys(("prob", "pi", "probability"), ("p",)),
    **dict.fromkeys(("nu", "dof"), ("df",)),
    **dict.fromkeys(("freq", "freq_weights", "sample_weight"), ("weights",)),
    **dict.fromkeys(("exposures", "at_risk"), ("exposure",)),
    **dict.fromkeys(("cov_type", "vcov", "vce", "se", "robust", "covariance", "cov_kind"), ("cov",)),
    **dict.fromkeys(("cov_kwds", "groups", "clusters", "cluster_var"), ("cluster",)),
}


def require_positive(**numbers: Any) -> None:
    """Raise unless each option is a positive number."""
    for name, value in numbers.items():
        if not is_number(value) or not 0.0 < value < np.inf:
            raise OptionError(f"{name} is a positive number, found {value!r}")


def require_whole(at_least: int = 1, **numbers: Any) -> None:
    """Raise unless each option is a whole number of at least so much."""
    for name, value in numbers.items():
        if not is_whole(value) or value < at_least:
            raise OptionError(f"{name} is a whole number of at least {at_least}, found {value!r}")


def require_number(**numbers: Any) -> None:
    """Raise unless each option is a finite number."""
    for name, value in numbers.items():
        if not is_number(value) or not np.isfinite(value):
            raise OptionError(f"{name} is a number, found {value!r}")


def items_of(value: Any, what: str, empty: bool = False) -> list[Any]:
    """What an argument lists: its items, or the one text that it is.

    Parameters
    ----------
    value : str or iterable
    what : str
        What is listed, as a sentence begins: "by is the names of columns".
    empty : bool
        Whether there may be none.

    Raises
    ------
    OptionError
        If it is neither text nor a list, or empty.
    """
    if isinstance(value, str):
        return [value]
    items = None if isinstance(value, (bytes, type)) or not isinstance(value, Iterable) else list(value)
    if items is None or not (items or empty):
        raise OptionError(f"{what}; found {value!r}")
    return items


def check_level(level: float) -> float:
    """The level as a float in (0, 1), or an error."""
    if not is_number(level) or not 0.0 < level < 1.0:
        hint = f"; for {level:g} % write {level / 100:g}" if is_number(level) and 1 < level < 100 else ""
        raise OptionError(f"level must lie between 0 and 1, found {level!r}{hint}")
    return float(level)


def row_of_numbers(value: Any, what: str) -> Floats:
    """One finite number or several, as an array.

    Raises
    ------
    OptionError
        If it is neither; the sentence starts with `what`: "q is a number between 0 and 1, or a list of them".
    """
    try:
        made = np.atleast_1d(np.asarray(value, dtype=float))
    except (TypeError, ValueError):
        made = np.empty(0)
    if made.ndim != 1 or not len(made) or not np.all(np.isfinite(made)):
        raise OptionError(f"{what}; found {value!r}")
    return made


def check_order(family: Any, data: Any, formula: Any) -> None:
    """Raise OptionError where the arguments seem to have changed places."""
    text = isinstance(data, str) and ("~" in data[1:] or data.startswith("~ ")) and not data.startswith("~/")
    table = not isinstance(family, (str, Family, type, type(None))) and hasattr(family, "__len__")
    swapped = (isinstance(family, str) and "~" in family) or (table and (means_family(data) or isinstance(data, str)))
    if swapped or table or text or isinstance(data, Family) or isinstance(formula, Family):
        raise OptionError(
            "the order of the arguments is family, data, formula: lk.fit('normal', data, 'y ~ x') with a formula, "
            "lk.fit('normal', data) for one column"
        )


def check_argument(family: Family, name: str) -> None:
    """Raise unless a further keyword argument is the formula of a parameter."""
    names = [p.name for p in family.parameters]
    if name in ("bread", "correction"):
        raise OptionError(f"{name}= is an option of the fit's with_cov: lk.fit(...).with_cov('HC0', {name}=...)")
    if name not in names:
        near = next((other for other in OTHER_NAMES.get(name, ()) if other in (*names, *OPTIONS)), None)
        if near is None:
            lowered = difflib.get_close_matches(name.lower(), [*names, *OPTIONS], n=1, cutoff=0.5)
            near = lowered[0] if lowered else None
        raise UnknownNameError(
            f"unknown argument {name!r}{f'; did you mean {near!r}?' if near else '.'} Parameters of {family.title}, "
            f"which take formulas: {listed(names)}. Options: {listed(('formula', *OPTIONS))}"
        )


def check_density(density: Family, asked: Asked) -> None:
    """Raise OptionError for arguments that a density's function takes the place of."""
    given = attributes(asked, ("formula", "offset", "exposure", "link"))
    for name, value in {**given, **asked.formulas}.items():
        if value is not None:
            raise OptionError(
                f"{name}= has no place in the fit of a density: its function says how parameters and data make "
                f"{density.title}, and params=, fixed= and ties= of lk.density(...) say what is estimated"
            )


def require_matrix(formula: Any) -> None:
    """Refuse what is neither text nor a matrix of predictors."""
    if formula is None:
        return
    expected = "a formula is text such as 'y ~ x', or a matrix of predictors"
    if isinstance(formula, (bytes, bytearray, set, frozenset)):
        raise OptionError(f"{expected}; found {type(formula).__name__}")
    if blocks.is_sparse(formula):  # one kind of which is a dict as well
        return
    if isinstance(formula, Mapping) and (not formula or any(np.ndim(v) == 0 for v in formula.values())):
        raise OptionError(
            f"{expected}; found a dict. Formulas of further parameters are arguments: lk.fit(..., 'y ~ x', sd='~ z')"
        )
    if isinstance(formula, (list, tuple)) and (not formula or any(isinstance(v, str) for v in formula)):
        joined = " + ".join(map(str, formula)) or "x"
        raise OptionError(f"{expected}; found {type(formula).__name__} {formula!r}: write it as 'y ~ {joined}'")
    if not hasattr(formula, "__array__") and not hasattr(formula, "__len__"):
        raise OptionError(f"{expected}; found {formula!r}")


def missing_rows(
    used: Mapping[str, Any], n: int, action: str, whose: str = "", advice: str = FILL_OR_DROP
) -> tuple[Any, dict[str, int]]:
    """The rows to keep (None: all), and the count of missing values by column; an error unless dropping."""
    lost = np.zeros(n, dtype=bool)
    counts: dict[str, int] = {}
    complete = _surely_complete({name: values for name, values in used.items() if values.dtype.kind == "f"}, n)
    for name, values in used.items():
        if name in complete:
            continue
        absent = tables.missing(values)
        if count := int(np.count_nonzero(absent)):
            counts[name] = count
            lost |= absent
    if not counts:
        return None, {}
    if action == "error":
        detail = ", ".join(f"{name}: {count}" for name, count in counts.items())
        raise MissingValuesError(f"{int(lost.sum())} of {n} rows{whose} have missing values ({detail}): {advice}")
    return ~lost, counts


def _surely_complete(used: Mapping[str, Any], n: int) -> set[str]:
    """The columns of numbers whose sum is finite: a quick look first, on all threads."""

    def sums(lo: int, hi: int) -> tuple[Any, ...]:
        with np.errstate(all="ignore"):
            return (np.array([np.sum(values[lo:hi]) for values in used.values()]),)

    with np.errstate(all="ignore"):
        found = memory.sum_blocks(sums, n, 65_536)[0]
    return {name for name, finite in zip(used, np.isfinite(found), strict=True) if finite}


def check_left(counted: int, used: int, dropped: Iterable[str]) -> None:
    """Raise unless there are rows of a weight other than zero, and complete ones among them."""
    if not counted:
        raise DataError(NO_WEIGHT)
    if not used:
        raise MissingValuesError(f"every row has a missing value ({listed(dropped)}); nothing is left")


def check_weights_kind(kind: Any, given: bool) -> str:
    """The kind of weights, or an error that lists the kinds."""
    if kind not in WEIGHTS_KINDS:
        meant = OTHER_KINDS.get(kind.lower()) if isinstance(kind, str) else None
        if meant is not None:
            raise OptionError(f"{kind!r} weights are called {meant!r} here; the kinds are {listed(WEIGHTS_KINDS)}")
        raise unknown("kind of weights", kind, WEIGHTS_KINDS)
    if kind != "frequency" and not given:
        raise OptionError(f"weights_kind={kind!r} needs weights=: a column, an expression or an array")
    return str(kind)


def check_one_column(names: Sequence[str], what: str) -> None:
    """Raise unless what was given row by row is a single column."""
    if len(names) != 1:
        raise DataError(f"{what}: one value for each row, found a table of {len(names)} columns")


def weight_column(w: Any) -> Floats:
    """The weights as numbers, one a row; NaN where one is missing."""
    if np.ndim(w) == 0:
        raise OptionError("weights are one per row: a column name or an array")
    return tables.numbers(w, "weights")


def counted_rows(w: Any) -> Booleans | None:
    """The rows of a weight other than zero, as a mask; None where all are."""
    return None if w is None or np.all(counted := w != 0.0) else counted


def check_weights(w: Any, kind: str, table: Table | None = None) -> Floats:
    """The weights as numbers, finite, not negative and not all zero; the table is that of their rows."""
    w = weights_of_rows(w, kind, table)
    check_total_weight(float(np.sum(w)), kind)
    return w


def weights_of_rows(w: Any, kind: str, table: Table | None = None) -> Floats:
    """The weights of some rows as numbers, finite and not negative; the table is that of the rows."""
    w = weight_column(w)
    bad = ~(np.isfinite(w) & (w >= 0))
    if np.any(bad):
        where = np.flatnonzero(bad)
        shown = where if table is None else table.places(where)
        raise DataError(f"{kind} weights must be finite and not negative, found {first_rows(shown, w[where])}")
    return w


def check_total_weight(total: float, kind: str) -> None:
    """Raise unless weights of this sum can be those of a likelihood."""
    if total == 0.0:
        raise DataError(NO_WEIGHT)
    if not np.isfinite(total):
        raise DataError(f"{kind} weights are too large: their sum is more than a float can hold; rescale them")
    if kind == "frequency" and total < 1.0:
        raise DataError(
            f"frequency weights count observations, and these sum to {total:.3g}, less than one; rescale them so that "
            "they sum to the number of observations, or say what they are: weights_kind='analytic' (rows that are "
            "means of several units), 'sampling' (inverse probabilities of selection) or 'importance'"
        )


def check_averaged(family: Family) -> None:
    """Refuse analytic weights where the family does not say what a mean of several units is."""
    if not family.averaged:
        advice = family.unaveraged or (
            "describe its spread by a formula with offset(log(w)); a density of your own says it by "
            "@lk.family(..., averaged={'sd': -0.5})"
        )
        raise OptionError(
            f"analytic weights say that each row is a mean of w units, and {family.title} has no parameter through "
            f"which its variance is divided by w: {advice}. For rows that stand for w equal rows use "
            "weights_kind='frequency'"
        )


def check_support(family: Family, y: Any, known: Mapping[str, Any], name: str, table: Table | None = None) -> None:
    """Raise SupportError with rows, values and the families that fit, unless all of y can occur.

    The table is that of y's rows.
    """
    if len(y) == 0:
        raise DataError("the data are empty: no observation, no likelihood to maximise")
    finite = np.isfinite(y)
    if not np.all(finite):
        where = np.flatnonzero(~finite)
        shown = where if table is None else table.places(where)
        raise SupportError(
            f"{name} has {len(where)} infinite value(s): {first_rows(shown, y[where])}. "
            "No family gives infinity a density; correct or drop these rows"
        )
    support = family.support
    if any(p.edge for p in family.parameters):  # an end is known, or the estimate is where the data end
        known = {**(family.edge_estimate(y, known) if np.all(support.contains(y)) else {}), **known}
    if all(p.name in known for p in family.parameters if p.edge or p.known_only):
        inside = family.inside(y, known)
        low, high = family.bounds(**known)
        if np.ndim(low) == 0 and np.ndim(high) == 0:
            support = _between(support, low, high)
    else:
        inside = support.contains(y)
    if np.all(inside):
        return
    where = np.flatnonzero(~inside)
    shown = where if table is None else table.places(where)
    if family.kind.labels:
        raise SupportError(
            f"{family.title} is for {family.outcomes}, but {len(where)} of {len(y)} values of {name} are not: "
            f"{first_rows(shown, y[where])}"
        )
    fitting = [c for c in FAMILIES.values() if _fits(c, y)]
    if family.kind.discrete and any(c.support.integer for c in fitting):
        fitting = [c for c in fitting if c.support.integer]
    advice = (
        f"Families whose support fits: {', '.join(c.__name__ for c in fitting)}"
        if fitting
        else "No built-in family fits"
    )
    limit = " and at most the number of trials" if "n" in known and np.ndim(known["n"]) else ""
    who = repr(family) if family.known else family.title
    raise SupportError(
        f"{who} is for {support.text}{limit}, but {len(where)} of {len(y)} values of {name} are not: "
        f"{first_rows(shown, y[where])}. {advice}"
    )


def _between(support: Support, low: float, high: float) -> Support:
    """The support cut at ends that are themselves possible values."""
    if low > support.lower:
        support = replace(support, lower=low, closed_lower=True)
    return replace(support, upper=high, closed_upper=True) if high < support.upper else support


def _fits(family: type[Family], y: Any) -> bool:
    if any(p.vector or p.known_only or p.edge for p in family.parameters):
        return False
    return bool(np.all(family.support.contains(y)))


def check_number_of_levels(family: Family, name: str) -> None:
    """Refuse a response with more labels than a fit can hold: each is a linear predictor."""
    if len(family.levels or ()) > MOST_LEVELS:
        raise DataError(
            f"{name} has {len(family.levels or ()):,} levels, and {MOST_LEVELS:,} are the most that {family.title} can "
            "hold: is it a column of identifiers, or of numbers?"
        )


def warn_empty_levels(declared: Sequence[Any] | None, kept: Sequence[Any] | None, name: str) -> None:
    """Warn of declared levels that were left out."""
    if empty := [level for level in declared or () if level not in (kept or ())]:
        warnings.warn(
            f"the levels {listed(empty)} of {name} do not occur and were left out: their estimated probability is 0",
            EmptyLevelsWarning,
            stacklevel=7,
        )


def warn_dropped_rows(n: int, kept: int, dropped: Mapping[str, int]) -> None:
    detail = ", ".join(f"{k}: {v}" for k, v in dropped.items())
    warnings.warn(
        f"{n - kept} of {n} rows have missing values ({detail}) and were dropped; {kept} are left",
        DroppedRowsWarning,
        stacklevel=5,
    )
