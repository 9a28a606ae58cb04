"""``make reference``: run the reference tests and write STATUS.md, case by case."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import shared  # noqa: E402

CENSORED = "there are no censored or truncated families yet"
INFLATED = "there are no zero-inflated or hurdle families yet"
SERIAL = "no covariances for serial correlation (Newey-West, Driscoll-Kraay)"
NEWEY_WEST = ("groupsum4", "panel4", "groupsum4_ivreg_large", "groupsum4_ivreg_small")
# group, case (or * for all that no test claims) -> why no test reproduces it
REASONS: dict[tuple[str, str], str] = {
    ("censored", "*"): CENSORED,
    ("edge", "exponential_all_censored"): CENSORED,
    ("edge", "exponential_one_event"): CENSORED,
    ("inference", "rats_weibull_cluster"): CENSORED,
    ("counts", "*"): INFLATED,
    ("edge", "toxocara_zinb_boundary"): INFLATED,
    ("univariate", "toxocara_zip"): INFLATED,
    ("inference", "bioChemists_vuong_zero_counts"): INFLATED,
    ("inference", "bioChemists_zip_sandwich"): INFLATED,
    ("distreg", "abdom_BCT"): "no Box-Cox t family",
    ("distreg", "dbbmi_BCT"): "no Box-Cox t family",
    ("distreg", "film90_BCT"): "no Box-Cox t family",
    ("distreg", "dbbmi_BCCG"): "no Box-Cox Cole and Green family",
    ("distreg", "rent_BCCGo_sigma"): "no Box-Cox Cole and Green family",
    ("distreg", "abdom_JSU"): "no Johnson SU family",
    ("distreg", "glass_JSU"): "no Johnson SU family",
    ("distreg", "readingskills_xbetax_boundary_obs"): "no extended-support beta family",
    ("edge", "glass_SEP1_nonsmooth"): "no skew exponential power family",
    ("edge", "lnorm3_unbounded"): "no three-parameter lognormal family",
    ("edge", "shifted_exponential"): "no shifted exponential family",
    ("inference", "groundbeef_gof"): "goodness-of-fit tests come with diagnosis",
    ("inference", "trees_gamma_pit"): "PIT histograms come with diagnosis",
    ("inference", "whiteside_crps"): "the CRPS comes with diagnosis",
    ("extremes", "*"): "no extreme-value families but the Gumbel yet",
    ("multivariate", "*"): "responses have one dimension",
    ("univariate", "*"): "the family does not exist yet",
    **{("statsmodels results_glm", name): "holds data, no results" for name in ("Cancer", "Medpar1")},
    ("statsmodels results_glm", "Wfs"): "its data are not among the fixtures'",
    **{
        ("statsmodels results_glm", name): "no Tweedie family, and quasi-likelihood is none"
        for name in ("CpunishTweediePower15", "FairTweedieLog15")
    },
    ("statsmodels res_R_var_weight", "results_tweedie_aweights_nonrobust"): "no Tweedie family",
    **{
        ("statsmodels results_predict", name): INFLATED
        for name in ("dframe_atmeans", "dframe_mean", "results_zinb_docvis")
    },
    **{
        ("statsmodels results_grunfeld_ols_robust_cluster", name): SERIAL
        for name in (f"results_nw_{kind}" for kind in NEWEY_WEST)
    },
    ("statsmodels results_grunfeld_ols_robust_cluster", "*"): "clusters have no jackknife covariance (CR3) yet",
    ("statsmodels results_macro_ols_robust", "*"): SERIAL,
    ("statsmodels results_regression", "LongleyGls"): "errors that depend on each other are a time series' model",
    ("statsmodels results_rlm", "*"): "M-estimates with tuning constants maximise no likelihood",
    ("statsmodels results_truncated", "*"): INFLATED,
    ("statsmodels results_truncated_st", "*"): CENSORED,
    ("statsmodels survival_r_results", "*"): "Cox's partial likelihood is not there yet",
}

# what the tests leave out of a case that they claim
LEFT_OUT = {
    **{("glm", f"{name}_lm"): "without HC4" for name in ("engel", "publicschools", "stackloss", "whiteside")},
    ("inference", "quine_overdispersion_tests"): "without Cameron and Trivedi's test, which comes with diagnosis",
    ("statsmodels results_discrete", "RandHIE"): "Poisson and NB2; NB1, truncated and inflated counts are no families",
    ("statsmodels results_predict", "results_nb_docvis"): "means, and probabilities of 0 and 1",
    ("statsmodels results_quantile_regression", "*"): "the estimates; errors by kernels are no likelihood's",
}


class Record:
    """What every case's tests came to."""

    def __init__(self) -> None:
        self.passed: dict[tuple[str, str], bool] = {}
        self.off: dict[tuple[str, str], float] = defaultdict(float)
        self.tests = 0

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: Any) -> Iterator[None]:
        shared.USED.clear()
        shared.OFF.clear()
        good = False
        try:
            yield
            good = True
        finally:
            self.tests += 1
            for case in shared.USED:
                self.passed[case] = self.passed.get(case, True) and good
                self.off[case] = max([self.off[case], *shared.OFF])


