"""Estimates as plain data, for JSON, and back: what was found, with what had been computed from the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from likely.compute.solve.newton import Point
from likely.data.recipes import plain, restored
from likely.errors import OptionError
from likely.estimates.covariance.reference_distribution import Reference
from likely.estimates.covariance.request import Clusters, Covariance, Request
from likely.estimates.values import Account, Kept
from likely.families.base import Family
from likely.likelihoods.kinds import model_from_dict, model_to_dict
from likely.likelihoods.log_likelihood import LogLikelihood
from likely.models.asked import Asked
from likely.models.bind.without_rows import BoundWithoutRows
from likely.models.constraints import Restraints
from likely.models.model import Model
from likely.models.plain import NotKept
from likely.search.end import End, EndKind
from likely.search.outcome import Outcome, Restrained
from likely.search.separation import Separation
from likely.search.singular import NullSpace

if TYPE_CHECKING:
    from likely.estimates.record import Estimates

FORMAT, VERSION = "estimates of likely", 1


def of_estimates(estimates: Estimates) -> dict[str, Any]:
    """Estimates as plain data; see `likely.estimates.Estimates.to_dict`."""
    likelihood, outcome, limit = estimates.likelihood, estimates.outcome, estimates.limit
    there = estimates._has_peak
    separation = estimates.separation
    return {
        "format": FORMAT,
        "version": VERSION,
        "asked": estimates.asked.to_dict(),
        "model": model_to_dict(likelihood.model),
        "n": likelihood.n,
        "counted": likelihood.bound.n,
        "dropped": dict(likelihood.bound.dropped),
        "left_out": likelihood.bound.separation is not None,
        "outcome": {
            **_plain(outcome, "point", "restrained", "unidentified"),
            "point": _plain(outcome.point),
            "restrained": None if outcome.restrained is None else _plain(outcome.restrained, "restraints"),
            "unidentified": None if outcome.unidentified is None else _plain(outcome.unidentified),
        },
        "end": {**_plain(estimates.end, "kind"), "kind": estimates.end.kind.name},
        "reasons": dict(estimates.reasons),
        "limit": None
        if limit is None
        else {**_plain(limit, "fit"), "names": dict(limit.names), "fit": limit.fit.to_dict()},
        "separation": None if separation is None else _plain(separation),
        "request": None if estimates.request is None else _of_request(estimates.request),
        "kept": {
            "covariance": _plain(estimates._covariance) if there else None,
            "root": plain(estimates._least_squares_root) if there and estimates._link_cov is not None else None,
            "reference": _plain(estimates.reference),
            "condition": plain(estimates.condition),
            "account": _plain(estimates.account),
        },
    }


def checked(data: Any) -> None:
    """Raise unless these are estimates that `of_estimates` wrote.

    Raises
    ------
    OptionError
    """
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        raise OptionError("these data are no estimates that likely has written")
    if data.get("version") != VERSION:
        raise OptionError(
            f"these data are of version {data.get('version')!r} of estimates, and this likely reads version {VERSION}"
        )


def parts_of(data: Mapping[str, Any], families: Mapping[str, Callable[..., Family]]) -> dict[str, Any]:
    """The attributes of the estimates that plain data are of, but for those at a limit."""
    model = model_from_dict(data["model"], families)
    asked = _asked_of(data["asked"], model)
    separation = None
    if data["separation"] is not None:
        one = _restored(data["separation"])
        separation = Separation(**{**one, "rows": np.asarray(one["rows"], dtype=int)})
    left_out = separation if data["left_out"] else None
    bound = BoundWithoutRows(asked, model, data["counted"], data["dropped"], left_out)
    kept = data["kept"]
    return {
        "likelihood": LogLikelihood(bound, data["n"]),
        "asked": asked,
        "outcome": _outcome_of(data["outcome"], asked, model.size),
        "end": End(**{**_restored(data["end"]), "kind": EndKind[data["end"]["kind"]]}),
        "reasons": data["reasons"],
        "separation": separation,
        "request": None if data["request"] is None else _request_of(data["request"]),
        "kept": Kept(
            None if kept["covariance"] is None else _covariance_of(kept["covariance"], model.size),
            restored(kept["root"]),
            Reference(**_restored(kept["reference"])),
            restored(kept["condition"]),
            Account(**_restored(kept["account"])),
        ),
    }


def _plain(record: Any, *but: str) -> dict[str, Any]:
    """The attributes of a record as plain data, but for some."""
    return {one.name: plain(getattr(record, one.name)) for one in fields(record) if one.name not in but}


def _restored(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: restored(value) for name, value in data.items()}


def _square(matrix: Any, size: int) -> Any:
    """A matrix of the coefficients; one of none has lost its shape."""
    return None if matrix is None else matrix.reshape(size, size)


def _asked_of(data: Mapping[str, Any], model: Model) -> Asked:
    """What was asked for; arguments that no file holds stand there in words, and the family is then the model's."""
    again: dict[str, Any] = {name: NotKept(what) for name, what in data["again"].items()}
    if "family" in again:
        again["family"] = model.family
    return Asked.from_dict(data, **again)


def _outcome_of(data: Mapping[str, Any], asked: Asked, size: int) -> Outcome:
    at, held, space = data["point"], data["restrained"], data["unidentified"]
    point = Point(**_restored(at))
    restrained = None
    if held is not None:
        one = _restored(held)
        covariance = _square(one.pop("covariance"), size)
        restraints = Restraints.of(asked)
        assert restraints is not None
        restrained = Restrained(restraints=restraints, covariance=covariance, **one)
    others = {name: value for name, value in data.items() if name not in ("point", "restrained", "unidentified")}
    return Outcome(
        Point(point.x, point.value, point.score, _square(point.info, len(point.x))),
        restrained=restrained,
        unidentified=None if space is None else NullSpace(**_restored(space)),
        **_restored(others),
    )


def _covariance_of(data: Mapping[str, Any], size: int) -> Covariance:
    one = _restored(data)
    return Covariance(**{**one, "matrix": _square(one["matrix"], size)})


def _of_request(request: Request) -> dict[str, Any]:
    return {**_plain(request, "clusters"), "clusters": [[way.name, way.count] for way in request.clusters]}


def _request_of(data: Mapping[str, Any]) -> Request:
    clusters = tuple(Clusters(name, None, count) for name, count in data["clusters"])
    return Request(**{**_restored(data), "clusters": clusters})
