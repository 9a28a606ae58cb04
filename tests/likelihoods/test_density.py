"""Likelihoods of any JAX function of parameters and data."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

import likely as lk

jax = pytest.importorskip("jax")
jnp = jax.numpy

X = np.linspace(0.0, 4.0, 25)
Y = 5.0 * np.exp(-0.5 * X) + 0.1 * np.sin(37.0 * np.arange(25.0))  # a curve with something like noise
DATA = {"x": X, "y": Y}


def decay(p, d):
    return stats_normal(d["y"], p["a"] * jnp.exp(-p["b"] * d["x"]), p["sd"])


def stats_normal(y, mean, sd):
    return jax.scipy.stats.norm.logpdf(y, mean, sd)


DECAY = {"a": 1.0, "b": lk.Positive(1.0), "sd": lk.Positive}


def curve(**options):
    return lk.density(
        lk.Normal(),
        mean=lambda p, d: p.a * jnp.exp(-p.b * d.x),
        params={"a": 1.0, "b": lk.Positive(1.0)},
        **options,
    )


def by_scipy(negative, start):
    """The minimum by Nelder and Mead, then BFGS, of a function of NumPy's."""
    rough = optimize.minimize(negative, start, method="Nelder-Mead", options={"maxiter": 20_000, "maxfev": 20_000})
    return optimize.minimize(negative, rough.x, method="BFGS", options={"gtol": 1e-9})


@pytest.fixture(scope="module")
def fitted():
    return lk.fit(lk.density(decay, params=DECAY), DATA)


# -- the fit against others ------------------------------------------------------------------------------------


def test_nonlinear_least_squares_against_scipy(fitted):
    ab, cov = optimize.curve_fit(lambda x, a, b: a * np.exp(-b * x), X, Y, p0=[1, 1], xtol=1e-14, ftol=1e-14)
    np.testing.assert_allclose([fitted.coef["a"], fitted.coef["b"]], ab, rtol=1e-7)
    residual = Y - ab[0] * np.exp(-ab[1] * X)
    assert fitted.coef["sd"] == pytest.approx(np.sqrt(np.mean(residual**2)), rel=1e-9)
    # curve_fit's errors leave out the second derivatives and divide by n - p
    ours = np.array([fitted.stderr["a"], fitted.stderr["b"]]) * np.sqrt(25 / 23)
    np.testing.assert_allclose(ours, np.sqrt(np.diagonal(cov)), rtol=0.05)
    assert fitted.loglik == pytest.approx(stats.norm.logpdf(residual, 0, fitted.coef["sd"]).sum(), rel=1e-12)


def test_a_family_with_functions_for_parameters_is_the_same_density(fitted):
    same = lk.fit(curve(), DATA)
    assert same.names == ["a", "b", "sd"]
    assert same.loglik == pytest.approx(fitted.loglik, rel=1e-13)
    np.testing.assert_allclose(list(same.coef.values()), list(fitted.coef.values()), rtol=1e-9)
    np.testing.assert_allclose(same.cov, fitted.cov, rtol=1e-7, atol=1e-15)


@pytest.mark.parametrize("family", [lk.Normal(), lk.StudentT(df=4), lk.Logistic()])
def test_a_straight_line_is_the_formula(family):
    name = family.free[0].name
    line = lk.density(family, params={"a": 0.0, "b": 0.0}, **{name: lambda p, d: p["a"] + p["b"] * d["x"]})
    ours, theirs = lk.fit(line, DATA), lk.fit(family, DATA, "y ~ x")
    assert ours.loglik == pytest.approx(theirs.loglik, rel=1e-10)
    np.testing.assert_allclose(list(ours.coef.values()), list(theirs.coef.values()), rtol=1e-5)
    np.testing.assert_allclose(list(ours.stderr.values()), list(theirs.stderr.values()), rtol=1e-5)


