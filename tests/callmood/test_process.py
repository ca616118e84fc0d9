"""The process: package check, messages, one heap for all threads, one thread for linear algebra."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from callmood.process import PACKAGES, check_packages, complain
from emotion.errors import MAX_LINE_CHARACTERS, ModelError, printable


def test_our_own_packages_pass() -> None:
    check_packages()


def test_no_package_is_imported_by_the_check() -> None:
    program = (
        "import sys, callmood.process; callmood.process.check_packages(); "
        f"print(sorted(set(sys.modules) & set({PACKAGES!r})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("room", PACKAGES)
@pytest.mark.parametrize("other", ["{room}.py", "{room}/__init__.py"])
def test_a_stranger_of_the_same_name_is_named_with_both_paths(tmp_path: Path, room: str, other: str) -> None:
    stranger = tmp_path / other.format(room=room)
    stranger.parent.mkdir(exist_ok=True)
    stranger.write_text("raise RuntimeError('a stranger was imported')\n")
    done = subprocess.run(
        [sys.executable, "-m", "callmood", "--version"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("callmood: ")
    assert done.stderr.count("\n") == 1
    assert str(stranger) in done.stderr
    assert str(Path(__file__).parents[2] / room) in done.stderr


def test_a_complaint_is_one_line_for_any_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    error = ModelError("a//b\x1b[31m is\nno model; see https://example.org/ä")
    assert complain(error) == 5
    assert capsys.readouterr().err == "callmood: a//b?[31m is no model; see https://example.org/ä\n"


@pytest.mark.parametrize("num_characters", [MAX_LINE_CHARACTERS + 1, 100_000])
def test_of_a_long_complaint_the_middle_is_left_out(
    num_characters: int, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = "--model '' is none; name another"
    error = ModelError(frame.replace("''", f"'{'a' * (num_characters - len(frame))}'"))
    complain(error)
    line = capsys.readouterr().err
    assert line.startswith("callmood: --model 'aaa")
    assert line.endswith("aaa' is none; name another\n")
    assert len(line) <= MAX_LINE_CHARACTERS + len("callmood: \n")


def test_a_complaint_that_is_not_too_long_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    complain(ModelError("a" * MAX_LINE_CHARACTERS))
    assert capsys.readouterr().err == f"callmood: {'a' * MAX_LINE_CHARACTERS}\n"


@pytest.mark.parametrize("odd", ["\x07", "\udcff", "\N{RIGHT-TO-LEFT OVERRIDE}"])
def test_what_cannot_be_shown_is_a_question_mark(odd: str) -> None:
    assert printable(Path(f"a{odd}b.wav")) == "a?b.wav"


# A thread's first piece of memory opens its heap, unless it has to share one.
COUNTS_HEAPS = """
import ctypes, sys, threading
from callmood.process import share_one_heap
if sys.argv[1] == "one":
    share_one_heap()
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fdopen.restype = ctypes.c_void_p
barrier = threading.Barrier(4)
def take():
    libc.malloc(ctypes.c_size_t(5000))
    barrier.wait(10)
threads = [threading.Thread(target=take) for _ in range(3)]
for thread in threads:
    thread.start()
barrier.wait(10)
libc.malloc_info(0, ctypes.c_void_p(libc.fdopen(1, b"w")))
libc.fflush(None)
"""


@pytest.mark.parametrize("heaps", ["one", "many"])
def test_threads_share_a_heap_where_they_are_told_to(heaps: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COUNTS_HEAPS, heaps], capture_output=True, text=True, check=True, timeout=60
    )
    if "<malloc" not in done.stdout:
        pytest.skip("this C library does not tell of its heaps")
    assert (done.stdout.count("<heap nr=") == 1) == (heaps == "one"), done.stdout


THREADS = """
import threading
from threadpoolctl import threadpool_info
import numpy
from callmood.process import one_computing_thread

def number():
    [blas] = [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]
    return blas

def compute(inside, leave):
    with one_computing_thread():
        inside.set()
        leave.wait(20)

before, seen = number(), []
events = [(threading.Event(), threading.Event()) for _ in range(2)]
threads = [threading.Thread(target=compute, args=pair) for pair in events]
for thread, (inside, _) in zip(threads, events):
    thread.start()
    inside.wait(20)
    seen.append(number())
# The first to enter leaves first: the other restores what it never saw.
for thread, (_, leave) in zip(threads, events):
    leave.set()
    thread.join()
    seen.append(number())
print([before, *seen])
"""


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        (None, "[{0}, 1, 1, 1, {0}]"),
        ("OMP_NUM_THREADS", "[2, 2, 2, 2, 2]"),
        ("OPENBLAS_NUM_THREADS", "[2, 2, 2, 2, 2]"),
    ],
)
def test_blas_computes_on_one_thread_until_the_last_block_ends(variable: str | None, expected: str) -> None:
    plain = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", THREADS],
        env=plain | ({} if variable is None else {variable: "2"}),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    before = done.stdout.strip("[").partition(",")[0]
    assert done.stdout.strip() == expected.format(before)
