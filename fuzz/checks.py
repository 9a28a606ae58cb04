"""What any user can check of a fit, each as a function from a case and its fit to the faults found, in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

import likely as lk
from fuzz.cases import FIRST, Case

Array = Any
Rng = np.random.Generator
KINKED = ("laplace", "asymmetric_laplace", "huber", "uniform", "pareto")  # no smooth peak in every parameter
MAYBE_NO_MEAN = ("pareto", "log_logistic", "cauchy")  # an infinite mean is then a true one
HALF_CHI2_95 = 1.920729410347062  # half the 0.95 quantile of chi-squared with 1 degree of freedom


def objective(case: Case, coef: Mapping[str, float]) -> float:
    """What the fit maximises: the log-likelihood, less the penalty where there is one."""
    penalty = case.options.get("penalty")
    value = case.loglik(coef)
    if penalty is None:
        return value
    weights = case.multipliers / np.sum(case.multipliers)
    for name, b in coef.items():
        term, _, level = name.partition(".")[2].partition("[T.")
        column = case.data.get(term)
        if column is not None and level:
            column = (column == level.removesuffix("]")).astype(float)
        if column is not None:
            spread = math.sqrt(float(np.sum(weights * (column - np.sum(weights * column)) ** 2)))
            value -= penalty.l1 * abs(b * spread) + 0.5 * penalty.l2 * (b * spread) ** 2
    return value


def _noise(case: Case, fit: lk.Fit) -> float:
    """What rounding may do to the log-likelihood as it is written here: the estimates are moved by their last digit."""
    rng, here = np.random.default_rng(0), case.loglik(fit.coef)
    moved = [
        case.loglik({name: value * (1.0 + 2e-16 * float(rng.normal())) for name, value in fit.coef.items()})
        for _ in range(4)
    ]
    moves = [abs(value - here) for value in moved if math.isfinite(value - here)]
    return 1e-14 * case.n * (10.0 + abs(fit.loglik)) ** 0.5 + 4.0 * max(moves, default=0.0)


# -- numbers ------------------------------------------------------------------------------------------------------


def numbers(case: Case, fit: lk.Fit, rng: Rng) -> Iterator[str]:
    """Estimates, standard errors and intervals are numbers, or withheld with the reason."""
    edges = set(fit.boundary) | set(fit.aliased)
    for name, value in fit.coef.items():
        if not math.isfinite(value) and name not in edges and fit.separation is None:
            yield f"the estimate of {name} is {value}, status {fit.status!r}"
    for name, error in fit.stderr.items():
        if error is not None and not (math.isfinite(error) and error > 0.0):
            yield f"the standard error of {name} is {error}, status {fit.status!r}"
        if error is None and not fit.withheld.get(name) and fit.converged and fit.limit is None:
            yield f"{name} has no standard error and no reason, status {fit.status!r}"
    for name, found in fit.interval().items():
        lower, upper = found
        if (lower is None) != (upper is None) or (lower is not None and not lower <= fit.coef[name] <= upper):
            yield f"the interval of {name} is {lower} to {upper} around {fit.coef[name]}"
    if not math.isfinite(fit.loglik):
        yield f"the log-likelihood is {fit.loglik}, status {fit.status!r}"


def same_loglik(case: Case, fit: lk.Fit, rng: Rng) -> Iterator[str]:
    """The log-likelihood is that of the density written again."""
    if fit.separation is not None or (fit.boundary and fit.limit is None):
        return
    value = case.loglik(fit.coef)
    if not abs(value - fit.loglik) <= 1e-8 * (1.0 + abs(fit.loglik)) + 10 * _noise(case, fit):
        yield f"the log-likelihood is {fit.loglik!r}, of the same estimates elsewhere {value!r}"


# -- the peak -----------------------------------------------------------------------------------------------------


def _whitened(case: Case, fit: lk.Fit) -> Callable[[Array], float] | None:
    """The objective in standard errors along independent directions, over the estimates that have errors."""
    if not fit.regular or fit.boundary or fit.separation is not None or fit.limit is not None:
        return None
    errors = np.array([fit.stderr[name] for name in fit.regular], dtype=float)
    correlation = fit.cov / np.outer(errors, errors)
    values, vectors = np.linalg.eigh(correlation)
    if values[0] <= 1e-12:
        return None
    root = vectors * np.sqrt(values)
    at = np.array([fit.coef[name] for name in fit.regular])
    low = objective(case, fit.coef)

    def rise(z: Array) -> float:
        moved = {**fit.coef, **dict(zip(fit.regular, (at + errors * (root @ z)).tolist(), strict=True))}
        return objective(case, moved) - low if case.feasible(moved) else -math.inf

    return rise


def peak(case: Case, fit: lk.Fit, rng: Rng) -> Iterator[str]:
    """The score is zero, and no place near or far is higher."""
    rise = _whitened(case, fit)
    if rise is None:
        return
    noise, size = _noise(case, fit), len(fit.regular)
    own = case.options.get("weights_kind") != "sampling"  # else the errors are not those of the likelihood
    if case.family not in KINKED and not case.restrained and own:
        for z in np.eye(size):
            # of two steps the one that tells less: the longer one has less noise, the shorter one less curvature
            off = min(_slope(rise, z, h, noise) for h in (1e-2, 1e-3))
            if off:
                yield f"the score along a direction is {off:.3g} a standard error, status {fit.status!r}"
    for size_of_step in (0.01, 0.1, 0.3, 1.0, 3.0, 10.0):
        for _ in range(3):
            z = rng.normal(size=size)
            z *= size_of_step / np.linalg.norm(z)
            if rise(z) > 1e-6 + 100 * noise and not fit.note:
                yield f"{size_of_step} standard errors away the log-likelihood is {rise(z):.3g} higher, {fit.status!r}"


def _slope(rise: Callable[[Array], float], z: Array, h: float, noise: float) -> float:
    """The size of the slope along a direction; 0 where it is none beside the noise and what the steps leave out."""
    near, far = ((rise(k * h * z) - rise(-k * h * z)) / (2 * k * h) for k in (1, 2))
    slope = abs(4.0 * near - far) / 3.0
    return slope if math.isfinite(slope) and slope > 1e-4 + 100 * noise / h + abs(near - far) else 0.0


def covariance(case: Case, fit: lk.Fit, rng: Rng) -> Iterator[str]:
    """The covariance is the inverse of the numerical Hessian."""
    rise = _whitened(case, fit)
    if rise is None or fit.cov_kind != "observed" or case.family in KINKED or case.restrained:
        return
    size, noise = len(fit.regular), _noise(case, fit)

    def off(v: Array, h: float) -> float:
        step = h * v / np.linalg.norm(v)
        near, far = ((rise(k * step) + rise(-k * step)) / (k * h) ** 2 for k in (1, 2))
        away = abs((4.0 * near - far) / 3.0 + 1.0)
        return away if math.isfinite(away) and away > 2e-3 + 100 * noise / (h * h) + abs(near - far) else 0.0

    for v in [*np.eye(size), *rng.normal(size=(3, size))]:
        found = min(
            off(v, h) for h in (0.03, 0.004, 0.001)
        )  # the longer step has less noise, the shorter one less curvature
        if found:
            yield f"the curvature in standard errors is off 1 by {found:.3g}, status {fit.status!r}"
            return


def other_starts(case: Case, fit: lk.Fit, rng: Rng) -> Iterator[str]:
    """A search from elsewhere finds nothing higher."""
    if not fit.regular or fit.boundary or fit.limit is not None or case.family in ("uniform", "laplace"):
        return
    start = {name: fit.coef[name] + float(rng.normal()) * fit.stderr[name] for name in fit.regular}
    try:
        found = case.fit(start=start)
    except lk.errors.LikelyError:
        return
    if found.loglik > fit.loglik + 1e-5 + 1e-9 * abs(fit.loglik) and not case.restrained and not fit.note:
        yield f"from {start} the search ends {found.loglik - fit.loglik:.3g} higher, {fit.status!r}"


def profile(case: Case, fit: lk.Fit, rng: Rng) -> Iterator[str]:
    """At a profile limit the others' best log-likelihood is lower by half a quantile of chi-squared, and no less."""
    if not fit.regular or case.restrained or case.options.get("weights_kind") == "sampling":
        return
    name = str(rng.choice(fit.regular))
    for limit in fit.interval(method="profile", names=[name])[name]:
        if limit is None or not math.isfinite(limit):
            continue
        try:
            held = case.fit(fixed={name: float(limit)})
            path = fit.likelihood.profile(name, [float(limit)])
        except lk.errors.LikelyError:
            continue
        reached = case.loglik({**fit.coef, **path.others[0], name: float(limit)})
        low, high = fit.loglik - held.loglik, fit.loglik - reached  # a search that holds it may end on a lower peak
        if "sqrt" in case.options.get("link", {}).values():  # where signs do not matter, limits are those of one peak
            low = high
        if not (low >= HALF_CHI2_95 - 0.01 and min(low, high) <= HALF_CHI2_95 + 0.01) and not fit.note:
            yield (
                f"at the profile limit {name} = {limit!r} the log-likelihood is {min(low, high):.4f} lower, not 1.9207"
            )


