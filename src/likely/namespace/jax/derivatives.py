"""Compiled derivatives of a log-density by its linear predictors, row by row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likely.namespace.jax.module import jax_module, x64

Array = NDArray[np.float64]


@lru_cache(maxsize=64)
def _compiled(f: Callable[..., Any]) -> Any:
    """The compiled value, first and second derivatives of `f`, row by row."""
    jax = jax_module()
    jnp = jax.numpy

    @jax.jit
    def run(etas: tuple[Any, ...], data: tuple[Any, ...]) -> Any:
        one = jnp.ones_like(etas[0])

        def along(g: Callable[..., Any], i: int) -> Callable[..., Any]:
            """g and its derivative by eta i; the other etas are constants, so they carry no zero tangents."""

            def both(*etas: Any) -> Any:
                def of_one(eta: Any) -> Any:
                    return g(*etas[:i], eta, *etas[i + 1 :])

                return jax.jvp(of_one, (etas[i],), (one,))

            return both

        def value_of(*etas: Any) -> Any:
            return jnp.broadcast_to(f(etas, *data), one.shape)

        value, first, second = None, {}, {}
        for i in range(len(etas)):
            for j in range(i, len(etas)):
                (value, first[i]), (_, second[i, j]) = along(along(value_of, i), j)(*etas)
        return value, list(first.values()), list(second.values())

    return run


def row_derivatives(
    f: Callable[..., Any], etas: Sequence[Any], n: int, *, data: Sequence[Any] = ()
) -> tuple[Array, list[Array], dict[tuple[int, int], Array]]:
    """Row-wise value, first and second derivatives of a log-density by its linear predictors.

    Parameters
    ----------
    f
        ``f(etas, *data)`` gives the ``n`` log-densities; row i may depend on row i of its arguments only.
    etas
        K predictors, at least one, each a scalar or of shape (n,).
    n
        Number of rows.
    data
        Arrays handed on to `f`. What comes this way is an argument of the compiled function: the same `f` on
        other rows, as many, compiles nothing. Arrays that `f` closes over are compiled in as constants.

    Returns
    -------
    value : Array
        The log-densities, (n,).
    first : list of Array
        K derivatives, each (n,).
    second : dict
        ``second[i, j]`` for ``i <= j``, each (n,).

    Notes
    -----
    Forward over forward mode with tangents of ones: exact, since each row depends on its own etas only. The
    compiled function is kept for the 64 functions `f` used last.
    """
    k = len(etas)
    rows = tuple(np.broadcast_to(np.asarray(eta, dtype=np.float64), (n,)) for eta in etas)
    with x64():
        value, first, second = _compiled(f)(rows, tuple(data))
    pairs = [(i, j) for i in range(k) for j in range(i, k)]
    arrays = [np.asarray(v) for v in second]
    return np.asarray(value), [np.asarray(v) for v in first], dict(zip(pairs, arrays, strict=True))
