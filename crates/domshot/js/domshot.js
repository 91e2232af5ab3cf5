// The module that people import: fetches and compiles the engine as soon as it is imported itself, so that the first
// picture does not wait, and falls back to the same program as plain JavaScript where the page refuses WebAssembly, or
// where it does not come: Gecko holds files back while the page's own hang, WebKit compiles nothing while timers storm.
import * as core from './domshot_core.js';

const PATIENCE_MS = 2000;
const DEADLINE_MS = 4000;

const load = () =>
  new Promise((done, fail) => {
    let isHere;
    const plain = (refused) => isHere || import('./domshot_plain.js').then(done, () => fail(refused));
    core.default({ module_or_path: fetch(new URL('domshot_bg.wasm', import.meta.url)) }).then(() => done(core, (isHere = true)), plain);
    AbortSignal.timeout(PATIENCE_MS).onabort = plain;
  });
const ready = load();
ready.catch(() => {});

// The engine, within the deadline of a capture.
const engine = (options) =>
  new Promise((done, fail) => {
    ready.then(done, fail);
    AbortSignal.timeout(options?.deadline > 0 ? Math.min(options.deadline, 1e9) : DEADLINE_MS).onabort = () =>
      fail(Object.assign(new Error('late'), { code: 'late' }));
  });

const fetchBlob = async (url) => {
  const response = await fetch(url, { cache: 'force-cache' });
  if (!response.ok) throw new Error(String(response.status));
  return response.blob();
};

/**
 * A picture of `node`'s page as a Blob, with `width`, `height` (device pixels) and `notes` (counts by reason) on it;
 * rejects with an Error whose `code` says why. `options`: area ('viewport', 'page', 'element', or {x, y, width, height}
 * in page pixels), dpr, format ('png', 'webp', 'jpeg'), quality, maxBytes, maxPixels, mask, hide, own (CSS selectors),
 * inputs ('masked' or 'shown'), deadline (ms), fetch (url => Promise<Blob>), elsewhere ((url, width, height) =>
 * Promise<CanvasImageSource>: paints the drawing of this data: URL where the page's own policy lets none load).
 */
export const capture = async (node, options) => (await engine(options)).capture(node, { fetch: fetchBlob, ...options });

/** The same without a file: `{ canvas, notes }`. */
export const draw = async (node, options) => (await engine(options)).draw(node, { fetch: fetchBlob, ...options });
