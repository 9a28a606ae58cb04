"""Charts of Altair that are saved as every file of likely is: whole or not at all, with errors in words."""

from __future__ import annotations

import io
from typing import Any, TypeAlias, final

import altair as alt

from likely.data.writing import destination, write_bytes
from likely.errors import OptionError

TEXT = ("json", "html")
KINDS = ("png", "svg", "pdf", *TEXT)


class _Saved:
    """What a chart's own `save` is replaced by."""

    def save(self, fp: Any, format: str | None = None, **options: Any) -> None:
        """Write the chart to a file.

        Parameters
        ----------
        fp : path or file
            A name that ends in ``.png``, ``.svg``, ``.pdf``, ``.html`` or ``.json``, or an open file. A file that is
            there is replaced once the new one is whole.
        format : {"png", "svg", "pdf", "html", "json"}, optional
            By default what the name ends in.
        **options
            As Altair's charts take them: ``scale_factor``, ``ppi``, ``inline`` ...

        Raises
        ------
        OptionError
            If the name does not end in one of these, or the options cannot be used.
        WriteError
            If the file cannot be written.
        """
        if hasattr(fp, "write"):
            if format not in KINDS:
                raise OptionError(f"for an open file say which format: one of {', '.join(KINDS)}; found {format!r}")
            fp.write(self._drawn(format, options))
            return
        target = destination(fp, "a chart", [f".{kind}" for kind in ((format,) if format in KINDS else KINDS)])
        chosen = target.suffix.lower()[1:] if format is None else format
        if chosen not in KINDS:
            raise OptionError(
                f"a chart is written as one of {', '.join(KINDS)}: end the name in one, as in 'chart.png'"
            )
        content = self._drawn(chosen, options)
        write_bytes(target, content.encode() if isinstance(content, str) else content)

    def _drawn(self, format: str, options: dict[str, Any]) -> Any:
        """The content of the file: text or bytes."""
        whole = io.StringIO() if format in (*TEXT, "svg") else io.BytesIO()
        try:
            super().save(whole, format=format, **options)  # type: ignore[misc]
        except (TypeError, ValueError) as error:
            raise OptionError(f"the chart cannot be saved as {format} with {options!r}: {error}") from error
        return whole.getvalue()


@final
class Chart(_Saved, alt.Chart):  # type: ignore[misc]
    """One layer."""


@final
class LayerChart(_Saved, alt.LayerChart):  # type: ignore[misc]
    """Layers on each other."""


@final
class VConcatChart(_Saved, alt.VConcatChart):  # type: ignore[misc]
    """Charts below each other."""


@final
class HConcatChart(_Saved, alt.HConcatChart):  # type: ignore[misc]
    """Charts beside each other."""


AnyChart: TypeAlias = Chart | LayerChart | HConcatChart | VConcatChart
_OURS = {ours.__mro__[2]: ours for ours in (Chart, LayerChart, HConcatChart, VConcatChart)}


def saved_whole(chart: Any) -> AnyChart:
    """The same chart, still one of Altair's kinds, with the `save` above.

    Parameters
    ----------
    chart : altair.Chart, LayerChart, HConcatChart or VConcatChart
    """
    made = chart.copy(deep=False)
    object.__setattr__(made, "__class__", _OURS[type(chart)])  # Altair takes any other way for a part of the chart
    return made
