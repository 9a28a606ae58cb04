"""A traced density as formulas of SymPy: numerical guards taken out where they change no value, the rest as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, final

import numpy as np

from likely.errors import MissingDependencyError
from likely.families.base import Family
from likely.losses.density_loss import DensityLoss
from likely.losses.trace import PREDICTION, Node, Program, Y, ordered, rebuilt
from likely.namespace import NumpyNamespace
from likely.namespace.arrays import Floats

POINTS = 400
CHOICES = ("where", "maximum", "minimum")


def sympy_module() -> Any:
    """The module sympy, or advice on how to get it."""
    try:
        import sympy
    except ImportError as e:
        raise MissingDependencyError("SymPy is needed to explain a loss: pip install 'likely[explain]'") from e
    return sympy


# -- guards -------------------------------------------------------------------------------------------------


@final
class Sampled:
    """Points all over the observations and parameters of a family, where formulas are compared.

    Attributes
    ----------
    values : dict of str to ndarray
        By leaf.
    """

    def __init__(self, family: Family, loss: DensityLoss, names: frozenset[str], known: Mapping[str, float]) -> None:
        rng = np.random.default_rng(0)
        self.values: dict[str, Any] = {}
        for name in sorted(names):
            if name in known:
                self.values[name] = np.full(POINTS, known[name])
            elif name == Y:
                self.values[name] = _observations(family, rng)
            else:
                base = name.partition("[")[0]
                p = loss.parameter if base == PREDICTION else family.parameter(base)
                values = rng.uniform(*p.typical_range, POINTS)
                if base == PREDICTION and loss.link is not None and not p.vector:
                    values = p.domain.get_link(p.name, loss.link).forward(values)
                self.values[name] = values

    def run(self, node: Node, nudge: float = 0.0) -> Floats:
        """A graph at the points."""
        values = self.values
        if nudge and Y in values:
            values = {**values, Y: np.where(values[Y] == 0.0, nudge, values[Y])}
        with np.errstate(all="ignore"):
            return np.broadcast_to(np.asarray(Program(node, {}).run(NumpyNamespace(), values), dtype=float), POINTS)

    def same(self, node: Node, reference: Any) -> bool:
        """Whether a graph has these values; at y = 0, where 0 log 0 may stand in it, the limit counts."""
        found = self.run(node)
        if not np.all(np.isfinite(found)):
            found = np.where(np.isfinite(found), found, self.run(node, 1e-13))
        return bool(np.all(np.abs(found - reference) <= 1e-6 * (1.0 + np.abs(reference))))


def _observations(family: Family, rng: np.random.Generator) -> Floats:
    support = family.support
    if support.integer:
        high = support.upper if np.isfinite(support.upper) else 12.0 if not family.kind.labels else 2.0
        return np.floor(rng.uniform(0.0, high + 1.0, POINTS))
    if np.isfinite(support.lower) and np.isfinite(support.upper):
        return rng.uniform(support.lower, support.upper, POINTS)
    size = 10.0 ** rng.uniform(-2.0, 2.0, POINTS)
    return support.lower + size if np.isfinite(support.lower) else size * rng.choice([-1.0, 1.0], POINTS)


def readable(node: Node, points: Sampled) -> Node:
    """The graph without the choices that guard digits: those where one branch alone gives all values."""
    reference = points.run(node)
    if not np.all(np.isfinite(reference)):
        return node
    tried: set[int] = set()
    while True:
        choice = next((n for n in reversed(ordered([node])) if n.op in CHOICES and n.number not in tried), None)
        if choice is None:
            return node
        tried.add(choice.number)
        options = [_chosen(node, choice, k) for k in (0, 1)]
        good = [option for option in options if points.same(option, reference)]
        if good:
            node = min(good, key=lambda option: len(ordered([option])))


def _chosen(root: Node, choice: Node, branch: int) -> Node:
    """The graph with one branch of a choice, and the same one wherever the condition is the same."""

    def change(node: Node, args: list[Node]) -> Node | None:
        if choice.op == "where":
            alike = node.op == "where" and node.args[0] is choice.args[0]
            return args[1 + branch] if alike else None
        return args[branch] if node is choice else None

    return rebuilt(root, change)


# -- formulas -----------------------------------------------------------------------------------------------


def _constants(sp: Any) -> list[tuple[float, Any]]:
    pi, log, sqrt = sp.pi, sp.log, sp.sqrt
    found = [log(2 * pi) / 2, log(2), log(pi), log(2) - log(2 * pi) / 2, sqrt(2 * pi), sqrt(2), pi, log(2 * pi)]
    return [(float(value), value) for value in found]


def exact(number: float, sp: Any) -> Any:
    """A number as the constant or the fraction that it is, if it is one."""
    if number != number:
        return sp.nan
    if np.isinf(number):
        return sp.oo if number > 0 else -sp.oo
    for value, symbol in _constants(sp):
        for sign in (1, -1):
            if abs(number - sign * value) < 4e-15 * abs(value):
                return sign * symbol
    fraction = Fraction(number).limit_denominator(1000)
    return sp.Rational(fraction.numerator, fraction.denominator) if float(fraction) == number else sp.Float(number, 12)


@final
class Formulas:
    """Graphs of one family as SymPy's expressions.

    Parameters
    ----------
    family : Family
    loss : Loss
        Says what the prediction is called.
    """

    def __init__(self, family: Family, loss: DensityLoss) -> None:
        self.sp = sympy_module()
        self.family, self.predicted, self.linked = family, loss.of, loss.link is not None
        self.symbols: dict[str, Any] = {}
        self.rules = self._rules()

    def symbol(self, leaf: str) -> Any:
        """The symbol of a leaf, with what its domain says about it."""
        if leaf not in self.symbols:
            sp = self.sp
            if leaf == Y:
                support = self.family.support
                kind: dict[str, bool] = {"integer": True} if support.integer else {"real": True}
                kind |= {"nonnegative": True} if support.integer and support.lower >= 0 else {}
                kind |= {"positive": True} if not support.integer and support.lower >= 0 else {}
                self.symbols[leaf] = sp.Symbol(Y, **kind)
            else:
                base, _, place = leaf.partition("[")
                name = self.predicted if base == PREDICTION else base
                positive = self.family.parameter(name).domain.lower >= 0 and not (base == PREDICTION and self.linked)
                name = f"eta_{name}" if base == PREDICTION and self.linked else name
                shown = f"{name}_{place[:-1]}" if place else name
                self.symbols[leaf] = sp.Symbol(shown, positive=True) if positive else sp.Symbol(shown, real=True)
        return self.symbols[leaf]

    def of(self, node: Node) -> Any:
        """The formula of a graph."""
        done: dict[int, Any] = {}
        for n in ordered([node]):
            if n.op == "const":
                done[n.number] = exact(float(n.value), self.sp)
            elif n.op == "leaf":
                done[n.number] = self.symbol(str(n.value))
            else:
                done[n.number] = self.rules[n.op](*(done[a.number] for a in n.args))
        return self._by_case(done[node.number])

    def _by_case(self, formula: Any) -> Any:
        """Cases of a y that is 0 or 1 as one formula; those of labels one by one."""
        support, y = self.family.support, self.symbols.get(Y)
        if y is not None and self.family.kind.labels and formula.has(self.sp.Piecewise):
            size = len(self.family.levels) if self.family.levels is not None else 3
            cases = [(self.sp.simplify(formula.subs(y, code)), self.sp.Eq(y, code)) for code in range(size)]
            return self.sp.Piecewise(*cases)
        if y is None or not (support.integer and (support.lower, support.upper) == (0.0, 1.0)):
            return formula
        return y * formula.subs(y, 1) + (1 - y) * formula.subs(y, 0) if formula.has(self.sp.Piecewise) else formula

    def simple(self, formula: Any) -> Any:
        """The shortest of the usual ways to write a formula."""
        sp = self.sp
        if formula.has(sp.Piecewise):
            folded = sp.piecewise_fold(formula)
            if isinstance(folded, sp.Piecewise):
                return sp.Piecewise(*((self.simple(part), condition) for part, condition in folded.args))
        opened = sp.expand_log(formula, force=True)
        ways = [formula, opened, sp.expand(opened)]
        if formula.count_ops() < 120 and not formula.has(sp.Piecewise):
            ways += [sp.simplify(opened), sp.factor(sp.expand(opened))]
        return min(ways, key=self._length)

    def exponential(self, log: Any) -> Any:
        """exp of a logarithm, as a product."""
        sp = self.sp
        if log.has(sp.Piecewise):
            return sp.piecewise_fold(sp.exp(log))
        factors = []
        for term in sp.Add.make_args(sp.expand_log(log, force=True)):
            logs = [part for part in sp.Mul.make_args(term) if isinstance(part, sp.log)]
            factors.append(logs[0].args[0] ** (term / logs[0]) if len(logs) == 1 else sp.exp(term))
        return sp.Mul(*factors)

    def _length(self, formula: Any) -> tuple[int, int]:
        """How long a formula reads: powers inside logarithms are longer than they look."""
        sp = self.sp
        hidden = sum(1 for log in formula.atoms(sp.log) for power in log.atoms(sp.Pow) if not power.exp.is_Number)
        return formula.count_ops() + 6 * hidden + 4 * len(formula.atoms(sp.gamma)), len(str(formula))

    def _rules(self) -> dict[str, Callable[..., Any]]:
        sp = self.sp
        log, exp = sp.log, sp.exp
        Phi = sp.Function("Phi")

        def piecewise(condition: Any, a: Any, b: Any) -> Any:
            if sp.simplify(a - b) == 0:
                return a
            return sp.Piecewise((a, condition), (b, True))

        def smaller(a: Any, b: Any) -> Any:
            return sp.Piecewise((a, a <= b), (b, True))

        return {
            "add": lambda a, b: a + b,
            "sub": lambda a, b: a - b,
            "mul": lambda a, b: a * b,
            "div": lambda a, b: a / b,
            "neg": lambda a: -a,
            "pow": lambda a, b: a**b,
            "square": lambda a: a**2,
            "lt": sp.Lt,
            "le": sp.Le,
            "gt": sp.Gt,
            "ge": sp.Ge,
            "eq": sp.Eq,
            "ne": sp.Ne,
            "and": sp.And,
            "or": sp.Or,
            "not": sp.Not,
            "where": piecewise,
            "minimum": smaller,
            "maximum": lambda a, b: sp.Piecewise((a, a >= b), (b, True)),
            "exp": exp,
            "expm1": lambda a: exp(a) - 1,
            "log": log,
            "log1p": lambda a: log(1 + a),
            "log_complement": lambda a: log(1 - a),
            "log_if": lambda condition, a: log(a),
            "log_complement_if": lambda condition, a: log(1 - a),
            "sqrt": sp.sqrt,
            "abs": sp.Abs,
            "sign": sp.sign,
            "floor": sp.floor,
            **{
                name: getattr(sp, name) for name in ("sin", "cos", "tan", "atan", "tanh", "sinh", "cosh", "erf", "erfc")
            },
            "isnan": lambda a: sp.false,
            "isfinite": lambda a: sp.true,
            "logaddexp": lambda a, b: log(exp(a) + exp(b)),
            "expit": lambda a: 1 / (1 + exp(-a)),
            "logit": lambda a: log(a / (1 - a)),
            "log_expit": lambda a: -log(1 + exp(-a)),
            "softplus": lambda a: log(1 + exp(a)),
            "gammaln": sp.loggamma,
            "digamma": sp.digamma,
            "betaln": lambda a, b: sp.loggamma(a) + sp.loggamma(b) - sp.loggamma(a + b),
            "ndtr": Phi,
            "log_ndtr": lambda a: log(Phi(a)),
            "xlogy": lambda a, b: a * log(b),
            "xlog1py": lambda a, b: a * log(1 + b),
            "log1pmx": lambda a: log(1 + a) - a,
            "log1mexp": lambda a: log(1 - exp(-a)),
            "stirling": lambda a: sp.loggamma(a + 1) - a * log(a) + a,
            "bd0": lambda a, b: a * log(a / b) + b - a,
        }


def as_latex(formula: Any) -> str:
    """A formula as LaTeX, a name of several letters as one word."""
    from sympy import latex

    plain = [s for s in formula.free_symbols if len(s.name) > 1 and latex(s).isalpha()]
    names = {s: rf"\mathrm{{{s.name}}}" for s in plain}
    shown = latex(formula, symbol_names=names, mul_symbol=r" \, ")
    return str(shown).replace(r"\operatorname{loggamma}", r"\log \Gamma")
