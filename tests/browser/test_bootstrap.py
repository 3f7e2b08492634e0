"""Bootstrap: starting, watching, stopping and choosing runs."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Studio, wait_settled
from tests.browser.paced_model import PacedModel, numbered
from tests.browser.screens import (
    choose,
    column,
    fill,
    kept_line,
    main,
    new_run,
    open_more_settings,
    open_new_run,
    run_heading,
    scrolls_sideways,
    start,
    state,
    texts,
    upload_seeds,
    use_server,
    wait_for_state,
    watch_requests,
)
from tests.browser.stored import (
    everything,
    kept,
    newest_run,
    rows,
    run_state,
    store_run,
    value,
    wait_for,
)
from tests.support.scripted_server import error


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio for all tests here, with two finished runs. Each test starts runs of its own."""
    studio = Studio(tmp_path_factory.mktemp("shared") / "studio", {"STUDIO_DEMO_LATENCY": "0"})
    try:
        store_run(studio, target=20, seed=1)
        store_run(studio, target=40, seed=2)
        studio.start()
        yield studio
    finally:
        studio.close()


@pytest.fixture
def model() -> Iterator[PacedModel]:
    """A model that answers when the test lets it."""
    with PacedModel() as model:
        yield model


def test_run_with_other_settings_is_watched_elsewhere_stopped_and_resumed(
    page: Page, browser: Browser, shared: Studio, model: PacedModel
) -> None:
    page.goto(f"{shared.url}/bootstrap")
    open_new_run(page)
    fill(page, "Tasks to keep", "12")
    fill(page, "Random seed", "7")
    choose(page, "Mode", re.compile("^paper"))
    use_server(page, model.base_url)
    open_more_settings(page)
    fill(page, "Too similar above ROUGE-L", "0.55")
    fill(page, "Requests at once", "1")
    fill(page, "Keywords that reject", "haiku\n\n  limerick ")
    run_id = newest_run(shared) + 1
    start(page)

    # What was asked for is what is stored, and the form makes room for the run.
    page.wait_for_url(f"{shared.url}/bootstrap?run={run_id}")
    assert newest_run(shared) == run_id
    expect(run_heading(page, run_id)).to_be_in_viewport()
    (stored,) = rows(shared, "SELECT settings, endpoint, concurrency FROM runs WHERE id=?", run_id)
    settings, endpoint = json.loads(stored[0]), json.loads(stored[1])
    assert (settings["target"], settings["seed"], settings["mode"]) == (12, 7, "paper")
    assert settings["filters"]["threshold"] == 0.55
    assert settings["filters"]["keywords"] == ["haiku", "limerick"]
    assert (endpoint["base_url"], endpoint["model"], stored[2]) == (model.base_url, "paced", 1)

    # It grows on screen while nobody touches the page.
    expect(kept_line(page)).to_contain_text("0 of 12 kept")
    model.release()
    expect(kept_line(page)).to_contain_text("3 of 12 kept")
    assert kept(shared, run_id) == 3
    address = page.url
    page.close()

    # It goes on without the page; another browser finds it further on.
    model.release()
    wait_for(lambda: kept(shared, run_id) == 6, "kept without a page")
    elsewhere = browser.new_context().new_page()
    elsewhere.goto(address)
    expect(kept_line(elsewhere)).to_contain_text("6 of 12 kept")
    expect(state(elsewhere)).to_have_text("running")

    # Stop takes what is under way and nothing more.
    elsewhere.get_by_role("button", name="Stop").click()
    expect(state(elsewhere)).to_have_text("stopping")
    expect(elsewhere.get_by_role("button", name="Stop")).to_be_disabled()
    model.release(5)
    expect(state(elsewhere)).to_have_text("stopped")
    expect(kept_line(elsewhere)).to_contain_text("9 of 12 kept")
    assert run_state(shared, run_id) == "stopped"
    assert kept(shared, run_id) == 9
    assert value(shared, "SELECT count(*) FROM jobs WHERE state <> 'done'") == 0
    assert value(shared, "SELECT count(*) FROM attempts WHERE outcome = 'in_flight'") == 0
    asked = model.asked

    # Resume goes on to the target.
    elsewhere.get_by_role("button", name="Resume").click()
    expect(state(elsewhere)).to_have_text("finished")
    expect(kept_line(elsewhere)).to_contain_text("12 of 12 kept")
    assert (kept(shared, run_id), model.asked) == (12, asked + 1)
    assert run_state(shared, run_id) == "finished"
    expect(elsewhere.get_by_role("button", name=re.compile("Stop|Resume"))).to_have_count(0)
    elsewhere.context.close()


