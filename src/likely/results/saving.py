"""Fits as files, without rows: ``fit.save(path)`` writes one, ``lk.load(path)`` reads it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from likely.data.fingerprint import Fingerprint, fingerprint
from likely.data.writing import destination, write_text
from likely.errors import DataError, LikelyError, OptionError
from likely.estimates import Estimates
from likely.families.base import Family
from likely.inference.fit_code import Recipe
from likely.inference.fitting import with_data
from likely.likelihoods.density import Density
from likely.likelihoods.kinds import has_functions, table_of
from likely.models.bind import pieces_of

FORMAT, VERSION = "a fit of likely", 1
SAME = 1e-9  # relative difference of log-likelihoods of the same data, on any machine


def save(estimates: Estimates, path: Any) -> Path:
    """Write estimates to a file; see `likely.Fit.save`."""
    from likely import __version__

    target = fit_file(path)
    content: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "likely": __version__,
        "estimates": estimates.to_dict(),
        "data": _data_of(estimates),
    }
    text = json.dumps({**content, "sha256": _digest(content)}, indent=1, allow_nan=False)
    write_text(target, text + "\n")
    return target


def fit_file(path: Any) -> Path:
    """Where a fit is saved, checked before the work is done."""
    return destination(path, "a fit", (".json",))


def _data_of(estimates: Estimates) -> dict[str, Any]:
    """The fingerprint of the data; the one that was read, of a fit that was loaded without them."""
    if estimates.kept is not None and estimates.kept.fingerprint is not None:
        found = estimates.kept.fingerprint
    else:
        found = fingerprint(estimates.likelihood.bound.table, Recipe(estimates).columns)
    return {"rows": found.rows, "columns": list(found.columns), "sha256": found.sha256}


def _digest(content: Mapping[str, Any]) -> str:
    """Of everything in the file, whatever its spaces and line ends."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def loaded(path: Any, data: Any, families: Iterable[Any] | Mapping[str, Any]) -> Estimates:
    """What a file holds, with the rows that it came from where data are given; see `likely.load`."""
    content = _read(path)
    own = _named(families)
    try:
        kept = content["data"]
        found = Fingerprint(int(kept["rows"]), tuple(map(str, kept["columns"])), str(kept["sha256"]))
        estimates = Estimates.from_dict(content["estimates"], own)
        _check(estimates)
        if estimates.to_dict() != content["estimates"]:
            raise ValueError("what was read is not what is written there")
    except LikelyError as error:
        raise OptionError(f"{str(path)!r} cannot be loaded: {error}") from error
    except (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError) as error:
        raise OptionError(
            f"{str(path)!r} is no fit that likely has written, or was changed ({type(error).__name__}: {error})"
        ) from error
    if data is None:
        assert estimates.kept is not None
        return replace(estimates, kept=replace(estimates.kept, fingerprint=found))
    return _attached(estimates, data, found, str(path))


def _read(path: Any) -> dict[str, Any]:
    """The content of a file, checked against its own digest."""
    if not isinstance(path, (str, Path)):
        raise OptionError(f"lk.load reads a file that fit.save(path) wrote: give its path, found {path!r}")
    try:
        content = json.loads(Path(path).expanduser().read_text(encoding="utf-8"), parse_constant=_refused)
    except OSError as error:
        raise OptionError(f"{str(path)!r} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise OptionError(
            f"{str(path)!r} is no file that fit.save(path) wrote, or only a part of one: {str(error) or 'too deep'}"
        ) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise OptionError(f"{str(path)!r} is no fit of likely: those are files that fit.save(path) wrote")
    if content.get("version") != VERSION:
        raise OptionError(
            f"{str(path)!r} was written by likely {content.get('likely')} as version {content.get('version')!r} of "
            f"such files, and this likely reads version {VERSION}: upgrade likely"
        )
    written = content.pop("sha256", None)
    try:
        same = written == _digest(content)
    except (ValueError, RecursionError):
        same = False
    if not same:
        raise OptionError(f"{str(path)!r} was changed after it was written, or is damaged: its checksum does not match")
    return content


