"""Ask pip-audit whether a version in constraints.txt is known to be vulnerable (make audit).

Exit codes: 0 where none is known to be, 1 where some are, 3 where nothing could be learned: no network, or a
registry that has packages and no advisories.
"""

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any, Final

CONSTRAINTS: Final = Path(__file__).parents[1] / "constraints.txt"
AUDITOR: Final = "pip-audit>=2.7,<3"
OK, VULNERABLE, UNKNOWN = 0, 1, 3
_TIMEOUT_SECONDS: Final = 600


def verdict(report: dict[str, Any]) -> tuple[int, list[str]]:
    """Give exit code and lines for a report of pip-audit, which also succeeds without any advisories."""
    packages = report["dependencies"]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    lines = [
        f"{package['name']} {package['version']}: {advisory['id']}, fixed in "
        f"{', '.join(advisory.get('fix_versions') or ['no version yet'])}"
        for package in packages
        for advisory in package.get("vulns", ())
    ]
    if lines:
        return VULNERABLE, lines
    if skipped or not packages:
        return UNKNOWN, [f"no advisories available here for {len(skipped)} of {len(packages)} packages"]
    return OK, [f"no advisory against any of {len(packages)} packages"]


def _run(python: Path, module: list[str]) -> subprocess.CompletedProcess[bytes]:
    command = [str(python), "-m", *module]
    return subprocess.run(command, check=False, capture_output=True, timeout=_TIMEOUT_SECONDS)  # noqa: S603


def main() -> int:
    """Audit with pip-audit in a temporary environment."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.create(folder / "venv", with_pip=True)
        python = folder / "venv" / "bin" / "python"
        report = folder / "report.json"
        install = ["pip", "install", "--quiet", "--disable-pip-version-check", AUDITOR]
        audit = ["pip_audit", "--requirement", str(CONSTRAINTS), "--no-deps", "--disable-pip"]
        audit += ["--format", "json", "--output", str(report), "--progress-spinner", "off"]
        try:
            _run(python, install).check_returncode()
            _run(python, audit)
            code, lines = verdict(json.loads(report.read_bytes()))
        except (subprocess.SubprocessError, OSError, ValueError):
            code, lines = UNKNOWN, ["pip-audit could not be installed, or could not reach its advisories"]
    print("\n".join(f"audit: {line}" for line in lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
