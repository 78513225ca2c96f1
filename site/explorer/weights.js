// From the data file that the build wrote to networks with weights (src/convscope/report/explorer.py writes it).
//
// Weights are whole numbers of 8 bits, one scale for each output unit or filter; biases and scales are 32-bit floats.
// All lie in one block, deflated, as base64 text: a page opened from the disk may not read files, only run scripts.

async function unpacked(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

const TYPES = { int8: Int8Array, uint8: Uint8Array, int16: Int16Array, float32: Float32Array };

// Numbers of a tensor as they are stored.
function stored(block, { type, offset, length }) {
  const Numbers = TYPES[type];
  return new Numbers(block.slice(offset, offset + length * Numbers.BYTES_PER_ELEMENT));
}

// weight = whole number * scale of its row; a row holds the weights of one unit or filter.
function scaled(block, { numbers, scales }) {
  const [whole, rows] = [stored(block, numbers), stored(block, scales)];
  const rowLength = whole.length / rows.length;
  return Float64Array.from(whole, (number, at) => number * rows[Math.floor(at / rowLength)]);
}

// From (filter, channel, row, column), PyTorch's order, to (channel, row, column, filter), the order of convolve().
function filtersLast(weights, filters) {
  const window = weights.length / filters;
  return weights.map((_, at) => weights[(at % filters) * window + Math.floor(at / filters)]);
}

function decodedLayer(block, layer) {
  const decoded = { ...layer };
  if (layer.bias) decoded.bias = Float64Array.from(stored(block, layer.bias));
  if (layer.order) decoded.order = stored(block, layer.order);
  if (layer.weights) decoded.weights = scaled(block, layer.weights);
  if (layer.type === "Conv2d") decoded.weights = filtersLast(decoded.weights, layer.filters);
  return decoded;
}

// Data with images as arrays of pixels and networks with weights.
export async function decoded(data) {
  const block = await unpacked(data.block);
  const pixels = stored(block, data.images.pixels);
  const size = data.images.height * data.images.width;
  return {
    ...data,
    images: {
      ...data.images,
      pixels: data.images.labels.map((_, i) => pixels.subarray(i * size, (i + 1) * size)),
    },
    networks: data.networks.map((network) => ({
      ...network,
      layers: network.layers.map((layer) => decodedLayer(block, layer)),
    })),
  };
}
