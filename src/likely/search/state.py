"""What interrupted work had reached, as a record from which it goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np

from likely.data.writing import destination, write_text
from likely.errors import OptionError, listed
from likely.namespace.arrays import Floats
from likely.show.records import attributes

FORMAT = "likely fit state"


@final
@dataclass(frozen=True)
class FitState:
    """The place that an interrupted fit had reached: ``lk.fit(..., start=state)`` goes on from there.

    Attributes
    ----------
    coef : dict of str to float
        Estimates so far, by name, as a fit reports them. They are no maximum likelihood estimates yet.
    loglik : float or None
        Log-likelihood there (less the penalty, where there is one); None where only some rows had been looked at.
    distance : float or None
        About how far the peak is, in standard errors; None where nothing is known of it.
    passes : int
        Passes over all rows that were made.
    coefficients : tuple of float
        The same place on the link scale, exactly.

    Examples
    --------
    >>> import likely as lk
    >>> def impatient(iteration, point, decrement):
    ...     raise KeyboardInterrupt
    >>> data = {"y": [1, 2, 4, 9], "x": [0, 1, 2, 3]}
    >>> try:
    ...     lk.fit("poisson", data, "y ~ x", progress=impatient)
    ... except lk.errors.Interrupted as interrupted:
    ...     state = interrupted.state
    >>> state.passes, sorted(state.coef)
    (1, ['rate.Intercept', 'rate.x'])
    >>> round(lk.fit("poisson", data, "y ~ x", start=state).coef["rate.x"], 6)
    0.747759
    """

    coef: dict[str, float]
    loglik: float | None
    distance: float | None
    passes: int
    coefficients: tuple[float, ...]

    @property
    def reached(self) -> str:
        """How far it got, in words."""
        if self.loglik is None:
            return "while a part of the rows was fitted to start from"
        near = "" if self.distance is None else f", about {self.distance:.2g} standard errors from the peak"
        passes = "1 pass" if self.passes == 1 else f"{self.passes:,} passes"
        return f"after {passes} over the rows, at log-likelihood {self.loglik:,.6g}{near}"

    def vector(self, names: list[str]) -> Floats:
        """The coefficients on the link scale, for a model whose estimates have these names.

        Parameters
        ----------
        names : list of str

        Returns
        -------
        ndarray

        Raises
        ------
        OptionError
            If the state is of another model.
        """
        if list(self.coef) != list(names):
            raise OptionError(
                f"start is the state of another model: it has {listed(self.coef)}, this model {listed(names)}"
            )
        return np.array(self.coefficients, dtype=float)

    def save(self, path: str | Path) -> None:
        """Write the state to a file, as JSON; ``lk.fit(..., start=path)`` reads it.

        Parameters
        ----------
        path : str or Path
            ``.json``, or a name without an ending; a file that is there is replaced once the new one is whole.

        Raises
        ------
        OptionError
            If the path cannot be one of a state.
        WriteError
            If the file cannot be written.
        """
        target = destination(path, "the state of a fit", (".json",))
        record = {"format": FORMAT, **attributes(self, self.__dataclass_fields__)}
        write_text(target, json.dumps(record, indent=2) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> FitState:
        """Read a state that `save` wrote.

        Parameters
        ----------
        path : str or Path

        Returns
        -------
        FitState

        Raises
        ------
        OptionError
            If the file cannot be read, or holds something else.
        """
        try:
            record = json.loads(Path(path).read_text(encoding="utf-8"))
            if record.pop("format") != FORMAT:
                raise KeyError("format")
            return cls(**{**record, "coefficients": tuple(record["coefficients"])})
        except OSError as error:
            raise OptionError(f"start={str(path)!r}: the file cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, AttributeError):
            raise OptionError(f"start={str(path)!r}: this file is no state of an interrupted fit") from None


@final
@dataclass(frozen=True, eq=False)
class BootstrapState:
    """The refits that an interrupted bootstrap had made: ``fit.interval(method="bootstrap", resume=state)`` goes on.

    The draws that follow are those that would have followed: the result is the same to the last bit.

    Attributes
    ----------
    coef : dict of str to float
        The fit that it belongs to.
    estimates : ndarray, shape (done, k)
        Estimates of the refits made so far; NaN in the rows of those that failed.
    reasons : mapping of str to int
        Why refits failed, with counts.
    replicates : int
        How many are wanted.
    kind : str
        "parametric" or "cases".
    random : mapping
        The state of the random numbers before the first draw.
    """

    coef: dict[str, float]
    estimates: Floats
    reasons: Mapping[str, int]
    replicates: int
    kind: str
    random: Mapping[str, Any]

    @property
    def done(self) -> int:
        """How many refits were made."""
        return len(self.estimates)

    @property
    def reached(self) -> str:
        """How far it got, in words."""
        return f"after {self.done:,} of {self.replicates:,} refits"

    def generator(self) -> np.random.Generator:
        """The random numbers from their beginning."""
        bits = getattr(np.random, self.random["bit_generator"])()
        bits.state = self.random
        return np.random.Generator(bits)
