"""Make the tables of the manual anew: of the miniature's results, and of what the code defines.

python docs/make_tables.py [--results results]

What stands above a paper's table in its page is kept. One that is not complete is left as it is.
Elsewhere a table stands between `<!-- made: NAME ARGUMENT -->` and `<!-- made: end -->`.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import sdd_bench as sb
from sdd_bench import registry
from sdd_bench.types import Definition, Method, Metric, Prepared, Weighted

HERE = Path(__file__).parent
TABLES = ("table1", "table2")

_MARKED = re.compile(r"(<!-- made: (\w+) ([\w-]+) -->\n).*?(<!-- made: end -->)", re.DOTALL)


def renewed(page: str, table: str) -> str:
    """The page with another table from the line of its title on."""
    lines = page.splitlines(keepends=True)
    title = table.partition(":")[0] + ":"
    above = next(place for place, line in enumerate(lines) if line.startswith(title))
    return "".join(lines[:above]) + table.rstrip("\n") + "\n"


# --- what the code defines --------------------------------------------------------------------


def rows(header: list[str], cells: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def definitions(family: str) -> str:
    """The definitions of a family: rule, direction, tolerance, weights and source."""
    header = ["definition", "value", "better", "gate", "weights", "source"]
    named = sorted(registry.scan().definitions().items())
    found = [each for name, each in named if name.startswith(f"{family}/")]
    return rows(header, [_definition(*each) for each in found])


def _definition(item: Definition, metric: Metric) -> list[str]:
    sign = "≥" if item.inclusive else ">"
    counts = "of all" if item.threshold is None else f"raw {sign} {item.threshold:g}, in %"
    if item.reads:
        counts += f"; raw is that of `{item.reads}`"
    needed = metric.weights if isinstance(metric, Weighted) else ()
    weights = [f"`{name}`" for name in needed if not name.startswith("miniature")]
    return [
        f"`{item.name}`",
        counts,
        item.better,
        f"± {item.tolerance:g}",
        ", ".join(weights) or "of the miniature",
        item.source.replace("|", "\\|"),
    ]


def presets(file: str) -> str:
    """The constants of the methods in a file, a column each."""
    plugins = registry.scan()
    names = [name for name in plugins.methods() if name == file or name.startswith(f"{file}-")]
    return compared({name: plugins.method(name) for name in names})


def trained(name: str) -> str:
    """The recipes of a trained or edited method, a column each."""
    method = registry.scan().method(name)
    assert isinstance(method, Prepared), name
    return compared(method.recipes)


def compared(methods: Mapping[str, Method]) -> str:
    """The parameters of methods of one class, a column for each method."""
    flat = {name: _flat(asdict(each)) for name, each in methods.items()}  # type: ignore[call-overload]
    keys = next(iter(flat.values()))
    cells = [[f"`{key}`", *(each[key] for each in flat.values())] for key in keys]
    return rows(["", *(f"`{name}`" for name in flat)], cells)


def _flat(parameters: dict[str, object]) -> dict[str, str]:
    """The parameters but the concepts, with those of parts beside the others."""
    found: dict[str, str] = {}
    for key, value in parameters.items():
        if isinstance(value, dict):
            found |= _flat(value)
        elif key != "concepts":
            found[key] = _plain(value)
    return found


def _plain(value: object) -> str:
    if isinstance(value, str) and not value.strip():
        return repr(value)  # which would be no text at all
    return f"{value:g}" if isinstance(value, float) else str(value)


MAKERS: dict[str, Callable[[str], str]] = {
    "definitions": definitions,
    "presets": presets,
    "trained": trained,
}


def filled(page: str) -> str:
    """The page with all its marked tables made anew."""
    return _MARKED.sub(
        lambda mark: mark[1] + "\n" + MAKERS[mark[2]](mark[3]) + "\n" + mark[4], page
    )


# --- the miniature's results ------------------------------------------------------------------


def main() -> None:
    """Write all that can be made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results"))
    results = parser.parse_args().results
    for page in sorted(HERE.rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        if filled(text) != text:
            page.write_text(filled(text), encoding="utf-8")
    for name in TABLES:
        table = sb.table(name, results=results)
        if (table.frame["reason"] == "not run").any():
            sys.stderr.write(
                f"{name} is not complete: `sdd-bench reproduce {name}` makes the rest\n"
            )
            continue
        page = HERE / f"{name}.md"
        text = renewed(page.read_text(encoding="utf-8"), table.render("markdown"))
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
