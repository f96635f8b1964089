"""Put the tables of the miniature into docs/table1.md and table2.md, as stored results have them.

python docs/make_tables.py [--results results]

What stands above a table in its page is kept. A table that is not complete is left as it is.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import sdd_bench as sb

HERE = Path(__file__).parent
TABLES = ("table1", "table2")


def renewed(page: str, table: str) -> str:
    """The page with another table from the line of its title on."""
    lines = page.splitlines(keepends=True)
    title = table.partition(":")[0] + ":"
    above = next(place for place, line in enumerate(lines) if line.startswith(title))
    return "".join(lines[:above]) + table.rstrip("\n") + "\n"


def main() -> None:
    """Write those that are complete."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("results"))
    results = parser.parse_args().results
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
