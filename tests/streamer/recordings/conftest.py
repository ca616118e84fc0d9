"""Fixtures for folders of recordings."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A folder of someone whom rights hold back, as they do not hold root back."""
    with tempfile.TemporaryDirectory() as name:
        place, was = Path(name), os.geteuid()
        if not was:
            os.chown(place, 65_534, 65_534)
            os.seteuid(65_534)
        try:
            yield place
        finally:
            os.seteuid(was)
            for folder in place.rglob("*/"):
                folder.chmod(0o755)
