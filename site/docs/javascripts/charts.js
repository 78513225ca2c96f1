// Values in figures: pointing at one, touching it, or walking there with the arrow keys shows it with its interval; it
// leads to its place in metrics.json. The picture stays as it is, and is all there is without this script.
(() => {
  const source = document.getElementById("chart-values");
  if (!source) return;
  const NEAR = 24; // pixels from the pointer to a value
  const numbers = document.querySelector('meta[name="numbers-page"]').content;
  const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };

  const element = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };

  // One box for all: below the value, or above it where there is no room; it stays while the pointer is on it.
  const tip = element("div", { class: "f-tip", hidden: "" });
  let shown = null;
  let leaving = 0;
  function show(spot) {
    clearTimeout(leaving);
    if (spot === shown) return;
    hide();
    shown = spot;
    shown.classList.add("f-shown");
    tip.replaceChildren(element("span", {}, spot.dataset.words), element("strong", {}, spot.dataset.said), element("a", { href: spot.href, tabindex: "-1" }, "Where it comes from"));
    tip.hidden = false;
    const [place, box] = [spot.getBoundingClientRect(), tip.getBoundingClientRect()];
    const middle = (place.left + place.right) / 2;
    tip.style.left = `${Math.max(8, Math.min(middle - box.width / 2, document.documentElement.clientWidth - box.width - 8))}px`;
    tip.style.top = `${place.bottom + box.height + 4 < innerHeight ? place.bottom : Math.max(4, place.top - box.height)}px`;
  }
  function hide() {
    clearTimeout(leaving);
    shown?.classList.remove("f-shown");
    shown = null;
    tip.hidden = true;
  }
  const leave = () => {
    clearTimeout(leaving);
    leaving = setTimeout(hide, 250);
  };
  tip.addEventListener("pointerenter", () => clearTimeout(leaving));
  tip.addEventListener("pointerleave", leave);
  addEventListener("keydown", (event) => event.key === "Escape" && hide());
  addEventListener("scroll", hide, { passive: true, capture: true });

  function over(image, values) {
    const spots = values.map(({ x, y, words, said, pointer }, i) =>
      element("a", {
        class: "f-spot", href: `${numbers}#${pointer}`, tabindex: i ? "-1" : "0", "data-words": words, "data-said": said,
        "aria-label": `${words}: ${said}`, style: `left: ${100 * x}%; top: ${100 * y}%`,
      }),
    );
    const chart = element("span", { class: "f-chart", role: "group", "aria-label": "Values of this figure; arrow keys lead from one to the next" });
    chart.style.width = image.style.width; // a share of the column; the picture then fills its box
    image.style.width = "";
    image.replaceWith(chart);
    chart.append(image, ...spots);

    const nearest = (event) => {
      const away = (spot) => {
        const box = spot.getBoundingClientRect();
        return Math.hypot(event.clientX - (box.left + box.right) / 2, event.clientY - (box.top + box.bottom) / 2);
      };
      const best = spots.reduce((one, two) => (away(two) < away(one) ? two : one));
      return away(best) <= NEAR ? best : null;
    };
    chart.addEventListener("pointermove", (event) => {
      const spot = event.pointerType === "touch" ? null : nearest(event);
      if (spot) show(spot);
      else if (shown) leave();
    });
    chart.addEventListener("pointerleave", leave);
    // A click near a value is about the value; elsewhere it enlarges the picture. A finger has not seen the value before.
    chart.addEventListener("click", (event) => {
      if (event.detail === 0 || event.ctrlKey || event.metaKey) return;
      const spot = nearest(event);
      if (!spot) return;
      event.preventDefault();
      event.stopPropagation();
      if (event.pointerType === "touch") show(spot);
      else location.href = spot.href;
    }, true);
    chart.addEventListener("focusin", ({ target }) => spots.includes(target) && target.matches(":focus-visible") && show(target));
    chart.addEventListener("focusout", leave);
    chart.addEventListener("keydown", (event) => {
      const at = spots.indexOf(event.target);
      if (at < 0 || !(event.key in STEPS)) return;
      event.preventDefault();
      const to = spots[Math.max(0, Math.min(spots.length - 1, at + STEPS[event.key]))];
      spots.forEach((spot) => (spot.tabIndex = spot === to ? 0 : -1));
      to.focus();
      show(to);
    });
  }

  function start() {
    const charts = JSON.parse(source.textContent);
    for (const image of document.querySelectorAll(".md-typeset figure img")) {
      const name = /figures\/([\w-]+)\.svg/.exec(image.getAttribute("src"))?.[1];
      if (name in charts) over(image, charts[name]);
    }
    document.body.append(tip);
  }
  addEventListener("DOMContentLoaded", () => (globalThis.requestIdleCallback ?? setTimeout)(start)); // figures.js has put them into boxes by then
})();
