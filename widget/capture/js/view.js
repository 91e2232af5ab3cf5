// The elements of the dialog, made once, and what a row of the pen (see `row.rs`) makes of them.

import { INKS as COLOURS } from './ink.js';
import { INKS, NOTES, REST, SENTENCES, TOOLS, describe, fill, sentence } from './words.js';

const ICONS = [
  'M4 6h16v12H4z',
  'M5 19L19 5M10 5h9v9',
  'M4 20l1-5L16 4l4 4L9 19zM13 7l4 4',
  'M3 21h12M8 17l-2-4 9-9 4 4-9 9zM12 7l4 4',
  'M5 7V4h14v3M12 4v16M9 20h6',
  'M12 21s7-6 7-12a7 7 0 0 0-14 0c0 6 7 12 7 12zM12 6.500v5',
  'M4 7h16v10H4z',
  'M7 2v15h15M2 7h15v15',
  'M12 3v18M3 12h18M9 6l3-3 3 3M9 18l3 3 3-3M6 9l-3 3 3 3M18 9l3 3-3 3',
];
const UNDO = 'M9 14L4 9l5-5M4 9h10a5.500 5.500 0 0 1 0 11h-3';
const REDO = 'M15 14l5-5-5-5M20 9H10a5.500 5.500 0 0 0 0 11h3';
const MINUS = 'M6 12h12';
const CROSS = 'M6 6l12 12M18 6L6 18';
// What the dialog shows, and how far the file has come, as `state.rs` numbers it.
const TAKING = 0;
const WAYS = 1;
const DRAWING = 2;
const LEAVING = 3;
const REVIEW = 4;
const READY = 1;
const TOO_BIG = 2;

// `shape` is a name, a hook after `#` and classes after `.`.
const make = (shape, attributes, ...children) => {
  const [, name, hook, kind] = /(\w+)#?(\w*)\.?(.*)/.exec(shape);
  const space = /svg|path/.test(name) ? '2000/svg' : '1999/xhtml';
  const element = document.createElementNS('http://www.w3.org/' + space, name);
  if (hook) element.dataset.t = hook;
  if (kind) element.setAttribute('class', kind);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  element.append(...children);
  return element;
};
const icon = (path) => make('svg', { viewBox: '0 0 24 24', 'aria-hidden': true }, make('path', { d: path }));
const button = (hook, kind, ...face) => make(`button#${hook}.${kind}`, { type: 'button' }, ...face);
const iconButton = (hook, path, label) => {
  const made = button(hook, 'icon', icon(path));
  made.setAttribute('aria-label', (made.title = label));
  return made;
};
const radios = (hook, kind, label, names, face) =>
  make('fieldset.row ' + kind, { role: 'radiogroup', 'aria-label': label }, ...names.map((name, at) =>
    make('label', { title: name },
      make('input#' + hook, { type: 'radio', name: hook, value: at }), face(at),
      make(kind ? 'span.unseen' : 'span', {}, name))));
const setSize = (canvas, { width, height }) => {
  // Setting even the same size would empty it.
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
};

