"""Peaks of many groups at once: those of a fit of every group alone."""

import numpy as np
import pytest

import likely as lk
from likely.estimates.by_group import peaks_by_group
from likely.likelihoods.by_group import GroupedRows
from likely.models.start import starting_values

GROUPS, EACH = 20, 30


def table():
    rng = np.random.Generator(np.random.PCG64(5))
    g = rng.permutation(np.repeat(np.arange(GROUPS), EACH))
    x, z = rng.normal(size=(2, GROUPS * EACH))
    eta = 0.5 + 0.3 * rng.normal(size=GROUPS)[g] + 0.4 * x
    return {
        "g": g,
        "x": x,
        "z": z,
        "w": rng.integers(1, 4, len(g)).astype(float),
        "e": rng.uniform(0.5, 2.0, len(g)),
        "count": rng.poisson(np.exp(eta)),
        "event": (rng.random(len(g)) < 1 / (1 + np.exp(-eta))).astype(int),
        "real": eta + np.exp(0.2 * z) * rng.normal(size=len(g)),
        "size": rng.gamma(3.0, np.exp(eta) / 3.0),
    }


def grouped(family, data, formula, **options):
    likelihood = lk.likelihood(family, data, formula, **options)
    objective = likelihood.function.objective
    order = np.argsort(data["g"], kind="stable")
    starts = np.flatnonzero(np.diff(data["g"][order], prepend=-1))
    rows = GroupedRows(objective.model, objective.data.take(order), starts)
    return rows, starting_values(objective.model, objective.data)


@pytest.mark.parametrize(
    ("family", "formula", "options"),
    [
        ("poisson", "count ~ x", {}),
        ("poisson", "count ~ x + z", {"exposure": "e", "weights": "w"}),
        ("bernoulli", "event ~ x", {}),
        ("bernoulli", "event ~ x", {"link": "probit"}),
        ("normal", "real ~ x + z", {}),
        ("normal", "real ~ x", {"sd": "~ z"}),
        ("normal", "real ~ x", {"sd": "~ z", "weights": "w", "weights_kind": "analytic"}),
        ("gamma", "size ~ x", {}),
        ("gamma", "size ~ x", {"shape": "~ z"}),
        ("weibull", "size ~ x", {}),
    ],
)
def test_a_group_has_the_peak_of_its_own_fit(family, formula, options):
    data = table()
    rows, start = grouped(family, data, formula, **options)
    found = peaks_by_group(rows, start)
    assert found.converged.all()
    for g in range(GROUPS):
        own = {name: values[data["g"] == g] for name, values in data.items()}
        peak = lk.fit(family, own, formula, tolerance=1e-10, **options).outcome.point
        np.testing.assert_allclose(found.points.x[g], peak.x, rtol=1e-8, atol=1e-9)
        np.testing.assert_allclose(found.points.value[g], peak.value, rtol=1e-12)
        np.testing.assert_allclose(found.points.info[g], peak.info, rtol=1e-7, atol=1e-7)


def test_a_group_without_a_peak_costs_the_others_nothing():
    data = table()
    rows, start = grouped("bernoulli", data, "event ~ x")
    alone = peaks_by_group(rows, start)
    data["event"] = np.where(data["g"] == 3, data["x"] > 0, data["event"]).astype(int)  # separated
    rows, _ = grouped("bernoulli", data, "event ~ x")
    found = peaks_by_group(rows, start)
    others = np.arange(GROUPS) != 3
    assert found.converged[others].all()
    assert not found.converged[3]
    np.testing.assert_allclose(found.points.x[others], alone.points.x[others], rtol=1e-10)


def test_runs_of_groups_cover_each_group_once():
    rows, _ = grouped("poisson", table(), "count ~ x")
    runs = list(rows.blocks(100))
    assert [g for run in runs for g in range(run.start, run.stop)] == list(range(GROUPS))
    assert len(runs) > 3
