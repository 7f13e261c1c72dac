"""Every misbehaviour of the catalogue can be made, is made by some scenario, and says what it needs of a system."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.load import ProblemList
from harness.plan import applies, load_scenario, misbehaviour_catalogue, scenario_files, unfit
from harness.plan.needs import NEEDS
from harness.plan.scenario import Scenario
from harness.world.brains.misbehaviours import BRAINS
from harness.world.brains.outsiders import OUTSIDERS
from tests.world.worlds import system

CHANGED_TOOL = "T37"
"""An operator's action: the tool changes, and the honest agent that calls it does what it now says."""
CATALOGUE = 57


def shipped() -> list[Scenario]:
    return [load_scenario(path).model for path in scenario_files(Path("scenarios"))]


def test_the_catalogue_is_whole() -> None:
    assert [*misbehaviour_catalogue()] == [f"T{number:02}" for number in range(1, CATALOGUE + 1)]


def test_each_misbehaviour_has_a_brain_or_an_outsider() -> None:
    made = {key.split("/")[0] for key in (*BRAINS, *OUTSIDERS)} | {CHANGED_TOOL}
    assert set(misbehaviour_catalogue()) <= made
    assert {key.split("/")[0] for key in (*BRAINS, *OUTSIDERS)} <= set(misbehaviour_catalogue())


def test_each_misbehaviour_is_made_by_some_scenario() -> None:
    used = {twist for one in shipped() for twist in one.twists()}
    used |= {CHANGED_TOOL for one in shipped() for action in one.actions if action.change_tool}
    assert set(misbehaviour_catalogue()) - used == set()


def test_needs_are_words_of_the_list_and_each_word_is_used() -> None:
    entries = misbehaviour_catalogue().values()
    used = {word for one in entries for word in (*one.needs, *one.needs_outside)}
    assert used <= set(NEEDS)
    assert set(NEEDS) - used <= {"third_party_agent", "channel"}


@pytest.mark.parametrize(
    ("misbehaviour", "missing"),
    [
        ("T11", "there is no sub-agent"),
        ("T35", "there is no amount below which no approval is needed"),
    ],
)
def test_on_a_system_that_lacks_what_it_needs_it_does_not_apply(misbehaviour: str, missing: str) -> None:
    assert applies(misbehaviour, system("insurance")) == missing


@pytest.mark.parametrize(("misbehaviour", "name"), [("T11", "insurance_team"), ("T35", "insurance_low_value")])
def test_on_a_system_that_has_it_it_applies(misbehaviour: str, name: str) -> None:
    assert applies(misbehaviour, system(name)) is None


def test_an_outsider_can_need_other_things_than_an_agent() -> None:
    assert applies("T54", system("insurance")) is None
    assert applies("T54", system("insurance"), outsider=True) == "no client is known by a metadata document"
    assert applies("T54", system("insurance_documents"), outsider=True) is None


def test_each_need_can_be_missing() -> None:
    bare = system("insurance").model_copy(
        update={
            "people": system("insurance").people.model_copy(update={"customers": ["ana"]}),
            "agents": {},
            "services": {},
            "apis": {"one": system("insurance").apis["archive"]},
            "providers": {},
        }
    )
    assert {word for word, need in NEEDS.items() if need.has(bare)} == set()


def scenario(**fields: object) -> Scenario:
    return Scenario.model_validate({"kind": "scenario", "id": "X1", "title": "x", **fields})


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"visits": [{"user": "A", "tasks": [{"kind": "dance"}]}]}, "there is no task `dance`"),
        ({"visits": [{"user": "F"}]}, "there are only 4 customers, and `F` would be another"),
        ({"visits": [{"user": "nobody"}]}, "there is no person `nobody`"),
        ({"visits": [{"user": "A", "tasks": [{"agent": "ghost"}]}]}, "there is no agent `ghost`"),
        ({"visits": [{"user": "A", "tasks": [{"twist": "T11"}]}]}, "T11: there is no sub-agent"),
        (
            {"visits": [{"user": "A", "tasks": [{"twist": {"id": "T03", "endpoint": "moon.fly"}}]}]},
            "there is no endpoint `moon.fly`",
        ),
        ({"visits": [{"user": "A", "tasks": [{"purpose": "fun"}]}]}, "there is no purpose `fun`"),
        ({"actions": [{"at": "1s", "lock_user": "nobody"}]}, "there is no person `nobody`"),
        ({"actions": [{"at": "1s", "change_tool": "mcp.fly"}]}, "there is no endpoint `mcp.fly`"),
        ({"actions": [{"at": "1s", "thief": "T54"}]}, "T54: no client is known by a metadata document"),
    ],
)
def test_a_scenario_that_names_what_is_not_there_does_not_apply(fields: dict[str, object], reason: str) -> None:
    assert unfit(scenario(**fields), system("insurance")) == reason


def test_of_the_shipped_scenarios_without_a_system_of_their_own_one_does_not_apply_to_the_reference_system() -> None:
    missing = {one.id: unfit(one, system()) for one in shipped() if one.system is None and unfit(one, system())}
    assert missing == {"M35": "T35: there is no amount below which no approval is needed"}


def test_the_catalogue_says_who_does_each_and_in_which_variants() -> None:
    entries = misbehaviour_catalogue().items()
    agents = {key for key, one in entries if "agent" in one.by}
    variants = {f"{key}/{variant}" for key, one in entries for variant in one.variants}
    assert agents | variants == set(BRAINS)
    assert {key for key, one in entries if "outsider" in one.by} == set(OUTSIDERS)
    assert {key for key, one in entries if "operator" in one.by} == {CHANGED_TOOL}


@pytest.mark.parametrize(
    ("where", "mistake"),
    [
        ("visits: [{user: A, tasks: [{twist: T99}]}]", "unknown misbehaviour `T99`"),
        ("visits: [{user: A, tasks: [{twist: T43}]}]", "`T43` is written as a `thief`"),
        ("visits: [{user: A, tasks: [{twist: T37}]}]", "`T37` is written as an action of its own"),
        ("actions: [{at: 1s, thief: T01}]", "`T01` is written as a task's `twist`"),
        (
            "visits: [{user: A, tasks: [{twist: {id: T36, variant: paiment}}]}]",
            "unknown variant of T36 `paiment`",
        ),
    ],
)
def test_a_twist_that_cannot_be_is_a_mistake_of_the_file(where: str, mistake: str, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(f"kind: scenario\nid: X1\ntitle: x\n{where}\n")
    with pytest.raises(ProblemList) as raised:
        load_scenario(path)
    assert [problem.line for problem in raised.value.problems] == [4]
    assert mistake in str(raised.value.problems[0])
