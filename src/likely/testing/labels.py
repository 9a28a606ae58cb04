"""The conformance test of families whose observations are labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from likely.families.base import Kind
from likely.families.base.vectors import VectorDomain
from likely.families.labels import Labelled
from likely.likelihoods import RowsObjective, by_rows
from likely.models.start import starting_values
from likely.results.fits import Likelihood
from likely.results.likelihoods import likelihood

SAMPLE = 4000


def check_labels(family: Labelled, rng: np.random.Generator, jax: bool) -> Iterator[str]:
    """A family of labels: probabilities that sum to 1, derivatives, samples and fits that follow them."""
    bound = family._with_levels(family.levels or ("a", "b", "c", "d"))
    levels = list(bound.levels or ())
    vector = next(p for p in bound.parameters if p.vector)
    assert isinstance(vector.domain, VectorDomain)
    values = vector.domain.typical_vector(levels, rng)
    chances = np.asarray(bound.prob(levels, **{vector.name: values}))
    if abs(float(np.sum(chances)) - 1.0) > 1e-12:
        yield f"the probabilities of the levels sum to {np.sum(chances):.12g}, not to 1"
    if bound.kind is Kind.ORDERED:
        ends = [np.asarray(f(levels, **{vector.name: values})) for f in (bound.cdf, bound.sf)]
        if np.max(np.abs(ends[0] - np.cumsum(chances))) > 1e-9 or np.max(np.abs(ends[0] + ends[1] - 1.0)) > 1e-9:
            yield "cdf and sf are not the sums of the probabilities"
    sample = bound.sample(SAMPLE, seed=rng, **{vector.name: values})
    if strange := set(sample) - set(levels):
        yield f"a sample holds {sorted(strange)}, which are not among the levels {levels}"
        return
    L = likelihood(bound, list(sample), rng.normal(size=(len(sample), 2)))
    yield from _row_derivatives(L, rng, jax)
    L = likelihood(bound, list(sample))
    fit, searched = L.maximize(), L.maximize(solver="newton")
    if abs(fit.loglik - searched.loglik) > 1e-7 * (1 + abs(fit.loglik)):
        yield f"the closed form's log-likelihood {fit.loglik:.10g} is not the search's {searched.loglik:.10g}"
    for name, true in zip(fit.names, values, strict=True):
        found, se = fit.coef[name], fit.stderr[name]
        if se is None or abs(found - true) > 6 * se:
            yield f"{name}: a fit to {len(sample)} values simulated at {true:.4g} gives {found:.4g}"


def _row_derivatives(L: Likelihood, rng: np.random.Generator, jax: bool) -> Iterator[str]:
    """Score and information against differences of the log-likelihood, and against JAX."""
    objective, model = L.function.objective, L.model
    x = starting_values(model, objective.data.with_weights(None))
    for slot in model.slots:
        if slot.design is not None:
            x[slot.start : slot.stop] += 0.1 * rng.normal(size=slot.stop - slot.start)
    point = objective.point(x)
    for i, name in enumerate(model.names()):
        step = np.zeros(model.size)
        step[i] = 1e-3
        values = [objective.value(x + k * step) for k in (-2, -1, 1, 2)]
        slope = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / 12e-3
        scores = [objective.value_and_score(x + k * step)[1] for k in (-2, -1, 1, 2)]
        bend = (scores[0] - 8 * scores[1] + 8 * scores[2] - scores[3]) / 12e-3
        scale = np.sqrt(np.diagonal(point.info))
        if abs(slope - point.score[i]) > 1e-6 * len(objective.y):
            yield f"the derivative by {name} is {point.score[i]:.8g}, differences give {slope:.8g}"
        if np.max(np.abs(-bend - point.info[i]) / (scale * scale[i])) > 1e-6:
            yield f"the second derivatives by {name} are not those that differences of the score give"
    if jax:
        yield from _rows_on_jax(by_rows(objective, "the check on JAX"), x)


def _rows_on_jax(objective: RowsObjective, x: Any) -> Iterator[str]:
    from likely.namespace.jax import JaxNamespace, row_derivatives

    model, few = objective.model, slice(0, 200)
    etas = objective.etas(x, few)
    moving = [k for k, slot in enumerate(model.slots) if not slot.idle]

    def density(variables: Any, rows: Any) -> Any:
        xp, now = JaxNamespace(), list(etas)
        for k, value in zip(moving, variables, strict=True):
            now[k] = value
        return model.family._log_density(xp, rows, **model.parameters(now, xp, objective.data.known))

    y = objective.y[few]
    value, first, second = row_derivatives(density, [etas[k] for k in moving], len(y), data=[y])
    objective.jets.kernel = None
    jet = objective.row_jet(x, few, 2)
    pairs = [("value", value, jet.v)]
    pairs += [(f"derivative by predictor {k}", first[i], jet.g.get(k, 0.0)) for i, k in enumerate(moving)]
    pairs += [
        (f"derivative by predictors {moving[i]} and {moving[j]}", d, jet.h.get((moving[i], moving[j]), 0.0))
        for (i, j), d in second.items()
    ]
    for what, a, b in pairs:
        a, b = np.broadcast_to(a, y.shape), np.broadcast_to(b, y.shape)
        if not np.allclose(a, b, rtol=1e-8, atol=1e-10):
            j = int(np.argmax(np.abs(a - b)))
            yield f"the {what} on JAX is {a[j]:.8g}, on NumPy {b[j]:.8g}, at y={y[j]:g}"
