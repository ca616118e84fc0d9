"""Values change only together with their declared version: caches are keyed by it.

Numbers of everything that has such a version are kept in ``tests/golden/versions.json``. Whoever changes
values on purpose raises the version where the thing is declared, and then writes the file anew:

    python -m tests.trainer.test_declared_versions
"""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from callmood.evaluation.classification import CLASSIFICATION_VERSION, classify_table
from callmood.evaluation.stream_tables import (
    STREAM_VERSION,
    StepFeatures,
    analyse_stream,
    table_of_sounds,
    table_of_stream,
)
from callmood.evaluation.streams import STREAM_KINDS, plan_streams, render_stream
from callmood.evaluation.subject import ModelAsRecipe
from emotion.arrays import FloatArray, Samples
from emotion.audio_io import READING_VERSION, read_mono
from emotion.card import LABELS
from emotion.decision import Decision, LineState, UnlearnedVoice, Voice, VoiceState, softmax
from emotion.features.base import window_vectors
from emotion.features.catalogue import feature_set, feature_set_names
from emotion.model import KINDS
from emotion.signal import level_dbfs, resample
from emotion.window_grid import WindowGrid
from streamer.analysis.gate import GATE_VERSIONS, GateKind
from tests.callmood.evaluation.table_material import Talk, make_table
from tests.voice_model import random_arrays
from trainer.augmentation.catalogue import CONDITIONS
from trainer.augmentation.channel import in_passages
from trainer.cache import library_versions
from trainer.dataset import Clip
from trainer.feature_extraction import CLIP_WINDOWS_VERSION, clip_windows
from trainer.recipes.base import FittedClassifier
from trainer.recipes.catalogue import find_recipe, recipe_names
from trainer.window_table import StepTable

GOLDEN: Final = Path(__file__).parents[1] / "golden" / "versions.json"
COMMAND: Final = "python -m tests.trainer.test_declared_versions"
LIBRARIES: Final = ("librosa", "numpy", "onnxruntime", "scikit-learn", "scipy", "soundfile", "soxr")
RATE: Final = 16_000

TOLERANCE: Final = 1e-4
"""Of a value, or of the RMS of its array where that is more: processors differ in the last bits."""
FITTED: Final = 1e-3
"""Of what a fit found: an optimiser stops a little earlier or later."""
EDGE: Final = 2e-3
"""Of an edge, which is found in steps."""
CODED: Final = 2e-2
"""Of sound behind a codec, which takes another way after one other bit: only means over many samples hold."""

Values = Mapping[str, Any]
"""Named arrays, or sequences of numbers or texts. What is no float must be the same exactly."""


@dataclass(frozen=True)
class Declared:
    """Something with a declared version."""

    version: int
    compute: Callable[[], Values]
    tolerance: float = TOLERANCE


def voice(seconds: float, rate: int = RATE) -> Samples:
    """Make vowels on a gliding pitch: a voice to the gate."""
    time = np.arange(round(seconds * rate)) / rate
    pitch = 140 + 25 * np.sin(2 * np.pi * 1.3 * time) + 10 * np.sin(2 * np.pi * 0.4 * time)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    formants = (
        (500 + 200 * np.sin(2 * np.pi * 1.9 * time), 80.0, 1.0),
        (1500 + 400 * np.sin(2 * np.pi * 1.1 * time + 1), 120.0, 0.6),
        (2500.0, 160.0, 0.3),
        (3500.0, 200.0, 0.15),
    )
    sound = np.zeros_like(time)
    for harmonic in range(1, 40):
        frequency = harmonic * pitch
        gain = sum(peak / (1 + ((frequency - at) / width) ** 2) for at, width, peak in formants)
        sound += np.where(frequency < 7_500, gain, 0) * np.sin(harmonic * phase)
    sound *= np.clip(1.6 * np.sin(2 * np.pi * 1.75 * time) + 0.6, 0, 1)
    hiss = 0.002 * np.random.default_rng(0).standard_normal(len(time))
    return in_16_bits(0.5 * sound / np.abs(sound).max() + hiss)


