"""A model makes the same rows of the fit's table as the fit did, also after a way through JSON."""

import json
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
import pytest

import likely as lk
from likely.compute import blocks
from likely.data import many_levels
from likely.errors import DataError, DroppedRowsWarning, MissingValuesError, OptionError, UnknownNameError
from likely.models.asked import Asked
from likely.models.bind import Streamed
from likely.models.model import Model
from likely.models.rows import Rows

N = 120


def table() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    data = pd.DataFrame(
        {
            "x": rng.normal(size=N),
            "z": rng.normal(50.0, 3.0, size=N),
            "odd name": rng.uniform(1.0, 2.0, N),
            "g": rng.choice(list("abc"), N),
            "h": rng.integers(0, 4, N),
            "b": rng.random(N) < 0.5,
            "t": rng.uniform(1.0, 2.0, N),
            "w": rng.integers(1, 4, N),
            "m": rng.integers(5, 9, N),
            "price": rng.choice(["$1,200.50", "$3.75", "$80,000.00"], N),
            "label": rng.choice(["low", "middle", "high"], N),
        }
    )
    data["count"] = rng.poisson(3.0, N)
    data["k"] = rng.binomial(data.m, 0.4)
    data["u"] = data.x + rng.normal(size=N)
    data["twice"] = 2.0 * data.x
    data["case"] = (np.arange(N) % 4 == 0).astype(float)
    data["stratum"] = np.arange(N) // 4
    return data


MODELS: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "constant": ("normal", "u ~ 1", {}),
    "products of numbers": ("normal", "u ~ x * z + t", {}),
    "scale and levels": ("poisson", "count ~ scale(x) + C(g) * z", {"weights": "w"}),
    "B-splines": ("poisson", "count ~ bs(x, df=4) * g + offset(log(t))", {}),
    "cubic splines": ("normal", "u ~ cr(z, df=4)", {"sd": "~ g", "weights": "w", "weights_kind": "analytic"}),
    "polynomials": (lk.Binomial(n="m"), "k ~ poly(x, 2) + center(`odd name`)", {}),
    "numbers as levels": ("gamma", "t ~ C(h, Treatment(2)) + b", {"shape": "~ standardize(z)"}),
    "sums and interactions": ("normal", "u ~ C(g, Sum):x - 1 + C(h, Diff)", {}),
    "functions of columns": ("normal", "u ~ np.log(t) + I(x ** 2) + where(x > 0, z, 0)", {}),
    "exposure": ("poisson", "count ~ x", {"exposure": "t"}),
    "labels": ("categorical", "label ~ x * g", {}),
    "ordered labels": (lk.Ordinal(["low", "middle", "high"], "probit"), "label ~ x + center(z)", {}),
    "columns left out": ("normal", "u ~ x + twice + z", {"aliased": "drop"}),
    "ordered, columns left out": (
        lk.Ordinal(["low", "middle", "high"]),
        "label ~ x + twice",
        {"aliased": "drop", "threshold": "~ z"},
    ),
    "strata": (lk.ConditionalLogit(strata="stratum"), "case ~ x + z", {}),
    "text as numbers": ("normal", "u ~ price", {}),
    "known number": (lk.StudentT(df=4), "u ~ x + g", {}),
    "known expression": (lk.Normal(sd="sqrt(t)"), "u ~ x", {"link": "identity"}),
    "power": ("gamma", "t ~ x", {"link": "power(0.25)"}),
    "quantile": (lk.AsymmetricLaplace(tau=0.9), "u ~ x", {}),
}


def likelihood(name: str, data: Any) -> Any:
    family, formula, options = MODELS[name]
    return lk.likelihood(family, data, formula, **options)


def through_json(model: Model) -> Model:
    return Model.from_dict(json.loads(json.dumps(model.to_dict(), allow_nan=False)))


def assert_same(one: Rows, other: Rows) -> None:
    for field in fields(Rows):
        a, b = getattr(one, field.name), getattr(other, field.name)
        for x, y in ((a[k], b[k]) for k in a) if isinstance(a, dict) else [(a, b)]:
            np.testing.assert_array_equal(blocks.dense(x), blocks.dense(y), err_msg=field.name)


