"""Records of a likelihood seen along candidates or along one parameter."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.namespace.arrays import Floats


@final
@dataclass(frozen=True)
class LikelihoodTable:
    """Candidate parameter values with their likelihoods.

    Attributes
    ----------
    candidates : tuple of dict
    loglik : tuple of float
    peak_loglik : float
        Log-likelihood at the maximum likelihood estimate.
    peak : mapping
        The estimate; empty where there is none, and then likelihoods are relative to the best candidate.
    note : str
        Why there is no peak, or empty.

    Examples
    --------
    >>> import likely as lk
    >>> print(lk.likelihood("bernoulli", [1] * 7 + [0] * 3).table(p=[0.5, 0.7]))
      p  likelihood  relative  surprise (nats)                    how surprising
    0.5    0.000977     0.439            6.931  somewhat (2.3 times less likely)
    0.7     0.00222         1            6.109                  least surprising
    """

    candidates: tuple[dict[str, float], ...]
    loglik: tuple[float, ...]
    peak_loglik: float
    peak: Mapping[str, Any]
    note: str = ""

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One dict for each candidate: its values, likelihood, loglik, relative (to the peak) and surprise (nats)."""
        best = max(self.loglik)
        return [
            {
                **candidate,
                "likelihood": math.exp(log) if log < 709.0 else math.inf,
                "loglik": log,
                "relative": math.exp(min(log - self.peak_loglik, 0.0)),
                "surprise": -log,
                "best": log == best,
            }
            for candidate, log in zip(self.candidates, self.loglik, strict=True)
        ]

    def verdict(self, relative: float) -> str:
        """How surprising the data are under a candidate, in words (after Royall's benchmarks 8 and 32).

        Parameters
        ----------
        relative : float
            Likelihood relative to the peak.

        Returns
        -------
        str

        Examples
        --------
        >>> import likely as lk
        >>> lk.likelihood("bernoulli", [1, 0]).table(p=[0.5]).verdict(0.05)
        'clearly (20.0 times less likely)'
        """
        if relative >= 0.999999:
            return "least surprising"
        times = 1.0 / relative if relative > 0 else math.inf
        words = "hardly more" if times < 2 else "somewhat" if times < 8 else "clearly" if times < 32 else "strongly"
        return f"{words} ({times:,.1f} times less likely)" if times < 1e6 else "beyond belief"

    def __str__(self) -> str:
        names = list(self.candidates[0])
        header = [*names, "likelihood", "relative", "surprise (nats)", "how surprising"]
        lines = [
            [
                *(f"{row[name]:g}" for name in names),
                f"{row['likelihood']:.3g}",
                f"{row['relative']:.3g}",
                f"{row['surprise']:.4g}",
                self.verdict(row["relative"]),
            ]
            for row in self.rows
        ]
        widths = [max(len(cell) for cell in column) for column in zip(header, *lines, strict=True)]
        text = "\n".join(
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in [header, *lines]
        )
        return f"{text}\nrelative to the best candidate, for there is no peak: {self.note}" if self.note else text

    __repr__ = __str__


@final
@dataclass(frozen=True, eq=False)
class Curve:
    """The log-likelihood along one parameter.

    Attributes
    ----------
    name : str
    values : ndarray
    loglik : ndarray
    peak : float
        The estimate of this parameter.
    peak_loglik : float
    kind : {"slice", "profile"}
        Whether the other parameters were held or re-estimated.
    others : tuple of dict
        Values of the other parameters at each point.

    Examples
    --------
    >>> import likely as lk
    >>> curve = lk.likelihood("bernoulli", [1] * 7 + [0] * 3).curve("p", [0.3, 0.5, 0.7])
    >>> curve.kind, round(curve.peak, 6), curve.relative.round(3).tolist()
    ('slice', 0.7, [0.034, 0.439, 1.0])
    """

    name: str
    values: Floats
    loglik: Floats
    peak: float
    peak_loglik: float
    kind: str
    others: tuple[dict[str, float], ...] = ()

    @property
    def relative(self) -> Floats:
        """Likelihood relative to the peak, in [0, 1]."""
        return np.exp(np.minimum(self.loglik - self.peak_loglik, 0.0))

    @property
    def likelihood(self) -> Floats:
        """Likelihood; underflows for many observations, when `relative` does not."""
        return np.exp(self.loglik)

    def __repr__(self) -> str:
        return (
            f"<{self.kind} of the likelihood along {self.name}: {len(self.values)} points from {self.values[0]:.6g} to "
            f"{self.values[-1]:.6g}, peak at {self.peak:.6g}>"
        )