def in_16_bits(samples: NDArray[np.floating]) -> Samples:
    """Round so that the last bits of whatever made the samples do not count."""
    return np.asarray(np.round(samples * 32_768) / 32_768, dtype=np.float32)


def noise(seconds: float, rms: float) -> Samples:
    """Make white noise."""
    return in_16_bits(rms * np.random.default_rng(1).standard_normal(round(seconds * RATE)))


def rms_of_parts(samples: NDArray[Any], count: int) -> list[float]:
    """Cut into so many parts, and give the RMS of each."""
    return [float(np.sqrt(np.mean(np.abs(part) ** 2))) for part in np.array_split(samples, count)]


def every(values: NDArray[Any], count: int) -> NDArray[Any]:
    """Give so many values, evenly spread; all where there are fewer."""
    return values[:: max(1, len(values) // count)][:count]


def of_feature_set(name: str) -> Values:
    """Hear a window and a whole clip; descriptors are apart from each other, since their units differ."""
    features = feature_set(name)
    sound = voice(2.5, features.sample_rate)
    vectors = {"clip": features.clip_vector(sound)}
    if not features.offline_only:
        grid = WindowGrid.from_seconds(2.0, 0.5, features.sample_rate)
        vectors["window"] = window_vectors(features, grid, sound)[-1]
    of_descriptor: dict[str, list[int]] = {}
    for index, feature in enumerate(features.feature_names):
        descriptor, _, functional = feature.rpartition(".")
        is_number = descriptor.rpartition(".")[2].isdecimal()
        # Hundreds of values of an encoder's tap are one descriptor, the bands of a filterbank are not.
        group = f"{feature.partition('.')[0]}.{functional}" if is_number and name == "speech" else descriptor
        of_descriptor.setdefault(group, []).append(index)
    return {
        f"{what}: {group}": every(vector[places], 24 if what == "window" or features.offline_only else 3)
        for what, vector in vectors.items()
        for group, places in of_descriptor.items()
    }


def of_gate(kind: GateKind) -> Values:
    """Find the sounds that are just on the edge between two states; and how soon a louder room is known."""
    features = StepFeatures("classic-speech", 1.0, 0.5, kind)
    spoken, hiss, room = voice(1.5)[-RATE:], noise(1.0, 1.0), noise(1.0, 0.003)

    def state(sound: NDArray[Any]) -> str:
        return str(analyse_stream(in_16_bits(sound), features)[-1].state)

    def state_of(sound: Callable[[float], NDArray[Any]], value: float) -> str:
        return state(sound(value))

    edges: dict[str, tuple[Callable[[float], NDArray[Any]], float, float]] = {
        "noise under a voice, dB": (lambda db: spoken + hiss * gain(db), -80, -10),
        "a faint voice, dB": (lambda db: spoken * gain(db), 0, -80),
        "an overdriven voice, dB": (lambda db: np.clip(spoken * gain(db), -1, 1), 0, 40),
        "overdriven noise, dB": (lambda db: np.clip(hiss * gain(db), -1, 1), -20, 20),
        "noise after a quieter room, dB": (lambda db: np.concatenate([room, hiss * gain(db)]), -70, -20),
        "quiet noise, dB": (lambda db: hiss * gain(db), -80, -20),
        "a vowel on a moving pitch": (vowel, 0.0, 0.2),
    }
    found: dict[str, Any] = {}
    for name, (sound, low, high) in edges.items():
        found[f"{name}: states"] = [state(sound(low)), state(sound(high))]
        found[f"{name}: edge"] = [edge_between(low, high, partial(state_of, sound))]
    heard = analyse_stream(np.concatenate([noise(2.0, 0.001), noise(15.0, 0.008)]), features)
    return {**found, "a louder room: states": [each.state for each in heard]}


def edge_between(low: float, high: float, state: Callable[[float], str]) -> float:
    """Find where the state changes, to a four-thousandth of the way; give the end where it does not."""
    before, after = state(low), state(high)
    for _ in range(12 if before != after else 0):
        middle = (low + high) / 2
        if state(middle) == before:
            low = middle
        else:
            high = middle
    return high


def gain(db: float) -> float:
    """Give the factor."""
    return float(10 ** (db / 20))


def vowel(depth: float) -> NDArray[np.float64]:
    """Make a second of a vowel whose pitch trembles by a share of itself; a steady one is a tone."""
    phase = 2 * np.pi * np.cumsum(140 * (1 + depth * np.sin(6 * np.pi * np.arange(RATE) / RATE))) / RATE
    formants = ((600, 150, 1.0), (1500, 200, 0.6))
    gains = [sum(g / (1 + ((140 * k - at) / width) ** 2) for at, width, g in formants) for k in range(1, 30)]
    sound = sum(g * np.sin(k * phase) for k, g in enumerate(gains, start=1))
    return np.asarray(0.1 * sound)


SEEDS: Final = (142, 460)
"""A first passage ends before 21 s; they draw every kind of noise, and for `varied` everything but codecs."""

SEEDS_OF_RATES: Final = (0, 1, 2, 10)
"""Each draws another of the rates of Opus."""


@cache
def spoken(seconds: float) -> Samples:
    """Give a voice that repeats itself."""
    return np.tile(voice(2.05), 20)[: round(seconds * RATE)]


def of_condition(name: str) -> Values:
    """Send a voice through: a passage and a second one, or a single clip."""
    sound = spoken(2.05 if CONDITIONS[name].of_clips else 41.0)
    found: dict[str, Any] = {}
    for seed in SEEDS:
        changed = CONDITIONS[name].change(sound, RATE, np.random.default_rng(seed))
        found |= {
            f"seed {seed}: length": [len(changed)],
            f"seed {seed}: levels": rms_of_parts(changed, 16),
            f"seed {seed}: bands": rms_of_parts(np.fft.rfft(changed), 12),
            f"seed {seed}: samples": every(changed, 16),
        }
    return found


def of_codec(name: str) -> Values:
    """Send noise through: much of it alike, so that means hold."""
    return coded(name, 8.0, SEEDS[0])


def of_codec_in_passages(name: str) -> Values:
    """Do the same at each of its rates, and look where passages end: a codec is slow on a long sound."""
    found: dict[str, Any] = {}
    for seed in SEEDS_OF_RATES:
        found |= {f"seed {seed}: {what}": values for what, values in coded(name, 3.0, seed).items()}
    lengths: list[int] = []

    @in_passages
    def measured(passage: Samples, _rate: int, _rng: np.random.Generator) -> Samples:
        lengths.append(len(passage))
        return passage

    measured(spoken(41.0), RATE, np.random.default_rng(SEEDS[0]))
    return {**found, "passages": lengths}


def coded(name: str, seconds: float, seed: int) -> Values:
    """Give what a codec makes of noise."""
    sound = noise(seconds, 0.1)
    changed = CONDITIONS[name].change(sound, RATE, np.random.default_rng(seed))
    spectrum = np.fft.rfft(changed)
    return {
        "length": [len(changed)],
        "level": rms_of_parts(changed, 1),
        "difference": rms_of_parts(changed - sound, 1),
        "bands": rms_of_parts(spectrum[: len(spectrum) // 2], 8),
    }


def of_reading() -> Values:
    """Read two channels at 44.1 kHz, floats of which some are no numbers, and FLAC at 8 kHz."""
    stereo = np.stack([voice(0.7, 44_100), in_16_bits(0.5 * voice(0.7, 44_100)[::-1])], axis=1)
    odd = voice(0.7, 22_050) * np.float32(3)
    odd[1_000:1_010], odd[2_000] = np.nan, np.inf
    sounds = [
        ("wav", stereo, 44_100, "PCM_16"),
        ("wav", odd, 22_050, "FLOAT"),
        ("flac", voice(0.7, 8_000), 8_000, "PCM_24"),
    ]
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for suffix, samples, rate, subtype in sounds:
            path = Path(folder, f"sound.{suffix}")
            soundfile.write(path, samples, rate, subtype=subtype)
            read = read_mono(path)
            heard = resample(read.samples, read.sample_rate, RATE)
            found |= {
                f"{suffix} {subtype}: length": [read.sample_rate, len(read.samples), len(heard)],
                f"{suffix} {subtype}: levels_dbfs": [level_dbfs(part) for part in np.array_split(heard, 8)],
                f"{suffix} {subtype}: samples": every(heard, 64),
            }
    return found


def of_clip_windows() -> Values:
    """Hear a clip in windows, one that is too short for them, and one without a grid."""
    grid = WindowGrid.from_seconds(1.0, 0.25, RATE)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for seconds, of_clip in ((1.8, grid), (0.8, grid), (1.8, None)):
            path = Path(folder, "clip.wav")
            soundfile.write(path, voice(seconds), RATE)
            kept = clip_windows(path, "classic-speech", of_clip).arrays()
            what = f"{seconds} s{' whole' if of_clip is None else ''}"
            found |= {
                f"{what}: arrays": sorted(kept),
                f"{what}: shape": kept["vectors"].shape,
                f"{what}: levels_dbfs": kept["levels_dbfs"],
                f"{what}: short": [bool(kept["short"])],
            }
    return found


def columns_of(table: StepTable) -> Values:
    """Give all columns; vectors and states belong to the feature set and the gate."""
    arrays = {name: np.atleast_1d(values) for name, values in table.arrays().items()}
    shape = {"arrays": sorted(arrays), "shape of vectors": arrays["vectors"].shape}
    return shape | {
        name: arrays[name] for name in arrays if name not in {"vectors", "state"} and len(arrays[name])
    }


def of_streams() -> Values:
    """Put clips in order, make a stream of eight of them and hear it; hear sounds that are no clips."""
    features = StepFeatures("classic-speech", 1.0, 0.5)
    found: dict[str, Any] = {}
    labels = ("neutral",) * 18 + ("sad",) * 14 + ("happy",) * 3
    many = [Clip(Path(f"{n:02}.wav"), "corpus", "anna", label) for n, label in enumerate(labels)]
    many += [Clip(Path(f"{n}.wav"), "corpus", None, label) for n, label in enumerate(LABELS, start=50)]
    for kind in STREAM_KINDS:
        plans = plan_streams(many, kind, seed=3)
        orders = [" ".join(clip.path.stem for clip in plan.clips) for plan in plans]
        found[f"{kind}: streams"] = [f"{plan.speaker} {plan.emotion}" for plan in plans]
        found[f"{kind}: clips"] = orders
    with tempfile.TemporaryDirectory() as folder:
        clips = [
            Clip(Path(folder, f"{n}.wav"), "corpus", "anna", label) for n, label in enumerate(LABELS * 2)
        ]
        for number, clip in enumerate(clips):
            soundfile.write(clip.path, voice(0.7 + 0.1 * number), RATE)
        plan = plan_streams(clips, "balanced", seed=3)[0]
        sound = render_stream(plan)
        table = table_of_stream(plan, "clean", features)
        paths = [Path(path).name for path in table.clips.path.tolist()]
        table = replace(table, clips=replace(table.clips, path=np.array(paths)))
    found |= {"starts": sound.starts, "ends": sound.ends, "levels": rms_of_parts(sound.samples, 32)}
    found |= {f"table: {name}": values for name, values in columns_of(table).items()}
    of_sounds = columns_of(table_of_sounds({"a": voice(1.7), "b": noise(1.7, 0.01)}, features))
    return found | {f"sounds: {name}": values for name, values in of_sounds.items()}


class Softmax:
    """A decision whose margins are the vector; it remembers what it was to be sure of."""

    def __init__(self) -> None:
        self.asked: list[NDArray[np.float64]] = []

    def probabilities(self, vectors: FloatArray) -> NDArray[np.float64]:
        """Give the softmax."""
        return softmax(vectors[..., ::-1].astype(np.float64))

    knows_lines: bool = False

    def open_voice(
        self, state: VoiceState | None = None, line: LineState | None = None, *, baseline: bool = True
    ) -> Voice:
        """Learn nothing."""
        return UnlearnedVoice(self.probabilities)

    def is_unsure(self, smoothed: NDArray[np.float64]) -> bool:
        """Say so under six tenths."""
        self.asked.append(smoothed)
        return bool(smoothed.max() < 0.6)


def of_classification() -> Values:
    """Classify two streams, with pauses of four to six windows."""
    table = make_table([Talk("a", "anna", LABELS * 2), Talk("a", "otto", LABELS)], noise=0.8)
    state = np.full(len(table), "speech", dtype="<U8")
    for first, count in ((5, 4), (11, 5), (19, 6), (34, 1)):
        state[first : first + count] = "noise"
    table = replace(table, state=state)
    found: dict[str, Any] = {}
    for baseline in (False, True):
        decision = Softmax()
        arrays = classify_table(table, FittedClassifier(decision, LABELS[::-1]), baseline=baseline).arrays()
        found |= {f"baseline {baseline}: {name}": values.ravel() for name, values in arrays.items()}
        found[f"baseline {baseline}: smoothed"] = np.ravel(decision.asked)
    return found | {"arrays": sorted(arrays)}


def answers(decision: Decision, vectors: FloatArray, alone: NDArray[np.float64]) -> Values:
    """Give what is said of vectors one by one, and of the same as one voice that is learned and enrolled."""
    learned = decision.open_voice()
    halves = np.array_split(vectors, 2)
    heard = [learned.update(vector) for vector in halves[0]]
    learned.enrol()
    known = [learned.known]
    heard += [learned.update(vector) for vector in halves[1]]
    peeked = learned.peek(vectors[0])
    sharpness = np.linspace(0.25, 0.99, 40)
    doubts = [decision.is_unsure(np.array([p, *[(1 - p) / 3] * 3])) for p in sharpness]
    return {
        "alone": alone.ravel(),
        "heard": np.ravel(heard),
        "known": [*known, learned.known],
        "peeked": peeked,
        "unsure": doubts,
    }


def tables_to_fit_on() -> list[StepTable]:
    """Two corpora of three voices, heard clean and down a line, and one that lacks emotions."""
    tables = []
    for condition, blur, seed in (("clean", 0.9, 1), ("phone", 1.2, 2)):
        talks = [
            Talk(corpus, f"{corpus}{n}", [LABELS[(k * (n + 1) + k // 4) % 4] for k in range(12)], 0.3 * n)
            for corpus in "ab"
            for n in range(3)
        ]
        talks.append(Talk("c", "c0", ["sad", "angry", "angry"] * 3))
        table = make_table(talks, condition=condition, noise=blur, seed=seed)
        usual = np.random.default_rng(7).normal(0.0, 0.5, (len(talks), len(LABELS))).astype(np.float32)
        tables.append(replace(table, vectors=table.vectors + usual[table.stream]))
    return tables


def of_recipe(name: str) -> Values:
    """Fit, and ask what was fitted."""
    tables = tables_to_fit_on()
    decision = find_recipe(name).fit(tables).decision
    vectors = tables[1].vectors[:24]
    return answers(decision, vectors, decision.probabilities(vectors))


def rbf_arrays() -> dict[str, NDArray[Any]]:
    """Give a support vector machine that nobody fitted: twelve values, eight support vectors, four labels."""
    rng = np.random.default_rng(5)
    return {
        "mean": rng.normal(0.0, 1.0, 12),
        "scale": rng.uniform(0.5, 2.0, 12),
        "support_vectors": rng.normal(0.0, 1.0, (8, 12)).astype(np.float32),
        "dual_coefficients": rng.normal(0.0, 1.0, (3, 8)),
        "class_counts": np.array([2, 2, 2, 2]),
        "intercepts": rng.normal(0.0, 0.2, 6),
        "gamma": np.array(0.05),
        "calibration_weights": rng.normal(0.0, 1.0, (6, 4)),
        "calibration_bias": rng.normal(0.0, 0.2, 4),
    }


ARRAYS: Final = {"rbf-svc": rbf_arrays, "voice-linear": random_arrays}


def of_models() -> Values:
    """Ask a model of each kind."""
    vectors = np.random.default_rng(6).normal(0.0, 1.5, (24, 12)).astype(np.float32)
    found: dict[str, Any] = {}
    for kind, model in KINDS.items():
        decision = model.from_arrays(ARRAYS[kind]())
        said = answers(decision, vectors, decision.probabilities(vectors))
        found |= {f"{kind}: {name}": values for name, values in said.items()}
    return found


CODECS: Final[Mapping[str, Callable[[str], Values]]] = {"gsm": of_codec, "opus": of_codec_in_passages}

DECLARED: Final[Mapping[str, Declared]] = {
    "reading files": Declared(READING_VERSION, of_reading),
    "windows of clips": Declared(CLIP_WINDOWS_VERSION, of_clip_windows),
    "streams": Declared(STREAM_VERSION, of_streams),
    "judging": Declared(CLASSIFICATION_VERSION, of_classification),
    "models": Declared(ModelAsRecipe.version, of_models),
    **{
        f"feature set {name}": Declared(feature_set(name).version, partial(of_feature_set, name))
        for name in feature_set_names()
    },
    **{
        f"gate {kind}": Declared(GATE_VERSIONS[kind], partial(of_gate, kind), EDGE)
        for kind in get_args(GateKind)
    },
    **{
        f"condition {name}": (
            Declared(condition.version, partial(CODECS[name], name), CODED)
            if name in CODECS
            else Declared(condition.version, partial(of_condition, name))
        )
        for name, condition in CONDITIONS.items()
    },
    **{
        f"recipe {name}": Declared(find_recipe(name).version, partial(of_recipe, name), FITTED)
        for name in recipe_names()
    },
}
"""Whatever is new in a catalogue is here by itself, and in want of golden values."""


def here() -> dict[str, Any]:
    """Give the versions of the libraries at work."""
    return {**library_versions(*LIBRARIES), "libsndfile": soundfile.__libsndfile_version__}


def plain(values: Values) -> dict[str, list[Any]]:
    """Give lists that JSON holds; six digits are more than are compared."""
    lists = {name: np.asarray(array).tolist() for name, array in values.items()}
    return {
        name: [float(f"{value:.6g}") if isinstance(value, float) else value for value in array]
        for name, array in lists.items()
    }


def differing(values: Values, stored: Mapping[str, Sequence[Any]], tolerance: float) -> list[str]:
    """Name the arrays that are not as stored."""
    found = plain(values)
    names = sorted(found.keys() ^ stored.keys())
    for name in sorted(found.keys() & stored.keys()):
        new, old = np.asarray(found[name]), np.asarray(stored[name])
        if new.shape != old.shape or new.dtype.kind != old.dtype.kind:
            names.append(name)
        elif new.dtype.kind != "f":
            if not np.array_equal(new, old):
                names.append(name)
        else:
            scale = np.maximum(np.abs(old), np.sqrt(np.mean(old**2)))
            if not np.all(np.abs(new - old) <= tolerance * scale + 1e-12):
                names.append(name)
    return names


def complaint(name: str, declared: Declared, golden: Mapping[str, Any]) -> str | None:
    """Say what is wrong with one thing, or None."""
    stored = golden["entries"].get(name)
    if stored is None:
        return f"{name} has no golden values; regenerate the golden file: {COMMAND}"
    if stored["version"] != declared.version:
        return (
            f"{name} has version {declared.version}, its golden values are of version {stored['version']}; "
            f"regenerate the golden file: {COMMAND}"
        )
    names = differing(declared.compute(), stored["values"], declared.tolerance)
    if not names:
        return None
    others = [
        f"{key} {old} → {here().get(key)}"
        for key, old in golden["libraries"].items()
        if here().get(key) != old
    ]
    hint = f" (or is it one of these libraries? {', '.join(others)})" if others else ""
    return (
        f"values of {name} changed: raise its version and regenerate the golden file: {COMMAND}{hint}\n"
        f"{len(names)} arrays differ: {', '.join(names[:5])}"
    )


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Small products of matrices are several times slower on two busy cores than on one."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    """Read the golden file."""
    content: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("name", DECLARED)
def test_values_change_only_with_their_version(name: str, golden: dict[str, Any]) -> None:
    problem = complaint(name, DECLARED[name], golden)
    assert problem is None, problem


def test_what_is_gone_is_gone_from_the_golden_file(golden: dict[str, Any]) -> None:
    assert not golden["entries"].keys() - DECLARED.keys(), f"regenerate the golden file: {COMMAND}"


STORED: Final = {
    "libraries": here(),
    "entries": {"it": {"version": 2, "values": {"levels": [0.5, -1.0, 1e-9], "states": ["speech", "noise"]}}},
}


@pytest.mark.parametrize(
    ("version", "levels", "states", "told"),
    [
        (2, [0.5, -1.0, 0.0], ["speech", "noise"], None),
        (2, [0.50004, -1.00009, 1e-5], ["speech", "noise"], None),
        (2, [0.5, -1.0002, 0.0], ["speech", "noise"], "values of it changed: raise its version"),
        (2, [0.5, -1.0, 1e-3], ["speech", "noise"], "values of it changed: raise its version"),
        (2, [0.5, -1.0], ["speech", "noise"], "values of it changed: raise its version"),
        (2, [0.5, -1.0, float("nan")], ["speech", "noise"], "values of it changed: raise its version"),
        (2, [0.5, -1.0, 0.0], ["speech", "speech"], "values of it changed: raise its version"),
        (3, [0.5, -1.0, 0.0], ["speech", "noise"], "regenerate the golden file"),
        (3, [0.9, -1.0, 0.0], ["speech", "noise"], "regenerate the golden file"),
    ],
)
def test_a_change_is_told_from_a_new_version(
    version: int, levels: list[float], states: list[str], told: str | None
) -> None:
    declared = Declared(version, lambda: {"levels": levels, "states": np.array(states)})
    said = complaint("it", declared, STORED)
    assert said is None if told is None else told in (said or "")


def test_what_is_new_is_asked_for_and_another_library_named() -> None:
    said = complaint("another", Declared(1, dict), STORED)
    assert said is not None
    assert "another has no golden values" in said
    older = STORED | {"libraries": {"numpy": "1.0"}}
    assert "numpy 1.0 → " in (complaint("it", Declared(2, lambda: {"levels": [0.0]}), older) or "")


def regenerate() -> str | None:
    """Write the file; say why not where values changed and neither a version nor a library did."""
    golden = (
        json.loads(GOLDEN.read_text(encoding="utf-8"))
        if GOLDEN.is_file()
        else {"libraries": {}, "entries": {}}
    )
    entries: dict[str, Any] = {}
    for name, declared in DECLARED.items():
        stored = golden["entries"].get(name)
        values = plain(declared.compute())
        is_old = stored is not None and stored["version"] == declared.version
        if is_old and not differing(values, stored["values"], declared.tolerance):
            entries[name] = stored
        elif is_old and golden["libraries"] == here():
            return f"values of {name} changed, and its version is still {declared.version}: raise it first"
        else:
            entries[name] = {"version": declared.version, "values": values}
    lines = []
    for name, entry in entries.items():
        arrays = ",\n".join(
            f"   {json.dumps(key)}: {json.dumps(values, allow_nan=False)}"
            for key, values in entry["values"].items()
        )
        lines.append(f'  {json.dumps(name)}: {{"version": {entry["version"]}, "values": {{\n{arrays}\n  }}}}')
    text = ",\n".join(lines)
    GOLDEN.write_text(
        f'{{\n "libraries": {json.dumps(here())},\n "entries": {{\n{text}\n }}\n}}\n', encoding="utf-8"
    )
    return None


if __name__ == "__main__":
    raise SystemExit(regenerate())
