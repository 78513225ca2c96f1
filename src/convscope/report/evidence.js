// Where each number comes from: a popover for the number under the pointer, and a panel with all of them.
// Reads the JSON that the build put into the page (see evidence.py); asks the network for nothing. Numbers are no
// tab stops: there would be hundreds. The keyboard reads them in the panel, which one switch opens.
(async () => {
  const source = document.getElementById("evidence-data");
  if (!source) return;
  let read;
  const json = source.dataset.packed ? await inflated(JSON.parse(source.textContent)) : source.textContent;
  const records = () => (read ??= JSON.parse(json)); // when somebody asks: it can be 500 kB
  // A page that stands alone holds them deflated, as base64.
  function inflated(base64) {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
  }
  const main = ["main article", "main", "body"].map((place) => document.querySelector(place)).find(Boolean);

  const pointersOf = (number) => number.dataset.source.split(" ").filter((pointer) => pointer in records().values);
  const numberAt = (target) => {
    const number = target instanceof Element && target.closest(".value[data-source]");
    return number && pointersOf(number).length ? number : null;
  };
  const numbers = () => [...main.querySelectorAll(".value[data-source]")].filter((number) => pointersOf(number).length);

  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  const written = (value) => (Array.isArray(value) ? value.map(written).join(" to ") : String(value).replace(/^-/, "−"));

  // A fraction in percent beside the raw value, as the text has it.
  const inWords = (value, unit) => (unit === "fraction" ? `${unit}: ${written(+(100 * value).toFixed(3))} %` : unit);

  // What was measured, of one pointer of a number: [name, text] pairs.
  function measurement(number, pointer) {
    const { value, unit, of } = records().values[pointer];
    const around = { ...records().measured[of], [pointer.split("/").at(-1)]: undefined }; // the number itself is above
    const { n, interval, level, effect, margin } = around;
    const [, name, wanted] = /^length (.+)=(.+)$/.exec(number.dataset.format) ?? []; // a count of those that have a property
    const rows = [
      name
        ? ["Counted", `${number.textContent} of ${Array.isArray(value) ? value.length : Number.parseInt(value, 10)}, ${name} = ${wanted}`]
        : ["Unrounded", written(value) + (unit && typeof value === "number" ? ` (${inWords(value, unit)})` : "")],
    ];
    if (effect !== undefined) rows.push(["Effect", written(effect)]);
    if (n !== undefined) rows.push(["n", `${n} ${n === 1 ? "seed" : "seeds"}`]);
    // A claim's interval is wide enough for all claims of its study at once; any other is about this number alone.
    const about = pointer.startsWith("/claims/") ? "all claims jointly" : "this comparison";
    const scope = effect === undefined && !pointer.endsWith("/effect") ? "" : `, ${about}`;
    if (interval !== undefined) rows.push([`${+(100 * (level ?? 0.95)).toFixed(2)} % interval${scope}`, written(interval)]);
    if (margin !== undefined) rows.push(["Margin", written(margin)]);
    const code = element("code", {}, pointer);
    const page = document.querySelector('meta[name="numbers-page"]'); // the site has a page where each place has an address
    rows.push(["In metrics.json", page ? element("a", { href: `${page.content}#${pointer}` }, code) : code]);
    return rows;
  }

  const placeOf = (pointer) => records().places[records().values[pointer].place];

  // What it shares with others: study, data, runs, command.
  function origin({ about, data, runs, command }) {
    const rows = [];
    if (about) rows.push(["About", about]);
    if (data) rows.push(["Data", data]);
    if (runs) rows.push([`${runs.length} ${runs.length === 1 ? "run" : "runs"}`, element("code", {}, runs.join(" "))]);
    rows.push(["Reproduce", element("code", {}, command)]);
    return rows;
  }

  const list = (rows) =>
    element("dl", {}, ...rows.flatMap(([name, what]) => [element("dt", {}, name), element("dd", {}, what)]));

  // ---- The popover: follows the pointer, stays while the pointer is on it, Escape closes it.

  const popover = element("div", { class: "evidence-popover", role: "tooltip", id: "evidence-popover", hidden: "" });
  let shownFor = null;
  let openedAt = 0;
  let leaving; // the timer that will close it

  function stay() {
    leaving = clearTimeout(leaving);
  }

  function openPopover(number, x, y) {
    stay();
    if (number === shownFor) return;
    closePopover();
    shownFor = number;
    openedAt = number.getBoundingClientRect().top;
    number.classList.add("evidence-shown");
    const pointers = pointersOf(number);
    popover.replaceChildren(
      element("strong", {}, number.dataset.format.startsWith("verdict") ? "Worded by the verdict" : number.textContent),
      ...pointers.map((pointer) => list(measurement(number, pointer))),
      list(origin(placeOf(pointers[0]))),
    );
    popover.hidden = false;
    // A wording may run over several lines: below the line that the pointer is on, above it where there is no room.
    const lines = [...number.getClientRects()];
    const line = lines.find((rect) => rect.left <= x && x <= rect.right && rect.top <= y && y <= rect.bottom) ?? lines[0];
    const [above, below] = [line.top - 8, innerHeight - line.bottom - 8];
    popover.style.maxHeight = `min(60vh, ${Math.max(above, below)}px)`; // where neither side has room, it scrolls
    const { width, height } = popover.getBoundingClientRect();
    const room = document.documentElement.clientWidth - width - 8;
    popover.style.left = `${Math.max(8, Math.min(line.left, room))}px`;
    popover.style.top = `${height <= below ? line.bottom + 4 : line.top - 4 - height}px`;
  }

  function closePopover() {
    stay();
    shownFor?.classList.remove("evidence-shown");
    shownFor = null;
    popover.hidden = true;
  }

  // A move, not "pointerover": what comes to lie under a pointer that stands still was not pointed at (a record that
  // was closed above it, a page that scrolled).
  document.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch") return;
    const number = numberAt(event.target);
    if (number) openPopover(number, event.clientX, event.clientY);
    else if (!shownFor || popover.contains(event.target)) stay();
    else leaving ||= setTimeout(closePopover, 200); // time to reach the popover itself
  });
  document.addEventListener("click", (event) => {
    const number = numberAt(event.target);
    if (number && !panel.hidden) {
      closePopover(); // the panel says the same
      select(number);
    } else if (number) openPopover(number, event.clientX, event.clientY);
    else if (!popover.contains(event.target)) closePopover();
  });
  // Where the number moves away under it; the event of a scroll that ended before it opened does not count.
  const closeIfMoved = () => shownFor && shownFor.getBoundingClientRect().top !== openedAt && closePopover();
  addEventListener("scroll", closeIfMoved, { passive: true, capture: true });

  // ---- The panel: every number with its evidence, section by section in the order of the page.

  const toggle = element("button", { type: "button", class: "evidence-switch", "aria-pressed": "false" }, "Show evidence");
  const close = element("button", { type: "button", class: "evidence-close" }, "Close");
  const howMany = element("span");
  const sections = element("div", { class: "evidence-sections" });
  const panel = element(
    // No <aside>: Quarto takes every one for a note in the margin, and folds its table of contents away.
    "div", { class: "evidence-panel", role: "complementary", "aria-label": "Evidence of the numbers", hidden: "" },
    element("p", { class: "evidence-title" }, howMany, close), sections,
  );
  const rowOf = new Map(); // number -> its entry in the panel
  const sectionOf = new Map(); // number -> its <details>

  const headingText = (heading) => {
    const copy = heading.cloneNode(true);
    copy.querySelectorAll(".headerlink, .anchorjs-link").forEach((link) => link.remove());
    return copy.textContent.trim();
  };

  function fillPanel() {
    howMany.textContent = `${numbers().length} numbers, each with its source`;
    let current = { title: document.title, numbers: [] };
    const found = [current];
    for (const node of main.querySelectorAll("h1, h2, h3, .value[data-source]")) {
      if (/^H/.test(node.tagName)) found.push((current = { title: headingText(node), numbers: [] }));
      if (numberAt(node) === node) current.numbers.push(node);
    }
    for (const { title, numbers: own } of found.filter((section) => section.numbers.length)) {
      const details = element("details", {}, element("summary", {}, `${title} (${own.length})`));
      details.addEventListener("toggle", () => details.open && fillSection(details, own));
      own.forEach((number) => sectionOf.set(number, details));
      sections.append(details);
    }
  }

  // Numbers of one place stand under it once; built when the section is opened.
  function fillSection(details, own) {
    if (details.childElementCount > 1) return;
    let place = null;
    for (const number of own) {
      const pointers = pointersOf(number);
      if (placeOf(pointers[0]) !== place) {
        place = placeOf(pointers[0]);
        details.append(element("div", { class: "evidence-place" }, list(origin(place))));
      }
      const entry = element(
        "div", { class: "evidence-entry" },
        element("strong", {}, element("button", { type: "button", title: "Show it in the text" }, number.textContent)),
        ...pointers.map((pointer) => list(measurement(number, pointer))),
      );
      entry.addEventListener("click", () => getSelection().isCollapsed && showInText(number)); // its button's clicks too
      rowOf.set(number, entry);
      details.append(entry);
    }
  }

  function unmark() {
    document.querySelectorAll(".evidence-selected").forEach((one) => one.classList.remove("evidence-selected"));
  }

  function mark(number) {
    unmark();
    number.classList.add("evidence-selected");
    rowOf.get(number)?.classList.add("evidence-selected");
  }

  function select(number) {
    const details = sectionOf.get(number);
    details.open = true;
    fillSection(details, [...sectionOf.keys()].filter((other) => sectionOf.get(other) === details));
    mark(number);
    rowOf.get(number).scrollIntoView({ block: "nearest", behavior: "instant" });
  }

  function showInText(number) {
    mark(number);
    for (let fold = number.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    number.scrollIntoView({ block: "center", behavior: "instant" });
  }

  function setEvidence(on) {
    if (on && !sections.childElementCount) fillPanel();
    toggle.setAttribute("aria-pressed", String(on));
    document.documentElement.classList.toggle("evidence-on", on);
    panel.hidden = !on;
    closePopover();
    const first = numbers().find((number) => number.getBoundingClientRect().bottom > 0);
    if (on && first) select(first);
    if (!on) unmark();
  }

  toggle.addEventListener("click", () => setEvidence(panel.hidden));
  close.addEventListener("click", () => {
    setEvidence(false);
    toggle.focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (shownFor) closePopover();
    else if (!panel.hidden) {
      if (panel.contains(document.activeElement)) toggle.focus();
      setEvidence(false);
    }
  });

  // The switch comes after the heading, where a skip link leads, and before the numbers; the panel follows at once.
  const heading = main.querySelector("h1");
  if (heading) heading.after(toggle, panel);
  else main.prepend(toggle, panel);
  document.documentElement.classList.add("evidence-ready"); // numbers can be asked: the style sheet marks them
  document.body.append(popover);
})();
