"""likely report: what it writes and prints, and how it ends."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import likely as lk
from likely.cli import app


def run(*args: object, code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(a) for a in args])
    assert result.exit_code == code, result.output
    return result


def code_in(path: Path) -> str:
    """The code that fits again."""
    return unescape(re.findall(r"<code>(import likely.*?)</code>", path.read_text(encoding="utf-8"), re.S)[0])


def test_a_report_is_written_and_one_that_is_there_replaced(tmp_path: Path) -> None:
    target = tmp_path / "fit.html"
    target.write_text("old")
    result = run("report", "loans", "default ~ duration", "-f", "bernoulli", "-o", target, "--title", "A & B <i>")
    assert result.stdout == ""
    assert " ".join(result.stderr.split()).startswith("Written to ")  # wrapped where the path is long
    page = target.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "<h1>A &amp; B &lt;i&gt;</h1>" in page


def test_its_code_fits_the_same_model_again(tmp_path: Path) -> None:
    target, data = tmp_path / "fit.html", tmp_path / 'd "x".csv'
    lk.datasets.loans().to_csv(data, index=False)
    for given, formula in (("loans", "default ~ duration + C(housing)"), (data, "amount ~ age"), ("1x7,2x3", None)):
        arguments = [given, *([formula] if formula else [])]
        family = "bernoulli" if given == "loans" else "gamma"
        run("report", *arguments, "-f", family, "-o", target, "--no-compare")
        space: dict = {}
        exec(code_in(target), space)
        expected = lk.fit(family, [1.0] * 7 + [2.0] * 3 if formula is None else lk.datasets.loans(), formula)
        assert space["fit"].coef == pytest.approx(expected.coef)


def test_the_usual_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("report", "1,0,1", "-f", "bernoulli")
    assert (tmp_path / "likely-report.html").exists()


def test_a_failed_fit_is_reported_and_ends_with_1(tmp_path: Path) -> None:
    target = tmp_path / "fit.html"
    result = run("report", "5,5,5", "-f", "normal", "-o", target, code=1)
    assert "The fit failed: every value of y is 5" in result.stderr
    assert "THE FIT FAILED" in target.read_text(encoding="utf-8")


def test_what_cannot_be_written_or_read(tmp_path: Path) -> None:
    run("report", "1,0", "-f", "bernoulli", "-o", tmp_path, code=2)
    run("report", "1,0", "-f", "bernoulli", "-o", tmp_path / "no" / "fit.html", code=2)
    result = run("report", "loans", "default ~ nothing", "-f", "bernoulli", "-o", tmp_path / "x.html", code=2)
    assert "nothing" in result.stderr
    assert not (tmp_path / "x.html").exists()
