"""Formulaic's evaluation of formulas, with its errors in words, and whether what it gives is finite."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from likely.compute import blocks
from likely.compute.blocks import Matrix
from likely.data.formula import clean, context
from likely.errors import DesignError, LikelyError


def evaluate(formula: Any, frame: Any, text: str) -> Any:
    try:
        return quietly(lambda: formula.get_model_matrix(frame, context=context(), na_action="ignore"))
    except LikelyError:
        raise
    except Exception as error:  # formulaic evaluates the user's expressions, which may raise anything
        said = clean(error)
        logic = any(sign in said for sign in (" &", " |", "invert"))
        advice = "; yes and no are 1 and 0 here: join conditions as (x == 1) & (z == 0)" if logic else ""
        raise DesignError(f"cannot evaluate the formula {text!r}: {said}{advice}") from error


def quietly(action: Any) -> Any:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return action()


def not_finite(x: Matrix) -> tuple[int, int] | None:
    """Row and column of a value that is not finite, the first column that has one; None if all are finite."""
    with np.errstate(all="ignore"):
        total = np.ones(len(x)) @ x
    if np.all(np.isfinite(total)):
        return None
    for j in np.flatnonzero(~np.isfinite(total)):
        if np.any(bad := ~np.isfinite(blocks.column(x, int(j)))):
            return int(np.flatnonzero(bad)[0]), int(j)
    return None
