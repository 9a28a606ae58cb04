"""Which covariance is asked for: its kind, with the options that belong to it, checked against the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from likely.data import tables
from likely.errors import (
    DataError,
    IntervalError,
    MissingValuesError,
    OptionError,
    UnknownNameError,
    is_one_of,
    listed,
    unknown,
)
from likely.errors.kinds import is_number, is_whole
from likely.estimates.covariance.linear import check_kind, check_small_sample
from likely.estimates.covariance.sparsity import BANDWIDTHS, KERNELS
from likely.models.bind import Bound, cluster_ways
from likely.models.model import Model
from likely.namespace.arrays import Floats

CURVATURE = ("observed", "expected", "opg")  # those that take the model as true
SANDWICHES = ("HC0", "HC1", "HC2", "HC3", "cluster")
KINDS = (*CURVATURE, *SANDWICHES, "bootstrap")
OF_QUANTILES = ("iid", "nid", "kernel")
NONSMOOTH = (*OF_QUANTILES, "bootstrap", "cluster", "expected")  # of a location with corners
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
    **dict.fromkeys(("boot", "bs"), "bootstrap"),
}
OTHER_NONSMOOTH = {
    **dict.fromkeys(("robust", "sandwich", "white", "hc", "hc0", "hc1", "hc2", "hc3", "rank", "fitted"), "nid"),
    **dict.fromkeys(("nonrobust", "residual"), "iid"),
    **dict.fromkeys(("ker", "powell"), "kernel"),
    **dict.fromkeys(("oim", "hessian", "information", "eim", "fisher"), "expected"),
    **dict.fromkeys(("clustered", "cl"), "cluster"),
    **dict.fromkeys(("boot", "bs", "xy"), "bootstrap"),
}
OTHER_KERNELS = {"epa": "epan2", "biw": "biweight", "cos": "cosine", "gau": "gaussian", "par": "parzen"}
REPLICATES = 400
WORDS = {
    "observed": "inverse of the observed information",
    "expected": "inverse of the expected information",
    "opg": "inverse of the outer product of scores (BHHH)",
    "iid": "quantile regression's, errors alike in all rows (iid)",
    "nid": "quantile regression's, errors of any density (nid), from the quantiles on both sides",
    "kernel": "quantile regression's, errors of any density, from a kernel estimate",
}
FACTORS = {"stata": "n/(n - 1)", "HC1": "n/(n - k)"}
CLUSTER_FACTORS = {"stata": "G/(G - 1)", "HC0": "G/(G - 1)", "HC1": "G/(G - 1) (n - 1)/(n - k)"}


@final
@dataclass(frozen=True, eq=False)
class Clusters:
    """A way of clustering the rows.

    Attributes
    ----------
    name : str
        The column, or what stands for one.
    codes : ndarray or None
        One code for each row; None where the rows are not at hand.
    count : int
        Number of clusters.
    """

    name: str
    codes: Any
    count: int


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
    clusters : tuple of Clusters
        Each way of clustering.
    of_quantile : bool
        Whether the location is a quantile, whose curvature is the density of the responses there.
    bandwidth : str or float
        Rule for the bandwidth of that density, or its half-width in levels.
    kernel : str
        Of that density; empty for none.
    replicates, seed : int
        Of a bootstrap.
    small_sample : {"z", "t"}
        What statistics are referred to: the normal and chi-squared distributions, or Student's t and F with the
        divisor n - p in the variance of a linear model.
    """

    kind: str = "observed"
    bread: str = "observed"
    correction: str = "none"
    clusters: tuple[Clusters, ...] = ()
    of_quantile: bool = False
    bandwidth: str | float = "hsheather"
    kernel: str = ""
    replicates: int = REPLICATES
    seed: int | None = 0
    small_sample: str = "z"

    @property
    def robust(self) -> bool:
        """Whether it is a sandwich, which does not take the model as true."""
        return self.kind not in CURVATURE

    @property
    def text(self) -> str:
        """The covariance in words."""
        if self.kind in CURVATURE:
            return f"{WORDS[self.kind]}{', times n/(n - p)' if self.small_sample == 't' else ''}"
        by = " and ".join(f"{way.name} ({way.count:,} clusters)" for way in self.clusters)
        if self.kind == "bootstrap":
            return f"bootstrap of {f'clusters by {by}' if by else 'cases'}, {self.replicates:,} replicates"
        factors = CLUSTER_FACTORS if self.clusters else FACTORS
        parts = self._density if self.of_quantile else [f"{self.bread} information as bread"]
        parts += [f"times {factors[self.correction]}"] if self.correction in factors else []
        if self.kind in OF_QUANTILES:
            return ", ".join([WORDS[self.kind], *parts])
        return f"{f'sandwich clustered by {by}' if by else f'{self.kind} sandwich'}, {', '.join(parts)}"

    @property
    def further(self) -> dict[str, Any]:
        """The options of the density at a quantile and of a bootstrap that are not as they would be without."""
        usual = Request(kernel="gaussian" if self.kind == "kernel" else "")
        names = ("bandwidth", "kernel", "replicates", "seed")
        return {name: getattr(self, name) for name in names if getattr(self, name) != getattr(usual, name)}

    @property
    def _density(self) -> list[str]:
        """How the density at the quantile is estimated, in words."""
        rule = f"{self.bandwidth} bandwidth" if isinstance(self.bandwidth, str) else f"bandwidth {self.bandwidth:g}"
        return [f"{self.kernel} kernel", rule] if self.kernel else [rule]


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

    matrix: Floats | None
    note: str = ""
    reason: str = ""
    unseen: Floats | None = None
    withheld: Mapping[int, str] = field(default_factory=dict)


