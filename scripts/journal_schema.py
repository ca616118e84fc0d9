"""Write docs/journal.schema.json, the JSON Schema of a line of the journal, from the types that read it."""

import json
from pathlib import Path
from typing import Final

import msgspec

from streamer.sinks.journal import JOURNAL_FORMAT, JournalLine

SCHEMA: Final = Path(__file__).parents[1] / "docs" / "journal.schema.json"


def schema_text() -> str:
    """Give the file's text."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"A line of a callmood journal, format {JOURNAL_FORMAT}",
        "description": "docs/journal.md explains the keys. Later versions may add keys and types of lines.",
        **msgspec.json.schema(JournalLine),
    }
    return json.dumps(schema, indent=2) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(schema_text(), encoding="utf-8")
