"""What every test may ask for."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of real emotional speech; without it the test is skipped, and says so."""
    root = Path(os.environ.get("CALLMOOD_CORPORA", Path(__file__).parents[2] / "shared" / "corpora"))
    if not root.is_dir():
        pytest.skip(f"no corpora at {root}; set CALLMOOD_CORPORA to their folder")
    return root
