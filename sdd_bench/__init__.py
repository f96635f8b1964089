"""sdd_bench: a benchmark for removing concepts from text-to-image diffusion models.

The command line is the usual way in (`sdd-bench --help`). A plugin needs two modules only,
`sdd_bench.types` (the nouns and the interfaces) and `sdd_bench.errors`. Importing the package
loads neither torch nor diffusers, so that `--help` and shell completion stay instant.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

__all__ = ["__version__"]

try:
    __version__ = version("sdd-bench")
except PackageNotFoundError as missing:
    raise ImportError(
        "sdd_bench is not installed: its methods, metrics and prompts are found through the "
        "installation only. Run `make .venv` or `pip install -e .` in the checkout."
    ) from missing
