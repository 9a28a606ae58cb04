"""A model learnt from batches is the one learnt from the whole table."""

import itertools
import math
import warnings
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

import likely as lk
from likely.compute.exact import Moments
from likely.data import tables
from likely.data.tables import Table
from likely.data.transforms import Values
from likely.errors import DataError, DroppedRowsWarning, MissingValuesError, OptionError
from likely.models.asked import Asked
from likely.models.bind import Batch, LearntModel, Request, Summary, bind, learn, learn_from

N = 210


def data() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=N),
            "z": rng.normal(1e6, 3.0, N),
            "t": rng.uniform(0.5, 2.0, N),
            "age": rng.integers(18, 70, N),
            "g": rng.choice(list("dabc"), N),
            "h": rng.integers(0, 4, N),
            "b": rng.random(N) < 0.5,
            "w": rng.integers(0, 4, N),
            "price": rng.choice(["$1,200.50", "$3.75", "$80,000.00"], N),
            "size": pd.Categorical(rng.choice(["S", "M", "L"], N), ["S", "M", "L", "XL"], ordered=True),
            "label": rng.choice(["low", "middle", "high"], N),
        }
    )
    frame["hole"] = np.where(rng.random(N) < 0.1, np.nan, frame.x)
    frame["y"] = rng.poisson(3.0, N).astype(float)
    frame["u"] = frame.x + rng.normal(size=N)
    frame["yes"] = np.where(rng.random(N) < 0.4, "yes", "no")
    return frame


MODELS: list[tuple[Any, str, dict[str, Any]]] = [
    ("normal", "u ~ 1", {}),
    ("normal", "u ~ x * age + t", {}),
    ("normal", "u ~ log(t) + I(x ** 2) + where(x > 0, z, 0)", {}),
    ("normal", "u ~ center(z)", {}),
    ("normal", "u ~ scale(z) + standardize(age, rescale=False)", {}),
    ("normal", "u ~ center(log(t)):g + scale(x, center=False)", {}),
    ("normal", "u ~ bs(x, df=5)", {"sd": "~ bs(log(t), df=4)"}),
    ("normal", "u ~ cr(age, df=4) + cc(x, df=3)", {}),
    ("normal", "u ~ poly(age, 3)", {"sd": "~ poly(x, 2)"}),
    ("normal", "u ~ bs(center(x), df=5) + poly(scale(log(t)), 2)", {}),
    ("normal", "u ~ C(h, Sum) * g", {}),
    ("normal", "u ~ C(h, Treatment(2)) + size + b", {}),
    ("normal", "u ~ C(size, Diff):x - 1", {}),
    ("normal", "u ~ C(floor(age / 10)) + C(where(x > 0, 2, 1))", {}),
    ("normal", "u ~ price", {}),
    ("normal", "u ~ x + hole", {"missing": "drop"}),
    ("normal", "u ~ center(hole) + C(h)", {"missing": "drop", "weights": "w"}),
    ("poisson", "y ~ x + offset(log(t))", {"weights": "w"}),
    ("poisson", "y ~ scale(x) * g", {"exposure": "t"}),
    ("bernoulli", "b ~ x", {"weights": "w", "weights_kind": "sampling"}),
    ("categorical", "label ~ bs(x, df=4)", {}),
    (lk.Ordinal(["low", "middle", "high"]), "label ~ x + g", {}),
    ("ordinal", "size ~ x", {}),
    ("categorical", "yes ~ center(x)", {"weights": "w"}),
    (lk.Normal(sd="t"), "u ~ g", {"weights": "w", "weights_kind": "analytic"}),
    ("uniform", "u ~ 1", {}),
    (lk.Binomial(n=20), "y ~ C(g, Helmert)", {}),
]
IDS = [f"{formula} {' '.join(map(str, options))}".strip() for _, formula, options in MODELS]


def cut(table: Table, pieces: int) -> list[Table]:
    """Neighbouring rows of a table, the first rows in the first piece; of unequal size."""
    ends = (np.linspace(0.0, 1.0, pieces + 1) ** 1.5 * table.n).astype(int)
    at = np.arange(table.n)
    return [table.only((at >= lo) & (at < hi)) for lo, hi in itertools.pairwise(ends)]


def in_pieces(request: Request, whole: Any, pieces: int) -> LearntModel:
    batches = cut(tables.read(whole), pieces)
    return learn_from(lambda known: [Summary.of(Batch.of(request, table), known) for table in batches])


def quietly(action: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lk.errors.LikelyWarning)
        return action()


