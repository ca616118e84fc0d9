"""Outputs overwrite nothing unless asked, never an input, and never each other."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from emotion.atomic_files import GROUP_READABLE, PRIVATE
from emotion.errors import OutputError, UsageError
from emotion.output_files import OutputFiles


def test_a_new_file_and_an_empty_one_are_written_whole(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for name in ("new", "empty"):
        output = OutputFiles().claim(tmp_path / name, "--plot")
        assert output.write(b"picture") == tmp_path / name
        assert output.note(tmp_path / name) is None
        assert (tmp_path / name).read_bytes() == b"picture"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "new"]


@pytest.mark.parametrize("claim", ["claim", "claim_stream"])
def test_a_file_that_holds_something_is_refused_unless_forced(tmp_path: Path, claim: str) -> None:
    (tmp_path / "a").write_bytes(b"mine")
    (tmp_path / "link").symlink_to("a")
    for name in ("a", "link"):
        with pytest.raises(OutputError, match=f"{name} exists and holds 4 bytes; .* with --force"):
            getattr(OutputFiles(), claim)(tmp_path / name, "--plot")
        getattr(OutputFiles(force=True), claim)(tmp_path / name, "--plot")
    assert (tmp_path / "a").read_bytes() == b"mine"


def test_force_replaces_the_file_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"mine")
    (tmp_path / "link").symlink_to("a")
    OutputFiles(force=True).claim(tmp_path / "link", "--plot").write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_link_to_nothing_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("later")
    assert OutputFiles().claim(tmp_path / "link", "--plot").write(b"new") == tmp_path / "link"
    assert (tmp_path / "later").read_bytes() == b"new"


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("claim", ["claim", "claim_stream"])
def test_an_input_is_never_an_output_by_any_name(tmp_path: Path, claim: str, force: bool) -> None:
    recording = tmp_path / "call.wav"
    recording.write_bytes(b"sound")
    (tmp_path / "soft").symlink_to(recording)
    os.link(recording, tmp_path / "hard")
    outputs = OutputFiles(force=force, inputs=[recording, tmp_path / "not there yet"])
    for name in ("call.wav", "soft", "hard", "./call.wav", "not there yet"):
        with pytest.raises(OutputError, match="is a file that is read here"):
            getattr(outputs, claim)(tmp_path / name, "--plot")


def test_two_outputs_are_never_one_file(tmp_path: Path) -> None:
    outputs = OutputFiles()
    (tmp_path / "empty").touch()
    os.link(tmp_path / "empty", tmp_path / "same")
    (tmp_path / "link").symlink_to("new")
    outputs.claim_stream(tmp_path / "empty", "--journal")
    outputs.claim_stream(tmp_path / "new", "--index")
    for name, other in (("same", "--journal"), ("link", "--index")):
        with pytest.raises(UsageError, match=f"{other} and --plot name the same file"):
            outputs.claim(tmp_path / name, "--plot")


def test_folders_and_places_that_are_none_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, Path("/"), Path(), Path("..")):
        for claim in (OutputFiles(force=True).claim, OutputFiles(force=True).claim_stream):
            with pytest.raises(OutputError, match="it is a folder"):
                claim(path, "--plot")
    (tmp_path / "file").touch()
    for name, why in (("missing/a", "make it first"), ("file/a", "no folder"), ("x" * 300, "shorter name")):
        with pytest.raises(OutputError, match=why):
            OutputFiles().claim(tmp_path / name, "--plot")


def test_pipes_and_devices_are_for_what_is_streamed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/null")):
        assert OutputFiles().claim_stream(path, "--journal") == path
        with pytest.raises(OutputError, match="no regular file"):
            OutputFiles(force=True).claim(path, "--plot")
    assert (tmp_path / "pipe").is_fifo()


def test_what_appears_meanwhile_is_left_alone_and_said(tmp_path: Path) -> None:
    wanted = tmp_path / "call.png"
    output = OutputFiles().claim(wanted, "--plot")
    wanted.write_bytes(b"mine")
    (tmp_path / "call-2.png").write_bytes(b"mine too")
    written = output.write(b"picture")
    assert written == tmp_path / "call-3.png"
    assert written.read_bytes() == b"picture"
    assert (wanted.read_bytes(), (tmp_path / "call-2.png").read_bytes()) == (b"mine", b"mine too")
    note = output.note(written)
    assert note is not None
    assert "call.png appeared meanwhile" in note
    assert "call-3.png" in note


def test_beside_a_taken_target_of_a_link_the_note_names_the_real_place(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "link").symlink_to("far/call.png")
    output = OutputFiles().claim(tmp_path / "link", "--plot")
    (tmp_path / "far" / "call.png").write_bytes(b"mine")
    assert output.write(b"picture") == tmp_path / "far" / "call-2.png"
    assert (tmp_path / "far" / "call-2.png").read_bytes() == b"picture"


def test_not_even_force_replaces_an_input_that_has_moved_to_the_place(tmp_path: Path) -> None:
    recording = tmp_path / "call.wav"
    recording.write_bytes(b"sound")
    output = OutputFiles(force=True, inputs=[recording]).claim(tmp_path / "out", "--plot")
    recording.rename(tmp_path / "out")
    assert output.write(b"picture") == tmp_path / "out-2"
    assert (tmp_path / "out").read_bytes() == b"sound"


def test_inputs_can_be_named_later(tmp_path: Path) -> None:
    outputs = OutputFiles()
    outputs.protect([tmp_path / "call.wav"])
    with pytest.raises(OutputError, match="is read here"):
        outputs.claim(tmp_path / "call.wav", "--plot")


def test_no_file_of_a_folder_that_is_read_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "corpora" / "c").mkdir(parents=True)
    (tmp_path / "corpora" / "c" / "manifest.csv").write_text("path\n")
    (tmp_path / "link").symlink_to("corpora/c/manifest.csv")
    outputs = OutputFiles(force=True, inputs=[tmp_path / "corpora"])
    for name in ("corpora/c/manifest.csv", "link"):
        with pytest.raises(OutputError, match="is read here"):
            outputs.claim(tmp_path / name, "--json")
    outputs.claim(tmp_path / "corpora" / "figures.json", "--json")


ONE_FILE = """
import sys
from pathlib import Path
from emotion.errors import UsageError
from emotion.output_files import OutputFiles
try:
    OutputFiles(force=True).claim_stream(Path(sys.argv[1]), "--journal")
