"""The frame of all pages: the menu, and what stands around each page."""

import streamlit as st

from selfinstruct_core.settings import ROOT

st.set_page_config(
    page_title="Self-Instruct Studio",
    # A file of our own: the icon of a page would be fetched from another site by the browser.
    page_icon=str(ROOT / "docs" / "icon.svg"),
    layout="wide",
)

page = st.navigation(
    {
        "": [st.Page("home.py", title="Home", icon=":material/home:", default=True)],
        "Generate": [
            st.Page("bootstrap.py", title="Bootstrap", icon=":material/autorenew:"),
        ],
        "Understand": [
            st.Page("diversity.py", title="Diversity", icon=":material/donut_small:"),
        ],
        "Settings": [st.Page("endpoints.py", title="Endpoints", icon=":material/lan:")],
    }
)
page.run()
