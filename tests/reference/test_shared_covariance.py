"""Covariances of R's packages and Stata, where the folder ../shared/reference stands beside the repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from compare import DISTREG, GLM, design_parts, evaluate

import likely as lk

ROOT = Path(__file__).resolve().parents[2].parent / "shared" / "reference"
if not ROOT.is_dir():
    pytest.skip("no ../shared/reference beside the repository", allow_module_level=True)

MEANS = [name for name in GLM if not name.endswith("_lm")]
KINDS = ("HC0", "HC1", "HC2", "HC3")


def read(group: str, name: str) -> tuple[dict[str, Any], pd.DataFrame]:
    case = json.loads((ROOT / "cases" / group / f"{name}.json").read_text())
    return case, pd.read_csv(ROOT / case["design"])


def fitted(name: str) -> tuple[lk.Fit, dict[str, Any], pd.DataFrame]:
    cls, link = GLM[name]
    case, design = read("counts" if name == "recdemand_negbin" else "glm", name)
    y, known = design["y"].to_numpy(float), {}
    if cls is lk.Binomial:  # R has the proportion and the number of trials
        known["n"] = design["weights"].to_numpy(float)
        y = np.rint(y * known["n"])
    offset = design["offset"].to_numpy(float) if "offset" in design else None
    return lk.fit(cls(**known), y, design_parts(design, ["X"])["X"], link=link, offset=offset), case, design


def listed(values: Any) -> list[float]:
    return list(values.values()) if isinstance(values, dict) else list(values)


def stderr(fit: lk.Fit, count: int) -> list[Any]:
    return list(fit.stderr.values())[:count]


@pytest.mark.parametrize("name", GLM)
def test_glm(name: str) -> None:
    """Expected information, outer products, and R's sandwiches, whose bread is the expected information."""
    fit, case, design = fitted(name)
    p = sum(column.startswith("X") for column in design.columns)
    compared = 0
    if "se_expected_information" in case:
        wanted = listed(case["se_expected_information"])[:p]
        assert stderr(fit.with_cov("expected"), p) == pytest.approx(wanted, rel=1e-6)
        compared += 1
    if "se_opg" in case:
        assert stderr(fit.with_cov("opg"), p) == pytest.approx(listed(case["se_opg"])[:p], rel=1e-6)
        compared += 1
    for key in ("vcov_robust_HC0", "vcov_HC0"):
        if key in case:
            wanted = np.array(case[key], dtype=float)[:p, :p]
            found = fit.with_cov("HC0").cov[:p, :p]
            size = np.sqrt(np.outer(np.diagonal(wanted), np.diagonal(wanted)))
            assert np.max(np.abs(found - wanted) / size) < 1e-6
            compared += 1
    if "se_robust_HC0_observed" in case:
        wanted = listed(case["se_robust_HC0_observed"])[:p]
        assert stderr(fit.with_cov("HC0"), p) == pytest.approx(wanted, rel=5e-5)  # from numerical derivatives
        compared += 1
    for kind in KINDS if "se_robust" in case else ():
        wanted = listed(case["se_robust"][kind])[:p]
        assert stderr(fit.with_cov(kind, bread="expected"), p) == pytest.approx(wanted, rel=1e-6)
        compared += 1
    assert compared


@pytest.mark.parametrize(
    ("name", "file", "column"),
    [("instinnovation_poisson_cluster", "InstInnovation", "company"), ("heart_poisson_pwe", "heart_startstop", "id")],
)
def test_clusters(name: str, file: str, column: str) -> None:
    fit, case, design = fitted(name)
    data = pd.read_csv(ROOT / "data" / f"{file}.csv")
    assert len(data) == len(design)
    options = {"cluster": data[column].to_numpy(), "bread": "expected"}
    for key, correction in (("HC0_nocadj", "none"), ("HC1_default", "HC1")):
        wanted = listed(case["se_cluster"][key])
        if key == "HC1_default":  # for glm vcovCL's own default is HC0: G/(G - 1)
            correction = "HC0"
        assert stderr(fit.with_cov(**options, correction=correction), len(wanted)) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("name", [n for n in DISTREG if n != "vote92_multinom"])
