// The stylesheets of one tree, read in their order and handed to the engine, which rewrites them for the clone.

import { attempt, clean, read } from './dom.js';
import { fetched, hole, put } from './assets.js';

// Imports within imports go this deep; so many of them are read per tree. Far beyond any page, and an end to pages
// that import without one.
const MAX_DEPTH = 8;
const MAX_IMPORTS = 256;
const RULES_AT_ONCE = 400;
// Share of the deadline by which all sheets must be there.
const SHARE = 0.35;
// What the engine is asked for.
export const [RULES, STYLE, BARRED, KEPT, BLOCK] = Array(5).keys();

const decode = (bytes) => new TextDecoder().decode(bytes);
// The engine's answer as text.
export const asked = (shot, kind, text, more = '') => decode(shot.ask(kind, text, more));

let view;
// Does a condition ("media …" or "supports …") hold now?
const isTrue = (condition) =>
  attempt(() => {
    const text = condition.replace(/^\w+ */, '');
    return condition[0] === 's' ? view.CSS.supports(text) : !text || view.matchMedia(text).matches;
  }, false);
// The engine asks this while it reads rules.
export const applies = (condition) => isTrue(decode(condition));

// Of an image-set, only the image that this screen takes: an SVG image is always painted for one pixel per pixel.
const chosen = (all, list) => {
  let best, most;
  for (const one of list.split(/,(?![^(]*\))/)) {
    const density = parseFloat(/([\d.]+)(x|dppx)/.exec(one)?.[1] ?? 1);
    if (!best || (most < devicePixelRatio ? density > most : density >= devicePixelRatio && density < most)) {
      [best, most] = [one, density];
    }
  }
  return `image-set(${best})`;
};

// What the engine makes of `text` (rules, or one element's declarations), and what it has learnt from it.
export const replay = (shot, kind, text, base, sheet, node) => {
  text = clean(text);
  if (text.includes('image-set(')) text = text.replace(/image-set\(((?:[^()]|\([^()]*\))*)\)/g, chosen);
  view = shot.view;
  let [css, ...facts] = asked(shot, kind, text, sheet?.scope).split('\x1e');
  const resolve = (url) => attempt(() => new URL(url.replace(/\\(.)/g, '$1'), base).href, url);
  const found = (url) => {
    const [page, fragment] = url.split('#');
    return fragment !== undefined && page === shot.base ? '#' + fragment : hole(shot, url, sheet, node).at;
  };
  css = css.replace(/\x02(.*?)\x03/g, (all, url) => found(resolve(url)));
  if (shot.unit) {
    const [width, height] = shot.unit;
    const by = { w: width, i: width, h: height, b: height, min: Math.min(width, height), max: Math.max(width, height) };
    css = css.replace(/(?<![\w#.-])([\d.]+)[sld]?v(w|h|i|b|min|max)\b/g, (all, n, side) => n * by[side] + 'px');
  }
  const scheme = shot.isDark ? 'dark' : 'light';
  css = css.replace(/(color-scheme:)[^;}]*(?:light[^;}]*dark|dark[^;}]*light)[^;}!]*/g, '$1' + scheme);
  if (shot.isQuirky && kind === RULES) {
    // Names match without regard to case there, and with regard to it here.
    css = css.replace(/(^|[{};])([^@{};][^{};]*)\{/g, (all) => all.toLowerCase());
  }
  for (const fact of facts) {
    const [kind, ...of] = fact.split('\x1f');
    if (kind === 'states') shot.states.set(of[0], of[1]);
    else if (kind === 'faces') shot.faces.push([of, resolve]);
    else if (kind === 'lost') sheet?.lost.push(of);
    else if (kind !== 'images') sheet?.[kind].push(of[0]);
    else if (sheet) hole(shot, resolve(of[0]), sheet).selectors.push(of[1]);
  }
  return css;
};

