"""Covariances of the estimates: information, outer products, sandwiches and clusters, against other software."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

import likely as lk
from likely.errors import DataError, FamilyError, IntervalError, MissingValuesError, OptionError, UnknownNameError
from likely.likelihoods.expected import Expected

RNG = np.random.default_rng(11)
N = 120
X = RNG.normal(size=N)
FIRM = RNG.integers(0, 15, N)
YEAR = RNG.integers(0, 8, N)
W = RNG.uniform(0.3, 4.0, N)
RATE = np.exp(0.3 + 0.6 * X)
DATA = {
    "y": 1.0 + 2.0 * X + RNG.normal(size=N) * (0.5 + np.abs(X)) + 0.5 * FIRM / 10,
    "c": RNG.poisson(RATE * RNG.gamma(2.0, 0.5, N)).astype(float),
    "b": (RNG.random(N) < stats.norm.cdf(0.2 + 0.7 * X)).astype(float),
    "g": RATE * RNG.gamma(3.0, 1 / 3.0, N),
    "u": np.clip(RNG.beta(2.0 + X**2, 3.0, N), 1e-6, 1 - 1e-6),
    "x": X,
    "firm": [f"f{v}" for v in FIRM],
    "year": YEAR,
    "w": W,
    "times": RNG.integers(1, 4, N).astype(float),
}
DESIGN = sm.add_constant(X)


def stderr(fit: lk.Fit, count: int = 2) -> list[float | None]:
    return list(fit.stderr.values())[:count]


# -- R's numbers ---------------------------------------------------------------------------------------------

# stack.loss ~ Air.Flow + Water.Temp + Acid.Conc.; R 4.2.2, sandwich 3.0.2, vcovHC of lm
STACKLOSS = """42 80 27 89|37 80 27 88|37 75 25 90|28 62 24 87|18 62 22 87|18 62 23 87|19 62 24 93|20 62 24 93
15 58 23 87|14 58 18 80|14 58 18 89
13 58 17 88|11 58 18 82|12 58 19 93|8 50 18 89|7 50 18 86|8 50 19 72|8 50 19 79|9 50 20 80
15 56 20 82|15 70 20 91"""
STACKLOSS_SE = {
    "HC0": [6.41164946484018, 0.158944260529498, 0.446527688634606, 0.0864294755695947],
    "HC1": [7.12614996317221, 0.176656668854093, 0.496287778888806, 0.0960609914070811],
    "HC2": [7.55759963624729, 0.183927517380815, 0.511843327721578, 0.101643948466391],
    "HC3": [9.00110510894892, 0.21342119811652, 0.588753796732082, 0.120580229004299],
}


@pytest.mark.parametrize("kind", STACKLOSS_SE)
def test_a_linear_model_has_the_sandwiches_of_r(kind: str) -> None:
    rows = np.array([row.split() for row in STACKLOSS.replace("\n", "|").split("|")], dtype=float)
    fit = lk.fit("normal", dict(zip("yabc", rows.T, strict=True)), "y ~ a + b + c", cov=kind)
    assert stderr(fit, 4) == pytest.approx(STACKLOSS_SE[kind], rel=1e-10)


# beetles killed of those exposed (Bliss 1935), logit of dose; R 4.2.2 glm, sandwich 3.0.2 (expected information)
BEETLES = {
    "dose": [1.6907, 1.7242, 1.7552, 1.7842, 1.8113, 1.8369, 1.861, 1.8839],
    "n": [59, 60, 62, 56, 63, 59, 62, 60],
    "killed": [6, 13, 18, 28, 52, 53, 61, 60],
}


# -- statsmodels ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["HC0", "HC1", "HC2", "HC3"])
def test_least_squares_like_statsmodels(kind: str) -> None:
    other = sm.OLS(DATA["y"], DESIGN).fit(cov_type=kind)
    assert stderr(lk.fit("normal", DATA, "y ~ x", cov=kind)) == pytest.approx(other.bse, rel=1e-9)


@pytest.mark.parametrize("kind", ["HC0", "HC1", "HC2", "HC3"])
def test_weighted_least_squares_like_statsmodels(kind: str) -> None:
    other = sm.WLS(DATA["y"], DESIGN, weights=W).fit(cov_type=kind)
    fit = lk.fit("normal", DATA, "y ~ x", weights="w", weights_kind="analytic", cov=kind)
    assert stderr(fit) == pytest.approx(other.bse, rel=1e-9)


def clustered(model: Any, groups: Any, **options: Any) -> Any:
    return model.fit(
        cov_type="cluster",
        cov_kwds={"groups": groups, **options},
        **({} if isinstance(model, sm.OLS) else {"tol": 1e-14}),
    )


@pytest.mark.parametrize(
    ("family", "column", "other"),
    [
        ("poisson", "c", sm.families.Poisson()),
        ("bernoulli", "b", sm.families.Binomial()),
        ("normal", "y", None),
    ],
)
def test_clusters_like_statsmodels(family: str, column: str, other: Any) -> None:
    y = DATA[column]
    model = sm.OLS(y, DESIGN) if other is None else sm.GLM(y, DESIGN, family=other)
    fit = lk.fit(family, DATA, f"{column} ~ x")
    one = clustered(model, FIRM).bse  # G/(G - 1) (n - 1)/(n - k)
    assert stderr(fit.with_cov(cluster="firm", correction="HC1")) == pytest.approx(one, rel=1e-7)
    bare = clustered(model, FIRM, use_correction=False).bse
    assert stderr(fit.with_cov(cluster="firm", correction="none")) == pytest.approx(bare, rel=1e-7)
    factor = np.sqrt(15 / 14)
    for name in (None, "stata", "HC0"):
        found = fit.with_cov("cluster", cluster=FIRM, correction=name)
        assert stderr(found) == pytest.approx(factor * bare, rel=1e-7)
    two = clustered(model, np.column_stack([FIRM, YEAR])).bse
    assert stderr(fit.with_cov(cluster=["firm", "year"], correction="HC1")) == pytest.approx(two, rel=1e-7)


def test_probit_has_both_informations() -> None:
    fit = lk.fit("bernoulli", DATA, "b ~ x", link="probit")
    glm = sm.GLM(DATA["b"], DESIGN, family=sm.families.Binomial(sm.families.links.Probit())).fit(tol=1e-14)
    assert stderr(fit.with_cov("expected")) == pytest.approx(glm.bse, rel=1e-7)
    discrete = sm.Probit(DATA["b"], DESIGN)
    assert stderr(fit) == pytest.approx(discrete.fit(disp=0, tol=1e-12).bse, rel=1e-7)
    robust = discrete.fit(disp=0, tol=1e-12, cov_type="HC0").bse  # the observed information on both sides
    assert stderr(fit.with_cov("HC0")) == pytest.approx(robust, rel=1e-7)


def test_gamma_with_the_inverse_link() -> None:
    """R's glm and statsmodels take the expected information; the dispersion is ours to estimate."""
    fit = lk.fit("gamma", DATA, "g ~ x", link="log").with_cov("expected")
    other = sm.GLM(DATA["g"], DESIGN, family=sm.families.Gamma(sm.families.links.Log())).fit(tol=1e-14, scale=1.0)
    assert stderr(fit) == pytest.approx(other.bse / np.sqrt(fit.coef["shape"]), rel=1e-7)


