"""Duties of operators and people, deeds that go wrong, and what a design insists on: verdicts, with K32 and without."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.load import ProblemList
from harness.plan.steps import step_twists
from harness.report.result import RequirementVerdict
from harness.search.explore import first_world
from harness.suite import load_project, run_single, run_suite
from harness.suite.guards import guards
from harness.suite.step_scenarios import step_scenarios
from harness.suite.untried import untried
from harness.trace import Event

ROOT = Path(__file__).parents[2]
INSURANCE = ROOT / "scenarios/systems/insurance.yaml"
SHIPPED = "scenarios/further/operators.yaml"
PAYOUT = "every: operation.completed\n    where: type is claim_payout"
EVENTS = """  ticket.opened: {fields: {tier: number}, emitted_by: operator}
  report.made: {emitted_by: operator}
  change.approved: {fields: {approver: id}, emitted_by: operator}
  claim.reviewed: {fields: {operation: id, outcome: [approve, reject]}, emitted_by: claims_handler}
  payee.confirmed: {fields: {payee: id}, emitted_by: customer}
  receipt.sent: {fields: {operation: id}, emitted_by: insurance_agent}
  fraud.reported: {emitted_by: claims_handler}
  mandate.signed: {emitted_by: customer}
  mandate.ended: {emitted_by: customer}
  config.changed: {emitted_by: operator}
  data.erased: {emitted_by: portal}
  alert.sent: {emitted_by: operator}
