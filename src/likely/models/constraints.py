"""Penalties and constraints as the user gives them, and in terms of a model's coefficients.

Constraints are linear in the coefficients on the link scale. One on a single constant is given on the scale on which
the constant is reported and mapped to its link, which is monotone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from scipy import optimize

from likely.compute.solve.equalities import independent, remainder
from likely.errors import OptionError, ParameterError, listed
from likely.errors.kinds import is_number
from likely.models import limits, scale
from likely.models.asked import RESTRAINTS, Asked
from likely.models.hypotheses import relations, text
from likely.models.model import Model
from likely.models.naming import Form, Names
from likely.models.penalties import Applied, applied
from likely.models.rows import Rows
from likely.models.slot import Slot
from likely.namespace import JetNamespace
from likely.namespace.arrays import Floats
from likely.show.records import attributes

Relation = tuple[Form, bool]  # left side minus right side, and whether it is 0 (else at most 0)


@final
@dataclass(frozen=True)
class Restraints:
    """What a search is asked to respect, as the user gave it.

    Attributes
    ----------
    penalty : Penalty, dict of them by name, or None
    fixed : mapping of str to float
    bounds : mapping of str to (float or None, float or None)
    constraints : str, or tuple of relations
    """

    penalty: Any = None
    fixed: Mapping[str, float] = field(default_factory=dict)
    bounds: Mapping[str, Any] = field(default_factory=dict)
    constraints: Any = None

    @classmethod
    def of(cls, asked: Asked) -> Restraints | None:
        """Those that were asked for; None for none."""
        found = cls(**asked.restraints)
        return found if found else None

    @property
    def options(self) -> dict[str, Any]:
        """The same as options of a search."""
        return attributes(self, RESTRAINTS)

    def relations(self, model: Model) -> list[Relation]:
        """Everything but the penalty as equations and inequalities in the names of the estimates."""
        names, out = Names(scale.reported_names(model), model.slots), list[Relation]()
        for name, value in _by_name("fixed", self.fixed, names, "{'mean.x': 1.0}"):
            out.append(({name: 1.0, "": -_number(f"fixed={{{name!r}: ...}}", value)}, True))
        for name, pair in _by_name("bounds", self.bounds, names, "{'mean.x': (0, None)}"):
            out += _bound_relations(name, pair)
        if self.constraints is not None and self.constraints != ():
            given = self.constraints
            made = isinstance(given, tuple) and all(
                isinstance(one, tuple) and isinstance(one[0], dict) for one in given
            )
            out += list(given) if made else relations(given, names)
        return out

    def penalty_of(self, model: Model, data: Rows) -> Applied | None:
        """The penalty in terms of the coefficients; None for none."""
        if self.penalty is None:
            return None
        if not isinstance(self.penalty, Mapping):
            return applied(self.penalty, model, data)
        names, known = Names(scale.reported_names(model), model.slots), {s.parameter.name for s in model.slots}
        full = {name: name if name in known else names.full(name) for name in self.penalty}
        if len(set(full.values())) < len(full):
            raise OptionError(f"penalty= names a coefficient twice: {listed(self.penalty)}")
        return applied({full[name]: one for name, one in self.penalty.items()}, model, data)

    def region(self, model: Model) -> Region | None:
        """The constraints in terms of the coefficients; None for none."""
        wanted = self.relations(model)
        return region_of(model, wanted) if wanted else None

    def reach(self, model: Model, index: int) -> tuple[float, float]:
        """The least and the greatest value that the constraints allow a coefficient."""
        region = self.region(model)
        return (-np.inf, np.inf) if region is None else region.reach(index)

    def about(self, name: str, model: Model) -> bool:
        """Whether a constraint names an estimate."""
        return any(form.get(name, 0.0) != 0.0 for form, _ in self.relations(model))

    def renamed(self, names: Mapping[str, str], model: Model) -> Restraints:
        """The same for the limiting family of a model."""
        penalty = self.penalty
        if isinstance(penalty, Mapping):
            penalty = {limits.renamed(name, names): one for name, one in penalty.items()}
        forms = tuple(
            ({limits.renamed(name, names) if name else "": c for name, c in form.items()}, equal)
            for form, equal in self.relations(model)
        )
        return Restraints(penalty, constraints=forms)

    def __bool__(self) -> bool:
        return self.penalty is not None or bool(self.fixed) or bool(self.bounds) or self.constraints not in (None, ())


@final
@dataclass(frozen=True, eq=False)
class Region:
    """Coefficients x with ``equal @ x = values`` and ``rows @ x <= room``; the words are those of the user's scale."""

    equal: Floats
    values: Floats
    equal_text: tuple[str, ...]
    rows: Floats
    room: Floats
    text: tuple[str, ...]

    @property
    def box(self) -> tuple[Any, Any] | None:
        """Lower and upper bounds of the coefficients; None where a relation is about several."""
        p = self.equal.shape[1]
        lower, upper = np.full(p, -np.inf), np.full(p, np.inf)
        stacked = np.vstack([self.equal, self.rows])
        if np.any(np.count_nonzero(stacked, axis=1) != 1):
            return None
        for row, value in zip(self.equal, self.values, strict=True):
            j = int(np.flatnonzero(row)[0])
            lower[j] = upper[j] = value / row[j]
        for row, value in zip(self.rows, self.room, strict=True):
            j = int(np.flatnonzero(row)[0])
            if row[j] > 0:
                upper[j] = min(upper[j], value / row[j])
            else:
                lower[j] = max(lower[j], value / row[j])
        return lower, upper

    def reach(self, index: int) -> tuple[float, float]:
        """The least and the greatest value of a coefficient within."""
        if (box := self.box) is not None:
            return float(box[0][index]), float(box[1][index])
        ends = []
        for sign in (1.0, -1.0):
            aim = np.zeros(self.equal.shape[1])
            aim[index] = sign
            found = optimize.linprog(aim, self.rows, self.room, self.equal, self.values, (None, None))
            ends.append(float(found.x[index]) if found.status == 0 else -sign * np.inf)
        return ends[0], ends[1]