@pytest.mark.filterwarnings("ignore:.*price")
@pytest.mark.parametrize("name", MODELS)
def test_the_rows_of_the_fit(name: str) -> None:
    data = table()
    L = likelihood(name, data)
    assert_same(L.model.rows(data, observed=True), L.function.bound.data)
    assert_same(through_json(L.model).rows(data, observed=True), L.function.bound.data)


@pytest.mark.filterwarnings("ignore:.*price")
@pytest.mark.parametrize("name", MODELS)
def test_other_rows_are_read_as_the_fit_has_learnt(name: str) -> None:
    data = table()
    L, part = likelihood(name, data), data.iloc[7:40]
    if name == "strata":
        pytest.skip("codes of strata are those of the rows at hand")
    again = through_json(L.model)
    for rows in (L.model.rows(part, observed=True), again.rows(part, observed=True)):
        assert_same(rows, L.function.bound.data[7:40])
    assert again.names() == L.model.names()
    assert [repr(slot.link) for slot in again.slots] == [repr(slot.link) for slot in L.model.slots]
    assert again.family == L.model.family


def test_terms_with_many_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many_levels, "LARGE", 1)
    monkeypatch.setattr(many_levels, "MANY", 2)
    data = table()
    L = lk.likelihood("poisson", data, "count ~ C(h) * poly(x, 2) + g")
    assert isinstance(L.function.bound.data.designs["rate"], blocks.Blocks)
    assert_same(through_json(L.model).rows(data, observed=True), L.function.bound.data)


def test_a_matrix() -> None:
    data = table()
    L = lk.likelihood("normal", data.u.to_numpy(), data[["x", "z"]])
    assert_same(through_json(L.model).rows(data[["x", "z"]]), Rows(N, None, None, L.function.bound.data.designs))


def test_the_model_holds_no_rows() -> None:
    written = json.dumps(likelihood("scale and levels", table()).model.to_dict())
    assert len(written) < 5000


def test_taking_rows() -> None:
    rows = likelihood("exposure", table()).function.bound.data
    assert len(rows) == N
    assert_same(rows[10:20], rows.take(np.arange(10, 20)))
    assert_same(rows.take(np.arange(N) < 3), rows[:3])
    assert rows.take([5, 5, 1]).y.tolist() == [rows.y[5], rows.y[5], rows.y[1]]
    labels = likelihood("labels", table()).function.bound.data[:5]
    first, second = labels.designs.values()
    assert first is second  # what shares a design goes on sharing it


def test_what_was_an_array_has_to_be_given_again() -> None:
    data = table()
    L = lk.likelihood("poisson", data, "count ~ x", offset=np.log(data.t.to_numpy()), weights=data.w.to_numpy())
    for model in (L.model, through_json(L.model)):
        with pytest.raises(OptionError, match="offset of rate was given to the fit as an array"):
            model.rows(data)
        rows = model.rows(data, {"offset": "log(t)"})
        np.testing.assert_array_equal(rows.offsets["rate"], L.function.bound.data.offsets["rate"])
        with pytest.raises(OptionError, match="weights were given as an array"):
            model.rows(data, {"offset": "log(t)"}, observed=True)
    L = lk.likelihood(lk.Binomial(n=data.m.to_numpy()), data, "k ~ x")
    for model in (L.model, through_json(L.model)):
        with pytest.raises(OptionError, match="n was given to the fit as an array"):
            model.rows(data)


def test_levels_that_the_model_does_not_know() -> None:
    model = through_json(likelihood("scale and levels", table()).model)
    new = pd.DataFrame({"x": [0.0, 1.0], "z": [1.0, 2.0], "g": ["a", "d"]})
    with pytest.raises(DataError, match="'d'"):
        model.rows(new)
    assert len(model.rows(new, unseen="missing")) == 1


