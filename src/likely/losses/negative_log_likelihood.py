"""The whole negative log-likelihood of every parameter, constants kept: for models with several heads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from likely.data.alignment import refuse_another_order
from likely.errors import OptionError, is_one_of, listed, unknown
from likely.errors.boundary import public_class
from likely.families import get_family
from likely.families.base import Family, Parameter
from likely.families.base.vectors import Simplex
from likely.losses.arrays import Arrays
from likely.losses.checked import check_shapes, check_target, check_values, check_weights
from likely.losses.density_loss import REDUCTIONS, SCALES
from likely.losses.given import known_values, require_rows, target
from likely.namespace import JetNamespace, NumpyNamespace, as_jet
from likely.namespace.arrays import Floats, Value


@public_class
class NegativeLogLikelihood:
    """The negative log-likelihood in all parameters that are not known; see `likely.losses.NLL`."""

    def __init__(self, family: Any, *, scale: str = "natural", link: Any = None, reduction: str = "mean") -> None:
        self.family: Family = get_family(family)
        if not is_one_of(scale, SCALES):
            raise unknown("scale", scale, SCALES, " of predictions")
        if not is_one_of(reduction, REDUCTIONS):
            raise unknown("reduction", reduction, REDUCTIONS)
        require_rows(self.family)
        self.reduction = reduction
        self.known, self.by_row = known_values(self.family, None)
        self.links: dict[str, str] = {}
        if link is not None or scale == "link":
            chosen = link if isinstance(link, Mapping) else {} if link is None else {self._all[0].name: link}
            for name in chosen:
                if not is_one_of(name, self.heads):
                    raise unknown("parameter", name, self.heads, " to predict")
            self.links = {p.name: p.domain.get_link(p.name, chosen.get(p.name)).name for p in self._all}

    @property
    def _all(self) -> list[Parameter]:
        return [p for p in self.family.parameters if p.name not in self.family.known]

    @property
    def heads(self) -> tuple[str, ...]:
        """Names of the parameters to predict; those with a default (an Ordinal's scale) may be left out."""
        return tuple(p.name for p in self._all)

    def __repr__(self) -> str:
        scale = ", scale='link'" if self.links else ""
        return f"<negative log-likelihood of {self.family!r} in {', '.join(self.heads)}{scale}>"

    def __call__(self, y: Any, weights: Any = None, *, check: bool = True, **heads: Any) -> Value:
        """The negative log-likelihood: of arrays of NumPy, JAX or PyTorch, a number or array of the same library.

        Parameters
        ----------
        y : array_like
        weights : array_like, optional
        check : bool
            Whether to look for values that cannot be.
        **heads : array_like
            A prediction for every parameter: one number, or one for each observation; a vector along the last axis.

        Returns
        -------
        float, ndarray, jax.Array or torch.Tensor

        Raises
        ------
        OptionError
            If a parameter has no prediction.
        """
        arrays = Arrays.of(y, weights, *heads.values())
        y, values, weights = self._ready(arrays, y, heads, weights, check)
        return arrays.reduced(self._rows(arrays, y, values), weights, self.reduction)

    def derivatives(self, y: Any, **heads: Any) -> tuple[Any, dict[str, Any], dict[tuple[str, str], Any]]:
        """Every row's value with its exact first and second derivatives by the predictions, on NumPy arrays.

        Parameters
        ----------
        y, **heads
            As in a call; no vectors.

        Returns
        -------
        value : ndarray
        first : dict of str to ndarray
        second : dict of (str, str) to ndarray

        Examples
        --------
        >>> import likely as lk
        >>> value, first, second = lk.nll(lk.Normal()).derivatives([2.0], mean=[1.0], sd=[2.0])
        >>> first["mean"].tolist(), first["sd"].tolist(), second["mean", "sd"].tolist()
        ([-0.25], [0.375], [0.25])
        """
        if vectors := [p.name for p in self._all if p.vector]:
            raise OptionError(f"derivatives by entries are those of lk.loss: {listed(vectors)} is a vector")
        arrays = Arrays("numpy")
        y, values, _ = self._ready(arrays, y, heads, None, True)
        xp = JetNamespace()
        names = list(values)
        jets = {name: xp.variable(k, np.asarray(values[name], dtype=float)) for k, name in enumerate(names)}
        with np.errstate(all="ignore"):
            out = as_jet(self._nll(xp, y, jets))
        shape = np.shape(y)

        def full(part: Any) -> Floats:
            return np.broadcast_to(part, shape)[()]

        first = {name: full(out.g.get(i, 0.0)) for i, name in enumerate(names)}
        at = dict(enumerate(names))
        second = {(at[i], at[j]): full(out.h.get((min(i, j), max(i, j)), 0.0)) for i in at for j in at}
        return full(out.v), first, second

    def rows(self, xp: Any, y: Any, heads: Mapping[str, Any]) -> Value:
        """The negative log-density of each row on any namespace, unchecked.

        Parameters
        ----------
        xp : namespace
        y : array
            Observations as floating-point numbers (codes, for labels).
        heads : mapping of str to array
            A prediction for every parameter, a vector as a sequence of its entries.
        """
        return self._nll(xp, y, heads)

    # -- inside --------------------------------------------------------------------------------------------

    def _nll(self, xp: Any, y: Any, heads: Mapping[str, Any]) -> Any:
        params: dict[str, Any] = {}
        for p in self.family.parameters:
            if p.name in heads:
                params[p.name] = self._natural(p, heads[p.name], xp)
            elif p.vector:
                params[p.name] = tuple(v for k, v in self.known.items() if k.startswith(f"{p.name}["))
            else:
                params[p.name] = self.by_row.get(p.name, self.known.get(p.name))
        return -self.family._log_density(xp, y, **params)

    def _natural(self, p: Parameter, value: Any, xp: Any) -> Any:
        if p.name not in self.links:
            return tuple(value) if p.vector else value
        if p.domain is Simplex:
            return Simplex.value([entry - value[0] for entry in value[1:]], xp)
        return tuple(value) if p.vector else p.domain.get_link(p.name, self.links[p.name]).inverse(value, xp)

    def _rows(self, arrays: Arrays, y: Any, values: Mapping[str, Any]) -> Floats:
        heads = {n: arrays.columns(v) if self.family.parameter(n).vector else v for n, v in values.items()}
        if arrays.kind != "numpy":
            return arrays.in_double(self._nll, y, heads)
        with np.errstate(all="ignore"):
            rows = np.broadcast_to(self._nll(NumpyNamespace(), y, heads), np.shape(y))
            if any(p.edge for p in self.family.parameters):
                natural = {n: self._natural(self.family.parameter(n), v, NumpyNamespace()) for n, v in heads.items()}
                rows = np.where(self.family.inside(y, {**self.known, **natural}), rows, np.inf)
        return rows

    def _ready(self, arrays: Arrays, y: Any, heads: Mapping[str, Any], weights: Any, check: bool) -> Any:
        """What was given, as arrays that go together."""
        title = self.family.title
        if arrays.kind == "numpy":
            refuse_another_order("y", y, **heads, weights=weights)
        for name in heads:
            if not is_one_of(name, self.heads):
                raise unknown("parameter", name, self.heads, f" of {self!r}")
        missing = [p.name for p in self._all if p.name not in heads and p.name not in self.known]
        if missing:
            raise OptionError(
                f"the negative log-likelihood of {title} needs a prediction of {listed(missing)}: pass "
                + ", ".join(f"{name}=..." for name in missing)
                + f", or hold it at a value, lk.nll(lk.{title}({missing[0]}=1.0))"
            )
        values = {name: arrays.numbers(value, name) for name, value in heads.items()}
        like = next((v for v in values.values() if np.ndim(v) or v.shape), next(iter(values.values()), None))
        values = {name: arrays.numbers(v, name, like=like) for name, v in values.items()}
        y = target(self.family, y, arrays, like)
        for name, v in values.items():
            check_shapes(y, v[..., 0] if self.family.parameter(name).vector else v, name, title)
        if weights is not None:
            weights = arrays.numbers(weights, "weights", like=like)
        away = weights if arrays.kind == "numpy" else None  # derivatives of the others go through every row
        if check:
            if (plain := arrays.concrete(y)) is not None:
                check_target(self.family, plain, {**self.known, **self.by_row}, away)
            for name, v in values.items():
                if (plain := arrays.concrete(v)) is not None:
                    check_values(self.family, self.family.parameter(name), plain, self.links.get(name), away)
            if weights is not None and (plain := arrays.concrete(weights)) is not None:
                check_weights(plain, y, title)
        return y, values, weights
