"""How much memory a training takes at most, as the system counts it.

What is held between two iterations is less than what is held within one. Windows' count comes from
psutil, which has none for Unix; Linux and macOS each tell it in another place and unit.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import torch

from sdd_bench import files

if sys.platform == "win32":
    import psutil

    def _of_process() -> int:
        return psutil.Process().memory_info().peak_wset

else:
    import resource

    def _of_process() -> int:
        # getrusage alone would do, but that on Linux a process takes over the peak of the one that
        # started it: a notebook's, a worker's.
        counted = re.search(r"VmHWM:\s+(\d+) kB", files.read_text(_STATUS) or "")
        if counted:
            return int(counted[1]) * 1024
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


_STATUS = Path("/proc/self/status")
"""Where Linux says how much memory this process has and had."""


def peak(device: torch.device) -> float:
    """Megabytes at most so far: of the GPU's memory, on the CPU of the whole process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    return _of_process() / 1e6
