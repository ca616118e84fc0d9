"""Nothing leaves the machine: no library reports what callmood does, or keeps an id in the user's home."""

import subprocess
import sys
from pathlib import Path

from tests.command import callmood, environment
from tests.spoken import DEMO


def files_in(home: Path) -> list[str]:
    return sorted(str(path.relative_to(home)) for path in home.rglob("*"))


def test_a_session_leaves_nothing_in_the_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    env = {"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache"), "XDG_DATA_HOME": str(home / ".data")}
    done = callmood("replay", DEMO, "--duration", "6", "--json", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    assert files_in(home) == []


def test_whoever_imports_a_part_of_callmood_has_it_told_to_the_library() -> None:
    asked = "import emotion.card, os; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    surroundings = environment()
    surroundings.pop("ORT_DISABLE_TELEMETRY", None)
    done = subprocess.run(
        [sys.executable, "-c", asked], env=surroundings, capture_output=True, text=True, check=True
    )
    assert done.stdout == "1\n"
