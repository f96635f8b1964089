"""Whatever a model's configurations say: it is loaded, or refused in a sentence, and soon."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sdd_bench.errors import InputError, MissingError
from sdd_bench.weights import store
from support.models import load

CONFIGS = [
    "scheduler/scheduler_config.json",
    "text_encoder/config.json",
    "tokenizer/tokenizer_config.json",
    "unet/config.json",
    "vae/config.json",
]

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 300),
    st.sampled_from([0, -1, 10**6, 10**9, 1 << 40, 10**30]),
    st.floats(),
    st.text(max_size=6),
    st.lists(st.one_of(st.integers(-1, 10**7), st.text(max_size=4)), max_size=4),
    st.dictionaries(st.text(max_size=4), st.integers(), max_size=2),
)


@pytest.mark.slow
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data(), name=st.sampled_from(CONFIGS))
def test_any_configuration(data: st.DataObject, name: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "model"
        shutil.copytree(store.SHIPPED, folder, ignore=shutil.ignore_patterns("judges"))
        path = folder / name
        config = json.loads(path.read_text())
        fields = data.draw(st.lists(st.sampled_from(sorted(config)), min_size=1, max_size=2))
        changed = {field: data.draw(VALUES, label=field) for field in fields}
        path.write_text(json.dumps(config | changed))
        started = time.monotonic()
        try:
            bundle = load(folder)
        except (InputError, MissingError) as error:
            message = str(error)
            assert len(message) < 2000
        else:
            assert 1 <= bundle.unet.config.sample_size <= 1024
            assert all(0 < alpha <= 1 for alpha in bundle.alphas)
        assert time.monotonic() - started < 60