// Fills `dialog`; brings a function that shows a row, with what the page knows: `pictures`, `typed` and the `file`.
export const build = (dialog, texts, locale, hasScreen) => {
  const tools = texts.slice(TOOLS, INKS);
  const [tooBig, taking, , review, leaving] = texts.slice(SENTENCES + 4);
  const [
    title, close, ways, page, screen, screenHint, screenNone, file, fileHint, fresh, tool, colour, undo, redo, zoomOut,
    zoomIn, zoomFit, help, typing, add, cancel, marks, remove, notes, notesNone, size, encoding, use, attach,
    back, discard, keep,
  ] = texts.slice(REST);
  const text = (kind, ...face) => make('p.' + kind, {}, ...face);
  const fold = (hook) => {
    const [head, list] = [make('summary'), make('ul', { role: 'list' })];
    return [make('details#' + hook, {}, head, list), head, list];
  };

  const another = button('another', 'quiet', ways);
  const body = make('div.body');
  const foot = make('footer#foot');
  const said = make('div#said.unseen', { role: 'status' });
  const [undoing, redoing] = [iconButton('undo', UNDO, undo), iconButton('redo', REDO, redo)];
  const bar = make('div#tools.tools', {},
    radios('tool', '', tool, tools, (at) => icon(ICONS[at])),
    radios('colour', 'inks', colour, texts.slice(INKS, NOTES), (at) => {
      const swatch = make('i');
      swatch.style.background = COLOURS[at];
      return swatch;
    }),
    make('div.row', {}, undoing, redoing),
    make('div.row', {},
      iconButton('out', MINUS, zoomOut), button('fit', 'icon', zoomFit), button('full', 'icon', '100%'),
      iconButton('in', MINUS + 'M12 6v12', zoomIn)));
  const base = make('canvas#base', { 'aria-hidden': true });
  // Arrow keys are for the cursor here, not for reading.
  const picture = make('canvas#picture', { tabindex: 0, role: 'application', 'aria-describedby': 'capture-help' });
  const stage = make('div#stage.stage', {}, base, picture);
  const proof = make('canvas#proof', { role: 'img' });
  const busy = make('i.busy');
  const proving = make('div.stage', { 'data-zoom': 0 });
  const field = make('input#typed', {
    type: 'text', maxlength: 200, autocomplete: 'off', 'aria-label': typing, placeholder: typing,
  });
  const [markFold, markHead, markList] = fold('marks');
  const [noteFold, noteHead, noteList] = fold('notes');
  const [raw, bytes] = [text('why', texts[NOTES]), make('p#size')];
  const facts = make('div.facts', {}, markFold, noteFold, bytes);
  const attaching = button('attach', 'main', attach);
  const backing = button('back', 'quiet', back);
  const dir = /^(ar|he)/.test(locale) ? 'rtl' : 'ltr';
  dialog.append(make('div.sheet', { lang: locale, dir },
    make('header', {}, make('h2', { id: 'capture-title' }, title), another, iconButton('close', CROSS, close)),
    body, foot, said));

  const choice = (why, isBack) => make('div#choice.middle', {},
    make('h3#ways', { tabindex: -1 }, ways),
    ...(why ? [text('why', texts[SENTENCES + why - 1])] : []),
    ...(hasScreen ? [button('screen', 'main', screen), text('', screenHint)] : []),
    make(hasScreen ? 'label.quiet' : 'label.main', {},
      make('input#file.unseen', { type: 'file', accept: 'image/png,image/jpeg,image/webp' }), file),
    text('', fileHint), ...(hasScreen ? [] : [text('', screenNone)]),
    button('page', 'quiet', page), ...(isBack ? [text('', fresh), backing] : []));

  let bodyNow, footNow, marksNow, shotNow;
  return (row, { pictures, typed, file: made }) => {
    const [, , where, why, number, zoom, pen, ink, held, canUndo, canRedo, typing, state, what, ...rest] = row;
    const shot = pictures[number];
    const isTyping = where === DRAWING && typing >= 0;
    another.hidden = where && where !== DRAWING;

    // --- what is there
    // Only what changes is put in: what stays keeps its pixels, its scrolling and the focus.
    const bodyNext = (where === LEAVING ? DRAWING : where) + ' ' + why;
    if (bodyNow !== bodyNext) {
      bodyNow = bodyNext;
      const drawing = [bar, stage, make('p.unseen', { id: 'capture-help' }, help)];
      body.replaceChildren(...(
        where === TAKING ? [make('div#taking.middle', {}, make('i.busy'), text('', taking))]
        : where === WAYS ? [choice(why, shot)] : where === REVIEW ? [proving] : drawing));
    }
    const footNext = where + ' ' + isTyping;
    if (footNow !== footNext) {
      footNow = footNext;
      foot.replaceChildren(...(
        // One bar in the other's place: the picture must not move while a text is typed on it.
        isTyping ? [make('div.field', {}, field), button('add', 'main', add), button('cancel', 'quiet', cancel)]
        : where === DRAWING ? [raw, facts, button('use', 'main', use)]
        : where === LEAVING ? [text('ask', leaving), button('keep', 'main', keep), button('discard', 'quiet', discard)]
        : where === REVIEW ? [text('ask', review), raw, facts, backing, attaching] : []));
      markFold.hidden = where === REVIEW;
      if (isTyping) field.value = typed[typing] ?? '';
    }
    bar.inert = stage.inert = where === LEAVING;
    const saying = sentence(texts, what, rest, typed, shot ?? {});
    // The same words again would be read again.
    if (said.textContent !== saying) said.textContent = saying;
    if (!shot) return;

    // --- what it shows
    for (const [hook, chosen] of [['tool', pen], ['colour', ink]]) {
      bar.querySelectorAll(`[data-t=${hook}]`)[chosen].checked = true;
    }
    undoing.setAttribute('aria-disabled', !canUndo);
    redoing.setAttribute('aria-disabled', !canRedo);
    stage.dataset.zoom = zoom;
    for (const canvas of [base, picture]) {
      setSize(canvas, shot);
      canvas.style.width = zoom ? (shot.width * zoom) / 100 / devicePixelRatio + 'px' : '';
    }
    const label = sentence(texts, 6, rest, typed, shot);
    picture.setAttribute('aria-label', label);
    proof.setAttribute('aria-label', label);

    const list = rest.slice(12).join() + ' ';
    if (marksNow !== list + held) {
      marksNow = list + held;
      const items = [];
      for (let at = 12; at < rest.length; at += 7) {
        const told = describe(texts, rest.slice(at, at + 7), typed);
        const pick = button('pick' + items.length, 'pick', told.mark);
        pick.title = tools.at(-1);
        pick.setAttribute('aria-pressed', held === items.length);
        items.push(make('li', {}, pick, iconButton('remove' + items.length, CROSS, fill(remove, told))));
      }
      markHead.textContent = `${marks} (${items.length})`;
      markList.replaceChildren(...items);
    }
    if (shotNow !== shot) {
      shotNow = shot;
      raw.hidden = !shot.isRaw;
      // What nobody masked is said beside the list, not in it.
      const list = shot.notes.slice(+shot.isRaw);
      noteHead.textContent = `${notes} (${list.length})`;
      noteList.replaceChildren(...(list.length ? list : [notesNone]).map((note) => make('li', {}, note)));
    }

    bytes.className = state === TOO_BIG ? 'why' : 'size';
    bytes.textContent = state === READY
      ? fill(size, { ...made, size: Math.ceil(made.blob.size / 1000) })
      : state === TOO_BIG ? tooBig : encoding;
    attaching.disabled = state !== READY;
    proving.replaceChildren(state === READY ? proof : busy);
  };
};
