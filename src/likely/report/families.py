"""The families in words: what each assumes, its parameters, and the usual name of its loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

from likely.families import FAMILIES, ConditionalLogit, get_family
from likely.families.base import Family
from likely.report.blocks import Block, LabelledRows, Title, as_text
from likely.show.text_table import Grid


@final
@dataclass(frozen=True)
class FamilyCard:
    """One family in full."""

    family: Family

    @classmethod
    def of(cls, name: str) -> FamilyCard:
        """The card of the family with this name or alias."""
        return cls(get_family(name))

    @property
    def signature(self) -> str:
        """``"Normal(mean, sd)"``."""
        return f"{self.family.title}({', '.join(p.name for p in self.family.parameters)})"

    @property
    def support(self) -> str:
        """Which observations it is for."""
        if self.family.kind.labels:
            return self.family.kind.value
        if any(p.known_only and p.domain.integer for p in self.family.parameters):
            return f"{self.family.support.text}, at most n"
        return self.family.support.text

    @property
    def blocks(self) -> list[Block]:
        """The card in order."""
        family = self.family
        rows = tuple(
            (
                p.name,
                p.meaning,
                p.domain.name,
                "always known" if p.known_only else "none: an edge of the data" if p.edge else p.domain.link,
                "" if p.known_only or p.edge else ", ".join(k for k in p.domain.links if k != p.domain.link),
            )
            for p in family.parameters
        )
        lines = [("assumes", family.assumes), ("data", self.support), ("usual loss", family.loss_name)]
        names = [family.name, *family.aliases]
        lines.append(("names", ", ".join(names)))
        for limit in family.limits:
            simpler = limit.becomes().title
            lines.append(("limit", f"{simpler}, as {limit.parameter} goes to {_word(limit.at)}"))
        out: list[Block] = [Title(self.signature, True), LabelledRows(tuple(lines))]
        grid = Grid(("parameter", "meaning", "domain", "link"), tuple(row[:4] for row in rows), "llll")
        others = [f"{row[0]}: {row[4]}" for row in rows if row[4]]
        return [*out, grid, *([f"Other links: {'; '.join(others)}."] if others else [])]

    def __str__(self) -> str:
        return as_text(self.blocks)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON."""
        family = self.family
        return {
            "name": family.name,
            "title": family.title,
            "aliases": list(family.aliases),
            "assumes": family.assumes,
            "data": self.support,
            "discrete": family.kind.discrete,
            "loss": family.loss_name,
            "parameters": [
                {
                    "name": p.name,
                    "meaning": p.meaning,
                    "domain": p.domain.name,
                    "link": None if p.known_only or p.edge else p.domain.link,
                    "links": [] if p.known_only or p.edge else list(p.domain.links),
                    "known_only": p.known_only,
                }
                for p in family.parameters
            ],
            "limits": [
                {"parameter": limit.parameter, "at": _word(limit.at), "becomes": limit.becomes().title}
                for limit in family.limits
            ],
        }


@final
@dataclass(frozen=True)
class FamilyList:
    """Every built-in family, in short."""

    cards: tuple[FamilyCard, ...]

    @classmethod
    def all(cls) -> FamilyList:
        """The built-in families in the order of their list."""
        return cls((*(FamilyCard(family()) for family in FAMILIES.values()), FamilyCard(ConditionalLogit())))

    @property
    def blocks(self) -> list[Block]:
        """The list, and where to read on."""
        lines = tuple(
            (c.signature, f"{c.family.assumes}. Data: {c.support}. Loss: {c.family.loss_name}.") for c in self.cards
        )
        return [LabelledRows(lines), "likely families NAME tells what each parameter means and where it lives."]

    def __str__(self) -> str:
        return as_text(self.blocks)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON."""
        return {"families": [card.to_dict() for card in self.cards]}


def _word(value: float) -> str:
    return "infinity" if value == float("inf") else f"{value:g}"
