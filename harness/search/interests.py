"""What a requirement has to do with each kind of step: which steps can help to keep it, which it takes notice of.

The search rests on this: a step whose events cannot help to keep a rule may always be taken, and one that only takes
something away matters only where a rule takes notice of it. Read off the compiled rules; knows no control.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.requirements import Requirement, Rule
from harness.world.mechanics import commands as c

_CALLS = frozenset({"request.allowed", "request.denied", "audit.recorded", "data.accessed", "document.created",
                    "access.decided", "llm.received", "operation.completed", "token.issued", "token.exchanged"})  # fmt: skip
_TOKENS = frozenset({"token.issued", "token.exchanged"})
EMITS: dict[type[c.Command], frozenset[str]] = {
    c.Arrive: frozenset({"user.arrived"}),
    c.Leave: frozenset({"user.left"}),
    c.LogIn: _TOKENS | {"session.started", "user.authenticated", "code.issued"},
    c.LogOut: frozenset({"user.logged_out", "session.ended"}),
    c.Act: frozenset({"user.active"}),
    c.GiveConsent: frozenset({"consent.granted"}),
    c.WithdrawConsent: frozenset({"consent.withdrawn", "consent.withdrawal_notified"}),
    c.StartTask: _TOKENS | {"task.started", "user.active", "request.allowed", "request.denied", "code.issued"},
    c.AnswerPrompt: frozenset({"user.arrived", "user.active", "approval.granted", "approval.refused"}),
    c.Halt: frozenset({"task.halted"}),
    c.GetToken: _TOKENS,
    c.Call: _CALLS,
    c.SendToModel: frozenset({"request.allowed", "request.denied", "llm.received"}),
    c.AskApproval: frozenset({"operation.requested", "approval.requested"}),
    c.RedeemApproval: _TOKENS,
    c.AnswerInstead: frozenset({"approval.granted"}),
    c.SendMessage: frozenset({"message.sent"}),
    c.ReadMemory: frozenset({"memory.read"}),
    c.Deliver: frozenset({"answer.delivered"}),
    c.EndTask: frozenset({"task.ended"}),
    c.Register: frozenset({"agent.registered"}),
    c.Spawn: frozenset({"agent.registered"}),
    c.DisableAgent: frozenset({"agent.disabled"}),
    c.EnableAgent: frozenset({"agent.enabled"}),
    c.RevokeGrant: frozenset({"token.revoked"}),
    c.LockUser: frozenset({"user.disabled"}),
}
"""The kinds of events that a command can make true; a test holds them against what commands do."""

TAKES = (c.Leave, c.LogOut, c.WithdrawConsent, c.Halt, c.EndTask, c.DisableAgent, c.RevokeGrant, c.LockUser)
"""Steps after which nobody can do more than before."""
USES_UP = (c.AskApproval, c.AnswerPrompt, c.AnswerInstead, c.RedeemApproval)
"""Steps after which something that could be used is used."""
BY_TIME = frozenset({"session.ended", "user.left"})
"""What happens by itself when time passes."""
_CLOCK_FIELDS = {"hour", "token_remaining", "user_present", "lifetime"}
_OF_APPROVALS = ("approval.", "operation.")


@dataclass(frozen=True, slots=True)
class Interests:
    """What a requirement listens to. `calming` are the kinds that can help to keep it, `arming` those that count."""

    listened: frozenset[str]
    calming: frozenset[str]
    arming: frozenset[str]
    timed: bool
    about: frozenset[str]

    @classmethod
    def of(cls, requirement: Requirement) -> Interests:
        """Read off the rules of a requirement."""
        rules = requirement.rules
        return cls(
            listened=requirement.kinds,
            calming=_union(_calming(rule) for rule in rules),
            arming=_union(_arming(rule) for rule in rules),
            timed=any(_timed(rule) for rule in rules),
            about=_union(rule.about.kinds for rule in rules),
        )

    def closable(self, command: c.Command) -> bool:
        """Whether a step may be taken always: it takes nothing away, uses nothing up and helps to keep no rule."""
        kind = type(command)
        if EMITS.get(kind, frozenset()) & self.calming or kind in TAKES or kind in (c.EnableAgent, c.Register):
            return False
        if kind in USES_UP or (isinstance(command, c.Call) and command.approval is not None):
            return not self.approvals_matter
        return True

    def matters(self, command: c.Command) -> bool:
        """Whether a step that is not closed can be part of a shortest attack at all."""
        kind = type(command)
        if kind in TAKES:
            return bool(EMITS[kind] & self.listened)
        if kind is c.EnableAgent:
            return bool(EMITS[c.DisableAgent] & self.listened)
        if isinstance(command, c.AnswerPrompt) and not command.approve:
            return "approval.refused" in self.listened
        return True

    @property
    def approvals_matter(self) -> bool:
        """Whether when and how often something approved is used can make a difference."""
        return self.timed or any(kind.startswith(_OF_APPROVALS) for kind in self.listened)

    @property
    def about_approvals(self) -> bool:
        """Whether the requirement speaks of approvals or of what is approved."""
        return any(kind.startswith(_OF_APPROVALS) for kind in self.listened)

    @property
    def outlives(self) -> bool:
        """Whether work that goes on by itself can matter: the rules listen to something that should have ended it."""
        return self.needs_time and any(EMITS[kind] & self.listened for kind in TAKES)

    @property
    def needs_time(self) -> bool:
        """Whether letting time pass can do an attacker any good."""
        return self.timed or bool(self.listened & BY_TIME)


def _calming(rule: Rule) -> Iterable[str]:
    if rule.pattern in ("precedence", "response") and rule.other is not None:
        yield from rule.other.kinds
    for clause in (rule.ends if rule.pattern != "precedence" else None, rule.closes):
        if clause is not None:
            yield from clause.kinds


def _arming(rule: Rule) -> Iterable[str]:
    """Kinds that, happening once more, bring a violation nearer."""
    if rule.pattern == "after_never" and rule.other is not None:
        yield from rule.other.kinds
    if rule.pattern in ("at_most", "response") or rule.use_once:
        yield from rule.about.kinds
    if rule.pattern == "precedence" and rule.ends is not None:
        yield from rule.ends.kinds


def _timed(rule: Rule) -> bool:
    spans = (rule.within_ms, rule.grace_ms, rule.delay_ms, rule.for_ms, rule.window_ms)
    return any(span is not None for span in spans) or any(name in _CLOCK_FIELDS for _, name in rule.reads())


def _union(groups: Iterable[Iterable[str]]) -> frozenset[str]:
    return frozenset(kind for group in groups for kind in group)
