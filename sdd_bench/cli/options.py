"""Options that several commands share; their defaults and ranges are those of a request."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import click

from sdd_bench import formats
from sdd_bench.benchmark.request import Options
from sdd_bench.types import Numerics

from .completion import Listed
from .kinds import Place, options, whole

DEFAULTS: dict[str, Any] = {each.name: each.default for each in fields(Options)}

log_to = click.option(
    "--log",
    "log_to",
    type=Listed("trackers"),
    help="Also tell tensorboard, wandb or mlflow how far the work is, and of each run's values at "
    "the end.",
)

results = click.option(
    "--results",
    type=Place(file_okay=False, path_type=Path),
    default=DEFAULTS["results"],
    show_default=True,
    help="Folder of all runs.",
)
format_ = click.option(
    "--format",
    "format_",
    type=click.Choice(formats.names()),
    default="text",
    show_default=True,
)
limit = click.option("--limit", type=whole("limit"), help="Only the first N prompts.")
model = click.option(
    "--model",
    type=Listed("models"),
    default=DEFAULTS["model"],
    show_default=True,
    help="A name of `list models`, a diffusers folder, or a hub id.",
)
checkpoint_strength = click.option(
    "--checkpoint-strength",
    type=float,
    help="How much of an adapter of --checkpoint is added.  [default: 1]",
)
method_options = options(
    model,
    click.option(
        "--concept",
        "concepts",
        multiple=True,
        help="What is to be removed, instead of the method's own default. Repeatable.",
    ),
    click.option(
        "--concepts",
        "concept_set",
        type=Listed("concepts"),
        help="A set of `list concepts` instead of --concept.",
    ),
    click.option(
        "--recipe",
        help="How methods that train or edit do it: see docs/recipes.md.  [default: paper, and for "
        "the miniature its own]",
    ),
    click.option(
        "--trainable",
        help="Tensors that learn: xattn, xattn-kv, selfattn, noxattn, "
        "layers-noxattn, layers or full.  "
        "[default: the recipe's]",
    ),
    click.option(
        "--set",
        "parameters",
        multiple=True,
        metavar="NAME=VALUE",
        help="A parameter of the method or its recipe: rate=2e-5, iterations=500. Repeatable.",
    ),
)
arithmetic = options(
    click.option(
        "--device",
        default=DEFAULTS["device"],
        show_default=True,
        help="auto, cpu, cuda or cuda:N.",
    ),
    click.option(
        "--dtype",
        default=DEFAULTS["dtype"],
        show_default=True,
        help="auto, float32, float16 or bfloat16.",
    ),
)
numerics = click.option(
    "--numerics",
    type=click.Choice(get_args(Numerics)),
    default=DEFAULTS["numerics"],
    show_default=True,
    help="How the U-Net is computed; compiled: its repeated blocks by torch.compile, which is "
    "another run.",
)
machine_options = options(
    click.option(
        "--seed",
        type=whole("seed"),
        default=DEFAULTS["seed"],
        show_default=True,
        help="What is random derives from it, but for images with a published seed.",
    ),
    click.option(
        "--batch-size",
        type=whole("batch_size"),
        help="Images at a time.  [default: 32 on the CPU; on a GPU 16, of small models 64]",
    ),
    arithmetic,
    numerics,
)
workers = options(
    click.option(
        "--workers",
        type=whole("workers"),
        help="Processes that share the work, one per GPU where there are several.  "
        "[default: 1 on a GPU; on the CPU one per core, where model and work make that faster; "
        "with --engine ray one per GPU, or else per core]",
    ),
    click.option(
        "--engine",
        default=DEFAULTS["engine"],
        show_default=True,
        help="Where they run: local, on this machine, or ray, on those of a Ray cluster.",
    ),
)
shard = click.option(
    "--shard",
    metavar="I/N",
    help="Make and judge only the I-th of N fixed parts of the images, as 2/4; the same command "
    "without it joins them.",
)
columns = options(
    click.option(
        "--prompt-column",
        metavar="NAME",
        help="Where a file of prompts keeps them, if not under a name that is known.",
    ),
    *(
        click.option(f"--{name}-column", metavar="NAME", help=f"Likewise its {what}.")
        for name, what in (("seed", "seeds"), ("group", "groups"), ("id", "ids"))
    ),
)
search_options = options(
    click.option(
        "--recipe",
        help="The budget: see docs/attacks.md.  [default: paper, and for the miniature its own]",
    ),
    click.option(
        "--set",
        "parameters",
        multiple=True,
        metavar="NAME=VALUE",
        help="A parameter of the attack: tokens=8, generations=500. Repeatable.",
    ),
    limit,
    columns,
    click.option(
        "--seed",
        type=whole("seed"),
        default=DEFAULTS["seed"],
        show_default=True,
        help="What is random derives from it and from a prompt's id.",
    ),
    arithmetic,
)
sampling = options(
    click.option(
        "--steps",
        type=whole("steps"),
        default=DEFAULTS["steps"],
        show_default=True,
        help="PNDM steps.",
    ),
    click.option(
        "--guidance-scale", type=float, default=DEFAULTS["guidance_scale"], show_default=True
    ),
)
image_options = options(
    click.option(
        "--metric",
        "metrics",
        type=Listed("metrics"),
        multiple=True,
        help="A name of `list metrics`, or of a metric file. Repeatable.  "
        "[default: those of the model and suite]",
    ),
    click.option(
        "--images-per-prompt",
        type=whole("images_per_prompt"),
        help="Instead of the suite's own number.",
    ),
    limit,
    columns,
    sampling,
)
checkpoint = click.option(
    "--checkpoint",
    type=Place(path_type=Path),
    help="Weights of the U-Net or text encoder to run on instead of training: a file or folder of "
    "any tool.",
)
matrix_options = options(
    click.option(
        "--method",
        type=Listed("methods"),
        required=True,
        help="The method whose removals are shown.",
    ),
    click.option(
        "--suite",
        type=Listed("suites"),
        default="artists",
        show_default=True,
        help="Prompts with groups: a name of `list suites`, or whatever `run` takes.",
    ),
    click.option(
        "--row",
        "named",
        multiple=True,
        metavar="CONCEPT=RUN",
        help="The folder name of a run that doesn't say itself what it removes, such as one with "
        "--checkpoint. Repeatable.",
    ),
    click.option(
        "--nth",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="Which prompt of each group the picture shows.",
    ),
)

timeout = click.option(
    "--timeout",
    type=float,
    metavar="SECONDS",
    help="How long one call of a method or metric may take; what takes longer ends with exit code "
    "4.  [default: as long as it takes]",
)
_of_paper = options(
    model,
    click.option(
        "--recipe",
        help="How methods that train or edit do it: see docs/recipes.md.  [default: the table's, "
        "or the model's]",
    ),
    click.option(
        "--images-per-prompt",
        type=whole("images_per_prompt"),
        help="Instead of the table's own number.",
    ),
    limit,
    click.option("--preview", is_flag=True, help="A tenth of the images, for a tenth of the cost."),
    click.option("--steps", type=whole("steps"), help="PNDM steps.  [default: the table's]"),
    click.option("--guidance-scale", type=float, help="[default: the table's]"),
    machine_options,
    results,
)
paper_options = options(
    click.option(
        "--suite",
        "sources",
        multiple=True,
        metavar="NAME=FILE",
        help="Where the prompts of a suite are that is not shipped. Repeatable.",
    ),
    _of_paper,
)
report_options = options(
    click.option(
        "--suite",
        "suites",
        type=Listed("suites"),
        multiple=True,
        metavar="NAME[=FILE]",
        help="Only runs on this suite; with =FILE, where the prompts of one that a table needs "
        "are. Repeatable.",
    ),
    _of_paper,
)
paper_table = click.argument("table", type=Listed("tables"), metavar="TABLE")
