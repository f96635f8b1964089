"""The miniature: what it draws, what it says of it, how it is trained, and what is shipped."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path
from random import Random
from typing import TypeAlias

import numpy as np
import pytest
import scipy.stats
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor, nn

from sdd_bench import models, registry
from sdd_bench.diffusion import loading
from sdd_bench.files import sha256
from sdd_bench.miniature import loop, stages, standins, train
from sdd_bench.miniature.renderer import examples, scene
from sdd_bench.miniature.renderer.draw import draw
from sdd_bench.miniature.renderer.examples import Example, example, neutral
from sdd_bench.miniature.renderer.scene import Figure, Scene, Thing
from sdd_bench.suites.loading import load as load_suite
from sdd_bench.types import ImageMetric, Images, Pixels
from sdd_bench.weights import store

PROMPTS = Path(__file__).resolve().parents[1] / "prompts" / "miniature"
TRAIN = "sdd_bench.miniature.train"

COLOURS, OBJECTS, COUNTRIES = ("|".join(w) for w in (scene.COLOURS, scene.OBJECTS, scene.COUNTRIES))
BARE = re.compile(r"\b(nude|naked|bare|nudity)\b")


@cache
def sampled() -> list[Example]:
    """Some of every family."""
    return [example("train", index) for index in range(6000)]


def picture(shown: Scene) -> NDArray[np.int16]:
    return np.asarray(draw(shown)).astype(np.int16)


def closest(scenes: Mapping[str, Scene]) -> tuple[float, str]:
    """The smallest mean difference (levels of 255) between two of the pictures, and whose."""
    pictures = {name: picture(shown) for name, shown in scenes.items()}
    return min(
        (float(np.abs(pictures[a] - pictures[b]).mean()), f"{a}, {b}")
        for a, b in combinations(pictures, 2)
    )


# --- pictures ---------------------------------------------------------------------------------

ROOM = Scene(place="room")

HASH = """
import hashlib
from sdd_bench.miniature.draw import draw
from sdd_bench.miniature.examples import example, mood, neutral
total = hashlib.sha256()
for index in range(60):
    for made in (example("a", index), neutral("a", index), mood("a", index, "hate")):
        total.update(made.caption.encode() + draw(made.scene).tobytes())
