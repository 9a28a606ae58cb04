"""From the words of a command line to the library's arguments, and from the library's words to those of a shell."""

from __future__ import annotations

import io
import os
import re
import sys
from typing import Any

from likely.errors import DataError, OptionError

INLINE = re.compile(r"\s*[-+]?[\d.][\dxeE.,+\-\s]*")
NUMBER = re.compile(rb"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
MOST = 10_000_000  # numbers that are written out in memory
SHORT = 80  # characters of a list of numbers in code

# What the library's messages say to someone in Python, and what it is called in a shell. The order matters.
IN_SHELL = (
    (r"penalty=lk\.Firth\(\)", "--penalty firth"),
    (r"(?:fit\.interval\()?method='(\w+)'\)?", r"--interval \1"),
    (r'lk\.fit\(lk\.(\w+)\((\w+)="(\w+)"\), df, "([^"]*)"\)', r'likely fit DATA "\4" --family \1 --known \2=\3'),
    (r"\bFit lk\.(\w+)\(\) instead", r"Fit it with --family \1 instead"),
    (r"\b[A-Z]\w*\((\w+)=\.\.\.\)", r"--known \1=VALUE"),
    (
        r"(?<=\): )[A-Z]\w*\((\w+)=(\d+)\), or a column: [A-Z]\w*\(\w+='<column>'\)",
        r"--known \1=\2, or --known \1=COLUMN",
    ),
    (r"\bpass (missing|aliased|separation|weights|solver|link|level)='(\w+)'", r"use --\1 \2"),
    (r"\bweights_kind='(\w+)'", r"--weights-kind \1"),
    (r"\bsmall_sample='(\w+)'", r"--small-sample \1"),
    (r"\bcov='(\w+)'", r"--cov \1"),
    (r"\bneeds (weights|cluster)=:", r"needs --\1:"),
    (r"\bwith cluster= ", "with --cluster "),
    (r"\boffset='log\(w\)'", "--offset 'log(w)'"),
    (r"\b(missing|aliased|separation|solver|link|level|seed)='(\w+)'", r"--\1 \2"),
    (r"\bwith offset=\.\.\.", "with --offset 'VALUE * COLUMN'"),
    (
        r"\b(for|in) (missing|aliased|separation|link|offset|exposure|weights|solver|level|seed)=(?=[.;:, ]|$)",
        r"\1 --\2",
    ),
    (r"convert it first, e\.g\. pandas\.to_numeric\(df\[.*?\]\)", "convert it to numbers in the file"),
    (
        r"for a yes/no column, compare it: df\['([^']*)'\] == \.\.\.",
        r"for a yes/no column, write the response as I(\1 == 'yes')",
    ),
    (r"\bpass Categorical\(levels=\[\.\.\.\]\)", "give the file a column of text"),
    (r"[Rr]ead it with pandas\.read_csv\(\.\.\., sep=.*?\) and pass the table", "Save it with commas"),
    (r"\blk\.suggest\(data, '([^']*)'\)", r"likely suggest DATA \1"),
    (r", or read (?:it|the file) with pandas\.read_csv(\(.*?\))?", ""),
    (r"; a string is read as a path to a CSV or Parquet file", ""),
    (r"\buse L\.log\b", "see the log-likelihood"),
)


def in_shell(text: str) -> str:
    """A message of the library with options where it names calls and arguments.

    >>> in_shell("Fill them, or pass missing='drop' to leave these rows out")
    'Fill them, or use --missing drop to leave these rows out'
    >>> in_shell("Check the data, or fix it: Normal(sd=...)")
    'Check the data, or fix it: --known sd=VALUE'
    """
    text = re.sub(r"\bna=\[(.*?)\](?=[.;, ]|$)", lambda m: _markers(m[1]), text)
    for pattern, words in IN_SHELL:
        text = re.sub(pattern, words, text)
    return re.sub(r"(?<=--family )([A-Z]\w*)", lambda m: _family_name(m[1]), text)


def _markers(listed: str) -> str:
    """A list of markers of missing values as options."""
    return " ".join(f"--na {cell}" for cell in re.findall(r"'[^']*'|\"[^\"]*\"", listed)) or "--na CELL"


def _family_name(title: str) -> str:
    """The name of a family in a shell: negative_binomial for NegativeBinomial."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", title).lower()


def record_in_shell(record: Any, key: str = "") -> Any:
    """A record whose statuses and notes are in the words of a shell."""
    match record:
        case dict():
            return {k: record_in_shell(v, k) for k, v in record.items()}
        case list() | tuple():
            return [record_in_shell(v, key) for v in record]
        case str() if key in ("status", "note", "notes"):
            return in_shell(record)
    return record


def read(text: str) -> Any:
    """The data that the argument DATA means."""
    from likely.data import datasets, many_files

    if text == "-":
        return standard_input(sys.stdin.buffer.read())
    if os.path.exists(text) or many_files.matched(text):  # unlike Path.exists, no error for a long list of numbers
        return text
    if text in datasets.NAMES:
        return datasets.path(text)
    if INLINE.fullmatch(text):
        return inline(text)
    raise DataError(
        f"there is no file {text!r}. DATA is a CSV or Parquet file, - for CSV on standard input, numbers such as "
        f"1,1,0,1 or 1x7,0x3, or a packaged data set: {', '.join(datasets.NAMES)}"
    )


def expression(text: str) -> str | None:
    """The data that the argument DATA means, as code in Python; None where that would be long, or came from a pipe.

    >>> expression("loans"), expression("1x2,0"), expression("-")
    ('lk.datasets.loans()', '[1.0, 1.0, 0.0]', None)
    """
    from likely.data import datasets, many_files

    if text == "-":
        return None
    if os.path.exists(text) or many_files.matched(text):
        return repr(text)
    if text in datasets.NAMES:
        return f"lk.datasets.{text}()"
    found = repr(inline(text))
    return found if len(found) <= SHORT else None


def standard_input(content: bytes) -> Any:
    """The table in a CSV text; numbers alone, one in each line, need no header."""
    from likely.data import tables

    first = content.lstrip().split(b"\n", 1)[0].strip()
    if NUMBER.fullmatch(first):
        content = b"y\n" + content.lstrip()
    try:
        return tables.read(io.BytesIO(content))
    except DataError as error:
        raise DataError(str(error).replace("the open file", "standard input")) from error


def inline(text: str) -> list[float]:
    """Numbers written out, ``1x7`` for seven ones.

    >>> inline("1x2, 0, 2.5")
    [1.0, 1.0, 0.0, 2.5]
    """
    out: list[float] = []
    for item in text.split(","):
        value, cross, times = item.strip().partition("x")
        try:
            number, count = float(value), int(times) if cross else 1
            if count < 1:
                raise ValueError
        except ValueError:
            raise DataError(
                f"{text!r} names no file and is no list of numbers: {item.strip()!r} is neither a number such as 2.5 "
                "nor a repeated one such as 1x7"
            ) from None
        if len(out) + count > MOST:
            raise DataError(
                f"{item.strip()!r} makes more than {MOST:,} numbers; write each number once in a file, with a column "
                "of how often it occurs, and name that column with --weights"
            )
        out += [number] * count
    return out


def pairs(option: str, items: list[str] | None, example: str = "") -> dict[str, str]:
    """NAME=VALUE items as a dict."""
    out: dict[str, str] = {}
    for item in items or []:
        name, equals, value = item.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise OptionError(f"{option} takes NAME=VALUE, found {item!r}{example}")
        if name.strip() in out:
            raise OptionError(f"{option} is given twice for {name.strip()}")
        out[name.strip()] = value.strip()
    return out


def numbers(name: str, text: str) -> list[float]:
    """Candidate values separated by commas."""
    try:
        return [float(v) for v in text.split(",")]
    except ValueError:
        raise OptionError(f"--at {name}= takes numbers separated by commas, found {text!r}") from None


def family(name: str, known: list[str] | None, some: bool = False) -> Any:
    """The family with its known parameters; with `some`, only those it has."""
    from likely.families import get_family

    family = get_family(name)
    given: dict[str, Any] = {}
    for key, value in pairs("--known", known).items():
        if some and key not in [p.name for p in family.parameters]:
            continue
        family.parameter(key)
        try:
            given[key] = int(value) if value.isdecimal() else float(value)
        except ValueError:
            given[key] = value
    return type(family)(**given) if given else family


def penalty_of(text: str | None) -> Any:
    """The penalty that ``ridge:1.0``, ``lasso:0.1``, ``elastic-net:1:0.5`` or ``firth`` means."""
    from likely.models.penalties import ElasticNet, Firth, Lasso, Ridge

    if text is None:
        return None
    kinds = {"ridge": (Ridge, 1), "lasso": (Lasso, 1), "elastic-net": (ElasticNet, 2), "firth": (Firth, 0)}
    name, *settings = text.strip().split(":")
    kind, count = kinds.get(name.lower().replace("_", "-").replace(" ", "-"), (None, 0))
    try:
        values = [float(v) for v in settings]
    except ValueError:
        values = []
    if kind is None or len(settings) != count or len(values) != count:
        raise OptionError(
            f"--penalty is ridge:STRENGTH, lasso:STRENGTH, elastic-net:STRENGTH:L1_RATIO or firth; found {text!r}"
        )
    return kind(*values)


def model_options(
    family: Any,
    weights: str | None,
    offset: list[str] | None,
    link: list[str] | None,
    formulas: list[str] | None,
    missing: str,
    weights_kind: str = "frequency",
    exposure: str | None = None,
    na: list[str] | None = None,
) -> dict[str, Any]:
    """The arguments of `likely.fit` that these options stand for."""
    given = _formulas(family, formulas)
    out: dict[str, Any] = {"weights": weights, "missing": missing, **given}
    if weights_kind != "frequency":
        out["weights_kind"] = weights_kind
    if exposure:
        out["exposure"] = exposure
    if na:
        out["na"] = na
    if offset:
        out["offset"] = _offsets(offset)
    if link:
        out["link"] = link[0] if len(link) == 1 and "=" not in link[0] else pairs("--link", link)
    return out


def _formulas(family: Any, formulas: list[str] | None) -> dict[str, str]:
    """The formulas of further parameters by name."""
    for item in formulas or []:
        if re.match(r"[^=~]*~", item):  # a formula without its parameter
            left, _, right = item.partition("~")
            others = [p.name for p in family.parameters if not (p.known_only or p.edge)]
            name = left.strip() or next(iter(others[1:] or others), "NAME")
            raise OptionError(
                f"--formula takes NAME=FORMULA, found {item!r}; say which parameter it describes, such as "
                f"--formula {name}='~ {right.strip()}'"
            )
    given = pairs("--formula", formulas)
    for name in given:
        family.parameter(name)
    return given


def _offsets(items: list[str]) -> str | dict[str, str]:
    """One expression, or one for each parameter; several for the same one are added."""
    named = [re.fullmatch(r"(\w+)\s*=(?!=)(.+)", item) for item in items]
    if any(named) and not all(named):
        raise OptionError("give every --offset its parameter's name: --offset NAME=EXPR")
    by_name: dict[str, list[str]] = {}
    for item, match in zip(items, named, strict=True):
        by_name.setdefault(match[1] if match else "", []).append(match[2].strip() if match else item.strip())
    added = {
        name: parts[0] if len(parts) == 1 else f"I({' + '.join(f'({part})' for part in parts)})"
        for name, parts in by_name.items()
    }
    return added if all(named) else added[""]
