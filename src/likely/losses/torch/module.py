"""NLLLoss: any family's negative log-likelihood as a module of PyTorch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, final

from likely.errors import DataError, OptionError, is_one_of, unknown
from likely.families.base import Family
from likely.losses.checked import check_shapes, check_weights
from likely.losses.density_loss import DensityLoss
from likely.losses.heads import Heads
from likely.losses.negative_log_likelihood import NegativeLogLikelihood
from likely.losses.torch.batches import tensor_of
from likely.losses.torch.fused import fused
from likely.losses.torch.precision import holds_in_single
from likely.losses.torch.quick_check import QuickCheck
from likely.namespace.arrays import Floats
from likely.namespace.torch import TorchNamespace, has_values, torch_module

if TYPE_CHECKING:
    from torch import Tensor

torch = torch_module()
HALVES = (torch.float16, torch.bfloat16)


@final
class NLLLoss(torch.nn.Module):  # type: ignore[name-defined]
    """The negative log-likelihood of an assumption, as a criterion: ``criterion(output, target)``.

    Parameters
    ----------
    source : Family, str, Loss or NLL
        A family (or its name): the whole negative log-likelihood of every parameter that is not known, constants kept,
        so that a network has a head for each of ``criterion.heads``. What ``lk.loss(...)`` gives: the loss of one
        prediction, without what cannot move the optimum (squared error for Normal). What ``lk.nll(...)`` gives: that.
    scale : {"link", "natural"}
        For a family: whether outputs are linear predictors (any real numbers: logits, logarithms of a scale) or values
        of the parameters. A Loss or NLL brings its own.
    link : str or mapping, optional
        Links by parameter, where they are not the parameters' own.
    reduction : {"mean", "sum", "none"}, optional
        By default the source's own, "mean" for a family.
    check : bool
        Whether to look for targets and outputs that cannot be. It costs a few microseconds, and on an accelerator
        makes the step wait for its loss; it does not run while ``torch.compile`` traces or under ``torch.func.vmap``.

    Attributes
    ----------
    heads : tuple of str
        What a network has to give, in this order along the last axis of its output.

    Raises
    ------
    MissingDependencyError
        If PyTorch is not installed.
    OptionError
        If the family states no density for each row alone, or scale, link or reduction cannot be read.

    Notes
    -----
    The loss is computed in the dtype of the outputs where the density holds in single precision at linear predictors
    of 500 either way (`likely.losses.torch.precision` tries it), else in double precision inside; halves are computed
    as single. A loss that is larger than its dtype can hold is infinite, never NaN.

    Examples
    --------
    >>> import torch
    >>> import likely as lk
    >>> from likely.losses.torch import NLLLoss
    >>> criterion = NLLLoss(lk.Normal())
    >>> criterion.heads
    ('mean', 'sd')
    >>> output = torch.tensor([[1.0, 0.0], [2.0, 0.0]], requires_grad=True)  # means, logarithms of sds
    >>> value = criterion(output, torch.tensor([1.0, 4.0]))
    >>> value.backward()
    >>> round(value.item(), 4), output.grad[1].tolist()
    (1.9189, [-1.0, -1.5])
    """

    def __init__(
        self,
        source: Any,
        *,
        scale: str | None = None,
        link: Any = None,
        reduction: str | None = None,
        check: bool = True,
    ) -> None:
        super().__init__()
        if isinstance(source, (DensityLoss, NegativeLogLikelihood)):
            if scale is not None or link is not None:
                raise OptionError("scale and link are those of the loss that was given: set them there")
        else:
            source = NegativeLogLikelihood(source, scale="link" if scale is None else scale, link=link)
        self.source: DensityLoss | NegativeLogLikelihood = source
        self.reduction: str = source.reduction if reduction is None else reduction
        if not is_one_of(self.reduction, ("mean", "sum", "none")):
            raise unknown("reduction", self.reduction, ("mean", "sum", "none"))
        self.check = check
        self._layout = Heads.of(source)
        self._suspicious = QuickCheck(self._layout)
        self._single = holds_in_single(self._layout)
        self._fused = fused(source)
        self._codes = self._fused is not None and self._layout.predicted[0].vector  # targets may stay whole numbers

    @property
    def heads(self) -> tuple[str, ...]:
        return self._layout.names

    @property
    def family(self) -> Family:
        """The assumption behind it."""
        return self.source.family

    def extra_repr(self) -> str:
        return f"{self.source!r}, reduction={self.reduction!r}"

    def forward(self, output: Any, target: Any, weights: Any = None, mask: Any = None, **known: Any) -> Tensor:
        """The loss of a batch.

        Parameters
        ----------
        output : Tensor, tuple of Tensor, or dict of Tensor by head
            One head: in the shape of `target`, or with a last axis of 1. Several heads: along the last axis, or one
            tensor for each. A vector (class probabilities, thresholds) takes one entry for each of its own.
        target : Tensor
            Observations; codes from 0 for labels.
        weights : Tensor, optional
            One for each observation; the mean is weighted by them. A weight of 0 is as good as a mask.
        mask : Tensor of bool, optional
            Which observations count. The others may hold anything, NaN included, and get a gradient of 0.
        **known : Tensor or number
            Values of parameters that are always given, such as ``n=`` of a Binomial.

        Returns
        -------
        Tensor
            A scalar; one loss for each observation with ``reduction="none"`` (0 where the mask is false).

        Raises
        ------
        SupportError, ParameterError, MissingValuesError, DataError, OptionError
            For what cannot be, with the family, the parameter and the first rows.
        """
        if weights is None and mask is None:
            value, dtype = self._evaluated(output, target, None, self.reduction, known)
            return value if value.dtype is dtype else value.to(dtype)
        value, w, dtype = self._weighed(output, target, weights, mask, known)
        if self.reduction == "mean":
            return (value.sum() / w.sum()).to(dtype)
        return (value.sum() if self.reduction == "sum" else value).to(dtype)

    def weighted_sum(self, output: Any, target: Any, weights: Any) -> Tensor:
        """The sum of the weighted losses of a batch: what a loop over batches adds up.

        Parameters
        ----------
        output, target, weights
            As in a call; every weight of a batch may be 0.

        Returns
        -------
        Tensor
            A scalar.
        """
        value, _, dtype = self._weighed(output, target, weights, None, {}, none_left=True)
        return value.sum().to(dtype)

    # -- inside --------------------------------------------------------------------------------------------

    def _evaluated(self, output: Any, target: Any, mask: Any, reduction: str, known: Any) -> tuple[Any, Any]:
        """The loss in the precision that it needs, and the dtype to give it in."""
        target = tensor_of(target, "the target")
        columns = self._layout.split(output, target)
        if known or self._layout.given:
            columns |= self._layout.known(known)
        like = columns[self._layout.names[0]]
        if not isinstance(like, torch.Tensor):
            raise DataError(f"the output must be tensors, found {type(like).__name__}")
        inside = self._dtype(like)
        codes = self._codes and mask is None and not target.is_floating_point()
        y, wanted = target, target.dtype if codes else inside
        if y.dtype is not wanted or y.device != like.device:
            y = y.to(dtype=wanted, device=like.device)
        given = like.dtype
        if inside is not given:
            columns = {name: _cast(column, inside) for name, column in columns.items()}
        if mask is not None:
            y, columns = self._layout.masked(torch, y, columns, mask.to(y.device).expand(y.shape))
        like = columns[self._layout.names[0]]
        checking = self.check and not torch.compiler.is_compiling() and has_values(y) and has_values(like)
        trusted = codes and y.is_cpu  # there PyTorch itself looks at every code
        if checking and not trusted and self._suspicious(y, columns):
            self._look_closely(y, columns)
        if self._fused is not None:
            try:
                value = self._fused(y, like, reduction)
            except IndexError:
                self._look_closely(y, columns)
                raise
        else:
            rows = self._layout.rows(TorchNamespace(), y, columns)
            rows = rows if rows.shape == y.shape else rows.expand(y.shape)
            value = rows.mean() if reduction == "mean" else rows.sum() if reduction == "sum" else rows
        if checking and not (math.isfinite(value.item()) if value.ndim == 0 else torch.isfinite(value).all()):
            self._look_closely(y, columns)
        return value, torch.float32 if given in HALVES else given

    def _dtype(self, like: Any) -> Any:
        if self._single:
            return torch.float32 if like.dtype in HALVES else like.dtype
        return like.dtype if like.device.type == "mps" else torch.float64  # Apple's GPUs have no doubles

    def _weighed(
        self, output: Any, target: Any, weights: Any, mask: Any, known: Any, none_left: bool = False
    ) -> tuple[Any, Any, Any]:
        """Losses times their weights, the weights, and the dtype to give a loss in; a weight of 0 is a mask."""
        target = tensor_of(target, "the target")
        looking = self.check and not torch.compiler.is_compiling() and has_values(target)
        if mask is not None:
            mask = self._mask(mask, target)
            if looking and has_values(mask) and not mask.any():
                raise DataError("the mask leaves no observation: there is nothing to learn from")
        w = mask if weights is None else tensor_of(weights, "weights").to(target.device)
        check_shapes(target, w, "weights", self.family.title)
        if weights is not None:
            if mask is not None:
                w = torch.where(mask, w, 0)
            mask = w != 0
            if looking and has_values(w):
                check_weights(_plain(w), _plain(target), self.family.title, none_left=none_left)
        rows, dtype = self._evaluated(output, target, mask, "none", known)
        mask = mask.to(rows.device).expand(rows.shape)
        w = torch.where(mask, w.to(dtype=rows.dtype, device=rows.device).expand(rows.shape), 0.0)
        return torch.where(mask, rows, 0.0) * w, w, dtype

    def _mask(self, mask: Any, y: Any) -> Tensor:
        mask = tensor_of(mask, "the mask").to(y.device)
        check_shapes(y, mask, "mask", self.family.title)
        if mask.dtype is not torch.bool:
            raise DataError(f"a mask is of True and False, found {mask.dtype}: weights= takes numbers")
        return mask.expand(y.shape)

    def _look_closely(self, y: Any, columns: Mapping[str, Any]) -> None:
        self._layout.check(_plain(y), {name: _plain(column) for name, column in columns.items()})


def _cast(column: Any, dtype: Any) -> Tensor:
    return column.to(dtype) if isinstance(column, torch.Tensor) else column


def _plain(value: Any) -> Floats:
    return value.detach().to(device="cpu", dtype=torch.float64).numpy() if hasattr(value, "detach") else value
