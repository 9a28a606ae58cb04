"""Charts: each suits its families, says what it shows in the user's names, and stays small with many rows."""

import json

import numpy as np
import pytest
from scipy import stats

import likely as lk
from likely.charts import CHARTS, available
from likely.errors import FitError, OptionError

CLOSING = "</script><script>alert(1)</script>"


def regression(n=200):
    rng = np.random.default_rng(1)
    x = rng.normal(size=n)
    return lk.fit("normal", {"spend": 1 + x + rng.normal(size=n), "age": x}, "spend ~ age")


def counts():
    rng = np.random.default_rng(2)
    x = rng.normal(size=200)
    return lk.fit("poisson", {"claims": rng.poisson(np.exp(0.3 + 0.5 * x)), "x": x}, "claims ~ x")


FITS = {
    "regression": regression,
    "counts": counts,
    "coin": lambda: lk.fit("bernoulli", [1] * 7 + [0] * 3),
    "amounts": lambda: lk.fit("gamma", lk.datasets.loans(), "amount"),
    "logistic": lambda: lk.fit("bernoulli", lk.datasets.loans(), "default ~ duration + age"),
    "labels": lambda: lk.fit("categorical", lk.datasets.loans(), "housing ~ age"),
    "edge": lambda: lk.fit("uniform", [0.1, 0.5, 0.9, 0.3]),
}


def values(spec):
    """All rows of data that a specification embeds."""
    rows = list(spec.get("data", {}).get("values", []))
    for part in [*spec.get("layer", []), *spec.get("vconcat", [])]:
        rows += values(part)
    return rows + [row for rows_ in spec.get("datasets", {}).values() for row in rows_]


@pytest.mark.parametrize("name", FITS)
def test_every_chart_that_suits_is_drawn_with_numbers(name, tmp_path):
    fit = FITS[name]()
    suits = available(fit.estimates, fit.calibration)
    assert "density" in suits
    for chart, (make, caption) in suits.items():
        try:
            drawn = make()
        except OptionError:
            assert name == "edge"  # no standard errors
            continue
        spec = drawn.to_dict()
        assert spec["title"]["text"]
        assert caption
        assert values(spec), chart
        json.dumps(spec, allow_nan=False)
        assert len(json.dumps(spec)) < 60_000
    drawn.save(tmp_path / "chart.svg")
    assert (tmp_path / "chart.svg").read_text().startswith("<svg")


def test_fields_are_neutral_and_axes_have_the_names_of_the_columns():
    rng = np.random.default_rng(0)
    data = {CLOSING: rng.normal(size=60), "a.b[c]": rng.normal(size=60)}
    fit = lk.fit("normal", data, f"`{CLOSING}` ~ `a.b[c]`")
    for make, _ in available(fit.estimates, fit.calibration).values():
        spec = make().to_dict()
        fields = {key for row in values(spec) for key in row}
        assert fields <= {"x", "y", "x2", "y2", "row", "line", "lower", "upper", "n", "at", "name", "zero", "order"}
    titles = json.dumps(fit.plot.residuals().to_dict())
    assert f"expected {CLOSING}" in titles.replace('\\"', '"')


def test_many_rows_are_counted():
    fit = regression(30_000)
    for make, _ in available(fit.estimates, fit.calibration).values():
        spec = make().to_dict()
        assert len(json.dumps(spec)) < 100_000
    cells = values(fit.plot.residuals().to_dict())
    assert sum(row["n"] for row in cells if "n" in row) == 30_000


def test_cells_stay_small_where_they_are_all_filled():
    rng = np.random.default_rng(3)
    x = rng.uniform(size=60_000)
    fit = lk.fit("bernoulli", {"y": (rng.random(60_000) < x).astype(int), "x": x}, "y ~ x")
    for name in ("residuals", "surprise"):
        assert len(json.dumps(getattr(fit.plot, name)().to_dict())) < 100_000