def default(model: Model) -> Request:
    """The covariance of a fit that asks for none.

    The observed information's, or Stata's sandwich for a sample. Of a quantile regression quantreg's "nid", which takes
    no density as true; a Laplace distribution without predictors is a density, whose expected information it is.
    """
    if not _is_nonsmooth(model):
        return Request("HC0", correction="stata") if model.pseudo else Request()
    density = model.constant and model.family.corner_level is None and not model.pseudo
    return Request("expected") if density else Request("nid", of_quantile=True)


def _is_nonsmooth(model: Model) -> bool:
    """Whether the location is free and a quantile, at which the log-density has a corner."""
    return any(slot.parameter.name == model.family.absolute_location for slot in model.slots)


def requested(
    bound: Bound,
    kind: Any = None,
    cluster: Any = None,
    correction: Any = None,
    bread: Any = None,
    small_sample: Any = None,
    **options: Any,
) -> Request:
    """What the user asked for, checked against the data.

    With Student's t, what is not said is as in Stata's `regress`: HC1 under sampling weights, and the same factor
    beside G/(G - 1) for clusters.

    Parameters
    ----------
    **options
        ``bandwidth``, ``kernel``, ``replicates``, ``seed``.

    Raises
    ------
    UnknownNameError
        If there is no such kind, correction or column.
    OptionError
        If the parts do not go together.
    DataError, MissingValuesError
        If the clusters cannot be used.
    """
    options = {name: value for name, value in options.items() if value is not None}
    usual, student = default(bound.model), check_small_sample(bound, small_sample)
    if kind is None:
        if cluster is None and correction is None and bread is None and not options:
            if not student:
                return usual
            return Request("HC1", correction="HC1", small_sample="t") if bound.pseudo else Request(small_sample="t")
        kind = "cluster" if cluster is not None else "nid" if usual.of_quantile else "HC0"
    nonsmooth = _is_nonsmooth(bound.model)
    _check_kind(kind, cluster, bound.model, nonsmooth)
    check_kind(kind, student)
    if bound.pseudo and kind in (*CURVATURE, "iid"):
        raise OptionError(
            f"cov={kind!r} takes the curvature as the evidence in the data, which under sampling weights it is not: "
            f"use cov={usual.kind!r} (the default there) or cov='cluster' with cluster= the sampling units"
        )
    if bread is not None and (kind not in SANDWICHES or nonsmooth):
        raise OptionError(f"bread= belongs to a sandwich ({listed(SANDWICHES)}), not to cov={kind!r}{_here(bound)}")
    if correction is not None and kind not in SANDWICHES:
        raise OptionError(f"correction= belongs to a sandwich ({listed(SANDWICHES)}), not to cov={kind!r}")
    if bread is not None and bread not in BREADS:
        raise unknown("bread", bread, BREADS)
    valid = CLUSTERED if kind == "cluster" else CORRECTIONS.get(kind, ("none",))
    if correction is None:
        correction = usual_correction(bound, kind, student)
    if not is_one_of(correction, valid):
        raise unknown("correction", correction, valid, f" for cov={kind!r}")
    clusters = _clusters(bound, cluster) if cluster is not None else ()
    given = _checked_options(kind, nonsmooth and kind in (*OF_QUANTILES, "cluster"), options)
    return Request(kind, bread or "observed", correction, clusters, small_sample="t" if student else "z", **given)


def usual_correction(bound: Bound, kind: str, student: bool) -> str:
    """The correction of a covariance for which none is asked."""
    if kind == "cluster":
        return "HC1" if student else CLUSTERED[0]
    return "stata" if kind == "HC0" and bound.pseudo else CORRECTIONS.get(kind, ("none",))[0]


def _here(bound: Bound) -> str:
    return f" of {bound.model.family.title}" if _is_nonsmooth(bound.model) else ""


