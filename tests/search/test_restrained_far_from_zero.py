"""Columns that vary little about a large value, such as times: penalised and constrained fits do not feel it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import likely as lk

FAR = 2.0**20  # added to multiples of 2^-20, it loses no digit


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    rng = np.random.default_rng(5)
    x, z = np.round(rng.normal(size=(2, 160)) * 2**20) / 2**20
    return {"x": x, "z": z, "yes": (rng.random(160) < 1 / (1 + np.exp(-0.5 * x))).astype(int)}


WAYS: dict[str, dict[str, Any]] = {
    "ridge": {"penalty": lk.Ridge(2.0)},
    "lasso": {"penalty": lk.Lasso(3.0)},
    "Firth": {"penalty": lk.Firth()},
    "bounds": {"bounds": {"x": (0.0, 0.1)}},
    "lasso within bounds": {"penalty": lk.Lasso(3.0), "bounds": {"x": (0.0, 0.1)}},
    "equation": {"constraints": "x = z"},
    "inequality": {"constraints": "x <= z"},
    "fixed": {"fixed": {"x": 0.2}},
}


@pytest.mark.parametrize("way", WAYS)
def test_moving_a_column_moves_the_intercept_alone(way: str, data: dict[str, Any]) -> None:
    near = lk.fit("bernoulli", data, "yes ~ x + z", **WAYS[way])
    far = lk.fit("bernoulli", {**data, "x": data["x"] + FAR}, "yes ~ x + z", **WAYS[way])
    assert far.status.split("(")[0] == near.status.split("(")[0]
    assert far.loglik == pytest.approx(near.loglik, rel=1e-11)
    assert far.k == pytest.approx(near.k, rel=1e-9)
    assert far.coef["p.Intercept"] == pytest.approx(near.coef["p.Intercept"] - FAR * near.coef["p.x"], rel=1e-9)
    for name in ("p.x", "p.z"):
        assert far.coef[name] == pytest.approx(near.coef[name], rel=1e-6, abs=1e-12)
        assert (far.stderr[name] is None) == (near.stderr[name] is None)
        if near.stderr[name] is not None:
            assert far.stderr[name] == pytest.approx(near.stderr[name], rel=1e-6)
    assert list(far.multipliers.values()) == pytest.approx(list(near.multipliers.values()), rel=1e-6)
    assert np.asarray(far.predict({**data, "x": data["x"] + FAR})) == pytest.approx(near.predict(data), abs=1e-7)


def test_profiles_and_paths_do_not_feel_it_either(data: dict[str, Any]) -> None:
    moved = {**data, "x": data["x"] + FAR}
    for way in ("ridge", "Firth", "bounds"):
        limits = [
            lk.fit("bernoulli", one, "yes ~ x + z", **WAYS[way]).interval(method="profile", names="p.z")["p.z"]
            for one in (data, moved)
        ]
        assert tuple(limits[1]) == pytest.approx(tuple(limits[0]), abs=1e-5)
    near, far = (lk.path("bernoulli", one, "yes ~ x + z", n=4) for one in (data, moved))
    assert far.strengths == pytest.approx(near.strengths, rel=1e-6)
    assert far.coefficients[:, 1:] == pytest.approx(near.coefficients[:, 1:], abs=1e-6)


def test_an_intercept_that_is_held_stays_exactly_there(data: dict[str, Any]) -> None:
    moved = {**data, "x": data["x"] + FAR}
    fit = lk.fit("bernoulli", moved, "yes ~ x + z", fixed={"Intercept": 0.0})
    assert fit.coef["p.Intercept"] == 0.0
    assert fit.loglik == pytest.approx(lk.fit("bernoulli", moved, "yes ~ 0 + x + z").loglik, rel=1e-10)
