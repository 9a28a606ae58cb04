"""What of a negative log-likelihood can move its optimum: the loss, and what was dropped to get it.

The rule: ``nll = factor * loss + constant``, where the factor is positive and the same for all rows, and neither
depends on the prediction.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from likely.errors import FamilyError
from likely.losses.trace import PREDICTION, Graph, Node, ordered

Term = tuple[float, list[tuple[Node, int]], Node]  # number, factors shared by all rows with their powers, the rest
GROWING = ("add", "mul", "div")  # of positive numbers, positive


@final
@dataclass(frozen=True)
class Split:
    """A negative log-likelihood taken apart.

    Attributes
    ----------
    nll, loss, factor, constant : Node
        ``nll = factor * loss + constant``.
    """

    nll: Node
    loss: Node
    factor: Node
    constant: Node


def moves(node: Node) -> bool:
    """Whether it depends on the prediction (an entry of it, for a vector)."""
    return any(name.startswith(PREDICTION) for name in node.depends)


@final
@dataclass(frozen=True)
class _Part:
    """``coefficient * product of factors * core``: one summand, or what is left of it."""

    coefficient: float
    factors: Counter[Node]  # by node, its power
    core: Node | None  # None: nothing but the factors


@final
class _Splitter:
    """Splits one graph; `shared` says which leaves hold one value for all rows."""

    def __init__(self, nll: Node, shared: frozenset[str], positive: Callable[[str], bool]) -> None:
        self.graph: Graph = nll.graph
        self.shared, self.positive_leaf = shared, positive
        self.uses: Counter[int] = Counter(a.number for n in ordered([nll]) for a in set(n.args))

    # -- sums ----------------------------------------------------------------------------------------------

    def summands(self, node: Node, sign: float) -> list[Term]:
        """The terms of a sum; one that is used twice is a quantity of its own, so one term."""
        if node.op in ("add", "sub") and self.uses[node.number] <= 1:
            second = sign if node.op == "add" else -sign
            return self.summands(node.args[0], sign) + self.summands(node.args[1], second)
        if node.op == "neg":
            inner = node.args[0]
            return self.summands(inner, -sign) if self.uses[node.number] <= 1 else [(-sign, [], inner)]
        if node.op in ("mul", "div") and self.uses[node.number] <= 1:
            a, b = node.args
            outer, inner, power = (a, b, 1) if node.op == "mul" and self.is_shared(a) else (b, a, 1)
            power = -1 if node.op == "div" else power
            if self.is_shared(outer) and inner.op in ("add", "sub", "mul", "div", "neg"):
                terms = self.summands(inner, sign)
                if len(terms) > 1 and any(not moves(t[2]) for t in terms):
                    return [self._scaled(t, outer, power) for t in terms]
        return [(sign, [], node)]

    def cancelled(self, terms: list[Term]) -> list[Term]:
        """The terms with a sum that is used twice taken apart after all where that cancels another term."""
        for place, (number, factors, node) in enumerate(terms):
            if factors or node.op not in ("add", "sub"):
                continue
            signs = (number, number if node.op == "add" else -number)
            opened: list[Term] = [(sign, [], part) for sign, part in zip(signs, node.args, strict=True)]
            rest = terms[:place] + terms[place + 1 :]
            for mine in opened:
                for other in rest:
                    if moves(other[2]) and other[2] is mine[2] and not other[1] and other[0] == -mine[0]:
                        kept = [t for t in rest if t is not other] + [t for t in opened if t is not mine]
                        return self.cancelled(kept)
        return terms

    @staticmethod
    def _scaled(term: Term, outer: Node, power: int) -> Term:
        number, factors, node = term
        if outer.op == "const":
            return number * float(outer.value) ** power, factors, node
        return number, [*factors, (outer, power)], node

    def is_shared(self, node: Node) -> bool:
        """Whether it is one number for all rows, whatever the prediction."""
        return node.depends <= self.shared

    # -- products ------------------------------------------------------------------------------------------

    def strip(self, node: Node) -> _Part:
        """The positive factors that are the same for all rows taken out of a product; the rest keeps its shape."""
        if self.is_shared(node):
            return (
                _Part(float(node.value), Counter(), None)
                if node.op == "const"
                else _Part(1.0, Counter({node: 1}), None)
            )
        if node.op == "neg":
            part = self.strip(node.args[0])
            return _Part(-part.coefficient, part.factors, part.core)
        if node.op in ("mul", "div"):
            a, b = (self.strip(arg) for arg in node.args)
            up = node.op == "mul"
            factors = Counter(a.factors)
            for factor, power in b.factors.items():
                factors[factor] += power if up else -power
            number = a.coefficient * b.coefficient if up else a.coefficient / b.coefficient
            if b.core is None:
                core = a.core
            elif a.core is None:
                core = b.core if up else 1.0 / b.core
            else:
                core = self.graph.make(node.op, a.core, b.core)
            return _Part(number, factors, core)
        if node.op in ("abs", "square", "sqrt"):
            part = self.strip(node.args[0])
            if part.core is not None and part.coefficient > 0 and all(self.positive(f) for f in part.factors):
                if node.op == "sqrt":
                    if part.coefficient != 1.0 or any(power % 2 for power in part.factors.values()):
                        return _Part(1.0, Counter(), node)
                    halved = Counter({f: power // 2 for f, power in part.factors.items()})
                    return _Part(1.0, halved, self.graph.make("sqrt", part.core))
                times = 2 if node.op == "square" else 1
                raised = Counter({f: times * power for f, power in part.factors.items()})
                return _Part(part.coefficient**times, raised, self.graph.make(node.op, part.core))
        if node.op == "pow" and node.args[1].op == "const" and float(node.args[1].value) == 2.0:
            return self.strip(self.graph.make("square", node.args[0]))
        return _Part(1.0, Counter(), node)

    def positive(self, node: Node) -> bool:
        """Whether it is positive for every value that its parameters may take."""
        if node.op == "const":
            return float(node.value) > 0.0
        if node.op == "leaf":
            return self.positive_leaf(str(node.value))
        if node.op in GROWING or node.op == "sqrt":
            return all(self.positive(a) for a in node.args)
        if node.op == "pow":
            return self.positive(node.args[0])
        if node.op == "sub" and node.args[0].op == "const":  # 1 - p of a share
            return (
                float(node.args[0].value) == 1.0
                and node.args[1].op == "leaf"
                and self.positive_leaf(f"1-{node.args[1].value}")
            )
        return node.op == "exp"

    # -- together ------------------------------------------------------------------------------------------

    def split(self, nll: Node) -> Split:
        terms = self.cancelled(self.summands(nll, 1.0))
        parts, constants = [], []
        for number, outer, node in terms:
            if not moves(node):
                constants.append((number, outer, node))
                continue
            part = self.strip(node)
            factors = Counter(part.factors)
            for factor, power in outer:
                factors[factor] += power
            parts.append(_Part(number * part.coefficient, factors, part.core))
        if not parts:
            zero = self.graph.lift(0.0)
            return Split(nll, zero, self.graph.lift(1.0), nll)
        common = Counter(
            {
                factor: power
                for factor, power in parts[0].factors.items()
                if power and self.positive(factor) and all(p.factors.get(factor, 0) == power for p in parts)
            }
        )
        sizes = {abs(p.coefficient) for p in parts}
        size = sizes.pop() if len(sizes) == 1 else 1.0
        summed = None
        for part in sorted(parts, key=lambda p: p.coefficient < 0):  # what is added first, then what is taken away
            left = Counter(part.factors)
            left.subtract(common)
            core = self._times(part.core, left)
            summed = self._plus(summed, part.coefficient / size, core)
        constant = None
        for number, outer, node in constants:
            product: Counter[Node] = Counter()
            for factor, power in outer:
                product[factor] += power
            constant = self._plus(constant, number, self._times(node, product))
        assert summed is not None
        factor = self._product(size, common)
        return Split(nll, summed, factor, self.graph.lift(0.0) if constant is None else constant)

    def _times(self, core: Node | None, factors: Counter[Node]) -> Node:
        out = core
        for factor, power in factors.items():
            if power:
                raised = factor if abs(power) == 1 else factor ** float(abs(power))
                if power > 0:
                    out = raised if out is None else out * raised
                else:
                    out = 1.0 / raised if out is None else out / raised
        return self.graph.lift(1.0) if out is None else out

    def _product(self, number: float, factors: Counter[Node]) -> Node:
        """A number times powers, as one fraction."""
        above = Counter({f: power for f, power in factors.items() if power > 0})
        below = Counter({f: -power for f, power in factors.items() if power < 0})
        if not math.isfinite(number) or number == 0.0:
            raise FamilyError(
                f"a log-density multiplies what depends on its parameters by {number:g}, which is no loss"
            )
        inverse = 1.0 / number
        whole = inverse == int(inverse) and inverse != 1.0
        over = self._times(None if number == 1.0 or whole else self.graph.lift(number), above)
        if not below and not whole:
            return over
        return over / self._times(self.graph.lift(inverse) if whole else None, Counter(dict(reversed(below.items()))))

    @staticmethod
    def _plus(total: Node | None, number: float, node: Node) -> Node:
        term = node if abs(number) == 1.0 else abs(number) * node
        if total is None:
            return -term if number < 0 else term
        return total - term if number < 0 else total + term


def split(nll: Node, shared: frozenset[str], positive: Callable[[str], bool]) -> Split:
    """Take apart a negative log-likelihood.

    Parameters
    ----------
    nll : Node
    shared : frozenset of str
        Leaves that hold one value for all rows.
    positive : callable
        Whether the leaf of this name is positive; ``"1-p"`` asks whether 1 - p is.

    Returns
    -------
    Split
    """
    return _Splitter(nll, shared, positive).split(nll)
