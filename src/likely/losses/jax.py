"""Likelihoods as pure functions of JAX: what optax and the like differentiate, compile and map over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from likely.errors import DataError, MissingDependencyError, OptionError, is_one_of, unknown
from likely.losses.checked import check_shapes, check_weights
from likely.losses.density_loss import REDUCTIONS
from likely.losses.heads import Heads
from likely.losses.loss import Loss
from likely.losses.nll import NLL


def criterion(
    source: Any, *, scale: str | None = None, link: Any = None, reduction: str | None = None, check: bool = True
) -> Callable[..., Any]:
    """The negative log-likelihood of an assumption as a pure function, ``f(output, target, weights=None, mask=None)``.

    It has no state and looks at no values that are traced, so ``jax.jit``, ``jax.grad``, ``jax.vmap`` and
    ``jax.hessian`` apply; there the loss of an impossible target is infinite. Called on arrays, it tells them.

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
        stand, and a weight of 0 is as good as a mask. What each batch brings along (a Binomial's ``n``) is passed by
        name.

    Raises
    ------
    MissingDependencyError
        If JAX is not installed.
    OptionError
        If the family states no density for each row alone.

    Notes
    -----
    Inside, the loss is computed in double precision, whatever ``jax_enable_x64`` says, and given in the precision of
    the outputs (in single for halves): in single precision the densities with counts or with several heads lose their
    gradients where linear predictors go beyond about 40 either way.

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
    from likely.namespace.jax import JaxNamespace, x64

    if isinstance(source, (Loss, NLL)):
        if scale is not None or link is not None:
            raise OptionError("scale and link are those of the loss that was given: set them there")
    else:
        source = NLL(source, scale="link" if scale is None else scale, link=link)
    chosen = source.reduction if reduction is None else reduction
    if not is_one_of(chosen, REDUCTIONS):
        raise unknown("reduction", chosen, REDUCTIONS)
    heads = Heads.of(source)

    def rows_of(output: Any, target: Any, weights: Any, mask: Any, known: Any) -> tuple[Any, Any, Any]:
        """Losses in double precision, what each counts, and the dtype to give a loss in."""
        target = _array(target, "the target")
        columns = heads.split(output, target)
        if known or heads.given:
            columns |= heads.known(known)
        like = columns[heads.names[0]].dtype
        y = target.astype(jnp.float64)
        columns = {name: jnp.asarray(column).astype(jnp.float64) for name, column in columns.items()}
        w = None if weights is None else _array(weights, "weights").astype(jnp.float64)
        valued = check and not any(isinstance(v, jax.core.Tracer) for v in (y, mask, w, *columns.values()))
        if mask is not None:
            mask = _array(mask, "the mask")
            check_shapes(y, mask, "mask", heads.family.title)
            if mask.dtype != bool:
                raise DataError(f"a mask is of True and False, found {mask.dtype}: weights= takes numbers")
            if valued and not mask.any():
                raise DataError("the mask leaves no observation: there is nothing to learn from")
        if w is not None:
            check_shapes(y, w, "weights", heads.family.title)
            w = w if mask is None else jnp.where(mask, w, 0.0)
            mask = w != 0
            if valued:
                check_weights(np.asarray(w), y, heads.family.title)
        if mask is not None:
            mask = jnp.broadcast_to(mask, y.shape)
            y, columns = heads.masked(jnp, y, columns, mask)
        if valued:
            heads.check(np.asarray(y), {name: np.asarray(column) for name, column in columns.items()})
        rows = jnp.broadcast_to(heads.rows(JaxNamespace(), y, columns), y.shape)
        rows = jnp.where(_possible(heads, y, columns), rows, jnp.inf)
        if mask is None:
            return rows, None, like
        w = jnp.where(mask, 1.0 if w is None else jnp.broadcast_to(w, y.shape), 0.0)
        return jnp.where(mask, rows, 0.0) * w, w, like

    def f(output: Any, target: Any, weights: Any = None, mask: Any = None, **known: Any) -> Any:
        with x64():
            rows, w, like = rows_of(output, target, weights, mask, known)
            if chosen == "mean":
                value = rows.mean() if w is None else rows.sum() / w.sum()
            else:
                value = rows.sum() if chosen == "sum" else rows
            return value.astype(like if like.itemsize >= 4 else jnp.float32)

    f.heads, f.source = heads.names, source  # type: ignore[attr-defined]
    return f


def _array(values: Any, what: str) -> Any:
    import jax.numpy as jnp

    try:
        array = jnp.asarray(values)
    except (TypeError, ValueError):
        raise DataError(f"{what} must be an array of numbers, found {type(values).__name__}") from None
    if jnp.iscomplexobj(array):
        raise DataError(f"{what} must be real numbers, found {array.dtype}")
    return array


def _possible(heads: Heads, y: Any, columns: Mapping[str, Any]) -> Any:
    """Whether each target is one that can be, in operations that JAX can trace."""
    import jax.numpy as jnp

    family = heads.family
    inside = family.support.contains(y, jnp)
    for p in heads.predicted:
        if p.vector:
            inside &= y <= heads.last(p, columns[p.name])
    if any(p.edge or p.known_only for p in family.parameters):
        low, high = family.bounds(**heads.source.known, **{name: columns[name] for name in heads.given})
        inside &= (y >= low) & (y <= high)
    return inside
