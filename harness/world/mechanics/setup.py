"""A world at its first instant: servers and enforcement points as the design sets them, clients registered, nobody there."""

from __future__ import annotations

from msgspec.structs import replace

from harness.oauth import AuthorizationServer, Keys, ResourceServer, User
from harness.plan.controls import Controls
from harness.plan.system import System
from harness.world.mechanics import sign_in
from harness.world.mechanics.clients import clients
from harness.world.mechanics.design import Design
from harness.world.mechanics.keyring import key, key_set
from harness.world.mechanics.legality import THIEF
from harness.world.mechanics.records import Due, Person, Program, Record
from harness.world.mechanics.state import Conditions, Fate, World, as_designed
from harness.world.mechanics.wiring import as_profile, decisions, issuer_of, rs_profile


def build(
    system: System,
    controls: Controls,
    records: dict[str, Record],
    *,
    seed: int = 0,
    fate: Fate = as_designed,
    conditions: Conditions | None = None,
    reach: bool = False,
) -> World:
    """A world under this design, before anything has happened."""
    design = Design(system, controls, records, seed=seed, reach=reach)
    trusted = {issuer_of(name): key_set(seed, name) for name in (*system.servers, *system.channels)}
    at_apis = {issuer_of(name): trusted[issuer_of(name)] for name in system.servers}
    servers = {
        name: AuthorizationServer(as_profile(design, name), Keys(key(seed, f"server/{name}"), trusted))
        for name in system.servers
    }
    peps = {api: ResourceServer(rs_profile(design, api), at_apis) for api in system.apis}
    world = World(design, servers, peps, fate, conditions)
    world.records = dict(records)
    for name, kind in design.people_types.items():
        world.people[name] = Person(name, kind)
    for name in (*system.agents, *system.services):
        world.programs[name] = Program(name, design.client_name(name))
    world.programs[THIEF] = Program(THIEF, THIEF)
    for server in servers.values():
        _register(design, server)
    _lay_secrets(world)
    for mandate in system.people.mandates:
        if mandate.until is not None:
            world.plan(Due(mandate.until, "mandate_end", mandate.holder, mandate.owner))
    return world


def decided(system: System, controls: Controls) -> dict[str, str]:
    """What a design decides where the specifications of the protocol leave it open, by name."""
    return decisions(Design(system, controls, {}))


def _lay_secrets(world: World) -> None:
    """Credentials that lie around were issued long before the run, to somebody else."""
    for name, secret in world.design.system.secrets.items():
        app = f"secret.{name}"
        signed_in = sign_in.code_flow(world, secret.holder, app=app, acr="low")
        assert signed_in is not None, "nobody is locked out of a world in which nothing has happened"
        session, handle = signed_in[:2]
        known = world.home.store.sessions
        known[session] = replace(known[session], origin="long ago")  # nobody's sign-in of this run
        if handle is not None:
            world.credentials[app] = replace(world.credentials.pop(handle), handle=app, agent=app)
    world.out.clear()
    world.number = 0
    world.counters.clear()


def _register(design: Design, server: AuthorizationServer) -> None:
    for client in clients(design):
        server.add_client(client)
    for name in design.people_types:
        server.add_user(User(id=name, customer_id=name, region=design.region_of(name)))
