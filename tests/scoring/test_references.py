"""Real images as a file of features: which images, how they are read, and what is refused."""

from __future__ import annotations

import errno
import hashlib
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sdd_bench import registry
from sdd_bench.errors import InputError, MissingError, SDDBenchError
from sdd_bench.files import sha256
from sdd_bench.scoring import references
from sdd_bench.scoring.references import RealImages
from sdd_bench.types import Definition, Features, Images, SetMetric
from sdd_bench.weights import store
from support.fuzz import BRIEFLY, anything, or_a_sentence
from support.images import claiming
from support.references import IMAGES, pixels, real_images


@dataclass
class Means:
    """Mean colours; remembers what it saw."""

    definitions: tuple[Definition, ...] = (
        Definition(name="fid/means", better="lower", tolerance=1.0, source="this test"),
    )
    seen: list[tuple[int, ...]] = field(default_factory=list)

    def features(self, images: Images) -> Features:
        self.seen.append(images.pixels.shape)
        return np.array([p.mean((0, 1)) for p in images.pixels], dtype=np.float32)

    def distance(self, features: Features, reference: Features) -> float:
        return float(np.abs(features.mean(0) - reference.mean(0)).sum())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return real_images(tmp_path / "real")


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RealImages:
    monkeypatch.setenv("SDD_BENCH_WEIGHTS", str(tmp_path / "weights"))
    return RealImages("coco30k")


def write(
    folder: Path,
    out: Path,
    crop: references.Crop = "centre",
    compare_with: int | Literal["any"] | None = None,
) -> dict[str, str]:
    paths = references.find_images(folder)
    return references.write(
        Means(), paths, out, crop=crop, compare_with=compare_with, advance=lambda _: None
    )


