// The browser's side of the dialog: events, pixels and files. It decides nothing: what happens is told to the pen (Rust)
// in numbers, and what is to be seen comes back as rows of numbers (`view.js`, `ink.js`).

import { paintIn } from './frame.js';
import { setFont, spread } from './ink.js';
import { build } from './view.js';
import { noted } from './words.js';

const TYPES = ['image/png', 'image/jpeg', 'image/webp'];
// What every phone's canvas can hold.
const MOST_PIXELS = 16e6;
const LONGEST_SIDE = 16384;
// Type, quality, and factor on both sides: as it is, then lossy, then coarser, then smaller.
const TRIES = [
  [TYPES[0]], [TYPES[2], 0.9], [TYPES[2], 0.7], [TYPES[1], 0.85], [TYPES[1], 0.6],
  [TYPES[1], 0.6, 0.7], [TYPES[1], 0.6, 0.5], [TYPES[1], 0.6, 0.35], [TYPES[1], 0.5, 0.25],
];
// What the pen can be told, in the order of its numbers (`event.rs`); the first are buttons, by their hooks.
const EVENTS = 'close discard keep back page screen another undo redo fit full in out add cancel use attach remove pick tool colour typed down move up abort key loaded failed encoded toobig';
const KEYS = 'ArrowLeft ArrowUp ArrowRight ArrowDown Enter Delete PageDown PageUp z y Escape';
// Its effects (`state.rs`).
const SHOOT = 1;
const CAPTURE = 2;
const ATTACH = 3;
const LEAVE = 4;
const REVEAL = 5;
// Where an effect puts the focus, in the order of the effects after `REVEAL`.
const FOCUSED = ['picture', 'ways', 'typed', 'marks', 'keep', 'back', 'attach'];
// Why there is no picture.
const BY_PAGE = 0;
const REFUSED = 1;
const BY_SCREEN = 2;
const BY_FILE = 3;
const FILE = 0;
const BASE = 1;
const ABOVE = 2;

// `world` is all that belongs to the open dialog: what comes too late finds another one, or none.
let world;

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const find = (hook) => world?.dialog.querySelector(`[data-t="${hook}"]`);
const hookOf = (element) => element?.dataset.t ?? '';
const numberOf = (list, name) => list.split(' ').indexOf(name);

// Tells the pen, shows what comes of it, and does what it asks for.
const tell = (name, a = 0, b = 0) => {
  const row = world.pen.tell(numberOf(EVENTS, name), a, b);
  const [effect, turn, , , picture] = row;
  world.row = row;
  if (turn !== world.turn) world.file = null;
  // While a line is drawn nothing of this changes.
  const facts = row.slice(1).join();
  if (world.facts !== facts) {
    world.facts = facts;
    world.show(row, world);
  }
  const { pen, pictures, typed } = world;
  const paint = (hook, layer, under) => {
    const context = find(hook)?.getContext('2d');
    if (!context) return;
    context.clearRect(0, 0, 1e5, 1e5);
    if (under) context.drawImage(under.canvas, 0, 0);
    spread(context, pen.ink(layer), typed);
  };
  // What lies under the pen's tip is painted anew only where it has changed: its pixels are many.
  const beneath = turn + ' ' + row[8];
  if (pictures.length && world.beneath !== beneath && find('base')) {
    world.beneath = beneath;
    paint('base', BASE, pictures[picture]);
  }
  paint('picture', ABOVE);
  if (turn !== world.turn) {
    world.turn = turn;
    encode();
  }
  if (effect === SHOOT) shoot();
  if (effect === CAPTURE) capture();
  if (effect === REVEAL) reveal();
  const focused = FOCUSED[effect - REVEAL - 1];
  if (focused) focus(focused);
  if (focused === 'attach') prove();
  if (effect === ATTACH || effect === LEAVE) finish(effect === ATTACH);
};