def test_a_known_parameter_gives_the_errors_of_glm_nb() -> None:
    """MASS::glm.nb holds theta at its estimate and takes the expected information."""
    fit = lk.fit("negative_binomial", DATA, "c ~ x")
    alpha = fit.coef["dispersion"]
    family = sm.families.NegativeBinomial(alpha=alpha)
    other = sm.GLM(DATA["c"], DESIGN, family=family).fit(tol=1e-14)
    held = lk.fit(lk.NegativeBinomial(dispersion=alpha), DATA, "c ~ x", cov="expected")
    assert stderr(held) == pytest.approx(other.bse, rel=1e-6)
    # under the model the two blocks are independent, so the joint expected information says the same of the mean
    assert stderr(fit.with_cov("expected")) == pytest.approx(other.bse, rel=1e-6)


@pytest.mark.filterwarnings("ignore:cov_type not fully supported")  # its meat has the weights squared, as pweights
def test_clusters_of_two_kinds_of_weights() -> None:
    model = sm.GLM(DATA["c"], DESIGN, family=sm.families.Poisson(), freq_weights=W)
    other = clustered(model, FIRM, use_correction=False).bse
    fit = lk.fit("poisson", DATA, "c ~ x", weights="w", weights_kind="sampling", cluster="firm")
    assert stderr(fit) == pytest.approx(np.sqrt(15 / 14) * other, rel=1e-7)
    frequency = lk.fit("poisson", DATA, "c ~ x", weights="w").with_cov(cluster="firm", correction="none")
    assert stderr(frequency) == pytest.approx(other, rel=1e-7)


