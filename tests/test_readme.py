"""The README shows what the code prints."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", README, flags=re.S)
(SHELL,) = re.findall(r"```console\n(.*?)```", README, flags=re.S)
CONSOLE = re.findall(r"^\$ (likely .*?)\n(.*?)(?=\n\$ |\Z)", SHELL, flags=re.S | re.M)


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]


def test_there_is_something_to_test() -> None:
    assert len(EXAMPLES) == README.count("```python") >= 3
    assert len(CONSOLE) == README.count("\n$ ") >= 3
    assert len([line for line in EXAMPLES[0][0].splitlines() if line.strip()]) <= 15


@pytest.mark.parametrize(("code", "shown"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_examples_print_what_is_shown(code: str, shown: str) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {"__name__": "readme"})
    assert lines(printed.getvalue()) == lines(shown)


@pytest.mark.parametrize(("command", "shown"), CONSOLE, ids=[c for c, _ in CONSOLE])
def test_the_commands_print_what_is_shown(command: str, shown: str) -> None:
    from likely.cli import app

    result = CliRunner().invoke(app, shlex.split(command)[1:])
    assert result.exit_code == 0, result.output
    assert lines(result.output) == lines(shown)


def test_every_family_is_listed() -> None:
    from likely.families import FAMILIES

    section = README.split("## Families")[1].split("## Data")[0]
    for family in FAMILIES.values():
        assert re.search(rf"\b{family.__name__}\b", section)
