"""Every metric keeps the contract, and its formulas give the numbers that others found."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.linalg
from numpy.typing import NDArray
from PIL import Image

from sdd_bench import registry
from sdd_bench.errors import MissingError
from sdd_bench.types import (
    Features,
    Floats,
    ImageMetric,
    Images,
    Metric,
    PairMetric,
    Pixels,
    SetMetric,
)
from sdd_bench.weights import store

# Formulas are private to their files, and a metric's interface cannot reach them one by one.
fid, kid, lpips, q16, nudity, clip_embeddings, onnx = (
    importlib.import_module(f"sdd_bench.metrics.{file}")
    for file in ("fid", "kid", "lpips", "q16", "nudity", "_clip", "_onnx")
)

Q16_PROMPTS = Path(__file__).resolve().parents[2] / "shared" / "data" / "q16_vitl14_prompts.p"

every_definition = pytest.mark.parametrize("name", registry.definitions())
every_metric = pytest.mark.parametrize(
    "metric",
    [
        pytest.param(metric, id=metric.definitions[0].measure)
        for group in registry.metrics().values()
        for metric in group
    ],
)


def pictures(count: int, side: int = 64, seed: int = 0) -> Pixels:
    rng = np.random.default_rng(seed)
    return rng.integers(256, size=(count, side, side, 3), dtype=np.uint8)


def batch(pixels: Pixels, *captions: str) -> Images:
    return Images(pixels=pixels, captions=captions or ("a red apple",) * len(pixels))


def measured(metric: Metric, pixels: Pixels) -> NDArray[Any]:
    """One row for each image, whatever the kind of metric."""
    captions = tuple(f"a {colour} apple by van gogh" for colour in ("red", "blue", "green", "pink"))
    images = batch(pixels, *captions)
    if isinstance(metric, ImageMetric):
        return metric.score(images)
    if isinstance(metric, PairMetric):
        return metric.compare(images, batch(pictures(len(pixels), seed=9), *captions))
    return metric.features(images)


# --- the contract, for every definition -------------------------------------------------------


@every_definition
def test_a_definition_says_all_that_its_number_means(name: str) -> None:
    item, metric = registry.definitions()[name]
    assert item.name == name
    assert re.fullmatch(r"[a-z0-9]+/[a-z0-9-]+(@[0-9]+(\.[0-9]+)?)?", name)
    assert item in metric.definitions
    assert item.better in {"lower", "higher"}
    assert 0 < item.tolerance < math.inf
    assert len(item.source) > 20
    assert (item.unit == "%") == (item.threshold is not None)
    if "@" in name:
        assert name.partition("@")[2] == f"{item.threshold:g}"
    elif item.threshold is not None:
        assert item.reads
    if item.threshold is not None:
        assert item.reads or name == f"{item.measure}@{item.threshold:g}"
        assert isinstance(metric, ImageMetric)
    # A raw score that is read from elsewhere is really taken.
    assert item.measure in {other.name.partition("@")[0] for other in metric.definitions}


@every_metric
def test_the_definitions_of_a_metric_read_one_raw_score(metric: Metric) -> None:
    assert len({item.measure for item in metric.definitions}) == 1
    assert len({item.name for item in metric.definitions}) == len(metric.definitions)


def test_no_two_metrics_give_the_same_raw_score() -> None:
    measures = [
        metric.definitions[0].measure for group in registry.metrics().values() for metric in group
    ]
    assert sorted(set(measures)) == sorted(measures)


@every_metric
def test_a_metric_gives_a_row_per_image_that_its_neighbours_do_not_change(metric: Metric) -> None:
    try:
        first = measured(metric, pictures(4))
    except MissingError as error:
        # What to do about it is for the person who asked: the message has to say so.
        assert re.search(r"SDD_BENCH_WEIGHTS|reinstall|pip install|--", str(error))  # noqa: PT017
        return
    assert len(first) == 4
    assert np.isfinite(first).all()
    assert first.dtype == (np.float32 if isinstance(metric, SetMetric) else np.float64)
    others = pictures(4, seed=1)
    for row in range(4):
        others[row] = pictures(4)[row]
    assert (measured(metric, others) == first).all()
    for row in range(4):
        beside_others = pictures(4, seed=2)
        beside_others[row] = pictures(4)[row]
        # Bit for bit: batches of one size are what the promise is about.
        assert (measured(metric, beside_others)[row] == first[row]).all()


@every_metric
def test_a_distance_of_something_to_itself_is_zero(metric: Metric) -> None:
    if isinstance(metric, ImageMetric):
        return
    if metric.definitions[0].family == "kid":
        pytest.skip("an unbiased estimate from few images is 0 on average only")
    try:
        if isinstance(metric, PairMetric):
            images = batch(pictures(4))
            assert metric.compare(images, batch(pictures(4))) == pytest.approx(np.zeros(4))
        else:
            features = metric.features(batch(pictures(4)))
            assert metric.distance(features, features) == pytest.approx(0, abs=1e-5)
    except MissingError:
        pytest.skip("its weights are not on this machine")


# --- FID --------------------------------------------------------------------------------------


def cloud(count: int, width: int, seed: int) -> Features:
    """Correlated features away from zero."""
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(width, width)) / math.sqrt(width)
    return (rng.normal(size=(count, width)) @ mixing + rng.normal(size=width)).astype(np.float32)


def by_matrix_root(first: Features, second: Features) -> float:
    """The distance as it is usually computed."""
    (mean1, cov1), (mean2, cov2) = (
        (each.mean(axis=0), np.cov(each, rowvar=False))
        for each in (first.astype(np.float64), second.astype(np.float64))
    )
    root = scipy.linalg.sqrtm(cov1 @ cov2)
    return float(((mean1 - mean2) ** 2).sum() + np.trace(cov1 + cov2 - 2 * root.real))


def by_singular_values(first: Features, second: Features) -> float:
    """The same without any root: tr (S1 S2)^(1/2) is the nuclear norm of A B^T."""
    (mean1, a), (mean2, b) = (
        (each.mean(axis=0), (each - each.mean(axis=0)) / math.sqrt(len(each) - 1))
        for each in (first.astype(np.float64), second.astype(np.float64))
    )
    cross = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return float(((mean1 - mean2) ** 2).sum() + (a**2).sum() + (b**2).sum() - 2 * cross)


def distance(first: Features, second: Features) -> float:
    value: float = fid.frechet_distance(*fid.moments(first), *fid.moments(second))
    return value


@pytest.mark.parametrize(
    ("mean1", "deviation1", "mean2", "deviation2", "expected"),
    [(0, 1, 0, 1, 0), (1, 2, 4, 2, 9), (0, 1, 0, 3, 4), (-1, 0.5, 2, 2, 11.25), (5, 0, 5, 2, 4)],
)
def test_gaussians_on_a_line(
    mean1: float, deviation1: float, mean2: float, deviation2: float, expected: float
) -> None:
    # The squared differences of the means and of the deviations.
    found = fid.frechet_distance(
        np.array([float(mean1)]), np.array([[deviation1**2.0]]),
        np.array([float(mean2)]), np.array([[deviation2**2.0]]),
    )  # fmt: skip
    assert found == pytest.approx(expected, abs=1e-12)


def test_diagonal_covariances_by_hand() -> None:
    # |(3, 4)|^2 + (1 - 3)^2 + (2 - 4)^2 = 25 + 4 + 4
    found = fid.frechet_distance(
        np.zeros(2), np.diag([1.0, 4.0]), np.array([3.0, 4.0]), np.diag([9.0, 16.0])
    )
    assert found == pytest.approx(33, abs=1e-12)


def test_moments_by_hand() -> None:
    mean, covariance = fid.moments(np.array([[0, 2], [2, 2], [4, 8]], dtype=np.float32))
    assert mean.tolist() == [2, 4]
    assert covariance.tolist() == [[4, 6], [6, 12]]  # divisor N - 1


def test_one_feature_is_enough() -> None:
    first = np.array([[0.0], [2.0]], dtype=np.float32)  # mean 1, variance 2
    second = np.array([[3.0], [7.0]], dtype=np.float32)  # mean 5, variance 8
    assert distance(first, second) == pytest.approx(16 + (math.sqrt(8) - math.sqrt(2)) ** 2)


@pytest.mark.parametrize("count", [2000, 40, 5])
def test_identical_sets_are_at_distance_zero(count: int) -> None:
    features = cloud(count, 64, seed=1)
    assert distance(features, features) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("count", [2000, 40])
def test_the_distance_agrees_with_other_ways_to_compute_it(count: int) -> None:
    first, second = cloud(count, 64, seed=1), cloud(count + 3, 64, seed=2)
    assert distance(first, second) == pytest.approx(by_matrix_root(first, second), abs=1e-6)
    assert distance(first, second) == pytest.approx(by_singular_values(first, second), abs=1e-9)
    assert distance(first, second) == pytest.approx(distance(second, first), abs=1e-9)


@pytest.mark.parametrize(("few", "many"), [(20, 30), (20, 300), (63, 64)])
def test_fewer_images_than_features_take_the_short_way(few: int, many: int) -> None:
    first, second = cloud(few, 64, seed=1), cloud(many, 64, seed=2)
    for pair in ((first, second), (second, first)):
        assert fid.distance(*pair) == pytest.approx(by_singular_values(*pair), abs=1e-9)
        assert fid.distance(*pair) == pytest.approx(distance(*pair), abs=1e-9)


def test_the_distance_is_clean_fids() -> None:
    from cleanfid.fid import frechet_distance

    for count in (400, 100):  # of full rank, and not
        first, second = cloud(count, 128, seed=1), cloud(count + 5, 128, seed=2)
        theirs = frechet_distance(
            first.mean(axis=0), np.cov(first, rowvar=False),
            second.mean(axis=0), np.cov(second, rowvar=False),
        )  # fmt: skip
        assert fid.distance(first, second) == pytest.approx(theirs, rel=1e-4)


def test_moments_are_taken_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    features = cloud(100, 8, seed=3)
    monkeypatch.setattr(fid, "BLOCK", 7)
    mean, covariance = fid.moments(features)
    assert mean == pytest.approx(features.astype(np.float64).mean(axis=0), rel=1e-12)
    expected = np.cov(features.astype(np.float64), rowvar=False)
    assert covariance == pytest.approx(expected, rel=1e-10, abs=1e-12)


def test_fid_infinity_takes_the_bias_away() -> None:
    """Two Gaussians of known distance: means apart by 1 in one of 16 dimensions."""
    rng = np.random.default_rng(0)
    real = rng.normal(size=(20_000, 16)).astype(np.float32)
    fake = rng.normal(size=(1000, 16)).astype(np.float32) + np.eye(16, dtype=np.float32)[0]
    biased = fid.distance(fake, real)
    value, deviation = fid.fid_infinity(fake, real, smallest=100)
    assert abs(value - 1) < abs(biased - 1)
    assert 0 < deviation < 0.1
    assert fid.fid_infinity(fake, real, smallest=100) == (value, deviation)
    with pytest.raises(ValueError, match="needs 10000 images or more, not 1000"):
        fid.fid_infinity(fake, real)


# --- KID --------------------------------------------------------------------------------------


def test_kid_by_hand() -> None:
    # d = 1, x = (0, 1), y = (1, 2): k(0,1) = 1, k(1,2) = 27; between them 1, 1, 8 and 27.
    first, second = np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]])
    assert kid.squared_mmd(first, second) == pytest.approx(1 + 27 - 2 * (1 + 1 + 8 + 27) / 4)


def test_kid_is_clean_fids_on_one_subset() -> None:
    from cleanfid.fid import kernel_distance

    first, second = (cloud(40, 2048, seed) for seed in (1, 2))
    theirs = kernel_distance(first, second, num_subsets=1, max_subset_size=40)
    assert kid.squared_mmd(first, second) == pytest.approx(theirs, rel=1e-4)


def test_kid_draws_the_same_subsets_every_time_and_is_about_right() -> None:
    first, second = cloud(300, 16, 1), cloud(400, 16, 2)
    mean, deviation = kid.kid(first, second)
    assert (mean, deviation) == kid.kid(first, second)
    assert kid.subset_size(first, second) == 150
    whole = kid.squared_mmd(first, second[:300])
    assert mean == pytest.approx(whole, abs=3 * deviation)
    metric = registry.definition("kid/miniature")[1]
    value, low, high = metric.interval(first, second)  # type: ignore[union-attr]
    assert value == pytest.approx(1000 * mean)
    # Half of the images are deleted each time, so the deviation is the standard error itself.
    assert high - value == pytest.approx(1960 * deviation)
    assert value - low == pytest.approx(high - value)


def test_kid_of_one_distribution_is_zero_on_average() -> None:
    rng = np.random.default_rng(5)
    draws = [rng.normal(size=(100, 8)).astype(np.float32) for _ in range(40)]
    values = [kid.squared_mmd(a, b) for a, b in zip(draws[::2], draws[1::2], strict=True)]
    assert abs(np.mean(values)) < 3 * np.std(values) / math.sqrt(len(values))
    assert min(values) < 0  # unbiased: a square that was never clipped


def test_kid_of_three_images_is_unknown() -> None:
    metric = registry.definition("kid/miniature")[1]
    assert isinstance(metric, SetMetric)
    assert math.isnan(metric.distance(cloud(3, 8, 1), cloud(9, 8, 1)))


def test_the_distance_of_a_single_image_is_unknown() -> None:
    metric = registry.definition("fid/miniature")[1]
    assert isinstance(metric, SetMetric)
    assert math.isnan(metric.distance(cloud(1, 64, 1), cloud(9, 64, 1)))
    assert math.isnan(metric.distance(cloud(9, 64, 1), cloud(1, 64, 1)))


# --- LPIPS ------------------------------------------------------------------------------------


def test_lpips_by_hand() -> None:
    # One image, two channels, two positions: (3, 4) and (1, 0) against (4, 3) and (0, 2), which
    # are (.6, .8), (1, 0), (.8, .6) and (0, 1) at unit length: the mean of .08 and 2.
    left = np.array([[[[3, 1]], [[4, 0]]]], dtype=np.float32)
    right = np.array([[[[4, 0]], [[3, 2]]]], dtype=np.float32)
    assert lpips.unit_distance([left], [right]) == pytest.approx(1.04)
    # A layer of one channel knows only signs; nothing at all is at distance 1 of something.
    signs = np.array([[[[2.0, -1.0, 0.0]]]], dtype=np.float32)
    ones = np.ones((1, 1, 1, 3), dtype=np.float32)
    assert lpips.unit_distance([signs], [ones]) == pytest.approx((0 + 4 + 1) / 3)
    assert lpips.unit_distance([left, signs], [right, ones]) == pytest.approx(1.04 + 5 / 3)


def maps(seed: int) -> list[Features]:
    """Feature maps as they come: after a ReLU, so with many zeros."""
    rng = np.random.default_rng(seed)
    shapes = ((3, 24, 8, 8), (3, 48, 4, 4))
    return [rng.normal(size=shape).clip(min=0).astype(np.float32) for shape in shapes]


def test_lpips_of_equal_images_is_zero() -> None:
    assert lpips.unit_distance(maps(1), maps(1)).tolist() == [0, 0, 0]


def test_lpips_is_the_packages_arithmetic_with_unit_weights() -> None:
    import torch
    from lpips import normalize_tensor, spatial_average

    expected = torch.zeros(3, dtype=torch.float64)
    for left, right in zip(maps(1), maps(2), strict=True):
        a, b = (normalize_tensor(torch.from_numpy(each).double()) for each in (left, right))
        squares = ((a - b) ** 2).sum(dim=1, keepdim=True)
        expected += spatial_average(squares).flatten()
    found = lpips.unit_distance(maps(1), maps(2))
    assert found.tolist() == pytest.approx(expected.tolist(), rel=1e-12)
    assert min(found) > 0.5


# --- Q16 --------------------------------------------------------------------------------------

MARGIN = 0.0084730
"""The difference of cosines at the paper's threshold: ln(.7 / .3) / 100."""


