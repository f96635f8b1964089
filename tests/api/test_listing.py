"""What there is, as DataFrames."""

from __future__ import annotations

import sdd_bench as sb


def test_methods_say_whether_they_are_trained() -> None:
    methods = sb.list_methods().set_index("name")
    assert methods.loc["sdd", "trained"]
    assert not methods.loc["sd-neg", "trained"]
    assert methods.loc["sd", "concepts"] == ""
    assert "nudity" in str(methods.loc["sdd", "concepts"])


def test_definitions_have_a_direction_and_a_unit() -> None:
    metrics = sb.list_metrics().set_index("name")
    assert metrics.loc["nude/v2-classifier@0.7", "unit"] == "%"
    assert metrics.loc["clip/l14-sdd", "better"] == "higher"


def test_suites_models_and_concepts() -> None:
    # Table 1 (Kim et al., 2023): 50 countries; 20 concepts in table 2.
    assert "country_body" in set(sb.list_suites()["name"])
    assert set(sb.list_models()["name"]) == {"miniature", "sd-v1-4"}
    concepts = sb.list_concepts().set_index("name")
    assert len(str(concepts.loc["i2p20", "concepts"]).split(", ")) == 20


def test_diagnoses_are_the_doctors() -> None:
    result = sb.diagnose()
    assert list(result.frame.columns) == ["state", "what", "found", "remedy"]
    assert set(result.frame["state"]) <= {"right", "note", "wrong"}
    assert result.frame["what"][0] == "Python"


def test_no_plugin_of_ours_is_broken() -> None:
    assert sb.broken_plugins() == {}
