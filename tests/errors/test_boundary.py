"""What escapes the public faces: errors in words, the user's own, and faults that ask for a report."""

from __future__ import annotations

import inspect
import os
import pickle
import subprocess
import sys
import textwrap
import types
import warnings
from typing import Any

import numpy as np
import pytest

import likely as lk
from likely.errors import InternalError, LikelyError, OptionError
from likely.errors.boundary import AS_THEY_ARE, public, public_class

rng = np.random.default_rng(1)
DATA: dict[str, Any] = {"x": rng.normal(size=60), "g": rng.choice(list("abc"), 60)}
DATA["y"] = rng.gamma(2, np.exp(0.3 * DATA["x"]))
BAD = {"None": None, "5": 5, "'a'": "a", "[]": [], "{}": {}, "nan": float("nan"), "inf": float("inf"), "-1": -1}
BAD |= {"object": object(), "[None]": [None], "(1, 'a')": (1, "a"), "{1: 'a'}": {1: "a"}}


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faults as users get them, where all other tests see them raw."""
    monkeypatch.delenv(AS_THEY_ARE)


# -- the mechanism ------------------------------------------------------------------------------------------------


def test_the_tests_see_faults_raw() -> None:
    assert os.environ[AS_THEY_ARE]


@pytest.mark.usefixtures("faults")
def test_a_fault_asks_for_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("likely.inference.fitting.maximize", None)
    with pytest.raises(InternalError, match=r"TypeError in results\.fitting\.fit: .* This is a fault") as caught:
        lk.fit("normal", [1.0, 2.0, 4.0])
    assert isinstance(caught.value.__cause__, TypeError)
    assert isinstance(caught.value, LikelyError)


@pytest.mark.usefixtures("faults")
def test_what_passes_as_it_is() -> None:
    class Full(Exception):
        pass

    def mine(*args: Any) -> None:
        raise Full("mine")

    with pytest.raises(Full, match="mine"):
        lk.fit("gamma", [1.0, 2.0, 4.0], progress=mine)
    with pytest.raises(TypeError, match="missing 2 required"):
        lk.fit()  # type: ignore[call-arg]

    @public
    def raises(error: BaseException) -> None:
        raise error

    for error in (MemoryError(), KeyboardInterrupt(), OptionError("told"), UserWarning("as an error")):
        with pytest.raises(type(error)):
            raises(error)


@pytest.mark.usefixtures("faults")
def test_only_the_outermost_call_speaks() -> None:
    @public
    def inner() -> float:
        return 1 / 0

    @public
    def outer() -> str:
        try:
            inner()
        except LikelyError:
            return "swallowed"
        except ZeroDivisionError:
            return "seen"
        return ""

    inner.__module__ = outer.__module__ = "likely.x"
    assert outer() == "seen"


def test_a_public_class_keeps_its_kinds_of_members() -> None:
    @public_class
    class Some:
        def __init__(self, a: int = 1) -> None:
            self.a = a

        @property
        def twice(self) -> int:
            """Two times."""
            return 2 * self.a

        @classmethod
        def made(cls) -> Some:
            return cls(3)

        @staticmethod
        def four() -> int:
            return 4

    assert (Some(2).twice, Some.made().a, Some.four(), Some.twice.__doc__) == (4, 3, 4, "Two times.")
    assert list(inspect.signature(lk.fit).parameters)[:3] == ["family", "data", "formula"]


# -- arguments ----------------------------------------------------------------------------------------------------


def calls() -> dict[str, Any]:
    fit = lk.fit("gamma", DATA, "y ~ x + g")
    flat = lk.fit("uniform", DATA["y"])
    L = lk.likelihood("bernoulli", [1, 0])
    return {
        "effects": fit.effects,
        "effects at": lambda bad: fit.effects("x", at={"x": bad}),
        "effects by": lambda bad: fit.effects("x", by=bad),
        "effects what": lambda bad: flat.effects("x", what=bad),
        "margins": fit.margins,
        "contrasts": fit.contrasts,
        "delta null": lambda bad: fit.delta("mean.x", null=bad),
        "surprising": fit.surprising,
        "region": fit.region,
        "interval names": lambda bad: fit.interval(names=bad),
        "interval method": lambda bad: fit.interval(method=bad),
        "test method": lambda bad: fit.test("mean.x = 0", method=bad),
        "quantile": lambda bad: fit.predict(what="quantile", q=bad),
        "predict what": lambda bad: fit.predict(what=bad),
        "residuals": fit.residuals,
        "diagnose checks": lambda bad: fit.diagnose(checks=bad),
        "calibration seed": lambda bad: lk.calibration([0, 1, 1, 0], [0.2, 0.7, 0.6, 0.4], seed=bad),
        "calibration labels": lambda bad: lk.calibration([0, 1, 1, 0], [0.2, 0.7, 0.6, 0.4], labels=bad),
        "calibration weights": lambda bad: lk.calibration([0, 1, 1, 0], [0.2, 0.7, 0.6, 0.4], weights=bad),
        "table": lambda bad: L.table(p=bad),
        "curve": lambda bad: L.curve("p", bad),
        "curve of": L.curve,
        "ratio": lambda bad: L.ratio(bad, 0.5),
        "compare": lambda bad: lk.compare(bad, DATA, "y ~ x"),
        "compare seed": lambda bad: lk.compare(["normal", "gamma"], DATA, "y ~ x", folds=2, seed=bad),
        "fit weights": lambda bad: lk.fit("gamma", DATA, "y ~ x", weights=bad),
        "fit offset": lambda bad: lk.fit("gamma", DATA, "y ~ x", offset=bad),
        "fit missing": lambda bad: lk.fit("gamma", DATA, "y ~ x", missing=bad),
        "fit link": lambda bad: lk.fit("gamma", DATA, "y ~ x", link=bad),
        "fit solver": lambda bad: lk.fit("gamma", DATA, "y ~ x", solver=bad),
        "fit fixed": lambda bad: lk.fit("gamma", DATA, "y ~ x", fixed=bad),
        "fit constraints": lambda bad: lk.fit("gamma", DATA, "y ~ x", constraints=bad),
        "family": lambda bad: lk.fit(bad, DATA, "y ~ x"),
        "density fixed": lambda bad: lk.density(lambda p, d: d["y"] * p["a"], params={"a": lk.Real}, fixed=bad),
        "path of": lambda bad: lk.path("normal", DATA, "y ~ x + g", n=3, of=bad),
        "loss link": lambda bad: lk.loss(lk.Normal(), link=bad),
        "Interval": lambda bad: lk.Interval(0, bad),
        "Simplex": lk.Simplex,
        "Ridge": lk.Ridge,
        "losses drawn": lambda bad: fit.plot.coefficients(method=bad),
        "index": fit.link_stderr,
    }


def test_arguments_of_wrong_types_are_told_in_words() -> None:
    """Every call either answers or raises a LikelyError; a fault comes out raw here, and fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.errors.LikelyWarning)
        for name, call in calls().items():
            for text, bad in BAD.items():
                try:
                    str(call(bad))
                except LikelyError:
                    pass
                except Exception as error:
                    raise AssertionError(f"{name} with {text}: {type(error).__name__}: {error}") from error


