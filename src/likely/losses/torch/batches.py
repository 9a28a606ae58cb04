"""Rows that a network learns from: arrays or a data set, as batches of tensors in a seeded order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.errors import DataError, MissingValuesError, OptionError, first_rows
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
    """

    parts: Any
    n: int

    @classmethod
    def of(cls, data: Any, dtype: Any, what: str = "data") -> Rows:
        """Rows from (X, y), (X, y, weights) or a data set with a length, of such pairs.

        Parameters
        ----------
        data : tuple or Dataset
        dtype : torch.dtype
            Of the network's parameters, which X takes.
        what : str
            How messages call it.
        """
        if isinstance(data, torch.utils.data.DataLoader):
            raise OptionError(
                f"{what} is a DataLoader, which has an order of its own: pass its dataset; the loop draws batches"
            )
        if hasattr(data, "__getitem__") and hasattr(data, "__len__") and not isinstance(data, (tuple, list)):
            if not len(data):
                raise DataError(f"{what} is a data set without rows")
            return cls(data, len(data))
        if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
            raise DataError(f"{what} is (X, y), (X, y, weights) or a torch Dataset; found {type(data).__name__}")
        names = ("X", "y", "weights")[: len(data)]
        parts = [_tensor(values, f"{name} of {what}") for name, values in zip(names, data, strict=True)]
        parts[0] = parts[0].to(dtype) if not parts[0].is_complex() else parts[0]
        n = int(parts[0].shape[0]) if parts[0].ndim else 0
        if not n:
            raise DataError(f"{what} has no rows")
        for name, part in zip(names, parts, strict=True):
            if not part.ndim or part.shape[0] != n:
                raise DataError(f"X of {what} has {n} rows, {name} has the shape {tuple(part.shape)}")
            _require_present(part, f"{name} of {what}")
        return cls(tuple(parts), n)

    def split(self, share: float, generator: Any) -> tuple[Rows, Rows]:
        """Two disjoint sets of rows; the second has this share of them."""
        held = round(share * self.n)
        if not 0 < held < self.n:
            raise OptionError(
                f"validation={share:g} of {self.n} rows leaves {held} to check with and {self.n - held} to learn"
            )
        order = torch.randperm(self.n, generator=generator)
        return self._only(order[held:]), self._only(order[:held])

    def _only(self, index: Any) -> Rows:
        if isinstance(self.parts, tuple):
            return Rows(tuple(part[index] for part in self.parts), len(index))
        return Rows(torch.utils.data.Subset(self.parts, index.tolist()), len(index))

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
            x, y, *weights = (_moved(part, device) for part in parts)
            yield x, y, weights[0] if weights else None


def _tensor(values: Any, what: str) -> Any:
    if isinstance(values, torch.Tensor):
        return values
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        try:
            array = array.astype(float)
        except (TypeError, ValueError):
            raise DataError(f"{what} must be numbers, found {array.dtype}: code its levels first") from None
    return torch.as_tensor(np.ascontiguousarray(array))


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
    return part.to(device, non_blocking=True)