def test_counts_with_a_saturating_rate():
    dose = np.repeat([0.5, 1.0, 2.0, 4.0, 8.0, 16.0], 3)
    count = np.array([2, 1, 4, 5, 6, 3, 9, 7, 8, 14, 10, 11, 13, 15, 12, 18, 14, 17])
    model = lk.density(
        lk.Poisson(),
        rate=lambda p, d: p["top"] * d["dose"] / (p["half"] + d["dose"]),
        params={"top": lk.Positive(10.0), "half": lk.Positive(1.0)},
        response="count",
    )
    fit = lk.fit(model, {"dose": dose, "count": count})
    found = by_scipy(
        lambda t: -stats.poisson.logpmf(count, np.exp(t[0]) * dose / (np.exp(t[1]) + dose)).sum(), [2.0, 0.0]
    )
    assert fit.loglik == pytest.approx(-found.fun, rel=1e-10)
    np.testing.assert_allclose(np.log(list(fit.coef.values())), found.x, atol=1e-4)


def test_a_mixture_of_normals():
    rng = np.random.default_rng(3)
    y = np.concatenate([rng.normal(-2, 1, 120), rng.normal(3, 0.7, 80)])

    def mixture(p, d):
        parts = stats_normal(d["y"][:, None], p["mean"], p["sd"]) + jnp.log(p["w"])
        return jax.scipy.special.logsumexp(parts, axis=1)

    model = lk.density(mixture, params={"w": lk.Simplex(2), "mean": lk.Real([-1.0, 1.0]), "sd": lk.Positive(shape=2)})
    fit = lk.fit(model, y)
    assert fit.names == ["w[1]/w[0]", "mean[0]", "mean[1]", "sd[0]", "sd[1]"]

    def negative(t):
        w = 1 / (1 + np.exp(t[0]))
        one = w * stats.norm.pdf(y, t[1], np.exp(t[3]))
        return -np.log(one + (1 - w) * stats.norm.pdf(y, t[2], np.exp(t[4]))).sum()

    found = by_scipy(negative, [0.0, -2.0, 3.0, 0.0, 0.0])
    assert fit.loglik == pytest.approx(-found.fun, rel=1e-9)
    value, error = fit.derived()["w[1]"]
    assert value == pytest.approx(1 / (1 + np.exp(-found.x[0])), abs=1e-5)
    odds = fit.coef["w[1]/w[0]"]
    assert error == pytest.approx(fit.stderr["w[1]/w[0]"] / (1 + odds) ** 2, rel=1e-10)
    assert sum(v for v, _ in fit.derived().values()) == pytest.approx(1.0)
    lower, upper = fit.interval(method="profile", names=["mean[0]"])["mean[0]"]
    at_end = [lk.fit(model.fix(**{"mean[0]": v}), y).loglik for v in (lower, upper)]
    np.testing.assert_allclose(fit.loglik - np.array(at_end), 0.5 * stats.chi2.ppf(0.95, 1), rtol=1e-6)


def hidden_chain(p, d):
    """log p(y[t] | y[:t]) of a two-state hidden Markov chain with Poisson counts, started in equilibrium."""
    stay = jnp.stack([p.stay0, p.stay1])
    move = jnp.stack([jnp.stack([stay[0], 1 - stay[0]]), jnp.stack([1 - stay[1], stay[1]])])
    first = jnp.stack([1 - stay[1], 1 - stay[0]]) / (2 - stay.sum())
    emit = jnp.exp(jax.scipy.stats.poisson.logpmf(d.y[:, None], p.rate))

    def step(state, seen):
        joint = state * seen
        total = joint.sum()
        return (joint / total) @ move, jnp.log(total)

    return jax.lax.scan(step, first, emit)[1]


