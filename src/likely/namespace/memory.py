"""What a link knows about its output, remembered for the density that uses it.

A logit link knows log p and log(1 - p) exactly where p itself has rounded to 0 or 1, and a log link knows
log(mean) without computing it. A namespace is made for one evaluation; it remembers such facts by object
identity, so a density that writes ``xp.log(p)`` or ``xp.complement(p)`` gets the exact value.
"""

from __future__ import annotations

from typing import Any

from likely.namespace.arrays import Value


class Memory:
    """Remembered logarithms and complements, keyed by identity."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, Any, Any]] = {}  # id -> (the object itself, its log, its complement)

    def remember(self, value: Any, *, log: Any = None, complement: Any = None, log_complement: Any = None) -> Value:
        """Note the exact log and complement (1 - value) of `value`; returns `value`."""
        self._known[id(value)] = (value, log, complement)
        if complement is not None:
            self._known[id(complement)] = (complement, log_complement, value)
        return value

    def recall_log(self, value: Any) -> Value | None:
        """The remembered logarithm, or None."""
        known = self._known.get(id(value))
        return None if known is None else known[1]

    def over(self: Any, a: Any, b: Any) -> Value:
        """a / b, with 1/b from the logarithm where a link knows it.

        The derivative of a division squares b, which overflows (or underflows) long before b does.
        """
        known = self.recall_log(b)
        return a / b if known is None else a * self.exp(-known)

    def complement(self, p: Any) -> Value:
        """1 - p, exact where the link that made p knows it."""
        known = self._known.get(id(p))
        if known is not None and known[2] is not None:
            return known[2]
        return 1.0 - p

    def log_complement(self: Any, p: Any) -> Value:
        """log(1 - p) with its digits: the link's exact value where it knows one, log1p(-p) for small p."""
        q = self.complement(p)
        known = self.recall_log(q)
        if known is not None:
            return known
        # minimum keeps the branch that is not taken finite, so that reverse-mode derivatives stay so too
        return self.where(p < 0.5, self.log1p(-self.minimum(p, 0.5)), self.log(q))

    def log_if(self: Any, condition: Any, x: Any) -> Value:
        """log x for a branch that is taken where the condition holds; elsewhere any finite number.

        A logarithm of 0 on the branch that is not taken would make reverse-mode derivatives NaN: 0 times infinity.
        """
        known = self.recall_log(x)
        return self.log(self.where(condition, x, 1.0)) if known is None else known

    def log_complement_if(self: Any, condition: Any, p: Any) -> Value:
        """log(1 - p) for a branch that is taken where the condition holds; elsewhere any finite number."""
        known = self.recall_log(self.complement(p))
        return self.log_complement(self.where(condition, p, 0.0)) if known is None else known
