from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from sdd_bench import registry
from sdd_bench.errors import InputError

METHOD = """
from dataclasses import dataclass

@dataclass(frozen=True)
class Guide:
    strength: float = 1.0
    concepts = ()
    def branches(self, prompt, concepts):
        return (prompt, "")
    def guide(self, call, noise, scale, state):
        return noise[0], state
"""

METRIC = """
from sdd_bench.types import Definition

def define(name, threshold=None, tolerance=1.0):
    return Definition(
        name=name, better="lower", tolerance=tolerance, source="this test", threshold=threshold
    )

class Rate:
    definitions = (define("nude/toy@0.7", 0.7), define("nude/toy@0.25", 0.25))
    def score(self, images):
        return None

class Mean:
    definitions = (define("clip/toy"),)
    def score(self, images):
        return None
"""

NO_METRIC = (
    "is no metric, it needs `definitions` and either `score`, or `compare`, or `features` and "
    "`distance`"
)


class World:
    """Folders of plugin files in place of the shipped ones, and distributions on the path."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("methods", "metrics", "site"):
            (root / folder).mkdir()

    def file(self, path: str, code: str) -> Path:
        target = self.root / path
        target.write_text(textwrap.dedent(code), encoding="utf-8")
        return target

    def distribution(self, name: str, entry_points: str) -> None:
        info = self.root / "site" / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(textwrap.dedent(entry_points))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(tmp_path)
    for name in list(sys.modules):
        if name.startswith(("sdd_bench.methods.", "sdd_bench.metrics.", "third_")):
            monkeypatch.delitem(sys.modules, name)
    for kind in ("methods", "metrics"):
        package = ModuleType(f"sdd_bench.{kind}")
        package.__path__ = [str(tmp_path / kind)]
        monkeypatch.setitem(sys.modules, package.__name__, package)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    yield made
    for name in list(sys.modules):
        if name.startswith(("sdd_bench.methods.", "sdd_bench.metrics.", "third_")):
            del sys.modules[name]


def presets(*names: str) -> str:
    return METHOD + "METHODS = {" + ", ".join(f"{name!r}: Guide()" for name in names) + "}\n"


# --- methods ----------------------------------------------------------------------------------


def test_methods_are_named_by_their_files_and_presets(world: World) -> None:
    world.file("methods/sld.py", presets("sld-weak", "sld-strong"))
    world.file("methods/sd.py", presets("sd"))
    world.file("methods/sd_neg.py", presets("sd-neg"))
    world.file("methods/_shared.py", "raise RuntimeError('not a plugin')")
    assert registry.scan().methods() == ["sd", "sd-neg", "sld-strong", "sld-weak"]
    assert registry.scan().method("sld-weak").branches("a cat", ()) == ("a cat", "")


def test_asking_for_a_method_runs_no_other_file(world: World) -> None:
    world.file("methods/sd.py", presets("sd"))
    world.file("methods/sd_neg.py", "raise RuntimeError('boom')")
    world.file("methods/other.py", "raise SystemError('must not run')")
    registry.scan().method("sd")
    assert "sdd_bench.methods.other" not in sys.modules
    assert registry.scan().methods() == ["sd"]
    with pytest.raises(InputError) as caught:
        registry.scan().method("sd-neg")
    assert str(caught.value) == "methods/sd_neg.py cannot be used: RuntimeError: boom"
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_an_unknown_method_gets_a_suggestion(world: World) -> None:
    world.file("methods/sdd.py", presets("sdd"))
    with pytest.raises(InputError) as caught:
        registry.scan().method("ssd")
    assert str(caught.value) == "no method named 'ssd'. Did you mean 'sdd'? Available: sdd"


@pytest.mark.parametrize("name", ["other", "sdx", "sd-neg"])
def test_a_file_may_only_define_its_own_names(world: World, name: str) -> None:
    world.file("methods/sd.py", presets(name))
    world.file("methods/sd_neg.py", presets("sd-neg"))
    with pytest.raises(InputError) as caught:
        registry.scan().method("sd")
    assert str(caught.value) == (
        "methods/sd.py cannot be used: its methods must be called 'sd' or 'sd-<preset>' and not "
        f"like another file, but there is '{name}'"
    )


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("", "AttributeError: module 'sdd_bench.methods.sd' has no attribute 'METHODS'"),
        ("METHODS = ()", "METHODS must be a dict from names to methods"),
        ("import nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
        (
            "class A:\n    concepts = ()\nMETHODS = {'sd': A()}",
            "A is no method, it lacks branches and guide",
        ),
        (
            METHOD
            + "class B(Guide.__mro__[-1]):\n"
            + "    concepts = (); branches = Guide.branches; guide = Guide.guide\n"
            + "    def __init__(self):\n        self.strength = 2\n"
            + "METHODS = {'sd': B()}",
            "B has parameters that no image would record: make it a frozen dataclass",
        ),
    ],
)
def test_a_useless_file_is_named_with_its_cause(world: World, code: str, cause: str) -> None:
    world.file("methods/sd.py", code)
    with pytest.raises(InputError) as caught:
        registry.scan().method("sd")
    assert str(caught.value) == f"methods/sd.py cannot be used: {cause}"
    assert registry.scan().broken() == {"method sd": str(caught.value)}


def test_entry_points_are_methods(world: World) -> None:
    world.file("site/third_party.py", METHOD + "made = Guide(strength=3.0)")
    world.distribution(
        "third",
        """
        [sdd_bench.methods]
        my-class = third_party:Guide
        my-object = third_party:made
        my-ruin = third_party:nothing
        """,
    )
    assert registry.scan().methods() == ["my-class", "my-object"]
    assert vars(registry.scan().method("my-class")) == {"strength": 1.0}
    assert vars(registry.scan().method("my-object")) == {"strength": 3.0}
    assert registry.scan().broken() == {
        "method my-ruin": "entry point 'my-ruin' of third cannot be used: AttributeError: module "
        "'third_party' has no attribute 'nothing'"
    }


def test_a_name_given_twice_names_both_owners(world: World) -> None:
    world.file("methods/sd.py", presets("sd"))
    world.file("site/third_party.py", METHOD)
    world.distribution("third", "[sdd_bench.methods]\nsd = third_party:Guide\n")
    message = (
        "the method 'sd' is defined twice, by methods/sd.py and entry point 'sd' of third: "
        "remove one"
    )
    with pytest.raises(InputError) as caught:
        registry.scan().method("sd")
    assert str(caught.value) == message
    assert registry.scan().methods() == []
    assert registry.scan().broken() == {"method sd": message}


def test_a_broken_file_spares_an_entry_point_whose_name_starts_alike(world: World) -> None:
    world.file("methods/sd.py", "raise RuntimeError('boom')")
    world.file("site/third_party.py", METHOD)
    world.distribution(
        "third", "[sdd_bench.methods]\nsd-mine = third_party:Guide\nsd = third_party:Guide\n"
    )
    assert vars(registry.scan().method("sd-mine")) == {"strength": 1.0}
    with pytest.raises(InputError, match=r"methods/sd\.py cannot be used: RuntimeError: boom"):
        registry.scan().method("sd")


def test_a_path_names_a_method(world: World) -> None:
    path = world.file("mine.py", METHOD + "three = Guide(strength=3.0)")
    assert vars(registry.scan().method(f"{path}:Guide")) == {"strength": 1.0}
    assert vars(registry.scan().method(f"{path}:three")) == {"strength": 3.0}
    assert registry.label(f"{path}:Guide") == "mine:Guide"
    assert registry.label("sld-weak") == "sld-weak"
    path.write_text(METHOD.replace("1.0", "5.0"), encoding="utf-8")
    assert vars(registry.scan().method(f"{path}:Guide")) == {"strength": 5.0}


def test_a_path_that_leads_nowhere_says_so(world: World) -> None:
    path = world.file("mine.py", METHOD)
    with pytest.raises(InputError) as caught:
        registry.scan().method(f"{path}:Gide")
    assert str(caught.value).startswith(
        f"no object of {path} named 'Gide'. Did you mean 'Guide'? Available: "
    )
    with pytest.raises(InputError, match=r"there is no file no/such\.py"):
        registry.scan().method("no/such.py:Guide")
    with pytest.raises(InputError, match=r"say which object in it, 'mine\.py:Name'"):
        registry.scan().method("mine.py")


def test_a_file_without_the_name_of_an_object_is_not_run(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("raise RuntimeError")
    for name in ("", " ", "a b", "0"):
        with pytest.raises(
            InputError, match=r"names no object in .*mine\.py: give '.*mine\.py:Name'"
        ):
            registry.scan().method(f"{file}:{name}")


# --- metrics ----------------------------------------------------------------------------------


@pytest.fixture
def judges(world: World) -> World:
    world.file("metrics/toy.py", METRIC + "METRICS = (Rate(), Mean())")
    return world


def test_metrics_and_their_definitions(judges: World) -> None:
    assert list(registry.scan().metrics()) == ["toy"]
    assert len(registry.scan().metrics()["toy"]) == 2
    assert list(registry.scan().definitions()) == ["clip/toy", "nude/toy@0.25", "nude/toy@0.7"]
    definition, metric = registry.scan().definition("nude/toy@0.7")
    assert (definition.threshold, definition.measure) == (0.7, "nude/toy")
    assert definition in metric.definitions


@pytest.mark.parametrize(
    ("name", "canonical", "threshold"),
    [
        ("nude/toy@0.5", "nude/toy@0.5", 0.5),
        ("nude/toy@.50", "nude/toy@0.5", 0.5),
        ("nude/toy@0.70", "nude/toy@0.7", 0.7),
    ],
)
def test_a_rate_answers_to_other_thresholds(
    judges: World, name: str, canonical: str, threshold: float
) -> None:
    definition, metric = registry.scan().definition(name)
    assert (definition.name, definition.threshold) == (canonical, threshold)
    assert type(metric).__name__ == "Rate"


@pytest.mark.parametrize(
    "name", ["clip/toy@0.5", "nude/toy", "nude/toy@nan", "nude/toy@high", "nude/toy@0_7"]
)
def test_what_is_no_rate_has_no_threshold(judges: World, name: str) -> None:
    with pytest.raises(InputError, match=f"^no metric definition named '{name}'"):
        registry.scan().definition(name)


@pytest.mark.parametrize("threshold", ["1", "1.5", "-1", "-0.001", "7e1", "1e400", "-1e400"])
def test_a_threshold_that_no_score_or_every_score_passes_is_refused(
    judges: World, threshold: str
) -> None:
    with pytest.raises(InputError) as caught:
        registry.scan().definition(f"nude/toy@{threshold}")
    assert str(caught.value) == (
        f"'nude/toy@{threshold}': the scores lie between 0 and 1, so that this rate would be the "
        "same for any images: give a threshold between them, as 'nude/toy@0.25' has"
    )


def test_scores_of_another_range_have_other_thresholds(world: World) -> None:
    world.file("metrics/logit.py", METRIC.replace("0.7", "2.5") + "METRICS = (Rate(),)")
    assert registry.scan().definition("nude/toy@-3")[0].threshold == -3.0
    with pytest.raises(InputError, match=r"^no metric definition named 'nude/toy@1e400'"):
        registry.scan().definition("nude/toy@1e400")


def test_an_unknown_definition_gets_a_suggestion_and_the_broken_ones(judges: World) -> None:
    judges.file("metrics/ruin.py", "1 / 0")
    with pytest.raises(InputError) as caught:
        registry.scan().definition("nude/tony@0.7")
    assert str(caught.value) == (
        "no metric definition named 'nude/tony@0.7'. Did you mean 'nude/toy@0.7'? Available: "
        "clip/toy, nude/toy@0.25, nude/toy@0.7; besides, metrics/ruin.py cannot be used: "
        "ZeroDivisionError: division by zero"
    )
    assert registry.scan().definition("clip/toy")[0].name == "clip/toy"


def test_entry_points_are_metrics_and_clashes_name_both(judges: World) -> None:
    judges.file("site/third_judge.py", METRIC + "both = (Mean, Rate())")
    judges.distribution(
        "third", "[sdd_bench.metrics]\nmine = third_judge:Mean\nmany = third_judge:both\n"
    )
    assert [len(found) for found in registry.scan().metrics().values()] == [2, 1, 2]
    with pytest.raises(InputError) as caught:
        registry.scan().definition("nude/toy@0.7")
    assert str(caught.value) == (
        "the metric definition 'nude/toy@0.7' is defined twice, by metric many and metric toy: "
        "remove one"
    )
    assert registry.scan().definitions() == {}


def test_two_metrics_of_one_name_clash(judges: World) -> None:
    judges.file("site/third_judge.py", METRIC)
    judges.distribution("third", "[sdd_bench.metrics]\ntoy = third_judge:Mean\n")
    assert registry.scan().metrics() == {}
    assert registry.scan().broken() == {
        "metric toy": "the metric 'toy' is defined twice, by metrics/toy.py and entry point 'toy' "
        "of third: remove one"
    }


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("METRICS = ()", "it holds no metric"),
        (
            "METRICS = (3,)",
            f"int {NO_METRIC}",
        ),
        (
            "class Two(Mean):\n    compare = Mean.score\nMETRICS = (Two(),)",
            f"Two {NO_METRIC}",
        ),
        (
            "class No(Mean):\n    definitions = ()\nMETRICS = (No(),)",
            "the definitions of No must be at least one Definition",
        ),
        (
            "class Both(Mean):\n    definitions = define('a/b'), define('a/c')\nMETRICS = (Both,)",
            "the definitions of Both must share one raw score",
        ),
        (
            "class Odd(Mean):\n    definitions = (define('a/b@0.5', 0.7),)\nMETRICS = (Odd(),)",
            "'a/b@0.5' must end in its threshold, 0.7",
        ),
        *(
            (
                f"class Odd(Mean):\n    definitions = (define({name!r}),)\nMETRICS = (Odd(),)",
                f"{name!r} is no name of a definition: give family/instrument, without blanks",
            )
            for name in ("", "a b", "a/\x1b[31m", "a/b\n")
        ),
        *(
            (
                f"class Odd(Mean): definitions = [define('a/b', None, {code})]\nMETRICS = (Odd,)",
                f"the tolerance of 'a/b' must be 0 or more and finite, not {shown}",
            )
            for code, shown in (("-0.1", "-0.1"), ("1e999", "inf"), ("1e999 * 0", "nan"))
        ),
    ],
)
def test_a_useless_metric_is_named_with_its_cause(world: World, code: str, cause: str) -> None:
    world.file("metrics/toy.py", METRIC + code)
    assert registry.scan().broken() == {"metric toy": f"metrics/toy.py cannot be used: {cause}"}


def test_select_keeps_the_order_and_takes_paths(judges: World) -> None:
    path = judges.file("mine.py", METRIC.replace("/toy", "/mine"))
    chosen = registry.scan().select(["nude/toy@0.5", f"{path}:Rate", "clip/toy"])
    assert list(chosen) == ["nude/toy@0.5", "nude/mine@0.7", "nude/mine@0.25", "clip/toy"]
    assert all(name == definition.name for name, (definition, _) in chosen.items())


def test_every_shipped_plugin_can_be_used() -> None:
    assert registry.scan().broken() == {}


def test_the_registry_does_not_import_torch() -> None:
    code = "import sys, sdd_bench.registry; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
