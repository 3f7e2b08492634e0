"""Settings of an installation, read from environment variables."""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SEEDS_FOLDER = ROOT / "seeds"


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: its name, its default as documented, and what it does."""

    name: str
    default: str
    help: str


DATA_DIR = Setting(
    "STUDIO_DATA_DIR", "data", "folder of the database and of everything else that is kept"
)
DATABASE_URL = Setting(
    "STUDIO_DATABASE_URL",
    "sqlite:///data/studio.db",
    "where the database is; postgresql://user@host/name for PostgreSQL",
)
ENV_FILE = Setting(
    "STUDIO_ENV_FILE", ".env", "file (mode 0600) with the keys of endpoints, read by the worker"
)
DEMO_LATENCY = Setting(
    "STUDIO_DEMO_LATENCY", "0.5", "seconds that the built-in demo model waits before it answers"
)
SETTINGS = (DATA_DIR, DATABASE_URL, ENV_FILE, DEMO_LATENCY)


def data_dir() -> Path:
    """The folder that holds what is kept, absolute; it need not exist yet."""
    return ROOT / Path(os.environ.get(DATA_DIR.name) or DATA_DIR.default)


def database_url() -> str:
    """The database of this installation as an SQLAlchemy address."""
    return os.environ.get(DATABASE_URL.name) or f"sqlite:///{data_dir() / 'studio.db'}"


def env_file() -> Path:
    """The file that may hold keys; it need not exist."""
    return ROOT / Path(os.environ.get(ENV_FILE.name) or ENV_FILE.default)


def demo_latency() -> float:
    """Seconds the demo model waits before each answer inside the app."""
    return float(os.environ.get(DEMO_LATENCY.name) or DEMO_LATENCY.default)
