"""Results on a terminal: drawn with rich where there is one, plain text where the output goes elsewhere."""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING, Any, final

from likely.report.blocks import LabelledRows, Title
from likely.show.text_table import Grid

if TYPE_CHECKING:
    from rich.console import Console

LEAST_TEXT = 16  # characters that a column of text needs where it is folded


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

    @property
    def width(self) -> int:
        """How many characters fit in a line."""
        return 100 if self.plain else self.console.width

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

    def line(self, text: str, style: str = "") -> None:
        """Print a text as it is, in a style of rich's on a terminal."""
        if self.plain:
            self.stream.write(f"{text}\n")
        else:
            from rich.text import Text

            self.console.print(Text(text, style=style))

    def _draw(self, block: Any) -> None:
        from rich.padding import Padding
        from rich.table import Table
        from rich.text import Text

        if isinstance(block, Title):
            self.console.print(Text(block.text, style="bold green" if block.good else "bold red"))
        elif isinstance(block, LabelledRows):
            longest = max(len(label) for label, _ in block.rows)
            if longest > self.console.width // 2:  # no room beside the labels
                for label, text in block.rows:
                    self.console.print(Text(label, style="cyan"))
                    self.console.print(Padding(Text(text), (0, 0, 0, 2)))
                return
            table = Table.grid(padding=(0, 2))
            table.add_column(style="cyan", no_wrap=True)
            table.add_column()
            for label, text in block.rows:
                table.add_row(Text(label), Text(text))
            self.console.print(table)
        elif isinstance(block, Grid):
            self._grid(block)
        else:
            self.console.print(Text(str(block)))

    def _grid(self, grid: Grid) -> None:
        from rich.text import Text

        if grid.title:
            self.console.print(Text(grid.title, style="bold"))
        width = self.console.width
        if self._print_lines(grid):
            return
        texts = [j for j, align in enumerate(grid.align) if j and align == "l" and grid.widths[j] > LEAST_TEXT]
        if texts and width - grid.width + sum(grid.widths[j] for j in texts) >= LEAST_TEXT * len(texts):
            self.console.print(_folded(grid))
            return
        for i, piece in enumerate(grid.pieces(width)):
            if i:
                self.console.print()
            if not self._print_lines(piece):
                self.console.print(_folded(piece))

    def _print_lines(self, grid: Grid) -> bool:
        """Print a grid as lines, if it fits."""
        from rich.text import Text

        lines = grid.lines(self.console.width - grid.width + grid.widths[0])
        names = {row[0] for row in grid.rows}  # a name may be longer than a line
        if any(len(line) > self.console.width and line not in names for line in lines):
            return False
        header, rule, *rows = lines if any(grid.header) else ["", "", *lines]
        if header:
            self.console.print(Text(header, style="bold"))
            dash = "-" if self.console.options.ascii_only else "─"
            self.console.print(Text(dash * min(len(rule), self.console.width), style="dim"))
        for line in rows:
            self.console.print(Text(line))
        return True


def _folded(grid: Grid) -> Any:
    """A grid whose cells of text are folded, for terminals narrower than it."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.HORIZONTALS, show_edge=False, pad_edge=False, padding=(0, 0, 0, 1))
    for j, (name, align) in enumerate(zip(grid.header, grid.align, strict=True)):
        rigid = align == "r" or grid.widths[j] <= LEAST_TEXT
        table.add_column(Text(name), justify="right" if align == "r" else "left", no_wrap=rigid)
    for row in grid.rows:
        table.add_row(*(Text(cell) for cell in row))
    return table
