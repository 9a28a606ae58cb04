"""Clusters, and sandwiches with a parameter held, where the folder ../shared/reference stands beside the repository."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from compare import GLM, design_parts
from shared import ROOT, result, table

import likely as lk

if not ROOT.is_dir():
    pytest.skip("no ../shared/reference beside the repository", allow_module_level=True)


def fitted(name: str) -> tuple[lk.Fit, dict[str, Any], pd.DataFrame]:
    cls, link = GLM[name]
    case = result("glm", name)
    design = table(case["design"])
    y = design["y"].to_numpy(float)
    offset = design["offset"].to_numpy(float) if "offset" in design else None
    return lk.fit(cls(), y, design_parts(design, ["X"])["X"], link=link, offset=offset), case, design


def listed(values: Any) -> list[float]:
    return list(values.values()) if isinstance(values, dict) else list(values)


def stderr(fit: lk.Fit, count: int) -> list[Any]:
    return list(fit.stderr.values())[:count]


@pytest.mark.parametrize(
    ("name", "file", "column"),
    [("instinnovation_poisson_cluster", "InstInnovation", "company"), ("heart_poisson_pwe", "heart_startstop", "id")],
)
def test_clusters(name: str, file: str, column: str) -> None:
    fit, case, design = fitted(name)
    data = table(f"data/{file}.csv")
    assert len(data) == len(design)
    options = {"cluster": data[column].to_numpy(), "bread": "expected"}
    for key, correction in (("HC0_nocadj", "none"), ("HC1_default", "HC0")):  # vcovCL's default of a glm: G/(G - 1)
        wanted = listed(case["se_cluster"][key])
        assert stderr(fit.with_cov(**options, correction=correction), len(wanted)) == pytest.approx(wanted, rel=1e-6)


def test_negative_binomial_with_theta_held() -> None:
    """MASS::glm.nb: expected information with theta known; sandwich takes the same bread."""
    fit, case, _ = fitted("bioChemists_negbin")
    wanted = list(case["tool_result"]["se"].values())[:-1]
    assert stderr(fit.with_cov("expected"), len(wanted)) == pytest.approx(wanted, rel=2e-5)
    quine = result("inference", "quine_negbin_sandwich")
    nb = lk.fit("negative_binomial", table(quine["data"]), quine["formula"])
    for key, kind in (("se_sandwich", "HC0"), ("se_HC1", "HC1")):
        wanted = listed(quine[key])
        assert stderr(nb.with_cov(kind, bread="expected"), len(wanted)) == pytest.approx(wanted, rel=2e-5)


def test_petersen() -> None:
    """Petersen's (2009) panel: the standard errors that his page gives, to the digits there."""
    fit = lk.fit("normal", table("data/PetersenCL.csv"), "y ~ x")
    told = {
        (): ("HC1", (0.0284, 0.0284)),
        ("firm",): (None, (0.0670, 0.0506)),
        ("year",): (None, (0.0234, 0.0334)),
        ("firm", "year"): (None, (0.0651, 0.0536)),
    }
    for clusters, (kind, wanted) in told.items():
        options = {"cluster": list(clusters), "correction": "HC1"} if clusters else {}
        assert stderr(fit.with_cov(kind, **options), 2) == pytest.approx(wanted, abs=6e-5)
