"""Results on a terminal: drawn with rich where there is one, plain text where the output goes elsewhere."""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING, Any, final

from likely.grid import Grid
from likely.report.text import Facts, Title

if TYPE_CHECKING:
    from rich.console import Console


@final
class Screen:
    """Where results are printed.

    Parameters
    ----------
    stream : file, optional
        Standard output by default.
    plain : bool, optional
        Plain text; by default wherever the stream is no terminal.
    """

    def __init__(self, stream: IO[str] | None = None, plain: bool | None = None) -> None:
        self.stream = sys.stdout if stream is None else stream
        self.plain = not self.stream.isatty() if plain is None else plain
        self._console: Console | None = None

    @property
    def console(self) -> Console:
        """The rich console, made when it is needed."""
        if self._console is None:
            from rich.console import Console

            self._console = Console(file=self.stream, force_terminal=not self.plain, highlight=False)
        return self._console

    def show(self, *items: Any) -> None:
        """Print summaries, grids and text, one after the other."""
        for item in items:
            if self.plain:
                self.stream.write(f"{item}\n")
                continue
            for i, block in enumerate(item.blocks if hasattr(item, "blocks") else [item]):
                if i:
                    self.console.print()
                self._draw(block)

    def _draw(self, block: Any) -> None:
        from rich.table import Table
        from rich.text import Text

        if isinstance(block, Title):
            self.console.print(Text(block.text, style="bold green" if block.good else "bold red"))
        elif isinstance(block, Facts):
            table = Table.grid(padding=(0, 2))
            table.add_column(style="cyan", no_wrap=True)
            table.add_column()
            for label, text in block.rows:
                table.add_row(Text(label), Text(text))
            self.console.print(table)
        elif isinstance(block, Grid):
            self.console.print(_table(block))
        else:
            self.console.print(Text(str(block)))


def _table(grid: Grid) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(grid.title) if grid.title else None, box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left"
    )
    for j, (name, align) in enumerate(zip(grid.header, grid.align, strict=True)):
        justify: Any = "right" if align == "r" else "left"
        table.add_column(
            Text(name), justify=justify, no_wrap=align == "r", overflow="fold", style="cyan" if not j else ""
        )
    for row in grid.rows:
        table.add_row(*(Text(cell) for cell in row))
    return table
