"""Rows that a network learns from: arrays or a data set, as batches of tensors in a seeded order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.errors import DataError, MissingValuesError, OptionError, first_rows
from likely.losses.checked import check_weights
from likely.namespace.torch import torch_module

torch = torch_module()


@final
@dataclass(frozen=True)
class Rows:
    """Rows to draw batches from.

    Attributes
    ----------
    parts : tuple of Tensor, or Dataset
        Predictors, targets and, where there are any, weights.
    n : int
    dtype : torch.dtype
        Of the network's parameters, which predictors take.
    mean_weight : float or None
    """

    parts: Any
    n: int
    dtype: Any
    mean_weight: float | None = None

    @classmethod
    def of(cls, data: Any, dtype: Any, what: str = "data", codes: bool = False) -> Rows:
        """Rows from (X, y), (X, y, weights) or a data set with a length, of such pairs.

        Parameters
        ----------
        data : tuple or Dataset
        dtype : torch.dtype
            Of the network's parameters.
        what : str
            How messages call it.
        codes : bool
            Whether whole numbers in X stay what they are, for a network that looks them up.
        """
        if isinstance(data, torch.utils.data.DataLoader):
            raise OptionError(
                f"{what} is a DataLoader, which has an order of its own: pass its dataset; the loop draws batches"
            )
        if isinstance(data, torch.utils.data.TensorDataset):
            data = data.tensors
        elif hasattr(data, "__getitem__") and hasattr(data, "__len__") and not isinstance(data, (tuple, list)):
            if not len(data):
                raise DataError(f"{what} is a data set without rows")
            return cls(data, len(data), dtype, _mean_weight_of(data, what))
        if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
            raise DataError(f"{what} is (X, y), (X, y, weights) or a torch Dataset; found {type(data).__name__}")
        names = ("X", "y", "weights")[: len(data)]
        parts = [tensor_of(values, f"{name} of {what}") for name, values in zip(names, data, strict=True)]
        if not parts[0].is_complex() and (parts[0].is_floating_point() or not codes):
            parts[0] = parts[0].to(dtype)
        n = int(parts[0].shape[0]) if parts[0].ndim else 0
        if not n:
            raise DataError(f"{what} has no rows")
        for name, part in zip(names, parts, strict=True):
            if not part.ndim or part.shape[0] != n:
                raise DataError(f"X of {what} has {n} rows, {name} has the shape {tuple(part.shape)}")
            _require_present(part, f"{name} of {what}")
        return cls(tuple(parts), n, dtype, _mean_weight(parts[2], what) if len(parts) == 3 else None)

    def split(self, share: float, generator: Any) -> tuple[Rows, Rows]:
        """Two disjoint sets of rows; the second has this share of them."""
        held = round(share * self.n)
        if not 0 < held < self.n:
            raise OptionError(
                f"validation={share:g} of {self.n} rows leaves {held} to check with and {self.n - held} to learn"
            )
        order = torch.randperm(self.n, generator=generator)
        return self._only(order[held:], "the rows to learn from"), self._only(order[:held], "the held-out rows")

    def _only(self, index: Any, what: str) -> Rows:
        if isinstance(self.parts, tuple):
            parts = tuple(part[index] for part in self.parts)
            return Rows(parts, len(index), self.dtype, _mean_weight(parts[2], what) if len(parts) == 3 else None)
        rows = torch.utils.data.Subset(self.parts, index.tolist())
        weight = None if self.mean_weight is None else _mean_weight_of(rows, what)
        return Rows(rows, len(index), self.dtype, weight)

    @property
    def digest(self) -> str:
        """A fingerprint of the rows; of a data set, which may be too large to read, of its first and last ones."""
        parts = self.parts
        if not isinstance(parts, tuple):
            parts = torch.utils.data.default_collate([parts[0], parts[self.n - 1]])
        found = hashlib.sha256()
        for part in _leaves(parts):
            found.update(f"{part.dtype}{tuple(part.shape)}".encode())
            found.update(part.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
        return found.hexdigest()[:16]

    def batches(self, size: int, device: Any, generator: Any = None) -> Iterator[tuple[Any, Any, Any]]:
        """(X, y, weights or None) of `size` rows each; in random order where a generator is given."""
        order = None if generator is None else torch.randperm(self.n, generator=generator)
        for at in range(0, self.n, size):
            if isinstance(self.parts, tuple):
                rows = slice(at, at + size) if order is None else order[at : at + size]
                parts = [part[rows] for part in self.parts]
            else:
                picked = range(at, min(at + size, self.n)) if order is None else order[at : at + size].tolist()
                parts = list(torch.utils.data.default_collate([self.parts[i] for i in picked]))
                parts[0] = _floats(parts[0], self.dtype)
            x, y, *weights = (_moved(part, device) for part in parts)
            yield x, y, weights[0] if weights else None


def tensor_of(values: Any, what: str) -> Any:
    """Numbers as a tensor, whatever holds them."""
    if isinstance(values, torch.Tensor):
        return values
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        try:
            array = array.astype(float)
        except (TypeError, ValueError):
            raise DataError(f"{what} must be numbers, found {array.dtype}: code its levels first") from None
    array = np.ascontiguousarray(array)
    return torch.as_tensor(array if array.flags.writeable else array.copy())


def _mean_weight(weights: Any, what: str) -> float:
    try:
        check_weights(weights.double().numpy(force=True), np.float64(0.0), "the rows")
    except DataError as error:
        raise DataError(f"in {what}: {error}") from None
    return float(weights.double().mean())


def _mean_weight_of(data: Any, what: str) -> float | None:
    """Of a data set of (x, y, weight), which is gone through for it; None where rows have no weight."""
    if not isinstance(data[0], (tuple, list)) or len(data[0]) != 3:
        return None
    return _mean_weight(torch.stack([torch.as_tensor(data[i][2], dtype=torch.float64) for i in range(len(data))]), what)


def _require_present(part: Any, what: str) -> None:
    if not part.is_floating_point():
        return
    good = torch.isfinite(part).reshape(part.shape[0], -1).all(dim=1)
    if not bool(good.all()):
        rows = torch.nonzero(~good).ravel().numpy()
        values = part[~good].reshape(len(rows), -1).double().numpy()
        bad = [next(v for v in row if not np.isfinite(v)) for row in values[:10]]
        raise MissingValuesError(
            f"{len(rows)} of {part.shape[0]} rows of {what} have values that are missing or not finite: "
            f"{first_rows(rows[: len(bad)], bad)}"
        )


def _moved(part: Any, device: Any) -> Any:
    return _mapped(lambda tensor: tensor.to(device, non_blocking=True), part)


def _floats(part: Any, dtype: Any) -> Any:
    """Predictors of a data set: floating-point numbers in the dtype of the network, others as they are."""
    return _mapped(lambda tensor: tensor.to(dtype) if tensor.is_floating_point() else tensor, part)


def _mapped(f: Callable[[Any], Any], part: Any) -> Any:
    """What a data set gives, tensors or dicts and lists of them, with a function applied to each tensor."""
    if isinstance(part, Mapping):
        return {name: _mapped(f, value) for name, value in part.items()}
    if isinstance(part, (tuple, list)):
        return [_mapped(f, value) for value in part]
    return f(part) if isinstance(part, torch.Tensor) else part


def _leaves(part: Any) -> list[Any]:
    found: list[Any] = []
    _mapped(found.append, part)
    return found
