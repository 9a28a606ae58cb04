"""Hand-fused row kernels for hot families; each is proven equal to the derived one by a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from likely.kernels.glm import BERNOULLI_LOGIT, POISSON_LOG
from likely.model import Model
from likely.namespace import Jet

Kernel = Callable[[Any, list[Any], dict[str, Any]], Jet]

KERNELS: dict[tuple[str, tuple[str, ...]], Kernel] = {
    ("bernoulli", ("logit",)): BERNOULLI_LOGIT,
    ("poisson", ("log",)): POISSON_LOG,
}


def find(model: Model) -> Kernel | None:
    """The kernel for this family with these links and nothing known, or None."""
    if model.known or model.fixed:
        return None
    return KERNELS.get((model.family.name, tuple(slot.link.name for slot in model.slots)))