# -- what must not matter --------------------------------------------------------------------------------------------


def _variations(case: Case, rng: Rng) -> dict[str, tuple[Case, float]]:
    """The same data said otherwise, and by how much the log-likelihood differs then."""
    data, used = case.data, case.weights > 0
    y, weights = data["y"], case.weights
    out: dict[str, tuple[Case, float]] = {"rows in another order": (case.of_rows(rng.permutation(case.n)), 0.0)}
    if not np.all(used):
        out["rows of weight zero left out"] = (case.of_rows(used), 0.0)
    if case.options.get("weights_kind", "frequency") == "frequency":
        twice = case.of_rows(np.repeat(np.arange(case.n), 2))
        half = {"w": np.repeat(weights / 2.0, 2)}
        split = Case(case.family, case.known, {**twice.data, **half}, case.terms, {**case.options, "weights": "w"})
        out["every row split in two of half its weight"] = (split, 0.0)
    if case.restrained:
        return out
    codes = {"a": "z", "b": "y", "c": "x", "d": "w"}
    out["levels renamed"] = (case.with_data(g=np.array([codes[str(v)] for v in data["g"]])), 0.0)
    out["a predictor in other units"] = (case.with_data(x0=data["x0"] * 1000.0), 0.0)
    out["a predictor shifted"] = (case.with_data(x1=data["x1"] + 3.0), 0.0)
    place, link = FIRST[case.family][1], case.options.get("link", {}).get(case.first)
    total = float(np.sum(case.multipliers))
    units = (place == "real" and link is None) or (place == "positive" and link in (None, "identity", "log"))
    counts = case.family in ("poisson", "negative_binomial")
    if units and not counts and case.family not in ("log_normal", "pareto"):
        out["the response in other units"] = (case.with_data(y=y * 1024.0), -total * math.log(1024.0))
    if place == "real" and link is None and case.family != "log_normal":
        out["the response shifted"] = (case.with_data(y=y + 4.0 * float(np.std(y))), 0.0)
    return out


