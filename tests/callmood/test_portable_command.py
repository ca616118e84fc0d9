"""The command beside the figures."""

import argparse

import pytest

from callmood.commands import evaluate
from callmood.portable_command import DECIDING, evaluate_command


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("", ""),
        ("--recipe speech --leave-one-corpus-out", " --recipe speech --leave-one-corpus-out"),
        ("--recipe speech --json a.json --out pictures --jobs 2", " --recipe speech"),
        (
            "--leave-speakers-out --only emodb ravdess --seeds 1 --no-baseline --sounds my\\ music",
            " --leave-speakers-out --only emodb ravdess --seeds 1 --no-baseline --sounds 'my music'",
        ),
        (
            "--model m --streams single,balanced --conditions clean --baseline --train-on a --features x",
            " --model m --train-on a --streams single,balanced --conditions clean --baseline --features x",
        ),
    ],
)
def test_it_has_what_decides_about_figures_and_no_path_of_this_machine(typed: str, written: str) -> None:
    parser = argparse.ArgumentParser()
    evaluate.configure(parser)
    words = typed.replace("\\ ", "\0").split()
    arguments = parser.parse_args(
        ["--corpora", "/home/me/corpora", *(word.replace("\0", " ") for word in words)]
    )
    assert evaluate_command(arguments) == f"callmood evaluate --corpora $CALLMOOD_CORPORA{written}"


def test_every_option_is_decided_about() -> None:
    """A new option of `evaluate` is either part of the command, or of no account for figures."""
    parser = argparse.ArgumentParser(add_help=False)
    evaluate.configure(parser)
    names = {action.dest for action in parser._actions} - {"corpora", "jobs", "json", "out", "force"}
    assert names == set(DECIDING)