def test_values_that_are_large_and_close_together_stay_apart():
    y = 1.7e9 + np.random.default_rng(0).normal(size=200)
    bars = [r for r in values(lk.fit("normal", y).plot.density().to_dict()) if "zero" in r]
    assert sum(r["y"] * (r["x2"] - r["x"]) for r in bars) == pytest.approx(1.0, abs=0.02)
    counts = 1_000_000 + np.arange(4).repeat(10)
    rows = values(lk.fit("poisson", counts).plot.density().to_dict())
    assert [r["x"] for r in rows] == ["1000000", "1000001", "1000002", "1000003"]


def test_counts_that_span_much_have_their_fitted_chances_at_whole_numbers():
    y = np.random.default_rng(0).poisson(150, 400)
    spec = values(lk.fit("poisson", y).plot.density().to_dict())
    bars, line = [r for r in spec if "zero" in r], [r for r in spec if "zero" not in r]
    assert [r["y"] for r in line] == pytest.approx(stats.poisson(y.mean()).pmf([r["x"] for r in line]), rel=1e-4)
    assert all((r["x"] % 1, (r["x2"] - r["x"]) % 1) == (0.5, 0.0) for r in bars)


def test_a_fitted_density_is_averaged_with_the_weights_of_the_rows():
    rng = np.random.default_rng(0)
    g, w = np.repeat([0, 1], 50), np.repeat([9.0, 1.0], 50)
    fit = lk.fit("normal", {"y": 6 * g + rng.normal(size=100), "g": g, "w": w}, "y ~ g", weights="w")
    line = [r for r in values(fit.plot.density().to_dict()) if "zero" not in r]
    low, high = (stats.norm(fit.predict({"g": [k]})[0], fit.coef["sd"]) for k in (0, 1))
    x = np.array([r["x"] for r in line])
    assert [r["y"] for r in line] == pytest.approx(0.9 * low.pdf(x) + 0.1 * high.pdf(x), rel=1e-3, abs=1e-6)


def test_an_effect_is_the_average_prediction():
    fit = lk.fit("bernoulli", lk.datasets.loans(), "default ~ duration + age")
    rows = [r for r in values(fit.plot.effect("age").to_dict()) if "lower" in r]
    loans = lk.datasets.loans()
    for row in rows[::20]:
        eta = (
            fit.coef["p.Intercept"]
            + fit.coef["p.duration"] * np.asarray(loans["duration"])
            + fit.coef["p.age"] * row["x"]
        )
        assert row["y"] == pytest.approx(np.mean(1 / (1 + np.exp(-eta))), rel=1e-4)
        assert row["lower"] < row["y"] < row["upper"]
    labels = values(lk.fit("categorical", lk.datasets.loans(), "housing ~ age").plot.effect().to_dict())
    at = [r["y"] for r in labels if r["x"] == labels[0]["x"]]
    assert sum(at) == pytest.approx(1.0, abs=1e-4)
    with pytest.raises(OptionError, match="no predictors"):
        lk.fit("normal", [1.0, 2.0, 4.0]).plot.effect()


def test_rows_of_strata_and_estimates_at_an_end_say_why_there_is_no_chart():
    x = np.random.default_rng(0).normal(size=60)
    data = {"y": (np.arange(60) % 3 == 0).astype(int), "x": x, "s": np.repeat(np.arange(20), 3)}
    with pytest.raises(OptionError, match="strata"):
        lk.fit("conditional_logit", data, "y ~ x", strata="s").plot.surprise()
    with pytest.raises(OptionError, match="end of its domain"):
        lk.fit("uniform", [0.1, 0.5, 0.9, 0.3]).plot.curve()


