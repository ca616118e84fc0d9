"""A conversation of two voices to put through a call, and how to find it again in what came out."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from emotion.arrays import Samples
from tests.phones import MICROPHONES
from tests.pulse import PulseServer
from tests.spoken import DEMO, SAMPLE_RATE

Span = tuple[float, float]
"""First second and last."""

SENTENCES: Mapping[str, Sequence[Span]] = {
    "me": [(0.4, 5.0), (19.6, 23.3)],
    "them": [(5.2, 8.6), (23.7, 26.5)],
}
"""Of the demo, s: one voice for each leg."""

OVERLAP_SECONDS = 1.0
"""They do not let me finish."""

SILENCE_SECONDS = 0.8
"""Before the first word and after the last; longer than the delay of the phones."""

PHONE_RATE = 8_000
PIECE_SECONDS = 0.25
"""What is compared at once: a packet lost or inserted moves what comes after it."""

MOVED_SECONDS = 0.1
"""At most so far from where the whole fits best."""


@dataclass(frozen=True)
class Conversation:
    """Two recordings of one length, to be played at the same time.

    Attributes
    ----------
    files : mapping of leg to Path
        Mono, 16 kHz.
    spoken : mapping of leg to span
        From its first word to its last, s.
    """

    files: Mapping[str, Path]
    spoken: Mapping[str, Span]

    def speak(self, pulse: PulseServer) -> None:
        """Let both speak, each into the microphone at its end, and return when both have ended."""
        with ThreadPoolExecutor(len(self.files)) as pool:
            voices = [
                pool.submit(pulse.speak, path, into=MICROPHONES[leg]) for leg, path in self.files.items()
            ]
        for voice in voices:
            voice.result()

    def find(self, leg: str, sound: Samples) -> tuple[float, float]:
        """Find what a leg said in what was recorded of it.

        Parameters
        ----------
        leg : str
            Whose words are looked for.
        sound : ndarray, shape (n,)
            At 16 kHz.

        Returns
        -------
        delay_seconds : float
            How much later than in the file its words are.
        likeness : float
            Correlation with the file in the middle one of all pieces, in the phones' band; -1..1.
        """
        source, _ = soundfile.read(self.files[leg], dtype="float32")
        source, heard = _in_phone_band(source), _in_phone_band(sound)
        delay = int(np.argmax(_products(heard, source)))
        length, moved = round(PIECE_SECONDS * PHONE_RATE), round(MOVED_SECONDS * PHONE_RATE)
        first, last = (round(second * PHONE_RATE) for second in self.spoken[leg])
        likenesses = []
        for at in range(first, last - length, length):
            piece = source[at : at + length]
            begin = max(0, at + delay - moved)
            place = heard[begin : at + delay + length + moved]
            energies = np.convolve(np.square(place), np.ones(length), "valid")
            products = np.correlate(place, piece, "valid")
            likenesses.append(float(np.max(products / np.sqrt(energies * (piece @ piece) + 1e-9))))
        return delay / PHONE_RATE, float(np.median(likenesses))


def conversation(folder: Path) -> Conversation:
    """Write the two recordings: first I speak, then both do, then they do.

    Parameters
    ----------
    folder : Path
        Where the files go.

    Returns
    -------
    Conversation
        Some 14 s long.
    """
    demo, _ = soundfile.read(DEMO, dtype="float32")
    texts = {
        leg: np.concatenate([demo[_samples(first) : _samples(last)] for first, last in sentences])
        for leg, sentences in SENTENCES.items()
    }
    my_end = SILENCE_SECONDS + len(texts["me"]) / SAMPLE_RATE
    their_start = my_end - OVERLAP_SECONDS
    their_end = their_start + len(texts["them"]) / SAMPLE_RATE
    spoken = {"me": (SILENCE_SECONDS, my_end), "them": (their_start, their_end)}
    files = {}
    for leg, text in texts.items():
        whole = np.zeros(_samples(their_end + SILENCE_SECONDS), np.float32)
        at = _samples(spoken[leg][0])
        whole[at : at + len(text)] = text
        files[leg] = folder / f"{leg}.wav"
        soundfile.write(files[leg], whole, SAMPLE_RATE, subtype="PCM_16")
    return Conversation(files, spoken)


def _samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)


def _in_phone_band(sound: Samples) -> Samples:
    return np.asarray(soxr.resample(sound, SAMPLE_RATE, PHONE_RATE), dtype=np.float32)


def _products(heard: Samples, source: Samples) -> Samples:
    """Give the cross-correlation for each delay from 0."""
    size = 1 << (len(heard) + len(source) - 1).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(source, size))
    return np.asarray(np.fft.irfft(spectrum, size)[: len(heard)], dtype=np.float32)
