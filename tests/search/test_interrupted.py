"""Ctrl-C: what was reached is kept, work goes on from it, and nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import likely as lk
from likely.compute.engines import memory
from likely.errors import Interrupted, LikelyError, OptionError
from likely.inference.bootstrap import bootstrap
from likely.search.state import FitState


def stop_at(k):
    """A callback that stops the work at its k-th call."""
    calls = []

    def told(*args):
        calls.append(args)
        if len(calls) == k:
            raise KeyboardInterrupt

    return told


def recorded():
    """A list, and a callback that fills it."""
    calls = []
    return calls, lambda *args: calls.append(args)


def interrupted(k, *args, **options):
    with pytest.raises(Interrupted) as caught:
        lk.fit(*args, progress=stop_at(k), **options)
    return caught.value


def agree(one, other, within=1e-6):
    """To rounding: a millionth of a standard error (L-BFGS stops at ten), the log-likelihood to its last digits."""
    assert one.status == other.status
    for name, value in one.coef.items():
        assert other.coef[name] == pytest.approx(value, abs=within * (one.stderr[name] or 1.0))
    assert other.loglik == pytest.approx(one.loglik, rel=1e-13)


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    n = 30_000
    X = np.column_stack([np.ones(n), rng.normal(size=(n, 3))])
    return {
        "poisson": (rng.poisson(np.exp(X @ [0.1, 0.2, -0.1, 0.3])).astype(float), X),
        "student_t": (X @ [1.0, 2.0, 0.0, -1.0] + rng.standard_t(4, size=n), X),
        "gamma": (rng.gamma(2.0, np.exp(X[:400] @ [0.1, 0.2, -0.1, 0.3]) / 2.0), X[:400]),
    }


# -- a fit -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["poisson", "student_t", "gamma"])
@pytest.mark.parametrize("solver", ["auto", "lbfgs"])
def test_an_interrupted_fit_goes_on_to_the_same_answer(rows, family, solver):
    whole, told = recorded()
    full = lk.fit(family, *rows[family], solver=solver, progress=told)
    for k in sorted({1, 2, len(whole) - 1}):
        stopped = interrupted(k, family, *rows[family], solver=solver)
        state = stopped.state
        assert state.passes == k
        assert state.loglik == pytest.approx(whole[k - 1][1].value, rel=1e-13)
        assert list(state.coef) == list(full.coef)
        rest, told = recorded()
        again = lk.fit(family, *rows[family], solver=solver, start=state, progress=told)
        agree(full, again, 1e-5 if solver == "lbfgs" else 1e-6)
        assert not rest or rest[0][0] == k  # passes are counted on; at the peak there is none to make
        assert len(rest) <= len(whole) - k + (10 if solver == "lbfgs" else 3)  # and none is made again


def test_what_it_says_and_is(rows):
    stopped = interrupted(2, "poisson", *rows["poisson"])
    assert isinstance(stopped, KeyboardInterrupt)
    assert not isinstance(stopped, (LikelyError, Exception))
    assert str(stopped).startswith("the fit was interrupted after 2 passes over the rows, at log-likelihood -40,")
    assert "standard errors from the peak" in str(stopped)
    assert "lk.fit(..., start=interrupted.state)" in str(stopped)


@pytest.mark.parametrize(
    "options",
    [
        {"penalty": lk.Ridge(5.0)},
        {"penalty": lk.Lasso(20.0)},
        {"penalty": lk.Firth()},
        {"bounds": {"rate.x2": (0.3, None)}},
        {"constraints": "rate.x2 = rate.x4"},
        {"starts": 3},
    ],
    ids=str,
)
def test_penalties_constraints_and_several_starts(rows, options):
    y, X = (part[:400] for part in rows["poisson"])
    whole, told = recorded()
    full = lk.fit("poisson", y, X, progress=told, **options)
    for k in (1, len(whole) // 2, len(whole)):
        state = interrupted(k, "poisson", y, X, **options).state
        again = lk.fit("poisson", y, X, start=state, **options)
        assert again.status == full.status
        assert again.coef == pytest.approx(full.coef, rel=1e-8, abs=1e-8)


def test_a_second_interruption_counts_on(rows):
    first = interrupted(2, "gamma", *rows["gamma"]).state
    second = interrupted(2, "gamma", *rows["gamma"], start=first).state
    assert second.passes == 4
    assert second.loglik >= first.loglik
    agree(lk.fit("gamma", *rows["gamma"]), lk.fit("gamma", *rows["gamma"], start=second))


def test_an_ill_conditioned_design_goes_on_in_the_users_coefficients():
    x = np.linspace(0, 1, 60)
    X = np.column_stack([(10 + x) ** k for k in range(6)])
    y = np.random.default_rng(3).poisson(np.exp(1 + x)).astype(float)
    full = lk.fit("poisson", y, X)
    state = interrupted(3, "poisson", y, X).state
    L = lk.likelihood("poisson", y, X)
    assert L.log(state.coef) == pytest.approx(state.loglik, rel=1e-6)
    again = lk.fit("poisson", y, X, start=state)
    assert again.loglik == pytest.approx(full.loglik, rel=1e-12)
    assert again.predict() == pytest.approx(full.predict(), rel=1e-8)


def test_a_parameter_on_its_way_to_a_limit(rows):
    """Counts without overdispersion: the negative binomial's search runs to Poisson's, interrupted or not."""
    rng = np.random.default_rng(1)
    X = np.column_stack([np.ones(300), rng.normal(size=300)])
    y = rng.binomial(20, 1 / (1 + np.exp(-X[:, 1]))).astype(float)
    whole, told = recorded()
    full = lk.fit("negative_binomial", y, X, progress=told)
    assert "boundary" in full.status
    for k in range(1, len(whole) + 1):  # the last ones belong to the fit of the limiting family
        state = interrupted(k, "negative_binomial", y, X).state
        assert set(state.coef) == set(full.coef)
        again = lk.fit("negative_binomial", y, X, start=state)
        assert again.boundary == full.boundary
        assert again.loglik == pytest.approx(full.loglik, rel=1e-12)


def test_before_the_first_pass(rows, monkeypatch):
    def stop(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("likely.search.peak._sample", stop)
    with pytest.raises(Interrupted, match="before the first pass") as caught:
        lk.fit("poisson", *rows["poisson"])
    assert caught.value.state is None
    lk.fit("gamma", *rows["gamma"], start=caught.value.state)
    monkeypatch.setattr("likely.inference.fitting.log_likelihood", stop)
    with pytest.raises(Interrupted, match="nothing was fitted yet"):
        lk.fit("gamma", *rows["gamma"])


def test_states_are_saved_and_read(rows, tmp_path):
    state = interrupted(2, "gamma", *rows["gamma"]).state
    state.save(tmp_path / "state.json")
    assert FitState.load(tmp_path / "state.json") == state
    one, other = (lk.fit("gamma", *rows["gamma"], start=s) for s in (state, tmp_path / "state.json"))
    assert one.coef == other.coef
    (tmp_path / "other.json").write_text('{"p": 0.5}')
    for bad, words in (
        (tmp_path / "other.json", "no state of an interrupted fit"),
        (str(tmp_path / "none.json"), "cannot be read: No such file"),
        (interrupted(1, "student_t", *rows["student_t"]).state, "state of another model"),
        (3, "start is a dict of starting values"),
    ):
        with pytest.raises(OptionError, match=words):
            lk.fit("gamma", *rows["gamma"], start=bad)


# -- a bootstrap ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["parametric", "cases"])
@pytest.mark.parametrize("k", [1, 17, 60])
def test_an_interrupted_bootstrap_goes_on_to_the_same_bits(kind, k):
    rng = np.random.default_rng(2)
    x = rng.normal(size=50)
    fit = lk.fit("poisson", {"y": rng.poisson(np.exp(0.3 * x)), "x": x}, "y ~ x")
    options = {"method": "bootstrap", "replicates": 60, "level": 0.9, "kind": kind, "seed": 5}
    with pytest.raises(Interrupted, match=f"after {k} of 60 refits") as caught:
        fit.interval(**options, progress=stop_at(k))
    state = caught.value.state
    assert state.done == k
    for name, found in fit.interval(0.9, method="bootstrap", resume=state).items():
        expected = fit.interval(**options)[name]
        assert (found.lower, found.upper) == (expected.lower, expected.upper)


def test_a_bootstrap_without_a_seed_goes_on_too():
    fit = lk.fit("gamma", [1.0, 2.0, 4.0, 3.0, 2.5])
    with pytest.raises(Interrupted) as caught:
        bootstrap(fit.estimates, replicates=30, seed=None, progress=stop_at(10))
    one, other = (bootstrap(fit.estimates, resume=caught.value.state) for _ in range(2))
    np.testing.assert_array_equal(one.estimates, other.estimates)
    np.testing.assert_array_equal(one.estimates[:10], caught.value.state.estimates)
    assert one.estimates.shape == (30, 2)


def test_a_bootstrap_goes_on_for_its_own_fit_only():
    fit, other = lk.fit("gamma", [1.0, 2.0, 4.0]), lk.fit("gamma", [1.0, 2.0, 5.0])
    with pytest.raises(Interrupted) as caught:
        bootstrap(fit.estimates, replicates=30, progress=stop_at(10))
    with pytest.raises(OptionError, match="another fit's bootstrap"):
        bootstrap(other.estimates, resume=caught.value.state)
    with pytest.raises(OptionError, match="resume is the state"):
        bootstrap(fit.estimates, resume=10)


# -- a real signal -------------------------------------------------------------------------------------------


BLOCKS = """
    import json, os, signal
    import numpy as np
    from threadpoolctl import threadpool_info
    from likely.compute.engines import memory

    def blas_threads():
        return [info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"]

    def block(lo, hi):
        begun.append(lo)
        if len(begun) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return (sum(float(np.sum(np.arange(20_000.0))) for _ in range(20)),)

    before, begun = blas_threads(), []
    try:
        memory.sum_blocks(block, 1_000_000, 1000)
    except KeyboardInterrupt:
        count, after, inside = len(begun), blas_threads(), memory._limited._shared.inside
    memory.sum_blocks(lambda lo, hi: (1.0,), 4000, 1000)
    print(json.dumps({"begun": count, "later": len(begun), "blas": [before, after], "inside": inside}))
"""


def test_blocks_on_other_threads_stop_and_the_limits_go():
    """The signal arrives while threads work on blocks: those that have not begun never do."""
    environment = {**os.environ, "LIKELY_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    told = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(BLOCKS)], check=True, capture_output=True, text=True, env=environment
    )
    record = json.loads(told.stdout)
    assert record["begun"] < 500
    assert record["later"] == record["begun"]
    assert record["blas"][0] == record["blas"][1]
    assert record["inside"] == 0


def test_an_error_in_a_block_stops_the_others(monkeypatch):
    monkeypatch.setenv("LIKELY_THREADS", "2")
    begun = []

    def block(lo, hi):
        begun.append(lo)
        return (1.0 / lo + float(np.sum(np.sqrt(np.arange(200_000.0)))),)

    with pytest.raises(ZeroDivisionError):
        memory.sum_blocks(block, 20_000, 10)
    count = len(begun)
    assert count < 1000
    assert memory.sum_blocks(lambda lo, hi: (1.0,), 100, 10) == (10.0,)
    assert len(begun) == count


CHILD = """
    import json, sys
    import numpy as np
    import likely as lk
    from likely.compute.engines import memory

    rng = np.random.default_rng(0)
    n = 200_000
    X = np.column_stack([np.ones(n), rng.normal(size=(n, 6))])
    y = X @ np.ones(7) + rng.standard_t(3, size=n)
    full = lk.fit("student_t", y, X)

    def told(iteration, point, distance):
        print("pass", flush=True)

    for _ in range(500):
        try:
            lk.fit("student_t", y, X, progress=told)
        except lk.errors.Interrupted as error:
            state = error.state
            break
    again = lk.fit("student_t", y, X, start=state)
    far = max(abs(again.coef[k] - full.coef[k]) / full.stderr[k] for k in full.coef)
    inside = memory._limited._shared.inside
    record = {"far": far, "loglik": [full.loglik, again.loglik], "inside": inside, "status": again.status}
    print(json.dumps(record | {"passes": None if state is None else state.passes}), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for a child process")
@pytest.mark.parametrize("wait", [3, 8])
def test_sigint_in_the_middle_of_a_long_fit(wait):
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "LIKELY_THREADS": "2"},
    )
    for _ in range(wait):
        assert child.stdout.readline() == "pass\n"
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 0, err
    assert err == ""  # nothing is drawn where nobody watches
    record = json.loads(out.splitlines()[-1])
    assert record["far"] < 1e-6
    assert record["loglik"][1] == pytest.approx(record["loglik"][0], rel=1e-13)
    assert record["inside"] == 0
    assert record["status"] == "converged"


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for a child process")
def test_ctrl_c_in_a_shell(tmp_path):
    """A bootstrap that would take minutes: one line, exit code 130."""
    path = tmp_path / "d.csv"
    rng = np.random.default_rng(0)
    path.write_text("y\n" + "\n".join(f"{v:.6f}" for v in rng.standard_t(3, size=20_000)))
    code = (
        "import likely.inference.bootstrap as b, sys\n"
        "refit = b.refit\n"
        "def told(*args):\n"
        "    print('refit', file=sys.stderr, flush=True)\n"
        "    return refit(*args)\n"
        "b.refit = told\n"
        "from likely.cli import main\n"
        f"sys.argv = ['likely', 'fit', {str(path)!r}, '-f', 'student_t', '--interval', 'bootstrap']\n"
        "main()\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(3):
        assert child.stderr.readline() == "refit\n"
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert out == ""
    told = " ".join(line for line in err.splitlines() if line != "refit")
    assert told.startswith("Interrupted after ")
    assert told.endswith(" of 1,000 refits; there is no result.")
