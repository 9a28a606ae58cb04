"""Cross-validation of a path of penalised fits: the log-likelihood of rows held out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.errors import FitError, is_one_of, unknown
from likely.errors.boundary import public_class
from likely.likelihoods.log_likelihood import LogLikelihood
from likely.namespace.arrays import Floats
from likely.prediction.held_rows import dealt
from likely.results.paths.strengths import along_strengths, check_progress, shown
from likely.show.text_table import Grid, fixed, number

if TYPE_CHECKING:
    from likely.results.fits import Fit
    from likely.results.paths.fits import Path

RULES = ("best", "one standard error")


def cross_validate(
    path: Path, folds: int, groups: Any, seed: int, progress: Callable[[int, int], None] | None
) -> CrossValidation:
    """The log-likelihood of rows held out; see `likely.results.paths.Path.cross_validate`."""
    bound = path.likelihood.function.bound
    fold_of, by = dealt(bound, folds, groups, seed)
    check_progress(progress)
    m = len(path.strengths)
    held, sizes = np.full((folds, m), -np.inf), np.zeros(folds)
    for k in range(folds):
        rows, out = (np.flatnonzero(chosen) for chosen in (fold_of != k, fold_of == k))
        test = LogLikelihood(bound.take(out)).objective
        sizes[k] = len(out) if bound.weights is None else float(np.sum(bound.weights[out]))
        training = LogLikelihood(bound.take(rows))
        for i, outcome in enumerate(along_strengths(training, path._penalties, path.strengths)):
            if outcome is None:
                break
            held[k, i] = test.value(outcome.point.x)
            if progress is not None:
                progress(k * m + i + 1, folds * m)
    used = sizes > 0.0
    each = held[used] / sizes[used, None]
    mean = np.average(each, axis=0, weights=sizes[used])
    with np.errstate(invalid="ignore"):
        error = np.std(each, axis=0, ddof=1) / np.sqrt(len(each))
    if not np.any(np.isfinite(mean)):
        raise FitError("no strength of the path has a finite log-likelihood in all rows held out")
    return CrossValidation(path, mean, np.where(np.isfinite(mean), error, np.inf), int(folds), seed, by)


@final
@public_class
@dataclass(frozen=True, eq=False)
class CrossValidation:
    """The log-likelihood of rows held out at every strength of a path; prints as a table.

    Attributes
    ----------
    path : Path
    mean : ndarray, shape (m,)
        Log-likelihood per observation held out.
    stderr : ndarray, shape (m,)
        Its standard error, from its variation between the folds.
    folds, seed : int
    groups : str
        What the rows are held out together by; empty where each is by itself.
    """

    path: Path
    mean: Floats
    stderr: Floats
    folds: int
    seed: int
    groups: str = ""

    @property
    def best(self) -> float:
        """The strength with the highest log-likelihood of rows held out."""
        return float(self.path.strengths[int(np.argmax(self.mean))])

    @property
    def one_standard_error(self) -> float:
        """The largest strength within one standard error of the best (Breiman et al. 1984)."""
        top = int(np.argmax(self.mean))
        return float(self.path.strengths[int(np.argmax(self.mean >= self.mean[top] - self.stderr[top]))])

    def choose(self, rule: str = "best") -> Fit:
        """The fit to all rows at the strength that a rule chooses.

        Parameters
        ----------
        rule : {"best", "one standard error"}
            The highest log-likelihood of rows held out, or the largest strength within one standard error of it.

        Returns
        -------
        Fit

        Raises
        ------
        UnknownNameError
            If there is no such rule.

        Examples
        --------
        >>> import likely as lk
        >>> loans = lk.datasets.path("loans")
        >>> held = lk.path("bernoulli", loans, "default ~ duration + amount", n=6).cross_validate(4)
        >>> held.choose().converged
        True
        """
        check_rule(rule)
        return self.path.fit(self.best if rule == "best" else self.one_standard_error)

    @property
    def grid(self) -> Grid:
        """The table as text cells: at most a dozen strengths, the chosen ones marked."""
        path, marks = self.path, {self.one_standard_error: "one standard error", self.best: "best"}
        chosen = [int(np.flatnonzero(path.strengths == strength)[0]) for strength in marks]
        rows = [
            (
                number(float(path.strengths[i]), 5),
                str(int(path.nonzero[i])),
                fixed(float(self.mean[i]), 5),
                fixed(float(self.stderr[i]), 5),
                marks.get(float(path.strengths[i]), ""),
            )
            for i in sorted({*shown(len(path.strengths)), *chosen})
        ]
        dealt = f"{self.folds} folds of {self.groups}" if self.groups else f"{self.folds} folds"
        title = f"Held-out log-likelihood per observation, {dealt}, seed {self.seed}"
        return Grid(("strength", "not 0", "held out", "std. error", ""), tuple(rows), "rrrrl", title)

    def __str__(self) -> str:
        return str(self.grid)

    __repr__ = __str__


def check_rule(rule: str) -> None:
    """Raise unless there is such a rule."""
    if not is_one_of(rule, RULES):
        raise unknown("rule", rule, RULES)
