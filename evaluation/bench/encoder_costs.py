"""The whole step of each model against the encoder that others would run, all in turns with each other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from emotion.model import EmotionModel
from evaluation.bench.model_costs import HEADLINE_RATE
from evaluation.bench.sound import STEP_SECONDS, BenchSound
from evaluation.bench.turns import Advance, Ratio, take_turns
from evaluation.bench.wav2vec2_peer import wav2vec2_encoder, wav2vec2_windows
from evaluation.bench.wav2vec2_shape import BASE, Wav2vec2Shape
from evaluation.bench.whole_step import whole_steps
from streamer.file_source import BLOCK_SECONDS


@dataclass(frozen=True, slots=True)
class EncoderCosts:
    """One model's step of 0.5 s beside wav2vec2-base on as much sound as the model's window holds.

    Attributes
    ----------
    name : str
        The model.
    win_seconds : float
        What both hear, s.
    step_ms : float
        From the step's blocks to its row, with the encoder's weights passing through the caches in between.
    encoder_ms : float
        wav2vec2-base alone, once over the window.
    times_cheaper : Ratio
        The encoder over the step.
    """

    name: str
    win_seconds: float
    step_ms: float
    encoder_ms: float
    times_cheaper: Ratio


def encoder_costs(
    models: Sequence[EmotionModel],
    sound: BenchSound,
    num_rounds: int,
    advance: Advance = lambda _: None,
    shape: Wav2vec2Shape = BASE,
) -> tuple[EncoderCosts, ...]:
    """Measure all models and the encoder in one set of rounds.

    Parameters
    ----------
    models : sequence of EmotionModel
        Those that can listen.
    sound : BenchSound
        Heard by all.
    num_rounds : int
        Steps of each that count.
    advance : callable
        Told of each round.
    shape : Wav2vec2Shape
        Of the encoder; smaller ones are for tests.

    Returns
    -------
    tuple of EncoderCosts
        One a model, in their order.

    Raises
    ------
    MissingExtraError
        If onnx or onnxruntime is not installed.
    """
    if not models:
        return ()
    encode = wav2vec2_encoder(shape)
    wins = [model.card.win_seconds or STEP_SECONDS for model in models]
    theirs = {win: wav2vec2_windows(win, sound, encode) for win in dict.fromkeys(wins)}
    # Two folders may bear one name: `--model` takes paths.
    ours = [
        replace(whole_steps(model, sound, HEADLINE_RATE, BLOCK_SECONDS), name=str(model.folder))
        for model in models
    ]
    times = take_turns([*theirs.values(), *ours], num_rounds, advance)
    return tuple(
        EncoderCosts(
            name=model.folder.name,
            win_seconds=win,
            step_ms=times.median_ms(step.name),
            encoder_ms=times.median_ms(theirs[win].name),
            times_cheaper=times.ratio(theirs[win].name, step.name),
        )
        for model, win, step in zip(models, wins, ours, strict=True)
    )
