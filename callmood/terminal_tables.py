"""Tables of figures on a terminal."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from evaluation.scores.report import NUM_NAMES, Table


def print_tables(tables: Sequence[Table]) -> None:
    """Draw tables as wide as the terminal is.

    Parameters
    ----------
    tables : sequence of Table
        Any number.
    """
    console = Console()
    for table in tables:
        drawn = RichTable(
            box=box.SIMPLE_HEAD, title=Text(table.title), title_justify="left", title_style="bold"
        )
        for place, name in enumerate(table.head):
            drawn.add_column(Text(name), justify="left" if place < NUM_NAMES else "right")
        for row in table.rows:
            drawn.add_row(*map(Text, row))
        console.print(drawn)
