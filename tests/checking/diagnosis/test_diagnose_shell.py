"""likely diagnose, likely suggest and likely compare --folds: the library's answers from a shell."""

from __future__ import annotations

import json

from typer.testing import CliRunner, Result

import likely as lk
from likely.cli import app


def run(*args: object, code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(a) for a in args])
    assert result.exit_code == code, result.output
    return result


def test_diagnose_prints_and_gives_what_the_library_finds() -> None:
    result = run("diagnose", "loans", "amount ~ duration", "-f", "normal")
    fit = lk.fit("normal", lk.datasets.loans(), "amount ~ duration")
    assert result.stdout.rstrip() == str(fit.diagnose()).rstrip()
    told = json.loads(run("diagnose", "loans", "amount ~ duration", "-f", "normal", "--json").stdout)
    assert [f["check"] for f in told["findings"]] == [f.check for f in fit.diagnose().findings]


def test_diagnose_takes_an_order_and_groups() -> None:
    told = json.loads(
        run(
            "diagnose", "loans", "amount ~ duration", "-f", "gamma", "--groups", "purpose", "--index", "age", "--json"
        ).stdout
    )
    by = {check["check"]: check for check in told["checks"]}
    assert by["grouped"]["p_value"] is not None
    assert "unknown column" in run("diagnose", "loans", "amount", "-f", "gamma", "--groups", "no", code=2).stderr


def test_a_failed_fit_is_not_diagnosed() -> None:
    assert "failed" in run("diagnose", "1x5", "-f", "normal", code=1).stderr


def test_compare_with_folds() -> None:
    told = json.loads(run("compare", "loans", "amount", "-f", "gamma,log_normal", "--folds", "4", "--json").stdout)
    found = lk.compare(["gamma", "log_normal"], lk.datasets.loans(), "amount", folds=4)
    assert [row["held_out"] for row in told["rows"]] == [row.held_out for row in found.rows]
    assert "loo" in run("compare", "loans", "amount", "-f", "gamma,normal", "--folds", "many", code=2).stderr


def test_suggest() -> None:
    result = run("suggest", "loans", "amount", "--replicates", "0")
    assert result.stdout.splitlines()[3].startswith("InverseGaussian")
    assert "holds no numbers" in run("suggest", "loans", "housing", code=2).stderr
