"""llmhub.toml: check it, plan it, apply it, write it, describe it to editors."""

from llmhub.config.apply import Applied, BadFile, apply_file, check, plan, text_of
from llmhub.config.difference import Plan
from llmhub.config.export import Exported, export
from llmhub.config.findings import Finding
from llmhub.config.schema import json_schema

__all__ = [
    "Applied",
    "BadFile",
    "Exported",
    "Finding",
    "Plan",
    "apply_file",
    "check",
    "export",
    "json_schema",
    "plan",
    "text_of",
]