def _checked_options(kind: str, of_quantile: bool, options: dict[str, Any]) -> dict[str, Any]:
    """The options of a density at a quantile, and of a bootstrap."""
    owners = {
        **dict.fromkeys(("bandwidth", "kernel"), (of_quantile, "the density at a quantile (iid, nid, kernel)")),
        **dict.fromkeys(("replicates", "seed"), (kind == "bootstrap", "cov='bootstrap'")),
    }
    for name in options:
        if not owners[name][0]:
            raise OptionError(f"{name}= belongs to {owners[name][1]}, not to cov={kind!r}")
    out = {"of_quantile": of_quantile, **options}
    if kind == "kernel":
        out.setdefault("kernel", "gaussian")
    rule = out.get("bandwidth", "hsheather")
    if isinstance(rule, str):
        if not is_one_of(rule, BANDWIDTHS):
            raise unknown("bandwidth", rule, list(BANDWIDTHS))
    elif not is_number(rule) or not 0.0 < rule < 0.5:
        raise OptionError(
            "bandwidth is a rule ('hsheather', 'bofinger', 'chamberlain') or a half-width in levels, between 0 and "
            f"0.5; found {rule!r}"
        )
    if "kernel" in out:
        named = out["kernel"]
        out["kernel"] = OTHER_KERNELS.get(named, named) if isinstance(named, str) else named
        if out["kernel"] not in KERNELS:
            raise unknown("kernel", named, list(KERNELS))
        if kind == "nid":
            raise OptionError("kernel= belongs to cov='iid' and cov='kernel'; 'nid' compares two quantiles instead")
    count = out.get("replicates", REPLICATES)
    if not is_whole(count) or count < 2:
        raise OptionError(f"replicates is a whole number, 2 or more; found {count!r}")
    return out


def _check_kind(kind: Any, cluster: Any, model: Model, nonsmooth: bool) -> None:
    valid, others = (NONSMOOTH, OTHER_NONSMOOTH) if nonsmooth else (KINDS, OTHER_KINDS)
    if kind not in valid:
        if nonsmooth and kind in (*CURVATURE, *SANDWICHES):
            raise IntervalError(_nonsmooth_reason(model, kind))
        if kind in OF_QUANTILES:
            raise OptionError(
                f"cov={kind!r} is for quantile regressions, of AsymmetricLaplace and Laplace; {model.family.title} has "
                f"{listed(KINDS)}"
            )
        meant = others.get(kind.lower()) if isinstance(kind, str) else None
        if meant is None:
            raise unknown("covariance", kind, valid, " for cov=")
        raise UnknownNameError(f"unknown covariance {kind!r}; did you mean {meant!r}? Valid: {listed(valid)}")
    if kind == "cluster" and cluster is None:
        raise OptionError("cov='cluster' needs cluster=: the column that names each row's cluster, or a list of two")
    if kind not in ("cluster", "bootstrap") and cluster is not None:
        raise OptionError(f"cluster= belongs to cov='cluster' and cov='bootstrap', not to cov={kind!r}")


def _nonsmooth_reason(model: Model, kind: str) -> str:
    """Why a density with corners has none of the usual covariances, and which it has."""
    return (
        f"the log-density of {model.family.title} has corners in {model.family.absolute_location}, so it has no "
        f"observed information and no bread for cov={kind!r}. Use 'nid' (the default), 'iid', 'kernel', 'bootstrap' or "
        "'cluster', which do not take that density as true, or 'expected', which does"
    )


# -- clusters ------------------------------------------------------------------------------------------------


def _clusters(bound: Bound, cluster: Any) -> tuple[Clusters, ...]:
    """Each way of clustering."""
    specs = cluster_ways(cluster)
    if len(specs) > 2:
        raise OptionError(
            f"clusters go one or two ways, found {len(specs)}: {listed(s for s in specs if s is not None)}"
        )
    found = [_codes(bound, spec, i) for i, spec in enumerate(specs)]
    if len(found) == 2 and np.array_equal(found[0].codes, found[1].codes):
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
        if not is_one_of(spec, bound.table):
            raise unknown("column", spec, bound.table.names, f" for {option}=")
        name = spec
    elif np.ndim(spec) != 1 and not hasattr(spec, "__len__"):
        raise OptionError(f"{option} is a column name or an array of labels, found {spec!r}")
    values = bound.selected.labels(spec, option)
    if lost := int(np.count_nonzero(tables.missing(values))):
        raise MissingValuesError(f"{lost} rows have no {option.removesuffix('s')} ({name}): fill them in, {advice}")
    return name, np.unique(values.astype(str) if values.dtype.kind == "O" else values, return_inverse=True)[1].ravel()


def _codes(bound: Bound, spec: Any, place: int) -> Clusters:
    advice = (
        f"or leave these rows out by lk.fit(..., cluster={spec if isinstance(spec, str) else '...'!r}, missing='drop')"
    )
    name, codes = group_codes(bound, spec, "cluster", f"cluster {place + 1}", advice)
    if (count := len(np.unique(codes))) < 2:
        raise DataError(
            f"{name} has a single cluster: a covariance by clusters needs two at the least, better 40 or more"
        )
    return Clusters(name, codes, count)
