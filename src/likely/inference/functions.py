"""Functions of the estimates: text or callables, with their derivatives with respect to the coefficients."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np

from likely.errors import FamilyError, IntervalError, OptionError, UnknownNameError, is_one_of, unknown
from likely.errors.kinds import is_number
from likely.families.base.vectors import VectorDomain
from likely.models import scale
from likely.models.naming import Names
from likely.namespace import JetNamespace, as_jet, value_of
from likely.namespace.arrays import Floats

if TYPE_CHECKING:
    from likely.estimates import Estimates

FUNCTIONS = tuple(
    "exp log sqrt expm1 log1p abs expit logit ndtr sin cos tan atan tanh sinh cosh gammaln digamma".split()
)
SMOOTH = 1e-5  # relative change of a gradient between two step sizes that a smooth function may show


@final
@dataclass(frozen=True, eq=False)
class Derivatives:
    """A function of the coefficients at a point: value, gradient, and Hessian where it is exact."""

    value: float
    gradient: Floats
    hessian: Any = None


@final
class Function:
    """A function of a fit's estimates, evaluated with its derivatives at any coefficients.

    Parameters
    ----------
    fit : Estimates
    spec : str or callable
        Text such as ``"-p.Intercept / p.x"``, or a function of a mapping of the estimates by name.
    """

    def __init__(self, fit: Estimates, spec: Any) -> None:
        self.outer, self.fit, self.spec = fit, fit.effective, spec
        self.names = Names.of(fit)
        self.used: set[str] = set()
        if isinstance(spec, str):
            self.label = " ".join(spec.split())
            self._call = _compiled(spec, self.names)
        elif callable(spec):
            self.label = getattr(spec, "__name__", "function").replace("<lambda>", "function")
            self._call = _callable(spec)
        else:
            raise OptionError(
                f"a function of the estimates is text such as '-p.Intercept / p.x' or a callable; {spec!r}"
            )

    def at(self, x: Any, order: int = 1) -> Derivatives:
        """Value and derivatives at some coefficients.

        Exact, through jets, where the function is text or uses arithmetic and `xp`; else, to first order only, by
        differences whose error is checked.
        """
        xp = JetNamespace(order)
        try:
            with np.errstate(all="ignore"):
                found = self._call(_Estimates(self, reported(self.fit, x, xp)), xp)
        except (TypeError, AttributeError, FamilyError) as error:
            if isinstance(self.spec, str) or order > 1:
                raise OptionError(
                    f"{self.label!r} cannot be differentiated exactly ({error}): write it as text, or as a function of "
                    "the estimates and xp with xp.log, xp.exp, ..."
                ) from error
            return self._differences(x)
        return self._checked(found, len(x))

    def _checked(self, found: Any, size: int) -> Derivatives:
        jet = as_jet(found)
        value = jet.v
        if not is_number(value):
            raise OptionError(f"{self.label!r} must give one number, found {value!r}")
        gradient, hessian = np.zeros(size), np.zeros((size, size))
        for i, g in jet.g.items():
            gradient[i] = float(g)
        for (i, j), h in jet.h.items():
            hessian[i, j] = hessian[j, i] = float(h)
        if not (np.isfinite(float(value)) and np.all(np.isfinite(gradient))):
            raise OptionError(f"{self.label!r} is not finite at the estimates, or has no derivative there")
        return Derivatives(float(value), gradient, hessian)

    def _differences(self, x: Any) -> Derivatives:
        """Central differences with one extrapolation, accepted where two step sizes agree."""
        values = JetNamespace(1)

        def evaluate(z: Any) -> float:
            estimates = _Estimates(self, {k: float(value_of(v)) for k, v in reported(self.fit, z, values).items()})
            found = self._call(estimates, np)
            if not is_number(found):
                raise OptionError(f"{self.label!r} must give one number, found {found!r}")
            return float(found)

        errors = np.sqrt(np.diagonal(self.fit._observed_cov))
        for factor in (0.05, 0.005, 5e-4):
            steps = factor * errors
            wide, narrow = (self._central(evaluate, x, s) for s in (steps, 0.5 * steps))
            size = float(np.linalg.norm(narrow * errors))
            if np.all(np.isfinite(wide + narrow)):
                best = (4.0 * narrow - wide) / 3.0
                finer = (4.0 * self._central(evaluate, x, 0.25 * steps) - narrow) / 3.0
                if float(np.linalg.norm((finer - best) * errors)) <= SMOOTH * size:
                    return Derivatives(evaluate(x), finer)
        raise OptionError(
            f"{self.label!r} has no derivative that differences find: is it smooth and finite around the estimates?"
        )

    @staticmethod
    def _central(evaluate: Callable[[Any], float], x: Any, steps: Any) -> Floats:
        out = np.empty(len(x))
        for j, h in enumerate(steps):
            up, down = x.copy(), x.copy()
            up[j] += h
            down[j] -= h
            out[j] = (evaluate(up) - evaluate(down)) / (2.0 * h)
        return out


def reported(fit: Estimates, x: Any, xp: Any) -> dict[str, Any]:
    """The reported values as jets in the coefficients, and the values that are fixed."""
    model = fit.likelihood.model
    out: dict[str, Any] = {}
    with np.errstate(all="ignore"):
        for group in model.groups:
            domain = group[0].parameter.domain
            if group[0].constant and isinstance(domain, VectorDomain):
                parts = domain.value([xp.variable(s.start, float(x[s.start])) for s in group], xp)
                out |= dict(zip(scale.entry_names(model, group[0]), parts, strict=True))
        for slot in model.slots:
            for name, i in zip(slot.names, range(slot.start, slot.stop), strict=True):
                eta = xp.variable(i, float(x[i]))
                if not slot.constant:
                    out[name] = eta
                elif slot.entry is None:
                    out[name] = slot.link.inverse(eta, xp)
    return out


@final
class _Estimates(Mapping[str, Any]):
    """The estimates by any of their names."""

    def __init__(self, function: Function, values: Mapping[str, Any]) -> None:
        self._function, self._values = function, values

    def __getitem__(self, name: str) -> Any:
        if not isinstance(name, str):
            raise UnknownNameError(f"estimates are called by their names, such as {self._function.names.names[0]!r}")
        form = self._function.names.form(name)
        if not form:
            return 0.0
        own = next(iter(form))
        self._function.used.add(own)
        outer = self._function.outer
        if own in outer.withheld:
            raise IntervalError(f"{own} has no standard error: {outer.withheld[own]}")
        return self._values[own if outer.limit is None else outer.limit.limiting_name(own)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._function.names.names)

    def __len__(self) -> int:
        return len(self._function.names.names)


def _callable(function: Any) -> Callable[[Any, Any], Any]:
    """A function of the estimates, or of the estimates and a namespace."""
    try:
        takes = len([p for p in inspect.signature(function).parameters.values() if p.default is p.empty])
    except (TypeError, ValueError):
        takes = 1
    return function if takes > 1 else lambda estimates, xp: function(estimates)


# -- text ------------------------------------------------------------------------------------------------------

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
}


def _compiled(text: str, names: Names) -> Callable[[Any, Any], Any]:
    """An expression in the names of the estimates as a function of them."""
    if not text.strip():
        raise OptionError("the expression is empty: write for instance 'exp(p.x)'")
    code, found = _with_tokens(text, names)
    try:
        tree = ast.parse(code.strip(), mode="eval").body
    except SyntaxError as error:
        raise OptionError(f"cannot read {text!r}: {error.msg}") from error
    _check(tree, text, found, names)
    return lambda estimates, xp: _value(tree, estimates, xp, found)


def _with_tokens(text: str, names: Names) -> tuple[str, dict[str, str]]:
    """The text with a Python name in the place of every estimate's."""
    out, found, at = "", dict[str, str](), 0
    while at < len(text):
        word = at
        while word < len(text) and (text[word].isalnum() or text[word] == "_"):
            word += 1
        called = word > at and text[word:].lstrip().startswith("(") and text[at:word] in FUNCTIONS
        match = names.match(text, at)
        if match is not None and not (called and match[0] <= word):
            token = f"_estimate_{len(found)}"
            found[token] = text[at : match[0]]
            out, at = out + token, match[0]
        elif word > at:
            out, at = out + text[at:word], word
        else:
            out, at = out + text[at], at + 1
    return out, found


