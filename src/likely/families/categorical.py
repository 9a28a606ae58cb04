"""The categorical family: one of several labels."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, ClassVar, NoReturn, final

import numpy as np

from likely.errors import DataError, OptionError, ParameterError, UnknownNameError, listed, unknown
from likely.errors.boundary import public
from likely.families.base import Parameter, by_keyword
from likely.families.base.kernel import Kernel
from likely.families.base.vectors import Simplex
from likely.families.kernels.categorical import categorical_rows
from likely.families.labels import CodeDistribution, Labelled, plain, require_entries, values_of
from likely.namespace.arrays import Floats, Value


@final
class Categorical(Labelled):
    """One of several labels: a product chosen, a species, a party voted for.

    log P = log p[level]: the probabilities, one for each level, sum to 1. With predictors it is the multinomial logit
    model: log-odds of each level against the first, the reference.

    Parameters
    ----------
    levels : sequence, optional
        The labels in order, the first being the reference of a regression; by default the data's, sorted.
    p : array_like or mapping, optional
        Known probabilities, in the order of the levels or by level.
    reference : label, optional
        The reference level; it becomes the first.

    Examples
    --------
    >>> import likely as lk
    >>> lk.Categorical(levels=["bus", "car"]).prob(["car", "bus"], p=[0.25, 0.75]).tolist()
    [0.75, 0.25]
    >>> lk.Categorical(levels=["bus", "car"], reference="car").levels
    ('car', 'bus')
    """

    name: ClassVar = "categorical"
    aliases: ClassVar = ("multinomial", "softmax")
    parameters: ClassVar = (Parameter("p", Simplex, "probability of each level"),)
    refusal: ClassVar = (
        "categories have no order, so {} has no {}; use prob() for the chance of each level, or lk.Ordinal() for "
        "ordered levels"
    )
    assumes: ClassVar = "each observation carries one of a fixed set of labels, independent of the others"
    loss_name: ClassVar = "cross-entropy (softmax loss)"
    unaveraged: ClassVar = "count the observations of each level, weights_kind='frequency'"

    @public
    def __init__(self, levels: Iterable[Any] | None = None, p: Any = None, reference: Any = None) -> None:
        if isinstance(p, Mapping) and levels is None:
            levels = list(p)
        super().__init__(levels)
        self.reference = plain(reference)
        if isinstance(p, str):
            raise OptionError("Categorical's known p is one number per level; a column name holds only one per row")
        if p is not None:
            if reference is not None and not isinstance(p, Mapping):
                raise OptionError("with a reference, which moves to the front, Categorical's known p is given by level")
            self.known["p"] = p
        if self.levels is not None:
            self.levels = self._in_order(self.levels)
        if p is not None:
            self.known["p"] = self._probabilities(p)

    def _in_order(self, levels: Iterable[Any]) -> tuple[Any, ...]:
        """The levels with the reference first."""
        levels = tuple(levels)
        if self.reference is None:
            return levels
        if self.reference not in levels:
            raise self._no_reference(levels)
        return (self.reference, *(level for level in levels if level != self.reference))

    def _no_reference(self, levels: Iterable[Any]) -> UnknownNameError:
        alike = [level for level in levels if str(level) == str(self.reference)]
        if alike:  # 1 or "1"
            return UnknownNameError(
                f"the reference level {self.reference!r} is {type(self.reference).__name__}, the levels are "
                f"{type(alike[0]).__name__}: write reference={alike[0]!r}"
            )
        return unknown("reference level", self.reference, [str(level) for level in levels], " of Categorical")

    @property
    def arguments(self) -> dict[str, Any]:
        """What makes the family again, by keyword."""
        known = {name: np.asarray(value).tolist() for name, value in self.known.items()}
        if self.levels is not None:
            return {"levels": list(self.levels), **known}
        return {**({} if self.reference is None else {"reference": self.reference}), **known}

    def _structure(self) -> tuple[Hashable, ...]:
        return (*super()._structure()[:3], self.reference if self.levels is None else None)

    # -- levels and their codes -----------------------------------------------------------------------

    def _with_levels(self, levels: Iterable[Any]) -> Categorical:
        return Categorical(levels, self.known.get("p"))

    def _size_of(self, params: Mapping[str, Any]) -> int | None:
        p: Any = params.get("p")
        if isinstance(p, Mapping):
            return None
        return np.shape(p)[-1] if np.ndim(p) and np.shape(p)[-1] >= 2 else None

    def _sized(self, params: Mapping[str, Any]) -> Categorical:
        if self.levels is None and isinstance(p := params.get("p"), Mapping):
            return self._with_levels(list(p))
        return super()._sized(params)

    def bind(self, y: Any, known: Mapping[str, Any]) -> tuple[Categorical, Any]:
        """The family with its levels, and the data as codes 0, 1, ... (a missing value gives NaN).

        `y` may be a pair (values, declared order of the levels); declared levels that do not occur are left out.
        """
        y, declared = y if isinstance(y, tuple) and len(y) == 2 else (y, None)
        values, missing = values_of(y)
        if self.levels is not None:
            return self, self.codes(values, missing)
        found = set(values[~missing].tolist())
        if declared is not None:
            levels = [plain(level) for level in declared if plain(level) in found]
        else:
            try:
                levels = sorted(found)
            except TypeError:
                kinds = sorted({type(v).__name__ for v in found})
                raise DataError(
                    f"the categories mix types ({listed(kinds)}) that cannot be sorted; convert them to one type, or "
                    "pass Categorical(levels=[...])"
                ) from None
        if len(levels) < 2:
            raise DataError(
                f"a Categorical needs two or more distinct levels, the data have {len(levels)}: {listed(levels)}"
            )
        bound = self._with_levels(self._in_order(levels))
        return bound, bound.codes(values, missing)

    def settle(self, y: Any) -> tuple[Categorical, Any]:
        """The levels with one that occurs as the reference: log-odds against one that never does are infinite."""
        if "p" in self.known or np.any(y == 0.0):
            return self, y
        if self.reference is not None:
            raise DataError(
                f"the reference level {str(self.reference)!r} does not occur in the data, so log-odds against it are "
                "infinite: choose another reference"
            )
        occurs = [bool(np.any(y == code)) for code in range(self.size)]
        order = sorted(range(self.size), key=lambda code: not occurs[code])
        return Categorical([self._bound()[code] for code in order]), np.argsort(order)[y.astype(int)].astype(float)

    def _probabilities(self, p: Any) -> Floats:
        """Checked probabilities, levels along the last axis."""
        if isinstance(p, Mapping):
            named = {plain(level): v for level, v in p.items()}
            levels = tuple(named) if self.levels is None else self.levels
            if set(named) != set(levels):
                raise ParameterError(
                    f"Categorical's p must name each level once: {listed(levels)}; found {listed(named)}"
                )
            p = np.stack(np.broadcast_arrays(*(np.asarray(named[k], dtype=float) for k in levels)), axis=-1)
        try:
            p = np.asarray(p, dtype=float)
        except (TypeError, ValueError):
            raise ParameterError(f"Categorical's p must be one number per level, found {p!r}") from None
        if p.ndim == 0:
            raise ParameterError(f"Categorical's p must be one number per level, found the single number {p}")
        if self.levels is not None:
            require_entries("Categorical", "p", p, len(self.levels), self.levels)
        Simplex.check_vector("Categorical's p", p)
        return p

    # -- evaluation -----------------------------------------------------------------------------------

    def resolve(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The probabilities, checked to be as many as the levels and to sum to 1."""
        return {"p": self._probabilities(self._given(params)["p"])}

    def _log_density(self, xp: Any, y: Any, p: Any) -> Value:
        parts = list(p) if isinstance(p, (tuple, list)) else [p[..., k] for k in range(p.shape[-1])]
        out = xp.log_if(y == 0, parts[0])
        for code, part in enumerate(parts[1:], start=1):
            out = xp.where(y == code, xp.log_if(y == code, part), out)
        return out

    def kernel(self, links: tuple[str, ...]) -> Kernel | None:
        """Its fused rows."""
        return Kernel(categorical_rows) if links == ("logit",) else None

    def _scipy(self, *, p: Any) -> CodeDistribution:
        below = np.cumsum(p, axis=-1)[..., :-1]
        return CodeDistribution(below, 1.0 - below)

    @by_keyword
    def cdf(self, y: Any, **params: Any) -> NoReturn:
        """Not defined: categories have no order."""
        raise OptionError(self.refusal.format(self.title, "cdf"))

    @by_keyword
    def sf(self, y: Any, **params: Any) -> NoReturn:
        """Not defined: categories have no order."""
        raise OptionError(self.refusal.format(self.title, "survival function"))

    @by_keyword
    def quantile(self, q: Any, **params: Any) -> NoReturn:
        """Not defined: categories have no order."""
        raise OptionError(self.refusal.format(self.title, "quantiles"))

    # -- help for the fit -----------------------------------------------------------------------------

    def _start(self, y: Any, w: Any, known: Any) -> dict[str, Any]:
        counts = self._counts(y, w) + 0.5  # no level starts at probability 0
        return {"p": counts / counts.sum()}

    def _closed_form(self, y: Any, w: Any, known: Any) -> dict[str, Any] | None:
        counts = self._counts(y, w)
        return {"p": counts / counts.sum()}

    def saturation(self, y: Any, known: Any) -> dict[str, Any]:
        """The row's level: its probability may run up to 1."""
        return {"p": y}