@pytest.mark.parametrize(
    "returned", [None, "x", [1, 2], {}, object(), True, 1j, lambda: 1, np.zeros(2), np.zeros((2, 1))]
)
def test_a_density_that_returns_no_numbers(returned: Any) -> None:
    family = lk.family(params={"a": lk.Positive}, support="positive")(lambda y, a, xp: returned)
    for use in (lambda: lk.fit(family, [1.0, 2.0, 4.0]), lambda: family.log_prob([1.0, 2.0, 4.0], a=1.0)):
        with pytest.raises(lk.errors.FamilyError, match="is a number for each observation, but the function returns"):
            use()


@pytest.mark.parametrize("q", [float("nan"), -0.1, 1.1, float("inf"), [], [0.5, float("nan")], "a", None, [[0.5]]])
def test_levels_of_quantiles(q: Any) -> None:
    fit = lk.fit("normal", [1.0, 2.0, 4.0])
    if q is not None:  # the median
        with pytest.raises(OptionError):
            fit.predict(what="quantile", q=q)
    if q not in ([], [[0.5]]):
        with pytest.raises(OptionError, match="level"):
            lk.Normal().quantile(q, mean=0, sd=1)


def test_nothing_to_nothing_is_no_ratio() -> None:
    L = lk.likelihood("bernoulli", [0, 0, 0])
    with pytest.raises(lk.errors.ParameterError, match="0 to 0 is no ratio"):
        L.ratio(1.0, 1.0)
    assert L.ratio(0.5, 1.0) == np.inf
    assert L.ratio(1.0, 0.5) == 0.0


