"""llmhub.toml: check it, apply it, describe it to editors."""

from llmhub.config.apply import Applied, BadFile, apply_file, check
from llmhub.config.findings import Finding
from llmhub.config.schema import json_schema

__all__ = ["Applied", "BadFile", "Finding", "apply_file", "check", "json_schema"]
