"""Sounds in which nobody speaks."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotion.errors import DatasetError
from emotion.level import level_dbfs
from evaluation.protocols.non_speech import LEVELS_DBFS, SECONDS, kind_of, recorded_sounds, synthesised_sounds
from trainer.sounds.kinds import KINDS


def test_there_are_some_of_every_kind_and_silence() -> None:
    sounds = synthesised_sounds()
    assert {kind_of(name) for name in sounds} == {*KINDS, "silence"}
    assert all(sound.shape == (round(SECONDS * 16_000),) for sound in sounds.values())
    again = synthesised_sounds()
    assert all(np.array_equal(sounds[name], again[name]) for name in sounds)
    levels = {name: level_dbfs(sound) for name, sound in sounds.items()}
    assert all((level < -70.0) == (kind_of(name) == "silence") for name, level in levels.items())
    loud = {round(level) for name, level in levels.items() if kind_of(name) == "steady noise"}
    assert loud == {round(level) for level in LEVELS_DBFS}


def test_recordings_are_pooled_under_the_name_of_their_folder(tmp_path: Path) -> None:
    folder = tmp_path / "music"
    folder.mkdir()
    for number in range(2):
        soundfile.write(folder / f"{number}.wav", np.zeros((800, 2)), 8_000)
    sounds = recorded_sounds(folder)
    assert [kind_of(name) for name in sounds] == ["music", "music"]
    assert [len(sound) for sound in sounds.values()] == [1_600, 1_600]


def test_a_folder_without_recordings_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"holds no recordings"):
        recorded_sounds(tmp_path)
