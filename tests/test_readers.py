"""Readers of the site who begin at Home and click what they see: a grader, and a researcher who doubts a number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from checkout import SmokeBuild

pytestmark = [pytest.mark.slow, pytest.mark.browser]

CLICKS = 3  # from a sentence to the runs and the command behind it


@pytest.fixture
def site(smoke_build: SmokeBuild) -> Path:
    return smoke_build.checkout.build / "site"


@pytest.fixture(params=[1440, 390])
def home(request: pytest.FixtureRequest, site: Path, browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": request.param, "height": 900})
    page.goto((site / "index.html").as_uri())
    yield page
    page.close()


def tasks_of(sheet: Page) -> list[str]:
    """Return the headings of the assignment's tasks, which alone have numbers."""
    headings = sheet.locator("main h2").all_inner_texts()
    return [heading.strip("¶ \n") for heading in headings if re.match(r"\d ", heading)]


def evidence_of(home: Page, task: str) -> str:
    """Go from Home to the first evidence of a task; return what is seen there, in the window."""
    home.get_by_role("link", name="what a grader looks for").click()
    home.wait_for_url(re.compile("/grade/"))
    heading = home.locator("main h2", has_text=task)
    row = heading.locator("xpath=following::table[1]").locator("tbody tr", has=home.locator("a")).first
    row.locator("td:last-child a").first.click()
    home.wait_for_url(re.compile("/report/|/deployment/"))
    target = home.url.partition("#")[2]
    place = home.locator(f'[id="{target}"]') if target else home.locator("main h1")
    expect(place).to_be_visible()
    expect(place).to_be_in_viewport()
    return place.inner_text()


def test_a_grader_finds_the_evidence_of_every_task_in_two_clicks(home: Page) -> None:
    start = home.url
    home.get_by_role("link", name="what a grader looks for").click()
    home.wait_for_url(re.compile("/grade/"))
    tasks = tasks_of(home)
    assert len(tasks) == 6
    for task in tasks:
        home.goto(start)
        assert evidence_of(home, task)


def test_a_researcher_gets_from_a_sentence_to_its_runs_and_command(home: Page) -> None:
    home.locator("article .value:visible").first.click()
    record = home.locator(".evidence-popover")
    expect(record).to_contain_text(re.compile(r"\d+ runs?"))
    expect(record).to_contain_text("make ")
    pointer = record.locator("a[href*='numbers.html#']").first
    said = pointer.inner_text()
    pointer.click()
    expect(home.locator(".n-way")).to_contain_text(said.rpartition("/")[2])


def test_a_researcher_gets_from_a_claim_to_its_runs_and_command(home: Page) -> None:
    clicks = [home.get_by_role("link", name="Check a number"), home.locator(".c-check > summary").first]
    for click in clicks:
        click.click()
    assert len(clicks) <= CLICKS
    check = home.locator(".c-check").first
    expect(check).to_contain_text(re.compile(r"Runs: \d+: [0-9a-f]{8}"))
    expect(check).to_contain_text("Command: make metrics STUDIES=")
