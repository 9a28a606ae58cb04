"""The categorical family: one of several labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, NoReturn, final

import numpy as np

from likely.domains import Simplex
from likely.errors import DataError, OptionError, ParameterError, SupportError, first_rows, listed
from likely.family import Family, Parameter, Support, by_keyword, check_size, generator

NO_ORDER = "categories have no order, so Categorical has no {}; use prob() for the chance of each level"


@final
class Categorical(Family):
    """One of several labels: a product chosen, a species, a party voted for.

    log P = log p[level]: the probabilities, one for each level, sum to 1.

    Parameters
    ----------
    levels : sequence, optional
        The labels in order, the first being the reference of a regression; by default the data's, sorted.
    p : array_like or mapping, optional
        Known probabilities, in the order of the levels or by level.

    Examples
    --------
    >>> import likely as lk
    >>> lk.Categorical(levels=["bus", "car"]).prob(["car", "bus"], p=[0.25, 0.75]).tolist()
    [0.75, 0.25]
    """

    name: ClassVar = "categorical"
    aliases: ClassVar = ("multinomial", "softmax")
    parameters: ClassVar = (Parameter("p", Simplex, "probability of each level", vector=True),)
    support: ClassVar = Support(0.0, closed_lower=True, integer=True)  # the codes of the levels
    assumes: ClassVar = "each observation carries one of a fixed set of labels, independent of the others"
    loss_name: ClassVar = "cross-entropy (softmax loss)"

    def __init__(self, levels: Iterable[Any] | None = None, p: Any = None) -> None:
        super().__init__()
        self.levels: tuple[Any, ...] | None = None
        if levels is not None:
            if isinstance(levels, str) or not np.iterable(levels):
                raise OptionError(f"Categorical's levels are a list of labels such as ['bus', 'car'], found {levels!r}")
            self.levels = tuple(_plain(level) for level in levels)
            if len(self.levels) < 2 or len(set(self.levels)) < len(self.levels):
                raise OptionError(f"Categorical needs two or more distinct levels, found {listed(self.levels)}")
        if isinstance(p, str):
            raise OptionError("Categorical's known p is one number per level; a column name holds only one per row")
        if p is not None:
            if isinstance(p, Mapping) and self.levels is None:
                self.levels = tuple(_plain(level) for level in p)
            self.known["p"] = self._probabilities(p)

    @property
    def size(self) -> int:
        """Number of levels."""
        return len(self._bound())

    def _bound(self) -> tuple[Any, ...]:
        if self.levels is None:
            raise OptionError("the levels are not known yet: pass Categorical(levels=[...]), or fit it to data")
        return self.levels

    def __repr__(self) -> str:
        parts = [] if self.levels is None else [f"levels={list(self.levels)!r}"]
        parts += [f"{k}={np.asarray(v).tolist()!r}" for k, v in self.known.items()]
        return f"Categorical({', '.join(parts)})"

    # -- levels and their codes -----------------------------------------------------------------------

    def bind(self, y: Any, known: Mapping[str, Any]) -> tuple[Categorical, Any]:
        """The family with its levels, and the data as codes 0, 1, ... (a missing value gives NaN).

        `y` may be a pair (values, declared order of the levels); declared levels that do not occur are left out.
        """
        y, declared = y if isinstance(y, tuple) and len(y) == 2 else (y, None)
        values, missing = _values(y)
        if self.levels is not None:
            return self, self._codes(values, missing)
        found = set(values[~missing].tolist())
        if declared is not None:
            levels = [_plain(level) for level in declared if _plain(level) in found]
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
        bound = Categorical(levels, self.known.get("p"))
        return bound, bound._codes(values, missing)

    def settle(self, y: Any) -> tuple[Categorical, Any]:
        """The levels with one that occurs as the reference: log-odds against one that never does are infinite."""
        if "p" in self.known or np.any(y == 0.0):
            return self, y
        occurs = [bool(np.any(y == code)) for code in range(self.size)]
        order = sorted(range(self.size), key=lambda code: not occurs[code])
        return Categorical([self._bound()[code] for code in order]), np.argsort(order)[y.astype(int)].astype(float)

    def _codes(self, values: Any, missing: Any) -> Any:
        code = {level: float(i) for i, level in enumerate(self._bound())}
        codes = np.array([code.get(v, -1.0) for v in values.ravel().tolist()]).reshape(values.shape)
        codes = np.where(missing, np.nan, codes)
        if np.any(codes == -1.0):
            rows = np.flatnonzero(codes.ravel() == -1.0)
            raise SupportError(
                f"{len(rows)} values are not among the levels {listed(self._bound())}: "
                f"{first_rows(rows, values.ravel()[rows])}"
            )
        return codes

    def _probabilities(self, p: Any) -> Any:
        """Checked probabilities, levels along the last axis."""
        if isinstance(p, Mapping):
            named = {_plain(level): v for level, v in p.items()}
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
        if self.levels is not None and p.shape[-1] != len(self.levels):
            raise ParameterError(
                f"Categorical's p must have {len(self.levels)} entries, one for each of {listed(self.levels)}; "
                f"found {p.shape[-1]}"
            )
        self.parameter("p").domain.check("each entry of Categorical's p", p)
        total = p.sum(axis=-1)
        if np.any(np.abs(total - 1.0) > 1e-8):
            worst = np.ravel(total)[np.argmax(np.abs(np.ravel(total) - 1.0))]
            raise ParameterError(f"Categorical's p must sum to 1, found entries that sum to {worst:.10g}")
        return p

    # -- evaluation -----------------------------------------------------------------------------------

    def resolve(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The probabilities, checked to be as many as the levels and to sum to 1."""
        return {"p": self._probabilities(super().resolve(params)["p"])}

    @by_keyword
    def log_prob(self, y: Any, **params: Any) -> Any:
        """Log-probability of each observed level.

        Parameters
        ----------
        y : array_like
            Levels (where none are known: codes 0, 1, ...).
        p : array_like or mapping
            Probabilities, levels along the last axis, or by level.

        Returns
        -------
        float or ndarray
            In nats.

        Examples
        --------
        >>> import likely as lk
        >>> round(lk.Categorical(["bus", "car"]).log_prob("car", p={"bus": 0.25, "car": 0.75}), 4)
        -0.2877
        """
        family: Categorical = self
        if self.levels is None:
            p = params.get("p")
            size = 0 if p is None or isinstance(p, Mapping) else np.shape(p)[-1] if np.ndim(p) else 0
            if isinstance(p, Mapping) or size >= 2:
                family = Categorical(list(p) if isinstance(p, Mapping) else range(size))
        from likely.namespace import NumpyNamespace

        p = family.resolve(params)["p"]
        codes = family._codes(*_values(y))
        with np.errstate(all="ignore"):
            out = np.asarray(family._log_density(NumpyNamespace(), codes, p))
        out = np.where(np.isnan(codes), np.nan, out)
        return out[()] if out.ndim else float(out)

    def inside(self, y: Any, params: Mapping[str, Any]) -> Any:
        """Whether each y is the code of a level."""
        return self.support.contains(y) & (np.asarray(y) < self.size)

    def bounds(self, **params: Any) -> tuple[Any, Any]:
        """The first and the last code."""
        return 0.0, self.size - 1.0

    def _log_density(self, xp: Any, y: Any, p: Any) -> Any:
        parts = list(p) if isinstance(p, (tuple, list)) else [p[..., k] for k in range(p.shape[-1])]
        out = xp.log(parts[0])
        for code, part in enumerate(parts[1:], start=1):
            out = xp.where(y == code, xp.log(part), out)
        return out

    @by_keyword
    def sample(self, size: Any = None, *, seed: Any = None, **params: Any) -> Any:
        """Random levels.

        Parameters
        ----------
        size : int or tuple of int, optional
            Shape of the result; by default that of p without its last axis.
        seed : int or numpy.random.Generator, optional
        p : array_like or mapping
            Probabilities, levels along the last axis, or by level.

        Returns
        -------
        A level or an ndarray of them.

        Examples
        --------
        >>> import likely as lk
        >>> lk.Categorical(["bus", "car"]).sample(4, p=[0.0, 1.0]).tolist()
        ['car', 'car', 'car', 'car']
        """
        p = self.resolve(params)["p"]
        levels = self._bound()
        shape = p.shape[:-1] if size is None else (size,) if np.ndim(size) == 0 else tuple(size)
        u = generator(seed).random(check_size(shape))
        codes = np.sum(u[..., None] >= np.cumsum(p, axis=-1)[..., :-1], axis=-1)
        return np.asarray(levels)[codes][()]

    @by_keyword
    def cdf(self, y: Any, **params: Any) -> NoReturn:
        """Not defined: categories have no order."""
        raise OptionError(NO_ORDER.format("cdf"))

    @by_keyword
    def sf(self, y: Any, **params: Any) -> NoReturn:
        """Not defined: categories have no order."""
        raise OptionError(NO_ORDER.format("survival function"))

    @by_keyword
    def quantile(self, q: Any, **params: Any) -> NoReturn:
        """Not defined: categories have no order."""
        raise OptionError(NO_ORDER.format("quantiles"))

    @by_keyword
    def mean(self, **params: Any) -> NoReturn:
        """Not defined: categories are no numbers."""
        raise OptionError(NO_ORDER.format("mean"))

    @by_keyword
    def variance(self, **params: Any) -> NoReturn:
        """Not defined: categories are no numbers."""
        raise OptionError(NO_ORDER.format("variance"))

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

    def _counts(self, y: Any, w: Any) -> Any:
        return np.bincount(np.asarray(y).astype(np.intp), weights=w, minlength=self.size).astype(float)


def _plain(level: Any) -> Any:
    """A level as a Python object, so that levels from arrays and from lists are the same."""
    return level.item() if isinstance(level, np.generic) else level


def _values(y: Any) -> tuple[Any, Any]:
    """Data as an array, and which entries are missing (None or NaN)."""
    values = np.asarray(y)
    if values.dtype.kind == "O" or isinstance(y, (list, tuple)):
        # NumPy would turn [1, "a"] into strings; keep what was given
        flat = np.asarray(y, dtype=object)
        missing = np.array([v is None or v != v for v in flat.ravel().tolist()], dtype=bool).reshape(flat.shape)
        return flat, missing
    if values.dtype.kind == "f":
        return values, np.isnan(values)
    return values, np.zeros(values.shape, dtype=bool)
