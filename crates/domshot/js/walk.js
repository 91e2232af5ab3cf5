// One walk over what can be seen, writing the clone as it goes.
// long: one walk; what it calls for one kind of element shares its tables and its shot.

import {
  attempt, attribute, attributes, clean, covers, escapeText, escapeValue, firstChild, hasBox, holds, is, localName, meets,
  nextSibling, nodeType, parent, pinned, previousSibling, query, read, rect, shadowRoot,
} from './dom.js';
import { bitmap, dataUrl, fetched, put } from './assets.js';
import { mark, pin, prepare, scrolled, stacked } from './live.js';
import { adapted, gather } from './sheets.js';

// Shadows, outlines and blurs reach this far, in CSS pixels, beyond the box that casts them.
export const REACH = 64;
// Share of the deadline by which the whole walk must be done.
export const WALK_SHARE = 0.5;
// Frames within frames go this deep.
const MAX_FRAMES = 3;
// So do elements within elements.
const MAX_DEPTH = 500;
// Siblings of what is around an element of the top layer, beyond which they are left out.
const MAX_STUBS = 100;
// What the engine is asked, in the order of its answers (`engine.rs`).
const BARRED = 0;
const KEPT = 1;
const BLOCK = 2;
// Takes an element's place among its siblings.
const NONE = '<ds-none style="display:none!important"></ds-none>';
// Masked text in a field: eight blocks, however long the value.
const BAR = '████████';
const XMLNS = {
  html: 'http://www.w3.org/1999/xhtml', svg: 'http://www.w3.org/2000/svg', math: 'http://www.w3.org/1998/Math/MathML',
};
// Properties that make up what a box looks like, where no sheet can say so.
const COPIED =
  'display,position,left,top,right,bottom,float,clear,z-index,box-sizing,width,height,min-width,min-height,max-width,max-height,margin,padding,border-top,border-right,border-bottom,border-left,border-radius,background,box-shadow,outline,opacity,overflow,color,font,letter-spacing,word-spacing,text-align,text-decoration,text-transform,text-indent,text-shadow,text-overflow,white-space,word-break,overflow-wrap,vertical-align,list-style,flex,flex-flow,justify-content,align-items,align-self,align-content,gap,order,grid-template,grid-area,grid-auto-flow,transform,transform-origin,filter,clip-path,visibility,border-collapse,border-spacing,object-fit,columns,mix-blend-mode';

const pair = (name, value) => ` ${name}="${escapeValue(clean(value))}"`;
const hasEmptyInside = /^(input|textarea|select|img|canvas|video|iframe|object|embed|audio)$/;

// A value of an inline style, its images fetched.
export const inline = (shot, text, node) => {
  refer(shot, text);
  return adapted(shot, text, node);
};

