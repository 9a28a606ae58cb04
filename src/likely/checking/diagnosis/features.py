"""What the predictors of a model could still hold: powers of them and of the linear predictor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.compute import blocks
from likely.namespace.arrays import Floats
from likely.prediction.sample import Sample

COLUMNS = 20  # columns of a design that are looked at one by one
LEVELS = 4  # a column with no more values than that has no shape


@final
@dataclass(frozen=True, eq=False)
class Feature:
    """A column that a model might have and has not.

    Attributes
    ----------
    label : str
        What it is made of: a column of the design, or "the linear predictor".
    values : ndarray, shape (n,)
        Centred, of spread one.
    """

    label: str
    values: Any


PREDICTOR = "the linear predictor"


def straight(sample: Sample, k: int) -> list[Feature]:
    """A slot's linear predictor and the columns of its design."""
    eta = np.asarray(sample.observed.predictors[k])
    return [Feature(PREDICTOR, _standard(eta)), *_columns(sample, k)]


def squares(sample: Sample, k: int) -> list[Feature]:
    """The squares of a slot's columns, one by one."""
    return [
        Feature(f.label, _standard(f.values**2))
        for f in _columns(sample, k)
        if len(np.unique(f.values[:2000])) > LEVELS
    ]


def _columns(sample: Sample, k: int) -> list[Feature]:
    design = sample.model.slots[k].design
    x = sample.data.design(sample.model.slots[k])
    if design is None or isinstance(x, blocks.Blocks):
        return []
    x = np.asarray(x)
    chosen = [j for j in range(x.shape[1]) if np.ptp(x[:, j]) > 0][:COLUMNS]
    return [Feature(design.names[j], _standard(x[:, j])) for j in chosen]


def _standard(values: Any) -> Floats:
    spread = float(np.std(values))
    return (values - np.mean(values)) / (spread if spread > 0 else 1.0)
