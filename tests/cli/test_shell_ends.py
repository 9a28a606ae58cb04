"""How the command ends, as a process of its own: exit codes, and one JSON document with --json whatever happens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

posix = pytest.mark.skipif(os.name != "posix", reason="needs signals and devices of POSIX")
COMMAND = [sys.executable, "-m", "likely"]


def run(*args: object, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, args)], check=False, capture_output=True, text=True, **options)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["fit", "1,2,4", "-f", "normal", "--json", "--level", "abc"], "--level"),
        (["fit", "1,2,4", "--json"], "--family"),
        (["fit", "1,2,4", "-f", "normal", "--json", "--zzz"], "--zzz"),
        (["nope", "--json"], "nope"),
        (["--json"], "--json"),
        (["fit", "--json", "1,2,4", "a", "b", "-f", "normal"], "b"),
        (["fit", "1,2,4", "-f", "normal", "--json", "-o", "fit.pdf"], ".pdf"),
        (["fit", "none.csv", "-f", "normal", "--json"], "none.csv"),
    ],
)
def test_wrong_usage_is_one_document(args: list[str], words: str, tmp_path: Path) -> None:
    done = run(*args, cwd=tmp_path)
    assert done.returncode == 2
    told = json.loads(done.stdout)
    assert told["exit_code"] == 2
    assert words in told["error"]
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_without_json_wrong_usage_prints_no_document() -> None:
    done = run("fit", "1,2,4", "-f", "normal", "--title", "--", "--json")
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize(
    "args", [["report", "1,2,4", "-f", "normal", "--no-compare"], ["fit", "1,2,4", "-f", "normal"]]
)
def test_a_full_disk_ends_with_1(args: list[str]) -> None:
    done = run(*args, "-o", "/dev/full")
    assert done.returncode == 1
    assert "cannot write '/dev/full': No space left on device" in " ".join(done.stderr.split())


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_ends_with_2(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("y\n1\n2\n4\n")
    path.chmod(0)
    done = run("fit", path, "-f", "normal", "--json")
    assert done.returncode == 2
    assert "Permission denied" in json.loads(done.stdout)["error"]


def test_a_file_that_cannot_be_read_ends_with_2(tmp_path: Path) -> None:
    (tmp_path / "data.parquet").write_text("no table")
    for name in ("none.csv", "data.parquet", "."):
        done = run("fit", tmp_path / name, "-f", "normal", "--json")
        assert done.returncode == 2
        assert json.loads(done.stdout)["kind"] == "DataError"


@posix
def test_a_result_goes_to_standard_output_by_name() -> None:
    done = run("fit", "1,2,4", "-f", "normal", "-o", "/dev/stdout")
    assert done.returncode == 0
    assert done.stdout.startswith("Normal fit of y: converged")


@posix
def test_a_pipe_that_closes_ends_quietly() -> None:
    line = f"{' '.join(COMMAND)} families --json; echo ended with $? >&2"
    done = subprocess.run(["sh", "-c", f"({line}) | head -1"], check=False, capture_output=True, text=True)
    assert done.stdout == "[\n" or done.stdout.startswith("{")
    assert "Traceback" not in done.stderr
    assert done.stderr.strip() in ("ended with 0", "ended with 1")  # all may have been written before head went


SLOW = "1.5,2.5,3.7,9.1,0.4,1.1"


@posix
@pytest.mark.parametrize("json_wanted", [False, True])
def test_an_interruption_ends_with_130(json_wanted: bool, tmp_path: Path) -> None:
    args = ["fit", SLOW, "-f", "student_t", "--interval", "bootstrap"]
    code = (
        "import os, signal, sys\n"
        "import likely.cli\n"
        "module = sys.modules['likely.cli.fitted']\n"
        "def slow(*args):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    import time; time.sleep(10)\n"
        "module.read = slow\n"
        "likely.cli.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *args, *(["--json"] if json_wanted else [])],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 130, done.stderr
    assert "Interrupted" in done.stderr
    assert "Traceback" not in done.stderr
    if json_wanted:
        assert json.loads(done.stdout)["exit_code"] == 130
    else:
        assert done.stdout == ""


@posix
def test_a_killed_report_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "fit.html"
    path.write_text("OLD")
    child = subprocess.Popen([*COMMAND, "report", SLOW, "-f", "gamma", "-o", str(path)], stderr=subprocess.DEVNULL)
    time.sleep(1.0)
    child.kill()
    child.wait()
    assert child.returncode in (-signal.SIGKILL, 0)
    whole = path.read_text()
    assert whole == "OLD" or whole.rstrip().endswith("</html>")


def test_a_fault_ends_with_3_and_a_document(tmp_path: Path) -> None:
    code = (
        "import sys, likely.cli\n"
        "def broken(*args):\n"
        "    raise ZeroDivisionError('oh')\n"
        "sys.modules['likely.cli.fitted'].read = broken\n"
        "likely.cli.main()\n"
    )
    args = ["fit", "1,2,4", "-f", "normal", "--json"]
    done = subprocess.run([sys.executable, "-c", code, *args], check=False, capture_output=True, text=True)
    assert done.returncode == 3
    told = json.loads(done.stdout)
    assert told["exit_code"] == 3
    assert "Bug in likely (ZeroDivisionError: oh). Please report it" in told["error"]


@posix
def test_streams_that_are_closed_are_told() -> None:
    command = f"'{sys.executable}' -m likely fit"
    for rest, code, words in (
        ("1,2,4 -f normal >&-", 1, "cannot write the output: it is closed"),
        ("- -f normal <&-", 2, "standard input is empty"),
        ("1,2,4 -f normal -o -", 2, "'-' names none"),
    ):
        done = subprocess.run(["bash", "-c", f"{command} {rest}"], check=False, capture_output=True, text=True)
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), rest
        assert words in done.stderr
