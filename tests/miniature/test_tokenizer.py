"""Words that the miniature knows: all that is said, and all that is typed."""

from __future__ import annotations

from sdd_bench import models
from sdd_bench.miniature.stages import clip
from sdd_bench.suites.loading import load as load_suite
from sdd_bench.weights import store
from support.miniature import sampled


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
        assert len(ids) <= clip.TOKENS < tokenizer.model_max_length == 77
        assert tokenizer.decode(words).replace(" ", "") == text.lower().replace(" ", "")


def test_what_a_user_types_is_never_unknown() -> None:
    from transformers import CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(store.find("miniature/tokenizer"))
    for text in ("Crème brûlée", "東京タワー", "🙂 «x»", "\\n\t~^"):
        words = tokenizer(text).input_ids[1:-1]
        assert words
        assert tokenizer.unk_token_id not in words
