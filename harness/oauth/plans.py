"""The plan of an enforcement point for one endpoint: which checks can refuse there, and what each of them goes by.

What does not change between two looks at the same request need not be worked out again; what the clock or a denial can
change is looked at every time. Knows no request and no state.
"""

from __future__ import annotations

from typing import NamedTuple

from harness.oauth import checks
from harness.oauth.looks import Check
from harness.oauth.messages import Presented, Refusal, RouteRule
from harness.oauth.profile import RsProfile
from harness.oauth.tokens import Claims


class Plan(NamedTuple):
    """The checks of one endpoint, each with its place in the order in which they answer.

    What `standing` ones say follows from the token, what is presented with it, and the endpoint alone; `passing` ones look
    at the clock or at what the enforcement point has been told. `route` is kept alive.
    """

    route: RouteRule
    standing: tuple[tuple[int, Check], ...]
    passing: tuple[tuple[int, Check], ...]


class Standing(NamedTuple):
    """What the standing checks have said, each refusal with its place; the first three are what they were asked about."""

    presented: Presented
    route: RouteRule
    claims: Claims
    ranked: tuple[tuple[int, Refusal], ...]
    refusals: tuple[Refusal, ...]


PASSING = frozenset({
    checks.expired, checks.immature, checks.session_denied, checks.denied, checks.lineage, checks.consumed,
    checks.approval_age,
})  # fmt: skip


def planned(profile: RsProfile, route: RouteRule, *, denials: bool) -> Plan:
    """The checks that a profile turns on and that can refuse at this endpoint, parted by what they go by."""
    elevated = route.elevated
    table: tuple[tuple[Check, bool], ...] = (
        (checks.expired, True),
        (checks.immature, True),
        (checks.sender, profile.sender),
        (checks.audience, profile.audience != "off" and (profile.egress or not profile.is_egress)),
        (checks.session_denied, profile.session_denied and denials),
        (checks.denied, profile.denied and denials),
        (checks.lineage, profile.lineage and denials),
        (checks.attributes, profile.claims),
        (checks.agent_only, profile.agent_only),
        (checks.actor, profile.actor and (route.actor != "any" or bool(profile.actor_chains))),
        (checks.scope, profile.scope),
        (checks.acr, profile.acr and elevated),
        (checks.details, profile.details and elevated),
        (checks.consumed, profile.consumed and elevated),
        (checks.approval_age, profile.approval_age_s is not None and elevated),
        (checks.owner, profile.owner),
        (checks.egress, profile.is_egress and profile.egress),
    )
    passing = PASSING if route.max_age_s is None else PASSING | {checks.acr}
    ranked = [(rank, check) for rank, (check, on) in enumerate(table) if on]
    return Plan(
        route,
        tuple(one for one in ranked if one[1] not in passing),
        tuple(one for one in ranked if one[1] in passing),
    )
