"""Requests read before anything is computed: each name once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from sdd_bench import plugins
from sdd_bench.benchmark import preflight, runner
from sdd_bench.benchmark.job import Unit
from sdd_bench.benchmark.request import Request
from sdd_bench.errors import InputError
from sdd_bench.runs import run as runs
from sdd_bench.suites import loading, readers

METRICS = ("nude/miniature@0.7", "lpips/miniature", "clip/miniature")


def request(results: Path, **changes: object) -> Request:
    fields: dict[str, object] = {
        "methods": ("sd", "sd-neg"),
        "suites": ("country_body",),
        "limit": 2,
        "images_per_prompt": 1,
        "steps": 2,
        "metrics": METRICS,
        "device": "cpu",
        "results": results,
    }
    return Request(**fields | changes)  # type: ignore[arg-type]


def test_more_images_than_a_memory_holds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        preflight.prepare(request(tmp_path, images_per_prompt=10**9))
    assert str(caught.value) == (
        "1,000,000,000 images of each of 2 prompts of suite 'country_body' are more than "
        "10,000,000: give fewer with --images-per-prompt or --limit"
    )


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often plugins were looked for, and suites and pictures read."""
    counted: Counter[str] = Counter()

    def count(module: object, name: str, key: str) -> None:
        real = getattr(module, name)

        def counting(*args: object, **kwargs: object) -> object:
            counted[f"{key} {args[0]}" if key in {"files", "entries"} else key] += 1
            return real(*args, **kwargs)

        monkeypatch.setattr(module, name, counting)

    count(plugins, "files", "files")
    count(plugins, "entry_sources", "entries")
    count(loading, "load", "suites")
    count(readers, "parse", "prompts")
    count(runs.Run, "load_image", "pictures")
    count(runs.Run, "look", "checks")
    return counted


def test_a_request_looks_for_plugins_once_and_reads_each_suite_once(
    tmp_path: Path, calls: Counter[str]
) -> None:
    (tmp_path / "own.csv").write_text("id,text\na,red cat\nb,blue cup\n")
    runner.run(request(tmp_path / "results", suites=("country_body", str(tmp_path / "own.csv"))))
    assert {key: calls[key] for key in calls if key.startswith(("files", "entries"))} == {
        "files methods": 1,
        "entries methods": 1,
        "files metrics": 1,
        "entries metrics": 1,
    }
    assert (calls["suites"], calls["prompts"]) == (2, 2)


def test_the_baselines_pictures_are_read_only_for_a_pair_to_score(
    tmp_path: Path, calls: Counter[str]
) -> None:
    runner.run(request(tmp_path))
    before = Counter(calls)
    runner.run(request(tmp_path))
    # Each of the two runs looks whether its own images are whole; nothing else is opened.
    assert calls["checks"] - before["checks"] == 2
    assert calls["pictures"] == before["pictures"]


def test_units_are_images_that_the_same_methods_lack(tmp_path: Path) -> None:
    (work,) = preflight.prepare(request(tmp_path, limit=3)).suites
    first, second, third = work.samples
    missing = [{first.stem, second.stem}, {second.stem, third.stem}]
    units = list(work.units(missing))
    assert units == [
        Unit(methods=(0,), samples=(first,)),
        Unit(methods=(0, 1), samples=(second,)),
        Unit(methods=(1,), samples=(third,)),
    ]
    assert sum(unit.images for unit in units) == 4
    assert list(work.units([set(), set()])) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"steps": 1}, "steps must be from 2 to 999, not 1"),
        ({"steps": "25"}, "steps must be a whole number, not '25'"),
        ({"steps": True}, "steps must be a whole number, not True"),
        ({"limit": 0}, "limit must be at least 1, not 0"),
        ({"seed": -1}, f"seed must be from 0 to {2**63 - 1}, not -1"),
        ({"seed": None}, "seed must be a whole number, not None"),
        (
            {"guidance_scale": float("nan")},
            "the guidance scale must be a number from -1000 to 1000, not nan",
        ),
        (
            {"guidance_scale": 1e38},
            "the guidance scale must be a number from -1000 to 1000, not 1e+38",
        ),
        (
            {"concepts": ("nudity", "sexual", "Nudity ")},
            "a concept is given twice, 'nudity' and 'Nudity ': leave one",
        ),
        ({"guidance_scale": "7"}, "the guidance scale must be a number, not '7'"),
    ],
)
def test_values_that_no_run_can_have(
    changes: dict[str, object], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as failure:
        request(tmp_path, **changes)
    assert str(failure.value) == sentence
