// The stylesheets of one tree, read in their order and written as they must read in the clone.

import { attempt, clean, read } from './dom.js';
import { fetched, hole, put } from './assets.js';
import { rewritten } from './selector.js';

// Imports within imports go this deep; so many of them are read per tree. Far beyond any page, and an end to pages
// that import without one.
const MAX_DEPTH = 8;
const MAX_IMPORTS = 256;
// Share of the deadline by which all sheets must be there.
const SHARE = 0.35;
// Rules that say the same in the clone. What is not named at all is left out: nothing moves in a picture, it is not
// printed, and it does not begin.
const PASSED = /^(property|counter-style|font-(feature|palette)-values|position-try|function)$/;
// Longhands whose value the CSSOM does not tell, because a shorthand with `var()` was set before them.
const LOST = /(?<=^|; )(?!--)[\w-]+(?=: *;)/g;
// What may stand outside its parent's box.
const ESCAPES =
  /(^|; )(position: (?!static|relative)|(transform|translate|rotate|scale|offset): (?!none)|(margin[\w-]*|inset|top|left): [^;]*-)/;
const COUNTS = /(^|; )counter-[\w-]+: (?!none)/;
// An address. What a cursor looks like is of no use in a picture.
const ADDRESS = /(?<![\w-])cursor:[^;]*|url\(\s*(?:"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|([^)"']*))\s*\)/g;

// Does a condition ("media …" or "supports …") hold now?
const isTrue = ({ view }, condition) =>
  attempt(() => {
    const text = condition.replace(/^\w+ */, '');
    return condition[0] === 's' ? view.CSS.supports(text) : !text || view.matchMedia(text).matches;
  }, false);

const addressIn = ([, quoted, single, bare]) => (quoted ?? single ?? bare)?.trim();
// The selectors alone of what `rewritten` tells.
const queried = (plain) => plain.map(([selector]) => selector);
const resolved = (url, base) => attempt(() => new URL(url.replace(/\\(.)/g, '$1'), base).href, url);

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

// Declarations with holes where they name images: of a rule of `sheet` for the selectors `list`, or else of a style (that
// of `node`, where its size matters).
const addressed = (shot, text, base, sheet, list, node) => {
  if (text.includes('image-set(')) text = text.replace(/image-set\(((?:[^()]|\([^()]*\))*)\)/g, chosen);
  return text.replace(ADDRESS, (...found) => {
    const [all] = found;
    const address = addressIn(found);
    // `url(#clip)` points into the clone, and what is data already needs no fetching.
    if (!address || /^(#|data:)/.test(address)) return all;
    const url = resolved(address, base);
    const [page, fragment] = url.split('#');
    if (fragment !== undefined && page === shot.base) return `url("#${fragment}")`;
    const image = hole(shot, url, sheet, node);
    image.selectors.push(...list);
    return `url("${image.at}")`;
  });
};

// What depends on the screen, decided now.
const decided = (shot, css) => {
  if (shot.unit) {
    const [width, height] = shot.unit;
    const by = { w: width, i: width, h: height, b: height, min: Math.min(width, height), max: Math.max(width, height) };
    css = css.replace(/(?<![\w#.-])([\d.]+)[sld]?v(w|h|i|b|min|max)\b/g, (all, n, side) => n * by[side] + 'px');
  }
  const scheme = shot.isDark ? 'dark' : 'light';
  return css.replace(/(color-scheme:)[^;}]*(?:light[^;}]*dark|dark[^;}]*light)[^;}!]*/g, '$1' + scheme);
};

// An inline style as it must read in the clone.
export const adapted = (shot, text, node) => decided(shot, addressed(shot, clean(text), shot.base, undefined, [], node));

// What `rule` must read in the clone; what it tells goes into `sheet`. `scope` is that of `rewritten`, `within` the
// selector of the rule around it.
const written = (shot, sheet, base, rule, scope, within) => {
  const { cssRules, style } = rule;
  const inner = (scope, within) => {
    let css = '';
    for (let at = 0; at < cssRules?.length; at++) {
      css += attempt(() => written(shot, sheet, base, cssRules[at], scope, within), '');
    }
    return css;
  };
  const said = (selector) => rewritten(clean(selector), scope, within, shot.states);
  const declared = (plain) => {
    const text = clean(style.cssText);
    const list = queried(plain);
    const lost = text.match(LOST)?.join();
    if (lost) for (const [selector, pseudo] of plain) sheet.lost.push([selector, pseudo, lost]);
    if (ESCAPES.test(text)) sheet.escapes.push(...list);
    if (COUNTS.test(text)) sheet.counters.push(...list);
    return addressed(shot, text, base, sheet, list);
  };
  if (rule.type === 1) {
    const [selector, plain] = said(rule.selectorText);
    const nested = inner(scope, queried(plain).join());
    // Names match without regard to case in quirks mode, and with regard to it in the clone.
    return `${shot.isQuirky ? selector.toLowerCase() : selector}{${declared(plain)}${nested}}`;
  }
  const text = clean(rule.cssText);
  const [head, name] = /^@([\w-]+)[^{]*/.exec(text) ?? [];
  // Declarations after nested rules.
  if (!name) return declared(within ? [[within, '']] : []);
  if (/^(media|supports)$/.test(name)) return isTrue(shot, head.slice(1)) ? inner(scope, within) : '';
  if (/^(layer|container)$/.test(name)) return cssRules ? `${head}{${inner(scope, within)}}` : text;
  if (name === 'scope') {
    const [start, end] = [rule.start, rule.end].map((list) => (list ? `(${said(list)[0]})` : ''));
    return `@scope ${start}${end && ' to ' + end}{${inner('', within)}}`;
  }
  if (name === 'font-face') shot.faces.push([style, base]);
  return PASSED.test(name) ? text : '';
};

// The rules of `tree` (document or shadow root) as text for the clone; what they tell goes into `sheet`.
export const gather = async (shot, tree, into) => {
  const { clock } = shot;
  let css = '';
  let imports = 0;

  const rules = async (list, base, depth) => {
    for (let at = 0; at < list.length; at++) {
      const rule = list[at];
      const isImport = attempt(() => rule.type === 3);
      if (!isImport) css += decided(shot, attempt(() => written(shot, into, base, rule, into.scope, ''), ''));
      if (clock.isTurnOver()) {
        // Whatever the page did meanwhile, a turn's worth of rules comes after it: few sheets have more.
        if (!clock.left(SHARE)) return void (shot.isLate = true);
        await clock.rest();
      }
      if (!isImport || depth >= MAX_DEPTH || imports++ >= MAX_IMPORTS) continue;
      const { layerName: layer, supportsText: supports, styleSheet } = rule;
      if (!styleSheet || (supports && !isTrue(shot, 'supports ' + supports))) continue;
      if (layer != null) css += `@layer ${layer}{`;
      await sheet(styleSheet, depth + 1);
      if (layer != null) css += '}';
    }
  };

  const sheet = async (one, depth) => {
    if (attempt(() => one.disabled || !isTrue(shot, 'media ' + one.media.mediaText), true)) return;
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
      if (found[1] && depth < MAX_DEPTH && imports++ < MAX_IMPORTS && isTrue(shot, 'media ' + found[2].trim())) {
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
  for (const [face, base] of shot.faces) {
    const of = (name, otherwise) => face.getPropertyValue(name) || otherwise;
    const range = of('unicode-range', 'U+0-10FFFF');
    if (!loaded.has(key(of('font-family'), of('font-weight', 'normal'), of('font-style', 'normal'), range))) continue;
    const addresses = [...of('src', '').matchAll(ADDRESS)].map((found) => resolved(addressIn(found), base));
    const at = put(shot, 'font', fetched(shot, addresses));
    const others = [...face].filter((name) => name !== 'src').map((name) => `${name}:${of(name)}`);
    const letters = range.replace(/U\+([\da-f]*)(\?*)(?:-([\da-f]+))?,? */gi, (all, from, any, to) =>
      `\\u{${from + any.replace(/./g, '0') || 0}}-\\u{${to ?? (from + any.replace(/./g, 'f') || 0)}}`);
    rules.push([`@font-face{src:url("${at}");${others.join(';')}}`, attempt(() => new RegExp(`[${letters}]`, 'u'), /./)]);
  }
  return rules;
};