// Opens the dialog and takes a picture of the page at once, or takes up `host.blob`. `host` is what the panel hands over:
// `root`, `css`, `texts`, `locale`, `mask`, `bytesMax`, `hidePanel()`, `showPanel()`, and perhaps `blob`; `pen` is the
// WebAssembly, `draw` domshot's.
//
// The promise brings `{ blob, width, height, notes }` once the visitor attaches a picture, and `null` when they back
// out; it never rejects. While a dialog is open a second call backs out of the first.
export const open = (host, pen, draw) => {
  leave();
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(host.css);
  const dialog = document.createElement('dialog');
  dialog.className = 'panel capture';
  dialog.setAttribute('aria-labelledby', 'capture-title');
  world = {
    // The words of texts by their numbers; 0 is none.
    host, pen, draw, dialog, sheet, off: new AbortController(), turn: 0, pictures: [], typed: [''],
    show: build(dialog, host.texts, host.locale, hasScreen()),
  };
  pen.begin(Math.round(devicePixelRatio));
  host.root.adoptedStyleSheets = [...host.root.adoptedStyleSheets, sheet];
  host.root.append(dialog);
  host.hidePanel();
  listen(dialog);
  dialog.showModal();
  const promise = new Promise((done) => (world.settle = done));
  tell(host.blob ? 'abort' : 'page');
  // Whatever is no picture ends in the choice of ways.
  if (host.blob) load(host.blob);
  return promise;
};

// Backs out of an open dialog and takes everything away with it, whatever was drawn: for a widget that is destroyed.
export const leave = () => world && finish(false);

const finish = (isAttached) => {
  const { host, dialog, sheet, off, settle, file, pictures, row } = world;
  world = null;
  off.abort();
  dialog.close();
  dialog.remove();
  host.root.adoptedStyleSheets = [...host.root.adoptedStyleSheets].filter((one) => one !== sheet);
  host.showPanel();
  settle(isAttached ? { ...file, notes: pictures[row[4]].notes } : null);
};

const listen = (dialog) => {
  const on = (kinds, act) => {
    for (const kind of kinds.split(' ')) dialog.addEventListener(kind, act, { signal: world.off.signal });
  };
  const pointers = new Map();
  const box = () => find('picture')?.getBoundingClientRect();
  const shot = () => world.pictures[world.row[4]];
  const point = (name, { clientX, clientY }) => {
    // A pointer may outlast the picture that it came down on.
    if (!box()) return;
    const { x, y, width, height } = box();
    tell(name, Math.floor(((clientX - x) * shot().width) / width), Math.floor(((clientY - y) * shot().height) / height));
  };

  on('click', ({ target }) => {
    const button = target.closest('button');
    if (!button || button.getAttribute('aria-disabled') === 'true') return;
    const [, name, at] = /(\D*)(\d*)/.exec(hookOf(button));
    if (name === 'pick') find('marks').open = false;
    if (at) tell(name, +at);
    // How large a pixel of the picture is at the moment, in per cent of the screen's.
    else tell(name, box() ? Math.round((box().width * devicePixelRatio * 100) / shot().width) : 0);
  });
  on('input', ({ target }) => {
    const hook = hookOf(target);
    if (target.files) {
      load(target.files[0]);
      target.value = '';
    } else if (hook === 'typed') {
      const { row, typed } = world;
      const at = row[11] || typed.length;
      const words = (typed[at] = target.value);
      const context = find('picture').getContext('2d');
      setFont(context, 20 * row[25]);
      tell(hook, words.trim() ? at : 0, Math.ceil(context.measureText(words).width));
    } else tell(hook, +target.value);
  });
  on('pointerdown', (event) => {
    for (const fold of dialog.querySelectorAll('[open]')) fold.open = fold.contains(event.target);
    if (hookOf(event.target) !== 'picture' || event.button) return;
    event.target.setPointerCapture(event.pointerId);
    event.target.focus({ preventScroll: true });
    event.preventDefault();
    pointers.set(event.pointerId, event);
    if (pointers.size > 1) tell('abort');
    else point('down', event);
  });
  // The compatible mouse event would take the focus from the field that a press may have opened.
  on('mousedown', (event) => hookOf(event.target) === 'picture' && event.preventDefault());
  on('pointermove', (event) => {
    const last = pointers.get(event.pointerId);
    if (!last) return;
    if (pointers.size > 1) {
      // Two fingers move the picture, and each reports half of it.
      find('stage').scrollBy((last.clientX - event.clientX) / 2, (last.clientY - event.clientY) / 2);
      pointers.set(event.pointerId, event);
    } else point('move', event);
  });
  on('pointerup', (event) => {
    if (pointers.delete(event.pointerId) && !pointers.size) point('up', event);
  });
  on('pointercancel', (event) => {
    if (pointers.delete(event.pointerId)) tell('abort');
  });
  on('keydown', (event) => {
    const { key, target } = event;
    const hook = hookOf(target);
    const command = event.ctrlKey || event.metaKey;
    const name = { ' ': 'Enter', Backspace: 'Delete' }[key] ?? (key.length > 1 ? key : key.toLowerCase());
    const at = numberOf(KEYS, name);
    if (event.isComposing) return;
    if (key === 'Enter' && hook === 'typed') tell('add');
    else if (key === 'Enter' && target.type === 'radio') focus('picture');
    else if (
      name === 'Escape' ||
      (at >= 0 && (name === 'z' || name === 'y' ? command && hook !== 'typed' : hook === 'picture' && !command))
    ) tell('key', at, event.shiftKey + 2 * event.altKey);
    else return;
    event.preventDefault();
  });
  on('paste drop', (event) => {
    const { files } = event.clipboardData ?? event.dataTransfer;
    if (!files.length) return;
    event.preventDefault();
    load(files[0]);
  });
  on('dragover', (event) => event.preventDefault());
  const escape = () => tell('key', numberOf(KEYS, 'Escape'));
  on('cancel', (event) => {
    event.preventDefault();
    escape();
  });
  // A browser that is told twice in a row to close does it whatever we say.
  on('close', () => {
    if (!world || dialog.open) return;
    dialog.showModal();
    escape();
  });
  // Nothing that is typed, pasted or dropped here is the page's business.
  on('keydown keyup keypress beforeinput input change copy cut paste drop dragenter dragover dragleave', (event) =>
    event.stopPropagation(),
  );
};

