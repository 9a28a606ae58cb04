"""Second-order forward-mode differentiation on NumPy arrays.

A `Jet` carries, for every row, a value and its exact first and second derivatives with respect to a few
variables (the linear predictors). A log-density that runs on NumPy runs on jets unchanged, which gives score
and information at once, with nothing to compile. Derivatives that are zero are absent and those that are the
same for all rows stay scalars, so a constant parameter's special functions are computed once, not per row.

The rules are those of truncated second-order Taylor arithmetic (Griewank and Walther 2008, *Evaluating
Derivatives*, chapter 13).
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
from scipy import special as sc

from likely.errors import FamilyError
from likely.namespace import special
from likely.namespace.arrays import Value
from likely.namespace.derivatives import UNARY
from likely.namespace.memory import Memory

PER_ROW = (
    "it gives one value for every row and may use arithmetic and the functions of xp (xp.log, xp.where, ...); likely "
    "sums over the rows itself"
)

Grad = dict[int, Any]
Hess = dict[tuple[int, int], Any]


def _mul(a: Any, b: Any) -> Any:
    """a * b, sparing the array operation where one side is the constant 1."""
    if type(a) is float and a == 1.0:
        return b
    if type(b) is float and b == 1.0:
        return a
    return a * b


def _add(table: dict[Any, Any], key: Any, value: Any) -> None:
    old = table.get(key)
    table[key] = value if old is None else old + value


class NotInADensity(FamilyError, AttributeError):
    """What a log-density asked of a parameter that a parameter does not have."""


class Jet:
    """A value per row with its first (`g`) and second (`h`) derivatives; absent entries are zero."""

    __slots__ = ("g", "h", "order", "v")
    __array_ufunc__ = None  # an ndarray on the left hands the operation over to the jet

    def __init__(self, v: Any, g: Grad, h: Hess, order: int) -> None:
        self.v, self.g, self.h, self.order = v, g, h, order

    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(self.v)

    @property
    def ndim(self) -> int:
        return np.ndim(self.v)

    def chain(self, v: Any, d1: Any, d2: Any) -> Jet:
        """f(self) from its value and derivatives at self.v; `d2` None where f is linear."""
        g = {i: _mul(d1, gi) for i, gi in self.g.items()}
        h: Hess = {}
        if self.order > 1:
            h = {ij: _mul(d1, hij) for ij, hij in self.h.items()}
            if d2 is not None:
                keys = sorted(self.g)
                for a, i in enumerate(keys):
                    di = _mul(d2, self.g[i])
                    for j in keys[a:]:
                        _add(h, (i, j), _mul(di, self.g[j]))
        return Jet(v, g, h, self.order)

    def _affine(self, v: Any, factor: Any) -> Jet:
        return Jet(
            v,
            {i: _mul(factor, gi) for i, gi in self.g.items()},
            {ij: _mul(factor, hij) for ij, hij in self.h.items()},
            self.order,
        )

    def __add__(self, other: Any) -> Jet:
        if not isinstance(other, Jet):
            return Jet(self.v + other, self.g, self.h, self.order)
        g, h = dict(self.g), dict(self.h)
        for i, gi in other.g.items():
            _add(g, i, gi)
        for ij, hij in other.h.items():
            _add(h, ij, hij)
        return Jet(self.v + other.v, g, h, self.order)

    __radd__ = __add__

    def __neg__(self) -> Jet:
        return self._affine(-self.v, -1.0)

    def __pos__(self) -> Jet:
        return self

    def __sub__(self, other: Any) -> Jet:
        if not isinstance(other, Jet):
            return Jet(self.v - other, self.g, self.h, self.order)
        return self + (-other)

    def __rsub__(self, other: Any) -> Jet:
        return self._affine(other - self.v, -1.0)

    def __mul__(self, other: Any) -> Jet:
        if not isinstance(other, Jet):
            return self._affine(self.v * other, other)
        u, w = self, other
        g = {i: _mul(gi, w.v) for i, gi in u.g.items()}
        for i, gi in w.g.items():
            _add(g, i, _mul(gi, u.v))
        h: Hess = {}
        if self.order > 1:
            h = {ij: _mul(hij, w.v) for ij, hij in u.h.items()}
            for ij, hij in w.h.items():
                _add(h, ij, _mul(hij, u.v))
            for i, ui in u.g.items():
                for j, wj in w.g.items():
                    cross = _mul(ui, wj)
                    _add(h, (min(i, j), max(i, j)), cross + cross if i == j else cross)
        return Jet(u.v * w.v, g, h, self.order)

    __rmul__ = __mul__

    def reciprocal(self) -> Jet:
        r = 1.0 / self.v
        if not _cubes(r):
            return self._over(r)._affine(r, r)
        r2 = r * r
        return self.chain(r, -r2, 2.0 * r2 * r)

    def _over(self, r: Any) -> Jet:
        """The reciprocal relative to its value r, whose powers no float may hold."""
        return self._affine(1.0, r).chain(1.0, -1.0, 2.0)

    def __truediv__(self, other: Any) -> Jet:
        if not isinstance(other, Jet):
            return self._affine(self.v / other, 1.0 / other)
        r = 1.0 / other.v
        quotient = self * other.reciprocal() if _cubes(r) else self._affine(self.v * r, r) * other._over(r)
        quotient.v = self.v / other.v
        return quotient

    def __rtruediv__(self, other: Any) -> Jet:
        r, quotient = 1.0 / self.v, other / self.v
        if not _cubes(r):
            return self._over(r)._affine(quotient, quotient)
        found = self.reciprocal() * other
        found.v = quotient
        return found

    def __pow__(self, exponent: Any) -> Jet:
        if isinstance(exponent, Jet):
            log = self.chain(np.log(self.v), 1.0 / self.v, -1.0 / (self.v * self.v))
            return _exp(exponent * log)
        if np.ndim(exponent) == 0 and exponent == 2:
            return self.chain(self.v * self.v, 2.0 * self.v, 2.0)
        n = exponent
        return self.chain(self.v**n, n * self.v ** (n - 1), n * (n - 1) * self.v ** (n - 2))

    def __rpow__(self, base: Any) -> Jet:
        return _exp(self * np.log(base))

    def __abs__(self) -> Jet:
        return self._affine(np.abs(self.v), np.sign(self.v))

    def __lt__(self, other: Any) -> Any:
        return self.v < value_of(other)

    def __le__(self, other: Any) -> Any:
        return self.v <= value_of(other)

    def __gt__(self, other: Any) -> Any:
        return self.v > value_of(other)

    def __ge__(self, other: Any) -> Any:
        return self.v >= value_of(other)

    def __bool__(self) -> bool:
        raise FamilyError("a log-density cannot branch on a parameter with `if`; use xp.where(condition, a, b)")

    def __float__(self) -> float:
        raise FamilyError(
            "a log-density turned a parameter into a plain float (math.* or float()); use the functions of xp"
        )

    def __iter__(self) -> NoReturn:
        raise FamilyError(f"a log-density took a parameter apart (sum(), max(), a loop): {PER_ROW}")

    def __getitem__(self, item: Any) -> NoReturn:
        raise FamilyError(f"a log-density took a parameter apart ([{item!r}]): {PER_ROW}")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotInADensity(f"a log-density asked a parameter for .{name}: {PER_ROW}")

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise FamilyError("a log-density called NumPy directly on a parameter; use the functions of xp instead")


def _cubes(x: Any) -> bool:
    """Whether the cubes of numbers keep their digits; where signs differ it may say no although they do."""
    low, high = (x, x) if np.ndim(x) == 0 else (np.min(x, initial=np.inf), np.max(x, initial=-np.inf))
    return bool((low > 1e-100 and high < 1e100) or (low > -1e100 and high < -1e-100))


def value_of(x: Any) -> Any:
    """A value without its derivatives."""
    return x.v if isinstance(x, Jet) else x


def as_jet(x: Any, order: int = 2) -> Jet:
    """A value with its derivatives; a constant has none."""
    return x if isinstance(x, Jet) else Jet(x, {}, {}, order)


def _exp(u: Jet) -> Jet:
    e = np.exp(u.v)
    return u.chain(e, e, e)


class JetNamespace(Memory):
    """The array namespace on jets; plain arrays and floats pass through as constants.

    Parameters
    ----------
    order : {1, 2}
        Highest derivative carried.
    """

    pi = np.pi
    inf = np.inf

    def __init__(self, order: int = 2) -> None:
        super().__init__()
        self.order = order

    def variable(self, index: int, value: Any) -> Jet:
        """The `index`-th variable, with derivative 1 with respect to itself."""
        # NumPy's scalars follow IEEE arithmetic where Python's floats raise ZeroDivisionError
        return Jet(np.float64(value) if isinstance(value, float) else value, {index: 1.0}, {}, self.order)

    def log(self, x: Any) -> Value:
        """Natural logarithm; the remembered one where a link knows it."""
        known = self.recall_log(x)
        if known is not None:
            return known
        if not isinstance(x, Jet):
            return np.log(x)
        r = 1.0 / x.v
        return x.chain(np.log(x.v), r, -r * r)

    def where(self, condition: Any, a: Any, b: Any) -> Value:
        """`a` where the condition holds, else `b`; derivatives follow the choice."""
        if not isinstance(a, Jet) and not isinstance(b, Jet):
            return np.where(condition, a, b)
        ja, jb = as_jet(a, self.order), as_jet(b, self.order)
        g = {i: np.where(condition, ja.g.get(i, 0.0), jb.g.get(i, 0.0)) for i in {**ja.g, **jb.g}}
        h = {i: np.where(condition, ja.h.get(i, 0.0), jb.h.get(i, 0.0)) for i in {**ja.h, **jb.h}}
        return Jet(np.where(condition, ja.v, jb.v), g, h, self.order)

    def maximum(self, a: Any, b: Any) -> Value:
        return self.where(value_of(a) >= value_of(b), a, b)

    def minimum(self, a: Any, b: Any) -> Value:
        return self.where(value_of(a) <= value_of(b), a, b)

    def power(self, a: Any, b: Any) -> Value:
        return a**b

    def abs(self, x: Any) -> Value:
        return abs(x)

    def sign(self, x: Any) -> Any:
        return np.sign(value_of(x))

    def floor(self, x: Any) -> Any:
        return np.floor(value_of(x))

    def isnan(self, x: Any) -> Any:
        return np.isnan(value_of(x))

    def isfinite(self, x: Any) -> Any:
        return np.isfinite(value_of(x))

    def bd0(self, x: Any, m: Any) -> Value:
        """x log(x/m) + m - x."""
        xv, mv = value_of(x), value_of(m)
        value = special.bd0(xv, mv)
        if not isinstance(x, Jet):
            if not isinstance(m, Jet):
                return value
            safe = np.where(xv == 0.0, 1.0, mv)  # there it is m itself, also at m = 0
            return m.chain(value, np.where(xv == 0.0, 1.0, (mv - xv) / safe), xv / (safe * safe))
        log_ratio = np.where(xv > 0.5 * mv, np.log1p((xv - mv) / mv), np.log(xv / mv))
        if not isinstance(m, Jet):
            return x.chain(value, log_ratio, 1.0 / xv)
        return _binary(x, m, value, (log_ratio, (mv - xv) / mv), (1.0 / xv, -1.0 / mv, xv / (mv * mv)))

    def logaddexp(self, a: Any, b: Any) -> Value:
        """log(exp(a) + exp(b)) without overflow."""
        av, bv = value_of(a), value_of(b)
        value = np.logaddexp(av, bv)
        s = sc.expit(np.where(av == bv, 0.0, av - bv))
        t = 1.0 - s
        c = s * t
        if isinstance(a, Jet) and isinstance(b, Jet):
            return _binary(a, b, value, (s, t), (c, -c, c))
        if isinstance(a, Jet):
            return a.chain(value, s, c)
        return b.chain(value, t, c) if isinstance(b, Jet) else value

    def betaln(self, a: Any, b: Any) -> Any:
        return self.gammaln(a) + self.gammaln(b) - self.gammaln(a + b)

    def xlogy(self, x: Any, y: Any) -> Any:
        """x log(y), 0 where x is 0."""
        if not isinstance(x, Jet) and not isinstance(y, Jet):
            return sc.xlogy(x, y)
        return self.where(value_of(x) == 0, 0.0 * y, x * self.log(y))

    def xlog1py(self, x: Any, y: Any) -> Any:
        """x log(1 + y), 0 where x is 0."""
        if not isinstance(x, Jet) and not isinstance(y, Jet):
            return sc.xlog1py(x, y)
        return self.where(value_of(x) == 0, 0.0 * y, x * self.log1p(y))

    def __getattr__(self, name: str) -> Any:
        try:
            function, rule = UNARY[name]
        except KeyError:
            raise FamilyError(
                f"the array namespace has no function {name!r}; it has {', '.join(sorted(UNARY))}, log, where, "
                "maximum, minimum, power, abs, sign, floor, logaddexp, betaln, xlogy, xlog1py, bd0, "
                "complement, log_complement, log_if, log_complement_if, over"
            ) from None

        def apply(x: Any) -> Value:
            if not isinstance(x, Jet):
                return function(x)
            value = function(x.v)
            d1, d2 = rule(x.v, value)
            return x.chain(value, d1, d2)

        setattr(self, name, apply)
        return apply


def _binary(u: Jet, w: Jet, value: Any, first: tuple[Any, Any], second: tuple[Any, Any, Any]) -> Jet:
    """f(u, w) from its value, (f_u, f_w) and (f_uu, f_uw, f_ww)."""
    (du, dw), (duu, duw, dww) = first, second
    g: Grad = {i: _mul(du, gi) for i, gi in u.g.items()}
    for i, gi in w.g.items():
        _add(g, i, _mul(dw, gi))
    h: Hess = {}
    if u.order > 1:
        for ij, hij in u.h.items():
            _add(h, ij, _mul(du, hij))
        for ij, hij in w.h.items():
            _add(h, ij, _mul(dw, hij))
        for left, right, d in ((u, u, duu), (w, w, dww)):
            keys = sorted(left.g)
            for a, i in enumerate(keys):
                for j in keys[a:]:
                    _add(h, (i, j), _mul(d, _mul(left.g[i], right.g[j])))
        for i, ui in u.g.items():
            for j, wj in w.g.items():
                cross = _mul(duw, _mul(ui, wj))
                _add(h, (min(i, j), max(i, j)), cross + cross if i == j else cross)
    return Jet(value, g, h, u.order)