# -- warnings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e170, 1e-170, 1e300, 1e154])
def test_no_warning_of_numpy_gets_out(scale: float) -> None:
    y = (np.random.default_rng(0).gamma(2, 1, 40) + 0.1) * scale
    with warnings.catch_warnings(), np.errstate(all="warn"):
        warnings.simplefilter("error")
        for family, link in (("gamma", None), ("inverse_gaussian", None), ("normal", "log"), ("log_normal", None)):
            try:
                fit = lk.fit(family, y, link=link)
                fit.stderr, fit.interval(), str(fit.summary()), fit.predict(what="quantile")
            except LikelyError:
                pass


def test_numpys_errors_do_not_get_in() -> None:
    with np.errstate(all="raise"):
        assert lk.fit("gamma", [1e-300, 1.0, 2.0, 1e5]).n == 4


# -- pickles ------------------------------------------------------------------------------------------------------


def test_the_package_is_a_plain_module() -> None:
    assert type(lk) is types.ModuleType
    for name in ("fit", "compare", "path", "density", "calibration", "likelihood", "family"):
        assert isinstance(getattr(lk, name), types.FunctionType), name
    assert {"fit", "Fit", "Normal", "__version__"} <= set(dir(lk))


def test_functions_are_not_hidden_by_their_modules() -> None:
    code = """
        import importlib, pickle, sys, threading, types
        import likely.results.fitting, likely.results.paths.fits
        from likely.checking.comparison.record import Row
        import likely as lk
        assert all(callable(getattr(lk, n)) for n in ("fit", "path", "compare", "density", "calibration", "likelihood"))
        import likely.likelihoods.density.layout
        assert isinstance(lk.density, types.FunctionType)
        for name in ("likely.results", "likely.results.paths", "likely.checking.calibration"):
            assert importlib.import_module(name).__doc__
            assert type(sys.modules[name]) is types.ModuleType, name
        assert pickle.loads(pickle.dumps(lk.fit)) is lk.fit
        found = []
        threads = [threading.Thread(target=lambda: found.append(lk.compare)) for _ in range(8)]
        [t.start() for t in threads], [t.join() for t in threads]
        assert len(found) == 8
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)


def test_cloudpickle_takes_functions_that_mention_the_package() -> None:
    cloudpickle = pytest.importorskip("cloudpickle")
    code = """
        import cloudpickle, likely as lk
        def job(seed):
            return lk.compare([lk.Normal(), lk.Laplace()], [1.0, 2.0, 4.0]).rows, lk.fit("normal", [1.0, 2.0]).coef
        assert len(cloudpickle.loads(cloudpickle.dumps(job))(0)) == 2
    """
    assert cloudpickle
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)


def test_results_are_pickled() -> None:
    fit = lk.fit("gamma", DATA, "y ~ x + g")
    for record in (fit, fit.likelihood, lk.Normal(sd=2), lk.loss(lk.Normal()), lk.nll(lk.Gamma()), lk.Ridge(1.0)):
        again = pickle.loads(pickle.dumps(record))
        assert type(again) is type(record)
    assert pickle.loads(pickle.dumps(fit)).coef == fit.coef
