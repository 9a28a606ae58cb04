"""The edge of the library: no error of another kind than its own gets past it, and a fault of its own says so.

What the user gave is checked where it is read, and told in words there. This is for what nobody thought of.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

import numpy as np

from likely.errors import InternalError, LikelyError, OptionError
from likely.errors.arguments import wrong_argument

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound=type)

AS_THEY_ARE = "LIKELY_RAISE_FAULTS"  # set in the tests, which are not to take a fault for an error in words
LIBRARIES = frozenset(
    "likely altair click dask duckdb formulaic ibis interface_meta jax jaxlib lightgbm modin narwhals numpy optax "
    "pandas polars pyarrow rich scipy sklearn sympy threadpoolctl torch typer vl_convert wrapt xgboost".split()
)
_inside: ContextVar[bool] = ContextVar("likely_inside", default=False)


def public(function: Callable[P, R]) -> Callable[P, R]:
    """A function of the public surface: what escapes it is a `LikelyError`, or an error of the user's own code.

    An argument of another type than its annotation says is told as an `OptionError`. Any other error that
    nobody foresaw becomes an `InternalError`. Both have the original as their cause. KeyboardInterrupt, MemoryError,
    warnings that are to be errors, and what the user's own functions raise pass as they are. NumPy's warnings of
    overflow and the like do not get out either.

    Parameters
    ----------
    function : callable

    Returns
    -------
    callable
        With the same name, signature and documentation.
    """

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if _compiling() or _inside.get():  # only the outermost call speaks to the user
            return function(*args, **kwargs)
        token = _inside.set(True)
        try:
            # whether a number is one is judged where it is used, in words: NumPy has nothing to add
            with np.errstate(all="ignore"):
                return function(*args, **kwargs)
        except Exception as error:
            if _passes(error):
                raise
            if (wrong := wrong_argument(function, args, kwargs, error)) is not None:
                raise OptionError(wrong) from error
            if os.environ.get(AS_THEY_ARE):
                raise
            raise InternalError(_message_for(function, error)) from error
        finally:
            _inside.reset(token)

    return guarded


def _compiling() -> bool:
    """Whether PyTorch is making a graph of the call, which has no place for what surrounds it."""
    torch = sys.modules.get("torch")
    return torch is not None and bool(torch.compiler.is_compiling())


def public_class(cls: C) -> C:
    """A class of the public surface: its public methods and properties are as `public` makes functions."""
    for name, member in list(vars(cls).items()):
        if name.startswith("_") and name not in ("__init__", "__call__", "__str__", "__repr__", "_repr_html_"):
            continue
        if inspect.isfunction(member):
            setattr(cls, name, public(member))
        elif isinstance(member, (classmethod, staticmethod)):
            setattr(cls, name, type(member)(public(member.__func__)))
        elif isinstance(member, property) and member.fget is not None:
            setattr(cls, name, property(public(member.fget), member.fset, member.fdel, member.__doc__))
        elif isinstance(member, functools.cached_property):
            member.func = public(member.func)
    return cls


def _passes(error: Exception) -> bool:
    """Whether an error is to be seen as it is."""
    if isinstance(error, (LikelyError, MemoryError, Warning)):
        return True
    inner = error.__traceback__.tb_next if error.__traceback__ is not None else None
    if inner is None:  # the call itself did not fit the function's signature
        return True
    return _of_the_user(inner)


def _of_the_user(trace: TracebackType) -> bool:
    """Whether an error came out of a function that the library was given: its own code called code of others."""
    ours = False
    step: TracebackType | None = trace
    while step is not None:
        root = str(step.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        if ours and root not in LIBRARIES and root not in sys.stdlib_module_names:
            return True
        ours, step = root == "likely", step.tb_next
    return False


def _message_for(function: Callable[..., Any], error: Exception) -> str:
    """What to say of a fault."""
    from importlib.metadata import version

    what = f"{function.__module__.removeprefix('likely.')}.{function.__qualname__}"
    return (
        f"{type(error).__name__} in {what}: {error}. This is a fault of likely, whatever it was given. Please report "
        f"it with this message, the traceback above and the call that led to it (likely {version('likely')}, Python "
        f"{sys.version_info.major}.{sys.version_info.minor})"
    )
