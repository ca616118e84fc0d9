"""`callmood features`: list the feature sets, or the features of one."""

import argparse
import json
import sys
from itertools import groupby
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from emotion.features.base import FeatureSet

SUMMARY: Final = "List the feature sets, or every feature of one."


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "set", nargs="?", metavar="SET", help="feature set, such as classic (default: list all sets)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.epilog = (
        "examples:\n  callmood features\n  callmood features classic\n  callmood features classic --json\n"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the sets, or the features of one."""
    from emotion.features.catalogue import feature_set, feature_set_names

    content: object
    if arguments.set is None:
        sets = [feature_set(name) for name in feature_set_names()]
        content, text = list(map(_facts, sets)), _table(sets)
    else:
        chosen = feature_set(arguments.set)
        content, text = _facts(chosen) | {"features": _features(chosen)}, _groups(chosen)
    sys.stdout.write((json.dumps(content, indent=2) if arguments.json else text) + "\n")
    return 0


def _facts(chosen: "FeatureSet") -> dict[str, object]:
    return {
        "name": chosen.name,
        "version": chosen.version,
        "sample_rate": chosen.sample_rate,
        "frame_length": chosen.frame_length,
        "frame_hop": chosen.frame_hop,
        "num_features": len(chosen.feature_names),
        "offline_only": chosen.offline_only,
    }


def _features(chosen: "FeatureSet") -> list[dict[str, str]]:
    named = zip(chosen.feature_names, chosen.feature_units, strict=True)
    return [{"name": name, "unit": unit} for name, unit in named]


def _table(sets: "list[FeatureSet]") -> str:
    lines = [f"{'set':<16}{'version':>7}{'rate':>10}{'frame':>7}{'hop':>5}{'features':>9}  heard"]
    for each in sets:
        frames = f"{f'{each.sample_rate} Hz':>10}{each.frame_length:>7}{each.frame_hop:>5}"
        heard = "whole clips only" if each.offline_only else "live and offline"
        lines.append(f"{each.name:<16}{each.version:>7}{frames}{len(each.feature_names):>9}  {heard}")
    return "\n".join(lines)


def _groups(chosen: "FeatureSet") -> str:
    lines = [
        f"{chosen.name}, version {chosen.version}: {len(chosen.feature_names)} features; "
        f"{chosen.sample_rate} Hz, frames of {chosen.frame_length} samples every {chosen.frame_hop}"
    ]
    widest = max(map(len, chosen.feature_names))
    for group, members in groupby(_features(chosen), key=lambda feature: feature["name"].partition(".")[0]):
        features = list(members)
        lines += ["", f"{group} ({len(features)})"]
        lines += [f"  {feature['name']:<{widest}}  {feature['unit']}" for feature in features]
    return "\n".join(lines)