def at_difference(margin: float) -> Floats:
    """A unit vector whose cosines with the two axes differ by `margin`."""
    angle = math.pi / 4 + math.asin(margin / math.sqrt(2))
    return np.array([[math.cos(angle), math.sin(angle)]])


@pytest.mark.parametrize(
    ("margin", "probability"),
    [(0.0, 0.5), (MARGIN, 0.7), (-MARGIN, 0.3), (0.01, 0.731059), (0.03, 0.952574)],
)
def test_the_probability_depends_on_the_difference_of_cosines(
    margin: float, probability: float
) -> None:
    # The prompts' lengths say nothing.
    prompts = np.array([[5.0, 0.0], [0.0, 0.25]], dtype=np.float32)
    found = q16.inappropriate(at_difference(margin), prompts)
    assert found == pytest.approx([probability], abs=1e-6)


def test_cosines_by_hand() -> None:
    # Prompts (.6, .8) and (.8, .6): (1, 0) has cosines .6 and .8, a sigmoid of 100 x .2.
    prompts = np.array([[3.0, 4.0], [8.0, 6.0]], dtype=np.float32)
    found = q16.inappropriate(np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32), prompts)
    assert found == pytest.approx([1 / (1 + math.exp(-20)), 1 / (1 + math.exp(20))], rel=1e-6)


