"""Streams of real voices; skipped where there are no corpora."""

from pathlib import Path

import numpy as np

from evaluation.streams.hear import StepFeatures
from evaluation.streams.plan import plan_streams
from evaluation.streams.stream_table import table_of_stream
from trainer.dataset.manifest import read_manifest


def test_real_voices_are_heard_as_speech_through_every_line_of_evaluation(corpora: Path) -> None:
    clips = [clip for clip in read_manifest(corpora / "emodb").clips if clip.speaker == "03"]
    plan = plan_streams(clips, "single", 0)[0]
    for condition in ("clean", "phone", "noise10"):
        table = table_of_stream(plan, condition, StepFeatures("speech"))
        assert len(table.clips) == len(plan.clips)
        assert (table.clips.best_window >= 0).all()
        assert np.mean(table.state[table.clip >= 0] == "speech") > 0.95
