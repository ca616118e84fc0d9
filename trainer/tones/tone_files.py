"""Write synthetic clips to disk."""

import io
from collections.abc import Callable
from pathlib import Path

import soundfile

from emotion.arrays import Samples
from emotion.errors import OutputError
from emotion.whole_file import replace
from trainer.dataset.emotion_folders import make_emotion_folders
from trainer.dataset.synthetic import SYNTHETIC_MARK
from trainer.tones.synthesis import SAMPLE_RATE, TONE_RECIPES, synthesise


def generate_tones(
    root: Path,
    per_emotion: int,
    seed: int,
    *,
    force: bool = False,
    on_clip: Callable[[], None] = lambda: None,
) -> tuple[int, int]:
    """Write ``root/<emotion>/<emotion>_sample_<i>.wav`` for i in 1..per_emotion.

    A file that is there already with the same sound is left alone. One with another sound stops everything
    before the first file is written, unless `force` is given.

    Parameters
    ----------
    root : Path
        The dataset's folder.
    per_emotion : int
        Clips of each emotion.
    seed : int
        Not negative.
    force : bool
        Replace files of the same name.
    on_clip : callable
        Called after each clip.

    Returns
    -------
    tuple of int
        Clips written, and clips that were there already.

    Raises
    ------
    OutputError
        If a file of the same name holds something else, or cannot be written.
    """
    planned = [(recipe, index, root / recipe.emotion / f"{recipe.emotion}_sample_{index + 1}.wav")
               for recipe in TONE_RECIPES for index in range(per_emotion)]  # fmt: skip
    present = {path for _, _, path in planned if path.exists()}
    if not force:
        for recipe, index, path in planned:
            if path in present and not _holds(path, synthesise(recipe, index, seed)):
                raise OutputError(
                    f"{path} holds another sound than seed {seed} gives; nothing was written: "
                    "name another folder with --out, or replace such files with --force"
                )
        planned = [clip for clip in planned if clip[2] not in present]
    make_emotion_folders(root)
    for recipe, index, path in planned:
        comment = f"{SYNTHETIC_MARK}: {recipe.emotion} {index + 1}, seed {seed}"
        _write_tone(path, synthesise(recipe, index, seed), comment)
        on_clip()
    return len(planned), len(TONE_RECIPES) * per_emotion - len(planned)


def _holds(path: Path, samples: Samples) -> bool:
    # Samples are compared, not bytes: the header names the library's version.
    try:
        there, rate = soundfile.read(path, dtype="int16")
    except (OSError, soundfile.SoundFileError):
        return False
    expected, _ = soundfile.read(io.BytesIO(_encode(samples, "")), dtype="int16")
    return bool(rate == SAMPLE_RATE and there.shape == expected.shape and (there == expected).all())


def _encode(samples: Samples, comment: str) -> bytes:
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", SAMPLE_RATE, 1, "PCM_16", format="WAV") as file:
        if comment:
            file.comment = comment
        file.write(samples)
    return buffer.getvalue()


def _write_tone(path: Path, samples: Samples, comment: str) -> None:
    try:
        replace(path, _encode(samples, comment))
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror or error}; name another folder with --out"
        ) from error
