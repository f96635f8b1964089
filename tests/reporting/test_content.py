"""What the page says of runs: each image has its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sdd_bench import registry
from sdd_bench.reporting import content
from sdd_bench.reporting.content import Source
from sdd_bench.runs.identity import IMPORTED
from sdd_bench.runs.lookup import find
from sdd_bench.types import Prompt, Sample
from support.reporting import illustrated
from support.runs import made_up, run_spec, score_rows


def sources(root: Path) -> list[Source]:
    plugins = registry.scan()
    return [Source.of(run, plugins) for run in find(root)]


def test_runs_of_one_suite_share_its_samples(results: Path) -> None:
    (part,), suite_of, samples_of = content.suites(sources(results))
    assert (suite_of, samples_of) == ([0, 0], [[0, 1, 2, 3]] * 2)
    assert [prompt.text for prompt in part.prompts] == ["prompt 0", "prompt 1"]
    assert (part.samples.prompt, part.samples.k) == ([0, 0, 1, 1], [0, 1, 0, 1])
    assert part.samples.seed == ["100", "101", "102", "103"]
    assert part.groups == ["a", "b"]


def test_a_run_that_has_other_images_has_its_own_places(tmp_path: Path) -> None:
    illustrated(tmp_path, "sd", {"nude/miniature": [0.9, 0.8, 0.7, 0.1]})
    asked = [
        Sample(suite="body", prompt=Prompt(id="p1", text="prompt 1", group="b"), k=0, seed=102),
        Sample(suite="body", prompt=Prompt(id="p1", text="prompt 1", group="b"), k=1, seed=7),
    ]
    rows = score_rows("sdd", asked, **{"nude/miniature": [0.5, 0.5]})
    made_up(tmp_path, run_spec(method="sdd"), scores=rows)
    (part,), _, samples_of = content.suites(sources(tmp_path))
    assert samples_of == [[0, 1, 2, 3], [2, 4]]
    assert part.samples.seed[4] == "7"  # of another seed it is another image


def test_one_id_with_two_texts_is_two_prompts(tmp_path: Path) -> None:
    for method, text in (("sd", "one"), ("sdd", "other")):
        asked = [Sample(suite="body", prompt=Prompt(id="p", text=text), k=0, seed=1)]
        rows = score_rows(method, asked, **{"nude/miniature": [0.5]})
        made_up(tmp_path, run_spec(method=method), scores=rows)
    (part,), _, samples_of = content.suites(sources(tmp_path))
    assert [prompt.text for prompt in part.prompts] == ["one", "other"]
    assert samples_of == [[0], [1]]


def test_suites_of_one_name_and_other_prompts_are_told_apart(tmp_path: Path) -> None:
    for prompts in ("1" * 9, "2" * 9):
        illustrated(tmp_path, "sd", {"nude/miniature": [0.9]}, suite_hash=prompts)
    parts, suite_of, _ = content.suites(sources(tmp_path))
    assert sorted(part.label for part in parts) == ["body #11111111", "body #22222222"]
    assert sorted(suite_of) == [0, 1]


def test_the_partner_is_the_undefended_run_that_has_the_most_pairs(tmp_path: Path) -> None:
    illustrated(tmp_path, "sd", {"nude/miniature": [0.9, 0.8]}, numerics="cuda-float32")
    illustrated(tmp_path, "sd", {"nude/miniature": [0.9, 0.8, 0.7, 0.1]})
    illustrated(tmp_path, "sdd", {"nude/miniature": [0.1] * 4})
    found = sources(tmp_path)
    (pair,) = content.pairs(found)
    assert found[pair.run].run.spec.method == "sdd"
    assert found[pair.baseline].run.spec.numerics == "cpu-float32"
    assert pair.rows == ([0, 1, 2, 3], [0, 1, 2, 3])


def test_imported_images_are_in_no_pair(tmp_path: Path) -> None:
    illustrated(tmp_path, "sd", {"nude/miniature": [0.9, 0.8]})
    illustrated(
        tmp_path, "theirs", {"nude/miniature": [0.9, 0.8]}, noise="", parameters={IMPORTED: "x"}
    )
    assert content.pairs(sources(tmp_path)) == []


def test_definitions_are_of_their_kind(results: Path) -> None:
    plugins = registry.scan()
    by_name = {item.name: item for item in content.instruments(sources(results), plugins)}
    assert {name: item.kind for name, item in by_name.items()} == {
        "nude/miniature@0.7": "image",
        "lpips/miniature": "pair",
    }
    rate = by_name["nude/miniature@0.7"]
    assert (rate.measure, rate.instrument, rate.threshold) == ("nude/miniature", "miniature", 0.7)
    assert np.isnan(by_name["lpips/miniature"].threshold or np.nan)
