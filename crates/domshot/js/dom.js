// Reading a page that may fight back: its scripts patch prototypes and throw from getters, and a form's fields hide
// the DOM's own properties of the same name.

export const attempt = (action, otherwise) => {
  try {
    return action();
  } catch {
    return otherwise;
  }
};

// Property `name` of any `type`, past whatever hides it on the single object.
const past = (type, name) => {
  const get = Object.getOwnPropertyDescriptor(type.prototype, name)?.get;
  return (of) => attempt(() => get.call(of));
};
export const nodeType = past(Node, 'nodeType');
export const firstChild = past(Node, 'firstChild');
export const nextSibling = past(Node, 'nextSibling');
export const previousSibling = past(Node, 'previousSibling');
export const localName = past(Element, 'localName');
export const shadowRoot = past(Element, 'shadowRoot');
const parentNode = past(Node, 'parentNode');
const attributeList = past(Element, 'attributes');
const { getBoundingClientRect, checkVisibility, getAttribute, matches } = Element.prototype;

export const parent = (node) => parentNode(node) ?? node.host;
export const attributes = (node) => attributeList(node) ?? [];
export const attribute = (node, name) => attempt(() => getAttribute.call(node, name));
export const hasBox = (node) => attempt(() => checkVisibility.call(node), true);
export const is = (node, selector) => attempt(() => matches.call(node, selector));
// Where the page's own code has made asking impossible, the answer is that it does.
export const covers = (selector, node) => !!selector && attempt(() => matches.call(node, selector), true);
export const isReadable = (selector, node) => !selector || attempt(() => matches.call(node, selector)) !== undefined;
const queries = { 1: Element, 9: Document, 11: DocumentFragment };
for (const type in queries) queries[type] = queries[type].prototype.querySelectorAll;
export const query = (root, selector) => attempt(() => [...queries[nodeType(root)].call(root, selector)], []);
// Property `name` of a document or shadow root, which images and forms of that name hide; methods are bound.
export const read = (of, name) =>
  attempt(() => {
    for (let type = of; (type = Object.getPrototypeOf(type)); ) {
      const found = Object.getOwnPropertyDescriptor(type, name);
      if (found) return found.get ? found.get.call(of) : found.value.bind(of);
    }
  });

// Border box relative to the viewport; nothing where a broken transform gives no number.
export const rect = (node) =>
  attempt(() => {
    const { x, y, width, height } = getBoundingClientRect.call(node);
    if (isFinite(x + y + width + height)) return { x, y, width, height, right: x + width, bottom: y + height };
  });
export const meets = (a, b) => a.x < b.right && b.x < a.right && a.y < b.bottom && b.y < a.bottom;
export const holds = (a, b) => a.x <= b.x && b.right <= a.right && a.y <= b.y && b.bottom <= a.bottom;

// The elements of `selector` of which something lies in `part` of the viewport.
export const seen = (root, selector, part) =>
  query(root, selector).filter((element) => {
    const box = rect(element);
    return box && meets(box, part);
  });

// Declarations of the computed values of the comma-separated `names`, which nothing overrides.
export const pinned = (style, names) =>
  names.split(',').reduce((css, name) => {
    const value = style.getPropertyValue(name);
    return value ? `${css}${name}:${value}!important;` : css;
  }, '');
// Only well-formed XML passes: no control character, and so none of our own marks.
export const clean = (text) => text.replace(/[^\t\n\r -\ufffd]/g, '');
const entity = (sign) => `&#${sign.charCodeAt()};`;
export const escapeText = (text) => text.replace(/[&<>\r]/g, entity);
export const escapeValue = (text) => text.replace(/[&<>"\n\t\r]/g, entity);

// The time, and waiting for it, by what no page replaces: under a test's fake clock no second passes and no timer fires.
const now = () => new Event('').timeStamp;
export const sleep = (ms) => new Promise((done) => (AbortSignal.timeout(Math.min(ms, 1e9)).onabort = () => done()));
// What `promise` brings, or nothing if it fails or takes longer than `ms`. (`Promise.race` asks the page's iterators.)
export const within = (promise, ms) =>
  new Promise((done) => {
    Promise.resolve(promise).then(done, () => done());
    sleep(ms).then(done);
  });

// Half of what counts as a long task.
const TURN_MS = 24;
export const startClock = (deadline) => {
  const start = now();
  let turn = start;
  return {
    // Time until `share` (0 to 1) of the total has passed.
    left: (share) => Math.max(0, start + (deadline > 0 ? deadline : 1) * share - now()),
    isTurnOver: () => now() - turn > TURN_MS,
    // Lets the page have its turn.
    rest: () =>
      new Promise((done) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
          port1.close();
          turn = now();
          done();
        };
        port2.postMessage(0);
      }),
  };
};
