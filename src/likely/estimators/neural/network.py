"""The network: hidden layers, and a head for each parameter that starts at the constants' estimate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from likely.errors import OptionError, unknown
from likely.errors.kinds import is_number, is_whole
from likely.families.base import Family
from likely.inference.fitting import estimates_of
from likely.losses.heads import Heads
from likely.namespace.torch import torch_module

torch = torch_module()
ACTIVATIONS = {"relu": "ReLU", "silu": "SiLU", "gelu": "GELU", "tanh": "Tanh"}
FARTHEST = 12.0  # down to a starting value on the link scale: constants at a limit of their family start inside


class Network(torch.nn.Module):  # type: ignore[name-defined]
    """Linear predictors of some parameters from the predictors, one number for each of the others.

    Parameters
    ----------
    inputs : int
    hidden : sequence of int
    activation : str
    dropout : float
    start, scale : sequence of float
        Of every head the value it starts near, and the size of its steps.
    constant : sequence of bool
        Which heads do not look at the predictors.
    """

    def __init__(
        self,
        inputs: int,
        hidden: Sequence[int],
        activation: str,
        dropout: float,
        start: Sequence[float],
        scale: Sequence[float],
        constant: Sequence[bool],
    ) -> None:
        super().__init__()
        layers: list[Any] = []
        width = inputs
        for size in hidden:
            layers += [torch.nn.Linear(width, size), getattr(torch.nn, ACTIVATIONS[activation])()]
            if dropout:
                layers.append(torch.nn.Dropout(dropout))
            width = size
        last = torch.nn.Linear(width, len(start))
        with torch.no_grad():  # close to the constants' fit
            last.weight.mul_(0.1)
            last.bias.zero_()
        self.layers = torch.nn.Sequential(*layers, last)
        self.register_buffer("start", torch.tensor(start, dtype=torch.float64))
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float64))
        self.register_buffer("moving", torch.tensor([not c for c in constant]))

    def forward(self, x: Any) -> Any:
        """Linear predictors, a head along the last axis; in double precision, so that any units of y hold."""
        moves = torch.where(self.moving, self.layers(x), self.layers[-1].bias)
        return self.start + self.scale * moves.double()


def check_layers(hidden: Any, activation: str, dropout: Any) -> tuple[int, ...]:
    """The sizes of the hidden layers, or an error in words."""
    sizes = tuple(hidden) if isinstance(hidden, (tuple, list, np.ndarray)) else (hidden,)
    if any(not is_whole(size) or size < 1 for size in sizes):
        raise OptionError(f"hidden is the sizes of the hidden layers, such as (64, 64), found {hidden!r}")
    if not isinstance(activation, str) or activation not in ACTIVATIONS:
        raise unknown("activation", activation, ACTIVATIONS)
    if not is_number(dropout) or not 0.0 <= dropout < 1.0:
        raise OptionError(f"dropout is a share from 0 to below 1, found {dropout!r}")
    return tuple(int(size) for size in sizes)


def beginning(family: Family, heads: Heads, y: Any, weights: Any = None) -> tuple[list[float], list[float]]:
    """Where each head starts, the fit of constants on the link scale, and the size of its steps.

    Parameters
    ----------
    family : Family
    heads : Heads
    y : ndarray
    weights : ndarray, optional
    """
    kind = "frequency" if weights is None else "importance"
    constants = estimates_of(family, y, weights=weights, weights_kind=kind, on_failure="return")
    start, scale = [], []
    smallest = min(0.0, float(np.log(_spread(y)))) - FARTHEST  # y in small units has small parameters
    for p in heads.predicted:
        link = p.domain.get_link(p.name, heads.links[p.name])
        value = constants.coef.get(p.name, np.nan) if constants.converged else np.nan
        if not np.isfinite(value):
            w = np.ones(len(y)) if weights is None else weights
            value = float(np.ravel(family._start(y, w, family.known).get(p.name, np.nan))[0])
        if not np.isfinite(value):
            value = 0.5 * sum(p.typical_range)
        with np.errstate(all="ignore"):
            eta = float(link.forward(np.float64(value)))
        unbounded = p is family.parameters[0] and link.name == "identity"
        start.append(eta if unbounded else float(np.clip(np.nan_to_num(eta, nan=0.0), smallest, None)))
        scale.append(_spread(y) if unbounded else 1.0)
    return start, scale


def _spread(y: Any) -> float:
    """Of the bulk of the responses: outliers do not set the scale."""
    low, high = np.quantile(y, [0.25, 0.75])
    spread = float(high - low) / 1.349 or float(np.std(y))
    return spread if np.isfinite(spread) and spread > 0.0 else 1.0
