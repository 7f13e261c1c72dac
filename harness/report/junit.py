"""The result as JUnit XML, for continuous integration servers: a suite per system, a case per requirement and scenario.

Not tested is a failure (or, where the caller allows it, skipped), never a pass; a waiver in force is skipped with its
words; a run that failed is an error.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from harness.report.result import RequirementVerdict, RunResult, ScenarioVerdict, SystemResult
from harness.report.words import benign_text, item_text, reason_text, verdict_text

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(result: RunResult, *, allow_unchallenged: bool = False) -> str:
    """The whole result as one XML document, ending with a newline."""
    root = ET.Element("testsuites", name="harness")
    for system in result.systems:
        root.append(_suite(system, result, allow_unchallenged))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(system: SystemResult, result: RunResult, allow_unchallenged: bool) -> ET.Element:
    suite = ET.Element("testsuite", name=_clean(system.system))
    properties = ET.SubElement(suite, "properties")
    ET.SubElement(properties, "property", name="seed", value=str(result.seed))
    for verdict in system.verdicts:
        for case in _cases(verdict, result, allow_unchallenged):
            suite.append(case)
    for tag, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(tag) is not None for case in suite.iter("testcase"))))
    suite.set("tests", str(sum(1 for _ in suite.iter("testcase"))))
    suite.set("time", "0")
    ET.SubElement(suite, "system-out").text = benign_text(system.benign)
    return suite


def _cases(verdict: RequirementVerdict, result: RunResult, allow_unchallenged: bool) -> list[ET.Element]:
    if verdict.verdict == "not_challenged":
        case = _case(verdict, "not-challenged", result)
        _outcome(case, "skipped" if allow_unchallenged else "failure", verdict, reason_text(verdict.reason))
        return [case]
    tested = [one for one in verdict.scenarios if one.put_to_the_test]
    return [_scenario_case(verdict, one, result) for one in tested]


def _scenario_case(verdict: RequirementVerdict, scenario: ScenarioVerdict, result: RunResult) -> ET.Element:
    seed = f"-seed{scenario.seed}" if result.runs > 1 else ""
    case = _case(verdict, scenario.scenario + seed, result)
    story = item_text(verdict, scenario, place=f"{result.requirements}:{verdict.line}")
    if scenario.verdict == "error":
        _outcome(case, "error", verdict, story)
    elif scenario.verdict == "violated":
        _outcome(case, "skipped" if verdict.waived else "failure", verdict, story)
    return case


def _case(verdict: RequirementVerdict, name: str, result: RunResult) -> ET.Element:
    return ET.Element(
        "testcase",
        classname=_clean(verdict.requirement),
        name=_clean(f"{verdict.requirement}[{name}]"),
        file=_clean(result.requirements),
        line=str(verdict.line),
        time="0",
    )


def _outcome(case: ET.Element, tag: str, verdict: RequirementVerdict, text: str) -> None:
    element = ET.SubElement(case, tag, message=_clean(verdict_text(verdict)), type=verdict.verdict)
    element.text = _clean(text)


def _clean(text: str) -> str:
    """XML 1.0 has no way to write some characters."""
    return _FORBIDDEN.sub("\ufffd", text)
