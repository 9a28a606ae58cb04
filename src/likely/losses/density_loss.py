"""The loss of one predicted parameter: a negative log-density without what cannot move the optimum."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from likely.data.alignment import refuse_another_order
from likely.errors import OptionError, SupportError, first_rows, is_one_of, listed, unknown
from likely.errors.boundary import public_class
from likely.families import get_family
from likely.families.base import Family, Parameter
from likely.families.base.vectors import Simplex
from likely.losses.arrays import Arrays
from likely.losses.checked import check_shapes, check_target, check_values, check_weights
from likely.losses.dropped import Dropped
from likely.losses.given import known_values, predicted, target
from likely.losses.split import Split, split
from likely.losses.trace import PREDICTION, Graph, Program, TraceNamespace, Y
from likely.namespace import JetNamespace, NumpyNamespace, as_jet
from likely.namespace.arrays import Floats, Value

REDUCTIONS = ("mean", "sum", "none")
SCALES = ("natural", "link")


@public_class
class DensityLoss:
    """The loss of one predicted parameter, derived from a log-density; see `likely.losses.Loss`."""

    def __init__(
        self,
        family: Any,
        *,
        of: str | None = None,
        scale: str = "natural",
        link: str | None = None,
        reduction: str = "mean",
    ) -> None:
        self.family: Family = get_family(family)
        if not is_one_of(scale, SCALES):
            raise unknown("scale", scale, SCALES, " of predictions")
        if not is_one_of(reduction, REDUCTIONS):
            raise unknown("reduction", reduction, REDUCTIONS)
        self.reduction = reduction
        self.parameter = predicted(self.family, of)
        if link is not None and scale == "natural":
            scale = "link"
        self.link: str | None = None
        if scale == "link":
            self.link = self.parameter.domain.get_link(self.parameter.name, link).name
        self.known, self._by_row = known_values(self.family, self.parameter)
        self._programs: dict[int, tuple[Split, Program]] = {}
        if not self.parameter.vector:
            self._require_values()

    # -- what it is ----------------------------------------------------------------------------------------

    @property
    def of(self) -> str:
        """Name of the predicted parameter."""
        return self.parameter.name

    @property
    def usual_name(self) -> str | None:
        """The name that its family gives it: the family's usual loss, for the first parameter; None for others."""
        return self.family.usual_loss if self.parameter is self.family.parameters[0] else None

    @property
    def name(self) -> str:
        """Its usual name, or what it is the negative log-likelihood of."""
        if self.parameter is self.family.parameters[0] and self.family.loss_name:
            return self.family.loss_name
        return f"negative log-likelihood of {self.family.title} in its {self.of}"

    def __repr__(self) -> str:
        extra = "" if self.link is None else f", scale='link' ({self.link})"
        of = "" if self.parameter is self.family.parameters[0] else f", of={self.of!r}"
        return f"<loss of {self.family!r}{of}{extra}: {self.name}>"

    @property
    def parts(self) -> Split:
        """The graphs of the negative log-likelihood, the loss, and what was dropped."""
        return self._made(self._usual_size())[0]

    @cached_property
    def dropped(self) -> Dropped:
        """The positive factor and the additive constant that the loss has lost."""
        return Dropped(self)

    # -- values --------------------------------------------------------------------------------------------

    def __call__(self, y: Any, prediction: Any, weights: Any = None, *, check: bool = True) -> Value:
        """The loss of predictions: of arrays of NumPy, JAX or PyTorch, a number or array of the same library.

        Parameters
        ----------
        y : array_like
            Observations (labels or their codes, for a family of labels).
        prediction : array_like
            One for each observation; for probabilities (or logits) of labels, with the labels along the last axis.
        weights : array_like, optional
            The mean is weighted by them.
        check : bool
            Whether to look for values that cannot be; what is being compiled has no values yet.

        Returns
        -------
        float, ndarray, jax.Array or torch.Tensor

        Raises
        ------
        SupportError
            If an observation cannot occur under the family.
        ParameterError
            If a prediction lies outside the parameter's domain.
        DataError
            If shapes differ or values are missing.
        """
        arrays = Arrays.of(y, prediction, weights)
        y, prediction, weights = self._ready(arrays, y, prediction, weights, check)
        return arrays.reduced(self._rows(arrays, y, prediction), weights, self.reduction)

    def gradient(self, y: Any, prediction: Any, weights: Any = None) -> Floats:
        """Derivative of the loss (its mean or sum, as `reduction` says) by each prediction, on NumPy arrays.

        Parameters
        ----------
        y, prediction, weights
            As in a call.

        Returns
        -------
        ndarray
            In the shape of the predictions.
        """
        first = self.derivatives(y, prediction)[1]
        if weights is None:
            return first / (np.size(y) if self.reduction == "mean" else 1.0)
        arrays = Arrays("numpy")
        w = arrays.numbers(weights, "weights")
        check_weights(w, np.asarray(y), self.family.title)
        share = w / np.sum(np.broadcast_to(w, np.shape(y))) if self.reduction == "mean" else w
        return first * (share[..., None] if self.parameter.vector and np.ndim(share) else share)

    def derivatives(self, y: Any, prediction: Any) -> tuple[Any, Any, Any]:
        """Value, first and second derivative of every row's loss by its prediction, exactly, on NumPy arrays.

        Parameters
        ----------
        y, prediction
            As in a call.

        Returns
        -------
        value, first, second : ndarray
            For a vector parameter, `first` has its entries along the last axis, `second` along the last two.

        Examples
        --------
        >>> import likely as lk
        >>> [part.tolist() for part in lk.loss(lk.Normal()).derivatives([1.0], [3.0])]
        [[4.0], [4.0], [2.0]]
        """
        arrays = Arrays("numpy")
        y, prediction, _ = self._ready(arrays, y, prediction, None, True)
        xp = JetNamespace()
        columns = arrays.columns(prediction) if self.parameter.vector else [prediction]
        jets = [xp.variable(k, np.asarray(column, dtype=float)) for k, column in enumerate(columns)]
        with np.errstate(all="ignore"):
            out = as_jet(self._run(xp, y, jets))
        shape = np.broadcast_shapes(np.shape(y), np.shape(columns[0]))
        value = np.broadcast_to(out.v, shape)
        k = len(columns)
        g = [np.broadcast_to(out.g.get(i, 0.0), shape) for i in range(k)]
        h = [[np.broadcast_to(out.h.get((min(i, j), max(i, j)), 0.0), shape) for j in range(k)] for i in range(k)]
        if not self.parameter.vector:
            return value[()], g[0][()], h[0][0][()]
        return value, np.stack(g, axis=-1), np.stack([np.stack(row, axis=-1) for row in h], axis=-2)

    def of_errors(self, errors: Any) -> Floats:
        """The loss of each error, observed less predicted, of a prediction of 0.

        Parameters
        ----------
        errors : ndarray

        Returns
        -------
        ndarray

        Examples
        --------
        >>> import likely as lk
        >>> lk.loss(lk.Laplace()).of_errors([-2.0, 0.0, 1.0]).tolist()
        [2.0, 0.0, 1.0]
        """
        alone = DensityLoss(self.family, reduction="none")
        return np.asarray(alone(errors, np.zeros_like(np.asarray(errors, dtype=float))))

    def rows(self, xp: Any, y: Any, prediction: Any) -> Value:
        """The loss of each row on any namespace, unchecked: for code that is compiled, and for other learners.

        Parameters
        ----------
        xp : namespace
            Such as `likely.namespace.jax.JaxNamespace()`.
        y : array
            Observations as floating-point numbers (codes, for labels).
        prediction : array, or sequence of arrays
            For a vector parameter its entries.

        Returns
        -------
        array
        """
        return self._run(xp, y, list(prediction) if self.parameter.vector else [prediction])

    # -- inside --------------------------------------------------------------------------------------------

    def _rows(self, arrays: Arrays, y: Any, prediction: Any) -> Floats:
        columns = arrays.columns(prediction) if self.parameter.vector else [prediction]
        if arrays.kind != "numpy":
            return arrays.in_double(self._run, y, columns)
        with np.errstate(all="ignore"):
            out = self._run(NumpyNamespace(), y, columns)
        return np.broadcast_to(out, np.broadcast_shapes(np.shape(y), np.shape(columns[0])))

    def _run(self, xp: Any, y: Any, columns: list[Any]) -> Any:
        _, program = self._made(len(columns))
        values = {Y: y, **self._by_row}
        if len(columns) == 1 and not self.parameter.vector:
            values[PREDICTION] = columns[0]
        else:
            values.update({f"{PREDICTION}[{k}]": column for k, column in enumerate(columns)})
        return program.run(xp, values)

    def _ready(self, arrays: Arrays, y: Any, prediction: Any, weights: Any, check: bool) -> tuple[Any, Any, Any]:
        """What was given, as arrays that go together."""
        title = self.family.title
        if arrays.kind == "numpy":
            refuse_another_order("y", y, predictions=prediction, weights=weights)
        prediction = arrays.numbers(prediction, "predictions")
        y = target(self.family, y, arrays, prediction)
        first = prediction
        if self.parameter.vector:
            self._require_entries(y, prediction)
            first = prediction[..., 0]
        check_shapes(y, first, "predictions", title)
        if weights is not None:
            weights = arrays.numbers(weights, "weights", like=prediction)
        away = weights if arrays.kind == "numpy" else None  # derivatives of the others go through every row
        if check:
            if (plain := arrays.concrete(y)) is not None:
                check_target(self.family, plain, {**self.known, **self._by_row}, away)
            if (plain := arrays.concrete(prediction)) is not None:
                check_values(self.family, self.parameter, plain, self.link, away)
            if weights is not None and (plain := arrays.concrete(weights)) is not None:
                check_weights(plain, y, title)
        return y, prediction, weights

    def _require_entries(self, y: Any, prediction: Any) -> None:
        """A vector parameter has an entry for each label along the last axis of the predictions."""
        size = len(self.family.levels) if self.family.levels is not None else None
        shape = tuple(prediction.shape)
        if not shape or shape[-1] < 2 or (size is not None and shape[-1] != size):
            raise OptionError(
                f"the predictions of {self.family.title}'s {self.of} have one entry for each label along their last "
                f"axis{'' if size is None else f', {size} of them'}; found the shape {shape}"
            )
        if self.family.levels is not None or (plain := Arrays.of(y).concrete(y)) is None:
            return
        rows = np.flatnonzero(np.ravel(plain) >= shape[-1])
        if len(rows):
            raise SupportError(
                f"the predictions of {self.family.title}'s {self.of} have entries for the codes 0 to {shape[-1] - 1}, "
                f"but y holds others: {first_rows(rows, np.ravel(plain)[rows])}"
            )

    def _usual_size(self) -> int:
        if not self.parameter.vector:
            return 1
        return len(self.family.levels) if self.family.levels is not None else 3

    def _made(self, size: int) -> tuple[Split, Program]:
        """The graphs for predictions with so many entries."""
        if size not in self._programs:
            parts = self._split(size)
            known = {name: value for name, value in self.known.items() if name not in self._by_row}
            self._programs[size] = (parts, Program(parts.loss, known))
        return self._programs[size]

    def _split(self, size: int) -> Split:
        graph = Graph()
        xp = TraceNamespace(graph)
        values: dict[str, Any] = {}
        for p in self.family.parameters:
            if p is self.parameter:
                values[p.name] = self._traced(graph, xp, size)
            elif p.vector:
                count = len(self._vector(p))
                values[p.name] = tuple(graph.leaf(f"{p.name}[{k}]") for k in range(count))
            else:
                values[p.name] = graph.leaf(p.name)
        nll = -graph.lift(self.family._log_density(xp, graph.leaf(Y), **values))
        shared = {p.name for p in self.family.parameters if not p.vector} - {self.of} - set(self._by_row)
        return split(nll, frozenset(shared), self._is_positive)

    def _traced(self, graph: Graph, xp: Any, size: int) -> Any:
        """The predicted parameter, from leaves for the predictions."""
        if not self.parameter.vector:
            leaf = graph.leaf(PREDICTION)
            if self.link is None:
                return leaf
            return self.parameter.domain.get_link(self.of, self.link).inverse(leaf, xp)
        leaves = [graph.leaf(f"{PREDICTION}[{k}]") for k in range(size)]
        if self.link is None:
            return tuple(leaves)
        return Simplex.value([leaf - leaves[0] for leaf in leaves[1:]], xp)

    def _vector(self, p: Parameter) -> Floats:
        value = self.family.known.get(p.name)
        if value is None:
            raise OptionError(
                f"the loss of {self.family.title} in its {self.of} needs the {p.name}: "
                f"lk.loss(lk.{self.family.title}({p.name}=[...]))"
            )
        return np.asarray(value, dtype=float)

    def _entries(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        for name in parameters:
            if self.family.parameter(name) is self.parameter:
                raise OptionError(f"{name} is what is predicted: nothing that was dropped depends on it")
        return dict(parameters)

    def _is_positive(self, leaf: str) -> bool:
        """Whether the leaf of this name is positive (or one minus it, for ``"1-p"``)."""
        name = leaf.removeprefix("1-")
        domain = next((p.domain for p in self.family.parameters if p.name == name), None)
        if domain is None:
            return False
        return domain.upper <= 1.0 if leaf != name else domain.lower >= 0.0

    def _require_values(self) -> None:
        _, program = self._made(1)
        missing = sorted({str(name) for name in program.needs} - {Y, PREDICTION} - set(self._by_row))
        if missing:
            example = {name: "0.5" if self.family.parameter(name).domain.upper <= 1.0 else "1" for name in missing}
            given = {**{k: f"{v:g}" for k, v in self.known.items() if "[" not in k}, **example}
            shown = ", ".join(f"{name}={value}" for name, value in given.items())
            has, them = ("has no value", "one") if len(missing) == 1 else ("have no values", "them")
            raise OptionError(
                f"the loss of {self.family.title} in its {self.of} depends on {listed(missing)}, which {has}: give "
                f"{them}, such as lk.{self.family.title}({shown}), or take lk.nll(...) to learn every parameter"
            )
