"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A CSV or Parquet file, or a quoted pattern such as 'sales/*.parquet'; - for CSV on standard input; "
        "numbers such as 1,1,0,1 or 1x7,0x3 (seven 1, three 0); or a packaged data set: loans.",
    ),
]
Formula = Annotated[
    str | None,
    typer.Argument(metavar="FORMULA", help="'y ~ x + C(group)', or just the response; may be left out for one column."),
]
FamilyName = Annotated[str, typer.Option("--family", "-f", help="How the data came to be; see: likely families.")]
Known = Annotated[
    list[str] | None, typer.Option("--known", metavar="NAME=VALUE", help="A known parameter: a number or a column.")
]
Weights = Annotated[str | None, typer.Option("--weights", help="Column of weights, one for each row.")]
WeightsKind = Annotated[
    str,
    typer.Option("--weights-kind", help="What they mean: frequency, analytic, sampling or importance."),
]
Cov = Annotated[
    str | None,
    typer.Option(
        "--cov",
        help="Of the standard errors: observed, expected, opg, HC0, HC1, HC2, HC3, cluster or bootstrap; of quantile "
        "regressions nid, iid, kernel, cluster, bootstrap or expected.",
    ),
]
Cluster = Annotated[
    list[str] | None, typer.Option("--cluster", help="Column that names the clusters; twice for two ways.")
]
SmallSample = Annotated[
    str | None,
    typer.Option("--small-sample", help="t: Student's t and F, with n - p in the variance, for a normal family; or z."),
]
Offset = Annotated[
    list[str] | None,
    typer.Option(
        "--offset",
        metavar="EXPR",
        help="Added to the linear predictor: a column, log(t), or NAME=EXPR; several are added up.",
    ),
]
Exposure = Annotated[
    str | None,
    typer.Option("--exposure", help="What the first parameter is proportional to: a column; its log is an offset."),
]
Link = Annotated[
    list[str] | None,
    typer.Option("--link", metavar="NAME=LINK", help="A link other than the default: p=probit, or just probit."),
]
MoreFormulas = Annotated[
    list[str] | None,
    typer.Option("--formula", metavar="NAME=FORMULA", help="A further parameter's own formula: sd='~ x'."),
]
Missing = Annotated[str, typer.Option("--missing", help="What to do about missing values: error or drop.")]
Na = Annotated[
    list[str] | None,
    typer.Option(
        "--na", metavar="CELL", help="A cell that stands for a missing value, such as '?'; as often as needed."
    ),
]
Aliased = Annotated[
    str, typer.Option("--aliased", help="What to do about columns that others make up: refuse or drop.")
]
Separated = Annotated[
    str,
    typer.Option("--separation", help="What to do about rows that predictors tell apart perfectly: refuse or drop."),
]
Engine = Annotated[
    str,
    typer.Option(
        "--engine", help="Where rows are kept: memory, stream (in temporary files), or auto: files if they do not fit."
    ),
]
Memory = Annotated[
    str | None, typer.Option("--memory", metavar="SIZE", help="What auto may plan with, such as 2GB; all by default.")
]
By = Annotated[
    list[str] | None,
    typer.Option("--by", help="A column whose values make groups, each with a fit of its own; as often as needed."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file; *.json is written as JSON.")]
