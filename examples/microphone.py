"""Print what is heard at the default microphone: microphone.py [SECONDS].

Tell everyone in the room before you start, and get their agreement.
"""

import sys

import callmood


def main(seconds: float) -> None:
    """Print a line for each window; Ctrl-C ends it earlier."""

    def report(loss: callmood.Gap | callmood.Skip) -> None:
        print(f"lost: {loss.start:.1f} to {loss.end:.1f} s")

    try:
        for row in callmood.listen(seconds, on_loss=report):
            print(f"{row.end:6.1f} s  {row.emotion or row.state}")
    except KeyboardInterrupt:
        print("stopped")


if __name__ == "__main__":
    try:
        main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0)
    except callmood.DeviceError as error:
        sys.exit(f"no microphone: {error}")
