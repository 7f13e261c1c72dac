"""The `harness` command. `main` is what the script and `python -m harness` call; nothing heavy is imported here."""

from __future__ import annotations


def main() -> None:
    """Runs the command line and exits with its code."""
    from harness.cli.app import run

    run()
