"""Likelihoods that share parameters, added: independent data sets explained together.

A sum is a likelihood like any other: its objective adds those of the parts, each in its own
coefficients. What has the same reported name is the same parameter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, final

import numpy as np

from likely.compute.engines import memory
from likely.compute.solve.newton import Point
from likely.data.tables import Table
from likely.errors import OptionError, is_one_of, listed, unknown
from likely.families.base import Family, Parameter, Support
from likely.families.base.domains import Real
from likely.likelihoods.protocol import Objective, Offers
from likely.models import scale
from likely.models.asked import Asked
from likely.models.bind import Bound
from likely.models.bind.without_rows import BoundWithoutRows
from likely.models.model import Model
from likely.models.rows import Rows
from likely.models.slot import Slot
from likely.models.start import starting_values

OFFERS = Offers(
    terms="rows",
    predictors=False,
    distribution=False,
    single_peaked=True,
    far=True,
    lacks="it describes several data sets",
)


@final
@dataclass(frozen=True, eq=False)
class Part:
    """One of the likelihoods that are added.

    Attributes
    ----------
    bound : Bound
    names : tuple of str
        The joint name of every coefficient.
    """

    bound: Bound
    names: tuple[str, ...]

    @property
    def own(self) -> list[str]:
        """Its own names of its coefficients."""
        return self.bound.model.names()

    def places(self) -> list[tuple[str, Slot, int]]:
        """Joint name, slot and index of every coefficient."""
        slots = self.bound.model.slots
        return [(self.names[j], slot, j) for slot in slots for j in range(slot.start, slot.stop)]


@final
class Joint(Family):
    """The family of a sum of likelihoods: the parameters of all, and an objective that adds."""

    name = "joint"
    support: ClassVar[Support] = Support()
    loss_name = "negative log-likelihood"
    parameters: tuple[Parameter, ...]  # type: ignore[misc]  # of the instance, not of the class

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self.parts, self.known = parts, {}
        self.slots = _slots(parts)
        self.parameters = tuple(slot.parameter for slot in self.slots)
        self.kinked = tuple(  # type: ignore[misc]
            name
            for part in parts
            for name, slot, _ in part.places()
            if slot.parameter.name in part.bound.model.family.kinked
        )

    @property
    def title(self) -> str:
        titles = list(dict.fromkeys(part.bound.model.family.title for part in self.parts))
        return f"Joint {' + '.join(titles)}" if len(self.parts) > 1 else titles[0]

    def __repr__(self) -> str:
        return " + ".join(repr(part.bound.model.family) for part in self.parts)

    def _start(self, y: Any, w: Any, known: Mapping[str, Any]) -> dict[str, Any]:
        """Every part's own start; of a shared parameter their average, by the parts' sizes."""
        sums: dict[str, list[float]] = {}
        links = {slot.label: slot.link for slot in self.slots}
        for part in self.parts:
            bound = part.bound
            x = starting_values(bound.model, bound.data)
            for name, slot, j in part.places():
                eta = x[j] if not slot.constant else float(links[name].forward(slot.natural(x[j])))
                total = sums.setdefault(name, [0.0, 0.0])
                total[0] += bound.n * eta
                total[1] += bound.n
        found = {name: total / size for name, (total, size) in sums.items()}
        return {slot.label: slot.natural(found[slot.label]) for slot in self.slots}

    def _nests(self, small: Any, large: Any) -> list[str]:
        """An error unless the parts are the same and each parameter of the larger sum means one of the smaller."""
        advice = "compare them by AIC (fit.aic), which needs no nesting"
        if not isinstance(small, Joint) or not isinstance(large, Joint) or len(small.parts) != len(large.parts):
            raise OptionError(f"a sum of likelihoods and another model are not seen to be nested; {advice}")
        meaning: dict[str, str] = {}
        for one, other in zip(small.parts, large.parts, strict=True):
            same = one.own == other.own and one.bound.model.family == other.bound.model.family
            if not same or one.bound.model.formula != other.bound.model.formula:
                raise OptionError(f"the parts of the two sums are different models, or in another order; {advice}")
            for new, old in zip(one.names, other.names, strict=True):
                if meaning.setdefault(old, new) != new:
                    raise OptionError(
                        f"{old} is one parameter in the larger model and two ({meaning[old]}, {new}) in the smaller "
                        f"one, so they are not nested; {advice}"
                    )
        return []

    def _refused(self, *args: Any, **params: Any) -> Any:
        raise OptionError(
            "a sum of likelihoods describes several data sets: there is no one mean, quantile or simulation. Predict "
            "from the parts: fit one of them, or evaluate it at fit.coef"
        )

    _mean = _variance = _scipy = _refused

    def inside(self, y: Any, params: Mapping[str, Any]) -> Any:
        return np.ones(len(y), dtype=bool)

    def _log_density(self, xp: Any, y: Any, **params: Any) -> Any:
        return self._refused()


def _slots(parts: tuple[Part, ...]) -> tuple[Slot, ...]:
    """One constant for every parameter; an error where parts mean different things by a name."""
    found: dict[str, Slot] = {}
    for part in parts:
        for name, slot, _ in part.places():
            parameter = Parameter(name, slot.parameter.domain if slot.constant else Real, slot.parameter.meaning)
            link = slot.link if slot.constant else Real.get_link(name)
            new = Slot(parameter, link, None, None, len(found), len(found) + 1)
            other = found.setdefault(name, new)
            if other.parameter.domain != parameter.domain:
                raise OptionError(
                    f"{name} is {other.parameter.domain.name} in one likelihood and {parameter.domain.name} in "
                    "another, so it cannot be shared; call it something else in one of them: "
                    f"L.rename({{{name!r}: {name + '2'!r}}})"
                )
    return tuple(found.values())


@final
class JointObjective:
    """The sum of the parts' log-likelihoods as a function of the joint coefficients.

    Parameters
    ----------
    model : Model
        Of a sum of likelihoods.
    data : Rows
        The observations of all parts, one after the other.
    made : callable
        ``(model, rows)`` -> the log-likelihood of a part.
    """

    metric_first = False

    def __init__(self, model: Model, data: Rows, made: Callable[[Model, Rows], Objective]) -> None:
        self.model, self.data, self.y, self.weights = model, data, data.y, data.weights
        self.rows = data.n
        self.total_weight = float(self.rows) if data.weights is None else float(np.sum(data.weights))
        assert isinstance(model.family, Joint)
        self.joint = joint = model.family
        places = {slot.label: slot for slot in model.slots}
        links = {slot.label: slot.link for slot in (*joint.slots, *model.slots)}
        self.parts: list[tuple[Objective, Any, Any, Any]] = []  # objective, own places, joint places, held values
        self._rows: list[slice] = []  # of the parts, among all
        low = 0
        for part in joint.parts:
            own = part.bound.model
            slots = tuple(replace(s, link=links[part.names[s.start]]) if s.constant else s for s in own.slots)
            n, mine_of = part.bound.data.n, slice(low, low + part.bound.data.n)
            rows = part.bound.data.with_weights(None if data.weights is None else data.weights[mine_of])
            if np.ndim(data.y) == 1 and np.ndim(rows.y) == 1:
                rows = rows.with_response(data.y[mine_of])
            objective = made(replace(own, slots=slots), rows)
            free = [(j, places[name].start) for name, _, j in part.places() if name in places]
            held = np.zeros(own.size)
            for name, _, j in part.places():
                if name not in places:
                    held[j] = links[name].forward(float(data.known[name]))
            own_places, joint_places = (np.array(v, dtype=int) for v in zip(*free, strict=True)) if free else ([], [])
            self.parts.append((objective, own_places, joint_places, held))
            self._rows.append(mine_of)
            low += n

    @property
    def offers(self) -> Offers:
        return OFFERS

    @property
    def linear(self) -> None:
        """None: rows have no linear predictors of their own."""
        return None

    def linearised(self, coefficients: Any) -> None:
        """None: rows have no distributions."""
        return None

    @property
    def strata(self) -> None:
        """None: the terms are those of rows."""
        return None

    @property
    def functions(self) -> None:
        """None: it is no density of parameters and data."""
        return None

    @property
    def far_search(self) -> JointObjective:
        """Itself: its search may start far from the peak."""
        return self

    @property
    def without_start(self) -> list[str]:
        """Parameters without a starting value in any part."""
        joint, stated = self.joint, set[str]()
        for (objective, *_), part in zip(self.parts, joint.parts, strict=True):
            lacking = [] if objective.far_search is None else objective.far_search.without_start
            stated |= {name for name, slot, _ in part.places() if slot.label not in lacking}
        return [p.name for p in joint.parameters if p.name not in stated]

    def _own(self, coefficients: Any) -> Iterator[tuple[Objective, Any, Any, Any]]:
        for objective, own_places, places, held in self.parts:
            x = held.copy()
            x[own_places] = np.asarray(coefficients, dtype=float)[places]
            yield objective, own_places, places, x

    def value(self, coefficients: Any) -> float:
        """The log-likelihood, constants kept."""
        values = [objective.value(x) for objective, _, _, x in self._own(coefficients)]
        return math.fsum(values) if np.all(np.isfinite(values)) else float(np.sum(values))

    def value_and_score(self, coefficients: Any) -> tuple[float, Any]:
        """Log-likelihood and score."""
        total, score = 0.0, np.zeros(self.model.size)
        for objective, own_places, places, x in self._own(coefficients):
            value, slope = objective.value_and_score(x)
            total += value
            np.add.at(score, places, slope[own_places])
        return total, score

    def point(self, coefficients: Any) -> Point:
        """Log-likelihood, score and observed information."""
        size = self.model.size
        value, score, info = 0.0, np.zeros(size), np.zeros((size, size))
        for objective, own_places, places, x in self._own(coefficients):
            point = objective.point(x)
            value += point.value
            np.add.at(score, places, point.score[own_places])
            np.add.at(info, np.ix_(places, places), np.asarray(point.info)[np.ix_(own_places, own_places)])
        return Point(np.array(coefficients, dtype=float), value, score, info)

    def log_density(self, coefficients: Any) -> Any:
        """The log-density of every row of all data sets, shape (n,)."""
        return np.concatenate([objective.log_density(x) for objective, _, _, x in self._own(coefficients)])

    def row_scores(self, coefficients: Any) -> Any:
        """Every row's score, unweighted, shape (n, p)."""
        out = []
        for objective, own_places, places, x in self._own(coefficients):
            scores = objective.row_scores(x)
            wide = np.zeros((len(scores), self.model.size))
            for j, k in zip(own_places, places, strict=True):
                wide[:, k] += scores[:, j]
            out.append(wide)
        return np.concatenate(out)

    def score_gram(self, coefficients: Any, weights: Any = None) -> Any:
        """The sum over rows of w s s' with s the row's score."""
        out = np.zeros((self.model.size, self.model.size))
        for (objective, own_places, places, x), rows in zip(self._own(coefficients), self._rows, strict=True):
            part = objective.score_gram(x, None if weights is None else weights[rows])
            np.add.at(out, np.ix_(places, places), part[np.ix_(own_places, own_places)])
        return out

    def cluster_gram(self, coefficients: Any, codes: Any, count: int) -> Any:
        """The sum over clusters of S S' with S the sum of a cluster's weighted scores; a cluster may span the parts."""
        scores = self.row_scores(coefficients)
        if len(scores) != len(codes):
            raise OptionError("there are no clusters in a sum with a conditional likelihood, whose terms are strata")
        return memory.group_gram(scores, self.weights, codes, count)

    def metric(self, coefficients: Any) -> Any:
        """The outer product of the rows' scores, in place of the information."""
        return self.score_gram(coefficients, self.weights)

    def covariance(self, coefficients: Any) -> Any:
        """None: the inverse of the information is all there is."""
        return None