except UsageError as error:
    sys.exit(f"refused: {error}")
"""


@pytest.mark.parametrize("stream", ["standard output", "standard error"])
def test_what_is_printed_into_a_file_is_an_output_too(tmp_path: Path, stream: str) -> None:
    path = tmp_path / "log"
    with path.open("wb") as log:
        done = subprocess.run(
            [sys.executable, "-c", ONE_FILE, path],
            stdout=log if stream == "standard output" else subprocess.PIPE,
            stderr=log if stream == "standard error" else subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    output = (done.stderr or b"") + path.read_bytes()
    assert f"refused: {stream} and --journal name the same file".encode() in output


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o177])
def test_rights_do_not_depend_on_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        for access, file_mode, folder_mode in ((PRIVATE, 0o600, 0o700), (GROUP_READABLE, 0o640, 0o750)):
            folder = tmp_path / f"{file_mode:o}" / "deep"
            assert access.make_folder(folder) == (folder, folder.parent)
            assert access.make_folder(folder) == ()
            OutputFiles(access=access).claim(folder / "new", "--plot").write(b"x")
            os.close(access.open_file(folder / "stream", os.O_WRONLY))
            modes = [path.stat().st_mode & 0o777 for path in (folder / "new", folder / "stream", folder)]
            assert modes == [file_mode, file_mode, folder_mode]
            assert folder.parent.stat().st_mode & 0o777 == folder_mode
    finally:
        os.umask(before)


def test_what_exists_keeps_its_rights(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o755)
    (tmp_path / "empty").touch()
    (tmp_path / "empty").chmod(0o644)
    PRIVATE.make_folder(tmp_path / "shared")
    os.close(PRIVATE.open_file(tmp_path / "empty", os.O_WRONLY))
    assert (tmp_path / "shared").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "empty").stat().st_mode & 0o777 == 0o644
    with pytest.raises(FileExistsError):
        PRIVATE.make_folder(tmp_path / "empty")
    with pytest.raises(FileExistsError):
        PRIVATE.open_file(tmp_path / "empty", os.O_WRONLY | os.O_EXCL)
    with pytest.raises(FileNotFoundError):
        PRIVATE.make_folder(tmp_path / "missing" / "deep", parents=False)


def test_a_stream_is_opened_through_a_link_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("later")
    os.close(PRIVATE.open_file(tmp_path / "link", os.O_WRONLY))
    assert (tmp_path / "later").stat().st_mode & 0o777 == 0o600
