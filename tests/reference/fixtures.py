"""The fixtures of statsmodels: results of Stata, R and SAS as its authors typed them, in ../shared/reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import shared

import likely as lk


def fixture(file: str, name: str) -> Any:
    """One result of a file."""
    shared.part(f"statsmodels {file}", name)
    return shared.contents(f"statsmodels/{file}.json")["results"][name]


def numbers(values: Any) -> np.ndarray:
    """Typed numbers; what was missing there is NaN."""
    if isinstance(values, dict):
        return np.array(np.nan)
    if isinstance(values, list):
        return np.array([numbers(v) for v in values], dtype=float)
    return np.array(values, dtype=float)


def stata(case: dict[str, Any], table: str = "params_table") -> tuple[np.ndarray, np.ndarray]:
    """Estimates and standard errors of a table of Stata's."""
    values = numbers(case[table])
    return values[:, 0], values[:, 1]


def agree(found: Any, wanted: Any, rel: float, atol: float = 0.0) -> None:
    """Numbers are the same to the digits that were typed; what is missing there is not compared."""
    found, wanted = np.broadcast_arrays(np.asarray(found, dtype=float), numbers(wanted))
    off = np.abs(found - wanted) / (rel * np.abs(wanted) + atol)
    told = ~np.isnan(wanted)
    assert told.any()
    shared.OFF.append(float(np.max(off[told])))
    assert np.all(off[told] <= 1.0), f"found {found}\nnot   {wanted}\n{off} times what is allowed"


def estimates(fit: lk.Fit, order: Sequence[str], rel: float, case: tuple[Any, Any], factor: float = 1.0) -> None:
    """Estimates and standard errors, ours times a factor where the other convention of scale is known."""
    agree([fit.coef[name] for name in order], case[0], rel)
    told = [(name, se) for name, se in zip(order, case[1], strict=True) if not np.isnan(se)]  # none where it is held
    agree([fit.stderr[name] * factor for name, _ in told], [se for _, se in told], rel)


def last_first(fit: lk.Fit, parameter: str) -> list[str]:
    """The coefficients of a parameter in Stata's order, the intercept at the end."""
    first, *others = [name for name in fit.names if name.startswith(f"{parameter}.")]
    assert first.endswith("Intercept")
    return [*others, first]


def executions(rows: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Capital punishment in 17 states (cpunish), with weights and clusters, and the formula."""
    names = ["executions", "income", "perpoverty", "perblack", "vc", "south", "degree"]
    data = rows.set_axis(names, axis=1).astype(float)
    weights = np.array([1, 1, 1, 2, 2, 2, 3, 3, 3, 1, 1, 1, 2, 2, 2, 3, 3])
    data = data.assign(w=weights, id=np.arange(1, 18) // 2, a=weights / weights.mean())
    return data, "executions ~ income + perpoverty + perblack + log(vc) + south + degree"


def scaled_executions(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The same for margins: predictors of size 1, and one execution less."""
    data, _ = executions(rows)
    names = [*data.columns[1:7]]
    data = data.assign(executions=data["executions"] - 1.0, vc=np.log(data["vc"]))
    return data.assign(**{name: data[name] / np.round(data[name].max(), 3) for name in names}), names
