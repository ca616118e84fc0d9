"""Linear algebra on one thread, for commands that compute a little at a time."""

import os


def compute_on_one_thread() -> None:
    """Ask OpenBLAS for a single thread; to be called before numpy is imported, or it has no effect.

    A window is too small to share: the other threads would only wait for work, busily, at several times the
    cost of the analysis itself. A number that the user has set stays.
    """
    if "OMP_NUM_THREADS" not in os.environ:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