def test_numbers_on_screen_are_those_of_the_database(page: Page, shared: Studio) -> None:
    page.goto(f"{shared.url}/bootstrap?run=2")
    expect(kept_line(page)).to_contain_text(f"{kept(shared, 2)} of 40 kept")
    (derivation,) = rows(shared, "SELECT id FROM derivations WHERE run_id = 2")
    counted = (
        "SELECT (SELECT count(*) FROM requests JOIN responses ON request_id = id WHERE run_id = 2),"
        " (SELECT sum(prompt_tokens + completion_tokens) FROM responses JOIN requests ON id ="
        " request_id WHERE run_id = 2), count(*), sum(is_classification),"
        " sum(state = 'no_instance'), sum(state = 'pending'),"
        " sum((SELECT count(*) FROM instances WHERE instances.task_id = tasks.id))"
        " FROM tasks JOIN task_versions ON task_id = id WHERE derivation_id = ?"
    )
    (counts,) = rows(shared, counted, *derivation)
    requests, tokens, tasks, classification, without, pending, instances = counts
    assert tasks == kept(shared, 2)
    lines = texts(main(page))
    traffic = f"Requests {requests} (0 in flight, 0 failed) · {tokens:,} tokens"
    assert any(line.startswith(traffic) for line in lines)
    assert (
        f"Instances {instances} · classification tasks {classification} · "
        f"tasks without a valid instance {without} · not finished {pending}"
    ) in lines

    # Chart and table: every reason with its count.
    by_reason = (
        "SELECT coalesce(reason, 'kept'), count(*) FROM candidates WHERE derivation_id = ? "
        "GROUP BY reason"
    )
    stored = dict(rows(shared, by_reason, *derivation))
    words = {"starts_with_punctuation": "starts with punctuation", "not_ascii": "not ASCII"}
    words |= {"write_a_program": '"write a program"', "too_similar": "too similar"}
    words |= {"too_short": "too short"}
    expected = {words.get(reason, reason): str(count) for reason, count in stored.items()}
    chart = page.get_by_test_id("stPlotlyChart").first
    names, bars = chart.locator(".ytick text"), chart.locator(".bartext")
    expect(names).to_have_count(len(expected))
    expect(bars).to_have_count(len(expected))
    drawn = zip(names.all_text_contents(), bars.all_text_contents(), strict=True)
    assert dict(drawn) == expected
    expect(chart).to_contain_text(f"candidates (n = {sum(stored.values())})")
    page.get_by_text("The same numbers as a table").first.click()
    table = page.get_by_test_id("stExpander").filter(has_text="The same numbers as a table").first
    cells = table.locator("[role=gridcell]")
    expect(cells).to_have_count(2 * len(expected))
    in_table = cells.all_text_contents()
    assert dict(zip(in_table[::2], in_table[1::2], strict=True)) == expected

    # The latest rejected ones, each with why, and with the task that it resembles.
    latest = rows(
        shared,
        "SELECT candidates.instruction, detail, nearest.instruction, nearest_score "
        "FROM candidates LEFT JOIN task_versions AS nearest ON task_id = nearest_task_id "
        "WHERE derivation_id = ? AND reason IS NOT NULL "
        "ORDER BY ordinal DESC, position DESC LIMIT 8",
        *derivation,
    )
    rejected = column(page, "Latest rejected")
    wanted: list[str] = []
    for instruction, detail, nearest, score in latest:
        wanted.append(instruction)
        if nearest is not None:
            wanted.append(f"≈ {nearest}")
            expect(rejected).to_contain_text(f"too similar {score:.2f}, nearest:")
        elif detail:
            wanted.append(detail)
    assert any(nearest for _, _, nearest, _ in latest)
    assert texts(rejected) == wanted