const focus = (hook) => {
  const element = find(hook);
  // A list of marks is focused by what opens it.
  (element?.querySelector('summary') ?? element)?.focus();
};

// Scrolls so that the mark or place that was just told of can be seen.
const reveal = () => {
  const [stage, canvas] = [find('stage'), find('picture')];
  const [box, port] = [canvas.getBoundingClientRect(), stage.getBoundingClientRect()];
  const [, , x, y] = world.row.slice(14);
  const margin = 24;
  const over = (at, from, to) => (at < from + margin ? at - from - margin : Math.max(0, at - to + margin));
  stage.scrollBy(
    over(box.x + (x * box.width) / canvas.width, port.x, port.right),
    over(box.y + (y * box.height) / canvas.height, port.y, port.bottom),
  );
};

// --- three ways to a picture
const hasScreen = () =>
  !!navigator.mediaDevices?.getDisplayMedia && document.featurePolicy?.allowsFeature('display-capture') !== false;
const fetchBlob = async (url) => {
  const response = await fetch(url, { cache: 'force-cache', credentials: 'same-origin' });
  if (!response.ok) throw response.status;
  return response.blob();
};
// One selector that cannot be read would void the list, and with it all masks.
const masked = () =>
  ['[data-candor-mask]', ...world.host.mask].filter((selector) => {
    try {
      return selector && (document.querySelector(selector), true);
    } catch {
      console.warn('candor: no selector', selector);
    }
  }).join();

const blank = (width, height) => {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d');
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  return context;
};

const add = (canvas, counts) => {
  const { width, height } = canvas;
  world.pictures.push({ canvas, width, height, notes: noted(world.host.texts, counts), isRaw: !!counts.raw });
  tell('loaded', width, height);
};

// The pixels of a picture that nobody has masked.
const addRaw = (image, width, height) => {
  const scale = Math.min(1, Math.sqrt(MOST_PIXELS / (width * height)), LONGEST_SIDE / Math.max(width, height));
  const [w, h] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
  const context = blank(w, h);
  context.drawImage(image, 0, 0, w, h);
  add(context.canvas, { raw: true, scaled: scale < 1 });
};

