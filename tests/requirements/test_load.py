"""A file as a whole: every mistake at once, what it may declare, what is warned of, and that nothing crashes it."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.load import ProblemList
from harness.requirements import RequirementSet, Words, compile_requirements, load_requirements, read_requirements

ROOT = Path(__file__).parents[2]


def load(text: str, words: Words | None = None) -> RequirementSet:
    return compile_requirements(read_requirements("r.yaml", text), words or Words())


def mistakes(text: str, words: Words | None = None) -> list[str]:
    with pytest.raises(ProblemList) as caught:
        load(text, words)
    return [str(problem).removeprefix("r.yaml:") for problem in caught.value.errors]


RULE = "requirements:\n  - id: R\n    never: data.accessed\n"


def test_all_mistakes_of_a_file_at_once() -> None:
    text = (
        "lists: {l: [x]}\n"
        "requirements:\n"
        "  - id: A\n    never: data.acessed\n"
        "  - id: A\n    severty: high\n    never: data.accessed\n    where: ownr is known and action is raed\n"
        "  - id: C\n    every: llm.received\n    needs_earlier: consent.granted\n    within: 5\n    same: [ownr=user]\n"
    )
    assert mistakes(text) == [
        "4:12: unknown event `data.acessed`; did you mean `data.accessed`?",
        "5:9: the id `A` is here twice; see line 3",
        "6:5: unknown key `severty`; did you mean `severity`?",
        "8:12: unknown field `ownr`; did you mean `owner`?",
        "8:40: `action` is never `raed`; did you mean `read`?",
        "12:13: `5` is not a duration; write a unit, as in `5m`",
        "13:12: `llm.received` has no field `ownr`; did you mean `owner`?",
    ]


def test_a_misspelt_key_hides_no_other_mistake() -> None:
    text = (
        "requirements:\n  - id: R\n    owner: [x]\n    rules:\n"
        "      - nevr: user.left\n        where: user is known\n"
        "      - never: data.accessed\n        wher: x\n        where: ownr is known\n"
        "      - every: data.accessed\n        needs_earlier: [user.arrived, 5]\n"
    )
    assert mistakes(text) == [
        "3:12: expected text, not a list",
        "5:9: unknown key `nevr`; did you mean `never`?",
        "8:9: unknown key `wher`; did you mean `where`?",
        "9:16: unknown field `ownr`; did you mean `owner`?",
        "11:39: expected text, not `5`; quote it",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("requirements: []\n", "no requirement here"),
        ("requirements:\n  - id: R\n    never:\n", "3:5: `never` has no value"),
        ("requirements:\n  -\n", "expected a group of keys, not nothing"),
        ("requirements:\n  - id: R\n    at_most: 5\n    of: user.left\n    per: user\n", "write brackets, as in `[user]`"),
        ("requirements: {a: 1}\n", "expected a list, not a group of keys"),
        ("[1]\n", "expected a group of keys, not a list"),
        ("requirements:\n  - never: data.accessed\n", "2:5: the key `id` is missing"),
        ("requirements:\n  - id: 1st\n    never: data.accessed\n", "`1st` is not a name"),
        ("requirements:\n  - id: R\n", "no rule here; start with `never`"),
        ("requirements:\n  - id: R\n    rules: []\n", "at least 1 entry needed here"),
        (RULE + "system: x.yaml\n", "`requirements` is the last key of the file; move this above it"),
        (RULE + "    rules: [{never: user.left}]\n", "`never` stands beside `rules`; move it into a rule"),
        (RULE + "    where: user in $nobody\n", "unknown list `$nobody`; declare it below `lists`"),
        (RULE + "    where: hour > 10,000\n", "`10,000` is no number; write `10000`"),
        ("lists: {l: {a: [b]}}\n" + RULE + "    where: user in $l\n", "write `$l by` and a field"),
        ("values: {user: [b]}\nlists: {l: [b]}\n" + RULE + "    where: user in $l by agent\n", "leave out `by`"),
        ("lists: {l: [b]}\n" + RULE + "    where: user in $l\n", "1:13: the member `b` of `$l` is unknown as `user`"),
        ("values: {owners: [x]}\nlists: {x: [x]}\n" + RULE + "    for_each: {x: [x]}\n    where: user is $x\n",
         "`x` is a list already; rename it"),
        ("values: {colour: [x]}\n" + RULE, "no field is called `colour`"),
        ("events: {data.accessed: {}}\n" + RULE, "`data.accessed` is known already"),
        ("events: {Screened: {}}\n" + RULE, "`Screened` does not read as an event"),
        ("events: {a.b: {fields: {x: colour}}}\n" + RULE, "unknown type `colour`"),
        ("events: {a.b: {fields: {user: id}}}\n" + RULE, "every event has `user` already"),
        (RULE + "    where: owner is a and\n", "expected a field, not the end"),
        (RULE + "    where: owner is not entitled\n", "`entitled` is a list; write `owner not in entitled`"),
        (RULE + "    where: region is EU\n", "unknown field `region`; there is `user_region` and `record_region`"),
        ("requirements:\n  - id: R\n    never: user.left where user is ana\n", "write the condition below it, as `where:`"),
        ("events:\n  x." + "y" * 60 + ": {}\n" + RULE, "has 62 letters; at most 60"),
        (RULE + "    where: latency > 5\n", "write a unit, as in `5m`"),
        (RULE + "    where: hour > 5m\n", "leave out the unit"),
        (RULE + "    where: entitled is owner\n", "use `contains` on a list"),
        (RULE + "    where: owner contains user\n", "`owner` is no list; write `is` or `in`"),
        (RULE + "    where: owner > user\n", "`owner` has no order; use `is` or `in`"),
        (RULE + "    where: owner is session\n", "unknown word `session` for `owner`"),
        (RULE + "    where: owner == user\n", "`==` cannot stand here; write `is`"),
        (RULE + "    where: owner is earlier.user\n", "`earlier.` belongs to `compare`"),
        (RULE + "    where: owner is not missing\n", "write `is known`"),
        (RULE + "    where: " + "(" * 40 + "owner is known" + ")" * 40 + "\n", "nested deeper than 30 levels"),
        (RULE + "    where: " + "owner is known or " * 400 + "user is known\n", "at most 4000 characters"),
        (RULE + "    waiver: {reason: x, owner: y, expires: soon}\n", "expected a date as in `2026-11-01`"),
        (RULE + "    breaks: [{data.acessed: {}}]\n", "unknown event `data.acessed`"),
        (RULE + "    breaks: [{data.accessed: {ownr: x}}]\n", "`data.accessed` has no field `ownr`"),
        (RULE + "    breaks: [{data.accessed: {entitled: x}}]\n", "`entitled` is a list, not `x`"),
        ("requirements:\n  - id: R\n    at_most: 1\n    of: data.accessed\n    sum: owner\n", "`owner` is no number"),
        ("requirements:\n  - id: R\n    at_most: 1\n    of: user.left\n    sum: x\n    distinct: user\n",
         "`distinct` and `sum` do not go together"),
        ("requirements:\n  - id: R\n    at_most: -1\n    of: user.left\n", "expected at least 0, not `-1`"),
        ("requirements:\n  - id: R\n    after: user.left\n", "needs `never` beside it"),
        ("requirements:\n  - id: R\n    every: user.left\n", "`every` needs `needs_earlier` or `leads_to` beside it"),
        ("requirements:\n  - id: R\n    every: user.left\n    needs_earlier: user.arrived\n    compare: user is user\n",
         "`compare` tests against the earlier event"),
        ("requirements:\n  - id: R\n    every: user.left\n    needs_earlier: user.arrived\n    same: [user=session]\n",
         "`user` and `session` cannot be the same"),
        ("requirements:\n  - id: R\n    never: [data.accessed, user.left]\n    where: owner is known\n",
         "`user.left` has no field `owner`; write a rule for each kind"),
    ],
)  # fmt: skip
def test_a_mistake(text: str, said: str) -> None:
    told = mistakes(text)
    assert len(told) == 1, told
    assert said in told[0]


def test_what_a_file_declares() -> None:
    found = load(
        "lists: {risky: {ben: [health]}, plain: [x]}\n"
        "values: {category: [health], type: [payout], owner: [ben]}\n"
        "events:\n"
        "  sanctions.screened: {fields: {payee: id, result: [clear, hit], score: number, seen: categories}, emitted_by: pay}\n"
        "requirements:\n"
        "  - id: A\n"
        "    every: operation.completed\n"
        "    where: type is payout\n"
        "    needs_earlier: sanctions.screened\n"
        "    earlier_where: result is clear and score < 5 and seen contains health\n"
        "    same: [payee]\n"
        "  - id: B\n"
        "    never: data.accessed\n"
        "    where: category in $risky by user and record in $plain\n",
        Words({"record": frozenset({"x"})}),
    )
    assert found.vocabulary.kinds["sanctions.screened"].emitted_by == ("pay",)
    assert [w.text for w in found.warnings] == [
        "`score` may be missing, and this lets such an event pass; add `score is known` or `score is missing`"
    ]


def test_for_each_makes_a_rule_per_value() -> None:
    found = load(
        "values: {store: [a, b]}\nrequirements:\n  - id: R\n    for_each: {store: [a, b], days: [1d, 2d]}\n"
        "    every: erasure.requested\n    leads_to: data.erased\n    leads_to_where: store is $store\n"
        "    where: time > $days\n    within: 1d\n"
    )
    assert [dict(rule.variables) for rule in found["R"].rules] == [
        {"store": "a", "days": "1d"}, {"store": "a", "days": "2d"}, {"store": "b", "days": "1d"}, {"store": "b", "days": "2d"},
    ]  # fmt: skip
    told = mistakes(
        "requirements:\n  - id: R\n    for_each: {store: [nowhere]}\n    never: memory.read\n    where: store is $store\n"
    )
    assert told == ["3:24: unknown word `nowhere` for `store`; quote it if it is meant as text"]


def test_everything_beside_the_rule() -> None:
    found = load(
        "system: s.yaml\nrequirements:\n  - id: R\n    text: T\n    owner: product\n    severity: high\n    source: S\n"
        "    agreed: {product: 2026-11-01}\n    never: user.left\n"
        "    waiver: {reason: r, owner: ciso, expires: 2026-12-31}\n"
    )
    one = found["R"]
    assert (found.system, one.text, one.owner, one.severity, one.source) == ("s.yaml", "T", "product", "high", "S")
    assert one.agreed == {"product": date(2026, 11, 1)}
    assert one.waiver is not None
    assert (one.waiver.expires, one.line, one.rules[0].line) == (date(2026, 12, 31), 3, 9)


def test_a_slip_in_one_key_of_an_event_hides_no_other() -> None:
    with pytest.raises(ProblemList) as found:
        load("events:\n  payee.checked: {fields: {x: idd}, emited_by: y}\n  Seen: {}\n" + RULE)
    assert [str(one).partition(": ")[2] for one in found.value.problems] == [
        "unknown type `idd`; did you mean `id`?",
        "unknown key `emited_by`; did you mean `emitted_by`?",
        "`Seen` does not read as an event; write a noun, a dot and what happened, as in `sanctions.screened`",
    ]


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        (RULE + "    where: acr is low\n", "this reads only what is claimed (`acr`), no fact"),
        ("requirements:\n  - id: R\n    every: user.left\n    leads_to: user.arrived\n", "without `within`"),
        (
            "requirements:\n  - id: R\n    never: permission.granted\n    where: expires_in > 8h\n",
            "`expires_in` may be missing",
        ),
        ("requirements:\n  - id: R\n    never: user.left\n", "nothing in the system ever emits `user.left`"),
        (
            "events:\n  payee.screened: {fields: {payee: id}, emitted_by: payments.screen}\n"
            "requirements:\n  - id: R\n    never: payee.screened\n",
            "nothing in the system ever emits `payee.screened`",
        ),
        ("lists: {l: [x]}\n" + RULE, "no rule names `$l`"),
        (RULE + "    for_each: {x: [a]}\n", "no condition names `$x`"),
        (
            "events:\n  data.eraced: {emitted_by: operator}\n" + RULE,
            "2:3: warning: no rule speaks of `data.eraced`; did you mean `data.erased`?",
        ),
    ],
)
def test_warnings_do_not_stop_a_file(text: str, warned: str) -> None:
    found = load(text, Words(emitted=frozenset({"data.accessed", "permission.granted", "user.arrived"})))
    assert any(warned in str(warning) for warning in found.warnings), found.warnings
    assert all(": warning: " in str(warning) for warning in found.warnings)


def test_a_rule_is_made_for_the_variables_that_it_names() -> None:
    found = load(
        "requirements:\n  - id: R\n    for_each: {who: [low, high], what: [read, write]}\n    rules:\n"
        "      - {never: data.accessed, where: action is $what}\n      - {never: user.left}\n"
        "      - {never: data.accessed, where: acr is $who and action is $what}\n"
    )
    assert [dict(rule.variables) for rule in found["R"].rules] == [
        {"what": "read"}, {"what": "write"}, {},
        {"who": "low", "what": "read"}, {"who": "low", "what": "write"},
        {"who": "high", "what": "read"}, {"who": "high", "what": "write"},
    ]  # fmt: skip
    assert not found.warnings


LACKING = {"user.left": frozenset({"agent", "task"}), "agent.disabled": frozenset({"user"})}


@pytest.mark.parametrize(
    ("rule", "place", "warned"),
    [
        (
            "after: user.left\n    never: data.accessed\n    same: [tenant, agent]",
            "5:20",
            "`user.left` never has a value for `agent`, so nothing is the same; "
            "these events have `user` and `session` and `tenant`",
        ),
        (
            "after: agent.disabled\n    never: data.accessed\n    same: [owner = user]",
            "5:12",
            "`agent.disabled` never has a value for `user`, so nothing is the same; "
            "these events have `agent` and `session` and `task` and `tenant`",
        ),
        (
            "at_most: 1\n    of: user.left\n    per: [agent]",
            "5:11",
            "`user.left` never has a value for `agent`, so it is not counted",
        ),
        (
            "at_most: 1\n    of: user.left\n    distinct: task",
            "5:15",
            "`user.left` never has a value for `task`, so it is not counted",
        ),
        (
            "at_most: 9\n    of: data.accessed\n    per: [user]\n    since: [user.left, agent.disabled]",
            "6:24",
            "`agent.disabled` never has a value for `user`, so it ends nothing",
        ),
    ],
)
def test_a_tie_by_what_an_event_never_has_is_warned_of(rule: str, place: str, warned: str) -> None:
    found = load(f"requirements:\n  - id: R\n    {rule}\n", Words(lacking=LACKING))
    assert [str(one) for one in found.warnings] == [f"{found.path}:{place}: warning: {warned}"]


def test_ties_by_what_events_have_are_not_warned_of() -> None:
    text = "requirements:\n  - id: R\n    after: user.left\n    never: data.accessed\n    same: [user]\n"
    found = load(text, Words(lacking=LACKING))
    assert not found.warnings


PIECES = st.sampled_from(
    ["owner", "user", "entitled", "amount", "latency", "is", "not", "in", "and", "or", "(", ")", "[", "]", ",", "known",
     "missing", "contains", "any of", "all in", "<", ">=", "$l", "$k by", "by", "5", "5m", "5x", "-1", '"x"', "'", "earlier.",
     "earlier.user", "yes", "=", "é", "\t", "x.y", "not not", "$", "1e9", "9" * 30]
)  # fmt: skip


@settings(max_examples=500, deadline=None, derandomize=True, database=None)
@given(st.lists(PIECES, max_size=12).map(" ".join))
def test_no_condition_crashes(text: str) -> None:
    import json

    where = json.dumps(text)
    for keys in (
        f"never: data.accessed\n    where: {where}",
        f"every: data.accessed\n    needs_earlier: user.left\n    compare: {where}",
    ):
        try:
            load(f"lists: {{l: [x], k: {{a: [x]}}}}\nrequirements:\n  - id: R\n    {keys}\n")
        except ProblemList as error:
            for problem in error.errors:
                assert problem.line <= 6, problem


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["x", "5m", "data.accessed", "owner is known", ""]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["x", "a.b", "fields", "time"]), inner, max_size=3)
    ),
    max_leaves=6,
)  # fmt: skip
KEYS = st.sampled_from(
    ["id", "text", "owner", "severity", "never", "where", "every", "needs_earlier", "same", "within", "at_most", "of", "per",
     "after", "delay", "until", "for", "for_each", "rules", "breaks", "keeps", "waiver", "agreed", "compare", "leads_to"]
)  # fmt: skip


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(
    item=st.dictionaries(KEYS, VALUES, max_size=8),
    head=st.dictionaries(st.sampled_from(["lists", "values", "events", "system"]), VALUES, max_size=3),
)
def test_no_shape_crashes(item: object, head: dict[str, object]) -> None:
    import contextlib
    import json

    with contextlib.suppress(ProblemList):
        load(json.dumps({**head, "requirements": [item]}))


def test_the_shipped_file_is_the_six() -> None:
    from harness.plan import load_system, words

    found = load_requirements(
        ROOT / "requirements.yaml", words(load_system(ROOT / "scenarios/systems/insurance.yaml").model)
    )
    assert [one.id for one in found] == ["R1", "R2", "R3", "R4", "R5", "R6"]
    assert [len(one.rules) for one in found] == [2, 1, 1, 1, 1, 2]
    assert not found.warnings
    assert all(one.owner and one.severity and one.source for one in found)


@pytest.mark.slow
def test_ten_thousand_requirements_are_read_in_seconds() -> None:
    many = "".join(
        f"  - id: R{n}\n    never: data.accessed\n    where: owner is known and user not in entitled\n"
        for n in range(10_000)
    )
    start = time.process_time()
    assert len(load("requirements:\n" + many).requirements) == 10_000
    assert time.process_time() - start < 30
