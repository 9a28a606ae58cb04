"""The code that repeats a fit, and the fits of its neighbours, from what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.data import design as designs
from likely.errors import LikelyError
from likely.estimates.covariance.request import usual_correction
from likely.families import FAMILIES
from likely.likelihoods.kinds import columns_read
from likely.likelihoods.log_likelihood import log_likelihood
from likely.models.asked import RESTRAINTS
from likely.models.penalties import Penalty
from likely.show.records import attributes

if TYPE_CHECKING:
    from likely.estimates import Estimates
    from likely.families.base import Family
    from likely.likelihoods.log_likelihood import LogLikelihood
    from likely.models.asked import Asked
    from likely.models.bind import Bound
    from likely.models.model import Model

ELLIPSIS = "..."  # stands in the code for what cannot be written as text
OF_THE_CALL = ("on_failure", "progress")  # what says nothing of the estimates
KEPT = (*RESTRAINTS, "cov", "cluster", "small_sample", "separation")  # of a search, by the fit of a neighbour


@final
@dataclass(frozen=True)
class Recipe:
    """What made a fit, as code, and what fits its neighbours.

    Attributes
    ----------
    fit : Estimates

    Examples
    --------
    >>> import likely as lk
    >>> fit = lk.fit("normal", {"y": [1.0, 2.0, 4.0, 3.0], "x": [1, 2, 3, 5]}, "y ~ x", cov="HC1")
    >>> print(Recipe(fit.estimates).code("data"))
    fit = lk.fit(lk.Normal(), data, "y ~ x", cov="HC1")
    """

    fit: Estimates

    @property
    def _model(self) -> Model:
        return self.fit.likelihood.model

    @property
    def _bound(self) -> Bound:
        return self.fit.likelihood.bound

    @property
    def formula(self) -> Any:
        """The first argument after the data: text, a matrix, or None."""
        return self.fit.asked.formula

    # -- neighbours ----------------------------------------------------------------------------------------

    def neighbour(self, family: Family | None = None, **changes: Any) -> Asked:
        """What asks for another family, or for other arguments; how the search goes is left to the library."""
        asked = self.fit.asked if family is None else self.fit.asked.under(family)
        if family is not None and self.fit._request.of_quantile:
            asked = asked.replace(cov=None)  # another family may be no quantile regression
        return asked.searched(**attributes(asked, KEPT)).changed(**changes)

    def likelihood(self, family: Family | None = None, **changes: Any) -> LogLikelihood:
        """The likelihood of a neighbour, of the same rows; its peak is searched without penalty and constraints."""
        return log_likelihood(self.neighbour(family, **changes), self._bound.table)

    # -- as code -------------------------------------------------------------------------------------------

    def code(self, data: str, family: Family | None = None, **changes: Any) -> str:
        """The call that repeats the fit, of `data` as an expression; ``...`` where something is no text.

        Another family or further arguments give the call that fits those in its place.
        """
        asked = self.neighbour(family, **changes) if family is not None or changes else self.fit.asked
        arguments = [_family_text(asked.family), data]
        arguments += [] if asked.formula is None or not self._needs_formula() else [_text(asked.formula)]
        given = {**asked.formulas, **{name: value for name, value in asked.given.items() if name not in OF_THE_CALL}}
        arguments += [f"{name}={_text(value)}" for name, value in given.items()]
        code = f"fit = lk.fit({', '.join(arguments)})"
        if len(code) > 96:
            code = "fit = lk.fit(\n    " + ",\n    ".join(arguments) + ",\n)"
        if further := self._further_covariance():
            text = "".join(f", {name}={_text(value)}" for name, value in further.items())
            code += f"\nfit = fit.with_cov({_text(self.fit.cov_kind)}{text})"
        return code

    def _further_covariance(self) -> dict[str, Any]:
        """What of a covariance only `Fit.with_cov` takes."""
        request = self.fit._request
        usual = usual_correction(self._bound, request.kind, request.small_sample == "t")
        out = {"correction": request.correction} if request.robust and request.correction != usual else {}
        out |= {"bread": request.bread} if request.bread != "observed" else {}
        out |= request.further
        return {"cluster": self.fit.asked.cluster, **out} if out and request.clusters else out

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
        texts += [self.fit.asked.weights, *(way.name for way in self.fit._request.clusters)]
        texts += columns_read(self._model)
        used = {name for text in texts if isinstance(text, str) for name in _names(text, table.names)}
        return [name for name in table.names if name in used] or list(table.names)


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


def _family_text(family: Family) -> str:
    """The family as code: ``lk.Normal(sd='se')``, or the name of a user's own."""
    known = type(family).__module__.startswith("likely.")
    text = repr(family)
    if "array(" in text or "\n" in text:
        text = f"{family.title}({', '.join(f'{k}={_text(v)}' for k, v in family.known.items())})"
    return f"lk.{text}" if known else text


def _text(value: Any) -> str:
    """An argument as code."""
    match value:
        case str():
            return _quoted(value)
        case list():
            return f"[{', '.join(map(_text, value))}]"
        case tuple():
            return f"({', '.join(map(_text, value))}{',' if len(value) == 1 else ''})"
        case Mapping():
            return "{" + ", ".join(f"{_quoted(str(k))}: {_text(v)}" for k, v in value.items()) + "}"
        case Penalty():
            return f"lk.{value!r}"
        case np.generic():  # an array of no dimension
            return ELLIPSIS
        case None | bool() | int() | float():
            return repr(value)
    return ELLIPSIS


def _quoted(text: str) -> str:
    """A text in double quotes, as the pages write it."""
    shown = repr(text)
    return f'"{shown[1:-1]}"' if shown.startswith("'") and '"' not in text else shown
