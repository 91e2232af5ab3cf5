// A drawing turned into pixels, and pixels into a file.

import { attempt, startClock, within } from './dom.js';
import { canvas } from './assets.js';
import { filled, snapshot } from './snapshot.js';

// The smallest drawing there is, to tell whether the page lets any `data:` image load.
const PROBE = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/>";
// Past the deadline painting still gets this long: without it there would be no picture at all.
const GRACE_MS = 700;
// The longest side, in device pixels, that all engines paint.
const MAX_SIDE = 16384;

const load = async (url, clock) => {
  const made = Object.assign(new Image(), { decoding: 'sync' });
  const loaded = await within(
    new Promise((done) => {
      made.onerror = () => done();
      const finish = () => done(made);
      // WebKit and Gecko fire `load` before the images inside a drawing are decoded.
      made.onload = () => (navigator.vendor[0] === 'G' ? finish() : made.decode().then(finish, finish));
      made.src = url;
    }),
    clock.left(1) + GRACE_MS,
  );
  // What came too late is nobody's any more: Gecko would go on laying it out, and nothing else in the tab.
  if (!loaded) made.src = '';
  return loaded;
};

const paint = (source, width, height) =>
  attempt(() => {
    const context = canvas(width, height, false);
    context.fillStyle = '#fff';
    context.fillRect(0, 0, width, height);
    context.drawImage(source, 0, 0, width, height);
    return context.canvas;
  });

const complete = (options) => ({
  area: 'viewport', dpr: devicePixelRatio, format: 'png', quality: 0.85, maxBytes: Infinity, maxPixels: 16e6,
  mask: '', hide: '', own: '', inputs: 'masked', deadline: 4000, ...options,
});

const rasterised = async ({ svg, data, width, height, notes }, { dpr, maxPixels, elsewhere }, clock) => {
  dpr = dpr > 0 && isFinite(dpr) ? dpr : 1;
  const scale = Math.min(dpr, Math.sqrt(Math.max(1, maxPixels) / (width * height)), MAX_SIDE / Math.max(width, height));
  if (scale < dpr) notes.scaled = 1;
  // URLs lose line breaks; white space that must be kept as it is would be lost with them.
  const url = filled(svg, data, (text) => text.replace(/[%#\n\t]/g, encodeURIComponent)).join('');
  const size = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
  const drawing = 'data:image/svg+xml;charset=utf-8,' + url;
  let image = await load(drawing, clock);
  const isRefused = !image && !(await load(PROBE, clock));
  if (isRefused && elsewhere) image = await within(elsewhere(drawing, ...size), clock.left(1) + GRACE_MS);
  if (!image) throw isRefused ? 'refused-data-image' : clock.left(1) ? 'unpaintable' : 'late';
  const made = paint(image, ...size);
  if (!made) throw 'no-canvas';
  return { canvas: made, notes };
};

const drawn = async (ask, root, options) => {
  options = complete(options);
  const clock = startClock(options.deadline);
  return rasterised(await snapshot(ask, root, options, clock), options, clock);
};

const written = async (made, type, quality) => {
  const blob = await attempt(() =>
    made.convertToBlob ? made.convertToBlob({ type, quality }) : new Promise((done) => made.toBlob(done, type, quality)),
  )?.catch(() => {});
  // WebKit writes PNG when asked for WebP.
  return blob && blob.type !== type && type === 'image/webp' ? written(made, 'image/jpeg', quality) : blob;
};

// Tried in turn until the file fits: as asked, then lossy, then coarser, then as much smaller as it is too big.
const encoded = async ({ canvas: made, notes }, { format, quality, maxBytes }) => {
  quality = Math.min(1, Math.max(0, quality));
  for (let scale = 1; scale > 0.01; ) {
    const [width, height] = [made.width, made.height].map((side) => Math.max(1, Math.round(side * scale)));
    const source = scale < 1 ? paint(made, width, height) : made;
    if (!source) throw 'no-canvas';
    const blob = await written(source, 'image/' + format, quality);
    if (!blob) throw 'tainted';
    const over = blob.size / maxBytes;
    if (over <= 1) {
      if (scale < 1) notes.scaled = 1;
      return Object.assign(blob, { width, height, notes });
    }
    if (format === 'png') [format, quality] = ['webp', over < 9 ? 0.85 : 0.5];
    else if (quality > 0.5 && over < 3) quality = quality > 0.7 ? 0.7 : 0.5;
    else {
      quality = Math.min(quality, 0.5);
      scale *= Math.min(0.8, Math.sqrt(1 / over));
    }
  }
  throw 'over-ceiling';
};

// Rejections become errors with a `code`, whatever the page has done to us.
const coded = (promise) =>
  promise.catch((why) => {
    const code = typeof why === 'string' ? why : 'unpaintable';
    throw Object.assign(new Error(code, { cause: why }), { code });
  });

// `root`'s page as a file: a Blob with `width`, `height` (device pixels) and `notes` (counts by reason) on it.
export const capture = (ask, root, options) =>
  coded(drawn(ask, root, options).then((made) => encoded(made, complete(options))));
// The same in two steps: the page as an SVG drawing, and the drawing as a file.
export const take = (ask, root, options) => coded(snapshot(ask, root, complete(options)));
export const rasterise = (drawing, options) =>
  coded(rasterised(drawing, complete(options), startClock(complete(options).deadline)).then((made) => encoded(made, complete(options))));
export const text = ({ svg, data }) => filled(svg, data).join('');
// `root`'s page on a canvas: `{ canvas, notes }`.
export const draw = (ask, root, options) => coded(drawn(ask, root, options));
