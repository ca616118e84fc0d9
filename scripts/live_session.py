"""Show a live session with strangers: python -m scripts.live_session [--corpus emodb] [--model NAME]

It fits the recipe `speech` on all corpora but one, plays five speakers of that one into a microphone while
`callmood listen` runs on it, and writes the journal, a picture and a page. With --model nothing is fitted: a
quick look, but no figure about strangers. A few minutes, once the tables of the corpora lie in the cache.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import soundfile

from emotion.errors import CallmoodError
from emotion.whole_file import replace
from evaluation.protocols.corpora import CorporaFolder, read_corpora
from evaluation.streams.sound import RATE_HZ
from scripts.live.answers import accuracy_words, answer_of
from scripts.live.microphone import JOURNAL, listen_while_playing, refuse_paths
from scripts.live.model import fit_on
from scripts.live.page import session_page
from scripts.live.picture import session_picture
from scripts.live.places import place
from scripts.live.scene import make_scene
from scripts.live.sound import session_sound
from scripts.live.strangers import plan_strangers
from tests.command import read_journal
from trainer.dataset.licences import licence_of

ROOT: Final = Path(__file__).parents[1]


def show(found: CorporaFolder, arguments: argparse.Namespace, folder: Path) -> str:
    """Plan, fit, listen, read back, write.

    Parameters
    ----------
    found : CorporaFolder
        With the strangers' corpus as the only one to be scored.
    arguments : Namespace
        Of the command line.
    folder : Path
        For what is not kept: the model, the sound.

    Returns
    -------
    str
        What came out.

    Raises
    ------
    CallmoodError
        If there is too little to play, or it was not heard.
    """
    (corpus,) = found.scored
    others = tuple(each.name for each in found.learned_from if each.name != corpus.name)
    scene = make_scene(plan_strangers(corpus.clips, arguments.seed), arguments.seed)
    seconds = len(scene.samples) / RATE_HZ
    soundfile.write(folder / "scene.wav", scene.samples, RATE_HZ, subtype="FLOAT")
    model = arguments.model or str(fit_on(arguments.corpora, others, folder / "models"))
    if Path(model).is_dir():
        model = str(Path(model).resolve())
    print(f"{seconds:.0f} s are played", flush=True)
    session = listen_while_playing(folder / "scene.wav", seconds, model, folder)
    text = (folder / JOURNAL).read_text(encoding="utf-8")
    refuse_paths(text, (folder, ROOT, arguments.corpora.resolve(), Path.home()))
    journal = read_journal(folder / JOURNAL)
    places = place(scene, session_sound(session), journal.summary["seconds"])
    answers = [answer_of(part, journal.rows) for part in places.stretches if part.kind == "clip"]
    facts = {
        "corpus": corpus.name,
        "licence": licence_of(corpus.name).terms,
        "seed": str(arguments.seed),
        "others": "" if arguments.model else ", ".join(others),
    }
    fitted = (
        f"recipe speech fitted on {facts['others']}"
        if facts["others"]
        else f"model {journal.header['model']}"
    )
    titles = (
        f"Five strangers of {corpus.name} through a microphone: {accuracy_words(answers)}",
        f"callmood listen, {fitted}; ✗: shown as another",
    )
    picture = session_picture(answers, places.stretches, journal.rows, titles)
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    replace(out / "session.png", picture)
    replace(out / "README.md", session_page(journal, places, answers, facts).encode())
    replace(out / JOURNAL, text.encode())
    return f"{accuracy_words(answers)}; see {out}/README.md"


def main() -> int:
    """Make them all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    corpora = Path(os.environ.get("CALLMOOD_CORPORA", "../shared/corpora"))
    parser.add_argument("--corpora", type=Path, default=corpora, metavar="DIR")
    parser.add_argument("--corpus", default="emodb", metavar="NAME", help="whose speakers are the strangers")
    parser.add_argument("--model", metavar="NAME", help="listen with this model, and fit none")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="draws speakers, clips and noise")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "live-session", metavar="DIR")
    arguments = parser.parse_args()
    try:
        found = read_corpora(arguments.corpora, only=[arguments.corpus])
        with tempfile.TemporaryDirectory(prefix="callmood-live-") as folder:
            print(show(found, arguments, Path(folder)))
    except subprocess.CalledProcessError as error:
        return int(error.returncode)
    except CallmoodError as error:
        sys.stderr.write(f"live_session: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
