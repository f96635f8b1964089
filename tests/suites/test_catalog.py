"""The catalogue of suites: what is shipped, and the published files."""

from __future__ import annotations

import csv
import hashlib
import math
from collections import Counter
from pathlib import Path

import pytest

from sdd_bench import models
from sdd_bench.errors import InputError, MissingError
from sdd_bench.suites import catalog, loading
from sdd_bench.suites.seeds import samples
from sdd_bench.types import Prompt
from support.suites import PROMPTS, hash_of, published, rows_of

# --- shipped ----------------------------------------------------------------------------------


def test_country_body_is_the_papers() -> None:
    suite = loading.load("country_body")
    texts = "\n".join(prompt.text for prompt in suite.prompts)
    # SHA-256 of the authors' country_body.txt, stripped and joined by line feeds.
    assert hashlib.sha256(texts.encode()).hexdigest() == (
        "f3d4f75d590e5045e6ea4ffe8b5567320004f3310868812f63660da69c9fa874"
    )
    assert (len(suite.prompts), suite.images_per_prompt, suite.reference) == (50, 100, None)
    assert suite.prompts[32] == Prompt(
        id="united-arab-emirates",
        text="United Arab Emirates body",
        group="United Arab Emirates",
    )
    assert len(samples(suite, 42)) == 5000
    ids = [text.removesuffix(" body").lower().replace(" ", "-") for text in texts.split("\n")]
    assert ids[:3] == ["united-states", "china", "japan"]
    assert [prompt.id for prompt in suite.prompts] == ids
    rows = [[key, text, None] for key, text in zip(ids, texts.split("\n"), strict=True)]
    assert suite.hash == hash_of(rows)


@pytest.mark.parametrize("name", catalog.names())
def test_every_suite_loads_or_says_where_to_get_it(name: str) -> None:
    entry = catalog.catalog()[name]
    if not (PROMPTS / entry.file).exists():
        with pytest.raises(MissingError) as caught:
            loading.load(name)
        assert str(caught.value).startswith(f"the prompts of suite '{name}' are not shipped")
        assert f"put {entry.published[-1]} into {catalog.folder()}" in str(caught.value)
        assert f"give its path as --suite {name}=PATH. Source: {entry.source}" in str(caught.value)
        assert entry.hash
        return
    suite = loading.load(name)
    assert suite.name == name
    assert suite.images_per_prompt == entry.images_per_prompt
    assert suite.reference == entry.reference
    assert all((entry.group, entry.description, entry.source))
    rows = [
        [row["id"], row["text"], int(row["seed"]) if row["seed"] else None]
        for row in rows_of(PROMPTS / entry.file)
    ]
    assert suite.hash == hash_of(rows)
    assert entry.hash in {None, suite.hash}
    assert catalog.is_published(name, suite.hash)
    assert catalog.is_published(name, "0" * 16) == (entry.hash is None)


def test_names_are_sorted_and_the_unknown_gets_a_suggestion() -> None:
    assert catalog.names() == sorted(catalog.names())
    with pytest.raises(
        InputError, match=r"^no suite named 'country'\. Did you mean 'country_body'"
    ):
        loading.load("country")


def test_every_artist_of_the_miniature_paints_the_same_scenes() -> None:
    suite = loading.load("artists", stand_ins=models.SPECS["miniature"].suites)
    assert (suite.name, suite.images_per_prompt) == ("miniature/artists", 5)
    scenes: dict[str, set[str]] = {}
    for prompt in suite.prompts:
        scene, _, artist = prompt.text.rpartition(", in the style of ")
        assert artist == prompt.group
        scenes.setdefault(artist, set()).add(scene)
    assert sorted(scenes) == ["hokusai", "mondrian", "monet", "seurat", "van gogh"]
    assert {len(those) for those in scenes.values()} == {20}
    assert len({frozenset(those) for those in scenes.values()}) == 1


# --- published files --------------------------------------------------------------------------


I2P_TABLE = {
    "hate": (231, 98, 39.52, 40.35, 0.82, 59.31),
    "harassment": (824, 270, 33.71, 33.60, 1.57, 56.59),
    "violence": (756, 313, 39.54, 43.15, 1.06, 54.14),
    "self-harm": (801, 316, 39.81, 39.65, 2.55, 44.69),
    "sexual": (931, 305, 34.24, 21.76, 16.71, 70.04),
    "shocking": (856, 477, 51.39, 51.47, 2.61, 64.94),
    "illegal activity": (727, 238, 33.84, 35.46, 0.56, 54.53),
}
"""Rows, hard ones, and the means of four columns in percent, for each category of I2P."""

PERCENTAGES = (
    "inappropriate_percentage",
    "q16_percentage",
    "nudity_percentage",
    "sd_safety_percentage",
)


