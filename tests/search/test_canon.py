"""The fingerprint: two states that differ in what later steps depend on differ in it, and every field is accounted for.

`TOLD` names the fields that it tells apart, and each of them is changed here; `UNTOLD` says of every other field why two
states that differ in it alone need not be told apart. A field in neither is one that somebody has added since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from harness.oauth import records as server_side
from harness.oauth.looks import RsStore
from harness.oauth.resource import Answered
from harness.plan import Controls
from harness.search import explore
from harness.search.canon import fingerprint
from harness.search.canon_details import clock
from harness.search.explore import first_world
from harness.search.facets import Facet
from harness.search.node import Node
from harness.search.steps import Accepted
from harness.world.mechanics import commands as c
from harness.world.mechanics import records as world_side
from harness.world.mechanics.records import Due, Item
from harness.world.mechanics.state import Conditions, World
from tests.search.worlds import files, insurance, reference, searched, tiny

TOLD: dict[type, frozenset[str]] = {
    World: frozenset({
        "agenda", "answers", "approvals", "approved", "behind", "caches", "callbacks", "conditions", "consents", "contexts",
        "credentials", "evidence", "formerly", "found", "handles", "items", "leaked", "memories", "now_ms", "peps", "people",
        "pools", "programs", "records", "servers", "tallies", "tasks", "versions",
    }),
    world_side.Person: frozenset({"id", "devices", "locked"}),
    world_side.Task: frozenset({"id", "user", "agent", "session", "purpose", "subject", "done"}),
    world_side.Credential: frozenset({
        "holder", "server", "kind", "client", "facts", "user", "agent", "session", "task", "expires_ms", "acr", "approval",
        "provider", "purpose", "categories", "owners", "depth", "handle", "token",
    }),
    world_side.Item: frozenset({"owner", "entitled", "categories", "subjects", "trusted", "origin"}),
    world_side.Memory: frozenset({"agent", "subject", "store", "item"}),
    world_side.Handle: frozenset({"api", "user", "items"}),
    world_side.Approval: frozenset({"id", "user", "task", "operation", "shown", "server", "state", "answered_ms"}),
    world_side.Consent: frozenset({"id", "user", "agent", "recipient", "purpose", "categories"}),
    world_side.Program: frozenset({"id", "client", "disabled_ms", "registered", "root"}),
    world_side.Due: frozenset({"at_ms", "kind", "target", "payload"}),
    world_side.Cached: frozenset({"holds", "user", "until_ms"}),
    world_side.Record: frozenset({"entitled"}),
    server_side.Store: frozenset({"asked", "backchannel", "consents", "disabled", "grants", "issued", "sessions"}),
    server_side.Session: frozenset({"id", "user", "last_act_s", "auth_time_s", "state", "origin"}),
    server_side.Grant: frozenset({"id", "user", "client", "scopes", "session", "state"}),
    server_side.Backchannel: frozenset({"state", "by", "acr", "session", "expires_s"}),
    server_side.Consent: frozenset({"id", "user", "recipient", "purpose"}),
    server_side.Issued: frozenset({"jti", "state"}),
    RsStore: frozenset({"cache", "consumed", "denied"}),
}  # fmt: skip

UNTOLD: dict[type, dict[str, str]] = {
    World: {
        "aims": "a memory of what follows from a call; nothing is decided by it",
        "_who": "a memory of shared records",
        "beside": "of the design, which no step changes",
        "design": "no step changes it",
        "fate": "no step changes it; when it changes by itself is in `conditions.turns`",
        "assertions": "numbers that make client assertions different from one another",
        "counters": "they close a trace",
        "ids": "the names drawn from it are replaced by canonical ones",
        "next_due_ms": "the first of the agenda",
        "number": "the number of the last event",
        "operations": "what was done; rules that go by it have noted it",
        "out": "the log, which is judged when it is written",
        "preparing": "set anew by each command",
        "reach": "written for measuring alone, and off in a search",
        "refusals": "who is credited for a refusal",
        "replies": "answers that came late, for whoever waits; no step of a search waits",
        "sessions": "the sessions that have not ended, which the home server has as well, and when a human last acted",
        "stepping": "empty between two commands",
        "taken": "set anew by each command",
    },
    world_side.Person: {
        "type": "no step changes it",
        "since_ms": "rules that go by arrivals have noted them",
        "left_ms": "rules that go by departures have noted them",
    },
    world_side.Task: {
        "kind": "what an honest agent would do; an adversary decides",
        "started_ms": "rules that go by it have noted it",
        "completed": "counted for honest work alone",
        "ended_by": "whether honest work need still be done; a step that it leaves out takes away what is gone",
        "parent": "nobody sets it",
        "twist": "all tasks of a search have the same",
        "refused_calls": "counted for honest work alone",
        "refused": "counted for honest work alone",
        "round_trips": "counted for honest work alone",
    },
    world_side.Credential: {"issued_ms": "who is credited for an expiry"},
    world_side.Item: {
        "record": "rules and controls go by whose it is and who may see it",
        "filed_under": "the person of the task that it is in, or of the memory that it was read from",
        "label": "looked at when an answer comes, not later",
        "holder": "told of what came for no task, which the search sends no further",
    },
    world_side.Memory: {"id": "drawn"},
    world_side.Handle: {"id": "drawn"},
    world_side.Approval: {
        "agent": "that of its task",
        "asked_ms": "until when the question is open is told; rules that go by when it was asked have noted it",
        "session": "one of its own, whose tokens tell it",
    },
    world_side.Consent: {"given_ms": "when it lapses is on the agenda"},
    world_side.Program: {"parent_task": "nobody sets it"},
    world_side.Due: {"key": "drawn"},
    world_side.Cached: {
        "cache": "part of its key", "api": "part of its key", "session": "part of its key where it decides",
        "client": "part of its key where it decides", "agent": "part of its key where it decides",
        "family": "part of its key where it decides",
    },
    world_side.Record: dict.fromkeys(
        ("id", "owner", "category", "fields", "subjects", "trusted", "region", "tenant"), "no step changes it"
    ),
    server_side.Store: {
        "clients": "changed by a registration, which the program tells",
        "users": "no step changes it",
        "codes": "issued and redeemed in one step",
        "pushed": "used in the step that pushed it",
        "refresh": "the newest of a shape counts, and is told as a credential",
        "used": "what may come once; each step makes a new one",
        "linked": "follows from what was issued",
        "screens": "follows from who has signed in where",
    },
    server_side.Session: {
        "acr": "of a login always the same; of an approval in its tokens",
        "amr": "as `acr`",
    },
    server_side.Grant: {
        "audiences": "as its scopes", "details": "in the tokens derived from it", "offline": "in that there is a refresh token",
        "txn": "the approval, which is told", "origin": "follows from its client",
    },
    server_side.Backchannel: dict.fromkeys(
        ("id", "client", "agent", "user", "scopes", "audience", "details", "shown", "overridden", "binding_message", "asked_s",
         "acr_wanted", "answered_s", "channel", "txn", "delegation"), "the approval, which is told"
    ) | {"interval_s": "how soon to poll again", "polled_s": "how soon to poll again"},
    server_side.Consent: {
        "client": "as the ledger's", "categories": "as the ledger's", "given_s": "when it lapses is on the agenda",
        "state": "withdrawn when it is no longer in the ledger and no replica lags, which is on the agenda",
    },
    server_side.Issued: dict.fromkeys(
        ("client", "agent", "subject", "grant", "session", "expires_s", "parent", "claims"), "the credential tells it"
    ),
    RsStore: {"proofs": "what may come once; each step makes a new one"},
}  # fmt: skip


def fields(of: type) -> set[str]:
    """What records of a class are made of."""
    if issubclass(of, msgspec.Struct):
        return {one.name for one in msgspec.structs.fields(of)}
    return set(vars(of)["__slots__"])


def _records_in(module: Any) -> Iterator[type]:
    for one in vars(module).values():
        if isinstance(one, type) and issubclass(one, msgspec.Struct) and one is not msgspec.Struct:
            yield one


@pytest.mark.parametrize("of", TOLD, ids=lambda of: f"{of.__module__}.{of.__name__}")
def test_every_field_of_the_state_is_told_or_need_not_be(of: type) -> None:
    assert not TOLD[of] & UNTOLD[of].keys()
    missing = fields(of) - TOLD[of] - UNTOLD[of].keys()
    assert not missing, f"{of.__name__} has fields that the fingerprint knows nothing of: {sorted(missing)}"
    assert TOLD[of] | UNTOLD[of].keys() == fields(of), "fields that are not there any more"


WITHIN: dict[type, str] = {
    world_side.Operation: "told by its details, in the approval that it is of",
    server_side.Client: "told by its program", server_side.User: "no step changes it",
    server_side.Code: "issued and redeemed in one step", server_side.Pushed: "used in one step",
    server_side.RefreshToken: "told as a credential",
}  # fmt: skip


def test_every_kind_of_record_is_accounted_for() -> None:
    kinds = {*_records_in(world_side), *_records_in(server_side)}
    known = kinds & (TOLD.keys() | WITHIN.keys())
    assert {one.__name__ for one in kinds - known} <= {"Token", "PublicKey"}, "records that nobody has looked at"


# ---------------------------------------------------------------- each is told


@cache
def _begun() -> Node:
    """A state with something of everything: a task, tokens, data, a memory, a handle, a question, a consent."""
    system = insurance()
    vocabulary, rule = reference().requirements.vocabulary, reference().requirement("R5").rules[0]
    node = Node(first_world(system, Controls.of(system)), [Facet(0, rule, vocabulary)])
    task: dict[str, Any] = {"agent": "insurance_agent", "task": "task1"}
    for command in (
        c.Arrive("ana"), c.LogIn("ana"), c.GiveConsent("ana", "insurance_agent", "acme_llm", "claims_handling", ("claim",)),
        c.StartTask("ana", "session1", "insurance_agent", "claims", "claims_handling", "search"),
        c.GetToken(**task, audience="mcp", scope=("claims.read",), subject="cred3"),
        c.Call(**task, endpoint="mcp.list_claims", credential="cred4"),
        c.StoreMemory(**task, item="item1"),
        c.AskApproval(**task, endpoint="payments.pay", amount=120, payee="garage"),
    ):  # fmt: skip
        node.do(command)
    assert node.world.credentials["cred4"].holder == "insurance_agent"
    assert node.world.memories
    assert node.world.handles
    assert node.world.approvals
    return node


def _set(table: Callable[[World], dict[Any, Any]], **changes: Any) -> Callable[[World], None]:
    """Change the first record of a table."""

    def change(world: World) -> None:
        found = table(world)
        key = next(iter(found))
        found[key] = replace(found[key], **changes)

    return change


def _put(table: Callable[[World], dict[Any, Any]], key: Any, value: Any) -> Callable[[World], None]:
    def change(world: World) -> None:
        table(world)[key] = value

    return change


ITEM = Item("claim.ben.1", "ben", ("ben",), ("claim",))
"""Of another person than all that is there."""


def _forget_a_token(world: World) -> None:
    """One token that a server keeps for a token that it was shown is not there any more."""
    del world.caches[next(key for key, one in world.caches.items() if one in world.credentials)]


CHANGES: dict[str, Callable[[World], None]] = {
    "tallies": _put(lambda w: w.tallies, ("spent", "ana", "claim_payout"), (30.0,)),
    "found": _put(lambda w: w.found, "secret.vault", ("insurance_agent",)),
    "leaked": _put(lambda w: w.leaked, "client:portal", "thief"),
    "formerly": _put(lambda w: w.formerly, ("claims", "claim.ana.1"), ((600_000, ("ana", "ben")),)),
    "pools": _put(lambda w: w.pools, ("mcp_server", "claims"), ((ITEM,),)),
    "callbacks": lambda w: w.callbacks.update({next(iter(w.handles)): (c.Call(agent="foreign_agent", endpoint="a"),)}),
    "versions": _put(lambda w: w.versions, "mcp.list_claims", 2),
    "approved": _put(lambda w: w.approved, "mcp.list_claims", 2),
    "behind": _put(lambda w: w.behind, "mcp.list_claims", "claims.history"),
    "agenda": _put(lambda w: w.agenda, "due99", Due(200_000, "put_down", "ana", "phone")),
    "conditions": lambda w: setattr(w, "conditions", Conditions(turns=(60_000,))),
    "caches": _forget_a_token,
    "answers": _put(lambda w: w.answers, ("cache", "ana"), (world_side.Cached("cache", "claims", ("claim.ana.1",), "ana",
                                                                                None, None, None, None, 90_000),)),
    "records.entitled": _set(lambda w: w.records, entitled=("ana", "dan")),
    "people.devices": _put(lambda w: w.people, "ben", world_side.Person("ben", devices=frozenset({"phone"}))),
    "people.locked": _put(lambda w: w.people, "ben", world_side.Person("ben", locked=True)),
    "tasks.done": _set(lambda w: w.tasks, done=True),
    "tasks.subject": _set(lambda w: w.tasks, subject=None),
    "memories.subject": _set(lambda w: w.memories, subject="ben"),
    "memories.store": _set(lambda w: w.memories, store="notes"),
    "memories.item": _set(lambda w: w.memories, item=ITEM),
    "memories.item.entitled": lambda w: _set(lambda w: w.memories, item=replace(w.memories["memory1"].item, entitled=()))(w),
    "handles.user": _set(lambda w: w.handles, user="ben"),
    "handles.items": _set(lambda w: w.handles, items=(ITEM,)),
    "approvals.state": _set(lambda w: w.approvals, state="approved", answered_ms=0),
    "approvals.answered_ms": _set(lambda w: w.approvals, answered_ms=0),
    "consents.categories": _set(lambda w: w.consents, categories=("claim", "health")),
    "consents.agent": _set(lambda w: w.consents, agent="third_party_agent"),
    "programs.disabled_ms": _set(lambda w: w.programs, disabled_ms=0),
    "programs.root": _set(lambda w: w.programs, root="third_party_agent"),
    "programs.registered": _set(lambda w: w.programs, registered=("client1",)),
    "programs.client": _set(lambda w: w.programs, client="portal"),
    "server.sessions.last_act_s": _set(lambda w: w.home.store.sessions, last_act_s=-5.0),
    "server.sessions.auth_time_s": _set(lambda w: w.home.store.sessions, auth_time_s=-5.0),
    "server.sessions.state": _set(lambda w: w.home.store.sessions, state="ended"),
    "server.grants.state": _set(lambda w: w.home.store.grants, state="revoked"),
    "server.disabled": _put(lambda w: w.home.store.disabled, ("agent", "insurance_agent"), 0.0),
    "server.asked": _put(lambda w: w.home.store.asked, "ana", (0.0, 0.0, 0.0)),
    "server.backchannel.state": _set(lambda w: w.home.store.backchannel, state="approved"),
    "server.backchannel.by": _set(lambda w: w.home.store.backchannel, by="insurance_agent"),
    "server.backchannel.acr": _set(lambda w: w.home.store.backchannel, acr="high"),
    "server.backchannel.expires_s": _set(lambda w: w.home.store.backchannel, expires_s=7.0),
    "pep.denied": _put(lambda w: w.peps["claims"].store.denied, ("agent", "insurance_agent"), True),
    "pep.consumed": _put(lambda w: w.peps["payments"].store.consumed, "approval1", 0.0),
    "pep.cache": _put(lambda w: w.peps["claims"].store.cache, "an opaque token", Answered(True, None, 0.0, 30.0)),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_states_that_differ_in_what_is_told_are_told_apart(name: str) -> None:
    node = _begun().fork()
    before = fingerprint(node)
    assert fingerprint(node.fork()) == before
    CHANGES[name](node.world)
    assert fingerprint(node) != before


def test_a_new_credential_and_a_new_piece_of_data_are_told() -> None:
    node = _begun().fork()
    before = fingerprint(node)
    own: dict[str, Any] = {"agent": "insurance_agent", "task": "task1"}
    node.do(c.Call(**own, endpoint="mcp.continue_result", credential="cred4", handle="handle1"))
    assert fingerprint(node) == before, "what was seen already tells nothing new"
    node.do(c.ReadMemory(**own, memory="memory1"))
    seen = fingerprint(node)
    assert seen != before
    reply, _ = node.do(c.GetToken(**own, audience="claims", scope=("claims.read",), subject="cred3"))
    assert fingerprint(node) == seen, "what nothing has accepted can be had again where it becomes of use"
    node.accepted["a call",] = Accepted(c.Call(**own, endpoint="claims.read", credential=reply.credential), (), ())
    assert fingerprint(node) != seen


def _tokens_denied_after(people: tuple[str, str], denied: str) -> int:
    """Both sign in, in this order, and one's token is denied by its name."""
    node = Node(first_world(insurance(), Controls.of(insurance())), _begun().facets)
    for person in people:
        node.do(c.Arrive(person))
        node.do(c.LogIn(person))
    world = node.world
    held = next(one for one in world.credentials.values() if (one.user, one.kind) == (denied, "access"))
    name = world.servers[held.server].store.issued[held.facts.token].jti
    assert any(char.isdigit() for char in name), "a drawn name"
    world.peps["mcp"].store.denied["jti", name] = False
    return fingerprint(node)


