"""Sinks that save, when a session ends, what it learned of a voice, and add a voice to a line."""

from dataclasses import replace

from emotion import wall_clock
from emotion.decision import line_voices
from emotion.errors import UsageError
from emotion.model import EmotionModel
from streamer.events import Event, Row, is_spoken
from streamer.lines import LineFolder, LineKey, SavedLine, refuse_line_for
from streamer.saved_states import digest_of, refuse_reserved
from streamer.session_info import LegLine, SessionInfo, Summary
from streamer.sinks.base import Sink
from streamer.voices import SavedVoice, VoiceFolder


class VoiceSaver(Sink):
    """Opens a voice before a session, counts the speech of its leg, and writes the voice when it ends.

    Attributes
    ----------
    name, leg : str
        As given.
    saved : SavedVoice or None
        What was there before the session.
    """

    files: tuple[str, ...] = ()

    def __init__(
        self,
        name: str,
        leg: str,
        model: EmotionModel,
        callmood_version: str,
        folder: VoiceFolder | None = None,
    ) -> None:
        self.name = name
        self.leg = leg
        refuse_voice_for(model)
        self._folder = folder or VoiceFolder()
        self.saved = self._folder.for_model(name, model)
        self._fresh = new_voice(name, model, callmood_version)
        self._step_seconds = 0.0
        self._num_speech = 0

    def open(self, info: SessionInfo) -> None:
        """Note the step, by which speech is counted."""
        self._step_seconds = info.step_seconds

    def handle(self, event: Event) -> None:
        """Count the windows of speech."""
        if isinstance(event, Row) and event.leg == self.leg and is_spoken(event):
            self._num_speech += 1

    def close(self, summary: Summary | None) -> None:
        """Save the voice, unless nobody spoke, the session failed before its end, or another saved it."""
        num_speech, self._num_speech = self._num_speech, 0
        if summary is None or not num_speech:
            return
        before = self.saved
        voice = replace(
            self._fresh,
            created=self._fresh.created if before is None else before.created,
            updated=now(),
            speech_seconds=(0.0 if before is None else before.speech_seconds)
            + num_speech * self._step_seconds,
            state=summary.voice_states[self.leg],
        )
        self.files = (str(self._folder.write_after(before, voice)),)


class LineSaver(Sink):
    """Opens a line before a session, and adds the voice of its leg when the session ends.

    Sessions at once all count: each adds its voice to what the file holds then.

    Attributes
    ----------
    leg : str
        As given.
    line : LegLine
        The line as it was before the session.
    """

    files: tuple[str, ...] = ()

    def __init__(
        self,
        key: LineKey,
        leg: str,
        model: EmotionModel,
        callmood_version: str,
        folder: LineFolder | None = None,
    ) -> None:
        self.leg = leg
        refuse_reserved(key.name, "line")
        refuse_line_for(model)
        self._folder = folder or LineFolder()
        self._model = model
        self._version = callmood_version
        saved = self._folder.for_model(key, model)
        state = {} if saved is None else saved.state
        self.line = LegLine(key.name, key.codec, line_voices(state), state, digest_of(model))
        self._is_over = False

    def close(self, summary: Summary | None) -> None:
        """Add the voice, unless it spoke too little, or the session failed before its end."""
        was_over, self._is_over = self._is_over, True
        if summary is None or was_over:
            return
        moment, card = now(), self._model.card
        fresh = SavedLine(
            name=self.line.name,
            codec=self.line.codec,
            model=card.name,
            model_digest=digest_of(self._model),
            callmood_version=self._version,
            created=moment,
            updated=moment,
            state={},
        )
        written = self._folder.add_voice(fresh, self._model, summary.line_additions[self.leg])
        self.files = () if written is None else (str(written),)


def learns_voices(model: EmotionModel) -> bool:
    """Tell whether a model has a baseline that could be saved."""
    return bool(model.open_voice().state())


def refuse_voice_for(model: EmotionModel) -> None:
    """Stop where a voice is named and the model can do nothing with it."""
    if not learns_voices(model):
        raise UsageError(f"model {model.card.name} learns no voices; leave --voice out, or choose another")


def new_voice(name: str, model: EmotionModel, callmood_version: str) -> SavedVoice:
    """Begin a voice that nothing is known of."""
    moment = now()
    digest = digest_of(model)
    return SavedVoice(
        name,
        model.card.name,
        digest,
        callmood_version,
        moment,
        moment,
        model.open_voice().state(),
        speech_seconds=0.0,
    )


def now() -> str:
    """Give the time as voices carry it: ISO 8601, UTC, whole seconds."""
    return wall_clock.utc(wall_clock.now()).isoformat(timespec="seconds")