def test_a_hidden_markov_chain_against_the_sum_over_all_paths():
    y = np.array([0, 1, 0, 6, 7, 5, 1, 0, 4])
    unit = {"stay0": lk.UnitInterval(0.8), "stay1": lk.UnitInterval(0.8)}
    L = lk.likelihood(lk.density(hidden_chain, params={**unit, "rate": lk.Positive([0.5, 4.0])}), y)
    values = {"stay0": 0.7, "stay1": 0.6, "rate": [0.8, 5.0]}
    move, rate = np.array([[0.7, 0.3], [0.4, 0.6]]), np.array([0.8, 5.0])
    first = np.array([0.4, 0.3]) / 0.7
    total = 0.0
    for path in itertools.product([0, 1], repeat=len(y)):
        chance = first[path[0]] * np.prod([move[a, b] for a, b in itertools.pairwise(path)])
        total += chance * np.prod(stats.poisson.pmf(y, rate[list(path)]))
    assert L.log(values) == pytest.approx(np.log(total), rel=1e-12)
    fit = L.maximize()

    def negative(t):
        stays, rates = 1 / (1 + np.exp(-t[:2])), np.exp(t[2:])
        return -L.log({"stay0": stays[0], "stay1": stays[1], "rate": rates})

    found = by_scipy(negative, [0.5, 0.5, -0.5, 1.5])
    assert fit.loglik == pytest.approx(-found.fun, abs=1e-6)


def test_the_score_and_information_are_exact(fitted):
    at = {"a": 4.0, "b": 0.6, "sd": 0.3}
    r, e = Y - 4.0 * np.exp(-0.6 * X), np.exp(-0.6 * X)
    score = [(r * e).sum() / 0.09, -(r * 4.0 * X * e).sum() / 0.09, (r**2).sum() / 0.027 - 25 / 0.3]
    np.testing.assert_allclose(fitted.likelihood.score(at), score, rtol=1e-10)
    information = fitted.likelihood.information(at)
    assert information[0, 0] == pytest.approx((e**2).sum() / 0.09, rel=1e-10)
    assert information[0, 1] == pytest.approx(((r - 4.0 * e) * X * e).sum() / 0.09, rel=1e-10)


def test_row_scores_sum_to_the_score(fitted):
    x = fitted.likelihood.coefficients({"a": 4.0, "b": 0.6, "sd": 0.3})
    objective = fitted.likelihood.function.row_objective
    np.testing.assert_allclose(objective.row_scores(x).sum(axis=0), objective.point(x).score, rtol=1e-10)
    np.testing.assert_allclose(objective.log_density(x).sum(), objective.value(x), rtol=1e-12)


def test_michaelis_and_menten_as_r_has_it():
    """R 4.2.2 on the treated group of Puromycin (Bates and Watts 1988): maximum likelihood, polished."""
    data = {
        "conc": [0.02, 0.02, 0.06, 0.06, 0.11, 0.11, 0.22, 0.22, 0.56, 0.56, 1.10, 1.10],
        "rate": [76, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200],
    }
    model = lk.density(
        lk.Normal(),
        mean=lambda p, d: p["Vm"] * d["conc"] / (p["K"] + d["conc"]),
        params={"Vm": 200.0, "K": 0.1},
        response="rate",
    )
    fit = lk.fit(model, data)
    wanted = {"Vm": 212.683743142562, "K": 0.0641212816815628, "sd": 9.98101871237109}
    errors = {"Vm": 6.53676565988804, "K": 0.00795223889425753, "sd": 2.03736691264554}
    assert fit.coef == pytest.approx(wanted, rel=1e-10)
    assert fit.stderr == pytest.approx(errors, rel=1e-9)
    assert fit.loglik == pytest.approx(-44.6354843244738, rel=1e-12)
    profile = fit.interval(method="profile", names="Vm")["Vm"]
    np.testing.assert_allclose(tuple(profile), [199.213563116143, 227.082481251998], rtol=1e-8)
    opg = {"Vm": 11.1022387625283, "K": 0.0122014828968629, "sd": 2.63162160141512}
    assert fit.with_cov("opg").stderr == pytest.approx(opg, rel=1e-8)
    robust = {"Vm": 5.25357055719314, "K": 0.00857639858869104, "sd": 2.49448138472749}
    assert fit.with_cov("HC0").stderr == pytest.approx(robust, rel=1e-8)