def test_distributional_regression(name: str) -> None:
    model = DISTREG[name]
    case, design = read("counts" if name == "salamanders_nb2" else "distreg", name)
    first, *others = model.parameters
    parts = design_parts(design, list(model.parameters))
    formulas = {model.parameters[p]: parts[p] for p in others if list(parts[p].columns) != ["(Intercept)"]}
    fit = lk.fit(model.family, design["y"].to_numpy(float), parts[first], link=model.links, **formulas)
    quantities = model.quantities(fit)
    _, jacobian = evaluate(quantities, fit.coef)
    for key, kind in (("se_opg", "opg"), ("se_robust_HC0", "HC0"), ("tool", "expected")):
        wanted = case.get(key)
        if key == "tool":  # betareg's own standard errors come from the expected information
            wanted = case["tool_result"]["se"] if "betareg" in case["tool"] else None
        if not wanted or any(isinstance(v, dict) for v in wanted.values()):
            continue
        found = np.sqrt(np.diagonal(jacobian @ fit.with_cov(kind).cov @ jacobian.T))
        for i, name_there in enumerate(quantities):
            if name_there in wanted:
                assert found[i] == pytest.approx(wanted[name_there], rel=2e-5), (key, name_there)


def test_negative_binomial_with_theta_held() -> None:
    """MASS::glm.nb: expected information with theta known; sandwich takes the same bread."""
    fit, case, _ = fitted("bioChemists_negbin")
    wanted = list(case["tool_result"]["se"].values())[:-1]
    assert stderr(fit.with_cov("expected"), len(wanted)) == pytest.approx(wanted, rel=2e-5)
    quine = json.loads((ROOT / "cases" / "inference" / "quine_negbin_sandwich.json").read_text())
    nb = lk.fit("negative_binomial", pd.read_csv(ROOT / quine["data"]), "Days ~ Eth + Sex + Age + Lrn")
    for key, kind in (("se_sandwich", "HC0"), ("se_HC1", "HC1")):
        wanted = listed(quine[key])
        assert stderr(nb.with_cov(kind, bread="expected"), len(wanted)) == pytest.approx(wanted, rel=2e-5)


def test_petersen() -> None:
    """Petersen's (2009) panel: the standard errors that his page gives, to the digits there."""
    fit = lk.fit("normal", pd.read_csv(ROOT / "data" / "PetersenCL.csv"), "y ~ x")
    told = {
        (): ("HC1", (0.0284, 0.0284)),
        ("firm",): (None, (0.0670, 0.0506)),
        ("year",): (None, (0.0234, 0.0334)),
        ("firm", "year"): (None, (0.0651, 0.0536)),
    }
    for clusters, (kind, wanted) in told.items():
        options = {"cluster": list(clusters), "correction": "HC1"} if clusters else {}
        assert stderr(fit.with_cov(kind, **options), 2) == pytest.approx(wanted, abs=6e-5)


# -- Stata, through the fixtures of statsmodels (its data hold a logarithm in single precision) ------------------