def free_region(size: int) -> Region:
    """No constraint at all."""
    return Region(np.zeros((0, size)), np.zeros(0), (), np.zeros((0, size)), np.zeros(0), ())


def region_of(model: Model, wanted: list[Relation]) -> Region:
    """The region that relations between reported values describe; an error where equations contradict each other."""
    equal: list[tuple[Any, float, str]] = []
    unequal: list[tuple[Any, float, str]] = []
    for form, is_equal in wanted:
        wording = text(form) if is_equal else _inequality_text(form)
        row, value = _on_link_scale(model, form, is_equal, wording)
        if not np.any(row):
            if (is_equal and value != 0.0) or value < 0.0:
                raise OptionError(f"the constraint {wording!r} cannot hold")
            continue
        if np.isfinite(value):
            (equal if is_equal else unequal).append((row, value, wording))
    keep = _consistent(equal, model.size)
    p = model.size
    return Region(
        np.array([equal[i][0] for i in keep]).reshape(-1, p),
        np.array([equal[i][1] for i in keep]),
        tuple(equal[i][2] for i in keep),
        np.array([row for row, _, _ in unequal]).reshape(-1, p),
        np.array([value for _, value, _ in unequal]),
        tuple(wording for _, _, wording in unequal),
    )


def _consistent(equal: list[tuple[Any, float, str]], size: int) -> list[int]:
    """The equations that do not follow from earlier ones."""
    rows = np.array([row for row, _, _ in equal]).reshape(-1, size)
    values = np.array([value for _, value, _ in equal])
    keep = independent(rows)
    for i in sorted(set(range(len(equal))) - set(keep)):
        combination, _ = remainder(rows[i], rows[keep])
        implied = float(combination @ values[keep])
        if abs(implied - values[i]) > 1e-9 * max(1.0, abs(implied), abs(values[i])):
            others = [equal[k][2] for k, c in zip(keep, combination, strict=True) if abs(c) > 1e-9]
            raise OptionError(f"the constraints contradict each other: {equal[i][2]!r} cannot hold with {others}")
    return keep