def cases() -> list[tuple[str, str]]:
    """Every case of the folder."""
    found = [(path.parent.name, path.stem) for path in sorted((shared.ROOT / "cases").glob("*/*.json"))]
    for kind in ("univariate", "linear", "anova", "nonlinear"):
        found += [(f"nist {kind}", name) for name in shared.contents("nist/certified.json")[kind]]
    for path in sorted((shared.ROOT / "statsmodels").glob("*.json")):
        found += [(f"statsmodels {path.stem}", n) for n in shared.contents(f"statsmodels/{path.name}")["results"]]
    found += [
        ("ppml_separation", path.stem) for path in sorted((shared.ROOT / "data" / "ppml_separation").glob("*.csv"))
    ]
    return found


def lines(record: Record) -> list[str]:
    """The page."""
    every = cases()
    groups: dict[str, list[str]] = defaultdict(list)
    counts = {"agrees": 0, "disagrees": 0, "out of reach": 0, "not claimed": 0}
    for group, name in every:
        if (group, name) in record.passed:
            state = "agrees" if record.passed[group, name] else "disagrees"
            off = record.off[group, name]
            told = f"largest deviation {off:.2g} of the tolerance" if off else ""
            left_out = LEFT_OUT.get((group, name)) or LEFT_OUT.get((group, "*"), "")
            told = "; ".join(part for part in (told, left_out) if part)
        else:
            told = REASONS.get((group, name)) or REASONS.get((group, "*"), "")
            state = "out of reach" if told else "not claimed"
        counts[state] += 1
        groups[group].append(f"| {name} | {state} | {told} |")
    out = [
        "# Reference cases",
        "",
        "Written by `make reference` from the cases beside the repository (`../shared/reference`), whose index gives",
        "their sources and tolerances. A deviation of 1 is what the tolerance allows.",
        "",
        ", ".join(f"{count} {state}" for state, count in counts.items() if count) + f" of {len(every)} cases.",
    ]
    for group, rows in groups.items():
        out += ["", f"## {group}", "", "| case | state | |", "|---|---|---|", *rows]
    return out


def main() -> int:
    """Run the tests and write the page."""
    if not shared.ROOT.is_dir():
        print("no ../shared/reference beside the repository")
        return 1
    record = Record()
    pytest.main(["-q", "-p", "no:xdist", "-p", "no:cacheprovider", *sys.argv[1:], str(HERE)], plugins=[record])
    (HERE / "STATUS.md").write_text("\n".join(lines(record)) + "\n", encoding="utf-8")
    print(f"{record.tests} tests; wrote {HERE / 'STATUS.md'}")
    return 0 if all(record.passed.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
