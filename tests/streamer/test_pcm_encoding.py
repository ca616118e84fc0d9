"""Raw samples are worth what libsndfile says, bit by bit."""

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from emotion.arrays import Samples
from streamer.pcm_encoding import ENCODINGS, Encoding, decode, sample_bytes
from streamer.recorder.wav_format import WavFormat
from streamer.whole_samples import WholeSamples
from tests.strategies import cuts

SUBTYPES = {"s16le": "PCM_16", "f32le": "FLOAT", "mulaw": "ULAW", "alaw": "ALAW"}


def by_libsndfile(data: bytes, encoding: Encoding) -> Samples:
    samples, _ = soundfile.read(
        io.BytesIO(data),
        dtype="float32",
        format="RAW",
        subtype=SUBTYPES[encoding],
        endian="LITTLE",
        samplerate=8_000,
        channels=1,
    )
    found: Samples = samples
    return found


def every_sample(encoding: Encoding) -> bytes:
    """All the values there are; of floats some of each size, with those that are no finite numbers."""
    if encoding == "f32le":
        odd = np.array([np.nan, np.inf, -np.inf, -0.0, 1e-45, 3.4e38], dtype="<f4").tobytes()
        return np.random.default_rng(1).bytes(4 * 100_000) + odd
    if encoding == "s16le":
        return np.arange(-32768, 32768).astype("<i2").tobytes()
    return bytes(range(256))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_value_is_that_of_libsndfile(encoding: Encoding) -> None:
    data = every_sample(encoding)
    samples = decode(data, encoding)
    assert samples.dtype == np.float32
    assert len(samples) * sample_bytes(encoding) == len(data)
    assert np.array_equal(samples.view(np.uint32), by_libsndfile(data, encoding).view(np.uint32))


@pytest.mark.parametrize("encoding", ["s16le", "mulaw", "alaw"])
def test_16_bits_keep_all_but_floats_exactly(encoding: Encoding) -> None:
    samples = decode(every_sample(encoding), encoding)
    kept = WavFormat(8_000, 1, "PCM_16").encode(samples)
    assert np.array_equal(decode(kept, "s16le"), samples)


def test_silence_on_a_telephone_line_is_silence() -> None:
    assert decode(b"\xff\x7f", "mulaw").tolist() == [0.0, 0.0]
    assert np.abs(decode(b"\xd5\x55", "alaw")).tolist() == [8 / 32768, 8 / 32768]


@given(st.sampled_from(ENCODINGS), st.integers(1, 3), st.binary(max_size=200), st.data())
def test_bytes_cut_anywhere_give_the_same_samples(
    encoding: Encoding, channels: int, data: bytes, draw: st.DataObject
) -> None:
    stream = WholeSamples(encoding, channels)
    found = [stream.take(data[cut]) for cut in draw.draw(cuts(len(data)))]
    whole = len(data) - len(data) % stream.frame_bytes
    expected = decode(data[:whole], encoding).reshape(-1, channels)
    assert np.concatenate(found).tobytes() == expected.tobytes()
    assert stream.rest_bytes == len(data) - whole
