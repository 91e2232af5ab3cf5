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

// The engine and the options for what is left of the deadline. A browser whose connections all wait for the page's own
// files may never bring ours.
const begin = async (options) => {
  const { deadline = 4000 } = options ?? {};
  const start = performance.now();
  const late = () => Object.assign(new Error('late'), { code: 'late' });
  let timer;
  const patience = new Promise((_, fail) => (timer = setTimeout(() => fail(late()), deadline)));
  const engine = await Promise.race([ready, patience]).finally(() => clearTimeout(timer));
  return [engine, { fetch: fetchBlob, ...options, deadline: Math.max(1, deadline - (performance.now() - start)) }];
};

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
export const capture = async (node, options) => {
  const [engine, all] = await begin(options);
  return engine.capture(node, all);
};

/** The same without a file: `{ canvas, notes }`. */
export const draw = async (node, options) => {
  const [engine, all] = await begin(options);
  return engine.draw(node, all);
};
