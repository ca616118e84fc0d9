"""The machine and the library versions of a run."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import numpy as np

from trainer.progress import default_jobs

LIBRARIES: Final = ("numpy", "scipy", "soxr", "librosa", "numba", "opensmile", "onnxruntime")
CPU_INFO: Final = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Machine:
    """Where something was measured."""

    cpu: str
    num_cores: int  # that this process may use
    system: str
    python: str
    # The load average of the last minute; None where the system has none.
    load: float | None
    libraries: dict[str, str]


def this_machine() -> Machine:
    """Describe this machine, without its name."""
    return Machine(
        cpu=_cpu_model(),
        num_cores=default_jobs(),
        system=_system(),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        load=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        libraries=_libraries(),
    )


def _cpu_model() -> str:
    if CPU_INFO.is_file():
        for line in CPU_INFO.read_text(errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return f"{value.strip()} ({platform.machine()})"
    return platform.processor() or platform.machine()


def _system() -> str:
    kernel = f"{platform.system()} {platform.release()}"
    try:
        return f"{platform.freedesktop_os_release()['PRETTY_NAME']}, {kernel}"
    except OSError:
        return kernel


def _libraries() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    found["BLAS of numpy"] = f"{blas['name']} {blas['version']}"
    return found