@pytest.mark.parametrize("pieces", [2, 7])
@pytest.mark.parametrize(("family", "formula", "options"), MODELS, ids=IDS)
def test_the_same_model_from_any_number_of_batches(
    family: Any, formula: str, options: dict[str, Any], pieces: int
) -> None:
    asked, whole = Asked.of(family, formula, **options), data()
    request = Request.of(asked)
    bound = quietly(lambda: bind(asked, whole))
    found = quietly(lambda: in_pieces(request, whole, pieces))
    assert found.model.to_dict() == bound.model.to_dict()
    assert found.counts.used == len(bound.y)
    assert found.counts.dropped == bound.dropped
    single = quietly(lambda: Summary.of(Batch.of(request, tables.read(whole))).condensed)
    if single.complete:  # no function stands in another
        assert quietly(lambda: learn(single)).model.to_dict() == bound.model.to_dict()


@pytest.mark.parametrize("pieces", [2, 7])
def test_columns_of_a_dict_are_learnt_alike(pieces: int) -> None:
    whole = {name: column.tolist() for name, column in data().items() if name != "price"}
    asked = Asked.of("normal", "u ~ center(z) + g * b + C(h) + size", sd="~ cr(x, df=3)")
    expected = bind(asked, whole).model.to_dict()
    assert in_pieces(Request.of(asked), whole, pieces).model.to_dict() == expected


def test_columns_cannot_be_left_out_by_some_rows() -> None:
    request = Request.of(Asked.of("normal", "u ~ x + I(2 * x)", aliased="drop"))
    with pytest.raises(OptionError, match="aliased='drop' needs all rows at once"):
        in_pieces(request, data(), 3)


def test_merging_is_associative() -> None:
    request = Request.of(Asked.of("normal", "u ~ bs(x, df=5) + scale(z) + g"))
    a, b, c = (Summary.of(Batch.of(request, table)) for table in cut(tables.read(data()), 3))
    left, right = learn(a.merge(b).merge(c)), learn(a.merge(b.merge(c)))
    assert left.model.to_dict() == right.model.to_dict()


def test_a_batch_without_a_complete_row_is_no_obstacle() -> None:
    whole = data().drop(columns="hole")
    whole.loc[: N // 2, "x"] = np.nan
    asked = Asked.of("normal", "u ~ center(x) + g", missing="drop")
    with pytest.warns(DroppedRowsWarning, match=f"{N // 2 + 1} of {N} rows"):
        found = in_pieces(Request.of(asked), whole, 7)
    assert found.model.to_dict() == quietly(lambda: bind(asked, whole)).model.to_dict()


def test_data_of_which_nothing_is_left() -> None:
    whole = data()
    whole["x"] = np.nan
    request = Request.of(Asked.of("normal", "u ~ x", missing="drop"))
    with pytest.raises(MissingValuesError, match="every row has a missing value"):
        in_pieces(request, whole, 3)
    whole["w"] = 0
    with pytest.raises(DataError, match="all weights are zero"):
        in_pieces(Request.of(Asked.of("normal", "u ~ 1", weights="w")), whole, 3)


def test_means_and_spreads_are_exact() -> None:
    rng = np.random.default_rng(2)
    cases = [rng.normal(size=999), rng.normal(size=300) * 10.0 ** rng.integers(-300, 150, 300)]
    for x in [*cases, np.array([5e-324, -1e308, 1e308, 2.0]), np.zeros(3), np.array([1e16, 1.0, -1e16])]:
        parts = np.array_split(x, 3)
        merged = Moments.of(parts[0]).merge(Moments.of(parts[1])).merge(Moments.of(parts[2]))
        assert merged == Moments.of(x)
        exact = [Fraction(float(v)) for v in x]
        mean = sum(exact) / len(exact)
        assert merged.mean == float(mean)
        about = sum((v - mean) ** 2 for v in exact)
        assert merged.squares_about(0.0) == sum(v * v for v in exact)
        if 0.0 < about < Fraction(10) ** 280:
            spread = merged.deviation(merged.mean, 1)
            assert spread == pytest.approx(math.sqrt(float(about / (len(exact) - 1))), rel=1e-12)
    assert math.isnan(Moments.of([1.0, math.inf]).mean)


def test_values_are_kept_as_often_as_they_occur() -> None:
    rng = np.random.default_rng(4)
    x = rng.integers(0, 50, 1000).astype(float)
    merged = Values()
    for part in np.array_split(x, 13):
        merged = merged.merge(Values.of(part))
    np.testing.assert_array_equal(merged.sorted(), np.sort(x))
    assert sum(len(values) for values, _ in merged.runs) <= 150  # distinct values, in few runs
