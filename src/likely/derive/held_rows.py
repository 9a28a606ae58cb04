"""Rows dealt to folds, and a model's data on some of its rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from likely.derive.covariance.request import group_codes
from likely.errors import OptionError

if TYPE_CHECKING:
    from likely.bind import Bound


def dealt(bound: Bound, folds: Any, groups: Any, seed: int) -> tuple[Any, str]:
    """The fold of every row, and the name of the groups that stay together."""
    what, by, codes = "rows", "", np.arange(len(bound.y))
    if bound.model.family.conditional and groups is None:
        raise OptionError("the rows of a stratum are one observation: pass groups= the column of the strata")
    if groups is not None:
        by, codes = group_codes(bound, groups, "groups", "the groups", "or leave these rows out")
        what = f"groups ({by})"
    n = int(np.max(codes)) + 1
    whole = isinstance(folds, (int, np.integer)) and not isinstance(folds, bool)
    if not whole or not 2 <= folds <= n:
        raise OptionError(f"folds is a whole number from 2 to the {n} {what}, found {folds!r}")
    return np.random.default_rng(seed).permutation(np.arange(n) % folds)[codes], by


def of_rows(bound: Bound, rows: Any) -> Bound:
    """The bound data of some rows (indices)."""
    weights = None if bound.weights is None else bound.weights[rows]
    return replace(bound, model=bound.model.of_rows(rows), y=bound.y[rows], weights=weights)
