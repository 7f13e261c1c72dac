"""Bounded exhaustive exploration: breadth first over events, each state closed, equal states merged.

Decides in which order states are seen and when to stop; what a step may be comes from the mechanics, what is closed
from `closing`. Everything is in a fixed order, so that the same question has the same answer, byte for byte. It says
to how many events it is complete: where it ran dry before its limit, to any number in this world.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from harness.judge import monitor
from harness.plan.controls import Controls
from harness.plan.system import System
from harness.requirements import Requirement, Rule
from harness.search import unread
from harness.search.canon import fingerprint
from harness.search.canon_evidence import evidence
from harness.search.cast import people_named
from harness.search.closing import Closing
from harness.search.facets import Facet, alike, facets
from harness.search.frontier import Frontier
from harness.search.instants import instants
from harness.search.interests import MAKES_FAIL, TAKES
from harness.search.misfortunes import NONE, Misfortunes
from harness.search.node import ENOUGH, Node
from harness.search.reach import agents_count
from harness.search.repeating import MOST
from harness.search.rotated import shown_again
from harness.search.shrink import Attack, shortest
from harness.search.small_world import bounds_for, worlds_for
from harness.search.steps import Broken
from harness.search.withheld import taking_in
from harness.trace import STANDARD, Event, Vocabulary
from harness.world.mechanics import choices as people
from harness.world.mechanics import choices_of_agents as agents
from harness.world.mechanics import commands as c
from harness.world.mechanics.bounds import Bounds
from harness.world.mechanics.hostile import LureToConfirm
from harness.world.mechanics.records import Task
from harness.world.mechanics.setup import build
from harness.world.mechanics.state import World
from harness.world.sim.population import records

NOTHING: frozenset[str] = frozenset()
_BY_PEOPLE = (c.AnswerPrompt, LureToConfirm)
Watch = Callable[["Found"], bool]


@dataclass(slots=True)
class Found:
    """What a search says. `depth` is the number of events to which it is complete; `exhausted`: to any number.

    `complete` is False where it was cut short, `challenged` how often controls stopped what would have been a breach;
    `drawn` is how many runs were drawn in a larger world when nothing had been found in this one, with so many `decisions`
    and `stopped` breaches, `draw_cut` whether there should have been more;
    `misfortunes` befell it. `repeated` is how often a step was repeated at most where a rule allows more, which is cut short
    as well (0: every limit was reached). `stolen`: the keys of a client could be stolen.
    """

    requirement: str
    attack: Attack | None = None
    depth: int = -1
    complete: bool = False
    exhausted: bool = False
    states: int = 0
    transitions: int = 0
    challenged: int = 0
    drawn: int = 0
    misfortunes: Misfortunes = NONE
    decisions: int = 0
    stopped: int = 0
    draw_cut: bool = False
    repeated: int = 0
    stolen: bool = False
    levels: list[int] = field(default_factory=list)


def first_world(
    system: System, controls: Controls, *, seed: int = 0, misfortunes: Misfortunes = NONE
) -> World:
    """The world that every attack starts from: nobody there, nothing done."""
    fate, conditions = misfortunes.on(system)
    return build(system, controls, records(system), seed=seed, fate=fate, conditions=conditions)


def search(
    system: System,
    controls: Controls,
    requirement: Requirement,
    *,
    vocabulary: Vocabulary = STANDARD,
    depth: int = 7,
    seed: int = 0,
    view: Bounds | None = None,
    misfortunes: Misfortunes = NONE,
    stolen: bool = False,
    go_on: Watch = lambda found: True,
) -> Found:
    """Search for the shortest attack on a requirement, up to `depth` events; `go_on` is asked after each state.

    Facet after facet is taken one event deeper, so that what is found first took the fewest events, and of those the
    fewest steps. `misfortunes` befall the small world from its start. `stolen`: an outsider may get the keys of one client.
    """
    start = first_world(system, controls, seed=seed, misfortunes=misfortunes)
    found = Found(requirement.id, misfortunes=misfortunes, stolen=stolen)
    explorers = [
        Explorer(found, one, of, go_on)
        for number, rule in enumerate(requirement.rules)
        for of in ((view,) if view else worlds_for(system, rule, stolen=stolen))
        for one in facets(number, rule, vocabulary, of, told_apart(system, start, rule, of.people))
    ]
    broken = _run(found, explorers, start, depth)
    if broken:
        monitors = [monitor(rule, vocabulary) for rule in requirement.rules]
        found.attack = replace(shortest(start, monitors, broken), misfortunes=misfortunes)
    return found


def told_apart(system: System, start: World, rule: Rule, people: Sequence[str]) -> Sequence[str]:
    """The people who need a facet of their own: one of those who are alike is enough, where the rule names none of them."""
    return people[:1] if alike(system, start, people) and people_named(rule).isdisjoint(people) else people


def _run(found: Found, explorers: Sequence[Explorer], start: World, depth: int) -> list[Broken]:
    for explorer in explorers:
        if explorer.view.changing and any(one.broken for one in explorers):
            break  # strangers are enough
        explorer.begin(start)
    while True:
        if any(one.cut for one in explorers):
            return [one for explorer in explorers for one in explorer.broken]
        found.depth += 1
        found.levels.append(sum(len(one.frontier.level) for one in explorers))
        broken = [one for explorer in explorers for one in explorer.broken]
        found.exhausted = found.levels[-1] == 0 and not broken
        if broken or found.exhausted or found.depth >= depth:
            found.complete = not found.repeated or bool(broken)
            found.exhausted &= not found.repeated
            return broken
        for explorer in explorers:
            if not explorer.deepen(depth - found.depth):
                return explorer.broken


class Explorer:
    """The search of one facet. What it counts, it adds to what the whole search has found."""

    def __init__(self, found: Found, facet: Facet, view: Bounds, go_on: Watch) -> None:
        self.found = found
        self.facet = facet
        self.view = view
        self.interests = facet.interests
        self.go_on = go_on
        self.closing = Closing(view, facet, lambda: go_on(found))
        self.taking = self.closing.taking
        self.left = 0
        self.broken: list[Broken] = []
        self.cut = False
        self.frontier = Frontier(self.children, self.arrive, self._mark)

    def begin(self, start: World) -> None:
        """Close the first state."""
        self.taking.of_agents = agents_count(start.design, self.view, self.interests)
        self.frontier.start(Node(start.fork(), [self.facet]))

    def deepen(self, left: int) -> bool:
        """One event more, of so many that are left; False where that was cut short, or enough was found."""
        self.left = left
        return self.frontier.deepen(lambda: len(self.broken) >= ENOUGH or not self.go_on(self.found))

    def arrive(self, node: Node) -> bool:
        """Close a state; False where it breaks the rule."""
        if not node.broken:
            self.closing.close(node)
        found = self.found
        found.transitions += self.taking.transitions
        self.taking.transitions = 0
        found.challenged += node.challenged
        node.challenged = 0
        found.states += 1
        self.cut |= node.cut and not node.broken
        if self.closing.short:
            found.repeated = MOST
        self.broken += node.broken
        return not node.broken

    def _mark(self, node: Node) -> int:
        return fingerprint(node, of_agents=self.taking.of_agents)

    # ------------------------------------------------------------ events

    def children(self, node: Node) -> Iterator[Node]:
        child, seen = node.fork(), set[int]()
        for command in self._candidates(node):
            self.taking.transitions += 1
            reply, events = child.do(command)
            self.found.challenged += child.challenged
            child.challenged = 0
            if self._leads_on(node, child, command, reply.ok, events):
                mark = self._mark(child)
                if child.broken or mark not in seen:  # several steps may lead to one state
                    seen.add(mark)
                    yield child
                child = node.fork()
            elif reply.ok or child.path is not node.path or isinstance(command, _BY_PEOPLE):
                child = node.fork()  # it left a trace, if only that somebody was there to be refused
        yield from taking_in(node)
        for at_ms in instants(node, self.facet, self.left):
            self.closing.jump(child, at_ms)
            yield child
            child = node.fork()

    def _leads_on(self, node: Node, child: Node, command: c.Command, ok: bool, events: list[Event]) -> bool:
        """Whether a step made a difference that closing does not make anyway."""
        if child.broken:
            return True
        if isinstance(command, TAKES):
            going = isinstance(command, c.Leave) and self.interests.of_presence and self.facet.involves(command.user)
            failing = ok and not MAKES_FAIL.get(type(command), NOTHING).isdisjoint(self.interests.listened)
            return self._noted(node, child, command) or failing or (ok and (going or self._may_turn(node, command)))
        if isinstance(command, c.TakeStep):
            return self._noted(node, child, command)
        if self.taking.gathers(node, command):
            begun = isinstance(command, c.StartTask) and ok and self.taking.each_way(node, command)
            return begun or child.calmed(events)
        if child.world.pools != node.world.pools:
            unread.asked_again(child)
            return True
        return ok or child.calmed(events) or (isinstance(command, c.GetToken) and child.states != node.states)

    def _noted(self, node: Node, child: Node, command: c.Command) -> bool:
        """Whether a step has changed what the rule goes by, or one taken by itself what those who insist on evidence find.

        What is recorded beside a deed counts only if the rule notes it: else it can come with the deed that needs it.
        """
        if child.states != node.states and child.noted != node.noted:
            return True
        if not isinstance(command, c.TakeStep) or child.world.evidence == node.world.evidence:
            return False
        involved = all(self.facet.involves(one) for one in (command.user, command.agent) if one is not None)
        return involved and evidence(child.world, {}) != evidence(node.world, {})

    def _may_turn(self, node: Node, command: c.Command) -> bool:
        """Whether a step can be taken back, the rule takes notice of that, and here it is about whom it is then about.

        To stop somebody else and let them go on gives nothing that was not there before. Those who were started by the same
        agent are no others: what is decided of one may reach the rest.
        """
        if not self.interests.turns(command):
            return False
        name = str(getattr(command, "agent", None) or getattr(command, "user", ""))
        programs = node.world.programs
        root = (programs[name].root if name in programs else None) or name
        related = [one.id for one in programs.values() if (one.root or one.id) == root]
        return any(self.facet.involves(one) for one in (name, *related))

    def _candidates(self, node: Node) -> Iterator[c.Command]:
        """What closing does not take: what takes away, uses up or calms."""
        for one in dict.fromkeys(self.taking.current(node, one) for one in node.kept.values()):
            yield one
        for command in self._all(node):
            for one in (command, *self.taking.twisted(node, command)):
                if not self.taking.plain(node, one) and self.interests.matters(one):
                    yield one

    def _all(self, node: Node) -> Iterator[c.Command]:
        world, view = node.world, self.view
        yield from self._newest_answers(node, people.by_people(world, view))
        yield from people.by_operators(world, view)
        yield from people.thefts(world, view)
        if not self.taking.of_agents:
            return
        yield from self._with_the_best(node, people.stolen_refreshes(world, view))
        if "token.reused" in self.interests.listened:
            yield from shown_again(node)
        yield from self.closing.luring.events(node)
        if "task.ended" in self.interests.listened:
            yield from agents.endings(world)
        for agent in dict.fromkeys(agent for agent, _ in agents.errands(world, view)) if self.interests.rations else ():
            yield from self._operations(node, agent)
        for _, task in list(agents.errands(world, view)):
            if task is not None:
                if self.interests.rations:
                    yield from agents.questions(world, view, task)
                yield from self._newest_answers(node, agents.redemptions(world, view, task))
        yield from self._registrations(node)
        yield from unread.cancelled(node)

    def _registrations(self, node: Node) -> Iterator[c.Command]:
        """New clients: for each program and server once, in whichever task, where the rule takes no notice of which."""
        found: dict[object, c.Register] = {}
        for _, task in agents.errands(node.world, self.view):
            for one in agents.registrations(node.world, self.view, task) if task is not None else ():
                found.setdefault(one if "agent.registered" in self.interests.listened else (one.agent, one.server), one)
        yield from found.values()

    @staticmethod
    def _with_the_best(node: Node, commands: Iterator[c.Command]) -> Iterator[c.Command]:
        """Of credentials that nobody can tell apart the one that counts; as in closing."""
        best = set(node.best.values())
        for command in commands:
            named = {getattr(command, name, None) for name in ("credential", "subject", "like")} - {None}
            if named <= best:
                yield command

    def _newest_answers(self, node: Node, commands: Iterator[c.Command]) -> Iterator[c.Command]:
        """Where approvals are not counted: so many answers, to the newest question about an operation, for its own task."""
        approvals = node.world.approvals
        newest = {(one.task, one.operation.type, one.state): one.id for one in approvals.values()}
        answered = [one.user for one in approvals.values() if one.state != "pending"]
        for command in commands:
            named = getattr(command, "approval", None)
            if self.interests.rations or named is None:
                yield command
            elif named not in newest.values():
                continue
            elif isinstance(command, c.AnswerPrompt | c.AnswerInstead | LureToConfirm):
                if answered.count(approvals[named].user) < self.view.approvals:
                    yield command
            elif getattr(command, "task", None) == approvals[named].task:
                yield command

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


__all__ = ["Found", "bounds_for", "first_world", "search"]
