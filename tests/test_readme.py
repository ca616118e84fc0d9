"""README and docs: short, linked, alike in both languages, and true to the command line."""

import ast
import contextlib
import io
import json
import re
import shlex
import subprocess
import unicodedata
from functools import cache
from pathlib import Path

import pytest

from callmood.cli import build_parsers
from callmood.configuration import FROM_ANYBODY
from tests.command import callmood
from tests.spoken import DEMO

ROOT = Path(__file__).parents[1]
ENGLISH = ROOT / "README.md"
CHINESE = ROOT / "README.zh.md"
DOCS = ROOT / "docs"
USER_PAGES = [
    ENGLISH,
    CHINESE,
    *(
        DOCS / f"{name}.md"
        for name in ("using", "calls", "recordings", "configuration", "python", "models", "training")
    ),
]
ROOM_PAGES = [
    *(ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
    ROOT / "models" / "LICENSES.md",
    ROOT / "recordings" / "README.md",
    ROOT / "examples" / "README.md",
]
PAGES = sorted([ENGLISH, CHINESE, *ROOM_PAGES, *DOCS.rglob("*.md")])


FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
FIGURE = re.compile(r"(?<![\w.])(?:\d+(?:\.\d+)*|\.\d+)")


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def without_code(text: str) -> str:
    return FENCED.sub("", text)


def columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)


def heading_anchors(page: Path) -> set[str]:
    """Give the anchors of a page's headings, as forges make them."""
    titles = re.findall(r"^#+ (.+)$", without_code(read(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def relative_links(page: Path) -> list[tuple[Path, str]]:
    """Give the file and the anchor of each link that stays in the repository."""
    targets = [link for link in LINK.findall(without_code(read(page))) if not re.match(r"\w+:", link)]
    parts = [target.partition("#") for target in targets]
    return [((page.parent / path).resolve() if path else page, anchor) for path, _, anchor in parts]


def python_blocks(page: Path) -> list[str]:
    return [block for language, block in FENCED.findall(read(page)) if language == "python"]


def shell_lines(page: Path) -> list[str]:
    """Give the commands of a page's shell blocks, without comments."""
    lines = []
    for language, block in FENCED.findall(read(page)):
        if language == "sh":
            lines += block.replace("\\\n", " ").splitlines()
    return [shlex.join(words) for line in lines if (words := shlex.split(line, comments=True))]


def callmood_commands() -> list[tuple[str, list[str]]]:
    found = []
    for page in USER_PAGES:
        for line in shell_lines(page):
            for part in re.split(r" '\|' | '?&&'? ", line):
                words = shlex.split(part)
                if words[0] == "callmood":
                    found.append((page.name, words[1:]))
    return found


@cache
def help_of_commands() -> dict[str, str]:
    _, parsers = build_parsers()
    return {name: parser.format_help() for name, parser in parsers.items()}


def test_the_readme_has_at_most_900_words() -> None:
    assert len(read(ENGLISH).split()) <= 900


@pytest.mark.parametrize("page", [ENGLISH, CHINESE], ids=lambda page: page.name)
def test_lines_have_at_most_100_columns(page: Path) -> None:
    assert [line for line in read(page).splitlines() if columns(line) > 100] == []


def test_responsible_use_says_what_the_law_and_the_people_ask() -> None:
    section = re.split(r"^## ", read(ENGLISH), flags=re.MULTILINE)[-2]
    assert section.startswith("Responsible use\n")
    words = " ".join(section.split())
    for part in ("Consent", "AI Act, article 5(1)(f)", "article 50(3)", "models/LICENSES.md"):
        assert part in words
    assert sum(any(map(str.isalnum, word)) for word in section.split()) <= 112


def test_every_page_is_found_from_the_readme_through_the_index() -> None:
    index = DOCS / "index.md"
    assert (index, "") in relative_links(ENGLISH)
    found, ahead = {ENGLISH}, [index]
    while ahead:
        page = ahead.pop()
        if page.suffix == ".md" and page not in found:
            found.add(page)
            ahead += [target for target, _ in relative_links(page) if target.is_file()]
    assert set(PAGES) - found == set()
    ordered = {target for target, _ in relative_links(index)}
    ordered |= {target for target, _ in relative_links(DOCS / "decisions" / "README.md")}
    assert set(DOCS.rglob("*.md")) - ordered == {index}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    missing = [
        f"{target.relative_to(ROOT)}#{anchor}"
        for target, anchor in relative_links(page)
        if not target.exists() or (anchor and anchor not in heading_anchors(target))
    ]
    assert missing == []


@pytest.mark.parametrize(("page", "words"), callmood_commands(), ids=lambda value: str(value)[:60])
def test_every_command_shown_parses(page: str, words: list[str]) -> None:
    parser, _ = build_parsers()
    complaint = io.StringIO()
    with contextlib.redirect_stderr(complaint):
        try:
            parser.parse_args(words)
        except SystemExit as end:
            pytest.fail(f"{page}: callmood {shlex.join(words)} ends with {end.code}: {complaint.getvalue()}")


@pytest.mark.parametrize("page", [*USER_PAGES, DOCS / "journal.md"], ids=lambda page: page.name)
def test_every_option_and_command_named_in_prose_exists(page: Path) -> None:
    helps = help_of_commands()
    every_option = set(re.findall(r"--[\w-]+", " ".join(helps.values()))) | {"--help", "--version"}
    for span in INLINE.findall(without_code(read(page))):
        words = span.split()
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        if words[0] == "callmood" and len(words) > 1 and words[1].isalpha():
            assert words[1] in helps, span
            assert {option for option in options if option not in helps[words[1]]} == set(), span
        else:
            assert options - every_option == set(), span


def test_every_make_target_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), re.MULTILINE))
    for page in PAGES:
        named = set(re.findall(r"`make ([a-z-]+)`", read(page)))
        assert named - targets == set(), page