def _on_link_scale(model: Model, form: Form, is_equal: bool, wording: str) -> tuple[Any, float]:
    """A relation as a row and its right side; the latter infinite where it holds everywhere."""
    row = np.zeros(model.size)
    names = [name for name, c in form.items() if name and c != 0.0]
    places = [_place(model, name) for name in names]
    bent = [slot for slot, _ in places if slot.constant and slot.link.name != "identity"]
    constant = form.get("", 0.0)
    if not bent:
        for name, (_, j) in zip(names, places, strict=True):
            row[j] += form[name]
        return row, -constant
    slot, j = places[0]
    if len(names) == 1:
        return _of_one_constant(model, slot, j, -constant / form[names[0]], form[names[0]], is_equal)
    other, k = places[1]
    alike = len(names) == 2 and constant == 0.0 and form[names[0]] == -form[names[1]]
    if alike and slot.constant and other.constant and slot.link.name == other.link.name:
        sign = np.sign(form[names[0]]) * (1.0 if is_equal else _direction(slot))
        row[j], row[k] = sign, -sign
        return row, 0.0
    raise OptionError(
        f"the constraint {wording!r} is not linear in the coefficients: {bent[0].label} is estimated on the "
        f"{bent[0].link.name} scale. Constants on such a scale can be held, bounded, or set equal to one another"
    )


def _of_one_constant(
    model: Model, slot: Slot, j: int, value: float, factor: float, is_equal: bool
) -> tuple[Any, float]:
    """The row is in units of the constant itself, so that its multiplier is too."""
    row, domain = np.zeros(model.size), slot.parameter.domain
    if is_equal:
        domain.check(slot.label, value)
    with np.errstate(all="ignore"):
        inside = min(max(value, domain.lower), domain.upper)
        eta = float(slot.link.forward(np.float64(inside)))
    if is_equal and not np.isfinite(eta):
        raise ParameterError(
            f"{slot.label} = {value:g} is the end of its domain; give it to the family as a known value instead: "
            f"{model.family.title}({slot.label}={value:g})"
        )
    sign = 1.0 if is_equal else np.sign(factor) * _direction(slot)
    if sign * eta == -np.inf:
        relation = "at most" if factor > 0 else "at least"
        raise ParameterError(f"{slot.label} must be {domain.name}; it cannot be {relation} {value:g}")
    with np.errstate(all="ignore"):
        unit = (
            float(slot.link.inverse(JetNamespace(1).variable(0, eta), JetNamespace(1)).g[0])
            if np.isfinite(eta)
            else 1.0
        )
    row[j] = sign * abs(unit)
    return row, sign * abs(unit) * eta


def _direction(slot: Slot) -> float:
    """Whether a constant rises (1) or falls (-1) with its linear predictor."""
    return 1.0 if slot.natural(0.5) > slot.natural(-0.5) else -1.0


def _place(model: Model, name: str) -> tuple[Slot, int]:
    for slot in model.slots:
        if name in slot.names and not slot.shared:
            return slot, slot.start + slot.names.index(name)
    raise OptionError(
        f"{name} is one of several probabilities that sum to 1; constraints are about coefficients, or constants of "
        "their own"
    )


def _inequality_text(form: Form) -> str:
    """An inequality, written with its first coefficient positive."""
    first = next((c for name, c in form.items() if name and c != 0.0), 1.0)
    return text(form, "<=") if first > 0 else text({name: -c for name, c in form.items()}, ">=")


def _by_name(option: str, given: Any, names: Names, example: str) -> list[tuple[str, Any]]:
    if not isinstance(given, Mapping):
        raise OptionError(f"{option} is a dict by name such as {example}; found {given!r}")
    return [(names.one(name), value) for name, value in given.items()]


def _number(what: str, value: Any) -> float:
    number = is_number(value)
    if not number or not np.isfinite(value):
        raise OptionError(f"{what} takes a finite number, found {value!r}")
    return float(value)


def _bound_relations(name: str, pair: Any) -> list[Relation]:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise OptionError(
            f"bounds of {name} are a pair (lower, upper), None where there is none, such as (0, None); found {pair!r}"
        )
    lower, upper = (
        None if v is None or (isinstance(v, float) and v == none) else _number(f"bounds={{{name!r}: ...}}", v)
        for v, none in zip(pair, (-np.inf, np.inf), strict=True)
    )
    if lower is not None and upper is not None:
        if lower > upper:
            raise OptionError(f"the lower bound of {name}, {lower:g}, is above its upper bound, {upper:g}")
        if lower == upper:
            return [({name: 1.0, "": -lower}, True)]
    out: list[Relation] = []
    if lower is not None:
        out.append(({name: -1.0, "": lower}, False))
    if upper is not None:
        out.append(({name: 1.0, "": -upper}, False))
    return out
