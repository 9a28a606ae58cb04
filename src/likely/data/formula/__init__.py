"""Formulas: their text, names, functions and terms, and what of their Python may be evaluated."""

from likely.data.formula.functions import context
from likely.data.formula.names import decode, quote, token, unknown_column
from likely.data.formula.parsing import clean, operands, parse, parse_arithmetic, variables
from likely.data.formula.roles import (
    columns_of,
    compared_with_text,
    in_arithmetic,
    labelled,
    labelled_and_plain,
    looked_up,
    names_in,
)
from likely.data.formula.sizes import MOST_COLUMNS, check_sizes, too_wide
from likely.data.formula.text import expand, offsets, right_side, split, update

__all__ = [
    "MOST_COLUMNS",
    "check_sizes",
    "clean",
    "columns_of",
    "compared_with_text",
    "context",
    "decode",
    "expand",
    "in_arithmetic",
    "labelled",
    "labelled_and_plain",
    "looked_up",
    "names_in",
    "offsets",
    "operands",
    "parse",
    "parse_arithmetic",
    "quote",
    "right_side",
    "split",
    "token",
    "too_wide",
    "unknown_column",
    "update",
    "variables",
]
