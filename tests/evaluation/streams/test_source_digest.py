"""The digest of code: complete, and blind to what says nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from emotion.features.catalogue import feature_set_names
from evaluation.streams.step_cache import NOT_SHAPING_VALUES, modules_that_shape
from trainer.conditions.catalogue import KNOWN

ROOT = Path(__file__).parents[3]
DIGEST = "from evaluation.streams.source_digest import source_digest; print(source_digest(['emotion.one']))"


def digest_of(folder: Path, source: str, imported: str = "X = 1\n") -> str:
    """Digest a module, and one that it imports, in a project of their own."""
    for package in ("emotion", "evaluation"):
        (folder / package).mkdir(exist_ok=True)
    (folder / "emotion" / "__init__.py").touch()
    (folder / "emotion" / "one.py").write_text(source, encoding="utf-8")
    (folder / "emotion" / "two.py").write_text(imported, encoding="utf-8")
    here = ROOT / "evaluation"
    (folder / "evaluation" / "__init__.py").touch()
    (folder / "evaluation" / "streams").mkdir(exist_ok=True)
    (folder / "evaluation" / "streams" / "__init__.py").touch()
    code = (here / "streams" / "source_digest.py").read_text(encoding="utf-8")
    (folder / "evaluation" / "streams" / "source_digest.py").write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", DIGEST], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_code_counts_at_any_depth_and_comments_do_not(tmp_path: Path) -> None:
    plain = "from emotion.two import X\n\n\ndef f():\n    return X\n"
    told = '"""Words."""\nfrom emotion.two import X  # why\n\ndef f():\n    """More words."""\n    return X\n'
    before = digest_of(tmp_path, plain)
    assert digest_of(tmp_path, told) == before
    assert digest_of(tmp_path, plain.replace("return X", "return -X")) != before
    assert digest_of(tmp_path, plain, "X = 2\n") != before


def loaded_by(set_name: str, condition: str) -> set[str]:
    """Name our modules that a process loads by making a table."""
    code = (
        "import sys, numpy as np\n"
        "from evaluation.streams.hear import StepFeatures\n"
        "from evaluation.streams.stream_table import table_of_sounds\n"
        "sound = np.random.default_rng(0).standard_normal(64000).astype(np.float32) / 10\n"
        f"table_of_sounds({{'noise': sound}}, StepFeatures({set_name!r}), {condition!r})\n"
        "ours = ('emotion.', 'evaluation.', 'streamer.', 'trainer.')\n"
        "print(*(name for name in sys.modules if name.startswith(ours)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(("set_name", "condition"), [("speech", "noise10"), ("acoustic", "speed+phone")])
def test_no_module_at_work_is_forgotten(set_name: str, condition: str) -> None:
    loaded = loaded_by(set_name, condition)
    assert set(modules_that_shape(set_name, condition)) <= loaded
    # What else is loaded belongs to other sets and conditions, is a package's one line, or shapes no value.
    others = {name for each in KNOWN for name in modules_that_shape(set_name, each)}
    others |= {name for each in feature_set_names() for name in modules_that_shape(each, condition)}
    rest = loaded - others - NOT_SHAPING_VALUES
    modules = {name for name in rest if (ROOT / Path(*name.split("."))).with_suffix(".py").is_file()}
    assert modules <= {"trainer.dataset.clip", "emotion.sound_header"}


def test_a_set_and_a_condition_do_not_move_each_other() -> None:
    clean, phone = (set(modules_that_shape("speech", name)) for name in ("clean", "phone"))
    assert "trainer.conditions.mu_law" in phone - clean
    assert "emotion.features.pitch" not in clean
    assert "streamer.gate.voice_network" in clean
    assert "emotion.encoder.encoder" in clean
