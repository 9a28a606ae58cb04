"""Cox's partial likelihood as a conditional likelihood, where ../shared/reference stands beside the repository.

At every time of a death the rows at risk are a stratum, and those that died are its cases: what R calls "exact". With a
stratum for each death, ties or not, it is Breslow's. Efron's is not a product of conditional likelihoods.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from compare import Reference, assert_agrees, coefficients
from fixtures import agree, fixture
from shared import ROOT, contents, result, table

import likely as lk

if not ROOT.is_dir():
    pytest.skip("no ../shared/reference beside the repository", allow_module_level=True)


def risk_sets(data: pd.DataFrame, ties: str) -> pd.DataFrame:
    """The rows at risk at each time of a death, stratum by stratum; `data` has time, event, entry and group."""
    found: list[pd.DataFrame] = []
    for _, group in data.groupby("group"):
        for time in np.unique(group["time"][group["event"] == 1]):
            rows = group[(group["time"] >= time) & (group["entry"] < time)]
            died = ((rows["time"] == time) & (rows["event"] == 1)).to_numpy()
            cases = [died] if ties == "exact" else [np.arange(len(rows)) == i for i in np.flatnonzero(died)]
            found += [rows.assign(case=case.astype(float), stratum=len(found) + j) for j, case in enumerate(cases)]
    return pd.concat(found, ignore_index=True)


# file, time, event, entry
COX = {
    "veteran_exact": ("veteran", "time", "status", None),
    "ovarian_breslow": ("ovarian", "futime", "fustat", None),
    "lung_breslow": ("lung", "time", "event", None),
}


@pytest.mark.parametrize("name", COX)
def test_cox(name: str) -> None:
    case, (file, time, event, entry) = result("cox", name), COX[name]
    data = table(f"data/mixed/{file}.csv")
    columns = {"time": data[time], "event": data[event], "entry": -np.inf if entry is None else data[entry], "group": 0}
    for variable, levels in case["levels"].items():
        columns |= {variable + level: (data[variable] == level).astype(float) for level in levels[1:]}
    rows = risk_sets(data.assign(**columns), case["ties"])
    fit = lk.fit(lk.ConditionalLogit(), rows, f"case ~ {' + '.join(case['param_order'])}", strata="stratum")
    se, vcov = case["se_observed_information"], np.array(case["vcov_observed_information"])
    reference = Reference(case["params"], case["loglik"], se, vcov, case["aic"])
    assert_agrees(fit, reference, coefficients(fit, "utility"))


RESULTS = contents("statsmodels/survival_r_results.json")["results"] if ROOT.is_dir() else {}


@pytest.mark.parametrize("name", [n.removeprefix("coef_") for n in RESULTS if n.startswith("coef") and n[-3:] == "bre"])
def test_breslow(name: str) -> None:
    """R's ``coxph(ties = "breslow")``, with times of entry (et) and strata (st)."""
    folder = Path(pytest.importorskip("statsmodels.duration").__file__).parent / "tests" / "results"
    n, p, *others, _ = name.split("_")
    file = folder / f"survival_data_{n}_{p}.csv"
    if not file.exists():
        pytest.skip("statsmodels came without its tests")
    time, event, entry, *x = np.loadtxt(file).T
    columns = {f"x{i}": values for i, values in enumerate(x)}
    rows = pd.DataFrame({"time": time, "event": event, **columns})
    rows["entry"] = entry if "et" in others else -np.inf
    rows["group"] = np.repeat(np.arange(5), int(n) // 5) if "st" in others else 0
    model = f"case ~ {' + '.join(columns)}"
    fit = lk.fit(lk.ConditionalLogit(), risk_sets(rows, "breslow"), model, strata="stratum")
    se = np.array(fixture("survival_r_results", f"se_{name}"))
    agree(
        np.array(list(fit.coef.values())) / se, np.array(fixture("survival_r_results", f"coef_{name}")) / se, 0.0, 1e-5
    )
    agree(list(fit.stderr.values()), se, 1e-5)
