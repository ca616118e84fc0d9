"""callmood, a real-time monitor of emotion in speech: the public Python interface.

Have the consent of everyone you listen to. The models learned from actors: do not base decisions about people
on what they say. docs/python.md shows how to use this.
"""

from importlib import import_module

# As typing.TYPE_CHECKING, whose import takes four times as long as all else here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from callmood.api import Listener, listen, predict
    from callmood.model_choice import ListedModel, load_model
    from callmood.model_choice import listed_models as models
    from emotion.errors import (
        AudioFileError,
        CallmoodError,
        ConfigurationError,
        DatasetError,
        DeviceError,
        JournalError,
        MissingExtraError,
        ModelError,
        OutputError,
        UsageError,
        VoiceError,
    )
    from emotion.model import EmotionModel
    from streamer.analysis.predict import LegPrediction, RecordingPrediction
    from streamer.events import Alert, Gap, Mark, Row, Skip
    from streamer.recordings.journal_reader import Journal, read_journal

__version__ = "0.1.0"

__all__ = [
    "Alert",
    "AudioFileError",
    "CallmoodError",
    "ConfigurationError",
    "DatasetError",
    "DeviceError",
    "EmotionModel",
    "Gap",
    "Journal",
    "JournalError",
    "LegPrediction",
    "ListedModel",
    "Listener",
    "Mark",
    "MissingExtraError",
    "ModelError",
    "OutputError",
    "RecordingPrediction",
    "Row",
    "Skip",
    "UsageError",
    "VoiceError",
    "listen",
    "load_model",
    "models",
    "predict",
    "read_journal",
]

_HOMES = {
    "EmotionModel": "emotion.model",
    "Journal": "streamer.recordings.journal_reader",
    "LegPrediction": "streamer.analysis.predict",
    "ListedModel": "callmood.model_choice",
    "Listener": "callmood.api",
    "RecordingPrediction": "streamer.analysis.predict",
    "listen": "callmood.api",
    "load_model": "callmood.model_choice",
    "models": "callmood.model_choice",
    "predict": "callmood.api",
    "read_journal": "streamer.recordings.journal_reader",
    **dict.fromkeys(("Alert", "Gap", "Mark", "Row", "Skip"), "streamer.events"),
}
"""Where a name is defined; that of an error is `emotion.errors`."""


# A type checker that saw this would take any name for one of ours.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import a public name when it is first used: `import callmood` alone loads no numpy."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from callmood.process import check_packages

        check_packages()
        home = import_module(_HOMES.get(name, "emotion.errors"))
        value: object = getattr(home, "listed_models" if name == "models" else name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
