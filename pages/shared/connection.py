"""The database of the pages."""

import streamlit as st

from selfinstruct_core.storage.database import Database
from selfinstruct_core.storage.open import open_database


@st.cache_resource(show_spinner=False)
def studio_database() -> Database:
    """The configured database, opened once for all sessions. Raises StudioError."""
    return open_database()
