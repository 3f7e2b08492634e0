"""The settings that Studio ships, as Streamlit itself reads them."""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
CONFIG_FILE = ROOT / ".streamlit" / "config.toml"

SHIPPED = {
    "runner.postScriptGC": False,
    "server.headless": True,
    "server.address": "127.0.0.1",
    "server.fileWatcherType": "none",
    "server.disconnectedSessionTTL": 120,
    "browser.serverAddress": "localhost",
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "viewer",
    "client.showErrorDetails": "none",
    "client.disableDataExport": True,
    "client.showSidebarNavigation": True,
    "theme.light.primaryColor": "#2166ac",
    "theme.light.backgroundColor": "#ffffff",
    "theme.light.secondaryBackgroundColor": "#f2f5f8",
    "theme.light.textColor": "#1c2430",
    "theme.light.linkColor": "#2166ac",
    "theme.dark.primaryColor": "#3079bd",
    "theme.dark.backgroundColor": "#12171e",
    "theme.dark.secondaryBackgroundColor": "#1c232d",
    "theme.dark.textColor": "#e6eaf0",
    "theme.dark.linkColor": "#92c5de",
}

# What Streamlit knows without our file, and what it makes of it.
READ_BY_STREAMLIT = """
import json
from streamlit import config
known = sorted(config._config_options_template)
options = config.get_config_options()
defined = {key: config.get_where_defined(key) for key in options}
values = {key: options[key].value for key, where in defined.items() if where.endswith(".toml")}
print(json.dumps({"known": known, "values": values}))
"""


@pytest.fixture(scope="module")
def streamlit_reads(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Streamlit's reading of the checkout, without the user's own settings."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("STREAMLIT_")}
    environment["HOME"] = str(tmp_path_factory.mktemp("home"))
    answer = subprocess.run(
        [sys.executable, "-c", READ_BY_STREAMLIT],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stderr == ""
    return json.loads(answer.stdout)


def test_collecting_garbage_after_every_click_is_a_known_option_and_off(
    streamlit_reads: dict[str, Any],
) -> None:
    # The option is hidden in Streamlit: should a version drop it, every click costs ten times more.
    assert "runner.postScriptGC" in streamlit_reads["known"]
    assert streamlit_reads["values"]["runner.postScriptGC"] is False


@pytest.mark.parametrize("option", SHIPPED)
def test_streamlit_knows_the_option(option: str, streamlit_reads: dict[str, Any]) -> None:
    assert option in streamlit_reads["known"]


def test_streamlit_reads_exactly_the_shipped_values(streamlit_reads: dict[str, Any]) -> None:
    assert streamlit_reads["values"] == SHIPPED


def test_every_setting_in_the_file_is_listed_here() -> None:
    def flat(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
        for key, value in table.items():
            if isinstance(value, dict):
                yield from flat(value, f"{prefix}{key}.")
            else:
                yield f"{prefix}{key}", value

    assert dict(flat(tomllib.loads(CONFIG_FILE.read_text("utf-8")))) == SHIPPED
