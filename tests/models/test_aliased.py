"""Columns that others make up: named, refused or left out as R leaves them out, and never guessed at in new data."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import likely as lk
from likely.cli import app
from likely.compute.solve import least_squares
from likely.errors import DataError, DesignError, FitError, UnknownNameError

SHARED = Path(__file__).parents[3] / "shared" / "reference" / "data"


def data(n=60, seed=0):
    rng = np.random.default_rng(seed)
    a, b, d = rng.normal(size=(3, n))
    return {"y": 1 + a - b + rng.normal(size=n), "a": a, "b": b, "c": 2 * a - 0.5 * b, "d": d}


def test_refused_by_name_and_with_the_way_out():
    with pytest.raises(DesignError, match=r"c = 2\*a - 0.5\*b.*Leave out 'c', or pass aliased='drop'"):
        lk.fit("normal", data(), "y ~ a + b + c + d")
    with pytest.raises(UnknownNameError, match="for aliased="):
        lk.fit("normal", data(), "y ~ a", aliased="remove")


@pytest.mark.parametrize("order", ["a + b + c + d", "c + d + b + a", "d + b + c + a"])
def test_dropped_in_the_order_of_r(order):
    """The columns that come later go; the fit is that of the others."""
    columns = order.split(" + ")
    fit = lk.fit("normal", data(), f"y ~ {order}", aliased="drop")
    last = [name for name in columns if name in "abc"][-1]
    plain = lk.fit("normal", data(), f"y ~ {' + '.join(name for name in columns if name != last)}")
    assert list(fit.aliased) == [f"mean.{last}"]
    assert f"mean.{last}" not in fit.coef
    assert fit.coef == pytest.approx(plain.coef, rel=1e-12)
    assert (fit.k, fit.loglik) == (plain.k, pytest.approx(plain.loglik, rel=1e-14))
    assert f"mean.{last}  not estimated: the column is" in str(fit.summary())
    assert fit.summary().to_dict()["aliased"] == fit.aliased


def test_longley_with_a_multiple():
    """R: lm(Employed ~ GNP + Year + dup) reports NA for dup alone."""
    years = np.arange(1947, 1963.0)
    gnp = [234.289, 259.426, 258.054, 284.599, 328.975, 346.999, 365.385, 363.112, 397.469, 419.18, 442.769]
    gnp = np.array([*gnp, 444.546, 482.704, 502.601, 518.173, 554.894])
    employed = [60.323, 61.122, 60.171, 61.187, 63.221, 63.639, 64.989, 63.761, 66.019, 67.857, 68.169, 66.513]
    employed = np.array([*employed, 68.655, 69.564, 69.331, 70.551])
    table = {"Employed": employed, "GNP": gnp, "Year": years, "dup": 2.0 * gnp}
    fit = lk.fit("normal", table, "Employed ~ GNP + Year + dup", aliased="drop")
    assert fit.aliased == {"mean.dup": "2*GNP"}
    # the residuals without dup, by NumPy
    x = np.column_stack([np.ones(16), gnp, years])
    residual = employed - x @ np.linalg.lstsq(x, employed, rcond=None)[0]
    assert fit.coef["sd"] == pytest.approx(np.sqrt(np.mean(residual**2)), rel=1e-7)


def test_every_parameter_s_design_and_matrices():
    d = data()
    x = np.column_stack([np.ones(60), d["a"], 3 * d["a"], d["b"]])
    fit = lk.fit("normal", d["y"], x, sd=x[:, :3], aliased="drop")
    assert fit.aliased == {"mean.x3": "3*x2", "sd.x3": "3*x2"}
    np.testing.assert_allclose(fit.predict({"mean": x[:5], "sd": x[:5, :3]}), fit.predict()[:5], rtol=1e-12)
    one = lk.fit("normal", d["y"], x, aliased="drop")
    np.testing.assert_allclose(one.predict(x[:5]), one.predict()[:5], rtol=1e-12)
    with pytest.raises(DataError, match=r"row 1 of the new data: x3 = 3\*x2"):
        one.predict(np.array([[1.0, 2, 6, 0], [1, 2, 5, 0]]))


def test_empty_cells_and_new_data():
    rng = np.random.default_rng(1)
    g, h = np.repeat(["a", "b", "c"], 20), np.tile(["u", "v"], 30)
    h[g == "c"] = "u"
    table = pd.DataFrame({"g": g, "h": h, "y": rng.poisson(3, 60)})
    fit = lk.fit("poisson", table, "y ~ g * h", aliased="drop")
    assert fit.aliased == {"rate.g[T.c]:h[T.v]": "0"}
    means = table.groupby(["g", "h"])["y"].mean()
    new = pd.DataFrame([{"g": g, "h": h} for g, h in means.index])
    np.testing.assert_allclose(fit.predict(new), means, rtol=1e-6)
    with pytest.raises(DataError, match="cannot tell what to predict for row 0"):
        fit.predict(pd.DataFrame({"g": ["c"], "h": ["v"]}))


def test_rows_of_weight_zero_do_not_count():
    d = data()
    d["w"] = np.ones(60)
    d["c"][:3], d["w"][:3] = 7.0, 0.0
    assert lk.fit("normal", d, "y ~ a + b + c").aliased == {}
    with pytest.raises(DesignError, match="linearly dependent"):
        lk.fit("normal", d, "y ~ a + b + c", weights="w")
    fit = lk.fit("normal", d, "y ~ a + b + c", weights="w", aliased="drop")
    assert fit.aliased == {"mean.c": "2*a - 0.5*b"}


def test_categories():
    rng = np.random.default_rng(2)
    d = {**data(120), "k": rng.choice(["x", "y", "z"], 120)}
    fit = lk.fit("categorical", d, "k ~ a + b + c", aliased="drop")
    assert fit.aliased == {"p[y].c": "2*a - 0.5*b", "p[z].c": "2*a - 0.5*b"}


def test_more_columns_than_rows():
    rng = np.random.default_rng(3)
    x, y = np.column_stack([np.ones(6), rng.normal(size=(6, 8))]), rng.poisson(4, 6)
    with pytest.raises(DesignError, match=r"9 coefficients but there are only 6 rows.*aliased='drop'"):
        lk.fit("poisson", y + 1, x)
    fit = lk.fit("poisson", y + 1, x, aliased="drop")
    assert list(fit.coef) == [f"rate.x{j}" for j in range(1, 7)]
    np.testing.assert_allclose(fit.predict(), y + 1, rtol=1e-6)  # saturated
    with pytest.raises(FitError, match="reproduce every value"):
        lk.fit("normal", y * 1.0, x, aliased="drop")


def test_many_columns():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(1800, 1600))
    x[:, 700], x[:, 1599], x[:, 1200] = x[:, 3] - x[:, 600], x[:, :50].sum(axis=1), 0.0
    assert least_squares.dependent_columns(x)[0] == [700, 1200, 1599]


@pytest.mark.parametrize("seed", range(3))
def test_units_and_origins_do_not_matter(seed):
    """Columns of any scale, far from zero or not: the same ones are dependent."""
    rng = np.random.default_rng(seed)
    for _ in range(20):
        n, p = int(rng.integers(8, 40)), int(rng.integers(3, 7))
        x = np.column_stack([np.ones(n), rng.integers(-9, 10, (n, p))]).astype(float)
        dependent = sorted(rng.choice(np.arange(3, p + 1), rng.integers(0, 2), replace=False).tolist())
        for j in dependent:
            x[:, j] = 2 * x[:, 1] - x[:, 2]
        if np.linalg.matrix_rank(x) != p + 1 - len(dependent):
            continue
        scale = 2.0 ** rng.integers(-40, 41, p + 1)
        moved = np.column_stack([np.ones(n), (x[:, 1:] + rng.choice([0.0, 1e4, 1e9], p)) * scale[1:]])
        assert least_squares.dependent_columns(moved)[0] == dependent


def test_extreme_magnitudes_get_advice():
    d = data()
    for factor in (1e200, 1e-200):
        with pytest.raises(DesignError, match=r"a, a predictor of mean, has the size .* Rescale the column"):
            lk.fit("normal", {**d, "a": d["a"] * factor}, "y ~ a")


def test_from_a_shell(tmp_path):
    pd.DataFrame(data()).to_csv(tmp_path / "d.csv", index=False)
    arguments = ["fit", str(tmp_path / "d.csv"), "y ~ a + b + c", "--family", "normal"]
    refused = CliRunner().invoke(app, arguments)
    assert refused.exit_code == 2
    assert "use --aliased drop" in " ".join(refused.output.split())
    dropped = CliRunner().invoke(app, [*arguments, "--aliased", "drop"])
    assert dropped.exit_code == 0
    assert "not estimated: the column is 2*a - 0.5*b" in dropped.output


@pytest.mark.skipif(not SHARED.exists(), reason="the reference data are not here")
def test_quine_as_r_reports_it():
    """R drops AgeF3:LrnSL of Days ~ Age * Lrn, whose cell is empty."""
    fit = lk.fit("poisson", str(SHARED / "quine.csv"), "Days ~ Age * Lrn", aliased="drop")
    assert list(fit.aliased) == ["rate.Age[T.F3]:Lrn[T.SL]"]


def test_many_levels():
    """Firms within regions: a region's column is the sum of its firms'."""
    rng = np.random.default_rng(5)
    firm = np.tile(np.arange(60), 20)
    table = pd.DataFrame({"firm": [f"f{k:02d}" for k in firm], "region": [f"r{k % 4}" for k in firm]})
    table["y"] = rng.normal(size=1200)
    fit = lk.fit("normal", table, "y ~ C(firm) + C(region)", aliased="drop")
    assert list(fit.aliased) == [f"mean.C(region)[T.r{k}]" for k in (1, 2, 3)]
    np.testing.assert_allclose(fit.predict(table[:60]), table.groupby("firm")["y"].mean(), rtol=1e-9)
    with pytest.raises(DataError, match="cannot tell what to predict for row 0"):
        fit.predict(pd.DataFrame({"firm": ["f00"], "region": ["r1"]}))


WINE = {
    "rating": [int(c) for c in "233444551213235423325544323232532343333332322454112223232223333412323244"],
    "temp": (["cold"] * 4 + ["warm"] * 4) * 9,
    "contact": ["no", "no", "yes", "yes"] * 18,
}


def test_a_location_leaves_what_thresholds_say_to_them():
    """Numbers printed by R 4's ordinal: clm(rating ~ temp * contact, nominal = ~ contact), its issue 37."""
    fit = lk.fit(lk.Ordinal(), WINE, "rating ~ temp * contact", threshold="~ contact", aliased="drop")
    assert fit.aliased == {"location.contact[T.yes]": "threshold.contact[T.yes]"}
    location = [fit.coef["location.temp[T.warm]"], fit.coef["location.temp[T.warm]:contact[T.yes]"]]
    assert location == pytest.approx([2.2619528, 0.5388898], abs=1e-6)
    nominal = [v for name, v in fit.coef.items() if name.endswith("contact[T.yes]") and name.startswith("threshold")]
    assert nominal == pytest.approx([-1.5171328, -1.3164389, -1.2997110, -0.6150591], abs=1e-6)
    assert fit.coef["threshold[1|2].Intercept"] == pytest.approx(-1.3784288, abs=1e-6)
    new = {"temp": ["cold", "warm"], "contact": ["no", "yes"]}
    whole = lk.fit(lk.Ordinal(), {**WINE, "both": product()}, "rating ~ temp + both", threshold="~ contact")
    assert whole.loglik == pytest.approx(fit.loglik, rel=1e-12)
    chances = whole.predict({**new, "both": [0.0, 1.0]}, what="prob")
    assert {k: v.tolist() for k, v in fit.predict(new, what="prob").items()} == pytest.approx(
        {k: pytest.approx(v.tolist(), rel=1e-7) for k, v in chances.items()}
    )