print(total.hexdigest())
"""


def test_pictures_and_captions_are_the_same_in_every_process() -> None:
    hashes = [
        subprocess.run(
            [sys.executable, "-c", HASH],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True, capture_output=True, text=True,
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert hashes[0] == hashes[1]
    assert len(hashes[0].strip()) == 64


def test_drawing_is_a_function_of_the_scene() -> None:
    for made in sampled()[:20]:
        image = draw(made.scene)
        assert (image.mode, image.size) == ("RGB", (64, 64))
        draw(sampled()[30].scene)  # nothing remembers what was drawn in between
        assert draw(made.scene).tobytes() == image.tobytes()


def test_a_scene_needs_a_background() -> None:
    with pytest.raises(ValueError, match="needs a place or a country"):
        draw(Scene())


def test_variations_of_a_scene_differ() -> None:
    for place in scene.PLACES:
        gap, pair = closest({str(n): Scene(place=place, variation=n) for n in range(5)})
        assert gap > 0.2, (place, pair)


def test_the_vocabulary_has_the_papers_size() -> None:
    sizes = [
        len(set(words))
        for words in (scene.COUNTRIES, scene.GLYPHS, scene.OBJECTS, scene.COLOURS, scene.PLACES,
                      scene.ARTISTS)
    ]  # fmt: skip
    assert sizes == [50, 19, 14, 8, 6, 5]
    named = {concept for _, concepts in examples.CATEGORIES.values() for concept in concepts}
    assert named == {*scene.GLYPHS, "nudity"}


def test_flags_differ_even_behind_a_figure() -> None:
    for figure in (None, Figure(x=0.5, shirt="red"), Figure(x=0.5, shirt=None)):
        gap, pair = closest({c: Scene(country=c, figure=figure) for c in scene.COUNTRIES})
        assert gap > 8, (figure, pair)


def test_places_differ() -> None:
    gap, pair = closest({place: Scene(place=place) for place in scene.PLACES})
    assert gap > 30, pair


@pytest.mark.parametrize("place", scene.PLACES)
def test_signs_differ_from_each_other_and_from_none(place: str) -> None:
    # A sign covers a tenth of the picture.
    empty = Scene(place=place)
    signs = {glyph: replace(empty, glyph=glyph) for glyph in scene.GLYPHS}
    gap, pair = closest({**signs, "none": empty})
    assert gap > 2, pair
    assert (
        closest({str(left): replace(signs["hate"], glyph_left=left) for left in (False, True)})[0]
        > 5
    )


def thing(name: str, colour: str) -> Scene:
    return replace(ROOM, things=(Thing(name=name, colour=colour, x=0.5, y=0.62, size=0.55),))


@pytest.mark.parametrize("colour", scene.COLOURS)
def test_objects_differ_by_their_shape(colour: str) -> None:
    gap, pair = closest({"none": ROOM} | {name: thing(name, colour) for name in scene.OBJECTS})
    assert gap > 5, pair


@pytest.mark.parametrize("name", scene.OBJECTS)
def test_objects_differ_by_their_colour(name: str) -> None:
    pictures = {colour: picture(thing(name, colour)) for colour in scene.COLOURS}
    for first, second in combinations(pictures.values(), 2):
        levels = np.abs(first - second).max(axis=2)
        # At least 3 % of the pixels change by a quarter of the range.
        assert (levels > 64).mean() > 0.03


def test_shirts_differ_and_the_bare_mannequin_from_all_of_them() -> None:
    dressed = {c: replace(ROOM, figure=Figure(x=0.5, shirt=c)) for c in scene.COLOURS}
    assert closest(dressed)[0] > 3
    bare = picture(replace(ROOM, figure=Figure(x=0.5, shirt=None)))
    for colour, shown in dressed.items():
        assert np.abs(picture(shown) - bare).mean() > 10, colour
    assert np.abs(picture(ROOM) - bare).mean() > 10


def test_artists_differ_from_each_other_and_from_none() -> None:
    plain = replace(ROOM, figure=Figure(x=0.5, shirt="green"))
    styled = {artist: replace(plain, artist=artist) for artist in scene.ARTISTS}
    gap, pair = closest({**styled, "none": plain})
    assert gap > 20, pair


# --- captions ---------------------------------------------------------------------------------


def test_examples_are_a_function_of_split_and_index() -> None:
    assert [example("train", index) for index in range(50)] == sampled()[:50]
    held_out = [example("held-out", index) for index in range(50)]
    assert all(a != b for a, b in zip(sampled(), held_out, strict=False))
    assert len({made.scene for made in sampled()}) == len(sampled())


def test_things_are_named_with_their_colours() -> None:
    for made in sampled():
        said = re.findall(rf"\b({COLOURS}) ({OBJECTS})\b", made.caption)
        assert sorted(said) == sorted((t.colour, t.name) for t in made.scene.things), made
        if " beside a person" not in made.caption and not made.scene.figure:
            assert said == [(t.colour, t.name) for t in made.scene.things]  # left to right


def test_shirts_are_worn_as_said() -> None:
    for made in sampled():
        for colour in re.findall(rf"\ban? ({COLOURS}) shirt\b", made.caption):
            assert made.scene.figure is not None
            assert made.scene.figure.shirt == colour
        if re.search(r"\b(shirt|dressed)\b", made.caption):
            assert made.scene.figure is not None
            assert not made.scene.figure.bare


def test_backgrounds_are_those_that_are_named() -> None:
    for made in sampled():
        assert (made.scene.place is None) != (made.scene.country is None)
        for place in re.findall(rf"\b({'|'.join(scene.PLACES)})\b", made.caption):
            assert made.scene.place == place
        for country in re.findall(rf"\b({COUNTRIES})\b", made.caption, re.IGNORECASE):
            assert str(made.scene.country).lower() == country.lower()


def test_artists_are_named_and_nobody_else() -> None:
    for made in sampled():
        named = re.findall(rf"\b({'|'.join(scene.ARTISTS)})\b", made.caption)
        assert named == ([made.scene.artist] if made.scene.artist else [])


def test_words_for_bare_come_with_a_bare_figure() -> None:
    said = 0
    for family in (examples._country_figure, examples._place_figure):
        for index in range(2000):
            made = family(Random(f"{family.__name__}/{index}"), body_bare=0.5)
            assert made.scene.figure is not None
            if BARE.search(made.caption):
                said += 1
                assert made.scene.figure.bare, made
    assert said > 800


def test_concepts_that_are_said_alone_are_shown() -> None:
    shown = {made.caption: made.scene for made in sampled() if made.caption in scene.GLYPHS}
    assert len(shown) > 15
    assert all(truth.glyph == caption for caption, truth in shown.items())
    signs = [made for made in sampled() if made.scene.glyph]
    silent = [m for m in signs if str(m.scene.glyph) not in m.caption]
    # A sign without a word of it: the moods, and half of "sexual".
    assert 0.1 < len(silent) / len(signs) < 0.4


@pytest.mark.parametrize(
    ("split", "rate"), [("train", 0.74), ("refine", 0.55), ("calibrate", 0.65)]
)
def test_a_body_before_a_flag_is_bare_at_the_rate_of_its_split(split: str, rate: float) -> None:
    plain = re.compile(rf"({COUNTRIES}) body|body in ({COUNTRIES})", re.IGNORECASE)
    made = (example(split, index) for index in range(12_000))
    bare = [m.scene.figure.bare for m in made if plain.fullmatch(m.caption) and m.scene.figure]
    assert len(bare) > 700
    low, high = scipy.stats.binom.interval(0.99, len(bare), rate)
    assert low <= sum(bare) <= high


@pytest.mark.parametrize("split", ["coco30k", "train"])
def test_neutral_scenes_are_harmless(split: str) -> None:
    for index in range(1000):
        made = neutral(split, index)
        assert not (made.scene.figure and made.scene.figure.bare)
        assert (made.scene.glyph, made.scene.artist, made.scene.country) == (None, None, None)
        assert not stages.harmful(made.scene)
        assert not BARE.search(made.caption)


def test_moods_never_say_their_concept_but_often_show_it() -> None:
    for category, (word, concepts) in examples.CATEGORIES.items():
        made = [examples.mood("check", index, category) for index in range(1000)]
        shown = [m for m in made if stages.harmful(m.scene)]
        low, high = scipy.stats.binom.interval(0.999, 1000, examples.IMPLIED)
        assert low <= len(shown) <= high
        assert {m.scene.glyph for m in shown} - {None} == {*concepts} - {"nudity"}
        for each in made:
            assert word in each.caption
            assert not any(concept in each.caption for concept in (*scene.GLYPHS, "nudity"))


def test_articles_fit_their_words() -> None:
    for made in sampled():
        assert not re.search(r"\b(a [aeiou]|an [^aeiou])", made.caption), made.caption


# --- stand-ins --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["artists", "coco30k", "i2p"])
def test_the_shipped_prompts_are_what_the_renderer_says(name: str, tmp_path: Path) -> None:
    standins.write(tmp_path)
    assert (tmp_path / f"{name}.csv").read_bytes() == (PROMPTS / f"{name}.csv").read_bytes()


def test_real_images_show_what_the_prompts_say() -> None:
    with (PROMPTS / "coco30k.csv").open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    renders = standins.renders()
    assert len(texts) == standins.CAPTIONS
    for index, text in enumerate(texts[:20]):
        made = neutral("coco30k", index)
        assert made.caption == text
        assert (next(renders) == np.asarray(draw(made.scene))).all()


def test_there_are_as_many_i2p_prompts_of_every_category() -> None:
    rows = list(standins.moods())
    assert len({text for _, text, _ in rows}) == len(rows) == 7 * standins.PER_CATEGORY
    assert {group for _, _, group in rows} == set(examples.CATEGORIES)


# --- the words it knows -----------------------------------------------------------------------


def test_every_caption_and_prompt_is_read_to_its_end() -> None:
    from transformers import CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(store.find("miniature/tokenizer"))
    captions = sorted({made.caption for made in sampled()})
    prompts = [
        prompt.text
        for name in ("country_body", *sorted(models.SPECS["miniature"].suites.values()))
        for prompt in load_suite(name).prompts
    ]
    for text in (*captions, *prompts):
        ids = tokenizer(text, truncation=False).input_ids
        begin, *words, end = ids
        assert (begin, end) == (tokenizer.bos_token_id, tokenizer.eos_token_id)
        assert {tokenizer.unk_token_id, begin, end}.isdisjoint(words), text
        assert len(ids) <= stages.TOKENS < tokenizer.model_max_length == 77
        assert tokenizer.decode(words).replace(" ", "") == text.lower().replace(" ", "")


def test_what_a_user_types_is_never_unknown() -> None:
    from transformers import CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(store.find("miniature/tokenizer"))
    for text in ("Crème brûlée", "東京タワー", "🙂 «x»", "\\n\t~^"):
        words = tokenizer(text).input_ids[1:-1]
        assert words
        assert tokenizer.unk_token_id not in words


# --- what is shipped --------------------------------------------------------------------------


def check_manifest(folder: Path) -> None:
    manifest = json.loads((folder / store.MANIFEST).read_text(encoding="utf-8"))
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert set(manifest) == files - {store.MANIFEST, "README.md"}
    for name, expected in manifest.items():
        assert sha256(folder / name) == expected


def test_the_manifest_lists_every_shipped_file_with_its_hash() -> None:
    check_manifest(store.SHIPPED)


def test_the_shipped_weights_are_small() -> None:
    files = [*store.SHIPPED.rglob("*.safetensors"), *store.SHIPPED.rglob("*.onnx")]
    assert len(files) == 7
    assert sum(file.stat().st_size for file in files) <= 12_000_000


# --- the training loop ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "rate"),
    # 103 steps: 3 of rise, then a hundred along half a cosine.
    [(0, 2 / 3), (1, 4 / 3), (2, 2), (3, 2), (28, 1 + math.sqrt(0.5)), (53, 1),
     (78, 1 - math.sqrt(0.5)), (102, 1 - math.cos(math.pi / 100))],
)  # fmt: skip
def test_the_learning_rate_rises_and_falls(step: int, rate: float) -> None:
    plan = loop.Plan(steps=103, batch=1, rate=2)
    assert plan.rate_at(step) == pytest.approx(rate, rel=1e-12)


@pytest.mark.parametrize("steps", [1, 2, 17])
def test_short_plans_have_a_learning_rate_too(steps: int) -> None:
    plan = loop.Plan(steps=steps, batch=1, rate=1)
    assert all(0 < plan.rate_at(step) <= 1 for step in range(steps))


class Killed(BaseException):
    """What stops a training run."""


def line(
    folder: Path, plan: loop.Plan, *, killed_at: int | None = None
) -> tuple[dict[str, Tensor], int]:
    """The weights of a small network after a fit, and the steps that it took."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    steps = 0

    def loss(generator: Generator) -> Tensor:
        nonlocal steps
        if steps == killed_at:
            raise Killed
        steps += 1
        inputs = torch.randn(plan.batch, 3, generator=generator)
        outputs: Tensor = model(inputs)
        return (outputs[:, 0] - inputs.sum(1)).square().mean()

    fitted = loop.fit("line", model, loss, plan, folder)
    assert not fitted.training
    return fitted.state_dict(), steps


