"""The report as a picture: what is drawn where, and whatever names say."""

import io
from dataclasses import replace

import numpy as np
import pytest
from matplotlib import font_manager, image
from numpy.typing import NDArray

from callmood.reports.analysis import SessionAnalysis, analyse
from callmood.reports.picture import draw_report
from streamer.events import Mark
from streamer.leg_plan import LegPlan
from streamer.panel.canvas import EMOTION_COLOURS
from tests.callmood.reports.test_analysis import CUSTOMER, gap, journal, row, rows


def pixels_of(*sessions: SessionAnalysis) -> NDArray[np.float32]:
    drawn = draw_report(sessions, [{} for _ in sessions], ".png")
    pixels: NDArray[np.float32] = image.imread(io.BytesIO(drawn.content))[..., :3]
    return pixels


def columns_of(pixels: NDArray[np.float32], colour: str) -> NDArray[np.intp]:
    """Give the columns, as parts of the axis, where much of a colour is."""
    wanted = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    height = np.isclose(pixels, wanted, atol=0.02).all(axis=2).sum(axis=0)
    return np.flatnonzero(height > 60)


def test_each_emotion_is_drawn_in_its_colour_where_it_was() -> None:
    spans = [("angry", 25), ("silence", 25), ("happy", 25), ("sad", 25)]
    pixels = pixels_of(analyse(journal(*rows("customer", *spans), legs=(CUSTOMER,))))
    angry, happy, sad = (columns_of(pixels, EMOTION_COLOURS[label]) for label in ("angry", "happy", "sad"))
    assert angry.max() < happy.min()
    assert happy.max() < sad.min()
    assert happy.min() - angry.max() > 0.15 * pixels.shape[1]


def test_a_short_peak_is_drawn_in_a_session_of_eight_hours() -> None:
    calm = rows("customer", ("neutral", 57_600))
    calm[30_000] = row("customer", 30_000, "angry", 0.99)
    pixels = pixels_of(analyse(journal(*calm, legs=(CUSTOMER,))))
    found = columns_of(pixels, EMOTION_COLOURS["angry"])
    assert 1 <= len(found) <= 4
    assert found[0] / pixels.shape[1] == pytest.approx(0.064 + 0.897 * 30_000 / 57_600, abs=0.01)


def test_an_unsure_window_does_not_hide_a_sure_one() -> None:
    calm = rows("customer", ("neutral", 57_600))
    calm[30_000] = row("customer", 30_000, "angry", 0.9)
    doubt = {"angry": 0.48, "sad": 0.5, "happy": 0.01, "neutral": 0.01}
    for number in (29_999, 30_001):
        calm[number] = row("customer", number, "unsure", smoothed=doubt, probabilities=doubt)
    pixels = pixels_of(analyse(journal(*calm, legs=(CUSTOMER,))))
    assert len(columns_of(pixels, EMOTION_COLOURS["angry"])) >= 1


def test_two_sessions_have_the_same_time_axis() -> None:
    long, short = (
        analyse(journal(*rows("customer", ("neutral", count), ("angry", 40)), legs=(CUSTOMER,)))
        for count in (160, 20)
    )
    pixels = pixels_of(long, short)
    half = len(pixels) // 2
    later, earlier = (columns_of(part, EMOTION_COLOURS["angry"]) for part in (pixels[:half], pixels[half:]))
    assert len(later) == pytest.approx(len(earlier), abs=40)
    assert earlier.max() < later.min()


@pytest.mark.parametrize("ending", [".png", ".pdf"])
def test_names_of_any_script_are_drawn_without_a_warning(ending: str) -> None:
    names = (
        "客户 王小明",
        "عميل غاضب",
        "😀 \N{ZERO WIDTH JOINER}🚀",
        "$\\frac{1}{0}$ & <b>",
        "\ue000\U000e0001",
    )
    legs = tuple(LegPlan(name, 0, number) for number, name in enumerate(names))
    spoken = [each for name in names for each in rows(name, ("angry", 5))]
    drawn = draw_report([analyse(journal(*spoken, legs=legs))], [{}], ending)
    assert len(drawn.content) > 10_000
    has_cjk = any("CJK" in path for path in font_manager.findSystemFonts())
    assert not has_cjk or all("Chinese" not in note or "1 character" in note for note in drawn.notes)


def test_what_no_font_has_is_said() -> None:
    plan = LegPlan("\U0001e900\U0001e901")  # Adlam
    drawn = draw_report([analyse(journal(*rows(plan.name, ("sad", 3)), legs=(plan,)))], [{}], ".png")
    if not any("Adlam" in path or "unifont" in path for path in font_manager.findSystemFonts()):
        assert drawn.notes[0].startswith("no installed font has 2 characters of the names, shown as ?")


def test_the_letter_of_a_label_that_no_font_has_is_replaced_too() -> None:
    label = "\U0001e900\U0001e901"  # Adlam, whose letters are as narrow as Latin ones
    shares = {label: 0.8, "sad": 0.2}
    spoken = [
        replace(each, emotion=label, smoothed=shares, probabilities=shares)
        for each in rows("customer", ("sad", 60))
    ]
    header = replace(journal(legs=(CUSTOMER,)).header, labels=tuple(shares))
    # matplotlib would warn, which is an error here.
    drawn = draw_report([analyse(journal(*spoken, header=header))], [{}], ".png")
    if not any("Adlam" in path or "unifont" in path for path in font_manager.findSystemFonts()):
        assert "shown as ?" in drawn.notes[0]


def test_a_mark_is_named_on_the_first_leg_that_is_drawn() -> None:
    legs = (LegPlan("agent", 0, 0, analysed=False), CUSTOMER)
    spoken = rows("customer", ("sad", 60))
    with_mark, without = (
        pixels_of(analyse(journal(*spoken, legs=legs, marks=marks))) for marks in ((Mark(15.0, 0.0),), ())
    )
    changed = np.flatnonzero((with_mark != without).any(axis=(1, 2)))
    columns = np.flatnonzero((with_mark != without).any(axis=(0, 2)))
    assert len(changed) > 100
    # Its word is wider than the dashed line.
    assert np.ptp(columns) > 20


def test_a_page_is_a4_and_grows_with_the_legs() -> None:
    one = pixels_of(analyse(journal(*rows("customer", ("sad", 9)), legs=(CUSTOMER,))))
    assert one.shape[1] / one.shape[0] == pytest.approx(297 / 210, abs=0.01)
    legs = tuple(replace(CUSTOMER, name=f"leg{number}") for number in range(6))
    spoken = [each for leg in legs for each in rows(leg.name, ("happy", 9))]
    many = pixels_of(analyse(journal(*spoken, gap("leg1", 1.0, 2.0), legs=legs)))
    assert many.shape[0] > 1.2 * one.shape[0]


def test_the_same_session_is_the_same_file() -> None:
    session = analyse(journal(*rows("customer", ("sad", 9)), legs=(CUSTOMER,)))
    for ending in (".png", ".pdf"):
        one, other = (draw_report([session], [{}], ending).content for _ in range(2))
        assert one == other
