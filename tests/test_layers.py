"""Who may import whom: the layout in CONTRIBUTING.md, held by reading the imports."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CORE = "selfinstruct_core"

# The higher may import the lower and its own rank, never the other way.
RANKS = {
    "app": 6,
    "pages": 5,
    "pages.shared": 4,
    f"{CORE}.cli": 3,
    f"{CORE}.worker": 3,
    f"{CORE}.worker_keeper": 3,
    f"{CORE}.__main__": 3,
    f"{CORE}.generation": 2,
    f"{CORE}.analysis": 2,
    f"{CORE}.exchange": 2,
    f"{CORE}.data_sets": 2,
    f"{CORE}.lm": 1,
    f"{CORE}.storage": 1,
    CORE: 0,
}
# What runs a run, and so talks to models and the database; all else in generation is pure.
NOT_PURE = {
    "derivation", "engine", "estimate", "execution", "finish", "origin", "preview", "replay",
    "retries",
    "run_overview", "run_records", "run_work", "runs",
}  # fmt: skip


def _modules() -> Iterator[tuple[str, Path]]:
    for path in [ROOT / "app.py", *(ROOT / "pages").rglob("*.py"), *(ROOT / CORE).rglob("*.py")]:
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


MODULES = dict(_modules())


def _imports(path: Path) -> Iterator[tuple[str, str | None]]:
    """Imported modules, with the imported name in `from module import name`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from ((str(node.module), alias.name) for alias in node.names)


def _rank(module: str) -> int:
    known = [name for name in RANKS if module == name or module.startswith(f"{name}.")]
    return RANKS[max(known, key=len)]


def _is_ours(module: str) -> bool:
    return module.split(".")[0] in ("app", "pages", CORE)


def test_the_modules_are_found() -> None:
    assert {"app", "pages.main", "pages.shared.run_view", f"{CORE}.generation.engine"} <= set(
        MODULES
    )
    assert len(MODULES) > 50


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str) -> None:
    higher = [
        name
        for name, _ in _imports(MODULES[module])
        if _is_ours(name) and _rank(name) > _rank(module)
    ]
    assert higher == []


def test_the_core_never_imports_streamlit() -> None:
    found = [
        module
        for module, path in MODULES.items()
        if module.startswith(CORE)
        for name, _ in _imports(path)
        if name.split(".")[0] == "streamlit"
    ]
    assert found == []


def test_sql_lives_in_storage() -> None:
    # Elsewhere a connection is handed on, never used.
    found = [
        (module, name)
        for module, path in MODULES.items()
        if not module.startswith(f"{CORE}.storage")
        for name, what in _imports(path)
        if name.split(".")[0] in ("sqlalchemy", "sqlite3", "psycopg") and what != "Connection"
    ]
    assert found == []


@pytest.mark.parametrize(
    "module", [m for m in MODULES if m.startswith((f"{CORE}.generation.", f"{CORE}.analysis."))]
)
def test_the_pure_parts_know_neither_database_nor_models(module: str) -> None:
    if module.rsplit(".", 1)[1] in NOT_PURE:
        pytest.skip("runs runs")
    impure = (f"{CORE}.storage", f"{CORE}.lm", "sqlalchemy", "openai", "httpx2")
    assert [name for name, _ in _imports(MODULES[module]) if name.startswith(impure)] == []
