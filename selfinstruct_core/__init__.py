"""Self-Instruct Studio's core: everything the app does, usable from a notebook."""

__version__ = "0.1.0"
