"""Sentences about a run; most of them are tested with the page."""

from __future__ import annotations

from pathlib import Path

from sdd_bench import registry
from sdd_bench.reporting import content, warnings
from sdd_bench.reporting.content import Source
from sdd_bench.runs import failures
from sdd_bench.runs.failures import Failures
from sdd_bench.runs.lookup import find
from support.reporting import illustrated


def said(root: Path, method: str) -> list[str]:
    plugins = registry.scan()
    sources = [Source.of(run, plugins) for run in find(root)]
    pairs = {sources[pair.run].run.spec.method: pair for pair in content.pairs(sources)}
    (source,) = (each for each in sources if each.run.spec.method == method)
    return warnings.of_run(source, sources, pairs.get(method), plugins)


def test_a_run_that_is_whole_gives_no_warning(results: Path) -> None:
    assert said(results, "sd") == said(results, "sd-neg") == []


def test_images_alone_are_counted(tmp_path: Path) -> None:
    illustrated(tmp_path, "sd", {"nude/miniature": [0.9, 0.8]})
    illustrated(tmp_path, "sdd", {"nude/miniature": [0.9, 0.8, 0.7, 0.6]})
    (line,) = said(tmp_path, "sdd")
    assert line.startswith("2 of 4 images have no partner of the same prompt, seed and noise")


def test_the_undefended_model_is_not_compared_with_itself(tmp_path: Path) -> None:
    nan = float("nan")
    illustrated(tmp_path, "sd", {"nude/miniature": [0.9, 0.8], "lpips/miniature": [nan, nan]})
    assert said(tmp_path, "sd") == []


def test_scores_that_lack_the_same_images_share_a_sentence(tmp_path: Path) -> None:
    nan = float("nan")
    run = illustrated(tmp_path, "sd", {"clip/miniature": [nan, 0.8], "nude/miniature": [nan, 0.8]})
    run.write_scores(run.scores().assign(fault=["black", ""]))
    (line,) = said(tmp_path, "sd")
    assert line.startswith("clip/miniature, nude/miniature: 1 of 2 images unscored (1 black);")


def test_why_a_metric_failed_is_said(tmp_path: Path) -> None:
    run = illustrated(tmp_path, "sd", {"nude/miniature": [float("nan"), 0.8]})
    failed = {"nude/miniature": Failures(images={"p0_0000": "no face in it"})}
    failures.change(run.folder, ["nude/miniature"], failed)
    (line,) = said(tmp_path, "sd")
    assert "1 of 2 images unscored (no face in it)" in line
