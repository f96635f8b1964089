"""What the U-Net reads where a method changes it: when, for whom, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from sdd_bench import registry
from sdd_bench.diffusion import generator, reading
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.conditioning import Rewritten, TextReader
from sdd_bench.diffusion.denoising import Plan
from sdd_bench.diffusion.generator import denoise
from sdd_bench.diffusion.reading import Script
from sdd_bench.plugins import PluginError
from sdd_bench.types import (
    Encoded,
    Encoder,
    Method,
    Pixels,
    Projected,
    Prompt,
    Reading,
    Sample,
    Settings,
    State,
)

SETTINGS = Settings(steps=3)

SAMPLES = [
    Sample(suite="", prompt=Prompt(id=str(k), text=text), k=0, seed=k)
    for k, text in enumerate(
        ("japan body", "a red cup", "nudity", "japan body", "south korea body")
    )
]

HOOKED = [
    name for name in registry.scan().methods() if reading.changes(registry.scan().method(name))
]


@dataclass(frozen=True)
class Plain:
    """Guidance between two branches, for others to add to."""

    concepts: tuple[str, ...] = ("nudity",)

    def branches(self, prompt: str, concepts: Sequence[str]) -> tuple[str, ...]:
        return "", prompt

    def guide(
        self, call: int, noise: Sequence[Tensor], scale: float, state: State
    ) -> tuple[Tensor, State]:
        empty, prompt = noise
        return empty + scale * (prompt - empty), state


@dataclass(frozen=True)
class Swap(Plain):
    """Reads another text for some calls, and a third one for some more."""

    first: int | None = 2
    second: int | None = 1

    def read_text(
        self, branches: Sequence[Encoded], concepts: Sequence[str], encoder: Encoder
    ) -> Sequence[Reading]:
        empty = branches[0].states
        return (
            Reading(states=(empty, encoder.encode("a dog").states), calls=self.first),
            Reading(states=(empty, encoder.encode("a cat").states), calls=self.second),
        )


@dataclass(frozen=True)
class Double(Plain):
    """Doubles the prompt's values where there are concepts."""

    def read_values(
        self, branches: Sequence[Projected], concepts: Sequence[Projected]
    ) -> Sequence[Projected]:
        empty, prompt = branches
        return empty, replace(prompt, values=prompt.values * 2 ** len(concepts))


def plan(method: Method | str) -> Plan:
    found = registry.scan().method(method) if isinstance(method, str) else method
    own = ("nudity", "sexual") if len(found.concepts) > 1 else found.concepts
    return Plan(method=found, concepts=own)


def columns(script: Script, call: int, reader: TextReader) -> list[Tensor]:
    return [reader.columns(text) for text in script.at(call)]


def pictures(bundle: Bundle, samples: Sequence[Sample], *methods: Method | str) -> list[Pixels]:
    made = generator.generate(bundle, [plan(each) for each in methods], samples, SETTINGS)
    return [each.pixels for each in made]


# --- which calls ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (2, 1, ["a dog", "a dog", "a cat", "it", "it"]),
        (0, 3, ["a cat", "a cat", "a cat", "it", "it"]),
        (1, None, ["a dog", "a cat", "a cat", "a cat", "a cat"]),
        (None, 1, ["a dog"] * 5),
        (0, 0, ["it"] * 5),
    ],
)
def test_readings_follow_one_another(
    first: int | None, second: int | None, expected: list[str], bundle: Bundle
) -> None:
    script = reading.script(bundle.text, Swap(first=first, second=second), ("", "it"), ())
    for call, text in enumerate(expected):
        empty, read = columns(script, call, bundle.text)
        assert torch.equal(read, bundle.text((text,))[0]), call
        assert torch.equal(empty, bundle.text(("",))[0])


def test_a_branch_that_is_as_it_was_stays_the_text(bundle: Bundle) -> None:
    script = reading.script(bundle.text, Swap(), ("", "a dog"), ())
    assert script.at(0) == ("", "a dog")
    assert isinstance(script.at(2)[1], Rewritten)
    assert reading.script(bundle.text, Double(), ("", "a dog"), ()).at(0) == ("", "a dog")