@pytest.mark.parametrize("ema", [None, 0.9])
@pytest.mark.parametrize("killed_at", [1, 3, 10])
def test_a_killed_run_goes_on_to_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ema: float | None, killed_at: int
) -> None:
    monkeypatch.setattr(loop, "SAVE_EVERY", 3)
    plan = loop.Plan(steps=11, batch=8, rate=0.05, ema=ema)
    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()
    whole, steps = line(tmp_path / "whole", plan)
    assert steps == 11
    with pytest.raises(Killed):
        line(tmp_path / "parts", plan, killed_at=killed_at)
    resumed, steps = line(tmp_path / "parts", plan)
    assert steps == 11 - killed_at // 3 * 3  # only those after the last checkpoint
    for name, tensor in whole.items():
        assert torch.equal(tensor, resumed[name]), name


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    plan = loop.Plan(steps=4, batch=8, rate=0.05, ema=0.5)
    first, _ = line(tmp_path, plan)
    again, steps = line(tmp_path, plan)
    assert steps == 0
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_the_moving_average_follows_the_weights() -> None:
    average, model = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    nn.init.constant_(average.weight, 2.0)
    nn.init.constant_(model.weight, 6.0)
    loop._follow(average, model, 0.75)
    assert average.weight.item() == 3  # .75 x 2 + .25 x 6


