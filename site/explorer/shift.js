// Drag the image: who still reads it? Networks that have only seen centred digits, beside what was measured.

import { answer, chooser, clamped, element, onArrows, onceAFrame, paint, percent, remember, remembered, slider } from "./page.js";
import { reader } from "./thread.js";

// Moves pixels; what leaves at one side comes in at the other, as when it was measured.
function moved(pixels, { height, width }, right, down) {
  const out = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      out[((y + down + height) % height) * width + ((x + right + width) % width)] = pixels[y * width + x];
    }
  }
  return out;
}

export function shiftExhibit(data) {
  const { images, networks, measured, margin } = data;
  let image = remembered("image", 1, images.labels.length, images.first + 1) - 1;
  let right = remembered("shift", -margin, margin, 0);
  let down = remembered("down", -margin, margin, 0);

  const canvas = element("canvas", {
    class: "x-image x-drag", tabindex: "0", role: "img", "aria-label": "The digit that the networks see. Arrow keys move it.",
  });
  const answers = networks.map((network) => answer(`${network.title}: ${network.parameters.toLocaleString("en")} weights`));
  const chart = accuracyChart(data);

  const read = reader((i, { shares }, { label }) => answers[i].show(shares, images.classes, label));
  const draw = onceAFrame(() => {
    const pixels = moved(images.pixels[image], images, right, down);
    paint(canvas, { ...images, data: pixels }, { high: 255 });
    read({ label: images.labels[image], questions: networks.map(({ id }) => ({ name: data.name, id, pixels })) });
    const distance = Math.abs(right) + Math.abs(down);
    const along = right === 0 || down === 0;
    networks.forEach((network, i) => {
      const place = measured.distances.indexOf(distance);
      answers[i].note.textContent = !along
        ? "measured along one axis only"
        : place < 0
          ? `not measured at ${distance} pixels`
          : `measured at ${distance} ${distance === 1 ? "pixel" : "pixels"}: ${percent(measured.accuracy[network.id][place])} right`;
    });
    chart.mark(along ? distance : null);
  });

  function move(toRight, toDown) {
    right = clamped(toRight, -margin, margin);
    down = clamped(toDown, -margin, margin);
    sliders[0].set(right);
    sliders[1].set(down);
    remember({ shift: right, down });
    draw();
  }
  const pixelsText = (value) => `${Math.abs(value)} px`;
  const sliders = [
    slider("left – right", { low: -margin, high: margin, value: right, text: pixelsText, change: (value) => move(value, down) }),
    slider("up – down", { low: -margin, high: margin, value: down, text: pixelsText, change: (value) => move(right, value) }),
  ];

  let grip = null;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    grip = { x: event.clientX, y: event.clientY, right, down };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!grip) return;
    const pixel = canvas.getBoundingClientRect().width / images.width;
    move(grip.right + Math.round((event.clientX - grip.x) / pixel), grip.down + Math.round((event.clientY - grip.y) / pixel));
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (grip = null));
  onArrows(canvas, (toRight, toDown) => move(right + toRight, down + toDown));

  draw();
  return element(
    "div", { class: "x-exhibit" },
    element(
      "div", { class: "x-side" }, canvas,
      chooser(images, image, (to) => {
        image = to;
        remember({ image: image + 1 });
        draw();
      }),
      ...sliders.map(({ label }) => label),
      element("button", { type: "button", onclick: () => move(0, 0) }, "Back to the centre"),
    ),
    element("div", { class: "x-answers" }, ...answers.map(({ card }) => card)),
    chart.figure,
  );
}

// Accuracy by distance as measured in the study; a line marks the distance shown.
function accuracyChart({ networks, measured }) {
  const [width, height, left, foot] = [520, 230, 62, 44];
  const names = matchMedia("(max-width: 40em)").matches ? 190 : 130; // letters are larger there, as the drawing is smaller
  const far = measured.distances.at(-1);
  const x = (distance) => left + (distance / far) * (width - left - names);
  const y = (accuracy) => 12 + (1 - accuracy) * (height - foot - 12);
  const svg = (tag, attributes, ...children) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  const text = (content, at, anchor, extra = "") => svg("text", { ...at, "text-anchor": anchor, class: `x-text ${extra}` }, content);
  const axis = [0, 0.5, 1].map((accuracy) =>
    svg("g", {}, svg("line", { x1: left, x2: x(far), y1: y(accuracy), y2: y(accuracy), class: "x-grid" }), text(percent(accuracy, 0), { x: left - 6, y: y(accuracy) + 4 }, "end")),
  );
  const ticks = measured.distances.map((distance) => text(distance, { x: x(distance), y: height - foot + 18 }, "middle"));
  const ends = networks.map(({ id }) => y(measured.accuracy[id].at(-1)));
  const apart = spread(ends, 20);
  const lines = networks.map(({ id, title }, i) => {
    const points = measured.accuracy[id].map((accuracy, at) => `${x(measured.distances[at])},${y(accuracy)}`);
    return svg(
      "g", { class: `x-role-${id}` },
      svg("polyline", { points: points.join(" "), class: "x-line" }),
      ...points.map((point) => svg("circle", { cx: point.split(",")[0], cy: point.split(",")[1], r: 3.5 })),
      text(title, { x: x(far) + 8, y: apart[i] + 4 }, "start", "x-name"),
    );
  });
  const marker = svg("line", { y1: 8, y2: height - foot, class: "x-marker" });
  const drawn = svg(
    "svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Measured accuracy by distance, one line a network" },
    ...axis, ...ticks, marker, ...lines, text("pixels moved", { x: x(far / 2), y: height - 2 }, "middle"),
  );
  const caption = `Measured: mean over ${measured.seeds} ${measured.seeds === 1 ? "seed" : "seeds"}, ${measured.images} test images moved up, down, left and right.`;
  return {
    figure: element("figure", { class: "x-chart" }, drawn, element("figcaption", {}, caption)),
    mark: (distance) => {
      const there = distance !== null && distance <= far;
      marker.style.display = there ? "" : "none";
      if (there) for (const end of ["x1", "x2"]) marker.setAttribute(end, x(distance));
    },
  };
}

// Labels at least so far from each other, as near to their lines as that allows.
function spread(places, gap) {
  const order = places.map((_, i) => i).sort((a, b) => places[a] - places[b]);
  const apart = [...places];
  order.forEach((i, rank) => {
    if (rank) apart[i] = Math.max(apart[i], apart[order[rank - 1]] + gap);
  });
  return apart;
}