# -- what each is ------------------------------------------------------------------------------------------

MODELS: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "poisson": ("poisson", "c ~ x", {}),
    "negative binomial": ("negative_binomial", "c ~ x", {}),
    "location and scale": ("normal", "y ~ x", {"sd": "~ x"}),
    "student t": (lk.StudentT(df=5), "y ~ x", {"scale": "~ x"}),
    "beta": ("beta", "u ~ x", {}),
    "weibull": ("weibull", "g ~ x", {}),
    "multinomial": ("categorical", "year ~ x", {}),
    "constants": ("gamma", "g ~ 1", {}),
    "cauchit": ("bernoulli", "b ~ x", {"link": "cauchit"}),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("kind", ["frequency", "sampling", None])
def test_sandwiches_by_the_book(name: str, kind: str | None) -> None:
    """V M V and V from every row's score, one by one."""
    family, formula, options = MODELS[name]
    weights = {} if kind is None else {"weights": "times", "weights_kind": kind}
    fit = lk.fit(family, DATA, formula, **options, **weights)
    w = np.ones(N) if kind is None else DATA["times"]
    scores = fit.likelihood.function.row_objective.row_scores(fit.outcome.point.x)
    bread = np.linalg.inv(fit.outcome.point.info)
    jacobian = fit.estimates._reported[1]
    n, counts = fit.n, w**2 if kind == "sampling" else w

    def reported(v: Any) -> Any:
        return jacobian @ v @ jacobian.T

    meat = (scores * counts[:, None]).T @ scores
    plain = reported(bread @ meat @ bread)
    assert fit.with_cov("HC0", correction="none").cov == pytest.approx(plain, rel=1e-6, abs=1e-9 * plain.max())
    stata = fit.with_cov("HC0", correction="stata").cov
    assert stata == pytest.approx(plain * n / (n - 1), rel=1e-6, abs=1e-9 * plain.max())
    sums = np.array([(scores * w[:, None])[f == FIRM].sum(axis=0) for f in range(15)])
    found = fit.with_cov(cluster="firm", correction="none").cov
    wanted = reported(bread @ sums.T @ sums @ bread)
    assert found == pytest.approx(wanted, rel=1e-6, abs=1e-9 * wanted.max())
    if kind != "sampling":
        opg = reported(np.linalg.inv(meat))
        assert fit.with_cov("opg").cov == pytest.approx(opg, rel=1e-6, abs=1e-9 * opg.max())


@pytest.mark.parametrize("name", [n for n in MODELS if n != "multinomial"])
def test_frequencies_are_rows(name: str) -> None:
    family, formula, options = MODELS[name]
    fit = lk.fit(family, DATA, formula, weights="times", **options)
    index = np.repeat(np.arange(N), DATA["times"].astype(int))
    longer = {k: np.asarray(v)[index] for k, v in DATA.items()}
    rows = lk.fit(family, longer, formula, **options)
    for kind in ("observed", "expected", "opg", "HC0", "HC1", "HC2", "HC3"):
        assert fit.with_cov(kind).cov == pytest.approx(rows.with_cov(kind).cov, rel=1e-5, abs=1e-9), kind


