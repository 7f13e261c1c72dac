"""Closing a state: everything that an adversary can only learn or gather, taken until nothing new comes of it.

Why this loses nothing. A step is closed only if (1) it takes nothing away and uses nothing up: whatever could be done
without it can be done after it, at the same instant and later; (2) none of its events can help to keep the rule, in what
the search looks at (`facets`): where a kind of event can, the step is taken aside first, and stays an event if it does.
Take any attack, and put all closed steps that are possible in front of each of its events: by (1) each of its steps is
still possible and by (2) the rule still breaks. So an attack with d events exists if and only if one exists among closed
states d events deep. What can be asked for again is not used up (`approving`).

A declared step that is done with another one counts as an event of it (`Bounds.beside`): what would help to keep the rule
that way stays an event, and is closed without its step, by which nobody can do less. What helps under a name that nothing
later can speak of helps no one (`passing`), and what programs do is left out where it cannot matter at all (`reach`).

It rests on two things about the world. Time and denials only take away: what was refused once stays refused while nothing
is given that it does not name, and nobody waits but for what changes the rule, or for what opens at its hour (`opening`).
And an answer says truly what it speaks of (`errands`, `presenting`): what it says of a token, a target, a scope or of who
comes holds for every request that has the same. Tests hold the lengths against a search that uses none of this.
"""

from __future__ import annotations

from collections.abc import Callable

from harness.search.approving import replenish, spend
from harness.search.errands import ABOUT_SUBJECT, Errands
from harness.search.facets import Facet
from harness.search.luring import Luring
from harness.search.node import Node
from harness.search.opening import try_again
from harness.search.repeating import Repeating
from harness.search.rotated import takes_away
from harness.search.steps import Accepted, Shape
from harness.search.taking import Taking
from harness.world.mechanics import choices as people
from harness.world.mechanics import commands as c
from harness.world.mechanics.bounds import Bounds


