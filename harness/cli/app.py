"""The command line as a whole: one application, and what a person sees when input or usage is wrong.

A mistake in a file is a line `path:line:column: message`, one in usage a sentence; both end with exit code 2 and no
traceback. Commands import what they need when they run, so that `--help` is instant.
"""

from __future__ import annotations

import os
import sys

import typer

from harness.cli import commands
from harness.cli.usage import is_usage_error, tell

INTERRUPTED = 130
app = typer.Typer(
    name="harness",
    help="Does an authorization design keep its security requirements, whatever the LLM decides?",
    epilog="Start with: harness run",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
commands.mount(app)


def run(arguments: list[str] | None = None) -> None:
    """Runs one command and exits; mistakes of input are told in a line each."""
    try:
        code = app(arguments, prog_name="harness", standalone_mode=False)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except typer.Abort:
        sys.exit(INTERRUPTED)
    except Exception as error:
        if is_usage_error(error):
            sys.exit(tell(error))
        lines = told(error)
        if lines is None:
            raise
        sys.stderr.writelines(f"{line}\n" for line in lines)
        sys.exit(2)
    sys.exit(code or 0)


def told(error: Exception) -> list[str] | None:
    """The lines that say a user's mistake, or None where the mistake is ours."""
    from harness.load import ProblemList

    if isinstance(error, ProblemList):
        return [str(problem) for problem in error.problems]
    if isinstance(error, commands.Mistake):
        return [f"harness: {error}"]
    if type(error).__name__ == "UsageError":
        return [f"harness: {error}"]
    return None
