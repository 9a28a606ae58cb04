"""Which covariance is asked for: its kind, bread, small-sample correction and clusters, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from likely import tables
from likely.bind import Bound, cluster_ways
from likely.errors import DataError, MissingValuesError, OptionError, UnknownNameError, listed, unknown

KINDS = ("observed", "expected", "opg", "HC0", "HC1", "HC2", "HC3", "cluster")
CURVATURE = ("observed", "expected", "opg")  # those that take the model as true
BREADS = ("observed", "expected")
CORRECTIONS = {"HC0": ("none", "stata"), "HC1": ("HC1",), "HC2": ("none",), "HC3": ("none",)}
CLUSTERED = ("stata", "HC0", "HC1", "none")
OTHER_KINDS = {
    **dict.fromkeys(("nonrobust", "oim", "hessian", "information"), "observed"),
    **dict.fromkeys(("eim", "fisher", "iid"), "expected"),
    **dict.fromkeys(("bhhh", "outer product", "outer_product"), "opg"),
    **dict.fromkeys(("robust", "sandwich", "white", "huber", "hc", "hc0"), "HC0"),
    **{name.lower(): name for name in ("HC1", "HC2", "HC3")},
    **dict.fromkeys(("clustered", "cl", "vcovcl", "twoway"), "cluster"),
}
WORDS = {
    "observed": "inverse of the observed information",
    "expected": "inverse of the expected information",
    "opg": "inverse of the outer product of scores (BHHH)",
}
FACTORS = {"stata": "n/(n - 1)", "HC1": "n/(n - k)"}
CLUSTER_FACTORS = {"stata": "G/(G - 1)", "HC0": "G/(G - 1)", "HC1": "G/(G - 1) (n - 1)/(n - k)"}


@final
@dataclass(frozen=True, eq=False)
class Request:
    """A covariance of the estimates, as asked for.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    bread : {"observed", "expected"}
        The information whose inverse stands on both sides of a sandwich.
    correction : {"none", "stata", "HC0", "HC1"}
        Name of the small-sample factor.
    clusters : tuple of (str, ndarray)
        Name and codes of each way of clustering, one code for each row.
    """

    kind: str = "observed"
    bread: str = "observed"
    correction: str = "none"
    clusters: tuple[tuple[str, Any], ...] = ()

    @property
    def robust(self) -> bool:
        """Whether it is a sandwich, which does not take the model as true."""
        return self.kind not in CURVATURE

    @property
    def text(self) -> str:
        """The covariance in words."""
        if not self.robust:
            return WORDS[self.kind]
        factors = CLUSTER_FACTORS if self.clusters else FACTORS
        parts = [f"{self.bread} information as bread"]
        parts += [f"times {factors[self.correction]}"] if self.correction in factors else []
        by = " and ".join(f"{name} ({len(np.unique(codes)):,} clusters)" for name, codes in self.clusters)
        return f"{f'sandwich clustered by {by}' if by else f'{self.kind} sandwich'}, {', '.join(parts)}"


@final
@dataclass(frozen=True, eq=False)
class Covariance:
    """What was found.

    Attributes
    ----------
    matrix : ndarray, shape (p, p), or None
        Of the coefficients on the link scale; None where there is none. Variances that are 0 but for rounding errors
        are exactly 0.
    note : str
        What is special about it, or empty.
    reason : str
        Why there is none.
    unseen : ndarray, shape (p, m), or None
        Directions in which rows are fitted exactly, orthonormal in the metric of the information.
    withheld : mapping of int to str
        Coefficients without a variance, by place, with the reason.
    """

    matrix: Any
    note: str = ""
    reason: str = ""
    unseen: Any = None
    withheld: Mapping[int, str] = field(default_factory=dict)


def default(bound: Bound) -> Request:
    """The covariance of a fit that asks for none: the observed information's, or Stata's sandwich for a sample."""
    return Request("HC0", correction="stata") if bound.pseudo else Request()


def requested(
    bound: Bound, kind: Any = None, cluster: Any = None, correction: Any = None, bread: Any = None
) -> Request:
    """What the user asked for, checked against the data.

    Raises
    ------
    UnknownNameError
        If there is no such kind, correction or column.
    OptionError
        If the parts do not go together.
    DataError, MissingValuesError
        If the clusters cannot be used.
    """
    if kind is None:
        if cluster is None and correction is None and bread is None:
            return default(bound)
        kind = "HC0" if cluster is None else "cluster"
    _check_kind(kind, cluster)
    if bound.pseudo and kind in CURVATURE:
        raise OptionError(
            f"cov={kind!r} takes the curvature as the evidence in the data, which under sampling weights it is not: "
            "use cov='HC0' (the default there) or cov='cluster' with cluster= the sampling units"
        )
    if kind in CURVATURE and (bread is not None or correction is not None):
        name = "bread" if bread is not None else "correction"
        raise OptionError(f"{name}= belongs to a sandwich ({listed(KINDS[3:])}), not to cov={kind!r}")
    if bread is not None and bread not in BREADS:
        raise unknown("bread", bread, BREADS)
    valid = CLUSTERED if kind == "cluster" else CORRECTIONS.get(kind, ("none",))
    if correction is None:
        correction = "stata" if kind == "HC0" and bound.pseudo else valid[0]
    if correction not in valid:
        raise unknown("correction", correction, valid, f" for cov={kind!r}")
    clusters = _clusters(bound, cluster) if kind == "cluster" else ()
    return Request(kind, bread or "observed", correction, clusters)


def _check_kind(kind: Any, cluster: Any) -> None:
    if kind not in KINDS:
        meant = OTHER_KINDS.get(kind.lower()) if isinstance(kind, str) else None
        if meant is None:
            raise unknown("covariance", kind, KINDS, " for cov=")
        raise UnknownNameError(f"unknown covariance {kind!r}; did you mean {meant!r}? Valid: {listed(KINDS)}")
    if kind == "cluster" and cluster is None:
        raise OptionError("cov='cluster' needs cluster=: the column that names each row's cluster, or a list of two")
    if kind != "cluster" and cluster is not None:
        raise OptionError(f"cluster= belongs to cov='cluster', not to cov={kind!r}")


# -- clusters ------------------------------------------------------------------------------------------------


def _clusters(bound: Bound, cluster: Any) -> tuple[tuple[str, Any], ...]:
    """Name and codes of each way of clustering."""
    specs = cluster_ways(cluster)
    if len(specs) > 2:
        raise OptionError(
            f"clusters go one or two ways, found {len(specs)}: {listed(s for s in specs if s is not None)}"
        )
    found = [_codes(bound, spec, i) for i, spec in enumerate(specs)]
    if len(found) == 2 and np.array_equal(found[0][1], found[1][1]):
        raise OptionError("both ways of clustering name the same clusters: pass one of them")
    return tuple(found)


def group_codes(bound: Bound, spec: Any, option: str, name: str, advice: str) -> tuple[str, Any]:
    """The name of a column of groups and a code for each row used.

    Parameters
    ----------
    bound : Bound
    spec : str or array-like
        A column, or labels for every row of the data.
    option, name, advice : str
        The argument's name, what the labels are called if they are no column, and what to do where some are missing.
    """
    if isinstance(spec, str):
        if spec not in bound.table:
            raise unknown("column", spec, bound.table.names, f" for {option}=")
        name = spec
    elif np.ndim(spec) != 1 and not hasattr(spec, "__len__"):
        raise OptionError(f"{option} is a column name or an array of labels, found {spec!r}")
    values = bound.given.values(spec, option)
    if lost := int(np.count_nonzero(tables.missing(values))):
        raise MissingValuesError(f"{lost} rows have no {option.removesuffix('s')} ({name}): fill them in, {advice}")
    return name, np.unique(values.astype(str) if values.dtype.kind == "O" else values, return_inverse=True)[1].ravel()


def _codes(bound: Bound, spec: Any, place: int) -> tuple[str, Any]:
    advice = (
        f"or leave these rows out by lk.fit(..., cluster={spec if isinstance(spec, str) else '...'!r}, missing='drop')"
    )
    name, codes = group_codes(bound, spec, "cluster", f"cluster {place + 1}", advice)
    if len(np.unique(codes)) < 2:
        raise DataError(
            f"{name} has a single cluster: a covariance by clusters needs two at the least, better 40 or more"
        )
    return name, codes
