"""The bootstrap: the estimates of data drawn anew, from the fitted model or from the observations themselves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.errors import Interrupted, IntervalError, OptionError, is_one_of, unknown
from likely.errors.kinds import is_whole
from likely.families.base import generator
from likely.inference.refit import refit
from likely.likelihoods.compress import counted
from likely.likelihoods.fitted_rows import rows_of
from likely.models.model import Model
from likely.models.rows import Rows
from likely.namespace.arrays import Floats, Integers
from likely.progress import Task, check_progress
from likely.search.state import BootstrapState

if TYPE_CHECKING:
    from likely.estimates import Estimates

KINDS = ("parametric", "cases")
DRAWN_AT_ONCE = 1 << 20  # responses simulated together
MOST_FAILED = 0.1  # of the refits; beyond, no interval


@final
@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Estimates from data drawn anew.

    Attributes
    ----------
    names : list of str
    estimates : ndarray, shape (replicates, k)
        On the reported scale, in the order of `names`; NaN in the rows of refits that failed. A parameter that ran to
        its limit stands there with that limit (a df of infinity).
    failed : int
        How many refits failed.
    kind : str
        "parametric" or "cases".
    reasons : mapping of str to int
        Why refits failed, with counts.
    """

    names: list[str]
    estimates: Floats
    failed: int
    kind: str
    reasons: dict[str, int] = field(default_factory=dict)

    def column(self, name: str) -> Floats:
        """The draws of one estimate, sorted, without the failed ones."""
        values = self.estimates[:, self.names.index(name)]
        return np.sort(values[~np.isnan(values)])


def bootstrap(
    fit: Estimates,
    *,
    replicates: int = 1000,
    kind: str = "parametric",
    seed: int | None = 0,
    progress: bool | str | Callable[[int, int], None] | None = None,
    resume: BootstrapState | None = None,
) -> Bootstrap:
    """Refit data drawn anew (Efron and Tibshirani 1993; Davison and Hinkley 1997).

    Parameters
    ----------
    fit : Estimates
    replicates : int
    kind : {"parametric", "cases"}
        "parametric": responses simulated from the fitted model, predictors kept. "cases": rows drawn with replacement,
        each as often as its frequency weight; under sampling weights every row once, and it keeps its weight. Where the
        fit's covariance is clustered, whole clusters are drawn, whose rows keep their weights.
    seed : int, optional
        The same seed gives the same draws.
    progress : {None, "auto", True, False} or callable, optional
        As in `likely.fit`; a callable is called with (done, replicates).
    resume : BootstrapState, optional
        The state of an interrupted bootstrap of the same fit; it knows replicates, kind and seed.

    Returns
    -------
    Bootstrap

    Raises
    ------
    Interrupted
        At Ctrl-C; its ``state`` is what ``resume=`` takes.

    Examples
    --------
    >>> import likely as lk
    >>> from likely.inference.bootstrap import bootstrap
    >>> fit = lk.fit("exponential", [0.2, 1.1, 0.7, 3.0, 1.9, 0.4])
    >>> draws = bootstrap(fit.estimates, replicates=200)
    >>> draws.estimates.shape, draws.failed
    ((200, 1), 0)
    """
    if not fit.converged:
        raise IntervalError(f"a fit that did not converge has no bootstrap: {fit.status}")
    if not is_one_of(kind, KINDS):
        raise unknown("kind of bootstrap", kind, KINDS)
    if not fit.likelihood.offers.independent_rows:
        raise IntervalError("strata are not drawn anew by the bootstrap of rows; use method='profile'")
    if kind == "parametric" and not fit.likelihood.offers.distribution:
        raise OptionError(
            f"{fit.likelihood.model.family.title} states no distribution to draw from; draw the observations anew: "
            "kind='cases'"
        )
    _check_weights(fit, kind)
    _check_clusters(fit, kind)
    check_replicates(replicates)
    callback = check_progress(progress, "(done, replicates)")
    rng = generator(seed, "bootstrap")
    state = BootstrapState(
        fit.coef, np.zeros((0, len(fit.names))), {}, int(replicates), kind, dict(rng.bit_generator.state)
    )
    if resume is not None:
        state, rng = resumed(fit, resume), resume.generator()
    with Task("bootstrap", progress if callback is None else False, alone=True) as task:
        return _drawn(fit, state, rng, task, callback)


def resumed(fit: Estimates, state: Any) -> BootstrapState:
    """The state of an interrupted bootstrap of this fit, or an error."""
    if not isinstance(state, BootstrapState):
        raise OptionError(f"resume is the state of an interrupted bootstrap, interrupted.state; found {state!r}")
    if state.coef != fit.coef:
        raise OptionError(f"resume is the state of another fit's bootstrap: {state.coef}; this fit: {fit.coef}")
    return state


def _drawn(fit: Estimates, state: BootstrapState, rng: np.random.Generator, task: Task, callback: Any) -> Bootstrap:
    """The refits, after those that the state already has."""
    draw, total = (_cases if state.kind == "cases" else _simulated), state.replicates
    made: list[Any] = []
    try:
        for i, data in enumerate(draw(fit, total, rng)):
            if i < state.done:  # drawn again, so that the random numbers go on as they would have
                continue
            made.append(refit(fit, fit.likelihood.model, data))
            task.count(i + 1, total, "refits")
            if callback is not None:
                callback(i + 1, total)
    except KeyboardInterrupt as stopped:
        reached = _with(state, made)
        raise Interrupted(
            f"the bootstrap was interrupted {reached.reached}. Nothing is lost: catch lk.errors.Interrupted as "
            "interrupted, and go on with fit.interval(method='bootstrap', resume=interrupted.state)",
            reached,
        ) from stopped
    state = _with(state, made)
    return Bootstrap(fit.names, state.estimates, sum(state.reasons.values()), state.kind, dict(state.reasons))


