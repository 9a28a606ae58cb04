"""What a loss believes about errors: measured on the loss itself, by how its pull grows with the size of an error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.errors import LikelyError
from likely.families import FAMILIES
from likely.families.base import Family
from likely.families.base.links import LINKS
from likely.families.labels import Labelled
from likely.losses.density_loss import DensityLoss

if TYPE_CHECKING:
    from collections.abc import Callable

ERRORS = np.logspace(1.0, 6.0, 51)  # in spreads: the growth of the pull is measured over the last decades of them
DECADES = 2.0
BOUNDED = 0.01  # a smaller power is none; a logarithm's growth shows as 0.09
SETTLED = {
    "df": 4.0,
    "k": 1.345,
    "tau": 0.3,
    "n": 10.0,
}  # values for the comparison of families, where they have no own


@final
@dataclass(frozen=True)
class Pull:
    """How the gradient of a loss grows with an error in one direction.

    Attributes
    ----------
    side : str
        Such as "far above the prediction".
    power : float
        The gradient grows as the error to this power: 1 for squared error, 0 where it is bounded, infinite where it
        grows exponentially.
    """

    side: str
    power: float

    @property
    def text(self) -> str:
        """In words."""
        if self.power > 5.0:
            return f"{self.side}, its pull grows exponentially with its size: one such row can decide the fit"
        if self.power > BOUNDED:
            times = 10.0**self.power
            return f"{self.side}, ten times the error pulls {times:.3g} times as hard: its influence has no bound"
        if self.power > -BOUNDED:
            return f"{self.side}, its pull stays the same however far it is: bounded influence"
        return f"{self.side}, its pull fades the further it is: what lies far out is let go"


def pulls(loss: DensityLoss) -> list[Pull]:
    """How observations far from their prediction pull at it, above and below."""
    support = loss.family.support
    found: list[Pull] = []
    if loss.parameter.vector or (np.isfinite(support.lower) and np.isfinite(support.upper)):
        return found
    if loss.parameter is not loss.family.parameters[0]:
        return found
    sides: list[tuple[str, Callable[[Any], Any]]] = [("for an observation far above its prediction", _above(support))]
    if not np.isfinite(support.lower):
        sides.append(("for one far below", lambda size: -size))
    elif not support.integer:
        sides.append(
            ("for one close to the lower end of what can occur", lambda size: float(support.lower) + 1.0 / size)
        )
    for side, place in sides:
        power = _growth(loss, place)
        if power is not None:
            found.append(Pull(side, power))
    return found


def _above(support: Any) -> Callable[[Any], Any]:
    return lambda size: np.floor(size) if support.integer else size


def _growth(loss: DensityLoss, place: Callable[[Any], Any]) -> float | None:
    """The exponent of the gradient's growth with the error, as far out as the density can be computed."""
    linked = DensityLoss(loss.family, of=loss.of, scale="link", link=loss.link, reduction="none")
    y, at = place(ERRORS), np.full(len(ERRORS), float(_typical(loss)))
    try:
        with np.errstate(all="ignore"):
            values, slopes, _ = linked.derivatives(y, at)
    except (LikelyError, FloatingPointError):
        return None
    bad = np.flatnonzero(~(np.isfinite(values) & np.isfinite(slopes)))
    last = (bad[0] if len(bad) else len(ERRORS)) - 1
    near = max(0, int(np.searchsorted(ERRORS, ERRORS[last] / 10.0**DECADES))) if last > 0 else 0
    if last - near < 5:  # not even half a decade
        return None
    inner, outer = np.abs(slopes[[near, last]])
    if inner == 0.0 or outer == 0.0:
        return -np.inf if outer == 0.0 else None
    return float(np.log(outer / inner) / np.log(ERRORS[last] / ERRORS[near]))


def _typical(loss: DensityLoss) -> float:
    """A prediction on the link scale from which to look: 0 or the middle of the usual range."""
    low, high = loss.parameter.typical_range
    middle = 0.0 if low < 0.0 < high else 0.5 * (low + high)
    name = loss.link or loss.parameter.domain.link
    return float(LINKS[name].forward(middle)) if name in LINKS else middle


def confident_and_wrong(loss: DensityLoss) -> str | None:
    """For probabilities: what it costs to be sure of the wrong answer."""
    if loss.parameter.domain.upper != 1.0:
        return None
    rows = DensityLoss(loss.family, of=loss.of, reduction="none")
    tiny = [1e-3, 1e-6]
    try:
        if loss.parameter.vector:
            size = loss._usual_size()
            p = np.array([[t, 1.0 - t] + [0.0] * (size - 2) for t in tiny])
            y = np.full(2, 0.0) if loss.family.levels is None else [loss.family.levels[0]] * 2
            costs = np.asarray(rows(y, p))
        else:
            top = loss.family.support.upper if np.isfinite(loss.family.support.upper) else loss.known.get("n", 1.0)
            costs = np.asarray(rows(np.full(2, top if loss.family.support.integer else 0.9), np.array(tiny)))
    except LikelyError:
        return None
    return (
        f"an answer given the probability 0.001 that turns out true costs {costs[0]:.3g}, at 0.000001 "
        f"{costs[1]:.3g}: being sure and wrong costs without bound"
    )


def alternatives(loss: DensityLoss) -> list[str]:
    """Families for the same observations that pull less at far ones; else families that hold this one as a case."""
    own_pulls = pulls(loss)
    worst = max((pull.power for pull in own_pulls), default=None)
    out: list[tuple[int, str]] = []
    for cls in FAMILIES.values():
        if cls.support != loss.family.support or cls is type(loss.family) or issubclass(cls, Labelled):
            continue
        if any(limit.becomes().name == loss.family.name for limit in cls.limits):
            out.append((0, f"lk.{cls.__name__}(), which holds {loss.family.title} as a limit, so the data can choose"))
        elif worst is not None and (theirs := _worst(cls)) is not None and theirs < worst - 0.4:
            chosen = any(p.known_only for p in cls.parameters)  # something has to be known first
            out.append((1 + (theirs < -0.1) + 2 * chosen, f"lk.{cls.__name__}(), {cls.assumes}"))
    real = loss.family.support == FAMILIES["normal"].support
    if not out and real and worst is not None and worst < 0.1:
        out.append((0, "lk.Normal(), which uses the data better if no errors are large"))
    return [text for _, text in sorted(out, key=lambda pair: pair[0])][:3]


def _worst(cls: type[Family]) -> float | None:
    try:
        loss = DensityLoss(cls(**{p.name: SETTLED.get(p.name, 1.0) for p in cls.parameters[1:] if not p.edge}))
    except LikelyError:
        return None
    return max((pull.power for pull in pulls(loss)), default=None)
