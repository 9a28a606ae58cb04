"""The derivation of a loss from its family's log-density: every formula is traced, none is stored."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, final

from likely.losses.implied_noise import alternatives, confident_and_wrong, pulls
from likely.losses.recognise import usual_name
from likely.losses.split import moves
from likely.losses.symbols import Formulas, Sampled, as_latex, readable

if TYPE_CHECKING:
    from likely.losses.density_loss import DensityLoss

WIDTH = 92


@final
@dataclass(frozen=True)
class Step:
    """One line of the derivation.

    Attributes
    ----------
    title : str
    words : str
    formula : sympy expression or None
    left : str
        LaTeX of the left-hand side.
    """

    title: str
    words: str
    formula: Any = None
    left: str = ""


@final
@dataclass(frozen=True)
class Explanation:
    """How a loss follows from an assumption, and what it believes.

    Attributes
    ----------
    name : str
    steps : tuple of Step
    loss, factor, constant : sympy expression
    believes : tuple of str
        About errors, and what that makes the loss sensitive to.
    instead : tuple of str
        Assumptions to try.
    """

    name: str
    steps: tuple[Step, ...]
    loss: Any
    factor: Any
    constant: Any
    believes: tuple[str, ...]
    instead: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"Why {self.name}", ""]
        for number, step in enumerate(self.steps, start=1):
            lines += _wrapped(f"{number}. {step.title}: {step.words}", "   ")
            if step.formula is not None:
                lines.append(f"       {step.formula}")
        lines += ["", "What it believes"]
        lines += [line for text in self.believes for line in _wrapped(f"- {text}", "  ")]
        if self.instead:
            lines += ["", "What to try instead"]
            lines += [line for text in self.instead for line in _wrapped(f"- {text}", "  ")]
        return "\n".join(lines)

    __repr__ = __str__

    def latex(self) -> str:
        """The derivation as LaTeX: an ``aligned`` environment, one line a step.

        Returns
        -------
        str

        Examples
        --------
        >>> import likely as lk
        >>> "\\\\left(\\\\mathrm{mean} - y\\\\right)^{2}" in lk.loss(lk.Normal()).explain().latex()
        True
        """
        rows = [rf"{step.left} &= {as_latex(step.formula)}" for step in self.steps if step.formula is not None]
        body = " \\\\\n".join(rows)
        return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"

    def _repr_latex_(self) -> str:
        return f"$${self.latex()}$$"

    def _repr_html_(self) -> str:
        parts = [f"<h4>Why {escape(self.name)}</h4><ol>"]
        for step in self.steps:
            shown = "" if step.formula is None else f"<br>$${step.left} = {escape(as_latex(step.formula))}$$"
            parts.append(f"<li><b>{escape(step.title)}</b>: {escape(step.words)}{shown}</li>")
        parts.append("</ol><p><b>What it believes</b></p><ul>")
        parts += [f"<li>{escape(text)}</li>" for text in self.believes]
        parts.append("</ul>")
        if self.instead:
            parts.append("<p><b>What to try instead</b></p><ul>")
            parts += [f"<li>{escape(text)}</li>" for text in self.instead]
            parts.append("</ul>")
        return f'<div class="likely-explanation">{"".join(parts)}</div>'


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def explain(loss: DensityLoss) -> Explanation:
    """The derivation of a loss."""
    family, parts = loss.family, loss.parts
    formulas = Formulas(family, loss)
    names = parts.nll.depends | parts.factor.depends | parts.constant.depends
    fixed = {
        name: value
        for name, value in loss.known.items()
        if "[" in name or family.parameter(name).known_only or family.parameter(name).anchored
    }
    points = Sampled(family, loss, names, fixed)
    nll = formulas.of(readable(parts.nll, points))
    left, factor, constant = (
        formulas.simple(formulas.of(readable(node, points))) for node in (parts.loss, parts.factor, parts.constant)
    )
    log = formulas.simple(-nll)
    density = formulas.exponential(log)
    given = ", ".join(p.name for p in family.parameters)
    rows = "y_i \\mid \\ldots"
    scale = "" if loss.link is None else f" ({loss.of} is read off predictions through the {loss.link} link)"
    steps = [
        Step(
            "density",
            f"{family.title} gives one observation y, at {given}{scale}, the density",
            density,
            rf"f(y \mid {', '.join(as_latex(formulas.symbol(p.name)) for p in family.parameters)})",
        ),
        Step("product", "rows are independent, so the likelihood of all is the product over rows i of f(y[i])"),
        Step(
            "logarithm",
            "a product becomes a sum, and nothing moves its maximum; each row adds",
            log,
            rf"\log f({rows})",
        ),
        Step("sign", "losses are made small, so the sign turns", formulas.simple(nll), rf"-\log f({rows})"),
    ]
    if moves(parts.loss):
        steps += _dropped(constant, factor)
    name = usual_name(loss)
    steps.append(Step("what is left", name, left, r"\mathrm{loss}"))
    return Explanation(name, tuple(steps), left, factor, constant, _beliefs(loss), tuple(alternatives(loss)))


def _dropped(constant: Any, factor: Any) -> list[Step]:
    """What the loss loses, if anything."""
    title, other = "what does not depend on the prediction", "what multiplies all rows alike"
    return [
        Step(title, "this term cannot move the optimum, so it goes", constant, "c")
        if constant != 0
        else Step(title, "there is no such term"),
        Step(other, "this positive factor cannot move the optimum, so it goes", factor, "k")
        if factor != 1
        else Step(other, "there is no such factor"),
    ]


def _beliefs(loss: DensityLoss) -> tuple[str, ...]:
    family = loss.family
    out = [f"{family.title}: {family.assumes}" if family.assumes else f"{family.title}: a density of your own"]
    out += [pull.text for pull in pulls(loss)]
    message = confident_and_wrong(loss)
    if message is not None:
        out.append(message)
    dropped = sorted(n for n in loss.parts.factor.depends if "[" not in n)
    if dropped:
        out.append(
            f"{', '.join(dropped)} may be anything, but must be the same for all rows: else rows have weights, lk.nll"
        )
    return tuple(out)
