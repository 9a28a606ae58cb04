"""The negative log-likelihood as a loss, in every parameter that is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from likely.errors.boundary import public_class
from likely.losses.negative_log_likelihood import NegativeLogLikelihood

if TYPE_CHECKING:
    from likely.losses.torch.module import NLLLoss


@final
@public_class
class NLL(NegativeLogLikelihood):
    """The negative log-likelihood of observations, in every parameter that is not known.

    Parameters
    ----------
    family : Family or str
        Its known values stay as they are; every other parameter is predicted.
    scale : {"natural", "link"}
        Whether predictions are values of the parameters, or linear predictors (logits, logarithms of a scale).
    link : str or mapping, optional
        The links of that scale, where they are not the parameters' own.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import likely as lk
    >>> nll = lk.nll(lk.Normal())
    >>> round(nll([1.0, 2.0], mean=[1.0, 2.0], sd=[1.0, 0.5]), 4)
    0.5724
    >>> nll.heads
    ('mean', 'sd')
    """

    def torch(self) -> NLLLoss:
        """The same as a module of PyTorch, ``criterion(output, target)``, with a head for every parameter.

        Returns
        -------
        likely.losses.torch.NLLLoss

        Raises
        ------
        MissingDependencyError
            If PyTorch is not installed.
        """
        from likely.losses.torch import NLLLoss

        return NLLLoss(self)
