"""Diversity: a data set is measured in the background, and its numbers are those of its rows."""

import json
import re
from collections import Counter
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Studio, wait_settled
from tests.browser.screens import choose, main, scrolls_sideways
from tests.browser.stored import rows, store_run, value


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio with a finished run."""
    studio = Studio(tmp_path_factory.mktemp("diversity") / "studio", {"STUDIO_DEMO_LATENCY": "0"})
    try:
        store_run(studio, target=40, seed=3)
        studio.start()
        yield studio
    finally:
        studio.close()


def metric(page: Page, label: str) -> Locator:
    """The number under a label of its own."""
    box = page.get_by_test_id("stMetric").filter(
        has=page.get_by_test_id("stMetricLabel").get_by_text(label, exact=True)
    )
    return box.get_by_test_id("stMetricValue")


def test_a_run_in_numbers_and_figures(page: Page, measured: Studio) -> None:
    page.goto(f"{measured.url}/diversity?set=run-1")
    tasks = rows(
        measured,
        "SELECT instruction, is_classification FROM task_versions JOIN tasks ON id = task_id "
        "WHERE origin = 'machine'",
    )
    # Nobody asked for it: a worker measures, and the page shows it when it is there.
    expect(page.get_by_text("have a verb and an object; the picture shows")).to_be_visible(
        timeout=60_000
    )
    expect(page.get_by_text(f"n = {len(tasks)}", exact=False).first).to_be_visible(timeout=60_000)
    wait_settled(page)

    expect(metric(page, "Instructions")).to_have_text(str(len(tasks)))
    labelled = sum(bool(is_classification) for _, is_classification in tasks)
    expect(metric(page, "Classification")).to_have_text(str(labelled))
    words = [len(instruction.split()) for instruction, _ in tasks]
    mean = sum(words) / len(words)
    expect(metric(page, "Words per instruction")).to_have_text(f"{mean:.1f}")
    # Every instruction has a verb and an object, a verb only, or neither.
    parts = [
        int(metric(page, label).text_content() or "")
        for label in ("Verb and object", "Verb only", "Neither")
    ]
    assert sum(parts) == len(tasks)
    pairs = value(
        measured, "SELECT count(*) FROM parsed_texts WHERE verb IS NOT NULL AND noun IS NOT NULL"
    )
    assert parts[0] == pairs
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(8)

    # A click on a sector and on a bar lists the tasks behind them.
    chart = page.get_by_test_id("stPlotlyChart")
    chart.nth(0).locator("path.surface").nth(25).click()
    listed = main(page).get_by_text(re.compile(r"^[\d,]+ tasks$"))
    expect(listed).to_have_count(1)
    expect(listed).not_to_have_text("0 tasks")
    bars = chart.nth(3).locator(".bars .point")
    bars.first.scroll_into_view_if_needed()
    boxes = [bar.bounding_box() or {"x": 0, "y": 0, "width": 0, "height": 0} for bar in bars.all()]
    highest = max(range(len(boxes)), key=lambda n: boxes[n]["height"])
    box = boxes[highest]
    # By its place: what takes the clicks of a chart lies over the bars.
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] - 4)
    expect(listed).to_have_count(2)
    in_bins = Counter(min(length, 60) // 5 for length in words)
    expect(listed.nth(1)).to_have_text(f"{in_bins[highest]} tasks")

    # The numbers of a figure as CSV, and the figure as a page of its own.
    page.get_by_text("The same numbers as a table").nth(3).click()
    # The tables' own export would make formulas of texts that begin with "=".
    expect(page.get_by_label("Download as CSV")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    lines = download.value.path().read_text("utf-8").splitlines()
    assert lines[0] == "from,to,bin,count"
    assert [int(line.rsplit(",", 1)[1]) for line in lines[1:]] == [in_bins[n] for n in range(13)]
    with page.expect_download() as download:
        page.get_by_role("button", name="Interactive figure").click()
    assert "<title>Run 1: instructions</title>" in download.value.path().read_text("utf-8")

    page.set_viewport_size({"width": 390, "height": 844})
    wait_settled(page)
    assert not scrolls_sideways(page)


def test_a_file_is_imported_or_refused_whole(page: Page, measured: Studio) -> None:
    page.goto(f"{measured.url}/diversity")
    page.get_by_text("Import a file", exact=True).click()

    def upload(name: str, content: str) -> None:
        file = {"name": name, "mimeType": "application/json", "buffer": content.encode()}
        page.locator("input[type=file]").set_input_files([file])  # type: ignore[list-item]
        expect(page.get_by_test_id("stFileChip")).to_contain_text(name)
        wait_settled(page)
        page.get_by_role("button", name="Import", exact=True).click()

    before = value(measured, "SELECT count(*) FROM tasks")
    good = {"instruction": "Name a river in **Asia**.", "input": "", "output": "The Mekong"}
    upload("torn.json", json.dumps([good, {"instruction": 7}]))
    expect(main(page).get_by_text("item 2, field instruction")).to_be_visible()
    assert value(measured, "SELECT count(*) FROM tasks") == before

    page.reload()
    page.get_by_text("Import a file", exact=True).click()
    lake = {**good, "instruction": "Name a lake in Asia.", "output": ""}
    upload("good.json", json.dumps([good, lake]))
    expect(page.get_by_text("2 tasks with 1 instances are stored.")).to_be_visible()
    expect(page.get_by_text("1 instances were left out")).to_be_visible()
    expect(metric(page, "Instructions")).to_have_text("2")
    assert value(measured, "SELECT count(*) FROM tasks") == before + 2
    expect(page.get_by_text("100.0% of 2 instructions have a verb")).to_be_visible(timeout=60_000)
    choose(page, "Data set", "Run 1 · run")
    expect(metric(page, "Instructions")).not_to_have_text("2")