def _check(node: ast.AST, text: str, found: Mapping[str, str], names: Names) -> None:
    """Refuse what is not arithmetic."""
    match node:
        case ast.BinOp(left=left, right=right, op=operation):
            if type(operation) is ast.BitXor:
                raise OptionError(f"in {text!r}, '^' is not a power; write '**'")
            if type(operation) not in _BINARY:
                raise OptionError(f"cannot read {text!r}: only + - * / ** and functions")
            _check(left, text, found, names)
            _check(right, text, found, names)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=inner):
            _check(inner, text, found, names)
        case ast.Call(func=ast.Name(id=function), args=args, keywords=keywords):
            if not is_one_of(function, FUNCTIONS):
                raise unknown("function", function, FUNCTIONS, f" in {text!r}")
            if len(args) != 1 or keywords:
                raise OptionError(f"cannot read {text!r}: {function} takes one argument")
            _check(args[0], text, found, names)
        case ast.Name(id=name):
            if not is_one_of(name, found) and name != "pi":
                raise unknown("estimate", name, names.names, f" in {text!r}")
        case ast.Constant(value=number) if type(number) in (int, float):
            pass
        case _:
            shown = ast.unparse(node)
            for token, name in found.items():
                shown = shown.replace(token, name)
            if type(node) is ast.Attribute:
                raise unknown("estimate", shown, names.names, f" in {text!r}")
            raise OptionError(f"cannot read {shown!r} in {text!r}: only numbers, estimates, + - * / ** and functions")


def _value(node: Any, estimates: Any, xp: Any, found: Mapping[str, str]) -> Any:
    match node:
        case ast.BinOp(left=left, right=right, op=operation):
            return _BINARY[type(operation)](*(_value(side, estimates, xp, found) for side in (left, right)))
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner, estimates, xp, found)
        case ast.UnaryOp(operand=inner):
            return _value(inner, estimates, xp, found)
        case ast.Call(func=ast.Name(id=function), args=[argument]):
            return getattr(xp, function)(_value(argument, estimates, xp, found))
        case ast.Name(id=name):
            return np.pi if name == "pi" else estimates[found[name]]
    return np.float64(node.value)
