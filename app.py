"""The web entry: `streamlit run app.py`. The pages' frame is pages/main.py."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

import streamlit as st

from selfinstruct_core.worker_keeper import WorkerKeeper


@contextlib.asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, Any] | None]:
    """While the web process lives, a worker lives beside it."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    keeper = WorkerKeeper()
    keeping = asyncio.create_task(keeper.keep())
    try:
        yield None
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping
        keeper.let_go()


app = st.App("pages/main.py", lifespan=lifespan)
