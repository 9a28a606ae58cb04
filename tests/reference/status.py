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

CENSORED = "no censored or truncated responses"
INFLATED = "no zero-inflated or hurdle families"
SERIAL = "no covariances for serial correlation (Newey-West, Driscoll-Kraay)"
JACKKNIFE = "clusters have no jackknife covariance (CR3)"
EFRON = "no Cox models; Efron's handling of ties is not a product of conditional likelihoods, as Breslow's is"
RANDOM = "no random effects"
NEWEY_WEST = ("groupsum4", "panel4", "groupsum4_ivreg_large", "groupsum4_ivreg_small")
# group, a family that does not exist, cases of it
ABSENT = (
    ("counts", "beta-binomial", "betablocker_betabinomial"),
    ("counts", "Conway-Maxwell-Poisson", "freight_compoisson_rate"),
    ("counts", "discrete Weibull", "machinists_discrete_weibull"),
    ("counts", "generalised Poisson", "epil2_genpois"),
    ("counts", "NB1", "epil2_nb1"),
    ("counts", "Poisson-inverse Gaussian", "quine_PIG_sigma toxocara_poisson_invgauss"),
    ("counts", "Skellam", "uksoccer_skellam"),
    ("counts", "Yule-Simon", "stylo_yule_simon"),
    ("counts", "zeta", "stylo_zeta"),
    ("distreg", "Box-Cox Cole and Green", "dbbmi_BCCG rent_BCCGo_sigma"),
    ("distreg", "Box-Cox power exponential", "abdom_BCPE"),
    ("distreg", "Box-Cox t", "abdom_BCT dbbmi_BCT film90_BCT"),
    ("distreg", "exponentially modified normal", "gagurine_exGAUS"),
    ("distreg", "extended-support beta", "readingskills_xbetax_boundary_obs"),
    ("distreg", "Johnson SU", "abdom_JSU glass_JSU boston_johnson_su_regression"),
    ("distreg", "power exponential", "abdom_PE"),
    ("distreg", "skew t", "abdom_ST3 ais_bmi_skewt_regression"),
    ("distreg", "Tweedie", "psid_wage_tweedie"),
    ("distreg", "zero- and one-inflated beta", "lossaversion_BEINF"),
    ("distreg", "zero-adjusted gamma", "psid_wage_ZAGA"),
    ("distreg", "zero-adjusted inverse Gaussian", "mvi_ZAIG psid_wage_ZAIG"),
    ("distreg", "zero-inflated beta", "imprecisetask_BEZI"),
    ("edge", "shifted exponential", "shifted_exponential"),
    ("edge", "skew power exponential", "glass_SEP1_nonsmooth"),
    ("edge", "three-parameter lognormal", "lnorm3_unbounded"),
    ("extremes", "generalised extreme-value", "oxtemp_gev venice_r_largest10 fremantle_gev_trend"),
    ("extremes", "generalised Pareto", "rain_gpd_30"),
    ("univariate", "beta prime", "gagurine_betaprime"),
    ("univariate", "Birnbaum-Saunders", "gagurine_birnbaum_saunders melanoma_birnbaum_saunders"),
    ("univariate", "Burr", "endosulfan_burr melanoma_burr12"),
    ("univariate", "discrete power law", "moby_discrete_powerlaw"),
    ("univariate", "exponentially modified normal", "rtdata_emg"),
    ("univariate", "generalised gamma", "gagurine_gengamma melanoma_gengamma"),
    ("univariate", "generalised Pareto", "danish_gpd_threshold10"),
    ("univariate", "inverse gamma", "melanoma_invgamma"),
    ("univariate", "Johnson SU", "dowjones_johnson_su"),
    ("univariate", "Kumaraswamy", "foodexp_kumaraswamy tensile_kumaraswamy"),
    ("univariate", "normal inverse Gaussian", "dowjones_nig"),
    ("univariate", "skew t", "ais_bmi_skewt"),
    ("univariate", "three-parameter lognormal", "rivers_lnorm3"),
    ("univariate", "von Mises", "fisherB3_vonmises starfish_vonmises turtles_vonmises"),
)
# group, case (or * for all that no test claims) -> why no test reproduces it
REASONS: dict[tuple[str, str], str] = {
    **{(group, name): f"no {family} family" for group, family, names in ABSENT for name in names.split()},
    ("censored", "*"): CENSORED,
    ("edge", "exponential_all_censored"): CENSORED,
    ("edge", "exponential_one_event"): CENSORED,
    ("inference", "rats_weibull_cluster"): CENSORED,
    **{
        ("counts", name): "no truncated counts"
        for name in ("bioChemists_pospoisson", "bioChemists_one_inflated_pospoisson", "quine_posnegbin")
    },
    ("counts", "recdemand_pospoisson"): "no truncated counts",
    ("counts", "*"): INFLATED,
    ("cox", "*"): EFRON,
    ("edge", "toxocara_zinb_boundary"): INFLATED,
    ("frailty", "*"): f"{RANDOM}, and {CENSORED}",
    ("glmm", "*"): RANDOM,
    ("lmm", "*"): RANDOM,
    ("smooth", "*"): "no smooths whose penalties are estimated from the data",
    ("univariate", "toxocara_zip"): INFLATED,
    ("univariate", "gdental_grouped_gamma"): CENSORED,
    ("univariate", "gdental_grouped_lnorm"): CENSORED,
    ("inference", "bioChemists_vuong_zero_counts"): INFLATED,
    ("inference", "bioChemists_zip_sandwich"): INFLATED,
    ("multivariate", "*"): "responses have one dimension",
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
    ("statsmodels results_grunfeld_ols_robust_cluster", "*"): JACKKNIFE,
    ("statsmodels results_macro_ols_robust", "*"): SERIAL,
    ("statsmodels results_regression", "LongleyGls"): "no errors that depend on each other",
    ("statsmodels results_rlm", "*"): (
        "M-estimates with a scale and tuning constants set beforehand; Huber's family estimates its scale by likelihood"
    ),
    ("statsmodels results_truncated", "*"): INFLATED,
    ("statsmodels results_truncated_st", "*"): CENSORED,
    ("statsmodels survival_r_results", "*"): EFRON,
}

# what the tests leave out of a case that they claim
LEFT_OUT = {
    ("cox", "*"): "as a conditional likelihood; without baseline hazards, residuals and robust errors",
    **{("glm", f"{name}_lm"): "without HC4" for name in ("engel", "publicschools", "stackloss", "whiteside")},
    ("inference", "quine_overdispersion_tests"): "without Cameron and Trivedi's test, which there is not",
    ("inference", "whiteside_crps"): "the means of the scores, not row by row",
    ("mixtures", "*"): "as a density of one's own; without the rows' posterior probabilities",
    ("quantile", "engel_rq_tau10"): "with errors by iid, nid and kernel; without the interval by inverted rank tests",
    ("statsmodels results_discrete", "RandHIE"): "Poisson and NB2; NB1, truncated and inflated counts are no families",
    ("statsmodels results_predict", "results_nb_docvis"): "means, and probabilities of 0 and 1",
    ("statsmodels results_quantile_regression", "Rquantreg"): "residuals",
    ("statsmodels results_quantile_regression", "*"): "estimates and iid errors by kernel and bandwidth",
    ("statsmodels survival_r_results", "*"): "as a conditional likelihood",
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