def test_linkage_of_genes():
    """Rao's linkage data (Dempster, Laird and Rubin 1977): theta = (15 + sqrt(53809))/394; interval from R 4.2.2."""
    cells = {"cell": [0, 1, 2, 3], "count": [125, 18, 20, 34]}
    model = lk.density(
        lambda p, d: jnp.log(jnp.stack([0.5 + p.t / 4, (1 - p.t) / 4, (1 - p.t) / 4, p.t / 4])[d.cell]),
        params={"t": lk.UnitInterval},
    )
    fit = lk.fit(model, cells, weights="count")
    assert fit.n == 197
    assert fit.coef["t"] == pytest.approx((15 + np.sqrt(53809)) / 394, rel=1e-10)
    assert fit.loglik == pytest.approx(-205.715887045898, rel=1e-12)
    assert fit.stderr["t"] == pytest.approx(0.051467349196168, rel=1e-9)
    profile = fit.interval(method="profile")["t"]
    np.testing.assert_allclose(tuple(profile), [0.521555340522418, 0.721714815895664], rtol=1e-8)


# -- everything after the fit ----------------------------------------------------------------------------------


def test_tests_and_intervals_work(fitted):
    model = lk.density(decay, params=DECAY)
    small = lk.fit(model.fix(b=0.5), DATA)
    test = fitted.lr_test(small)
    assert (test.df, test.statistic) == (1, pytest.approx(2 * (fitted.loglik - small.loglik)))
    assert fitted.test("b = 0.5").statistic == pytest.approx(((fitted.coef["b"] - 0.5) / fitted.stderr["b"]) ** 2)
    wald, profile = (fitted.interval(method=m, names="b")["b"] for m in ("wald", "profile"))
    assert 0.0 < profile.lower < fitted.coef["b"] < profile.upper
    np.testing.assert_allclose(tuple(wald), tuple(profile), rtol=0.02)
    curve = fitted.likelihood.profile("b", [0.45, 0.5, 0.55])
    assert curve.loglik[1] == pytest.approx(small.loglik, rel=1e-10)
    table = fitted.likelihood.table(a=[4.0, 5.0], b=0.5, sd=0.1)
    assert table.rows[1]["relative"] > table.rows[0]["relative"]
    assert "solver   trust region" in str(fitted.summary())
    np.testing.assert_allclose(np.sum(fitted.surprise()), fitted.nll, rtol=1e-12)


def test_the_bootstrap_of_cases(fitted):
    draws = fitted.interval(method="bootstrap", names="b", kind="cases", replicates=100, seed=1)["b"]
    assert draws.lower < fitted.coef["b"] < draws.upper


def test_other_functions_are_not_nested(fitted):
    quadratic = lk.density(
        lambda p, d: stats_normal(d["y"], p.c + p.a * d["x"] + p.b * d["x"] ** 2, p.sd),
        params={"a": 0.0, "b": 0.0, "c": 0.0, "sd": lk.Positive},
    )
    with pytest.raises(lk.errors.OptionError, match="different functions"):
        fitted.lr_test(lk.fit(quadratic, DATA))


# -- what can be said about parameters -------------------------------------------------------------------------


def test_domains_hold_and_links_follow_them():
    peak = lk.density(lambda p, d: stats_normal(d["y"], p.m, 1.0), params={"m": lk.Interval(2.0, 5.0, start=3.0)})
    fit = lk.fit(peak, [3.0, 4.0, 4.5])
    assert fit.coef["m"] == pytest.approx(3.8333333333)
    lower, upper = fit.interval(0.999)["m"]
    assert 2.0 < lower < upper < 5.0
    with pytest.raises(lk.errors.ParameterError, match="between 2 and 5"):
        fit.likelihood.log(m=6.0)
    above = lk.fit(
        lk.density(lambda p, d: stats_normal(d["y"], p.m, 1.0), params={"m": lk.Interval(lower=2)}), [3.0, 4.0]
    )
    assert above.coef["m"] == pytest.approx(3.5)
    below = lk.fit(
        lk.density(lambda p, d: stats_normal(d["y"], p.m, 1.0), params={"m": lk.Interval(upper=9)}), [3.0, 4.0]
    )
    assert below.coef["m"] == pytest.approx(3.5)
    assert below.interval(0.9999)["m"].upper < 9


