"""Find the Chromium or Chrome for the browser tests and print its path.

`python scripts/find_browser.py` looks for one: the one that STUDIO_BROWSER names, else one on PATH
or at a usual place, else Playwright's own. With `--install` a missing one is fetched: Playwright's
download, else, as root on Debian, the package chromium.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
PLACES = (
    "/usr/bin/chromium",
    "/usr/lib/chromium/chromium",
    "/snap/bin/chromium",
    "/opt/google/chrome/chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
MISSING = """\
No browser for the browser tests was found. Install Chromium or Chrome:
    Debian            apt-get install chromium
    Ubuntu            .venv/bin/python -m playwright install --with-deps chromium
    macOS             brew install --cask chromium
    anything else     .venv/bin/python -m playwright install chromium
or name one that is installed already: STUDIO_BROWSER=/path/to/chrome make test"""


def starts(path: str) -> bool:
    """Whether the browser starts: one that lacks system libraries is there and does not."""
    try:
        answer = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def installed_browser() -> str | None:
    """A browser on PATH or at a usual place."""
    on_path = (shutil.which(name) for name in NAMES)
    at_places = (place for place in PLACES if os.access(place, os.X_OK))
    return next((path for path in (*on_path, *at_places) if path and starts(path)), None)


def playwright_browser() -> str | None:
    """The Chromium that Playwright downloaded, if it did."""
    # In a process of its own, so that it can be asked while Playwright runs here.
    code = (
        "from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as p: print(p.chromium.executable_path)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    path = answer.stdout.strip()
    return path if answer.returncode == 0 and Path(path).is_file() and starts(path) else None


def find_browser() -> str | None:
    """The path of a browser that starts, None when there is none."""
    named = os.environ.get("STUDIO_BROWSER")
    if named:
        return named if starts(named) else None
    return installed_browser() or playwright_browser()


def why_none() -> str:
    """What to do about a missing browser, for a person to read."""
    named = os.environ.get("STUDIO_BROWSER")
    return f"STUDIO_BROWSER={named} does not start" if named else MISSING


def run(*command: str) -> bool:
    """Run a step of an installation, what it says going to standard error."""
    print("+", *command, file=sys.stderr, flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        return (
            subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr,
                env=environment,
                check=False,
            ).returncode
            == 0
        )
    except OSError:
        return False


def is_root_on_debian() -> bool:
    return os.geteuid() == 0 and Path("/etc/debian_version").is_file()


def install_browser() -> str | None:
    """Fetch a browser; the path of one that starts, None when none could be had."""
    print("No browser for the browser tests: fetching one", file=sys.stderr, flush=True)
    if run(sys.executable, "-m", "playwright", "install", "chromium"):
        path = playwright_browser()
        if path:
            return path
    if is_root_on_debian() and run("apt-get", "-q", "update"):
        run("apt-get", "-q", "install", "-y", "chromium")
    return find_browser()


def main(arguments: list[str]) -> int:
    path = find_browser()
    if path is None and arguments == ["--install"] and not os.environ.get("STUDIO_BROWSER"):
        path = install_browser()
    if path is None:
        print(why_none(), file=sys.stderr)
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
