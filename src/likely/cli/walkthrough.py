"""``likely demo``: a walk through the library on 1000 real loans. Every line of code shown is the line that ran."""

from __future__ import annotations

import math
import textwrap
from typing import Any, final

import likely
from likely.report.blocks import WIDTH
from likely.report.candidates import CandidatesReport
from likely.report.terminal import Screen
from likely.show.curves import LikelihoodTable
from likely.show.text_table import Grid, alike, fixed


def run(screen: Screen) -> None:
    """Print the walk; it takes a few seconds."""
    walk = Walkthrough(screen)
    walk.say(
        "A likelihood states how data came to be. From that one statement follow the estimate, how sure it is, which "
        "assumption describes the data best, and which rows it did not expect."
    )
    coin(walk)
    rate(walk)
    regression(walk)
    tails(walk)
    surprises(walk)
    diagnosis(walk)
    walk.say("From here: likely families, likely fit --help, and README.md.")


@final
class Walkthrough:
    """Text, code with its result, and the names that the code has defined."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.in_code = False  # lines of code that follow each other stand together
        self.names: dict[str, Any] = {"lk": likely}

    def title(self, text: str) -> None:
        """The heading of a step."""
        self.screen.line(f"\n{text}\n{'-' * len(text)}", "bold")

    def say(self, text: str) -> None:
        """A paragraph."""
        self.in_code = False
        self.screen.line("\n" + textwrap.fill(text, min(self.screen.width, WIDTH), break_on_hyphens=False))

    def run(self, code: str) -> Any:
        """Show a line of code and run it; the value of an expression."""
        self.screen.line(f"{'' if self.in_code else chr(10)}>>> {code}", "cyan")
        self.in_code = True
        try:
            return eval(code, self.names)
        except SyntaxError:
            exec(code, self.names)
            return None

    def show(self, code: str) -> Any:
        """Show a line of code, run it and print its value."""
        value = self.run(code)
        self.show_result(f"{value:.6g}" if isinstance(value, float) else value)
        return value

    def show_result(self, result: Any) -> None:
        """Print what the code before gave."""
        self.in_code = isinstance(result, str)
        if isinstance(result, LikelihoodTable) and not self.screen.plain:  # drawn to the terminal's width
            result = CandidatesReport(result, self.names["L"].n)
        self.screen.show(result)


def coin(walk: Walkthrough) -> None:
    """One formula, two readings."""
    walk.title("1. Seven heads in ten flips")
    walk.say("Probability: the coin is known and the data vary. How probable are 7 heads with a fair coin?")
    walk.show("lk.Binomial(n=10).prob(7, p=0.5)")
    walk.say("Likelihood: the data are known and the coin varies. How well does each coin explain these flips?")
    walk.run("L = lk.likelihood(lk.Bernoulli(), [1] * 7 + [0] * 3)")
    walk.show("L.table(p=[0.3, 0.5, 0.7, 0.9])")
    walk.say("The peak is the estimate. Only ratios carry meaning: 0.7 explains the flips this much better than 0.5.")
    walk.show('L.ratio({"p": 0.7}, {"p": 0.5})')


def rate(walk: Walkthrough) -> None:
    """A rate, and how it sharpens."""
    walk.title("2. How many loans go bad, and how sure is that?")
    walk.say(
        "1000 loans of a German bank, 1973 to 1975; default is 1 for a loan that went bad. (Bad loans were "
        "over-sampled on purpose, so this rate says nothing about the bank.)"
    )
    walk.run("loans = lk.datasets.loans()")
    walk.run('bad = loans["default"]')
    walk.run('fits = {n: lk.fit("bernoulli", bad[:n]) for n in (10, 100, 1000)}')
    walk.run('wald = {n: f.interval()["p"] for n, f in fits.items()}')
    walk.run('profile = {n: f.interval(method="profile")["p"] for n, f in fits.items()}')
    fits, wald, profile = (walk.names[name] for name in ("fits", "wald", "profile"))
    counts = list(fits)
    rows = []
    for n in counts:
        error = fits[n].stderr["p"]
        p, low, high, lower, upper = alike([fits[n].coef["p"], *wald[n], *profile[n]], error)
        rows.append((f"{n:,}", p, alike([error], error)[0], f"{low} to {high}", f"{lower} to {upper}"))
    walk.show_result(Grid(("loans", "estimate", "std. error", "95% Wald", "95% profile"), tuple(rows), "rrrrr"))
    ratio = fits[counts[0]].stderr["p"] / fits[counts[-1]].stderr["p"]
    walk.say(
        f"{counts[-1] // counts[0]} times the data make the standard error {ratio:.1f} times smaller: uncertainty "
        "shrinks like 1/sqrt(n)."
    )


def regression(walk: Walkthrough) -> None:
    """Logistic regression, and its coefficients as odds ratios."""
    walk.title("3. Which loans go bad?")
    walk.say("The same family with a formula is logistic regression: the log-odds of default are a sum of effects.")
    walk.run('fit = lk.fit(lk.Bernoulli(), loans, "default ~ duration + age + C(status)")')
    walk.show("fit.summary()")
    fit = walk.names["fit"]
    walk.say(
        "Exponentials of coefficients are odds ratios: what one unit more, or another level, multiplies the odds by."
    )
    walk.run("interval = fit.interval()")
    rows = []
    for name in fit.names[1:]:
        lower, upper = walk.names["interval"][name]
        rows.append((name, *(fixed(math.exp(v), 3) for v in (fit.coef[name], lower, upper))))
    walk.show_result(Grid(("", "odds ratio", "95% lower", "95% upper"), tuple(rows), "lrrr"))
    months = 12
    longer = math.exp(months * fit.coef["p.duration"])
    account = next(name for name in fit.names if "< 0 DM" in name)
    lower, upper = walk.names["interval"][account]
    holds = lower < 0 < upper
    walk.say(
        f"A loan that runs {months} months longer has {longer:.2f} times the odds of going bad. The odds ratio of an "
        f"overdrawn account against one with 0 to 200 DM has an interval that {'holds' if holds else 'leaves out'} 1: "
        f"{'these data do not settle whether it differs' if holds else 'the data say that it differs'}."
    )


def tails(walk: Walkthrough) -> None:
    """Heavy tails: families side by side."""
    walk.title("4. How large are loans? Heavy tails")
    walk.say(
        "Most loans are small and a few are very large. Normal, Laplace and StudentT allow ever heavier tails; "
        "LogNormal and Gamma know that amounts are positive."
    )
    walk.run('families = ["normal", "laplace", "student_t", "log_normal", "gamma"]')
    walk.run('compared = lk.compare(families, loans, "amount")')
    walk.show_result(walk.names["compared"])
    rows = {row.name: row for row in walk.names["compared"].rows}
    best = walk.names["compared"].rows[0]
    df = rows["StudentT"].fit.coef["df"]
    walk.say(
        f"StudentT gains {rows['Normal'].aic - rows['StudentT'].aic:.0f} AIC on Normal and asks for df = {df:.1f}, "
        f"very heavy tails. {best.name} is better by another {rows['StudentT'].aic - best.aic:.0f}: the amounts are "
        "skewed, not just wild."
    )


def surprises(walk: Walkthrough) -> None:
    """Rows that a model did not expect."""
    walk.title("5. Which rows did the model not expect?")
    walk.say("The surprise of a row is minus its log-density. These are the most surprising ones under Normal.")
    walk.run('normal, best = compared.fits["Normal"], compared.best')
    walk.run("top = normal.surprise().nlargest(5).index")
    walk.run('rows = loans.loc[top, ["amount", "duration", "purpose"]]')
    names = walk.names
    walk.run("under_normal, under_best = normal.surprise()[top], best.surprise()[top]")
    title = names["best"].likelihood.model.family.title
    rows = [
        (str(i), f"{r.amount:,}", str(r.duration), r.purpose, fixed(a, 1), fixed(b, 1))
        for (i, r), a, b in zip(names["rows"].iterrows(), names["under_normal"], names["under_best"], strict=True)
    ]
    header = ("row", "amount", "months", "purpose", "under Normal", f"under {title}")
    walk.show_result(Grid(header, tuple(rows), "rrrlrr"))
    walk.run("largest = float(rows.amount.iloc[0])")
    chance = walk.show("lk.Normal().sf(largest, **normal.coef)")
    other = walk.show(f"lk.{title}().sf(largest, **best.coef)")
    walk.say(
        f"Under Normal one loan in {1 / chance:,.0f} would be larger than the largest one here, under {title} one in "
        f"{1 / other:,.0f}. There are {len(names['loans']):,}."
    )


def diagnosis(walk: Walkthrough) -> None:
    """What was wrongly believed."""
    walk.title("6. What was wrongly believed?")
    walk.say(
        "A diagnosis holds a fit against data that it would have made itself. Here an amount is Gamma with a mean that "
        "grows with the duration of the loan."
    )
    walk.run('fit = lk.fit("gamma", loans, "amount ~ duration", link="log")')
    walk.run("found = fit.diagnose()")
    for i, one in enumerate(walk.names["found"].findings[:3]):
        walk.say(f"{i + 1}. {one.title}. {one.observed}. {one.importance}.")
    step = walk.names["found"].findings[0].next_step.splitlines()[0] if walk.names["found"].findings else ""
    walk.say(f"The first finding's next step is code: {step}")
    walk.say("fit.report('fit.html') writes this with charts, as one file; fit.plot shows the charts one by one.")
