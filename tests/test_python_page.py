"""The examples of docs/python.md and of the README run, in order, and its table of errors is complete."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile

import callmood
from tests.command import environment
from tests.pulse import PulseServer
from tests.spoken import DEMO

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "python.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run_blocks(page: Path, folder: Path, pulse: PulseServer) -> str:
    """Run the blocks of a page as one program, each line where it stands on the page."""
    speech, rate = soundfile.read(DEMO, frames=5 * 16_000, dtype="int16")
    soundfile.write(folder / "call.wav", speech, rate)
    soundfile.write(folder / "sides.wav", np.stack([speech, np.roll(speech, 30_000)], axis=1), rate)
    text = page.read_text(encoding="utf-8")
    lines = [""] * text.count("\n")
    for block in BLOCK.finditer(text):
        first = text[: block.start(1)].count("\n")
        code = block[1].splitlines()
        lines[first : first + len(code)] = code
    (folder / "page.py").write_text("\n".join(lines), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "page.py"],
        cwd=folder,
        env=environment({**pulse.environment, "PYTHONPATH": str(ROOT)}),
        capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def test_the_examples_of_the_page_run(tmp_path: Path, pulse: PulseServer) -> None:
    said = run_blocks(PAGE, tmp_path, pulse)
    assert "mono 2.0 " in said
    assert "{'customer'} 12.5" in said
    assert len(BLOCK.findall(PAGE.read_text(encoding="utf-8"))) > 6


def test_the_examples_of_the_readme_run(tmp_path: Path, pulse: PulseServer) -> None:
    page = ROOT / "README.md"
    assert BLOCK.search(page.read_text(encoding="utf-8"))
    run_blocks(page, tmp_path, pulse)


def test_the_table_has_every_error_with_its_base_and_code() -> None:
    rows = re.findall(
        r"^\| `(\w+Error)` \| `(\w+)` \| (\d+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    documented = {name: (base, int(code)) for name, base, code in rows}
    errors = {
        name: value
        for name in callmood.__all__
        if isinstance(value := getattr(callmood, name), type) and issubclass(value, callmood.CallmoodError)
    }
    assert documented == {
        name: (kind.__mro__[1 if kind is callmood.CallmoodError else 2].__name__, kind.exit_code)
        for name, kind in errors.items()
    }


def test_every_public_name_but_types_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    functions = [name for name in callmood.__all__ if name[0].islower() or name == "Listener"]
    assert [name for name in functions if name not in text] == []
