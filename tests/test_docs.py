"""What README promises exists, and what exists is in README."""

import re
from pathlib import Path

import pytest

from selfinstruct_core.cli import COMMANDS
from selfinstruct_core.models import Drop, Rejection
from selfinstruct_core.settings import SETTINGS, Setting

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_documented_with_its_default(setting: Setting) -> None:
    assert f"| `{setting.name}` | `{setting.default}` |" in README


def test_every_setting_that_the_code_reads_is_listed() -> None:
    read = set()
    for path in (ROOT / "selfinstruct_core").rglob("*.py"):
        read |= set(re.findall(r'"(STUDIO_[A-Z_]+)"', path.read_text(encoding="utf-8")))
    assert read == {setting.name for setting in SETTINGS}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda module: module.__name__.split(".")[-1])
def test_every_command_is_documented(command: object) -> None:
    name = str(getattr(command, "__name__", "")).split(".")[-1].rstrip("_").replace("_", "-")
    assert re.search(rf"\| `{name}[ `]", README)


@pytest.mark.parametrize("reason", [*Rejection, *Drop])
def test_every_reason_is_named(reason: str) -> None:
    assert f"`{reason}`" in README


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "seeds/README.md"])
def test_links_lead_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert ((ROOT / document).parent / target).exists(), target
