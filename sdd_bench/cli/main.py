"""The command line. Results go to stdout, talk and progress to stderr.

Exit codes: 0 done, 1 gate failed, 2 the user's input, 3 something missing on this machine,
4 a fault in a run.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import click

from sdd_bench import __version__, provenance
from sdd_bench.errors import SDDBenchError

from . import (
    attack,
    ceiling,
    compare,
    completion,
    doctor,
    export,
    faults,
    figure,
    gate,
    import_,
    matrix,
    plan,
    reference,
    report,
    reproduce,
    run,
    score,
    signals,
    streams,
    table,
    train,
    weights,
    work,
)
from . import list as list_


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; never a traceback unless SDD_BENCH_DEBUG."""
    try:
        with streams.guarded(), signals.ending():
            return _run(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt as error:  # while what listens to signals was set up or taken down
        message, code = signals.sentence() or faults.sentence(error)
        with contextlib.suppress(SDDBenchError):
            streams.say(f"error: {message}", err=True)
        return code


def _run(arguments: list[str]) -> int:
    logging.getLogger("sdd_bench").setLevel(logging.INFO)
    try:
        if completion.asked():
            completion.answer(cli)
            return 0
        provenance.check_environment()
        given = arguments or ["--help"]
        code = cli.main(args=given, prog_name="sdd-bench", standalone_mode=False)
    except click.exceptions.Exit as error:
        return error.exit_code
    except BaseException as error:  # noqa: BLE001 - a plugin's too, whatever its kind
        message, code = signals.sentence() or faults.sentence(error)
        if os.environ.get("SDD_BENCH_DEBUG"):
            streams.say(*traceback.format_exc().splitlines(), err=True)
        streams.say(f"error: {message}", err=True)
    return code if isinstance(code, int) else 0  # click returns what a command exits with


class _Commands(click.Group):
    """Ends as `main` promises where click alone would end with another code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a plugin's exit is a fault."""
        try:
            return super().invoke(ctx)
        except SystemExit as error:
            raise SDDBenchError("the run was ended by a call of sys.exit") from error


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="sdd-bench")
def cli() -> None:
    """Benchmark the removal of concepts from text-to-image diffusion models."""


for command in (
    run.run,
    train.train,
    score.score,
    attack.attack,
    import_.import_,
    reference.reference,
    reproduce.reproduce,
    plan.plan,
    table.table,
    compare.compare,
    matrix.matrix,
    ceiling.ceiling,
    report.report,
    export.export,
    figure.figure,
    gate.gate,
    list_.list_,
    weights.weights,
    doctor.doctor,
    work.work,
):
    cli.add_command(command)


if __name__ == "__main__":
    sys.exit(main())
