"""Baselines of made-up runs, and how a check of them reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from sdd_bench.gating import snapshot
from sdd_bench.gating.baseline import BaselineRun
from sdd_bench.gating.outcome import CheckResult
from sdd_bench.runs.run import Run, SetValue
from sdd_bench.types import Definition
from support.runs import made_up, run_spec
from support.shell import Answer, Shell

RATE = Definition(
    name="nude/toy@0.7", better="lower", tolerance=2.0, source="this test", threshold=0.7
)
MEAN = Definition(name="clip/toy", better="higher", tolerance=0.01, source="this test")
SET = Definition(name="fid/toy", better="lower", tolerance=1.0, source="this test")
DEFINITIONS = (RATE, MEAN, SET)


PROMPT_IDS = [f"p{index:02}" for index in range(25)]
FID = SetValue(value=40.0, low=36.0, high=44.0, n=100, reference="renders")


def table(method: str = "sd", noise: str = "n") -> pd.DataFrame:
    """25 prompts of 4 images, of which the first two count: 50 %. CLIP scores have the mean 0.3."""
    rows = [
        {
            "suite": "body", "method": method, "prompt_id": prompt, "prompt": prompt, "group": "",
            "k": k, "seed": 1000 * i + k, "noise_hash": f"{noise}{i}.{k}", "image_hash": f"{i}.{k}",
            "fault": "", "nude/toy": 0.9 if k < 2 else 0.72 - 0.1 * k, "clip/toy": 0.3,
        }
        for i, prompt in enumerate(PROMPT_IDS)
        for k in range(4)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def store_table(root: Path, scores: pd.DataFrame, fid: SetValue = FID, **changes: object) -> Run:
    """A finished run with a table of scores."""
    return made_up(
        root,
        run_spec(**changes),
        scores=scores,
        sets={"fid/toy": fid},
        finished=len(scores),
        provenance={"torch": "2.14.1"},
    )


def entry(run: Run, definitions: tuple[Definition, ...] = DEFINITIONS) -> BaselineRun:
    """What a baseline keeps of a run."""
    return snapshot.entry(run, definitions)


Change = Callable[[pd.DataFrame], pd.DataFrame]


def failed(found: list[CheckResult]) -> dict[str, str]:
    """Verdicts of the checks that do not pass."""
    return {each.check: each.verdict for each in found if not each.passes}


def one(found: list[CheckResult], check: str) -> CheckResult:
    """The one check of this name."""
    (each,) = (each for each in found if each.check == check)
    return each


def setting(column: str, values: Mapping[int, float]) -> Change:
    """Other values in some rows."""

    def change(scores: pd.DataFrame) -> pd.DataFrame:
        for row, value in values.items():
            scores.loc[row, column] = value
        return scores

    return change


def gate_of(used: Shell) -> Callable[..., Answer]:
    """The command `gate` on the results of a shell, with a baseline of them."""
    file = used.folder / "baseline.json"

    def command(*more: object) -> Answer:
        return used("gate", "--baseline", file, "--results", used.results, *more)

    answer = command("--update")
    assert answer.code == 0, answer.err
    return command
