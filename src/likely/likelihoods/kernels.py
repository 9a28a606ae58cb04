"""Which models have their rows in one fused pass."""

from __future__ import annotations

from likely.families.base.kernel import Kernel
from likely.models.model import Model


def find(model: Model) -> Kernel | None:
    """The family's kernel for these links, with nothing known and rows of one unit each; or None."""
    if model.known or model.fixed or model.averaged:
        return None
    kernel = model.family.kernel(tuple(group[0].link.name for group in model.groups))
    return kernel if kernel is not None and kernel.fits(model) else None
