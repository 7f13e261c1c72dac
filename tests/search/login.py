"""A login, as a world to search: two browsers, one client, the authorization server, and responses that leak.

The servers are the real ones; what a client can leave out are `state` and PKCE (RFC 9700 section 4.7 and 4.5). The
attacker has a browser and an account, sees authorization responses (attacker A3 of RFC 9700 section 3), and can have any
browser open a link.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import ExitStack
from typing import NamedTuple

from harness.oauth.client import read_authorization_response
from harness.oauth.keys import sha256_base64url
from harness.search.frontier import Frontier
from tests.oauth.rulebook import without
from tests.oauth.wire import ISSUER, Wire

BROWSERS = {"victim": "ana", "attacker": "ben"}
LOGINS_EACH, DEPTH = 2, 5


class Defences(NamedTuple):
    """What the client sends and looks at."""

    state: bool
    pkce: bool


class Login(NamedTuple):
    """Where a login stands: who began it in which browser, and the answer of the server."""

    browser: str
    number: int
    code: str | None = None
    leaked: bool = False
    used: bool = False

    @property
    def state(self) -> str:
        return f"state-{self.browser}-{self.number}"

    @property
    def verifier(self) -> str:
        return f"verifier-{self.browser}-{self.number}".ljust(43, "v")


class Place(NamedTuple):
    """The steps so far, the logins, and as whom each browser is signed in at the client."""

    steps: tuple[str, ...]
    logins: tuple[Login, ...]
    accounts: tuple[tuple[str, str], ...]

    @property
    def broken(self) -> str | None:
        """The harm, in the words of RFC 9700, if there is any."""
        for browser, account in self.accounts:
            if account != BROWSERS[browser]:
                return "login CSRF" if browser == "victim" else "code injection"
        return None


class Model:
    """What can happen next. The server is asked anew along the steps of a place: its answers depend on nothing else."""

    def __init__(self, defences: Defences) -> None:
        self.defences = defences

    def children(self, place: Place) -> Iterator[Place]:
        for browser in BROWSERS:
            number = sum(one.browser == browser for one in place.logins) + 1
            if number <= LOGINS_EACH:
                begun = (*place.logins, Login(browser, number))
                yield place._replace(steps=(*place.steps, f"{browser} begins a login"), logins=begun)
        for index, login in enumerate(place.logins):
            if login.code is None:
                yield self._changed(
                    place, index, login._replace(code=f"code of {login.browser}"), "signs in at the server"
                )
            elif not login.leaked and login.browser == "victim":
                yield self._changed(place, index, login._replace(leaked=True), "lets the response leak")
            if login.code is not None and not login.used:
                yield from self._arrivals(place, index, login)

    @staticmethod
    def _changed(place: Place, index: int, login: Login, what: str) -> Place:
        logins = (*place.logins[:index], login, *place.logins[index + 1 :])
        return place._replace(steps=(*place.steps, f"{login.browser} {what}"), logins=logins)

    def _arrivals(self, place: Place, index: int, response: Login) -> Iterator[Place]:
        """A response reaches the client: in the browser that it was meant for, or wherever the attacker takes it."""
        known = response.browser == "attacker" or response.leaked
        for browser in BROWSERS if known else (response.browser,):
            begun = [one for one in place.logins if one.browser == browser]
            for session in (*begun, None):
                for account in self._redeem(response, session):
                    used = self._changed(place, index, response._replace(used=True), "")
                    step = f"the response of {response.browser} arrives in the browser of {browser}"
                    accounts = tuple(sorted({**dict(place.accounts), browser: account}.items()))
                    yield Place((*place.steps, step), used.logins, accounts)

    def _redeem(self, response: Login, session: Login | None) -> Iterator[str]:
        """As whom the client signs a browser in, whose session (if any) began that login; nothing where it refuses."""
        with ExitStack() as stack:
            if not self.defences.pkce:
                stack.enter_context(without(("P-006", "a PKCE challenge with S256 is needed")))
            wire = Wire()
            challenge = sha256_base64url(response.verifier) if self.defences.pkce else None
            method = "S256" if self.defences.pkce else None
            answer = wire.authorize(
                wire.login(BROWSERS[response.browser]), state=response.state, code_challenge=challenge,
                code_challenge_method=method,
            )  # fmt: skip
            # the attacker writes the link: nothing keeps a state of one's own out of it
            own = response.browser == "attacker" or response.leaked
            state = session.state if session is not None and own and session.browser == "attacker" else response.state
            expected = session.state if session is not None else ""
            wanted = expected if self.defences.state else state  # a client that does not look takes any
            code = read_authorization_response({**answer.body, "state": state}, issuer=ISSUER, state=wanted)
            if isinstance(code, str):
                verifier = session.verifier if session is not None and self.defences.pkce else None
                token = wire.redeem(code, code_verifier=verifier)
                if token.ok:
                    yield str(wire.claims(token.body["access_token"])["sub"])


def attacks(defences: Defences) -> dict[str, tuple[str, ...]]:
    """The shortest way to each harm within the depth, by breadth-first search."""
    found: dict[str, tuple[str, ...]] = {}

    def enter(place: Place) -> bool:
        if place.broken is not None:
            found.setdefault(place.broken, place.steps)
        return place.broken is None

    def mark(place: Place) -> Hashable:
        return frozenset(place.logins), place.accounts

    frontier = Frontier(Model(defences).children, enter, mark)
    frontier.start(Place((), (), ()))
    while frontier.level and frontier.depth < DEPTH:
        frontier.deepen()
    return found
