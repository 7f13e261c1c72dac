"""The record of a decision: who acted for whom on what, what was decided and why.

Source: draft-klrc-aiagent-auth (minimum audit fields); RFC 8693 section 4.1 (the chain is informational).
"""

from __future__ import annotations

from typing import Any

from harness.oauth.messages import Refusal, RouteRule
from harness.oauth.tokens import Claims


def audit_record(
    claims: Claims | None, route: RouteRule, refusals: tuple[Refusal, ...], *, now_s: float, request: str
) -> dict[str, Any]:
    """The minimum fields of one decision; a denial also says which check and which rule."""
    first = refusals[0] if refusals else None
    return {
        "time_s": now_s,
        "correlation": request,
        "agent": claims.agent if claims else None,
        "chain": list(claims.actors) if claims else [],
        "client": claims.client_id if claims else None,
        "subject": claims.sub if claims else None,
        "delegation": claims.delegation_id if claims else None,
        "posture": claims.acr if claims else None,
        "resource": route.endpoint,
        "decision": "deny" if first else "permit",
        "cause": first.check if first else None,
        "rule": first.rule if first else None,
    }