def equivariance(case: Case, fit: lk.Fit | None, rng: Rng) -> Iterator[str]:
    """Two of the things that must not matter do not; a fit that fails does so both ways."""
    if fit is not None and fit.note:  # several peaks, and says so
        return
    variations = _variations(case, rng)
    for what in rng.choice(list(variations), size=min(2, len(variations)), replace=False):
        other, change = variations[str(what)]
        try:
            found: lk.Fit | None = other.fit()
        except lk.errors.LikelyError as error:
            found, text = None, f"{type(error).__name__}: {error}"
        if fit is None and found is None:
            continue
        if found is None:
            yield f"{what}: {text[:200]}; as it was: {fit.status if fit else ''!r}"
        elif fit is None:
            if not _worn(found):
                yield f"{what}: {found.status!r}; as it was, a failure"
        elif found.note:
            continue
        elif not abs(found.loglik - change - fit.loglik) <= 1e-6 + 1e-8 * abs(fit.loglik) + 10 * _noise(case, fit):
            yield f"{what}: the log-likelihood is {found.loglik - change!r}, as it was {fit.loglik!r}"


def _worn(fit: lk.Fit) -> bool:
    """Whether the information is singular but for rounding, which decides between a peak and a flat direction."""
    info = fit.outcome.point.info
    scale = np.sqrt(np.abs(np.diagonal(info)))
    return bool(np.linalg.eigvalsh(info / np.outer(scale, scale))[0] < 1e-12)


# -- what follows -----------------------------------------------------------------------------------------------------


def consequences(case: Case, fit: lk.Fit, rng: Rng) -> Iterator[str]:
    """Predictions, simulations, residuals and surprises are numbers."""
    calls: dict[str, Callable[[], Any]] = {
        "text": lambda: [len(str(fit)), len(str(fit.summary()))],
        "predict": lambda: fit.predict(what="quantile", q=0.5),
        "predict of the data": lambda: fit.predict(dict(case.data), what="quantile", q=0.5),
        "mean": lambda: [] if case.family in MAYBE_NO_MEAN else fit.predict(),
        "simulate": lambda: fit.simulate(seed=1),
        "surprise": fit.surprise,
        "robust standard errors": lambda: [e for e in fit.with_cov("HC0").stderr.values() if e is not None],
        "residuals": fit.residuals,
        "deviance residuals": lambda: fit.residuals("deviance"),
        "response residuals": lambda: [] if case.family in MAYBE_NO_MEAN else fit.residuals("response"),
    }
    if rng.random() < 0.03:
        calls["diagnose"] = lambda: len(str(fit.diagnose(seed=1)))
    for what, call in calls.items():
        try:
            found = np.asarray(call())
        except lk.errors.LikelyError as error:
            if type(error).__name__ == "InternalError":
                raise
            continue
        if found.dtype.kind == "f" and not np.all(np.isfinite(found)):
            bad = np.flatnonzero(~np.isfinite(found.reshape(-1)))
            yield f"{what}: {found.reshape(-1)[bad[0]]} at {bad[0]} ({len(bad)} such), status {fit.status!r}"


CHECKS: dict[str, Callable[[Case, lk.Fit, Rng], Iterator[str]]] = {
    "numbers": numbers,
    "log-likelihood": same_loglik,
    "peak": peak,
    "covariance": covariance,
    "other starts": other_starts,
    "profile": profile,
    "consequences": consequences,
}
OFTEN = {"other starts": 0.3, "profile": 0.15, "consequences": 0.5}  # the share of cases in which a check is made
