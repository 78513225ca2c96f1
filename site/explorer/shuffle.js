// One order for all pixels: no pixel is lost, but what was near is near no more, and the windows see noise.

import { afterAFrame, answer, chooser, element, mapOf, paint, percent, remember, remembered } from "./page.js";
import { ask, reader } from "./thread.js";

const SHOWN = 16; // maps of the first layer

export function shuffleExhibit(data) {
  const { images, networks, accuracy } = data;
  const [natural, permuted] = networks;
  let image = remembered("picture", 1, images.labels.length, images.first + 1) - 1;
  let shuffled = remembered("shuffle", 0, 1) === 1;

  const canvas = element("canvas", { class: "x-image", role: "img", "aria-label": "The image that the networks see" });
  const rows = [
    row("Trained on natural images", natural),
    row("Trained on images shuffled like this one", permuted),
  ];
  let tally = "";
  const toggle = element("button", { type: "button", class: "x-main", onclick: flip }, "Shuffle the pixels");

  function measured(network) {
    return `measured, on ${network === natural ? "natural" : "shuffled"} test images: ${percent(accuracy[network.id])} right`;
  }
  const inNewOrder = (pixels) => Uint8Array.from(permuted.order, (from) => pixels[from]);

  // What becomes of all shuffled images in a network that has seen none: one may be read rightly by chance.
  async function count() {
    tally = "counting";
    const called = new Map();
    let right = 0;
    for (const [i, pixels] of images.pixels.entries()) {
      const { shares } = await ask("read", { name: data.name, id: natural.id, pixels: inNewOrder(pixels) });
      const best = shares.indexOf(Math.max(...shares));
      called.set(best, (called.get(best) ?? 0) + 1);
      right += best === images.labels[i];
    }
    const [most, times] = [...called].reduce((one, two) => (two[1] > one[1] ? two : one));
    tally = `of the ${images.labels.length} images here, shuffled, it reads ${right}; it calls ${times} of them ${images.classes[most]}`;
    draw();
  }

  function row(title, network) {
    const maps = Array.from({ length: SHOWN }, () => element("canvas", { "aria-hidden": "true" }));
    const said = answer(title);
    said.note.textContent = measured(network);
    return { network, maps, said, box: element("div", { class: "x-row" }, said.card, element("div", { class: "x-maps" }, ...maps)) };
  }

  const read = reader((i, { shares, maps }, { label }) => {
    rows[i].said.show(shares, images.classes, label);
    rows[i].maps.forEach((map, channel) => paint(map, mapOf(maps, channel)));
  });
  const question = ({ id }, pixels) => ({ name: data.name, id, pixels, maps: true });
  const draw = () => {
    const seen = images.pixels[image];
    const pixels = shuffled ? inNewOrder(seen) : seen;
    paint(canvas, { ...images, data: pixels }, { high: 255 });
    rows[0].said.note.textContent = shuffled ? tally : measured(natural);
    // The image is shown first; the row of the other network, and what both answer, in the frames after it.
    afterAFrame(() => {
      rows[1].box.hidden = !shuffled;
      // The network trained on shuffled images begins with the shuffle itself, so it is given the natural image.
      read({ label: images.labels[image], questions: [question(natural, pixels), ...(shuffled ? [question(permuted, seen)] : [])] });
      if (shuffled && !tally) count();
    });
    toggle.setAttribute("aria-pressed", shuffled);
    toggle.textContent = shuffled ? "Put the pixels back" : "Shuffle the pixels";
  };

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
