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


ASKS_FOR_NONE = "the description asks for no token (`security: []`); the model asks for one all the same"
OPTIONAL = "the description lets callers in without a token too (`{}`); the model asks for one all the same"


def _openapi(tmp_path: Path, document: Any) -> Description:
    path = tmp_path / "api.json"
    path.write_text(json.dumps(document))
    return read_openapi(path)


def test_scopes_are_those_of_the_operation_or_of_the_document(tmp_path: Path) -> None:
    found = {one.label: one for one in _openapi(tmp_path, API).endpoints}
    assert found["GET /accounts/{accountId}"].scope == "accounts.read"
    assert found["DELETE /accounts/{accountId}"].scope == "accounts.close"
    assert found["POST /payments"].scope == Guess("payments.write", ASKS_FOR_NONE)


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


@pytest.mark.parametrize(
    ("security", "scope"),
    [
        ([{"o": ["a:read"]}], "a.read"),
        ([{"oidc": ["a:read"]}], "a.read"),
        ([{"key": []}, {"o": ["https://api.example/auth/a.read"]}], "a.read"),
        ([{"key": [], "o": ["a", "b"]}], "a"),
        ([{"o": []}], Guess("things.read", "the description asks for oauth2, and names no scope")),
        ([{"key": []}], Guess("things.read", "the description asks for apiKey, and names no scope")),
        ([{"mtls": [], "basic": []}],
         Guess("things.read", "the description asks for mutualTLS and http basic, and names no scope")),
        ([{"bearer": ["reader"]}], Guess("reader", "the description asks for http bearer, whose roles are taken for scopes")),
        ([{"nowhere": []}], Guess("things.read", "the description asks for `nowhere`, which it does not define")),
        ([{"lost": []}], Guess("things.read", "the description asks for a scheme of no known type, and names no scope")),
        ([], Guess("things.read", ASKS_FOR_NONE)),
        ([{}], Guess("things.read", OPTIONAL)),
        ([{"o": ["a"]}, {}], Guess("a", OPTIONAL)),
        (None, Guess("things.read", "the description says nothing of security")),
    ],
)  # fmt: skip
def test_what_opens_an_operation_is_stated_or_guessed_with_the_reason(
    tmp_path: Path, security: Any, scope: str | Guess
) -> None:
    schemes = {
        "o": {"$ref": "#/components/securitySchemes/real"},
        "real": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://as.example/t", "scopes": {}}}},
        "oidc": {"type": "openIdConnect", "openIdConnectUrl": "https://as.example"},
        "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
        "basic": {"type": "http", "scheme": "Basic"},
        "bearer": {"type": "http", "scheme": "bearer"},
        "mtls": {"type": "mutualTLS"},
        "lost": {"$ref": "#/components/securitySchemes/none"},
    }
    operation = {} if security is None else {"security": security}
    document = {"openapi": "3.1.0", "paths": {"/things": {"get": operation}}, "components": {"securitySchemes": schemes}}
    assert _openapi(tmp_path, document).endpoints[0].scope == scope


def test_what_is_simplified_is_noted_with_how_often(tmp_path: Path) -> None:
    both, either = [{"o": ["a", "b"]}], [{"o": ["a"]}, {"o": ["b"]}]
    document = {
        "openapi": "3.1.0",
        "servers": [{"url": "https://eu.example"}, {"url": "https://us.example"}],
        "paths": {
            "/a": {"get": {"security": both}, "put": {"security": either}, "post": {"security": []}},
            "/b": {"$ref": "https://elsewhere.example/paths.yaml#/b"},
        },
        "webhooks": {"changed": {"post": {}}},
        "components": {"securitySchemes": {"o": {"type": "oauth2"}}},
    }
    assert list(_openapi(tmp_path, document).notes) == [
        "several scopes at once: 1 operation; the first of each is kept",
        "either of several scopes: 1 operation; the first of each is kept",
        "no token needed: 1 operation; the model asks for one all the same, with a guessed scope",
        "1 reference could not be followed (`https://elsewhere.example/paths.yaml#/b`): what they lead to is left out",
        "the document names 2 servers; they are one API here",
        "1 webhook, calls that the API makes by itself: left out",
    ]


def test_a_description_in_several_files_is_read_whole(tmp_path: Path) -> None:
    """References are meant from the file that they stand in; an operation's own parameter replaces its path's."""
    (tmp_path / "paths").mkdir()
    (tmp_path / "paths/accounts.yaml").write_text(
        "parameters:\n  - $ref: '../shared.yaml#/parameters/account'\n  - {name: user, in: query}\n"
        "get: {operationId: readAccount, parameters: [{name: user, in: query}]}\n"
        "put: {$ref: 'write.yaml'}\n"
    )
    (tmp_path / "paths/write.yaml").write_text("operationId: writeAccount\nsecurity: [{o: ['w~x']}]\n")
    (tmp_path / "shared.yaml").write_text("parameters:\n  account: {name: account_id, in: path}\n")
    document = {
        "openapi": "3.0.3",
        "paths": {"/accounts/{account_id}": {"$ref": "paths/accounts.yaml", "delete": {"operationId": "closeAccount"}}},
        "components": {"securitySchemes": {"o": {"type": "oauth2"}}},
    }
    found = _openapi(tmp_path, document)
    assert [one.name for one in found.endpoints] == ["read_account", "write_account", "close_account"]
    assert {one.owner_parameters for one in found.endpoints} == {("account_id", "user")}
    assert found.endpoints[1].scope == "w.x"
    assert found.notes == ()


