"""The PyTorch namespace: densities with autograd. PyTorch is imported when a namespace is made, not before.

Every function is differentiable twice, and no branch that is not taken leaks a NaN into a gradient: it sees harmless
arguments. What PyTorch has no accurate function for is made of those it has, or is a formula of
`likely.namespace.special` with its derivative.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from likely.errors import FamilyError, MissingDependencyError
from likely.namespace.arrays import Value
from likely.namespace.memory import Memory
from likely.namespace.numpy import NumpyNamespace
from likely.namespace.special import coefficients as sp

__all__ = ["TorchNamespace", "has_values", "torch_module"]


def torch_module() -> Any:
    """The module torch, or advice on how to get it."""
    try:
        import torch
    except ImportError as e:
        raise MissingDependencyError("PyTorch is needed here and is not installed: pip install 'likely[torch]'") from e
    return torch


def has_values(tensor: Any) -> bool:
    """Whether its numbers can be looked at: not under ``vmap``, and not on the meta device."""
    try:
        return not tensor.is_meta and tensor.data_ptr() is not None
    except RuntimeError:  # what stands for a tensor has no storage
        return False


_FUNCTIONS: dict[str, Callable[..., Any]] = {}


def _functions() -> dict[str, Callable[..., Any]]:
    """Every function of the namespace by name, made once: a plain dict, which torch.compile sees through."""
    if not _FUNCTIONS:
        _FUNCTIONS.update(_made())
    return _FUNCTIONS


def _made() -> dict[str, Callable[..., Any]]:
    torch = torch_module()
    where = torch.where

    def at(coefficients: sp.Polynomial, x: Any) -> Any:
        return reduce(lambda out, c: out * x + c, coefficients[1:], torch.full_like(x, coefficients[0]))

    def ratio(rational: sp.Rational, x: Any) -> Any:
        return at(rational[0], x) / at(rational[1], x)

    def tensors(*values: Any) -> tuple[Any, ...]:
        """Numbers as tensors of the dtype of those that are, broadcast."""
        like = next(v for v in values if isinstance(v, torch.Tensor) and v.is_floating_point())
        made = (
            v if isinstance(v, torch.Tensor) else torch.as_tensor(v, dtype=like.dtype, device=like.device)
            for v in values
        )
        return torch.broadcast_tensors(*made)

    def stirling(x: Any) -> Any:
        """lgamma(x + 1) - x log(x) + x, as Binet's series from 2.5 on; its derivatives follow through both."""
        tail = x >= sp.TAIL_FROM
        t = 1.0 / where(tail, x, sp.TAIL_FROM)
        large = -0.5 * torch.log(t) + (sp.HALF_LOG_2PI + t * ratio(sp.BINET, t * t))
        inside = ~tail & (x > 0.0)
        s = where(inside, x, 1.0)
        small = s * (1.0 - torch.log(s) + ratio(sp.LGAMMA1P, s))
        return where(tail, large, where(inside, small, where(x == 0.0, torch.zeros_like(x), math.nan)))

    def log1pmx(x: Any) -> Any:
        near = (x >= -0.5) & (x <= 1.0)
        s = where(near, x, 0.0)
        r = s / (s + 2.0)
        y = r * r
        f = where(near, 1.0, x)
        return where(near, r * (2.0 * y * at(sp.ATANH, y) - s), torch.log1p(f) - f)

    def bd0(x: Any, m: Any, log_m: Any = None) -> Any:
        """x log(x/m) + m - x; the log of m where a link knows it, so that m may round to 0 or overflow."""
        x, m = tensors(x, m)
        near = 3.0 * torch.abs(x - m) < x + m
        a, b = where(near, x, 1.0), where(near, m, 1.0)
        d = a - b
        r = d / (a + b)
        y = r * r
        close = r * (2.0 * a * y * at(sp.ATANH, y) + d)
        known = log_m is not None
        inner = ~near & (x > 0.0) & (m >= 0.0) & (known | (m > 0.0))
        a, b = where(inner, x, 1.0), where(inner, m, 3.0)
        log_b = where(inner, log_m, math.log(3.0)) if known else torch.log(b)
        general = a * (torch.log(a) - log_b - 1.0) + b
        edge = where(x == 0.0, m, where(m >= 0.0, torch.full_like(m, math.inf), math.nan))
        return where(near, close, where(inner, general, edge))

    def xlogy(x: Any, y: Any) -> Any:
        x, y = tensors(x, y)
        edge = (x == 0.0) & ((y <= 0.0) | (y == math.inf))
        return where(edge, 0.0, x * torch.log(where(edge, 1.0, y)))

    def xlog1py(x: Any, y: Any) -> Any:
        x, y = tensors(x, y)
        edge = (x == 0.0) & ((y <= -1.0) | (y == math.inf))
        return where(edge, 0.0, x * torch.log1p(where(edge, 0.0, y)))

    def log1mexp(x: Any) -> Any:
        near = x < sp.LOG_2
        small, large = where(near, x, 1.0), where(near, 1.0, x)
        return where(near, torch.log(-torch.expm1(-small)), torch.log1p(-torch.exp(-large)))

    def betaln(a: Any, b: Any) -> Any:
        a, b = tensors(a, b)
        return torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b)

    def log_ndtr(x: Any) -> Any:
        """Mills' ratio in the left tail, where the probability itself underflows."""
        tail = x <= -sp.MILLS_FROM
        z = where(tail, -x, sp.MILLS_FROM)
        left = -0.5 * z * z - sp.HALF_LOG_2PI - torch.log(z + ratio(sp.MILLS, 1.0 / (z * z)) / z)
        right = x > 0.0
        upper = torch.log1p(-0.5 * torch.erfc(where(right, x, 1.0) * sp.SQRT_HALF))
        middle = torch.log(0.5 * torch.erfc(where(tail | right, 1.0, x) * -sp.SQRT_HALF))
        return where(tail, left, where(right, upper, middle))

    def expit(x: Any) -> Any:
        return torch.sigmoid(x)

    def log_expit(x: Any) -> Any:
        return torch.nn.functional.logsigmoid(x)

    def softplus(x: Any) -> Any:
        return -torch.nn.functional.logsigmoid(-x)

    def logaddexp(a: Any, b: Any) -> Any:
        return torch.logaddexp(*tensors(a, b))

    same = (
        "exp expm1 log log1p sqrt square abs sign floor sin cos tan atan tanh sinh cosh where isnan isfinite digamma "
        "erf erfc logit"
    ).split()
    return {
        **{name: getattr(torch, name) for name in same},
        "maximum": lambda a, b: torch.maximum(*tensors(a, b)),
        "minimum": lambda a, b: torch.minimum(*tensors(a, b)),
        "power": torch.pow,
        "gammaln": torch.lgamma,
        "ndtr": lambda x: 0.5 * torch.erfc(x * -sp.SQRT_HALF),
        "log_ndtr": log_ndtr,
        "log1pmx": log1pmx,
        "log1mexp": log1mexp,
        "stirling": stirling,
        "bd0": bd0,
        "xlogy": xlogy,
        "xlog1py": xlog1py,
        "betaln": betaln,
        "expit": expit,
        "log_expit": log_expit,
        "softplus": softplus,
        "logaddexp": logaddexp,
    }


