// State that no markup tells, marked on the elements before the walk reaches them: what is hovered, animated, on top,
// masked; and what must not be left out.

import { attempt, hasBox, is, meets, parent, pinned, query, read, rect, seen, shadowRoot } from './dom.js';
import { fitTo, want } from './assets.js';

// Pinned elements per rule: beyond what a viewport can show.
const MAX_PINS = 1500;
// What is known about `element`: attributes and declarations to add, numbers of the rules that fix its pseudo-elements,
// whether something in it is seen although it is not, what its backdrop looks like where it is in the top layer.
export const mark = (shot, element) => {
  let found = shot.marks.get(element);
  if (!found) shot.marks.set(element, (found = { attributes: '', style: '', pins: '' }));
  return found;
};

const keepAncestors = (shot, element) => {
  while ((element = parent(element))) {
    const found = mark(shot, element);
    if (found.isKept) return;
    found.isKept = true;
  }
};

// Fixes `declarations` on `element`, or on one of its pseudo-elements.
export const pin = (shot, element, pseudo, declarations) => {
  const found = mark(shot, element);
  if (!pseudo) return void (found.style += declarations);
  shot.css += `[ds-p~="${shot.pins}"]${pseudo}{${declarations}}`;
  found.pins += shot.pins++ + ' ';
};

const hit = (shot, { x, y, width, height }) => read(shot.document, 'elementsFromPoint')(x + width / 2, y + height / 2);
// Is `b` drawn above `a`, as far as the middle of `a` tells? 1: yes, -1: no, 0: it does not tell. Backdrops count as
// their dialogs. Beneath the highest modal dialog nothing is found, nor are popovers that lie above it.
const isUnder = (shot, a, b) => {
  const found = hit(shot, rect(a));
  const place = (one) => (found.includes(one) ? found.indexOf(one) : is(one, ':modal') ? 1e9 : NaN);
  return Math.sign(place(a) - place(b)) || 0;
};
// The elements of the top layer, the lowest first: no list tells their order, but what lies above what does.
export const stacked = (shot) =>
  shot.tops.sort((a, b) => attempt(() => isUnder(shot, b, a) || -isUnder(shot, a, b), 0));

// Puts `element` in the top layer of the clone, its geometry pinned: markup cannot say that it is modal.
const raise = (shot, element) => {
  const style = shot.style(element);
  const found = mark(shot, element);
  shot.tops.push(element);
  found.style += pinned(
    style,
    'display,position,left,top,right,bottom,width,height,margin,padding,box-sizing,overflow,max-width,max-height,min-width,min-height,transform',
  );
  const box = rect(element);
  if (box && !/^(none|)$/.test(style.positionArea ?? '')) {
    // Its place is told by its anchor, which may be left out.
    found.style += `position-area:none!important;inset:${box.y}px auto auto ${box.x}px!important;margin:0!important;`;
  }
  found.backdrop =
    pinned(shot.style(element, '::backdrop'), 'display,background-color,background-image,opacity') +
    'position:fixed!important;inset:0!important;';
};

