"""Seeds: never changed, distinct, and the published ones first."""

from __future__ import annotations

from dataclasses import replace

from sdd_bench.suites import loading
from sdd_bench.suites.seeds import derived_seed, samples
from sdd_bench.types import Prompt, Suite


def test_a_derived_seed_never_changes() -> None:
    # printf '[42,"country_body","japan",7]' | sha256sum: the first 16 digits, shifted right once.
    assert derived_seed(42, "country_body", "japan", 7) == 906144503841007152


def test_only_image_0_uses_the_published_seed() -> None:
    suite = Suite(
        name="s",
        prompts=(Prompt(id="a", text="x", seed=5), Prompt(id="b", text="x")),
        images_per_prompt=2,
    )
    seeds = [sample.seed for sample in samples(suite, 42)]
    assert seeds == [
        5,
        derived_seed(42, "s", "a", 1),
        derived_seed(42, "s", "b", 0),
        derived_seed(42, "s", "b", 1),
    ]
    fewer = samples(replace(suite, prompts=suite.prompts[1:], images_per_prompt=1), 42)
    assert fewer[0].seed == seeds[2]


def test_seeds_are_distinct_and_63_bits() -> None:
    suite = loading.load("country_body")
    seeds = [sample.seed for run in (1, 2) for sample in samples(suite, run)]
    assert len(set(seeds)) == 10_000
    assert min(seeds) >= 0
    assert 2**62 < max(seeds) < 2**63


def test_what_a_seed_derives_from_cannot_run_together() -> None:
    pairs = [(("1", "1"), ("", "11")), (('a","b', "c"), ("a", 'b","c'))]
    for (suite, prompt), (other_suite, other_prompt) in pairs:
        assert derived_seed(1, suite, prompt, 1) != derived_seed(1, other_suite, other_prompt, 1)
