"""Every one-letter slip in the shipped rules and the corpus is a mistake at its place; a sample here, all by `every=1`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.load import ProblemList
from harness.plan import load_system, words
from harness.requirements import Words, compile_requirements, read_requirements
from tests.requirements.typos import Typo, typos

ROOT = Path(__file__).parents[2]
CORPUS = sorted((ROOT / "scenarios/standards").glob("*.yaml"))
EVERY = 12
TRIED = 1_600
"""How many slips the sample holds, so that it cannot shrink unseen."""


def entries(path: Path) -> tuple[list[str], list[list[str]]]:
    """A file's head, and its requirements without their stories, as lines."""
    head, _, rest = path.read_text(encoding="utf-8").partition("requirements:\n")
    items = [item.rstrip("\n").split("\n") for item in re.split(r"(?m)^(?=  - id: )", rest)[1:]]
    cut = [next((n for n, line in enumerate(i) if line.startswith("    breaks:")), len(i)) for i in items]
    kept = [line for line in head.split("\n") if line and not line.startswith("#")]
    return [*kept, "requirements:"], [item[:end] for item, end in zip(items, cut, strict=True)]


def fault(head: list[str], typo: Typo, known: Words) -> str | None:
    """What is wrong with how a slip is told, or None: missed, at another place, or beside other mistakes."""
    try:
        compile_requirements(read_requirements("typo.yaml", "\n".join(head) + "\n" + typo.text), known)
    except ProblemList as error:
        places = [(problem.line - len(head), problem.column) for problem in error.errors]
        there = [c for line, c in places if line == typo.line and -1 <= c - typo.column <= len(typo.word)]
        return None if there and len(places) == 1 else f"told as {error}"
    return "missed"


def test_every_slip_is_a_mistake_at_its_place() -> None:
    insurance = words(load_system(ROOT / "scenarios/systems/insurance.yaml").model)
    seen: set[str] = set()
    tried, faults = 0, []
    for path in [ROOT / "requirements.yaml", *CORPUS]:
        head, items = entries(path)
        known = insurance if path.name == "requirements.yaml" else Words()
        for item in items:
            for typo in typos(item, every=EVERY, seen=seen):
                tried += 1
                wrong = fault(head, typo, known)
                if wrong is not None:
                    faults.append(f"`{typo.slip}` for `{typo.word}` in `{item[typo.line - 1].strip()}`: {wrong}")
    assert not faults, "\n".join(faults[:10])
    assert tried == TRIED, f"{tried} slips were tried"


HEAD = """\
system: s.yaml
lists:
  agent_endpoints:
    insurance_agent: [mcp.list_policies, policies.read]
  few: [policies.read]
values: {type: [claim_special], category: [genetic]}
events:
  sanctions.screened:
    fields: {payee: id, result: [clear, hit], score: number, span: duration, good: yes/no}
    emitted_by: payments.screen
  data.erased: {emitted_by: operator}
requirements:
  - id: A
    for_each: {what: [health, genetic], way: [claim_special, claim_payout]}
    rules:
      - never: request.allowed
        where: agent is known and endpoint not in $agent_endpoints by agent and not (endpoint in $few or pep is none)
      - every: operation.completed
        where: type is $way and category is $what
        needs_earlier: sanctions.screened
        earlier_where: result is clear or result is hit and score is known and score > 3 and span is known and good is yes
        same: [payee]
        unless_since: data.erased
"""


def test_every_slip_in_what_a_file_declares_is_told_once_where_it_is_or_where_it_is_used() -> None:
    known = words(load_system(ROOT / "scenarios/systems/insurance.yaml").model)
    lines = HEAD.rstrip("\n").split("\n")
    compile_requirements(read_requirements("head.yaml", HEAD), known)
    tried = 0
    for typo in typos(lines, every=5):
        if typo.line == 1 and typo.word != "system":
            continue  # the file that it names is the caller's to find
        if typo.slip.startswith("payments."):
            continue  # a step's name is the author's
        tried += 1
        try:
            told = compile_requirements(read_requirements("head.yaml", typo.text), known).warnings
            errors = 0
        except ProblemList as error:
            told, errors = error.problems, len({problem.message for problem in error.errors})
        here = [one for one in told if one.line == typo.line and -1 <= one.column - typo.column <= len(typo.word)]
        there = [one for one in told if typo.slip in one.text or typo.word in one.text]
        assert here or there, f"`{typo.slip}` for `{typo.word}` in line {typo.line}: told {[str(one) for one in told]}"
        assert errors <= 2, f"`{typo.slip}` for `{typo.word}` in line {typo.line}: told {[str(one) for one in told]}"
    assert tried == 473


def test_a_misspelt_key_of_the_head_is_one_mistake() -> None:
    known = words(load_system(ROOT / "scenarios/systems/insurance.yaml").model)
    for key in ("system", "lists", "values", "events", "requirements", "fields", "emitted_by"):
        slip = key[0] + key[2:]
        with pytest.raises(ProblemList) as caught:
            compile_requirements(read_requirements("head.yaml", HEAD.replace(f"{key}:", f"{slip}:", 1)), known)
        assert [one.text for one in caught.value.errors] == [f"unknown key `{slip}`; did you mean `{key}`?"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("never: data.acessed", "did you mean `data.accessed`?"),
        ("nevr: data.accessed", "did you mean `never`?"),
        ("never: data.accessed\n    where: ownr is known", "did you mean `owner`?"),
        ("never: data.accessed\n    where: owner is knwn", "did you mean `known`?"),
        ("never: data.accessed\n    where: owner si known", "did you mean `is`?"),
        ("never: data.accessed\n    where: action is raed", "did you mean `read`?"),
        ("never: token.issued\n    where: lifetime > 10", "write a unit, as in `5m`"),
        ("never: data.accessed\n    where: entitled is owner", "use `contains` on a list"),
        ("every: llm.received\n    needs_earlier: consent.granted\n    within: 5", "write a unit, as in `5m`"),
        (
            "every: llm.received\n    needs_earlier: consent.granted\n    grace: 5m",
            "`grace` needs `unless_since` beside it",
        ),
        ("never: data.accessed\n    same: [user]", "`same` does not belong to a rule with `never`"),
        ("where: owner is known", "start with `never`, `every`, `after` or `at_most`"),
    ],
)
def test_what_is_said(text: str, said: str) -> None:
    with pytest.raises(ProblemList) as caught:
        compile_requirements(read_requirements("x.yaml", f"requirements:\n  - id: R\n    {text}\n"), Words())
    assert [said in problem.text for problem in caught.value.errors] == [True], str(caught.value)
