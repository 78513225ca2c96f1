// Slide the kernel over the image: window, products, sum, bias, ReLU. Change it, and see what it finds.

import { afterAFrame, chooser, clamped, element, mapOf, onArrows, onceAFrame, paint, percent, remember, remembered, signed, state } from "./page.js";
import { convolve } from "./convolution.js";

// Written by hand long before anything was learned.
const FAMOUS = {
  "Sobel, left to right": [-1, 0, 1, -2, 0, 2, -1, 0, 1],
  "Sobel, top to bottom": [-1, -2, -1, 0, 0, 0, 1, 2, 1],
  "Laplace": [0, 1, 0, 1, -4, 1, 0, 1, 0],
  "blur": Array(9).fill(1 / 9),
  "nothing changed": [0, 0, 0, 0, 1, 0, 0, 0, 0],
};

// A kernel of another size with the same middle: a larger one has zeros around it.
function inTheMiddle(weights, size) {
  const before = Math.sqrt(weights.length);
  const edge = (size - before) / 2;
  return Float64Array.from({ length: size * size }, (_, i) => {
    const [row, column] = [Math.floor(i / size) - edge, (i % size) - edge];
    return row >= 0 && row < before && column >= 0 && column < before ? weights[row * before + column] : 0;
  });
}

// Only what changes: a text that is put in again is laid out again.
const write = (node, property, text) => node[property] === text || (node[property] = text);

