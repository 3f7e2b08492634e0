"""Errors a person can act on.

Every message says what happened, what was not changed, and what to do.
"""


class StudioError(Exception):
    """Base of all errors that are shown to a person as they are, without a traceback."""


class BadInput(StudioError):
    """A file, a setting or an argument is not usable; nothing was changed."""


class NotFound(StudioError):
    """Something named by a person (a run, a project, an endpoint) does not exist."""


class StorageError(StudioError):
    """The database cannot be used; the step that hit this was rolled back whole."""


class LeaseLost(StudioError):
    """Another worker has taken over this job; the step that noticed it was rolled back."""