def test_both_readmes_show_the_same_commands() -> None:
    assert shell_lines(CHINESE) == shell_lines(ENGLISH)
    assert len(shell_lines(ENGLISH)) > 20
    assert python_blocks(CHINESE) == python_blocks(ENGLISH)
    assert python_blocks(ENGLISH)


def by_section(page: Path) -> list[str]:
    return re.split(r"^## ", without_code(read(page)), flags=re.MULTILINE)


def test_both_readmes_have_the_same_figures_links_and_code_in_each_section() -> None:
    english, chinese = by_section(ENGLISH), by_section(CHINESE)
    assert len(english) == len(chinese) > 8
    for ours, theirs in zip(english, chinese, strict=True):
        assert sorted(FIGURE.findall(theirs)) == sorted(FIGURE.findall(ours))
        assert sorted(set(LINK.findall(theirs)) - {"README.md"}) == sorted(
            set(LINK.findall(ours)) - {"README.zh.md"}
        )
        assert sorted(INLINE.findall(theirs)) == sorted(INLINE.findall(ours))


def table_of(page: Path, head: str) -> list[list[str]]:
    """Give the rows below a table's first words."""
    lines = read(page).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(head))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip(" *") for cell in line.strip("|").split("|")])
    return rows


def scores(name: str) -> dict[tuple[str, str, bool], float]:
    """Give the mean UAR of a file of scores, by stream, condition and baseline."""
    records = json.loads(read(DOCS / "scores" / f"{name}.json"))
    return {
        (record["stream"], record["condition"], record["baseline"]): record["uar"]
        for record in records
        if record["corpus"] == "mean"
    }


