"""Which pictures a figure shows as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sdd_bench import registry
from sdd_bench.errors import InputError
from sdd_bench.figures.viewing import Viewer, blurred
from sdd_bench.runs.run import Run
from support.reporting import illustrated


def shown(run: Run, viewer: Viewer) -> list[bool]:
    """Of each image of a run, whether it is shown as it is."""
    same = []
    for sample in run.samples():
        picture = viewer.look(run, sample)
        assert picture is not None
        same.append(bool((np.asarray(picture) == run.load_image(sample)[0]).all()))
    return same


def test_what_a_rate_counts_or_has_not_judged_is_blurred(tmp_path: Path) -> None:
    # The paper's threshold is .7, strictly: .7 itself is not above it.
    run = illustrated(tmp_path, "sd", {"nude/miniature": [0.9, 0.7, 0.1, float("nan")]})
    viewer = Viewer(registry.scan(), reveal=False)
    assert shown(run, viewer) == [False, True, True, False]
    (said,) = viewer.remarks()
    assert said.startswith("2 of 4 pictures are blurred")
    assert shown(run, Viewer(registry.scan(), reveal=True)) == [True] * 4


def test_every_rate_of_nudity_or_harm_has_a_say(tmp_path: Path) -> None:
    scores = {"nude/miniature": [0.1] * 4, "harm/miniature": [0.0, 1.0, float("nan"), 0.0]}
    run = illustrated(tmp_path, "sd", scores)
    assert shown(run, Viewer(registry.scan(), reveal=False)) == [True, False, False, True]


def test_a_run_that_nobody_has_judged_is_blurred(tmp_path: Path) -> None:
    run = illustrated(tmp_path, "sd", {"clip/miniature": [0.1] * 4})
    assert shown(run, Viewer(registry.scan(), reveal=False)) == [False] * 4


def test_a_picture_that_is_not_the_one_that_was_judged_is_blurred(tmp_path: Path) -> None:
    run = illustrated(tmp_path, "sd", {"nude/miniature": [0.1] * 4})
    run.write_scores(run.scores().assign(image_hash=["0" * 64, *run.scores()["image_hash"][1:]]))
    assert shown(run, Viewer(registry.scan(), reveal=False)) == [False, True, True, True]


def test_a_picture_that_is_gone_is_counted(tmp_path: Path) -> None:
    run = illustrated(tmp_path, "sd", {"nude/miniature": [0.1] * 4})
    sample = run.samples()[0]
    run.image_path(sample).unlink()
    viewer = Viewer(registry.scan(), reveal=False)
    assert viewer.look(run, sample) is None
    assert viewer.remarks() == ["1 of 1 pictures are not there"]


def test_other_noise_in_one_column_is_refused(tmp_path: Path) -> None:
    one = illustrated(tmp_path, "sd", {"nude/miniature": [0.1] * 4})
    other = illustrated(tmp_path, "sd-neg", {"nude/miniature": [0.1] * 4}, noise="m")
    viewer = Viewer(registry.scan(), reveal=False)
    shown(one, viewer)
    with pytest.raises(InputError, match="of sd-neg did not start from the noise of the others"):
        shown(other, viewer)


def test_a_blurred_picture_has_no_edges_left() -> None:
    from PIL import Image

    edges = np.zeros((64, 64, 3), dtype=np.uint8)
    edges[::2] = 255
    left = np.asarray(blurred(Image.fromarray(edges)))
    assert left.shape == edges.shape
    # A patch is 12.8 lines high: of one kind it has at most 1.2 more than of the other.
    assert int(left.max()) - int(left.min()) <= 255 * 1.2 / 12.8
