"""The features of the renders that the stand-in for COCO is compared with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnxruntime import InferenceSession
from PIL import Image

from sdd_bench.miniature import reference, standins
from sdd_bench.miniature.export import manifest
from sdd_bench.scoring import references
from sdd_bench.weights import store
from support.miniature import check_manifest

SHIPPED = store.SHIPPED / "references" / "renders-miniature.safetensors"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The images that the file is made of."""
    drawn = tmp_path_factory.mktemp("renders")
    reference.main(["--images", str(drawn)])
    return drawn


def test_the_images_show_what_the_captions_say(folder: Path) -> None:
    paths = references.find_images(folder)
    assert len(paths) == standins.CAPTIONS
    assert [path.stem for path in paths] == [key for key, _, _ in standins.captions()]
    for path, pixels in zip(paths[:20], standins.renders(), strict=False):
        np.testing.assert_array_equal(np.asarray(Image.open(path)), pixels)


def test_the_shipped_features_are_those_of_the_shipped_network(folder: Path) -> None:
    features, about = references.read(SHIPPED)
    assert (about["crop"], about["compare_with"], about["count"]) == ("none", "any", "500")
    assert about["images"] == references.hash_of(references.find_images(folder))
    network = InferenceSession(store.SHIPPED / "judges" / "features.onnx")
    pixels = np.stack([np.asarray(Image.open(path)) for path in references.find_images(folder)])
    scaled = pixels.astype(np.float32) / np.float32(255)
    expected = network.run(["embedding"], {"images": scaled})[0]
    assert features == pytest.approx(expected, rel=1e-4, abs=1e-4)
    assert features[1:] != pytest.approx(expected[:-1], rel=1e-4, abs=1e-4)


def test_the_file_is_made_again_to_the_same_bytes(copied_miniature: Path) -> None:
    path = copied_miniature / "references" / SHIPPED.name
    features, _ = references.read(path)
    path.unlink()
    (copied_miniature / store.MANIFEST).write_text("{}")
    with pytest.raises(AssertionError):
        check_manifest(copied_miniature)
    # The network that judges is listed before anything is measured with it.
    manifest(copied_miniature)
    reference.main(["--weights", str(copied_miniature)])
    check_manifest(copied_miniature)
    made, about = references.read(path)
    assert made == pytest.approx(features, rel=1e-4, abs=1e-4)  # another machine, other last digits
    assert about == references.read(SHIPPED)[1]


def test_nothing_to_do_is_a_mistake() -> None:
    with pytest.raises(SystemExit):
        reference.main([])