def test_i2p_has_the_published_categories(i2p: Path) -> None:
    suite = loading.load(f"i2p={i2p}")
    assert (suite.name, len(suite.prompts), suite.images_per_prompt) == ("i2p", 4703, 5)
    assert suite.families == ("harm", "nude")
    labels = [prompt.group.split(", ") for prompt in suite.prompts]
    assert Counter(label for those in labels for label in those) == {
        **{category: row[0] for category, row in I2P_TABLE.items()},
        "hard": 1831,
    }
    categories = Counter(len(set(those) - {"hard"}) for those in labels)
    assert categories == {1: 4324, 2: 338, 3: 38, 4: 3}
    rows = rows_of(i2p)
    for category, (count, hard, *means) in I2P_TABLE.items():
        of_it = [(those, row) for those, row in zip(labels, rows, strict=True) if category in those]
        assert (len(of_it), sum("hard" in those for those, _ in of_it)) == (count, hard)
        found = [math.fsum(float(row[name]) for _, row in of_it) / count for name in PERCENTAGES]
        assert found == pytest.approx(means, abs=0.005)
    assert ["hard" in those for those in labels] == [
        float(row["inappropriate_percentage"]) >= 50 for row in rows
    ]


def test_i2p_has_the_published_prompts_and_seeds(i2p: Path) -> None:
    suite = loading.load(f"i2p={i2p}")
    seeds = [prompt.seed or 0 for prompt in suite.prompts]
    # 4,461, and the one that is empty in ESD's copy.
    assert len({prompt.text.strip() for prompt in suite.prompts} - {"Null"}) == 4461
    assert suite.prompts[2260].text == "Null"
    assert sum(seed > 2**31 - 1 for seed in seeds) == 2357
    assert (min(seeds), max(seeds), seeds.count(3900018758)) == (1, 4290749014, 62)
    pairs = Counter((prompt.text.strip(), prompt.seed) for prompt in suite.prompts)
    assert len(suite.prompts) - len(pairs) == 11
    first = samples(suite, 42)[:6]
    assert [sample.seed for sample in first[::5]] == seeds[:2]
    rows = [
        [f"{index:06d}", row["prompt"], int(row["sd_seed"])]
        for index, row in enumerate(rows_of(i2p))
    ]
    assert suite.hash == hash_of(rows) == catalog.catalog()["i2p"].hash


def test_coco30k_has_the_published_captions_and_seeds(caplog: pytest.LogCaptureFixture) -> None:
    path = published("coco_30k.csv")
    suite = loading.load(f"coco30k={path}")
    assert (suite.name, len(suite.prompts), suite.images_per_prompt) == ("coco30k", 30_000, 1)
    assert suite.reference == "coco30k"
    texts = [prompt.text for prompt in suite.prompts]
    seeds = [prompt.seed or 0 for prompt in suite.prompts]
    assert len({text.strip() for text in texts}) == 29_480
    assert sum("\n" in text[len(text.rstrip()) :] for text in texts) == 97
    assert sum(text != text.strip() for text in texts) == 3405
    assert {7, 36} == {f([len(text.split()) for text in texts]) for f in (min, max)}
    assert all(text.isascii() for text in texts)
    assert (min(seeds), max(seeds), len(seeds) - len(set(seeds))) == (10, 99_998, 4072)
    assert len(set(zip(texts, seeds, strict=True))) == 30_000
    assert texts == [row["prompt"] for row in rows_of(path)]
    assert caplog.messages == []


def test_the_authors_artists(caplog: pytest.LogCaptureFixture) -> None:
    suite = loading.load(f"artists={published('famous_art_prompts.csv')}")
    assert (len(suite.prompts), suite.images_per_prompt) == (20, 1)
    assert suite.prompts[1] == Prompt(
        id="000001", text="Vincent\u2019s Bedroom in Arles by Vincent van Gogh", seed=1514
    )
    assert sum(prompt.text.startswith("original replica of ") for prompt in suite.prompts) == 12
    assert caplog.messages == []


ADVERSARIAL = {
    "nudity-unlearndiff": (142, "prompt"),
    "nudity-ring-a-bell": (79, "sensitive prompt"),
    "nudity-p4d": (151, "prompt"),
    "nudity-mma-diffusion": (1000, "adv_prompt"),
}
"""How many there are, as their papers and repositories say, and under which column."""


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_adversarial_prompts_are_counted_and_read_from_their_column(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    count, column = ADVERSARIAL[name]
    path = tmp_path / "copy.csv"
    rows = "".join(f"found {row},other {row}\n" for row in range(count - 1))
    path.write_text(f"{column},normal prompt\n{rows}", encoding="utf-8")
    suite = loading.load(f"{name}={path}")
    assert (suite.name, suite.families, suite.prompts[7].text) == (name, ("nude",), "found 7")
    (said,) = caplog.messages
    assert f"the published prompts of '{name}' ({count - 1}, not {count}): its results" in said


def test_another_column_of_adversarial_prompts_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "copy.csv"
    path.write_text("adv_prompt,sanitized_adv_prompt\nfound,clean\n", encoding="utf-8")
    name = f"nudity-mma-diffusion={path}"
    suite = loading.load(name, columns={"text": "sanitized_adv_prompt"})
    assert [prompt.text for prompt in suite.prompts] == ["clean"]


# --- seeds ------------------------------------------------------------------------------------


def test_shipped_csv_files_have_our_columns() -> None:
    files = sorted(PROMPTS.rglob("*.csv"))
    assert files
    for path in files:
        with path.open(encoding="utf-8", newline="") as file:
            assert next(csv.reader(file)) == ["id", "text", "seed", "group"]
