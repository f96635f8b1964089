"""Where and how PyTorch networks run, and a guard against weights that were never loaded."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from sdd_bench.errors import MissingError

if TYPE_CHECKING:
    from pathlib import Path

    from torch import device

_PRECISION = "fp32_precision"


@functools.cache
def where() -> device:
    """The GPU if there is one, else the CPU."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@contextmanager
def judging() -> Iterator[None]:
    """Within it, networks run without gradients, and a GPU as it does for images: in full single
    precision, by the same kernels every time. Afterwards all is set as it was.
    """
    import torch

    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    settings: list[tuple[Any, str, object]] = [
        (matmul, "allow_tf32", False),
        (cudnn, "allow_tf32", False),
        (cudnn, "deterministic", True),
        (cudnn, "benchmark", False),
    ]
    # Since PyTorch 2.9 there is a second way to say it, which counts where somebody has used it.
    newer = [
        owner for owner in (matmul, getattr(cudnn, "conv", None)) if hasattr(owner, _PRECISION)
    ]
    settings += [(owner, _PRECISION, "ieee") for owner in newer]
    before = []
    for owner, name, _ in settings:
        with suppress(RuntimeError):  # where both ways have been used at once, one won't tell
            before.append((owner, name, getattr(owner, name)))
    try:
        for owner, name, value in settings:
            setattr(owner, name, value)
        with torch.inference_mode():
            yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)


@contextmanager
def quiet() -> Iterator[None]:
    """Within it, transformers shows no bars and says nothing but errors."""
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    silent = are_progress_bars_disabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
        if silent and bars:  # transformers takes the bars of the hub's client along
            disable_progress_bars()


def pretrained(kind: Any, folder: Path) -> Any:
    """A transformers network from its folder, in single precision, ready to judge.

    Raises MissingError if the folder lacks some of it: it would be drawn at random, and random
    networks give plausible numbers.
    """
    try:
        # A full CLIP holds two towers, and the one that is not asked for is reported at length.
        with quiet():
            network, report = kind.from_pretrained(
                folder, local_files_only=True, output_loading_info=True
            )
    except (OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise MissingError(f"cannot load {kind.__name__} from {folder}: {reason}") from error
    if report["missing_keys"]:
        raise MissingError(
            f"{folder} has no weights '{min(report['missing_keys'])}': bring the whole folder"
        )
    return network.float().eval().to(where())