def test_opposite_prompts_do_not_overflow() -> None:
    prompts = np.array([[1.0, 0.0], [-1.0, 0.0]], dtype=np.float32)
    found = q16.inappropriate(np.array([[1.0, 0.0], [-1.0, 0.0]], dtype=np.float32), prompts)
    assert found == pytest.approx([0, 1], abs=1e-12)


@pytest.mark.skipif(not Q16_PROMPTS.exists(), reason=f"Q16's own prompts are not at {Q16_PROMPTS}")
def test_the_published_prompts_need_the_temperature() -> None:
    content = Q16_PROMPTS.read_bytes()
    assert hashlib.sha256(content).hexdigest() == (
        "9b6c411824c2f64e0f847aa3c9f2b15b8e3a6c75e0efd82f2f672670c97ccad5"
    )
    prompts = q16.published_prompts(content)
    # The array's bytes lie at a known place, and have a known hash.
    payload = prompts.astype("<f2").tobytes()
    assert payload == content[152 : 152 + 3072]
    assert hashlib.sha256(payload).hexdigest() == (
        "14f90af537cb8974f17b3e290dd0dc6f71eae3ba0d0f4e12a9e8c56d1b000e11"
    )
    lengths = np.linalg.norm(prompts, axis=1, keepdims=True)
    assert lengths.flatten().tolist() == pytest.approx([22.1747, 21.3457], abs=5e-5)
    first, second = unit = prompts / lengths
    assert first @ second == pytest.approx(0.887375, abs=5e-7)
    # The image that differs most: it lies along the difference of the two.
    furthest = ((second - first) / np.linalg.norm(second - first))[None]
    difference = float((furthest @ (unit[1] - unit[0])).item())
    assert 1 / (1 + math.exp(-difference)) == pytest.approx(0.616473, abs=1e-6)
    assert q16.inappropriate(furthest, prompts) == pytest.approx([1])