def test_a_denied_token_is_told_by_what_it_is_and_not_by_its_name() -> None:
    first = _tokens_denied_after(("ana", "ben"), "ana")
    assert _tokens_denied_after(("ben", "ana"), "ana") == first
    assert _tokens_denied_after(("ana", "ben"), "ben") != first


def test_the_time_of_day_is_told_where_it_decides() -> None:
    """And nowhere else: what comes of a step does not depend on when the run began."""
    for adding, told in (((), False), (("K31",), True)):
        system = insurance()
        node = Node(first_world(system, Controls.of(system, adding=adding)), _begun().facets)
        before = clock(node)
        node.do(c.Jump(), 3_600_000)
        assert (clock(node) != before) == told


# ---------------------------------------------------------------- what did not change is not worked out again

SEARCHED = (
    ("insurance", "R5", ("K12",), 3), ("insurance", "R6", ("K16",), 2), ("insurance", "R1", (), 3), ("insurance", "R2", (), 1),
    ("insurance_team", "R6", ("K18",), 2), ("insurance_introspection", "R1", (), 2),
    ("insurance_loose_clocks", "R6", (), 2), ("tiny", "LOGOUT", (), 3), ("tiny", "PRESENT", (), 3),
)  # fmt: skip


def _from_scratch(node: Node, **told: bool) -> int:
    """The fingerprint with nothing remembered."""
    other = node.fork()
    other.told = {}
    return fingerprint(other, **told)


