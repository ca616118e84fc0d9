"""Score the mutants that mutmut has tried, and write docs/mutation.md: python -m scripts.mutation_page

`make mutation` runs mutmut, then this. Fails where a mutant is untried, where a group of modules kills too
few, or where a survivor has no reason in docs/mutation-survivors.toml.
"""

import json
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import groupby
from typing import Any, Final

from benchmarks.pages import DOCS, ROOT, page, table, today
from emotion.atomic_files import replace

HEAD: Final = """\
A mutant is the code with one small fault: a comparison reversed, a number one higher, an argument missing. It
is killed if a test fails or no longer ends. A survivor is a fault that no test notices, or no fault at all.
Made with {made_with}; the tests of all mutants took {minutes:.0f} minutes.

mutmut does not change decorated functions (properties), code outside of functions (constants, fields) and
the paragraphs of `--help`. Two lines of `streamer/sinks/alert_actions.py` have no mutants: one of theirs
would kill every process of the user. The tests are those that `pyproject.toml` names under `tool.mutmut`;
Hypothesis runs few examples, always the same. `make mutation` continues where it was stopped, and tries a
function again when it has changed, or all of them when a test has. Reasons are kept in
`mutation-survivors.toml`.
"""


@dataclass(frozen=True)
class Survivor:
    """A mutant that no test noticed."""

    module: str
    was: str
    now: str  # what the mutant has in place of the line
    why: str | None  # why no test notices; None where nobody has said so


def mutation_page(
    groups: Mapping[str, Mapping[str, Counter[str]]], survivors: Sequence[Survivor], head: str
) -> str:
    """Write the page from mutmut's words by group and module, and the survivors in the order of modules."""
    totals = {group: _total(modules) for group, modules in groups.items()}
    parts = [
        head,
        _table("group", totals),
        _table("module", {m: c for g in groups.values() for m, c in g.items()}),
        "## Survivors",
        "The line, what the mutant had in its place, and why no test notices.",
    ]
    for module, found in groupby(survivors, lambda each: each.module):
        parts.append("\n".join([f"### `{module}`", "", *_listed(list(found))]))
    return page("Mutation testing", "mutation", *parts, date=today())


def _total(modules: Mapping[str, Counter[str]]) -> Counter[str]:
    return sum(modules.values(), Counter())


def _score(count: Counter[str]) -> float:
    """Give the share that was killed, timeouts and crashes included."""
    return 1 - _alive(count) / count.total() if count.total() else 0.0


def _alive(count: Counter[str]) -> int:
    return count.total() - count["killed"] - count["timeout"] - count["segfault"]


def _table(name: str, counts: Mapping[str, Counter[str]]) -> str:
    rows = []
    for key, count in counts.items():
        alive = _alive(count)
        killed = count.total() - alive
        rows.append((key, count.total(), killed, count["timeout"], alive, f"{100 * _score(count):.1f} %"))
    return table((name, "mutants", "killed", "of them by time", "survived", "score"), rows)


def _listed(survivors: Sequence[Survivor]) -> Iterator[str]:
    for (was, why), found in groupby(survivors, lambda each: (each.was, each.why)):
        yield f"- `{was}`"
        yield from (f"  - `{each.now}`" for each in found)
        yield f"  - {why or 'NO REASON YET'}"


MUTANTS: Final = ROOT / "mutants"
REASONS: Final = DOCS / "mutation-survivors.toml"
PAGE: Final = DOCS / "mutation.md"

AT_LEAST: Final = 0.85
"""Share of its mutants that each group must kill."""

