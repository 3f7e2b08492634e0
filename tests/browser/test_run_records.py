"""Bootstrap: where candidates come from, what a run holds, and its settings in a new run."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Studio, wait_settled
from tests.browser.screens import (
    choose,
    column,
    fill,
    new_run,
    open_new_run,
    run_heading,
    start,
    texts,
    use_server,
)
from tests.browser.stored import newest_run, rows, store_run, value, wait_for


@pytest.fixture(scope="module")
def studio_with_a_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio with a finished run, number 1."""
    studio = Studio(tmp_path_factory.mktemp("records") / "studio", {"STUDIO_DEMO_LATENCY": "0"})
    try:
        store_run(studio, target=60, seed=5, filters={"threshold": 0.65})
        studio.start()
        yield studio
    finally:
        studio.close()


def dialog(page: Page) -> Locator:
    """The open dialog."""
    return page.get_by_role("dialog")


def wait_for_code(place: Locator, text: str) -> None:
    """Wait until a block of code has exactly that text; the page draws long ones late."""
    wait_for(lambda: text in place.locator("code").all_text_contents(), f"code {text[:40]!r}")


def show_run(page: Page, studio: Studio, more: str = "") -> None:
    page.goto(f"{studio.url}/bootstrap?run=1{more}")
    expect(run_heading(page, 1)).to_be_visible()
    wait_settled(page)


def test_the_origin_of_a_kept_task_opens_from_the_list_and_closes(
    page: Page, studio_with_a_run: Studio
) -> None:
    studio = studio_with_a_run
    show_run(page, studio)
    column(page, "Latest kept").get_by_role("link", name="Origin").first.click()
    (candidate,) = rows(
        studio,
        "SELECT ordinal, position, instruction FROM candidates WHERE reason IS NULL "
        "ORDER BY ordinal DESC, position DESC LIMIT 1",
    )
    ordinal, position, instruction = candidate
    expect(dialog(page)).to_contain_text(f"run 1, response {ordinal}, item {position} · kept")
    expect(page).to_have_url(f"{studio.url}/bootstrap?run=1&candidate={ordinal}.{position}")
    wait_settled(page)

    shown = texts(dialog(page))
    assert shown[0] == instruction
    # The tasks that the prompt showed, in their order, with where each comes from.
    (context, prefix, tail, raw, text) = rows(
        studio,
        "SELECT context, prompt_prefixes.text, tail, raw, responses.text FROM requests "
        "JOIN responses ON request_id = id JOIN prompt_prefixes ON hash = prefix_hash "
        "WHERE stage = 'instructions' AND ordinal = ?",
        ordinal,
    )[0]
    for task_id in json.loads(context):
        name = value(studio, "SELECT instruction FROM task_versions WHERE task_id = ?", task_id)
        assert any(line.startswith(f"{name}  (") for line in shown)
    # The candidate stands apart in the response, with what is before and after it around.
    at = shown.index(instruction, 1) if instruction in shown[1:] else -1
    assert at > 0 or text.casefold().count(instruction.casefold()) == 0
    # Prompt and body exactly as they were sent and received.
    dialog(page).get_by_text("Request and response as sent and received").click()
    wait_for_code(dialog(page), prefix + tail)
    wait_for_code(dialog(page), raw)

    page.keyboard.press("Escape")
    expect(dialog(page)).to_have_count(0)
    expect(page).to_have_url(f"{studio.url}/bootstrap?run=1")


def test_the_address_opens_the_origin_of_a_rejected_candidate(
    page: Page, studio_with_a_run: Studio
) -> None:
    studio = studio_with_a_run
    (ordinal, position, score, nearest) = rows(
        studio,
        "SELECT ordinal, position, nearest_score, nearest.instruction FROM candidates "
        "JOIN task_versions AS nearest ON task_id = nearest_task_id "
        "WHERE reason = 'too_similar' LIMIT 1",
    )[0]
    show_run(page, studio, f"&candidate={ordinal}.{position}")
    expect(dialog(page)).to_contain_text("rejected: too similar")
    # The first neighbour is the stored one, to three decimals.
    cells = dialog(page).locator("[role=gridcell]")
    expect(cells.nth(1)).to_have_text(nearest)
    assert float(cells.nth(0).text_content() or "") == round(score, 3)
    lines = texts(dialog(page))
    assert any(re.match(r"rejected: too similar", line) for line in lines)
    first = "passed: talk before the list, truncated, not in the form of a task, empty, too short"
    assert any(line.startswith(first) for line in lines)

    for wrong in ("999.0", "0.999"):
        page.goto(f"{studio.url}/bootstrap?run=1&candidate={wrong}")
        expect(dialog(page)).to_contain_text(f"Run 1 has no candidate {wrong}.")
    page.goto(f"{studio.url}/bootstrap?run=1&candidate=x.y")
    expect(run_heading(page, 1)).to_be_visible()
    wait_settled(page)
    expect(dialog(page)).to_have_count(0)


def test_candidates_are_filtered_and_paged_through(page: Page, studio_with_a_run: Studio) -> None:
    studio = studio_with_a_run
    show_run(page, studio)
    page.get_by_text("All candidates", exact=True).click()
    total = value(studio, "SELECT count(*) FROM candidates")
    assert total > 50
    expect(page.get_by_text(f"1 to 50 of {total}", exact=True)).to_be_visible()
    page.get_by_label("Page", exact=True).fill("2")
    page.get_by_label("Page", exact=True).press("Enter")
    expect(page.get_by_text(f"51 to {min(100, total)} of {total}", exact=True)).to_be_visible()

    choose(page, "Which", "rejected: too similar")
    similar = value(studio, "SELECT count(*) FROM candidates WHERE reason = 'too_similar'")
    expect(page.get_by_text(f"1 to {similar} of {similar}", exact=True)).to_be_visible()
    choose(page, "Which", "all candidates")
    word = "the"
    page.get_by_label("Instruction contains").fill(word)
    page.get_by_label("Instruction contains").press("Enter")
    found = rows(studio, "SELECT instruction FROM candidates")
    number = sum(word in instruction.lower() for (instruction,) in found)
    expect(page.get_by_text(re.compile(rf"^1 to \d+ of {number}$"))).to_be_visible()
    page.get_by_label("Instruction contains").fill("no such words")
    page.get_by_label("Instruction contains").press("Enter")
    expect(page.get_by_text("No such candidate.")).to_be_visible()


