"""Files are written whole or not at all: a full disk, a kill and a wrong name leave what was there."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import likely as lk
from likely.data.writing import destination, write_bytes, write_text
from likely.errors import Interrupted, OptionError, WriteError

posix = pytest.mark.skipif(os.name != "posix", reason="needs limits and signals of POSIX")


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def run(code: str, *args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, args)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


# -- one writer ---------------------------------------------------------------------------------------------------


def test_a_file_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "one\n")
    path.chmod(0o640)
    write_text(path, "two \N{GREEK SMALL LETTER MU}\n")
    assert path.read_text(encoding="utf-8") == "two \N{GREEK SMALL LETTER MU}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert left(tmp_path) == ["a.txt"]


@posix
def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "usual").write_text("")
    write_text(tmp_path / "ours", "")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "usual").stat().st_mode


@posix
def test_a_link_keeps_pointing_where_it_points(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link, real = tmp_path / "link.html", tmp_path / "real" / "file.html"
    link.symlink_to(real)
    for text in ("first", "second"):  # first to a file that is not there yet
        write_text(link, text)
        assert link.is_symlink()
        assert real.read_text() == text
    assert left(tmp_path / "real") == ["file.html"]


@posix
def test_pipes_and_open_files_are_written_to(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from likely.data.writing import write_text; write_text(Path('/dev/stdout'), 'page')"
    )
    assert run(code).stdout == "page"
    whole = tmp_path / "all.txt"
    whole.write_text("before ")
    with whole.open("a") as file:
        subprocess.run([sys.executable, "-c", code], check=True, stdout=file)
    assert whole.read_text() == "before page"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_device_is_told() -> None:
    with pytest.raises(WriteError, match="cannot write '/dev/full': No space left on device; make room"):
        write_bytes(Path("/dev/full"), b"x")


def test_an_interruption_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("old")

    def stop(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        write_text(tmp_path / "a.txt", "new")
    assert left(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


@pytest.mark.parametrize("bad", [None, 5, "", "  ", "a\0b", [], object(), b"\0"])
def test_what_is_no_path(bad: object) -> None:
    with pytest.raises(OptionError, match="is written to a file"):
        destination(bad, "a report", (".html",))


def test_folders_and_endings(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="is a folder"):
        destination(tmp_path, "a report", (".html",))
    with pytest.raises(OptionError, match="there is no folder"):
        destination(tmp_path / "none" / "x.html", "a report", (".html",))
    assert destination(tmp_path / "made" / "x", "a network", (".likely",), folders=True).parent.is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match="cannot make the folder"):
        destination(tmp_path / "file" / "x", "a network", (".likely",), folders=True)


# -- what is written with it --------------------------------------------------------------------------------------

WRITERS = """
    import os, resource, sys
    import likely as lk
    from likely.errors import Interrupted, LikelyError, WriteError
    folder = sys.argv[1]
    fit = lk.fit("normal", [1.0, 2, 4, 3, 5, 2.2])
    chart = fit.plot.qq()
    chart.to_dict(), fit.report(compare=False)
    def stop(*a):
        raise KeyboardInterrupt
    try:
        lk.fit("gamma", [1.0, 2.0, 4.0], progress=stop)
    except Interrupted as found:
        state = found.state
    kinds = {"r.html": lambda p: fit.report(p, compare=False), "s.json": state.save}
    kinds |= {name: chart.save for name in ("c.html", "c.json")}
    for name in kinds:
        with open(os.path.join(folder, name), "w") as file:
            file.write("OLD")
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    for name, write in kinds.items():
        try:
            write(os.path.join(folder, name))
        except WriteError as error:
            assert "File too large" in str(error), error
        else:
            raise AssertionError(name)
"""


@posix
def test_a_limit_of_size_leaves_the_old_files(tmp_path: Path) -> None:
    done = run(WRITERS, tmp_path)
    assert done.returncode == 0, done.stderr
    assert left(tmp_path) == ["c.html", "c.json", "r.html", "s.json"]
    assert {path.read_text() for path in tmp_path.iterdir()} == {"OLD"}


KILLED = """
    import os, sys
    from pathlib import Path
    from likely.data.writing import write_bytes
    calls = []
    def dies(*args):
        print("writing", flush=True)
        os.kill(os.getpid(), 9)
    os.fsync = dies
    write_bytes(Path(sys.argv[1]), b"new" * 100_000)
"""


@posix
def test_a_kill_in_the_middle_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "run.pt"
    path.write_text("OLD")
    done = run(KILLED, path)
    assert done.returncode == -signal.SIGKILL
    assert done.stdout == "writing\n"
    assert path.read_text() == "OLD"


def test_other_endings_are_refused(tmp_path: Path) -> None:
    fit = lk.fit("normal", [1.0, 2, 4, 3, 5, 2.2])
    with pytest.raises(OptionError, match=r"a report is written as .html or .htm, and 'x.pdf' ends in '.pdf'"):
        fit.report("x.pdf")
    chart = fit.plot.qq()
    for name in ("x.jpg", "x.gif", "x"):
        with pytest.raises(OptionError, match="chart"):
            chart.save(tmp_path / name)
    with pytest.raises(OptionError, match=r"ends in '\.png'"):
        chart.save(tmp_path / "x.png", format="svg")

    def stop(*args: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        lk.fit("gamma", [1.0, 2.0, 4.0], progress=stop)
    with pytest.raises(OptionError, match=r"the state of a fit is written as \.json"):
        caught.value.state.save(tmp_path / "state.pkl")
    assert left(tmp_path) == []


def test_a_chart_stays_one_of_altairs() -> None:
    import altair as alt

    chart = lk.fit("normal", [1.0, 2, 4, 3, 5, 2.2]).plot.qq()
    assert isinstance(chart, alt.LayerChart)
    wider = chart.properties(width=600)
    assert type(wider) is type(chart)
    assert wider.to_dict()["width"] == 600