def product():
    return [float(t == "warm" and c == "yes") for t, c in zip(WINE["temp"], WINE["contact"], strict=True)]


def test_new_data_obey_what_held_between_location_and_thresholds():
    yes = np.array([float(c == "yes") for c in WINE["contact"]])
    wine = {**WINE, "u": 1.0 + 2.0 * yes}
    with pytest.raises(DesignError, match=r"u = threshold.Intercept \+ 2\*threshold.*or pass aliased='drop'"):
        lk.fit(lk.Ordinal(), wine, "rating ~ temp + u", threshold="~ contact")
    fit = lk.fit(lk.Ordinal(), wine, "rating ~ temp + u", threshold="~ contact", aliased="drop")
    plain = lk.fit(lk.Ordinal(), WINE, "rating ~ temp", threshold="~ contact")
    assert fit.coef == pytest.approx(plain.coef, rel=1e-10)
    fit.predict({"temp": ["cold"], "contact": ["yes"], "u": [3.0]}, what="prob")
    with pytest.raises(DataError, match=r"row 0.*u = threshold.Intercept \+ 2\*threshold.contact"):
        fit.predict({"temp": ["cold"], "contact": ["yes"], "u": [2.0]}, what="prob")
    warm = np.array([float(t == "warm") for t in WINE["temp"]])
    x, z = np.column_stack([warm, yes]), np.column_stack([np.ones(len(yes)), yes])
    fit = lk.fit(lk.Ordinal(), np.array(WINE["rating"]), x, threshold=z, aliased="drop")
    assert fit.loglik == pytest.approx(plain.loglik, rel=1e-12)
    fit.predict({"location": x[:2], "threshold": z[:2]}, what="prob")
    with pytest.raises(DataError, match=r"x2 = threshold\.x2"):
        fit.predict({"location": x[:2], "threshold": z[2:4]}, what="prob")


def test_thresholds_are_the_intercept():
    fit = lk.fit(lk.Ordinal(), WINE, "rating ~ 0 + temp", aliased="drop")
    plain = lk.fit(lk.Ordinal(), WINE, "rating ~ temp")
    assert fit.loglik == pytest.approx(plain.loglik, rel=1e-12)
    assert fit.aliased == {"location.temp[warm]": "threshold - temp[cold]"}
    fit = lk.fit(lk.Ordinal(), WINE, "rating ~ contact", threshold="~ contact", aliased="drop")  # nothing is left of it
    assert not any(name.startswith("location") for name in fit.coef)
    assert fit.loglik == pytest.approx(
        lk.fit(lk.Ordinal(), WINE, "rating ~ 1", threshold="~ contact").loglik, rel=1e-12
    )
