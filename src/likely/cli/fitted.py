"""The arguments and options that say which model is fitted to which data, for every command that fits one."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, final, get_type_hints

import typer

from likely.cli.options import (
    Aliased,
    Cluster,
    Cov,
    Data,
    Engine,
    Exposure,
    FamilyName,
    Formula,
    Known,
    Link,
    Memory,
    Missing,
    MoreFormulas,
    Na,
    Offset,
    Separated,
    SmallSample,
    Weights,
    WeightsKind,
)
from likely.cli.words import family as family_of
from likely.cli.words import model_options, penalty_of, read
from likely.progress import Task

if TYPE_CHECKING:
    from likely.models.asked import Asked
    from likely.results.fits import Fit
    from likely.results.group_fits import GroupFits


@final
@dataclass(frozen=True)
class Fitted:
    """What fits the model that the options say, once there is a line to tell how far it is.

    Attributes
    ----------
    asked : Asked
    data : str
        The argument DATA.
    """

    asked: Asked
    data: str

    def __call__(self, task: Task) -> Fit:
        from likely.results.fitting import fit_of

        return fit_of(self.asked, self._rows(task))

    def groups(self, task: Task, by: list[str]) -> GroupFits:
        """A fit for each group of rows."""
        from likely.results.fitting_groups import TOLERANCE, fit_groups_of

        return fit_groups_of(self.asked.replace(tolerance=TOLERANCE, on_failure="raise"), self._rows(task), by)

    def _rows(self, task: Task) -> Any:
        task.say("reading the data, setting up")
        rows = read(self.data)
        task.say("")
        return rows


def fitted(
    data: Data,
    formula: Formula = None,
    family: FamilyName = ...,  # type: ignore[assignment]
    weights: Weights = None,
    weights_kind: WeightsKind = "frequency",
    offset: Offset = None,
    exposure: Exposure = None,
    link: Link = None,
    formulas: MoreFormulas = None,
    known: Known = None,
    missing: Missing = "error",
    na: Na = None,
    engine: Engine = "auto",
    memory: Memory = None,
    aliased: Aliased = "refuse",
    separation: Separated = "refuse",
    cov: Cov = None,
    cluster: Cluster = None,
    small_sample: SmallSample = None,
    solver: Annotated[str, typer.Option("--solver", help="auto, closed form, newton or lbfgs.")] = "auto",
    penalty: Annotated[
        str | None,
        typer.Option("--penalty", help="ridge:STRENGTH, lasso:STRENGTH, elastic-net:STRENGTH:L1_RATIO or firth."),
    ] = None,
    constraints: Annotated[
        str | None, typer.Option("--constraints", help="Of estimates: 'p.x = 1, p.a <= p.b, p.z >= 0'.")
    ] = None,
) -> Fitted:
    """The model that the options say, to be fitted."""
    from likely.models.asked import Asked

    assumed = family_of(family, known)
    options = model_options(assumed, weights, offset, link, formulas, missing, weights_kind, exposure, na)
    options |= {"penalty": penalty_of(penalty), "constraints": constraints, "solver": solver}
    options |= {"aliased": aliased, "separation": separation, "engine": engine, "memory": memory}
    covariance = (("cov", cov), ("cluster", cluster), ("small_sample", small_sample))
    options |= {name: value for name, value in covariance if value}
    return Fitted(Asked.of(assumed, formula, on_failure="return", **options), data)


def on_a_fit(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose first argument is what fits a model: it takes the options of `fitted` in its place."""
    shared = inspect.signature(fitted).parameters
    hints = get_type_hints(fitted, include_extras=True) | get_type_hints(command, include_extras=True)
    own = list(inspect.signature(command).parameters.values())[1:]
    parameters = [p.replace(annotation=hints[p.name], kind=p.KEYWORD_ONLY) for p in (*shared.values(), *own)]

    @functools.wraps(command)
    def run(**given: Any) -> None:
        model = {name: given.pop(name) for name in shared}
        command(fitted(**model), **given)

    run.__annotations__ = {p.name: p.annotation for p in parameters}
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run