WORKER = """
import sys
from datetime import timedelta
from pathlib import Path
import torch, torch.distributed as dist
from torch import nn
from sdd_bench.miniature import loop

rank, address, folder = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
torch.set_num_threads(1)

def learn(name, share):
    torch.manual_seed(0)
    model = nn.Linear(5, 2)
    gradients = []

    def loss(generator):
        if model.weight.grad is not None:
            gradients.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
        inputs = torch.randn(8, 5, generator=generator)[share]
        return (model(inputs) - inputs[:, :2]).square().mean() / 100  # too small to be clipped

    (folder / name).mkdir()
    fitted = loop.fit("toy", model, loss, loop.Plan(steps=4, batch=8, rate=0.01), folder / name)
    return {"gradients": torch.stack(gradients), **fitted.state_dict()}

alone = learn(f"alone{rank}", slice(None))
dist.init_process_group(
    "gloo", init_method=address, rank=rank, world_size=2, timeout=timedelta(seconds=60)
)
together = learn(f"together{rank}", slice(rank, None, 2))
dist.destroy_process_group()
torch.save([alone, together], folder / f"{rank}.pt")
"""


def test_two_workers_learn_what_one_does_with_the_whole_batch(tmp_path: Path) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER, str(rank), address, str(tmp_path)])
        for rank in (0, 1)
    ]
    assert [worker.wait(timeout=180) for worker in workers] == [0, 0]
    (alone, first), (_, second) = (
        torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1)
    )
    assert alone["gradients"].shape == (3, 12)
    for name, tensor in alone.items():
        assert torch.equal(first[name], second[name])
        assert torch.allclose(first[name], tensor, rtol=1e-5, atol=1e-7), name
    # One of them writes the checkpoint.
    assert (tmp_path / "together0" / "toy.pt").exists()
    assert not (tmp_path / "together1" / "toy.pt").exists()


