"""The layout: every row of the terminal is shared out once, and legs are comparable."""

from hypothesis import given
from hypothesis import strategies as st

from streamer.panel.layout import LEG_WIDTH, PanelContent, PanelLayout, arrange_legs, plan_layout
from streamer.snapshot import LegView

NUM_ROWS = st.fixed_dictionaries(
    {
        "alerts": st.integers(0, 1),
        "conversation": st.integers(0, 1),
        "log": st.sampled_from([0, 50]),
        "session": st.integers(0, 8),
        "more_legs": st.integers(0, 1),
        "notes": st.integers(0, 5),
        "status": st.integers(1, 9),
    }
)
ONE_LEG = st.builds(PanelContent, st.integers(2, 9), NUM_ROWS, st.booleans())
LEGS = st.builds(
    PanelContent,
    st.integers(2, 9),
    NUM_ROWS,
    st.booleans(),
    leg_rows=st.lists(st.booleans(), min_size=1, max_size=8).map(tuple),
    columns=st.integers(1, 4),
    titled=st.just(True),
)
WIDTHS, HEIGHTS = st.integers(1, 250), st.integers(1, 90)


def views(analysed: list[bool]) -> list[LegView]:
    """Give legs of which some are analysed."""
    return [
        LegView(f"leg{number}", None, -30.0, -60.0, (), analysed=each) for number, each in enumerate(analysed)
    ]


def taken_rows(layout: PanelLayout) -> list[int]:
    """Give every row that a part of the panel or of a leg takes, as often as it is taken."""
    parts = [place for part, place in layout.panel.items() if part != "legs"]
    legs = [place for leg in layout.legs for place in leg.values()]
    return sorted(row for top, num_rows in (*parts, *legs) for row in range(top, top + num_rows))


@given(WIDTHS, HEIGHTS, ONE_LEG)
def test_one_leg_has_every_row_once(width: int, height: int, content: PanelContent) -> None:
    layout = plan_layout(width, height, content)
    assert taken_rows(layout) == list(range(height))
    [leg] = layout.legs
    assert leg["headline"][1] >= 1
    assert leg["level"][1] == 1 or height == 1
    assert leg["bars"][1] % content.num_labels == 0
    assert not leg["title"][1]


@given(WIDTHS, HEIGHTS, LEGS)
def test_several_legs_have_every_row_once_and_all_the_same_parts(
    width: int, height: int, content: PanelContent
) -> None:
    layout = plan_layout(width, height, content)
    assert taken_rows(layout) == list(range(height))
    assert len({leg["title"][1] for leg in layout.legs}) == 1
    for part in ("headline", "bars", "history"):
        of_analysed = [
            leg[part][1] for leg, is_one in zip(layout.legs, content.leg_rows, strict=True) if is_one
        ]
        assert len(set(of_analysed)) <= 1
    for leg, is_one in zip(layout.legs, content.leg_rows, strict=True):
        if not is_one:
            assert not any(num_rows for part, (_, num_rows) in leg.items() if part not in LEVEL_ONLY_PARTS)


LEVEL_ONLY_PARTS = {"title", "level", "gap_leg"}


@given(st.lists(st.booleans(), min_size=1, max_size=8), WIDTHS, HEIGHTS)
def test_legs_stand_in_order_and_none_is_lost(analysed: list[bool], width: int, height: int) -> None:
    legs = views(analysed)
    arranged = arrange_legs(legs, width, height)
    shown = [leg for row in arranged.rows for leg in row]
    assert shown == legs[: len(shown)]
    assert arranged.num_left_out == len(legs) - len(shown)
    assert len(arranged.rows) + (arranged.num_left_out > 0) <= max(2, height)
    assert all(len({leg.analysed for leg in row}) == 1 for row in arranged.rows)
    assert max(len(row) for row in arranged.rows) <= arranged.columns
    assert arranged.columns == 1 or width // arranged.columns >= LEG_WIDTH


def test_two_legs_stand_side_by_side_where_there_is_room_for_both() -> None:
    both = views([True, True])
    assert arrange_legs(both, 110, 24).rows == (tuple(both),)
    assert arrange_legs(both, 109, 24).rows == ((both[0],), (both[1],))
    assert arrange_legs(views([True, False]), 200, 24).columns == 1


def test_legs_are_spread_evenly() -> None:
    assert [len(row) for row in arrange_legs(views([True] * 4), 165, 40).rows] == [2, 2]
    assert [len(row) for row in arrange_legs(views([True] * 3), 165, 40).rows] == [3]


def test_what_has_no_row_is_counted() -> None:
    arranged = arrange_legs(views([True] * 8), 80, 7)
    assert (len(arranged.rows), arranged.num_left_out) == (6, 2)
