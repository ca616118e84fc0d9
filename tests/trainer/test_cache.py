"""The cache: what was stored comes back, whatever is damaged is a miss, and keys know every fact."""

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from emotion.errors import OutputError
from emotion.features.catalogue import feature_set
from tests.spoiling import fuzzed, spoiled
from trainer.cache import Cache, cache_key, feature_set_facts, file_digest, library_versions, network_digest

KEY = cache_key(it="is this")
ARRAYS: dict[str, Any] = {
    "vectors": np.arange(12, dtype=np.float32).reshape(4, 3),
    "words": np.array(["anna", "otto ä"]),
    "clips.start": np.zeros(0, dtype=np.int64),
    "seconds": 0.5,
}


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def assert_equal(found: dict[str, NDArray[Any]] | None, arrays: dict[str, Any] = ARRAYS) -> None:
    assert found is not None
    assert found.keys() == arrays.keys()
    for name, values in arrays.items():
        np.testing.assert_array_equal(found[name], values)
        assert found[name].dtype == np.asarray(values).dtype


def test_an_entry_comes_back_as_it_was_stored(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    assert cache.load(KEY) is None
    cache.store(KEY, ARRAYS)
    assert_equal(cache.load(KEY))
    cache.store(KEY, {"vectors": ARRAYS["vectors"] + 1})
    assert_equal(cache.load(KEY), {"vectors": ARRAYS["vectors"] + 1})
    assert Cache(tmp_path / "cache").load(cache_key(it="is another")) is None
    assert len(files(tmp_path)) == 1


def test_a_large_array_is_mapped_and_cannot_be_written(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.store(KEY, ARRAYS, mapped="vectors")
    found = cache.load(KEY, mapped="vectors")
    assert_equal(found)
    assert found is not None
    assert isinstance(found["vectors"], np.memmap)
    assert not found["vectors"].flags.writeable
    # Whoever maps it keeps what was there.
    cache.store(KEY, ARRAYS | {"vectors": ARRAYS["vectors"] + 1}, mapped="vectors")
    assert_equal(found)


def test_kinds_lie_apart_in_the_folder_that_the_variable_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLMOOD_CACHE", str(tmp_path / "named"))
    Cache.of_kind("one").store(KEY, ARRAYS)
    assert Cache.of_kind("other").load(KEY) is None
    assert files(tmp_path) == [f"named/one/{KEY[:2]}/{KEY}.npz"]
    monkeypatch.delenv("CALLMOOD_CACHE")
    monkeypatch.chdir(tmp_path)
    Cache.of_kind("one").store(KEY, ARRAYS)
    assert (tmp_path / ".callmood-cache" / "one").is_dir()


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cache, list[bytes]]:
    """Give a cache with an entry, and the two files of it."""
    cache = Cache(tmp_path_factory.mktemp("stored"))
    cache.store(KEY, ARRAYS, mapped="vectors")
    return cache, [next(cache.folder.rglob(f"*.{suffix}")).read_bytes() for suffix in ("npy", "npz")]


# numpy takes some headers for those of Python 2.
@pytest.mark.filterwarnings("ignore:Reading .npy. or .npz. file required:UserWarning")
@fuzzed(150)
@given(data=st.data(), suffix=st.sampled_from(("npy", "npz")))
def test_a_damaged_entry_is_a_miss_and_can_be_stored_again(
    stored: tuple[Cache, list[bytes]], data: st.DataObject, suffix: str
) -> None:
    cache, good = stored
    (path,) = cache.folder.rglob(f"*.{suffix}")
    path.write_bytes(data.draw(spoiled(good)))
    found = cache.load(KEY, mapped="vectors")
    assert found is None or all(isinstance(values, np.ndarray) for values in found.values())
    del found
    cache.store(KEY, ARRAYS, mapped="vectors")
    assert_equal(cache.load(KEY, mapped="vectors"))


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_half_an_entry_is_a_miss(tmp_path: Path, suffix: str) -> None:
    cache = Cache(tmp_path)
    cache.store(KEY, ARRAYS, mapped="vectors")
    (path,) = tmp_path.rglob(f"*.{suffix}")
    path.write_bytes(path.read_bytes()[:-5])
    assert cache.load(KEY, mapped="vectors") is None
    path.unlink()
    assert cache.load(KEY, mapped="vectors") is None


def test_nothing_is_pickled_or_unpickled(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.store(KEY, ARRAYS)
    (path,) = tmp_path.rglob("*.npz")
    np.savez(path, vectors=np.array([Path("object")], dtype=object))
    assert cache.load(KEY) is None
    with pytest.raises(ValueError, match="Object arrays"):
        cache.store(KEY, {"vectors": np.array([Path("object")], dtype=object)})


def test_an_entry_that_cannot_be_written_whole_leaves_the_old_one(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.store(KEY, ARRAYS)
    with pytest.raises(ValueError, match="Object arrays"):
        cache.store(KEY, {"new": np.ones(1000), "last": np.array([object()])})
    assert_equal(cache.load(KEY))
    assert files(tmp_path) == [f"{KEY[:2]}/{KEY}.npz"]


def test_an_entry_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        Cache(tmp_path / "cache").store(KEY, ARRAYS, mapped="vectors")
    finally:
        os.umask(before)
    paths = [tmp_path / "cache", *(tmp_path / "cache").rglob("*")]
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_dir()} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_file()} == {0o600}
    assert len(paths) == 4


def test_a_folder_that_cannot_be_written_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError) as told:
        Cache(tmp_path / "file" / "features").store(KEY, ARRAYS)
    assert str(told.value).startswith(f"cannot keep computed values in {tmp_path}/file/features: File exists")
    assert told.value.to_do == "name another folder in CALLMOOD_CACHE"
    assert Cache(tmp_path / "file" / "features").load(KEY) is None


