"""Generated pages: their head, their tables, and what the command lines of their generators share."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from emotion.errors import CallmoodError

ROOT: Final = Path(__file__).parents[1]
DOCS: Final = ROOT / "docs"
SPEECH: Final = ROOT / "callmood" / "demo" / "speech.flac"
"""The speech that comes with callmood."""


def page(title: str, target: str, *parts: str, date: str = "") -> str:
    """Write a page: title, the make target that wrote it, then the parts with a blank line between."""
    written = f"Written by `make {target}`{f' on {date}' if date else ''}; run it again rather than edit."
    return "\n\n".join(part.strip("\n") for part in (f"# {title}", written, *parts) if part) + "\n"


def today() -> str:
    """Give the date of a page, in UTC."""
    return f"{datetime.now(UTC):%Y-%m-%d}"


def table(head: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Write a Markdown table; cells are written as `str` gives them."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, cells))} |" for cells in lines)


def parser(description: str | None, examples: str = "") -> argparse.ArgumentParser:
    """Open a generator's command line; line breaks of its description and examples stay."""
    return argparse.ArgumentParser(
        description=description, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def add_corpora(options: argparse.ArgumentParser) -> None:
    """Add ``--corpora``, the folder of speech corpora."""
    default = Path(os.environ.get("CALLMOOD_CORPORA", ROOT.parent / "shared" / "corpora"))
    options.add_argument(
        "--corpora", type=Path, default=default, metavar="DIR",
        help="folder of speech corpora (default: $CALLMOOD_CORPORA, else %(default)s)",
    )  # fmt: skip


def exit_code(name: str, work: Callable[[], int | None]) -> int:
    """Run a generator; an error becomes one line on standard error and its exit code."""
    try:
        return work() or 0
    except subprocess.CalledProcessError as error:  # that command has said why
        return int(error.returncode)
    except CallmoodError as error:
        sys.stderr.write(f"{name}: {error}\n")
        return error.exit_code