@pytest.mark.parametrize("name", ["location and scale", "negative binomial", "multinomial", "student t"])
def test_hc3_leaves_out_each_row(name: str) -> None:
    """The change of the estimates without a row, (I - I_i)^-1 s_i, with the expected information I of all rows."""
    family, formula, options = MODELS[name]
    fit = lk.fit(family, DATA, formula, **options)
    objective, x = fit.likelihood.function.row_objective, fit.outcome.point.x
    scores, rows = objective.row_scores(x), Expected(objective, x).block(0, N)
    infos = np.zeros((N, len(x), len(x)))
    for (j, k), value in rows.items():
        a, b = objective.model.slots[j], objective.model.slots[k]
        left, right = (objective.data.matrix(s) for s in (a, b))
        part = np.einsum("n,ni,nj->nij", value, left, right)
        infos[:, a.start : a.stop, b.start : b.stop] = part
        infos[:, b.start : b.stop, a.start : a.stop] = np.swapaxes(part, 1, 2)
    total = infos.sum(axis=0)
    moves = np.linalg.solve(total - infos, scores[:, :, None])[:, :, 0]
    jacobian = fit.estimates._reported[1]
    wanted = jacobian @ moves.T @ moves @ jacobian.T
    found = fit.with_cov("HC3", bread="expected").cov
    assert found == pytest.approx(wanted, rel=1e-6, abs=1e-9 * wanted.max())
    hc = {kind: np.diagonal(fit.with_cov(kind).cov) for kind in ("HC0", "HC2", "HC3")}
    assert np.all(hc["HC0"] < hc["HC2"])
    assert np.all(hc["HC2"] < hc["HC3"])


# -- expected information --------------------------------------------------------------------------------------

EULER = 0.5772156649015329


def expected(family: Any, **coef: float) -> Any:
    """The expected information of one observation in the natural parameters."""
    y = [1.0] if not family.discrete else [1]
    L = lk.likelihood(family, y)
    rows = Expected(L.function.row_objective, L.coefficients(coef)).block(0, 1)
    slots = L.model.slots
    slope = []
    for slot in slots:
        h = 1e-6
        eta = float(slot.link.forward(coef[slot.label]))
        slope.append((slot.natural(eta + h) - slot.natural(eta - h)) / (2 * h))
    return {pair: float(v[0]) / (slope[pair[0]] * slope[pair[1]]) for pair, v in rows.items()}


@pytest.mark.parametrize(
    ("family", "coef", "wanted"),
    [
        (lk.Normal(), {"mean": 3.0, "sd": 2.0}, {(0, 0): 0.25, (0, 1): 0.0, (1, 1): 0.5}),
        (lk.Laplace(), {"loc": 3.0, "scale": 2.0}, {(0, 0): 0.25, (1, 1): 0.25}),
        # Lange, Little and Taylor (1989)
        (lk.StudentT(df=4), {"loc": 0.0, "scale": 1.0}, {(0, 0): 5 / 7, (0, 1): 0.0, (1, 1): 8 / 7}),
        (lk.Cauchy(), {"loc": 1.0, "scale": 2.0}, {(0, 0): 1 / 8, (1, 1): 1 / 8}),
        (lk.Logistic(), {"loc": 1.0, "scale": 1.0}, {(0, 0): 1 / 3, (1, 1): (3 + np.pi**2) / 9}),
        # Prescott and Walden (1980) without the shape
        (
            lk.Gumbel(),
            {"loc": 0.0, "scale": 1.0},
            {(0, 0): 1.0, (0, 1): -(1 - EULER), (1, 1): np.pi**2 / 6 + (1 - EULER) ** 2},
        ),
        (lk.Gamma(), {"mean": 2.0, "shape": 3.0}, {(0, 0): 0.75, (0, 1): 0.0, (1, 1): 0.3949340668482264 - 1 / 3}),
        (lk.InverseGaussian(), {"mean": 2.0, "shape": 3.0}, {(0, 0): 3 / 8, (0, 1): 0.0, (1, 1): 1 / 18}),
        (lk.Weibull(), {"shape": 2.0, "scale": 3.0}, None),
        (lk.Poisson(), {"rate": 1e6}, {(0, 0): 1e-6}),
        (lk.Geometric(), {"p": 0.3}, {(0, 0): 1 / (0.09 * 0.7)}),
        (lk.Binomial(n=20), {"p": 0.25}, {(0, 0): 20 / (0.25 * 0.75)}),
    ],
    ids=lambda v: repr(v) if isinstance(v, lk.Family) else "",
)
def test_known_expectations(family: Any, coef: dict[str, float], wanted: Any) -> None:
    found = expected(family, **coef)
    if wanted is None:  # Weibull, in the order of the parameters
        k, lam = coef["shape"], coef["scale"]
        names = [p.name for p in family.free]
        entries = {
            ("shape", "shape"): (np.pi**2 / 6 + (1 - EULER) ** 2) / k**2,
            ("scale", "scale"): (k / lam) ** 2,
            ("scale", "shape"): -(1 - EULER) / lam,
        }
        wanted = {(i, j): entries[tuple(sorted((names[i], names[j])))] for i in range(2) for j in range(i, 2)}
    for pair, value in wanted.items():
        assert found.get(pair, 0.0) == pytest.approx(value, rel=1e-7, abs=1e-9), pair