"""

CASES = {
    "ticket": ("every: agent.disabled\n    needs_earlier: ticket.opened\n    same: [agent]\n    within: 8h",
               "procedures: {agent.disabled: {requires: [ticket.opened]}}",
               {"left_out.ticket.opened", "late.ticket.opened", "for_another.ticket.opened"}),
    "report": ("every: agent.disabled\n    leads_to: report.made\n    same: [agent]\n    within: 24h",
               "procedures: {agent.disabled: {ensures: {report.made: 12h}}}",
               {"left_out.report.made", "late.report.made"}),
    "four_eyes": ("every: agent.enabled\n    needs_earlier: change.approved\n    same: [agent]\n"
                  "    at_least: 2\n    distinct: approver",
                  "procedures: {agent.enabled: {requires: [change.approved]}}",
                  {"left_out.change.approved", "for_another.change.approved", "too_few.change.approved"}),
    "separate": ("every: config.changed\n    needs_earlier: change.approved\n    compare: actor is not earlier.approver",
                 "procedures: {config.changed: {requires: [change.approved]}}",
                 {"left_out.change.approved", "too_few.change.approved"}),
    "refusals": ("every: request.denied\n    leads_to: alert.sent\n    same: [agent]\n    within: 1h",
                 "procedures: {request.denied: {ensures: {alert.sent: 30m}}}",
                 {"left_out.alert.sent", "late.alert.sent"}),
    "reviewed": (f"{PAYOUT}\n    needs_earlier: claim.reviewed\n    earlier_where: outcome is approve\n    same: [operation]",
                 "apis: {payments: {endpoints: {pay: {requires: [claim.reviewed]}}}}",
                 {"left_out.claim.reviewed", "otherwise.claim.reviewed", "for_another.claim.reviewed"}),
    "letters": ("every: operation.completed\n    where: type is write_letter\n    needs_earlier: claim.reviewed\n"
                "    same: [operation]",
                "apis: {documents: {endpoints: {create: {requires: [claim.reviewed]}}}}",
                {"left_out.claim.reviewed", "for_another.claim.reviewed"}),
    "payee": (f"{PAYOUT}\n    needs_earlier: payee.confirmed\n    same: [user, payee]\n    use_once: true",
              "apis: {payments: {endpoints: {pay: {requires: [payee.confirmed]}}}}",
              {"left_out.payee.confirmed", "for_another.payee.confirmed"}),
    "receipts": (f"{PAYOUT} and agent is known\n    leads_to: receipt.sent\n    same: [operation]\n    within: 5m",
                 "apis: {payments: {endpoints: {pay: {ensures: {receipt.sent: 2m}}}}}",
                 {"left_out.receipt.sent", "late.receipt.sent"}),
    "frozen": ("after: fraud.reported\n    never: operation.completed\n    where: type is claim_payout\n"
               "    same: [user]\n    for: 72h",
               "apis: {payments: {endpoints: {pay: {refuses_after: [fraud.reported]}}}}",
               {"despite.fraud.reported"}),
    "mandate": (f"{PAYOUT}\n    needs_earlier: mandate.signed\n    same: [user]\n    unless_since: mandate.ended",
                "apis: {payments: {endpoints: {pay: {requires: [mandate.signed]}}}}",
                {"left_out.mandate.signed", "for_another.mandate.signed", "despite.mandate.ended"}),
    "assessed": ("every: llm.received\n    where: provider is acme_llm\n    needs_earlier: claim.reviewed\n    same: [task]",
                 "apis: {llm_gateway: {endpoints: {complete: {requires: [claim.reviewed]}}}}",
                 {"left_out.claim.reviewed"}),
}  # fmt: skip


def project(folder: Path, rule: str, design: str = "", events: str = EVENTS) -> str:
    """A requirements file with one rule `r`, on the insurer with more in it."""
    (folder / "system.yaml").write_text(f"kind: system\nname: more\nbased_on: {INSURANCE}\n{design}\n")
    path = folder / "requirements.yaml"
    values = "values: {type: [claim_payout, write_letter]}\n"
    path.write_text(f"system: system.yaml\n{values}events:\n{events}requirements:\n  - id: r\n    {rule}\n")
    return str(path)


def verdict(path: str, *, without: tuple[str, ...] = ()) -> RequirementVerdict:
    (system,) = run_suite(path, without=without).systems
    assert not system.failures, system.failures
    return system.verdicts[0]


# ---------------------------------------------------------------- insisted on, and not


@pytest.mark.parametrize("case", CASES)
def test_a_duty_is_kept_where_the_design_insists_on_it_and_broken_where_not(case: str, tmp_path: Path) -> None:
    rule, design, twists = CASES[case]
    path = project(tmp_path, rule, design)
    held = verdict(path)
    assert (held.verdict, held.reason) == ("held", None), held.scenarios
    assert set(held.stopped_by) == {"K32"}
    assert held.exercised > 0
    assert {one.scenario for one in held.scenarios if one.challenged} == twists
    broken = verdict(path, without=("K32",))
    assert broken.verdict == "violated"
    assert {one.scenario for one in broken.scenarios if one.violations} == twists
    assert guards(path, "r", scenarios=twists, stopped_by=held.stopped_by) == ["K32"]


def test_the_shipped_procedures_are_kept_by_what_the_system_insists_on() -> None:
    for without, expected in (((), "held"), (("K32",), "violated")):
        (system,) = run_suite(SHIPPED, without=without).systems
        assert {one.verdict for one in system.verdicts} == {expected}
        assert system.benign.completed == system.benign.tasks
        assert system.benign.refused_calls == 0


def test_only_what_has_a_twist_breaks_a_rule() -> None:
    for step in ("left_out.change.approved", "late.ticket.opened", "despite.fraud.suspected"):
        one = run_single(step, requirements_path=SHIPPED, without=("K32",))
        events = {event.id: event for event in one.trace.events}
        broken = [events[v.events[-1]] for run in one.verdicts.values() for v in run.violations]
        assert broken
        assert all(event.cause is not None and event.cause.twist == step for event in broken)


# ---------------------------------------------------------------- a design that looks at less


@pytest.mark.parametrize(
    ("asked", "case", "passes"),
    [
        ("{step: claim.reviewed, outcome: any}", "reviewed", {"otherwise.claim.reviewed"}),
        ("{step: claim.reviewed, same: [task]}", "reviewed", {"for_another.claim.reviewed"}),
        ("{step: ticket.opened, within: 30d}", "ticket", {"late.ticket.opened"}),
        ("{step: change.approved, at_least: 1}", "four_eyes", {"too_few.change.approved"}),
    ],
)
def test_evidence_of_less_lets_through_what_it_does_not_look_at(asked: str, case: str, passes: set[str], tmp_path: Path) -> None:
    rule, design, _ = CASES[case]
    name = asked.split("step: ")[1].split(",")[0]
    found = verdict(project(tmp_path, rule, design.replace(f"[{name}]", f"[{asked}]")))
    assert found.verdict == "violated"
    assert {one.scenario for one in found.scenarios if one.violations} == passes


def test_what_is_made_good_too_late_is_too_late(tmp_path: Path) -> None:
    rule, design, twists = CASES["report"]
    found = verdict(project(tmp_path, rule, design.replace("12h", "25h")))
    assert {one.scenario for one in found.scenarios if one.violations} == twists


def test_a_refused_call_says_so_and_a_refused_deed_does_nothing(tmp_path: Path) -> None:
    def events(case: str, scenario: str, kind: str) -> list[Event]:
        folder = tmp_path / case
        folder.mkdir()
        path = project(folder, *CASES[case][:2])
        return [event for event in run_single(scenario, requirements_path=path).trace.events if event.kind == kind]

    denied = events("reviewed", "left_out.claim.reviewed", "request.denied")
    assert [(event.own["reason"], event.request and event.request.route.endpoint) for event in denied] == [
        ("policy", "payments.pay")
    ]
    enabled = events("four_eyes", "left_out.change.approved", "agent.enabled")
    assert [event.attempt is not None for event in enabled] == [True, False, False, False], "refused, then as it should be"


# ---------------------------------------------------------------- deeds and known events


@pytest.mark.parametrize(
    ("rule", "expected", "scenario"),
    [
        ("after: user.disabled\n    delay: 10s\n    never: request.allowed\n    same: [user]\n    until: user.enabled",
         "held", "despite.user.disabled"),
        ("after: token.revoked\n    delay: 10s\n    never: data.accessed\n    same: [task]", "held", "despite.token.revoked"),
        ("at_most: 2\n    of: agent.disabled\n    per: [agent]\n    window: 1d", "violated", "repeated.agent.disabled"),
        ("every: consent.withdrawn\n    leads_to: data.erased\n    same: [user=owner]\n    within: 30d",
         "held", "left_out.data.erased"),
        ("every: task.halted\n    leads_to: data.erased\n    same: [user]\n    within: 1m", "held", "left_out.data.erased"),
        ("every: user.disabled\n    leads_to: alert.sent\n    same: [user]\n    within: 1h", "violated", "late.alert.sent"),
    ],
)  # fmt: skip
def test_what_operators_and_people_do_is_put_to_the_test(rule: str, expected: str, scenario: str, tmp_path: Path) -> None:
    found = verdict(project(tmp_path, rule))
    assert found.verdict == expected, (found.reason, found.scenarios)
    assert scenario in {one.scenario for one in found.scenarios if one.challenged or one.violations}
    assert found.exercised > 0


def test_a_deed_that_a_scenario_does_needs_none_of_its_own(tmp_path: Path) -> None:
    path = project(tmp_path, "after: user.disabled\n    never: request.allowed\n    same: [user]")
    design = load_project(path, scenarios=()).designs[0]
    assert step_twists(design.system) == ("despite.user.disabled",)
    (made,) = step_scenarios([design.system])
    assert step_scenarios([design.system], [made]) == ()


def test_where_no_rule_ties_a_step_it_belongs_to_whom_the_deed_is_about(tmp_path: Path) -> None:
    places = "procedures: {agent.disabled: {requires: [ticket.opened]}, user.disabled: {requires: [ticket.opened]}}"
    path = project(tmp_path, CASES["ticket"][0], places)
    design = load_project(path, scenarios=()).designs[0]
    asks = first_world(design.system, design.controls).design.schedule.asks
    ties = {place: [tie.same for ask in found for tie in ask.ties] for place, found in asks.items()}
    assert ties == {"agent.disabled": [(("agent", "agent"),)], "user.disabled": [(("user", "user"),)]}


def test_the_requirements_that_are_shipped_get_no_further_scenarios() -> None:
    assert [one.id for one in load_project("requirements.yaml").scenarios if "." in one.id] == []


# ---------------------------------------------------------------- mistakes and warnings


@pytest.mark.parametrize(
    ("design", "message"),
    [
        ("procedures: {agent.enabled: {requires: [change.aproved]}}",
         "4:41: unknown event `change.aproved`; did you mean `change.approved`?"),
        ("procedures: {agent.disabled: {ensures: {some.thing: 1h}}}",
         "4:41: unknown event `some.thing`; declare it below `events:` of the requirements file, with what it is `emitted_by`"),
        ("procedures: {agent.enabld: {requires: [change.approved]}}",
         "4:14: unknown event `agent.enabld`; did you mean `agent.enabled`?"),
        ("procedures: {agent.enabled: {requires: [{step: change.approved, same: [agnt]}]}}",
         "4:72: `change.approved` has no field `agnt`; did you mean `agent`?"),
        ("apis: {a2a: {endpoints: {message: {requires: [change.approved]}}}}",
         "4:35: nothing is insisted on where an agent gets its message; say it at the endpoints that the agent calls"),
    ],
)  # fmt: skip
def test_a_mistake_in_what_is_insisted_on_is_told_at_its_place(design: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ProblemList) as found:
        load_project(project(tmp_path, CASES["four_eyes"][0], design))
    assert [str(one) for one in found.value.problems] == [f"{tmp_path}/system.yaml:{message}"]


def test_what_a_person_is_free_to_do_cannot_be_refused(tmp_path: Path) -> None:
    design = "procedures: {consent.withdrawn: {requires: [change.approved]}}"
    with pytest.raises(ProblemList, match=r"`consent\.withdrawn` cannot be refused here"):
        load_project(project(tmp_path, CASES["four_eyes"][0], design))


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ("  token.issued: {emitted_by: home}\n", "`token.issued` happens in this system by itself"),
        ("  alert.sent: {emitted_by: operator, text: x}\n", "`alert.sent` is known already; who emits it is all that a file can"),
    ],
)
def test_a_known_event_gets_an_emitter_and_nothing_else(events: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ProblemList, match=message):
        load_project(project(tmp_path, "never: task.halted", events=events))


@pytest.mark.parametrize(
    ("rule", "design", "warned"),
    [
        (CASES["four_eyes"][0], "people: {administrators: [admin]}",
         "r: `change.approved` takes 2 different people, and only 1 in the system can do it; add people who can, below `people`"),
        ("every: mandate.signed\n    leads_to: task.ended\n    same: [task]\n    within: 5m", "",
         "r: no misbehaviour about `mandate.signed` comes of this: only scenarios of your own can challenge it; "
         "`harness explain r` shows which do"),
        (CASES["four_eyes"][0], "", None),
        ("never: data.accessed\n    where: owner is missing", "", None),
    ],
)  # fmt: skip
def test_a_rule_that_nothing_goes_against_or_nobody_can_keep_is_warned_of(
    rule: str, design: str, warned: str | None, tmp_path: Path
) -> None:
    one = load_project(project(tmp_path, rule, design), scenarios=()).designs[0]
    found = [str(problem).split("warning: ")[1] for problem in untried(one.system, one.requirements)]
    assert found == ([warned] if warned is not None else [])