def test_the_numbers_are_those_of_the_fit():
    fit = regression()
    spec = fit.plot.coefficients().to_dict()
    row = next(r for r in values(spec) if "name" in r)
    lower, upper = fit.interval()["mean.age"]
    assert (row["x"], row["lower"], row["upper"]) == pytest.approx((fit.coef["mean.age"], lower, upper), rel=1e-5)
    points = sorted(r["y"] for r in values(fit.plot.surprise().to_dict()) if isinstance(r.get("row"), int))
    assert points == pytest.approx(sorted(fit.surprise().tolist()), rel=1e-5)
    bars = [r for r in values(fit.plot.density().to_dict()) if "zero" in r]
    assert sum(r["y"] * (r["x2"] - r["x"]) for r in bars) == pytest.approx(1.0, abs=0.02)


def test_the_likelihood_has_its_peak_and_its_interval():
    L = lk.likelihood("bernoulli", [1] * 7 + [0] * 3)
    rows = [r for r in values(L.plot.curve("p").to_dict()) if r.get("line") == "likelihood"]
    top = max(rows, key=lambda r: r["y"])
    assert top["x"] == pytest.approx(0.7, abs=0.01)
    assert top["y"] == pytest.approx(1.0, abs=1e-3)
    at = {r["x"]: r["y"] for r in rows}
    p = min(at, key=lambda v: abs(v - 0.5))
    assert at[p] == pytest.approx((p / 0.7) ** 7 * ((1 - p) / 0.3) ** 3, rel=1e-3)


def test_the_course_of_a_training():
    torch = pytest.importorskip("torch")
    from likely.losses.torch import train

    x = torch.linspace(-1, 1, 60)[:, None]
    found = train(torch.nn.Linear(1, 1), lk.Normal(sd=1.0), (x, x[:, 0]), validation=0.2, epochs=4)
    drawn = values(found.plot().to_dict())
    assert sorted({(row["x"], row["line"]) for row in drawn if "line" in row}) == [
        (epoch, line) for epoch in (1, 2, 3, 4) for line in ("held out", "learned from")
    ]
    alone = train(torch.nn.Linear(1, 1), lk.Normal(sd=1.0), (x, x[:, 0]), epochs=1)
    assert {row["line"] for row in values(lk.charts.training(alone).to_dict()) if "line" in row} == {"learned from"}


def test_losses_comparisons_and_calibrations():
    pinballs = [lk.loss(lk.AsymmetricLaplace(tau=tau)) for tau in (0.1, 0.9)]
    assert len({row["line"] for row in values(lk.charts.losses(pinballs).to_dict())}) == 2
    rows = values(lk.charts.losses([lk.loss(lk.Normal()), lk.loss(lk.Laplace())]).to_dict())
    by = {(r["line"], r["x"]): r["y"] for r in rows}
    assert by["squared error (Normal)", 2.0] == pytest.approx(4.0)
    assert by["absolute error (Laplace)", -2.0] == pytest.approx(2.0)
    assert values(lk.loss(lk.Normal()).plot().to_dict())
    found = lk.compare(["gamma", "log_normal"], lk.datasets.loans(), "amount")
    assert [r["name"] for r in values(found.plot().to_dict())] == [row.name for row in found.rows]
    rng = np.random.default_rng(0)
    p = rng.uniform(size=500)
    y = (rng.random(500) < p).astype(int)
    bins = [r for r in values(lk.calibration(y, p).plot().to_dict()) if "n" in r]
    assert sum(r["n"] for r in bins) == 500


def test_what_there_is_and_what_there_is_not():
    fit = regression()
    assert set(dir(fit.plot)) == set(CHARTS)
    assert "fit.plot.qq()" in repr(fit.plot)
    with pytest.raises(AttributeError, match="residuals"):
        fit.plot.residual()
    with pytest.raises(OptionError):
        lk.fit("categorical", lk.datasets.loans(), "housing ~ age").plot.pit()
    with pytest.raises(FitError, match="converged"):
        lk.fit("normal", [5.0, 5.0, 5.0], on_failure="return").plot  # noqa: B018
    with pytest.raises(OptionError, match="name the losses"):
        lk.charts.losses([])
