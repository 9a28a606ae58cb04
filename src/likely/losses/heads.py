"""What a network has to give for a likelihood: its heads, and how an output holds them, in PyTorch and in JAX."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from likely.errors import DataError, OptionError, SupportError, first_rows, is_one_of, listed, unknown
from likely.families.base import Family, Parameter
from likely.families.base.vectors import Simplex
from likely.losses.checked import check_shapes, check_target, check_values
from likely.losses.density_loss import DensityLoss
from likely.losses.negative_log_likelihood import NegativeLogLikelihood


@final
@dataclass(frozen=True)
class Heads:
    """The parameters that a network predicts, and those that each batch brings along.

    Attributes
    ----------
    source : Loss or NLL
    predicted : tuple of Parameter
        In the order of the output's last axis.
    given : tuple of str
        Parameters that are always known and have no value yet, such as a Binomial's trials.
    links : mapping of str to str
        The scale of the predictions; empty for natural values.
    names : tuple of str
        Those of what is predicted.
    """

    source: DensityLoss | NegativeLogLikelihood
    predicted: tuple[Parameter, ...]
    given: tuple[str, ...]
    links: Mapping[str, str]
    names: tuple[str, ...]

    @classmethod
    def of(cls, source: DensityLoss | NegativeLogLikelihood) -> Heads:
        """The heads of a loss or a negative log-likelihood."""
        family = source.family
        if isinstance(source, DensityLoss):
            by_row, predicted = source._by_row, [source.parameter]
            given: list[str] = []
            links = {} if source.link is None else {source.of: source.link}
        else:
            by_row, links = source.by_row, source.links
            rest = [family.parameter(name) for name in source.heads]
            predicted = [p for p in rest if not p.known_only and p.name not in source.known]
            given = [p.name for p in rest if p.known_only]
        if by_row:
            name = next(iter(by_row))
            raise OptionError(
                f"{name} of {family.title} has a value for each row, which does not follow the rows of a batch: "
                f"give one number" + (f", or pass {name}= with each batch" if family.parameter(name).known_only else "")
            )
        if edge := next((p for p in predicted if p.edge), None):
            raise OptionError(
                f"{edge.name} of {family.title} is an end of the support: the likelihood jumps to 0 beyond it and has "
                f"no gradient to train with; give it a value, lk.{family.title}({edge.name}=...)"
            )
        if not predicted:
            raise OptionError(f"every parameter of {family!r} is known: there is nothing for a network to predict")
        return cls(source, tuple(predicted), tuple(given), links, tuple(p.name for p in predicted))

    @property
    def family(self) -> Family:
        return self.source.family

    # -- outputs -------------------------------------------------------------------------------------------

    def split(self, output: Any, target: Any) -> dict[str, Any]:
        """The predictions by parameter: in the target's shape, with a last axis for the entries of a vector."""
        if isinstance(output, Mapping):
            parts = self._by_name(output)
        elif isinstance(output, (tuple, list)):
            if len(output) != len(self.predicted):
                raise DataError(
                    f"{self.family.title} needs {len(self.predicted)} heads, {listed(self.names)}; the output is "
                    f"a tuple of {len(output)}"
                )
            parts = list(output)
        elif len(self.predicted) == 1:
            parts = [output]
        else:
            return self._along_last_axis(output, target)
        return {p.name: self._one(p, part, target) for p, part in zip(self.predicted, parts, strict=True)}

    def _by_name(self, output: Mapping[str, Any]) -> list[Any]:
        for name in output:
            if not is_one_of(name, self.names):
                raise unknown("head", name, self.names, f" of {self.family.title}")
        if missing := [name for name in self.names if name not in output]:
            raise OptionError(
                f"the output lacks the head{'s' * (len(missing) > 1)} {listed(missing)} of {self.family.title}"
            )
        return [output[name] for name in self.names]

    def _one(self, p: Parameter, part: Any, target: Any) -> Any:
        """One head: in the shape of the target or with a last axis of its own."""
        _require_floats(part, p.name)
        if p.vector:
            self._require_leading(part, target, self._width(p) or "its entries")
            if (width := self._width(p)) is not None and part.shape[-1] != width:
                raise DataError(f"{p.name} of {self.family.title} has {width} entries, the output {part.shape[-1]}")
            return part
        if part.shape == target.shape:
            return part
        if part.ndim == target.ndim + 1 and part.shape[-1] == 1 and part.shape[:-1] == target.shape:
            return part[..., 0]
        if part.ndim == 0:
            return part.expand(target.shape) if hasattr(part, "expand") else part  # JAX broadcasts it
        check_shapes(target, part, "output", self.family.title)
        raise DataError(
            f"the output of {self.family.title}'s {p.name} has the shape {tuple(part.shape)}, the target "
            f"{tuple(target.shape)}: they must be the same"
        )

    def _along_last_axis(self, output: Any, target: Any) -> dict[str, Any]:
        _require_floats(output, "the output")
        widths = [self._width(p) if p.vector else 1 for p in self.predicted]
        open_ = [k for k, width in enumerate(widths) if width is None]
        have = output.shape[-1] if output.ndim else 0
        fixed = sum(width or 0 for width in widths)
        if len(open_) == 1 and have > fixed:
            widths[open_[0]] = have - fixed
            fixed = have
        self._require_leading(output, target, fixed)
        if have != fixed or None in widths:
            wanted = ", ".join(
                f"{p.name} ({w})" if w != 1 else p.name for p, w in zip(self.predicted, widths, strict=True)
            )
            raise DataError(
                f"{self.family.title} needs {fixed} outputs along the last axis, {wanted}; this output has {have}"
            )
        out: dict[str, Any] = {}
        at = 0
        for p, width in zip(self.predicted, widths, strict=True):
            assert width is not None
            out[p.name] = output[..., at : at + width] if p.vector else output[..., at]
            at += width
        return out

    def _require_leading(self, output: Any, target: Any, width: Any) -> None:
        if output.shape[:-1] != target.shape or output.ndim != target.ndim + 1:
            second = (*tuple(target.shape[:1]), width, *tuple(target.shape[1:]))
            hint = "; PyTorch's own losses have them second: pass output.movedim(1, -1)"
            wanted = ", ".join(map(str, (*tuple(target.shape), width)))
            raise DataError(
                f"{self.family.title} predicts {listed(self.names)} along the last axis, so the output's shape is the "
                f"target's with {width} more: expected ({wanted}), found {tuple(output.shape)}"
                + (hint if target.ndim > 1 and self._alike(tuple(output.shape), second) else "")
            )

    @staticmethod
    def _alike(shape: tuple[int, ...], wanted: tuple[Any, ...]) -> bool:
        """Whether shapes are the same, where those that are not known yet may be anything."""
        return len(shape) == len(wanted) and all(
            a == b or not isinstance(b, int) for a, b in zip(shape, wanted, strict=True)
        )

    def _width(self, p: Parameter) -> int | None:
        levels = getattr(self.family, "levels", None)
        if levels is None:
            return None
        return len(levels) if p.domain is Simplex else len(levels) - 1

    def known(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters that come along with a batch."""
        for name in given:
            if not is_one_of(name, self.given):
                raise unknown("option", name, [*self.given, "weights", "mask"], f" of the loss of {self.family.title}")
        if missing := [name for name in self.given if name not in given]:
            raise OptionError(
                f"{self.family.title} is given its {listed(missing)}: "
                f"criterion(output, target, {', '.join(f'{name}=...' for name in missing)}), or one number for all, "
                f"lk.{self.family.title}({missing[0]}=10)"
            )
        return dict(given)

    # -- rows ----------------------------------------------------------------------------------------------

    def rows(self, xp: Any, y: Any, columns: Mapping[str, Any]) -> Any:
        """The loss of every observation."""
        columns = {n: _entries(c) if self.family.parameter(n).vector else c for n, c in columns.items()}
        if isinstance(self.source, DensityLoss):
            return self.source.rows(xp, y, columns[self.source.of])
        return self.source.rows(xp, y, columns)

    def masked(self, xp: Any, y: Any, columns: Mapping[str, Any], mask: Any) -> tuple[Any, dict[str, Any]]:
        """Harmless values where the mask is false, so that nothing leaks from there into value or gradient.

        `xp` is the module ``torch`` or ``jax.numpy``.
        """
        top = xp.amax(xp.where(mask, y, -np.inf))  # a target that counts is one that can be
        y = xp.where(mask, y, xp.where(xp.isfinite(top), top, 0.0))
        out: dict[str, Any] = {}
        for name, column in columns.items():
            p = self.family.parameter(name)
            if p.vector:
                size = column.shape[-1]
                calm = [1.0 / size] * size if p.domain is Simplex else range(size)
                parts = [xp.where(mask, column[..., k], float(v)) for k, v in enumerate(calm)]
                out[name] = xp.stack(parts, -1)
            elif getattr(column, "ndim", 0):
                middle = top if p.known_only else 0.0 if name in self.links else 0.5 * sum(p.typical_range)
                out[name] = xp.where(mask, column, middle)
            else:
                out[name] = column
        return y, out

    # -- what cannot be ------------------------------------------------------------------------------------

    def check(self, y: Any, columns: Mapping[str, Any]) -> None:
        """Raise for targets and predictions that cannot be; NumPy arrays. A loss that is truly infinite passes."""
        family = self.family
        check_target(family, y, {**self.source.known, **{name: columns[name] for name in self.given}})
        for name, column in columns.items():
            p = family.parameter(name)
            check_values(family, p, column, self.links.get(name))
            if p.vector and len(rows := np.flatnonzero(np.ravel(y) > self.last(p, column))):
                raise SupportError(
                    f"the output's {name} of {family.title} is for the codes 0 to {self.last(p, column)}, but the "
                    f"target holds others: {first_rows(rows, np.ravel(y)[rows])}"
                )

    @staticmethod
    def last(p: Parameter, column: Any) -> int:
        """The code of the last label that a vector's entries are for."""
        return int(column.shape[-1]) - (p.domain is Simplex)


def _entries(vector: Any) -> list[Any]:
    return [vector[..., k] for k in range(vector.shape[-1])]


def _require_floats(output: Any, name: str) -> None:
    if not hasattr(output, "dtype"):
        raise DataError(f"{name} must be an array or tensor, found {type(output).__name__}")
    if "float" not in str(output.dtype):
        raise DataError(f"{name} must be floating-point numbers, found {output.dtype}")
