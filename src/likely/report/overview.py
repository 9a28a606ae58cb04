"""What there is to say about a fit as a whole: what was assumed, of which data, how it ended and how well it fits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from likely.families.base.vectors import VectorDomain
from likely.inference.tests import all_predictors
from likely.report.blocks import Title
from likely.search.end import EndKind
from likely.show.text_table import fixed, number, p_value

if TYPE_CHECKING:
    from likely.estimates import Estimates

WEIGHTED = {
    "frequency": "{rows:,} rows that stand for {n:,} observations by their weights",
    "analytic": "{n:,} observations, each the mean of as many units as its analytic weight says",
    "sampling": "{n:,} observations with sampling weights",
    "importance": "{rows:,} rows whose importance weights sum to {n:,}",
}
LARGE = 1e5  # condition of a design worth telling
SOLVERS = {"newton": "Newton", "lbfgs": "L-BFGS"}  # the others are called what they are

ENDS = {  # the others are called what they are
    **dict.fromkeys((EndKind.BOUNDARY, EndKind.LIMIT), "converged, on a boundary"),
    EndKind.EDGE: "converged, at an edge of the data",
    EndKind.SEPARATED_LEFT_OUT: "converged, without separated rows",
}


def title(fit: Estimates) -> Title:
    """The first line."""
    model = fit.likelihood.model
    if not fit.converged:
        return Title(f"THE FIT FAILED: {model.family.title} fit of {model.response}", False)
    return Title(f"{model.family.title} fit of {model.response}: {ENDS.get(fit.end.kind, fit.end.title)}", True)


def overview_rows(fit: Estimates) -> list[tuple[str, str]]:
    """What was assumed, of which data, and how the peak was found."""
    family = fit.likelihood.model.family
    out = [("assumes", family.assumes)] if family.assumes else []
    for parameter in family.parameters:
        out.append((parameter.name, f"{parameter.meaning}; {treatment(fit, parameter.name)}".removeprefix("; ")))
    out.append(("data", data(fit)))
    if kept := fit.likelihood.bound.kept:
        out.append(("rows", kept.removeprefix("the rows are ")))
    for name, value in fit.condition.items():
        if value > LARGE:
            out.append(("condition", f"{value:.1e} for the predictors of {name}, which say almost the same"))
    outcome = fit.effective.outcome
    student = fit.converged and fit.effective.reference.df is not None
    if fit.converged and (fit.cov_kind != "observed" or student):
        out.append(("covariance", fit.cov_text))
    if student:
        out.append(("small sample", f"t and F in place of z and chi-squared, with {fit.effective.reference.words}"))
    if (restrained := outcome.restrained) is not None:
        if restrained.prior:
            out.append(("prior", restrained.prior))
        held = [f"{name} (multiplier {number(value)})" for name, value in restrained.multipliers.items()]
        if held:
            out.append(("holding", "; ".join(held)))
    if fit.converged:
        steps = f", {outcome.iterations} iterations" if outcome.iterations > 1 else ""
        out.append(("solver", f"{SOLVERS.get(outcome.solver, outcome.solver)}{steps}"))
    return out


def data(fit: Estimates) -> str:
    """How many observations there are, and what became of the other rows."""
    bound, account = fit.likelihood.bound, fit.account
    rows = account.used
    summary = f"{rows:,} observations" if rows != 1 else "1 observation"
    if account.weighted:
        summary = WEIGHTED[bound.weights_kind].format(rows=rows, n=fit.n)
    separated = 0 if bound.separation is None else len(bound.separation.left_out)
    if separated:
        summary += f"; {separated:,} separated row{'' if separated == 1 else 's'} left out"
    if account.strata is not None:
        informative, strata = account.strata
        used = "all informative" if informative == strata else f"{informative:,} informative"
        summary = f"{rows:,} rows in {strata:,} strata, {used}"
        if informative < strata:
            summary += "; the others have no case, or nothing else, and drop out"
    if bound.dropped:
        lost = ", ".join(f"{name}: {count:,}" for name, count in bound.dropped.items())
        all_rows = account.table - account.weightless
        summary += f"; {all_rows - rows - separated:,} of {all_rows:,} rows dropped for missing values ({lost})"
    if account.weightless:
        summary += f"; {account.weightless:,} row{'' if account.weightless == 1 else 's'} of weight 0 left out"
    return summary


def treatment(fit: Estimates, name: str) -> str:
    """How a parameter was treated: known, one number, or described by predictors."""
    model = fit.likelihood.model
    slots = [s for s in model.slots if s.parameter.name == name]
    vector = model.family.parameter(name).vector
    if name in model.family.known:
        known = model.family.known[name]
        if isinstance(known, str):
            return f"known, from column {known}" if known in fit.account.columns else f"known, {known}"
        return f"known, {number(float(known))}" if getattr(known, "ndim", 0) == 0 else "known, one value per row"
    if not slots or slots[0].constant:
        return "one number for all observations, estimated" if not vector else "the same for all, estimated"
    slot = slots[0]
    if slot.idle and slot.offset is None:
        return f"{slot.natural(0.0):g}, without predictors"
    right = "1" if slot.design is None else slot.design.formula or f"a matrix of {len(slot.design.names)} columns"
    for spec in slot.offset or ():
        right += f" + offset({spec if isinstance(spec, str) else '...'})"
    domain = slot.parameter.domain
    if isinstance(domain, VectorDomain):
        return domain.formula_text(name, right, model.levels)
    left = name if slot.link.name == "identity" else f"{slot.link.name}({name})"
    return f"{left} ~ {right}"


def aliased(fit: Estimates) -> dict[str, str]:
    """Coefficients that were not estimated, each with the reason."""
    where = "" if fit.likelihood.bound.separation is None else " in the rows left"
    return {name: f"the column is {made_of}{where}" for name, made_of in fit.aliased.items()}


def spreads(whole: Estimates) -> dict[str, tuple[float, str]]:
    """The two spreads of a linear model: the likelihood's, dividing by n, and the unbiased one, by n - p."""
    fit = whole.effective
    model = fit.likelihood.model
    if not fit.converged or len(model.slots) != 2:
        return {}
    location, spread = model.slots
    if location.parameter.name != model.family.location_parameter or location.link.name != "identity":
        return {}
    if not spread.constant:
        return {}
    n, room, ml = fit.n, fit.df_residual, fit.coef[spread.label]
    label = spread.label if whole.limit is None else whole.limit.original_name(spread.label)
    out = {label: (ml, f"maximum likelihood, divides by n = {n:,}")}
    if room > 0:
        residual = "residual SD" if label == "sd" else f"residual {label}"
        out[residual] = (ml * math.sqrt(n / room), f"divides by n - p = {n:,} - {n - room:,}")
    return out


