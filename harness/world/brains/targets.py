"""What misbehaving brains go for where their scenario names nothing: chosen from what descriptions say, on any system.

Each returns None where a system has no such thing; the misbehaviour does nothing then, and its catalogue entry says that
it does not apply.
"""

from __future__ import annotations

from collections.abc import Callable

from harness.world.brains.twists import twist
from harness.world.brains.view import View
from harness.world.mechanics.design import EndpointInfo


def first(view: View, wanted: Callable[[EndpointInfo], bool]) -> EndpointInfo | None:
    """The first endpoint that will do, in the order of the descriptions."""
    return next((info for info in view.endpoints() if wanted(info)), None)


def named_or(view: View, wanted: Callable[[EndpointInfo], bool]) -> EndpointInfo | None:
    """The endpoint that the twist names, else the first that will do."""
    name = twist(view).endpoint
    return view.endpoint(name) if name else first(view, wanted)


def behind(view: View, info: EndpointInfo) -> EndpointInfo:
    """The endpoint that a tool calls, or the endpoint itself."""
    return view.endpoint(info.endpoint.calls) if info.endpoint.calls else info


def beside_tools(view: View) -> EndpointInfo | None:
    """An endpoint of another API that reads records and that no tool calls, else any endpoint there that reads them."""
    called, own = {info.endpoint.calls for info in view.endpoints()}, view.endpoint(view.spec.tool).api
    reads = [
        info for info in view.endpoints()
        if info.endpoint.action == "read" and info.route.protocol == "rest" and info.api != own and info.endpoint.scope
        and not info.endpoint.people_only and not info.endpoint.administrative
    ]  # fmt: skip
    return next((info for info in reads if info.name not in called), next(iter(reads), None))


def forbidden(view: View) -> EndpointInfo | None:
    """An administrative endpoint: of the API that the task uses, else of any."""
    api = view.endpoint(view.spec.tool).api
    near = first(view, lambda info: info.endpoint.administrative and info.api == api)
    return near or first(view, lambda info: info.endpoint.administrative)


def privileged(view: View) -> EndpointInfo | None:
    """The endpoint that runs a high-privilege operation."""
    return first(
        view, lambda i: i.endpoint.privilege == "high" and i.endpoint.operation is not None and not i.endpoint.calls
    )
