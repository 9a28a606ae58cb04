"""HTML put together from parts: text is escaped unless it says that it is markup."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from typing import Any, final

from likely.show.text_table import Grid, plain

VOID = ("br", "hr", "meta", "link")
# what ends a script, opens a comment in one, or is no text in every JavaScript
UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


@final
class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(tag: str, /, *children: str, **attributes: Any) -> Markup:
    """An element with its children; text among them is escaped, and so are the values of attributes.

    An underscore at the end of an attribute's name is dropped, one inside is a hyphen; None leaves it out.

    >>> element("p", "a < b", element("b", "c"), class_="x&y")
    '<p class="x&amp;y">a &lt; b<b>c</b></p>'
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if tag in VOID:
        return Markup(f"<{tag}{written}>")
    return Markup(f"<{tag}{written}>{joined(children)}</{tag}>")


def joined(parts: Iterable[str]) -> Markup:
    """Parts one after the other, text escaped.

    >>> joined(["a & b", Markup("<br>")])
    'a &amp; b<br>'
    """
    return Markup("".join(part if isinstance(part, Markup) else escape(part) for part in parts))


def data_block(value: Any, **attributes: Any) -> Markup:
    r"""A value as JSON that a script reads; no text in it can end the block.

    >>> data_block({"a": "</script>"}, id="x")
    '<script type="application/json" id="x">{"a":"\\u003c/script\\u003e"}</script>'
    """
    text = json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, code in UNSAFE.items():
        text = text.replace(character, code)
    return element("script", Markup(text), type="application/json", **attributes)


def table(grid: Grid, label: str) -> Markup:
    """Rows of text as a table that scrolls where the page is narrower; the first cell says what a row is.

    Parameters
    ----------
    grid : Grid
    label : str
        What it is a table of, for who cannot see it.
    """
    kinds = ["number" if a == "r" else None for a in grid.align]
    head = [element("th", cell, scope="col", class_=kind) for cell, kind in zip(grid.header, kinds, strict=True)]
    rows = []
    for first, *rest in grid.rows:
        cells = [element("td", cell, class_=kind) for cell, kind in zip(rest, kinds[1:], strict=True)]
        rows.append(element("tr", element("th", first, scope="row", class_=kinds[0]), *cells))
    parts = [element("thead", element("tr", *head))] if any(grid.header) else []
    inner = element("table", *parts, element("tbody", *rows))
    return element("div", inner, class_="scroll", role="region", aria_label=label, tabindex=0)


def terms(pairs: Iterable[tuple[str, str]]) -> Markup:
    """Labels with a sentence each."""
    items = [part for name, text in pairs for part in (element("dt", name), element("dd", text))]
    return element("dl", *items)


def code(text: str) -> Markup:
    """Code as it stands."""
    return element("pre", element("code", text), tabindex=0)


def paragraphs(*texts: str) -> Markup:
    """A paragraph for each text that is not empty."""
    return joined(element("p", text) for text in texts if text)