def overall(fit: Estimates) -> tuple[tuple[str, str], ...]:
    """F of all predictors of a linear model with Student's t."""
    found = all_predictors(fit.effective) if fit.converged and fit.effective.reference.df is not None else None
    if found is None:
        return ()
    p = p_value(found.p_value)
    summary = f"{fixed(found.statistic)} on {found.df} and {found.df_residual:g} degrees of freedom"
    return (("F of all predictors", f"{summary}, p {p if p.startswith('<') else f'= {p}'}"),)


def goodness(fit: Estimates) -> tuple[tuple[str, str], ...]:
    """Log-likelihood and information criteria."""
    if fit.likelihood.bound.pseudo:
        text = f"{fixed(fit.loglik)}, the sum of weighted log-densities; it has no AIC and no likelihood-ratio test"
        return (("pseudo log-likelihood", text),)
    k = f"{fit.k:.4g} estimated parameter{'s' if fit.k != 1 else ''}"
    restrained = fit.effective.outcome.restrained
    if restrained is not None and restrained.penalty:
        k = f"{fit.k:.4g} effective parameters; with the penalty {fixed(restrained.objective)}"
    criteria = [(label, value) for label, value in (("AIC", fit.aic), ("AICc", fit.aicc), ("BIC", fit.bic))]
    text = ", ".join(f"{label} {fixed(value)}" for label, value in criteria if math.isfinite(value))
    return ("log-likelihood", f"{fixed(fit.loglik)}, with k = {k}"), ("criteria", text)
