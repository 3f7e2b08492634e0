"""Home, from an empty studio to its first run."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Studio
from tests.browser.screens import (
    column,
    kept_line,
    main,
    run_heading,
    texts,
    wait_for_state,
    watch_requests,
)
from tests.browser.stored import kept, rows, value

FIRST_RUN = "Run 20 tasks with the demo model"


@pytest.mark.parametrize("studio", [{"STUDIO_DEMO_LATENCY": "0"}], indirect=True)
def test_empty_studio_leads_to_a_first_run_and_then_shows_it(page: Page, studio: Studio) -> None:
    foreign = watch_requests(page, studio)

    # The very first request of a new server goes past Home: frame and menu are there all the same.
    page.goto(f"{studio.url}/bootstrap?run=1")
    expect(page.get_by_role("heading", name="Bootstrap")).to_be_visible()
    menu = page.get_by_test_id("stSidebarNav")
    for words in ("Home", "Generate", "Bootstrap"):
        expect(menu.get_by_text(words, exact=True)).to_be_visible()
    expect(page).to_have_title("Self-Instruct Studio")
    expect(page.get_by_text("No run yet.")).to_be_visible()

    page.goto(studio.url)

    # Three sentences, a picture, one button.
    expect(main(page).get_by_role("heading", name="Self-Instruct Studio")).to_be_visible()
    expect(main(page).get_by_test_id("stButton")).to_have_text([FIRST_RUN])
    (sentences,) = texts(main(page))
    assert len(re.findall(r"[a-z]\.(?: |$)", sentences)) == 3
    picture = main(page).get_by_role("img", name="Tasks sampled from the pool make a prompt")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    assert value(studio, "SELECT count(*) FROM runs") == 0

    # An impatient person presses twice and gets one run.
    page.get_by_role("button", name=FIRST_RUN).dblclick()
    page.wait_for_url(f"{studio.url}/bootstrap?run=1")
    wait_for_state(page, 1, "finished")
    (run,) = rows(studio, "SELECT settings, endpoint, state FROM runs")
    assert json.loads(run[0])["target"] == 20
    assert json.loads(run[1])["base_url"] is None
    assert run[2] == "finished"
    number = kept(studio)
    assert number >= 20
    expect(kept_line(page)).to_contain_text(f"{number} of 20 kept")
    newest = rows(
        studio,
        "SELECT instruction FROM candidates WHERE reason IS NULL "
        "ORDER BY ordinal DESC, position DESC LIMIT 8",
    )
    assert texts(column(page, "Latest kept")) == [instruction for (instruction,) in newest]

    # Home now shows what is stored.
    page.get_by_test_id("stSidebar").get_by_role("link", name="Home").click()
    expect(page).to_have_url(f"{studio.url}/")
    of_origin = "SELECT count(*) FROM tasks WHERE origin = ?"
    of_machine = (
        "SELECT count(*) FROM instances JOIN tasks ON tasks.id = task_id WHERE origin = 'machine'"
    )
    shown = {
        "Seed tasks": value(studio, of_origin, "seed"),
        "Machine-made tasks": value(studio, of_origin, "machine"),
        "Their instances": value(studio, of_machine),
        "Runs": 1,
    }
    for label, stored in shown.items():
        metric = page.get_by_test_id("stMetric").filter(has_text=label)
        expect(metric.get_by_test_id("stMetricValue")).to_have_text(str(stored))
    expect(main(page)).to_contain_text(f"{number} of 20 kept · finished · demo model")
    expect(main(page).get_by_test_id("stButton")).to_have_count(0)

    main(page).get_by_role("link", name="Run 1").click()
    page.wait_for_url(f"{studio.url}/bootstrap?run=1")
    expect(run_heading(page, 1)).to_be_visible()
    assert foreign == []
