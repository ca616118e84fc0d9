"""Whole sessions on a machine that is too slow, and on one that stands still for a moment."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest

from emotion.model import EmotionModel
from emotion.window_grid import WindowGrid
from streamer.analysis.load_shedding import LoadShedder
from streamer.events import Event, Row, Skip
from streamer.panel.panel import draw_panel
from streamer.session import Session
from streamer.session_info import SessionInfo
from streamer.sinks.journal import JournalWriter
from streamer.sinks.text import summary_text
from tests.model_maker import tone_of
from tests.offline_rows import rows_of
from tests.panel_material import panel_facts, text_lines
from tests.session_parts import OPTIONS, Rows, Watched, session_of
from tests.slow_sets import LiveSound, slowed

RATE = 16_000
STEP_SECONDS = 0.1
GRID = WindowGrid.from_seconds(0.4, STEP_SECONDS, RATE)


class Kept(Rows):
    """Keeps what was skipped, too."""

    def __init__(self) -> None:
        super().__init__()
        self.skips: list[Skip] = []
        self.facts: SessionInfo | None = None

    def open(self, info: SessionInfo) -> None:
        self.facts = info

    def handle(self, event: Event) -> None:
        super().handle(event)
        if isinstance(event, Skip):
            self.skips.append(event)


def test_a_machine_three_times_too_slow_analyses_a_third_and_reports_it(
    tiny_model: EmotionModel, tmp_path: Path
) -> None:
    voice = tone_of("angry", 1, RATE, 5.0)
    kept, screen, path = Kept(), Watched(), tmp_path / "slow.jsonl"
    summary = Session(
        [LiveSound(voice, RATE)],
        slowed(tiny_model, 3 * STEP_SECONDS),
        GRID,
        sinks=[kept, JournalWriter(path)],
        screen=screen,
        options=OPTIONS,
    ).run()

    assert summary.skipped > 5
    assert (summary.dropped_seconds, summary.gaps, summary.failures) == (0.0, 0, ())
    assert summary.seconds == len(voice) / RATE, "the sound itself was taken to its end"
    windows = sorted([row.window for row in kept.rows] + [skip.window for skip in kept.skips])
    assert windows == list(range(GRID.num_windows(len(voice)))), "each window once, as a row or a skip"
    assert len(kept.rows) == summary.windows

    # As it is on a machine that is fast enough, but for what was smoothed.
    whole = rows_of([(0, voice[:, np.newaxis])], tiny_model, GRID, RATE)
    for row in kept.rows:
        same = whole[row.window]
        assert (row.start, row.end, row.state, row.probabilities, row.level_dbfs) == (
            *(same.start, same.end, same.state, same.probabilities, same.level_dbfs),
        )
    for skip in kept.skips:
        same = whole[skip.window]
        assert (skip.start, skip.end, skip.start_sample, skip.end_sample) == (
            *(same.start, same.end, same.start_sample, same.end_sample),
        )
        assert skip.demand > 1.0

    # Hearing all would end nine seconds late.
    assert kept.rows[-1].lag_seconds < 4.0
    assert summary.max_lag_seconds < 7.0

    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert sum(line["type"] == "skip" for line in lines) == lines[-1]["skipped"] == summary.skipped
    assert kept.facts is not None
    assert f"{summary.skipped} windows skipped" in summary_text(summary, kept.facts)
    last = screen.snapshots[-1]
    assert last.skipped == summary.skipped
    factors = [snapshot.too_slow for snapshot in screen.snapshots if snapshot.too_slow is not None]
    assert factors
    assert min(factors) > 1.0
    slow = next(snapshot for snapshot in screen.snapshots if snapshot.too_slow is not None)
    text = "\n".join(text_lines(draw_panel(slow, panel_facts(), 80, 24, 0.0)))
    assert f"too slow: x{slow.too_slow:.1f}" in text
    assert any("windows are skipped" in message for message in last.messages)


def test_a_pause_of_the_disk_is_caught_up_without_losing_a_window(tiny_model: EmotionModel) -> None:
    class Stalling(Rows):
        def take_row(self, row: Row) -> None:
            super().take_row(row)
            if row.window == 5:
                threading.Event().wait(2.4)

    voice = tone_of("sad", 1, RATE, 3.2)
    rows = Stalling()
    summary = Session(
        [LiveSound(voice, RATE)], tiny_model, GRID, sinks=[rows], screen=Watched(), options=OPTIONS
    ).run()
    assert summary.max_lag_seconds > 1.2, "beyond the bound"
    assert summary.skipped == 0
    assert [row.window for row in rows.rows] == list(range(GRID.num_windows(len(voice))))


def test_no_window_of_a_file_is_skipped_whatever_the_demand(
    tiny_model: EmotionModel, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LoadShedder, "skips", lambda *_: True)
    kept = Kept()
    summary = session_of(recording, tiny_model, kept).run()
    assert summary.skipped == 0
    assert not kept.skips
    assert summary.states["speech"] > 0
