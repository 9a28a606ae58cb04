"""`objective`: a family checked, given scores, and started from its constants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from likely.errors import OptionError, ParameterError, is_one_of, listed, unknown
from likely.families import get_family
from likely.families.base import Family, Parameter
from likely.families.base.links import LINKS, find_link
from likely.families.base.vectors import VectorDomain
from likely.families.labels import Labelled
from likely.inference.fitting import estimates_of
from likely.likelihoods import offers_of
from likely.losses.boosting.record import Boosting
from likely.losses.boosting.rows import Column, check_response, response
from likely.losses.boosting.units import units
from likely.models import checks
from likely.models.model import Model
from likely.models.slot import Slot
from likely.namespace.arrays import Floats

HESSIANS = ("observed", "floored")


def objective(
    family: Any,
    y: Any = None,
    *,
    weights: Any = None,
    start: Mapping[str, Any] | None = None,
    boost: Iterable[str] | None = None,
    link: Mapping[str, str] | str | None = None,
    hessian: str | None = None,
) -> Boosting:
    """A family's negative log-likelihood as an objective for LightGBM and XGBoost.

    Parameters
    ----------
    family : Family or str
        Known parameters are numbers: ``lk.Normal(sd=1)`` is squared error.
    y : array_like, optional
        The response of the training data. The family's constants are fitted to it, and the trees start from there.
    weights : array_like, optional
        Of the rows of `y`. Weights of the training itself come from its data set.
    start : mapping of str to number, optional
        The constants to start from, by parameter, instead of `y`. Without either every score starts at 0.
    boost : list of str, optional
        The parameters that get trees. By default all that are not known, but for the thresholds of an Ordinal, which
        might cross. The others stay at their constants.
    link : str or mapping by parameter, optional
        As in `likely.fit`.
    hessian : {"observed", "floored"}, optional
        What stands for the second derivative of the loss: see the notes. By default ``"observed"`` where each row has
        one linear predictor or is one of several labels, else ``"floored"``.

    Returns
    -------
    Boosting
        Callable with what either library passes to an objective, in its own and in its scikit-learn interface.

    Raises
    ------
    OptionError
        If the family has no derivatives in a parameter (the ends of a Uniform), or is no sum over rows.
    SupportError
        If values of `y` lie where the family says none can lie.

    Notes
    -----
    Trees divide sums of gradients by sums of Hessians, which have to be positive. With g and h the first and second
    derivative of minus the log-density in a score,

    - ``"observed"`` takes h where it is positive. Where it is not, it takes the mean of g² over all rows, whose
      expectation is that of h (Bartlett 1953): the expected information, without an integral for every row. Where the
      density is log-concave this is what the libraries' own objectives do.
    - ``"floored"`` takes the larger of the two. No leaf then steps far where the curvature happens to be small: with a
      scale among the parameters, rows that lie close to their mean have next to none.

    Only the diagonal of the Hessian counts: each score has trees of its own. Labels have a score for each level, as in
    both libraries; the probabilities are their softmax.

    A score of a location counts in scales: it is multiplied by the scale of the constants that the trees start from, so
    the trees are the same whatever the response is measured in. For ``Normal(sd=1)`` that is 1. Scores of the other
    parameters have no units, on the logarithmic links that they have by default.

    Gradient and Hessian of a row shrink together where one is beyond 1e30, and a Hessian is at least 1e-16: both
    libraries hold them in single precision.

    Examples
    --------
    >>> import likely as lk
    >>> from likely.losses.boosting import objective
    >>> loss = objective(lk.Gamma(), [1.0, 2.0, 3.0, 6.0])
    >>> loss.scores, {k: round(v, 3) for k, v in loss.constants.items()}
    (('mean', 'shape'), {'mean': 3.0, 'shape': 2.621})
    >>> gradient, hessian = objective(lk.Normal(sd=1.0)).derivatives([0.5, 0.5], [0.0, 2.0])
    >>> gradient.tolist(), hessian.tolist()
    ([0.5, -1.5], [1.0, 1.0])
    """
    family, link = get_family(family).linked(link)
    family = _usable(family)
    known = {k: tuple(map(float, v)) if family.parameter(k).vector else float(v) for k, v in family.known.items()}
    codes = None
    if y is not None:
        family, codes = family.bind(np.asarray(y) if isinstance(family, Labelled) else response(y), known)
        if weights is not None:
            weights = checks.check_weights(np.asarray(weights, dtype=float), "importance")
            if weights.shape == codes.shape and not isinstance(family, Labelled):  # labels are levels in any row
                codes, weights = codes[weights > 0], weights[weights > 0]
        check_response(family, codes)
    if isinstance(family, Labelled) and family.levels is None:
        raise OptionError(
            f"the levels of {family.title} are not known: pass {family.title}(levels=[...]), or the response of the "
            "training data"
        )
    boosted = _boosted(family, boost)
    slots, held_known = _slots(family, boosted, link)
    model = Model(family, slots, {k: v for k, v in known.items() if k not in held_known})
    etas: Any = np.zeros(len(slots))
    if y is not None and start is None:
        etas = _fitted(model, codes, weights, link)
    elif start is not None:
        etas = _given(model, start)
    elif held := [slot.label for slot in slots if slot.parameter in family.free and slot.parameter not in boosted]:
        raise OptionError(f"{listed(held)} of {family.title} get no trees: pass y= to fit them, or start= with values")
    for k, slot in enumerate(slots):
        etas[k] = held_known.get(slot.parameter.name, etas[k])
    if hessian is None:
        several = len({slot.parameter.name for slot in slots if slot.parameter in boosted}) > 1
        hessian = "floored" if several else "observed"
    if not is_one_of(hessian, HESSIANS):
        raise unknown("option", hessian, HESSIANS, " for hessian=")
    names, first, columns, unit = _layout(model, boosted, etas, units(model, etas))
    made = Boosting(model, names, first, unit, columns, hessian)
    return made if y is None or family.kind.labels else made.with_response(codes)


def _usable(family: Family) -> Family:
    """The family, if it is a sum over rows with derivatives in parameters that follow the rows."""
    if not offers_of(family).predictors:
        raise OptionError(f"{family.title} is no sum of one log-density for each row, so it cannot be boosted")
    for p in family.parameters:
        if p.edge and p.name not in family.known:
            raise OptionError(
                f"{p.name} of {family.title} is an end of the data, where the likelihood has no derivative: give it a "
                f"known value, {family.title}({p.name}=...)"
            )
        if p.known_only and p.name not in family.known:
            raise ParameterError(f"{family.title} needs its {p.name} ({p.meaning}): {family.title}({p.name}=...)")
    for name, value in family.known.items():
        if isinstance(value, str) or (np.ndim(value) and not family.parameter(name).vector):
            raise OptionError(
                f"{name} of {family.title} is known row by row, which neither library passes on: give one number"
            )
    if not family.free:
        raise OptionError(f"every parameter of {family!r} is known: there is nothing to boost")
    return family


def _boosted(family: Family, boost: Iterable[str] | None) -> list[Parameter]:
    """The parameters that get trees."""
    free = {p.name: p for p in family.free}
    able = [name for name, p in free.items() if not (p.vector and p.domain.separate)]
    if boost is None:
        return [free[name] for name in able]
    names = [boost] if isinstance(boost, str) else list(boost)
    if not names:
        raise OptionError(f"boost= names at least one parameter of {family.title}: {listed(able)}")
    for name in names:
        if not is_one_of(name, free):
            raise unknown("parameter", name, able, f" of {family!r} in boost=")
        if name not in able:
            raise OptionError(f"trees for the {name}s of {family.title} might cross; boost {listed(able)}")
    return [p for name, p in free.items() if name in names]


def _slots(
    family: Family, boosted: list[Parameter], link: Mapping[str, str] | str | None
) -> tuple[tuple[Slot, ...], dict[str, float]]:
    """A linear predictor for every parameter, idle without trees; and those of known parameters, where kernels fit."""
    if isinstance(link, str):
        if find_link(link) is None:
            raise unknown("link", link, LINKS)
        link = {family.free[0].name: link}
    for name in link or {}:
        if not is_one_of(name, [p.name for p in family.free]):
            raise unknown("parameter", name, [p.name for p in family.free], " in link=")
    slots: list[Slot] = []
    known: dict[str, float] = {}
    for p in family.parameters:
        chosen = p.domain.get_link(p.name, (link or {}).get(p.name))
        if p.name in family.known:
            if p.known_only or p.edge or p.vector:
                continue
            with np.errstate(all="ignore"):
                eta = float(chosen.forward(np.float64(family.known[p.name])))
            if not np.isfinite(eta):
                continue
            known[p.name] = eta
        for entry in p.domain.predictors(family.levels or ()):
            start = slots[-1].stop if slots else 0
            slot = Slot(p, chosen, None, None, start, start + (p in boosted), entry)
            if slot.leaves_domain and p in boosted:
                raise OptionError(
                    f"scores run over the whole real line, and the {chosen.name} link gives {p.name} of {family.title} "
                    f"values outside its domain ({p.domain.name}); take {p.domain.link!r}"
                )
            slots.append(slot)
    return tuple(slots), known


# -- constants ---------------------------------------------------------------------------------------------


def _fitted(model: Model, y: Any, weights: Any, link: Any) -> Floats:
    """The linear predictors of the constants that maximise the likelihood."""
    family = model.family
    values = y if not isinstance(family, Labelled) else np.array(family.levels, dtype=object)[y.astype(np.intp)]
    free = [slot for slot in model.slots if slot.parameter in family.free and not slot.parameter.anchored]
    kind = "frequency" if weights is None else "importance"
    found = estimates_of(family, values, weights=weights, weights_kind=kind, link=link)
    x = found.outcome.point.x
    etas = np.zeros(len(model.slots))
    same = found.likelihood.model.family.levels == family.levels  # one that does not occur is no reference
    if same and found.limit is None and len(x) == len(free) and np.all(np.isfinite(x)):
        etas[[model.slots.index(slot) for slot in free]] = x
        return etas
    # at the end of a domain no score is finite: start where a search for the peak would
    return _given(model, family._start(y, weights, model.known), argument="")


def _given(model: Model, start: Mapping[str, Any], argument: str = "start=") -> Floats:
    """The linear predictors of constants given by parameter."""
    family, values = model.family, dict(start)
    etas: list[float] = []
    for name in values:
        if not is_one_of(name, [p.name for p in family.free]):
            raise unknown("parameter", name, [p.name for p in family.free], f" of {family!r} in {argument}")
    for group in model.groups:
        p = group[0].parameter
        if p.name not in values:
            if not p.anchored and p in family.free:
                raise ParameterError(f"{argument} needs a value for {p.name} of {family.title}")
            etas += [0.0] * len(group)
        else:
            etas += p.domain.to_predictors(f"{family.title}'s {p.name}", values[p.name], group[0].link).tolist()
    if not np.all(np.isfinite(etas)):
        raise ParameterError(f"{argument} lies at the end of a domain, where no score is finite: {start!r}")
    return np.array(etas)


def _layout(
    model: Model, boosted: list[Parameter], etas: Any, units: Any
) -> tuple[tuple[str, ...], Any, tuple[Column | float, ...], Any]:
    """Names of the scores, where they start, each linear predictor in terms of them, and their units."""
    names: list[str] = []
    start: list[float] = []
    unit: list[float] = []
    columns: list[Column | float] = []
    reference: dict[str, int] = {}
    for slot, eta, size in zip(model.slots, etas, units, strict=True):
        p = slot.parameter
        if p not in boosted:
            columns.append(float(eta))
            continue
        if isinstance(p.domain, VectorDomain) and p.name not in reference:
            # the level that the others are compared with has a score, too
            reference[p.name] = len(names)
            names.append(f"{p.name}[{p.domain.entries(model.levels)[0]}]")
            start.append(0.0)
            unit.append(1.0)
        columns.append((len(names), reference.get(p.name)))
        names.append(slot.label)
        start.append(float(eta))
        unit.append(float(size))
    return tuple(names), np.array(start), tuple(columns), np.array(unit)
