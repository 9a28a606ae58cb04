"""Likelihoods as pure functions of JAX: what optax and the like differentiate, compile and map over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from likely.errors import DataError, MissingDependencyError, OptionError, unknown
from likely.losses.checked import check_shapes, check_weights
from likely.losses.heads import Heads
from likely.losses.loss import REDUCTIONS, Loss
from likely.losses.nll import NLL


def criterion(
    source: Any, *, scale: str | None = None, link: Any = None, reduction: str | None = None, check: bool = True
) -> Callable[..., Any]:
    """The negative log-likelihood of an assumption as a pure function, ``f(output, target, weights=None, mask=None)``.

    It has no state and looks at no values that are traced, so ``jax.jit``, ``jax.grad``, ``jax.vmap`` and
    ``jax.hessian`` apply; there an impossible target is worth NaN or infinity. Called on arrays, it tells them.

    Parameters
    ----------
    source : Family, str, Loss or NLL
        A family (or its name): the whole negative log-likelihood of every parameter that is not known. What
        ``lk.loss(...)`` or ``lk.nll(...)`` gives: that.
    scale : {"link", "natural"}
        For a family: whether outputs are linear predictors or values of the parameters.
    link : str or mapping, optional
        Links by parameter, where they are not the parameters' own.
    reduction : {"mean", "sum", "none"}, optional
    check : bool
        Whether targets, predictions and weights are looked at where they are arrays with values.

    Returns
    -------
    callable
        ``f(output, target, weights=None, mask=None, **known)`` with the attributes ``heads`` and ``source``. The heads
        stand along the output's last axis, or are a tuple or dict of arrays; where the mask is false, anything may
        stand. What each batch brings along (a Binomial's ``n``) is passed by name.

    Raises
    ------
    MissingDependencyError
        If JAX is not installed.
    OptionError
        If the family states no density for each row alone.

    Notes
    -----
    The arithmetic is that of the arrays: JAX computes in single precision unless ``jax_enable_x64`` is set, which
    families with several heads want where linear predictors go beyond about 40 either way.

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> from likely.losses.jax import criterion
    >>> f = criterion("poisson")
    >>> jax.grad(f)(jnp.array([0.0, 0.0]), jnp.array([2.0, 1.0])).tolist()
    [-0.5, 0.0]
    """
    try:
        import jax
        import jax.numpy as jnp
    except ImportError as error:
        raise MissingDependencyError("JAX is needed here and is not installed: pip install 'likely[optax]'") from error
    from likely.namespace.jax import JaxNamespace

    if isinstance(source, (Loss, NLL)):
        if scale is not None or link is not None:
            raise OptionError("scale and link are those of the loss that was given: set them there")
    else:
        source = NLL(source, scale="link" if scale is None else scale, link=link)
    chosen = source.reduction if reduction is None else reduction
    if chosen not in REDUCTIONS:
        raise unknown("reduction", chosen, REDUCTIONS)
    heads = Heads.of(source)

    def f(output: Any, target: Any, weights: Any = None, mask: Any = None, **known: Any) -> Any:
        target = jnp.asarray(target)
        columns = heads.split(output, target)
        if known or heads.given:
            columns |= heads.known(known)
        y = target.astype(columns[heads.names[0]].dtype)
        if mask is not None:
            mask = jnp.broadcast_to(jnp.asarray(mask, dtype=bool), y.shape)
            y, columns = heads.masked(jnp, y, columns, mask)
        valued = check and not any(isinstance(v, jax.core.Tracer) for v in (y, mask, weights, *columns.values()))
        if valued and mask is not None and not mask.any():
            raise DataError("the mask leaves no observation: there is nothing to learn from")
        if valued:
            heads.check(np.asarray(y, dtype=float), {k: np.asarray(v, dtype=float) for k, v in columns.items()})
        rows = jnp.broadcast_to(heads.rows(JaxNamespace(), y, columns), y.shape)
        if weights is None and mask is None:
            return rows.mean() if chosen == "mean" else rows.sum() if chosen == "sum" else rows
        w = mask.astype(rows.dtype) if weights is None else jnp.asarray(weights, dtype=rows.dtype)
        check_shapes(rows, w, "weights", heads.family.title)
        w = jnp.broadcast_to(w, rows.shape)
        if valued:
            check_weights(np.asarray(w), rows, heads.family.title)
        if mask is not None:
            w, rows = jnp.where(mask, w, 0.0), jnp.where(mask, rows, 0.0)
        rows = rows * w
        return rows.sum() / w.sum() if chosen == "mean" else rows.sum() if chosen == "sum" else rows

    f.heads, f.source = heads.names, source  # type: ignore[attr-defined]
    return f
