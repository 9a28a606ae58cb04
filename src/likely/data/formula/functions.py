"""The functions that formulas may call."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import numpy as np

CONTEXT = {
    name: getattr(np, name)
    for name in (
        "sqrt abs log1p expm1 floor ceil sign sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh square cbrt "
        "where maximum minimum isfinite".split()
    )
} | {"round": np.round, "clip": np.clip}
SPLINES = {"cr": False, "cs": False, "cc": True}  # cubic ones, and whether they are cyclic
FROM_FORMULAIC = (
    "log log10 log2 exp exp10 exp2 bs cc cr cs center poly scale standardize C I hashed Q te Treatment Poly Sum "
    "Helmert Diff".split()
)
ELEMENTWISE = {"where", "clip", "round", "around", "isin", "nan_to_num", "interp", "digitize", "select", "piecewise"}
WHOLE_COLUMN = set(
    "mean average median sum std sd var min max quantile percentile rank cumsum "
    "diff lag count len sorted argsort norm ntile".split()
)


@cache
def context() -> dict[str, Any]:
    """What formulas may call besides formulaic's own: cubic splines are centred, for the intercept is another term."""
    from formulaic.transforms.cubic_spline import cubic_spline
    from formulaic.utils.stateful_transforms import stateful_transform

    splines = {
        name: stateful_transform(partial(cubic_spline, cyclic=cyclic, constraints="center"))
        for name, cyclic in SPLINES.items()
    }
    return CONTEXT | splines
