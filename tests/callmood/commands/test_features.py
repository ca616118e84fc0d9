"""`callmood features`: the table, one set, JSON, and a name that is none."""

import argparse
import json

import pytest

from callmood.commands import features
from emotion.errors import UsageError
from emotion.features.catalogue import feature_set, feature_set_names


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    features.configure(parser)
    return features.run(parser.parse_args(words))


def test_the_table_has_a_line_a_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["set", "version", "rate", "frame", "hop", "features", "heard"]
    assert [line.split()[0] for line in lines] == list(feature_set_names())
    assert "classic               1  22050 Hz   2048  512      657  live and offline" in lines


@pytest.mark.parametrize("name", feature_set_names())
def test_one_set_lists_every_feature_with_its_unit(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(name) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    chosen = feature_set(name)
    assert [line[0] for line in lines] == list(chosen.feature_names)
    assert [" ".join(line[1:]) for line in lines] == list(chosen.feature_units)


def test_a_group_is_named_once(capsys: pytest.CaptureFixture[str]) -> None:
    run("classic")
    headings = [
        line for line in capsys.readouterr().out.splitlines()[1:] if line and not line.startswith(" ")
    ]
    names = [heading.split()[0] for heading in headings]
    assert len(names) == len(set(names))


def test_json_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    run("classic", "--json")
    content = json.loads(capsys.readouterr().out)
    assert content["num_features"] == len(content["features"]) == 657
    assert content["features"][0] == {"name": "mfcc.00.mean", "unit": "dB"}
    run("--json")
    assert [each["name"] for each in json.loads(capsys.readouterr().out)] == list(feature_set_names())


def test_an_unknown_set_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="there is no feature set 'mood'; there are acoustic, "):
        run("mood")
