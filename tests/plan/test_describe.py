"""Descriptions of APIs as they are found: what they state is taken, what they leave open is guessed and marked."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.load import ProblemList
from harness.plan.describe import Description, Guess, read_mcp_tools, read_openapi
from harness.plan.describe.model import Names, owner_parameters, snake

API: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Bank API"},
    "security": [{"login": ["accounts:read"]}],
    "paths": {
        "/accounts/{accountId}": {
            "parameters": [{"$ref": "#/components/parameters/account"}],
            "get": {"operationId": "getAccount", "tags": ["Accounts"]},
            "delete": {"security": [{"login": ["https://bank.example/auth/accounts.close"]}]},
        },
        "/payments": {"post": {"operationId": "createPayment", "security": []}},
        "/admin/users": {"get": {}},
        "/loop": {"$ref": "#/paths/~1loop"},
        "/broken": {"get": "not an operation", "parameters": "neither"},
    },
    "components": {
        "parameters": {"account": {"name": "accountId", "in": "path"}},
        "securitySchemes": {"login": {"type": "oauth2"}, "key": {"type": "apiKey"}},
    },
}


def _openapi(tmp_path: Path, document: Any) -> Description:
    path = tmp_path / "api.json"
    path.write_text(json.dumps(document))
    return read_openapi(path)


def test_scopes_are_those_of_the_operation_or_of_the_document(tmp_path: Path) -> None:
    found = {one.label: one for one in _openapi(tmp_path, API).endpoints}
    assert found["GET /accounts/{accountId}"].scope == "accounts.read"
    assert found["DELETE /accounts/{accountId}"].scope == "accounts.close"
    assert found["POST /payments"].scope == Guess("payments.write", "the description names no scope")


def test_privilege_owner_and_administration_are_read_off_names_and_say_why(tmp_path: Path) -> None:
    found = {one.label: one for one in _openapi(tmp_path, API).endpoints}
    assert found["GET /accounts/{accountId}"].owner_parameters == ("accountId",)
    assert found["GET /accounts/{accountId}"].privilege == Guess("low", "it reads")
    assert found["POST /payments"].privilege == Guess("high", "it changes something, and is called `payment`")
    assert found["DELETE /accounts/{accountId}"].privilege.value == "high"
    assert found["GET /admin/users"].administrative == Guess("true", "its path says `admin`")
    assert found["GET /accounts/{accountId}"].administrative is None


def test_references_in_circles_and_parts_of_the_wrong_shape_give_no_endpoint(tmp_path: Path) -> None:
    labels = [one.label for one in _openapi(tmp_path, API).endpoints]
    assert labels == ["GET /accounts/{accountId}", "DELETE /accounts/{accountId}", "POST /payments", "GET /admin/users"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("{", "not valid JSON"),
        ("a: [", "not valid YAML"),
        ("swagger: '2.0'", "found swagger 2.0"),
        ("openapi: 3.0.0\npaths: {}", "no operation below `paths`"),
        ("[1, 2]", "expected an OpenAPI 3.0 or 3.1 document"),
    ],
)
def test_what_is_no_description_is_told_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "api.yaml"
    path.write_text(text)
    with pytest.raises(ProblemList, match=message) as told:
        read_openapi(path)
    assert len(told.value.problems) == 1


def test_yaml_with_anchors_is_read(tmp_path: Path) -> None:
    path = tmp_path / "api.yaml"
    path.write_text("openapi: 3.0.3\npaths:\n  /a: &a\n    get: {operationId: a}\n  /b: *a\n")
    assert [one.name for one in read_openapi(path).endpoints] == ["a", "a_2"]


def test_tools_take_their_hints_as_guesses(tmp_path: Path) -> None:
    tools = [
        {"name": "get_claims", "inputSchema": {"properties": {"customer_id": {}}}},
        {"name": "wipe", "annotations": {"destructiveHint": True}},
        {"name": "lookup_rates", "annotations": {"readOnlyHint": True}},
        {"name": "delete_claim"},
    ]
    path = tmp_path / "tools.json"
    path.write_text(json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"tools": tools}}))
    found = {one.name: one for one in read_mcp_tools(path).endpoints}
    assert found["get_claims"].owner_parameters == ("customer_id",)
    assert (found["get_claims"].action, found["get_claims"].category) == ("read", "claims")
    assert found["wipe"].privilege == Guess("high", "the server calls it destructive")
    assert found["lookup_rates"].action == "read"
    assert found["delete_claim"].privilege == Guess("high", "it deletes")


def test_names_are_valid_and_given_once() -> None:
    names = Names()
    assert [names.of("listUserRepos"), names.of("list_user_repos"), names.of("", "GET /a/{b}")] == [
        "list_user_repos",
        "list_user_repos_2",
        "get_a_b",
    ]
    assert snake("2fa-codes") == "x_2fa_codes"
    assert snake(None) == ""


def test_an_owner_is_said_by_more_names_than_one() -> None:
    names = ["customerId", "user_name", "accountNumber", "limit", "id", "ownerRef", "username"]
    assert owner_parameters(names) == ("customerId", "user_name", "accountNumber", "ownerRef", "username")
