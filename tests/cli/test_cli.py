"""The shell: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

import likely as lk
from likely.cli import app
from likely.cli.words import in_shell, inline
from likely.errors import DataError, DroppedRowsWarning
from likely.progress import Task
from likely.report.terminal import Screen

FLIPS = "1x7,0x3"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "d.csv"
    path.write_text("y,x,w,n,k,t\n1,2,1,10,3,1\n0,3,2,12,4,2\n,4,1,9,2,1\n1,5,3,11,5,3\n0,6,1,10,4,2\n")
    return path


def run(*args: object, stdin: str | None = None, code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(a) for a in args], input=stdin)
    assert result.exit_code == code, result.output
    return result


def record(*args: object, **options: object) -> dict:
    return json.loads(run(*args, "--json", **options).stdout)  # stdout is one JSON document and nothing else


# -- fit ----------------------------------------------------------------------------------------------------------


def test_fit_prints_the_summary() -> None:
    formula = "default ~ duration + C(housing)"
    out = run("fit", "loans", formula, "--family", "bernoulli").stdout
    assert out == f"{lk.fit('bernoulli', lk.datasets.loans(), formula).summary()}\n"


def test_fit_in_json() -> None:
    got = record("fit", "loans", "default ~ duration", "-f", "bernoulli")
    fit = lk.fit("bernoulli", lk.datasets.loans(), "default ~ duration")
    assert {e["name"]: e["estimate"] for e in got["estimates"]} == pytest.approx(fit.coef)
    assert {e["name"]: e["std_error"] for e in got["estimates"]} == pytest.approx(fit.stderr)
    assert got["loglik"] == fit.loglik


def test_a_fit_for_each_group(tmp_path: Path) -> None:
    arguments = ("fit", "loans", "default ~ duration", "-f", "bernoulli", "--by", "housing")
    fits = lk.fit_groups("bernoulli", lk.datasets.loans(), "default ~ duration", by="housing")
    assert run(*arguments).stdout == f"{fits}\n"
    assert record(*arguments) == fits.to_dict()
    for name, read in (("g.csv", pd.read_csv), ("g.parquet", pd.read_parquet)):
        run(*arguments, "-o", tmp_path / name)
        wide = read(tmp_path / name)
        assert wide["housing"].tolist() == list(fits)
        np.testing.assert_allclose(wide["p.duration"], fits.to_frame()["p.duration"], rtol=1e-12)
    assert "--save is for one fit" in run(*arguments, "--save", tmp_path / "m.json", code=2).stderr
    assert "did you mean 'housing'" in run(*arguments[:-1], "housin", code=2).stderr


def test_groups_of_which_none_has_a_fit_end_with_1(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("g,y,x\na,1,1\na,1,2\nb,1,1\nb,1,3\n")
    assert "2 failed" in run("fit", path, "y ~ x", "-f", "normal", "--by", "g", code=1).stdout


def test_numbers_and_repeated_numbers_are_data() -> None:
    (p,) = record("fit", "1x12,0x388", "-f", "bernoulli")["estimates"]
    assert p["estimate"] == pytest.approx(0.03)
    (rate,) = record("fit", "2, 3,1.0,4", "-f", "poisson")["estimates"]
    assert rate["estimate"] == pytest.approx(2.5)
    assert inline("1e2,-1x2") == [100.0, -1.0, -1.0]
    for bad in ("3,x", "1x0", "1x", "1x,2", "1x-2", "1,,2", "1x2x3"):
        with pytest.raises(DataError, match="no list of numbers"):
            inline(bad)


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet"])
def test_files(kind: str, tmp_path: Path) -> None:
    frame, path = pd.DataFrame({"c": [1, 2, 3, 6]}), tmp_path / f"d.{kind}"
    if kind == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if kind == "tsv" else ",")
    assert record("fit", path, "c", "-f", "poisson")["estimates"][0]["estimate"] == pytest.approx(3.0)
    assert record("fit", path, "-f", "poisson")["response"] == "c"  # one column needs no formula


def test_cells_that_stand_for_missing_values(tmp_path: Path) -> None:
    path = tmp_path / "auto.csv"
    path.write_text("y,hp\n18.5,130\n15,165\n22,?\n24,95\n17,150\n20,-\n")
    assert "name them: --na '-' --na '?';" in " ".join(
        run("fit", path, "y ~ hp", "-f", "normal", code=2).stderr.split()
    )
    got = record("fit", path, "y ~ hp", "-f", "normal", "--na", "?", "--na", "-", "--missing", "drop")
    with pytest.warns(DroppedRowsWarning):
        fit = lk.fit("normal", path, "y ~ hp", na=["?", "-"], missing="drop")
    assert {e["name"]: e["estimate"] for e in got["estimates"]} == pytest.approx(fit.coef)
    run("compare", path, "y ~ hp", "-f", "normal,laplace", "--na", "?", "--na", "-", "--missing", "drop")
    run("suggest", path, "hp", "--na", "?", "--na", "-", "--replicates", 0)
    semicolons = path.read_text().replace(".5", ",50").replace(",1", ";1").replace(",9", ";9").replace("y,hp", "y;hp")
    semicolons = semicolons.replace("22,?", "22;?").replace("20,-", "20;-")
    result = run("fit", "-", "y ~ 1", "-f", "normal", "--json", stdin=semicolons)
    assert "decimal commas" in " ".join(result.stderr.split())  # however it is wrapped
    got = json.loads(result.stdout)
    assert got["estimates"][0]["estimate"] == pytest.approx(116.5 / 6)


def test_csv_on_standard_input() -> None:
    got = record("fit", "-", "c", "-f", "poisson", stdin="c\n1\n3\n")
    assert got["estimates"][0]["estimate"] == pytest.approx(2.0)
    assert "standard input is empty" in run("fit", "-", "-f", "poisson", stdin="", code=2).stderr


def test_numbers_on_standard_input_need_no_header() -> None:
    for text in ("1\n2\n4\n", "\n1.0\r\n2\r\n4", "1e0\n2\n4\n"):
        got = record("fit", "-", "-f", "poisson", stdin=text)
        assert (got["n"], got["response"]) == (3, "y")
    two = run("fit", "-", "-f", "poisson", stdin="1,2\n3,4\n", code=2)
    assert "standard input seems to have no header" in two.stderr.replace("\n", " ")
    ragged = run("fit", "-", "a", "-f", "poisson", stdin="a,b\n1,2\n3\n", code=2)
    assert "fields" in ragged.stderr


def test_offsets_of_one_parameter_are_added(table: Path) -> None:
    args = ("k ~ 1", "-f", "poisson", "--missing", "drop")
    got = record("fit", table, *args, "--offset", "log(t)", "--offset", "x")
    again = record("fit", table, *args, "--offset", "rate=log(t)", "--offset", "rate=x")
    expected = lk.fit("poisson", pd.read_csv(table), "k ~ 1 + offset(log(t)) + offset(x)")
    assert got["loglik"] == again["loglik"] == pytest.approx(expected.loglik, rel=1e-12)


def test_every_option_of_the_model_reaches_the_fit(table: Path) -> None:
    data = pd.read_csv(table).fillna(1.0)
    data.to_csv(table, index=False)
    cases = [
        (["y ~ x", "-f", "bernoulli", "--weights", "w"], ("bernoulli", "y ~ x", {"weights": "w"})),
        (["y ~ x", "-f", "bernoulli", "--link", "p=probit"], ("bernoulli", "y ~ x", {"link": {"p": "probit"}})),
        (["y ~ x", "-f", "bernoulli", "--link", "probit"], ("bernoulli", "y ~ x", {"link": "probit"})),
        (["k ~ 1", "-f", "poisson", "--offset", "log(t)"], ("poisson", "k ~ 1", {"offset": "log(t)"})),
        (["k ~ 1", "-f", "poisson", "--offset", "rate=log(t)"], ("poisson", "k ~ 1", {"offset": {"rate": "log(t)"}})),
        (["k ~ x", "-f", "normal", "--formula", "sd=~ t"], ("normal", "k ~ x", {"sd": "~ t"})),
        (["k ~ x", "-f", "binomial", "--known", "n=n"], (lk.Binomial(n="n"), "k ~ x", {})),
        (["k ~ 1", "-f", "normal", "--known", "sd=2"], (lk.Normal(sd=2), "k ~ 1", {})),
        (["k ~ x", "-f", "poisson", "--solver", "lbfgs"], ("poisson", "k ~ x", {"solver": "lbfgs"})),
        (
            ["k ~ x", "-f", "normal", "--weights", "w", "--weights-kind", "analytic", "--cov", "HC1"],
            ("normal", "k ~ x", {"weights": "w", "weights_kind": "analytic", "cov": "HC1"}),
        ),
        (
            ["k ~ x", "-f", "poisson", "--cluster", "n", "--cluster", "t"],
            ("poisson", "k ~ x", {"cluster": ["n", "t"]}),
        ),
    ]
    for args, (family, formula, options) in cases:
        got = record("fit", table, *args)
        expected = lk.fit(family, data, formula, **options)
        assert got["covariance"] == expected.cov_text, args
        assert {e["name"]: e["estimate"] for e in got["estimates"]} == expected.coef
        assert got["loglik"] == expected.loglik


def test_level_and_kind_of_interval() -> None:
    fit = lk.fit("poisson", [2, 3, 1, 4])
    for method in ("wald", "profile"):
        (got,) = record("fit", "2,3,1,4", "-f", "poisson", "--interval", method, "--level", "0.9")["estimates"]
        assert (got["lower"], got["upper"]) == tuple(fit.interval(0.9, method)["rate"])
    boot = ("fit", "2,3,1,4", "-f", "poisson", "--interval", "bootstrap")
    assert record(*boot, "--seed", 1) == record(*boot, "--seed", 1)
    assert record(*boot, "--seed", 1) != record(*boot, "--seed", 2)


def test_missing_values(table: Path) -> None:
    assert "(y: 1)" in run("fit", table, "y ~ x", "-f", "bernoulli", code=2).stderr
    result = run("fit", table, "y ~ x", "-f", "bernoulli", "--missing", "drop", "--json")
    assert json.loads(result.stdout)["dropped"] == {"y": 1}
    assert "Note: 1 of 5 rows have missing values" in result.stderr


def test_output_goes_to_a_file(tmp_path: Path) -> None:
    args = ("fit", FLIPS, "-f", "bernoulli", "-o")
    text, data = tmp_path / "fit.txt", tmp_path / "fit.json"
    result = run(*args, text)
    assert result.stdout == ""
    assert f"Written to {text}" in result.stderr.replace("\n", " ")
    assert text.read_text() == f"{lk.fit('bernoulli', [1] * 7 + [0] * 3).summary()}\n"
    run(*args, data)
    assert json.loads(data.read_text())["n"] == 10
    assert "cannot write" in run(*args, tmp_path / "none" / "fit.txt", code=2).stderr


# -- how it ends ----------------------------------------------------------------------------------------------------


def test_a_failed_fit_ends_with_1() -> None:
    result = run("fit", "5,5,5", "-f", "normal", code=1)
    assert result.stdout == ""
    assert result.stderr.startswith("THE FIT FAILED")
    got = json.loads(run("fit", "5,5,5", "-f", "normal", "--json", code=1).stdout)
    assert got["converged"] is False
    assert got["estimates"] == []
    assert "The fit failed: every value" in run("table", "5,5", "-f", "normal", "--at", "mean=1", code=1).stderr
    assert run("compare", "5,5", "-f", "normal,laplace", code=1).stdout.count("failed") == 2


def test_json_also_of_an_error() -> None:
    for args, code in ((("fit", "nofile", "-f", "normal"), 2), (("table", "5,5", "-f", "normal", "--at", "mean=1"), 1)):
        result = run(*args, "--json", code=code)
        got = json.loads(result.stdout)
        assert got["exit_code"] == code
        assert " ".join(result.stderr.split()).endswith(got["error"])


def test_messages_name_options_not_python(table: Path) -> None:
    assert "--known sd=VALUE" in run("fit", "5,5,5", "-f", "normal", code=1).stderr
    assert "--known sd=VALUE" in run("fit", "5,5,5", "-f", "normal", "--json", code=1).stdout
    assert "--known sd=VALUE" in " ".join(run("compare", "5,5", "-f", "normal,laplace", code=1).stdout.split())
    assert "--missing drop" in " ".join(run("fit", table, "y ~ x", "-f", "bernoulli", code=2).stderr.split())
    boundary = run("fit", "0x50", "-f", "bernoulli")
    assert "fit.interval" not in boundary.stdout
    limit = record("fit", "1x5,2x2", "-f", "negbin")
    assert "--family poisson instead" in limit["status"]
    cbind = run("fit", table, "cbind(k, n) ~ x", "-f", "binomial", "--known", "n=n", code=2).stderr
    assert "--family binomial --known n=trials" in " ".join(cbind.split())
    for text, told in {
        "use fit.interval(method='profile')": "use --interval profile",
        "(3): no peak. Use method='profile'": "(3): no peak. Use --interval profile",
        "Binomial(n=10) is for whole numbers": "Binomial(n=10) is for whole numbers",  # a name, no advice
        "Fit lk.NegativeBinomial() instead": "Fit it with --family negative_binomial instead",
        "name one: lk.suggest(data, 'a')": "name one: likely suggest DATA a",
        "write points, or read the file with pandas.read_csv(..., decimal=',')": "write points",
        "at a value you trust with offset=...": "at a value you trust with --offset 'VALUE * COLUMN'",
    }.items():
        assert in_shell(text) == told


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["fit", "nofile.csv", "-f", "normal"], "there is no file 'nofile.csv'"),
        (["fit", "loans", "default ~ agee", "-f", "bernoulli"], "did you mean 'age'"),
        (["fit", "loans", "default", "-f", "bernouli"], "did you mean 'bernoulli'"),
        (["fit", "loans", "amount", "-f", "beta"], "Families whose support fits"),
        (["fit", "3,4", "-f", "binomial"], "Binomial needs its n"),
        (["fit", "3,4", "-f", "binomial", "--known", "n"], "--known takes NAME=VALUE"),
        (["fit", "3,4", "-f", "binomial", "--known", "n=9", "--known", "n=8"], "given twice"),
        (["fit", "3,4", "-f", "poisson", "--known", "k=1"], "unknown parameter 'k' of Poisson"),
        (["fit", "3,4", "-f", "poisson", "--formula", "solver=1"], "unknown parameter 'solver' of Poisson"),
        (["fit", "3,4", "-f", "poisson", "--level", "95"], "write 0.95"),
        (["fit", "3,4", "-f", "poisson", "--interval", "wold"], "did you mean 'wald'"),
        (["fit", "3,4", "-f", "poisson", "--solver", "newtn"], "did you mean 'newton'"),
        (["fit", "3,4", "-f", "poisson", "--link", "rate=probit"], "Links that fit"),
        (["fit", "3,4", "-f", "poisson", "--offset", "rate=y", "--offset", "y"], "its parameter's name"),
        (["fit", "1x99999999999", "-f", "poisson"], "with --weights"),
        (["fit", "1x", "-f", "poisson"], "nor a repeated one"),
        (["fit", "1,0x", "-f", "poisson"], "nor a repeated one"),
        (["fit", "3,4", "-f", "binomial"], "--known n=10, or --known n=COLUMN"),
        (["fit", "3,4", "-f", "normal", "--formula", "~ age"], "--formula sd='~ age'"),
        (["fit", "3,4", "-f", "normal", "--formula", "sd ~ age"], "--formula sd='~ age'"),
        (["fit", "3,4", "-f", "normal", "--missing", "no"], "for --missing"),
        (["fit", "loans", "housing", "-f", "normal"], "I(housing == 'yes')"),
        (["table", FLIPS, "-f", "bernoulli"], "--at p="),
        (["table", FLIPS, "-f", "bernoulli", "--at", "p=a"], "takes numbers"),
        (["table", FLIPS, "-f", "bernoulli", "--at", "q=0.5"], "unknown parameter 'q'"),
        (["table", FLIPS, "-f", "bernoulli", "--at", "p=1.5"], "between 0 and 1"),
        (["table", "1,2", "-f", "normal", "--at", "mean=1"], "missing for sd"),
        (["compare", "1,2", "-f", "normal"], "two or more"),
        (["compare", "1,2", "-f", "normal,laplace", "--known", "q=1"], "none of Normal, Laplace"),
        (["compare", "1.5,2", "-f", "beta,poisson"], "none of Beta, Poisson"),
        (["families", "nrmal"], "did you mean 'normal'"),
    ],
    ids=lambda v: " ".join(v)[:48] if isinstance(v, list) else "",
)
def test_misuse_ends_with_2_and_one_paragraph(args: list[str], message: str) -> None:
    result = run(*args, code=2)
    assert result.stdout == ""
    paragraph = result.stderr.rstrip("\n")
    assert "\n\n" not in paragraph
    assert message in paragraph.replace("\n", " ")
    assert "Traceback" not in result.output


def test_wrong_options_end_with_2() -> None:
    assert "--family" in run("fit", "1,2", code=2).stderr
    run("nope", code=2)
    run("fit", "1,2", "--nope", code=2)
    boot = ("fit", "1,2", "-f", "poisson", "--interval", "bootstrap")
    assert "--seed" in run(*boot, "--seed", "-1", code=2).stderr


def test_debug_shows_the_traceback() -> None:
    result = CliRunner().invoke(app, ["--debug", "fit", "nofile", "-f", "normal"])
    assert isinstance(result.exception, DataError)
    run("fit", "nofile", "-f", "normal", code=2)  # and only where it is asked for


def test_a_bug_is_called_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("likely.cli.fitted.read", broken)
    assert "Bug in likely (ZeroDivisionError: oh)" in run("fit", "1,2", "-f", "normal", code=3).stderr


def test_no_memory_is_no_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise MemoryError

    monkeypatch.setattr("likely.cli.fitted.read", full)
    assert "more memory than there is" in run("fit", "1,2", "-f", "normal", code=2).stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("args", [["fit", "1,2", "-f", "poisson"], ["families", "--json"], ["--help"], ["--version"]])
def test_output_that_cannot_be_written_ends_with_1(args: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "likely", *args], check=False, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: cannot write the output")
    assert len(done.stderr.splitlines()) == 1


def test_a_reader_that_stops_is_no_error() -> None:
    command = f"{sys.executable} -m likely families | head -1"
    done = subprocess.run(["sh", "-c", command], check=False, capture_output=True, text=True)
    assert done.stdout.startswith("Normal(mean, sd)")
    assert done.stderr == ""


def test_any_letter_under_any_encoding(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("größe\n1\n2\n", encoding="utf-8")
    for options in ([], ["--json"], ["grösse"]):
        done = subprocess.run(
            [sys.executable, "-m", "likely", "fit", str(path), "-f", "poisson", *options],
            check=False,
            env={**os.environ, "PYTHONIOENCODING": "ascii"},
            capture_output=True,
        )
        assert done.returncode == (2 if "grösse" in options else 0), done.stderr
        if options == ["--json"]:
            assert json.loads(done.stdout.decode("ascii"))["response"] == "größe"
        else:
            assert b"gr\\xf6\\xdfe" in done.stdout + done.stderr


# -- terminals ------------------------------------------------------------------------------------------------------


def drawn(shown: object, width: int) -> str:
    stream = io.StringIO()
    screen = Screen(stream, plain=False)
    screen.console.width = width
    screen.show(shown)
    return re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue())


@pytest.mark.parametrize("width", [36, 40, 60, 80, 120])
def test_a_comparison_keeps_names_and_numbers_whole(width: int) -> None:
    found = lk.compare(["normal", "log_normal", "student_t", "beta"], lk.datasets.loans(), "amount")
    out = drawn(found, width)
    assert max(len(line) for line in out.splitlines()) <= width
    cells = out.split()
    for row in found.grid.rows:
        assert set(row) - {"", "-"} <= set(cells)
        pieces = out.count("\u2500\n")
        assert sum(line.startswith(row[0]) for line in out.partition("[1] failed")[0].splitlines()) == pieces
    assert (out.count("\u2500\n") == 1) == (width >= found.grid.width)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_everything_fits_the_terminal(width: int) -> None:
    from likely.report.candidates import CandidatesReport
    from likely.report.families import FamilyCard, FamilyList

    L = lk.likelihood("bernoulli", [1] * 7 + [0] * 3)
    fit = lk.fit("bernoulli", lk.datasets.loans(), "default ~ duration + C(status)")
    table = CandidatesReport(L.table(p=[0.3, 0.7]), L.n)
    for shown in (FamilyList.all(), FamilyCard.of("negbin"), table, fit.summary()):
        out = drawn(shown, width)
        assert "\u2026" not in out  # nothing is cut
        assert max(len(line) for line in out.splitlines()) <= width
    assert "0.0337" in drawn(table, width)


def test_the_status_line_is_for_a_person_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def shown(stdout: io.StringIO, *more: str) -> tuple[str, list[str]]:
        stream, lines = Terminal(), []
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stderr", stream)
            patch.setattr(sys, "stdout", stdout)
            patch.setenv("TERM", "xterm")
            patch.delenv("PYTEST_CURRENT_TEST")
            patch.setattr("likely.cli.guard.Task", lambda title, wanted, **_: Task(title, wanted, patience=-1.0))
            main = ["fit", "loans", "default ~ age", "-f", "bernoulli", *more]
            patch.setattr("likely.progress._Terminal.changed", lambda self, line: lines.append(str(line)))
            with contextlib.suppress(SystemExit):
                app(main)
        return stream.getvalue(), lines

    drawn, lines = shown(Terminal())
    assert lines[0] == "reading the data, setting up"
    assert any(line.startswith("fitting Bernoulli to 1,000 rows: pass 1, log-likelihood") for line in lines)
    assert drawn.endswith("\x1b[2K")  # the line is gone
    assert shown(Terminal(), "--json") == ("", [])
    assert shown(io.StringIO()) == ("", [])  # the result goes into a pipe


@pytest.mark.parametrize("json_wanted", [False, True])
def test_ctrl_c_says_what_was_reached(json_wanted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(L, asked, history):
        history(0, L.objective.point(np.zeros(L.model.size)), 12.0)
        raise KeyboardInterrupt

    monkeypatch.setattr("likely.estimates.maximum._search", stopped)
    result = run("fit", "loans", "default ~ age", "-f", "bernoulli", *(["--json"] if json_wanted else []), code=130)
    assert "Interrupted after 1 pass over the rows, at log-likelihood -693.1" in " ".join(result.stderr.split())
    assert (json.loads(result.stdout)["exit_code"] == 130) if json_wanted else (result.stdout == "")


# -- the other commands ---------------------------------------------------------------------------------------------


def test_table_of_ten_flips() -> None:
    out = run("table", FLIPS, "--family", "bernoulli", "--at", "p=0.3,0.5,0.7,0.9").stdout
    assert out == TABLE
    got = record("table", FLIPS, "--family", "bernoulli", "--at", "p=0.3,0.5,0.7,0.9")
    assert [c["at"] for c in got["candidates"]] == [{"p": 0.3}, {"p": 0.5}, {"p": 0.7}, {"p": 0.9}]
    assert [c["likelihood"] for c in got["candidates"]] == pytest.approx([0.000075, 0.00098, 0.00222, 0.00048], 0.01)
    assert got["peak"] == {"p": pytest.approx(0.7)}


TABLE = """\
  p  likelihood  relative  surprise (nats)  how surprising
