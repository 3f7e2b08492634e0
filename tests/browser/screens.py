"""Where things stand on the pages, and what a person does with them."""

import contextlib
import re

from playwright.sync_api import Locator, Page, TimeoutError, expect

from tests.browser.conftest import Studio, wait_settled

expect.set_options(timeout=20_000)

TRIES = 4


def main(page: Page) -> Locator:
    """The page without the menu."""
    return page.get_by_test_id("stMain")


def kept_line(page: Page) -> Locator:
    """The words at the progress bar: "6 of 12 kept · ..."."""
    return page.get_by_test_id("stProgress")


def state(page: Page) -> Locator:
    """The state of the run on screen."""
    return page.locator(".stMarkdownBadge")


def wait_for_state(page: Page, run_id: int, word: str) -> None:
    """Wait until a run is on screen, all of it, in a state."""
    # Until the page has drawn it, what stood there before does: its heading comes first.
    expect(run_heading(page, run_id)).to_be_visible()
    expect(state(page)).to_have_text(word)
    wait_settled(page)


def run_heading(page: Page, run_id: int) -> Locator:
    """The heading of a run."""
    return page.get_by_role("heading", name=f"Run {run_id}", exact=True)


def column(page: Page, heading: str) -> Locator:
    """A column of the latest candidates."""
    return page.get_by_test_id("stColumn").filter(has=page.get_by_role("heading", name=heading))


def texts(place: Locator) -> list[str]:
    """The plain texts in a place, exactly as they stand there."""
    return [text or "" for text in place.get_by_test_id("stText").all_text_contents()]


def new_run(page: Page) -> Locator:
    """The form for a new run."""
    return page.get_by_test_id("stExpander").filter(has=page.get_by_text("More settings")).first


def open_new_run(page: Page) -> None:
    """Unfold the form, where there are runs already."""
    page.get_by_text("New run", exact=True).click()
    expect(new_run(page).get_by_label("Tasks to keep")).to_be_visible()


def open_more_settings(page: Page) -> None:
    """Unfold the settings that a run seldom changes."""
    page.get_by_text("More settings", exact=True).click()
    expect(page.get_by_label("Fewest words")).to_be_visible()


def fill(page: Page, label: str, text: str) -> None:
    """Write into a field of the form and leave it."""
    field = new_run(page).get_by_label(label)
    field.fill(text)
    field.press("Tab")


def choose(page: Page, label: str, option: str | re.Pattern[str]) -> None:
    """Choose from a list."""
    wait_settled(page)  # what moves on the page closes an open list
    wanted = page.get_by_role("option", name=option)
    for _ in range(TRIES):
        # The page closes an open list when it is drawn anew, which a slow server may do late.
        wait_settled(page)
        page.get_by_role("combobox", name=label, exact=True).click()
        with contextlib.suppress(TimeoutError):
            wanted.click(timeout=3_000)
            return
    wanted.click()


def use_server(page: Page, address: str, model: str = "paced") -> None:
    """Choose a server of one's own in the form."""
    choose(page, "Model", "An OpenAI-compatible server")
    fill(page, "Address", address)
    fill(page, "Model's name", model)


def upload_seeds(page: Page, name: str, content: str) -> None:
    """Upload a seed file in the opened "More settings"."""
    files = [{"name": name, "mimeType": "application/jsonl", "buffer": content.encode()}]
    page.locator("input[type=file]").first.set_input_files(files)  # type: ignore[arg-type]
    expect(page.get_by_test_id("stFileChip")).to_contain_text(name)


def start(page: Page) -> None:
    """Press Start."""
    page.get_by_role("button", name="Start").click()


def watch_requests(page: Page, studio: Studio) -> list[str]:
    """A list that fills with the addresses outside the studio that the page asks for."""
    foreign: list[str] = []
    own = (f"{studio.url}/", f"ws://localhost:{studio.port}/", "data:", f"blob:{studio.url}/")

    def note(url: str) -> None:
        if not url.startswith(own):
            foreign.append(url)

    page.on("request", lambda request: note(request.url))
    page.on("websocket", lambda socket: note(socket.url))
    return foreign


def scrolls_sideways(page: Page) -> bool:
    """Whether the page is wider than its window."""
    return bool(main(page).evaluate("main => main.scrollWidth > main.clientWidth"))