const shoot = async () => {
  const mine = world;
  const options = {
    dpr: devicePixelRatio, mask: masked(), hide: '[data-candor-hide]', own: 'candor-widget', fetch: fetchBlob,
    elsewhere: paintIn(mine.host.root),
  };
  try {
    const { canvas, notes } = await mine.draw(mine.pen.ask, document, options);
    if (world === mine) add(canvas, notes);
  } catch ({ code }) {
    if (world === mine) tell('failed', /^(refused|tainted)/.test(code) ? REFUSED : BY_PAGE);
  }
};

const load = async (blob) => {
  const mine = world;
  const image = TYPES.includes(blob?.type) && (await createImageBitmap(blob).catch(() => {}));
  if (world !== mine) return;
  if (image?.width) addRaw(image, image.width, image.height);
  else tell('failed', BY_FILE);
};

// A stream may still hold what was there before: a frame that was taken after this moment, where the browser tells, and
// where it takes one. A page on which nothing moves may never be taken again.
const fresh = (video, moment) =>
  new Promise((done) => {
    const look = (now, { captureTime }) => (captureTime < moment ? next() : done());
    const next = () => video.requestVideoFrameCallback?.(look);
    setTimeout(done, 2500);
    next() ?? done();
  });

const capture = async () => {
  const mine = world;
  const widget = mine.host.root.host;
  let stream;
  try {
    stream = await navigator.mediaDevices.getDisplayMedia({
      // A browser that is asked for a film, and cannot follow, makes its pictures smaller.
      video: {
        displaySurface: 'browser', frameRate: 10,
        width: innerWidth * devicePixelRatio, height: innerHeight * devicePixelRatio,
      },
      preferCurrentTab: true, selfBrowserSurface: 'include', surfaceSwitching: 'exclude',
    });
    if (world !== mine) return;
    // The widget is no part of the page. Another tab may be in front by now, in which no frame is ever animated.
    widget.style.setProperty('display', 'none', 'important');
    await sleep(50);
    const hidden = performance.now();
    const video = Object.assign(document.createElement('video'), { muted: true, srcObject: stream });
    await video.play();
    await Promise.all([sleep(500), fresh(video, hidden)]);
    if (world === mine) addRaw(video, video.videoWidth, video.videoHeight);
    video.srcObject = null;
  } catch {
    if (world === mine) tell('failed', BY_SCREEN);
  } finally {
    for (const track of stream?.getTracks() ?? []) track.stop();
    widget.style.removeProperty('display');
    focus('picture');
  }
};

// --- the file
// Makes a file of what is kept of the picture once nothing has changed for a while.
const encode = async () => {
  const { row, pen, pictures, typed, host } = world;
  const [turn, number, left, top, width, height] = [row[1], row[4], ...row.slice(21)];
  const ink = pen.ink(FILE);
  const mine = world;
  const isLate = () => world !== mine || mine.turn !== turn;
  await sleep(300);
  if (isLate()) return;
  // Flat before it is scaled: a blackout's edge would else be mixed with what it covers.
  const flat = blank(width, height);
  flat.translate(-left, -top);
  flat.drawImage(pictures[number].canvas, 0, 0);
  spread(flat, ink, typed);
  for (const [type, quality, scale = 1] of TRIES) {
    let { canvas } = flat;
    if (scale < 1) {
      const small = blank(Math.ceil(width * scale), Math.ceil(height * scale));
      small.drawImage(canvas, 0, 0, small.canvas.width, small.canvas.height);
      canvas = small.canvas;
    }
    const blob = await new Promise((done) => canvas.toBlob(done, type, quality));
    if (isLate()) return;
    if (blob?.type === type && blob.size <= host.bytesMax) {
      mine.file = { blob, width: canvas.width, height: canvas.height };
      return tell('encoded');
    }
  }
  tell('toobig');
};

// Shows the file's own pixels.
const prove = async () => {
  const { file } = world;
  const image = await createImageBitmap(file.blob);
  const canvas = world?.file === file && find('proof');
  if (!canvas) return;
  Object.assign(canvas, { width: file.width, height: file.height }).getContext('2d').drawImage(image, 0, 0);
  image.close();
};
