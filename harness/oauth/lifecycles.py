"""The lifecycles of what a server remembers, one table each: (state, event) to the next state.

A key that is missing from a table is the refusal. README.md draws these tables; a test keeps the drawing true.
"""

from __future__ import annotations

from collections.abc import Mapping

Table = Mapping[tuple[str, str], str]

CODE: Table = {
    ("issued", "redeem"): "redeemed",
    ("issued", "revoke"): "revoked",
    ("redeemed", "revoke"): "revoked",
}
"""An authorization code (RFC 6749 section 4.1.2): redeemed at most once."""

REFRESH_TOKEN: Table = {
    ("active", "use"): "active",
    ("active", "rotate"): "rotated",
    ("active", "revoke"): "revoked",
    ("rotated", "repeat"): "rotated",
    ("rotated", "revoke"): "revoked",
}
"""A refresh token (OAuth 2.1 section 4.3.1): rotated once; a repeat is answered only within the grace."""

GRANT: Table = {
    ("active", "derive"): "active",
    ("active", "revoke"): "revoked",
}
"""What a person agreed to: nothing is derived from it once it is revoked."""

CONSENT: Table = {
    ("given", "rely"): "given",
    ("given", "withdraw"): "withdrawn",
}
"""A consent to disclosure: relied on until it is withdrawn."""

BACKCHANNEL: Table = {
    ("pending", "approve"): "approved",
    ("pending", "deny"): "denied",
    ("approved", "redeem"): "redeemed",
}
"""A backchannel authentication request (CIBA Core): answered once, redeemed once."""

PUSHED: Table = {
    ("pushed", "use"): "used",
}
"""A pushed authorization request (RFC 9126 section 4): used once."""

SESSION: Table = {
    ("live", "human_act"): "live",
    ("live", "end"): "ended",
}
"""A login session: acts of a human keep it alive, an end is final."""

ACCESS_TOKEN: Table = {
    ("active", "present"): "active",
    ("active", "revoke"): "revoked",
}
"""An issued access token, as introspection sees it."""

A2A_TASK: Table = {
    ("submitted", "start"): "working",
    ("working", "need_authorization"): "auth_required",
    ("auth_required", "authorize"): "working",
    ("auth_required", "need_authorization"): "auth_required",
    ("working", "complete"): "completed",
    ("working", "fail"): "failed",
    ("submitted", "cancel"): "canceled",
    ("working", "cancel"): "canceled",
    ("auth_required", "cancel"): "canceled",
    ("auth_required", "reject"): "rejected",
    ("submitted", "reject"): "rejected",
}
"""An A2A task (A2A 1.0 sections 4.1.3 and 7.6): `auth_required` authorizes nothing by itself."""

LIFECYCLES: Mapping[str, Table] = {
    "authorization code": CODE,
    "refresh token": REFRESH_TOKEN,
    "grant": GRANT,
    "consent": CONSENT,
    "backchannel request": BACKCHANNEL,
    "pushed request": PUSHED,
    "session": SESSION,
    "access token": ACCESS_TOKEN,
    "A2A task": A2A_TASK,
}


def advance(table: Table, state: str, event: str) -> str | None:
    """The state after this event, or None where the table has no such step."""
    return table.get((state, event))


def drawing(table: Table) -> str:
    """The table as a Mermaid state diagram."""
    lines = [f"  {before} --> {after}: {event}" for (before, event), after in table.items()]
    return "\n".join(["stateDiagram-v2", *lines])
