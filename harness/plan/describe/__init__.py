"""Descriptions of real APIs, OpenAPI documents and MCP tool lists, as the endpoints of a system, with guesses marked."""

from harness.plan.describe.mcp_tools import read_mcp_tools
from harness.plan.describe.model import Described, Description, Guess
from harness.plan.describe.openapi import read_openapi

__all__ = ["Described", "Description", "Guess", "read_mcp_tools", "read_openapi"]
