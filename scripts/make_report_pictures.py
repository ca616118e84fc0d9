"""Make the pictures of the HTML report: python -m scripts.make_report_pictures

A call made of the demo's sentences is replayed and recorded, `callmood report` makes its page, and Chromium
takes the pictures: light, dark, and as on a phone. Needs chromium and playwright.
"""

import io
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import sync_playwright

from benchmarks.pages import DOCS, SPEECH, exit_code, parser
from callmood.__main__ import main as callmood
from callmood.model_choice import DEFAULT_MODEL
from scripts.make_pictures import write_call

_SIZES: Final = {"light": (1440, 1290), "dark": (1440, 1290), "phone": (390, 1500)}
_MOMENT: Final = "section:has(.columns) .emotion.e0 button.show"
"""The strongest angry moment: the cursor reads it."""


def main() -> int:
    """Make all pictures."""
    options = parser(__doc__)
    options.add_argument(
        "--out", type=Path, default=DOCS / "images", metavar="DIR", help="default: docs/images"
    )
    options.add_argument("--model", default=DEFAULT_MODEL, metavar="NAME", help="default: %(default)s")
    arguments = options.parse_args()
    return exit_code("make_report_pictures", partial(_make, arguments.model, arguments.out))


def _make(model: str, out: Path) -> int:
    chromium = shutil.which("chromium")
    if chromium is None:
        print("no chromium on this machine; type: apt-get install chromium", file=sys.stderr)
        return 1
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        page = folder / "report.html"
        write_call(SPEECH, folder / "call.wav")
        for arguments in (
            ["replay", str(folder / "call.wav"), "--fast", "-q", "--model", model,
             "--legs", "left=customer,right=me", "--started", "2026-11-30T07:12:00+01:00",
             "--alert", "customer:angry>0.7 for 3s", "--record-session", "--journal", "auto", "--out", name],
            ["report", "last", "--out", name, "-o", str(page)],
        ):  # fmt: skip
            if failed := callmood(arguments):
                return failed
        for kind in _SIZES:
            (out / f"report-{kind}.png").write_bytes(_picture(chromium, page, kind))
    print(f"pictures are in {out}")
    return 0


def _picture(chromium: str, page: Path, kind: str) -> bytes:
    """Take a picture of the upper part of the page, with 256 colours."""
    width, height = _SIZES[kind]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium)
        tab = browser.new_page(
            viewport={"width": width, "height": height},
            color_scheme="dark" if kind == "dark" else "light",
            device_scale_factor=2 if kind == "phone" else 1,
        )
        tab.goto(page.as_uri())
        tab.locator(_MOMENT).first.click()
        tab.get_by_role("button", name="Whole session").click()
        tab.evaluate("document.activeElement.blur(), scrollTo({ top: 0, behavior: 'instant' })")
        taken = tab.screenshot()
        browser.close()
    content = io.BytesIO()
    with Image.open(io.BytesIO(taken)) as picture:
        picture.convert("RGB").quantize(256).save(content, "PNG", optimize=True)
    return content.getvalue()


if __name__ == "__main__":
    sys.exit(main())
