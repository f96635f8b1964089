"""Texts: cut at 77 tokens, encoded once, projected as in the plain network."""

from __future__ import annotations

import pytest
import torch

from sdd_bench import registry
from sdd_bench.diffusion.bundle import Bundle
from sdd_bench.diffusion.conditioning import TextReader, project_text_once
from sdd_bench.errors import InputError
from sdd_bench.suites import concepts
from sdd_bench.weights import store
from support.models import load


def test_long_prompts_are_cut_and_known_to_be(bundle: Bundle) -> None:
    assert bundle.tokenizer.model_max_length == 77
    fits, too_long = " ".join("a" * 75), " ".join("a" * 76)
    assert len(bundle.tokenizer(fits).input_ids) == 77
    assert not bundle.truncates(fits)
    assert bundle.truncates(too_long)
    # Both are 75 letters and the end token: without it the states would differ.
    assert torch.equal(bundle.text((too_long,)), bundle.text((fits,)))
    assert bundle.text((fits,)).shape[:2] == (1, 77)


def test_a_concept_that_is_cut_off_is_named(bundle: Bundle) -> None:
    # A letter is a token, as is a comma: 37 of each and a last letter fill what two ends leave.
    fits = [chr(ord("a") + number % 26) for number in range(38)]
    bundle.check_read([", ".join(fits)], fits)
    cut = [*fits, "nudity", "blood"]
    with pytest.raises(InputError) as caught:
        bundle.check_read(["", ", ".join(cut)], cut)
    assert str(caught.value) == (
        "the text encoder reads 77 tokens, and of the 40 concepts these don't fit: 'nudity', "
        "'blood'; give fewer or shorter ones"
    )
    # Each in a text of its own, all are read; what stands in no text is none of its affair.
    bundle.check_read(cut, cut)
    bundle.check_read([" ".join("z" * 99)], ["nudity"])
    long = [f"{' '.join(str(number) * 99)}" for number in range(7)]
    with pytest.raises(InputError, match=r"of the 7 concepts .*'0 0 0.* and 2 more; give fewer"):
        bundle.check_read(long, long)


@pytest.mark.parametrize("concept", ["<|endoftext|>", " <|startoftext|><|endoftext|>"])
def test_a_concept_of_which_the_encoder_reads_nothing_is_refused(
    bundle: Bundle, concept: str
) -> None:
    # Between the two ends of a text there is nothing, as in the empty text that guides the others.
    with pytest.raises(InputError, match=r"^the concept '.*' says nothing to the model's text enc"):
        bundle.check_read([concept], ["nudity", concept])
    bundle.check_read(["nudity<|endoftext|>"], ["nudity<|endoftext|>"])


@pytest.mark.parametrize("name", concepts.catalog())
def test_the_shipped_concepts_are_read_to_their_end(bundle: Bundle, name: str) -> None:
    asked = concepts.find(name)
    for method in registry.scan().methods():
        branches = registry.scan().method(method).branches("", asked)
        bundle.check_read([*branches, ", ".join(asked)], asked)


def test_projected_texts_are_those_of_transformers_and_diffusers(bundle: Bundle) -> None:
    from diffusers import UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTokenizer

    folder = store.find("miniature")
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    encoder = CLIPTextModel.from_pretrained(folder / "text_encoder").eval()
    plain = UNet2DConditionModel.from_pretrained(folder / "unet").eval()
    ids = tokenizer(["red cat"], padding="max_length", max_length=77, return_tensors="pt").input_ids
    first = plain.down_blocks[1].attentions[0].transformer_blocks[0].attn2
    with torch.inference_mode():
        states = encoder(ids).last_hidden_state
        expected = torch.cat([first.to_k(states), first.to_v(states)], dim=-1)
    got = bundle.text(("red cat",))
    assert got.shape[2] > expected.shape[2]
    torch.testing.assert_close(got[..., : expected.shape[2]], expected, rtol=0, atol=1e-5)


def test_a_projected_text_gives_the_estimate_of_the_plain_network(bundle: Bundle) -> None:
    from diffusers import UNet2DConditionModel
    from transformers import CLIPTextModel

    folder = store.find("miniature")
    plain = UNet2DConditionModel.from_pretrained(folder / "unet").double().eval()
    ours = UNet2DConditionModel.from_pretrained(folder / "unet").double().eval()
    encoder = CLIPTextModel.from_pretrained(folder / "text_encoder").double().eval()
    texts = ("red cat", "", "nudity, sexual")
    states = TextReader(bundle.tokenizer, encoder)(texts)
    projected = TextReader(bundle.tokenizer, encoder, project_text_once(ours))(texts)
    latents = torch.randn(3, *bundle.latent_shape, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = plain(latents.double(), 481, states).sample
        got = ours(latents.double(), 481, projected).sample
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-12)


def test_a_text_is_encoded_once() -> None:
    from transformers import CLIPTextConfig, CLIPTextModel

    shipped = load("miniature").tokenizer
    config = CLIPTextConfig(
        vocab_size=len(shipped), hidden_size=8, intermediate_size=8, num_hidden_layers=1,
        num_attention_heads=1,
    )  # fmt: skip
    encoder = CLIPTextModel(config).eval()
    calls: list[object] = []
    encoder.register_forward_hook(lambda *arguments: calls.append(arguments))
    read = TextReader(shipped, encoder)
    first = read(("red cat", "red cat"))
    assert torch.equal(read(("red cat",))[0], first[1])
    assert len(calls) == 1
    read(("", "red cat"))
    assert len(calls) == 2
