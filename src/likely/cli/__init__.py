"""The library from a shell: parse, call, print. No statistics here.

Exit codes: 0 for success, 1 where a fit failed or the output cannot be written, 2 for wrong usage or data that cannot
be used, 3 for a bug in likely, 130 after Ctrl-C. Results go to standard output, messages to standard error.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from likely.cli.fitted import Fitted, on_a_fit
from likely.cli.guard import FAILED, GlobalOptions, guarded, status_line
from likely.cli.options import (
    By,
    Data,
    Exposure,
    FamilyName,
    Formula,
    Json,
    Known,
    Link,
    Missing,
    MoreFormulas,
    Na,
    Offset,
    Output,
    Weights,
    WeightsKind,
)
from likely.cli.output import (
    Worded,
    emit,
    is_json,
    prepare_streams,
    say,
    screen,
    table_record,
    unwritable,
    worded_comparison,
    write,
)
from likely.cli.words import expression, in_shell, model_options, numbers, pairs, read
from likely.cli.words import family as family_of
from likely.cli.wrong_usage import Group
from likely.errors import FitError, OptionError

app = typer.Typer(
    name="likely",
    cls=Group,
    help="Maximum likelihood estimation: state how your data came to be; get everything else.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


# -- commands -------------------------------------------------------------------------------------------------


@app.command()
@guarded
@on_a_fit
def fit(
    fitted: Fitted,
    level: Annotated[float, typer.Option("--level", help="Of the intervals.")] = 0.95,
    interval: Annotated[str, typer.Option("--interval", help="wald, profile or bootstrap.")] = "wald",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the bootstrap.")] = 0,
    save: Annotated[
        Path | None,
        typer.Option("--save", metavar="MODEL.json", help="Save the fit to this file, for likely predict and lk.load."),
    ] = None,
    by: By = None,
    json: Json = False,
    output: Output = None,
) -> None:
    """Fit a model and print its summary.

    likely fit loans "default ~ duration + C(housing)" --family bernoulli --save model.json
    """
    if by:
        from likely.cli.groups import check_options, emit_groups

        check_options(save, level, interval)
        with status_line(json) as task:
            fits = fitted.groups(task, by)
        emit_groups(fits, json, output)
        return
    from likely.report.text import Summary
    from likely.results.saving import fit_file

    if save is not None:
        fit_file(save)

    with status_line(json) as task:
        found = fitted(task)
        bootstrap = {"seed": seed}
        summary = Summary(found.estimates, level, interval, bootstrap if interval == "bootstrap" else {})
        shown = Worded(summary)
        shown.blocks  # noqa: B018  intervals can take long: they belong under the status line
    if found.converged or json or is_json(output):
        emit(shown, summary.to_dict, json, output)
    else:
        screen(error=True).show(shown)
    if not found.converged:
        raise typer.Exit(FAILED)
    if save is not None:
        say(f"The fit is saved in {found.save(save)}.")


@app.command()
@guarded
def predict(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A file that likely fit --save wrote.")],
    data: Annotated[
        str | None, typer.Argument(metavar="DATA", help="The new rows, as likely fit takes data; none with --sql.")
    ] = None,
    what: Annotated[
        str | None,
        typer.Option(
            "--what",
            help="mean, params, quantile, interval, prediction, prob or class; of SQL a parameter's name, too.",
        ),
    ] = None,
    level: Annotated[float | None, typer.Option("--level", help="Of intervals.")] = None,
    q: Annotated[list[float] | None, typer.Option("--q", help="A quantile; as often as needed.")] = None,
    unseen: Annotated[
        str, typer.Option("--unseen", help="Levels that the fit has not seen: error or missing.")
    ] = "error",
    sql: Annotated[
        str | None,
        typer.Option("--sql", help="Print the prediction as an expression for duckdb, postgres or sqlite."),
    ] = None,
    y: Annotated[str | None, typer.Option("--y", help="With --sql --what prob: the level.")] = None,
    json: Json = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A .csv, .parquet or .json file; a CSV is printed without.")
    ] = None,
) -> None:
    """Predict new rows from a saved fit, or print the prediction as SQL.

    likely predict model.json new.csv --what interval -o scores.csv
    """
    from likely.cli.predictions import expression_of, predictions, write_predictions

    if sql is not None:
        refused = {"DATA": data, "--level": level, "--q": q or None, "--output": output}
        write(expression_of(model, sql, what, y, {name for name, given in refused.items() if given is not None}, json))
        return
    if data is None or y is not None:
        raise OptionError(
            "--y is of --sql" if y is not None else "give the data to predict: a file, or - for CSV on standard input"
        )
    if output is not None and not json and output.suffix.lower() in (".csv", ".parquet"):
        with status_line(json):
            write_predictions(model, read(data), what, output, level=level, q=q or None, unseen=unseen)
        say(f"Written to {output}.")
        return
    with status_line(json):
        found = predictions(model, read(data), what, level=level, q=q or None, unseen=unseen)
    found.emit(json, output)


@app.command()
@guarded
@on_a_fit
def report(
    fitted: Fitted,
    title: Annotated[str | None, typer.Option("--title", help="Of the report.")] = None,
    compare: Annotated[bool, typer.Option(help="Whether to fit neighbouring families as well.")] = True,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of what is simulated.")] = 0,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The file to write; one that is there is replaced.")
    ] = Path("likely-report.html"),
) -> None:
    """Fit a model and write a report on it: one HTML file that opens without a network.

    likely report loans "default ~ duration + C(housing)" --family bernoulli -o fit.html
    """
    from likely.report.html import report as written

    with status_line(False) as task:
        found = fitted(task)
        written(found.estimates, output, title=title, compare=compare, source=expression(fitted.data), seed=seed)
    say(f"Written to {output}.")
    if not found.converged:
        say(f"The fit failed: {in_shell(found.end.words.removesuffix('.'))}.")
        raise typer.Exit(FAILED)


@app.command()
@guarded
@on_a_fit
def diagnose(
    fitted: Fitted,
    level: Annotated[float, typer.Option("--level", help="The chance of a false alarm, all checks together.")] = 0.05,
    index: Annotated[str | None, typer.Option("--index", help="A column that orders the rows.")] = None,
    groups: Annotated[str | None, typer.Option("--groups", help="A column of rows that belong together.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of what is simulated.")] = 0,
    json: Json = False,
    output: Output = None,
) -> None:
    """Fit a model and check what it assumes: each finding with its evidence, meaning and next step.

    likely diagnose loans "amount ~ duration" --family normal
    """
    with status_line(json) as task:
        found = fitted(task)
        if not found.converged:
            raise FitError(found.end.words, found)
        report = found.diagnose(level, index=index, groups=groups, seed=seed)
    emit(report, report.to_dict, json, output)


@app.command()
@guarded
def table(
    data: Data,
    formula: Formula = None,
    family: FamilyName = ...,  # type: ignore[assignment]
    at: Annotated[
        list[str] | None,
        typer.Option("--at", metavar="NAME=VALUES", help="Candidates: p=0.3,0.5,0.7; one for each parameter."),
    ] = None,
    weights: Weights = None,
    weights_kind: WeightsKind = "frequency",
    offset: Offset = None,
    exposure: Exposure = None,
    link: Link = None,
    formulas: MoreFormulas = None,
    known: Known = None,
    missing: Missing = "error",
    na: Na = None,
    json: Json = False,
    output: Output = None,
) -> None:
    """How well candidate values explain the data, relative to the best.

    likely table 1x7,0x3 --family bernoulli --at p=0.3,0.5,0.7,0.9
    """
    from likely.report.candidates import CandidatesReport
    from likely.results.likelihoods import likelihood

    assumed = family_of(family, known)
    options = model_options(assumed, weights, offset, link, formulas, missing, weights_kind, exposure, na)
    L = likelihood(assumed, read(data), formula, **options)
    if not at:
        raise OptionError(f"say which values to look at: --at {L.names[0]}=... (parameters: {', '.join(L.names)})")
    candidates = {name: numbers(name, values) for name, values in pairs("--at", at).items()}
    if not L.peak.converged:
        raise FitError(L.peak.end.words, L.peak)
    found = L.table({name: v if len(v) > 1 else v[0] for name, v in candidates.items()})
    emit(CandidatesReport(found, L.n), lambda: table_record(found, L), json, output)


@app.command()
@guarded
def compare(
    data: Data,
    formula: Formula = None,
    families: Annotated[
        list[str] | None, typer.Option("--family", "-f", help="A candidate; repeat it, or separate by commas.")
    ] = None,
    weights: Weights = None,
    weights_kind: WeightsKind = "frequency",
    offset: Offset = None,
    exposure: Exposure = None,
    known: Known = None,
    missing: Missing = "error",
    na: Na = None,
    folds: Annotated[
        str | None, typer.Option("--folds", help="Held-out log-likelihoods too: a number of folds, or loo.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the folds.")] = 0,
    json: Json = False,
    output: Output = None,
) -> None:
    """Fit several families to the same data and compare them by AIC, BIC and on held-out rows.

    likely compare loans amount -f normal -f laplace -f student_t
    """
    from likely.results.comparing import compare as side_by_side

    names = [name for item in families or [] for name in item.split(",") if name.strip()]
    if len(names) < 2:
        raise OptionError("name two or more families to compare: --family normal --family laplace")
    given = pairs("--known", known)
    candidates = [family_of(name, known, some=True) for name in names]
    unused = [k for k in given if not any(k in c.known for c in candidates)]
    if unused:
        raise OptionError(f"--known {unused[0]}: none of {', '.join(c.title for c in candidates)} has such a parameter")
    options = model_options(None, weights, offset, None, None, missing, weights_kind, exposure, na)
    parts: Any = int(folds) if folds is not None and folds.isdigit() else folds
    with status_line(json):
        found = worded_comparison(side_by_side(candidates, read(data), formula, folds=parts, seed=seed, **options))
    emit(found, found.to_dict, json, output)
    if not found.rows[0].converged:
        raise typer.Exit(FAILED)


@app.command()
@guarded
def suggest(
    data: Data,
    column: Annotated[str | None, typer.Argument(metavar="COLUMN", help="Of the data.")] = None,
    replicates: Annotated[
        int, typer.Option("--replicates", min=0, help="Simulated data sets for each test of goodness of fit; 0: none.")
    ] = 199,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of what is simulated.")] = 0,
    na: Na = None,
    json: Json = False,
    output: Output = None,
) -> None:
    """Families for a column: which makes the data least surprising, and whether it could have made them.

    likely suggest loans amount
    """
    from likely.results.comparing import suggest as suggested

    with status_line(json):
        found = worded_comparison(suggested(read(data), column, replicates=replicates, seed=seed, na=na))
    emit(found, found.to_dict, json, output)


@app.command()
@guarded
def families(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One family, in full.")] = None,
    json: Json = False,
) -> None:
    """What each family assumes, its parameters, and the usual name of its loss."""
    from likely.report.families import FamilyCard, FamilyList

    shown = FamilyCard.of(name) if name else FamilyList.all()
    emit(shown, shown.to_dict, json, None)


@app.command()
@guarded
def demo() -> None:
    """A walk through the library on real data: coins, defaults and heavy tails."""
    from likely.cli.walkthrough import run

    run(screen())


def _version(wanted: bool) -> None:
    if wanted:
        import likely

        write(f"likely {likely.__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    GlobalOptions.debug = debug


def main() -> None:
    """The entry point of the command ``likely``."""
    prepare_streams()
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        unwritable(error)
        sys.exit(FAILED)
