"""Whose arrays these are: NumPy's, JAX's or PyTorch's, behind the few things that a loss needs of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.errors import DataError
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats


@final
@dataclass(frozen=True)
class Arrays:
    """One library of arrays.

    Attributes
    ----------
    kind : {"numpy", "jax", "torch"}
    """

    kind: str

    @classmethod
    def of(cls, *values: Any) -> Arrays:
        """The library that these values belong to; lists and numbers are NumPy's."""
        kinds = {type(v).__module__.partition(".")[0] for v in values}
        if "torch" in kinds:
            return cls("torch")
        return cls("jax" if kinds & {"jax", "jaxlib"} else "numpy")

    def namespace(self) -> Any:
        """A new namespace, for one evaluation."""
        if self.kind == "jax":
            from likely.namespace.jax import JaxNamespace

            return JaxNamespace()
        if self.kind == "torch":
            from likely.namespace.torch import TorchNamespace

            return TorchNamespace()
        return NumpyNamespace()

    def numbers(self, values: Any, what: str, like: Any = None) -> Floats:
        """Values as an array of floating-point numbers, of the dtype (and device) of `like` where that is given."""
        if self.kind == "torch":
            torch = sys.modules["torch"]
            if not isinstance(values, torch.Tensor):
                values = torch.as_tensor(np.asarray(_numeric(values, what)))
            if like is not None:
                return values.to(dtype=like.dtype, device=like.device)
            return values if values.is_floating_point() else values.to(torch.get_default_dtype())
        if self.kind == "jax":
            jnp = sys.modules["jax"].numpy
            values = jnp.asarray(values if hasattr(values, "aval") else _numeric(values, what))
            if like is not None:
                return values.astype(like.dtype)
            return values if jnp.issubdtype(values.dtype, jnp.floating) else values.astype(float)
        return _numeric(values, what)

    def concrete(self, values: Any) -> Floats | None:
        """Values as a NumPy array; None where they are being traced and have none yet."""
        if self.kind == "torch":
            from likely.namespace.torch import has_values

            torch = sys.modules["torch"]
            plain = type(values) in (torch.Tensor, torch.nn.Parameter)
            if torch.compiler.is_compiling() or not plain or not has_values(values):
                return None
            return values.detach().to(device="cpu", dtype=torch.float64).numpy()
        if self.kind == "jax":
            jax = sys.modules["jax"]
            return None if isinstance(values, jax.core.Tracer) else np.asarray(values, dtype=float)
        return values

    def in_double(self, run: Callable[[Any, Any, Any], Any], y: Any, values: Any) -> Any:
        """Losses of rows of JAX or PyTorch, computed in double precision and given in that of `y`.

        Parameters
        ----------
        run : callable
            ``run(namespace, y, values)``.
        y : array
        values : array, list or mapping of arrays, or of lists of them
        """
        if self.kind == "jax":
            from likely.namespace.jax import x64

            with x64():
                return run(self.namespace(), self._double(y), self._double(values)).astype(y.dtype)
        return run(self.namespace(), self._double(y), self._double(values)).to(y.dtype)

    def _double(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: self._double(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self._double(part) for part in value]
        if self.kind == "jax":
            return value.astype("float64")
        return value if value.device.type == "mps" else value.double()  # Apple's GPUs have no doubles

    def reduced(self, rows: Any, weights: Any, reduction: str) -> Floats | float:
        """Losses of rows as one number, or as they are, times their weights."""
        if weights is not None:
            library = np if self.kind == "numpy" else sys.modules["torch" if self.kind == "torch" else "jax.numpy"]
            rows = library.where(weights == 0, 0.0, rows) * weights  # an infinite loss that does not count
        if reduction == "none":
            return rows
        total = rows.sum()
        if reduction == "mean":
            count = rows.numel() if self.kind == "torch" else rows.size
            total = total / (count if weights is None else weights.sum() * (count / _count(weights)))
        return float(total) if self.kind == "numpy" else total

    def columns(self, values: Any) -> list[Any]:
        """The entries along the last axis."""
        return [values[..., k] for k in range(values.shape[-1])]


def _count(weights: Any) -> int:
    """How many weights there are: one may stand for all rows."""
    count = 1
    for length in weights.shape:
        count *= int(length)
    return count


def _numeric(values: Any, what: str) -> Floats:
    """Anything as a NumPy array of floats."""
    if hasattr(values, "detach"):  # a tensor beside arrays of another library
        values = values.detach().cpu().numpy()
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "fiub":
            array = array.astype(float)
    except (TypeError, ValueError):
        raise DataError(f"{what} must be numbers, found {type(values).__name__} {_short(values)}") from None
    return array if array.dtype.kind == "f" and array.dtype.itemsize >= 4 else array.astype(float)


def _short(values: Any) -> str:
    text = repr(values).replace("\n", " ")
    return text if len(text) <= 60 else text[:57] + "..."
