"""How long the explorer and the claims take to answer a hand, on a processor slowed down four times.

    .venv/bin/python benchmarks/page_interactions.py build/published/site

Each interaction is a real event of Chromium's input: from its time stamp to the first task after the frame that shows
what it changed. Up to 17 ms of that are the wait for the frame. The networks' answers come later, from a worker; they
are the last column, where an interaction asks for them.
"""

from __future__ import annotations

import shutil
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, sync_playwright
from playwright.sync_api import TimeoutError as NotThere

SLOWED = 4
TIMES = 12
LIMIT = 50  # ms

# The end of a frame: a message sent before it is drawn is delivered after it.
_WATCH = """
(() => {
  globalThis.taken = [];
  const started = (event) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => taken.push(performance.now() - event.timeStamp);
    port2.postMessage(0);
  });
  const types = ["keydown", "click", "pointermove", "input", "change"];
  for (const type of types) addEventListener(type, (event) => type === globalThis.watched && started(event), true);
  globalThis.answered = 0;
  const changes = { subtree: true, childList: true, characterData: true };
  new MutationObserver(() => (answered = performance.now())).observe(document, changes);
})()
"""


def measure(page: Page, name: str, event: str, act: Callable[[int], object], answer: str = "") -> None:
    """Do something many times and print how long the page took, and the answer of the networks."""
    page.evaluate("type => { watched = type; taken.length = 0; }", event)
    answers = []
    for time in range(TIMES):
        begun = page.evaluate("answered = performance.now()")
        act(time)
        page.wait_for_timeout(350)
        answers.append(page.evaluate("answered") - begun)
    taken = page.evaluate("taken")
    said = f"{statistics.median(answers):10.0f}" if answer else ""
    mark = " " if max(taken) <= LIMIT else "!"
    print(f"{mark} {name:44} {len(taken):5} {statistics.median(taken):8.0f} {max(taken):6.0f} {said}", flush=True)


def presses(page: Page, *keys: str) -> Callable[[int], None]:
    """Return what presses one key after the other."""
    return lambda time: page.keyboard.press(keys[time % len(keys)])


def clicks(*buttons: Locator) -> Callable[[int], None]:
    """Return what clicks one button after the other, without the checks that Playwright does in the page."""

    def click(time: int) -> None:
        buttons[time % len(buttons)].scroll_into_view_if_needed()
        box = buttons[time % len(buttons)].bounding_box()
        assert box
        buttons[0].page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    return click


def chooses(select: Locator) -> Callable[[int], object]:
    """Return what chooses one option after the other."""
    return lambda time: select.select_option(index=(time + 1) % select.locator("option").count())


def moves(page: Page, over: Locator) -> Callable[[int], None]:
    """Return what moves the pressed pointer over something."""

    def move(time: int) -> None:
        box = over.bounding_box()
        assert box
        page.mouse.move(
            box["x"] + box["width"] * (0.3 + 0.03 * (time % 12)), box["y"] + box["height"] * (0.4 + 0.02 * (time % 9))
        )

    return move


def explorer(page: Page) -> None:
    """Measure every exhibit that this build has."""
    for exhibit in ("shift", "shuffle", "kernel", "sketch"):
        place = page.locator(f"[data-exhibit={exhibit}]")
        place.scroll_into_view_if_needed()
        try:
            place.and_(page.locator("[data-ready]")).wait_for(timeout=10_000)
        except NotThere:  # it was not trained in this build
            print(f"  {exhibit}: not in this build")
            continue
        page.wait_for_timeout(1500)
        canvas = place.locator("canvas").first
        images = place.get_by_role("button", name="image")
        if exhibit != "shuffle":
            canvas.focus()
        if exhibit == "shift":
            measure(page, "shift: arrow keys", "keydown", presses(page, "ArrowRight", "ArrowDown", "ArrowLeft"), "says")
            slider = place.locator("input[type=range]").first
            slider.focus()
            measure(page, "shift: slider", "input", presses(page, "ArrowRight", "ArrowLeft", "ArrowLeft"), "says")
            canvas.hover()
            page.mouse.down()
            measure(page, "shift: drag", "pointermove", moves(page, canvas), "says")
            page.mouse.up()
            measure(page, "shift: next image", "click", clicks(images.last), "says")
        if exhibit == "shuffle":
            measure(page, "shuffle: shuffle and back", "click", clicks(place.locator(".x-main")), "says")
            place.locator(".x-main").click()
            measure(page, "shuffle: next image, shuffled or not", "click", clicks(images.last), "says")
        if exhibit == "kernel":
            measure(page, "kernel: arrow keys", "keydown", presses(page, "ArrowRight", "ArrowDown", "ArrowLeft"))
            measure(page, "kernel: pointer", "pointermove", moves(page, canvas))
            measure(page, "kernel: size", "click", clicks(*place.locator("[data-kernel]").all()[::-1]))
            measure(page, "kernel: choose weights", "change", chooses(place.locator("select").nth(1)))
            measure(page, "kernel: choose layer", "change", chooses(place.locator("select").first))
            weight = place.locator(".x-grid-inputs input:visible").first

            def typed(time: int, weight: Locator = weight) -> None:
                weight.fill(f"{time / 10}")
                weight.press("Enter")

            measure(page, "kernel: type a weight", "change", typed)
            measure(page, "kernel: next image", "click", clicks(images.last))
        if exhibit == "sketch":
            measure(page, "draw: keys", "keydown", presses(page, *["Shift+ArrowDown", "Shift+ArrowRight"]), "says")
            canvas.hover()
            page.mouse.down()
            measure(page, "draw: pointer", "pointermove", moves(page, canvas), "says")
            page.mouse.up()


def claims(page: Page) -> None:
    """Measure the filter."""
    for number, name in enumerate(("verdict", "study")):
        select = page.locator(".c-filter select").nth(number)
        measure(page, f"claims: filter by {name}", "change", chooses(select))
        select.select_option(index=0)


def main(site: Path) -> None:
    """Print a line for each interaction."""
    about = f"CPU slowed down {SLOWED} times, ms"
    print(f"  {about:44} {'times':>5} {'median':>8} {'most':>6} {'answer':>10}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, steps in (("explore.html", explorer), ("claims.html", claims)):
            page = browser.new_page(viewport={"width": 412, "height": 823})
            page.goto((site / name).resolve().as_uri())
            page.evaluate(_WATCH)
            page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
            steps(page)
            page.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
