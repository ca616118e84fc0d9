"""Tell what became of the mutants, and write docs/mutation.md: python -m scripts.mutation_page

`make mutation` lets mutmut try them, then calls this. It needs every mutant tried, and fails where a group of
modules kills less than it shall, or where a survivor has no reason in docs/mutation-survivors.toml.
"""

import json
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from emotion.atomic_files import replace

HEAD: Final = """# Mutation testing

Written by `make mutation`; measure again rather than edit. A mutant is the code with one small fault: a
comparison turned, a number one higher, an argument missing. It is killed if a test fails, or no longer
ends; one that survives is a fault that no test would notice, or none at all. Made with {made_with}; the
tests of all mutants took {minutes:.0f} minutes.

mutmut leaves alone what is decorated (properties), what stands outside of functions (constants, fields), and
the paragraphs of `--help`. Two lines of `streamer/sinks/alert_command.py` have no mutants: the opposite of
one would kill every process that the user has.
Tests are those that `pyproject.toml` names under `tool.mutmut`, Hypothesis with few examples, always the
same. `make mutation` goes on where it was stopped, and tries a function again that has changed, or all of
them after a change of a test. Reasons are kept in `mutation-survivors.toml`.

"""


@dataclass(frozen=True)
class Survivor:
    """A mutant that no test noticed.

    Attributes
    ----------
    module : str
        Path of the module.
    was, now : str
        The line, and what the mutant has in its place.
    why : str or None
        Why that may be; None where nobody has said so.
    """

    module: str
    was: str
    now: str
    why: str | None


def page(
    groups: Mapping[str, Mapping[str, Counter[str]]],
    survivors: Sequence[Survivor],
    made_with: str,
    minutes: float,
) -> tuple[str, float]:
    """Write the page.

    Parameters
    ----------
    groups : mapping of str to mapping of str to Counter
        For each group of modules how often mutmut said each of its words, by module.
    survivors : sequence of Survivor
        In the order of modules.
    made_with : str
        Tool and date.
    minutes : float
        That all tests took.

    Returns
    -------
    (str, float)
        The page, and the lowest score of a group, 0..1.
    """
    totals = {group: sum(modules.values(), Counter()) for group, modules in groups.items()}
    lines = [HEAD.format(made_with=made_with, minutes=minutes)]
    lines += [
        *_table("group", totals),
        "",
        *_table("module", {m: c for g in groups.values() for m, c in g.items()}),
    ]
    lines += [
        "",
        "## Survivors",
        "",
        "The line, what the mutant had in its place, and why no test minds.",
        "",
    ]
    for module, found in groupby(survivors, lambda each: each.module):
        lines += [f"### `{module}`", *_listed(list(found)), ""]
    return "\n".join(lines), min((_score(count) for count in totals.values()), default=0.0)


def _score(count: Counter[str]) -> float:
    """Give the share that was killed; whoever no longer ends, or falls, is."""
    return 1 - _alive(count) / count.total() if count.total() else 0.0


def _alive(count: Counter[str]) -> int:
    return count.total() - count["killed"] - count["timeout"] - count["segfault"]


def _table(name: str, counts: Mapping[str, Counter[str]]) -> Iterator[str]:
    yield f"| {name} | mutants | killed | of them by time | survived | score |"
    yield "|---|---|---|---|---|---|"
    for key, count in counts.items():
        alive = _alive(count)
        yield (
            f"| {key} | {count.total()} | {count.total() - alive} | {count['timeout']} | {alive} "
            f"| {100 * _score(count):.1f} % |"
        )


def _listed(survivors: Sequence[Survivor]) -> Iterator[str]:
    for (was, why), found in groupby(survivors, lambda each: (each.was, each.why)):
        yield f"- `{was}`"
        yield from (f"  - `{each.now}`" for each in found)
        yield f"  - {why or 'NO REASON YET'}"


ROOT: Final = Path(__file__).parents[1]
MUTANTS: Final = ROOT / "mutants"
REASONS: Final = ROOT / "docs" / "mutation-survivors.toml"
PAGE: Final = ROOT / "docs" / "mutation.md"

AT_LEAST: Final = 0.85
"""Share of its mutants that each group must kill."""

GROUPS: Final = {
    "queue": ("streamer/sources/queue.py", "streamer/sources/queue.py"),
    "window assembler": (
        "streamer/analysis/gate.py",
        "streamer/analysis/windows.py",
        "streamer/analysis/windows.py",
        "streamer/analysis/leg.py",
        "emotion/window_grid.py",
    ),
    "tracker": ("streamer/analysis/classifier.py", "streamer/analysis/classifier.py"),
    "recorder": ("streamer/recorder/*.py",),
    "what deletes": ("streamer/retention/*.py", "emotion/atomic_files.py", "callmood/commands/forget.py"),
    "what sends": ("streamer/alerts/*.py",),
    "configuration": (
        "callmood/configuration.py",
        "callmood/model_choice.py",
        "emotion/model_folders.py",
    ),
    "readers of hostile files": (
        "emotion/untrusted_arrays.py",
        "emotion/untrusted_arrays.py",
        "emotion/audio_layout.py",
        "emotion/card.py",
        "emotion/model.py",
        "emotion/untrusted_text.py",
        "emotion/audio_layout.py",
        "emotion/untrusted_arrays.py",
        "emotion/audio_layout.py",
        "emotion/audio_layout.py",
        "emotion/audio_decoding.py",
        "emotion/audio_layout.py",
        "streamer/voices.py",
        "streamer/voices.py",
        "trainer/dataset.py",
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