@pytest.mark.parametrize("mean", [0.01, 3.0, 400.0, 1e4])
@pytest.mark.parametrize("dispersion", [0.02, 0.5, 4.0])
def test_the_dispersion_of_counts(mean: float, dispersion: float) -> None:
    """The variance of the score of a negative binomial's dispersion, from SciPy's probabilities."""
    size = 1.0 / dispersion
    law = stats.nbinom(size, size / (size + mean))
    y = np.arange(law.ppf(1e-14), law.isf(1e-14) + 1)
    h = 1e-3 * dispersion
    logs = [stats.nbinom(1 / a, 1 / (1 + a * mean)).logpmf(y) for a in dispersion + h * np.array([-2, -1, 1, 2])]
    score = (logs[0] - 8 * logs[1] + 8 * logs[2] - logs[3]) / (12 * h)
    wanted = np.sum(law.pmf(y) * score**2)
    assert expected(lk.NegativeBinomial(), mean=mean, dispersion=dispersion)[1, 1] == pytest.approx(wanted, rel=1e-5)


def test_expectations_of_many_rows_are_interpolated() -> None:
    rng = np.random.default_rng(5)
    n = 5000
    x = rng.normal(size=n)
    for family, options in (("negative_binomial", {}), ("normal", {"sd": "~ z"})):
        y = rng.poisson(np.exp(1.0 + 0.5 * x)).astype(float)
        data = {"y": y, "x": x, "z": rng.normal(size=n)}
        fit = lk.fit(family, data, "y ~ x", **options)
        rows = Expected(fit.likelihood.function.row_objective, fit.outcome.point.x)
        assert rows.smooth is not None
        few = rows.cells.slice(40, 60)
        for pair, value in rows._integrated(few, rows.pairs).items():
            assert rows.block(40, 60)[pair] == pytest.approx(value, rel=1e-7, abs=1e-9), pair


def test_a_density_of_your_own_has_every_covariance() -> None:
    def waiting(y: Any, rate: Any, xp: Any) -> Any:
        return xp.log(rate) - rate * y

    mine = lk.family(params={"rate": lk.Positive}, support="positive")(waiting)
    data = {"g": DATA["g"], "x": np.round(X), "firm": FIRM}
    own, ours = (lk.fit(f, data, "g ~ x") for f in (mine, "exponential"))
    for kind in ("expected", "opg", "HC0", "HC1", "HC2", "HC3"):
        assert own.with_cov(kind).cov == pytest.approx(ours.with_cov(kind).cov, rel=1e-6), kind
    assert own.with_cov(cluster="firm").cov == pytest.approx(ours.with_cov(cluster="firm").cov, rel=1e-6)


def test_what_has_no_expected_information() -> None:
    def unfinished(y: Any, rate: Any, xp: Any) -> Any:
        return 2.0 * xp.log(rate) - rate * y  # does not integrate to 1

    mine = lk.family(params={"rate": lk.Positive}, support="positive", quantile=lambda q, rate: -np.log1p(-q) / rate)
    with pytest.raises(FamilyError, match="not to 1"):
        lk.fit(mine(unfinished), DATA["g"], cov="expected")


# -- what follows ----------------------------------------------------------------------------------------------


