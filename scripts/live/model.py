"""A model to which the speakers of one corpus are strangers."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.command import command, environment

ROOT: Final = Path(__file__).parents[2]
RECIPE: Final = "speech"
NAME: Final = "strangers"


def fit_on(corpora: Path, names: Sequence[str], out: Path) -> Path:
    """Fit the recipe of the default model on some corpora, by the command that users have.

    Parameters
    ----------
    corpora : Path
        The folder of corpora.
    names : sequence of str
        Those to fit on.
    out : Path
        Where the model's folder goes.

    Returns
    -------
    Path
        The model's folder.

    Raises
    ------
    CalledProcessError
        If it fails; the command has said why.
    """
    words = ["train", str(corpora.resolve()), "--recipe", RECIPE, "--only", ",".join(names), "--name", NAME]
    # From the root of the project, where the tables of the corpora are kept.
    subprocess.run(  # noqa: S603  # our own command
        command(*words, "--out", str(out)), cwd=ROOT, env=environment(), check=True
    )
    return out / NAME