class Closing:
    """Closes states for one facet in one small world."""

    def __init__(self, view: Bounds, facet: Facet, go_on: Callable[[], bool] = lambda: True) -> None:
        self.view = view
        self.interests = facet.interests
        self.taking = Taking(view, facet, go_on)
        self.errands = Errands(self.taking)
        self.luring = Luring(self.taking)
        self.repeating = Repeating(self.taking, facet.monitor.rule) if self.interests.limits else None

    @property
    def short(self) -> bool:
        """Whether a limit was higher than any step was repeated."""
        return self.repeating is not None and self.repeating.short

    def close(self, node: Node) -> None:
        """Take every closed step until nothing new comes of it."""
        self._repeat(node)
        lured = False
        while not node.stopped:
            self._people(node)
            if not node.news and not self.interests.rations and self.view.approvals:
                replenish(node, self.view, self.taking.gather)
            if not node.news and not lured:
                self.luring.run(node)
                lured = True
            if not node.news:
                break
            node.news = False
            if self.taking.of_agents:
                self.errands.run(node)
        if self.interests.of_presence and not self.interests.rations:
            spend(node, self.view, self.taking.attempt)
        if self.repeating is not None:
            self.repeating.run(node)

    def jump(self, node: Node, at_ms: int) -> None:
        """Let time pass; whoever is there acts now and then on the way, so that no session ends for want of that."""
        idle_ms = round(node.world.home.profile.session_idle_s * 1000)
        while not node.broken and self._outlasts(node, at_ms):
            present = [one for one in people.by_people(node.world, self.view) if isinstance(one, c.Act)]
            last = [node.world.sessions[one.session] for one in present if self.taking.plain(node, one)]
            soonest = min(last, default=at_ms) + idle_ms - 1
            if soonest >= at_ms or soonest <= node.world.now_ms:
                break
            self.taking.transitions += 1 + len(present)
            node.do(c.Jump(), soonest)
            for one in present:
                node.do(one)
        self.taking.transitions += 1
        node.do(c.Jump(), at_ms)

    @staticmethod
    def _outlasts(node: Node, at_ms: int) -> bool:
        """Whether any session can last until then, however busy its person is."""
        store, profile = node.world.home.store, node.world.home.profile
        lasts = [store.sessions[one].auth_time_s + profile.session_ttl_s for one in node.world.sessions]
        return any(last_s * 1000 > at_ms for last_s in lasts)

    def _repeat(self, node: Node) -> None:
        """Time has passed, or something was taken away: get newer tokens, and take again what may matter now.

        A token that nothing accepts is let go: what refused it would refuse a newer one, until something new is given;
        then it is asked for again.
        """
        passed = node.world.now_ms > node.renewed_ms
        if passed:
            try_again(node)
        node.renewed_ms = node.world.now_ms
        useful = node.useful() if passed else set()
        moody = self.interests.reads_moment or self.view.changing
        if passed and self.interests.reads_clock:
            self._with_what_is_old(node)
        for shape, one in list(node.accepted.items()):
            if node.stopped:
                return
            if shape not in node.accepted:
                continue  # it showed what has just been rotated
            if passed and isinstance(one.command, c.GetToken):
                if useful.isdisjoint(one.made):
                    node.let_go(shape)
                else:
                    self._again(node, shape, one.command)
            elif one.facts and (moody or node.would_matter(one.facts, self.interests.arming if passed else frozenset())):
                self._again(node, shape, one.command)

    def _with_what_is_old(self, node: Node) -> None:
        """A rule that reads clocks may mind how little is left of a credential: take steps with it before it is renewed."""
        for one in list(node.accepted.values()):
            held = getattr(one.command, "subject", None) or getattr(one.command, "credential", None)
            if held is None or node.world.credentials[held].expires_ms <= node.world.now_ms or node.stopped:
                continue
            if self.taking.gathers(node, one.command):
                self.taking.take(node, one.command)

    def _again(self, node: Node, shape: Shape, command: c.Command) -> None:
        current = self.taking.current(node, command)
        useless = ("useless", shape[1], shape[2], shape[4]) if shape[0] == "token" and len(shape) > 8 else ()
        if useless in node.refused:
            node.let_go(shape)
            return
        if takes_away(node, current):
            node.let_go(shape)
            return
        taken = self.taking.take(node, current)
        if taken is None:
            if self.taking.calmed:
                node.kept[shape] = current
            return
        reply, events, made = taken
        if reply.ok:
            node.accepted[shape] = Accepted(current, node.heard(events), made or node.accepted[shape].made)
        else:
            node.let_go(shape)
            node.refuse(shape)
            if useless and reply.error in ABOUT_SUBJECT:
                node.refuse(useless)

    def _people(self, node: Node) -> None:
        for command in list(people.by_people(node.world, self.view)):
            kind = type(command)
            if kind is c.Act:
                self._act(node, command)
            elif kind is c.StartTask:
                self._start(node, command)
            elif kind in (c.Arrive, c.LogIn, c.GiveConsent) and self.taking.gathers(node, command):
                for one in (*self.taking.twisted(node, command), command):
                    taken = self.taking.take(node, one)
                    if taken is not None and taken[0].ok:
                        node.news = True
                        break

    def _act(self, node: Node, command: c.Command) -> None:
        """A person who is there keeps the session alive."""
        assert isinstance(command, c.Act)
        if self.taking.plain(node, command) and node.world.sessions.get(command.session, 0) < node.world.now_ms:
            self.taking.transitions += 1
            node.do(command)

    def _start(self, node: Node, command: c.Command) -> None:
        """Work that is refused (for want of a consent) would only litter the state: it is tried aside.

        It is begun once, so that it is begun without its steps; not where some place insists on one of them, since what
        can be done then depends on how it was begun: there each way is an event.
        """
        shape = ("start", command, node.world.now_ms, len(node.world.consents))
        if shape in node.refused or not self.taking.gathers(node, command):
            return
        ways = (*self.taking.twisted(node, command), command)
        if self.taking.each_way(node, command):
            ways = ()
        refused = False
        for one in ways:
            self.taking.transitions += 1
            trial = node.fork()
            reply, events = trial.do(one)
            if reply.ok and not trial.calmed(events):
                node.become(trial)
                return
            refused |= not reply.ok
        if refused:
            node.refuse(shape)