export function kernelExhibit(data) {
  const { images, variants } = data;
  let image = remembered("photo", 1, images.labels.length) - 1;
  let variant = variants.find(({ kernel }) => kernel === remembered("kernel", 3, 7)) ?? variants[0];
  let [row, column] = [remembered("row", 1, images.height, 12) - 1, remembered("column", 1, images.width, 12) - 1];
  let depth = 0; // of the layer whose receptive field is shown
  let kernel;
  let bias;
  let seen; // the image as the network is fed it

  const input = element("canvas", { class: "x-image x-drag", tabindex: "0", role: "img", "aria-label": "The image under the kernel. Arrow keys move the window." });
  const output = element("canvas", { class: "x-image x-drag", tabindex: "0", role: "img", "aria-label": "The map that the kernel makes. Click a pixel to see what it was made of." });
  const inputFrame = element("div", { class: "x-window", hidden: true });
  const fieldFrame = element("div", { class: "x-window x-field", hidden: true });
  const outputFrame = element("div", { class: "x-window" });
  const sum = element("p", { class: "x-sum", "aria-live": "polite" });
  const facts = element("p", { class: "x-note" });
  const numbers = new Map(variants.map(({ kernel: size }) => [size, numbersOf(size)]));
  const factsOf = new Map(variants.map((one) => [one.kernel, `The network with ${one.kernel}×${one.kernel} kernels: ${one.parameters.toLocaleString("en")} weights, ${(one.macs / 1e6).toFixed(1)} million multiply-accumulates an image, ${percent(one.accuracy)} right (measured${one.seeds > 1 ? `, mean of ${one.seeds} seeds` : ""}).`]));

  const sizes = element(
    "div", { class: "x-buttons", role: "group", "aria-label": "Size of the kernel" },
    ...variants.map((one) => element("button", { type: "button", "data-kernel": one.kernel, onclick: () => resize(one) }, `${one.kernel}×${one.kernel}`)),
  );
  const source = element("select", { onchange: choose });
  const fields = element("select", { onchange: () => ((depth = fields.selectedIndex), draw()) });

  function resize(one) {
    kernel = weightsIn((variant = one));
    press();
    // The new kernel is shown first, then what it makes of the image: together they took 61 ms at a quarter of the speed.
    afterAFrame(() => {
      const before = source.value;
      remember({ kernel: one.kernel });
      fill();
      pick(before);
      choose();
    });
  }
  const pick = (name) => [...source.options].some(({ value }) => value === name) && (source.value = name);
  // What the address says of the weights: a name, or where they were typed they themselves, and the bias if it is known.
  function note() {
    const name = source.value;
    const typed = [...kernel, bias ?? []].flat().map((weight) => Number(weight.toFixed(4))).join(" ");
    remember({ filter: name === "typed" ? typed : name === "learned 1" ? null : name });
  }
  function press() {
    numbers.forEach(({ box }, size) => box.classList.toggle("x-unseen", size !== variant.kernel));
    for (const button of sizes.children) button.setAttribute("aria-pressed", Number(button.dataset.kernel) === variant.kernel);
  }
  function fill() {
    press();
    facts.textContent = factsOf.get(variant.kernel);
    if (source.length !== variant.filters.length + Object.keys(FAMOUS).length + 1) {
      const option = (value, text = value) => element("option", { value }, text);
      const trained = variant.filters.map((_, i) => option(`learned ${i + 1}`, `learned, no. ${i + 1}`));
      source.replaceChildren(element("optgroup", { label: "Trained on this data" }, ...trained), element("optgroup", { label: "Written by hand" }, ...Object.keys(FAMOUS).map((name) => option(name))), option("typed", "typed below"));
    }
    if (fields.length !== variant.fields.length) fields.replaceChildren(...variant.fields.map(() => element("option")));
    variant.fields.forEach(({ name, size }, i) => write(fields[i], "text", `${name}: ${size}×${size} pixels`));
    fields.selectedIndex = 0;
    depth = 0;
  }
  // Which of the learned filters; of none, NaN.
  const learned = () => /^learned (\d+)$/.exec(source.value)?.[1] - 1;
  const weightsIn = (one) => inTheMiddle(one.filters[learned()] ?? FAMOUS[source.value] ?? kernel, one.kernel);
  const fillIn = (one) => weightsIn(one).forEach((weight, i) => write(numbers.get(one.kernel).weights[i], "value", signed(weight, 2)));
  function choose() {
    kernel = weightsIn(variant);
    if (source.value !== "typed") bias = learned() >= 0 ? (variant.bias?.[learned()] ?? null) : 0;
    note();
    fillIn(variant);
    draw();
    // So that another size has only to be shown.
    afterAFrame(() => variants.forEach(fillIn));
  }
  // The kernel as numbers that can be typed over, and its products with the window. Each size has its own, made once,
  // in the same room: making 49 fields, and moving all of the page that comes after them, took most of a change of size.
  function numbersOf(size) {
    const places = Array.from({ length: size * size }, (_, i) => i);
    const products = places.map(() => element("span", {}));
    const weights = places.map((i) =>
      element("input", {
        type: "text", inputmode: "decimal",
        "aria-label": `Weight in row ${Math.floor(i / size) + 1}, column ${(i % size) + 1}`,
        onchange: ({ target }) => {
          const typed = Number.parseFloat(target.value.replace("−", "-").replace(",", "."));
          if (!Number.isNaN(typed)) kernel[i] = typed;
          target.value = signed(kernel[i], 2);
          source.value = "typed";
          note();
          draw();
        },
      }),
    );
    const box = element(
      "div", { class: "x-numbers", style: `--side: ${size}` },
      element("div", { class: "x-grid-inputs" }, ...weights), element("h3", {}, "Window × kernel"),
      element("div", { class: "x-grid-inputs x-products", "aria-hidden": "true" }, ...products),
    );
    return { box, weights, products };
  }

  function look() {
    const data = images.pixels[image];
    seen = { height: images.height, width: images.width, channels: 1, data: Float64Array.from(data, (pixel) => (pixel / 255 - images.mean) / images.scale) };
    paint(input, { ...images, data }, { high: 255 });
  }
  const draw = () => {
    const size = variant.kernel;
    const padding = (size - 1) / 2;
    const map = convolve(seen, { filters: 1, kernel: size, padding, weights: kernel, bias: [bias ?? 0], relu: true });
    paint(output, mapOf(map, 0));

    const multiplied = [];
    for (let y = row - padding; y <= row + padding; y++) {
      for (let x = column - padding; x <= column + padding; x++) {
        const inside = y >= 0 && y < images.height && x >= 0 && x < images.width;
        multiplied.push((inside ? seen.data[y * images.width + x] : 0) * kernel[multiplied.length]);
      }
    }
    const total = multiplied.reduce((a, b) => a + b, 0);
    multiplied.forEach((product, i) => write(numbers.get(size).products[i], "textContent", signed(product, 2)));
    sum.textContent = `Sum of ${size * size} products ${signed(total, 2)}, plus bias ${bias === null ? "0 (not kept here)" : signed(bias, 2)} = ${signed(total + bias, 2)}; after ReLU ${signed(Math.max(0, total + bias), 2)}.`;

    frame(inputFrame, row - padding, column - padding, size);
    frame(outputFrame, row, column, 1);
    const { size: side, jump, start } = variant.fields[depth];
    frame(fieldFrame, row - (row % jump) + start, column - (column % jump) + start, side);
    fieldFrame.hidden = depth === 0;
  };
  const follow = onceAFrame(draw);

  // Puts a frame round pixels; the part outside of the image, the padding, is shown too.
  function frame(box, y, x, size) {
    box.hidden = false;
    for (const [name, at, side] of [["top", y, images.height], ["left", x, images.width]]) box.style[name] = `${(100 * at) / side}%`;
    box.style.width = `${(100 * size) / images.width}%`;
    box.style.height = `${(100 * size) / images.height}%`;
  }
  function move(toRow, toColumn) {
    row = clamped(toRow, 0, images.height - 1);
    column = clamped(toColumn, 0, images.width - 1);
    remember({ row: row + 1, column: column + 1 });
    follow();
  }
  for (const canvas of [input, output]) {
    const point = (event) => {
      const box = canvas.getBoundingClientRect();
      move(Math.floor(((event.clientY - box.top) / box.height) * images.height), Math.floor(((event.clientX - box.left) / box.width) * images.width));
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      point(event);
    });
    canvas.addEventListener("pointermove", (event) => (event.buttons || event.pointerType === "mouse") && point(event));
    onArrows(canvas, (right, down) => move(row + down, column + right));
  }

  const wanted = state.get("filter") ?? "";
  const typed = wanted.split(" ").map(Number);
  fill();
  const beyond = typed.length - variant.kernel ** 2;
  if ((beyond === 0 || beyond === 1) && typed.every(Number.isFinite)) {
    bias = beyond ? typed.pop() : null;
    kernel = typed;
    source.value = "typed";
  } else if (wanted !== "typed") pick(wanted);
  look();
  choose();
  return element(
    "div", { class: "x-exhibit x-kernel" },
    element("div", { class: "x-side" }, element("h3", {}, "Image"), element("div", { class: "x-frame" }, input, fieldFrame, inputFrame),
      chooser(images, image, (to) => {
        image = to;
        remember({ photo: image + 1 });
        look();
        draw();
      })),
    element("div", { class: "x-side" }, element("h3", {}, "Map"), element("div", { class: "x-frame" }, output, outputFrame),
      element("label", {}, "A pixel of this layer sees ", fields)),
    element("div", { class: "x-side" }, element("h3", {}, "Kernel"), sizes, element("label", {}, "Weights ", source), element("div", { class: "x-sizes" }, ...Array.from(numbers.values(), ({ box }) => box)), sum, facts),
  );
}
