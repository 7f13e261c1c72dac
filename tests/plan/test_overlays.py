"""Designs and variants of a scenario file: what they change, and their mistakes at the place where they stand."""

from pathlib import Path

import pytest

from harness.load import ProblemList
from harness.plan import load_scenario
from harness.plan.designs import design_of, variant_of

SYSTEM = Path("scenarios/systems/insurance.yaml").resolve()
TEXT = f"""\
kind: scenario
id: X1
title: A file with designs
system: {SYSTEM}
visits: [{{user: A, tasks: [{{kind: read}}]}}]
designs:
  one: %s
variants:
  other: %s
"""


def written(folder: Path, *, design: str = "{}", variant: str = "{visits: []}") -> Path:
    path = folder / "x1.yaml"
    path.write_text(TEXT % (design, variant))
    return path


@pytest.mark.parametrize(
    ("design", "mistake"),
    [
        ("{contols: {K04: on}}", ":7:9: unknown key `contols`; did you mean `controls`?"),
        ("{controls: {K04: {operatons: [read]}}}", ":7:26: unknown key `operatons`; did you mean `operations`?"),
        ("{controls: {K04: {outside: [polices]}}}", ":7:36: unknown place `polices`; did you mean `policies`?"),
        ("{controls: {K04: {operations: [reed]}}}", ":7:39: unknown operation `reed`; did you mean `read`?"),
        ("{controls: {K16: {operations: [logn]}}}", ":7:39: unknown operation `logn`; did you mean `login`?"),
        ("{controls: {K17: {causes: [user_disable]}}}", ":7:35: unknown cause `user_disable`; did you mean"),
        ("{controls: {K04: {lifetime: 5m}}}", ":7:26: `lifetime` means nothing for K04; keys here: `on`, `at`"),
        ("{providers: {}}", ":7:8: unknown provider `acme_llm`"),
    ],
)
def test_a_mistake_in_a_design_is_told_where_the_design_stands(tmp_path: Path, design: str, mistake: str) -> None:
    path = written(tmp_path, design=design)
    with pytest.raises(ProblemList) as error:
        design_of(load_scenario(path).model, "one")
    assert f"{path}{mistake}" in str(error.value)


@pytest.mark.parametrize(
    ("variant", "mistake"),
    [
        ("{visit: []}", ":9:11: unknown key `visit`; did you mean `visits`?"),
        ("{visits: [{user: A, tasks: [{kind: read, twist: T99}]}]}", ":9:58: unknown misbehaviour `T99`"),
    ],
)
def test_a_mistake_in_a_variant_is_told_where_the_variant_stands(tmp_path: Path, variant: str, mistake: str) -> None:
    path = written(tmp_path, variant=variant)
    with pytest.raises(ProblemList) as error:
        variant_of(load_scenario(path).model, "other")
    assert f"{path}{mistake}" in str(error.value)


def test_a_design_and_a_variant_change_what_they_write_and_nothing_else(tmp_path: Path) -> None:
    scenario = load_scenario(written(tmp_path, design="{controls: {K04: {operations: [read]}}}")).model
    system, changed = design_of(scenario, "one"), variant_of(scenario, "other")
    assert system.controls["K04"].operations == ["read"]
    assert system.controls["K05"] == design_of(scenario, None).controls["K05"]
    assert (changed.visits, changed.title, changed.path) == ([], scenario.title, scenario.path)
