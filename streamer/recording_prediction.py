"""One answer for a recording: what a replay would have said of its windows, put together."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from emotion.audio_file import AudioFile
from emotion.file_notes import rate_note
from emotion.mixing import mixing_note
from emotion.model import EmotionModel
from streamer.heard_recording import HeardRecording
from streamer.judge import Judge
from streamer.judge_options import JudgeOptions
from streamer.row import STATES, State

if TYPE_CHECKING:
    from emotion.arrays import Probabilities


@dataclass(frozen=True, slots=True)
class RecordingPrediction:
    """The answer for one recording.

    Attributes
    ----------
    state : {'speech', 'silence', 'noise', 'clipped', 'unsure'}
        Without speech, what most windows hold; `unsure` where the model would not decide about the mean.
    emotion : str or None
        The likeliest label; None unless the state is `speech`.
    probabilities : mapping of label to float, or None
        In the model's order: the mean over the windows of speech, sure or not. None without speech.
    states : mapping of state to int
        Windows of the card's grid by what a replay says of them, in the order of ``STATES``; all 0 where the
        recording was taken as a whole.
    level_dbfs : float
        Of the whole recording without its DC, dB below full scale.
    seconds : float
        Its length, s.
    shorter_than_win : bool
        True where it is shorter than the model's win and was predicted from what there is.
    notes : tuple of str
        One line for each thing mixed down, converted, resampled, missing or short.
    """

    state: State
    emotion: str | None
    probabilities: Mapping[str, float] | None
    states: Mapping[State, int]
    level_dbfs: float
    seconds: float
    shorter_than_win: bool
    notes: tuple[str, ...]

    @property
    def num_windows(self) -> int:
        """Windows of the card's grid inside the recording."""
        return sum(self.states.values())

    @property
    def num_speech_windows(self) -> int:
        """Those with speech, sure or not."""
        return self.states["speech"] + self.states["unsure"]


def predict_recording(
    model: EmotionModel, audio: AudioFile, judging: JudgeOptions | None = None
) -> RecordingPrediction:
    """Predict a recording as a session would have heard it.

    Parameters
    ----------
    model : EmotionModel
        Of windows, or of whole clips.
    audio : AudioFile
        At any sample rate, of any length.
    judging : JudgeOptions, optional
        Unless given, nothing is learned of the voice: each recording is a stranger's, and often too short.

    Returns
    -------
    RecordingPrediction
        Without an emotion where no speech was heard, or the model is unsure.

    Raises
    ------
    AudioFileError
        If the file changed or went away since it was opened.
    """
    judging = judging or JudgeOptions(baseline=False)
    heard = HeardRecording(model, audio)
    judge = Judge(model, heard.step_seconds, judging)
    counts: Counter[State] = Counter()
    said: list[Probabilities] = []
    for window in heard:
        judgement = judge.judge(window)
        counts[judgement.state] += 1
        if judgement.probabilities is not None:
            said.append(judgement.probabilities)
    emotion = probabilities = None
    if said:
        mean = np.mean(said, axis=0)
        probabilities = dict(zip(model.card.labels, mean.tolist(), strict=True))
        state: State = "unsure" if model.is_unsure(mean) and not judging.never_unsure else "speech"
        emotion = model.card.labels[int(mean.argmax())] if state == "speech" else None
    else:
        # Of two states with as many windows the one that says more of the sound.
        state = max(reversed(STATES), key=counts.__getitem__)
    return RecordingPrediction(
        state=state,
        emotion=emotion,
        probabilities=probabilities,
        states={each: counts[each] if heard.num_windows else 0 for each in STATES},
        level_dbfs=heard.level_dbfs,
        seconds=heard.seconds,
        shorter_than_win=heard.grid is not None and not heard.num_windows,
        notes=_notes(model, audio, heard),
    )


def _notes(model: EmotionModel, audio: AudioFile, heard: HeardRecording) -> tuple[str, ...]:
    """Say what is worth a line; after the sound was read, as then all is known of it."""
    resampled = rate_note(audio.sample_rate, model.card.sample_rate)
    notes = (*mixing_note(audio.channels), *audio.notes, *resampled)
    grid = heard.grid
    if grid is None or heard.num_windows:
        return notes
    return (*notes, f"shorter than win ({grid.win / grid.sample_rate:g} s): predicted from what there is")