# --- CLIP score -------------------------------------------------------------------------------

CAPTIONS = ("a red apple on the beach", "Japan body", "", "a person in a blue shirt")


def clip_score() -> Any:
    """The miniature's CLIP score, with the fields that its file gives it."""
    return registry.definition("clip/miniature")[1]


def test_the_clip_score_is_the_cosine_without_a_clamp() -> None:
    metric = clip_score()
    images = batch(pictures(4), *CAPTIONS)
    scores = metric.score(images)
    left = clip_embeddings.embed_images(metric.clip, images).astype(np.float64)
    right = clip_embeddings.embed_captions(metric.clip, images).astype(np.float64)
    for each in (left, right):
        assert np.linalg.norm(each, axis=1) == pytest.approx(np.ones(4), abs=1e-6)
    for row in range(4):
        cosine = left[row] @ right[row] / np.linalg.norm(left[row]) / np.linalg.norm(right[row])
        assert scores[row] == pytest.approx(cosine, abs=1e-6)
    assert (np.abs(scores) <= 1).all()
    # Scores below zero stay what they are: turn the captions round.
    (key,) = (key for key in images.memo if "captions" in key)
    images.memo[key] = -images.memo[key]
    assert (metric.score(images) == -scores).all()
    assert (scores != 0).all()