FACTS: dict[str, Any] = {
    "version": 1,
    "grid": [16_000, 2.0],
    "set": {"name": "a", "gate": None},
    "live": False,
}


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"version": "1"},
        {"version": 1.0},
        {"version": True},
        {"grid": [2.0, 16_000]},
        {"grid": [16_000, 2.0, 0]},
        {"set": {"name": "b", "gate": None}},
        {"set": {"name": "a", "gate": 0}},
        {"set": {"name": "a"}},
        {"live": None},
        {"one": "more"},
    ],
)
def test_each_fact_changes_the_key(change: dict[str, Any]) -> None:
    assert cache_key(**FACTS | change) != cache_key(**FACTS)


def test_a_key_knows_facts_and_nothing_else() -> None:
    backwards = {"gate": None, "name": "a"}
    assert cache_key(live=False, set=backwards, grid=(16_000, 2.0), version=1) == cache_key(**FACTS)
    # Who changes how keys are made leaves everybody's cache behind.
    assert hashlib.sha256(b'{"it":"is this"}').hexdigest() == KEY
    with pytest.raises(ValueError, match="not JSON compliant"):
        cache_key(grid=float("nan"))


def test_the_version_of_a_feature_set_and_its_networks_are_facts() -> None:
    facts = feature_set_facts("speech")
    assert facts["version"] == feature_set("speech").version
    models = Path(__file__).parents[2] / "models"
    assert facts["encoders"] == [
        hashlib.sha256((models / name / "encoder.onnx").read_bytes()).hexdigest()
        for name in ("encoder", "turn-encoder")
    ]
    assert cache_key(**facts) != cache_key(**feature_set_facts("acoustic"))


def test_a_network_without_a_card_has_no_digest(tmp_path: Path) -> None:
    card = tmp_path / "encoder.json"
    assert network_digest(card) is None
    card.write_text('{"file": "encoder.onnx", "sha256": "0f"}')
    assert network_digest(card) == "0f"
    card.write_text("{")
    assert network_digest(card) is None


def test_a_library_that_is_not_there_has_no_version() -> None:
    assert library_versions("numpy", "no-such-library") == {"numpy": np.__version__, "no-such-library": None}


def test_a_file_is_known_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    path.write_bytes(b"one")
    assert file_digest(path) == file_digest(path) == hashlib.sha256(b"one").hexdigest()
    path.write_bytes(b"another")
    assert file_digest(path) == hashlib.sha256(b"another").hexdigest()
    path.unlink()
    with pytest.raises(FileNotFoundError):
        file_digest(path)
