"""What estimators are given besides X: responses, weights, offsets, levels and columns, checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils.validation import _check_sample_weight, column_or_1d

from likely.errors import DataError, MissingValuesError, OptionError, first_rows, is_one_of, listed, unknown
from likely.errors.kinds import is_whole
from likely.families.base import Family
from likely.namespace.arrays import Floats


def checked_weights(sample_weight: Any, X: Any) -> Any:
    """Weights as numbers, one for each row, not negative; None where all are 1."""
    if sample_weight is None:
        return None
    w = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    if not np.any(w > 0):
        raise DataError("every sample_weight is 0: there is no observation left")
    return None if np.all(w == 1.0) else w


def response_of(y: Any, n: int) -> Any:
    """One response for each of n rows."""
    y = column_or_1d(y)
    if len(y) != n:
        raise DataError(f"X has {n} rows, y has {len(y)}")
    return y


def log_likelihood_of_labels(logs: Any, classes: Any, y: Any, weights: Any) -> float:
    """The mean log-probability of labels, from those of every class; minus infinity for labels that are none."""
    place = {label: k for k, label in enumerate(classes.tolist())}
    codes = [place.get(label) for label in response_of(y, len(logs)).tolist()]
    values = [-np.inf if code is None else row[code] for row, code in zip(logs, codes, strict=True)]
    return float(np.average(values, weights=weights))


def checked_offset(offset: Any, n: int) -> Any:
    """An offset as one number for each row."""
    try:
        values = np.asarray(offset, dtype=float)
    except (TypeError, ValueError):
        raise DataError("offset must be one number, or one for each row") from None
    if values.ndim and values.shape != (n,):
        raise DataError(f"X has {n} rows, offset has shape {values.shape}")
    if not np.all(np.isfinite(values)):
        raise DataError("offset has values that are missing or not finite")
    return np.array(np.broadcast_to(values, (n,)))


def require_plain_numbers(family: Family) -> None:
    """Known parameters are numbers here: columns and arrays would not follow the rows of a pipeline or a split."""
    for name, value in family.known.items():
        if isinstance(value, str) or (np.ndim(value) and not family.parameter(name).vector):
            raise OptionError(
                f"{name} of {family.title} is known row by row, and scikit-learn passes on only X, y and weights: give "
                "one number, or use lk.fit"
            )


def columns_of(spec: Any, names: Sequence[str], parameter: str) -> list[int]:
    """The columns of X that "all", a list of names or a list of positions stands for."""
    if isinstance(spec, str):
        if spec == "all":
            return list(range(len(names)))
        raise OptionError(f"predictors of {parameter}: 'all', or a list of columns such as [{spec!r}]; found {spec!r}")
    out = []
    for item in spec:
        if isinstance(item, str):
            if not is_one_of(item, names):
                raise unknown("feature", item, names, f" for {parameter}")
            out.append(list(names).index(item))
        elif is_whole(item) and 0 <= item < len(names):
            out.append(int(item))
        else:
            raise OptionError(
                f"predictors of {parameter}: {item!r} is no column of X, which has {len(names)}: {listed(names)}"
            )
    return list(dict.fromkeys(out))


def quantile_level(q: Any) -> float:
    """The level of a quantile: a number between 0 and 1."""
    if isinstance(q, str) or np.ndim(q) or not 0.0 < q < 1.0:
        raise OptionError(f"q is a number between 0 and 1, found {q!r}")
    return float(q)


def refuse_text(y: Any, family: Family, classifier: str) -> None:
    """Raise if the response is text, which a classifier takes."""
    if any(isinstance(value, str) for value in np.ravel(np.asarray(y))[:1]):
        raise DataError(f"y of {family.title} must be numbers, found text; {classifier} takes labels")


def numbers(y: Any, family: Family, n: int, classifier: str) -> Floats:
    """A response to score, as numbers that are not missing."""
    refuse_text(y, family, classifier)
    y = response_of(y, n).astype(float)
    if np.any(missing := np.isnan(y)):
        rows = np.flatnonzero(missing)
        raise MissingValuesError(f"{len(rows)} of {n} values of y are missing: {first_rows(rows, y[rows])}")
    return y
