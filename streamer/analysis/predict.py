"""Predict a recording as a session would have heard it, without thread, clock or queue."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from emotion.arrays import Samples, read_only
from emotion.audio_io import rate_note
from emotion.model import EmotionModel
from emotion.signal import (
    SILENCE_DBFS,
    Moments,
    level_dbfs,
    level_of_moments,
    mix_down,
    mixing_note,
    moments_of,
    resample,
)
from emotion.window_grid import WindowGrid
from streamer.analysis.classifier import Classifier, ClassifierOptions
from streamer.analysis.gate import ClippingMeter, Gate, NoiseFloor, PieceCutter, gate_kind
from streamer.analysis.windows import GatedWindow, WindowAnalyser, WindowOptions
from streamer.events import STATES, AudioBlock, State

if TYPE_CHECKING:
    from emotion.arrays import Probabilities


class Recording(Protocol):
    """What can be predicted: an `emotion.audio_io.AudioFile`, or samples in memory."""

    @property
    def sample_rate(self) -> int:
        """Hz."""
        ...

    @property
    def channels(self) -> int:
        """How many, at least 1."""
        ...

    @property
    def num_samples(self) -> int:
        """Samples a channel, at least 1."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """One line for each thing converted or missing, as far as the sound has been read."""
        ...

    def blocks(self, block_samples: int) -> Iterator[Samples]:
        """Read the sound from its beginning, a block at a time.

        Parameters
        ----------
        block_samples : int
            Samples in each block but the last, at least 1.

        Yields
        ------
        ndarray, shape (n, channels), float32
            Finite; a block belongs to its receiver.
        """
        ...


def recording_as_one_window(
    model: EmotionModel, samples: Samples, sample_rate: int, grid: WindowGrid | None
) -> GatedWindow:
    """Hear a recording that has no window of its own.

    Parameters
    ----------
    model : EmotionModel
        Heard with.
    samples : ndarray, shape (n, channels), float32
        All of it, n >= 1, finite; with a grid, shorter than win.
    sample_rate : int
        Hz.
    grid : WindowGrid or None
        That of the windows, at the model's rate; None for a model of whole clips.

    Returns
    -------
    Heard
        Its vector is that of the recording itself, of whatever length. A model of whole clips has no gate: to
        it all is speech that is not under -60 dBFS.
    """
    card = model.card
    sound = resample(mix_down(samples), sample_rate, card.sample_rate)
    level = level_dbfs(sound)
    state: State
    if grid is not None:
        kind = gate_kind(card.gate)
        state = _state_of_short(Gate(kind, grid), grid, sound, _share_at_full_scale(samples))
    else:
        state = "silence" if level < SILENCE_DBFS else "speech"
    return GatedWindow(
        start=0.0,
        end=len(samples) / sample_rate,
        start_sample=0,
        end_sample=len(samples),
        state=state,
        level_dbfs=level,
        vector=model.feature_set.clip_vector(sound) if state == "speech" else None,
        arrived=0.0,
    )


def _state_of_short(gate: Gate, grid: WindowGrid, sound: Samples, clipped_share: float) -> State:
    """Let a gate hear a short sound that is followed by silence until win is full.

    Its level and its share at full scale stay its own: silence after it must not thin them out.
    """
    window = np.pad(sound, (0, grid.win - len(sound)))
    floor = NoiseFloor(grid.sample_rate)
    floor.push(window)
    for piece in PieceCutter(grid.first_piece, grid.step).push(window):
        gate.push(piece)
    return gate.state(level_dbfs(sound), floor.dbfs, clipped_share)


def _share_at_full_scale(samples: Samples) -> float:
    meter = ClippingMeter()
    meter.push(samples, 0)
    return meter.share(0, len(samples))


_BLOCK_SAMPLES: Final = 16_384
"""Read at once; whatever it is, the windows are the same."""


class RecordingWindows:
    """The windows of a recording, to be iterated over once.

    Parameters
    ----------
    model : EmotionModel
        Heard with, by its own gate.
    audio : Recording
        Read a block at a time.

    Attributes
    ----------
    num_windows : int
        Windows of the card's grid that lie wholly inside. Where it is 0 all sound is heard as one window.
    grid : WindowGrid or None
        The card's; None for a model of whole clips.
    """

    def __init__(self, model: EmotionModel, audio: Recording) -> None:
        self._model = model
        self._audio = audio
        self._moments: list[Moments] = []
        rate = model.card.sample_rate
        self.grid = None if model.card.whole_clips else model.card.grid()
        num_samples = audio.num_samples * rate // audio.sample_rate
        self.num_windows = 0 if self.grid is None else self.grid.num_windows(num_samples)

    @property
    def seconds(self) -> float:
        """Length of the recording, s."""
        return self._audio.num_samples / self._audio.sample_rate

    @property
    def step_seconds(self) -> float:
        """From one window to the next, s; the whole recording where there is no grid."""
        return self.seconds if self.grid is None else self.grid.step / self.grid.sample_rate

    @property
    def level_dbfs(self) -> float:
        """RMS without its DC of all that was read so far, mixed down, dB below full scale; at least -120."""
        return level_of_moments(self._moments)

    def __iter__(self) -> Iterator[GatedWindow]:
        """Read and hear.

        Yields
        ------
        Heard
            The windows in order, bit for bit those of a replay.

        Raises
        ------
        AudioFileError
            If the file changed or went away since it was opened.
        """
        if self.grid is not None and self.num_windows:
            yield from self._windows(self.grid)
        else:
            samples = np.concatenate(list(self._blocks()))
            yield recording_as_one_window(self._model, samples, self._audio.sample_rate, self.grid)

    def _windows(self, grid: WindowGrid) -> Iterator[GatedWindow]:
        card, features = self._model.card, self._model.feature_set
        options = WindowOptions(gate_kind(card.gate))
        analyser = WindowAnalyser("recording", features, grid, self._audio.sample_rate, options)
        first_sample = 0
        for samples in self._blocks():
            block = AudioBlock(read_only(samples), first_sample, arrived=0.0)
            yield from (each for each in analyser.push(block) if isinstance(each, GatedWindow))
            first_sample = block.end_sample
        yield from (each for each in analyser.finish() if isinstance(each, GatedWindow))

    def _blocks(self) -> Iterator[Samples]:
        for samples in self._audio.blocks(_BLOCK_SAMPLES):
            self._moments.append(moments_of(mix_down(samples)))
            yield samples


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
    model: EmotionModel, audio: Recording, judging: ClassifierOptions | None = None
) -> RecordingPrediction:
    """Predict a recording as a session would have heard it.

    Parameters
    ----------
    model : EmotionModel
        Of windows, or of whole clips.
    audio : Recording
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
    judging = judging or ClassifierOptions(baseline=False)
    heard = RecordingWindows(model, audio)
    classifier = Classifier(model, heard.step_seconds, judging)
    counts: Counter[State] = Counter()
    said: list[Probabilities] = []
    for window in heard:
        found = classifier.classify(window)
        counts[found.state] += 1
        if found.probabilities is not None:
            said.append(found.probabilities)
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


def _notes(model: EmotionModel, audio: Recording, heard: RecordingWindows) -> tuple[str, ...]:
    """Say what is worth a line; after the sound was read, as then all is known of it."""
    resampled = rate_note(audio.sample_rate, model.card.sample_rate)
    notes = (*mixing_note(audio.channels), *audio.notes, *resampled)
    grid = heard.grid
    if grid is None or heard.num_windows:
        return notes
    return (*notes, f"shorter than win ({grid.win / grid.sample_rate:g} s): predicted from what there is")