def test_arrays_have_names_with_places():
    def line(p, d):
        return stats_normal(d["y"], d["X"] @ p["beta"], 1.0)

    design = np.column_stack([np.ones(25), X, X**2])
    model = lk.density(line, params={"beta": lk.Real(shape=3)})
    fit = lk.fit(model, {"X": design, "y": Y})
    assert fit.names == ["beta[0]", "beta[1]", "beta[2]"]
    np.testing.assert_allclose(list(fit.coef.values()), np.linalg.lstsq(design, Y, rcond=None)[0], rtol=1e-9)
    assert fit.test("beta[1] = 0, beta[2] = 0").df == 2
    held = lk.fit(lk.density(line, params={"beta": lk.Real(shape=3)}, fixed={"beta[2]": 0.0}), {"X": design, "y": Y})
    np.testing.assert_allclose(list(held.coef.values()), np.linalg.lstsq(design[:, :2], Y, rcond=None)[0], rtol=1e-9)
    assert fit.lr_test(held).df == 1
    assert fit.likelihood.log(beta=[1.0, 0.0, 0.0]) == fit.likelihood.log({"beta[0]": 1, "beta[1]": 0, "beta[2]": 0})


def test_ties_and_fixed_values():
    two = {"a": lk.Real(0.0), "b": lk.Real(0.0), "sd": lk.Positive(1.0)}

    def rows(p, d):
        return stats_normal(d["y"], jnp.where(d["g"] == 1, p.b, p.a), p.sd)

    data = {"y": [1.0, 2.0, 4.0, 5.5], "g": [0, 0, 1, 1]}
    tied = lk.fit(lk.density(rows, params=two, ties={"b": "a"}), data)
    assert tied.names == ["a", "sd"]
    assert tied.coef["a"] == pytest.approx(np.mean(data["y"]))
    double = lk.fit(lk.density(rows, params=two, ties={"b": lambda p: 2 * p["a"]}), data)
    assert double.coef["a"] == pytest.approx((1 + 2 + 2 * 4 + 2 * 5.5) / (1 + 1 + 4 + 4))
    free = lk.fit(lk.density(rows, params=two), data)
    assert free.lr_test(tied).df == 1
    fixed = lk.fit(lk.density(rows, params=two, fixed={"a": 1.0}), data)
    assert fixed.names == ["b", "sd"]
    assert fixed.coef["b"] == pytest.approx(4.75)
    with pytest.raises(lk.errors.OptionError, match="tied itself"):
        lk.density(rows, params=two, ties={"a": "b", "b": "a"})
    with pytest.raises(lk.errors.UnknownNameError, match="unknown parameter 'c'"):
        lk.density(rows, params=two, ties={"b": "c"})
    with pytest.raises(lk.errors.OptionError, match="every parameter is fixed or tied"):
        lk.density(rows, params=two, fixed={"a": 1, "b": 2, "sd": 1})


def test_several_starts_find_the_highest_peak():
    y = np.array([-3.0, 2.8, 3.1, 3.3])
    model = lk.density(lambda p, d: jax.scipy.stats.cauchy.logpdf(d["y"], p.m, 0.3), params={"m": lk.Real(-3.0)})
    assert lk.fit(model, y).coef["m"] < 0
    best = lk.fit(model, y, starts=[{"m": -3.0}, {"m": 3.0}])
    assert best.coef["m"] == pytest.approx(3.08, abs=0.1)
    assert "highest of 2 peaks" in best.note
    drawn = lk.fit(model, y, starts=20)
    assert drawn.coef["m"] == pytest.approx(best.coef["m"], abs=1e-8)
    normal = lk.fit(lk.StudentT(), y, starts=3)  # of any model
    assert normal.converged
    with pytest.raises(lk.errors.OptionError, match="a number of starts, or a list"):
        lk.fit(model, y, starts=0)