def test_a_file_holds_features_in_the_order_of_paths(folder: Path, tmp_path: Path) -> None:
    about = write(folder, tmp_path / "out.safetensors")
    features, read = references.read(tmp_path / "out.safetensors")
    assert read == about
    assert (about["count"], about["crop"], about["compare_with"]) == ("4", "centre", "4")
    expected = []
    for name in sorted(IMAGES):
        image = np.asarray(Image.open(folder / name).convert("RGB"))
        side = min(image.shape[:2])
        top, left = ((length - side) // 2 for length in image.shape[:2])
        expected.append(image[top : top + side, left : left + side].mean((0, 1)))
    assert features == pytest.approx(np.array(expected), rel=1e-5)


def test_uncropped_images_keep_their_size(folder: Path, tmp_path: Path) -> None:
    metric = Means()
    paths = references.find_images(folder)
    references.write(metric, paths, tmp_path / "f", crop="none", advance=lambda _: None)
    # Neighbours of one size go through together.
    assert metric.seen == [(2, 100, 64, 3), (1, 80, 120, 3), (1, 80, 80, 3)]


def test_only_a_few_images_are_in_memory(tmp_path: Path) -> None:
    root = tmp_path / "many"
    root.mkdir()
    for seed in range(120):
        Image.fromarray(pixels(8, 8, seed)).save(root / f"{seed:03d}.png")
    metric, done = Means(), list[int]()
    paths = references.find_images(root)
    references.write(metric, paths, tmp_path / "f", crop="centre", advance=done.append)
    assert [shape[0] for shape in metric.seen] == done == [50, 50, 20]


def test_the_hash_is_of_names_and_contents(folder: Path, tmp_path: Path) -> None:
    first = write(folder, tmp_path / "f")["images"]
    assert write(folder, tmp_path / "g")["images"] == first
    changed = folder / min(IMAGES)
    changed.rename(changed.with_name("other.png"))
    renamed = write(folder, tmp_path / "h")["images"]
    Image.fromarray(pixels(64, 100, 9)).save(changed.with_name("other.png"))
    assert len({first, renamed, write(folder, tmp_path / "i")["images"]}) == 3


def test_ids_choose_images_by_the_number_that_ends_their_name(folder: Path, tmp_path: Path) -> None:
    ids = tmp_path / "ids.csv"
    ids.write_text('image_id,prompt\n164,"two\nlines"\n42,one\n')
    assert [path.name[-8:] for path in references.find_images(folder, ids)] == [
        "0164.PNG",
        "0042.jpg",
    ]
    ids.write_text("image_id\n42\n7\n")
    with pytest.raises(InputError, match=r"1 of the 2 images of .* the first is number 7"):
        references.find_images(folder, ids)
    ids.write_text("id\n42\n")
    with pytest.raises(InputError, match="no column 'image_id'"):
        references.find_images(folder, ids)


def test_what_is_no_image_is_named(folder: Path, tmp_path: Path) -> None:
    (folder / "a" / "broken.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"broken\.png is no image"):
        write(folder, tmp_path / "f")
    (folder / "a" / "broken.png").write_bytes(claiming(100_000))
    with pytest.raises(InputError, match=r"broken\.png is no image .*10000000000 pixels"):
        write(folder, tmp_path / "f")
    assert not (tmp_path / "f").exists()
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds 0 images"):
        references.find_images(tmp_path / "empty")


def test_a_link_that_leads_nowhere_is_named(folder: Path) -> None:
    (folder / "a" / "gone.png").symlink_to("nowhere.png")
    with pytest.raises(InputError, match=r"gone\.png is a link that leads nowhere: restore the"):
        references.find_images(folder)


def test_an_image_counts_once(folder: Path) -> None:
    (folder / "c.png").symlink_to(folder / "a" / "COCO_val2014_000000000139.png")
    with pytest.raises(InputError, match=r"c\.png is .*139\.png once more"):
        references.find_images(folder)


def test_a_number_is_that_of_one_image(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "ids.csv").write_text("image_id\n42\n")
    Image.fromarray(pixels(8, 8, 0)).save(folder / "a" / "other_42.png")
    with pytest.raises(InputError, match=r"other_42\.png and .*042\.jpg are both number 42"):
        references.find_images(folder, tmp_path / "ids.csv")


def test_sixteen_bits_are_not_cut_off_to_eight(folder: Path, tmp_path: Path) -> None:
    deep = np.asarray(pixels(64, 64, 0)[:, :, 0]).astype(np.uint16) * 257
    for name, image in (("deep.png", deep), ("float.tif", (deep / 65535).astype(np.float32))):
        Image.fromarray(image).save(folder / "a" / name)
        with pytest.raises(InputError, match=rf"{name} is no image .* \(of mode \S+, which RGB"):
            write(folder, tmp_path / "f")
        (folder / "a" / name).unlink()


def test_a_picture_on_its_side_is_turned_and_known_to_be(folder: Path, tmp_path: Path) -> None:
    path = folder / "a" / "COCO_val2014_000000000139.png"
    lying, exif = Image.fromarray(pixels(100, 64, 5)), Image.Exif()
    lying.rotate(90, expand=True).save(path)
    upright = references.hash_of([path])
    write(folder, tmp_path / "f")
    expected = references.read(tmp_path / "f")[0]
    exif[0x0112] = 8  # the top of what is stored is on the left
    lying.save(path, exif=exif)
    write(folder, tmp_path / "g")
    assert (references.read(tmp_path / "g")[0] == expected).all()
    plain = hashlib.sha256(f"{path.name}\0{sha256(path)}\n".encode()).hexdigest()
    assert references.hash_of([path]) not in {upright, plain}


def test_a_suite_without_its_file_says_how_to_make_it(stored: RealImages) -> None:
    reason = stored.lacks(Means(), 4)
    assert "sdd-bench reference --images FOLDER --out" in reason
    assert str(stored.path("means")) in reason


def test_only_the_right_number_of_images_is_compared(stored: RealImages, folder: Path) -> None:
    write(folder, stored.path("means"))
    assert stored.lacks(Means(), 4) == ""
    assert stored.lacks(Means(), 3) == (
        "3 images don't compare with the 4 that the reference is for"
    )
    write(folder, stored.path("means"), compare_with=3)
    assert stored.lacks(Means(), 3) == ""
    assert len(stored.features(Means())) == 4


def test_the_label_tells_one_set_and_crop_from_another(stored: RealImages, folder: Path) -> None:
    labels = set()
    for crop in ("centre", "none"):
        about = write(folder, stored.path("means"), crop)
        assert stored.label(Means()) == f"coco30k n=4 crop={crop} {about['images'][:10]}"
        labels.add(stored.label(Means()))
    assert len(labels) == 2


def test_any_number_may_be_allowed(stored: RealImages, folder: Path) -> None:
    about = write(folder, stored.path("means"), compare_with=references.ANY)
    assert about["compare_with"] == "any"
    assert [stored.lacks(Means(), count) for count in (1, 3, 4, 30_000)] == [""] * 4


def test_the_same_images_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    for name in ("f", "g", "h"):
        write(folder, tmp_path / name)
    first = (tmp_path / "f").read_bytes()
    assert (tmp_path / "g").read_bytes() == (tmp_path / "h").read_bytes() == first
    # The header is padded to eight bytes, as the format asks for.
    assert int.from_bytes(first[:8], "little") % 8 == 0


# --- a file that comes with weights -----------------------------------------------------------


def test_the_renders_come_with_the_miniature(weights_folder: Path) -> None:
    metric = registry.scan().definition("fid/miniature")[1]
    assert isinstance(metric, SetMetric)
    renders = RealImages("miniature/renders")
    assert renders.path("miniature") == (
        store.SHIPPED / "references" / "renders-miniature.safetensors"
    )
    assert renders.lacks(metric, 7) == ""
    assert renders.features(metric).shape == (500, 64)
    # What sets.json of earlier versions says: values that are there are not measured again.
    assert renders.label(metric) == "miniature/renders"


def test_a_damaged_file_of_the_weights_is_refused(copied_miniature: Path) -> None:
    path = copied_miniature / "references" / "renders-miniature.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    metric = registry.scan().definition("fid/miniature")[1]
    assert isinstance(metric, SetMetric)
    with pytest.raises(MissingError, match=r"renders-miniature\.safetensors is damaged"):
        RealImages("miniature/renders").lacks(metric, 7)


def test_another_instrument_finds_the_file_that_somebody_made(
    weights_folder: Path, folder: Path
) -> None:
    renders = RealImages("miniature/renders")
    path = weights_folder / "references" / "miniature" / "renders-means.safetensors"
    assert renders.lacks(Means(), 4).startswith(f"no reference {path}: make it")
    about = write(folder, path)
    assert renders.lacks(Means(), 4) == ""
    # Nobody vouches for that one: its label says what it is.
    assert renders.label(Means()) == (f"miniature/renders n=4 crop=centre {about['images'][:10]}")


def test_a_suite_names_its_reference() -> None:
    found = references.reference_of("coco30k")
    assert found == RealImages("coco30k")
    assert references.reference_of(None) is None


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def foreign(path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"features": np.zeros((4, 3), dtype=np.float32)}, path)


def a_pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps({"features": [1, 2]}))


