"""JUnit: no verdict that was not earned is a pass, and the XML is well-formed whatever the texts hold."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from harness.report.junit import junit_xml
from harness.report.result import RunResult
from tests.report.conftest import requirement, result_of, scenario


def cases(result: RunResult, *, allow: bool = False) -> dict[str, str]:
    """Each case's outcome: the tag of its child, or passed."""
    root = ET.fromstring(junit_xml(result, allow_unchallenged=allow))
    return {case.attrib["name"]: case[0].tag if len(case) else "passed" for case in root.iter("testcase")}


def test_only_what_held_passes(sample: RunResult) -> None:
    assert cases(sample) == {
        "R1[S01]": "passed",
        "R4[S18]": "failure",
        "R5[S18]": "skipped",
        "R6[not-challenged]": "failure",
        "R7[S02]": "error",
    }


def test_unchallenged_is_skipped_where_that_is_allowed_and_still_no_pass(sample: RunResult) -> None:
    assert cases(sample, allow=True)["R6[not-challenged]"] == "skipped"


def test_the_counts_of_the_suite_agree_with_its_cases(sample: RunResult) -> None:
    suite = ET.fromstring(junit_xml(sample))[0]
    counts = {name: suite.attrib[name] for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "5", "failures": "2", "errors": "1", "skipped": "1"}


def test_a_failure_tells_the_story_and_the_line(sample: RunResult) -> None:
    failure = next(ET.fromstring(junit_xml(sample)).iter("failure"))
    assert failure.attrib["message"] == "broken in the simulation"
    assert "at 12.4 s: insurance_agent" in (failure.text or "")
    assert "requirements.yaml:20" in (failure.text or "")


def test_characters_that_xml_cannot_hold_are_replaced() -> None:
    broken = scenario("error", reason="bad \x00 <tag> & \ud800 text")
    root = ET.fromstring(junit_xml(result_of(requirement("R1", "error", scenarios=(broken,)))))
    assert "bad \ufffd <tag> & \ufffd text" in (next(root.iter("error")).text or "")
