"""The array namespace on numbers of a row as SQL: links and means of families run on it as on any other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, final

import numpy as np

from likely.namespace import NumpyNamespace
from likely.namespace.memory import Memory
from likely.prediction.sql.values import Condition, Value, added, called, reciprocal

LN_2 = float(np.log(2.0))
NUMBERS = NumpyNamespace()


def _plain(*args: Any) -> bool:
    return not any(isinstance(arg, Value) for arg in args)


@final
class SqlNamespace(Memory):
    """Functions of the array namespace on numbers of a row as SQL, and on plain numbers as NumPy has them.

    A function that the database has not to full precision gives a value that says so when it is used.
    """

    pi, inf = np.pi, np.inf

    def remember(self, value: Any, *, log: Any = None, complement: Any = None, log_complement: Any = None) -> Any:
        """Note the logarithm and the complement, and that the exponential of the logarithm is the value."""
        if isinstance(log, Value):
            log = replace(log, exponential=value)
        if isinstance(log_complement, Value):
            log_complement = replace(log_complement, exponential=complement)
        return super().remember(value, log=log, complement=complement, log_complement=log_complement)

    # -- functions that databases have, with NULL where they have no value ------------------------------------

    def exp(self, x: Any) -> Any:
        if _plain(x):
            return np.exp(x)
        if x.exponential is not None:
            return x.exponential
        if x.above is None:
            return called("exp", x)
        top, others = x.above
        odds = [1.0 if one is top else _odds(one - top) for one in others]  # the largest of them is 1 at least
        return reciprocal(added(odds))

    def log(self, x: Any) -> Any:
        known = self.recall_log(x)
        if known is not None:
            return known
        return np.log(x) if _plain(x) else (x > 0.0).choose(called("ln", x), np.nan)

    def sqrt(self, x: Any) -> Any:
        return np.sqrt(x) if _plain(x) else (x >= 0.0).choose(called("sqrt", x), np.nan)

    def square(self, x: Any) -> Any:
        return np.square(x) if _plain(x) else x * x

    def power(self, x: Any, exponent: Any) -> Any:
        if _plain(x, exponent):
            return np.power(x, exponent)
        if isinstance(exponent, Value):
            base = x if isinstance(x, Value) else exponent.of(x)
            return called("power", base, exponent)
        whole = exponent == np.floor(exponent)
        if whole and exponent > 0.0:
            return called("power", x, float(exponent))
        holds = x != 0.0 if whole else x > 0.0 if exponent < 0.0 else x >= 0.0
        return holds.choose(called("power", x, float(exponent)), np.nan)

    def abs(self, x: Any) -> Any:
        return np.abs(x) if _plain(x) else called("abs", x)

    def sign(self, x: Any) -> Any:
        return np.sign(x) if _plain(x) else called("sign", x)

    def floor(self, x: Any) -> Any:
        return np.floor(x) if _plain(x) else called("floor", x)

    def sin(self, x: Any) -> Any:
        return np.sin(x) if _plain(x) else called("sin", x)

    def cos(self, x: Any) -> Any:
        return np.cos(x) if _plain(x) else called("cos", x)

    def tan(self, x: Any) -> Any:
        return np.tan(x) if _plain(x) else called("tan", x)

    def atan(self, x: Any) -> Any:
        return np.arctan(x) if _plain(x) else called("atan", x)

    def sinh(self, x: Any) -> Any:
        return np.sinh(x) if _plain(x) else called("sinh", x)

    def cosh(self, x: Any) -> Any:
        return np.cosh(x) if _plain(x) else called("cosh", x)

    def tanh(self, x: Any) -> Any:
        return np.tanh(x) if _plain(x) else called("tanh", x)

    def gammaln(self, x: Any) -> Any:
        return NUMBERS.gammaln(x) if _plain(x) else called("gammaln", x)

    def ndtr(self, x: Any) -> Any:
        return NUMBERS.ndtr(x) if _plain(x) else called("ndtr", x)

    def log_ndtr(self, x: Any) -> Any:
        return NUMBERS.log_ndtr(x) if _plain(x) else called("log_ndtr", x)

    # -- functions of these, with all digits ------------------------------------------------------------------

    def expit(self, x: Any) -> Any:
        return NUMBERS.expit(x) if _plain(x) else called("expit", x)

    def log_expit(self, x: Any) -> Any:
        return NUMBERS.log_expit(x) if _plain(x) else -self.softplus(-x)

    def softplus(self, x: Any) -> Any:
        if _plain(x):
            return NUMBERS.softplus(x)
        small = called("exp", -self.abs(x))
        return self.maximum(x, 0.0) + _twice_atanh(small / (2.0 + small))

    def expm1(self, x: Any) -> Any:
        return np.expm1(x) if _plain(x) else called("tanh", 0.5 * x) * (called("exp", x) + 1.0)

    def log1p(self, x: Any) -> Any:
        if _plain(x):
            return np.log1p(x)
        near = self.where(self.abs(x) < 0.5, _twice_atanh(x / (2.0 + x)), called("ln", 1.0 + x))
        return (x > -1.0).choose(near, np.nan)

    def log1mexp(self, x: Any) -> Any:
        if _plain(x):
            return NUMBERS.log1mexp(x)
        return self.where(x < LN_2, self.log(-self.expm1(-x)), self.log1p(-called("exp", -x)))

    def logaddexp(self, a: Any, b: Any) -> Any:
        if _plain(a, b):
            return np.logaddexp(a, b)
        parts = (*_summed(a), *_summed(b))
        if len(parts) == 2:
            return replace(self.softplus(b - a) + a, summed=parts)
        value = next(part for part in parts if isinstance(part, Value))
        return Value(value.dialect, "", lacking="logaddexp", summed=parts)

    def where(self, condition: Any, yes: Any, no: Any) -> Any:
        if isinstance(condition, Condition):
            return condition.choose(yes, no)
        return np.where(condition, yes, no)[()] if _plain(yes, no) else yes if condition else no

    def maximum(self, a: Any, b: Any) -> Any:
        return (
            np.maximum(a, b) if _plain(a, b) else (a >= b).choose(a, b) if isinstance(a, Value) else self.maximum(b, a)
        )

    def minimum(self, a: Any, b: Any) -> Any:
        return (
            np.minimum(a, b) if _plain(a, b) else (a <= b).choose(a, b) if isinstance(a, Value) else self.minimum(b, a)
        )


def _summed(x: Any) -> tuple[Any, ...]:
    """The numbers whose exponentials are added in a logarithm of a sum."""
    return x.summed if isinstance(x, Value) and x.summed else (x,)


def _odds(x: Any) -> Any:
    """The exponential of a difference, infinite beyond what a float holds."""
    return np.exp(x) if _plain(x) else called("odds", x)


def _twice_atanh(u: Value) -> Any:
    return 2.0 * called("atanh", u)