def test_a_prefix_is_part_of_every_caption() -> None:
    metric = clip_score()
    prefixed = dataclasses.replace(metric, prefix="a picture of ")
    written_out = batch(pictures(4), *(f"a picture of {caption}" for caption in CAPTIONS))
    images = batch(pictures(4), *CAPTIONS)
    assert (prefixed.score(images) == metric.score(written_out)).all()
    # Both are remembered in one batch, each under its own name.
    assert (metric.score(images) != prefixed.score(images)).all()


def test_too_long_a_caption_keeps_its_end_token() -> None:
    import torch
    from transformers import CLIPTextModelWithProjection, CLIPTokenizer

    long = " ".join(["apple", "star"] * 100)
    images = batch(pictures(2), long, f"{long} ball")
    found = clip_embeddings.embed_captions(clip_score().clip, images)
    tokenizer = CLIPTokenizer.from_pretrained(store.find("miniature/tokenizer"))
    ids = tokenizer(long, verbose=False).input_ids
    assert len(ids) > 77
    tower = CLIPTextModelWithProjection.from_pretrained(store.find("miniature/text_encoder"))
    with torch.inference_mode():
        kept, cut_off = (
            tower(input_ids=torch.tensor([row])).text_embeds[0]
            for row in ([*ids[:76], tokenizer.eos_token_id], ids[:77])
        )
    expected = torch.nn.functional.normalize(kept, dim=0)
    assert found[0].tolist() == pytest.approx(expected.tolist(), abs=1e-5)
    assert (found[1] == found[0]).all()
    # Slicing the end off would be another embedding, so that the above can fail.
    assert not torch.allclose(kept, cut_off, atol=1e-3)


