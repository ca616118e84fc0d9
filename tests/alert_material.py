"""Rows and alerts: 2 s windows, a step of 0.5 s, of which only the probability of anger matters."""

from streamer.events import Alert, Row, State

WIN_SECONDS = 2.0
STEP_SECONDS = 0.5
RATE = 8000


def angry_row(
    window: int, probability: float | None, *, leg: str = "customer", state: State = "speech"
) -> Row:
    """Give the row of a window, counted in steps from the start of the stream; None stands for no speech."""
    start = window * STEP_SECONDS
    smoothed = None
    if probability is None:
        state = "silence"
    else:
        smoothed = dict.fromkeys(("happy", "neutral", "sad"), (1 - probability) / 3) | {"angry": probability}
    return Row(
        leg=leg,
        window=window,
        start=start,
        end=start + WIN_SECONDS,
        start_sample=round(start * RATE),
        end_sample=round((start + WIN_SECONDS) * RATE),
        state=state,
        emotion="angry" if state == "speech" else None,
        probabilities=smoothed,
        smoothed=smoothed,
        level_dbfs=-30.0,
        lag_seconds=0.01,
    )


def alert(at_seconds: float = 15.0) -> Alert:
    """Give an alert."""
    return Alert(
        leg="customer",
        rule="angry>0.7 for 5s",
        label="angry",
        onset_seconds=at_seconds - 5.0,
        at_seconds=at_seconds,
        probability=0.82,
        delay_seconds=5.0,
        window=26,
        onset_sample=round((at_seconds - 5.0) * RATE),
        end_sample=round(at_seconds * RATE),
    )


def alert_at_1khz(
    onset_sample: int,
    end_sample: int,
    *,
    label: str = "angry",
    rule: str = "angry>0.7",
    probability: float = 0.8,
    window: int = 7,
) -> Alert:
    """Give an alert of the only leg of a source at 1 kHz."""
    return Alert(
        leg="mono",
        rule=rule,
        label=label,
        onset_seconds=onset_sample / 1000,
        at_seconds=end_sample / 1000,
        probability=probability,
        delay_seconds=(end_sample - onset_sample) / 1000,
        window=window,
        onset_sample=onset_sample,
        end_sample=end_sample,
    )
