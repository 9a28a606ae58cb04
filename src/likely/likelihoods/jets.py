"""Log-densities of rows with their derivatives in the linear predictors: of designs and coefficients nothing is known.

How linear predictors come about is the business of who asks: from designs and coefficients in a fit, from the scores of
trees in boosting.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, final

import numpy as np

from likely.compute.engines import memory
from likely.errors import FamilyError, LikelyError
from likely.likelihoods import kernels
from likely.models.model import Model
from likely.models.rows import Rows, take
from likely.namespace import Jet, JetNamespace, NumpyNamespace
from likely.namespace.arrays import Floats

BLOCK = 16_384  # rows: a few columns of values and derivatives fit in the L2 cache, and Python's share is small


@final
class Jets:
    """The log-density of the rows of a model, as a function of their linear predictors.

    Parameters
    ----------
    model : Model
    data : Rows
        Whose response, known values and units of means count here, and no designs.
    """

    def __init__(self, model: Model, data: Rows) -> None:
        self.model, self.data = model, data
        self.kernel = kernels.find(model)  # None with analytic weights

    @cached_property
    def prepared(self) -> Any:
        """What the kernel needs of the data alone; None where it does not fit them."""
        return None if self.kernel is None else self.kernel.prepare(self.data.y)

    def __call__(self, etas: list[Any], rows: slice, order: int) -> Any:
        """The log-density of some rows, a jet in the slots' linear predictors; plain values for order 0."""
        model, data = self.model, self.data
        if self.kernel is not None and order > 0 and self.prepared is not None:
            jet = self.kernel.rows(data.y[rows], self.prepared[rows], etas)
            if jet is not None:
                return jet
        xp: Any = JetNamespace(order) if order else NumpyNamespace()
        variables = etas
        if order:
            slots = enumerate(zip(model.slots, etas, strict=True))
            variables = [eta if slot.idle else xp.variable(k, eta) for k, (slot, eta) in slots]
        params = model.parameters(variables, xp, take(data.known, rows))
        for slot, *_ in model.groups:
            # a density may stay finite outside its parameter's domain; the likelihood does not reach there
            if slot.leaves_domain and not slot.parameter.domain.has(params[slot.parameter.name]):
                return Jet(-np.inf, {}, {}, order) if order else -np.inf
        if data.units is not None:
            params = model.family.of_means(params, data.units[rows])
        try:
            return model.family._log_density(xp, data.y[rows], **params)
        except LikelyError:
            raise
        except Exception as error:  # a user's density may raise anything
            hint = (
                "it calls NumPy on a parameter; write it with the functions of xp (xp.log, xp.exp, ...)"
                if "ufunc" in str(error)
                else f"{type(error).__name__}: {error}; check_family(...) may tell more"
            )
            raise FamilyError(f"the log-density of {model.family.title} cannot be evaluated: {hint}") from error

    def values(self, predictors: Callable[[slice], list[Any]], block: int = BLOCK) -> Floats:
        """The log-density of every row, shape (n,), from what gives the linear predictors of some rows."""

        def part(lo: int, hi: int) -> tuple[Any, ...]:
            rows = slice(lo, hi)
            with np.errstate(all="ignore"):
                return (np.broadcast_to(self(predictors(rows), rows, 0), hi - lo),)

        return np.concatenate([found[0] for found in memory.map_blocks(part, self.data.n, block)])
