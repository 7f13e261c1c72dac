"""The real protocol objects in the smallest deployment: one server, one API that introspects or not, one token."""

from __future__ import annotations

from dataclasses import dataclass

from harness.oauth import AuthorizationServer, Presented, Request, ResourceServer
from tests.oauth.wire import READ, Ids, Wire, api

FOREVER_S = 1e9


@dataclass
class Deployment:
    """An API that asks its authorization server as its settings say, and one token for it, issued at 0."""

    server: AuthorizationServer
    api: ResourceServer
    token: str
    session: str
    ids: Ids
    introspections: int = 0

    def request(self, now_s: float) -> bool:
        """Whether a request with the token is let in now; the server is asked first where no answer is fresh."""
        if self.api.wants_introspection(self.token, now_s=now_s):
            self.introspections += 1
            asked = Request(
                "POST", "/introspect", form={"client_id": "claims_api", "token": self.token}, certificate="cert-claims"
            )
            response = self.server.receive(asked, now_s=now_s, ids=self.ids)
            assert response.status == 200, response.refusal
            self.api.introspected(self.token, response.body, now_s=now_s)
        return not self.api.check(Presented(self.token), READ, now_s=now_s)

    def revoke(self, now_s: float) -> None:
        """The session ends at the server; no signal reaches the API."""
        self.server.end_session(self.session, now_s=now_s)

    def fork(self) -> Deployment:
        """The same deployment from here on, with a future of its own."""
        return Deployment(self.server.fork(), self.api.fork(), self.token, self.session, self.ids)


def deployment(*, cache_ttl_s: float, lifetime_s: float = FOREVER_S) -> Deployment:
    """An API whose gateway remembers answers of introspection for so long."""
    wire = Wire(access_token_ttl_s=lifetime_s, session_idle_s=FOREVER_S, session_ttl_s=FOREVER_S)
    chain = wire.chain()
    gateway = api(mode="cached", cache_ttl_s=cache_ttl_s, sender=False, leeway_s=0)
    return Deployment(wire.server, gateway, chain["claims"], chain["session"], wire.ids)
