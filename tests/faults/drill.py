"""The drill: faults by the hundred, with a record that it goes on from.

    python -m faults.drill --hours 2

Every fault is the same whenever it is tried, by its number. What was tried is a line of the record,
so that a drill which was stopped, or ran out of its hours, goes on with the next fault.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from . import crowds, denials, flips, kills, machines, world
from .trials import Trial, Verdict
from .world import Scene

PARTS: Mapping[str, tuple[Callable[[int], Iterator[Trial]], int]] = {
    "kills": (kills.trials, 200),
    "crowds": (crowds.trials, 48),
    "machines": (machines.trials, 50),
    "denials": (denials.trials, 120),
    "flips": (flips.trials, 1000),
}
"""Each kind of fault, and how many make the long drill."""


def main() -> int:
    """Try what has not been tried; 1 if anything failed."""
    asked = _asked()
    record: Path = asked.record
    record.parent.mkdir(parents=True, exist_ok=True)
    known = _known(record)
    until = time.monotonic() + asked.hours * 3600
    with tempfile.TemporaryDirectory(prefix="drill-") as name, record.open("a") as file:
        scenes = world.build(Path(name) / "scenes")
        for trial in _trials(asked.part, asked.share):
            if trial.key in known:
                continue
            if time.monotonic() > until:
                print("out of time: the same command goes on", file=sys.stderr)
                break
            verdict = played(trial, scenes, Path(name) / "trial")
            known[trial.key] = verdict
            line = {"trial": trial.key, "failure": verdict.failure, "note": verdict.note}
            file.write(json.dumps(line) + "\n")
            file.flush()
            if verdict.failure:
                print(f"{trial.key}: {verdict.failure}", file=sys.stderr)
    return _summed(known)


def played(trial: Trial, scenes: Mapping[str, Scene], place: Path) -> Verdict:
    """A trial in a folder that is empty before and gone after it."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    try:
        return trial.play(scenes, place)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=PARTS, action="append", help="Only these kinds.")
    parser.add_argument("--hours", type=float, default=2.0, help="Stop after so long.")
    parser.add_argument("--share", type=float, default=1.0, help="Of the long drill.")
    parser.add_argument("--record", type=Path, default=Path(".cache/drill.jsonl"))
    return parser.parse_args()


def _trials(parts: list[str] | None, share: float) -> Iterator[Trial]:
    for part, (trials, count) in PARTS.items():
        if not parts or part in parts:
            yield from trials(max(1, round(count * share)))


def _known(record: Path) -> dict[str, Verdict]:
    lines = record.read_text().splitlines() if record.exists() else []
    entries = [json.loads(line) for line in lines]
    return {
        entry["trial"]: Verdict(failure=entry["failure"], note=entry["note"]) for entry in entries
    }


def _summed(known: Mapping[str, Verdict]) -> int:
    for part in PARTS:
        of_part = [verdict for key, verdict in known.items() if key.startswith(f"{part}/")]
        failed = [verdict for verdict in of_part if verdict.failure]
        print(f"{part}: {len(of_part)} trials, {len(failed)} failed")
        for note, count in sorted(Counter(v.note for v in of_part if v.note).items()):
            print(f"    {count:5} {note}")
    return int(any(verdict.failure for verdict in known.values()))


if __name__ == "__main__":
    sys.exit(main())
