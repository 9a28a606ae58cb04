"""From the words of a command line to the library's arguments."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from likely.errors import DataError, OptionError

INLINE = re.compile(r"\s*[-+]?[\d.][\dxeE.,+\-\s]*")


def read(text: str) -> Any:
    """The data that the argument DATA means."""
    from likely import datasets

    if text == "-":
        import pandas as pd

        try:
            return pd.read_csv(sys.stdin)
        except ValueError as error:  # pandas' parser errors are ValueErrors too
            raise DataError(f"cannot read standard input as CSV: {error}") from error
    if Path(text).exists():
        return text
    if text in datasets.NAMES:
        return datasets.path(text)
    if INLINE.fullmatch(text):
        return inline(text)
    raise DataError(
        f"there is no file {text!r}. DATA is a CSV or Parquet file, - for CSV on standard input, numbers such as "
        f"1,1,0,1 or 1x7,0x3, or a packaged data set: {', '.join(datasets.NAMES)}"
    )


def inline(text: str) -> list[float]:
    """Numbers written out, ``1x7`` for seven ones.

    >>> inline("1x2, 0, 2.5")
    [1.0, 1.0, 0.0, 2.5]
    """
    out: list[float] = []
    for item in text.split(","):
        value, _, times = item.strip().partition("x")
        try:
            count = int(times) if times else 1
            if count < 1:
                raise ValueError
            out += [float(value)] * count
        except ValueError:
            raise DataError(
                f"{text!r} names no file and is no list of numbers: {item.strip()!r} is neither a number such as 2.5 "
                "nor a repeated one such as 1x7"
            ) from None
    return out


def pairs(option: str, items: list[str] | None) -> dict[str, str]:
    """NAME=VALUE items as a dict."""
    out: dict[str, str] = {}
    for item in items or []:
        name, equals, value = item.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise OptionError(f"{option} takes NAME=VALUE, found {item!r}")
        if name.strip() in out:
            raise OptionError(f"{option} is given twice for {name.strip()}")
        out[name.strip()] = value.strip()
    return out


def numbers(name: str, text: str) -> list[float]:
    """Candidate values separated by commas."""
    try:
        return [float(v) for v in text.split(",")]
    except ValueError:
        raise OptionError(f"--at {name}= takes numbers separated by commas, found {text!r}") from None


def family(name: str, known: list[str] | None, some: bool = False) -> Any:
    """The family with its known parameters; with `some`, only those it has."""
    from likely.families import get_family

    family = get_family(name)
    given: dict[str, Any] = {}
    for key, value in pairs("--known", known).items():
        if some and key not in [p.name for p in family.parameters]:
            continue
        family.parameter(key)
        try:
            given[key] = int(value) if value.isdecimal() else float(value)
        except ValueError:
            given[key] = value
    return type(family)(**given) if given else family


def model_options(
    family: Any,
    weights: str | None,
    offset: list[str] | None,
    link: list[str] | None,
    formulas: list[str] | None,
    missing: str,
) -> dict[str, Any]:
    """The arguments of `likely.fit` that these options stand for."""
    given = pairs("--formula", formulas)
    for name in given:
        family.parameter(name)
    out: dict[str, Any] = {"weights": weights, "missing": missing, **given}
    if offset:
        named = [re.fullmatch(r"(\w+)\s*=(?!=)(.+)", item) for item in offset]
        if any(named) and len(offset) > 1 and not all(named):
            raise OptionError("give every --offset its parameter's name: --offset NAME=EXPR")
        if len(offset) > 1 and not any(named):
            raise OptionError("--offset is given twice; add the two: --offset 'a + b'")
        out["offset"] = {m[1]: m[2].strip() for m in named if m} if all(named) else offset[0]
    if link:
        out["link"] = link[0] if len(link) == 1 and "=" not in link[0] else pairs("--link", link)
    return out
