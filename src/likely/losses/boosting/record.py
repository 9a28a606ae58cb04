"""What the libraries call: an objective as a record, with its metric and what its scores mean."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, final

import numpy as np

from likely.compute.engines import memory
from likely.errors import FitError, OptionError, first_rows
from likely.families.base import Family
from likely.families.labels import Labelled, values_of
from likely.losses.boosting.rows import (
    LARGEST,
    SMALLEST,
    Column,
    ScoredRows,
    check_response,
    fused_rows,
    in_single_precision,
    response,
    sign_of,
)
from likely.models import checks
from likely.models.model import Model
from likely.namespace import NumpyNamespace, as_jet
from likely.namespace.arrays import Floats

COARSE = 0.1  # scales, of the steps between neighbouring numbers of a response
REMEMBERED = 8  # data sets whose checked responses are kept: the training data and what early stopping looks at


@final
@dataclass(frozen=True, eq=False)
class Boosting:
    """What LightGBM or XGBoost minimises: made by `objective`, and passed as the objective itself.

    Attributes
    ----------
    model : Model
        The family with a linear predictor for each of its parameters.
    scores : tuple of str
        What the columns of raw scores are: parameters, or labels.
    start : ndarray, shape (scores,)
        What is added to the libraries' scores: the constants on the link scale. Neither library needs a base score.
    unit : ndarray, shape (scores,)
        What the libraries' scores are multiplied by before that: for a location the scale of the constants, so that
        trees do not depend on the units of y; else 1.
    columns : tuple
        Each linear predictor as a score, or as the difference of two; a number where it has no trees.
    hessian : {"observed", "floored"}
        What stands for the second derivative.

    Examples
    --------
    >>> from likely.losses.boosting import objective
    >>> objective("student_t", [1.0, 2.0, 4.0, 3.0, 2.5], boost=["loc", "scale"])
    <boosting objective of StudentT: scores for loc, scale>
    """

    model: Model
    scores: tuple[str, ...]
    start: Floats
    unit: Floats
    columns: tuple[Column | float, ...]
    hessian: str
    _seen: list[tuple[Any, ScoredRows]] = field(default_factory=list, repr=False)
    _own: tuple[Any, ScoredRows] | None = field(default=None, repr=False)

    def __deepcopy__(self, memo: Any) -> Boosting:
        return replace(self, _seen=[])  # LightGBM copies its parameters; what is known of the training data stays

    def __repr__(self) -> str:
        return f"<boosting objective of {self.family.title}: scores for {', '.join(self.scores)}>"

    def __reduce__(self) -> tuple[Any, ...]:
        made_of = (self.model, self.scores, self.start, self.unit, self.columns, self.hessian)
        return Boosting, made_of  # without the data it saw

    @property
    def family(self) -> Family:
        """The family, with its levels where it has labels."""
        return self.model.family

    @property
    def size(self) -> int:
        """Number of scores of a row: trees of one round, ``num_class`` of both libraries."""
        return len(self.scores)

    @property
    def constants(self) -> dict[str, Any]:
        """The parameters that the trees start from, on the natural scale; ``start=`` makes the same objective again."""
        values = self.parameters(np.zeros((1, self.size)))
        return {k: v[0].tolist() if np.ndim(v) else float(v) for k, v in values.items()}

    @property
    def lightgbm(self) -> dict[str, Any]:
        """Parameters for ``lightgbm.train``: the objective, the number of scores, no metric but ours."""
        return {"objective": self, "num_class": self.size, "metric": "none"}

    @property
    def xgboost(self) -> dict[str, Any]:
        """Parameters for ``xgboost.train``, to which the objective itself goes as ``obj=``.

        The objective that they name is never used; with it ``predict`` gives scores, where otherwise several would
        come as the most probable class.
        """
        several = {"num_class": self.size} if self.size > 1 else {}
        return {**several, "objective": "reg:squarederror", "base_score": 0.0, "disable_default_eval_metric": True}

    # -- what the libraries call -----------------------------------------------------------------------

    def __call__(self, first: Any, second: Any, sample_weight: Any = None) -> tuple[Any, Any]:
        """Gradient and Hessian, for (scores, data set) or (y, scores, weights): both libraries, either interface."""
        y, raw, w = _arguments(first, second, sample_weight)
        return self.derivatives(raw, y, w)

    def metric(self, first: Any, second: Any, sample_weight: Any = None) -> Any:
        """The mean negative log-likelihood with its name, for early stopping.

        It is ``feval`` of ``lightgbm.train``, ``custom_metric`` of ``xgboost.train`` and ``eval_metric`` of LightGBM's
        scikit-learn interface; for that of XGBoost take `nll`.
        """
        y, raw, w = _arguments(first, second, sample_weight)
        value = self.nll(y, raw, w)
        of_xgboost = type(second).__module__.partition(".")[0] == "xgboost"
        return ("nll", value) if of_xgboost else ("nll", value, False)

    def nll(self, y: Any, raw: Any, sample_weight: Any = None) -> float:
        """The (weighted) mean of minus the log-density, constants kept: on rows held out, what to compare models by.

        Parameters
        ----------
        y : array_like, shape (n,)
            Labels as their codes.
        raw : array_like, shape (n,) or (n, scores)
            What the trees gave.
        sample_weight : array_like, optional

        Returns
        -------
        float
            In nats per row.

        Examples
        --------
        >>> from likely.losses.boosting import objective
        >>> round(objective("bernoulli").nll([0, 1], [0.0, 0.0]), 4)
        0.6931
        """
        rows = self._rows(y)
        surprise = -rows.log_density(self._matrix(raw, rows.rows))
        if (w := _weights(sample_weight, rows.rows)) is None:
            return float(np.mean(surprise))
        counted = w > 0
        return float(np.sum(surprise[counted] * w[counted]) / np.sum(w))

    def derivatives(self, raw: Any, y: Any, sample_weight: Any = None) -> tuple[Any, Any]:
        """Gradient and (positive) Hessian of the loss in every score.

        Parameters
        ----------
        raw : array_like, shape (n,) or (n, scores)
        y : array_like, shape (n,)
            Labels as their codes.
        sample_weight : array_like, optional

        Returns
        -------
        gradient, hessian : ndarray of float32
            Of the shape of `raw`.

        Raises
        ------
        FitError
            If the scores have run so far away that the log-density has no gradient there.
        SupportError
            If values of `y` lie where the family says none can lie.
        """
        rows = self._rows(y)
        n, k = rows.rows, self.size
        matrix, w = self._matrix(raw, n), _weights(sample_weight, n)
        gradient, hessian = np.empty((2, k, n), np.float32).transpose(0, 2, 1)  # in one piece: half the page faults

        fused = fused_rows(self.model, self.columns)

        def block(lo: int, hi: int) -> tuple[Any, ...]:
            squares, lacking = np.zeros(k), np.zeros(k)
            with np.errstate(all="ignore"):
                if fused is None:
                    pairs = self._derived(rows, matrix, lo, hi)
                else:
                    pairs = fused(rows.y[lo:hi], matrix[lo:hi] * self.unit + self.start)
                for c, (g, h) in enumerate(pairs):
                    if (unit := self.unit[c]) != 1.0:
                        g, h = unit * g, unit * unit * h
                    lacking[c] = not np.min(h) > 0.0
                    g, h = in_single_precision(g, h)
                    gradient[lo:hi, c], hessian[lo:hi, c] = g, h
                    squares[c] = g @ g if w is None else (w[lo:hi] * g) @ g
            return squares, lacking

        # the steps of one score are so short that threads would wait for each other, and for those of the library
        cheap = k == 1 and (rows.jets.kernel is not None or fused is not None)
        few = {"size": 2 * rows.block, "threads": 1} if cheap else {"size": rows.block}
        squares, lacking = memory.sum_blocks(block, n, **few)
        if not np.all(np.isfinite(squares)):
            self._refuse_runaway(gradient, matrix)
        expected = np.minimum(squares / (n if w is None else np.sum(w)), LARGEST)
        for c in range(k):
            if self.hessian == "floored":
                np.fmax(hessian[:, c], expected[c], out=hessian[:, c])
            elif lacking[c]:
                hessian[:, c] = np.where(hessian[:, c] > 0.0, hessian[:, c], expected[c])
        np.maximum(hessian, SMALLEST, out=hessian)
        if w is not None:
            gradient *= w[:, None]
            hessian *= w[:, None]
        return (gradient[:, 0], hessian[:, 0]) if np.ndim(raw) == 1 else (gradient, hessian)

    # -- what the scores mean --------------------------------------------------------------------------

    def parameters(self, raw: Any) -> dict[str, Any]:
        """The family's parameters of every row, from the scores that the trees gave.

        A score of a location counts in `unit`, the scale of the constants.

        Parameters
        ----------
        raw : array_like, shape (n,) or (n, scores)
            From ``predict`` of either library.

        Returns
        -------
        dict of str to ndarray
            By name, ready for ``family.quantile(0.9, **parameters)``; probabilities of labels are a matrix.

        Examples
        --------
        >>> import likely as lk
        >>> from likely.losses.boosting import objective
        >>> objective(lk.Normal(), start={"mean": 3.0, "sd": 2.0}).parameters([[0.5, 0.0]])
        {'mean': array([4.]), 'sd': array([2.])}
        """
        matrix = self._matrix(raw, len(raw))
        etas = self._rows_of(self.model, np.zeros(len(matrix))).predictors(matrix, slice(None))
        with np.errstate(all="ignore"):
            values = self.model.parameters(etas, NumpyNamespace(), self.model.known)

        def by_row(value: Any) -> Floats:
            return np.broadcast_to(value, len(matrix)).copy()

        return {
            p.name: np.stack([by_row(v) for v in values[p.name]], axis=-1) if p.vector else by_row(values[p.name])
            for p in self.family.free
        }

    def codes(self, y: Any) -> Floats:
        """The response as the numbers that both libraries want for labels: for a family of labels, their codes.

        Examples
        --------
        >>> import likely as lk
        >>> from likely.losses.boosting import objective
        >>> objective(lk.Categorical(["bus", "car"])).codes(["car", "bus"]).tolist()
        [1.0, 0.0]
        """
        codes = self.family.codes(*values_of(y)) if isinstance(self.family, Labelled) else response(y)
        check_response(self.family, codes)
        return codes

    # -- rows --------------------------------------------------------------------------------------------

    def _rows_of(self, model: Model, y: Any) -> ScoredRows:
        return ScoredRows(model, y, self.columns, self.start, self.unit)

    def _require_steps(self, y: Any) -> None:
        """Raise where the steps of single precision are too coarse for the scale of the errors."""
        location = next(
            (c for s, c in zip(self.model.slots, self.columns, strict=True) if s.link.name == "identity"), None
        )
        if not isinstance(location, tuple) or np.isfinite(self.family.support.lower):
            return
        step, scale = float(np.spacing(np.max(np.abs(y), initial=np.float32(0.0)))), float(self.unit[location[0]])
        if step > COARSE * scale:
            raise OptionError(
                f"the response comes in single precision, as both libraries keep it: its steps are {step:.3g}, where "
                f"the scale of {self.family.title} is {scale:.3g}. Subtract a constant from the response, such as "
                f"{float(np.median(y)):.6g}, here and in objective(...)"
            )

    def with_response(self, y: Any) -> Boosting:
        """The same with the training response in double precision, for when a library passes it in single precision."""
        with np.errstate(over="ignore", under="ignore"):
            own = (y.astype(np.float32), self._rows_of(self.model, y))
        return replace(self, _own=own)

    def _rows(self, y: Any) -> ScoredRows:
        """The checked rows of a response; both libraries pass the same ones again and again."""
        y = np.asarray(y)
        for given, rows in [*self._seen, *([self._own] if self._own is not None else [])]:
            if given.dtype == y.dtype and np.array_equal(given, y):
                return rows
        numeric = response(y)
        check_response(self.family, numeric)
        if y.dtype == np.float32:
            self._require_steps(y)
        self._seen[REMEMBERED - 1 :] = []
        self._seen.insert(0, (y.copy(), self._rows_of(self.model, numeric)))
        return self._seen[0][1]

    def _matrix(self, raw: Any, n: int) -> Floats:
        raw = np.asarray(raw)
        if raw.shape != (n, self.size) and not (raw.ndim == 1 and self.size == 1 and len(raw) == n):
            raise OptionError(
                f"{self.family.title} has {self.size} score(s) for every row ({', '.join(self.scores)}), so {n} rows "
                f"have scores of shape {(n, self.size)}; found {raw.shape}. Pass num_class={self.size} to the library"
            )
        return raw.reshape(n, self.size)

    def _derived(self, rows: ScoredRows, raw: Any, lo: int, hi: int) -> list[tuple[Any, Any]]:
        """Gradient and second derivative of some rows in every score, from those in the linear predictors."""
        part = slice(lo, hi)
        jet = as_jet(rows.jets(rows.predictors(raw, part), part, 2))
        out = []
        for c in range(self.size):
            signs = {i: sign for i, column in enumerate(self.columns) if (sign := sign_of(column, c))}
            if len(signs) == 1:
                (i,) = signs
                g, h = -jet.g.get(i, np.float64(0.0)), -jet.h.get((i, i), np.float64(0.0))
                g = g if signs[i] > 0.0 else -g
            else:
                g = h = np.float64(0.0)
                for i, sign in signs.items():
                    g = g - sign * jet.g.get(i, 0.0)
                    for j in (j for j in signs if j >= i):
                        h = h - (1.0 if i == j else 2.0) * sign * signs[j] * jet.h.get((i, j), 0.0)
            out.append((np.broadcast_to(g, hi - lo), np.broadcast_to(h, hi - lo)))
        return out

    def _refuse_runaway(self, gradient: Any, raw: Any) -> None:
        bad = np.flatnonzero(~np.all(np.isfinite(gradient), axis=1))
        scores = [", ".join(f"{s} {v:.4g}" for s, v in zip(self.scores, raw[i], strict=True)) for i in bad]
        raise FitError(
            f"the log-density of {self.family.title} has no finite gradient at the scores of {len(bad)} rows: "
            f"{first_rows(bad, scores)}. The trees have run away: take a smaller learning rate, a max_delta_step of "
            "both libraries (such as 0.7), or larger leaves"
        )


def _arguments(first: Any, second: Any, weight: Any) -> tuple[Any, Any, Any]:
    """(y, scores, weights) from (scores, data set) or (y, scores, weights)."""
    if not hasattr(second, "get_label"):
        return first, second, weight
    y, w = second.get_label(), second.get_weight()
    if y is None or len(y) == 0:
        raise OptionError("the data set has no label: pass the response to it")
    return y, first, w


def _weights(w: Any, n: int) -> Floats | None:
    """Weights as numbers, one for each row; None where there are none."""
    if w is None or np.size(w) == 0:
        return None
    w = checks.check_weights(np.asarray(w, dtype=float), "importance")
    if w.shape != (n,):
        raise OptionError(f"there are {n} rows, and weights of shape {w.shape}")
    return w
