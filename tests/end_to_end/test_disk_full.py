"""A disk that fills up stops the recording; the monitoring goes on, and the exit code tells."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile

from tests.command import callmood, command, environment, read_journal
from tests.spoken import DEMO

FULL = 7
"""The exit code of OutputError."""

SMALL_BYTES = 256 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with room for eight seconds of speech; only root can mount one."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk takes root")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_BYTES}", "callmood-test", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False, timeout=10).returncode:
        pytest.skip("this container may not mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=10)


def _assert_monitoring_went_on(done: "subprocess.CompletedProcess[str]", folder: Path) -> None:
    assert done.returncode == FULL, done
    assert "Traceback" not in done.stdout + done.stderr
    journal = read_journal(folder / "whole.jsonl")
    assert len(journal.rows) == (soundfile.info(str(DEMO)).frames - 32_000) // 8_000 + 1
    # The sound or the clips, and the journal beside them where that met the full disk, too.
    assert len([line for line in journal.summary["failures"] if "journal.jsonl" not in line]) == 1


@pytest.mark.parametrize("what", [["--record-session"], ["--record", "all"]])
def test_a_full_disk(small_disk: Path, tmp_path: Path, what: list[str]) -> None:
    done = callmood(
        "replay",
        DEMO,
        "--fast",
        *what,
        "--out",
        small_disk,
        "--journal",
        "whole.jsonl",
        cwd=tmp_path,
    )
    _assert_monitoring_went_on(done, tmp_path)
    assert [
        line for line in done.stdout.splitlines() if line.startswith("failed") and "No space left" in line
    ]
    files = list(small_disk.rglob("*.wav"))
    assert files
    if "all" in what:
        failed = next(line for line in done.stdout.splitlines()[::-1] if "/clips/" in line)
        num_windows = len(read_journal(tmp_path / "whole.jsonl").rows)
        assert failed.startswith("failed    cannot write ")
        assert failed.endswith(f"; missing: {num_windows - len(files)} clips")
    for path in files:
        assert soundfile.info(str(path)).frames > 0
    assert [path for path in small_disk.rglob("*") if path.suffix in {".part", ".tmp"}] == []


def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    # ulimit counts in blocks of 512 bytes.
    limited = ["sh", "-c", f'ulimit -f {SMALL_BYTES // 512} && exec "$@"', "sh"]
    replay = command("replay", DEMO, "--fast", "--record-session", "--journal", "whole.jsonl")
    done = subprocess.run(
        [*limited, *replay],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    _assert_monitoring_went_on(done, tmp_path)
    # Where it lasts so long that it is tried again, the sound goes on in another file.
    sounds = list(tmp_path.glob("recordings/*/sound/*.wav"))
    assert all(0 < path.stat().st_size <= SMALL_BYTES for path in sounds)
    frames = [soundfile.info(str(path)).frames for path in sounds]
    assert min(frames) > 0
    assert sum(frames) < soundfile.info(str(DEMO)).frames
