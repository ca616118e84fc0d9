"""`callmood notice`: words that tell people what is analysed and kept, to be adapted."""

import argparse
import sys
import textwrap
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from callmood.model_choice import DEFAULT_MODEL, MODEL_HELP
from emotion.errors import OutputError, UsageError

if TYPE_CHECKING:
    from emotion.card import Card
    from streamer.recordings.retention import RetentionLimits

SUMMARY: Final = "Print a notice for the people you listen to: words to say, and words to publish."

_FOLDER: Final = Path(__file__).parents[1] / "notices"
_LANGUAGES: Final = ("en", "de", "zh")
_FORMS: Final = ("spoken", "written")
_LONGEST_TEXT: Final = 200
_COLUMNS: Final = 78
_ACTED: Final = frozenset(
    {
        "aesdd",
        "ased",
        "casia",
        "crema-d-partial",
        "emodb",
        "emotale",
        "indowave",
        "nemo",
        "ravdess",
        "selvas-ko",
    }
)
"""Corpora, as cards name them, in which actors speak."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--lang",
        metavar="NAME",
        choices=_LANGUAGES,
        default="en",
        help="write in this language: en, de or zh (default: %(default)s)",
    )
    parser.add_argument(
        "--form",
        metavar="NAME",
        choices=_FORMS,
        help="print only the words to say or those to publish: spoken or written (default: both)",
    )
    parser.add_argument("--who", metavar="TEXT", help="name who listens (default: a placeholder)")
    parser.add_argument("--contact", metavar="TEXT", help="name whom to ask (default: a placeholder)")
    kept = parser.add_argument_group(
        "what is kept", "Give the options of `callmood listen`; those in [listen] of callmood.toml count too."
    )
    kept.add_argument("--record", metavar="RULE", help="clips of windows are kept (default: none)")
    kept.add_argument("--moments", metavar="RULE", help="clips of episodes are kept (default: none)")
    kept.add_argument("--record-session", action="store_true", help="the whole sound is kept")
    kept.add_argument("--journal", metavar="FILE", help="a journal is kept (default: none)")
    kept.add_argument("--keep", metavar="AGE", help="how long, such as 36h or 7d (default: a placeholder)")
    kept.add_argument(
        "--keep-journals", metavar="AGE", help="how long journals are kept (default: as long as the sound)"
    )
    kept.add_argument("-m", "--model", metavar="MODEL", help=f"{MODEL_HELP} (default: {DEFAULT_MODEL})")
    kept.add_argument(
        "--config", metavar="FILE", type=Path, help="take [listen] from FILE (default: as `callmood listen`)"
    )
    parser.epilog = (
        "Whoever uses a system that recognises emotions must tell the people exposed to it, at the latest "
        "when it begins: EU AI Act, article 50(3) and (5), since 2 August 2026. Fill in the words in "
        "[BRACKETS]. The text is a draft and no legal advice.\n"
        "\n"
        "`callmood listen --announce TEXT` writes into the journal what you said.\n"
        "\n"
        "examples:\n"
        "  callmood notice\n"
        "  callmood notice --lang de --form spoken\n"
        "  callmood notice --who 'Example Ltd' --moments angry,sad --keep 7d\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the notice."""
    from callmood.process import say_note

    _check_text("who", arguments.who)
    _check_text("contact", arguments.contact)
    text = tomllib.loads((_FOLDER / f"{arguments.lang}.toml").read_text(encoding="utf-8"))
    planned, limits = _planned(arguments)
    values = _values(text, arguments, planned, limits)
    titles = {"spoken": text["say"], "written": text["publish"]}
    # Chinese has no blanks to break lines at, and needs none.
    columns = sys.maxsize if arguments.lang == "zh" else _COLUMNS
    lines: list[str] = []
    for form in _FORMS if arguments.form is None else (arguments.form,):
        paragraphs = [paragraph.format_map(values) for paragraph in text[form]]
        title = [f"== {titles[form]} =="] if arguments.form is None else []
        for paragraph in (*title, *paragraphs):
            lines += textwrap.wrap(paragraph, columns, break_long_words=False, break_on_hyphens=False)
            lines.append("")
    _print("\n".join(lines) + "\n")
    say_note("fill in the words in [BRACKETS]; this is a draft and no legal advice")
    return 0