def test_weights_are_frequencies(fitted):
    w = np.where(np.arange(25) % 3 == 0, 2.0, 1.0)
    twice = {k: np.repeat(v, w.astype(int)) for k, v in DATA.items()}
    one = lk.fit(lk.density(decay, params=DECAY), {**DATA, "w": w}, weights="w")
    other = lk.fit(lk.density(decay, params=DECAY), twice)
    assert one.n == other.n == w.sum()
    assert one.loglik == pytest.approx(other.loglik, rel=1e-12)
    np.testing.assert_allclose(list(one.stderr.values()), list(other.stderr.values()), rtol=1e-8)


def test_data_of_any_kind_and_missing_values():
    frame = pd.DataFrame(DATA)
    fit = lk.fit(lk.density(decay, params=DECAY), frame)
    assert isinstance(fit.surprise(), pd.Series)
    gaps = frame.assign(unused=np.nan)
    gaps.loc[3, "x"] = np.nan
    with pytest.raises(lk.errors.MissingValuesError, match=r"1 of 25 rows have missing values \(x: 1\)"):
        lk.fit(lk.density(decay, params=DECAY), gaps)
    with pytest.warns(lk.errors.DroppedRowsWarning):
        dropped = lk.fit(lk.density(decay, params=DECAY), gaps, missing="drop")
    assert dropped.n == 24
    assert dropped.coef == pytest.approx(lk.fit(lk.density(decay, params=DECAY), frame.drop(index=3)).coef)


def test_jax_keeps_its_own_precision(fitted):
    assert jnp.asarray(1.0).dtype == np.float32
    assert fitted.likelihood.function.row_objective.log_density(fitted.outcome.point.x).dtype == np.float64


def test_compiled_once():
    from likely.likelihoods.density.program import compiled

    model = lk.density(decay, params=DECAY)
    lk.fit(model, DATA)
    before = compiled.cache_info().misses
    lk.fit(model, {"x": X, "y": Y + 1.0})
    lk.fit(lk.density(decay, params=DECAY), DATA)  # the same function again
    assert compiled.cache_info().misses == before


# -- errors ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda p, d: decay(p, d).sum(), "a single number, not the log-density of every row"),
        (lambda p, d: decay(p, d)[:, None], r"25 values; it gives an array of shape \(25, 1\); take"),
        (lambda p, d: decay(p, d)[:3], r"25 values; it gives an array of shape \(3,\)"),
        (lambda p, d: None, "it gives NoneType"),
        (lambda p, d: np.asarray(np.exp(p["a"])) + d["x"], "hands a parameter to NumPy"),
        (lambda p, d: d["x"] if p["a"] > 0 else d["y"], "branches on a parameter"),
        (lambda p, d: float(p["a"]) + d["x"], "turns one into a plain number"),
        (lambda p, d: p["a"] + d["z"], "unknown column 'z'"),
        (lambda p, d: p["c"] + d["x"], "unknown parameter of the density 'c'"),
        (lambda p, d: p["a"] + d["name"], "column 'name' holds text"),
        (lambda p, d: p["a"] + d["x"].nothing, "AttributeError"),
    ],
)
def test_what_a_function_can_do_wrong(function, message):
    with pytest.raises(lk.errors.LikelyError, match=message):
        lk.fit(lk.density(function, params=DECAY), {**DATA, "name": ["u"] * 25})


