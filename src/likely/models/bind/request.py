"""What was asked for, with its family and its formulas settled, before any table is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from likely.errors import OptionError, ParameterError
from likely.families import get_family
from likely.families.base import Family
from likely.families.base.domains import Groups
from likely.models import checks
from likely.models.asked import Asked


@final
@dataclass(frozen=True, eq=False)
class Request:
    """What was asked for, checked as far as it can be without data.

    Attributes
    ----------
    asked : Asked
        With a family, not its name.
    family : Family
        With the links that were asked for.
    link : str, mapping or None
        What is left of the argument, for the other parameters.
    formulas : mapping
        Of parameters by name, beside the one of the response.
    """

    asked: Asked
    family: Family
    link: Mapping[str, str] | str | None
    formulas: Mapping[str, Any]

    @classmethod
    def of(cls, asked: Asked, data: Any = None) -> Request:
        """The request, once its arguments fit the family; `data` tells arguments in the wrong order."""
        checks.check_weights_kind(asked.weights_kind, asked.weights is not None)
        formulas = dict(asked.formulas)
        family, link = _checked_family(asked.family, data, asked.formula, formulas).linked(asked.link)
        if not isinstance(asked.family, Family):
            asked = asked.replace(family=get_family(asked.family))
        return cls(asked, family, link, formulas)


def _checked_family(family: Any, data: Any, formula: Any, formulas: dict[str, Any]) -> Family:
    """The family, once the arguments fit it."""
    checks.check_order(family, data, formula)
    family = get_family(family)
    groups = [p.name for p in family.parameters if p.domain is Groups and p.name in formulas]
    if groups:  # a column of labels is no formula
        family = type(family)(**{**family.known, **{name: formulas.pop(name) for name in groups}})
    for name in formulas:
        checks.check_argument(family, name)
        if family.parameter(name).known_only or name in family.known:
            raise OptionError(f"{name} of {family!r} is known; it takes no formula")
    for p in family.parameters:
        if p.known_only and p.name not in family.known:
            if p.domain is Groups:
                raise ParameterError(f"{family.title} needs its {p.name} ({p.meaning}): {p.name}='<column>'")
            example = 10 if p.domain.integer else 0.5
            raise ParameterError(
                f"{family.title} needs its {p.name} ({p.meaning}): {family.title}({p.name}={example}), or a column: "
                f"{family.title}({p.name}='<column>')"
            )
    return family
