"""What kind of observation a family is about, and which families are the same."""

from __future__ import annotations

import pickle
from copy import deepcopy
from functools import cached_property
from typing import Any

import numpy as np
import pytest

import likely as lk
from likely.families.base import Family, Kind, Support


def made(power: float, name: str = "wave", **options: Any) -> Family:
    """A family of a function that knows a number of its surroundings."""

    def wave(y: Any, rate: Any, xp: Any) -> Any:
        return xp.log(rate) - rate * y**power

    return lk.family(params={"rate": lk.Positive}, support="positive", name=name, **options)(wave)


@pytest.mark.parametrize(
    ("family", "kind"),
    [
        (lk.Normal(), Kind.NUMBERS),
        (lk.Poisson(), Kind.COUNTS),
        (lk.Binomial(), Kind.COUNTS),
        (lk.Bernoulli(), Kind.BINARY),
        (lk.Categorical(), Kind.LABELS),
        (lk.Ordinal(), Kind.ORDERED),
        (made(1.0), Kind.NUMBERS),
    ],
)
def test_kinds(family: Family, kind: Kind) -> None:
    assert family.kind is kind
    assert family.discrete == (kind is not Kind.NUMBERS)


def test_an_atom_makes_a_support_mixed() -> None:
    assert Support(lower=0.0, closed_lower=True, atoms=(0.0,)).kind is Kind.MIXED
    assert not Kind.MIXED.discrete


def test_long_arrays_that_differ_where_they_are_not_printed() -> None:
    known = np.ones(5000)
    other = known.copy()
    other[2500] = 2.0
    assert repr(lk.Normal(sd=known)) == repr(lk.Normal(sd=other))
    assert lk.Normal(sd=known) != lk.Normal(sd=other)
    assert lk.Normal(sd=known) == lk.Normal(sd=known.copy())
    assert hash(lk.Normal(sd=known)) == hash(lk.Normal(sd=known.copy()))


def test_numbers_are_compared_by_value() -> None:
    assert lk.Normal(sd=2) == lk.Normal(sd=2.0) != lk.Normal(sd=3)
    assert lk.Normal(sd="s") != lk.Normal()
    assert lk.Normal() != lk.Laplace()


def test_labels_and_links_count() -> None:
    assert lk.Ordinal(["a", "b"]) == lk.Ordinal(["a", "b"]) != lk.Ordinal(["b", "a"])
    assert lk.Ordinal(link="probit") != lk.Ordinal()
    assert lk.Categorical(["a", "b"], reference="b") == lk.Categorical(["b", "a"])
    assert lk.Categorical(reference="b") != lk.Categorical()


def test_densities_of_ones_own_are_the_same_if_their_functions_are() -> None:
    assert made(1.0) == made(1.0)
    assert hash(made(1.0)) == hash(made(1.0))
    assert made(1.0) != made(2.0)  # the same text, another number around it
    assert made(1.0) != made(1.0, name="other")
    assert made(1.0) != made(1.0, mean=lambda rate: 1.0 / rate)
    assert made(1.0)(rate=2.0) == made(1.0)(rate=2.0) != made(1.0)


def test_a_copy_is_the_same() -> None:
    for family in (lk.Normal(sd=np.arange(1.0, 4.0)), lk.Ordinal(["a", "b"]), lk.Gamma()):
        assert pickle.loads(pickle.dumps(family)) == family


class Powered(Family):
    """A family that is made with more than known values."""

    name = "powered"
    parameters = lk.Normal.parameters
    support = Support()

    def __init__(self, base: Family | None = None, powers: Any = (1.0,), **known: Any) -> None:
        super().__init__(**known)
        self.base, self.powers = base or lk.Normal(), powers

    def _log_density(self, xp: Any, y: Any, **params: Any) -> Any:
        return self.powers[0] * self.base.within(xp).log_prob(y, **params)

    @cached_property
    def worked_out(self) -> float:
        return float(self.powers[0])


def test_what_a_family_is_made_with_counts() -> None:
    one = Powered(powers=np.array([1.0, 2.0]))
    assert one == Powered(powers=np.array([1.0, 2.0])) == pickle.loads(pickle.dumps(one))
    assert one != Powered(powers=np.array([1.0, 3.0]))
    assert Powered() != Powered(lk.Laplace())
    assert Powered(sd=1.0) != Powered(sd=2.0)
    before = hash(one)
    assert one.worked_out == 1.0
    assert hash(one) == before
    assert one == Powered(powers=np.array([1.0, 2.0]))


@pytest.mark.parametrize(
    ("around", "others"),
    [([[1], [1, 2]], [[1], [1, 3]]), ([{"a": 1}], [{"a": 2}]), ({1, 2}, {1, 3}), ([1, "a"], ["1", "a"])],
)
def test_families_are_the_same_by_what_their_functions_use(around: Any, others: Any) -> None:
    def of(used: Any) -> Family:
        return lk.family(params={"rate": lk.Positive})(lambda y, rate, xp: xp.log(rate) - rate * y * len(used))

    assert of(around) == of(deepcopy(around)) != of(others)
    assert hash(of(around)) == hash(of(deepcopy(around)))


def test_a_name_that_is_set_later() -> None:
    @lk.family(params={"rate": lk.Positive})
    def early(y: Any, rate: Any, xp: Any) -> Any:
        return xp.log(rate) - rate * y * later

    assert early == early(rate=None)
    later = 1.0