def test_a_run_is_chosen_by_the_list_and_by_the_address(page: Page, shared: Studio) -> None:
    page.goto(f"{shared.url}/bootstrap")
    newest = newest_run(shared)
    page.wait_for_url(f"{shared.url}/bootstrap?run={newest}")
    choose(page, "Run", re.compile("^Run 1 "))
    expect(run_heading(page, 1)).to_be_visible()
    expect(kept_line(page)).to_contain_text(f"{kept(shared, 1)} of 20 kept")
    assert page.url == f"{shared.url}/bootstrap?run=1"

    unknown = "There is no run of the number in the address; this is the newest one."
    assert unknown not in texts(main(page))
    for number in ("999", "9" * 5000):
        page.goto(f"{shared.url}/bootstrap?run={number}")
        expect(run_heading(page, newest)).to_be_visible()
        assert unknown in texts(main(page))


def seed_line(number: int, **changes: Any) -> str:
    """A line of a seed file; a change to None leaves the field out."""
    task = {
        "id": f"own_{number}",
        "name": f"own_{number}",
        "instruction": f"Weigh{number} two{number} offers{number} fairly{number}",
        "instances": [{"input": "", "output": "The second one."}],
        "is_classification": False,
    }
    return json.dumps({k: v for k, v in {**task, **changes}.items() if v is not None})


def test_broken_seed_files_are_refused_and_a_good_one_is_used(page: Page, shared: Studio) -> None:
    before = everything(shared)
    page.goto(f"{shared.url}/bootstrap")
    open_new_run(page)
    open_more_settings(page)
    good = [seed_line(n) for n in range(10)]
    broken = {
        "**torn** $x$.jsonl": ([*good[:2], good[2][:40]], "line 3: not a complete JSON object"),
        "lacking.jsonl": ([good[0], seed_line(1, instances=None)], "line 2, field instances"),
        "empty.jsonl": ([], ": holds no seed tasks"),
    }
    for name, (lines, words) in broken.items():
        upload_seeds(page, name, "\n".join(lines))
        start(page)
        message = main(page).get_by_test_id("stText").filter(has_text=name)
        expect(message).to_contain_text(words)
        assert texts(main(page))[0].startswith(name)
        expect(page.get_by_text("The run was not started; nothing was stored")).to_be_in_viewport()
        assert everything(shared) == before

    # An impatient person presses twice and gets one run.
    upload_seeds(page, "good.jsonl", "\n".join(good))
    fill(page, "Tasks to keep", "9")
    run_id = newest_run(shared) + 1
    page.get_by_role("button", name="Start").dblclick()
    page.wait_for_url(f"{shared.url}/bootstrap?run={run_id}")
    wait_for_state(page, run_id, "finished")
    assert everything(shared)["runs"] == before["runs"] + 1
    seeds = rows(
        shared,
        "SELECT data_sets.name, source_id, instruction FROM runs "
        "JOIN data_sets ON data_sets.id = seed_data_set_id "
        "JOIN data_set_items ON data_set_id = data_sets.id "
        "JOIN tasks ON tasks.id = data_set_items.task_id "
        "JOIN task_versions ON task_versions.task_id = tasks.id "
        "WHERE runs.id = ? ORDER BY data_set_items.position",
        run_id,
    )
    assert seeds == [
        ("good.jsonl", f"own_{n}", f"Weigh{n} two{n} offers{n} fairly{n}") for n in range(10)
    ]


