"""Set up .venv from the requirements: `python scripts/setup_env.py runtime|dev`.

The stamp .venv/.KIND-DIGEST says that the requirements with that digest are installed. It is the
last thing written, so whatever was interrupted is seen and repaired the next time.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
# There while .venv is being filled: found at the start, it tells of a run that was cut off.
INSTALLING = VENV / ".installing"
REQUIREMENTS = {"runtime": "requirements.txt", "dev": "requirements-dev.txt"}


def stamp(kind: str) -> Path:
    """The file that says that the present requirements of this kind are installed."""
    digest = hashlib.sha256((ROOT / REQUIREMENTS[kind]).read_bytes()).hexdigest()
    return VENV / f".{kind}-{digest[:16]}"


def pins(kind: str) -> set[str]:
    return set((ROOT / REQUIREMENTS[kind]).read_text("utf-8").splitlines())


def drop_stamps() -> None:
    for kind in REQUIREMENTS:
        for old in VENV.glob(f".{kind}-*"):
            old.unlink()


def python_of_venv() -> tuple[int, int] | None:
    """The version (3, 12) of the environment's Python, None when it does not start."""
    probe = "import sys; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [VENV_PYTHON, "-c", probe], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    major, minor = answer.stdout.split()
    return int(major), int(minor)


def has_pip() -> bool:
    probe: list[str | Path] = [VENV_PYTHON, "-m", "pip", "--version"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def reason_to_rebuild(kind: str) -> str | None:
    """Why .venv has to be made anew ("" for the first time), None when it can be kept."""
    if not VENV.exists():
        return ""
    if INSTALLING.exists():
        return "the last set-up was interrupted"
    version = python_of_venv()
    if version is None:
        return "the Python in the old one does not start"
    if os.environ.get("PYTHON") and version != sys.version_info[:2]:
        return f"the old one has Python {version[0]}.{version[1]}"
    if not stamp(kind).exists() and not has_pip():
        return "the old one has no pip"
    return None


def make_venv(reason: str) -> None:
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"Making .venv with Python {version}" + (f": {reason}" if reason else ""), flush=True)
    if VENV.exists():
        shutil.rmtree(VENV)
    VENV.mkdir()
    INSTALLING.touch()
    subprocess.run([sys.executable, "-m", "venv", VENV], check=True)


def install(requirements: str) -> None:
    print(f"Installing {requirements} (a minute or two the first time)", flush=True)
    drop_stamps()
    INSTALLING.touch()
    options = ["--disable-pip-version-check", "-q", "--use-pep517", "-r", str(ROOT / requirements)]
    code = subprocess.run([VENV_PYTHON, "-m", "pip", "install", *options], check=False).returncode
    if code in (0, 1):  # 1: pip gave up in order and left the environment whole
        INSTALLING.unlink()
    if code != 0:
        raise SystemExit(
            f"\nThe packages of {requirements} could not be installed: pip says why above.\n"
            "Behind a proxy or with a mirror, pip's own settings apply (pip config list).\n"
            "Run make again when that is put right."
        )


def main(kind: str) -> None:
    # Two makes at once in one checkout must not install over each other.
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        reason = reason_to_rebuild(kind)
        if reason is None and stamp(kind).exists():
            return
        started = time.monotonic()
        if reason is not None:
            make_venv(reason)
        install(REQUIREMENTS[kind])
        stamp(kind).touch()
        if kind == "dev" and pins("runtime") <= pins("dev"):
            stamp("runtime").touch()
        print(f"Ready after {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] not in (["runtime"], ["dev"]):
        raise SystemExit("usage: python scripts/setup_env.py runtime|dev")
    try:
        main(sys.argv[1])
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"Setting up .venv failed: {error}") from None
    except KeyboardInterrupt:
        raise SystemExit("Interrupted; the next make starts the set-up again.") from None