const refer = (shot, text) => {
  for (const [, id] of text.matchAll(/url\(["']?#([^"')]+)/g)) shot.references.add(id);
};

// Adds the element's own attributes, except those that do something, name an address, or hold a value.
const addOwn = (shot, node, name, start, isSvg, isBare) => {
  for (const one of attributes(node)) {
    const key = one.name;
    let kept = shot.kept.get(key);
    if (kept === undefined) shot.kept.set(key, (kept = shot.ask(KEPT, key)));
    // What is not kept is not even read.
    if (kept < (isBare ? 2 : 1)) continue;
    let { value } = one;
    if (key === 'style') {
      // Ours come first, and are important: a text that ends in the middle of something takes nothing with it.
      start.style += inline(shot, value, isSvg ? undefined : node);
      continue;
    }
    if (isSvg && /^(xlink:)?href$/.test(key)) {
      if (/^(image|feImage)$/.test(name)) continue;
      const [file, id] = value.split('#');
      if (id && !file) shot.references.add(id);
      else if (id && name === 'use') {
        shot.externals.push([attempt(() => new URL(file, shot.base).href, file), id]);
        value = '#' + id;
      }
    }
    if (shot.isQuirky && /^(class|id)$/.test(key)) value = value.toLowerCase();
    if (value.includes('url(')) {
      value = value.replaceAll(shot.base + '#', '#');
      refer(shot, value);
    }
    start.attributes += pair(key, value);
  }
};

const opened = (name, start, space = '') =>
  `<${name}${space && ` xmlns="${space}"`}${start.attributes}${start.style && ` style="${escapeValue(start.style)}"`}>`;

const empty = (shot, node, name, start) => {
  addOwn(shot, node, name, start, false, true);
  shot.out += opened(name, start) + `</${name}>`;
};

const stub = (shot, node, name, start = { attributes: '', style: '' }) => {
  start.style += 'display:none!important;';
  empty(shot, node, name, start);
};

// Covers (or leaves empty) the place of `node`: nothing of it but its geometry is read.
const block = (shot, node, cover) => {
  if (cover !== 'own') shot.note(cover);
  const box = rect(node);
  const style = shot.style(node);
  const { display } = style;
  if (!box || display === 'none') return;
  const isMasked = cover === 'masked';
  const isInline = display === 'inline';
  const width = isInline && isMasked ? shot.ask(BLOCK, box.width + '') : box.width;
  const css =
    'all:initial!important;' +
    pinned(style, 'position,left,top,right,bottom,z-index,float,margin,grid-area,align-self,justify-self,order,vertical-align,transform') +
    `display:${isInline ? 'inline-block' : display.replace('list-item', 'block')}!important;box-sizing:border-box!important;flex:none!important;width:${width}px!important;height:${box.height}px!important;` +
    (isMasked
      ? 'forced-color-adjust:none!important;border-radius:3px!important;background:repeating-linear-gradient(135deg,#9aa3b2 0 6px,#a9b1be 6px 12px)!important'
      : '');
  shot.out += `<ds-mask style="${escapeValue(css)}"></ds-mask>`;
};

// Where the last of the siblings still to come ends, if they all lie out of sight below and nothing in them is seen.
const endOfSiblings = (shot, { element, next, clip }) => {
  if (!element || !next || element.childElementCount <= 3 || shot.marks.get(element)?.isKept) return;
  const { display, columnCount, columnWidth } = shot.style(element);
  if (!/^(block|flow-root|list-item|table-row-group|table)$/.test(display) || columnCount !== 'auto' || columnWidth !== 'auto') return;
  const last = rect(element.lastElementChild);
  if (last?.y >= clip.bottom) return last.bottom;
};

// Writes an empty box of the same size, and decides whether the siblings after it can be left out.
const away = (shot, node, name, start, box, level) => {
  let { height } = box;
  const isRow = name === 'tr';
  if (box.y >= level.clip.bottom && !shot.countsFromEnd) {
    const end = endOfSiblings(shot, level);
    if (end !== undefined) {
      height = Math.max(height, end - box.y);
      level.next = undefined;
    }
  } else if (level.next) {
    // Margins of what is left out reach through its edges: the distance to the next box is kept instead.
    let { next } = level;
    if (nodeType(next) === 3 && !next.data.trim()) next = nextSibling(next);
    const gap = next ? (rect(next)?.y ?? -Infinity) - box.bottom : -1;
    if (gap >= 0 && gap < 300) {
      if (isRow) height += gap;
      else start.style += `margin-bottom:${gap}px!important;`;
    }
  }
  // The rules for `[ds-z]` stand once, in the sheet: there may be thousands of these.
  start.attributes += ' ds-z=""';
  start.style += `--ds-w:${box.width}px;--ds-h:${height}px;`;
  if (!isRow) return empty(shot, node, name, start);
  addOwn(shot, node, name, start, false, true);
  shot.out += `${opened(name, start)}<td colspan="${node.childElementCount || 1}" style="padding:0!important;box-sizing:border-box!important;height:${height}px!important"></td></tr>`;
};

// --- what markup does not say
const field = (shot, node, name, start) => {
  const type = name === 'input' ? node.type : '';
  const isBarred = shot.ask(BARRED, [name, shot.options.inputs, type, attribute(node, 'autocomplete')].join());
  // Only whether there is a value is asked of what is barred.
  let value = isBarred ? (name === 'select' || node.value ? BAR : '') : node.value;
  if (!value) {
    const hint = attribute(node, 'placeholder');
    if (hint) start.attributes += pair('placeholder', hint);
  } else if (isBarred) {
    shot.note('masked');
    start.style += '-webkit-text-fill-color:color-mix(in srgb,currentColor 25%,transparent)!important;';
  }
  if (name === 'select') return choices(shot, node, isBarred, start);
  const { scrollTop, scrollLeft } = node;
  if (name === 'textarea') {
    const text = escapeText(clean(value));
    if (isBarred || !scrollTop) return text;
    // Nothing scrolls in a picture, so what is scrolled becomes a block that looks the same.
    start.name = 'div';
    start.style += pinned(shot.style(node), COPIED) + 'white-space:pre-wrap!important;overflow:hidden!important;';
    return `<div style="margin-top:${-scrollTop}px">${text}</div>`;
  }
  if (type === 'checkbox' || type === 'radio') {
    const half = type === 'checkbox' && node.indeterminate;
    if (node.checked) start.attributes += ' checked=""';
    if (half || shot.isGecko) drawnCheck(shot, node, type, half, start);
  } else if (type === 'image') start.attributes += ` src="${put(shot, 'image', fetched(shot, [node.src]), true)}"`;
  else if (isBarred && type === 'number') start.attributes += pair('placeholder', value);
  // Date and time take no text; empty they say no more than what they ask for.
  else if (type !== 'file' && value && !(isBarred && /^(date|time|month|week|datetime-local)$/.test(type))) {
    start.attributes += pair('value', value);
    if (scrollLeft && !isBarred) start.style += `text-indent:${-scrollLeft}px!important;`;
  }
  return '';
};

// A drop-down shows its choice and is as wide as its longest option; a list box shows all.
const choices = (shot, node, isBarred, start) => {
  const isList = node.multiple || node.size > 1;
  if (isList && node.offsetWidth - node.clientWidth - 2 * node.clientLeft < 2) start.style += 'scrollbar-width:none!important;';
  if (isBarred && !isList) {
    // A percentage, so that the field gives way where its container is narrow, as fields do.
    start.style += `width:min(${rect(node)?.width}px,100%)!important;`;
    return `<option>${BAR}</option>`;
  }
  const options = query(node, 'option').map((one) => (isBarred ? [BAR] : [one.label, one.selected]));
  const longest = Math.max(...options.map(([label]) => label.length));
  return options
    .filter(([label, selected]) => isList || selected || label.length === longest)
    .map(([label, selected]) => `<option${selected ? ' selected=""' : ''}>${escapeText(clean(label))}</option>`)
    .join('');
};

// Markup has no word for a half-checked box, and Gecko draws none at all here, so they are drawn.
const drawnCheck = (shot, node, type, half, start) => {
  const { appearance, accentColor } = shot.style(node);
  if (appearance === 'none') return;
  const on = half || node.checked ? (accentColor === 'auto' ? '#0075ff' : accentColor) : '';
  const sign = half
    ? 'linear-gradient(#fff,#fff) center/9px 2px no-repeat,'
    : !on
      ? ''
      : type === 'radio'
        ? 'radial-gradient(#fff 2.5px,#0000 3px),'
        : 'linear-gradient(45deg,#0000 40%,#fff 40% 60%,#0000 60%) 75% 50%/6px 7px no-repeat,';
  start.style += `appearance:none!important;box-sizing:border-box!important;width:13px!important;height:13px!important;margin-bottom:0!important;border-radius:${type === 'radio' ? '50%' : '2px'}!important;border:1px solid ${on || '#8f8f9d'}!important;background:${sign}${on || '#fff'}!important;`;
};

// The box that is shown of an image (or canvas, or video) in device pixels, and the size to copy it in.
const sized = (shot, node, natural, start, mayGrow) => {
  const { width, height, objectFit } = shot.style(node);
  let scale = 1;
  let fit;
  // The copy may be smaller than the original, so what depends on the original's size is pinned.
  if (width.endsWith('px') && height.endsWith('px') && !/^(none|scale-down)$/.test(objectFit)) {
    start.style += `width:${width}!important;height:${height}!important;`;
    fit = [width, height].map((side) => parseFloat(side) * shot.options.dpr);
    scale = Math[objectFit === 'contain' ? 'min' : 'max'](fit[0] / natural[0], fit[1] / natural[1]);
  }
  if (!mayGrow) scale = Math.min(1, scale);
  // Stretched: exactly the pixels that are shown, so that they are not resampled twice.
  return [fit, fit && objectFit === 'fill' && scale !== 1 ? fit : natural.map((side) => side * scale)];
};

const image = (shot, node, start) => {
  const { currentSrc: url, naturalWidth, naturalHeight } = node;
  if (!url) return;
  // As broken as it is on the page: the browser draws its own sign, and the alternative text.
  if (!node.complete || !naturalWidth) return void (start.attributes += ' src="data:,"');
  if (url.startsWith('data:')) return void (start.attributes += pair('src', url));
  const [fit, size] = sized(shot, node, [naturalWidth, naturalHeight], start, /^[^?#]*\.svg([?#]|$)/.test(url));
  const data = bitmap(node, ...size);
  start.attributes += ` decoding="sync" src="${put(shot, 'image', data ?? fetched(shot, [url], fit), true)}"`;
};

// What a canvas or video shows now.
const still = (shot, node, natural, start) =>
  natural[0] * natural[1] ? bitmap(node, ...sized(shot, node, natural, start)[1]) : '';

// The start of an image that looks like `node`: without scripts a canvas draws nothing, and neither video nor frame loads.
const stand = (shot, node, start, note, data) => {
  start.name = 'img';
  start.attributes += ` decoding="sync" src="${put(shot, note, data, true)}"`;
  start.style += pinned(shot.style(node), COPIED);
};

const frame = (shot, node) => {
  const inner = attempt(() => node.contentDocument);
  if (!inner?.defaultView || shot.depth >= MAX_FRAMES) return;
  const options = { ...shot.options, area: 'viewport', deadline: shot.clock.left(WALK_SHARE) };
  return shot.again(inner, options).then(({ svg, notes }) => {
    for (const note in notes) shot.note(note, notes[note]);
    return dataUrl(new Blob([svg], { type: 'image/svg+xml' }));
  });
};

// In quirks mode a line without text is no higher than what stands in it: is this in such a line, as far as neighbours tell?
const isAlone = (shot, node) =>
  [nextSibling, previousSibling].every((side) => {
    let at = node;
    do at = side(at);
    while (nodeType(at) === 3 && !at.data.trim() || nodeType(at) === 8);
    return !at || (nodeType(at) === 1 && (/^(br|img)$/.test(localName(at)) || !/^inline/.test(shot.style(at).display)));
  }) && (shot.style(parent(node)).display !== 'inline' || isAlone(shot, parent(node)));

// Computed values instead of a sheet that could not be read.
const copyStyle = (shot, node, start) => {
  start.style += pinned(shot.style(node), COPIED);
  for (const pseudo of ['::before', '::after']) {
    const style = shot.style(node, pseudo);
    if (!/^(none|normal|)$/.test(style.content)) pin(shot, node, pseudo, pinned(style, COPIED + ',content'));
  }
};

// --- the walk
const element = (shot, node, level) => {
  let name = localName(node);
  const { tree } = level;
  const isSvg = level.isSvg;
  if (!/^[a-z_][\w.-]*$/i.test(name) || (!isSvg && /^(head|base|title)$/.test(name))) return;
  if (/^(script|style|link|meta|noscript|template|datalist|source|track)$/.test(name)) {
    // Siblings are counted with it, so its place stays.
    if (!isSvg) shot.out += NONE;
    return;
  }
  const known = shot.marks.get(node);
  const { above } = level;
  const isEdited = () => !isSvg && shot.options.inputs === 'masked' && (attribute(node, 'contenteditable') ?? 'false') !== 'false';
  // Asked of every element itself: a search could be led astray by what the page has patched.
  const { own, hide, mask } = shot.options;
  const cover = covers(own, node) ? 'own' : covers(hide, node) ? 'hidden' : (covers(mask, node) || isEdited()) && 'masked';
  // What is in the top layer is drawn after everything else, with nothing around it but its ancestors. Where it was,
  // and around them, start tags stay, because siblings and `:has()` may ask for them.
  if (above ? !above.has(node) : known?.backdrop) {
    if (cover) shot.out += NONE;
    else if (!above || level.element.childElementCount < MAX_STUBS) stub(shot, node, name);
    return;
  }
  const isAround = above && node !== shot.top;
  if (cover) return block(shot, isAround ? shot.top : node, cover);
  const start = { name, attributes: known?.attributes ?? '', style: known?.style ?? '' };
  if (above && !isAround) start.style += `z-index:${(shot.place += 2) + 1}!important;`;
  if (tree) start.attributes += ` ds-s="${tree.scope}"`;

  // --- is there a box, and is it seen?
  let { clip, isInside } = level;
  const isRoot = !isSvg && /^(html|body)$/.test(name);
  const isField = !isSvg && /^(input|textarea|select)$/.test(name);
  const has = hasBox(node);
  let style;
  let box;
  let over;
  if (!isSvg && !isRoot && !isAround) {
    style = shot.style(node);
    if (!has) {
      if (style.display !== 'contents') return stub(shot, node, name, start);
    } else {
      box = rect(node);
      over = [node.scrollWidth - node.clientWidth, node.scrollHeight - node.clientHeight].map((by) => by || 0);
      if (box && !isInside) {
        if (!known?.isKept && !meets(box, clip) && !/^(inline$|ruby|table-c[eo])/.test(style.display)) {
          const all = { ...box, right: box.right + Math.max(0, over[0]), bottom: box.bottom + Math.max(0, over[1]) };
          if (!meets(all, clip)) return away(shot, node, name, start, box, level);
        }
        isInside = holds(clip, box);
      }
    }
  }

  const isReplaced = !isSvg && hasEmptyInside.test(name);
  const root = !isSvg && !isReplaced && shadowRoot(node);
  const inner = root && shot.trees.get(root);
  if (root && !inner) return root;

  if (box) {
    const { clientWidth, clientHeight, scrollLeft, scrollTop } = node;
    if ((scrollLeft || scrollTop) && !isField) {
      start.attributes += scrolled(shot, node, scrollLeft, scrollTop, clientWidth, clientHeight);
    }
    const most = Math.max(...over);
    if (most > 1 && style.overflow !== 'visible') {
      const px = (name) => parseFloat(style[name]) || 0;
      const bars = [
        Math.max(0, node.offsetWidth - clientWidth - px('borderLeftWidth') - px('borderRightWidth') || 0),
        Math.max(0, node.offsetHeight - clientHeight - px('borderTopWidth') - px('borderBottomWidth') || 0),
      ];
      // Scrollbars that lie over the content, or are switched off, take no place in the clone.
      if (bars[0] + bars[1] < 2) start.style += 'overflow:hidden!important;';
      else if (shot.isGecko) {
        // Gecko draws no scrollbars inside an SVG image.
        const side = node.clientLeft - px('borderLeftWidth') > 2 ? 'Left' : 'Right';
        start.style += `box-sizing:border-box!important;width:${node.offsetWidth}px!important;height:${node.offsetHeight}px!important;overflow:hidden!important;padding-${side}:${px('padding' + side) + bars[0]}px!important;padding-bottom:${px('paddingBottom') + bars[1]}px!important;`;
      }
      if (most > REACH) {
        clip = cut(clip, box);
        isInside = false;
      }
    }
  }

  // --- attributes
  if (name === 'html' && !isSvg) {
    const { fontSize, colorScheme } = shot.style(node);
    start.attributes += ' ds-r=""';
    start.style += `font-size:${fontSize}!important;background:none!important;overflow:visible!important;${inline(shot, `color-scheme:${colorScheme}!important;`)}`;
    if (shot.options.dpr >= 1.5) start.style += 'text-rendering:geometricPrecision;';
  } else if (isRoot) {
    start.style += 'background:none!important;';
    if (shot.style(shot.html).overflow === 'visible') start.style += 'overflow:visible!important;';
  }
  if (level.pinsCells && /^t[dh]$/.test(name)) {
    const width = rect(node)?.width;
    start.style += `box-sizing:border-box!important;min-width:${width}px!important;max-width:${width}px!important;`;
  }
  if (shot.copiesStyles && !isSvg) copyStyle(shot, node, start);
  if (shot.isQuirky && style && !/^(svg|math|t[rfhb]|table)/.test(name) && !/^(inline|contents)$/.test(isReplaced ? '' : style.display)) {
    // Sizes come out differently in quirks mode. A height that is set keeps margins in, so a block of blocks gets none.
    const last = node.lastElementChild;
    const isAuto = attempt(() => node.computedStyleMap().get('height').value, 'auto') === 'auto';
    const isOpen = isAuto && last && shot.style(last).display !== 'inline';
    start.style += pinned(style, 'box-sizing,width' + (isOpen ? '' : ',height'));
    if (/^inline/.test(style.display) && style.verticalAlign === 'baseline' && isAlone(shot, node)) {
      start.style += 'vertical-align:top!important;';
    }
  }
  // An old attribute, whose address must not stay.
  if (style && name[0] === 't' && attribute(node, 'background')) {
    start.style += inline(shot, pinned(style, 'background-image'), node);
  }
  const pins = shot.marks.get(node)?.pins;
  if (pins) start.attributes += pair('ds-p', pins);
  if (inner) start.attributes += ` ds-h="${inner.scope}"`;

  let content = '';
  if (isField) content = field(shot, node, name, start);
  else if (isReplaced) {
    if (name === 'img') image(shot, node, start);
    else if (name === 'canvas') stand(shot, node, start, 'canvas', still(shot, node, [node.width, node.height], start));
    else if (name === 'video') {
      const data = still(shot, node, [node.videoWidth, node.videoHeight], start);
      stand(shot, node, start, 'video', data || (node.poster && fetched(shot, [node.poster])));
    } else if (name !== 'audio') stand(shot, node, start, 'frame', frame(shot, node));
  } else if (isSvg && /^(image|feImage)$/.test(name)) {
    const url = node.href.baseVal;
    if (/^(data:|#)/.test(url)) start.attributes += pair('href', url);
    else if (url) start.attributes += ` href="${put(shot, 'image', fetched(shot, [new URL(url, shot.base).href]), true)}"`;
  }
  if (isAround) {
    start.attributes += ' ds-c=""';
    start.style += 'display:contents!important;';
  }
  addOwn(shot, node, name, start, isSvg, isField);
  name = start.name;

  // --- children
  const isRooted = !isSvg && /^(svg|math)$/.test(name);
  const space = isRooted ? XMLNS[name] : level.isForeign ? XMLNS.html : '';
  shot.out += opened(name, start, space);
  let close = `</${name}>`;
  if (above && !isAround) close += `<ds-backdrop style="${escapeValue(known.backdrop)}z-index:${shot.place}"></ds-backdrop>`;
  if (isReplaced || (isSvg && /^(title|desc|metadata)$/.test(name))) {
    shot.out += content + close;
    return;
  }
  const below = {
    close,
    clip,
    isInside,
    isSvg: (isSvg || isRooted) && name !== 'foreignObject',
    above: isAround && above,
    isForeign: name === 'foreignObject',
    tree: inner || tree,
    pinsCells: level.pinsCells || (name === 'table' && !isInside),
    element: node,
    next: firstChild(root || node),
  };
  const list = tree && name === 'slot' ? attempt(() => node.assignedNodes(), []) : [];
  if (list.length) Object.assign(below, { list, next: undefined, tree: tree.around });
  // A component that draws something although scripts see nothing in it.
  if (has && !root && !below.next && name.includes('-') && is(node, ':defined')) {
    const box = rect(node);
    if (box?.width * box?.height) shot.note('closed-shadow');
  }
  return below;
};

const cut = (clip, box) => {
  const [x, y] = [Math.max(clip.x, box.x - 8), Math.max(clip.y, box.y - 8)];
  return { x, y, right: Math.min(clip.right, box.right + 8), bottom: Math.min(clip.bottom, box.bottom + 8) };
};

// Writes `list` and all that can be seen in it; of the ancestors in `above`, only what leads to `shot.top`.
const branch = async (shot, list, isSvg, above) => {
  const { clock } = shot;
  let steps = 0;
  const stack = [{ close: '', list, clip: shot.seen, isSvg, above }];
  while (stack.length) {
    const level = stack.at(-1);
    const node = level.list ? level.list.shift() : level.next;
    if (!node) {
      shot.out += level.close;
      stack.pop();
      continue;
    }
    if (!level.list) level.next = nextSibling(node);
    if (!(++steps % 8) && clock.isTurnOver()) {
      // Before the page has its turn, not after it: it may take long, and most of a page is walked in the next.
      if (!clock.left(WALK_SHARE)) {
        shot.isLate = true;
        while (stack.length) shot.out += stack.pop().close;
        return;
      }
      await clock.rest();
    }
    const type = nodeType(node);
    if (!level.above && (type === 3 || type === 4)) shot.out += escapeText(clean(node.data));
    if (type !== 1) continue;
    // One bad node never spoils the picture.
    let below = attempt(() => element(shot, node, level));
    if (below && !below.clip) {
      await enter(shot, below, level.tree);
      below = attempt(() => element(shot, node, level));
    }
    // Deeper than any parser goes; drawn, it would end the tab.
    if (below && stack.length > MAX_DEPTH) {
      shot.out += below.close;
      shot.note('deadline');
    } else if (below) stack.push(below);
  }
};

// Reads the sheets of a shadow tree, once for all trees that have the same.
const enter = async (shot, root, around) => {
  const sheets = [...(read(root, 'styleSheets') ?? []), ...(read(root, 'adoptedStyleSheets') ?? [])];
  const key = sheets.map((sheet) => {
    if (!shot.numbers.has(sheet)) shot.numbers.set(sheet, shot.numbers.size);
    const text = sheet.href ?? sheet.ownerNode?.textContent;
    return text ? text + sheet.cssRules?.length : shot.numbers.get(sheet);
  }).join('\n');
  let sheet = shot.shadows.get(key);
  if (!sheet) {
    sheet = shot.sheet(shot.shadows.size);
    shot.shadows.set(key, sheet);
    const css = await gather(shot, root, sheet);
    if (css) shot.rules += `@layer ds-shadow.t${sheet.scope}{${css}}`;
  }
  shot.trees.set(root, { scope: sheet.scope, around });
  prepare(shot, root, sheet);
};

// The page's `<html>` with all that can be seen, and above it the elements of the top layer, each in a copy of its
// ancestors that have no boxes, so that it inherits as it did.
export const walk = async (shot) => {
  await branch(shot, [shot.html], false);
  if (shot.tops.length) shot.out += `</div><div style="${shot.box};z-index:2147483647!important">`;
  for (const top of stacked(shot)) {
    const above = new Set();
    for (let at = top; at; at = attempt(() => at.assignedSlot) ?? parent(at)) above.add(at);
    shot.top = top;
    await branch(shot, [shot.html], false, above);
  }
  const unseen = async (node) => {
    shot.out += `<svg xmlns="${XMLNS.svg}" style="all:initial!important;position:absolute!important;width:0!important;height:0!important">`;
    await branch(shot, [node], true);
    shot.out += '</svg>';
  };
  // What is referred to but was not seen, such as a hidden sprite's symbols, comes along unseen.
  for (const id of shot.references) {
    if (shot.out.includes(pair('id', id))) continue;
    const node = read(shot.document, 'getElementById')(id);
    if (node) await unseen(node);
    if (!shot.clock.left(WALK_SHARE)) break;
  }
  const files = new Map();
  for (const [url, id] of shot.externals) {
    if (!files.has(url)) {
      const text = await shot.text(url, WALK_SHARE);
      files.set(url, text && new DOMParser().parseFromString(text, 'image/svg+xml'));
      if (!text) shot.note('image');
    }
    const node = files.get(url)?.getElementById(id);
    if (node) await unseen(node);
  }
};
