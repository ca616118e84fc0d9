"""What a wheel holds: the packages, the models, and nothing of anybody's sound."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path, PurePosixPath

import pytest
import soundfile

ROOT = Path(__file__).parents[1]
PACKAGES = {"callmood", "emotion", "streamer", "trainer"}
SOUND = {".wav", ".flac", ".opus", ".ogg", ".mp3"}


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> list[PurePosixPath]:
    """Every file of a wheel built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = folder.glob("callmood-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return [PurePosixPath(name) for name in archive.namelist()]


def test_only_our_packages_are_in_it(wheel_names: list[PurePosixPath]) -> None:
    tops = {name.parts[0] for name in wheel_names if not name.parts[0].endswith(".dist-info")}
    assert tops == PACKAGES


def test_every_module_is_in_it(wheel_names: list[PurePosixPath]) -> None:
    ours = {
        PurePosixPath(path.relative_to(ROOT).as_posix())
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
    }
    assert ours - set(wheel_names) == set()


@pytest.mark.parametrize("file", ["report.html", "report.css", "report.js"])
def test_the_report_page_is_in_it(wheel_names: list[PurePosixPath], file: str) -> None:
    assert PurePosixPath("callmood/reports/page", file) in wheel_names


def test_type_checkers_are_told_that_there_are_types(wheel_names: list[PurePosixPath]) -> None:
    assert {PurePosixPath(package, "py.typed") for package in PACKAGES} <= set(wheel_names)


@pytest.mark.parametrize("model", ["speech", "speech-light", "speech-open", "speech-classic", "synthetic"])
@pytest.mark.parametrize("file", ["model.npz", "card.json", "training.log"])
def test_models_are_whole_and_inside_the_package(
    wheel_names: list[PurePosixPath], model: str, file: str
) -> None:
    assert PurePosixPath("callmood/models", model, file) in wheel_names


@pytest.mark.parametrize("encoder", ["encoder", "turn-encoder"])
@pytest.mark.parametrize("file", ["encoder.onnx", "encoder.json", "LICENSE"])
def test_the_encoders_are_whole_and_inside_the_package(
    wheel_names: list[PurePosixPath], encoder: str, file: str
) -> None:
    assert PurePosixPath("callmood/models", encoder, file) in wheel_names


@pytest.mark.parametrize("file", ["voice_activity.npz", "voice-activity.json", "LICENSE"])
def test_the_network_of_the_gate_is_whole_and_inside_the_package(
    wheel_names: list[PurePosixPath], file: str
) -> None:
    assert PurePosixPath("callmood/models/voice-activity", file) in wheel_names


def test_licences_travel_with_code_and_weights(wheel_names: list[PurePosixPath]) -> None:
    names = [str(name) for name in wheel_names]
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    networks = {licence.parent.name for licence in (ROOT / "models").glob("*/LICENSE")}
    assert networks == {"encoder", "turn-encoder", "voice-activity"}
    for network in networks:
        assert any(name.endswith(f".dist-info/licenses/models/{network}/LICENSE") for name in names), network
    assert "callmood/models/LICENSES.md" in names


def test_the_notices_are_in_it(wheel_names: list[PurePosixPath]) -> None:
    notices = {name.name for name in wheel_names if name.match("callmood/notices/*.toml")}
    assert notices == {"de.toml", "en.toml", "zh.toml"}


def test_the_only_sound_is_the_synthesisers(wheel_names: list[PurePosixPath]) -> None:
    sound = [str(name) for name in wheel_names if name.suffix in SOUND]
    assert sound == ["callmood/demo/speech.flac"]


def test_nothing_that_only_developers_need_is_in_it(wheel_names: list[PurePosixPath]) -> None:
    foreign = {"tests", "docs", "benchmarks", "examples", "scripts", "__pycache__", ".callmood-cache"}
    assert [
        str(name) for name in wheel_names if name.parts[0] in foreign or "__pycache__" in name.parts
    ] == []
    recordings = {("recordings",), ("callmood", "recordings")}
    assert [str(name) for name in wheel_names if {name.parts[:1], name.parts[:2]} & recordings] == []


def test_the_demo_is_small_and_right_shaped() -> None:
    demo = ROOT / "callmood" / "demo" / "speech.flac"
    facts = soundfile.info(str(demo))
    assert (facts.samplerate, facts.channels, facts.subtype) == (16_000, 1, "PCM_16")
    assert 20 <= facts.duration <= 30
    assert demo.stat().st_size < 500_000


def test_the_version_is_said_once_and_twice_alike() -> None:
    import callmood

    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert callmood.__version__ == declared


def test_every_dependency_is_bounded_above_or_a_tool_and_pinned_for_ci() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        wanted += [line for line in extra if not line.startswith("callmood[")]
    pinned = {
        line.partition("==")[0].lower()
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    }
    names = {line.replace("<", ">").partition(">")[0].lower() for line in wanted}
    assert names - pinned == set()
    assert [line for line in project["dependencies"] if "<" not in line or ">=" not in line] == []
