"""What every test may ask for."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, settings

from emotion.features.catalogue import feature_set
from tests.pulse import WHAT_TO_INSTALL, PulseServer, missing_programs, pulse_server

# Hypothesis times each example by the clock; on a busy machine that fails tests which are right.
settings.register_profile("callmood", deadline=None)
settings.load_profile("callmood")
# For `make mutation`: the same few examples each time, and the first that fails will do.
settings.register_profile(
    "mutation",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=15,
    phases=[Phase.explicit, Phase.generate],
)


@pytest.fixture(scope="session", autouse=True)
def no_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The voices and the configuration of whoever runs the tests are neither read nor written."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(home / "config"))
        patch.setenv("XDG_DATA_HOME", str(home / "data"))
        yield


@pytest.fixture(scope="session")
def compiled_librosa() -> None:
    """Tests that call librosa in several processes would break numba's cache on a fresh installation."""
    feature_set("classic-33").clip_vector(np.zeros(1, dtype=np.float32))


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of real emotional speech; without it the test is skipped, and says so."""
    root = Path(os.environ.get("CALLMOOD_CORPORA", Path(__file__).parents[2] / "shared" / "corpora"))
    if not root.is_dir():
        pytest.skip(f"no corpora at {root}; set CALLMOOD_CORPORA to their folder")
    return root


@pytest.fixture(scope="session")
def pulse() -> Iterator[PulseServer]:
    """A private sound server whose microphone hears what a test plays; skipped without it, but not in CI."""
    if missing := missing_programs():
        words = f"no {', '.join(missing)} on this machine; type: {WHAT_TO_INSTALL}"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    with pulse_server() as server:
        yield server
