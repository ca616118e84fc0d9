"""The telephone line: its band, and its coding against the recommendation and libsndfile."""

import io

import numpy as np
import pytest
import soundfile

from tests.trainer.augmentation.material import RATE_HZ, bursts, rms, tone
from trainer.augmentation.catalogue import apply_condition
from trainer.augmentation.channel import band_pass, decode_mu_law, encode_mu_law

# ITU-T G.711, table 2a: decision values and the value at the decoder's output above them, 14-bit units.
G711_TABLE = [
    (0, 0, 0xFF),
    (1, 2, 0xFE),
    (3, 4, 0xFD),
    (29, 30, 0xF0),
    (31, 33, 0xEF),
    (35, 37, 0xEE),
    (95, 99, 0xDF),
    (223, 231, 0xCF),
    (479, 495, 0xBF),
    (991, 1023, 0xAF),
    (2015, 2079, 0x9F),
    (4063, 4191, 0x8F),
    (7903, 8031, 0x80),
]


@pytest.mark.parametrize(("decision", "output", "code"), G711_TABLE)
def test_mu_law_is_that_of_the_recommendation(decision: int, output: int, code: int) -> None:
    samples = np.array([decision / 8192, -decision / 8192], dtype=np.float32)
    codes = encode_mu_law(samples)
    assert codes[0] == code
    np.testing.assert_array_equal(decode_mu_law(codes[:1]) * 8192, [output])
    if decision:
        assert codes[1] == code & 0x7F
        np.testing.assert_array_equal(decode_mu_law(codes[1:]) * 8192, [-output])
        just_below = np.array([(decision - 0.5) / 8192], dtype=np.float32)
        assert encode_mu_law(just_below)[0] == code + 1


def test_every_code_comes_back_to_itself() -> None:
    codes = np.arange(256, dtype=np.uint8)
    again = encode_mu_law(decode_mu_law(codes))
    # 0x7F is minus zero: nothing is sent as it.
    np.testing.assert_array_equal(again, np.where(codes == 0x7F, 0xFF, codes))


def test_mu_law_decodes_as_libsndfile_does() -> None:
    codes = np.arange(256, dtype=np.uint8)
    theirs, _ = soundfile.read(
        io.BytesIO(codes.tobytes()),
        samplerate=8000,
        channels=1,
        format="RAW",
        subtype="ULAW",
        dtype="float32",
    )
    np.testing.assert_array_equal(decode_mu_law(codes), theirs)


def test_more_than_full_scale_is_the_largest_code() -> None:
    assert encode_mu_law(np.array([1.0, 5.0, -1.0, -5.0], dtype=np.float32)).tolist() == [128, 128, 0, 0]


@pytest.mark.parametrize(
    ("frequency_hz", "least_db", "most_db"),
    [
        (50, -150, -50),
        (200, -150, -40),
        (300, -7, -5),
        (400, -0.5, 0.5),
        (1000, -0.2, 0.2),
        (3300, -0.5, 0.5),
        (3400, -7, -5),
        (3500, -150, -40),
        (6000, -150, -50),
    ],
)
def test_the_band_ends_where_it_should(frequency_hz: float, least_db: float, most_db: float) -> None:
    sound = tone(frequency_hz)
    middle = slice(RATE_HZ // 2, -RATE_HZ // 2)
    gain_db = 20 * np.log10(rms(band_pass(sound, RATE_HZ)[middle]) / rms(sound[middle]))
    assert least_db < gain_db < most_db


@pytest.mark.parametrize("name", ["phone", "gsm"])
def test_nothing_is_left_over_the_line_s_band(name: str) -> None:
    heard = apply_condition(name, bursts(5.0), RATE_HZ, np.random.default_rng(0))
    power = np.abs(np.fft.rfft(heard)) ** 2
    frequencies = np.fft.rfftfreq(len(heard), 1 / RATE_HZ)
    assert power[frequencies > 4100].sum() < 1e-6 * power.sum()
    assert power[frequencies < 150].sum() < 1e-2 * power.sum()


def test_in_its_band_the_line_is_true_to_the_coding_s_noise() -> None:
    # 1020 Hz, as lines are tested with: no divisor of the sample rate, so that all codes are met.
    sound = tone(1020.0)
    heard = apply_condition("phone", sound, RATE_HZ, np.random.default_rng(0))
    middle = slice(RATE_HZ // 2, -RATE_HZ // 2)
    error_db = 20 * np.log10(rms(heard[middle] - sound[middle]) / rms(sound[middle]))
    # Eight bits on a logarithmic scale: about 38 dB at any level, 33 at least (ITU-T G.712).
    assert -42.0 < error_db < -33.0
