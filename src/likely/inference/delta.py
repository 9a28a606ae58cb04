"""Functions of the estimates with standard errors by the delta method, and with profile intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, final

import numpy as np
from scipy import linalg
from scipy import special as sc

from likely.errors import IntervalError, OptionError, is_one_of, unknown
from likely.inference.functions import Derivatives, Function
from likely.inference.profile_limits import limit
from likely.inference.quantities import Quantities, quantities
from likely.models import scale
from likely.models.checks import check_level, require_number

if TYPE_CHECKING:
    from likely.compute.solve.newton import Point
    from likely.estimates import Estimates

METHODS = ("wald", "profile")
MOST_EVALUATIONS = 2000
LARGEST = 2.0  # standard errors by which a step along the profile of a function may move the coefficients


def delta(
    fit: Estimates,
    functions: Any,
    *,
    null: float | None = None,
    level: float = 0.95,
    method: str = "wald",
    log: bool = False,
) -> Quantities:
    """Functions of the estimates; see `likely.Fit.delta`."""
    if not is_one_of(method, METHODS):
        raise unknown("method", method, METHODS, " for a function of the estimates")
    level = check_level(level)
    require_number(null=0.0 if null is None else null)
    if fit.limit is None:
        fit.require_regular("the delta method")
    inner = fit.effective
    items = _items(functions)
    made = {name: Function(fit, spec) for name, spec in items}
    made = {(f.label if name.startswith("\0") else name): f for name, f in made.items()}
    if len(made) < len(items):
        raise OptionError("give the functions distinct names: {'ratio': ..., 'sum': ...}")
    x = inner.outcome.point.x
    found = [function.at(x) for function in made.values()]
    for name, one in zip(made, found, strict=True):
        if not np.any(one.gradient):
            raise OptionError(f"{name!r} is {one.value:g} whatever the estimates are: it has no standard error")
    values = np.array([one.value for one in found])
    jacobian = np.array([one.gradient for one in found])
    if log:
        if np.any(values <= 0.0):
            raise OptionError("log=True needs positive values")
        values, jacobian = np.log(values), jacobian / values[:, None]
    null = (1.0 if log else 0.0) if null is None else float(null)
    title = "Functions of the estimates" if len(made) > 1 else "Function of the estimates"
    labels = [{"function": name} for name in made]
    out = quantities(inner, labels, values, jacobian, level=level, title=title, null=null, log=log)
    if method == "wald":
        return out
    notes: list[str] = ["The intervals follow the profile likelihood; standard errors, z and p are the delta method's."]
    ends = [_profile(inner, name, function, level, notes) for name, function in made.items()]
    lower, upper = np.array(ends).T
    return replace(out, lower=lower, upper=upper, notes=tuple(notes))


def _items(functions: Any) -> list[tuple[str, Any]]:
    """Functions with names; those without one are marked."""
    if isinstance(functions, Mapping) and functions:
        return [(str(name), spec) for name, spec in functions.items()]
    if isinstance(functions, str) or callable(functions):
        return [("\0", functions)]
    if isinstance(functions, Sequence) and len(functions):
        return [(f"\0{i}", spec) for i, spec in enumerate(functions)]
    raise OptionError(f"pass a text, a callable, or several in a list or dict; found {functions!r}")


# -- the profile of a function -------------------------------------------------------------------------------


def _profile(fit: Estimates, name: str, function: Function, level: float, notes: list[str]) -> tuple[float, float]:
    fit.require_likelihood("the profile of a function", plain=True)
    if fit.likelihood.model.family.kinked:
        raise IntervalError("the log-density has corners, so there is no profile of a function: use method='wald'")
    fit.require_independent("a profile interval", "method='wald'")
    path = FunctionProfiler(fit, function)
    drop = float(sc.gammaincinv(0.5, level))
    ends = []
    for side in (-1, 1):
        try:
            end = limit(path, side, drop, float(np.sqrt(2.0 * drop)) * path.stderr)  # type: ignore[arg-type]
        except IntervalError as error:
            raise IntervalError(f"{name}: {error}; use method='wald'") from error
        if not np.isfinite(end):
            notes.append(f"{name} has no {'lower' if side < 0 else 'upper'} limit: the profile never falls far enough.")
        ends.append(end)
    return ends[0], ends[1]


@final
class FunctionProfiler:
    """The log-likelihood maximised where a function has a value, followed along that value.

    Newton's method on the equations of Lagrange, s = m g' and g = c, from the nearest point known. The multiplier m is
    the slope of the profile. Stands in for `likely.inference.profile.Profiler`.
    """

    def __init__(self, fit: Estimates, function: Function) -> None:
        self.objective, self.function = fit.likelihood.objective, function
        x = np.array(fit.outcome.point.x, dtype=float)
        here = function.at(x, 2)
        self.peak, self.index, self.best = fit.loglik, 0, np.array([here.value])
        self.errors = np.sqrt(np.diagonal(fit._observed_cov))
        covariance = linalg.inv(fit.outcome.point.info)
        self.stderr = float(scale.errors(here.gradient[None, :], covariance)[0][0])
        self._spent = 0
        self._known: list[tuple[float, Any, float]] = [(here.value, x, 0.0)]

    def __call__(self, value: float) -> tuple[float, float, Any]:
        """Profile log-likelihood, its slope, and the coefficients; -inf where the path cannot be followed."""
        for _ in range(40):
            start, x, multiplier = min(self._known, key=lambda k: abs(k[0] - value))
            step = value - start
            for part in (1.0, 0.5, 0.25, 0.0625, 0.01):
                found = self._solve(start + part * step if part < 1.0 else value, x, multiplier)
                if found is None:
                    continue
                point, multiplier = found
                self._known.append((start + part * step if part < 1.0 else value, point.x, multiplier))
                if part == 1.0:
                    return point.value, multiplier, point.x
                break
            else:
                return -np.inf, 0.0, x
        return -np.inf, 0.0, self._known[0][1]

    def _solve(self, value: float, x: Any, multiplier: float) -> tuple[Point, float] | None:
        """The point where the function has this value and the score is along its gradient."""
        x = x.copy()
        for _ in range(50):
            self._spent += 1
            if self._spent > MOST_EVALUATIONS:
                raise IntervalError(f"the profile could not be followed within {MOST_EVALUATIONS:,} evaluations")
            try:
                point, here = self.objective.point(x), self.function.at(x, 2)
            except OptionError:
                return None
            if not point.usable:
                return None
            step, m = self._newton(point, here, value - here.value, multiplier)
            if step is None:
                return None
            size = float(np.max(np.abs(step) / self.errors))
            if size < 1e-9:
                # a maximum, not a saddle: concave along the surface
                return (point, m) if self._concave(point, here, m) else None
            share = min(1.0, LARGEST / size)
            x, multiplier = x + share * step, multiplier + share * (m - multiplier)
        return None

    def _newton(self, point: Point, here: Derivatives, gap: float, multiplier: float) -> tuple[Any, float]:
        """The step in the coefficients and the next multiplier, in units of standard errors."""
        p = len(point.x)
        system = np.zeros((p + 1, p + 1))
        g = here.gradient * self.errors / self.stderr
        curved = point.info + multiplier * here.hessian
        system[:p, :p] = curved * np.outer(self.errors, self.errors)
        system[:p, p] = system[p, :p] = g
        try:
            solved = np.linalg.solve(system, np.append(point.score * self.errors, gap / self.stderr))
        except np.linalg.LinAlgError:
            return None, multiplier
        if not np.all(np.isfinite(solved)):
            return None, multiplier
        return solved[:p] * self.errors, float(solved[p]) / self.stderr

    def _concave(self, point: Point, here: Derivatives, multiplier: float) -> bool:
        across = linalg.null_space((here.gradient * self.errors)[None, :])
        curved = (point.info + multiplier * here.hessian) * np.outer(self.errors, self.errors)
        return across.shape[1] == 0 or float(linalg.eigvalsh(across.T @ curved @ across)[0]) > 0.0
