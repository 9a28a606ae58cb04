"""Where a search starts: at the family's values, at the user's, or where an earlier search has got to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from likely.errors import OptionError, ParameterError, is_one_of, unknown
from likely.errors.kinds import is_whole
from likely.likelihoods.log_likelihood import LogLikelihood
from likely.models import scale
from likely.namespace.arrays import Floats
from likely.search.state import FitState


def start_of(L: LogLikelihood, start: Any) -> Floats:
    """The coefficients that the search starts from: the default ones, the user's, or those of an earlier search."""
    if start is None:
        return L.default_start
    return start.vector(L.names) if isinstance(start, FitState) else _given_start(L, start)


def _given_start(L: LogLikelihood, start: Mapping[str, float]) -> Floats:
    """The user's starting values, completed by the default ones."""
    model = L.model
    default, _ = scale.to_reported(model, L.default_start)
    values = dict(zip(L.names, default, strict=True))
    for name, value in model.family._spread(start).items():
        if not is_one_of(name, values):
            raise unknown("parameter", name, L.names, " in start=")
        try:
            values[name] = float(value)
        except (TypeError, ValueError):
            raise ParameterError(f"the starting value of {name} must be a number, found {value!r}") from None
    x0 = scale.from_reported(model, values)
    if not np.all(np.isfinite(x0)):
        raise ParameterError("starting values must lie inside the parameters' domains, not on their ends")
    return x0


def given_starts(L: LogLikelihood, start: Any, starts: Any) -> list[Any]:
    """The starts as given; for a number the usual one and others drawn around it, the same every time."""
    if isinstance(start, FitState):  # the best place of an interrupted search, and the starts that it had
        return [start, *given_starts(L, None, starts)]
    if is_whole(starts) and starts >= 1:
        model = L.model
        first = start_of(L, start)
        rng, out = np.random.default_rng(0), [start]
        size = np.ones(model.size)
        for slot in model.slots:
            if slot.design is None and slot.link.name == "identity":
                size[slot.start] = max(1.0, abs(float(first[slot.start])))
        for _ in range(int(starts) - 1):
            values = scale.to_reported(model, first + size * rng.standard_normal(model.size))[0]
            out.append(dict(zip(scale.reported_names(model), values.tolist(), strict=True)))
        return out
    if not isinstance(starts, (list, tuple)) or not starts or not all(isinstance(s, Mapping) for s in starts):
        raise OptionError(f"starts is a number of starts, or a list of dicts of starting values; found {starts!r}")
    return [{**(start or {}), **one} for one in starts]