def shown(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


def with_and_without(model: str, condition: str) -> str:
    """Give the UAR of balanced streams with the voice learned and, in brackets, without."""
    of = scores(model)
    with_voice, without = (of["balanced", condition, learned] for learned in (True, False))
    return f"{shown(with_voice)} ({shown(without)})"


def test_the_readmes_table_is_what_was_measured() -> None:
    rows = table_of(ENGLISH, "| streams ")
    for row, condition in zip(rows, ("clean", "phone", "noise10"), strict=True):
        for cell, model in zip(row[1:], ("speech", "speech-open"), strict=True):
            assert cell == with_and_without(model, condition)
    assert with_and_without("speech-light", "clean") in read(ENGLISH)


def test_the_models_table_is_what_was_measured() -> None:
    streams = [
        ("balanced", "clean"),
        ("balanced", "phone"),
        ("balanced", "noise10"),
        ("mostly-neutral", "clean"),
        ("single", "clean"),
        ("line-3-balanced", "clean"),
    ]
    rows = table_of(DOCS / "models.md", "| streams ")
    measured = {
        "speech": scores("speech") | scores("speech-moods"),
        "speech-open": scores("speech-open"),
    }
    for row, stream in zip(rows, streams, strict=True):
        wanted = [
            shown(of[(*stream, learned)]) if (*stream, learned) in of else ""
            for of in measured.values()
            for learned in (True, False)
        ]
        assert row[1:] == wanted


def test_configuration_lists_what_counts_from_a_working_directory() -> None:
    listed = {
        heads: set(INLINE.findall(options))
        for heads, options in re.findall(
            r"^- (`\w+`(?: and `\w+`)?): (.+?)(?=^- |^$)",
            read(DOCS / "configuration.md"),
            re.MULTILINE | re.DOTALL,
        )
    }
    assert {
        command: frozenset().union(*(options for heads, options in listed.items() if f"`{command}`" in heads))
        for command in ("listen", "replay")
    } == FROM_ANYBODY


def test_the_journal_page_has_the_keys_of_each_line(tmp_path: Path) -> None:
    done = callmood(
        *("replay", DEMO, "--fast", "--duration", "8", "--model", "speech-light"),
        *("--alert", "neutral>0.01 for 0.5s", "--journal", "j.jsonl"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in read(tmp_path / "j.jsonl").splitlines()]
    assert {line["type"] for line in lines} >= {"header", "row", "alert", "summary"}
    page = read(DOCS / "journal.md")
    cells = {row[0]: row[2] for row in table_of(DOCS / "journal.md", "| `type` ")}
    for line in lines:
        keys = cells[f"`{line['type']}`"]
        if keys != "below":
            assert ["type", *INLINE.findall(keys)] == list(line)
    header, summary = (
        set(INLINE.findall(page.partition(f"## {title}\n")[2].partition("\n## ")[0]))
        for title in ("Header", "Summary")
    )
    assert {key for line in (lines[0], *lines[0]["sources"], *lines[0]["legs"]) for key in line} <= header | {
        "type"
    }
    assert set(lines[-1]) <= summary | {"type"}


def test_every_file_in_architecture_exists() -> None:
    text = without_code(read(DOCS / "architecture.md"))
    rooms = {"From sound to row": "streamer", "From recordings to a model": "trainer"}
    for section in re.split(r"^## ", text, flags=re.MULTILINE):
        room = ROOT / rooms.get(section.partition("\n")[0], "")
        for name in INLINE.findall(section):
            if re.fullmatch(r"[\w/]+(?:\.py|/)", name):
                assert (ROOT / name).exists() or (room / name).exists(), name


def test_every_package_is_in_the_plan_of_architecture() -> None:
    plan = FENCED.findall(read(DOCS / "architecture.md"))[0][1]
    named = re.findall(r"^ *(\w+)/ ", plan, re.MULTILINE)
    packages = [
        path.parent.name
        for top in ("callmood", "streamer", "trainer", "emotion")
        for path in sorted((ROOT / top).rglob("__init__.py"))
        if ast.parse(read(path)).body
    ]
    assert sorted(named) == sorted(packages)


def test_the_worked_changes_apply_to_the_tree() -> None:
    page = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    diffs = re.findall(r"^```diff\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(diffs) == 3
    for diff in diffs:
        done = subprocess.run(
            ["git", "apply", "--check", "-"],
            input=diff,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
