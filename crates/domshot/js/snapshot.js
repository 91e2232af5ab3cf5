// The page as one SVG: a page-shaped box in a `foreignObject`, the sheets beside it, the images in their holes.

import { escapeText, escapeValue, holds, is, isReadable, nodeType, pinned, read, rect, startClock, within } from './dom.js';
import { settle } from './assets.js';
import { prepare, still } from './live.js';
import { fonts, gather } from './sheets.js';
import { REACH, inline, walk } from './walk.js';

// Rules that make up for what an SVG document does not do by itself, and those that only quirks mode has.
const UA = (link) =>
  `@layer ds-ua,ds-shadow;@layer ds-ua{:where(a[href]){color:${link || 'LinkText'};text-decoration:underline;cursor:pointer}:where([ds-focus-visible]){outline:auto 1px -webkit-focus-ring-color}ds-mask{box-sizing:border-box}}[ds-z]{box-sizing:border-box!important;width:var(--ds-w)!important;height:var(--ds-h)!important;min-width:0!important;min-height:var(--ds-h)!important;max-width:none!important;max-height:none!important;padding:0!important;border-color:transparent!important;overflow:hidden!important;flex:none!important}[ds-c]::before,[ds-c]::after{display:none!important}*,::before,::after{transition:none!important;animation-play-state:paused}`;
const QUIRKS =
  '@layer ds-ua{:where(form){margin-block-end:1em}:where(table){font-size:medium;font-weight:400;font-style:normal;font-variant:normal;line-height:normal;white-space:normal;text-align:start}:is(body,td,th,:is(body,td,th)>:is(center,div,form):first-child)>:is(h1,h2,h3,h4,h5,h6,p,ul,ol,dl,pre):first-child{margin-top:0}}';
const CLEAR = 'rgba(0, 0, 0, 0)';
const BLOCK = 'all:initial!important;display:block!important;position:absolute!important;';

const box = (x, y, width, height) => ({ x, y, width, height, right: x + width, bottom: y + height });

// Of the viewport, without its scrollbars; in quirks mode it is the body that tells.
const clientSize = (document, html) => {
  const { clientWidth, clientHeight } = read(document, 'scrollingElement') ?? html;
  return [clientWidth, clientHeight];
};

// The wanted area relative to the viewport, and the size of the box that fixed and sticky boxes go by.
const framed = (root, { html, document, view }, area) => {
  const { innerWidth, innerHeight, scrollX, scrollY } = view;
  const port = clientSize(document, html);
  const longest = (name) => Math.max(html[name], read(document, 'body')?.[name] || 0);
  if (area === 'viewport') return [box(0, 0, innerWidth, innerHeight), port];
  if (area === 'page') {
    const size = [longest('scrollWidth'), longest('scrollHeight')];
    return [box(-scrollX, -scrollY, ...size), size];
  }
  if (area === 'element') return [rect(nodeType(root) === 9 ? html : root), port];
  return [box(area.x - scrollX, area.y - scrollY, area.width, area.height), port];
};

// The style of the box that paints the page's canvas: the root's background, or else the body's, which covers
// everything but is placed by the root element's box.
const canvasStyle = (shot, scroll, seen, origin) => {
  const { view, html } = shot;
  let style = shot.style(html);
  const scheme = style.colorScheme;
  const body = read(shot.document, 'body');
  if (style.backgroundImage === 'none' && style.backgroundColor === CLEAR && body) style = shot.style(body);
  let css = `color-scheme:${scheme}!important;`;
  for (const name of ['color', 'image', 'size', 'position', 'repeat', 'blend-mode']) {
    const value = style.getPropertyValue('background-' + name);
    css += `background-${name}:${value === CLEAR ? 'Canvas' : value}!important;`;
  }
  // Around the origin box (the root element's) as much padding as it takes to cover what is seen; all edges are
  // relative to the foreignObject's corner.
  const root = rect(html) ?? box(0, 0, 0, 0);
  const { x, y, width, height } =
    style.backgroundAttachment === 'fixed'
      ? box(0, 0, view.innerWidth, view.innerHeight)
      : box(root.x + view.scrollX - scroll[0], root.y + view.scrollY - scroll[1], root.width, root.height);
  const [left, top, right, bottom] = [
    x + origin[0], y + origin[1], seen.width - origin[0] - x - width, seen.height - origin[1] - y - height,
  ].map((by) => Math.max(0, by));
  return `${BLOCK}${inline(shot, css)};left:${x - left}px!important;top:${y - top}px!important;width:${width}px!important;height:${height}px!important;padding:${top}px ${right}px ${bottom}px ${left}px!important;background-origin:content-box!important;background-clip:border-box!important`;
};

