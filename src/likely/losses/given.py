"""What a loss takes from its family and from the observations: what is predicted, what is known, targets as numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from likely.errors import DataError, OptionError, listed
from likely.families.base import Family, Parameter
from likely.families.base.links import LINKS
from likely.families.base.vectors import Simplex
from likely.families.labels import Labelled, values_of
from likely.likelihoods import offers_of
from likely.losses.arrays import Arrays
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats


def target(family: Family, y: Any, arrays: Arrays, like: Any = None) -> Floats:
    """Observations as numbers; labels as their codes."""
    if isinstance(family, Labelled) and family.levels is not None and arrays.kind == "numpy":
        return family.codes(*values_of(y))
    if arrays.kind == "numpy" and any(isinstance(value, str) for value in np.ravel(np.asarray(y))[:1]):
        way = (
            f"say which there are, in the order of the predictions: lk.{family.title}(levels=[...])"
            if isinstance(family, Labelled)
            else f"{family.title} is for {family.support.text}; a yes/no column is compared first, y == 'yes'"
        )
        raise DataError(f"y holds text: {way}")
    return arrays.numbers(y, "y", like=like if arrays.kind != "numpy" else None)


def require_rows(family: Family) -> None:
    """Raise unless the family states a density for each row alone."""
    if not offers_of(family).predictors:
        raise OptionError(
            f"{family.title} states the likelihood of several rows together, so it has no loss row by row"
        )


def predicted(family: Family, of: str | None) -> Parameter:
    """The parameter that predictions are of."""
    require_rows(family)
    choices = [p for p in family.parameters if not p.known_only]
    if of is None:
        chosen = choices[0]
    else:
        chosen = family.parameter(of)
        if chosen.known_only:
            raise OptionError(
                f"{of} of {family.title} is always given, never predicted; of= takes {listed(p.name for p in choices)}"
            )
    if chosen.name in family.known:
        raise OptionError(
            f"{chosen.name} is known in {family!r}, and it is what the loss is of: leave it out, or say of= "
            f"{listed(p.name for p in choices if p is not chosen)}"
        )
    if chosen.edge:
        raise OptionError(
            f"{chosen.name} of {family.title} is an end of the support: the likelihood jumps to 0 beyond it and has no "
            "gradient to train with; lk.fit gives its estimate"
        )
    if chosen.vector and chosen.domain is not Simplex:
        raise OptionError(f"{chosen.name} of {family.title} is increasing numbers: take lk.nll, or say of=")
    return chosen


def known_values(family: Family, predicted: Parameter | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Known values by leaf, and those of them that have one value for each row."""
    known: dict[str, Any] = {}
    by_row: dict[str, Any] = {}
    for p in family.parameters:
        value = family.known.get(p.name)
        if value is None and p.anchored and p is not predicted:
            value = float(LINKS[p.domain.link].inverse(np.float64(0.0), NumpyNamespace()))
        if value is None:
            continue
        if isinstance(value, str):
            raise OptionError(
                f"{p.name} of {family!r} is the column {value!r}: a loss needs numbers, {family.title}({p.name}=...)"
            )
        if p.vector:
            known.update({f"{p.name}[{k}]": float(v) for k, v in enumerate(np.asarray(value, dtype=float))})
        elif np.ndim(value):
            p.domain.check(f"{family.title}'s known {p.name}", value)
            by_row[p.name] = np.asarray(value, dtype=float)
        else:
            known[p.name] = float(value)
    return known, by_row