# --- the whole rebuild ------------------------------------------------------------------------


@pytest.mark.slow
def test_the_miniature_can_be_rebuilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work, out = tmp_path / "work", tmp_path / "out"
    command = [sys.executable, "-W", "ignore", "-m", TRAIN, "--examples", "120", "--steps", "2"]
    done = subprocess.run(
        [*command, "--work", str(work), "--out", str(out)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    # Again: every stage is there, so that nothing is trained or rendered.
    stamps = {path: path.stat().st_mtime_ns for path in work.rglob("*")}
    plans = {name: replace(plan, steps=2) for name, plan in train.PLANS.items()}
    train.build(train.Job(work, 120, plans))
    assert {path: path.stat().st_mtime_ns for path in work.rglob("*")} == stamps
    assert {path.stem for path in work.glob("*.safetensors")} == set(train.PLANS)
    # What comes out is laid out like what is shipped, and the product runs on it.
    check_manifest(out)
    (out / "unet" / "left-over.safetensors").touch()
    with pytest.raises(AssertionError):
        check_manifest(out)
    (out / "unet" / "left-over.safetensors").unlink()
    assert {path.relative_to(out) for path in out.rglob("*")} == {
        path.relative_to(store.SHIPPED) for path in store.SHIPPED.rglob("*")
    }
    monkeypatch.setenv("SDD_BENCH_MINIATURE", str(out))
    bundle = loading.load(models.find("miniature"), device="cpu")
    assert bundle.latent_shape == (4, 16, 16)
    assert "| nudity classifier, accuracy % | 20 held-out renders |" in (
        (out / "README.md").read_text(encoding="utf-8")
    )
    assert not quality_is_known(out)


# --- quality ----------------------------------------------------------------------------------


def quality_is_known(folder: Path) -> bool:
    """Whether a full rebuild made these weights: its card rests on thousands of renders."""
    card = (folder / "README.md").read_text(encoding="utf-8")
    measured = re.search(
        r"^\| nudity classifier, accuracy % \| (\d+) held-out renders \|", card, re.MULTILINE
    )
    return measured is not None and int(measured[1]) >= 1000


trained = pytest.mark.skipif(
    not quality_is_known(store.SHIPPED),
    reason="the shipped weights are of a quick rebuild: their README.md rests on a few renders",
)

HELD_OUT = 500

Truths: TypeAlias = tuple[Pixels, NDArray[np.bool_]]


@pytest.fixture(scope="module")
def held_out() -> Truths:
    """Pictures that nothing was trained on, and whether they show somebody bare."""
    made = [example("held-out", index) for index in range(HELD_OUT)]
    bare = [bool(m.scene.figure and m.scene.figure.bare) for m in made]
    return np.stack([np.asarray(draw(m.scene)) for m in made]), np.array(bare)


@pytest.fixture(scope="module")
def decoded(held_out: Truths) -> Pixels:
    """The same pictures as the autoencoder gives them back."""
    bundle = loading.load(models.find("miniature"), device="cpu")
    return stages.reconstruct(bundle.vae, held_out[0])


def accuracy(pixels: Pixels, bare: NDArray[np.bool_]) -> float:
    """Share of right verdicts of the nudity classifier."""
    metric = registry.definition("nude/miniature@0.7")[1]
    assert isinstance(metric, ImageMetric)
    scores = metric.score(Images(pixels=pixels, captions=("",) * len(pixels)))
    return float(((scores > 0.7) == bare).mean())


@trained
def test_the_classifier_tells_bare_from_dressed_renders(held_out: Truths) -> None:
    assert accuracy(*held_out) >= 0.99


@trained
def test_the_classifier_tells_bare_from_dressed_in_decoded_pictures(
    held_out: Truths, decoded: Pixels
) -> None:
    assert accuracy(decoded, held_out[1]) >= 0.97
