// Draw a digit of your own. The networks never saw one drawn like this: what they say of it is no measurement.

import { answer, element, onceAFrame, paint } from "./page.js";
import { reader } from "./thread.js";

const RADIUS = 1.9; // of the pen, in pixels; about the strokes of the data

export function sketchExhibit({ name, images, networks }) {
  const { height, width } = images;
  const pixels = new Uint8Array(height * width);
  let pen = { x: width / 2, y: height / 2 };

  const canvas = element("canvas", { class: "x-image x-drag", tabindex: "0", role: "img", "aria-label": "Drawing. Arrow keys move the pen, with Shift they draw." });
  const answers = networks.map(({ title }) => answer(title));

  // Ink near the pen, fading over one pixel at the rim.
  function ink() {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const away = Math.hypot(x + 0.5 - pen.x, y + 0.5 - pen.y) - RADIUS;
        const dark = Math.round(255 * Math.max(0, Math.min(1, 0.5 - away)));
        pixels[y * width + x] = Math.max(pixels[y * width + x], dark);
      }
    }
  }
  function lineTo(x, y) {
    const from = pen;
    const steps = Math.max(1, Math.ceil(Math.hypot(x - from.x, y - from.y)));
    for (let step = 1; step <= steps; step++) {
      pen = { x: from.x + ((x - from.x) * step) / steps, y: from.y + ((y - from.y) * step) / steps };
      ink();
    }
    draw();
  }
  const read = reader((i, { shares }) => answers[i].show(shares, images.classes));
  const draw = onceAFrame(() => {
    paint(canvas, { ...images, data: pixels }, { high: 255 });
    const empty = pixels.every((pixel) => pixel === 0);
    answers.forEach(({ card }) => (card.hidden = empty));
    if (!empty) read({ questions: networks.map(({ id }) => ({ name, id, pixels: pixels.slice() })) });
  });

  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    [pen.x, pen.y] = at(event);
    ink();
    draw();
  });
  canvas.addEventListener("pointermove", (event) => event.buttons && lineTo(...at(event)));
  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const [x, y] = [pen.x + step[0], pen.y + step[1]];
    if (event.shiftKey) lineTo(x, y);
    else pen = { x, y };
  });

  draw();
  return element(
    "div", { class: "x-exhibit" },
    element("div", { class: "x-side" }, canvas, element("button", { type: "button", onclick: () => (pixels.fill(0), draw()) }, "Clear")),
    element("div", { class: "x-answers" }, ...answers.map(({ card }) => card)),
  );
}
