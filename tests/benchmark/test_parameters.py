"""Parameters that the user sets: what they may be, and what they change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from sdd_bench import registry
from sdd_bench.benchmark import parameters, preflight, selection
from sdd_bench.benchmark.request import Options, Request
from sdd_bench.errors import InputError
from sdd_bench.types import Method, Share


def chosen(method: str, settings: Mapping[str, str], **options: Any) -> selection.SelectedMethod:
    return selection.choose(method, Options(parameters=settings, **options), registry.scan())


def test_a_parameter_of_a_guidance_is_set_named_and_part_of_the_identity() -> None:
    plain, other = chosen("sld-max", {}), chosen("sld-max", {"scale": "1e4", "warmup": "3"})
    assert other.name == "sld-max scale=10000 warmup=3"
    assert {**plain.parameters, "scale": 10000.0, "warmup": 3} == other.parameters
    # A whole number where a float stands is one.
    assert isinstance(chosen("sld-max", {"scale": "7"}).parameters["scale"], float)


def test_a_recipes_parameters_are_found_within_it() -> None:
    plain = chosen("sdd", {}, recipe="paper")
    other = chosen("sdd", {"rate": "2e-5", "optimisation.iterations": "500"}, recipe="paper")
    assert other.name == "sdd iterations=500 rate=2e-05"
    before, after = (json.loads(json.dumps(each.parameters)) for each in (plain, other))
    assert (before["optimisation"]["rate"], before["optimisation"]["iterations"]) == (1e-5, 1500)
    before["optimisation"] |= {"rate": 2e-5, "iterations": 500}
    assert before == after


def test_what_may_be_nothing_can_be_set_to_nothing() -> None:
    method = chosen("sdd", {"ema": "none"}, recipe="paper")
    assert json.loads(json.dumps(method.parameters))["optimisation"]["ema"] is None
    assert method.name == "sdd ema=None"


@pytest.mark.parametrize(
    ("method", "setting", "reason"),
    [
        ("sdd", ("iterations", "many"), "iterations cannot be 'many': input should be a valid int"),
        ("sdd", ("iterations", "0"), "iterations cannot be '0': input should be greater than 0"),
        ("sdd", ("iterations", "1.5"), "iterations cannot be '1.5'"),
        ("sdd", ("rate", "nan"), "rate cannot be 'nan': input should be a finite number"),
        ("sdd", ("rate", "-1e-5"), "rate cannot be '-1e-5': input should be greater than 0"),
        ("sdd", ("ema", "1"), "ema cannot be '1': input should be less than 1"),
        ("sdd", ("schedule", "linear"), "schedule cannot be 'linear': input should be 'constant'"),
        ("sdd", ("reversed", "perhaps"), "reversed cannot be 'perhaps'"),
        ("sld-max", ("scale", "inf"), "scale cannot be 'inf': input should be a finite number"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(
    method: str, setting: tuple[str, str], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        chosen(method, dict([setting]))


POSITIVE, NEVER_NEGATIVE = ("0", "1"), ("-1", "0")
"""A value that is refused, and one beside it that is taken."""

SHARES = ("1.5", "1")

EDGES = {
    "uce": {"stay": POSITIVE, "erase": NEVER_NEGATIVE, "keep": NEVER_NEGATIVE},
    "rece": {
        "shrink": POSITIVE,
        "epochs": NEVER_NEGATIVE,
        "stay": POSITIVE,
        "keep": NEVER_NEGATIVE,
    },
    "speed": {
        "copies": NEVER_NEGATIVE,
        "chunk": POSITIVE,
        "null": POSITIVE,
        "stay": POSITIVE,
        "slack": NEVER_NEGATIVE,
    },
    "sld-max": {
        "warmup": NEVER_NEGATIVE,
        "scale": NEVER_NEGATIVE,
        "threshold": ("inf", "-1"),
        "momentum": SHARES,
        "decay": SHARES,
    },
    "sega": {
        "warmup": NEVER_NEGATIVE,
        "edit_scale": NEVER_NEGATIVE,
        "quantile": SHARES,
        "momentum": SHARES,
        "decay": SHARES,
    },
    "safree": {
        "margin": NEVER_NEGATIVE,
        "slope": POSITIVE,
        "midpoint": NEVER_NEGATIVE,
        "calls": NEVER_NEGATIVE,
    },
    "adavd": {"slope": POSITIVE, "midpoint": ("-1.1", "-1"), "height": NEVER_NEGATIVE},
    "esd-x-1": {"eta": NEVER_NEGATIVE},
    "esd-sd-x": {"negative_guidance": NEVER_NEGATIVE},
    "sdd": {
        "optimisation.iterations": POSITIVE,
        "optimisation.rate": POSITIVE,
        "optimisation.warmup": NEVER_NEGATIVE,
        "optimisation.weight_decay": NEVER_NEGATIVE,
        "optimisation.clip": POSITIVE,
        "optimisation.ema": ("0", "0.5"),
        "optimisation.accumulate": POSITIVE,
        "optimisation.reuse": POSITIVE,
        "latents.scale": NEVER_NEGATIVE,
        "latents.steps": ("1000", "999"),
        "latents.batch": POSITIVE,
    },
}
"""Where the range of each number ends."""


@pytest.mark.parametrize(
    ("method", "name", "bad", "good"),
    [(method, name, *edge) for method, edges in EDGES.items() for name, edge in edges.items()],
)
def test_a_number_of_a_method_has_a_range(method: str, name: str, bad: str, good: str) -> None:
    with pytest.raises(InputError, match=rf"^{name} cannot be '{bad}': input should be [^.]+$"):
        chosen(method, {name: bad}, recipe=None)
    assert f"{name.rpartition('.')[2]}={good}" in chosen(method, {name: good}).name


def test_no_number_of_a_method_of_ours_is_without_a_range() -> None:
    held = {name.rpartition(".")[2] for edges in EDGES.values() for name in edges}
    found = {
        key
        for method in registry.scan().methods()
        for outer in [chosen(method, {}).parameters]
        for inner in [outer, *(each for each in outer.values() if isinstance(each, dict))]
        for key, value in inner.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }
    assert "epochs" in found
    assert found <= held


def test_a_third_partys_number_has_the_range_that_its_type_says() -> None:
    method = cast("Method", Ranged())
    with pytest.raises(InputError, match=r"share cannot be '2': input should be less than or"):
        parameters.changed("ranged", method, {"share": "2"})
    assert str(parameters.changed("ranged", method, {"share": "1"})[1]) == str(Ranged(share=1.0))


def request(**options: Any) -> Request:
    return Request(
        **{"methods": ("sd", "sld-max"), "suites": ("country_body",), "metrics": (), **options}
    )


def test_a_parameter_that_no_method_has_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"named 'sclae'. Did you mean 'scale'\?"):
        preflight.prepare(request(parameters={"sclae": "2"}))
    with pytest.raises(InputError, match=r"no parameter named 'concepts'"):
        preflight.prepare(request(parameters={"concepts": "blood"}))
    # sd has none, and is run as it is beside one that has.
    job = preflight.prepare(request(parameters={"scale": "2"}))
    assert [each.name for each in job.methods] == ["sd", "sld-max scale=2"]


def test_weights_that_are_brought_have_no_parameters_of_a_training(tmp_path: Path) -> None:
    brought = {"methods": ("sdd",), "checkpoint": tmp_path / "weights.safetensors"}
    with pytest.raises(InputError, match=r"no parameter named 'rate'"):
        preflight.prepare(request(parameters={"rate": "2e-5"}, **brought))


@dataclass(frozen=True, kw_only=True)
class Ranged:
    share: Share = 0.5


@dataclass(frozen=True, kw_only=True)
class Draft:
    steps: int = 4


@dataclass(frozen=True, kw_only=True)
class Twofold:
    first: Draft = Draft()
    second: Draft = Draft()


def test_a_name_with_several_places_has_to_be_said_in_full() -> None:
    twofold = cast("Method", Twofold())  # as far as parameters go
    with pytest.raises(InputError, match=r"several steps: give one of first.steps, second.steps"):
        parameters.changed("twofold", twofold, {"steps": "9"})
    name, method = parameters.changed("twofold", twofold, {"second.steps": "9"})
    assert name == "twofold steps=9"
    assert str(method) == str(Twofold(second=Draft(steps=9)))
