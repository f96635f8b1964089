"""Where PyTorch networks run, and a guard against weights that were never loaded."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from sdd_bench.errors import MissingError

if TYPE_CHECKING:
    from pathlib import Path

    from torch import device


@functools.cache
def where() -> device:
    """The GPU if there is one, with full single precision, else the CPU."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def pretrained(kind: Any, folder: Path) -> Any:
    """A transformers network from its folder, in single precision, ready to judge.

    Raises MissingError if the folder lacks some of it: it would be drawn at random, and random
    networks give plausible numbers.
    """
    from transformers.utils import logging

    # A full CLIP holds two towers, and the one that is not asked for is reported at length.
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        network, report = kind.from_pretrained(folder, output_loading_info=True)
    except (OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise MissingError(f"cannot load {kind.__name__} from {folder}: {reason}") from error
    if report["missing_keys"]:
        raise MissingError(
            f"{folder} has no weights '{min(report['missing_keys'])}': bring the whole folder"
        )
    return network.float().eval().to(where())
