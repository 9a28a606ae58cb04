"""A family's loss: its negative log-likelihood without what cannot move the optimum."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from likely.errors.boundary import public_class
from likely.losses.density_loss import DensityLoss

if TYPE_CHECKING:
    from likely.charts.saving import AnyChart
    from likely.losses.catalogue import Catalogue
    from likely.losses.explain import Explanation
    from likely.losses.torch.module import NLLLoss


@final
@public_class
class Loss(DensityLoss):
    """The loss of an assumption: what minimising it over predictions maximises the likelihood of.

    It is the family's negative log-density without the additive terms that do not depend on the prediction, and without
    the positive factors that are the same for all rows. It is derived from the log-density, for a family of your own as
    for the others.

    Parameters
    ----------
    family : Family or str
        The assumption, with the parameters that the loss needs held at known values: ``lk.StudentT(scale=1, df=4)``.
    of : str, optional
        The parameter that is predicted; by default the first.
    scale : {"natural", "link"}
        Whether predictions are values of the parameter, or linear predictors (logits, logarithms).
    link : str, optional
        The link of that scale; by default the parameter's own.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    OptionError
        If the loss depends on a parameter that has no value, or cannot be trained with.

    Examples
    --------
    >>> import likely as lk
    >>> loss = lk.loss(lk.Normal())
    >>> loss.name, loss([1.0, 2.0], [1.0, 4.0])
    ('squared error', 2.0)
    >>> loss.gradient([1.0, 2.0], [2.0, 4.0]).tolist()
    [1.0, 2.0]
    >>> lk.loss(lk.Bernoulli(), scale="link")([1, 0], [500.0, 500.0])
    250.0
    """

    @staticmethod
    def catalogue() -> Catalogue:
        """Every family with its loss, what it believes, and the names it goes by elsewhere.

        Returns
        -------
        Catalogue

        Examples
        --------
        >>> import likely as lk
        >>> [row["loss"] for row in lk.loss.catalogue().rows[:3]]
        ['squared error', 'absolute error', 'pinball loss']
        """
        from likely.losses.catalogue import catalogue

        return catalogue()

    def plot(self) -> AnyChart:
        """What the loss charges for an error, as an Altair chart; `likely.charts.losses` draws several."""
        from likely.charts import losses

        return losses([self])

    def explain(self) -> Explanation:
        """The derivation: density, product, logarithm, sign, what is left, and what it believes about errors.

        Returns
        -------
        Explanation
            Prints as text; ``.latex()`` gives formulas, a notebook shows both.

        Examples
        --------
        >>> import likely as lk
        >>> print(lk.loss(lk.Normal()).explain().loss)
        (mean - y)**2
        """
        from likely.losses.explain import explain

        return explain(self)

    def torch(self) -> NLLLoss:
        """The loss as a module of PyTorch, ``criterion(output, target)``.

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
