"""Which kind of likelihood a model has: the one place that looks at the type of its family."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from likely.data import tables
from likely.data.tables import Table
from likely.errors import OptionError
from likely.families.base import Family
from likely.families.conditional_logit import ConditionalLogit
from likely.likelihoods import joint, rows, strata
from likely.likelihoods.density import Density, saved
from likely.likelihoods.density import objective as density
from likely.likelihoods.density.bound import bind_density
from likely.likelihoods.density.columns import ColumnsRead, read_columns
from likely.likelihoods.joint import Joint
from likely.likelihoods.protocol import Objective, Offers
from likely.models.asked import Asked
from likely.models.bind import Bound, bind
from likely.models.model import Model
from likely.models.rows import Rows


def bound_of(asked: Asked, data: Any) -> Bound:
    """The model that was asked for, and its checked data."""
    match asked.family:
        case Density():
            return bind_density(asked.family, asked, data)
        case _:
            return bind(asked, data)


def objective_of(model: Model, data: Rows) -> Objective:
    """The log-likelihood of a model, of the kind that its family asks for.

    Parameters
    ----------
    model : Model
    data : Rows
    """
    match model.family:
        case ConditionalLogit():
            return strata.StrataObjective(model, data)
        case Density():
            return density.DensityObjective(model, data)
        case Joint():
            return joint.JointObjective(model, data, objective_of)
        case _:
            return rows.RowsObjective(model, data)


def offers_of(family: Family) -> Offers:
    """What the likelihood of a family's models offers, before there are data."""
    match family:
        case ConditionalLogit():
            return strata.OFFERS
        case Density():
            return density.offers_of(family)
        case Joint():
            return joint.OFFERS
        case _:
            return rows.OFFERS


def has_functions(family: Family) -> bool:
    """Whether the objective of a family's models is one of functions of parameters and data."""
    return isinstance(family, Density)


def model_to_dict(model: Model) -> dict[str, Any]:
    """A model of any kind as plain data for JSON, without rows; see `Model.to_dict`."""
    match model.family:
        case Joint():
            return joint.model_to_dict(model, model_to_dict)
        case Density():
            return saved.model_to_dict(model)
        case _:
            return model.to_dict()


def model_from_dict(data: Mapping[str, Any], families: Mapping[str, Callable[..., Family]]) -> Model:
    """The model that `model_to_dict` gave the data of."""
    if "density" in data:
        return saved.model_from_dict(data, families)
    if "sum" in data:
        return joint.model_from_dict(data, lambda part: model_from_dict(part, families))
    return Model.from_dict(data, families)


def columns_read(model: Model) -> list[Any]:
    """What a density reads beside its response: columns, and what known parameters were given as."""
    match model.family:
        case Density():
            return [*ColumnsRead.of(model).names, *model.family.specs.values()]
        case _:
            return []


def table_of(asked: Asked, data: Any) -> Table:
    """The columns of the data of a fit, as its likelihood reads them; arrays of more dimensions are none."""
    match asked.family:
        case Density():
            return read_columns(data, asked.na)[0]
        case Joint():
            raise OptionError("the fit is of a sum of likelihoods, whose data no one table holds: fit them anew")
        case _:
            return tables.read(data, asked.na)


def single_peaked(model: Model) -> bool:
    """Whether the family vouches for a log-likelihood with one peak and no plateau, whatever the data."""
    family = model.family
    if family.kind.labels or offers_of(family).single_peaked:
        return True
    if family.concave is None or not model.slots:
        return not model.slots
    vouched = family.concave
    return all(
        slot.link.name in vouched[slot.parameter.name]
        if slot.parameter.name in vouched
        else slot.constant and bool(vouched)
        for slot in model.slots
    )
