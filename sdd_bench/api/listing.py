"""What there is: methods, metrics, suites, models, concepts, and what this machine lacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from .results import Result

if TYPE_CHECKING:
    import pandas as pd

    from sdd_bench.types import AnyAttack, Method


def list_attacks() -> pd.DataFrame:
    """Every usable attack: name, its budgets, description."""
    return _frame(rows("attacks"))


def list_methods() -> pd.DataFrame:
    """Every usable method: name, concepts, whether it is trained, or edited, description."""
    return _frame(rows("methods"))


def list_metrics() -> pd.DataFrame:
    """Every usable definition: name, which way is better, the gate's tolerance, unit, source."""
    return _frame(rows("metrics"))


def list_suites() -> pd.DataFrame:
    """Every suite that has a name: images per prompt, what its groups are, description, source."""
    return _frame(rows("suites"))


def list_models() -> pd.DataFrame:
    """Every model that has a name: where it comes from, and the definitions it is scored with."""
    return _frame(rows("models"))


def list_concepts() -> pd.DataFrame:
    """Every set of concepts: how many, which, description."""
    return _frame(rows("concepts"))


def rows(kind: str) -> list[dict[str, object]]:
    """What the function of that kind returns, without pandas, whose import takes a moment."""
    return _ROWS[kind]()


def followers(beginning: str) -> list[dict[str, object]]:
    """The rows of methods that may come behind `beginning` and a plus, by the names that the
    combination has there: `sdd+neg`. Raises InputError for a beginning that is none.
    """
    from sdd_bench import registry
    from sdd_bench.benchmark import combination
    from sdd_bench.errors import InputError

    plugins = registry.scan()
    before = [(part, plugins.method(part.name)) for part in combination.parts(beginning)]
    found = []
    for row in rows("methods"):
        name = str(row["name"])
        longer = f"{beginning}+{combination.label(name)}"
        try:
            combination.parts(longer)
            combination.check(
                longer, [*before, (combination.Part(name=name), plugins.method(name))]
            )
        except InputError:
            continue
        found.append({**row, "name": longer})
    return found


def broken_plugins() -> Mapping[str, str]:
    """Plugins that cannot be used, and why: one sentence each."""
    from sdd_bench import registry

    return registry.scan().broken()


def diagnose(results: str | Path = "results", device: str | None = None) -> Result:
    """What would fail on this machine and what to do about it; no network is needed.

    With a device (cpu, cuda, cuda:N) the miniature is drawn and trained there too, and compared
    with what the CPU makes. Columns: state (right, note, wrong), what, found, remedy.
    """
    from sdd_bench import doctor
    from sdd_bench.benchmark import trial
    from sdd_bench.formats.page import Page

    diagnoses = doctor.examine(Path(results))
    # What fails everywhere would fail there too, and be taken for the device's fault.
    if device is not None and all(each.state != "wrong" for each in diagnoses):
        diagnoses += trial.examine(device)
    wrong = [each.what for each in diagnoses if each.state == "wrong"]
    title = f"the miniature would not work here: {', '.join(wrong)}" if wrong else ""
    return Result(
        pages=(
            Page(
                title=title or "The miniature works here.",
                header=["", "what", "found", "what to do"],
                rows=[
                    [doctor.SIGNS[each.state], each.what, each.found, each.remedy]
                    for each in diagnoses
                ],
                tidy=_frame([asdict(each) for each in diagnoses]),
            ),
        )
    )


def _frame(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows)


def _summary(plugin: Method | AnyAttack) -> str:
    return (type(plugin).__doc__ or "").strip().partition("\n")[0]


def _attacks() -> list[dict[str, object]]:
    from sdd_bench import registry
    from sdd_bench.types import AttackOnMethod

    plugins = registry.scan()
    attacks = {name: plugins.attack(name) for name in plugins.attacks()}
    return [
        {
            "name": name,
            "sees": "method" if isinstance(attack, AttackOnMethod) else "text encoder",
            "recipes": ", ".join(attack.recipes),
            "description": _summary(attack),
        }
        for name, attack in attacks.items()
    ]


def _methods() -> list[dict[str, object]]:
    from sdd_bench import registry
    from sdd_bench.types import Edited, Trained

    plugins = registry.scan()
    methods = {name: plugins.method(name) for name in plugins.methods()}
    return [
        {
            "name": name,
            "concepts": ", ".join(method.concepts),
            "trained": isinstance(method, Trained),
            "edited": isinstance(method, Edited),
            "description": _summary(method),
        }
        for name, method in methods.items()
    ]


def _metrics() -> list[dict[str, object]]:
    from sdd_bench import registry

    return [
        {
            "name": name,
            "better": item.better,
            "tolerance": item.tolerance,
            "unit": item.unit,
            "description": item.source,
        }
        for name, (item, _) in registry.scan().definitions().items()
    ]


def _suites() -> list[dict[str, object]]:
    from sdd_bench.suites import catalog

    return [
        {
            "name": name,
            "images_per_prompt": entry.images_per_prompt,
            "group": entry.group,
            "description": entry.description,
            "source": entry.source,
        }
        for name, entry in catalog.catalog().items()
    ]


def _models() -> list[dict[str, object]]:
    from sdd_bench import models

    return [
        {
            "name": name,
            "description": f"from {spec.source}",
            "metrics": ", ".join(spec.definitions),
        }
        for name, spec in models.SPECS.items()
    ]


def _concepts() -> list[dict[str, object]]:
    from sdd_bench.suites import concepts

    return [
        {
            "name": name,
            "description": each.description,
            "concepts": ", ".join(each.concepts),
        }
        for name, each in concepts.catalog().items()
    ]


_ROWS: Mapping[str, Callable[[], list[dict[str, object]]]] = {
    "attacks": _attacks,
    "concepts": _concepts,
    "methods": _methods,
    "metrics": _metrics,
    "models": _models,
    "suites": _suites,
}
