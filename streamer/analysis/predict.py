"""Predict a recording as a session would, without thread, clock or queue."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Final, Protocol

import numpy as np

from emotion.arrays import Samples, read_only
from emotion.audio_io import rate_note
from emotion.decision import LineState, VoiceState
from emotion.model import EmotionModel
from emotion.signal import (
    SILENCE_DBFS,
    Moments,
    level_dbfs,
    level_of_moments,
    mix_down,
    moments_of,
    resample,
)
from emotion.window_grid import WindowGrid
from streamer.analysis.gate import ClippingMeter, Gate, GateKind, NoiseFloor, PieceCutter, gate_kind
from streamer.analysis.leakage import LeakageDetector
from streamer.analysis.leg import Classifier, ClassifierOptions, Leg, LegOptions
from streamer.analysis.source_legs import SourceLegs, SourceOptions
from streamer.analysis.windows import GatedWindow
from streamer.events import STATES, AudioBlock, Row, State
from streamer.leg_plan import LegPlan, leg_notes, sound_of
from streamer.sources.base import SourceInfo


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


@dataclass(frozen=True, slots=True)
class LegPrediction:
    """The answer for one leg of a recording.

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
        Of all its sound without its DC, dB below full scale.
    """

    state: State
    emotion: str | None
    probabilities: Mapping[str, float] | None
    states: Mapping[State, int]
    level_dbfs: float

    @property
    def num_windows(self) -> int:
        """Windows of the card's grid inside the recording."""
        return sum(self.states.values())

    @property
    def num_speech_windows(self) -> int:
        """Those with speech, sure or not."""
        return self.states["speech"] + self.states["unsure"]


@dataclass(frozen=True, slots=True)
class RecordingPrediction(LegPrediction):
    """The answer for one recording: for each of its legs, and for all of them together.

    What it has in common with `LegPrediction` is about the analysed legs together: the mean over the windows
    of speech of all of them. Where there is one leg, that is its answer.

    Attributes
    ----------
    seconds : float
        Its length, s.
    shorter_than_win : bool
        True where it is shorter than the model's win and was predicted from what there is.
    notes : tuple of str
        One line for each thing mixed down, converted, resampled, missing or short, or not analysed.
    legs : mapping of str to LegPrediction
        The answer for each analysed leg.
    lines : mapping of str to LineState
        For each leg on a line: what it leaves for the next caller.
    """

    seconds: float
    shorter_than_win: bool
    notes: tuple[str, ...]
    legs: Mapping[str, LegPrediction]
    lines: Mapping[str, LineState] = field(
        default_factory=lambda: MappingProxyType({}), repr=False, compare=False
    )


