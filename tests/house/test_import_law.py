"""The import law: who may import whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FORBIDDEN = {
    "switch": ("controller", "plugins", "topologies", "tests"),
    "controller": ("switch", "plugins", "topologies", "tests"),
    "plugins": ("switch", "topologies"),
    "topologies": ("tests",),
}
PLUGIN_MAY_IMPORT = ("controller.plugin", "controller.model", "controller.p4rt.entry")


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of every import in a file, wherever in the file it stands."""
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module


def violations(package: str, forbidden: tuple[str, ...], root: Path) -> list[str]:
    """Imports of a package that the law forbids, as file:line."""
    return [
        f"{path.relative_to(root)}:{line} imports {name}"
        for path in sorted((root / package).rglob("*.py"))
        if not path.name.startswith("test_")  # a plugin's tests run it in the lab
        for line, name in imports(path)
        if name.split(".")[0] in forbidden
    ]


@pytest.mark.parametrize("package", sorted(FORBIDDEN))
def test_a_package_imports_only_what_the_law_allows(package: str) -> None:
    assert violations(package, FORBIDDEN[package], ROOT) == []


def test_a_plugin_imports_only_the_plugin_api_and_the_model() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in sorted((ROOT / "plugins").rglob("*.py"))
        if not path.name.startswith("test_")
        for line, name in imports(path)
        if name.split(".")[0] == "controller" and not name.startswith(PLUGIN_MAY_IMPORT)
    ]

    assert found == []


def test_the_law_notices_a_violation(tmp_path: Path) -> None:
    (tmp_path / "switch").mkdir()
    (tmp_path / "switch" / "bad.py").write_text("def f():\n    from controller.model import Model\n    return Model\n")

    assert violations("switch", FORBIDDEN["switch"], tmp_path) == ["switch/bad.py:2 imports controller.model"]
