"""check_family: the conformance test that every family passes, built-in or the user's own.

Every route to the same number is compared with every other: the density with its integral, its derivatives with
differences, the distribution function with the density, samples with quantiles, closed forms with the search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.errors import FamilyError, LikelyError
from likely.errors.boundary import public
from likely.families import get_family
from likely.families.base import Family, generator
from likely.families.base.numeric import NumericDistribution
from likely.families.labels import Labelled
from likely.models.checks import require_whole
from likely.namespace import Jet, JetNamespace, NumpyNamespace, as_jet
from likely.namespace.arrays import Floats
from likely.results.likelihoods import likelihood
from likely.testing.labels import check_labels

SAMPLE = 400
TRIALS, SHARE = 10, 0.3  # values given to a parameter that is always known: a number of trials, or a share


@final
@dataclass(frozen=True)
class FamilyReport:
    """What `check_family` found.

    Attributes
    ----------
    family : Family
    checks : tuple of str
        Names of the checks that ran.
    problems : tuple of str
        What is wrong, in plain words; empty for a family that passes.
    """

    family: Family
    checks: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def raise_if_bad(self) -> None:
        """Raise FamilyError with every problem, if there is one."""
        if self.problems:
            raise FamilyError(str(self))

    def __str__(self) -> str:
        if self.ok:
            return f"{self.family!r} passes: {', '.join(self.checks)}"
        lines = [f"{self.family!r} has {len(self.problems)} problem(s):"]
        return "\n".join(lines + [f"- {problem}" for problem in self.problems])

    __repr__ = __str__


@public
def check_family(family: Any, *, draws: int = 3, seed: int = 0, jax: bool | None = None) -> FamilyReport:
    """Check that a family keeps its promises, and say in plain words where it does not.

    Parameters
    ----------
    family : Family or str
        A built-in family or one made with `likely.family`.
    draws : int
        Sets of parameter values drawn from the parameters' typical ranges.
    seed : int
    jax : bool, optional
        Whether to compare with JAX's derivatives; by default if JAX is installed.

    Returns
    -------
    FamilyReport

    Examples
    --------
    >>> import likely as lk
    >>> print(lk.check_family(lk.Exponential(), draws=1, jax=False))
    Exponential() passes: evaluates, integrates, derivatives, support, distribution, moments, start, fit
    """
    family = get_family(family)
    require_whole(draws=draws)
    if any(p.known_only and p.name not in family.known for p in family.parameters):
        always = {p.name: TRIALS if p.domain.integer else SHARE for p in family.parameters if p.known_only}
        family = type(family)(**{**always, **family.known})
    rng = generator(seed)
    if family.kind.labels:
        assert isinstance(family, Labelled)
        return FamilyReport(family, ("labels",), tuple(check_labels(family, rng, _has_jax() if jax is None else jax)))
    cases = [Case(family, params, rng) for params in _draw(family, draws, rng)]
    steps: list[tuple[str, Callable[[Case], Iterator[str]]]] = [
        ("evaluates", _evaluates),
        ("integrates", _integrates),
        ("derivatives", _derivatives),
        ("support", _support),
        ("distribution", _distribution),
        ("moments", _moments),
        ("start", _start),
        ("fit", _fit),
    ]
    if _has_jax() if jax is None else jax:
        steps.insert(3, ("JAX", _jax))
    problems: list[str] = []
    done: list[str] = []
    for name, step in steps:
        found: list[str] = []
        for case in cases:
            try:
                found += list(step(case))
            except LikelyError as error:
                found.append(f"{name}: {error}")
            except Exception as error:  # the user's function may raise anything
                found.append(f"{name} at {case.where}: the density raised {type(error).__name__}: {error}")
        done.append(name)
        problems += list(dict.fromkeys(found))[:2]
        if found and name in ("evaluates", "integrates"):
            break  # what follows would only repeat it
    return FamilyReport(family, tuple(done), tuple(problems))


def _has_jax() -> bool:
    from importlib.util import find_spec

    return find_spec("jax") is not None


def _draw(family: Family, draws: int, rng: np.random.Generator) -> Iterator[dict[str, float]]:
    """Parameter values from the typical ranges; an upper edge is kept above a lower one."""
    for _ in range(draws):
        out: dict[str, float] = {}
        for p in family.parameters:
            if p.name in family.known:
                continue
            low, high = p.typical_range
            value = np.exp(rng.uniform(np.log(low), np.log(high))) if low > 0 else rng.uniform(low, high)
            out[p.name] = float(f"{value:.4g}")
        yield out


class Case:
    """A family at one set of parameter values, with a sample from it."""

    def __init__(self, family: Family, params: Mapping[str, float], rng: np.random.Generator) -> None:
        self.family, self.params, self.rng = family, dict(params), rng
        self.values = {**{k: v for k, v in family.known.items() if not isinstance(v, str)}, **self.params}
        self.smooth = {p.name: self.params[p.name] for p in family.parameters if p.name in params and not p.edge}

    @property
    def where(self) -> str:
        return ", ".join(f"{k}={v:g}" for k, v in self.params.items())

    @property
    def points(self) -> Floats:
        """Observations spread over the support, from quantiles."""
        q = np.linspace(0.02, 0.98, 25)
        return np.unique(np.asarray(self.family.at(self.values).quantile(q), dtype=float))

    @property
    def sample(self) -> Floats:
        return np.asarray(self.family.sample(SAMPLE, seed=self.rng, **self.params), dtype=float)


def _evaluates(case: Case) -> Iterator[str]:
    family = case.family
    low, high = (float(b) for b in family.bounds(**case.values))
    if np.isfinite(low) and np.isfinite(high):
        y = np.arange(low, high + 1) if family.kind.discrete else np.linspace(low, high, 7)[1:-1]
    elif np.isfinite(low) or np.isfinite(high):
        away = np.arange(1, 6) if family.kind.discrete else np.array([0.1, 0.5, 1.0, 2.0, 5.0])
        y = low + away if np.isfinite(low) else high - away
    else:
        y = np.arange(-4, 5) if family.kind.discrete else np.array([-5.0, -1.0, -0.1, 0.1, 0.5, 1.0, 5.0])
    y = y.astype(float)
    with np.errstate(all="ignore"):
        out = np.asarray(family._log_density(NumpyNamespace(), y, **case.values))
    if out.shape not in ((), y.shape):
        yield f"the log-density of {len(y)} observations has shape {out.shape}; it must give one number for each"
        return
    out = np.broadcast_to(out, y.shape)
    if np.any(np.isnan(out)):
        i = int(np.flatnonzero(np.isnan(out))[0])
        yield f"the log-density is NaN inside the support, e.g. at y={y[i]:g} with {case.where}"
    elif np.any(out == np.inf):
        i = int(np.flatnonzero(out == np.inf)[0])
        yield f"the log-density is infinite inside the support, e.g. at y={y[i]:g} with {case.where}"


def _integrates(case: Case) -> Iterator[str]:
    try:
        NumericDistribution(case.family, case.values).cdf(1.0)  # sums the whole density first
    except FamilyError as error:
        yield str(error)


def _jets(case: Case, y: Any, order: int = 2) -> Jet:
    xp = JetNamespace(order)
    variables = {k: xp.variable(i, v) for i, (k, v) in enumerate(case.smooth.items())}
    with np.errstate(all="ignore"):
        return case.family._log_density(xp, y, **{**case.values, **variables})


def _value(case: Case, y: Any, changed: Mapping[str, float]) -> Floats:
    with np.errstate(all="ignore"):
        out = case.family._log_density(NumpyNamespace(), y, **{**case.values, **changed})
    return np.broadcast_to(out, np.shape(y))


def _derivatives(case: Case) -> Iterator[str]:
    if not case.smooth:
        return
    y = case.points
    jet = as_jet(_jets(case, y))
    if not jet.g:
        yield f"the log-density does not depend on {', '.join(case.smooth)}"
        return
    if np.max(np.abs(jet.v - _value(case, y, {}))) > 1e-9 * (1 + np.max(np.abs(jet.v))):
        yield f"the log-density differs between plain evaluation and differentiation at {case.where}"
    for i, name in enumerate(case.smooth):
        g = np.broadcast_to(jet.g.get(i, 0.0), y.shape)
        h = np.broadcast_to(jet.h.get((i, i), 0.0), y.shape)
        for what, d in (("first", g), ("second", h)):
            if not np.all(np.isfinite(d)):
                j = int(np.flatnonzero(~np.isfinite(d))[0])
                yield (
                    f"the {what} derivative with respect to {name} is {d[j]} at y={y[j]:g} with {case.where}: guard "
                    "the argument inside xp.where, or write the density without 0/0 or log(0)"
                )
                return
        if case.family.kinked:
            continue
        step = 1e-3 * max(abs(case.smooth[name]), 0.1)
        table = [_value(case, y, {name: case.smooth[name] + k * step}) for k in (-2, -1, 0, 1, 2)]
        if not all(np.all(np.isfinite(t)) for t in table):
            continue
        g_diff = (table[0] - 8 * table[1] + 8 * table[3] - table[4]) / (12 * step)
        h_diff = (-table[0] + 16 * table[1] - 30 * table[2] + 16 * table[3] - table[4]) / (12 * step**2)
        for what, d, diff, tol in (("first", g, g_diff, 1e-6), ("second", h, h_diff, 1e-4)):
            error = np.abs(d - diff) / (1 + np.abs(d) + np.max(np.abs(d)))
            if np.max(error) > tol:
                j = int(np.argmax(error))
                yield (
                    f"the {what} derivative with respect to {name} is {d[j]:.6g} but differences give {diff[j]:.6g} at "
                    f"y={y[j]:g} with {case.where}: the log-density jumps or has a corner there"
                )


def _jax(case: Case) -> Iterator[str]:
    from likely.namespace.jax import JaxNamespace, row_derivatives

    if not case.smooth:
        return
    y = case.points * (1 + 1e-9) if case.family.kinked else case.points  # off the corner, where any slope is right
    names = list(case.smooth)
    known = {k: v for k, v in case.values.items() if k not in names}

    def density(etas: Any, rows: Any) -> Any:
        return case.family._log_density(JaxNamespace(), rows, **known, **dict(zip(names, etas, strict=True)))

    value, first, second = row_derivatives(density, list(case.smooth.values()), len(y), data=[y])
    jet = _jets(case, y)
    pairs = [("value", value, jet.v)]
    pairs += [(f"derivative by {name}", first[i], jet.g.get(i, 0.0)) for i, name in enumerate(names)]
    if not case.family.kinked:
        pairs += [
            (f"derivative by {names[i]} and {names[j]}", d, jet.h.get((i, j), 0.0)) for (i, j), d in second.items()
        ]
    for what, a, b in pairs:
        a, b = np.broadcast_to(a, y.shape), np.broadcast_to(b, y.shape)
        error = np.abs(a - b) / (1e-6 + np.abs(b) + 1e-3 * np.max(np.abs(b)))
        if not np.all(error < 1e-6):
            j = int(np.argmax(np.where(np.isnan(error), np.inf, error)))
            yield f"the {what} on JAX is {a[j]:.8g}, on NumPy {b[j]:.8g}, at y={y[j]:g} with {case.where}"


def _support(case: Case) -> Iterator[str]:
    family = case.family
    low, high = (float(b) for b in family.bounds(**case.values))
    outside = [v for v in (low - 1.0, high + 1.0) if np.isfinite(v)]
    if family.kind.discrete:
        outside.append((low if np.isfinite(low) else 0.0) + 0.5)
    for y in outside:
        if (found := family.log_prob(y, **case.params)) != -np.inf:
            yield f"log_prob is {found:g} at y={y:g}, outside the support ({family.support.text}); it must be -inf"
    sample = case.sample
    if not np.all(inside := family.inside(sample, case.values)):
        bad = sample[~inside][0]
        yield f"a sample holds {bad:g}, outside the support ({family.support.text}), at {case.where}"


def _distribution(case: Case) -> Iterator[str]:
    family, dist = case.family, NumericDistribution(case.family, case.values)
    y = case.points
    cdf, sf = np.asarray(family.cdf(y, **case.params)), np.asarray(family.sf(y, **case.params))
    if np.max(np.abs(cdf - dist.cdf(y))) > 1e-7 or np.max(np.abs(sf - dist.sf(y))) > 1e-7:
        j = int(np.argmax(np.abs(cdf - dist.cdf(y))))
        yield (
            f"cdf({y[j]:g}) is {cdf[j]:.8g}, but the density integrates to {float(dist.cdf(y[j])):.8g} up to there, at "
            f"{case.where}"
        )
    if np.max(np.abs(cdf + sf - 1.0)) > 1e-9:
        yield f"cdf and sf do not sum to 1 at {case.where}"
    q = np.linspace(0.05, 0.95, 7)
    back = np.asarray(family.cdf(family.quantile(q, **case.params), **case.params))
    if np.any(back < q - 1e-7) or (not family.kind.discrete and np.max(np.abs(back - q)) > 1e-7):
        yield f"quantile and cdf are not inverse to each other at {case.where}"
    sample = np.sort(case.sample)
    n = len(sample)
    upper = np.asarray(family.cdf(sample, **case.params))
    lower = (
        1.0
        - np.asarray(family.sf(sample, **case.params))
        - (family.prob(sample, **case.params) if family.kind.discrete else 0.0)
    )
    last = np.searchsorted(sample, sample, side="right") / n
    first = np.searchsorted(sample, sample, side="left") / n
    distance = max(float(np.max(last - upper)), float(np.max(lower - first)))
    if distance > 2.2 / np.sqrt(n):  # Kolmogorov's distance: a chance of about 1 in 10,000
        yield f"{n} sampled values do not follow the cdf (largest gap {distance:.3f}) at {case.where}"


def _moments(case: Case) -> Iterator[str]:
    family, dist = case.family, NumericDistribution(case.family, case.values)
    for what in ("mean", "variance"):
        stated = float(getattr(family, what)(**case.params))
        if not np.isfinite(stated):
            continue
        found = float(dist.mean() if what == "mean" else dist.var())
        spread = float(np.sqrt(max(family.variance(**case.params), 0.0)))
        size = (spread if np.isfinite(spread) else 1.0) if what == "mean" else stated
        if not abs(found - stated) <= 1e-5 * (size + abs(stated)):
            yield f"the {what} is stated as {stated:.8g}, the density gives {found:.8g}, at {case.where}"


def _start(case: Case) -> Iterator[str]:
    family = case.family
    sample = case.sample
    known = {k: v for k, v in family.known.items() if not isinstance(v, str)}
    with np.errstate(all="ignore"):
        start = family._start(sample, None, known)
    for p in family.free:
        if p.edge:
            continue
        value = start.get(p.name)
        if value is None or not np.all(p.domain.contains(value)):
            yield f"the starting value of {p.name} is {value}: it must be {p.domain.name}"


def _fit(case: Case) -> Iterator[str]:
    """The search finds the parameters of a simulated sample, and a closed form agrees with the search."""
    family = case.family
    sample = np.asarray(family.sample(5 * SAMPLE, seed=case.rng, **case.params), dtype=float)
    L = likelihood(family, sample)
    fit = L.maximize(on_failure="return")
    if not fit.converged:
        yield f"a fit to {len(sample)} values simulated at {case.where} fails: {fit.status}"
        return
    if fit.boundary:
        return
    truth = L.log(case.smooth) if not L.model.fixed else -np.inf
    if truth - fit.loglik > 1e-6:
        yield f"the true parameters {case.where} explain a simulated sample better than its fit ({fit!r})"
    for name, true in case.smooth.items():
        se = fit.stderr.get(name)
        if se is not None and abs(fit.coef[name] - true) > 6 * se + 1e-9:
            found = f"{fit.coef[name]:.5g} (se {se:.2g})"
            yield f"{name}: a fit to {len(sample)} values simulated at {case.where} gives {found}"
    if fit.outcome.solver == "closed form" and L.model.slots and not family.kinked:
        search = L.maximize(on_failure="return", solver="newton")
        gap = search.loglik - fit.loglik
        if search.converged and abs(gap) > 1e-7 * (1 + abs(fit.loglik)):
            yield f"the closed form's log-likelihood {fit.loglik:.10g} is not the search's {search.loglik:.10g}"
