"""The nouns of the benchmark, and what methods, metrics and attacks fulfil. No logic.

Everything imports this module and it imports nothing of ours. Tensors appear in annotations
only, so that naming things never loads torch.
"""

from __future__ import annotations

from .arrays import Features, Floats, Pixels, State
from .attacks import AnyAttack, Attack, Attackable, AttackOnMethod, Defended
from .methods import (
    Editable,
    Edited,
    Encoded,
    Encoder,
    Method,
    Optimisation,
    Prepared,
    Projected,
    Reading,
    ReadsText,
    ReadsValues,
    Trained,
    Trainee,
    WarmsUp,
)
from .metrics import (
    Box,
    Definition,
    ImageMetric,
    Images,
    Locates,
    Metric,
    OwnInterval,
    PairMetric,
    SetMetric,
    Weighted,
)
from .models import ModelSpec
from .prompts import Prompt, Sample, Suite, stem
from .ranges import AboveZero, AtLeastZero, Cosine, Decay, Share, Steps
from .results import Dtype, Numerics, Settings, Value

__all__ = [
    "AboveZero",
    "AnyAttack",
    "AtLeastZero",
    "Attack",
    "AttackOnMethod",
    "Attackable",
    "Box",
    "Cosine",
    "Decay",
    "Defended",
    "Definition",
    "Dtype",
    "Editable",
    "Edited",
    "Encoded",
    "Encoder",
    "Features",
    "Floats",
    "ImageMetric",
    "Images",
    "Locates",
    "Method",
    "Metric",
    "ModelSpec",
    "Numerics",
    "Optimisation",
    "OwnInterval",
    "PairMetric",
    "Pixels",
    "Prepared",
    "Projected",
    "Prompt",
    "Reading",
    "ReadsText",
    "ReadsValues",
    "Sample",
    "SetMetric",
    "Settings",
    "Share",
    "State",
    "Steps",
    "Suite",
    "Trained",
    "Trainee",
    "Value",
    "WarmsUp",
    "Weighted",
    "stem",
]
