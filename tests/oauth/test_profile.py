"""Every setting is asked somewhere, and every record's field too: a knob that turns nothing is a lie."""

from __future__ import annotations

import ast
from pathlib import Path

import msgspec
import pytest

from harness.oauth import AsProfile, RsProfile
from harness.oauth.a2a import A2aProfile
from harness.oauth.mcp import McpServer, Revision
from harness.oauth.messages import Presented, RouteRule
from harness.oauth.records import Backchannel, Code, Grant, Pushed, RefreshToken, Session, User
from tests.oauth.rulebook import modules

INFORMATION = {"McpServer.resource", "Backchannel.by"}
"""What is there to be read by people or by others, not to decide anything here."""


def read_attributes() -> set[str]:
    found: set[str] = set()
    for module in modules():
        for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                found.add(node.attr)
    return found


@pytest.mark.parametrize(
    "record",
    [
        AsProfile,
        RsProfile,
        A2aProfile,
        McpServer,
        Revision,
        Presented,
        RouteRule,
        Session,
        Grant,
        Code,
        RefreshToken,
        Pushed,
        Backchannel,
        User,
    ],
)
def test_every_field_is_asked_somewhere(record: type[msgspec.Struct]) -> None:
    read = read_attributes()
    unread = [
        name for name in record.__struct_fields__ if name not in read and f"{record.__name__}.{name}" not in INFORMATION
    ]
    assert unread == []
