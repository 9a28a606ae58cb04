"""The outside reference cases beside the repository, and what the tests make of them (`status` writes it down)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

ROOT = Path(__file__).resolve().parents[2].parent / "shared" / "reference"

USED: set[tuple[str, str]] = set()  # the cases that the test at hand has looked at
OFF: list[float] = []  # its deviations, in units of what the tolerances allow


def result(group: str, name: str) -> dict[str, Any]:
    """A case, as another tool left it."""
    USED.add((group, name))
    return contents(f"cases/{group}/{name}.json")


@cache
def table(path: str) -> pd.DataFrame:
    """A CSV file."""
    return pd.read_csv(ROOT / path)


@cache
def contents(path: str) -> Any:
    """A JSON file."""
    return json.loads((ROOT / path).read_text(encoding="utf-8"))


def part(group: str, name: str) -> None:
    """Note that the test at hand checks a part of a file that holds several."""
    USED.add((group, name))