@pytest.mark.parametrize("spoil", [damage, foreign, a_pickle])
def test_another_file_is_refused(
    stored: RealImages, folder: Path, spoil: Callable[[Path], None]
) -> None:
    path = stored.path("means")
    write(folder, path)
    spoil(path)
    with pytest.raises(InputError, match="make it again"):
        references.read(path)


def test_every_flipped_bit_of_a_reference_is_noticed(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "f"
    about = write(folder, path)
    assert references.read(path)[1] == about
    whole = path.read_bytes()
    for place in range(0, len(whole), 5):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        if b"sdd_bench:sha256:" in damaged:
            with pytest.raises(InputError, match=r"is damaged \(|was not written by"):
                references.read(path)


def test_a_reference_that_cannot_be_read_is_not_damaged(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, tmp_path / "f")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SDDBenchError, match=r"cannot read .*f: Input/output error") as caught:
        references.read(tmp_path / "f")
    assert caught.value.exit_code == 4


# --- anything at all --------------------------------------------------------------------------


@BRIEFLY
@given(data=st.data())
def test_any_list_of_ids_is_read_or_has_a_sentence(folder: Path, data: st.DataObject) -> None:
    ids = folder.parent / "ids.csv"
    ids.write_bytes(data.draw(anything(b"image_id,prompt\n42,x\n73,y\n")))
    with or_a_sentence(InputError):
        assert len(references.find_images(folder, ids)) >= 2


@BRIEFLY
@given(data=st.data())
def test_any_file_of_features_is_read_or_has_a_sentence(
    folder: Path, stored: RealImages, data: st.DataObject
) -> None:
    path = stored.path("means")
    good = path.with_suffix(".good")
    if not good.exists():
        write(folder, good)
    path.write_bytes(data.draw(anything(good.read_bytes())))
    with or_a_sentence(InputError):
        assert references.read(path)[0].shape[1] == 3
        stored.lacks(Means(), 4)
