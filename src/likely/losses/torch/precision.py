"""In which precision a loss holds: found by trying it at the far ends of its predictions."""

from __future__ import annotations

from typing import Any

import numpy as np

from likely.losses.heads import Heads
from likely.namespace.torch import TorchNamespace, torch_module

torch = torch_module()

FAR = 500.0  # linear predictors either way
TARGETS = (-3.0, 0.0, 0.4, 1.0, 2.5, 7.0)
MOST = 3e38  # of single precision


def holds_in_single(heads: Heads) -> bool:
    """Whether value and gradient of a loss in single precision are those of double, as far as they fit.

    A density that fails the trial, or cannot be tried, is computed in double precision.

    Parameters
    ----------
    heads : Heads
    """
    family = heads.family
    if heads.given or any(p.vector for p in heads.predicted):
        return not heads.given and len(heads.predicted) == 1 and family.name == "categorical"
    ys = [y for y in TARGETS if bool(np.all(family.support.contains(y)))]
    points = []
    for p in heads.predicted:
        low, high = p.typical_range
        points.append((-FAR, -30.0, 0.0, 30.0, FAR) if p.name in heads.links else (low, 0.5 * (low + high), high))
    grid = np.array(np.meshgrid(ys, *points, indexing="ij")).reshape(len(points) + 1, -1)
    try:
        single, double = (_tried(heads, grid, dtype) for dtype in (torch.float32, torch.float64))
    except Exception:  # a density that cannot be tried here tells why when it is used
        return False
    for one, two in zip(single, double, strict=True):
        fits = np.abs(two) < MOST
        if np.any(np.isnan(one)) or not np.allclose(one[fits], two[fits], rtol=1e-4, atol=1e-4):
            return False
    return True


def _tried(heads: Heads, grid: Any, dtype: Any) -> list[Any]:
    y, *columns = (torch.tensor(row, dtype=dtype) for row in grid)
    leaves = [c.requires_grad_() for c in columns]
    rows = heads.rows(TorchNamespace(), y, dict(zip(heads.names, leaves, strict=True)))
    gradients = torch.autograd.grad(rows.sum(), leaves, allow_unused=True)
    return [rows.detach().numpy(), *(g.numpy() for g in gradients if g is not None)]
