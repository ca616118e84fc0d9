"""What was not heard, as JSON: gaps in the sound, and windows that were skipped."""

from streamer.lines.journal_lines import Line
from streamer.row import Gap, Skip


def gap_line(gap: Gap) -> Line:
    """Give the line of missing sound.

    Parameters
    ----------
    gap : Gap
        Of any leg.

    Returns
    -------
    dict
        Of type "gap", with its samples as well as its seconds.
    """
    return {
        "type": "gap",
        "leg": gap.leg,
        "start": float(gap.start),
        "end": float(gap.end),
        "start_sample": gap.start_sample,
        "end_sample": gap.end_sample,
        "cause": gap.cause,
        "estimated": gap.estimated,
    }


def skip_line(skip: Skip) -> Line:
    """Give the line of a window that was skipped.

    Parameters
    ----------
    skip : Skip
        Of any leg.

    Returns
    -------
    dict
        Of type "skip"; its `window` is missing among the rows. `demand` says how many times as fast the
        machine would have to be.
    """
    return {
        "type": "skip",
        "leg": skip.leg,
        "window": skip.window,
        "start": float(skip.start),
        "end": float(skip.end),
        "start_sample": skip.start_sample,
        "end_sample": skip.end_sample,
        "lag_seconds": float(skip.lag_seconds),
        "demand": float(skip.demand),
    }
