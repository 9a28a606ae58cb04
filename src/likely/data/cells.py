"""One cell of text as a possible number: sign, digits, marks between thousands, currency, percent."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np

LONGEST = 60  # characters that a number or a date has
SPACES = " \u00a0\u2009\u202f"
CURRENCIES = "".join(c for c in map(chr, range(0xFFFF)) if unicodedata.category(c) == "Sc")

_CODES = (  # of ISO 4217, and abbreviations
    r"AED ARS AUD BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR JPY KRW MXN MYR NGN NOK NZD PEN "
    r"PHP PKR PLN RMB RON RSD RUB SAR SEK SGD THB TRY TWD UAH USD VND ZAR Fr\. Rs\.? kr\.? zł Kč Ft"
)
_SIGN = rf"[{re.escape(CURRENCIES)}]|[A-Z]{{0,2}}\$|{_CODES.replace(' ', '|')}"
_CELL = re.compile(
    rf"(?P<opened>\()?(?P<sign>[+\-\u2212]?)[{SPACES}]*(?P<before>{_SIGN}|)[{SPACES}]*(?P<inner>[+\-\u2212]?)"
    rf"(?P<body>[\d.,'\u2019{SPACES}]*\d[\d.,'\u2019{SPACES}]*?)(?P<power>[eE][+\-\u2212]?\d+)?"
    rf"[{SPACES}]*(?P<after>{_SIGN}|%|)(?P<behind>[\-\u2212]?)(?(opened)\))"
)
_POINT = re.compile(
    rf"(?:\d+|[1-9]\d{{0,2}}(?P<mark>[,'\u2019{SPACES}])\d{{3}}(?:(?P=mark)\d{{3}})*|"
    r"(?P<lakh>[1-9]\d?(,\d{2})+,\d{3}))?(?P<rest>\.\d*)?"  # 12,34,567 as in India
)
_COMMA = re.compile(rf"(?:\d+|[1-9]\d{{0,2}}(?P<mark>[.'\u2019{SPACES}])\d{{3}}(?:(?P=mark)\d{{3}})*)?(?P<rest>,\d*)?")
_INFINITE = re.compile(r"[+\-\u2212]?inf(inity)?", re.IGNORECASE)


@final
@dataclass(frozen=True)
class Cell:
    """A text that could be a number: its parts.

    Attributes
    ----------
    negative : bool
    body : str
        Digits with what stands between them.
    power : str
        A power of ten, such as e5.
    currency : str
    percent : bool
    below : str
        How accounts say that it is below 0: ``(`` for parentheses, ``-`` for a sign behind it, else nothing.
    """

    negative: bool
    body: str
    power: str
    currency: str = ""
    percent: bool = False
    below: str = ""

    @classmethod
    def of(cls, cell: str) -> Cell | None:
        """The parts of a cell; None where it cannot be a number."""
        text = cell.strip()
        if len(text) > LONGEST:
            return None
        if _INFINITE.fullmatch(text):
            return cls(text[0] in "-\u2212", "inf", "")
        match = _CELL.fullmatch(text)
        if match is None or (match["sign"] and match["inner"]) or (match["inner"] and not match["before"]):
            return None
        before, after = match["before"], match["after"]
        below = "(" if match["opened"] else "-" if match["behind"] else ""
        sign = match["sign"] or match["inner"]
        if (before and after) or (below and sign) or (match["opened"] and match["behind"]):
            return None
        power = (match["power"] or "").replace("\u2212", "-")
        negative = bool(below) or sign in ("-", "\u2212")
        found = cls(negative, match["body"], power, before or after.strip("%"), after == "%", below)
        return None if found.mark(".") is None and found.mark(",") is None else found

    def mark(self, decimal: str) -> str | None:
        """What stands between thousands, if anything, with such decimals; None where it is no number."""
        if self.body == "inf":
            return ""
        match = (_POINT if decimal == "." else _COMMA).fullmatch(self.body)
        return None if match is None else match["mark"] or ("," if match.groupdict().get("lakh") else "")

    def number(self, decimal: str) -> float:
        """Its value, with this sign before the decimals."""
        digits = re.sub(rf"[^\d{re.escape(decimal)}]", "", self.body).replace(decimal, ".")
        value = np.inf if self.body == "inf" else float(digits + self.power)
        return float(-value if self.negative else value) / (100.0 if self.percent else 1.0)

    @cached_property
    def ambiguous(self) -> bool:
        """Whether it is one number with a decimal point and another with a decimal comma."""
        both = self.mark(".") is not None and self.mark(",") is not None
        return both and self.number(".") != self.number(",")

    @property
    def whole(self) -> bool:
        """Whether it is digits alone."""
        return self.body.isdecimal() and not (self.negative or self.power or self.currency or self.percent)