class TorchNamespace(Memory):
    """Functions of the array namespace on tensors; the names are those of `NumpyNamespace`.

    Make one for each evaluation: it remembers, by object identity, what a link knows about its output. Numbers that are
    no tensors stay numbers, so a known parameter's special functions cost nothing.

    Raises
    ------
    MissingDependencyError
        When PyTorch is not installed.
    """

    pi = np.pi
    inf = np.inf

    def __init__(self) -> None:
        super().__init__()
        self._torch = torch_module()
        self._on_tensors = _functions()
        self._plain = NumpyNamespace()

    def log(self, x: Any) -> Value:
        """Natural logarithm; the remembered one where a link knows it."""
        known = self.recall_log(x)
        return self._call("log", x) if known is None else known

    def bd0(self, x: Any, m: Any) -> Any:
        """x log(x/m) + m - x, with the log of m where a link knows it."""
        if not (self._is_tensor(x) or self._is_tensor(m)):
            return self._call("bd0", x, m)
        return self._on_tensors["bd0"](x, m, self.recall_log(m))

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """`a` where the condition holds, else `b`."""
        if not self._is_tensor(condition):
            if np.ndim(condition) == 0:
                return a if condition else b
            raise FamilyError("a condition on tensors is a tensor")
        if not (self._is_tensor(a) or self._is_tensor(b)):  # torch would round two numbers to single precision
            a = self._torch.full((), a, dtype=self._torch.float64, device=condition.device)
        return self._on_tensors["where"](condition, a, b)

    def _is_tensor(self, x: Any) -> bool:
        return isinstance(x, self._torch.Tensor)

    def _call(self, name: str, *args: Any) -> Value:
        if any(self._is_tensor(a) for a in args):
            return self._on_tensors[name](*args)
        out = getattr(self._plain, name)(*args)
        return out.item() if isinstance(out, (np.generic, np.ndarray)) and out.ndim == 0 else out

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in _functions():
            raise FamilyError(f"the array namespace has no function {name!r}; it has {', '.join(sorted(_functions()))}")

        def call(*args: Any) -> Any:
            return self._call(name, *args)

        self.__dict__[name] = call
        return call
