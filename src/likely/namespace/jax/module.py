"""The module jax, imported where it is used and not before."""

from __future__ import annotations

import importlib
from contextlib import AbstractContextManager
from typing import Any

from likely.errors import MissingDependencyError


def jax_module() -> Any:
    """The module jax, or advice on how to get it."""
    try:
        import jax
    except ImportError as e:
        raise MissingDependencyError(
            "JAX is needed here (exact derivatives, compiled) and is not installed: pip install 'likely[jax]'"
        ) from e
    return jax


def x64() -> AbstractContextManager[Any]:
    """A context in which JAX computes in float64; the global switch stays as the user left it."""
    jax = jax_module()
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    return importlib.import_module("jax.experimental").enable_x64()  # JAX before jax.enable_x64
