"""The logistic distribution's functions, on JAX arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from likely.namespace.jax.module import jax_module
from likely.namespace.jax.rules import rule


def logistic_functions() -> dict[str, Callable[..., Any]]:
    """By name; each carries its derivative."""
    jax = jax_module()
    jnp, jsp = jax.numpy, jax.scipy.special
    # Each derivative in terms of the two tails, so that neither rounds away.
    expit = rule(jsp.expit, lambda x: expit(x) * expit(-x))

    def softplus_(x: Any) -> Any:
        return jnp.maximum(x, 0.0) + jnp.log1p(jnp.exp(-jnp.abs(x)))

    softplus = rule(softplus_, expit)

    def log_expit(x: Any) -> Any:
        """log(1 / (1 + exp(-x)))."""
        return -softplus(-x)

    def logit_(p: Any) -> Any:
        """log(p / (1 - p)), relatively accurate around 1/2 too."""
        near = jnp.abs(p - 0.5) < 0.2
        s = jnp.where(near, p, 0.5)
        f = jnp.where(near, 0.3, p)
        # log(p / (1 - p)) = 2 * atanh(2 * p - 1), and 2 * p - 1 is exact there
        return jnp.where(near, 2.0 * jnp.arctanh(2.0 * s - 1.0), jnp.log(f) - jnp.log1p(-f))

    logit = rule(logit_, lambda p: 1.0 / (p * (1.0 - p)))

    return {
        "expit": expit,
        "softplus": softplus,
        "log_expit": log_expit,
        "logit": logit,
    }
