// Small helpers for the page: elements, pictures on a canvas, and the state in the address.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

export const percent = (fraction, digits = 1) => `${(100 * fraction).toFixed(digits)} %`;
export const signed = (value, digits) => value.toFixed(digits).replace(/^-0(\.0+)?$/, "0$1").replace("-", "−");
export const clamped = (value, low, high) => Math.max(low, Math.min(high, value));

// One canvas pixel a value; the style sheet enlarges it without smoothing. Grey from black to white, or, with zero in
// the middle, blue for negative, white, orange for positive values.
export function paint(canvas, { height, width, data, from = 0, step = 1 }, { around = false, high } = {}) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  let most = high ?? 0;
  if (high === undefined) for (let i = from; i < data.length; i += step) most = Math.max(most, Math.abs(data[i]));
  const picture = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const share = most ? clamped(data[from + i * step] / most, -1, 1) : 0;
    const end = around ? (share < 0 ? BLUE : ORANGE) : WHITE;
    const [ground, away] = around ? [255, Math.abs(share)] : [0, share];
    for (let c = 0; c < 3; c++) picture.data[4 * i + c] = ground + (end[c] - ground) * away;
    picture.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

const BLUE = [0, 114, 178]; // Okabe and Ito's, told apart by every kind of colour vision
const ORANGE = [213, 94, 0];
const WHITE = [255, 255, 255];

// One map of a stack, for paint().
export const mapOf = (stack, channel) => ({ ...stack, from: channel, step: stack.channels });

// The state of the page is in its address, so that a link leads to what it talks about: #shift=4&image=7
export const state = new URLSearchParams(location.hash.slice(1));

// Written when the hand rests: browsers take only some changes of the address a second.
let writing = 0;
export function remember(changes) {
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === 0 || value === "") state.delete(name);
    else state.set(name, value);
  }
  clearTimeout(writing);
  writing = setTimeout(() => history.replaceState(null, "", state.size ? `#${state}` : location.pathname + location.search), 150);
}

export const remembered = (name, low, high, usual = low) => {
  const value = Number.parseInt(state.get(name), 10);
  return Number.isNaN(value) ? usual : clamped(value, low, high);
};

// Calls draw once before the next frame, however many events asked for it: a pointer's, which come faster than frames.
export function onceAFrame(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
}

// Calls draw once the next frame is on the screen.
export const afterAFrame = (draw) => requestAnimationFrame(() => setTimeout(draw));

// Calls move with one step to the right and down when an arrow key is pressed.
export function onArrows(canvas, move) {
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.addEventListener("keydown", (event) => {
    if (!steps[event.key]) return;
    event.preventDefault();
    move(...steps[event.key]);
  });
}

// A native slider with its name and value.
export function slider(name, { low, high, value, change, text = String }) {
  const shown = element("output", {}, text(value));
  const input = element("input", {
    type: "range", min: low, max: high, value,
    oninput: () => {
      shown.textContent = text(input.valueAsNumber);
      change(input.valueAsNumber);
    },
  });
  const set = (to) => {
    input.value = to;
    shown.textContent = text(input.valueAsNumber);
  };
  return { label: element("label", { class: "x-slider" }, element("span", {}, name), input, shown), set };
}

// What a network says of an image: its answer, right or wrong, and how sure it is of each class.
export function answer(title) {
  const says = element("p", { class: "x-says", "aria-live": "polite" });
  const bars = element("div", { class: "x-bars", "aria-hidden": "true" });
  const note = element("p", { class: "x-note" });
  const card = element("div", { class: "x-answer" }, element("h3", {}, title), says, bars, note);
  const bar = (name) => element("span", { class: "x-bar" }, element("b", {}, name));
  function show(shares, classes, label) {
    const best = shares.indexOf(Math.max(...shares));
    const right = label === undefined ? "" : best === label ? " ✓" : " ✗";
    says.textContent = `reads ${classes[best]}${right} · ${percent(shares[best], 0)} sure`;
    card.dataset.right = label === undefined ? "" : best === label;
    if (!bars.childElementCount) bars.append(...classes.map(bar));
    shares.forEach((share, i) => {
      bars.children[i].style.setProperty("--share", share.toFixed(3));
      bars.children[i].classList.toggle("x-label", i === label);
    });
  }
  return { card, show, note };
}

// Buttons to the previous and the next image, and what the current one is.
export function chooser(images, at, change) {
  const shown = element("output", {});
  const say = () => (shown.textContent = `image ${at + 1} of ${images.labels.length}: ${images.classes[images.labels[at]]}`);
  const step = (by) => () => {
    at = (at + by + images.labels.length) % images.labels.length;
    say();
    change(at);
  };
  say();
  return element(
    "div", { class: "x-chooser" },
    element("button", { type: "button", "aria-label": "Previous image", onclick: step(-1) }, "←"), shown,
    element("button", { type: "button", "aria-label": "Next image", onclick: step(1) }, "→"),
  );
}
