"""A browser, and for each test a server with a database of its own.

    def test_home(page, studio):
        page.goto(studio.url)
        wait_settled(page)

`from tests.browser.conftest import Studio, wait_settled` gives the names; `wait_settled` is a
fixture too.
"""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from scripts import find_browser

# Set on a test once it has run, for its fixtures to look at.
failed = pytest.StashKey[bool]()

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent

LAUNCH_ARGS = [
    "--no-sandbox",  # tests run as root too
    "--disable-gpu",
    # Nothing but the page under test talks to the network.
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Settings of the person who runs the tests, which must not reach the server under test.
FOREIGN_SETTINGS = ("STUDIO_", "STREAMLIT_", "OPENAI_")

START_SECONDS = 60
STOP_SECONDS = 15
# How long a page has to be at rest: longer than a click takes to reach the server and come back.
QUIET_MS = 200

SETTLED = """quiet => {
    const app = document.querySelector('[data-testid="stApp"]');
    const atRest = app !== null
        && app.getAttribute('data-test-script-state') === 'notRunning'
        && app.getAttribute('data-test-connection-state') === 'CONNECTED';
    if (!atRest) { window.atRestSince = null; return false; }
    window.atRestSince ??= performance.now();
    return performance.now() - window.atRestSince >= quiet;
}"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, and run them last.

    Last, because Playwright keeps an event loop running in the main thread for as long as the
    browser is open, and no other test could call asyncio.run beside it.
    """
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: HERE in item.path.parents)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the fixtures know, at their end, whether the test failed."""
    report = yield
    if report.when == "call":
        item.stash[failed] = report.failed
    return report


def wait_settled(page: Page, timeout: float = 30) -> None:
    """Wait until the script has run and the page is connected and at rest."""
    page.evaluate("window.atRestSince = null")
    page.wait_for_function(SETTLED, arg=QUIET_MS, polling=50, timeout=timeout * 1000)


@pytest.fixture(name="wait_settled")
def wait_settled_fixture() -> Callable[..., None]:
    return wait_settled


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests. Without one they are skipped, and fail when CI=true."""
    path = find_browser.find_browser()
    if path is None:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(find_browser.why_none(), pytrace=False)
        pytest.skip(find_browser.why_none().splitlines()[0])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=LAUNCH_ARGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Page]:
    """A page without history, cookies or storage. An uncaught error in it fails the test."""
    context = browser.new_context()
    context.set_default_timeout(15_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    if request.node.stash.get(failed, False):
        picture = tmp_path / "failed.png"
        page.screenshot(path=picture)
        print(f"The page when the test failed, {page.url}: {picture}")
    context.close()
    assert errors == [], "uncaught errors in the page"


@pytest.fixture
def studio(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator["Studio"]:
    """A running Studio with an empty database.

    `@pytest.mark.parametrize("studio", [{"STUDIO_DEMO_LATENCY": "0"}], indirect=True)` gives it
    settings.
    """
    studio = Studio(tmp_path / "studio", getattr(request, "param", None))
    try:
        studio.start()
        yield studio
    finally:
        studio.close()
        if request.node.stash.get(failed, False):
            print(f"The log of the server:\n{studio.log()}")


class Studio:
    """A server in a process of its own, with its own port, database and data directory."""

    def __init__(self, folder: Path, env: Mapping[str, str] | None = None) -> None:
        folder.mkdir()
        self.env = dict(env or {})
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.data_dir = folder / "data"
        self.data_dir.mkdir()
        self.database_url = f"sqlite:///{self.data_dir / 'studio.db'}"
        self._log_file = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = ["-m", "streamlit", "run", "app.py", "--server.port", str(self.port)]
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._is_healthy():
            if self._process.poll() is not None:
                raise RuntimeError(f"The server ended at its start:\n{self.log()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"No answer after {START_SECONDS} s:\n{self.log()}")
            time.sleep(0.05)

    def stop(self, hard: bool = False) -> None:
        """End the server and what runs in its process group, at once with `hard`."""
        process, self._process = self._process, None
        if process is None:
            return
        self._signal(process, signal.SIGKILL if hard else signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._signal(process, signal.SIGKILL)
            process.wait()

    def restart(self, hard: bool = False) -> None:
        """End the server and start it again, on the same port and the same database."""
        self.stop(hard)
        self.start()

    def close(self) -> None:
        """End everything that the server started, whatever process group it is in."""
        process = self._process
        self.stop()
        if process is not None:
            self._signal(process, signal.SIGKILL)
        for left in psutil.process_iter():
            try:
                if left.environ().get("STUDIO_DATA_DIR") == str(self.data_dir):
                    left.kill()
                    left.wait(STOP_SECONDS)
            except psutil.Error:
                continue  # it has ended, or it is somebody else's

    def log(self) -> str:
        """What the server has written."""
        return self._log_file.read_text("utf-8", "replace") if self._log_file.exists() else ""

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN_SETTINGS)}
        own = {
            "STUDIO_DATABASE_URL": self.database_url,
            "STUDIO_DATA_DIR": str(self.data_dir),
            "STUDIO_ENV_FILE": str(self.data_dir / ".env"),  # none: nobody's keys are used
        }
        return {**kept, **own, **self.env}

    def _is_healthy(self) -> bool:
        # Straight to the server: a proxy that the machine has set is not asked.
        connection = http.client.HTTPConnection("localhost", self.port, timeout=5)
        try:
            connection.request("GET", "/_stcore/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    @staticmethod
    def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)  # the group has the number of the process that leads it


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])