def _with(state: BootstrapState, made: list[Any]) -> BootstrapState:
    """The state with more refits: their estimates, or the reasons why there are none."""
    k = state.estimates.shape[1]
    rows = [np.full(k, np.nan) if isinstance(found, str) else found for found in made]
    reasons = Counter(state.reasons)
    reasons.update(re.split(r"[:.] ", found, maxsplit=1)[0] for found in made if isinstance(found, str))
    return replace(state, estimates=np.vstack([state.estimates, *rows]), reasons=dict(reasons))


def check_failed(drawn: Bootstrap, what: str) -> None:
    """Raise if too many refits failed for what is made of them."""
    replicates = len(drawn.estimates)
    if drawn.failed > MOST_FAILED * replicates:
        reason, count = max(drawn.reasons.items(), key=lambda item: item[1])
        raise IntervalError(
            f"{drawn.failed} of {replicates} refits failed, too many for {what}; the most common reason "
            f"({count}): {reason}"
        )


def _check_weights(fit: Estimates, kind: str) -> None:
    """Raise where the weights do not say how such data would come about again."""
    found = fit.likelihood.bound.weights_kind
    if found == "importance":
        raise OptionError(
            "importance weights do not say how the rows came about, so there is no bootstrap; if they count rows, "
            "they are frequency weights"
        )
    if found == "sampling" and kind == "parametric":
        raise OptionError(
            "sampling weights say that the rows are a selection, which the fitted model does not simulate; use "
            "kind='cases'"
        )


def check_replicates(replicates: Any) -> None:
    """Raise unless it is a number of replicates."""
    if not is_whole(replicates) or replicates < 1:
        raise OptionError(f"replicates is a whole number, 1 or more; found {replicates!r}")


# -- drawing data ----------------------------------------------------------------------------------------------


def _whole_weights(fit: Estimates) -> Integers | None:
    w = fit.likelihood.bound.weights
    if fit.likelihood.bound.pseudo:  # a row of weight 3 was drawn once
        return None
    if w is not None and np.any(w != np.floor(w)):
        raise OptionError("the bootstrap needs weights that are whole numbers: how often each row was observed")
    return None if w is None else w.astype(np.int64)


def _check_clusters(fit: Estimates, kind: str) -> None:
    """Raise where rows that come in clusters would be drawn as if they were independent."""
    if kind == "parametric":
        fit.require_independent("a bootstrap from the fitted model", "kind='cases', which draws whole clusters,")
    if len(fit._request.clusters) > 1:
        raise OptionError(
            "clusters that go two ways cannot be drawn whole; use method='wald', or a fit clustered one way"
        )


def _cases(fit: Estimates, replicates: int, rng: np.random.Generator) -> Iterator[Rows]:
    """Rows drawn with replacement, or whole clusters, as frequency weights."""
    bound = fit.likelihood.bound
    w: Any = _whole_weights(fit)
    if fit._request.clusters:
        _, which = np.unique(fit._request.clusters[0].codes, return_inverse=True)
        groups = int(which.max()) + 1
        for _ in range(replicates):
            drawn = rng.multinomial(groups, np.full(groups, 1.0 / groups))[which]
            yield bound.data.with_weights(drawn * (1.0 if bound.weights is None else bound.weights))
        return
    data = bound.data
    if _countable(bound.model) and not bound.pseudo:
        data = counted(data.with_weights(w))
        w = data.weights
    each = bound.weights if bound.pseudo else 1.0
    total = data.n if w is None else int(w.sum())
    share = np.full(data.n, 1.0 / data.n) if w is None else w / w.sum()
    for _ in range(replicates):
        yield data.with_weights(rng.multinomial(total, share) * each)


def _simulated(fit: Estimates, replicates: int, rng: np.random.Generator) -> Iterator[Rows]:
    """Responses from the fitted model; a row of weight 3 is three rows."""
    model, rows, w = fit.likelihood.model, rows_of(fit, observed=True), _whole_weights(fit)
    data, params, n = replace(fit.likelihood.bound.data, weights=None), rows.values, rows.n
    repeat = None if w is None else np.repeat(np.arange(n), w)
    if repeat is not None:
        data, n = data.take(repeat), len(repeat)
        vector = {p.name for p in rows.family.parameters if p.vector}
        params = {k: v[repeat] if np.ndim(v) > (k in vector) else v for k, v in params.items()}
    at_once, fitted = max(1, DRAWN_AT_ONCE // n), rows.free_family.at(params)
    for first in range(0, replicates, at_once):
        for y in fitted.draw((min(at_once, replicates - first), n), rng).astype(float):
            drawn = data.with_response(y)
            yield counted(drawn) if _countable(model) else drawn


def _countable(model: Model) -> bool:
    """Whether the distinct responses and how often they occur say everything."""
    return model.constant and model.family.kind.discrete and not model.known_by_row
