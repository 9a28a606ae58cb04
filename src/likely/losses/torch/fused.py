"""Losses that PyTorch has in one piece: beside the derived ones where that is measurably faster, and proven equal.

In a training step of a small network the derived losses cost 1.1 (squared error) to 1.9 times (Poisson) what these do
(``bench/training.py``): each operation has its price on a small batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from likely.losses.density_loss import DensityLoss
from likely.losses.negative_log_likelihood import NegativeLogLikelihood
from likely.namespace.torch import torch_module

if TYPE_CHECKING:
    from torch import Tensor

torch = torch_module()
F = torch.nn.functional
NONE_IGNORED = -(2**62)  # PyTorch would leave out the code -100
Fused = Callable[[Any, Any, str], Any]  # target, prediction, reduction


def fused(source: DensityLoss | NegativeLogLikelihood) -> Fused | None:
    """A loss in one piece; None where it has none.

    Parameters
    ----------
    source : Loss or NLL
    """
    links = source.links if isinstance(source, NegativeLogLikelihood) else {source.of: source.link or "identity"}
    if len(links) != 1:
        return None
    made = PIECES.get((source.family.name, next(iter(links.values()))))
    if made is None or (isinstance(source, NegativeLogLikelihood) and made not in WHOLE):
        return None
    first = source.family.parameters[0].name
    return made if first in links else None


def _squared_error(y: Any, mean: Any, reduction: str) -> Tensor:
    return F.mse_loss(mean, y, reduction=reduction)


def _absolute_error(y: Any, loc: Any, reduction: str) -> Tensor:
    return F.l1_loss(loc, y, reduction=reduction)


def _log_loss(y: Any, logit: Any, reduction: str) -> Tensor:
    return F.binary_cross_entropy_with_logits(logit, y, reduction=reduction)


def _poisson(y: Any, eta: Any, reduction: str) -> Tensor:
    """Half the deviance: what PyTorch leaves out depends on the counts alone, and has no gradient."""
    constant = torch.xlogy(y, y).sub_(y)
    if reduction != "none":
        constant = constant.mean() if reduction == "mean" else constant.sum()
    return F.poisson_nll_loss(eta, y, reduction=reduction) + constant


def _cross_entropy(y: Any, logits: Any, reduction: str) -> Tensor:
    if y.ndim == 1:
        return F.cross_entropy(logits, y.long(), ignore_index=NONE_IGNORED, reduction=reduction)
    flat = logits.reshape(-1, logits.shape[-1]), y.reshape(-1).long()
    found = F.cross_entropy(*flat, ignore_index=NONE_IGNORED, reduction=reduction)
    return found.reshape(y.shape) if reduction == "none" else found


PIECES: dict[tuple[str, str], Fused] = {
    ("normal", "identity"): _squared_error,
    ("laplace", "identity"): _absolute_error,
    ("bernoulli", "logit"): _log_loss,
    ("poisson", "log"): _poisson,
    ("categorical", "logit"): _cross_entropy,
}
WHOLE = (_log_loss, _cross_entropy)  # with no constant, so that they are the negative log-likelihood too