def test_fields_that_cannot_work_are_named_and_nothing_is_stored(
    page: Page, shared: Studio
) -> None:
    before = everything(shared)
    page.goto(f"{shared.url}/bootstrap")
    open_new_run(page)
    open_more_settings(page)
    message = main(page).get_by_test_id("stText").first

    decoding = page.get_by_label("Decoding of each stage")
    written = decoding.input_value()
    refusals = {
        '{"instructions": ': "Field Decoding: not valid JSON",
        '{"instructions": {"max_tokens": "many"}}': "decoding.instructions.max_tokens is 'many'",
        '{"stage 9": {}}': "There is no setting decoding.stage 9",
    }
    for text, words in refusals.items():
        decoding.fill(text)
        start(page)
        expect(message).to_contain_text(words)
        assert everything(shared) == before
    decoding.fill(written)
    decoding.press("Tab")

    use_server(page, "localhost:8000", model="")
    start(page)
    expect(message).to_contain_text("Field Model's name: is empty")
    fill(page, "Model's name", "some model")
    start(page)
    expect(message).to_contain_text('"localhost:8000"')
    fill(page, "Address", "http://localhost:8000")
    fill(page, "Variable with the key", "MY_SECRET")
    start(page)
    expect(message).to_contain_text("MY_SECRET")
    expect(page.get_by_text("The run was not started; nothing was stored")).to_be_in_viewport()
    assert everything(shared) == before


def test_a_run_of_the_other_recipe(page: Page, shared: Studio) -> None:
    page.goto(f"{shared.url}/bootstrap")
    open_new_run(page)
    fill(page, "Tasks to keep", "15")
    choose(page, "Recipe", re.compile("^alpaca"))
    open_more_settings(page)
    expect(new_run(page).get_by_label("Tasks in a prompt")).to_have_value("3")
    expect(new_run(page).get_by_label("Keywords that reject")).to_have_value(re.compile("music"))
    run_id = newest_run(shared) + 1
    start(page)

    page.wait_for_url(f"{shared.url}/bootstrap?run={run_id}")
    wait_for_state(page, run_id, "finished")
    expect(main(page)).to_contain_text("alpaca · improved · random seed 42")
    expect(main(page)).not_to_contain_text("classification tasks")
    (settings,) = rows(shared, "SELECT settings FROM runs WHERE id = ?", run_id)[0]
    stored = json.loads(settings)
    assert (stored["recipe"], list(stored["decoding"])) == ("alpaca", ["tasks"])
    stages = "SELECT DISTINCT stage FROM requests WHERE run_id = ?"
    assert value(shared, stages, run_id) == "tasks"
    assert kept(shared, run_id) >= 15


def test_a_run_is_started_with_the_keyboard_alone(page: Page, shared: Studio) -> None:
    page.goto(f"{shared.url}/bootstrap?run=1")
    expect(kept_line(page)).to_be_visible()
    wait_settled(page)
    run_id = newest_run(shared) + 1

    focused_after_tab(page, "New run")
    page.keyboard.press("Enter")
    expect(new_run(page).get_by_label("Tasks to keep")).to_be_visible()
    focused_after_tab(page, "Tasks to keep")
    page.keyboard.press("Control+A")
    page.keyboard.type("11")
    way = focused_after_tab(page, "Start")
    names = ("Random seed", "Mode", "Model", "Start")
    places = [next(n for n, one in enumerate(way) if name in one) for name in names]
    assert places == sorted(places), way
    page.keyboard.press("Enter")

    page.wait_for_url(f"{shared.url}/bootstrap?run={run_id}")
    wait_for_state(page, run_id, "finished")
    (settings,) = rows(shared, "SELECT settings FROM runs WHERE id = ?", run_id)[0]
    assert json.loads(settings)["target"] == 11


def focused_after_tab(page: Page, name: str) -> list[str]:
    """Press Tab until what has the focus bears a name; the names of all that had it."""
    names: list[str] = []
    for _ in range(40):
        page.keyboard.press("Tab")
        names.append(
            page.evaluate(
                """() => {
                    const e = document.activeElement;
                    if (e.tagName === 'MAIN') return '';  // the place that scrolls
                    const label = e.getAttribute('aria-label') || '';
                    return label + ' ' + (e.labels?.[0]?.innerText || e.innerText || '');
                }"""
            )
        )
        if name in names[-1]:
            return names
    raise AssertionError(f"no {name} on the way: {names}")


