"""A log-density as a graph of its operations: run once on symbols, then read, split, and run on any namespace.

Equal operations are one node, so a quantity that a density uses twice (a standardised error) is known to be one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn, final

import numpy as np

from likely.errors import FamilyError
from likely.namespace import NumpyNamespace
from likely.namespace.memory import Memory

Y, PREDICTION = "y", "prediction"  # names of two leaves; no parameter may take that of the first

# NumPy's functions by their names here, so that a density may call NumPy on its data
UFUNCS = {
    "add": "add",
    "subtract": "sub",
    "multiply": "mul",
    "divide": "div",
    "true_divide": "div",
    "negative": "neg",
    "power": "pow",
    "absolute": "abs",
    "arctan": "atan",
    "less": "lt",
    "less_equal": "le",
    "greater": "gt",
    "greater_equal": "ge",
    "equal": "eq",
    "not_equal": "ne",
    "logical_and": "and",
    "bitwise_and": "and",
    "logical_or": "or",
    "bitwise_or": "or",
    "logical_not": "not",
    "invert": "not",
}
FUNCTIONS = tuple(
    "exp expm1 log log1p sqrt square abs sign floor sin cos tan atan tanh sinh cosh where maximum minimum power isnan "
    "isfinite logaddexp expit logit log_expit gammaln digamma betaln ndtr log_ndtr erf erfc xlogy xlog1py log1pmx "
    "log1mexp softplus stirling bd0".split()
)
OPERATORS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "pow": lambda a, b: a**b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "not": lambda a: ~a,
}


@final
class Node:
    """One operation of a traced density; leaves are ``"leaf"`` (a name) and ``"const"`` (a number)."""

    __slots__ = ("args", "depends", "graph", "number", "op", "value")

    def __init__(self, graph: Graph, number: int, op: str, args: tuple[Node, ...], value: Any) -> None:
        self.graph, self.number, self.op, self.args, self.value = graph, number, op, args, value
        own = {value} if op == "leaf" else set()
        self.depends: frozenset[str] = frozenset(own.union(*(a.depends for a in args)))

    def __hash__(self) -> int:
        return self.number

    def __repr__(self) -> str:
        inside = ", ".join(map(repr, self.args)) if self.args else self.value
        return f"{self.op}({inside})"

    def __add__(self, other: Any) -> Node:
        return self.graph.make("add", self, other)

    def __radd__(self, other: Any) -> Node:
        return self.graph.make("add", other, self)

    def __sub__(self, other: Any) -> Node:
        return self.graph.make("sub", self, other)

    def __rsub__(self, other: Any) -> Node:
        return self.graph.make("sub", other, self)

    def __mul__(self, other: Any) -> Node:
        return self.graph.make("mul", self, other)

    def __rmul__(self, other: Any) -> Node:
        return self.graph.make("mul", other, self)

    def __truediv__(self, other: Any) -> Node:
        return self.graph.make("div", self, other)

    def __rtruediv__(self, other: Any) -> Node:
        return self.graph.make("div", other, self)

    def __pow__(self, other: Any) -> Node:
        return self.graph.make("pow", self, other)

    def __rpow__(self, other: Any) -> Node:
        return self.graph.make("pow", other, self)

    def __neg__(self) -> Node:
        return self.graph.make("neg", self)

    def __pos__(self) -> Node:
        return self

    def __abs__(self) -> Node:
        return self.graph.make("abs", self)

    def __lt__(self, other: Any) -> Node:
        return self.graph.make("lt", self, other)

    def __le__(self, other: Any) -> Node:
        return self.graph.make("le", self, other)

    def __gt__(self, other: Any) -> Node:
        return self.graph.make("gt", self, other)

    def __ge__(self, other: Any) -> Node:
        return self.graph.make("ge", self, other)

    def __eq__(self, other: object) -> Any:
        return self.graph.make("eq", self, other)

    def __ne__(self, other: object) -> Any:
        return self.graph.make("ne", self, other)

    def __and__(self, other: Any) -> Node:
        return self.graph.make("and", self, other)

    __rand__ = __and__

    def __or__(self, other: Any) -> Node:
        return self.graph.make("or", self, other)

    __ror__ = __or__

    def __invert__(self) -> Node:
        return self.graph.make("not", self)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        name = UFUNCS.get(ufunc.__name__, ufunc.__name__)
        if method != "__call__" or options or not (name in OPERATORS or name in FUNCTIONS):
            raise FamilyError(f"a log-density called NumPy's {ufunc.__name__}; use the functions of xp instead")
        return self.graph.make(name, *inputs)

    def __bool__(self) -> bool:
        raise FamilyError("a log-density cannot branch on its data or parameters with `if`; use xp.where")

    def __float__(self) -> float:
        raise FamilyError("a log-density turned its data or a parameter into a float; use the functions of xp")

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise FamilyError("a log-density made a NumPy array of its data or a parameter; use the functions of xp")

    def __iter__(self) -> NoReturn:
        raise FamilyError("a log-density took its data or a parameter apart; it gives one value for every row")


@final
class Graph:
    """The nodes of one trace; what is computed twice is one node."""

    def __init__(self) -> None:
        self.nodes: dict[tuple[Any, ...], Node] = {}
        self.logs: dict[int, Node] = {}  # by node number, the exact logarithm that a link knows

    def _add(self, op: str, args: tuple[Node, ...], value: Any = None) -> Node:
        key = (op, *(a.number for a in args), value)
        node = self.nodes.get(key)
        if node is None:
            node = self.nodes[key] = Node(self, len(self.nodes), op, args, value)
        return node

    def leaf(self, name: str) -> Node:
        """The value called `name`."""
        return self._add("leaf", (), name)

    def lift(self, value: Any) -> Node:
        """A number as a node; a node as it is."""
        if isinstance(value, Node):
            return value
        if np.ndim(value):
            raise FamilyError("a log-density holds an array of its own, where each row has one value of its own")
        number = float(value)
        return self._add("const", (), "nan" if number != number else number)

    def make(self, op: str, *args: Any) -> Node:
        """An operation on nodes and numbers."""
        return self._add("pow" if op == "power" else op, tuple(self.lift(a) for a in args))


@final
class TraceNamespace(Memory):
    """The array namespace on nodes: writes down what a density does."""

    pi = np.pi
    inf = np.inf

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.graph = graph

    def remember(self, value: Any, *, log: Any = None, complement: Any = None, log_complement: Any = None) -> Any:
        """Note what a link knows, also for whoever runs the graph."""
        for known, exact in ((value, log), (complement, log_complement)):
            if isinstance(known, Node) and isinstance(exact, Node):
                self.graph.logs[known.number] = exact
        return super().remember(value, log=log, complement=complement, log_complement=log_complement)

    def log(self, x: Any) -> Any:
        """Natural logarithm; the remembered one where a link knows it."""
        known = self.recall_log(x)
        return self._call("log", x) if known is None else known

    def log_complement(self, p: Any) -> Any:
        """log(1 - p), its digits kept by whatever runs the graph."""
        known = self.recall_log(self.complement(p))
        return self._call("log_complement", p) if known is None else known

    def log_if(self, condition: Any, x: Any) -> Any:
        """log x where the condition holds."""
        known = self.recall_log(x)
        return self._call("log_if", condition, x) if known is None else known

    def log_complement_if(self, condition: Any, p: Any) -> Any:
        """log(1 - p) where the condition holds."""
        known = self.recall_log(self.complement(p))
        return self._call("log_complement_if", condition, p) if known is None else known

    def _call(self, name: str, *args: Any) -> Any:
        if any(isinstance(a, Node) for a in args):
            return self.graph.make(name, *args)
        return getattr(NumpyNamespace(), "power" if name == "pow" else name)(*args)

    def __getattr__(self, name: str) -> Any:
        if name not in FUNCTIONS:
            raise FamilyError(f"the array namespace has no function {name!r}; it has {', '.join(sorted(FUNCTIONS))}")

        def call(*args: Any) -> Any:
            return self._call(name, *args)

        return call


def ordered(roots: Iterable[Node]) -> list[Node]:
    """Every node that the roots need, arguments first."""
    seen: dict[int, Node] = {}
    stack = [(root, False) for root in roots]
    while stack:
        node, ready = stack.pop()
        if ready:
            seen[node.number] = node
        elif node.number not in seen:
            stack.append((node, True))
            stack.extend((a, False) for a in node.args if a.number not in seen)
    return list(seen.values())


@final
class Program:
    """A graph made ready to run on arrays of any namespace; what known numbers settle is computed now.

    Parameters
    ----------
    root : Node
    known : mapping of str to float
        Leaves whose values are known already.
    """

    def __init__(self, root: Node, known: Mapping[str, Any]) -> None:
        self.root = root
        settled: dict[int, Any] = {}
        steps: list[tuple[int, str, tuple[int, ...], Any]] = []
        plain = NumpyNamespace()
        nodes = ordered([root])
        hints = {n.number: root.graph.logs[n.number] for n in nodes if n.number in root.graph.logs}
        inside = {n.number for n in nodes}
        for node in nodes:
            places = tuple(a.number for a in node.args)
            if node.op == "const":
                settled[node.number] = float(node.value)
            elif node.op == "leaf" and node.value in known:
                settled[node.number] = known[node.value]
            elif node.args and all(i in settled for i in places):
                with np.errstate(all="ignore"):
                    settled[node.number] = _plain(_apply(node.op, [settled[i] for i in places], plain))
            else:
                hint = hints.get(node.number)
                steps.append(
                    (node.number, node.op, places, node.value if hint is None or hint.number not in inside else hint)
                )
        self.settled, self.steps = settled, steps
        self.needs = tuple(value for _, op, _, value in steps if op == "leaf")

    def run(self, xp: Any, values: Mapping[str, Any]) -> Any:
        """The value on the arrays of `xp`."""
        done = dict(self.settled)
        for number, op, places, value in self.steps:
            if op == "leaf":
                done[number] = values[value]
                continue
            out = _apply(op, [done[i] for i in places], xp)
            if isinstance(value, Node) and value.number in done:
                xp.remember(out, log=done[value.number])
            done[number] = out
        return done[self.root.number]


def _apply(op: str, args: list[Any], xp: Any) -> Any:
    if (operator := OPERATORS.get(op)) is not None:
        return operator(*args)
    return getattr(xp, op)(*args)


def _plain(value: Any) -> Any:
    """A Python number, which leaves the dtype of arrays as it is."""
    return value.item() if isinstance(value, (np.generic, np.ndarray)) else value


def rebuilt(root: Node, change: Callable[[Node, list[Node]], Node | None]) -> Node:
    """The graph with nodes changed from the leaves up; None keeps one, on its new arguments."""
    done: dict[int, Node] = {}
    for node in ordered([root]):
        args = [done[a.number] for a in node.args]
        new = change(node, args)
        if new is None:
            new = root.graph.make(node.op, *args) if args else node
        done[node.number] = new
    return done[root.number]
