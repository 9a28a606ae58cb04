"""Reports in a real browser: every chart is drawn, nothing is asked of a network, and text from the data stays text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from chromium import Chromium, find

import likely as lk

PROGRAM = find()
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium or Chrome here: install Debian's package chromium")

SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(2)>'
CLOSING = "</script><script>alert(3)</script>"
QUOTES = "\"&'<b>bold</b>\u2028"


def hostile() -> lk.Fit:
    rng = np.random.default_rng(1)
    levels = [SCRIPT, IMAGE, CLOSING, QUOTES]
    data = pd.DataFrame({CLOSING: rng.normal(size=120), SCRIPT: rng.normal(size=120), "level": levels * 30})
    return lk.fit("normal", data, f"`{CLOSING}` ~ `{SCRIPT}` + level")


def counts() -> lk.Fit:
    rng = np.random.default_rng(2)
    x = rng.normal(size=300)
    return lk.fit("poisson", {"claims": rng.poisson(np.exp(0.3 + 0.5 * x)), "x": x}, "claims ~ x")


FITS = {
    "coin": lambda: lk.fit("bernoulli", [1] * 7 + [0] * 3),
    "amounts": lambda: lk.fit("gamma", lk.datasets.loans(), "amount"),
    "logistic": lambda: lk.fit("bernoulli", lk.datasets.loans(), "default ~ duration + age + C(housing)"),
    "counts": counts,
    "labels": lambda: lk.fit("categorical", lk.datasets.loans(), "housing ~ age"),
    "failed": lambda: lk.fit("normal", [5.0, 5.0, 5.0], on_failure="return"),
    "boundary": lambda: lk.fit("bernoulli", [0] * 50),
    "hostile": hostile,
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    assert PROGRAM is not None
    with Chromium(PROGRAM) as found:
        yield found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


@pytest.mark.parametrize("name", FITS)
def test_a_report_opens(name: str, browser: Chromium, folder: Path) -> None:
    fit = FITS[name]()
    title = f"Report of {SCRIPT}" if name == "hostile" else None
    path = fit.report(folder / f"{name}.html", title=title)
    visit = browser.open(path)
    assert visit.told == []
    assert visit.asked == []
    drawn = json.loads(browser.evaluate(DRAWN))
    specs = path.read_text(encoding="utf-8").count('<script type="application/json"')
    assert len(drawn) == specs
    assert all(chart["marks"] > 0 and chart["width"] > 50 and chart["height"] > 20 for chart in drawn), drawn
    assert all(chart["label"] for chart in drawn)
    shown = browser.evaluate("document.body.innerText")
    if fit.converged:
        for estimate in fit.names:
            assert estimate.replace("\u2028", "") in shown.replace("\u2028", "").replace("\n", "")
    else:
        assert "every value of y is 5" in shown
        assert "no number of it is shown" in shown


# For each chart: how many marks that are seen, how large it is, and what it is called for who cannot see it.
DRAWN = """
JSON.stringify([...document.querySelectorAll("[data-spec]")].map(holder => {
  const svg = holder.querySelector("svg");
  const box = svg ? svg.getBoundingClientRect() : { width: 0, height: 0 };
  const kinds = ["path", "line", "text"].map(kind => `g[class*=mark-] > ${kind}`).join(", ");
  const marks = (svg ? [...svg.querySelectorAll(kinds)] : [])
    .filter(m => !m.closest("[class*=role-axis]") && !m.closest("[class*=role-legend]"));
  const seen = marks.filter(m => { const b = m.getBBox(); return b.width + b.height > 0; });
  return { marks: seen.length, width: box.width, height: box.height, label: holder.getAttribute("aria-label") };
}))
"""


def test_text_from_the_data_stays_text(browser: Chromium, folder: Path) -> None:
    path = hostile().report(folder / "text.html", title=f"{SCRIPT} {IMAGE}")
    browser.open(path)
    assert browser.evaluate("document.title") == f"{SCRIPT} {IMAGE}"
    assert browser.evaluate("document.querySelector('h1').textContent") == f"{SCRIPT} {IMAGE}"
    for text in (SCRIPT, IMAGE, CLOSING):
        assert text in browser.evaluate("document.querySelector('#estimates').textContent")
    assert browser.evaluate("document.querySelectorAll('img, b, iframe, object').length") == 0
    assert browser.evaluate("document.scripts.length") == path.read_text(encoding="utf-8").count("<script")
    assert browser.evaluate("[...document.querySelectorAll('*')].some(e => e.hasAttribute('onerror'))") is False


def test_the_page_would_not_run_a_script_that_got_in(browser: Chromium, folder: Path) -> None:
    """The second defence: a script that is not the page's own is refused by the browser."""
    path = lk.fit("bernoulli", [1, 0, 1, 1]).report(folder / "policy.html")
    spoiled = path.read_text(encoding="utf-8").replace("<h1>", "<script>window.ran = true</script><h1>", 1)
    path.write_text(spoiled, encoding="utf-8")
    visit = browser.open(path)
    assert browser.evaluate("window.ran === undefined")
    assert any("Content Security Policy" in text for text in visit.told)


def test_headings_go_down_one_step_at_a_time(browser: Chromium, folder: Path) -> None:
    browser.open(FITS["logistic"]().report(folder / "headings.html"))
    levels = browser.evaluate("[...document.querySelectorAll('h1, h2, h3, h4')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))


def test_it_fits_a_narrow_screen(browser: Chromium, folder: Path) -> None:
    size = {"width": 380, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    browser.call("Emulation.setDeviceMetricsOverride", **size)
    try:
        browser.open(FITS["logistic"]().report(folder / "narrow.html"))
        assert browser.evaluate("document.documentElement.scrollWidth") <= 380
    finally:
        browser.call("Emulation.clearDeviceMetricsOverride")
