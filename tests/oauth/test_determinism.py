"""The same acts give the same bytes, in another process and under another hash seed too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.oauth.wire import DISCLOSURE, Wire, good

ROOT = Path(__file__).parent.parent.parent


def told() -> str:
    """Everything that is issued in a short story."""
    wire = Wire(sender_constrained=True)
    tokens = wire.chain()
    for name in ("advice", "claims"):
        wire.server.grant_consent("ana", "agent", "acme", name, ["claim", "policy", "health"], now_s=0, ids=wire.ids)
    asked = {"audience": "llm_gateway", "scope": "llm.invoke", "authorization_details": [DISCLOSURE]}
    disclosed = good(wire.exchange("agent", tokens["a2a"], 1.25, **asked)).body["access_token"]
    approved = wire.approved(2)
    signals = wire.server.disable("agent", "insurance_agent", now_s=3)
    return "\n".join([*tokens.values(), disclosed, approved, repr(signals)])


def test_the_same_story_gives_the_same_bytes() -> None:
    code = "from tests.oauth.test_determinism import told; print(told())"
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.rstrip("\n") == told()