// Marks what must be known about the elements of one tree, whose rules are `sheet`.
export const prepare = (shot, tree, sheet) => {
  const part = shot.seen;
  const each = (selector, action) => selector && query(tree, selector).forEach(action);
  for (const [state, name] of shot.states) {
    each(state, (element) => (mark(shot, element).attributes += ` ${name}=""`));
    if (tree.host && is(tree.host, state)) mark(shot, tree.host).attributes += ` ${name}=""`;
  }
  for (const [selector, pseudo, names] of sheet.lost) {
    for (const element of seen(tree, selector, part).slice(0, MAX_PINS)) {
      pin(shot, element, pseudo, pinned(shot.style(element, pseudo), names));
    }
  }
  for (const state of [':modal', ':fullscreen', ':popover-open']) {
    each(state, (element) => {
      if (element !== shot.html && hasBox(element) && !shot.tops.includes(element)) raise(shot, element);
    });
  }
  // Shadow trees are read where their hosts are seen, or where what is in them has the focus, or lies above all.
  for (const host of tree.host ? [] : [read(tree, 'activeElement'), attempt(() => hit(shot, part)[0])]) {
    if (host && shadowRoot(host) && !attempt(() => meets(rect(host), part))) {
      keepAncestors(shot, host);
      mark(shot, host).isKept = true;
    }
  }
  const list = (selectors) => `:is(${selectors})`;
  const escapes = [...sheet.escapes, '[style*=position],[style*=trans],[style*=margin]'];
  for (const element of seen(tree, list(escapes), part)) keepAncestors(shot, element);
  // A branch that counts must be walked even where it is not seen, unless it comes later.
  if (sheet.counters[0]) {
    for (const element of seen(tree, list(sheet.counters), { ...part, y: -1e7 })) {
      keepAncestors(shot, element);
      mark(shot, element).isKept = true;
    }
  }
  // Images of rules are wanted only where an element that is seen matches.
  for (const image of sheet.images) {
    if (image.isSeen) continue;
    for (const selector of image.selectors) {
      for (const element of seen(tree, selector, part).slice(0, 50)) fitTo(shot, image, element);
    }
    if (image.isSeen) want(shot, image);
  }
};

// Pins what animations and transitions have made of their targets by now.
export const still = (shot) => {
  for (const { effect } of attempt(() => read(shot.document, 'getAnimations')(), []).slice(0, MAX_PINS)) {
    attempt(() => {
      const names = new Set(effect.getKeyframes().flatMap(Object.keys));
      for (const name of ['offset', 'computedOffset', 'easing', 'composite']) names.delete(name);
      const list = [...names].map((name) =>
        // `cssFloat`, `backgroundColor`, `WebkitMask` and `--Own` as CSS writes them.
        name.startsWith('-') ? name : name.replace(/^css(.)/, (all, c) => c.toLowerCase()).replace(/[A-Z]/g, (c) => '-' + c.toLowerCase()),
      );
      const { target, pseudoElement } = effect;
      pin(shot, target, pseudoElement, pinned(shot.style(target, pseudoElement), list.join()));
    });
  }
};

// Makes the clone of `element` show the same part of its content, without any script: a pseudo-element as large as the
// scrollport lies where the content is scrolled to, and the container must snap to it.
export const scrolled = (shot, element, left, top, width, height) => {
  const before = shot.style(element, '::before').content;
  const pseudo = /^(none|normal|)$/.test(before) ? 'before' : 'after';
  const { position, display, direction, flexDirection, paddingLeft, paddingTop, columnGap } = shot.style(element);
  const px = (text) => parseFloat(text) || 0;
  const [x, y] = [left - px(paddingLeft), top - px(paddingTop)];
  const margin = (gap) => `margin:${y}px ${-x - width - gap}px ${-y - height}px ${x}px`;
  // In a block of its own layer the marker floats, without taking place, so that the block need not become positioned
  // (and so come to lie above its surroundings).
  let place = `position:absolute!important;left:${left}px!important;top:${top}px`;
  let around = '';
  const kind = pseudo === 'before' && display;
  if (position !== 'static') {
    // It holds the marker as it is.
  } else if (/^(block|flow-root|list-item|inline-block)$/.test(kind)) place = 'float:left!important;' + margin(0);
  else if (kind === 'flex' && flexDirection + direction === 'rowltr') {
    // So does an item that is as wide as its margins and the gap after it take away.
    place = 'order:-1!important;flex:none!important;align-self:flex-start!important;' + margin(px(columnGap));
  } else around = 'position:relative!important';
  const at = `[ds-o="${shot.scrolls}"]`;
  shot.css += `${at}{scroll-snap-type:both mandatory!important;scroll-padding:0!important;scroll-behavior:auto!important;${around}}${at} *{scroll-snap-align:none!important}${at}::${pseudo}{all:initial!important;content:""!important;display:block!important;visibility:hidden!important;scroll-snap-align:start!important;scroll-initial-target:nearest!important;width:${width}px!important;height:${height}px!important;${place}!important}`;
  return ` ds-o="${shot.scrolls++}"`;
};