def _print(text: str) -> None:
    encoding = sys.stdout.encoding or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError as error:
        raise OutputError(
            f"standard output is in {encoding}, which has no {text[error.start]!a}; set LC_ALL=C.UTF-8"
        ) from error
    sys.stdout.write(text)
    sys.stdout.flush()


def _check_text(option: str, text: str | None) -> None:
    if text is not None and not (text.strip() and text.isprintable() and len(text) <= _LONGEST_TEXT):
        raise UsageError(f"--{option} is {text!r:.60}; give one line of at most {_LONGEST_TEXT} characters")


def _planned(arguments: argparse.Namespace) -> "tuple[argparse.Namespace, RetentionLimits]":
    """Give the options with which `callmood listen` would run, those of this command in their place."""
    from callmood import configuration
    from callmood.process import say_note
    from callmood.session_options import add_session_arguments, add_source_arguments
    from streamer.recordings.retention import RetentionLimits

    parser = argparse.ArgumentParser()
    add_source_arguments(parser)
    add_session_arguments(parser)
    if said := configuration.apply(parser, "listen", arguments.config):
        say_note(said)
    planned = parser.parse_args([])
    for name in ("record", "moments", "record_session", "journal", "keep", "keep_journals", "model"):
        if (given := getattr(arguments, name)) not in {None, False}:
            setattr(planned, name, given)
    limits = RetentionLimits.parse(planned.keep, None, planned.keep_journals)
    return planned, limits or RetentionLimits()


def _what_is_kept(planned: argparse.Namespace) -> str:
    """Tell what is kept: the `whole` sound, `parts` of it, `estimates`, or `nothing`."""
    if planned.record_session:
        return "whole"
    if planned.record or planned.moments:
        return "parts"
    keeps_estimates = planned.journal not in {None, "-"} or planned.spectrogram_png
    keeps_estimates = keeps_estimates or planned.voice or planned.line
    return "estimates" if keeps_estimates else "nothing"


def _values(
    text: Mapping[str, Any],
    arguments: argparse.Namespace,
    planned: argparse.Namespace,
    limits: "RetentionLimits",
) -> dict[str, str]:
    """Give what stands in place of the words in braces."""
    from emotion.model import find_model_folder, read_model_card

    card = read_model_card(find_model_folder(planned.model))
    kept = _what_is_kept(planned)
    ages = {
        "sound_age": _age(limits.keep_text, text),
        "estimates_age": _age(limits.journal_text or limits.keep_text, text),
    }
    return {
        "who": arguments.who or text["who"],
        "contact": arguments.contact or text["contact"],
        "model": card.name,
        "emotions": _listed([text["emotions"].get(label, label) for label in card.labels], text),
        "kept_spoken": text["kept_spoken"][kept].format_map(ages),
        "kept_written": text["kept_written"][kept].format_map(ages)
        + text["voice"] * bool(planned.voice or planned.line),
        "learned": text["from_actors" if _learned_from_actors(card) else "from_others"],
        # What a command does with an alert is not known here.
        "receivers": text["posted" if planned.post_alerts or planned.on_alert else "local"],
    }


def _learned_from_actors(card: "Card") -> bool:
    """Tell whether all that a model was fitted on is known to be acted."""
    return bool(card.data) and {source.name for source in card.data} <= _ACTED


def _age(age: str, text: Mapping[str, Any]) -> str:
    from streamer.recordings.retention import age_words

    if not age:
        return str(text["some_time"])
    number, unit = age_words(age)
    one, many = text["units"][unit]
    return str(text["age"]).format(number=number, unit=one if float(number) == 1 else many)


def _listed(words: Sequence[str], text: Mapping[str, Any]) -> str:
    *most, last = words
    return f"{text['separator'].join(most)}{text['last_separator']}{last}" if most else last
