"""Arguments of a family's methods: parameters by keyword, seeds, shapes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Hashable, Mapping
from types import CellType, FunctionType
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from likely.errors import OptionError
from likely.errors.kinds import is_whole
from likely.namespace.arrays import Floats

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    Known = ArrayLike | None  # a parameter's known value: a number, a column's name, or one for each row

Method = TypeVar("Method", bound=Callable[..., Any])


def by_keyword(method: Method) -> Method:
    """A method of a family whose parameters are given by keyword, and which says so if they are not."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    own = [p.name for p in inspect.signature(method).parameters.values() if p.kind in kinds][1:]

    @functools.wraps(method)
    def checked(self: Any, *args: Any, **params: Any) -> Any:
        if len(args) > len(own):
            given = [*(repr(a) for a in args[: len(own)]), *self._by_name(args[len(own) :], params)]
            raise OptionError(
                f"the parameters of {self.title} are given by keyword: {self!r}.{method.__name__}({', '.join(given)})"
            )
        return method(self, *args, **params)

    return cast(Method, checked)


def generator(seed: Any, use: str = "") -> np.random.Generator:
    """Random numbers from a seed: None, a whole number of at least 0, or a generator.

    Parameters
    ----------
    seed : None, int or numpy.random.Generator
    use : str
        What they are for. Numbers of different uses are independent though the seed is the same, and so are those of
        ``numpy.random.default_rng(seed)``, with which the data may have been made.

    >>> generator(1).integers(10), generator(1, "bootstrap").integers(10)
    (np.int64(4), np.int64(3))
    """
    try:
        if isinstance(seed, (bool, float)):
            raise TypeError
        if use and is_whole(seed):
            seed = np.random.SeedSequence(int(seed), spawn_key=tuple(use.encode()))
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise OptionError(
            f"a seed is a whole number of at least 0, a numpy.random.Generator, or None for other numbers every time; "
            f"found {seed!r}"
        ) from None


def check_size(size: Any) -> Any:
    """A shape: a whole number or a tuple of them, none below 0."""
    for length in size if isinstance(size, (tuple, list)) else (size,):
        if not is_whole(length) or length < 0:
            raise OptionError(f"size is a whole number of at least 0, or a tuple of them; found {size!r}")
    return size


def plain_number(x: Any) -> Floats | float:
    x = np.asarray(x)
    return x if x.ndim else float(x)


def short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 30 else "..."


def frozen(value: Any) -> Hashable:
    """Something that is equal for values of equal content, and can be hashed: of numbers, arrays, dicts, functions.

    Two functions are the same if their code is, with the same defaults and the same values around it. What can be
    neither compared nor looked into is the same as itself alone.
    """
    if isinstance(value, Mapping):
        return frozenset((name, frozen(part)) for name, part in value.items())
    if isinstance(value, (set, frozenset)):
        return frozenset(map(frozen, value))
    if isinstance(value, FunctionType):
        around = tuple(map(_content, value.__closure__ or ()))
        inner = tuple(part if isinstance(part, FunctionType) else frozen(part) for part in around)
        return (value.__module__, value.__qualname__, value.__code__, frozen(value.__defaults__ or ()), inner)
    if isinstance(value, (list, tuple, np.ndarray)):
        if (array := _numbers(value)) is not None:
            return (array.shape, array.tobytes())
        parts = value.ravel().tolist() if isinstance(value, np.ndarray) else value
        return (np.shape(value) if isinstance(value, np.ndarray) else (len(parts),), *map(frozen, parts))
    try:
        hash(value)
    except TypeError:
        return (type(value), id(value))
    return cast(Hashable, value)


def _content(cell: CellType) -> Any:
    """What a function finds under a name of the function around it; None where that is not yet set."""
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _numbers(value: Any) -> Floats | None:
    """Numbers as an array of floats; None of anything else."""
    try:
        array = np.asarray(value)
    except ValueError:  # lists of different lengths
        return None
    return array.astype(float) if array.dtype.kind in "biuf" else None
