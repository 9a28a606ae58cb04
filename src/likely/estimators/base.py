"""What the regressor and the classifier share: a matrix in, a fit, and the fitted model on new rows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted, validate_data

from likely.compute.blocks import from_sparse, is_sparse
from likely.data.design import NamedMatrix
from likely.data.tables import Table
from likely.errors import DataError, FitError, OptionError, is_one_of, listed, unknown
from likely.estimators.arguments import checked_offset
from likely.families.base import Family
from likely.likelihoods.fitted_rows import FittedRows
from likely.models.asked import Asked
from likely.models.rows import Rows
from likely.models.slot import Slot
from likely.namespace.arrays import Floats
from likely.results.fits import Fit
from likely.results.fitting import fit_of

Columns = list[int]  # columns of X; CONSTANT stands for the constant term
CONSTANT = -1
MOST_SORTED = 20_000_000  # numbers of a sparse matrix that may be written out to be sorted


class MLEEstimator(BaseEstimator):
    """Maximum likelihood on a matrix of features.

    Attributes
    ----------
    fit_ : likely.Fit
        The fit, with standard errors, intervals, tests and a summary.
    aliased_ : list of str
        Features that are linear combinations of others: their coefficients are 0, and the others speak for them.
    """

    # what the constructors of the concrete classes set
    link: Any
    fit_intercept: bool
    penalty: Any
    solver: str
    max_iter: int
    tol: float
    on_failure: str
    fit_options: Mapping[str, Any] | None

    fit_: Fit
    n_features_in_: int

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # -- fitting -----------------------------------------------------------------------------------------

    def _fit(
        self, family: Family, X: Any, y: Any, weights: Any, offset: Any, predictors: Mapping[str, list[int]]
    ) -> None:
        """Fit `family` to checked arrays; `predictors` are the columns of X by parameter, the first one's first."""
        if not is_one_of(self.on_failure, ("warn", "raise")):
            raise unknown("option", self.on_failure, ["warn", "raise"], " for on_failure=")
        self._has_offset = offset is not None
        self.fit_ = self._maximum(family, X, y, weights, offset, predictors)
        if not self.fit_.converged:  # where a search without a peak ends is a matter of rounding, but not of the data's
            self.fit_ = self._maximum(family, *_in_order(X, y, weights, offset), predictors)  # order or bookkeeping
        self.n_iter_ = max(1, self.fit_.outcome.iterations)
        if not self.fit_.converged:
            self._warn_failure()

    def _maximum(
        self, family: Family, X: Any, y: Any, weights: Any, offset: Any, predictors: Mapping[str, list[int]]
    ) -> Fit:
        names = self._feature_names()
        if twice := {name for name in names if names.count(name) > 1}:
            raise DataError(f"several features are called {listed(sorted(twice))}: give each a name of its own")
        self._place = {name: j for j, name in enumerate(names)}
        if self.fit_intercept:
            self._place["Intercept" if "Intercept" not in names else "(Intercept)"] = CONSTANT
        labels = {j: name for name, j in self._place.items()}
        matrices = {}
        for parameter, wanted in predictors.items():
            columns = [CONSTANT, *wanted] if self.fit_intercept else wanted
            matrices[parameter] = NamedMatrix(_matrix(X, columns), tuple(labels[j] for j in columns))
        first, *others = matrices
        options: dict[str, Any] = {
            "link": self.link,
            "weights": weights,
            "offset": offset,
            "solver": self.solver,
            "max_iterations": self.max_iter,
            "tolerance": self.tol,
            "on_failure": "return",
        }
        if self.penalty is None:
            options["aliased"] = "drop"  # a penalty may have its own use for dependent columns
        else:
            options["penalty"] = self.penalty
        if self.fit_options is not None and not isinstance(self.fit_options, Mapping):
            raise OptionError(f"fit_options is a dict of options of likely.fit, found {self.fit_options!r}")
        options |= {name: matrices[name] for name in others}
        found = fit_of(Asked.of(family, matrices[first], **{**options, **(self.fit_options or {})}), y)
        slots = found.likelihood.model.slots
        kept = {(slot.parameter.name, name) for slot in slots if slot.design is not None for name in slot.design.names}
        aliased = [
            name for parameter, matrix in matrices.items() for name in matrix.names if (parameter, name) not in kept
        ]
        self.aliased_ = [name for name in dict.fromkeys(aliased) if self._place[name] != CONSTANT]
        return found

    def _warn_failure(self) -> None:
        """A fit without a peak still has a place from which to predict, mostly; say what is wrong with it."""
        found = self.fit_
        reason = found.end.words
        x = found.outcome.point.x
        slots = found.likelihood.model.slots
        reached = len(x) and all(np.all(np.isfinite(x[s.start : s.stop])) for s in slots if s.design is not None)
        if self.on_failure == "raise" or not reached:
            raise FitError(reason, found)
        warnings.warn(
            f"{reason}. Predictions are made from where the search ended; there are no standard errors",
            ConvergenceWarning,
            stacklevel=4,
        )

    def _feature_names(self) -> list[str]:
        known = getattr(self, "feature_names_in_", None)
        return [f"x{j}" for j in range(self.n_features_in_)] if known is None else [str(name) for name in known]

    # -- the fitted model ----------------------------------------------------------------------------------

    def _coefficients(self, slot: Slot) -> tuple[float, Any]:
        """Intercept and coefficients of the features in one linear predictor."""
        beta = self.fit_.effective.outcome.point.x[slot.start : slot.stop]
        whole = np.zeros(self.n_features_in_ + 1)
        whole[self._columns(slot)] = beta
        return float(whole[CONSTANT]), whole[:CONSTANT]

    def _columns(self, slot: Slot) -> Columns:
        """The columns of X behind a slot's coefficients."""
        return [CONSTANT] if slot.design is None else [self._place[name] for name in slot.design.names]

    def _original_name(self, slot: Slot) -> str:
        """A slot's parameter, in the names of the family that the user asked for."""
        limit = self.fit_.limit
        return slot.parameter.name if limit is None else limit.original_name(slot.parameter.name)

    def _rows(self, X: Any, offset: Any = None) -> FittedRows:
        """The fitted model on the rows of X."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, accept_sparse="csr", reset=False)
        n = X.shape[0]
        if self._has_offset and offset is None:
            raise OptionError("the model was fitted with an offset: pass offset= for these rows, 0 for none")
        if offset is not None:
            if not self._has_offset:
                raise OptionError("the model was fitted without an offset, so it takes none")
            offset = checked_offset(offset, n)
        found = self.fit_.effective
        slots = found.likelihood.model.slots
        made: dict[str, Any] = {}
        for slot in slots:
            if slot.design is not None and self._original_name(slot) not in made:
                matrix = _matrix(X, self._columns(slot))
                made[self._original_name(slot)] = from_sparse(matrix) if is_sparse(matrix) else matrix
        designs = {slot.label: made[self._original_name(slot)] for slot in slots if slot.design is not None}
        offsets = {slot.label: offset for slot in slots if slot.offset is not None}
        original_names = {slot.parameter.name: self._original_name(slot) for slot in slots}
        data = Rows(n, None, None, designs, offsets, found.estimates.likelihood.bound.data.known)
        limits = {} if self.fit_.limit is None else {self.fit_.limit.parameter: self.fit_.limit.at}
        return FittedRows(found.estimates, Table(), data, {}, original_names, limits)


def _matrix(X: Any, columns: Columns) -> Floats:
    """Columns of X, the constant among them, as one matrix; a sparse one stays sparse."""
    if is_sparse(X):
        ones = sparse.csr_array(np.ones((X.shape[0], 1)))
        parts = [ones] if CONSTANT in columns else []
        rest = [j for j in columns if j != CONSTANT]
        whole = rest == list(range(X.shape[1]))
        return sparse.hstack([*parts, X if whole else X[:, rest]], format="csr")
    out = np.empty((len(X), len(columns)))
    for k, j in enumerate(columns):
        out[:, k] = 1.0 if j == CONSTANT else X[:, j]
    return out


def _in_order(X: Any, y: Any, weights: Any, offset: Any) -> tuple[Any, Any, Any, Any]:
    """The same data with equal rows merged into weights, in an order of its own."""
    plain = X
    if is_sparse(X):
        if np.prod(X.shape, dtype=float) > MOST_SORTED:
            return X, y, weights, offset
        plain = X.toarray()
    parts = [plain, y[:, None], *([] if offset is None else [offset[:, None]])]
    _, first, place = np.unique(np.column_stack(parts), axis=0, return_index=True, return_inverse=True)
    total = np.bincount(place.ravel(), weights=np.ones(len(y)) if weights is None else weights)
    return X[first], y[first], total, None if offset is None else offset[first]
