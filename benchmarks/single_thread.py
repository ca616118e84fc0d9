"""One thread of arithmetic, set before numpy is loaded."""

import os
import subprocess
import sys
from typing import Final

THREAD_VARIABLES: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)
"""What the libraries under numpy, scipy, librosa and openSMILE read when they are loaded."""


def is_single_threaded() -> bool:
    """Whether this process was started for one thread."""
    return all(os.environ.get(name) == "1" for name in THREAD_VARIABLES)


def single_thread_environment() -> dict[str, str]:
    """Give this process's environment, with one thread for all libraries."""
    return os.environ | dict.fromkeys(THREAD_VARIABLES, "1")


def run_again_on_one_thread(module: str) -> int:
    """Run this command again: libraries read the number of threads when they are loaded."""
    words = [sys.executable, "-m", module, *sys.argv[1:]]
    return subprocess.run(words, env=single_thread_environment(), check=False).returncode