GROUPS: Final = {
    "queue": ("streamer/sources/queue.py",),
    "windows": (
        "streamer/analysis/gate.py",
        "streamer/analysis/windows.py",
        "streamer/analysis/leg.py",
        "emotion/window_grid.py",
    ),
    "what records": (
        "streamer/recordings/clip_files.py",
        "streamer/recordings/clips.py",
        "streamer/recordings/moment_limits.py",
        "streamer/recordings/moments.py",
        "streamer/recordings/session_audio.py",
        "streamer/recordings/session_folder.py",
        "streamer/recordings/wav.py",
    ),
    "what deletes": (
        "streamer/recordings/forget.py",
        "streamer/recordings/removal.py",
        "streamer/recordings/retention.py",
        "streamer/recordings/scan.py",
        "emotion/atomic_files.py",
        "callmood/commands/forget.py",
    ),
    "what sends": ("streamer/alerts.py", "streamer/sinks/alert_actions.py"),
    "configuration": (
        "callmood/configuration.py",
        "callmood/model_choice.py",
    ),
    "readers of untrusted files": (
        "emotion/audio_decoding.py",
        "emotion/audio_layout.py",
        "emotion/card.py",
        "emotion/model.py",
        "emotion/untrusted.py",
        "streamer/recordings/journal_reader.py",
        "streamer/recordings/listing.py",
        "streamer/recordings/lookup.py",
        "streamer/recordings/sound_reader.py",
        "streamer/lines.py",
        "streamer/saved_states.py",
        "streamer/voices.py",
        "trainer/dataset.py",
    ),
}


@dataclass(frozen=True)
class Tried:
    """The results of one module."""

    module: str
    words: dict[str, str]  # mutmut's word for each mutant, by its name
    seconds: float


def tried() -> Iterator[Tried]:
    """Read the results of mutmut."""
    from mutmut.stats import status_by_exit_code  # noqa: PLC0415 - only this extra has it

    for path in sorted(MUTANTS.rglob("*.meta")):
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        module = str(path.relative_to(MUTANTS).with_suffix(""))
        codes = values["exit_code_by_key"]
        if codes and any(module in group for group in GROUPS.values()):
            words = {name: status_by_exit_code[code] for name, code in codes.items()}
            yield Tried(module, words, sum(values["durations_by_key"].values()))


def survivor(module: str, name: str, reasons: Sequence[dict[str, Any]]) -> Survivor:
    """Give what a surviving mutant has changed, and the reason on record."""
    from mutmut.mutation.diff_apply import get_diff_for_mutant  # noqa: PLC0415

    lines = get_diff_for_mutant(name, path=module).splitlines()[2:]
    was, now = (" ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    for reason in reasons:
        if (reason["module"], reason["was"]) == (module, was) and now in reason.get("now", [now]):
            return Survivor(module, was, now, reason["why"])
    return Survivor(module, was, now, None)


def main() -> int:
    """Print the scores and the survivors, and write the page."""
    reasons = tomllib.loads(REASONS.read_text(encoding="utf-8"))["survivors"]
    modules = list(tried())
    counts = {each.module: Counter(each.words.values()) for each in modules}
    if not counts or any(count["not checked"] for count in counts.values()):
        print("some mutants are untried: run `make mutation` to its end; it continues where it stopped")
        return 1
    survivors = [
        survivor(each.module, name, reasons)
        for each in modules
        for name, word in each.words.items()
        if word not in {"killed", "timeout", "segfault"}
    ]
    groups = {
        group: {module: count for module, count in counts.items() if module in own}
        for group, own in GROUPS.items()
    }
    head = HEAD.format(
        made_with=f"mutmut {version('mutmut')}", minutes=sum(each.seconds for each in modules) / 60
    )
    text = mutation_page(groups, survivors, head)
    replace(PAGE, text.encode("utf-8"))
    print(text)
    weakest = min(_score(_total(own)) for own in groups.values())
    unexplained = [each for each in survivors if each.why is None]
    for each in unexplained:
        print(f"no reason in {REASONS.name}: {each.module}: {each.was}  ->  {each.now}")
    return int(bool(unexplained) or weakest < AT_LEAST)


if __name__ == "__main__":
    sys.exit(main())
