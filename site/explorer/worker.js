// The networks' own thread: it unpacks weights and sends images through them, while the page stays free to follow a hand.

import { forward, normalised, softmax } from "./network.js";
import { decoded } from "./weights.js";

const files = new Map(); // name -> promise of the data with their weights

const TASKS = {
  // Everything in a data file but the weights, which stay here.
  async unpack({ name, data }) {
    files.set(name, decoded(data));
    const { block, networks, ...others } = await files.get(name);
    const about = ({ layers, ...network }) => ({ ...network, order: layers.find(({ type }) => type === "PermutePixels")?.order });
    return { ...others, name, networks: networks.map(about) };
  },

  // What a network says of an image, pixels from 0 to 255; with `maps`, what its first convolution makes of it, too.
  async read({ name, id, pixels, maps }) {
    const { images, networks } = await files.get(name);
    const network = networks.find((one) => one.id === id);
    const outputs = forward(network, normalised(pixels, images));
    const logits = Array.from(outputs.at(-1).data);
    const first = maps && outputs[network.layers.findIndex(({ type }) => type === "Conv2d")];
    return { logits, shares: softmax(logits), maps: first };
  },
};

addEventListener("message", async ({ data: { number, task, ...given } }) => {
  try {
    postMessage({ number, answer: await TASKS[task](given) });
  } catch (error) {
    postMessage({ number, error: String(error) });
  }
});
