// Puts the exhibits into the page. Each stands in an element with data-exhibit, over a picture that says the same
// without JavaScript. The data are scripts that call convscopeData: a page opened from the disk may load no other files.

import { ask } from "./thread.js";
import { kernelExhibit } from "./kernel.js";
import { state } from "./page.js";
import { shiftExhibit } from "./shift.js";
import { shuffleExhibit } from "./shuffle.js";
import { sketchExhibit } from "./sketch.js";

const EXHIBITS = {
  shift: { file: "shift", build: shiftExhibit, keeps: ["shift", "down", "image"] },
  shuffle: { file: "shuffle", build: shuffleExhibit, keeps: ["shuffle", "picture"] },
  kernel: { file: "kernel", build: kernelExhibit, keeps: ["kernel", "filter", "row", "column", "photo"] },
  sketch: { file: "shift", build: sketchExhibit, keeps: [] },
};

const folder = document.currentScript.src.replace(/[^/]*$/, "");
const files = new Map(); // name -> { promise, resolve }

// A promise of the data in a file, which is loaded once.
function dataOf(name) {
  if (!files.has(name)) {
    const file = {};
    file.promise = new Promise((resolve, reject) => {
      file.resolve = resolve;
      const script = document.createElement("script");
      script.src = `${folder}${name}.js`;
      script.onerror = () => reject(new Error(`${script.src} cannot be loaded`));
      document.head.append(script);
    });
    files.set(name, file);
  }
  return files.get(name).promise;
}

globalThis.convscopeData = (name, data) => files.get(name).resolve(ask("unpack", { name, data }));

// For the console, and for the test that compares with PyTorch: the logits of pixels from 0 to 255.
globalThis.convscopeLogits = async (name, id, pixels) => {
  await dataOf(name);
  return (await ask("read", { name, id, pixels })).logits;
};

async function mount(place) {
  const { file, build } = EXHIBITS[place.dataset.exhibit];
  const exhibit = build(await dataOf(file));
  place.replaceChildren(exhibit);
  place.dataset.ready = "";
}

// The first exhibit at once, the others when they come near. Where a build has no data for one, its picture or words stay.
const places = [...document.querySelectorAll("[data-exhibit]")].filter((place) =>
  globalThis.convscopeFiles.includes(EXHIBITS[place.dataset.exhibit].file),
);
const watcher = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      watcher.unobserve(target);
      mount(target);
    }
  },
  { rootMargin: "400px" },
);
// An address with a state leads to the exhibit whose state it is, also from this page. The ones above it come first:
// put in later, in place of their smaller pictures, they would push it out of sight.
const meant = places.findIndex((place) => EXHIBITS[place.dataset.exhibit].keeps.some((name) => state.has(name)));
if (meant >= 0) Promise.all(places.slice(0, meant + 1).map(mount)).then(() => places[meant].scrollIntoView({ block: "center" }));
// The others wait for the text: their weights, asked for at once, came before it on a phone and took it 1.5 seconds.
addEventListener("load", () => requestAnimationFrame(() => setTimeout(() => places.slice(meant + 1).forEach((place) => watcher.observe(place)))));
addEventListener("hashchange", () => location.hash.includes("=") && location.reload());