def stata(file: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and standard errors of a table."""
    results = json.loads((ROOT / "statsmodels" / f"{file}.json").read_text())["results"]
    rows = results[name]["params_table"]
    return np.array([row[0] for row in rows], dtype=float), np.array([row[1] for row in rows], dtype=float)


def executions() -> tuple[dict[str, np.ndarray], str]:
    table = pd.read_csv(ROOT / "data" / "statsmodels" / "cpunish.csv")
    data = {f"v{i}": table[column].to_numpy(float) for i, column in enumerate(table.columns[-7:])}
    data["v4"] = np.log(data["v4"])
    data["w"] = np.array([1, 1, 1, 2, 2, 2, 3, 3, 3, 1, 1, 1, 2, 2, 2, 3, 3])
    data["id"] = np.arange(1, 18) // 2
    return data, "v0 ~ " + " + ".join(f"v{i}" for i in range(1, 7))


@pytest.mark.parametrize("kind", ["none", "fweight", "pweight"])
def test_poisson_weights_of_stata(kind: str) -> None:
    data, formula = executions()
    name = {"fweight": "frequency", "pweight": "sampling"}.get(kind)
    weights = {} if name is None else {"weights": "w", "weights_kind": name}
    fit = lk.fit("poisson", data, formula, **weights)
    covariances = {"hc1": fit.with_cov("HC0", correction="stata"), "clu1": fit.with_cov(cluster="id")}
    covariances["nonrobust"] = fit  # with pweights Stata's default is the sandwich, and so is ours
    for suffix, found in covariances.items():
        coef, se = stata("results_glm_poisson_weights", f"results_poisson_{kind}_{suffix}")
        order = [*found.names[1:], found.names[0]]
        assert [found.coef[n] for n in order] == pytest.approx(coef, rel=3e-6)
        assert [found.stderr[n] for n in order] == pytest.approx(se, rel=3e-6)


@pytest.mark.parametrize(
    ("name", "kind", "cov"),
    [
        ("results_wls_aweight_robust", "analytic", {"kind": "HC1"}),
        ("results_wls_aweight_clu1", "analytic", {"cluster": "id", "correction": "HC1"}),
        ("results_wls_fweight_clu1", "frequency", {"cluster": "id", "correction": "HC1"}),
        ("results_wls_pweight_clu1", "sampling", {"cluster": "id", "correction": "HC1"}),
    ],
)
def test_least_squares_weights_of_stata(name: str, kind: str, cov: dict[str, Any]) -> None:
    data, formula = executions()
    found = lk.fit("normal", data, formula, weights="w", weights_kind=kind).with_cov(**cov)
    coef, se = stata("results_glm_poisson_weights", name)
    order = [*found.names[1:7], found.names[0]]
    assert [found.coef[n] for n in order] == pytest.approx(coef, rel=3e-6)
    assert [found.stderr[n] for n in order] == pytest.approx(se, rel=3e-6)


@pytest.mark.parametrize("family", ["poisson", "negbin"])
def test_counts_of_stata(family: str) -> None:
    """Stata's sandwiches have the observed information as bread, all parameters together."""
    table = pd.read_csv(ROOT / "data" / "statsmodels" / "ships.csv").dropna()
    data = {name: table[name].to_numpy() for name in ("accident", "yr_con", "op_75_79", "service", "ship")}
    family_name = {"poisson": "poisson", "negbin": "negative_binomial"}[family]
    for exposure in ("", "_exposure"):
        offset = "log(service)" if exposure else None
        fit = lk.fit(family_name, data, "accident ~ yr_con + op_75_79", offset=offset)
        covariances = {"clu": fit.with_cov(cluster="ship"), "hc1": fit.with_cov("HC0", correction="stata")}
        for suffix, found in {**covariances, "nonrobust": fit}.items():
            name = f"results_{family}{exposure}_{suffix}"
            if name in json.loads((ROOT / "statsmodels" / "results_count_robust_cluster.json").read_text())["results"]:
                coef, se = stata("results_count_robust_cluster", name)
                order = [*found.names[1:3], found.names[0]]
                assert [found.coef[n] for n in order] == pytest.approx(coef[:3], rel=1e-5)
                assert [found.stderr[n] for n in order] == pytest.approx(se[:3], rel=1e-5)


def test_panel_of_stata() -> None:
    table = pd.read_csv(ROOT / "data" / "statsmodels" / "grunfeld.csv").iloc[:200]
    table.columns = [c.lower() for c in table.columns]
    fit = lk.fit("normal", table, "invest ~ value + capital")
    cases = {
        "results_cluster": {"cluster": "firm", "correction": "HC1"},
        "results_cluster_large": {"cluster": "firm", "correction": "none"},
        "results_cluster_2groups_large": {"cluster": ["firm", "year"], "correction": "none"},
    }
    for name, options in cases.items():
        coef, se = stata("results_grunfeld_ols_robust_cluster", name)
        found = fit.with_cov(**options)
        order = [*found.names[1:3], found.names[0]]
        assert [found.coef[n] for n in order] == pytest.approx(coef, rel=1e-7)
        assert [found.stderr[n] for n in order] == pytest.approx(se, rel=1e-7)