@pytest.mark.parametrize("name", ["../outside.yaml", "missing.yaml", "broken.yaml", "/etc/hostname"])
def test_a_file_that_cannot_be_used_is_noted_and_none_outside_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "outside.yaml").write_text("get: {operationId: outside}\n")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "broken.yaml").write_text("a: [\n")
    found = _openapi(inside, {"openapi": "3.0.0", "paths": {"/a": {"$ref": name}, "/b": {"get": {}}}})
    assert [one.label for one in found.endpoints] == ["GET /b"]
    assert found.notes == (f"1 reference could not be followed (`{name}`): what they lead to is left out",)


def _tools(tmp_path: Path, *tools: dict[str, Any]) -> Description:
    path = tmp_path / "tools.json"
    path.write_text(json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"tools": tools}}))
    return read_mcp_tools(path)


def test_tools_take_their_hints_as_guesses(tmp_path: Path) -> None:
    described = _tools(
        tmp_path,
        {"name": "get_claims", "inputSchema": {"properties": {"customer_id": {}}}},
        {"name": "wipe", "annotations": {"destructiveHint": True}},
        {"name": "overwrite", "annotations": {"destructiveHint": True, "idempotentHint": False}},
        {"name": "lookup_rates", "annotations": {"readOnlyHint": True}},
        {"name": "delete_claim"},
        {"name": "add_note", "annotations": {"readOnlyHint": False, "destructiveHint": False}},
        {"name": "pay_out", "annotations": {"readOnlyHint": False, "destructiveHint": False}},
        {"name": "search_and_replace", "annotations": {"readOnlyHint": False}},
        {"name": "web_search", "annotations": {"readOnlyHint": True, "openWorldHint": True, "title": "The web"}},
        {"name": "who_is_it", "outputSchema": {"properties": {"user_name": {}, "text": {}}}},
    )
    found = {one.name: one for one in described.endpoints}
    assert found["get_claims"].owner_parameters == ("customer_id",)
    assert (found["get_claims"].action, found["get_claims"].category) == ("read", "claims")
    assert found["wipe"].privilege == Guess("high", "the server calls it destructive")
    assert found["overwrite"].privilege.because == "the server calls it destructive, and each further call does it again"
    assert found["lookup_rates"].action == "read"
    assert found["lookup_rates"].privilege == Guess("low", "the server calls it read-only")
    assert found["delete_claim"].privilege == Guess("high", "it deletes")
    assert found["add_note"].privilege == Guess("medium", "it changes something, and the server says that it only adds")
    assert found["pay_out"].privilege == Guess("high", "it changes something, and is called `pay`")
    assert found["search_and_replace"].action == "write"
    assert found["web_search"].untrusted == Guess("false", "the server says that it reaches into an open world")
    assert (found["web_search"].label, found["lookup_rates"].untrusted) == ("The web", None)
    assert found["who_is_it"].owner_parameters == ("user_name",)
    assert described.notes[0].startswith("not said to be read-only, nor whether they destroy: 4 tools; ")
    assert described.notes[1].startswith("read from an open world, by what the server says: 1 tool; ")


def test_a_name_says_more_than_a_hint(tmp_path: Path) -> None:
    hint = {"readOnlyHint": True}
    described = _tools(
        tmp_path, *({"name": name, "annotations": hint} for name in ("deleteFile", "pay_bill", "list_deleted", "status"))
    )
    assert [(one.action, one.privilege.value) for one in described.endpoints] == [
        ("delete", "high"),
        ("write", "high"),
        ("read", "low"),
        ("read", "low"),
    ]
    said = "read-only by what the server says, and not by their names: `deleteFile`, `pay_bill`; taken by their names"
    assert said in described.notes


def _page(folder: Path, number: int, cursor: str | None, *names: str) -> Path:
    path = folder / f"page{number}.json"
    result = {"tools": [{"name": name} for name in names]} | ({"nextCursor": cursor} if cursor else {})
    path.write_text(json.dumps({"jsonrpc": "2.0", "id": number, "result": result}))
    return path


def test_all_pages_of_a_list_make_one_system(tmp_path: Path) -> None:
    pages = [_page(tmp_path, 1, "x", "get_a", "get_b"), _page(tmp_path, 2, "y", "get_c"), _page(tmp_path, 3, None, "get_c")]
    found = read_mcp_tools(*pages)
    assert [one.name for one in found.endpoints] == ["get_a", "get_b", "get_c"]
    assert "in the list more than once: 1 tool; the last of each is kept" in found.notes
    together = tmp_path / "all.json"
    together.write_text(json.dumps([json.loads(page.read_text()) for page in pages]))
    assert read_mcp_tools(together).endpoints == found.endpoints


@pytest.mark.parametrize("count", [1, 2])
def test_a_page_that_is_not_the_last_is_a_mistake(tmp_path: Path, count: int) -> None:
    pages = [_page(tmp_path, number, f"cursor-{number}", f"get_{number}") for number in range(1, count + 1)]
    with pytest.raises(ProblemList, match=r"\(`nextCursor`\): tools are missing") as told:
        read_mcp_tools(*pages)
    assert f"ask again with the cursor `cursor-{count}`" in str(told.value.problems[0].suggestion)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "no such method"}},
         "the server answered with an error: no such method"),
        ({"result": {"resources": []}}, "expected the result of `tools/list`"),
        ({"result": {"tools": []}}, "the list has no tool with a name"),
        ("text", "expected the result of `tools/list`"),
        (None, "expected the result of `tools/list`"),
    ],
)  # fmt: skip
def test_what_is_no_list_of_tools_is_told_in_one_line(tmp_path: Path, answer: Any, message: str) -> None:
    path = tmp_path / "tools.json"
    path.write_text(json.dumps(answer))
    with pytest.raises(ProblemList, match=message) as told:
        read_mcp_tools(path)
    assert len(told.value.problems) == 1


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