def test_a_start_where_the_density_is_not_finite():
    with pytest.raises(lk.errors.FamilyError, match=r"not finite at the start \(m = -1\) in 2 of 3 rows: row 0: nan"):
        lk.fit(
            lk.density(lambda p, d: jnp.where(d["y"] > 2.0, 0.0, jnp.log(p.m) + d["y"]), params={"m": -1.0}),
            [1.0, 2.0, 3.0],
        )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: lk.density(decay, params={}), "params is a dict"),
        (lambda: lk.density(decay, params={"a": "x"}), "params says of each parameter"),
        (lambda: lk.density(decay, params={"a b": 1.0}), "a parameter's name is a word"),
        (lambda: lk.density(3, params=DECAY), "a function of"),
        (lambda: lk.density(decay, params=DECAY, fixed={"z": 1}), "unknown parameter 'z'"),
        (lambda: lk.density(decay, params=DECAY, fixed={"sd": -1}), "sd must be a positive number"),
        (lambda: lk.density(decay, params=DECAY, response="y"), "response= belongs to a family"),
        (lambda: lk.density(decay, params=DECAY, mean=decay), "unknown argument 'mean'"),
        (lambda: lk.density(lk.Normal(), params=DECAY), "say which parameter"),
        (lambda: lk.density(lk.Normal(), params=DECAY, loc=decay), "unknown parameter 'loc'"),
        (lambda: lk.density(lk.Normal(), params=DECAY, mean=3.0), "mean is a function"),
        (lambda: lk.density(lk.Categorical(), params=DECAY, p=decay), "cannot be used here"),
        (lambda: lk.Positive(-1.0), "start must be a positive number"),
        (lambda: lk.Real([1.0, 2.0], shape=3), "start has shape"),
        (lambda: lk.Interval(3, 1), "needs lower < upper"),
        (lambda: lk.Simplex([0.5, 0.6]), "sum to 1"),
        (lk.Simplex, "how many weights"),
    ],
)
def test_what_a_definition_can_do_wrong(make, message):
    with pytest.raises(lk.errors.LikelyError, match=message):
        make()


def test_arguments_that_do_not_belong():
    model = lk.density(decay, params=DECAY)
    with pytest.raises(lk.errors.OptionError, match="formula= has no place"):
        lk.fit(model, DATA, "y ~ x")
    with pytest.raises(lk.errors.UnknownNameError, match="unknown parameter 'k'"):
        lk.fit(model, DATA, start={"k": 1.0})
    with pytest.raises(lk.errors.UnknownNameError, match="unknown solver"):
        lk.fit(model, DATA, solver="lbfgs")
    with pytest.raises(lk.errors.OptionError, match="nothing else: its mean"):
        lk.fit(model, DATA).predict()
    with pytest.raises(lk.errors.OptionError, match="nothing else: its mean"):
        lk.fit(model, DATA).simulate(seed=1)
    with pytest.raises(lk.errors.DataError, match="lengths differ"):
        lk.fit(model, {"x": X, "y": Y, "X": np.ones((3, 2))})


def test_a_family_given_outside_its_support_says_so():
    with pytest.raises(lk.errors.SupportError, match="Poisson is for whole numbers"):
        lk.fit(lk.density(lk.Poisson(), rate=lambda p, d: p.a * d.x, params={"a": lk.Positive}), DATA)
    with pytest.raises(lk.errors.OptionError, match="say which column Normal describes"):
        lk.fit(curve(), {"x": X, "z": Y})


def test_a_sum_that_is_identified_and_its_parts_that_are_not():
    fit = lk.fit(lk.density(lambda p, d: stats_normal(d["y"], p.a + p.b, 1.0), params={"a": 0.0, "b": 0.0}), [1.0, 2.0])
    assert fit.coef["a"] + fit.coef["b"] == pytest.approx(1.5)
    assert fit.stderr == {"a": None, "b": None}
    assert "do not identify a and b" in fit.withheld["a"]


