"""Whether a benchmark has the machine for itself."""

import os


def told_load() -> str:
    """The load of the machine in words, for the head of a table."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors before"
