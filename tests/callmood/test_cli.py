"""What holds for every command: a closed or full output, an unknown option, Ctrl-C while it is loaded."""

import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from callmood import __version__
from callmood.__main__ import main
from tests.command import assert_one_line_of_complaint, callmood, command, environment
from tests.spoken import DEMO

INTERRUPTED_IMPORT = """
import signal, sys
import callmood.__main__ as door

class Interrupter:
    def find_spec(self, name, path=None, target=None):
        if name == "callmood.cli":
            try:
                signal.raise_signal(int(sys.argv[1]))
            except KeyboardInterrupt:
                pass  # As in some callbacks of the import system, and in libraries.

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Interrupter())
sys.exit(door.main(["--version"]))
"""


def in_a_shell(redirection: str, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", f'"$@" {redirection}', "sh", *command(*arguments)],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("words", [("features",), ("models",), ("sessions",), ("predict", str(DEMO))])
def test_a_closed_output_is_no_failure(words: tuple[str, ...], tmp_path: Path) -> None:
    done = in_a_shell(">&-", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_a_session_keeps_its_files_where_all_standard_streams_are_closed(tmp_path: Path) -> None:
    done = in_a_shell(
        "<&- >&- 2>&-", "replay", DEMO, "--fast", "--duration", "3", "--journal", "j.jsonl", cwd=tmp_path
    )
    assert done.returncode == 0
    lines = (tmp_path / "j.jsonl").read_text(encoding="utf-8").splitlines()
    assert [line.partition('"type": "')[2].partition('"')[0] for line in lines] == [
        "header",
        "row",
        "row",
        "row",
        "summary",
    ]


def test_a_fault_keeps_its_exit_code_where_nobody_can_be_told(tmp_path: Path) -> None:
    assert in_a_shell("2>&-", "replay", "absent.wav", cwd=tmp_path).returncode == 3


@pytest.mark.parametrize("words", [("features", "classic"), ("models",), ("predict", str(DEMO), "--json")])
def test_a_full_disk_behind_the_output_is_told_in_one_line(words: tuple[str, ...], tmp_path: Path) -> None:
    done = in_a_shell(">/dev/full", *words, cwd=tmp_path)
    assert done.returncode == 7, done.stderr
    assert done.stderr.splitlines()[-1] == (
        "callmood: cannot write the output: No space left on device; send it somewhere else"
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [("models",), ("models", "show", "synthetic"), ("features", "classic")])
def test_a_reader_that_leaves_is_no_failure(words: tuple[str, ...]) -> None:
    with subprocess.Popen(
        command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as printing:
        assert printing.stdout is not None
        assert printing.stderr is not None
        printing.stdout.close()
        assert printing.wait(timeout=30) == 0
        assert printing.stderr.read() == ""


LISTED = "there are listen, replay, devices, doctor, sessions, report, export, enroll, voices, forget, "


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("", "give a command: listen, replay, devices, "),
        ("lisen", f"there is no command 'lisen'; did you mean listen? {LISTED}"),
        ("Replay", f"there is no command 'Replay'; did you mean replay? {LISTED}"),
        ("qqq", f"there is no command 'qqq'; {LISTED}"),
        (
            "my\\ call.wav",
            "there is no command 'my call.wav'; to analyse a recording: callmood replay 'my call.wav'",
        ),
        ("--vesion", "there is no option --vesion; did you mean --version? see `callmood --help`"),
        (
            "replay a.wav --stpe 1",
            "there is no option --stpe; did you mean --step? see `callmood replay --help`",
        ),
        ("replay a.wav --qqq=1", "there is no option --qqq; see `callmood replay --help`"),
        ("replay a.wav b.wav", "'b.wav' is one argument too many; quote a name that has blanks; see "),
        ("replay", "the following arguments are required: FILE|SESSION; see `callmood replay --help`"),
        ("replay a.wav --win two", "--win: 'two' is no number; see `callmood replay --help`"),
        ("replay a.wav --win", "--win: expected one argument; see `callmood replay --help`"),
        ("generate --seed 1.5", "--seed: '1.5' is no whole number; see `callmood generate --help`"),
        (
            "listen - --encoding s16",
            "--encoding: 's16' is unknown; did you mean s16le? there are s16le, f32le, ",
        ),
        (
            "train . --name a --recipe speach",
            "--recipe: 'speach' is unknown; did you mean speech? there are article, ",
        ),
        ("features clasic", "there is no feature set 'clasic'; did you mean classic? there are acoustic, "),
        (
            "listen call.wav",
            "listen takes devices or -, not 'call.wav'; to analyse a recording: callmood replay call.wav; ",
        ),
        ("listen headset", "not 'headset'; to name a device: --device headset; see `callmood listen --help`"),
    ],
)
def test_a_usage_error_is_one_line_that_says_what_was_meant(
    words: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code: int | str | None = main(shlex.split(words))
    except SystemExit as ended:
        code = ended.code
    printed = capsys.readouterr()
    (line,) = printed.err.splitlines()
    assert (code, printed.out) == (2, "")
    assert line.startswith("callmood: ")
    assert told in line
    assert line.endswith(" --help`")


def test_a_file_of_any_name_is_a_recording_for_replay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("call").touch()
    assert main(["listen", "call"]) == 2
    assert "callmood replay call; see" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--alert", "--duration", "--stpe"])
def test_an_option_of_100000_characters_is_not_echoed_whole(option: str, tmp_path: Path) -> None:
    done = callmood("replay", DEMO, "--fast", f"{option}={'a' * 100_000}", cwd=tmp_path)
    assert_one_line_of_complaint(done, option)
    assert len(done.stderr.splitlines()[-1]) < 1_100


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_the_version_is_printed(option: str, tmp_path: Path) -> None:
    assert callmood(option, cwd=tmp_path).stdout == f"callmood {__version__}\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_while_callmood_is_being_loaded_leaves_no_traceback(number: signal.Signals) -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_IMPORT, str(int(number))],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (done.returncode, done.stderr) == (130, "")


def test_a_session_leaves_no_idle_threads_of_linear_algebra_waiting(tmp_path: Path) -> None:
    program = (
        "from callmood.__main__ import main; from threadpoolctl import threadpool_info; "
        f"code = main(['replay', {str(DEMO)!r}, '--fast', '--duration', '3']); "
        "print(code, *(pool['num_threads'] for pool in threadpool_info()))"
    )
    free = {name: value for name, value in environment().items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=free,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "0 1"
