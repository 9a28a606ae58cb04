"""Linear predictors: designs, links and offsets of every free parameter, learnt from a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from likely.compute import blocks
from likely.compute.blocks import Matrix
from likely.data import learn
from likely.data.design import Design
from likely.data.learn import LearntStates
from likely.errors import OptionError
from likely.families.base import Family, Parameter
from likely.models.bind.batch import Batch
from likely.models.bind.links import link_for
from likely.models.identify import without_aliased, without_place_of_intercept
from likely.models.slot import Slot


@final
@dataclass(frozen=True)
class _Parts:
    """What the user gave for each parameter, turned into designs and offsets of the rows of a batch."""

    batch: Batch
    learnt: LearntStates | None

    def refuse_formula(self, p: Parameter) -> None:
        title = self.batch.request.family.title
        if p.name in self.batch.right_sides or p.name in self.batch.offsets:
            raise OptionError(
                f"{p.name} of {title} takes no formula: its estimate is an extreme of the data, "
                "where the likelihood has no derivative"
            )

    @property
    def without_aliased(self) -> bool:
        return self.batch.request.asked.aliased == "drop"

    def design(self, p: Parameter) -> tuple[Design, Matrix] | None:
        """The design of a parameter and its matrix; None for a constant, which is reported on its natural scale."""
        right, table = self.batch.right_sides.get(p.name), self.batch.selected.table
        if p.anchored and (right is None or (isinstance(right, str) and right in ("0", "1"))):
            return learn.empty(table.n)
        if right is None or (isinstance(right, str) and right == "1"):
            return None
        if isinstance(right, str):
            design, x = learn.from_formula(right, table, self.learnt)
        else:
            design, x = learn.from_matrix(right, table)
        if not design.names:
            raise OptionError(f"the formula of {p.name} has no terms; write '~ 1' for a constant")
        if self.without_aliased:
            design, x = without_aliased(design, x)
        if p.anchored and "Intercept" in design.names:
            rest = [j for j, name in enumerate(design.names) if name != "Intercept"]
            return design.without("Intercept"), blocks.select(x, rest)
        return None if design.names == ("Intercept",) else (design, x)

    def designs(
        self, parameters: list[Parameter], first: Parameter
    ) -> list[tuple[Parameter, tuple[Design, Matrix] | None]]:
        """The designs of all parameters; where asked to, without what the thresholds make up of a location's."""
        made = [(p, self.design(p)) for p in parameters]
        cuts = next(((p.name, design) for p, design in made if p.vector), None)
        if not self.without_aliased or not first.anchored or cuts is None:
            return made
        name, place = cuts
        return [
            (p, without_place_of_intercept(*design, place, name) if p is first and design is not None else design)
            for p, design in made
        ]


def slots_of(
    batch: Batch, family: Family, learnt: LearntStates | None = None
) -> tuple[tuple[Slot, ...], dict[str, Matrix]]:
    """One linear predictor for every free parameter, several for a vector; their matrices by label.

    Parameters
    ----------
    batch : Batch
    family : Family
        Bound to the levels of the response.
    learnt : LearntStates, optional
        What was learnt of all rows, where the batch has some that show every level.
    """
    parts, free = _Parts(batch, learnt), list(batch.request.family.free)
    slots: list[Slot] = []
    matrices: dict[str, Matrix] = {}
    for p in free:
        if p.edge:
            parts.refuse_formula(p)
    made = parts.designs([p for p in free if not p.edge], family.parameters[0])
    for p, both in made:
        design, x = both or (None, None)
        offset = tuple(batch.offsets.get(p.name, ())) or None
        chosen = p.domain.get_link(p.name, link_for(p.name, batch.request.link, free))
        width = 1 if design is None else len(design.names)
        for entry in p.domain.predictors(family.levels or ()):
            start = slots[-1].stop if slots else 0
            slots.append(Slot(p, chosen, design, offset, start, start + width, entry))
            if design is not None:
                matrices[slots[-1].label] = x
    return tuple(slots), matrices