def predict_recording(
    model: EmotionModel,
    audio: Recording,
    options: ClassifierOptions | None = None,
    *,
    legs: Sequence[LegPlan] = (LegPlan(),),
    voices: Mapping[str, VoiceState] = MappingProxyType({}),
    lines: Mapping[str, LineState] = MappingProxyType({}),
) -> RecordingPrediction:
    """Predict each leg of a recording as a session would.

    Parameters
    ----------
    model : EmotionModel
        Of windows, or of whole clips.
    audio : Recording
        At any sample rate, of any length.
    options : ClassifierOptions, optional
        Unless given, no speaker baseline is learned: recordings have many speakers, and are often too short.
    legs : sequence of LegPlan
        Unless given, all channels are mixed down to one leg.
    voices : mapping of str to VoiceState
        The speaker baseline that a leg goes on with; that leg learns, whatever the options.
    lines : mapping of str to LineState
        What earlier callers left of the line that a leg is on.

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
    by_leg = {plan: replace(options, line=lines.get(plan.name)) for plan in legs}
    for plan in legs:
        if plan.name in voices:
            by_leg[plan] = replace(by_leg[plan], baseline=True, voice=voices[plan.name])
    classifiers: dict[str, Classifier] = {}
    heard = {plan.name: _Heard(model, options) for plan in legs if plan.analysed}
    blocks = _measured_blocks(audio, legs, heard)
    if grid is not None and has_windows:
        source = _source_legs(model, grid, audio, by_leg)
        classifiers = {leg.name: leg.classifier for leg in source.legs if isinstance(leg, Leg)}
        for row in _rows(source, blocks):
            heard[row.leg].take(row.state, row.probabilities)
    else:
        samples = np.concatenate(list(blocks))
        step_seconds = audio.num_samples / rate if grid is None else grid.step / grid.sample_rate
        for plan in legs:
            if plan.analysed:
                window = recording_as_one_window(model, sound_of(plan, samples), rate, grid)
                classifiers[plan.name] = Classifier(model, step_seconds, by_leg[plan])
                found = classifiers[plan.name].classify(window)
                heard[plan.name].take(found.state, found.by_label(card.labels))
    together = _Heard(model, options)
    for each in heard.values():
        together.add(each)
    # Once the sound is read, all its notes are known.
    info = SourceInfo("recording", rate, audio.channels, "FLOAT", None, live=False)
    notes = (*leg_notes(legs, [info]), *audio.notes, *rate_note(rate, card.sample_rate))
    if shorter_than_win := grid is not None and not has_windows:
        win_seconds = grid.win / grid.sample_rate
        notes += (f"shorter than win ({win_seconds:g} s): predicted from what there is",)
    return RecordingPrediction(
        *together.answer(has_windows=has_windows),
        seconds=audio.num_samples / rate,
        shorter_than_win=shorter_than_win,
        notes=notes,
        legs={name: LegPrediction(*each.answer(has_windows=has_windows)) for name, each in heard.items()},
        lines={
            leg: classifiers[leg].add_to_line(line) or line
            for leg, line in lines.items()
            if leg in classifiers
        },
    )


class _Heard:
    """What the windows of a leg, or of several, hold."""

    def __init__(self, model: EmotionModel, options: ClassifierOptions) -> None:
        self.moments: list[Moments] = []
        self._model = model
        self._may_be_unsure = not options.never_unsure
        self._counts: Counter[State] = Counter()
        self._of_speech: list[list[float]] = []

    def take(self, state: State, probabilities: Mapping[str, float] | None) -> None:
        """Take a window."""
        self._counts[state] += 1
        if probabilities is not None:
            self._of_speech.append(list(probabilities.values()))

    def add(self, other: "_Heard") -> None:
        """Add what another leg holds."""
        self.moments += other.moments
        self._counts += other._counts
        self._of_speech += other._of_speech

    def answer(
        self, *, has_windows: bool
    ) -> tuple[State, str | None, dict[str, float] | None, dict[State, int], float]:
        """Give the fields of `LegPrediction`."""
        labels, emotion, probabilities = self._model.card.labels, None, None
        if self._of_speech:
            mean = np.mean(self._of_speech, axis=0)
            probabilities = dict(zip(labels, mean.tolist(), strict=True))
            state: State = "unsure" if self._may_be_unsure and self._model.is_unsure(mean) else "speech"
            emotion = labels[int(mean.argmax())] if state == "speech" else None
        else:
            # Of two states with as many windows the one that describes more of the sound.
            state = max(reversed(STATES), key=self._counts.__getitem__)
        states = {each: self._counts[each] if has_windows else 0 for each in STATES}
        return state, emotion, probabilities, states, level_of_moments(self.moments)


def _measured_blocks(
    audio: Recording, legs: Sequence[LegPlan], heard: Mapping[str, _Heard]
) -> Iterator[Samples]:
    """Read the sound, and note for each leg what its level is made of."""
    for samples in audio.blocks(_BLOCK_SAMPLES):
        for plan in legs:
            if plan.name in heard:
                heard[plan.name].moments.append(moments_of(mix_down(sound_of(plan, samples))))
        yield samples


def _source_legs(
    model: EmotionModel, grid: WindowGrid, audio: Recording, options: Mapping[LegPlan, ClassifierOptions]
) -> SourceLegs:
    """Open the legs of a recording as a replay does, leakage between legs included."""
    info = SourceInfo("recording", audio.sample_rate, audio.channels, "FLOAT", None, live=False)
    rates = {plan.name: audio.sample_rate for plan in options}
    leakage = LeakageDetector(rates) if len(rates) > 1 else None

    def open_leg(plan: LegPlan) -> Leg:
        is_leak = None if leakage is None else partial(leakage.is_leak, plan.name)
        return Leg(plan.name, model, grid, audio.sample_rate, LegOptions(options[plan], is_leak=is_leak))

    return SourceLegs(0, info, tuple(options), open_leg, SourceOptions(leakage=leakage))


def _rows(source: SourceLegs, blocks: Iterable[Samples]) -> Iterator[Row]:
    """Give the rows of a recording, bit for bit those of a replay."""
    first_sample = 0
    for samples in blocks:
        for event in source.take(AudioBlock(read_only(samples), first_sample, arrived=0.0)):
            if isinstance(event, Row):
                yield event
        first_sample += len(samples)
    yield from (event for event in source.finish() if isinstance(event, Row))