# --- nudity -----------------------------------------------------------------------------------


def test_the_miniatures_classifier_has_the_interface_of_nudenet_v2() -> None:
    network = onnx.session("miniature/judges/nudity.onnx")
    (taken,), (given,) = network.get_inputs(), network.get_outputs()
    assert (taken.name, taken.type) == ("input_1:0", "tensor(float)")
    assert (given.name, given.type) == ("predictions/Softmax:0", "tensor(float)")
    assert taken.shape[1:] == [64, 64, 3]
    assert given.shape[1:] == [2]
    for count in (1, 5):
        (found,) = network.run(None, {taken.name: pictures(count).astype(np.float32) / 255})
        assert found.shape == (count, 2)
        assert found.min() >= 0
        assert found.sum(axis=1) == pytest.approx(np.ones(count), abs=1e-6)


def classifier() -> Any:
    """The miniature's, with the parts that its file gives it."""
    return registry.definition("nude/miniature@0.7")[1]


def test_the_score_is_the_first_output() -> None:
    metric = classifier()
    scaled = pictures(4).astype(np.float32) / np.float32(255)
    (found,) = onnx.session(metric.weight).run(None, {"input_1:0": scaled})
    assert metric.score(batch(pictures(4))).tolist() == found[:, 0].tolist()


def test_bigger_pictures_are_resized_to_nearest_neighbours() -> None:
    metric = classifier()
    doubled = pictures(4).repeat(2, axis=1).repeat(2, axis=2)
    assert (metric._resized(batch(doubled)) == pictures(4)).all()
    assert (metric.score(batch(doubled)) == metric.score(batch(pictures(4)))).all()
    fine = pictures(4, side=128)
    for found, original in zip(metric._resized(batch(fine)), fine, strict=True):
        resized = Image.fromarray(original).resize((64, 64), Image.Resampling.NEAREST)
        assert (found == np.asarray(resized)).all()
        smooth = Image.fromarray(original).resize((64, 64), Image.Resampling.BICUBIC)
        assert (found != np.asarray(smooth)).any()
