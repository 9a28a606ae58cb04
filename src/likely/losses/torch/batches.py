"""Rows that a network learns from: arrays or a data set, as batches of tensors in a seeded order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.errors import DataError, MissingValuesError, OptionError, first_rows
from likely.losses.checked import check_weights
from likely.namespace.arrays import Booleans
from likely.namespace.torch import torch_module

if TYPE_CHECKING:
    from torch import Tensor

torch = torch_module()


@final
@dataclass(frozen=True, eq=False)
class Rows:
    """Rows to draw batches from.

    Attributes
    ----------
    parts : tuple of Tensor, or Dataset
        Predictors, targets and, where there are any, weights.
    n : int
    dtype : torch.dtype
        Of the network's parameters, which predictors take.
    weights : Tensor or None
    """

    parts: Any
    n: int
    dtype: Any
    weights: Any = None

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
        elif not isinstance(data, (tuple, list)):
            return cls._of_set(data, dtype, what)
        if len(data) == 3 and data[2] is None:
            data = data[:2]
        if len(data) not in (2, 3):
            raise DataError(f"{what} is (X, y), (X, y, weights) or a torch Dataset; found {len(data)} parts")
        names = ("X", "y", "weights")[: len(data)]
        parts = [tensor_of(values, f"{name} of {what}") for name, values in zip(names, data, strict=True)]
        if parts[0].is_floating_point() or not codes:
            parts[0] = parts[0].to(dtype)
        n = int(parts[0].shape[0]) if parts[0].ndim else 0
        if not n:
            raise DataError(f"{what} has no rows")
        for name, part in zip(names, parts, strict=True):
            if not part.ndim or part.shape[0] != n:
                raise DataError(f"X of {what} has {n} rows, {name} has the shape {tuple(part.shape)}")
        rows = cls(tuple(parts), n, dtype, _checked_weights(parts[2], what) if len(parts) == 3 else None)
        _require_present(parts[0], f"X of {what}")
        _require_present(parts[1], f"y of {what}", rows.counted)
        return rows

    @classmethod
    def _of_set(cls, data: Any, dtype: Any, what: str) -> Rows:
        """Rows of a data set, after a look at its first one."""
        map_style = hasattr(data, "__getitem__") and hasattr(data, "__len__")
        if not isinstance(data, torch.utils.data.Dataset):  # PyTorch takes others too, but not what only looks like one
            map_style &= not isinstance(data, (str, bytes, Mapping)) and not hasattr(data, "shape")
        if isinstance(data, torch.utils.data.IterableDataset) or not map_style:
            raise DataError(f"{what} is (X, y), (X, y, weights) or a torch Dataset; found {type(data).__name__}")
        if not len(data):
            raise DataError(f"{what} is a data set without rows")
        with torch.random.fork_rng([]):
            row = data[0]
        if not isinstance(row, (tuple, list)) or len(row) not in (2, 3) or isinstance(row[0], (str, list)):
            parts = [type(part).__name__ for part in row] if isinstance(row, (tuple, list)) else None
            shown = type(row).__name__ if parts is None else f"({', '.join(parts)})"
            raise DataError(
                f"a row of {what} is (x, y) or (x, y, weight), x a tensor or a dict of tensors; found {shown}"
            )
        weights: Any = None
        if len(row) == 3:
            with torch.random.fork_rng([]):
                weights = [tensor_of(data[i][2], f"the weight of row {i} of {what}") for i in range(len(data))]
            weights = _checked_weights(_collated(weights), what)
        return cls(data, len(data), dtype, weights)

    @cached_property
    def mean_weight(self) -> float:
        """Of the rows, where they have weights."""
        return float(self.weights.double().mean())

    @property
    def counted(self) -> Booleans | None:
        """Which targets have a weight above 0; None where all have, or rows are not in memory."""
        if self.weights is None or not isinstance(self.parts, tuple):
            return None
        counted = (self.weights != 0).numpy(force=True)
        return counted if counted.shape == tuple(self.parts[1].shape) else None

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
        weights = None if self.weights is None else _checked_weights(self.weights[index], what)
        if isinstance(self.parts, tuple):
            return Rows(tuple(part[index] for part in self.parts), len(index), self.dtype, weights)
        return Rows(torch.utils.data.Subset(self.parts, index.tolist()), len(index), self.dtype, weights)

    @property
    def digest(self) -> str:
        """A fingerprint of the rows; of a data set, which may be large or random, of the shapes of its first row."""
        inside = isinstance(self.parts, tuple)
        with torch.random.fork_rng([]):
            parts = self.parts if inside else _collated([self.parts[0]])
        found = hashlib.sha256()
        for part in _leaves(parts):
            found.update(f"{part.dtype}{tuple(part.shape)}".encode())
            if inside:
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
                parts = list(_collated([self.parts[i] for i in picked]))
                parts[0] = _floats(parts[0], self.dtype)
            x, y, *weights = (_moved(part, device) for part in parts)
            yield x, y, weights[0] if weights else None


def tensor_of(values: Any, what: str) -> Tensor:
    """Numbers as a tensor, whatever holds them."""
    if isinstance(values, torch.Tensor):
        if values.is_complex():
            raise DataError(f"{what} must be real numbers, found {values.dtype}")
        return values if values.layout is torch.strided else values.to_dense()
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):
        raise DataError(f"{what} must be numbers in rows of the same length") from None
    if array.dtype.kind not in "fiub":
        try:
            if array.dtype.kind in "cMm":
                raise TypeError
            array = array.astype(float)
        except (TypeError, ValueError):
            raise DataError(f"{what} must be numbers, found {array.dtype}: code its levels first") from None
    if array.dtype.itemsize > 8 or not array.dtype.isnative:
        array = array.astype(float)
    array = np.ascontiguousarray(array)
    return torch.as_tensor(array if array.flags.writeable else array.copy())


def _checked_weights(weights: Any, what: str) -> Tensor:
    try:
        check_weights(weights.double().numpy(force=True), np.float64(0.0), "the rows")
    except DataError as error:
        raise DataError(f"in {what}: {error}") from None
    return weights


def _collated(rows: list[Any]) -> Any:
    try:
        return torch.utils.data.default_collate(rows)
    except (RuntimeError, TypeError, ValueError) as error:
        raise DataError(f"the rows of the data set do not make a batch: {str(error).splitlines()[0]}") from None


def _require_present(part: Any, what: str, counted: Any = None) -> None:
    if not part.is_floating_point():
        return
    there = torch.isfinite(part)
    if counted is not None:
        there |= ~torch.as_tensor(counted, device=part.device)
    good = there.reshape(part.shape[0], -1).all(dim=1)
    if not bool(good.all()):
        rows = torch.nonzero(~good).ravel().numpy(force=True)
        values = part[~good].reshape(len(rows), -1).double().numpy(force=True)
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
    match part:
        case Mapping():
            return {name: _mapped(f, value) for name, value in part.items()}
        case tuple() | list():
            return [_mapped(f, value) for value in part]
        case torch.Tensor():
            return f(part)
    return part


def _leaves(part: Any) -> list[Any]:
    found: list[Any] = []
    _mapped(found.append, part)
    return found
