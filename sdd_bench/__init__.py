"""sdd_bench: a benchmark for removing concepts from text-to-image diffusion models.

    import sdd_bench as sb
    sb.run("sd-neg", "country_body", limit=5)
    sb.compare("sd", "sd-neg")

The functions do what the commands of `sdd-bench --help` do. A plugin needs two modules only,
`sdd_bench.types` (the nouns and the interfaces) and `sdd_bench.errors`. Importing the package loads
neither torch nor pandas: a function loads what it needs when it is called.
"""

from __future__ import annotations

import importlib
import os
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from .errors import InputError, MissingError, SDDBenchError

if TYPE_CHECKING:
    from .api.attacking import attack
    from .api.drawing import (
        figure_curve,
        figure_grid,
        figure_groups,
        figure_matrix,
        figure_tradeoff,
        figure_training,
    )
    from .api.exporting import dataset, export, export_weights
    from .api.gating import gate
    from .api.listing import (
        broken_plugins,
        diagnose,
        list_attacks,
        list_concepts,
        list_methods,
        list_metrics,
        list_models,
        list_suites,
    )
    from .api.making import import_images, reference, reproduce, run, score, train
    from .api.reading import attack_success, ceiling, compare, grid, load, matrix, plan, table
    from .api.reporting import report

__all__ = [
    "InputError",
    "MissingError",
    "SDDBenchError",
    "__version__",
    "attack",
    "attack_success",
    "broken_plugins",
    "ceiling",
    "compare",
    "dataset",
    "diagnose",
    "export",
    "export_weights",
    "figure_curve",
    "figure_grid",
    "figure_groups",
    "figure_matrix",
    "figure_tradeoff",
    "figure_training",
    "gate",
    "grid",
    "import_images",
    "list_attacks",
    "list_concepts",
    "list_methods",
    "list_metrics",
    "list_models",
    "list_suites",
    "load",
    "matrix",
    "plan",
    "reference",
    "report",
    "reproduce",
    "run",
    "score",
    "table",
    "train",
]

_HOMES = {
    "attacking": "attack",
    "exporting": "dataset export export_weights",
    "gating": "gate",
    "drawing": (
        "figure_curve figure_grid figure_groups figure_matrix figure_tradeoff figure_training"
    ),
    "listing": (
        "broken_plugins diagnose list_attacks list_concepts list_methods list_metrics list_models "
        "list_suites"
    ),
    "making": "import_images reference reproduce run score train",
    "reading": "attack_success ceiling compare grid load matrix plan table",
    "reporting": "report",
}
"""Where the public functions lie, in sdd_bench.api."""

# Intel's MKL, which multiplies PyTorch's matrices, may share a product out among threads by where
# its result lies in memory, and the last bits with it; PyTorch lays the gradients of small
# convolutions wherever malloc puts them. AUTO makes a product a function of its factors and of the
# number of threads, at the same speed. MKL reads it at its first product: nothing later would do.
os.environ.setdefault("MKL_CBWR", "AUTO")

try:
    __version__ = version("sdd-bench")
except PackageNotFoundError as missing:
    raise ImportError(
        "sdd_bench is not installed: its methods, metrics and prompts are found through the "
        "installation only. Run `make .venv` or `pip install -e .` in the checkout."
    ) from missing


def __getattr__(name: str) -> object:
    """A public function, whose module is loaded at its first use."""
    for home, names in _HOMES.items():
        if name in names.split():
            found: object = getattr(importlib.import_module(f"{__name__}.api.{home}"), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
