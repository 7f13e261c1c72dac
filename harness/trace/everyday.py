"""Everyday words for kinds of events whose own sentences say it in other words: `login` is `user.authenticated`."""

from __future__ import annotations

from collections.abc import Mapping

_TABLE = {
    "login logon signin password mfa otp passkey biometric": "user.authenticated user.authentication_failed",
    "logout logoff signout": "user.logged_out session.ended",
    "here online present come visit": "user.arrived user.active",
    "away absent offline gone walk": "user.left",
    "idle timeout inactive": "session.ended user.active",
    "block ban suspend kill shut switch stop": "agent.disabled user.disabled user.locked task.halted",
    "unblock restore reinstate": "agent.enabled user.enabled user.unlocked",
    "refund transfer wire transaction purchase buy order invoice spend fraud money": "operation.completed operation.requested",
    "confirm authorize authorise sign prompt ask consult human": "approval.granted approval.requested approval.refused",
    "reject decline deny": "request.denied approval.refused operation.refused",
    "gdpr privacy optin agree purpose": "consent.granted consent.withdrawn",
    "optout revoke": "consent.withdrawn token.revoked permission.revoked",
    "forget delete erase remove": "data.erased erasure.requested audit.deleted",
    "leak disclose expose share show view see read look open download export": "data.accessed answer.delivered llm.received",
    "ai gpt chatgpt claude llm model provider": "llm.received",
    "mail email chat post send exfiltrate": "message.sent answer.delivered",
    "letter pdf report file": "document.created",
    "jwt bearer credential key secret scope": "token.issued token.exchanged token.revoked token.reused",
    "delegate behalf impersonate": "token.exchanged token.issued",
    "right role privilege admin": "permission.granted permission.revoked",
    "log trail evidence record": "audit.recorded audit.deleted",
    "alarm notify warn page incident": "alert.sent agent.flagged",
    "endpoint api call use reach": "request.allowed request.denied access.decided",
    "plugin mcp skill": "tool.changed tool.approved",
    "job work start begin": "task.started task.ended",
    "remember cache memory": "memory.read",
    "limit quota rate cost": "budget.exceeded budget.reset",
    "deploy setting change": "config.changed",
    "client onboard enrol enroll": "agent.registered",
}
EVERYDAY: Mapping[str, tuple[str, ...]] = {
    word: tuple(kinds.split()) for words, kinds in _TABLE.items() for word in words.split()
}
"""The kinds that a word is about, the likeliest first."""
