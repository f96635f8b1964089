"""The command line. Results go to stdout, talk and progress to stderr.

Exit codes: 0 done, 1 gate failed, 2 the user's input, 3 something missing on this machine,
4 a fault in a run.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import __version__
from .errors import InputError, SDDBenchError

if TYPE_CHECKING:
    from .request import Request
    from .results import Run

FORMATS = ("text", "markdown", "latex", "csv", "json")
INTERRUPTED = 130
"""What a shell reports of a program that Ctrl-C has stopped."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; never a traceback unless SDD_BENCH_DEBUG."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", force=True)
    logging.getLogger(__package__).setLevel(logging.INFO)
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        cli.main(args=given or ["--help"], prog_name="sdd-bench", standalone_mode=False)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        return _fail(error.format_message(), InputError.exit_code)
    except SDDBenchError as error:
        return _fail(str(error), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted; what is done is kept, the same command goes on", INTERRUPTED)
    except Exception as error:
        if os.environ.get("SDD_BENCH_DEBUG"):
            raise
        reason = " ".join(str(error).split())
        return _fail(
            f"{type(error).__name__}: {reason} (what is done is kept; set SDD_BENCH_DEBUG=1 for "
            "the traceback)",
            SDDBenchError.exit_code,
        )
    return 0


def _fail(message: str, code: int) -> int:
    click.echo(f"error: {message}", err=True)
    return code


class _Commands(click.Group):
    """Ends as `main` promises where click alone would end with another code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a reader that goes away (`| head`) is no fault, a plugin's exit is."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except SystemExit as error:
            raise SDDBenchError("the run was ended by a call of sys.exit") from error


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="sdd-bench")
def cli() -> None:
    """Benchmark the removal of concepts from text-to-image diffusion models."""


def _results(command: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--results",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("results"),
        show_default=True,
        help="Folder of all runs.",
    )(command)


def _options(*decorators: Callable[..., Any]) -> Callable[..., Any]:
    """Several options at once, shown in the order given."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


_what = _options(
    click.option(
        "--model",
        default="miniature",
        show_default=True,
        help="A name of `list models`, a diffusers folder, or a hub id.",
    ),
    click.option(
        "--concept",
        "concepts",
        multiple=True,
        help="What is to be removed, instead of the method's own default. Repeatable.",
    ),
    click.option(
        "--concepts", "concept_set", help="A set of `list concepts` instead of --concept."
    ),
    click.option(
        "--recipe",
        help="How methods that train do it: see docs/training.md.  [default: paper, and for the "
        "miniature its own]",
    ),
    click.option(
        "--trainable",
        help="Tensors that learn: xattn, xattn-kv, selfattn, noxattn or full.  "
        "[default: the recipe's]",
    ),
)
_how = _options(
    click.option(
        "--seed",
        type=click.IntRange(0, 2**63 - 1),
        default=42,
        show_default=True,
        help="What is random derives from it, but for images with a published seed.",
    ),
    click.option(
        "--batch-size",
        type=click.IntRange(min=1),
        help="Images at a time.  [default: 32 on the CPU, 16 on a GPU]",
    ),
    click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N."),
    click.option(
        "--dtype", default="auto", show_default=True, help="auto, float32, float16 or bfloat16."
    ),
)
_images = _options(
    click.option(
        "--metric",
        "metrics",
        multiple=True,
        help="A name of `list metrics`, or of a metric file. Repeatable.  "
        "[default: those of the model and suite]",
    ),
    click.option(
        "--images-per-prompt", type=click.IntRange(min=1), help="Instead of the suite's own number."
    ),
    click.option("--limit", type=click.IntRange(min=1), help="Only the first N prompts."),
    click.option(
        "--steps", type=click.IntRange(2, 999), default=25, show_default=True, help="PNDM steps."
    ),
    click.option("--guidance-scale", type=float, default=7.5, show_default=True),
)


@cli.command()
@click.option(
    "--method",
    "methods",
    multiple=True,
    required=True,
    help="A name of `list methods`, or file.py:Name. Repeatable.",
)
@click.option(
    "--suite",
    "suites",
    multiple=True,
    required=True,
    help="A name of `list suites`, or a .csv or .txt of prompts. Repeatable.",
)
@_what
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path),
    help="Weights of the U-Net to run on instead of training: a file or folder of any tool.",
)
@click.option(
    "--rescale-warmup",
    is_flag=True,
    help="Scale a method's warm-up, meant for 50 steps, to the number of steps.",
)
@_images
@_how
@_results
def run(results: Path, **options: Any) -> None:
    """Train, generate and score whatever is missing, then print the table of these runs."""
    from .benchmark import run as benchmark

    request = _request(results, options)
    done = benchmark(request)
    click.echo(_table(done, "text", request.metrics))
    for each in done:
        click.echo(f"{each.spec.method} on {each.spec.suite}: {each.folder / 'images'}")