----------------------------------------------------------------------------
0.3     7.5e-05    0.0337            9.498  clearly (29.6 times less likely)
0.5    0.000977     0.439            6.931  somewhat (2.3 times less likely)
0.7     0.00222         1            6.109  least surprising
0.9    0.000478     0.215            7.645  somewhat (4.6 times less likely)

The peak is at p = 0.7: log-likelihood -6.10864, n = 10.
"""


def test_table_of_two_parameters_and_of_impossible_ones() -> None:
    got = record("table", "1,2,3", "-f", "normal", "--at", "mean=1,2", "--at", "sd=1")
    assert [c["at"] for c in got["candidates"]] == [{"mean": 1.0, "sd": 1.0}, {"mean": 2.0, "sd": 1.0}]
    (impossible,) = record("table", FLIPS, "-f", "bernoulli", "--at", "p=0")["candidates"]
    assert impossible["loglik"] is None  # minus infinity
    assert "exp(-6931.5)" in run("table", "1x7000,0x3000", "-f", "bernoulli", "--at", "p=0.5").stdout


def test_table_of_a_column() -> None:
    got = record("table", "loans", "default", "-f", "bernoulli", "--at", "p=0.3")
    assert got["candidates"][0]["relative"] == pytest.approx(1.0)


def test_families() -> None:
    from likely.families import FAMILIES

    got = {f["name"]: f for f in record("families")["families"]}
    assert set(got) == {*FAMILIES, "conditional_logit"}
    for f in got.values():
        assert f["assumes"]
        assert f["loss"]
        assert all(p["meaning"] and p["domain"] for p in f["parameters"])
    out = run("families").stdout
    assert "Normal(mean, sd)" in out
    one = run("families", "gaussian").stdout
    for text in ("Normal(mean, sd)", "squared error", "spread of the errors", "a positive number", "softplus"):
        assert text in one
    assert "Poisson, as dispersion goes to 0" in run("families", "negbin").stdout
    assert "always known" in run("families", "binomial").stdout
    assert max(len(line) for line in out.splitlines()) <= 100


def test_compare() -> None:
    names = ["normal", "laplace", "student_t"]
    out = run("compare", "loans", "amount", "-f", "normal,laplace", "-f", "student_t").stdout
    found = lk.compare(names, lk.datasets.loans(), "amount")
    assert out == f"{found}\n"
    assert record("compare", "loans", "amount", "-f", "normal,laplace,student_t") == found.to_dict()


def test_compare_gives_known_values_to_those_that_have_them() -> None:
    got = record("compare", "3,4,2", "-f", "binomial", "-f", "poisson", "--known", "n=10")
    assert {row["name"] for row in got["rows"]} == {"Binomial(n=10)", "Poisson"}


def test_demo_walks_the_real_data() -> None:
    out = run("demo").stdout
    for text in (
        ">>> L.table(p=[0.3, 0.5, 0.7, 0.9])",
        "100 times the data make the standard error 10.0 times smaller",
        "p.C(status)[T.no account]       2.980",
        "Comparison for amount, n = 1,000",
        "under LogNormal",
    ):
        assert text in out
    assert max(len(line) for line in out.splitlines()) <= 100


def test_demo_on_a_terminal() -> None:
    from likely.cli.walkthrough import run as walk

    stream = io.StringIO()
    screen = Screen(stream, plain=False)
    screen.console.width = 80
    walk(screen)
    assert "\x1b[" in stream.getvalue()
    assert "p.C(status)[T.no account]" in stream.getvalue()


# -- the program ----------------------------------------------------------------------------------------------------


def test_version_and_help() -> None:
    assert run("--version").stdout == f"likely {lk.__version__}\n"
    assert "compare" in run("--help").stdout
    assert "loans" in run("fit", "-h").stdout


def test_the_program_starts_light_and_runs_as_a_module() -> None:
    code = (
        "import sys, likely.cli; "
        "heavy = {'numpy', 'scipy', 'pandas', 'narwhals', 'formulaic', 'jax', 'torch'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    out = subprocess.run(
        [sys.executable, "-m", "likely", "table", FLIPS, "-f", "bernoulli", "--at", "p=0.7"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "least surprising" in out.stdout
    assert out.stderr == ""


def test_warnings_of_likely_become_notes_only_in_the_shell(table: Path) -> None:
    with pytest.warns(DroppedRowsWarning):
        lk.fit("bernoulli", str(table), "y ~ x", missing="drop")


# -- saved fits ---------------------------------------------------------------------------------------------------


@pytest.fixture
def model(tmp_path: Path) -> Path:
    out = run("fit", "loans", "default ~ duration + C(housing)", "-f", "bernoulli", "--save", tmp_path / "m.json")
    assert "The fit is saved in" in out.stderr
    return tmp_path / "m.json"


def test_a_saved_fit_predicts(model: Path, tmp_path: Path) -> None:
    loans = lk.datasets.loans()
    fit = lk.fit("bernoulli", loans, "default ~ duration + C(housing)")
    header, *lines = run("predict", model, "loans").stdout.splitlines()
    assert header == "mean"
    np.testing.assert_array_equal([float(line) for line in lines], fit.predict(loans))
    expected = fit.predict(loans, "interval", level=0.9)
    for suffix, reader in (("csv", pd.read_csv), ("parquet", pd.read_parquet)):
        output = tmp_path / f"scores.{suffix}"
        run("predict", model, "loans", "--what", "interval", "--level", "0.9", "-o", output)
        found = reader(output)
        assert list(found) == ["mean", "stderr", "lower", "upper"]
        np.testing.assert_allclose(found, expected, rtol=1e-15)
    got = record("predict", model, "loans", "--what", "interval", "--level", "0.9")
    np.testing.assert_array_equal(got["predictions"]["upper"], expected["upper"])


def test_a_saved_fit_as_sql(model: Path) -> None:
    expected = lk.load(model).to_sql("duckdb")
    assert run("predict", model, "--sql", "duckdb").stdout == expected + "\n"
    assert record("predict", model, "--sql", "duckdb") == {"dialect": "duckdb", "sql": expected}
    assert "exp(" in run("predict", model, "--sql", "postgres", "--what", "prob", "--y", "0").stdout
    assert "'DATA' cannot be given with --sql" in run("predict", model, "loans", "--sql", "duckdb", code=2).stderr
    assert "give the data to predict" in run("predict", model, code=2).stderr
    assert "unknown dialect" in run("predict", model, "--sql", "mysql", code=2).stderr


def test_levels_that_the_model_has_not_seen(model: Path, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("duration,housing\n12,own\n12,castle\n")
    assert "castle" in run("predict", model, tmp_path / "new.csv", code=2).stderr
    found = pd.read_csv(io.StringIO(run("predict", model, tmp_path / "new.csv", "--unseen", "missing").stdout))
    # pandas skips blank lines, so a missing prediction is quoted
    assert found["mean"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("none.json", "loans"), "cannot be read"),
        (("{model}", "1,0,1"), "unknown column 'duration'"),
        (("{model}", "loans", "-o", "scores.txt"), "written as .csv, .parquet or .json"),
        (("{model}", "loans", "--what", "wat"), "unknown"),
        (("{table}", "loans"), "no file that fit.save"),
    ],
)
def test_wrong_predictions(arguments: tuple[str, ...], message: str, model: Path, table: Path) -> None:
    given = [one.format(model=model, table=table) for one in arguments]
    assert message in " ".join(run("predict", *given, code=2).stderr.split())


def test_a_fit_is_saved_as_json(tmp_path: Path) -> None:
    out = run("fit", FLIPS, "-f", "bernoulli", "--save", tmp_path / "m.pkl", code=2)
    assert "a fit is written as .json" in out.stderr
    assert out.stdout == ""