// The rules of `tree` (document or shadow root) as text for the clone; what they tell goes into `sheet`.
export const gather = async (shot, tree, into) => {
  const { clock } = shot;
  let css = '';
  let imports = 0;

  const rules = async (list, base, depth) => {
    for (let at = 0; at < list.length; ) {
      let text = '';
      let inner;
      for (const end = at + RULES_AT_ONCE; at < end && at < list.length && !inner; at++) {
        const rule = list[at];
        inner = attempt(() => rule.type === 3) && rule;
        if (!inner) text += attempt(() => rule.cssText, '') + '\n';
      }
      css += replay(shot, RULES, text, base, into);
      if (clock.isTurnOver()) await clock.rest();
      if (!clock.left(SHARE)) return;
      if (!inner || depth >= MAX_DEPTH || imports++ >= MAX_IMPORTS) continue;
      const { layerName: layer, supportsText: supports, styleSheet } = inner;
      if (!styleSheet || (supports && !isTrue('supports ' + supports))) continue;
      if (layer != null) css += `@layer ${layer}{`;
      await sheet(styleSheet, depth + 1);
      if (layer != null) css += '}';
    }
  };

  const sheet = async (one, depth) => {
    view = shot.view;
    if (attempt(() => one.disabled || !isTrue('media ' + one.media.mediaText), true)) return;
    const list = attempt(() => one.cssRules);
    if (list) await rules(list, one.href || shot.base, depth);
    else if (one.href) await closed(one.href, depth);
  };

  // A sheet of another origin: scripts may not open it, but its text may be had.
  const closed = async (url, depth) => {
    const text = await shot.text(url, SHARE);
    if (text === undefined) {
      shot.note('stylesheet');
      shot.copiesStyles = true;
      return;
    }
    // What it imports comes before it, as it does in its text.
    const head = /(?:\s|\/\*.*?\*\/|@(?:charset|layer)[^;{]*;|@import\s*(?:url\()?\s*["']?([^"')]+)["']?\s*\)?([^;]*);)/sy;
    for (let found; (found = head.exec(text)); ) {
      view = shot.view;
      if (found[1] && depth < MAX_DEPTH && imports++ < MAX_IMPORTS && isTrue('media ' + found[2].trim())) {
        await closed(new URL(found[1], url).href, depth + 1);
      }
    }
    const made = new CSSStyleSheet();
    made.replaceSync(text);
    await rules(made.cssRules, url, depth);
  };

  for (const one of [...(read(tree, 'styleSheets') ?? []), ...(read(tree, 'adoptedStyleSheets') ?? [])]) {
    await attempt(() => sheet(one, 0))?.catch(() => {});
  }
  return css;
};

const key = (...parts) => parts.join('|').replace(/["' ]/g, '').toLowerCase();

// Starts fetching the font faces that the document has loaded; gives their rules, each with the letters it serves.
export const fonts = (shot) => {
  const loaded = new Set();
  for (const face of attempt(() => [...read(shot.document, 'fonts')], [])) {
    if (face.status === 'loaded') loaded.add(key(face.family, face.weight, face.style, face.unicodeRange));
  }
  const rules = [];
  for (const [descriptors, resolve] of shot.faces) {
    const of = Object.fromEntries(descriptors.map((one) => one.split(/: *(.*)/s)));
    const range = of['unicode-range'] ?? 'U+0-10FFFF';
    if (!loaded.has(key(of['font-family'], of['font-weight'] ?? 'normal', of['font-style'] ?? 'normal', range))) continue;
    const addresses = [...(of.src ?? '').matchAll(/url\((?:"((?:[^"\\]|\\.)*)"|([^)]*))\)/g)];
    const at = put(shot, 'font', fetched(shot, addresses.map(([, quoted, bare]) => resolve(quoted ?? bare))));
    const others = descriptors.filter((one) => !one.startsWith('src'));
    const letters = range.replace(/U\+([\da-f]*)(\?*)(?:-([\da-f]+))?,? */gi, (all, from, any, to) =>
      `\\u{${from + any.replace(/./g, '0') || 0}}-\\u{${to ?? (from + any.replace(/./g, 'f') || 0)}}`);
    rules.push([`@font-face{src:url("${at}");${others.join(';')}}`, attempt(() => new RegExp(`[${letters}]`, 'u'), /./)]);
  }
  return rules;
};
