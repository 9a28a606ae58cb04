"""How a fit was asked for, found again from its record: the arguments of `likely.fit`, and the code that repeats it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.covariance.request import default, usual_correction
from likely.data import design as designs
from likely.errors import LikelyError
from likely.families import FAMILIES
from likely.models.model import Slot

if TYPE_CHECKING:
    from likely.families.base import Family
    from likely.models.bind import Bound
    from likely.models.model import Model
    from likely.results import Fit

ELLIPSIS = "..."  # stands in the code for what cannot be written as text


@final
@dataclass(frozen=True)
class Recipe:
    """The arguments that made a fit.

    Attributes
    ----------
    fit : Fit

    Examples
    --------
    >>> import likely as lk
    >>> fit = lk.fit("normal", {"y": [1.0, 2.0, 4.0, 3.0], "x": [1, 2, 3, 5]}, "y ~ x", cov="HC1")
    >>> print(Recipe(fit).code("data"))
    fit = lk.fit(lk.Normal(), data, "y ~ x", cov="HC1")
    """

    fit: Fit

    @property
    def _model(self) -> Model:
        return self.fit.likelihood.model

    @property
    def _bound(self) -> Bound:
        return self.fit.likelihood.bound

    # -- what was asked for --------------------------------------------------------------------------------

    @cached_property
    def formula(self) -> Any:
        """The first argument after the data: text, a matrix, or None for constants of a single column."""
        if self._model.formula is not None:
            return self._model.formula
        first = next((slot for slot in self._first_slots() if slot.design is not None), None)
        return None if first is None else self._bound.data.designs[first.label]

    @cached_property
    def options(self) -> dict[str, Any]:
        """What else the model was given: formulas, links, offsets, weights, what was done about missing values."""
        out: dict[str, Any] = {}
        for slot in self._later_slots():
            if slot.design is not None and slot.names:
                right = slot.design.formula
                out[slot.parameter.name] = self._bound.data.designs[slot.label] if right is None else f"~ {right}"
        links = {s.parameter.name: s.link.name for s in self._slots() if self._other_link(s)}
        out |= {"link": links} if links else {}
        out |= self._offsets()
        if self._bound.weighted:
            out["weights"] = self.weights
            out |= {"weights_kind": self._bound.weights_kind} if self._bound.weights_kind != "frequency" else {}
        out |= {"na": list(self._bound.table.na)} if self._bound.table.na else {}
        out |= {"missing": "drop"} if self._bound.dropped else {}
        out |= {"aliased": "drop"} if self.fit.aliased else {}
        return out

    @cached_property
    def search(self) -> dict[str, Any]:
        """What the search was given: penalty, constraints, separation, covariance."""
        out = {name: value for name, value in self.fit.asked.restraints.items() if value not in (None, (), {})}
        out |= {"separation": "drop"} if self._bound.separation is not None and self.fit.converged else {}
        request = self.fit._request
        student = request.small_sample == "t"
        usual = "HC1" if student and self._bound.pseudo else default(self._bound).kind
        if request.kind != usual:
            out["cov"] = request.kind
        out |= {"small_sample": "t"} if student else {}
        if request.clusters:
            names = [name if name in self._bound.table else ... for name, _ in request.clusters]
            out["cluster"] = names[0] if len(names) == 1 else names
        return out

    @cached_property
    def weights(self) -> Any:
        """The column that the weights are, by comparing them; else one number for each row of the data."""
        table, given = self._bound.table, self._bound.given_weights
        for name in table.names:
            values = (table.number if name in table.readings else table.column)(name)
            if values.dtype.kind in "fiu" and np.array_equal(np.asarray(values, dtype=float), given, equal_nan=True):
                return name
        return given

    # -- its parts -----------------------------------------------------------------------------------------

    def _slots(self) -> Iterator[Slot]:
        """The first slot of every parameter."""
        for group in self._model.groups:
            yield group[0]

    def _first_slots(self) -> list[Slot]:
        free = [p.name for p in self._model.family.free]
        return [slot for slot in self._slots() if free and slot.parameter.name == free[0]]

    def _later_slots(self) -> list[Slot]:
        first = {slot.parameter.name for slot in self._first_slots()}
        return [slot for slot in self._slots() if slot.parameter.name not in first]

    @staticmethod
    def _other_link(slot: Slot) -> bool:
        plain = slot.entry is None and not (slot.constant or slot.idle)
        return plain and slot.link.name != slot.parameter.domain.link

    def _offsets(self) -> dict[str, Any]:
        """Offsets by parameter, without those that stand in the first formula."""
        first = {slot.parameter.name for slot in self._first_slots()}
        out: dict[str, Any] = {}
        for slot in self._slots():
            specs = list(slot.offset or ())
            if slot.parameter.name in first and isinstance(self.formula, str) and specs:
                inside = designs.offsets(designs.quote(designs.split(self.formula)[1], self._bound.table.names))[1]
                specs = specs[: len(specs) - len(inside)]
            if specs:
                one = specs[0] if len(specs) == 1 else _sum(specs)
                out[slot.parameter.name] = one
        if len(out) == 1 and next(iter(out)) in first:
            return {"offset": next(iter(out.values()))}
        return {"offset": out} if out else {}

    # -- as code -------------------------------------------------------------------------------------------

    def code(self, data: str, family: Any = None, formula: Any = None, **changes: Any) -> str:
        """The call that repeats the fit, of `data` as an expression; ``...`` where something is no text.

        Another family, another formula or further options give the call that fits those in its place.
        """
        options = self.options if family is None else self.carried(family)
        search = dict(self.search)
        if family is not None and self.fit._request.of_quantile:
            search.pop("cov", None)  # another family may be no quantile regression
        options = {**options, **search, **changes}
        formula = self.formula if formula is None else formula
        arguments = [_family_text(self._model) if family is None else f"lk.{family!r}", data]
        arguments += [] if formula is None or not self._needs_formula() else [_text(formula)]
        arguments += [f"{name}={_text(value)}" for name, value in options.items()]
        code = f"fit = lk.fit({', '.join(arguments)})"
        if len(code) > 96:
            code = "fit = lk.fit(\n    " + ",\n    ".join(arguments) + ",\n)"
        if further := self._further_covariance():
            told = "".join(f", {name}={_text(value)}" for name, value in further.items())
            code += f"\nfit = fit.with_cov({_text(self.fit.cov_kind)}{told})"
        return code

    def _further_covariance(self) -> dict[str, Any]:
        """What of a covariance only `Fit.with_cov` takes."""
        request = self.fit._request
        usual = usual_correction(self._bound, request.kind, request.small_sample == "t")
        out = {"correction": request.correction} if request.robust and request.correction != usual else {}
        out |= {"bread": request.bread} if request.bread != "observed" else {}
        out |= request.further
        return {"cluster": self.search["cluster"], **out} if out and request.clusters else out

    def _needs_formula(self) -> bool:
        """Whether the data alone do not say what is fitted."""
        plain = isinstance(self.formula, str) and self._bound.table.names == [self.formula]
        return not plain or self._bound.table.named

    @property
    def complete(self) -> bool:
        """Whether the code holds all that is needed but the data."""
        return ELLIPSIS not in self.code("data") and type(self._model.family) in {*FAMILIES.values()}

    # -- columns -------------------------------------------------------------------------------------------

    @cached_property
    def columns(self) -> list[str]:
        """Names of the data's columns that the fit used, in the order of the data."""
        table = self._bound.table
        texts = [self._model.response, self.formula]
        texts += [slot.design.formula for slot in self._model.slots if slot.design is not None]
        texts += [spec for slot in self._model.slots for spec in slot.offset or ()]
        texts += list(self._model.family.known.values())
        texts += [self.weights] if self._bound.weighted else []
        texts += [name for name, _ in self.fit._request.clusters]
        used = {name for text in texts if isinstance(text, str) for name in _names(text, table.names)}
        return [name for name in table.names if name in used] or list(table.names)

    def again(self, family: Any = None, **changes: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments that fit another family, or the same with other options, to the same rows."""
        arguments = (family if family is not None else self._model.family, self._bound.table, self.formula)
        return arguments, {**(self.options if family is None else self.carried(family)), **changes}

    def carried(self, family: Family) -> dict[str, Any]:
        """The options for another family: formulas of later parameters go to its own, links where it has them."""
        own = [p.name for p in self._model.family.free]
        theirs = [p.name for p in family.free]
        renamed = dict(zip(own, theirs, strict=False))
        out: dict[str, Any] = {}
        for name, value in self.options.items():
            if name in own:
                if name in renamed:
                    out[renamed[name]] = value
            elif name == "link":
                links = {renamed[k]: v for k, v in value.items() if k in renamed}
                kept = {k: v for k, v in links.items() if v in family.parameter(k).domain.links}
                out |= {"link": kept} if kept else {}
            elif name == "offset" and isinstance(value, dict):
                out["offset"] = {renamed[k]: v for k, v in value.items() if k in renamed}
            else:
                out[name] = value
        return out


def _names(text: str, names: list[str]) -> set[str]:
    """The columns in a formula or an expression."""
    if text in names:
        return {text}
    out: set[str] = set()
    for side in designs.quote(text, names).split("~"):
        if side.strip():
            try:
                out |= {name for name in designs.variables(side) if name in names}
            except LikelyError:
                continue
    return out


def _sum(specs: list[Any]) -> Any:
    if all(isinstance(spec, str) for spec in specs):
        return f"I({' + '.join(f'({spec})' for spec in specs)})"
    return ...


def _family_text(model: Model) -> str:
    """The family as code: ``lk.Normal(sd='se')``, or the name of a user's own."""
    family = model.family
    known = type(family).__module__.startswith("likely.")
    text = repr(family)
    if "array(" in text or "\n" in text:
        text = f"{family.title}({', '.join(f'{k}={_text(v)}' for k, v in family.known.items())})"
    return f"lk.{text}" if known else text


def _text(value: Any) -> str:
    """An argument as code."""
    if isinstance(value, str):
        return _quoted(value)
    if value is ... or isinstance(value, np.ndarray) or hasattr(value, "shape"):
        return ELLIPSIS
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_quoted(str(k))}: {_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        inner = ", ".join(map(_text, value))
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
    if type(value).__module__ == "likely.models.penalties":
        return f"lk.{value!r}"
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)
    return ELLIPSIS


def _quoted(text: str) -> str:
    """A text in double quotes, as the pages write it."""
    shown = repr(text)
    return f'"{shown[1:-1]}"' if shown.startswith("'") and '"' not in text else shown
