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
from sdd_bench.types import Method


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
        ("sdd", ("iterations", "0"), "iterations must be above 0, not 0"),
        ("sdd", ("iterations", "1.5"), "iterations cannot be '1.5'"),
        ("sdd", ("rate", "nan"), "rate must be a finite number, not nan"),
        ("sdd", ("rate", "-1e-5"), "rate must be above 0, not -1e-05"),
        ("sdd", ("ema", "1"), "ema must be above 0 and below 1, not 1"),
        ("sdd", ("schedule", "linear"), "schedule cannot be 'linear': input should be 'constant'"),
        ("sdd", ("reversed", "perhaps"), "reversed cannot be 'perhaps'"),
        ("sld-max", ("scale", "inf"), "scale must be a finite number, not inf"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(
    method: str, setting: tuple[str, str], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        chosen(method, dict([setting]))


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
