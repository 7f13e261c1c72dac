"""What a rule has to do with each kind of step: which steps can help to keep it, which it takes notice of.

The search rests on this: a step whose events cannot help to keep a rule may always be taken, and one that only takes
something away matters only where a rule takes notice of it. Read off the compiled rules; knows no control.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.requirements import Rule
from harness.requirements.conditions import Listing, Value, tests
from harness.trace import STANDARD, Event
from harness.world.mechanics import commands as c
from harness.world.mechanics import hostile

_CALLS = frozenset({"request.allowed", "request.denied", "audit.recorded", "data.accessed", "document.created",
                    "access.decided", "llm.received", "operation.completed", "token.issued", "token.exchanged"})  # fmt: skip
_TOKENS = frozenset({"token.issued", "token.exchanged"})
_REUSE = frozenset({"token.reused", "token.revoked"})
EMITS: dict[type[c.Command], frozenset[str]] = {
    c.Arrive: frozenset({"user.arrived"}),
    c.Leave: frozenset({"user.left"}),
    c.LogIn: _TOKENS | {"session.started", "user.authenticated", "user.authentication_failed", "code.issued"},
    c.LogOut: frozenset({"user.logged_out", "session.ended"}),
    c.Act: frozenset({"user.active"}),
    c.GiveConsent: frozenset({"consent.granted"}),
    c.WithdrawConsent: frozenset({"consent.withdrawn", "consent.withdrawal_notified"}),
    c.StartTask: _TOKENS | _REUSE | {"task.started", "user.active", "request.allowed", "request.denied", "code.issued"},
    c.AnswerPrompt: frozenset({"user.arrived", "user.active", "approval.granted", "approval.refused"}),
    c.Halt: frozenset({"task.halted"}),
    c.GetToken: _TOKENS | _REUSE,
    c.Call: _CALLS,
    c.SendToModel: frozenset({"request.allowed", "request.denied", "llm.received"}),
    c.AskApproval: frozenset({"operation.requested", "approval.requested"}),
    c.RedeemApproval: _TOKENS,
    c.AnswerInstead: frozenset({"approval.granted"}),
    hostile.LureToConfirm: frozenset({"user.arrived", "user.active", "approval.granted"}),
    c.SendMessage: frozenset({"message.sent"}),
    c.ReadMemory: frozenset({"memory.read"}),
    c.Deliver: frozenset({"answer.delivered"}),
    c.EndTask: frozenset({"task.ended"}),
    c.Register: frozenset({"agent.registered"}),
    hostile.PublishDocument: frozenset({"agent.registered"}),
    c.Lure: _TOKENS | {"code.issued"},
    hostile.FollowMetadata: _TOKENS | {"code.issued"},
    c.Spawn: frozenset({"agent.registered"}),
    c.DisableAgent: frozenset({"agent.disabled"}),
    c.EnableAgent: frozenset({"agent.enabled"}),
    c.RevokeGrant: frozenset({"token.revoked"}),
    c.LockUser: frozenset({"user.disabled"}),
    c.UnlockUser: frozenset({"user.enabled"}),
    c.EndSessions: frozenset({"session.ended"}),
    c.ChangeTool: frozenset({"tool.changed"}),
    c.ApproveTool: frozenset({"tool.approved"}),
}
"""The kinds of events that a command can make true; a test holds them against what commands do."""

TAKES = (c.Leave, c.LogOut, c.WithdrawConsent, c.Halt, c.EndTask, c.DisableAgent, c.RevokeGrant, c.LockUser,
         c.EndSessions)  # fmt: skip
"""Steps after which nobody can do more than before."""
SINKS = (c.SendToModel, c.SendMessage, c.Deliver)
"""Steps that take data somewhere, and bring nothing."""
TURNS: dict[type[c.Command], type[c.Command]] = {c.EnableAgent: c.DisableAgent, c.UnlockUser: c.LockUser}
"""Steps that take another back, and matter where that one does."""
CHANGES = (c.Register, hostile.PublishDocument, c.EndAccess, c.ChangeTool, c.ApproveTool, c.StealClient, c.TakeStep)
"""Steps after which something else is possible than before."""
USES_UP = (c.AskApproval, c.AnswerPrompt, c.AnswerInstead, c.RedeemApproval, hostile.LureToConfirm)
"""Steps after which something that could be used is used."""
ASTRAY = (c.Lure, hostile.FollowMetadata)
"""Steps that lead people and their applications to an outsider."""
BY_AGENTS = frozenset(
    kind for of, kinds in EMITS.items() if issubclass(of, c.Step) and of not in (*TAKES, *USES_UP, *CHANGES, *ASTRAY)
    for kind in kinds
)  # fmt: skip
"""What agents can make true with steps that are closed as a rule."""
MAKES_FAIL: dict[type[c.Command], frozenset[str]] = {c.LockUser: frozenset({"user.authentication_failed"})}
"""What somebody cannot do any more after a step, and is seen to try."""
PRESENCE = frozenset({"user.arrived", "user.left"})
"""Whoever answers a prompt is there for a while, and cannot be gone at once."""
BY_TIME = {"session_idle": "session.ended", "put_down": "user.left"}
"""What happens by itself when time passes: what is due, and the kind of event that it makes true."""
_TOKEN_FIELDS = {"token", "token_audience", "token_scope", "token_remaining", "audience", "scope", "subject_scope"}
_OF_WHAT = frozenset({
    "agent", "root_agent", "time", "hour", "endpoint", "api", "pep", "protocol", "tool", "permission", "required_acr", "owner",
    "entitled", "category", "record", "record_tenant", "record_region", "action", "fields", "allowed_fields", "trusted", "type",
    "amount", "currency", "payee", "privilege", "reversible", "details_hash", "mode", "provider", "categories", "origin", "model",
    "region", "external", "destination",
})  # fmt: skip
"""What a fact says that is the same with whichever credential the same program made it true."""
_OF_DATA = frozenset({"owner", "entitled", "categories", "category", "origin", "tokens", "cost"})
_CLOCK_FIELDS = {"hour", "token_remaining", "lifetime", "latency"}



def emits(command: c.Command) -> frozenset[str]:
    """The kinds of events that a command can make true, but for declared steps that stand beside them."""
    if isinstance(command, c.TakeStep):
        return frozenset({command.step})
    return EMITS.get(type(command), frozenset())


@dataclass(frozen=True, slots=True)
class Interests:
    """What a rule listens to. `calming` are the kinds that can help to keep it, `arming` those that count against it.

    `rations`: whether it counts how often an approval is used, or ties what is done to one. `limits`: whether it counts
    events, values or sums. `hours`: the hours of the day at which what it says of an event changes. `reads_tokens`: whether
    it tells tokens apart that differ in audience or scope alone; `reads_whose`: whether it looks at more of whoever does
    something than which program it is; `reads_data`: whether at what reaches a provider, and
    `reads_sets` at what of it comes together; `armed_first`: whether nothing breaks it before something else has happened;
    `reads_moment`: whether the same step can be another matter to it at another
    moment.
    """

    listened: frozenset[str]
    calming: frozenset[str]
    arming: frozenset[str]
    timed: bool
    longest_ms: int
    reads_clock: bool
    about: frozenset[str]
    rations: bool
    limits: bool = False
    hours: tuple[int, ...] = ()
    reads_tokens: bool = False
    reads_moment: bool = False
    reads_whose: bool = True
    reads_data: bool = True
    reads_sets: bool = False
    armed_first: bool = False

    @classmethod
    def of(cls, rule: Rule) -> Interests:
        """Read off a rule."""
        listened = frozenset(kind for clause in rule.clauses for kind in clause.kinds)
        present = _reads(rule, {"user_present"})
        return cls(
            listened=listened | PRESENCE if present else listened,
            calming=frozenset((*_calming(rule), *(("user.arrived",) if present else ()))),
            arming=frozenset(_arming(rule)),
            timed=_timed(rule),
            longest_ms=max(_spans(rule), default=0),
            reads_clock=_reads_clock(rule),
            about=frozenset(rule.about.kinds),
            rations=_rations(rule),
            limits=rule.pattern == "at_most",
            hours=tuple(sorted(set(_hours(rule)))),
            reads_tokens=_reads(rule, _TOKEN_FIELDS),
            reads_moment=present or _reads_clock(rule),
            reads_whose=not {name for _, name in rule.reads()} <= _OF_WHAT,
            reads_sets=_reads_sets(rule),
            armed_first=rule.pattern == "after_never",
            reads_data=any(kind == "llm.received" and name in _OF_DATA for kind, name in rule.reads()),
        )

    def gathers(self, command: c.Command) -> bool:
        """Whether a step takes nothing away and uses nothing up; where no event of it calms, it may be taken always."""
        kind = type(command)
        if kind in TAKES or kind in TURNS or kind in CHANGES or getattr(command, "cancelled", False):
            return False
        if kind in USES_UP or (isinstance(command, c.Call) and command.approval is not None):
            return not self.rations
        return True

    def idle(self, command: c.Command) -> bool:
        """Whether a step gives nothing to anybody and makes nothing true that the rule takes notice of."""
        kind = type(command)
        return kind in SINKS and self.listened <= STANDARD.kinds.keys() - EMITS[kind]

    def may_calm(self, command: c.Command) -> bool:
        """Whether a step may make something true that helps to keep the rule; whether it does shows when it is taken."""
        return bool(emits(command) & self.calming)

    def turns(self, command: c.Command) -> bool:
        """Whether a step is taken back, or takes back, and the rule takes notice of that: nothing ends that never began."""
        kind = type(command)
        return any(kind in (of, taken) and bool(EMITS[of] & self.listened) for of, taken in TURNS.items())

    def matters(self, command: c.Command) -> bool:
        """Whether a step that is not closed can be part of a shortest attack at all."""
        kind = type(command)
        if self.turns(command):
            return True
        if isinstance(command, c.TakeStep):
            return command.step in self.listened
        if kind in TAKES:
            return bool((EMITS[kind] | MAKES_FAIL.get(kind, frozenset())) & self.listened)
        if kind in TURNS:
            return bool(EMITS[TURNS[kind]] & self.listened)
        if isinstance(command, c.AnswerPrompt) and not command.approve:
            return "approval.refused" in self.listened
        return True

    @property
    def of_presence(self) -> bool:
        """Whether the rule takes notice of who is there."""
        return bool(PRESENCE & self.listened)

    @property
    def hears_refusals(self) -> bool:
        """Whether the rule takes notice of what was refused, so that each refusal is a matter of its own."""
        return not self.listened.isdisjoint(("request.denied", "audit.recorded", "access.decided"))

    @property
    def outlives(self) -> bool:
        """Whether work that goes on by itself can matter: the rules listen to something that should have ended it."""
        return self.needs_time and any(EMITS[kind] & self.listened for kind in TAKES)

    @property
    def needs_time(self) -> bool:
        """Whether letting time pass can do an attacker any good."""
        return self.timed or not self.listened.isdisjoint(BY_TIME.values())


def leaves_a_trace(command: c.Command, events: Iterable[Event]) -> bool:
    """Whether something comes of a step that is not answered with a yes, such as that a grant is revoked for it."""
    told = isinstance(command, c.AnswerPrompt) or getattr(command, "cancelled", False)
    return told or (isinstance(command, c.GetToken) and any(one.kind == "token.reused" for one in events))


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
    return bool(_spans(rule)) or _reads_clock(rule)


def _spans(rule: Rule) -> list[int]:
    spans = (rule.within_ms, rule.grace_ms, rule.delay_ms, rule.for_ms, rule.window_ms)
    return [span for span in spans if span is not None]


def _reads_clock(rule: Rule) -> bool:
    return _reads(rule, _CLOCK_FIELDS)


def _reads(rule: Rule, names: set[str]) -> bool:
    return any(name in names for _, name in rule.reads())


def _reads_sets(rule: Rule) -> bool:
    """Whether several tests, or one of a size, look at what reaches a provider at once: then it matters what is sent together."""
    found = [test.field for clause in rule.clauses if "llm.received" in clause.kinds for test in tests(clause.where)]
    return found.count("categories") > 1 or not {"tokens", "cost"}.isdisjoint(found)


def _rations(rule: Rule) -> bool:
    """Approvals count where the rule speaks of them, or ties something else to an operation."""
    tied = {kind for clause in rule.clauses if clause is not rule.about for kind in clause.kinds}
    return any(kind.startswith("approval.") for kind in tied.union(rule.about.kinds)) or any(
        kind.startswith("operation.") for kind in tied
    )


def _hours(rule: Rule) -> Iterable[int]:
    """Each hour that a condition compares with, the one after it, and the first of the day."""
    for clause in rule.clauses:
        for test in tests(clause.where):
            values = test.right.items if isinstance(test.right, Listing) else (test.right,)
            for one in values if test.field == "hour" else ():
                if isinstance(one, Value) and isinstance(one.value, int | float):
                    yield from (0, int(one.value) % 24, int(one.value + 1) % 24)
