"""What kind of value an argument is: the questions that every check of arguments asks."""

from __future__ import annotations

from typing import Any, TypeGuard

import numpy as np


def is_whole(value: Any) -> TypeGuard[int]:
    """Whether it is a whole number of Python or NumPy; a bool is none.

    >>> is_whole(3), is_whole(3.0), is_whole(True)
    (True, False, False)
    """
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def is_number(value: Any) -> TypeGuard[float]:
    """Whether it is one real number of Python or NumPy; a bool is none.

    >>> is_number(3), is_number(3.0), is_number(True), is_number("3")
    (True, True, False, False)
    """
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def is_flag(value: Any) -> TypeGuard[bool]:
    """Whether it is True or False, of Python or NumPy."""
    return isinstance(value, (bool, np.bool_))
