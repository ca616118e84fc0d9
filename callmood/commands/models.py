"""`callmood models`: list the models, or show the card of one."""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from callmood.model_choice import MODEL_HELP

SUMMARY: Final = "List the models, or show the card of one."

if TYPE_CHECKING:
    _SubParsersAction = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    _SubParsersAction = argparse._SubParsersAction


class _ShowAction(_SubParsersAction):
    """Takes a word that is not `show` for the name of the model to show."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # Any word may follow; argparse looks the subparsers up elsewhere.
        self.choices = None  # type: ignore[assignment]

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        words = list(values or ())
        super().__call__(parser, namespace, words if words[0] == "show" else ["show", *words], option_string)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    actions = parser.add_subparsers(
        dest="action", metavar="[show] MODEL", action=_ShowAction, prog=parser.prog
    )
    show = actions.add_parser(
        "show",
        help="print the card of this model (default: list all models)",
        description="Print the card of a model.",
    )
    show.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    show.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print the card as JSON")
    show.epilog = "examples:\n  callmood models show speech\n  callmood models show ./models/mine --json\n"
    parser.epilog = (
        "examples:\n"
        "  callmood models\n"
        "  callmood models speech\n"
        "  callmood models show ./models/mine --json\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the models, or the card of one."""
    if arguments.action == "show":
        _show(arguments.model, as_json=arguments.json)
    else:
        _list(as_json=arguments.json)
    return 0


def _list(*, as_json: bool) -> None:
    from callmood.model_tables import listed_models, print_models

    models = listed_models()
    if as_json:
        entries = [model.facts() for model in models]
        sys.stdout.write(json.dumps(entries, indent=2, ensure_ascii=False) + "\n")
    else:
        print_models(models)


def _show(name: str, *, as_json: bool) -> None:
    from callmood.model_choice import choose_folder
    from emotion.card import card_json
    from emotion.model import read_model_card

    folder = choose_folder(name)
    card = read_model_card(folder)
    if as_json:
        sys.stdout.write(card_json(card))
    else:
        from callmood.model_tables import print_card

        print_card(folder, card)
