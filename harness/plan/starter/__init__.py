"""A project to start from: requirements, a system and scenarios as texts, made from a description of an API.

    files = starter_project(description)        # path below the project's folder -> text

Guesses stand in the system file with their reasons; the six requirements are filled in with this system's endpoints.
"""

from harness.plan.starter.example import EXAMPLE
from harness.plan.starter.project import starter_project

__all__ = ["EXAMPLE", "starter_project"]