def test_everything_uses_it() -> None:
    fit = lk.fit("poisson", DATA, "c ~ x")
    robust = fit.with_cov("HC1")
    assert (fit.cov_kind, robust.cov_kind) == ("observed", "HC1")
    assert robust.coef == fit.coef
    assert robust.loglik == fit.loglik
    ratio = robust.stderr["rate.x"] / fit.stderr["rate.x"]
    assert ratio != pytest.approx(1.0, abs=0.01)
    lower, upper = robust.interval()["rate.x"]
    assert upper - lower == pytest.approx(2 * stats.norm.ppf(0.975) * robust.stderr["rate.x"])
    assert robust.test("rate.x = 0").statistic == pytest.approx((fit.coef["rate.x"] / robust.stderr["rate.x"]) ** 2)
    row = robust.predict({"x": [0.0]}, "interval")
    assert row["stderr"][0] == pytest.approx(robust.stderr["rate.Intercept"] * row["mean"][0])
    constants = lk.fit("gamma", DATA["g"])
    assert constants.with_cov("HC0").derived()["rate"][1] != constants.derived()["rate"][1]
    text = str(robust.summary())
    assert "HC1 sandwich" in text
    assert "n/(n - k)" in text
    assert robust.summary().to_dict()["covariance"].startswith("HC1")
    assert fit.with_cov("HC0").with_cov("observed").stderr == fit.stderr
    assert fit.with_cov().cov_kind == "observed"


def test_a_limit_takes_it_along() -> None:
    fit = lk.fit("student_t", stats.norm.ppf((np.arange(200) + 0.5) / 200))
    normal = lk.fit("normal", stats.norm.ppf((np.arange(200) + 0.5) / 200))
    assert fit.limit is not None
    robust = fit.with_cov("HC0")
    assert robust.stderr["scale"] == pytest.approx(normal.with_cov("HC0").stderr["sd"], rel=1e-6)
    assert robust.stderr["df"] is None


def test_tests_of_the_likelihood_say_what_they_take_as_true() -> None:
    fit, small = lk.fit("poisson", DATA, "c ~ x"), lk.fit("poisson", DATA, "c ~ 1")
    assert "HC0" in fit.with_cov("HC0").lr_test(small).note
    assert "HC0" in fit.with_cov("HC0").interval(method="profile")["rate.x"].note
    assert fit.with_cov("opg").lr_test(small).note == ""
    by_firm = fit.with_cov(cluster="firm")
    for call in (lambda: by_firm.lr_test(small), lambda: by_firm.interval(method="profile")):
        with pytest.raises(OptionError, match=r"independent.*firm"):
            call()
    assert by_firm.interval(method="wald")["rate.x"].exists


def test_two_ways_that_leave_negative_eigenvalues_say_so() -> None:
    rng = np.random.default_rng(3)
    found = []
    for _ in range(40):
        n = 24
        data = {"y": rng.normal(size=n), "a": rng.integers(0, 3, n), "b": rng.integers(0, 3, n)}
        data |= {f"x{i}": rng.normal(size=n) for i in range(4)}
        fit = lk.fit("normal", data, "y ~ x0 + x1 + x2 + x3")
        try:
            found.append(fit.with_cov(cluster=["a", "b"]))
        except IntervalError as error:
            assert "no positive eigenvalue" in str(error)  # noqa: PT017
    fixed = [f for f in found if "eigenvalues were set to 0" in f.cov_text]
    assert fixed
    assert np.linalg.eigvalsh(fixed[0].cov)[0] > -1e-9
    assert "Cameron" in str(fixed[0].summary())


def test_missing_clusters_cost_rows_as_asked() -> None:
    firm = [None, *DATA["firm"][1:]]
    data = {**DATA, "firm": firm}
    with pytest.raises(MissingValuesError, match="firm: 1"):
        lk.fit("poisson", data, "c ~ x", cluster="firm")
    with pytest.warns(lk.errors.DroppedRowsWarning):
        fit = lk.fit("poisson", data, "c ~ x", cluster="firm", missing="drop")
    assert fit.n == N - 1
    with pytest.raises(MissingValuesError, match="have no cluster"):
        lk.fit("poisson", data, "c ~ x").with_cov(cluster="firm")
    assert "firm" not in str(lk.fit("normal", {k: DATA[k] for k in ("y", "x", "firm")}, "y ~ .", cluster="firm").names)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cov": "robust"}, "did you mean 'HC0'"),
        ({"cov": "hc1"}, "did you mean 'HC1'"),
        ({"cov": "HC9"}, "Valid: 'observed'"),
        ({"cov": "cluster"}, "needs cluster="),
        ({"cov": "HC1", "cluster": "firm"}, "belongs to cov='cluster'"),
        ({"cluster": "frim"}, "did you mean 'firm'"),
        ({"cluster": ["firm", "year", "x"]}, "one or two ways"),
        ({"cluster": ["firm", "firm"]}, "same clusters"),
        ({"cluster": FIRM[:5]}, "cluster has 5"),
        ({"cov_type": "HC1"}, "did you mean 'cov'"),
        ({"groups": "firm"}, "did you mean 'cluster'"),
    ],
)
def test_misuse_is_told(options: dict[str, Any], words: str) -> None:
    with pytest.raises((UnknownNameError, OptionError, DataError), match=words):
        lk.fit("poisson", DATA, "c ~ x", **options)


