"""Events that a requirements file declares: the world emits them, misbehaviours leave them out, rules get their verdicts."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from harness.judge import Judge
from harness.plan import Controls, System, load_system, words
from harness.plan.starter import EXAMPLE, starter_project
from harness.plan.steps import emitter, step_twists, steps_of
from harness.report.result import RequirementVerdict
from harness.requirements import read_requirements, vocabulary_of
from harness.suite import load_project, run_single, run_suite, scenario_named
from harness.suite.kept import KeptRuns
from harness.suite.untried import untried
from harness.trace import Event, Trace, read_trace, write_trace
from harness.world import simulate
from harness.world.mechanics.state import World
from tests.small_project import Project
from tests.world import worlds

ROOT = Path(__file__).parents[2]
INSURANCE = ROOT / "scenarios/systems/insurance.yaml"
SHIPPED = "scenarios/further/steps.yaml"
PAYOUT = "every: operation.completed\n    where: type is claim_payout"


def project(folder: Path, events: str, *rules: str, system: str | Path = INSURANCE) -> str:
    """A requirements file on a system, with rules named `r0`, `r1`, …; no scenarios but those made from the events."""
    listed = "".join(f"  - id: r{number}\n    {rule}\n" for number, rule in enumerate(rules))
    path = folder / "requirements.yaml"
    path.write_text(f"system: {system}\nevents:\n{events}\nrequirements:\n{listed}")
    return str(path)


def verdicts(path: str) -> dict[str, RequirementVerdict]:
    (system,) = run_suite(path).systems
    assert not system.failures, system.failures
    return {one.requirement: one for one in system.verdicts}


def trace_of(path: str, scenario: str, seed: int = 0) -> Trace:
    return run_single(scenario, requirements_path=path, seed=seed).trace


def own(trace: Trace, kind: str) -> list[Event]:
    return [event for event in trace.events if event.kind == kind]


# ---------------------------------------------------------------- verdicts


def test_what_an_api_does_by_itself_is_kept_and_what_an_agent_does_can_be_left_out() -> None:
    found = verdicts(SHIPPED)
    assert {key: one.verdict for key, one in found.items()} == {
        "screened": "held", "reviewed": "violated", "receipts": "violated",
    }  # fmt: skip
    screened = {one.scenario: one.verdict for one in found["screened"].scenarios if one.challenged or one.violations}
    assert {"left_out.sanctions.screened", "otherwise.sanctions.screened"} <= screened.keys()
    assert set(screened.values()) == {"held"}
    assert found["screened"].exercised > 10, "honest payouts were screened"
    broken = {key: {one.scenario for one in verdict.scenarios if one.violations} for key, verdict in found.items()}
    assert broken["reviewed"] == {"left_out.claim.reviewed", "otherwise.claim.reviewed", "for_another.claim.reviewed"}
    assert broken["receipts"] == {"left_out.receipt.sent", "late.receipt.sent"}


def test_a_step_is_safe_in_the_api_and_not_as_a_call_that_the_agent_has_to_make(tmp_path: Path) -> None:
    event = "  sanctions.screened: {fields: {payee: id}, emitted_by: payments.screen}"
    rule = f"{PAYOUT}\n    needs_earlier: sanctions.screened\n    same: [payee]"
    assert verdicts(project(tmp_path, event, rule))["r0"].verdict == "held"
    calls = tmp_path / "calls.yaml"
    calls.write_text(
        f"kind: system\nname: calls\nbased_on: {INSURANCE}\n"
        "apis: {payments: {endpoints: {screen: {scope: payments.read}}}}\ntasks: {pay: {reads: [payments.screen]}}\n"
    )
    found = verdicts(path := project(tmp_path, event, rule, system=calls))
    assert found["r0"].verdict == "violated"
    assert found["r0"].exercised >= 1, "honest work makes the call first"
    honest = own(trace_of(path, "left_out.sanctions.screened"), "sanctions.screened")
    assert {event.own["payee"] for event in honest} == {"garage"}
    assert {event.who.user for event in honest} == {"ben"}, "the call of ana's agent is left out"


@pytest.mark.parametrize(
    ("event", "rule", "verdict"),
    [
        ("{emitted_by: portal}", "every: data.accessed\n    where: agent is known and user is known\n"
         "    needs_earlier: x.done\n    same: [user]", "held"),
        ("{emitted_by: acme_llm}", "every: llm.received\n    where: provider is acme_llm\n"
         "    needs_earlier: x.done\n    same: [task]", "held"),
        ("{emitted_by: acme_llm}", "every: llm.received\n    needs_earlier: x.done\n    same: [task]", "violated"),
        ("{emitted_by: llm_gateway.complete}", "every: llm.received\n    where: provider is acme_llm\n"
         "    leads_to: x.done\n    same: [task]\n    within: 1s", "held"),
        ("{emitted_by: a2a.message}", "every: data.accessed\n    where: agent is insurance_agent\n"
         "    needs_earlier: x.done\n    same: [task]", "not_challenged"),
        ("{emitted_by: home}", "every: token.issued\n    leads_to: x.done\n    within: 1s", "held"),
        ("{fields: {operation: id}, emitted_by: payments}",
         f"{PAYOUT}\n    leads_to: x.done\n    same: [operation]\n    within: 1m", "held"),
        ("{fields: {operation: operation}, emitted_by: payments.release}",
         "every: x.done\n    needs_earlier: approval.granted\n    same: [operation]", "not_challenged"),
        ("{emitted_by: employee}", f"{PAYOUT}\n    needs_earlier: x.done\n    same: [task]", "violated"),
        ("{emitted_by: erik}", f"{PAYOUT}\n    needs_earlier: x.done\n    same: [task]", "violated"),
        ("{emitted_by: customer}", "every: x.done\n    leads_to: task.ended\n    same: [task]\n    within: 5m", "not_challenged"),
        ("{emitted_by: insurance_agent}", "at_most: 3\n    of: x.done\n    per: [task]", "violated"),
        ("{emitted_by: mcp.list_policies}", "at_most: 5\n    of: x.done\n    per: [task]", "violated"),
        ("{fields: {signer: approver}, emitted_by: write_letter}",
         "every: document.created\n    needs_earlier: x.done\n    same: [task]", "held"),
        ("{fields: {sum: number}, emitted_by: insurance_agent}", "never: x.done\n    where: sum > 5", "violated"),
    ],
)  # fmt: skip
def test_any_emitter_is_played(tmp_path: Path, event: str, rule: str, verdict: str) -> None:
    (tmp_path / "scenarios").mkdir()
    shutil.copy(ROOT / "scenarios/honest/h04_approvals_on_the_phone.yaml", tmp_path / "scenarios")
    found = verdicts(project(tmp_path, f"  x.done: {event}", rule))["r0"]
    assert found.verdict == verdict, (found.reason, found.scenarios)
    assert found.exercised > 0


def test_on_a_system_of_another_kind(tmp_path: Path) -> None:
    for name, text in starter_project(EXAMPLE).items():
        if name.startswith("scenarios/systems/"):
            (tmp_path / "system.yaml").write_text(text)
    system = load_system(tmp_path / "system.yaml").model
    agent, api = next(iter(system.agents)), EXAMPLE.name
    needs = "every: data.accessed\n    where: agent is known\n    needs_earlier: file.{}\n    same: [task]"
    events = f"  file.sealed: {{emitted_by: {api}.seal}}\n  file.asked: {{emitted_by: {agent}.ask}}\n"
    found = verdicts(project(tmp_path, events, needs.format("sealed"), needs.format("asked"), system="system.yaml"))
    assert {key: one.verdict for key, one in found.items()} == {"r0": "held", "r1": "violated"}


def test_an_operator_declares_what_follows_a_denial(tmp_path: Path) -> None:
    event = "  incident.declared: {fields: {why: reason}, emitted_by: operator}"
    rule = "every: agent.disabled\n    leads_to: incident.declared\n    same: [agent]\n    within: 1h"
    path = project(tmp_path, event, rule)
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios/s.yaml").write_text(
        "kind: scenario\nid: S\ntitle: x\nactions: [{at: 5s, disable_agent: main}]\nuntil: 10s\n"
    )
    (declared,) = own(trace_of(path, "S"), "incident.declared")
    assert (declared.who.actor, declared.who.actor_type, declared.who.agent) == ("admin", "admin", "insurance_agent")
    assert declared.own == {"why": declared.own["why"]}
    broken = {one.scenario for one in verdicts(path)["r0"].scenarios if one.violations}
    assert broken == {"left_out.incident.declared", "late.incident.declared"}, "nothing sees to it that it is declared"


# ---------------------------------------------------------------- what is written


def test_a_step_knows_what_it_stands_beside() -> None:
    trace = trace_of(SHIPPED, "left_out.sanctions.screened")
    at = {event.id: place for place, event in enumerate(trace.events)}
    paid = [e for e in trace.events if e.kind == "operation.completed" and e.own["type"] == "claim_payout"]
    assert [event.attempt is not None for event in paid] == [True, False, False], "a wish, what was done, an honest payout"
    for event in (one for one in paid if one.attempt is None):
        before = [e for e in trace.events[: at[event.id]] if e.kind == "sanctions.screened" and e.time_ms == event.time_ms]
        assert before[-1].own == {"payee": event.own["payee"], "result": "clear"}
        assert (before[-1].who.actor, before[-1].who.user) == ("payments", event.who.user)
    stopped = next(event for event in paid if event.attempt is not None)
    assert stopped.attempt is not None
    assert (stopped.attempt.stopped_by, stopped.cause and stopped.cause.twist) == (
        ("base",), "left_out.sanctions.screened",
    )  # fmt: skip


def test_where_its_own_step_comes_out_otherwise_an_api_goes_no_further() -> None:
    trace = trace_of(SHIPPED, "otherwise.sanctions.screened")
    hit = next(event for event in trace.events if event.own.get("result") == "hit")
    paid = [e for e in trace.events if e.kind == "operation.completed" and e.who.user == hit.who.user and "payee" in e.own]
    assert paid
    assert all(event.attempt is not None for event in paid if event.own["type"] == "claim_payout")


@pytest.mark.parametrize("scenario", ["H01", "H04", "S25", "S33"])
def test_declaring_events_changes_nothing_else(scenario: str) -> None:
    def shape(trace: Trace) -> list[tuple[object, ...]]:
        standard = [event for event in trace.events if event.kind not in declared]
        return [(e.kind, e.time_ms, e.who, e.attempt, e.cause, e.own.get("record")) for e in standard]

    declared = set(read_requirements(SHIPPED).file.events)
    with_steps = trace_of(SHIPPED, scenario)
    assert shape(with_steps) == shape(worlds.run("insurance", scenario))


def test_a_fork_takes_the_same_steps(tmp_path: Path) -> None:
    design = load_project(SHIPPED, scenarios=()).designs[0]
    world = World(*_parts(design.system, design.controls))
    assert world.fork().beside is world.beside
    assert set(world.beside) == {"operation.completed"}


def _parts(system: System, controls: Controls) -> tuple[Any, Any, Any]:
    """What a World is made of."""
    from harness.world.mechanics.setup import build

    made = build(system, controls, {})
    return made.design, made.servers, made.peps


def test_the_same_seed_gives_the_same_bytes() -> None:
    code = (
        "import io, sys; from harness.suite import run_single; from harness.trace import write_trace\n"
        f"one = run_single('left_out.claim.reviewed', requirements_path={SHIPPED!r}, seed=3); out = io.StringIO()\n"
        "write_trace(one.trace, out, one.design.requirements.vocabulary); sys.stdout.write(out.getvalue())"
    )
    def run(seed: str) -> str:
        environment = os.environ | {"PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
        return done.stdout

    assert run("1") == run("2")


def test_a_written_trace_is_judged_alike() -> None:
    one = run_single("left_out.claim.reviewed", requirements_path=SHIPPED)
    vocabulary = one.design.requirements.vocabulary
    write_trace(one.trace, out := io.StringIO(), vocabulary)
    again = Judge(one.design.requirements, vocabulary).judge(read_trace(out.getvalue().splitlines(), vocabulary))
    counted = [{key: (run.outcome, run.exercised, run.challenged, len(run.violations)) for key, run in found.items()}
               for found in (one.verdicts, again)]  # fmt: skip
    assert counted[0] == counted[1]


# ---------------------------------------------------------------- what is derived


@pytest.mark.parametrize(
    ("name", "sort"),
    [
        ("payments.pay", "endpoint"), ("pay_claim", "endpoint"), ("payments", "api"), ("payments.screen", "api"),
        ("insurance_agent", "agent"), ("insurance_agent.summary", "agent"), ("portal", "service"), ("home", "server"),
        ("acme_llm", "provider"), ("ana", "person"), ("erik.signature", "person"), ("claims_handler", "people"),
        ("customer", "people"), ("admin", "operator"), ("operator", "operator"), ("payments.pai", None),
        ("nobody", None), ("insurance_agnt", None), ("", None), (".", None),
    ],
)  # fmt: skip
def test_what_an_emitter_is_and_a_slip_is_none(name: str, sort: str | None) -> None:
    found = emitter(name, worlds.system())
    assert (found and found.sort) == sort
    reached = found is not None and words(worlds.system()).emits(name)
    assert reached == (found is not None), "the loader and the world mean the same"


def test_each_kind_of_rule_gives_its_own_misbehaviours() -> None:
    design = load_project(SHIPPED, scenarios=()).designs[0]
    assert step_twists(design.system) == (
        "left_out.sanctions.screened", "otherwise.sanctions.screened", "left_out.claim.reviewed",
        "otherwise.claim.reviewed", "for_another.claim.reviewed", "left_out.receipt.sent", "late.receipt.sent",
    )  # fmt: skip
    assert steps_of(worlds.system()) == ()
    assert scenario_named("otherwise.claim.reviewed", SHIPPED).aims == ["reviewed"]


def test_one_requirement_alone_is_run_with_the_same_steps() -> None:
    chosen = load_project(SHIPPED, only=["receipts"], scenarios=()).designs[0]
    whole = load_project(SHIPPED, scenarios=()).designs[0]
    assert steps_of(chosen.system) == steps_of(whole.system)


def test_a_design_without_the_emitter_does_not_do_the_step(tmp_path: Path) -> None:
    event = "  x.done: {emitted_by: payments.screen}"
    path = project(tmp_path, event, f"{PAYOUT}\n    needs_earlier: x.done\n    same: [task]")
    Project(tmp_path / "other", scenarios=())
    other = tmp_path / "other/system.yaml"
    text = other.read_text().replace("action: read, category: file", "action: read, category: file, operation: claim_payout")
    other.write_text(text)
    result = run_suite(path, systems=[INSURANCE, other])
    one, two = result.systems
    assert one.verdicts[0].verdict == "held"
    assert [found.reason for found in two.not_applicable] == ["no step of this kind is done here"]


@pytest.mark.parametrize(
    ("emitted_by", "hint"),
    [
        ("payments.pai", "did you mean `payments.pay`?"),
        ("insurance_agnt", "did you mean `insurance_agent`?"),
        ("payments.limits", "no task of the system comes to `payments.limits`"),
        ("moon", "there is no `moon` in the system"),
        (None, "say who does, as in `emitted_by: payments.pay`"),
    ],
)
def test_what_nothing_emits_is_warned_of_at_the_rule(tmp_path: Path, emitted_by: str | None, hint: str) -> None:
    spec = f"{{emitted_by: {emitted_by}}}" if emitted_by else "{fields: {x: id}}"
    path = project(tmp_path, f"  x.done: {spec}", "never: x.done")
    (warning,) = load_project(path, scenarios=()).designs[0].requirements.warnings
    assert str(warning) == f"{path}:6:12: warning: nothing in the system ever emits `x.done`; {hint}"


def test_an_event_that_is_emitted_is_not_warned_of() -> None:
    assert load_project(SHIPPED, scenarios=()).designs[0].requirements.warnings == ()


SCREENED = "  x.done: {fields: {payee: id, result: [clear, hit]}, emitted_by: payments.screen}"
CLEAR = f"{PAYOUT}\n    needs_earlier: x.done\n    earlier_where: result is clear\n    same: [payee]"
NOT_AFTER_A_HIT = (
    "after: x.done\n    after_where: result is hit\n    never: operation.completed\n"
    "    where: type is claim_payout\n    same: [payee]"
)
ONLY_HITS = (
    "every: operation.completed\n    where: type is write_letter\n"
    "    needs_earlier: x.done\n    earlier_where: result is hit"
)


@pytest.mark.parametrize("rules", [(CLEAR, NOT_AFTER_A_HIT), (NOT_AFTER_A_HIT, CLEAR)], ids=["needed", "forbidden"])
def test_what_work_needs_decides_how_a_step_comes_out_whichever_rule_stands_first(tmp_path: Path, rules: tuple[str, ...]) -> None:
    path = project(tmp_path, SCREENED, *rules)
    assert verdicts(path)[f"r{rules.index(CLEAR)}"].verdict == "held"
    assert {e.own["result"] for e in own(trace_of(path, "left_out.x.done"), "x.done")} == {"clear"}


def test_rules_that_ask_for_different_outcomes_of_one_step_are_warned_of(tmp_path: Path) -> None:
    found = load_project(project(tmp_path, SCREENED, CLEAR, NOT_AFTER_A_HIT, ONLY_HITS), scenarios=()).designs[0]
    (warning,) = untried(found.system, found.requirements)
    assert "cannot do `x.done` so that this and `r0` are kept" in warning.message
    assert warning.line == found.requirements["r2"].rules[0].line
    alone = load_project(project(tmp_path, SCREENED, NOT_AFTER_A_HIT, ONLY_HITS), scenarios=()).designs[0]
    assert not list(untried(alone.system, alone.requirements)), "letters need a hit, payouts none after it"


def test_watching_makes_the_runs_again_only_where_a_step_changes(tmp_path: Path) -> None:
    event = "  x.done: {fields: {payee: id}, emitted_by: payments.screen}"
    rule = f"{PAYOUT}\n    needs_earlier: x.done\n    same: [payee]"
    runs = KeptRuns()
    runs.result(project(tmp_path, event, rule))
    first = runs.simulated
    runs.result(project(tmp_path, event, rule + "\n    within: 1h"))
    assert (first, runs.simulated) == (1, 0)
    runs.result(project(tmp_path, event.replace("payments.screen", "insurance_agent"), rule))
    assert runs.simulated == 2, "what an agent does can be left out, and done for something else"


def test_every_event_of_the_example_is_emitted_in_an_ordinary_morning() -> None:
    seen = Counter(event.kind for event in trace_of(SHIPPED, "H01").events)
    assert all(seen[kind] for kind in vocabulary_of(read_requirements(SHIPPED)).kinds.keys() - vocabulary_standard())


def vocabulary_standard() -> set[str]:
    from harness.trace import STANDARD

    return set(STANDARD.kinds)


def test_steps_need_no_scenario_beside_the_file(tmp_path: Path) -> None:
    system = load_system(INSURANCE).model
    rule = "every: data.accessed\n    needs_earlier: x.done\n    same: [task]"
    path = project(tmp_path, "  x.done: {emitted_by: portal}", rule)
    (scenario,) = load_project(path).scenarios
    assert scenario.id == "left_out.x.done"
    assert simulate(system, Controls.of(system), worlds.scenarios()["H01"]).events, "a system without steps runs as before"
