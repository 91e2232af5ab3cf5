// Images and fonts as data: drawn from the page where it lets us, fetched where not. Each leaves a hole in the text of
// the drawing, a number between two control characters, which is filled when all is there or time is up.

import { attempt, rect, within } from './dom.js';

const MAX_FILE_BYTES = 8e6;
// Files from this size on are decoded off the main thread, once, instead of inside the drawing.
const WORTH_DECODING_BYTES = 12e3;
// Pixels of one image beyond which it is not copied as a bitmap.
const MAX_BITMAP_PIXELS = 4e6;
// Share of the deadline by which images and fonts must be there; the rest is for painting.
const SHARE = 0.6;
// What stands for an image that cannot be shown: a quiet grey area that takes any size.
const PLACEHOLDER =
  'data:image/svg+xml;base64,' +
  btoa("<svg xmlns='http://www.w3.org/2000/svg' preserveAspectRatio='none' viewBox='0 0 1 1'><path fill='#80808026' d='M0 0h1v1H0z'/></svg>");

export const canvas = (width, height, alpha) => {
  const made = globalThis.OffscreenCanvas
    ? new OffscreenCanvas(width, height)
    : Object.assign(document.createElement('canvas'), { width, height });
  // All that is drawn is read back once, which a software canvas does without asking the GPU.
  return made.getContext('2d', { alpha, willReadFrequently: true });
};

export const dataUrl = (blob) =>
  new Promise((done, fail) => {
    const reader = Object.assign(new FileReader(), { onload: () => done(reader.result), onerror: fail });
    reader.readAsDataURL(blob);
  });

// Fields of a top-down BMP: of 24 bits a pixel, or of 32 with alpha, whose pixels stand in the order R, G, B, A.
const HEAD_BYTES = 122;
const header = (width, height, bytes, isOpaque) => [
  [2, HEAD_BYTES + bytes], [10, HEAD_BYTES], [14, 108], [18, width], [22, -height], [34, bytes], [70, 0x73524742],
  ...(isOpaque ? [[26, 1 | (24 << 16)]] : [[26, 1 | (32 << 16)], [30, 3], [54, 0xff], [58, 0xff00], [62, 0xff0000], [66, 0xff000000]]),
];

// Rows of B, G, R, each of a multiple of four bytes; nothing where a pixel of `data` is not opaque.
const opaque = (data, width, height) => {
  const gap = width & 3;
  const rows = new Uint8Array((width * 3 + gap) * height);
  for (let from = 0, to = 0, x = 0; from < data.length; from += 4) {
    if (data[from + 3] < 255) return;
    rows[to++] = data[from + 2];
    rows[to++] = data[from + 1];
    rows[to++] = data[from];
    if (++x === width) {
      x = 0;
      to += gap;
    }
  }
  return rows;
};

// `source` (image, canvas, video, bitmap) at this size as data that costs nothing to decode; nothing where the browser
// forbids to read it.
export const bitmap = (source, width, height) =>
  attempt(() => {
    [width, height] = [width, height].map((side) => Math.max(1, Math.round(side)));
    if (width * height > MAX_BITMAP_PIXELS) return;
    const context = canvas(width, height, true);
    // As pages are drawn: a canvas is not filtered like a photograph.
    context.imageSmoothingQuality = source.getContext ? 'low' : 'medium';
    context.drawImage(source, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    // The browser copies and decodes each byte of the drawing several times: a quarter less is a third faster.
    const rows = opaque(data, width, height);
    const pixels = rows ?? data;
    const bytes = new Uint8Array(HEAD_BYTES + pixels.length);
    bytes.set([66, 77]);
    bytes.set(pixels, HEAD_BYTES);
    const view = new DataView(bytes.buffer);
    for (const [at, value] of header(width, height, pixels.length, rows)) view.setInt32(at, value, true);
    return bytes.toBase64
      ? 'data:image/bmp;base64,' + bytes.toBase64()
      : dataUrl(new Blob([bytes], { type: 'image/bmp' }));
  });

// A failure is told by what is missing in the end, and to nobody before.
const quiet = (promise) => Promise.resolve(promise).catch(() => {});

// A hole that takes what `promise` brings; `note` says what is missing if it brings nothing. Where `isShown`, a grey
// area stands in.
export const put = (shot, note, promise, isShown) =>
  `\x02${shot.holes.push({ note, promise: quiet(promise), isShown }) - 1}\x03`;

// The first of `urls` that can be had; `fit` is the largest box that it covers, in device pixels, where its own size
// does not matter.
export const fetched = async (shot, urls, fit) => {
  for (const url of urls) {
    if (url.startsWith('data:')) return url;
    const blob = await Promise.resolve(url).then(shot.options.fetch).catch(() => {});
    if (!blob?.size || blob.size > MAX_FILE_BYTES) continue;
    if (blob.size > WORTH_DECODING_BYTES && /^image\/(?!svg)/.test(blob.type)) {
      const image = await createImageBitmap(blob).catch(() => {});
      if (image) {
        const scale = fit ? Math.min(1, Math.max(fit[0] / image.width, fit[1] / image.height)) : 1;
        const [width, height] = [image.width * scale, image.height * scale];
        // A large one is better decoded twice than carried without compression.
        const data = width * height < 2e5 && bitmap(image, width, height);
        if (data) return data;
      }
    }
    return dataUrl(blob);
  }
};

// The box that a background of `element` covers whatever its own size.
const covered = (shot, element) => {
  const box = /^(cover|contain)$/.test(shot.style(element).backgroundSize) && rect(element);
  return box ? [box.width, box.height] : null;
};

// A hole for an image that a rule of `sheet` names, or else a style (that of `node`, where its size is known).
export const hole = (shot, url, sheet, node) => {
  const fit = node && covered(shot, node);
  const key = [url, sheet ? sheet.scope : fit].join();
  let image = shot.images.get(key);
  if (!image) {
    image = { at: put(shot), url, fit, selectors: [] };
    shot.images.set(key, image);
    if (sheet) sheet.images.push(image);
    else want(shot, image);
  }
  return image;
};

// Asks for an image that is seen.
export const want = (shot, image) => {
  const [, at] = /(\d+)/.exec(image.at);
  const fit = image.fit?.map((side) => side * shot.options.dpr);
  Object.assign(shot.holes[at], { note: 'image', promise: quiet(fetched(shot, [image.url], fit)) });
};

// One more element that is seen with a rule's image.
export const fitTo = (shot, image, element) => {
  const box = covered(shot, element);
  image.fit = image.isSeen ? image.fit && box && box.map((side, at) => Math.max(side, image.fit[at])) : box;
  image.isSeen = true;
};

// What fills each hole; waits for all that is under way, but not beyond its share of the deadline.
export const settle = async (shot) => {
  const data = [];
  const pending = shot.holes.map(async ({ promise }, at) => (data[at] = await promise));
  await within(Promise.allSettled(pending), shot.clock.left(SHARE));
  return shot.holes.map(({ note, isShown }, at) => {
    if (data[at]) return data[at];
    if (note) shot.note(note);
    return isShown ? PLACEHOLDER : '';
  });
};
