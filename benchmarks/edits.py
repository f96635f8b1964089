"""Time and memory of each edit on Stable Diffusion 1.4's true shape, random weights.

    python benchmarks/edits.py [--method uce rece speed] [--concepts 1]

Of the U-Net there are the 32 matrices that read texts, and nothing else is needed; the text encoder
has the published one's size. Each edit has a process of its own, since the peak of its memory is
the process's: what it holds before the edit is said, too. Random weights say nothing about how good
an edit is. Texts are read with the miniature's tokenizer, of as many positions.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import torch
from diffusers import UNet2DConditionModel
from torch import Generator, Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from sdd_bench import registry
from sdd_bench.diffusion.conditioning import TextReader
from sdd_bench.types import Edited
from sdd_bench.weights import store

METHODS = ("uce", "rece", "speed")
TARGETS = ("nudity", "violence", "blood", "hate", "theft", "suicide", "harm", "weapons")


class Shape:
    """An `Editable` of Stable Diffusion 1.4's shape."""

    def __init__(self, concepts: tuple[str, ...]) -> None:
        torch.manual_seed(0)
        self.concepts = concepts
        with torch.device("meta"):
            unet = UNet2DConditionModel(sample_size=64, cross_attention_dim=768)
        self.matrices = {
            name: 0.02 * torch.randn(parameter.shape, dtype=torch.float64)
            for name, parameter in sorted(unet.named_parameters())
            if "attn2.to_k" in name or "attn2.to_v" in name
        }
        tokenizer = CLIPTokenizer.from_pretrained(store.find("miniature") / "tokenizer")
        config = CLIPTextConfig(
            hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12
        )
        self._text = TextReader(tokenizer, CLIPTextModel(config).eval())

    def states(self, text: str) -> Tensor:
        """Text states (77, 768)."""
        return self._text.encode(text).states

    def last(self, text: str) -> int:
        """The position of the last word."""
        return self._text.encode(text).last


def gigabytes() -> float:
    """The most memory that this process has held (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def measure(name: str, concepts: int) -> dict[str, object]:
    """One edit, in this process."""
    method = registry.scan().method(name)
    assert isinstance(method, Edited)
    model = Shape(TARGETS[:concepts])
    before, began, used = gigabytes(), time.perf_counter(), time.process_time()
    found = method.edit(model, Generator().manual_seed(0))
    return {
        "method": name,
        "concepts": concepts,
        "matrices": len(found),
        "processor": round(time.process_time() - used, 1),
        "seconds": round(time.perf_counter() - began, 1),
        "before_gb": round(before, 2),
        "peak_gb": round(gigabytes(), 2),
    }


def main() -> None:
    """Print a line of JSON per edit."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--method", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--concepts", type=int, default=1, choices=range(1, len(TARGETS) + 1))
    parser.add_argument("--here", action="store_true", help="in this process")
    options = parser.parse_args()
    for name in options.method:
        if options.here:
            print(json.dumps(measure(name, options.concepts)))
        else:
            more = ["--method", name, "--concepts", str(options.concepts), "--here"]
            subprocess.run([sys.executable, __file__, *more], check=True)


if __name__ == "__main__":
    main()
