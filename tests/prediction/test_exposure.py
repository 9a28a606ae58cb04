"""An exposure is the offset log(exposure), under that name."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from typer.testing import CliRunner

import likely as lk
from likely.errors import DataError, OptionError, UnknownNameError


def claims() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    years, x = rng.uniform(0.1, 4, 200), rng.normal(size=200)
    return {"claims": rng.poisson(years * np.exp(-1 + 0.5 * x)), "x": x, "policy years": years, "t": years}


def test_it_is_the_offset_log_exposure() -> None:
    data = claims()
    fit = lk.fit("poisson", data, "claims ~ x", exposure="t")
    theirs = sm.Poisson(data["claims"], sm.add_constant(data["x"]), exposure=data["t"]).fit(disp=0)
    np.testing.assert_allclose(list(fit.coef.values()), theirs.params, rtol=1e-6)
    assert fit.loglik == pytest.approx(theirs.llf, rel=1e-10)
    ways = [
        lk.fit("poisson", data, "claims ~ x", offset="log(t)"),
        lk.fit("poisson", data, "claims ~ x", exposure="policy years"),
        lk.fit("poisson", data, "claims ~ x", exposure=data["t"]),
        lk.fit("poisson", data, "claims ~ x + offset(log(t / 2))", exposure=[2.0] * 200),
        lk.fit("poisson", data, "claims ~ .", exposure="t * 1", offset="0 * `policy years`"),
    ]
    for other in ways:
        assert other.coef == pytest.approx(fit.coef, rel=1e-8)
    assert ways[2].loglik == pytest.approx(fit.loglik, rel=1e-12)


def test_predictions_are_for_the_exposure_of_the_new_rows() -> None:
    fit = lk.fit("poisson", claims(), "claims ~ x", exposure="t")
    one, three = fit.predict({"x": [0.0, 0.0], "t": [1.0, 3.0]})
    assert three == pytest.approx(3 * one)
    with pytest.raises(UnknownNameError, match="'t'"):
        fit.predict({"x": [0.0]})


def test_predictions_take_an_exposure() -> None:
    data = claims()
    by_array = lk.fit("poisson", data, "claims ~ x", exposure=data["t"])
    with pytest.raises(OptionError, match="exposure="):
        by_array.predict({"x": [0.0, 1.0]})
    found = by_array.predict({"x": [0.0, 1.0]}, exposure=[1.0, 2.0])
    np.testing.assert_allclose(found, by_array.predict({"x": [0.0, 1.0]}, offset=np.log([1.0, 2.0])))
    np.testing.assert_allclose(by_array.predict({"x": [0.0], "e": [2.0]}, exposure="e"), 2 * found[:1])
    np.testing.assert_allclose(by_array.predict({"x": [0.0]}, exposure=3), 3 * found[:1])
    with pytest.raises(DataError, match="must be positive"):
        by_array.predict({"x": [0.0]}, exposure=0)
    with pytest.raises(OptionError, match="beside other offsets"):
        by_array.predict({"x": [0.0]}, exposure=1, offset=0.5)
    with pytest.raises(UnknownNameError, match="exposure"):
        lk.fit("normal", data, "claims ~ x").predict({"x": [0.0]}, exposure=1)


def test_what_cannot_be_an_exposure() -> None:
    data = claims()
    with pytest.raises(OptionError, match=r"log link.*mean of Normal has the link identity"):
        lk.fit("normal", data, "claims ~ x", exposure="t")
    with pytest.raises(UnknownNameError, match="unknown column 'tt' for exposure; did you mean 't'"):
        lk.fit("poisson", data, "claims ~ x", exposure="tt")
    with pytest.raises(DataError, match="logarithm of zero or of a negative number"):
        lk.fit("poisson", data | {"t": data["t"] - 1}, "claims ~ x", exposure="t")
    with pytest.raises(DataError, match="exposures must be positive, found row 0"):
        lk.fit("poisson", data, "claims ~ x", exposure=-data["t"])
    with pytest.raises(UnknownNameError, match="did you mean 'exposure'"):
        lk.fit("poisson", data, "claims ~ x", exposures="t")


def test_in_the_shell(tmp_path) -> None:
    import pandas as pd

    from likely.cli import app

    path = tmp_path / "claims.csv"
    pd.DataFrame(claims()).to_csv(path, index=False)
    arguments = ["fit", str(path), "claims ~ x", "--family", "poisson", "--json"]
    a = CliRunner().invoke(app, [*arguments, "--exposure", "policy years"])
    b = CliRunner().invoke(app, [*arguments, "--offset", "log(t)"])
    assert a.exit_code == b.exit_code == 0, a.output
    import json

    assert json.loads(a.output)["loglik"] == pytest.approx(json.loads(b.output)["loglik"])


def test_missing_exposures_are_missing_values() -> None:
    data = {"y": [1, 4, 3, 6], "x": [0.0, 1.0, 2.0, 4.0]}
    exposure = np.array([1.0, 2.0, np.nan, 3.0])
    with pytest.raises(lk.errors.MissingValuesError):
        lk.fit("poisson", data, "y ~ x", exposure=exposure)
    with pytest.warns(lk.errors.DroppedRowsWarning):
        assert lk.fit("poisson", data, "y ~ x", exposure=exposure, missing="drop").n == 3


def test_an_exposure_belongs_to_the_first_parameter() -> None:
    data = {"y": [1, 4, 3, 6], "x": [0.0, 1.0, 2.0, 4.0]}
    with pytest.raises(lk.errors.OptionError, match="first parameter, rate"):
        lk.fit("poisson", data, "y ~ x", exposure={"rate": "x"})
