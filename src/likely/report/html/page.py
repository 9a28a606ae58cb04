"""The frame of a page that needs nothing but itself: styles, scripts and what the browser may do."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from likely.report.html.elements import Markup, data_block, element


def page(title: str, body: Markup, specs: dict[str, Any]) -> str:
    """A whole HTML document.

    The browser may run the page's own scripts, known by their hashes, and nothing else; it may load nothing. So text
    that got past the escaping could still do nothing.

    Parameters
    ----------
    title : str
    body : Markup
    specs : dict of str to dict
        Vega-Lite specifications by the id that an element of the body names in ``data-spec``.
    """
    scripts = [_bundle(), _own("page.js")] if specs else []
    allowed = " ".join(f"'sha256-{_hash(script)}'" for script in scripts) or "'none'"
    policy = f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:"
    head = [
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Markup(_own("page.css"))),
    ]
    blocks = [data_block(spec, id=name) for name, spec in specs.items()]
    tail = [element("script", Markup(script)) for script in scripts]
    html = element("html", element("head", *head), element("body", body, *blocks, *tail), lang="en")
    return f"<!doctype html>\n{html}\n"


@cache
def _own(name: str) -> str:
    return "\n" + files("likely.report.html").joinpath(name).read_text(encoding="utf-8")


@cache
def _bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, of the version that the charts are written for."""
    import altair
    import vl_convert

    wanted = altair.SCHEMA_VERSION.removeprefix("v").rsplit(".", 1)[0]
    version = wanted if wanted in vl_convert.get_vegalite_versions() else None
    text: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", version)
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _hash(script: str) -> str:
    """As a content security policy names a script: of its text as the browser reads it."""
    text = script.replace("\r\n", "\n").replace("\r", "\n")
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