def test_without_jax(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(lk.errors.MissingDependencyError, match=r"pip install 'likely\[jax\]'"):
        lk.fit(lk.density(lambda p, d: d["y"], params={"a": 0.0}), DATA)


def test_no_warnings_reach_the_user():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lk.fit(curve(), DATA, start={"b": 40.0})


# -- predictions -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lines():
    line = lk.density(lk.Normal(), mean=lambda p, d: p["a"] + p["b"] * d["x"], params={"a": 0.0, "b": 0.0})
    return lk.fit(line, pd.DataFrame(DATA)), lk.fit(lk.Normal(), pd.DataFrame(DATA), "y ~ x")


@pytest.mark.parametrize(
    ("what", "options"),
    [("mean", {}), ("interval", {"level": 0.9}), ("quantile", {"q": [0.1, 0.9]}), ("params", {}), ("prob", {"y": 3.0})],
)
def test_predictions_are_those_of_the_formula(lines, what, options):
    new = pd.DataFrame({"x": [0.5, 2.5]}, index=[7, 9])
    ours, theirs = (fit.predict(new, what, **options) for fit in lines)
    assert list(ours.index) == [7, 9]
    np.testing.assert_allclose(ours.to_numpy(), theirs.to_numpy(), rtol=1e-7)


def test_residuals_and_simulations_are_those_of_the_formula(lines):
    for kind in ("quantile", "pearson", "response", "deviance"):
        ours, theirs = (fit.residuals(kind) for fit in lines)
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
    ours, theirs = (fit.simulate(3, seed=5) for fit in lines)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    ours, theirs = (fit.interval(method="bootstrap", replicates=50, seed=5, names=fit.names[1]) for fit in lines)
    np.testing.assert_allclose(tuple(ours["b"]), tuple(theirs["mean.x"]), rtol=1e-5)


def test_a_positive_mean_keeps_its_interval_positive():
    y = np.array([0, 1, 0, 2, 1, 3, 5, 4])
    data = {"x": np.arange(8.0), "y": y}
    model = lk.density(lk.Poisson(), rate=lambda p, d: jnp.exp(p.a + p.b * d.x), params={"a": 0.0, "b": 0.0})
    ours, theirs = lk.fit(model, data), lk.fit("poisson", data, "y ~ x")
    new = {"x": [-3.0, 2.0]}
    for k, v in theirs.predict(new, level=0.95).items():
        np.testing.assert_allclose(ours.predict(new, level=0.95)[k], v, rtol=1e-7)


def test_a_function_of_the_estimates(fitted):
    half_life = fitted.predict(lambda p, d: jnp.log(2.0) / p["b"], level=0.95)
    b, se = fitted.coef["b"], fitted.stderr["b"]
    assert half_life["mean"] == pytest.approx(np.log(2) / b)
    assert half_life["stderr"] == pytest.approx(np.log(2) / b**2 * se)
    at = fitted.predict({"x": [1.0, 2.0], "y": [0.0, 0.0]}, lambda p, d: p["a"] * jnp.exp(-p["b"] * d["x"]))
    np.testing.assert_allclose(at, fitted.coef["a"] * np.exp(-b * np.array([1.0, 2.0])))


def test_new_data_that_lack_something(lines):
    with pytest.raises(lk.errors.UnknownNameError, match="unknown column 'x'"):
        lines[0].predict({"z": [1.0]})
    with pytest.raises(lk.errors.MissingValuesError, match=r"missing values \(x: 1\)"):
        lines[0].predict({"x": [1.0, np.nan]})
    with pytest.raises(lk.errors.OptionError, match=r"fit of a lk\.density"):
        lines[1].predict({"x": [1.0]}, lambda p, d: p["a"])


def test_known_columns_of_a_family():
    data = {"x": X, "y": Y, "se": np.linspace(0.05, 0.2, 25)}
    line = lk.density(lk.Normal(sd="se"), mean=lambda p, d: p.a + p.b * d.x, params={"a": 0.0, "b": 0.0})
    ours, theirs = lk.fit(line, data), lk.fit(lk.Normal(sd="se"), data, "y ~ x")
    np.testing.assert_allclose(list(ours.coef.values()), list(theirs.coef.values()), rtol=1e-8)
    np.testing.assert_allclose(list(ours.stderr.values()), list(theirs.stderr.values()), rtol=1e-8)
    ours, theirs = (f.predict({"x": [1.0], "se": [0.1]}, "quantile", q=0.9) for f in (ours, theirs))
    np.testing.assert_allclose(ours, theirs)


@pytest.mark.parametrize("cov", ["expected", "opg", "HC0"])
def test_covariances_are_those_of_the_formula(lines, cov):
    ours, theirs = (fit.with_cov(cov).cov for fit in lines)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-12)


def test_expected_information_is_gauss_and_newtons():
    fit = lk.fit(curve(), DATA, cov="expected")
    _, cov = optimize.curve_fit(lambda x, a, b: a * np.exp(-b * x), X, Y, p0=[5, 0.5], xtol=1e-14, ftol=1e-14)
    # SciPy's errors divide by n - p
    np.testing.assert_allclose(fit.cov[:2, :2] * 25 / 23, cov, rtol=1e-5)