def test_what_cannot_be_written() -> None:
    data = table()
    model = likelihood("constant", data).model
    with pytest.raises(OptionError, match="version 2"):
        Model.from_dict({**model.to_dict(), "version": 2})
    with pytest.raises(UnknownNameError, match="families="):
        Model.from_dict({**model.to_dict(), "family": {**model.to_dict()["family"], "name": "mine"}})
    mine = type("Mine", (lk.Normal,), {"name": "mine"})
    written = {**model.to_dict(), "family": {**model.to_dict()["family"], "name": "mine"}}
    assert isinstance(Model.from_dict(written, {"mine": mine}).family, mine)
    both = lk.likelihood("normal", data.x) + lk.likelihood("normal", data.u)
    with pytest.raises(OptionError, match=r"other models: fit.save\(path\) writes"):
        both.model.to_dict()
    with pytest.raises(OptionError, match="reads no table"):
        both.model.rows(data)


def test_what_is_no_model() -> None:
    saved = likelihood("scale and levels", table()).model.to_dict()
    family = {"name": saved["family"]["name"]}
    for wrong in (None, [], "text", {}, {**saved, "family": family}, {**saved, "predictors": [{}]}, {"predictors": 1}):
        with pytest.raises(OptionError, match=r"no data of a model|version None"):
            Model.from_dict(wrong)  # type: ignore[arg-type]


def test_a_family_of_ones_own_under_a_name_of_another() -> None:
    class Mine(lk.Normal):
        pass

    saved = json.loads(json.dumps(lk.likelihood(Mine(), table(), "u ~ x").model.to_dict()))
    with pytest.raises(OptionError, match="'normal' is a family of your own"):
        Model.from_dict(saved)
    assert type(Model.from_dict(saved, {"normal": Mine}).family) is Mine


def test_words_that_rows_do_not_take() -> None:
    data = table()
    model = likelihood("exposure", data).model
    with pytest.raises(UnknownNameError, match=r"unknown option 'exposed'.*did you mean 'exposure'"):
        model.rows(data, {"exposed": 2.0})
    with pytest.raises(UnknownNameError, match="for unseen="):
        model.rows(data, unseen="mising")
    with pytest.raises(UnknownNameError, match="unknown option 'exposure'"):
        likelihood("constant", data).model.rows(data, {"exposure": 2.0})


def test_rows_that_are_not_complete_or_count_nothing_are_left_out_as_in_the_fit() -> None:
    data = table()
    data.loc[[3, 8], "x"] = np.nan
    data["w"] = np.where(np.arange(N) % 5 == 0, 0, data.w)
    with pytest.warns(DroppedRowsWarning):
        L = lk.likelihood("poisson", data, "count ~ x + g", weights="w", missing="drop")
    model = through_json(L.model)
    assert_same(model.rows(data, missing="drop", observed=True), L.function.bound.data)
    assert len(model.rows(data, missing="drop")) == N - 2
    with pytest.raises(MissingValuesError, match=r"2 of 120 rows of the new data have missing values \(x: 2\)"):
        model.rows(data)
    with pytest.raises(DataError, match="every row of the new data has a missing value"):
        model.rows(data.assign(x=np.nan), missing="drop")
    with pytest.raises(UnknownNameError, match="for missing="):
        model.rows(data, missing="dorp")


def test_the_rows_of_a_fit_come_from_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fit, a piece of its data, new data and a scenario: each by the same function of the model."""
    asked: list[bool] = []
    rows_of = Model.rows_of

    def counted(self: Model, *args: Any, observed: bool = False) -> Rows:
        asked.append(observed)
        return rows_of(self, *args, observed=observed)

    monkeypatch.setattr(Model, "rows_of", counted)
    data = table()
    fit = lk.fit("poisson", data, "count ~ x + g", exposure="t")
    assert asked == [True]
    list(Streamed.of(Asked.of("poisson", "count ~ x + g", exposure="t"), data, rows=60))
    assert asked == [True] * 4  # rows that show all levels, and two pieces
    fit.predict(data)
    assert asked == [True] * 4 + [False]
    fit.effects("x")
    assert asked.count(False) > 1


def test_what_a_scenario_cannot_have_is_told_of_its_rows() -> None:
    fit = lk.fit("normal", table(), "u ~ np.log(t)")
    with pytest.raises(DataError, match=r"'np.log\(t\)' is not finite for the rows at these values"):
        fit.margins("t", at={"t": [-1.0]})
