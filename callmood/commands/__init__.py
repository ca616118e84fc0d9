"""One module a subcommand; each imports its wing only when it runs. Here: what several of them print."""

from collections.abc import Sequence


def table(rows: Sequence[Sequence[str]]) -> str:
    """Align columns, with two blanks between them and a line break at the end."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
    return "".join(f"{line}\n" for line in lines)