def _refused(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _named(families: Any) -> dict[str, Callable[..., Family]]:
    """Families by name."""
    if isinstance(families, Mapping):
        return {name: _always(one) if isinstance(one, Density) else one for name, one in families.items()}
    found: dict[str, Callable[..., Family]] = {}
    for one in [families] if isinstance(families, (type, Family)) else families:
        if isinstance(one, Density):
            found[one.label] = _always(one)
            continue
        kind = type(one) if isinstance(one, Family) else one
        if not (isinstance(kind, type) and issubclass(kind, Family)):
            raise OptionError(f"families= is a list of families of your own; found {one!r}")
        found[kind.name] = kind
    return found


def _always(density: Density) -> Callable[..., Family]:
    """What gives a density, which is made already."""
    return lambda: density


def _check(estimates: Estimates) -> None:
    """Raise unless the parts of estimates that were read go together."""
    size, at = estimates.likelihood.model.size, estimates.outcome.point
    lengths = [len(at.x), len(at.score), *at.info.shape]
    places = [place for slot in estimates.likelihood.model.slots for place in (slot.start, slot.stop)]
    if estimates.outcome.solver != "none" and any(length != size for length in lengths):
        raise ValueError(f"{lengths[0]} coefficients of a model that has {size}")
    if places != sorted(places) or places[:1] not in ([], [0]):
        raise ValueError("the coefficients' places overlap")
    for slot in estimates.likelihood.model.slots:
        wanted = 1 if slot.design is None else len(slot.design.names)
        if slot.stop - slot.start != wanted:
            raise ValueError(f"{slot.label} has {slot.stop - slot.start} coefficients for {wanted} columns")
    if not estimates.converged:
        return
    if math.isnan(at.value) or np.any(np.isnan(at.x)):
        raise ValueError("coefficients that are no numbers")
    cov = estimates._link_cov
    if cov is not None and not (np.all(np.isfinite(cov)) and np.all(np.diagonal(cov) >= 0.0)):
        raise ValueError("a covariance with entries that are not finite, or variances below 0")


def _attached(estimates: Estimates, data: Any, expected: Fingerprint, path: str) -> Estimates:
    """The estimates with the rows they came from."""
    in_pieces = estimates.likelihood.model.reading is not None and pieces_of(estimates.asked, data) is not None
    streamed = with_data(estimates, data) if in_pieces else None
    table = table_of(estimates.asked, data) if streamed is None else streamed.likelihood.bound.table
    lacking = [name for name in expected.columns if name not in table]
    if lacking:
        raise DataError(
            f"these are not the data of the fit: they lack {', '.join(lacking)}; they have {', '.join(table.names)}"
        )
    found = fingerprint(table, expected.columns)
    if found != expected:
        what = "" if found.rows == expected.rows else f": {found.rows:,} rows, and the fit had {expected.rows:,}"
        raise DataError(
            f"these are not the data of the fit in {path!r}{what or ': the same number of rows with other values'}; it "
            f"used {', '.join(expected.columns)}. Give the data as they were, or fit them anew with lk.fit"
        )
    again = with_data(estimates, data) if streamed is None else streamed
    if not math.isclose(again.loglik, estimates.loglik, rel_tol=SAME, abs_tol=SAME):
        raise DataError(
            f"at the estimates in {path!r} the log-likelihood of these data is {again.loglik:.10g}, and it was "
            f"{estimates.loglik:.10g} when the fit was saved: likely has changed, or the data"
            f"{_or_functions(estimates)}. Fit them anew"
        )
    return again


def _or_functions(estimates: Estimates) -> str:
    """What else may be another, of a density whose functions were given again."""
    return ", or there are other functions in the density" if has_functions(estimates.likelihood.model.family) else ""
