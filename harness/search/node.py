"""One state of the search: a world, what the monitors of one requirement make of it, and the steps that led there.

`do` takes a step and judges its events; what is new within reach is noted by shape: what a credential claims and whose
it is, not which string it is. Of those with one shape, which enforcement points do not tell apart, the longest-lived counts.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from harness.judge import State
from harness.search.facets import Facet
from harness.search.interests import leaves_a_trace
from harness.search.passing import forget_evidence, settled
from harness.search.rotated import note_rotation
from harness.search.steps import Accepted, Broken, Link, Marks, Shape, Step, item_shape, sort_of
from harness.trace import Event
from harness.world.mechanics import commands as c
from harness.world.mechanics.engine import apply
from harness.world.mechanics.forgery import forged_as
from harness.world.mechanics.hostile import PublishDocument
from harness.world.mechanics.records import Credential
from harness.world.mechanics.replies import Reply
from harness.world.mechanics.state import World

ALIKE, ENOUGH, LONG_ENOUGH = 2, 40, 10_000
"""How many breaches of one sort, and in all, are followed up from one state, and for how many steps after the first."""
NO_NEWS, ALL_NEWS = frozenset[str](), frozenset({"all"})
SCOPE = 10
"""The place of the scopes in the shape of a credential."""
GIVES = (c.StartTask, c.Spawn, c.StoreMemory, c.EnableAgent, c.GiveConsent, c.Register, PublishDocument)
"""Steps after which more is possible than what their own answer gives."""


class Node:
    """A state that the search can go on from."""

    __slots__ = (
        "accepted", "asked", "asked_back", "best", "broken", "challenged", "counted", "cut", "drawn", "facets", "gone_through",
        "items", "kept", "late", "listened", "made", "news", "path", "permitted", "rations", "refused", "renewed_ms", "shares",
        "spare", "states", "taken_back", "taken_in", "tallied", "tells_all", "told", "wanting", "withheld", "world",
    )  # fmt: skip

    def __init__(self, world: World, facets: Sequence[Facet], *, tells_all: bool = False) -> None:
        self.world = world
        self.tells_all = tells_all
        self.facets = facets
        self.listened = frozenset(kind for one in facets for kind in one.interests.listened)
        self.counted = frozenset(kind for one in facets for kind in one.interests.calming | one.interests.arming)
        self.news = True
        self.states: list[State] = [one.monitor.new_state() for one in facets]
        self.path: Link | None = None
        self.best: dict[Shape, str] = {}
        self.told: dict[Hashable, tuple[object, Any]] = {}
        self.items: dict[Shape, str] = {}
        self.made: tuple[Shape, ...] = ()
        self.drawn: Mapping[str, int] = {}
        self.asked: dict[Shape, int] = {}
        self.rations = any(one.interests.rations for one in facets)
        self.accepted: dict[Shape, Accepted] = {}
        self.kept: dict[Shape, c.Command] = {}
        self.spare: set[Shape] = set()
        self.refused: set[Shape] = set()
        self.shares = False
        self.wanting: set[Shape] = set()
        self.gone_through: dict[Shape, Hashable] = {}
        self.taken_back = self.asked_back = 0
        self.taken_in: dict[str, Marks] = {}
        self.withheld: frozenset[tuple[str, Marks]] = frozenset()
        self.permitted: frozenset[Shape] | None = None
        self.renewed_ms = 0
        self.challenged = self.late = 0
        self.cut = False
        limits = any(one.interests.limits for one in facets)
        self.tallied: dict[Shape, c.Command] | None = {} if limits else None
        self.broken: list[Broken] = []

    def fork(self) -> Node:
        """An independent copy."""
        other = object.__new__(Node)
        other.world = self.world.fork()
        other.facets, other.listened = self.facets, self.listened
        other.states = [state.copy() for state in self.states]
        other.path, other.tells_all, other.told = self.path, self.tells_all, self.told
        other.counted, other.news, other.made, other.drawn = self.counted, self.news, (), self.drawn
        other.best, other.items = self.best.copy(), self.items.copy()
        other.accepted, other.refused = self.accepted.copy(), self.refused
        self.shares = other.shares = True
        other.wanting, other.permitted = self.wanting.copy(), self.permitted
        other.gone_through = self.gone_through.copy()
        other.taken_back, other.asked_back = self.taken_back, self.asked_back
        other.taken_in, other.withheld = self.taken_in, self.withheld
        other.renewed_ms, other.challenged = self.renewed_ms, self.challenged
        other.asked, other.rations = self.asked.copy(), self.rations
        other.kept, other.spare = self.kept.copy(), self.spare.copy()
        other.late, other.cut = self.late, self.cut
        other.tallied = self.tallied.copy() if self.tallied is not None else None
        other.broken = []
        return other

    def do(self, command: c.Command, at_ms: int | None = None) -> tuple[Reply, list[Event]]:
        """Take a step and judge it; returns the reply and the events.

        A refusal leaves no trace, not even in what enforcement points count, unless a rule counts what it made true: an
        attack without it is an attack too. With `tells_all` nothing is left out: the path is all that was done.
        """
        world, breaches = self.world, len(self.broken)
        before, tallies = world.ids.counts.copy(), world.tallies.copy()
        events, reply = apply(world, command, world.now_ms if at_ms is None else at_ms)
        counts = any(self._counts(event, before) for event in self.heard(events) if event.kind in self.counted)
        link = Link(Step(command, world.now_ms, before, world.ids.counts.copy()), self.path)
        self._judge(events, link)
        self.drawn = before
        if world.evidence and not self.tells_all and any(event.kind in world.evidence for event in events) and settled(world):
            forget_evidence(world)
        if self.tallied is not None:
            self._tally(command, events)
        if reply.ok or counts or self.tells_all or len(self.broken) > breaches or leaves_a_trace(command, events):
            self.path = link
        elif "request.denied" not in self.listened:
            world.tallies = tallies
        self.made = ()
        if reply.ok:
            self._note(before)
            self.given(command)
        return reply, events

    def heard(self, events: Iterable[Event]) -> tuple[Event, ...]:
        """The facts that a rule takes notice of here."""
        return tuple(
            event for event in events
            if event.attempt is None and event.kind in self.listened
            and any(one.sees(event, self.world) for one in self.facets)
        )  # fmt: skip

    def _counts(self, event: Event, before: Mapping[str, int]) -> bool:
        """Whether a rule counts a fact for or against anybody, and goes on to do so after this step."""
        return any(
            event.kind in one.interests.arming or one.calms(event, self.world, before) for one in self.facets
        )

    def _tally(self, command: c.Command, events: Iterable[Event]) -> None:
        """Keep a step that a rule may count, the first of each sort."""
        assert self.tallied is not None, "only where a rule counts"
        about = {kind for one in self.facets if one.interests.limits for kind in one.interests.about}
        if not isinstance(command, c.Jump) and any(event.attempt is None and event.kind in about for event in events):
            self.tallied.setdefault(sort_of(command), command)

    def _judge(self, events: Iterable[Event], link: Link) -> None:
        world = self.world
        for facet, state in zip(self.facets, self.states, strict=True):
            for event in events:
                if event.attempt is not None:
                    self.challenged += facet.attempted(state, event, world)
                    continue
                found, saved = facet.step(state, event, world)
                self.challenged += saved
                if found is not None:
                    self._note_breach(Broken(facet.number, event, found, link))
            facet.forget(state, world)
            for late in facet.monitor.advance(state, world.now_ms):
                self._note_breach(Broken(facet.number, None, late, link))

    def _note_breach(self, new: Broken) -> None:
        """Breaches of every sort are kept, two of each: which leads to the shortest attack shows when they are shrunk."""
        if [one.sort for one in self.broken].count(new.sort) < ALIKE:
            self.broken.append(new)

    @property
    def stopped(self) -> bool:
        """Whether enough ways to break a rule are known here, or the time is up."""
        return len(self.broken) >= ENOUGH or self.late > LONG_ENOUGH or self.cut

    def would_matter(self, facts: Iterable[Event], arming: frozenset[str]) -> bool:
        """Whether the same facts at this instant would break a rule, or bring that nearer."""
        world = self.world
        for fact in facts:
            if fact.kind in arming:
                return True
            event = replace(fact, time_ms=world.now_ms)
            if any(one.would_violate(state, event, world) for one, state in zip(self.facets, self.states, strict=True)):
                return True
        return False

    def calmed(self, events: Iterable[Event]) -> bool:
        """Whether any of the events of the last step can help to keep a rule here."""
        return any(
            event.attempt is None and one.calms(event, self.world, self.drawn) for one in self.facets for event in events
        )

    def become(self, other: Node) -> None:
        """Go on as a fork of this one did, which is not used any more."""
        broken = [*self.broken, *other.broken]
        for name in Node.__slots__:
            setattr(self, name, getattr(other, name))
        self.broken = broken

    @property
    def armed(self) -> bool:
        """Whether a rule has noted something that time changes."""
        return any(one.monitor.deadlines(state) for one, state in zip(self.facets, self.states, strict=True))

    @property
    def noted(self) -> tuple[tuple[Hashable, ...], ...]:
        """What the rules have noted, as far as they still go by it."""
        now = self.world.now_ms
        return tuple(one.monitor.canon(state, now) for one, state in zip(self.facets, self.states, strict=True))

    @property
    def waits(self) -> bool:
        """Whether a rule still goes by what it has noted."""
        return any(self.noted)

    def instants(self) -> list[int]:
        """The future instants at which time alone changes what the rules say; of a last good one, the one after it."""
        now = self.world.now_ms
        found = {at for one, state in zip(self.facets, self.states, strict=True) for at in one.monitor.deadlines(state)}
        return sorted(at for at in found if at > now and at + 1 not in found)

    def given(self, command: c.Command) -> None:
        """Something was given that later requests do not name: what was refused for want of it may be tried again."""
        if isinstance(command, GIVES):
            self.news = True
        if isinstance(command, c.EnableAgent | c.UnlockUser | c.GiveConsent):
            self.taken_back += 1
        note_rotation(self, command)
        if isinstance(command, c.ChangeTool | c.ApproveTool | c.StealClient):
            self._changed(command)
        if isinstance(command, c.DisableAgent) and self.permitted is None:
            self.permitted = frozenset(self.refused)
        elif isinstance(command, c.EnableAgent) and self.permitted is not None:
            self.refused = set(self.permitted)
        elif isinstance(command, c.GiveConsent):
            self.refused, self.wanting = self.refused - self.wanting, set()
        elif isinstance(command, c.Register | PublishDocument):
            ours = ("token", "target", "useless", "ordinary", "refresh")
            self.refused = {one for one in self.refused if one[0] not in ours or one[1] != command.agent}

    def _changed(self, command: c.ChangeTool | c.ApproveTool | c.StealClient) -> None:
        """What a tool does, or what an outsider holds, is not what it was: calls of the tool are tried again."""
        self.news = True
        self.taken_back += 1
        tool = getattr(command, "tool", None)
        self.refused = {one for one in self.refused if one[0] not in ("call", "dead", "denied") or tool not in (None, *one[3:4])}
        for shape in [one for one in self.accepted if one[0] == "call" and one[3] == tool]:
            self.let_go(shape)

    def refuse(self, mark: Shape) -> None:
        """Remember that something is of no use. Forks have that in common until one of them learns more."""
        if self.shares:
            self.refused, self.shares = self.refused.copy(), False
        self.refused.add(mark)

    def let_go(self, shape: Shape) -> None:
        """Forget that a step was taken: it may be taken again."""
        del self.accepted[shape]
        if shape[0] == "token":
            self.asked_back += 1
        else:
            self.taken_back += 1

    def is_new(self, mark: Shape, *facts: Hashable) -> bool:
        """Whether to go through the steps of one sort again: something that they depend on is not as it was."""
        stamp = (self.taken_back, self.asked_back, *facts)
        if self.gone_through.get(mark) == stamp:
            return False
        self.gone_through[mark] = stamp
        return True

    def news_since(self, mark: Shape, facts: Mapping[str, Hashable]) -> frozenset[str]:
        """Which of these facts are not as they were when the steps of one sort were gone through; `all` the first time."""
        stamp, last = (self.taken_back, *facts.values()), self.gone_through.get(mark)
        if last == stamp:
            return NO_NEWS
        self.gone_through[mark] = stamp
        if not isinstance(last, tuple) or last[0] != self.taken_back:
            return ALL_NEWS
        return frozenset(name for name, then, now in zip(facts, last[1:], facts.values(), strict=True) if then != now)

    # ------------------------------------------------------------ what is within reach

    def _note(self, before: dict[str, int]) -> None:
        counts, made = self.world.ids.counts, []
        for number in range(before.get("cred", 0) + 1, counts.get("cred", 0) + 1):
            credential = self.world.credentials.get(f"cred{number}")
            if credential is not None:
                made.append(self._keep(credential))
        self.made = tuple(made)
        for number in range(before.get("handle", 0) + 1, counts.get("handle", 0) + 1):
            self._hold(f"handle{number}")
        first, last = before.get("item", 0) + 1, counts.get("item", 0) + 1
        if first < last:
            self._see(tuple(f"item{number}" for number in range(first, last)))

    def _keep(self, credential: Credential) -> Shape:
        shape = self.shape(credential)
        held = self.best.get(shape)
        self.news |= held is None
        if held is None or self.world.credentials[held].expires_ms <= credential.expires_ms:
            self.best[shape] = credential.handle
        return shape

    def _hold(self, key: str) -> None:
        """Keep a new state handle; one that gives what another gives is dropped, or states only grow."""
        handles = self.world.handles
        if key in handles:
            like = handles[key].like
            if any(one.like == like for name, one in handles.items() if name != key):
                del handles[key]
            else:
                self.news = True

    def _see(self, keys: tuple[str, ...]) -> None:
        """Take note of new pieces of data; those like what a task has seen already are dropped, or states only grow."""
        world, new = self.world, set(keys)
        for task, context in world.contexts.items():
            if not context or context[-1] not in new:
                continue
            fresh = []
            for key in context[-len(keys) :]:
                shape = (task, *item_shape(world.items[key]))
                if key in new and shape in self.items:
                    del world.items[key]
                else:
                    self.items.setdefault(shape, key)
                    self.news = True
                    fresh.append(key)
            world.contexts[task] = context[: -len(keys)] + tuple(fresh)

    def shape(self, credential: Credential) -> Shape:
        """What enforcement points and servers can tell of a credential, but for its instants and its name.

        Tokens of approvals are told apart where a rule counts approvals, else by what was approved.
        """
        facts = credential.facts
        approval: Any = credential.approval
        session = credential.session
        if approval is not None and not self.rations:
            meant = self.world.approvals[approval].operation
            approval, session = (meant.type, meant.record, meant.amount, meant.payee), "approval"
        return (
            credential.holder, credential.kind, credential.client, credential.user, credential.agent,
            session, credential.task, credential.server,
            facts.token_family if "token.revoked" in self.listened else None, facts.token_audience,
            facts.token_scope, facts.token_proof, facts.token_user, credential.acr, approval, credential.provider,
            credential.purpose, credential.categories, credential.owners, credential.depth, forged_as(credential),
        )  # fmt: skip

    @staticmethod
    def unscoped(shape: Shape) -> Shape:
        """A shape without its scopes, for answers that speak of the token alone."""
        return (*shape[:SCOPE], *shape[SCOPE + 1 :])

    @staticmethod
    def as_whom(shape: Shape) -> Shape:
        """A shape without holder, audience and scopes: in whose name, as what client and how one comes."""
        return (*shape[1 : SCOPE - 1], *shape[SCOPE + 1 :])

    def useful(self) -> set[Shape]:
        """The shapes of credentials that something was got with so far."""
        return {self.shape(one) for one in self.used()}

    def used(self) -> list[Credential]:
        """The credentials that something was got with so far, and those that would have done as well."""
        handles: dict[str | None, None] = {}
        for one in self.accepted.values():
            command = one.command
            handles[getattr(command, "credential", None)] = handles[getattr(command, "subject", None)] = None
        if self.spare:
            handles.update(dict.fromkeys(handle for shape, handle in self.best.items() if shape in self.spare))
        credentials = self.world.credentials
        return [credentials[handle] for handle in handles if handle]

    def held(self, *holders: str) -> Iterator[tuple[Shape, Credential]]:
        """The credentials that count and have not expired, of these holders or (without any) of all, by shape."""
        now, credentials = self.world.now_ms, self.world.credentials
        for shape, handle in list(self.best.items()):
            if (not holders or shape[0] in holders) and credentials[handle].expires_ms > now:
                yield shape, credentials[handle]
