"""Tables of results, as Markdown to read and as CSV to compute with."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bigan.runtime import files

Cell = str | int | float


@dataclass(frozen=True)
class Table:
    """Rows under named columns.

    Args:
        columns: their names.
        rows: cells, as many in each row as there are columns. Markdown shows them as `str` does, so numbers that are to
            be rounded come as strings; CSV keeps all digits of numbers.
        caption: a sentence below the Markdown; '' for none.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""

    def markdown(self) -> str:
        """The first column to the left, the others to the right; ends with a line break."""
        lines = ["| " + " | ".join(map(str, cells)) + " |" for cells in (self.columns, *self.rows)]
        lines.insert(1, "| --- |" + " ---: |" * (len(self.columns) - 1))
        return "\n".join([*lines, *(["", self.caption] if self.caption else []), ""])

    def csv(self) -> str:
        """With a line of the columns' names; the caption is left out."""
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows([self.columns, *self.rows])
        return buffer.getvalue()


def rounded(value: float) -> str:
    """A number to read: two decimals, and three of what is below 1."""
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}"


def write(folder: Path, shown: Table, numbers: Table, *further: Table) -> None:
    """Writes table.md, what people read (and further tables below it), and table.csv, one number in each row.

    Raises:
        UserError: if the folder cannot be written.
    """
    files.write_text(folder / "table.md", "\n".join(table.markdown() for table in (shown, *further)))
    files.write_text(folder / "table.csv", numbers.csv())
