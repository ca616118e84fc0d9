"""The words of docs/mutation.md."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

HEAD: Final = """# Mutation testing

Written by `make mutation`; measure again rather than edit. A mutant is the code with one small fault: a
comparison turned, a number one higher, an argument missing. It is killed if a test fails, or no longer
ends; one that survives is a fault that no test would notice, or none at all. Made with {made_with}; the
tests of all mutants took {minutes:.0f} minutes.

mutmut leaves alone what is decorated (properties), what stands outside of functions (constants, fields), and
the paragraphs of `--help`. Two lines of `streamer/alerts/command_run.py` have no mutants: the opposite of one
would kill every process that the user has.
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
