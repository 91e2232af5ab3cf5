// The browser's side of the engine: short calls that read or do one thing, take an answer in one crossing, and never
// throw, whatever the page has patched. What to read, and what to make of it, is decided in Rust.

const attempt = (action, otherwise) => {
  try {
    return action();
  } catch {
    return otherwise;
  }
};
const follow = (of, path) => attempt(() => path.split('.').reduce((value, key) => value?.[key], of));

// --- properties, by name or path
export const any = (of, path) => follow(of, path) ?? undefined;
export const number = (of, path) => +follow(of, path) || 0;
export const text = (of, path) => {
  const value = follow(of, path);
  return typeof value === 'string' ? value : '';
};
export const flag = (of, path) => !!follow(of, path);
export const call = (of, name, ...values) => attempt(() => of[name](...values)) ?? undefined;
export const same = (a, b) => a === b;

// --- the tree
// A form's fields hide properties of the same name, so what every node has is read past them.
const getter = (of, name) => Object.getOwnPropertyDescriptor(of, name).get;
const nodeType = getter(Node.prototype, 'nodeType');
const shadowRoot = getter(Element.prototype, 'shadowRoot');
const { getBoundingClientRect, checkVisibility } = Element.prototype;
const walker = document.createTreeWalker(document);
const from = (node, step) =>
  attempt(() => {
    walker.currentNode = node;
    return walker[step]();
  }) ?? undefined;
export const next = (node) => from(node, 'nextSibling');
export const first = (node) => from(node, 'firstChild');
export const assigned = (slot) => attempt(() => slot.assignedNodes(), []);
export const query = (root, selector) => attempt(() => [...root.querySelectorAll(selector)], []);

// Text of a text node, or start tag of an element; `out`: node type, has it a box, has it a shadow root.
export const look = (node, inert, out) =>
  attempt(() => {
    out[0] = nodeType.call(node);
    if (out[0] !== 1) return node.data;
    out[1] = checkVisibility.call(node);
    out[2] = !!attempt(() => shadowRoot.call(node));
    return inert.importNode(node, false).outerHTML;
  }) ?? '';

// `out`: border box relative to the viewport and, where there is room for more, the sizes of content, scrollport and scroll offset, and what of width and
// height is neither border nor scrollport, which is to say scrollbars.
export const measure = (node, out) =>
  attempt(() => {
    const box = getBoundingClientRect.call(node);
    out.set([box.x, box.y, box.width, box.height]);
    if (out.length === 4) return out.every(Number.isFinite);
    out.set([node.scrollWidth, node.scrollHeight, node.clientWidth, node.clientHeight, node.scrollLeft, node.scrollTop], 4);
    out[10] = node.offsetWidth - node.clientWidth - 2 * node.clientLeft || 0;
    out[11] = node.offsetHeight - node.clientHeight - 2 * node.clientTop || 0;
    return out.every(Number.isFinite);
  }, false);

// The elements of `selector` of which something lies in the given part of the viewport.
export const seen = (root, selector, left, top, right, bottom) =>
  query(root, selector).filter((element) =>
    attempt(() => {
      const box = getBoundingClientRect.call(element);
      return box.x < right && box.y < bottom && box.right > left && box.bottom > top;
    }),
  );

// --- style
export const styles = (view, element, pseudo) => attempt(() => view.getComputedStyle(element, pseudo));
// Computed values of the comma-separated `names`, as declarations that nothing overrides.
export const pinned = (style, names) =>
  names.split(',').reduce((css, name) => {
    const value = style.getPropertyValue(name);
    return value ? `${css}${name}:${value}!important;` : css;
  }, '');
// Text of the rules from number `from` on, up to the next import or 400 rules further; `out`: number of the rule after.
export const rules = (list, from, out) => {
  let css = '';
  let at = from;
  for (; at < list.length && at < from + 400; at++) {
    const rule = attempt(() => list[at].cssText, '');
    if (rule.startsWith('@import')) break;
    css += rule + '\n';
  }
  out[0] = at;
  return css;
};
// What is moving: triples of element, pseudo-element and the names of the properties that move.
export const animations = (root) =>
  attempt(() => root.getAnimations(), []).flatMap(({ effect }) =>
    attempt(() => {
      const names = new Set(effect.getKeyframes().flatMap(Object.keys));
      for (const name of ['offset', 'computedOffset', 'easing', 'composite']) names.delete(name);
      return effect.target ? [effect.target, effect.pseudoElement ?? '', [...names].join()] : [];
    }, []),
  );

// --- time
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
export const turn = () => globalThis.scheduler?.yield?.() ?? sleep(0);
// What `promise` brings, or nothing if it fails or takes longer than `ms`.
export const within = (promise, ms) =>
  Promise.race([Promise.resolve(promise).catch(() => undefined), sleep(ms)]);
// Fills `results` as the promises bring something; done when all are settled or `ms` are over.
export const settled = (promises, ms) => {
  const results = [];
  promises.forEach((promise, at) => promise.then((value) => (results[at] = value), () => {}));
  return within(Promise.allSettled(promises), ms).then(() => results);
};

// --- pixels
export const canvas = (width, height, alpha) =>
  attempt(() => {
    const made = globalThis.OffscreenCanvas
      ? new OffscreenCanvas(width, height)
      : Object.assign(document.createElement('canvas'), { width, height });
    // All that is drawn is read back once, which a software canvas does without asking the GPU.
    return made.getContext('2d', { alpha, willReadFrequently: true });
  }) ?? undefined;
// `source` at this size as a BMP, written and read without compression; nothing where it may not be read.
export const bitmap = (source, width, height, header) =>
  attempt(() => {
    const context = canvas(width, height, true);
    context.imageSmoothingQuality = 'medium';
    context.drawImage(source, 0, 0, width, height);
    return new Blob([header, context.getImageData(0, 0, width, height).data], { type: 'image/bmp' });
  });
export const paint = (source, width, height) =>
  attempt(() => {
    const context = canvas(width, height, false);
    context.fillStyle = '#fff';
    context.fillRect(0, 0, width, height);
    context.drawImage(source, 0, 0, width, height);
    return context.canvas;
  });
export const encode = (made, type, quality) =>
  made.convertToBlob
    ? made.convertToBlob({ type, quality })
    : new Promise((done) => made.toBlob(done, type, quality));
export const image = (url) =>
  new Promise((done) => {
    const made = Object.assign(new Image(), { decoding: 'sync', onerror: () => done() });
    // WebKit fires `load` before the images inside a drawing are decoded.
    made.onload = () => made.decode().then(() => done(made), () => done(made));
    made.src = url;
  });

// --- files
export const dataUrl = (blob) =>
  new Promise((done, fail) => {
    const reader = Object.assign(new FileReader(), { onload: () => done(reader.result), onerror: fail });
    reader.readAsDataURL(blob);
  });
export const svgBlob = (svg) => new Blob([svg], { type: 'image/svg+xml' });
export const fetched = async (fetcher, url) => fetcher(url);
export const fetchedText = async (fetcher, url) => (await fetcher(url)).text();
export const parsed = (svg) => attempt(() => new DOMParser().parseFromString(svg, 'image/svg+xml'));
// `blob` decoded off the main thread; nothing where that is not possible (an SVG has no pixels of its own).
export const decoded = (blob) =>
  blob.type.includes('svg') ? Promise.resolve() : createImageBitmap(blob).catch(() => {});
export const absolute = (url, base) => attempt(() => new URL(url, base).href, url);