def test_parts_that_do_not_go_together() -> None:
    fit = lk.fit("poisson", DATA, "c ~ x")
    with pytest.raises(OptionError, match="belongs to a sandwich"):
        fit.with_cov("opg", bread="expected")
    with pytest.raises(UnknownNameError, match="correction"):
        fit.with_cov("HC0", correction="HC1")
    with pytest.raises(DataError, match="single cluster"):
        fit.with_cov(cluster=np.zeros(N))
    sample = lk.fit("poisson", DATA, "c ~ x", weights="w", weights_kind="sampling")
    assert sample.cov_kind == "HC0"
    for kind in ("observed", "expected", "opg"):
        with pytest.raises(OptionError, match="sampling weights"):
            sample.with_cov(kind)
    with pytest.raises(IntervalError, match="corners"):
        lk.fit("laplace", DATA, "y ~ x", cov="HC0")


@pytest.mark.parametrize("kind", ["HC2", "HC3"])
def test_a_row_that_stands_alone_leaves_the_errors_of_the_others(kind: str) -> None:
    data = {"y": DATA["y"], "x": DATA["x"], "alone": np.eye(N)[0]}
    fit = lk.fit("normal", data, "y ~ x + alone", cov=kind)
    rows = np.arange(1, N)
    less = sm.OLS(data["y"][rows], sm.add_constant(data["x"][rows])).fit(cov_type=kind)
    assert fit.stderr["mean.alone"] is None
    assert "row 0" in fit.withheld["mean.alone"]
    np.testing.assert_allclose([fit.stderr["mean.Intercept"], fit.stderr["mean.x"]], less.bse, rtol=1e-9)


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    fit = lk.fit("negative_binomial", DATA, "c ~ x")
    objective = fit.likelihood.function.row_objective
    whole = {kind: fit.with_cov(kind).cov for kind in ("HC0", "HC2", "expected")}
    by_firm = fit.with_cov(cluster="firm").cov
    monkeypatch.setattr(objective, "block", 7)
    for kind, wanted in whole.items():
        assert fit.with_cov(kind).cov == pytest.approx(wanted, rel=1e-10)
    assert fit.with_cov(cluster="firm").cov == pytest.approx(by_firm, rel=1e-10)


def test_a_density_as_a_function_of_everything() -> None:
    pytest.importorskip("jax")
    import jax.numpy as jnp

    data = {"y": DATA["g"], "x": X, "firm": FIRM}
    params = {"a": 0.0, "b": 0.0}
    own = lk.fit(lk.density(lk.Exponential(), rate=lambda p, d: jnp.exp(p["a"] + p["b"] * d["x"]), params=params), data)
    ours = lk.fit("exponential", data, "y ~ x")
    for kind in ("expected", "opg", "HC0", "HC1"):
        assert own.with_cov(kind).cov == pytest.approx(ours.with_cov(kind).cov, rel=1e-6), kind
    assert own.with_cov(cluster=FIRM).cov == pytest.approx(ours.with_cov(cluster=FIRM).cov, rel=1e-6)
    with pytest.raises(IntervalError, match="no leverage"):
        own.with_cov("HC3")


