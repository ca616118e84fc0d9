"""`callmood models`: which models there are, and what one says of itself."""

import argparse
import json
import sys
from typing import Final

from callmood.model_choice import MODEL_HELP

SUMMARY: Final = "List the models, or show the card of one."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    actions = parser.add_subparsers(dest="action", metavar="show")
    show = actions.add_parser(
        "show", help="print the card of a model", description="print the card of a model"
    )
    show.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    show.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="the card as it is")
    parser.epilog = (
        "examples:\n"
        "  callmood models\n"
        "  callmood models show speech\n"
        "  callmood models show ./models/mine --json"
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
