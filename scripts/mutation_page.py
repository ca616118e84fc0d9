"""Tell what became of the mutants, and write docs/mutation.md: python -m scripts.mutation_page

`make mutation` lets mutmut try them, then calls this. It needs every mutant tried, and fails where a group of
modules kills less than it shall, or where a survivor has no reason in docs/mutation-survivors.toml.
"""

import json
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from emotion.whole_file import replace
from scripts.mutation_words import Survivor, page

ROOT: Final = Path(__file__).parents[1]
MUTANTS: Final = ROOT / "mutants"
REASONS: Final = ROOT / "docs" / "mutation-survivors.toml"
PAGE: Final = ROOT / "docs" / "mutation.md"

AT_LEAST: Final = 0.85
"""Share of its mutants that each group must kill."""

GROUPS: Final = {
    "queue": ("streamer/block_queue.py", "streamer/inbox.py"),
    "window assembler": (
        "streamer/pieces.py",
        "streamer/stretch.py",
        "streamer/stretch_time.py",
        "streamer/hearing.py",
        "emotion/window_grid.py",
    ),
    "tracker": ("streamer/tracker.py", "streamer/judge.py"),
    "recorder": ("streamer/recorder/*.py",),
    "what deletes": ("streamer/retention/*.py", "emotion/folder_lock.py", "callmood/commands/forget.py"),
    "what sends": ("streamer/alerts/*.py",),
    "configuration": (
        "callmood/configuration.py",
        "callmood/model_choice.py",
        "emotion/model_folders.py",
    ),
    "readers of hostile files": (
        "emotion/array_file.py",
        "emotion/bounded_arrays.py",
        "emotion/bounded_bytes.py",
        "emotion/card_file.py",
        "emotion/checked_voice.py",
        "emotion/json_values.py",
        "emotion/mpeg_spans.py",
        "emotion/pickles.py",
        "emotion/sound_header.py",
        "emotion/sound_spans.py",
        "emotion/sound_streams.py",
        "emotion/span.py",
        "streamer/voices/array_json.py",
        "streamer/voices/saved_voice.py",
        "trainer/dataset/manifest.py",
    ),
}


@dataclass(frozen=True)
class Tried:
    """What became of the mutants of one module.

    Attributes
    ----------
    module : str
        Its path.
    words : mapping of str to str
        mutmut's word for each mutant, by its name.
    seconds : float
        That their tests took, s.
    """

    module: str
    words: dict[str, str]
    seconds: float


def tried() -> Iterator[Tried]:
    """Read what mutmut has written down."""
    from mutmut.stats import status_by_exit_code  # noqa: PLC0415 - only this extra has it

    for path in sorted(MUTANTS.rglob("*.meta")):
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        module = str(path.relative_to(MUTANTS).with_suffix(""))
        codes = values["exit_code_by_key"]
        if codes and any(fnmatch(module, pattern) for group in GROUPS.values() for pattern in group):
            words = {name: status_by_exit_code[code] for name, code in codes.items()}
            yield Tried(module, words, sum(values["durations_by_key"].values()))


def survivor(module: str, name: str, reasons: Sequence[dict[str, Any]]) -> Survivor:
    """Find out what a mutant has changed, and why that may be."""
    from mutmut.mutation.diff_apply import get_diff_for_mutant  # noqa: PLC0415

    lines = get_diff_for_mutant(name, path=module).splitlines()[2:]
    was, now = (" ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    for reason in reasons:
        if (reason["module"], reason["was"]) == (module, was) and now in reason.get("now", [now]):
            return Survivor(module, was, now, reason["why"])
    return Survivor(module, was, now, None)


def main() -> int:
    """Print the scores and the survivors, and write the page.

    Returns
    -------
    int
        Exit code: 0 where each group kills enough and each survivor has its reason.
    """
    reasons = tomllib.loads(REASONS.read_text(encoding="utf-8"))["survivors"]
    modules = list(tried())
    counts = {each.module: Counter(each.words.values()) for each in modules}
    if not counts or any(count["not checked"] for count in counts.values()):
        print("mutants are left untried: run `make mutation` to its end; it goes on where it stopped")
        return 1
    survivors = [
        survivor(each.module, name, reasons)
        for each in modules
        for name, word in each.words.items()
        if word not in {"killed", "timeout", "segfault"}
    ]
    groups = {
        group: {module: counts[module] for module in counts if any(fnmatch(module, p) for p in patterns)}
        for group, patterns in GROUPS.items()
    }
    made_with = f"mutmut {version('mutmut')}, {datetime.now(UTC):%Y-%m-%d}"
    minutes = sum(each.seconds for each in modules) / 60
    text, weakest = page(groups, survivors, made_with, minutes)
    replace(PAGE, text.encode("utf-8"))
    print(text)
    unexplained = [each for each in survivors if each.why is None]
    for each in unexplained:
        print(f"no reason in {REASONS.name}: {each.module}: {each.was}  ->  {each.now}")
    return int(bool(unexplained) or weakest < AT_LEAST)


if __name__ == "__main__":
    sys.exit(main())
