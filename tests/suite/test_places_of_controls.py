"""Controls that an API applies at some of its endpoints, and what it does while the server it asks is silent."""

from pathlib import Path

import pytest

from harness.suite.cases import check_cases

SYSTEM = Path("scenarios/systems/insurance.yaml").resolve()
REQUIREMENTS = Path("requirements.yaml").resolve()

OWNERS = """\
kind: scenario
id: X1
title: Owners are compared at one endpoint of an API and not at the other
system: {system}
requirements: {requirements}
visits:
  - {{user: A, tasks: [{{kind: claims}}, {{kind: history, at: 20s, twist: T01}}]}}
designs:
  other: {{controls: {{K04: {{on: true, operations: [{other}]}}}}}}
  same: {{controls: {{K04: {{on: true, operations: [{same}]}}}}}}
expect:
  - {{design: other, requirement: R4, verdict: violated}}
  - {{design: same, requirement: R4, verdict: held, stopped_by: [K04]}}
"""

APPROVALS = """\
kind: scenario
id: X2
title: One privileged operation asks for an approval and the other does not
system: {system}
requirements: {requirements}
visits:
  - {{user: A, tasks: [{{kind: pay, twist: T25}}]}}
designs:
  other: {{controls: {{K12: {{on: true, operations: [change]}}, K13: {{on: true, operations: [change]}}, K14: off}}}}
  same: {{controls: {{K12: {{on: true, operations: [pay]}}, K13: {{on: true, operations: [claim_payout]}}}}}}
expect:
  - {{design: other, requirement: R5, verdict: violated}}
  - {{design: same, requirement: R5, verdict: held, stopped_by: [K12, K13]}}
"""

SILENCE = """\
kind: scenario
id: X3
title: An agent is denied while its API cannot ask
system: {system}
requirements: {requirements}
visits:
  - {{user: A, tasks: [{{kind: read}}, {{kind: read, at: 9s, twist: {{id: T44, wait: 85s, times: 4}}}}]}}
actions:
  - {{at: 15s, disable_agent: main}}
outages:
  - {{server: home, since: 60s, until: 5m}}
designs:
  open: {{servers: {{home: {{access_token_lifetime: 15m}}}}, controls: {{K17: {{strength: fail_open}}, K07: off}}}}
  closed: {{servers: {{home: {{access_token_lifetime: 15m}}}}, controls: {{K17: {{strength: introspection}}, K07: off}}}}
variants:
  no_outage: {{outages: []}}
expect:
  - {{design: open, requirement: R6, verdict: violated}}
  - {{design: open, variant: no_outage, requirement: R6, verdict: held, stopped_by: [K17]}}
  - {{design: closed, requirement: R6, verdict: held, stopped_by: [K17]}}
"""


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (OWNERS, {"other": "claims.read", "same": "claims.history"}),
        (OWNERS, {"other": "read", "same": "history"}),
        (APPROVALS, {}),
        (SILENCE, {}),
    ],
    ids=["owners, full names", "owners, short names", "approvals", "fail open"],
)
def test_a_control_holds_where_it_is_and_not_elsewhere(tmp_path: Path, text: str, names: dict[str, str]) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text.format(system=SYSTEM, requirements=REQUIREMENTS, **names))
    checked = check_cases(path)
    assert [str(one) for one in checked if not one.met or not one.applies] == []
