"""The rules of docs/architecture.md as functions: each takes source text and returns what breaks them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

LAYERS = (
    "llmhub.lib",
    "llmhub.audit",
    "llmhub.people",
    "llmhub.alerts",
    "providers",
    "catalog",
    "billing",
    "routing",
    "llmhub",
)
# What a pure module may not import: frameworks, sockets, clocks, chance.
IMPURE = {
    "aiohttp", "asyncio", "celery", "django", "httpx", "ninja", "os", "random", "redis", "requests",
    "secrets", "socket", "sqlite3", "subprocess", "threading", "time", "urllib.request",
}  # fmt: skip
IMPURE_CALLS = {"datetime.now", "datetime.utcnow", "date.today", "datetime.today", "open", "time.time"}
PROVIDER_NAMES = ("openai", "anthropic", "openrouter")
# Named exceptions of ARCHITECTURE §3: adapters and data know providers, so do simulator and price importer.
MAY_NAME_PROVIDERS = ("providers/adapters/", "llmhub/simulator/", "catalog/importer.py")
MAX_FUNCTION = 60
MAX_FILE = 300


def files() -> list[Path]:
    """Every Python file of the product, tests and migrations left out, relative to the root."""
    found: list[Path] = []
    for folder in ("llmhub", "providers", "catalog", "billing", "routing"):
        found += (path.relative_to(ROOT) for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if "migrations" not in path.parts)


def layer(module: str) -> int | None:
    """The floor of a module, or None when it is not ours."""
    for index in sorted(range(len(LAYERS)), key=lambda i: -len(LAYERS[i])):
        if module == LAYERS[index] or module.startswith(LAYERS[index] + "."):
            return index
    return None


def module_name(path: Path) -> str:
    """`providers/wire.py` is `providers.wire`."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@lru_cache(maxsize=32)
def parsed(source: str) -> ast.Module:
    """The tree of a file, on which several rules look in a row."""
    return ast.parse(source)


def imports(source: str) -> Iterator[str]:
    """Every imported module, inside functions included; `from a import b` counts as `a` and `a.b`."""
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "write imports in full"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_upward(path: Path, source: str) -> list[str]:
    """Imports of a higher layer."""
    own = layer(module_name(path))
    assert own is not None, f"{path} has no layer"
    return [name for name in imports(source) if (floor := layer(name)) is not None and floor > own]


def is_pure(source: str) -> bool:
    """Whether the module says that it is pure."""
    return source.startswith('"""Pure:')  # a test process asks this of every file before its first test


def impurities(source: str) -> list[str]:
    """What a pure module imports or calls that it may not."""
    found = [name for name in imports(source) if name in IMPURE or name.split(".")[0] in IMPURE]
    calls = (ast.unparse(node.func) for node in ast.walk(parsed(source)) if isinstance(node, ast.Call))
    return found + [call for call in calls if call in IMPURE_CALLS]


def impure_neighbours(source: str, pure: dict[str, bool]) -> list[str]:
    """Modules of ours that a pure module imports although they are not pure; packages do not count."""
    return [name for name in imports(source) if pure.get(name) is False]


def provider_names(path: Path, source: str) -> list[str]:
    """Strings that name a provider outside the places that may."""
    if str(path).startswith(MAY_NAME_PROVIDERS):
        return []
    tree = parsed(source)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
        and any(name in node.value.lower() for name in PROVIDER_NAMES)
    ]  # fmt: skip


def too_long(source: str) -> list[str]:
    """Functions over 60 lines, and the file itself over 300."""
    found = [
        f"{node.name}: {length} lines"
        for node in ast.walk(parsed(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION
    ]
    lines = source.count("\n")
    return found + ([f"the file: {lines} lines"] if lines > MAX_FILE else [])
