"""The Endpoints page: add, test, choose for a run, remove."""

import sqlite3

from playwright.sync_api import Page, expect

from selfinstruct_core.lm.demo.server import DemoServer
from tests.browser.conftest import Studio, wait_settled
from tests.browser.screens import choose


def _rows(studio: Studio, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(studio.data_dir / "studio.db") as connection:
        return connection.execute(query).fetchall()


def test_an_endpoint_is_added_tested_used_and_removed(page: Page, studio: Studio) -> None:
    with DemoServer() as server:
        page.goto(f"{studio.url}/endpoints")
        expect(page.get_by_text("Name a model's server here")).to_be_visible()
        page.get_by_label("Name", exact=True).fill("lab")
        page.get_by_label("Address").fill(server.base_url)
        page.get_by_label("Model's name at that server").fill("demo")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("not tested yet")).to_be_visible()
        assert _rows(studio, "SELECT name, tested_at FROM endpoints") == [("lab", None)]

        page.get_by_role("button", name="Test connection").click()
        expect(page.get_by_text("works · model known · max_tokens · tells tokens")).to_be_visible()

        page.goto(f"{studio.url}/bootstrap")
        wait_settled(page)
        page.get_by_label("Tasks to keep").fill("5")
        choose(page, "Model", "lab")
        wait_settled(page)
        page.get_by_role("button", name="Start").click()
        expect(page.get_by_text("finished", exact=True)).to_be_visible(timeout=30_000)
        ((endpoint, state),) = _rows(studio, "SELECT endpoint, state FROM runs")
        assert state == "finished"
        assert server.base_url in str(endpoint)

    page.goto(f"{studio.url}/endpoints")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Name a model's server here")).to_be_visible()
    assert _rows(studio, "SELECT count(*) FROM endpoints") == [(0,)]


def test_a_wrong_address_is_named_and_nothing_stored(page: Page, studio: Studio) -> None:
    page.goto(f"{studio.url}/endpoints")
    page.get_by_label("Name", exact=True).fill("lab")
    page.get_by_label("Address").fill("file:///etc/passwd")
    page.get_by_label("Model's name at that server").fill("m")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The endpoint was not saved")).to_be_visible()
    expect(page.get_by_text('Field address: "file:///etc/passwd" is none')).to_be_visible()
    assert _rows(studio, "SELECT count(*) FROM endpoints") == [(0,)]