def test_sparse_designs_have_the_same() -> None:
    rng = np.random.default_rng(2)
    n = 400
    group = rng.integers(0, 30, n)
    x = rng.normal(size=n)
    dense = np.column_stack([np.eye(30)[group], x])
    from scipy import sparse

    y = rng.poisson(np.exp(1.0 + 0.3 * x + 0.02 * group)).astype(float)
    one, other = lk.fit("poisson", y, dense), lk.fit("poisson", y, sparse.csr_array(dense))
    firm = rng.integers(0, 50, n)
    for kind in ("expected", "opg", "HC0", "HC1", "HC2", "HC3"):
        assert other.with_cov(kind).cov == pytest.approx(one.with_cov(kind).cov, rel=1e-7, abs=1e-10), kind
    assert other.with_cov(cluster=firm).cov == pytest.approx(one.with_cov(cluster=firm).cov, rel=1e-7, abs=1e-10)


def test_ordered_levels_like_statsmodels() -> None:
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    level = np.digitize(DATA["y"], [-1.0, 1.5])
    other = OrderedModel(level, X[:, None], distr="probit").fit(method="bfgs", disp=0, gtol=1e-10, cov_type="HC0")
    fit = lk.fit(lk.Ordinal(link="probit"), {"y": level, "x": X}, "y ~ x")
    name = next(n for n in fit.names if n.endswith(".x"))
    assert abs(fit.coef[name]) == pytest.approx(abs(other.params[0]), rel=1e-5)
    assert fit.with_cov("HC0").stderr[name] == pytest.approx(other.bse[0], rel=1e-4)
    rows = fit.with_cov("expected").stderr[name]
    assert rows == pytest.approx(fit.stderr[name], rel=0.1)


@pytest.mark.parametrize("at_once", [1 << 22, 40])
@pytest.mark.parametrize("large", [2_000_000, 1])
def test_clusters_of_any_design_are_sums_of_rows(at_once: int, large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Designs in blocks, several predictors, weights, and clusters too many to hold at once."""
    from likely.data import many_levels
    from likely.likelihoods import rows as objective

    monkeypatch.setattr(objective, "SUMS_AT_ONCE", at_once)
    monkeypatch.setattr(many_levels, "LARGE", large)
    monkeypatch.setattr(many_levels, "MANY", 2)
    rng = np.random.default_rng(5)
    n = 130_000 if large == 1 else 400  # `many_levels.find` passes by small data
    cluster = rng.integers(0, 60, n)
    data = {"g": rng.choice(["a", "b", "c"], n), "x": rng.normal(size=n), "w": rng.integers(0, 3, n)}
    data |= {"y": rng.normal(size=n) + data["x"], "cluster": cluster}
    fit = lk.fit("normal", data, "y ~ g + x", sd="~ x", weights="w")
    found = fit.with_cov(cluster="cluster", correction="none").cov
    some = data["w"] > 0
    scores = fit.likelihood.function.row_objective.row_scores(fit.outcome.point.x) * data["w"][some, None]
    sums = np.stack([scores[cluster[some] == c].sum(axis=0) for c in range(60)])
    bread = np.linalg.inv(fit.outcome.point.info)
    np.testing.assert_allclose(found, bread @ sums.T @ sums @ bread, rtol=1e-9, atol=1e-15)


def test_no_coefficients_no_covariance() -> None:
    for kind in ("HC0", "HC3", "opg", "expected"):
        assert lk.fit(lk.Normal(mean=0, sd=1), [0.3, -0.2, 1.1], cov=kind).cov.shape == (0, 0)
    assert lk.fit("uniform", [0.3, -0.2, 1.1], cov="HC0").stderr == {"low": None, "high": None}


def test_options_of_with_cov_are_told_where_they_belong() -> None:
    with pytest.raises(OptionError, match="with_cov"):
        lk.fit("normal", [0.3, -0.2, 1.1], cov="HC0", bread="expected")


def test_clusters_as_names_columns_and_labels() -> None:
    rng = np.random.default_rng(6)
    data = {"y": rng.normal(size=30), "g": rng.choice(["a", "b", "c"], 30)}
    other = rng.integers(0, 5, 30)
    fit = lk.fit("normal", data, "y ~ 1")
    named = lk.fit("normal", {**data, "h": other}, "y ~ 1", cluster=["g", "h"])
    assert fit.with_cov(cluster=["g", other]).stderr == named.stderr
    assert lk.fit("normal", data, "y ~ 1", cluster=("g", other)).stderr == named.stderr
    labels = list(data["g"])
    assert lk.fit("normal", data, "y ~ 1", cluster=labels).stderr == fit.with_cov(cluster="g").stderr