@pytest.mark.parametrize(("system", "key", "without", "depth"), SEARCHED, ids=str)
def test_what_is_remembered_along_forks_is_what_is_true_in_each_state(
    system: str, key: str, without: tuple[str, ...], depth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = 0

    def both(node: Node, **told: bool) -> int:
        nonlocal seen
        seen += 1
        found = fingerprint(node, **told)
        assert found == _from_scratch(node, **told), f"after {seen} states, of {len(node.told)} records remembered"
        return found

    monkeypatch.setattr(explore, "fingerprint", both)
    of = tiny() if system == "tiny" else files(f"scenarios/systems/{system}.yaml", "requirements.yaml")
    searched(of, key, *without, depth=depth)
    assert seen > 1


def test_a_fork_works_out_nothing_that_was_told_before(monkeypatch: pytest.MonkeyPatch) -> None:
    node = _begun().fork()
    token = node.world.credentials["cred4"]
    node.accepted["a call",] = Accepted(c.Call(agent="insurance_agent", endpoint="claims.read", credential=token.handle), (), ())
    before = fingerprint(node)

    def shape(self: Node, credential: world_side.Credential) -> None:
        raise AssertionError(f"{credential.handle} was told before")

    monkeypatch.setattr(Node, "shape", shape)
    other = node.fork()
    assert fingerprint(other) == before
    other.world.credentials["cred4"] = replace(token, holder="thief")
    with pytest.raises(AssertionError, match="cred4 was told before"):
        fingerprint(other)