@cli.command()
@click.option(
    "--method",
    "methods",
    multiple=True,
    required=True,
    help="A method that is trained, such as sdd or esd-x-3. Repeatable.",
)
@_what
@click.option(
    "--curve",
    "suites",
    multiple=True,
    help="Afterwards score this suite with the weights on the way, student and teacher, and plot "
    "the scores against the iterations. Repeatable.",
)
@click.option(
    "--save-every", type=click.IntRange(min=1), help="Iterations.  [default: a tenth of all]"
)
@click.option("--log", "log_to", help="Also log to tensorboard, wandb or mlflow.")
@click.option(
    "--gradient-checkpointing",
    is_flag=True,
    help="Less memory, more time; the result is the same.",
)
@_images
@_how
@_results
def train(
    results: Path,
    save_every: int | None,
    log_to: str | None,
    gradient_checkpointing: bool,
    **options: Any,
) -> None:
    """Train METHODs and stop after their checkpoints, with curves if asked for."""
    from . import curves, trained

    request = _request(results, options)
    made = trained.train_all(
        request,
        save_every=save_every,
        log_to=log_to,
        gradient_checkpointing=gradient_checkpointing,
    )
    for chosen, path in made:
        click.echo(f"{chosen.name}: {path}")
    if request.suites:
        name = "+".join(chosen.name for chosen, _ in made)
        for path in curves.save(curves.measure(request, made), results / "curves" / name):
            click.echo(f"curve: {path}")


def _request(results: Path, options: dict[str, Any]) -> Request:
    from . import concepts
    from .request import Request

    concept_set = options.pop("concept_set")
    for name in ("methods", "suites", "metrics", "concepts"):
        options[name] = tuple(dict.fromkeys(options[name]))  # asked for twice is asked for once
    if concept_set and options["concepts"]:
        raise InputError("give --concept or --concepts, not both")
    if concept_set:
        options["concepts"] = concepts.find(concept_set)
    return Request(results=results, **options)


@cli.command()
@click.argument(
    "runs", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    required=True,
    help="A name of `list metrics`, or of a metric file. Repeatable.",
)
def score(runs: tuple[Path, ...], metrics: tuple[str, ...]) -> None:
    """Score the images of RUNS (run folders) with other definitions; nothing is generated."""
    from .benchmark import rescore

    click.echo(_table(rescore(runs, metrics), "text", metrics))


@cli.command()
@click.argument("which", default="runs", type=click.Choice(["runs"]))
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
@_results
def table(which: str, format_: str, results: Path) -> None:  # noqa: ARG001 - one table so far
    """Print everything that the results folder holds, with n and a 95 % interval in every cell."""
    from .results import find

    runs = find(results)
    if not runs:
        raise InputError(
            f"no runs in {results}: start with `sdd-bench run`, or name another --results"
        )
    click.echo(_table(runs, format_), nl=False)


@cli.command("list")
@click.argument("what", type=click.Choice(["concepts", "methods", "metrics", "models", "suites"]))
def list_(what: str) -> None:
    """List what there is, with a line about each."""
    from . import listing

    for name, text in listing.LISTS[what]():
        click.echo(f"{name:28}{text}")
    for name, reason in listing.broken(what).items():
        click.echo(f"warning: {name} is unusable: {reason}", err=True)


def _table(runs: Sequence[Run], format_: str, metrics: Sequence[str] = ()) -> str:
    from . import tables
    from .benchmark import definitions_of

    frames = [tables.frame([each], definitions_of(each, metrics)) for each in runs]
    return tables.render(
        tables.join(frames), format_, width=max(120, shutil.get_terminal_size()[0])
    )


if __name__ == "__main__":
    sys.exit(main())
