"""Predict a recording as a session would, without thread, clock or queue."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from emotion.arrays import Probabilities, Samples, read_only
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
from streamer.analysis.gate import ClippingMeter, Gate, GateKind, NoiseFloor, PieceCutter, gate_kind
from streamer.analysis.leg import Classifier, ClassifierOptions
from streamer.analysis.windows import GatedWindow, WindowAnalyser, WindowOptions
from streamer.events import STATES, AudioBlock, Gap, State


class Recording(Protocol):
    """What can be predicted: an `emotion.audio_io.AudioFile`, or samples in memory."""

    @property
    def sample_rate(self) -> int:
        """Hz."""

    @property
    def channels(self) -> int:
        """How many, at least 1."""

    @property
    def num_samples(self) -> int:
        """Samples a channel, at least 1."""

    @property
    def notes(self) -> tuple[str, ...]:
        """One line for each thing converted or missing, as far as the sound has been read."""

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


def recording_as_one_window(
    model: EmotionModel, samples: Samples, sample_rate: int, grid: WindowGrid | None
) -> GatedWindow:
    """Analyse a recording that has no window of its own.

    Parameters
    ----------
    model : EmotionModel
        Gives rate, gate and features.
    samples : ndarray, shape (n, channels), float32
        All of it, n >= 1, finite; with a grid, shorter than win.
    sample_rate : int
        Hz.
    grid : WindowGrid or None
        That of the windows, at the model's rate; None for a model of whole clips.

    Returns
    -------
    GatedWindow
        Its vector is that of the recording itself, of whatever length. A model of whole clips has no gate: to
        it all is speech that is not under -60 dBFS.
    """
    card = model.card
    sound = resample(mix_down(samples), sample_rate, card.sample_rate)
    level = level_dbfs(sound)
    state: State = "silence" if level < SILENCE_DBFS else "speech"
    if grid is not None:
        # Level and share at full scale are of the sound alone: the silence after it must not thin them out.
        clipping = ClippingMeter()
        clipping.push(samples, 0)
        state = _state_of_short(gate_kind(card.gate), grid, sound, clipping.share(0, len(samples)))
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


def _state_of_short(kind: GateKind, grid: WindowGrid, sound: Samples, clipped_share: float) -> State:
    """Give the state of a short sound that is followed by silence until win is full."""
    window = np.pad(sound, (0, grid.win - len(sound)))
    gate, floor = Gate(kind, grid), NoiseFloor(grid.sample_rate)
    floor.push(window)
    for piece in PieceCutter(grid.first_piece, grid.step).push(window):
        gate.push(piece)
    return gate.state(level_dbfs(sound), floor.dbfs, clipped_share)


_BLOCK_SAMPLES: Final = 16_384
"""Read at once; whatever it is, the windows are the same."""


def _measured_blocks(audio: Recording, moments: list[Moments]) -> Iterator[Samples]:
    """Read the sound; `moments` receives what its level is made of."""
    for samples in audio.blocks(_BLOCK_SAMPLES):
        moments.append(moments_of(mix_down(samples)))
        yield samples


def _windows(
    model: EmotionModel, grid: WindowGrid, sample_rate: int, blocks: Iterable[Samples]
) -> Iterator[GatedWindow | Gap]:
    """Give the windows of a recording in order, bit for bit those of a replay."""
    options = WindowOptions(gate_kind(model.card.gate))
    analyser = WindowAnalyser("recording", model.feature_set, grid, sample_rate, options)
    first_sample = 0
    for samples in blocks:
        yield from analyser.push(AudioBlock(read_only(samples), first_sample, arrived=0.0))
        first_sample += len(samples)
    yield from analyser.finish()


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
        Windows of the card's grid by their state in a replay, in the order of ``STATES``; all 0 where the
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
    model: EmotionModel, audio: Recording, options: ClassifierOptions | None = None
) -> RecordingPrediction:
    """Predict a recording as a session would.

    Parameters
    ----------
    model : EmotionModel
        Of windows, or of whole clips.
    audio : Recording
        At any sample rate, of any length.
    options : ClassifierOptions, optional
        Unless given, no speaker baseline is learned: recordings have many speakers, and are often too short.

    Returns
    -------
    RecordingPrediction
        Without an emotion where there is no speech, or the model is unsure.

    Raises
    ------
    AudioFileError
        If the file changed or went away since it was opened.
    """
    options = options or ClassifierOptions(baseline=False)
    card, rate = model.card, audio.sample_rate
    grid = None if card.whole_clips else card.grid()
    has_windows = grid is not None and grid.num_windows(audio.num_samples * card.sample_rate // rate) > 0
    seconds = audio.num_samples / rate
    moments: list[Moments] = []
    blocks = _measured_blocks(audio, moments)
    windows: Iterable[GatedWindow | Gap]
    if grid is not None and has_windows:
        windows = _windows(model, grid, rate, blocks)
    else:
        windows = [recording_as_one_window(model, np.concatenate(list(blocks)), rate, grid)]
    classifier = Classifier(model, seconds if grid is None else grid.step / grid.sample_rate, options)
    counts: Counter[State] = Counter()
    of_speech: list[Probabilities] = []
    for window in windows:
        if isinstance(window, Gap):
            continue
        found = classifier.classify(window)
        counts[found.state] += 1
        if found.probabilities is not None:
            of_speech.append(found.probabilities)
    emotion = probabilities = None
    if of_speech:
        mean = np.mean(of_speech, axis=0)
        probabilities = dict(zip(card.labels, mean.tolist(), strict=True))
        state: State = "unsure" if model.is_unsure(mean) and not options.never_unsure else "speech"
        emotion = card.labels[int(mean.argmax())] if state == "speech" else None
    else:
        # Of two states with as many windows the one that describes more of the sound.
        state = max(reversed(STATES), key=counts.__getitem__)
    # Once the sound is read, all its notes are known.
    notes = (*mixing_note(audio.channels), *audio.notes, *rate_note(rate, card.sample_rate))
    if shorter_than_win := grid is not None and not has_windows:
        win_seconds = grid.win / grid.sample_rate
        notes += (f"shorter than win ({win_seconds:g} s): predicted from what there is",)
    return RecordingPrediction(
        state=state,
        emotion=emotion,
        probabilities=probabilities,
        states={each: counts[each] if has_windows else 0 for each in STATES},
        level_dbfs=level_of_moments(moments),
        seconds=seconds,
        shorter_than_win=shorter_than_win,
        notes=notes,
    )