def model_to_dict(model: Model, written: Callable[[Model], dict[str, Any]]) -> dict[str, Any]:
    """The model of a sum as plain data: those of its parts, without rows, each of which is `written`."""
    parts = [
        {"model": written(part.bound.model), "n": part.bound.n, "names": list(part.names)}
        for part in model.family.parts  # type: ignore[attr-defined]
    ]
    return {"sum": parts, "response": model.response, "weights_kind": model.weights_kind}


def model_from_dict(data: Mapping[str, Any], read: Callable[[Mapping[str, Any]], Model]) -> Model:
    """The model that `model_to_dict` gave the data of, the parts of which are `read`."""
    parts = []
    for one in data["sum"]:
        model = read(one["model"])
        parts.append(Part(BoundWithoutRows(Asked(model.family), model, one["n"], {}, None), tuple(one["names"])))
    family = Joint(tuple(parts))
    return Model(family, family.slots, {}, data["response"], weights_kind=data["weights_kind"])


def renamed(bound: Bound, names: Mapping[str, str]) -> Bound:
    """The same likelihood with other names for some of its parameters."""
    if not isinstance(names, Mapping) or not all(isinstance(v, str) and v for v in names.values()):
        raise OptionError(f"rename takes a dict of old and new names, such as {{'sd': 'sd_lab2'}}; found {names!r}")
    known = scale.reported_names(bound.model)
    for name in names:
        if not is_one_of(name, known):
            raise unknown("parameter", name, known)
    parts = [replace(p, names=tuple(names.get(n, n) for n in p.names)) for p in _parts(bound)]
    if any(len(set(part.names)) < len(part.names) for part in parts):
        raise OptionError(f"two parameters of one likelihood cannot have the same name: {listed(names.values())}")
    return together(parts)


