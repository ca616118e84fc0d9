"""Read a recording in blocks and print the emotion of each window: recording.py call.wav."""

import sys

import soundfile

import callmood


def main(path: str) -> None:
    """Print a line for each window with speech, and a warning at each alert."""
    with soundfile.SoundFile(path) as file:
        listener = callmood.Listener(
            rate=file.samplerate,
            channels=file.channels,
            alerts=["angry>0.7 for 5s"],
            on_alert=lambda alert: print("ALERT", alert.text),
        )
        with listener:
            for block in file.blocks(blocksize=file.samplerate, dtype="float32"):
                show(listener.push(block))
            show(listener.finish())


def show(rows: list[callmood.Row]) -> None:
    """Print rows; one whose model is unsure has probabilities, but no emotion."""
    for row in rows:
        if row.smoothed is not None:
            label = max(row.smoothed, key=row.smoothed.__getitem__)
            print(f"{row.leg} {row.end:6.1f} s  {row.emotion or 'unsure'}  {label} {row.smoothed[label]:.2f}")


if __name__ == "__main__":
    main(sys.argv[1])
