"""`harness judge`: the same requirements against traces from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.small_project import OWN_RECORDS, SYSTEM

Run = Callable[..., Any]
HEAD = {"schema": "harness/trace/1"}
EVENT = {"kind": "data.accessed", "time": 1, "actor": "helper", "actor_type": "agent"}
OWN = EVENT | {"id": "own", "user": "ana", "owner": "ana", "entitled": ["ana"]}
OTHER = EVENT | {"user": "ben", "owner": "ana", "entitled": ["ana"]}
STOPPED = OTHER | {"id": "tried", "stopped_by": ["gateway"], "goal": "g", "twist": "pentest"}


@pytest.fixture
def judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harness: Run) -> Run:
    monkeypatch.chdir(tmp_path)
    Path("system.yaml").write_text(SYSTEM)
    Path("requirements.yaml").write_text("system: system.yaml\nrequirements:\n" + OWN_RECORDS)

    def call(*events: dict[str, Any], more: tuple[str, ...] = ()) -> Any:
        Path("trace.jsonl").write_text("".join(json.dumps(row) + "\n" for row in (HEAD, *events)))
        return harness("judge", "trace.jsonl", *more)

    return call


@pytest.mark.parametrize(
    ("events", "code", "said"),
    [
        ([OWN, STOPPED], 0, "kept in every attempt we made"),
        ([OWN], 3, "not tested: no verdict"),
        ([OWN, STOPPED, OTHER], 1, "broken in the simulation"),
    ],
)
def test_verdicts_and_exit_codes(judge: Run, events: list[dict[str, Any]], code: int, said: str) -> None:
    ran = judge(*events)
    assert ran.code == code
    assert said in " ".join(ran.out.split())


def test_a_violation_names_its_events(judge: Run) -> None:
    ran = judge(OTHER | {"id": "e7", "time": 2.5})
    assert "trace.jsonl: R4 broken at 2.5 s, events e7" in ran.out


def test_as_json(judge: Run) -> None:
    ran = judge(OWN, STOPPED, OTHER | {"id": "e7"}, more=("--json", "-"))
    found = json.loads(ran.out)
    (verdict,) = found["verdicts"]
    assert found["schema"] == "harness/judge/1"
    assert {k: verdict[k] for k in ("requirement", "verdict", "exercised", "challenged", "violations", "stopped_by")} == {
        "requirement": "R4", "verdict": "violated", "exercised": 1, "challenged": 1, "violations": 1,
        "stopped_by": {"gateway": 1},
    }  # fmt: skip
    assert verdict["traces"][0]["witness"] == [{"rule": 1, "time": 1.0, "events": ["e7"]}]


def test_unchallenged_can_be_allowed(judge: Run) -> None:
    assert judge(OWN, more=("--allow-unchallenged",)).code == 0


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"kind": "data.acessed"}, "trace.jsonl:2:1: unknown kind `data.acessed`; did you mean `data.accessed`?"),
        (EVENT | {"ownr": "x"}, "trace.jsonl:2:1: `data.accessed` has no field `ownr`; did you mean `owner`?"),
    ],
)
def test_mistakes_in_a_trace(judge: Run, row: dict[str, Any], said: str) -> None:
    ran = judge(row)
    assert (ran.code, ran.err.strip()) == (2, said)


def test_a_missing_trace(judge: Run, harness: Run) -> None:
    ran = harness("judge", "nowhere.jsonl")
    assert (ran.code, ran.err.strip()) == (2, "nowhere.jsonl:1:1: no such file")


NO_HEAD = 'the first line names the schema, as in {"schema": "harness/trace/1"}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("requirements:\n  - id: R1\n  - id: R2\n", f"1:1: this is not a trace: not valid JSON: expecting value; {NO_HEAD}"),
        ("[1]\n[2]\n", f"1:1: this is not a trace: expected an object, as in {{...}}; {NO_HEAD}"),
        ('{"verdicts": []}\n{"a": 1}\n', f"1:1: this is not a trace; {NO_HEAD}"),
        ('{"schema": "harness/run/1"}\nx\n', f"1:1: unknown schema `harness/run/1`; {NO_HEAD}"),
        ('{"schema": "harness/trace/2"}\n{"kind": "new"}\n',
         "1:1: `harness/trace/2` is a newer form than this harness reads; it knows `harness/trace/1`"),
        ("", f"1:1: the file is empty; {NO_HEAD}"),
        ('{"schema": "harness/trace/1"}\n' + '{"kind": "user.left", "actor": "ana", "actor_type": "user"}\n' * 40,
         "2:1: `user.left` needs `time`: when it took effect, since the start of the run; so too in 39 more lines"),
    ],
)  # fmt: skip
def test_what_is_no_trace_is_told_in_one_line(tmp_path: Path, text: str, said: str, harness: Run) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(text)
    ran = harness("judge", path)
    assert (ran.code, ran.err) == (2, f"{path}:{said}\n")


def test_a_line_without_an_end_is_not_read_to_it(judge: Run, harness: Run) -> None:
    judge(OWN)
    Path("long.jsonl").write_text(json.dumps(HEAD) + "\n" + "x" * 1_000_000)
    ran = harness("judge", "long.jsonl")
    assert (ran.code, ran.err) == (2, "long.jsonl:2:1: a line of more than 1,000,000 characters; write one event a line\n")