def test_a_request_is_chosen_and_shown_whole(page: Page, studio_with_a_run: Studio) -> None:
    studio = studio_with_a_run
    show_run(page, studio)
    page.get_by_text("All requests", exact=True).click()
    choose(page, "Stage", "classification")
    total = value(studio, "SELECT count(*) FROM requests WHERE stage = 'classification'")
    expect(page.get_by_text(f"1 to {min(50, total)} of {total}", exact=True)).to_be_visible()
    wait_settled(page)
    table = page.get_by_test_id("stExpander").filter(has_text="All requests")
    grid = table.get_by_test_id("stDataFrame").first
    grid.scroll_into_view_if_needed()
    grid.click(position={"x": 17, "y": 52})  # the box of the first row, below the heading
    (raw, number) = rows(
        studio,
        "SELECT raw, ordinal FROM responses JOIN requests ON id = request_id "
        "WHERE stage = 'classification' ORDER BY id DESC LIMIT 1",
    )[0]
    expect(table.get_by_text("Body as received")).to_be_visible()
    assert number is not None
    wait_for_code(table, raw)


def test_settings_are_copied_to_a_new_run(page: Page, studio_with_a_run: Studio) -> None:
    studio = studio_with_a_run
    show_run(page, studio)
    page.get_by_role("button", name="Copy settings").click()
    expect(page).to_have_url(f"{studio.url}/bootstrap?run=1&like=1")
    expect(new_run(page)).to_contain_text("With the settings of run 1")
    expect(new_run(page).get_by_label("Tasks to keep")).to_have_value("60")
    expect(new_run(page).get_by_label("Random seed")).to_have_value("5")
    expect(new_run(page)).to_contain_text(
        re.compile(r"About [\d,]+ requests and [\d,]+ tokens · cost about 0.00, as earlier runs")
    )
    fill(page, "Tasks to keep", "10")
    before = newest_run(studio)
    start(page)
    expect(page).to_have_url(f"{studio.url}/bootstrap?run={before + 1}")
    (old, new) = (
        json.loads(value(studio, "SELECT settings FROM runs WHERE id = ?", id_))
        for id_ in (1, before + 1)
    )
    assert new == {**old, "target": 10}
    assert old["filters"]["threshold"] == 0.65
    pools = "SELECT count(DISTINCT seed_data_set_id) FROM runs WHERE id IN (1, ?)"
    assert value(studio, pools, before + 1) == 1  # the same seed tasks, stored once

    page.goto(f"{studio.url}/bootstrap?like=999")
    expect(page.get_by_text("There is no run 999.")).to_be_visible()


def test_an_unknown_model_is_estimated_by_lengths(page: Page, studio_with_a_run: Studio) -> None:
    studio = studio_with_a_run
    show_run(page, studio)
    open_new_run(page)
    use_server(page, "http://localhost:9/v1", "nobody")
    expect(new_run(page)).to_contain_text(
        re.compile(r"About [\d,]+ requests and [\d,]+ tokens, by the lengths of prompts")
    )


def test_other_filters_are_compared_before_their_data_set_is_made(
    page: Page, studio_with_a_run: Studio
) -> None:
    studio = studio_with_a_run
    by_reason = (
        "SELECT coalesce(reason, 'kept'), count(*) FROM candidates WHERE derivation_id = "
        "(SELECT id FROM derivations WHERE run_id = 1 AND number = ?) GROUP BY reason"
    )
    before = dict(rows(studio, by_reason, 1))
    show_run(page, studio)
    page.get_by_text("Other filters", exact=True).click()
    form = page.get_by_test_id("stExpander").filter(has_text="Other filters")
    threshold = form.get_by_label("Too similar above ROUGE-L")
    expect(threshold).to_have_value("0.65")
    threshold.fill("0.3")
    threshold.press("Tab")
    form.get_by_role("button", name="Compare").click()
    expect(
        form.get_by_text(re.compile(r"^\d+ candidates would be judged otherwise"))
    ).to_be_visible()
    assert value(studio, "SELECT count(*) FROM derivations WHERE run_id = 1") == 1
    table = form.get_by_test_id("stDataFrame").first.locator("[role=gridcell]")
    wait_for(lambda: "kept" in table.all_text_contents(), "the table of verdicts")
    cells = table.all_text_contents()
    shown = {line[0]: [int(n) for n in line[1:]] for line in zip(*[iter(cells)] * 4, strict=True)}
    assert shown["kept"][0] == before["kept"]
    assert shown["kept"][1] < before["kept"]
    assert all(then + change == now for then, now, change in shown.values())

    form.get_by_role("button", name="Make this data set").click()
    expect(form.get_by_text(f"Replay 2 is stored: {shown['kept'][1]} tasks kept.")).to_be_visible()
    after = dict(rows(studio, by_reason, 2))
    assert after["kept"] == shown["kept"][1]
    assert after["too_similar"] == shown["too similar"][1]
    # The run itself stays as it was.
    assert dict(rows(studio, by_reason, 1)) == before
    assert value(studio, "SELECT count(*) FROM data_sets WHERE kind = 'run'") >= 2
