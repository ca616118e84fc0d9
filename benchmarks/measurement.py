"""One run of the benchmarks: all feature sets, all models, one machine."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.feature_costs import PEERS, SetCosts, set_costs
from benchmarks.machine import Machine, this_machine
from benchmarks.model_costs import EncoderCosts, ModelCosts, encoder_costs, model_costs
from benchmarks.pages import today
from benchmarks.report_cost import LIMITS, ReportCosts, report_costs
from benchmarks.single_thread import THREAD_VARIABLES, is_single_threaded
from benchmarks.speech import BenchSound
from benchmarks.timing import Advance
from benchmarks.wav2vec2 import WAV2VEC2
from emotion.errors import UsageError, require
from emotion.model import EmotionModel

PEER_MODULES: Final = ("scipy.fft", "librosa", "opensmile", "onnx")
EXTRA: Final = "bench"

OpenBar = Callable[[str, int], AbstractContextManager[Advance]]
"""Shows a bar with a title for so many steps."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """The results of a run."""

    date: str
    num_steps: int
    machine: Machine
    sets: tuple[SetCosts, ...]  # in the order of `PEERS`
    models: tuple[ModelCosts, ...]
    encoders: tuple[EncoderCosts, ...]  # the same models against wav2vec2-base
    reports: tuple[ReportCosts, ...] = ()


def require_peers() -> None:
    """Load all peers, before anything is measured."""
    for module in PEER_MODULES:
        require(module, EXTRA)


def measure(models: list[EmotionModel], sound_path: Path, num_steps: int, open_bar: OpenBar) -> Measurement:
    """Measure everything."""
    if not is_single_threaded():
        raise UsageError(f"this is measured on one thread; set {', '.join(THREAD_VARIABLES)} to 1 before")
    require_peers()
    machine = this_machine()
    sound = BenchSound(sound_path)
    sets = []
    for name in PEERS:
        with open_bar(f"{name} against {PEERS[name].name}", 3 * num_steps) as advance:
            sets.append(set_costs(name, sound, num_steps, advance))
    costs = []
    for model in models:
        with open_bar(f"model {model.folder.name}", num_steps) as advance:
            costs.append(model_costs(model, sound, num_steps, advance))
    with open_bar(f"models against {WAV2VEC2}", num_steps) as advance:
        encoders = encoder_costs(models, sound, num_steps, advance)
    reports: list[ReportCosts] = []
    with open_bar("reports of calls", len(LIMITS)) as advance:
        for hours in LIMITS:
            reports += report_costs([hours])
            advance(1)
    return Measurement(today(), num_steps, machine, tuple(sets), tuple(costs), encoders, tuple(reports))
