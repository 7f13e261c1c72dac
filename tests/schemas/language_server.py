"""The YAML language server that VS Code's YAML extension runs, spoken to over two pipes in its protocol (LSP).

Where it is not installed, tests that ask for it fail in CI (CI=true), and elsewhere are skipped with that reason. It
learns of a file's schema from the file's first line alone: no settings, no schema store, no network.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
INSTALLED = ROOT / "out/editors/node_modules/yaml-language-server/bin/yaml-language-server"
_PATIENCE_S = 120
_SETTINGS = {"yaml": {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}}


def command() -> list[str]:
    """How the server is started."""
    node = shutil.which("node")
    if node is not None and INSTALLED.is_file():
        return [node, str(INSTALLED), "--stdio"]
    if (found := shutil.which("yaml-language-server")) is not None:
        return [found, "--stdio"]
    reason = (
        "there is no YAML language server to open the files in; with Node.js 20, install it with "
        "`npm install --no-save --prefix out/editors yaml-language-server@1`"
    )
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


class Said(NamedTuple):
    """What the server says of a place in a file."""

    line: int
    message: str


class Server:
    """An editor's side of the protocol; lines and columns count from 0."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out = process.stdin, process.stdout
        self._heard: queue.Queue[dict[str, Any]] = queue.Queue()
        self._number = 0
        self._versions: dict[str, int] = {}
        self._diagnostics: dict[str, list[Said]] = {}
        threading.Thread(target=self._listen, daemon=True).start()
        item = {"snippetSupport": True, "documentationFormat": ["markdown", "plaintext"]}
        document = {"completion": {"completionItem": item}, "hover": {"contentFormat": ["markdown"]}}
        able = {"workspace": {"configuration": True}, "textDocument": document}
        self._call("initialize", {"processId": None, "rootUri": None, "capabilities": able})
        self._send({"method": "initialized", "params": {}})

    def show(self, path: Path, text: str | None = None) -> str:
        """Opens a file, or changes it in the editor where it is open already: as it is on disk, or with other text."""
        uri = path.resolve().as_uri()
        text = path.read_text(encoding="utf-8") if text is None else text
        self._diagnostics.pop(uri, None)
        version = self._versions[uri] = self._versions.get(uri, 0) + 1
        if version == 1:
            document: dict[str, Any] = {"uri": uri, "languageId": "yaml", "version": version, "text": text}
            self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        else:
            params = {"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"text": text}]}
            self._send({"method": "textDocument/didChange", "params": params})
        return uri

    def mistakes(self, uri: str) -> list[Said]:
        """What is underlined in an open file."""
        while uri not in self._diagnostics:
            self._answer(self._heard.get(timeout=_PATIENCE_S))
        return self._diagnostics[uri]

    def completions(self, path: Path, text: str) -> dict[str, str]:
        """What is offered at the `|` in a text, and what each inserts."""
        return {item["label"]: item.get("insertText", "") for item in self._items(path, text)}

    def meanings(self, path: Path, text: str) -> dict[str, str]:
        """What is offered at the `|` in a text, and what is said about each."""
        return {item["label"]: _text(item.get("documentation")) for item in self._items(path, text)}

    def hover(self, path: Path, text: str) -> str:
        """What is shown over the `|` in a text."""
        found = self._at("textDocument/hover", path, text)
        return _text(found["contents"]) if found else ""

    def _items(self, path: Path, text: str) -> list[dict[str, Any]]:
        found = self._at("textDocument/completion", path, text)
        items: list[dict[str, Any]] = found["items"] if isinstance(found, dict) else found or []
        return items

    def _at(self, method: str, path: Path, text: str) -> Any:
        before, after = text.split("|")
        uri = self.show(path, before + after)
        position = {"line": before.count("\n"), "character": len(before.rsplit("\n", 1)[-1])}
        return self._call(method, {"textDocument": {"uri": uri}, "position": position})

    def _call(self, method: str, params: dict[str, Any]) -> Any:
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        while True:
            message = self._heard.get(timeout=_PATIENCE_S)
            if message.get("id") == self._number and "method" not in message:
                assert "error" not in message, message
                return message["result"]
            self._answer(message)

    def _answer(self, message: dict[str, Any]) -> None:
        """Takes diagnostics, and says the settings where they are asked for."""
        if message.get("method") == "textDocument/publishDiagnostics":
            found = [Said(one["range"]["start"]["line"], one["message"]) for one in message["params"]["diagnostics"]]
            self._diagnostics[message["params"]["uri"]] = found
        elif "id" in message and "method" in message:
            items = message["params"].get("items", []) if message["method"] == "workspace/configuration" else []
            self._send({"id": message["id"], "result": [_SETTINGS.get(item.get("section"), {}) for item in items]})

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._in.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self._in.flush()

    def _listen(self) -> None:
        while header := self._out.readline():
            length = 0
            while header.strip():
                name, _, value = header.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
                header = self._out.readline()
            self._heard.put(json.loads(self._out.read(length)))


def _text(contents: Any) -> str:
    return str(contents["value"] if isinstance(contents, dict) else contents or "")


@contextmanager
def language_server() -> Iterator[Server]:
    """A server that runs as long as the block."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(command(), stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
    try:
        yield Server(process)
    finally:
        process.kill()
        process.wait()