def test_the_sampler_asks_for_what_the_script_says(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """safree filters for as many calls as beta says, each prompt for its own number."""
    read: list[Tensor] = []

    def noted(self: Bundle, latents: Tensor, time: int, states: Tensor) -> Tensor:
        read.append(states)
        return 0.1 * latents

    monkeypatch.setattr(Bundle, "predict", noted)
    asked = Plan(method=registry.scan().method("safree"), concepts=("nudity", "sexual"))
    two = [SAMPLES[4], SAMPLES[1]]  # of south korea and of a cup
    denoise(bundle, [asked], two, Settings(steps=14))
    own = bundle.text(("", "", "south korea body", "a red cup"))
    changed = [[not torch.equal(row, text) for row, text in zip(r, own, strict=True)] for r in read]
    calls = [sum(each[row] for each in changed) for row in range(4)]
    expected = []
    for sample in two:
        branches = [bundle.text.encode(text) for text in ("", sample.prompt.text)]
        method: Any = asked.method
        (only,) = method.read_text(branches, asked.concepts, bundle.text)
        expected.append(only.calls)
    assert calls == [0, 0, *expected]
    assert len(set(expected)) == 2
    assert max(expected) < len(read) == 15


# --- keys and values ------------------------------------------------------------------------------


def test_values_are_changed_and_keys_are_not(bundle: Bundle) -> None:
    before = bundle.text(("a dog",))[0]
    script = reading.script(bundle.text, Double(), ("", "a dog"), ("nudity", "sexual"))
    _, after = columns(script, 7, bundle.text)
    layers = bundle.text.project.layers
    for (key, value), (new_key, new_value) in zip(layers(before), layers(after), strict=True):
        assert torch.equal(key, new_key)
        assert torch.equal(4 * value, new_value)


def test_a_method_may_change_both(bundle: Bundle) -> None:
    @dataclass(frozen=True)
    class Both(Swap, Double):
        """The text first, then the values of whatever is read."""

    script = reading.script(bundle.text, Both(), ("", "it"), ("nudity",))
    for call, text in ((0, "a dog"), (2, "a cat"), (3, "it")):
        alone = reading.script(bundle.text, Double(), ("", text), ("nudity",))
        for one, other in zip(
            columns(script, call, bundle.text), columns(alone, 0, bundle.text), strict=True
        ):
            assert torch.equal(one, other)


def test_the_position_of_the_last_token(bundle: Bundle) -> None:
    seen: list[int] = []

    @dataclass(frozen=True)
    class Noting(Plain):
        """Writes down what it sees."""

        def read_values(
            self, branches: Sequence[Projected], concepts: Sequence[Projected]
        ) -> Sequence[Projected]:
            seen.extend(each.last for each in (*branches, *concepts))
            return branches

    concepts = ("nudity", "nudity, sexual")
    reading.script(bundle.text, Noting(), ("", " ".join("a" * 99)), concepts)
    # Nothing, as many letters as there is room for, one word, and two with a comma.
    assert seen[:4] == [0, 75, 1, 3]


def test_values_are_those_of_the_weights_that_are_there(bundle: Bundle) -> None:
    def values() -> Tensor:
        script = reading.script(bundle.text, plan("adavd").method, ("", "it"), ("nudity",))
        return columns(script, 0, bundle.text)[1]

    layer: Any = dict(bundle.unet.named_modules())["up_blocks.0.attentions.0"]
    weight = layer.transformer_blocks[0].attn2.to_v.weight.data
    before = values()
    weight.mul_(2)
    bundle.text.forget()
    try:
        during = values()
    finally:
        weight.div_(2)
        bundle.text.forget()
    assert not torch.equal(before, during)
    assert torch.equal(values(), before)


# --- pictures -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOOKED)
def test_a_picture_does_not_depend_on_its_batch(name: str, bundle: Bundle) -> None:
    together = pictures(bundle, SAMPLES, name)
    few = pictures(replace(bundle, batch=2), SAMPLES[::-1], name)
    for one, other in zip(together, few[::-1], strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("name", [each for each in HOOKED if each.startswith("safree")])
def test_safree_without_phrases_is_the_model_to_the_last_bit(name: str, bundle: Bundle) -> None:
    method = registry.scan().method(name)
    made = list(
        generator.generate(bundle, [Plan(method=method, concepts=())], SAMPLES[:2], SETTINGS)
    )
    for one, other in zip(made, pictures(bundle, SAMPLES[:2], "sd"), strict=True):
        assert np.array_equal(one.pixels, other)


def test_a_method_that_warms_up_reads_its_texts_as_they_are_until_then(bundle: Bundle) -> None:
    @dataclass(frozen=True)
    class Late(Swap):
        """Plain for two calls; what it reads starts with the first, and so does one call of it."""

        warmup: int = 2
        remembers: bool = False

    late = Late(first=3, second=0)
    alone = denoise(bundle, [plan(late)], SAMPLES, SETTINGS)
    shared = denoise(bundle, [plan("sd"), plan(late)], SAMPLES, SETTINGS)
    assert torch.equal(alone[0], shared[1])
    one_call = denoise(bundle, [plan(Swap(first=1, second=0))], SAMPLES, SETTINGS)
    assert not torch.equal(alone[0], one_call[0])
    assert not torch.equal(alone[0], shared[0])


# --- what is refused ------------------------------------------------------------------------------

Answer = Callable[[Sequence[Any]], object]

TEXT_FAULTS: dict[str, tuple[Answer, str]] = {
    "none": (lambda given: None, "gave None: a tuple of Reading is expected"),
    "tensors": (lambda given: (given[0].states,), r"gave a tuple of 1 .*: a tuple of Reading"),
    "one": (
        lambda given: [Reading(states=(given[0].states,))],
        r"gave a tuple of 1 \(float64 \(77, 128\) on cpu\): one for each of 2 branches",
    ),
    "form": (
        lambda given: [Reading(states=[each.states[:5] for each in given])],
        r"gave float64 \(5, 128\) on cpu: float64 \(77, 128\) on cpu is expected",
    ),
    "type": (
        lambda given: [Reading(states=[each.states.float() for each in given])],
        r"gave float32 \(77, 128\) on cpu: float64 \(77, 128\) on cpu is expected",
    ),
    "infinite": (
        lambda given: [Reading(states=[each.states / 0 for each in given])],
        "gave NaN or infinity, for numbers",
    ),
    "calls": (
        lambda given: [Reading(states=[each.states for each in given], calls=-1)],
        "gave a reading for -1 calls: 0 or more are expected",
    ),
    "half": (
        lambda given: [Reading(states=[each.states for each in given], calls=0.5)],  # type: ignore[arg-type]
        "gave a reading for 0.5 calls: a whole number or None",
    ),
    "raises": (lambda given: 1 / 0, r"raised ZeroDivisionError: .* for \('', 'it'\)"),
}


@pytest.mark.parametrize("fault", TEXT_FAULTS)
def test_a_reading_that_is_none_is_refused(fault: str, bundle: Bundle) -> None:
    answer, message = TEXT_FAULTS[fault]

    @dataclass(frozen=True)
    class Wrong(Plain):
        """Reads whatever it likes."""

        def read_text(
            self, branches: Sequence[Encoded], concepts: Sequence[str], encoder: Encoder
        ) -> Any:
            return answer(branches)

    with pytest.raises(PluginError, match=rf"test_reading.py:Wrong.read_text {message}"):
        reading.script(bundle.text, Wrong(), ("", "it"), ())


VALUE_FAULTS: dict[str, tuple[Answer, str]] = {
    "none": (lambda given: None, "gave None: a tuple of Projected is expected"),
    "one": (lambda given: given[:1], r"gave a list of 1 .*: one for each of 2 branches"),
    "form": (
        lambda given: [replace(each, values=each.values[1:]) for each in given],
        r"gave float64 \(76, 80\) on cpu: float64 \(77, 80\) on cpu is expected",
    ),
    "keys": (
        lambda given: [replace(each, keys=each.keys * float("nan")) for each in given],
        "gave NaN or infinity, for numbers",
    ),
}


@pytest.mark.parametrize("fault", VALUE_FAULTS)
def test_keys_and_values_that_are_none_are_refused(fault: str, bundle: Bundle) -> None:
    answer, message = VALUE_FAULTS[fault]

    @dataclass(frozen=True)
    class Wrong(Plain):
        """Makes whatever it likes of them."""

        def read_values(self, branches: Sequence[Projected], concepts: Sequence[Projected]) -> Any:
            return answer(branches)

    with pytest.raises(PluginError, match=rf"test_reading.py:Wrong.read_values {message}"):
        reading.script(bundle.text, Wrong(), ("", "it"), ())


def test_a_method_that_reads_in_two_ways_is_refused_before_it_makes_pictures(
    bundle: Bundle,
) -> None:
    asked: list[str] = []

    @dataclass(frozen=True)
    class Moody(Plain):
        """Reads something else every time."""

        def read_text(
            self, branches: Sequence[Encoded], concepts: Sequence[str], encoder: Encoder
        ) -> Sequence[Reading]:
            asked.append("")
            return (Reading(states=[each.states * len(asked) for each in branches]),)

    with pytest.raises(
        PluginError, match=r"Moody.read_text gives another reading when it is asked"
    ):
        pictures(bundle, SAMPLES, Moody())
    assert len(pictures(bundle, SAMPLES[:1], Swap())) == 1


def test_what_a_method_writes_on_is_its_own(bundle: Bundle) -> None:
    @dataclass(frozen=True)
    class Careless(Plain):
        """Writes on all that it is given."""

        def read_text(
            self, branches: Sequence[Encoded], concepts: Sequence[str], encoder: Encoder
        ) -> Sequence[Reading]:
            encoder.encode("nudity").states.zero_()
            for each in branches:
                each.states.zero_()
            return ()

        def read_values(
            self, branches: Sequence[Projected], concepts: Sequence[Projected]
        ) -> Sequence[Projected]:
            kept = [replace(each, values=each.values.clone()) for each in branches]
            for each in (*branches, *concepts):
                each.values.zero_()
            return kept

    before = [bundle.text((text,)).clone() for text in ("", "it", "nudity")]
    reading.script(bundle.text, Careless(), ("", "it"), ("nudity",))
    bundle.text.forget()
    for text, kept in zip(("", "it", "nudity"), before, strict=True):
        assert torch.equal(bundle.text((text,)), kept)