// A drawing of `root`'s page: `{ svg, data, width, height, notes }`, the data being what fills the holes of the text.
// `ask` is the engine. Throws the code of an error.
export const snapshot = async (ask, root, options, clock = startClock(options.deadline), depth = 0) => {
  const document = nodeType(root) === 9 ? root : root && read(root, 'ownerDocument');
  const view = document && read(document, 'defaultView');
  const html = document && read(document, 'documentElement');
  if (!view || !html || !read(root, 'isConnected')) throw 'not-an-element';
  // A mask that cannot be read would mask nothing, nor would one on a page that has taken `matches` away.
  const areRead = [options.mask, options.hide].every((selector) => isReadable(selector, html));
  if (!areRead || ((options.mask || options.hide) && !is(html, '*'))) throw 'bad-selector';
  const [seen, port] = framed(root, { html, document, view }, options.area);
  if (!(seen?.width >= 0.5 && seen.height >= 0.5 && isFinite(seen.x + seen.y))) throw 'empty-area';
  const inner = clientSize(document, html);
  const isPage = options.area === 'page';
  const origin = isPage ? [0, 0] : [-seen.x, -seen.y];
  const scroll = isPage ? [0, 0] : [view.scrollX, view.scrollY];
  const { innerWidth, innerHeight } = view;
  const notes = {};
  const shot = {
    ask, options, clock, depth, document, view, html, notes,
    base: read(document, 'baseURI').split('#')[0],
    isGecko: CSS.supports('-moz-appearance:none'),
    isQuirky: read(document, 'compatMode') === 'BackCompat',
    isDark: view.matchMedia('(prefers-color-scheme:dark)').matches,
    // CSS pixels of 1vw and 1vh where the drawing is not as large as the viewport.
    unit: (seen.width !== innerWidth || seen.height !== innerHeight) && [innerWidth / 100, innerHeight / 100],
    seen: box(seen.x - REACH, seen.y - REACH, seen.width + 2 * REACH, seen.height + 2 * REACH),
    out: '', css: '', rules: '', pins: 0, scrolls: 0, place: 0, tops: [],
    holes: [], faces: [], externals: [], references: new Set(),
    marks: new Map(), images: new Map(), kept: new Map(), trees: new Map(), shadows: new Map(), numbers: new Map(),
    states: new Map([[':focus-visible', 'ds-focus-visible']]),
    style: (element, pseudo) => view.getComputedStyle(element, pseudo),
    note: (code, count = 1) => (notes[code] = (notes[code] ?? 0) + count),
    box: `${BLOCK}left:${-scroll[0]}px!important;top:${-scroll[1]}px!important;width:${inner[0]}px!important;height:${inner[1]}px!important`,
    sheet: (scope) => ({ scope: scope + '', escapes: [], counters: [], lost: [], images: [] }),
    text: (url, share) => within(Promise.resolve(url).then(options.fetch).then((blob) => blob.text()), clock.left(share)),
    again: async (page, changed) => {
      const { svg, data, notes } = await snapshot(ask, page, changed, startClock(changed.deadline), depth + 1);
      return { svg: filled(svg, data).join(''), notes };
    },
  };

  const sheet = shot.sheet('p');
  shot.rules = await gather(shot, document, sheet);
  prepare(shot, document, sheet);
  still(shot);
  shot.countsFromEnd = shot.rules.includes(':nth-last');
  const faces = fonts(shot);
  await walk(shot);
  const canvas = canvasStyle(shot, scroll, seen, origin);

  let css = UA(read(document, 'linkColor')) + (shot.isQuirky ? QUIRKS : '');
  for (const [rule, letters] of faces) if (letters.test(shot.out)) css += rule;
  css += shot.rules + shot.css;
  css = css.replaceAll('\x01', shot.shadows.size ? ':where(:not([ds-s]))' : '');
  const [width, height] = [seen.width, seen.height];
  const isWithin = port[0] === width && port[1] === height || holds(box(0, 0, innerWidth, innerHeight), seen);
  const size = `width:${port[0]}px!important;height:${port[1]}px!important`;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" style="all:initial!important;overflow:hidden!important;width:${width}px!important;height:${height}px!important;${escapeValue(pinned(shot.style(html), 'font-size,line-height'))}"><style>${escapeText(css)}</style>` +
    // The inner box holds fixed boxes in all engines, and is the scrollport by which sticky ones find their places.
    `<foreignObject style="all:initial!important;overflow:visible!important;x:${origin[0]}px!important;y:${origin[1]}px!important;${size}" width="${port[0]}" height="${port[1]}"><div xmlns="http://www.w3.org/1999/xhtml" style="all:initial!important;display:block!important;position:relative!important;contain:layout!important;overflow:${isWithin ? 'hidden' : 'visible'}!important;${size}"><div style="${escapeValue(canvas)}"></div>` +
    `<div style="${shot.box}">${shot.out}</div></div></foreignObject></svg>`;
  if (shot.isLate) shot.note('deadline');
  return { svg, data: await settle(shot), width, height, notes };
};

// The text with its holes filled, in pieces; `escape` for what is ours.
export const filled = (svg, data, escape = (text) => text) =>
  svg.split(/\x02(\d+)\x03/).map((piece, at) => (at % 2 ? data[piece] : escape(piece)));
