"""Fits as files: everything that needs no rows at once, everything with the data, and no file that is taken wrongly."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fits_of_every_kind import FITS, LEVERED, NEW, D, N, Own

import likely as lk
from likely.errors import DataError, LikelyError, OptionError
from likely.results.saving import _digest

# of what data each fit is, where lk.load is to be given them
DATA: dict[str, Any] = {
    "a coin": [1] * 7 + [0] * 3,
    "a row of leverage 1": LEVERED,
    "separated, left out": D | {"b": D["b of q"]},
    "several probabilities": D["o"],
    "at an end": [0, 0, 0],
    "at the edges of the data": [1.0, 2.0, 4.0],
    "at a limit": [3, 4, 3, 4, 5, 3, 4],
    "not identified": [1.0, 2.0, 4.0, 5.0],
    "all is known": D["y"],
    "badly conditioned": D | {"year": 2020 + D["x"] / 1e4},
}
REFUSED = dict.fromkeys(("an offset and weights as arrays", "a matrix"), "no file holds") | {
    "a sum": "a sum of likelihoods"
}


@pytest.mark.filterwarnings("ignore::likely.errors.DroppedRowsWarning")
@pytest.mark.parametrize("name", FITS)
def test_a_fit_comes_back_from_its_file(name: str, tmp_path: Path) -> None:
    fit = FITS[name]()
    path = fit.save(tmp_path / "model.json")
    again = lk.load(path)
    if fit.boundary:  # what a profile alone can tell needs the rows
        assert "by the profile likelihood needs the data" in " ".join(str(again.summary()).split())
    else:
        assert str(again.summary()) == str(fit.summary())
    assert again.coef == fit.coef
    again.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()
    data = DATA.get(name, D)
    if name in REFUSED:
        with pytest.raises(OptionError, match=REFUSED[name]):
            lk.load(path, data)
        return
    whole = lk.load(path, data)
    assert str(whole.summary()) == str(fit.summary())
    assert whole.loglik == pytest.approx(fit.loglik, rel=1e-12)
    assert {k: e is None for k, e in whole.stderr.items()} == {k: e is None for k, e in fit.stderr.items()}
    errors = [[e for e in one.stderr.values() if e is not None] for one in (whole, fit)]
    np.testing.assert_allclose(*errors, rtol=1e-9)


def test_with_the_data_everything_is_as_it_was(tmp_path: Path) -> None:
    fit = lk.fit("gamma", D, "t ~ x + C(g)", cluster="s", cov="cluster")
    whole = lk.load(fit.save(tmp_path / "model"), D)
    np.testing.assert_array_equal(whole.residuals(), fit.residuals())
    assert whole.with_cov("HC1").stderr == fit.with_cov("HC1").stderr
    assert str(whole.effects("x")) == str(fit.effects("x"))
    assert whole.with_cov("observed").stderr == fit.with_cov("observed").stderr


def test_what_needs_rows_names_the_way(tmp_path: Path) -> None:
    again = lk.load(lk.fit("poisson", D, "count ~ x").save(tmp_path / "model.json"))
    for ask in (again.residuals, again.diagnose, again.report, lambda: again.effects("x"), again.predict):
        with pytest.raises(DataError, match=r"lk\.load\(path, data=\.\.\.\)"):
            ask()
    assert "Poisson fit of count" in str(again.with_cov("observed").summary())
    assert again.simulate(3, new={"x": [0.0, 1.0]}, seed=1).shape == (3, 2)
    assert len(again.region(["rate.Intercept", "rate.x"], method="wald").points) > 10


def test_other_data_are_refused(tmp_path: Path) -> None:
    path = lk.fit("poisson", D, "count ~ x").save(tmp_path / "model.json")
    with pytest.raises(DataError, match="the same number of rows with other values"):
        lk.load(path, D | {"x": D["x"] + 1e-9})
    with pytest.raises(DataError, match="61 rows, and the fit had 60"):
        lk.load(path, {k: np.append(v, v[:1]) for k, v in D.items()})
    with pytest.raises(DataError, match="they lack x"):
        lk.load(path, {"count": D["count"]})
    lk.load(path, D | {"z": D["z"] + 1.0})  # which the fit did not use


@pytest.mark.filterwarnings("ignore::likely.errors.DroppedRowsWarning")
def test_data_are_read_with_the_markers_of_the_fit(tmp_path: Path) -> None:
    data = {"y": [1.0, 2.0, 4.0, 3.0, 5.5, 6.0], "x": ["1", "2", "?", "3", "5", "4"]}
    fit = lk.fit("normal", data, "y ~ x", na="?", missing="drop")
    again = lk.load(fit.save(tmp_path / "model.json"), data)
    np.testing.assert_array_equal(again.residuals(), fit.residuals())


def test_a_log_likelihood_that_is_another_is_told(tmp_path: Path) -> None:
    path = lk.fit("poisson", D, "count ~ x").save(tmp_path / "model.json")
    content = json.loads(path.read_text())
    content["estimates"]["outcome"]["point"]["value"] += 1e-3
    with pytest.raises(DataError, match="the log-likelihood of these data is"):
        lk.load(rewritten(path, content), D)


def test_a_family_of_the_users_own(tmp_path: Path) -> None:
    fit = lk.fit(Own(), D, "t ~ x")
    path = fit.save(tmp_path / "model.json")
    with pytest.raises(OptionError, match="'own' is a family of your own"):
        lk.load(path)
    for families in ([Own], {"own": Own}, Own, [Own()]):
        assert lk.load(path, families=families).stderr == fit.stderr
    assert lk.load(path, D, families=[Own]).residuals().shape == (N,)
    with pytest.raises(OptionError, match="list of families of your own"):
        lk.load(path, families=[3])


# -- files of earlier versions ------------------------------------------------------------------------------------

KEPT = Path(__file__).parent / "saved"
NAMES = sorted(path.stem for path in KEPT.glob("*.json") if path.stem != "expected")


@pytest.mark.parametrize("name", NAMES)
def test_files_that_were_once_written_load_for_ever_after(name: str) -> None:
    """Never write these files anew: they are what people have on their disks."""
    expected = json.loads((KEPT / "expected.json").read_text())[name]
    fit = lk.load(KEPT / f"{name}.json")
    assert fit.loglik == pytest.approx(expected["loglik"], rel=1e-12)
    assert fit.coef == pytest.approx(expected["coef"], rel=1e-12)
    assert fit.stderr == {name: error and pytest.approx(error, rel=1e-12) for name, error in expected["stderr"].items()}
    found = fit.predict(NEW | {"twice": [2.0 * x for x in NEW["x"]]}, "params")
    assert {key: np.asarray(column).tolist() for key, column in found.items()} == {
        key: pytest.approx(column, rel=1e-12) for key, column in expected["params"].items()
    }


# -- files that are none ------------------------------------------------------------------------------------------


def rewritten(path: Path, content: dict[str, Any]) -> Path:
    """The file with another content and the digest of it."""
    content.pop("sha256", None)
    path.write_text(json.dumps({**content, "sha256": _digest(content)}))
    return path


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return lk.fit("poisson", D, "count ~ bs(x, df=4) + C(g) + log(z)", exposure="e").save(tmp_path / "model.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[: len(text) // 2], "only a part of one"),
        (lambda text: "", "only a part of one"),
        (lambda text: text.replace('"format": "a fit of likely"', '"format": "else"'), "no fit of likely"),
        (lambda text: text.replace("\n ", "\r\n   "), None),  # other spaces and line ends are no damage
        (lambda text: text.replace('"version": 1', '"version": 2', 1), "upgrade likely"),
        (lambda text: text.replace("0.", "0.1", 1), "changed after it was written"),
        (lambda text: text.replace('"n": 60', '"n": NaN', 1), "only a part of one"),
        (lambda text: "[" * 100_000, "only a part of one"),
        (lambda text: "3", "no fit of likely"),
    ],
)
def test_damage_is_told(saved: Path, change: Callable[[str], str], message: str | None) -> None:
    saved.write_bytes(change(saved.read_text()).encode())
    if message is None:
        lk.load(saved)
        return
    with pytest.raises(OptionError, match=message):
        lk.load(saved)


def test_files_that_are_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="cannot be read"):
        lk.load(tmp_path / "none.json")
    (tmp_path / "bytes.json").write_bytes(bytes(range(256)))
    with pytest.raises(OptionError, match="no file that"):
        lk.load(tmp_path / "bytes.json")
    with pytest.raises(OptionError, match="give its path"):
        lk.load(3)  # type: ignore[arg-type]
    fit = lk.fit("bernoulli", [1, 0, 1])
    for path in (tmp_path, tmp_path / "model.pkl", tmp_path / "nowhere" / "model.json"):
        with pytest.raises(OptionError):
            fit.save(path)


def places(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON document."""
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    return [path] * bool(path) + [place for key, one in items for place in places(one, (*path, key))]


