"""Snapshots of calls: legs whose emotions wander, and whatever Hypothesis can think of."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from hypothesis import strategies as st

from streamer.leg_plan import LegPlan
from streamer.session_info import SessionInfo
from streamer.snapshot import LegView, Snapshot, TalkTime
from tests.panel_material import STEP_SECONDS, before_the_first_window, panel_facts, wandering

NAMES = (
    "customer",
    "agent",
    "interpreter",
    "supervisor",
    "me",
    "them",
    "x",
    "a-name-that-is-far-too-long-for-it",
)
RULES = ("customer:angry>0.7 for 5s", "sad>0.8 for 10s")


def call_facts(
    names: Sequence[str] = NAMES[:2],
    *,
    level_only: Collection[str] = (),
    alerts: Sequence[str] = (),
    learns_voice: bool = True,
) -> SessionInfo:
    """Give the head of a call whose legs are the channels of one source."""
    plans = tuple(LegPlan(name, 0, channel, name not in level_only) for channel, name in enumerate(names))
    return replace(panel_facts(), legs=plans, learns_voice=learns_voice, alerts=tuple(alerts))


def wandering_call(
    num_windows: int,
    names: Sequence[str] = NAMES[:2],
    *,
    level_only: Collection[str] = (),
    with_spectrogram: bool = False,
) -> Iterator[Snapshot]:
    """Give the snapshots of a call: every leg wanders its own way, a quarter of it silence."""
    talk = TalkTime([name for name in names if name not in level_only], STEP_SECONDS)
    sessions = [
        wandering(num_windows, seed=seed, silent_from=11 * seed, with_spectrogram=with_spectrogram)
        for seed in range(len(names))
    ]
    for session in zip(*sessions, strict=True):
        views = []
        for name, snapshot in zip(names, session, strict=True):
            [leg] = snapshot.legs
            assert leg.row is not None
            if name in level_only:
                views.append(LegView(name, None, leg.level_dbfs, leg.floor_dbfs, (), analysed=False))
                continue
            row = replace(leg.row, leg=name, voice_known=min(1.0, leg.row.window / 60))
            talk.take(row)
            views.append(replace(leg, name=name, row=row, voice_known=row.voice_known))
        yield replace(
            session[0],
            legs=tuple(_with_talk(leg, talk, session[0].stream_seconds) for leg in views),
            overlap_seconds=talk.overlap_seconds,
        )


def _with_talk(leg: LegView, talk: TalkTime, seconds: float) -> LegView:
    return replace(
        leg,
        talks=talk.talks_now(leg.name, seconds),
        talk_share=talk.share(leg.name),
        spoke_last=talk.last == leg.name,
    )


@lru_cache(maxsize=1)
def _moments() -> tuple[Snapshot, ...]:
    """Give the moments of sessions of one leg: what is put together of them is quick to draw."""
    sessions = (wandering(130, with_spectrogram=with_spectrogram) for with_spectrogram in (False, True))
    return (before_the_first_window(), *(moment for session in sessions for moment in session))


@st.composite
def legs(draw: st.DrawFn, name: str, *, analysed: bool) -> LegView:
    """Give any view of a leg, also one that holds what a leg not analysed never has."""
    [leg] = draw(st.sampled_from(_moments())).legs
    return replace(
        leg,
        name=name,
        level_dbfs=draw(st.sampled_from([leg.level_dbfs, -120.0, 20.0])),
        analysed=analysed,
        talks=draw(st.booleans()),
        talk_share=draw(st.none() | st.floats(0, 1)),
        spoke_last=draw(st.booleans()),
    )


@st.composite
def calls(draw: st.DrawFn, *, ascii_only: bool = False) -> tuple[Snapshot, SessionInfo]:
    """Give any snapshot at all of one to eight legs, and its head."""
    letters = st.characters(categories=["L", "N"], max_codepoint=127 if ascii_only else None)
    names = draw(st.lists(st.text(letters, min_size=1, max_size=40), min_size=1, max_size=8, unique=True))
    level_only = draw(st.sets(st.sampled_from(names)))
    lines = st.lists(st.text(max_size=50), max_size=4).map(tuple)
    snapshot = replace(
        draw(st.sampled_from(_moments())),
        legs=tuple(draw(legs(name, analysed=name not in level_only)) for name in names),
        paused=draw(st.booleans()),
        saving=draw(st.booleans()),
        messages=draw(lines),
        overlap_seconds=draw(st.floats(0, 1e7)),
        drift_seconds=draw(st.none() | st.floats(-1e4, 1e4)),
        alerts=draw(lines),
    )
    rules = draw(lines)
    facts = call_facts(names, level_only=level_only, alerts=rules, learns_voice=draw(st.booleans()))
    return snapshot, facts
