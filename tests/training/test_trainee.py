"""Trainees: which tensors learn, and one network in three roles."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from sdd_bench.errors import InputError
from sdd_bench.training.trainee import FILTERS, Student, trainable
from support.training import SINGLE, fresh

# --- which tensors learn ----------------------------------------------------------------------


SD14 = {  # methods.md, 2.3
    "xattn": (80, 43_962_560),
    "xattn-kv": (32, 19_169_280),
    "selfattn": (80, 49_574_080),
    "noxattn": (598, 813_495_680),
    "layers-noxattn": (388, 815_358_084),  # esd_sd.py's esd-u
    "layers": (388 + 80, 815_358_084 + 43_962_560),  # its esd-all
    "full": (686, 859_520_964),
}


def test_filters_choose_the_tensors_of_stable_diffusion() -> None:
    from diffusers import UNet2DConditionModel

    with torch.device("meta"):
        unet = UNet2DConditionModel(
            sample_size=64, cross_attention_dim=768, attention_head_dim=8, norm_num_groups=32
        )
    assert FILTERS.keys() == SD14.keys()
    for which, expected in SD14.items():
        chosen = trainable(unet, which)
        assert (len(chosen), sum(p.numel() for p in chosen.values())) == expected


def test_an_unknown_filter_is_the_users_fault() -> None:
    with pytest.raises(
        InputError, match=r"no set of trainable tensors named 'xatn'\. Did you mean"
    ):
        trainable(nn.Linear(1, 1), "xatn")
    with pytest.raises(InputError, match="no tensor that 'xattn' would train"):
        trainable(nn.Linear(1, 1), "xattn")


def test_a_concept_that_the_text_encoder_does_not_reach_is_not_trained_away() -> None:
    bundle, _ = fresh()
    # A letter and a comma each, and two ends: eleven letters are 23 of 24 tokens.
    assert bundle.tokenizer.model_max_length == 24
    concepts = (*"abcdefghijklm", "nudity")
    student = Student(bundle, concepts, "xattn", ema=False)
    latents, times = torch.zeros(1, *bundle.latent_shape), torch.zeros(1)
    try:
        student.predict(latents, times, ["nudity"])
        with pytest.raises(InputError, match=r"these don't fit: 'l', 'm', 'nudity'; give fewer"):
            student.predict(latents, times, [", ".join(concepts)])
    finally:
        student.restore()


# --- one network in three roles ---------------------------------------------------------------


def test_roles_exchange_tensors_and_copy_nothing() -> None:
    bundle, _ = fresh()
    before = {name: p.data_ptr() for name, p in bundle.unet.named_parameters()}
    student = Student(bundle, SINGLE, "xattn", ema=True)
    learning = {name: p.data_ptr() for name, p in student.parameters.items()}
    assert not set(learning.values()) & set(before.values())
    with student.teacher():
        assert not torch.is_grad_enabled()
        now = {name: p.data_ptr() for name, p in student.parameters.items()}
        assert now == {name: w.data_ptr() for name, w in student.average.items()}
    with student.original():
        now = {name: p.data_ptr() for name, p in student.parameters.items()}
        assert now == {name: before[name] for name in now}
    assert {name: p.data_ptr() for name, p in student.parameters.items()} == learning
    frozen = [p for name, p in bundle.unet.named_parameters() if name not in learning]
    assert frozen
    assert not any(p.requires_grad for p in frozen)
    student.restore()
    assert {name: p.data_ptr() for name, p in bundle.unet.named_parameters()} == before
    assert not any(p.requires_grad for p in bundle.unet.parameters())


def test_the_average_follows_by_its_decay() -> None:
    bundle, _ = fresh()
    student = Student(bundle, SINGLE, "xattn-kv", ema=True)
    name, parameter = next(iter(student.parameters.items()))
    start = parameter.data.clone()
    parameter.data += 1.0
    student.follow(0.9)
    student.follow(0.9)
    # 1 - 0.9^2
    torch.testing.assert_close(student.average[name], start + 0.19, rtol=0, atol=1e-6)


def test_no_average_means_that_the_student_is_the_teacher() -> None:
    bundle, _ = fresh()
    student = Student(bundle, SINGLE, "xattn", ema=False)
    for name, parameter in student.parameters.items():
        assert student.average[name].data_ptr() == parameter.data_ptr()