WRONG = [None, [], {}, "x", -1, 10**9, 1e308, True, {"float": "nan"}, {"array": [[1.0], [1.0, 2.0]]}, {"family": "x"}]
WRONG += ["__import__('os').system('touch hacked')", {"tuple": [[[[[]]]]]}]


def test_a_changed_file_is_an_error_in_words_or_a_fit(saved: Path, tmp_path: Path, monkeypatch: Any) -> None:
    """Someone who knows the digest may write anything: what comes is an error of ours, or numbers that can be."""
    monkeypatch.chdir(tmp_path)
    original = saved.read_text()
    every = places(json.loads(original))
    rng = random.Random(3)
    refused = 0
    for _ in range(400):
        content = json.loads(original)
        *way, last = rng.choice(every)
        at = content
        for key in way:
            at = at[key]
        at[last] = rng.choice(WRONG)
        try:
            fit = lk.load(rewritten(saved, content))
            fit.summary()
            fit.predict({"x": [0.1], "g": ["b"], "z": [2.0], "e": [1.0]})
        except LikelyError:
            refused += 1
    assert refused > 200
    assert not (tmp_path / "hacked").exists()


def test_no_code_is_run(saved: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    code = "__import__('os').system('touch hacked')"
    text = saved.read_text()
    for expression in ("log(z)", "bs(x, df=4)", "C(g)"):
        assert expression in text
        saved.write_text(text.replace(expression, code))
        content = json.loads(saved.read_text())
        with pytest.raises(LikelyError):
            lk.load(rewritten(saved, content)).predict({"x": [0.1], "g": ["b"], "z": [2.0], "e": [1.0]})
    assert not (tmp_path / "hacked").exists()