@pytest.fixture
def pictures() -> Iterator[tuple[str, list[str]]]:
    """The address of a picture on a server that is not ours, and what it is asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: Any) -> None:
            """Nothing on the test's output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def hostile(picture: str, words: str) -> str:
    """A text in which every way of marking text up would do something."""
    return (
        f"{words} ![i]({picture}/m.png) <img src={picture}/h.png onerror=hit()> "
        f"<script>window.hit=1</script> [link]({picture}) **bold** `code` $x^2$ ~~gone~~ "
        f":red[red] :material/home: {'unbroken' * 40} <b>end</b>"
    )


def test_text_of_models_and_files_is_shown_as_it_is(
    page: Page, shared: Studio, pictures: tuple[str, list[str]]
) -> None:
    picture, asked = pictures
    of_seed, of_model, of_error = (
        hostile(picture, words) for words in ("Seed says so", "Model writes that", "Server errs")
    )
    punctuated = hostile(picture, "!bang goes first")
    candidates = numbered([of_model, f"{of_seed} again", punctuated])
    name = hostile(picture, "model")
    foreign = watch_requests(page, shared)
    with PacedModel(lambda number: error(400, of_error) if number else candidates) as model:
        model.release(1000)
        page.goto(f"{shared.url}/bootstrap")
        open_new_run(page)
        use_server(page, model.base_url, name)
        open_more_settings(page)
        fill(page, "Requests at once", "1")
        fill(page, "Too similar above ROUGE-L", "0.95")
        upload_seeds(page, "**own** $x$.jsonl", seed_line(0, instruction=of_seed))
        page.get_by_role("combobox", name="Project").fill(hostile(picture, "project"))
        page.keyboard.press("Enter")
        run_id = newest_run(shared) + 1
        start(page)
        page.wait_for_url(f"{shared.url}/bootstrap?run={run_id}")
        wait_for_state(page, run_id, "failed")

    assert texts(column(page, "Latest kept")) == [of_model]
    assert texts(column(page, "Latest rejected")) == [
        punctuated,
        "!",
        f"{of_seed} again",
        f"≈ {of_seed}",
    ]
    shown = texts(main(page))
    assert f"refused: 400: {of_error}"[:500] in [text[:500] for text in shown]
    assert any(text.startswith(f"{name} · self-instruct · improved") for text in shown)
    chosen = page.get_by_role("combobox", name="Run").input_value()
    assert hostile(picture, "project") in chosen
    assert name in chosen

    # Nor does anything of it make the pages wider than a telephone, or appear at Home.
    page.set_viewport_size({"width": 390, "height": 844})
    assert not scrolls_sideways(page)
    page.goto(shared.url)
    expect(main(page)).to_contain_text(f"1 of 100 kept · failed · {name}")
    assert not scrolls_sideways(page)
    assert page.evaluate("window.hit") is None
    assert foreign == []
    assert asked == []


def test_run_outlives_the_web_process_and_the_page_comes_back(
    page: Page, shared: Studio, model: PacedModel
) -> None:
    page.goto(f"{shared.url}/bootstrap")
    open_new_run(page)
    fill(page, "Tasks to keep", "9")
    use_server(page, model.base_url)
    open_more_settings(page)
    fill(page, "Requests at once", "1")
    run_id = newest_run(shared) + 1
    start(page)
    expect(run_heading(page, run_id)).to_be_visible()
    model.release()
    expect(kept_line(page)).to_contain_text("3 of 9 kept")

    # While there is no web process, the run goes on.
    shared.stop(hard=True)
    try:
        model.release()
        wait_for(lambda: kept(shared, run_id) == 6, "kept without a web process")
    finally:
        shared.start()

    # The page, which nobody touches, finds the new server by itself.
    expect(kept_line(page)).to_contain_text("6 of 9 kept", timeout=40_000)
    expect(state(page)).to_have_text("running")
    model.release()
    expect(state(page)).to_have_text("finished")
    assert (kept(shared, run_id), run_state(shared, run_id)) == (9, "finished")
    lost = "SELECT count(*) FROM attempts JOIN requests ON id = request_id WHERE run_id = ?"
    assert value(shared, f"{lost} AND outcome <> 'answered'", run_id) == 0
