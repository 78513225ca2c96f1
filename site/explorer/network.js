// The forward pass of a trained network, one image at a time, written for reading. An image is what convolution.js says.

import { convolve, rectified } from "./convolution.js";

// The largest value, or the mean, of each square.
function pool(image, { size, mean }) {
  const { channels } = image;
  const [height, width] = [Math.floor(image.height / size), Math.floor(image.width / size)];
  const data = new Float64Array(height * width * channels).fill(mean ? 0 : -Infinity);
  for (let y = 0; y < height * size; y++) {
    for (let x = 0; x < width * size; x++) {
      const from = (y * image.width + x) * channels;
      const to = (Math.floor(y / size) * width + Math.floor(x / size)) * channels;
      for (let c = 0; c < channels; c++) {
        const value = image.data[from + c];
        if (mean) data[to + c] += value / (size * size);
        else if (value > data[to + c]) data[to + c] = value;
      }
    }
  }
  return { height, width, channels, data };
}

// One mean a map: where in the map something was found is forgotten.
function averageMaps({ height, width, channels, data }) {
  const means = new Float64Array(channels);
  for (let at = 0; at < data.length; at++) means[at % channels] += data[at] / (height * width);
  return vector(means);
}

// All values as one vector, map after map: the order in which the dense layer learned its weights.
function flatten({ height, width, channels, data }) {
  const places = height * width;
  const flat = new Float64Array(data.length);
  for (let at = 0; at < data.length; at++) flat[(at % channels) * places + Math.floor(at / channels)] = data[at];
  return vector(flat);
}

// Every input meets every unit with a weight of its own.
function connect({ data }, layer) {
  const out = Float64Array.from(layer.bias);
  for (let unit = 0; unit < out.length; unit++) {
    const from = unit * data.length;
    let sum = 0;
    for (let i = 0; i < data.length; i++) sum += layer.weights[from + i] * data[i];
    out[unit] += sum;
  }
  return vector(rectified(out, layer));
}

// Place i takes the pixel of place order[i], in every image alike.
function permutePixels(image, { order }) {
  const { channels, data } = image;
  const shuffled = new Float64Array(data.length);
  order.forEach((from, to) => {
    for (let c = 0; c < channels; c++) shuffled[to * channels + c] = data[from * channels + c];
  });
  return { ...image, data: shuffled };
}

const vector = (data) => ({ height: 1, width: 1, channels: data.length, data });

const LAYERS = { Conv2d: convolve, Pool2d: pool, GlobalAveragePool: averageMaps, Flatten: flatten, Dense: connect, PermutePixels: permutePixels };

// The output of every layer, the logits last.
export function forward(network, image) {
  const outputs = [];
  for (const layer of network.layers) outputs.push(LAYERS[layer.type](outputs.at(-1) ?? image, layer));
  return outputs;
}

export function softmax(logits) {
  const powers = Array.from(logits, (logit) => Math.exp(logit - Math.max(...logits)));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

// What a network is fed: (p / 255 - mean) / scale for a pixel p of 0 to 255, as in training.
export function normalised(pixels, { height, width, mean, scale }) {
  return { height, width, channels: 1, data: Float64Array.from(pixels, (pixel) => (pixel / 255 - mean) / scale) };
}
