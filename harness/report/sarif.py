"""The result as SARIF 2.1.0, for code-scanning pages: a rule per requirement, a result per verdict, at its YAML line.

A violation carries its story as a code flow. Held is `pass`, not tested is `open`, a waiver in force is a suppression;
a run that failed makes the invocation unsuccessful.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import PurePath
from typing import Any

from harness.report.result import RequirementVerdict, RunResult, SystemResult
from harness.report.words import failure_lines, reason_text, verdict_text

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
_KINDS = {"held": "pass", "violated": "fail", "not_challenged": "open", "error": "open"}


def sarif(result: RunResult) -> str:
    """The whole result as one SARIF log with a run for each system, ending with a newline."""
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(system, result) for system in result.systems]}
    return json.dumps(log, indent=1, ensure_ascii=False) + "\n"


def _run(system: SystemResult, result: RunResult) -> dict[str, Any]:
    notices = [{"level": "error", "message": {"text": line}} for line in failure_lines(system.failures)]
    return {
        "tool": {"driver": {"name": "harness", "rules": [_rule(verdict) for verdict in system.verdicts]}},
        "automationDetails": {"id": f"harness/{system.system}"},
        "invocations": [{"executionSuccessful": not system.failures, "toolExecutionNotifications": notices}],
        "results": [
            _result(verdict, index=index, system=system, result=result) for index, verdict in enumerate(system.verdicts)
        ],
        "properties": {"seed": result.seed, "honestTasks": system.benign.tasks, "completed": system.benign.completed},
    }


def _rule(verdict: RequirementVerdict) -> dict[str, Any]:
    text = verdict.text or verdict.requirement
    properties = {"tags": ["security", *([verdict.owner] if verdict.owner else [])]}
    rule: dict[str, Any] = {
        "id": verdict.requirement,
        "shortDescription": {"text": text},
        "fullDescription": {"text": text + (f" ({verdict.source})" if verdict.source else "")},
        "defaultConfiguration": {"level": _level(verdict)},
        "properties": properties,
    }
    if verdict.severity:
        rule["properties"] = {**properties, "security-severity": _SCORES[verdict.severity]}
    return rule


def _result(verdict: RequirementVerdict, *, index: int, system: SystemResult, result: RunResult) -> dict[str, Any]:
    place = _place(result.requirements, verdict.line)
    found: dict[str, Any] = {
        "ruleId": verdict.requirement,
        "ruleIndex": index,
        "kind": _KINDS[verdict.verdict],
        "level": _level(verdict) if verdict.verdict == "violated" else "none",
        "message": {"text": _message(verdict, system)},
        "locations": [place],
        "partialFingerprints": {"requirementAndSystem/v1": _fingerprint(verdict.requirement, system.name)},
    }
    if verdict.witness is not None:
        steps = [{"location": {**place, "message": {"text": line}}} for line in verdict.witness.story]
        found["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
        found["properties"] = {"replay": verdict.witness.replay}
    if verdict.waived and verdict.waiver is not None:
        found["suppressions"] = [
            {
                "kind": "external",
                "status": "accepted",
                "justification": f"{verdict.waiver.reason}: {verdict.waiver.owner}",
            }
        ]
    return found


def _message(verdict: RequirementVerdict, system: SystemResult) -> str:
    text = f"{verdict.requirement} on {system.name}: {verdict_text(verdict)}"
    if verdict.witness is not None:
        return f"{text}; {verdict.witness.story[-1]}; replay: {verdict.witness.replay}"
    return f"{text} ({reason_text(verdict.reason)})" if verdict.reason else text


def _level(verdict: RequirementVerdict) -> str:
    return _LEVELS.get(verdict.severity, "warning")


def _place(path: str, line: int) -> dict[str, Any]:
    uri = PurePath(path).as_posix()
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}}


def _fingerprint(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
