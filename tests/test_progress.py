"""The line that says how far long work is: who sees it, and what it says."""

from __future__ import annotations

import io
import sys
import threading
import types

import numpy as np
import pandas as pd
import pytest

import likely as lk
from likely.compute.engines import memory
from likely.errors import OptionError
from likely.progress import Task, time_left
from likely.search.iterations import passes_left


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def watch(monkeypatch, patience=0.0):
    """A terminal that someone watches, with no patience at all."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "160")
    defaults = {"patience": patience, "long": False, "alone": False}
    monkeypatch.setattr(Task.__init__, "__kwdefaults__", defaults)
    return stream


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(0)
    X = np.column_stack([np.ones(30_000), rng.normal(size=(30_000, 3))])
    return rng.poisson(np.exp(X @ [0.1, 0.2, -0.1, 0.3])).astype(float), X


def test_a_fit_tells_every_pass(monkeypatch, counts):
    watch(monkeypatch)
    said = []
    monkeypatch.setattr(Task, "say", lambda self, text: said.append(text))
    lk.fit("poisson", *counts)
    sample = [text for text in said if "of the rows" in text]
    assert sample[0] == "a start from 1,000 of the rows, pass 1"
    assert any(text.startswith("a start from 1,250 of the rows") for text in sample)
    passes = [text for text in said if text.startswith("pass ")]
    assert [text.partition(",")[0] for text in passes] == [f"pass {k + 1}" for k in range(len(passes))]
    assert len(passes) >= 3  # with scores alone, then with the information, then the end
    assert "standard errors from the peak" in passes[0]
    assert passes[-1].split("log-likelihood ")[1].startswith("-40,")


def test_the_line_is_drawn_and_leaves_no_trace(monkeypatch, counts):
    terminal = watch(monkeypatch)
    lk.fit("poisson", *counts)
    out = terminal.getvalue()
    assert "fitting Poisson to 30,000 rows" in out
    assert out.endswith("\x1b[2K")  # the last thing is that its line is erased


def test_nobody_watches(monkeypatch, capsys, counts):
    monkeypatch.setattr("likely.progress.PATIENCE", 0.0)
    for environment in ({"TERM": "dumb"}, {"TERM": "xterm"}):
        stream = Terminal() if environment["TERM"] == "dumb" else io.StringIO()
        with monkeypatch.context() as patch:
            patch.delenv("PYTEST_CURRENT_TEST")
            patch.setenv("TERM", environment["TERM"])
            patch.setattr(sys, "stderr", stream)
            with Task("work", patience=0.0) as task:
                assert not task.watched
        assert stream.getvalue() == ""
    lk.fit("poisson", *counts)
    assert capsys.readouterr() == ("", "")


def test_not_for_short_work_nor_for_other_threads(monkeypatch):
    stream = watch(monkeypatch, 1.0)
    before = threading.active_count()
    lk.fit("poisson", [1, 2, 3, 4], progress="auto")
    assert stream.getvalue() == ""
    assert threading.active_count() == before
    seen = []

    def work():
        with Task("work", patience=0.0) as task:
            seen.append(task.watched)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]


def test_a_long_fit_is_announced_before_its_first_pass_ends(monkeypatch):
    stream = watch(monkeypatch, 1.0)
    shown = threading.Event()
    monkeypatch.setattr("likely.progress._Terminal.start", lambda self, line: shown.set())
    monkeypatch.setattr("likely.progress._Terminal.stop", lambda self: None)
    with Task("work", patience=0.01, long=True):
        assert shown.wait(5.0)
    assert stream.getvalue() == ""


def test_true_is_told_in_a_pipe_too_and_false_never(monkeypatch):
    monkeypatch.setattr(sys, "stderr", pipe := io.StringIO())
    lk.fit("gamma", [1.0, 2.0, 4.0], progress=True)
    assert pipe.getvalue().startswith("fitting Gamma to 3 rows")
    pipe.truncate(0)
    lk.fit("gamma", [1.0, 2.0, 4.0], progress=False)
    with Task("outer", False), Task("inner") as inner:
        assert not inner.watched
    assert pipe.getvalue().strip("\0") == ""


def test_tasks_share_one_line(monkeypatch):
    watch(monkeypatch)
    with Task("comparing") as outer:
        outer.count(1, 4, "done")
        with Task("fitting") as inner:
            inner.say("pass 3")
            assert str(inner._line) == "comparing: 1 of 4 done | fitting: pass 3"
        with Task("many", alone=True), Task("one of many") as small:
            assert not small.watched
        assert str(outer._line) == "comparing: 1 of 4 done"


def test_a_notebook_has_an_output_of_its_own(monkeypatch):
    shown = []

    class Handle:
        def update(self, bundle, raw):
            shown.append(bundle["text/plain"])

    def display(bundle, raw, display_id):
        shown.append(bundle["text/plain"])
        return Handle()

    module = types.ModuleType("IPython")
    module.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    module.display = types.ModuleType("IPython.display")
    module.display.display = display
    monkeypatch.setitem(sys.modules, "IPython", module)
    monkeypatch.setitem(sys.modules, "IPython.display", module.display)
    monkeypatch.setattr("likely.progress.OFTEN", 0.0)
    lk.fit("gamma", [1.0, 2.0, 4.0], progress=True)
    assert shown[0] == "fitting Gamma to 3 rows"
    assert shown[1].startswith("fitting Gamma to 3 rows: pass 1, log-likelihood ")
    assert shown[-1] == ""


def test_bootstrap_profile_and_compare_tell_how_far_they_are(monkeypatch):
    watch(monkeypatch)
    said = []
    monkeypatch.setattr(Task, "say", lambda self, text: said.append(text))
    y = [1.0, 2.0, 4.0, 3.0, 2.5]
    fit = lk.fit("gamma", y)
    said.clear()
    fit.interval(method="bootstrap", replicates=40, level=0.9)
    assert [text.partition(",")[0] for text in said] == [f"{k} of 40 refits" for k in range(1, 41)]
    said.clear()
    fit.interval(method="profile")
    assert said[1].startswith("1 of 2 parameters")
    said.clear()
    lk.compare(["normal", "gamma"], y)
    assert said[0].startswith("0 of 2 done, now Normal")


def test_lbfgs_tells_its_steps(counts):
    told = []
    fit = lk.fit("poisson", *counts, solver="lbfgs", progress=lambda *args: told.append(args))
    assert [args[0] for args in told] == list(range(len(told)))
    values = [point.value for _, point, _ in told]
    assert values == sorted(values)
    assert values[-1] == pytest.approx(fit.loglik, rel=1e-12)
    assert told[-1][2] < 1e-4 < told[0][2]


def test_estimates_of_the_time_left():
    assert passes_left([30.0, 3.0, 0.09], 1e-6) == 3  # 0.09, 0.008, 7e-5, 4e-9
    assert passes_left([1e-9], 1e-6) == 0
    assert passes_left([3.0, 9.0], 1e-6) is None
    assert time_left(1000) == ", about 17 min left"


@pytest.mark.parametrize("bad", [3, "yes", "automatic"])
def test_what_progress_can_be(bad):
    with pytest.raises(OptionError, match="progress is 'auto', True, False or a function of"):
        lk.fit("normal", [1.0, 2.0], progress=bad)


def test_a_long_pass_says_how_much_of_it_is_done(monkeypatch):
    watch(monkeypatch)
    shares = []
    monkeypatch.setattr(Task, "within", lambda self, share: shares.append(share))
    with Task("fitting"):
        parts = memory.map_blocks(lambda lo, hi: (hi - lo,), 300, 1)
        memory.map_blocks(lambda lo, hi: (hi - lo,), 200, 1)
    assert len(parts) == 300
    assert shares == [64 / 300, 128 / 300, 192 / 300, 256 / 300, 1.0]


def test_the_share_of_a_pass_stands_in_the_line_until_it_is_done(monkeypatch):
    watch(monkeypatch)
    with Task("fitting") as task:
        task.say("pass 2")
        task.within(0.25)
        assert str(task._line) == "fitting: pass 2 (25% of a pass)"
        task.within(1.0)
        assert str(task._line) == "fitting: pass 2"


def test_reading_tells_rows_and_pace(monkeypatch):
    watch(monkeypatch)
    said = []
    monkeypatch.setattr(Task, "say", lambda self, text: said.append((self.title, text)))
    half = {"x": np.arange(500.0), "y": np.arange(500) % 3}
    pieces = [pd.DataFrame(half), pd.DataFrame(half)]
    lk.fit("poisson", pieces, "y ~ x", engine="stream")
    learnt = [text for title, text in said if title == "learning levels and ranges from the data"]
    read = [text for title, text in said if title == "reading the data"]
    assert [text.partition(",")[0] for text in learnt] == ["500 rows", "1"]
    assert learnt[1].startswith("1,000 rows, ")
    assert [text.partition(" rows")[0] for text in read] == ["500 of 1,000", "1,000 of 1,000"]
    assert all("a second" in text for text in learnt + read)
