"""Bounded exhaustive exploration: breadth first over events, each state closed, equal states merged.

Decides in which order states are seen and when to stop; what a step may be comes from the mechanics, what is closed
from `closing`. Everything is in a fixed order, so that the same question has the same answer, byte for byte. It says
to how many events it is complete: where it ran dry before its limit, to any number in this world.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from harness.judge import monitor
from harness.plan.controls import Controls
from harness.plan.system import System
from harness.requirements import Requirement
from harness.search.canon import fingerprint
from harness.search.closing import Closing
from harness.search.interests import Interests
from harness.search.node import Broken, Node
from harness.search.shrink import Attack, shortest
from harness.trace import STANDARD, Vocabulary
from harness.world.mechanics import choices as people
from harness.world.mechanics import choices_of_agents as agents
from harness.world.mechanics import commands as c
from harness.world.mechanics.bounds import Bounds
from harness.world.mechanics.records import Task
from harness.world.mechanics.setup import build
from harness.world.mechanics.state import World
from harness.world.sim.population import records

CANDIDATES = 8
OF_PRIVILEGED = frozenset({"request.allowed", "token.issued", "token.exchanged", "data.accessed"})
"""What a token that an approval gave can bring about beside the operation, which other tokens can not."""
Watch = Callable[["Found"], bool]


@dataclass(slots=True)
class Found:
    """What a search says. `depth` is the number of events to which it is complete; `exhausted`: to any number.

    `complete` is False where it was cut short, `challenged` how often controls stopped what would have been a breach.
    """

    requirement: str
    attack: Attack | None = None
    depth: int = -1
    complete: bool = False
    exhausted: bool = False
    states: int = 0
    transitions: int = 0
    challenged: int = 0
    levels: list[int] = field(default_factory=list)


def first_world(system: System, controls: Controls, *, seed: int = 0) -> World:
    """The world that every attack starts from: nobody there, nothing done."""
    return build(system, controls, records(system), seed=seed)


def bounds_for(system: System, requirement: Requirement, interests: Interests) -> Bounds:
    """The small world for one requirement: more of what it speaks of, less of what it does not."""
    reads = {name for rule in requirement.rules for _, name in rule.reads()}
    approvals = 2 if interests.about_approvals else 1 if interests.about & OF_PRIVILEGED else 0
    return Bounds.of(system, approvals=approvals, sub_agents=1 if "root_agent" in reads else 0)


def search(
    system: System,
    controls: Controls,
    requirement: Requirement,
    *,
    vocabulary: Vocabulary = STANDARD,
    depth: int = 7,
    seed: int = 0,
    view: Bounds | None = None,
    go_on: Watch = lambda found: True,
) -> Found:
    """Search for the shortest attack on a requirement, up to `depth` events; `go_on` is asked after each state."""
    interests = Interests.of(requirement)
    view = view or bounds_for(system, requirement, interests)
    root = Node(
        first_world(system, controls, seed=seed),
        [monitor(rule, vocabulary) for rule in requirement.rules],
        interests.calming | interests.arming,
    )
    explorer = _Explorer(Found(requirement.id), view, interests, go_on)
    explorer.run(root, depth)
    found = explorer.found
    if explorer.broken:
        start = first_world(system, controls, seed=seed)
        found.attack = shortest(start, root.monitors, explorer.broken[:CANDIDATES])
    return found


class _Explorer:
    """The queue of one search."""

    def __init__(self, found: Found, view: Bounds, interests: Interests, go_on: Watch) -> None:
        self.found = found
        self.view = view
        self.interests = interests
        self.go_on = go_on
        self.closing = Closing(view, interests)
        self.seen: set[int] = set()
        self.broken: list[Broken] = []

    def run(self, root: Node, depth: int) -> None:
        found = self.found
        level = [root] if self._arrive(root) else []
        found.depth = 0
        while level and not self.broken and found.depth < depth:
            following = []
            for node in level:
                for child in self._children(node):
                    if self._arrive(child):
                        following.append(child)
                if len(self.broken) >= CANDIDATES // 2:
                    break
                if not self.go_on(found):
                    return
            level = following
            found.depth += 1
            found.levels.append(len(level))
        found.complete = True
        found.exhausted = not level and not self.broken

    def _arrive(self, node: Node) -> bool:
        """Close a state; whether it is new and can be gone on from."""
        if not node.broken:
            self.closing.close(node)
        found = self.found
        found.transitions = self.closing.transitions
        found.challenged += node.challenged
        node.challenged = 0
        if node.broken:
            found.states += 1
            self._collect(node.broken)
            return False
        mark = fingerprint(node)
        if mark in self.seen:
            return False
        self.seen.add(mark)
        found.states += 1
        return True

    def _collect(self, broken: list[Broken]) -> None:
        for one in broken:
            kinds = [(b.rule, b.event.kind if b.event else "", type(b.path.step.command)) for b in self.broken]
            if kinds.count((one.rule, one.event.kind if one.event else "", type(one.path.step.command))) < 2:
                self.broken.append(one)

    # ------------------------------------------------------------ events

    def _children(self, node: Node) -> Iterator[Node]:
        child = node.fork()
        for command in self._events(node):
            self.closing.transitions += 1
            reply, events = child.do(command)
            if reply.ok or child.broken or any(e.kind in child.counted and e.attempt is None for e in events):
                yield child
                child = node.fork()
        for at_ms in self._instants(node):
            self.closing.jump(child, at_ms)
            yield child
            child = node.fork()

    def _events(self, node: Node) -> Iterator[c.Command]:
        interests = self.interests
        for command in self._candidates(node):
            if not interests.closable(command) and interests.matters(command):
                yield command

    def _candidates(self, node: Node) -> Iterator[c.Command]:
        world, view = node.world, self.view
        yield from people.by_people(world, view)
        yield from people.by_operators(world, view)
        for agent in dict.fromkeys(agent for agent, _ in agents.errands(world, view)) if world.approvals else ():
            yield from self._operations(node, agent)
        for _, task in list(agents.errands(world, view)):
            if task is not None:
                yield from agents.questions(world, view, task)
                yield from agents.redemptions(world, task)
                yield from agents.registrations(world, view, task)

    def _operations(self, node: Node, agent: str) -> Iterator[c.Command]:
        """Calls that use an approval up, with the token that it gave. To name one beside another token only adds checks."""
        world = node.world
        tasks: list[Task | None] = [task for task in world.tasks.values() if task.agent == agent] or [None]
        privileged = [info for info in world.design.endpoints.values() if info.endpoint.privilege == "high"]
        for _, credential in list(node.held(agent)):
            if credential.kind == "access" and credential.approval is not None:
                for task in tasks:
                    for info in privileged:
                        for call in agents.calls_of(world, self.view, agent, task, credential, info):
                            if call.passthrough is None and not call.job:
                                yield call

    def _instants(self, node: Node) -> list[int]:
        """Where to jump: each instant that changes a rule, the last one before something is lost, the next job.

        Where no rule listens to anybody's going, everybody stays, and what is lost can be had anew at any time.
        """
        if not self.interests.needs_time:
            return []
        world = node.world
        at = set(node.instants())
        if self.interests.outlives:
            lost = [one - 1 for one in self._ends(node) if one - 1 > world.now_ms]
            at.update(sorted(lost)[:1])
            at.update(sorted(due.at_ms for due in world.agenda.values() if due.kind == "job")[:1])
        if self.interests.listened & {"session.ended", "user.left"}:
            at.update(
                sorted(due.at_ms for due in world.agenda.values() if due.kind in ("session_idle", "put_down"))[:1]
            )
        return sorted(one for one in at if one > world.now_ms)

    @staticmethod
    def _ends(node: Node) -> Iterator[int]:
        """When what is within reach ends: credentials, sessions, answers that can be redeemed."""
        for handle in node.best.values():
            credential = node.world.credentials[handle]
            if credential.kind == "access":
                yield credential.expires_ms
        for server in node.world.servers.values():
            profile = server.profile
            for session in server.store.sessions.values():
                if session.state == "live":
                    yield round((session.last_act_s + profile.session_idle_s) * 1000)


__all__ = ["Found", "bounds_for", "first_world", "search"]
