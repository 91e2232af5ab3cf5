// The module that people import: fetches and compiles the engine as soon as it is imported itself, so that the first
// picture does not wait, and falls back to the same program as plain JavaScript where the page refuses WebAssembly.
import * as core from './domshot_core.js';

const load = async () => {
  try {
    await core.default({ module_or_path: fetch(new URL('domshot_bg.wasm', import.meta.url)) });
    return core;
  } catch (refused) {
    return import('./domshot_plain.js').catch(() => {
      throw refused;
    });
  }
};
const ready = load();
ready.catch(() => {});

const fetchBlob = async (url) => {
  const response = await fetch(url, { cache: 'force-cache' });
  if (!response.ok) throw new Error(String(response.status));
  return response.blob();
};

/**
 * A picture of `node`'s page as a Blob, with `width`, `height` (device pixels) and `notes` (counts by reason) on it;
 * rejects with an Error whose `code` says why. `options`: area ('viewport', 'page', 'element', or {x, y, width, height}
 * in page pixels), dpr, format ('png', 'webp', 'jpeg'), quality, maxBytes, maxPixels, mask, hide, own (CSS selectors),
 * inputs ('masked' or 'shown'), deadline (ms), fetch (url => Promise<Blob>).
 */
export const capture = async (node, options) => (await ready).capture(node, { fetch: fetchBlob, ...options });

/** The same without a file: `{ canvas, notes }`. */
export const draw = async (node, options) => (await ready).draw(node, { fetch: fetchBlob, ...options });
