// One order for all pixels: no pixel is lost, but what was near is near no more, and the windows see noise.

import { answer, chooser, element, mapOf, onceAFrame, paint, percent, remember, remembered } from "./page.js";
import { forward, normalised, softmax } from "./network.js";

const SHOWN = 16; // maps of the first layer

export function shuffleExhibit(data) {
  const { images, networks, accuracy } = data;
  const [natural, permuted] = networks;
  const permute = permuted.layers.find((layer) => layer.type === "PermutePixels");
  let image = remembered("picture", 1, images.labels.length) - 1;
  let shuffled = remembered("shuffle", 0, 1) === 1;

  const canvas = element("canvas", { class: "x-image", role: "img", "aria-label": "The image that the networks see" });
  const rows = [
    row("Trained on natural images", natural),
    row("Trained on images shuffled like this one", permuted),
  ];
  const toggle = element("button", { type: "button", class: "x-main", onclick: flip }, "Shuffle the pixels");

  function row(title, network) {
    const maps = Array.from({ length: SHOWN }, () => element("canvas", { "aria-hidden": "true" }));
    const said = answer(title);
    said.note.textContent = `measured, on ${network === natural ? "natural" : "shuffled"} test images: ${percent(accuracy[network.id])} right`;
    return { network, maps, said, box: element("div", { class: "x-row" }, said.card, element("div", { class: "x-maps" }, ...maps)) };
  }

  const draw = onceAFrame(() => {
    const seen = normalised(images.pixels[image], images);
    const order = permute.order;
    const pixels = shuffled ? Uint8Array.from(order, (from) => images.pixels[image][from]) : images.pixels[image];
    paint(canvas, { ...images, data: pixels }, { high: 255 });
    const [first, second] = rows;
    // The network trained on shuffled images begins with the shuffle itself, so it is given the natural image.
    show(first, forward(natural, shuffled ? normalised(pixels, images) : seen));
    if (shuffled) show(second, forward(permuted, seen).slice(1));
    second.box.hidden = !shuffled;
    toggle.setAttribute("aria-pressed", shuffled);
    toggle.textContent = shuffled ? "Put the pixels back" : "Shuffle the pixels";
  });

  function show({ maps, said }, outputs) {
    said.show(softmax(outputs.at(-1).data), images.classes, images.labels[image]);
    maps.forEach((map, channel) => paint(map, mapOf(outputs[0], channel)));
  }

  function flip() {
    shuffled = !shuffled;
    remember({ shuffle: Number(shuffled) });
    draw();
  }

  draw();
  return element(
    "div", { class: "x-exhibit" },
    element(
      "div", { class: "x-side" }, canvas, toggle,
      chooser(images, image, (to) => {
        image = to;
        remember({ picture: image + 1 });
        draw();
      }),
    ),
    element(
      "div", { class: "x-answers x-stack" }, ...rows.map(({ box }) => box),
      element("p", { class: "x-note" }, `A fully connected network has no neighbours to lose: renumber its inputs, and it learns the same from either order. Its measured accuracy: ${percent(accuracy.mlp)}.`),
    ),
  );
}
