"""The JAX namespace: exact derivatives, compiled. JAX is imported when a namespace is made, not before.

Special functions share their coefficients with `likely.namespace.special`. Each carries its own derivative
rule, so that derivatives are as accurate as values, and every branch that is not taken sees harmless
arguments, so that no NaN leaks out of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from likely.namespace.jax.derivatives import row_derivatives
from likely.namespace.jax.deviance import deviance_functions
from likely.namespace.jax.gamma import gamma_functions
from likely.namespace.jax.logistic import logistic_functions
from likely.namespace.jax.module import jax_module, x64
from likely.namespace.jax.normal import normal_functions
from likely.namespace.jax.rules import floating
from likely.namespace.memory import Memory

__all__ = ["JaxNamespace", "jax_module", "row_derivatives", "x64"]

PLAIN = (
    "exp expm1 log1p sqrt square abs sign floor sin cos tan tanh sinh cosh where maximum minimum power "
    "logaddexp isnan isfinite"
).split()


@cache
def _functions() -> dict[str, Callable[..., Any]]:
    """Every function of the namespace by name, made once."""
    jax = jax_module()
    jnp, jsp = jax.numpy, jax.scipy.special
    special = {**gamma_functions(), **deviance_functions(), **normal_functions(), **logistic_functions()}
    return {
        **{name: getattr(jnp, name) for name in PLAIN},
        "atan": jnp.arctan,
        "erf": jsp.erf,
        "erfc": jsp.erfc,
        # compiled each as one: outside a compiled function, JAX would compile every step of them
        **{name: jax.jit(floating(f), inline=True) for name, f in special.items()},
    }


class JaxNamespace(Memory):
    """Functions of the array namespace on JAX arrays; the names are those of `NumpyNamespace`.

    Make one for each evaluation: it remembers, by object identity, what a link knows about its output.
    Its functions are twice differentiable in both modes. Evaluate inside `x64()` for float64.

    Raises
    ------
    MissingDependencyError
        When JAX is not installed.
    """

    pi = np.pi
    inf = np.inf

    def __init__(self) -> None:
        super().__init__()
        self.__dict__.update(_functions())

    if TYPE_CHECKING:  # the functions are filled in by name

        def __getattr__(self, name: str) -> Callable[..., Any]: ...

    def log(self, x: Any) -> Any:
        """Natural logarithm; the remembered one where a link knows it."""
        known = self.recall_log(x)
        return jax_module().numpy.log(x) if known is None else known