def added(a: Bound, b: Bound) -> Bound:
    """The sum of two likelihoods."""
    return together([*_parts(a), *_parts(b)])


def _parts(bound: Bound) -> list[Part]:
    """The likelihoods that one is a sum of: itself, if it is none."""
    model = bound.model
    if isinstance(model.family, Joint):
        return list(model.family.parts)
    if model.fixed:
        raise OptionError(f"{listed(model.fixed)}: an estimate that is an extreme of the data cannot be shared")
    if any(slot.entry is not None and slot.constant for slot in model.slots):
        raise OptionError("probabilities that sum to 1 cannot be shared as they are; use a formula '~ x', or Bernoulli")
    return [Part(bound, tuple(model.names()))]


def together(parts: list[Part]) -> Bound:
    """The bound model of several parts."""
    family = Joint(tuple(parts))
    ys = [np.asarray(part.bound.y, dtype=float) for part in parts]
    if any(y.ndim > 1 for y in ys):  # data of a density, side by side to be told apart
        width = max(y.shape[1] if y.ndim > 1 else 1 for y in ys)
        ys = [y.reshape(len(y), -1) for y in ys]
        ys = [np.pad(y, ((0, 0), (0, width - y.shape[1]))) for y in ys]
    weights = None
    if any(part.bound.weights is not None for part in parts):
        each = [np.ones(len(p.bound.y)) if p.bound.weights is None else p.bound.weights for p in parts]
        weights = np.concatenate(each)
    kinds = {part.bound.weights_kind for part in parts if part.bound.weights is not None} or {"frequency"}
    if len(kinds) > 1 or (len(parts) > 1 and "sampling" in kinds):
        raise OptionError(f"the likelihoods have weights of kinds that do not add: {listed(sorted(kinds))}")
    kind = kinds.pop()
    response = ", ".join(dict.fromkeys(part.bound.model.response for part in parts))
    n = sum(map(len, ys))
    model = Model(family, family.slots, {}, response, weights_kind=kind)
    asked = Asked(family, weights=weights, weights_kind=kind)
    return Bound(asked, model, Rows(n, np.concatenate(ys), weights), Table.without_columns(n), None, {})
