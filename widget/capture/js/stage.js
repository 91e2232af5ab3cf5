// The browser's side of the dialog: elements, canvases, pixels and files. It decides nothing: what happens is told to
// Rust, and what is to be seen comes from there as one stream (`draw`) and as lines of ink (`paint`).

const TYPES = ['image/png', 'image/jpeg', 'image/webp'];
// What every phone's canvas can hold.
const MOST_PIXELS = 16e6;
const LONGEST_SIDE = 16384;
// Type, quality, and factor on both sides: as it is, then lossy, then coarser, then smaller.
const TRIES = [
  [TYPES[0]], [TYPES[2], 0.9], [TYPES[2], 0.7], [TYPES[1], 0.85], [TYPES[1], 0.6],
  [TYPES[1], 0.6, 0.7], [TYPES[1], 0.6, 0.5], [TYPES[1], 0.6, 0.35], [TYPES[1], 0.5, 0.25],
];
const [PRESS, INPUT, DOWN, MOVE, UP, ABORT, KEY, LOADED, FAILED, ENCODED, TOO_BIG] = Array(11).keys();
const [BY_PAGE, BY_SCREEN, BY_FILE, REFUSED] = Array(4).keys();
const SHRUNK = 4;

let host, tell, dialog, off, sheet, settle, pictures, file, turn = 0;

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const find = (hook) => dialog?.querySelector(`[data-t="${hook}"]`);
const hookOf = (element) => element?.dataset.t ?? '';
const sheets = (change) => (host.root.adoptedStyleSheets = change([...host.root.adoptedStyleSheets]));

// --- the dialog
export const open = (from, teller) => {
  [host, tell, pictures, file] = [from, teller, [], null];
  off = new AbortController();
  sheet = new CSSStyleSheet();
  sheet.replaceSync(host.css);
  sheets((all) => [...all, sheet]);
  dialog = document.createElement('dialog');
  dialog.className = 'capture';
  dialog.setAttribute('aria-labelledby', 'capture-title');
  host.root.append(dialog);
  host.hidePanel();
  listen();
  dialog.showModal();
  return new Promise((done) => (settle = done));
};

export const finish = (attached, notes) => {
  turn++;
  off.abort();
  dialog.close();
  dialog.remove();
  sheets((all) => all.filter((one) => one !== sheet));
  const brought = attached ? { ...file, notes } : null;
  const { showPanel } = host;
  host = tell = dialog = sheet = pictures = file = null;
  showPanel();
  settle(brought);
};

const listen = () => {
  const on = (kinds, act) => {
    for (const kind of kinds.split(' ')) dialog.addEventListener(kind, act, { signal: off.signal });
  };
  const pointers = new Map();
  const at = ({ clientX, clientY }, canvas) => {
    const box = canvas.getBoundingClientRect();
    return [
      Math.floor(((clientX - box.x) * canvas.width) / box.width),
      Math.floor(((clientY - box.y) * canvas.height) / box.height),
    ];
  };
  const point = (kind, event) => tell(kind, ...at(event, find('picture')), 0, '');
  const shown = () => {
    const canvas = find('picture');
    return canvas ? Math.round((canvas.getBoundingClientRect().width * devicePixelRatio * 100) / canvas.width) : 100;
  };

  on('click', ({ target }) => {
    const button = target.closest('button');
    if (button && button.ariaDisabled !== 'true') tell(PRESS, shown(), 0, 0, hookOf(button));
  });
  on('input', ({ target }) => {
    if (target.files) {
      load(target.files[0]);
      target.value = '';
    } else tell(INPUT, 0, 0, 0, hookOf(target) + '\n' + target.value);
  });
  on('pointerdown', (event) => {
    for (const fold of dialog.querySelectorAll('[open]')) fold.open = fold.contains(event.target);
    if (hookOf(event.target) !== 'picture' || event.button) return;
    event.target.setPointerCapture(event.pointerId);
    event.target.focus({ preventScroll: true });
    event.preventDefault();
    pointers.set(event.pointerId, event);
    if (pointers.size > 1) tell(ABORT, 0, 0, 0, '');
    else point(DOWN, event);
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
    } else point(MOVE, event);
  });
  on('pointerup', (event) => {
    if (pointers.delete(event.pointerId) && !pointers.size) point(UP, event);
  });
  on('pointercancel', (event) => {
    if (pointers.delete(event.pointerId)) tell(ABORT, 0, 0, 0, '');
  });
  on('keydown', (event) => {
    const { key, target } = event;
    const hook = hookOf(target);
    const command = event.ctrlKey || event.metaKey;
    if (event.isComposing) return;
    if (key === 'Enter' && hook === 'typed') tell(PRESS, 0, 0, 0, 'add');
    else if (key === 'Enter' && target.type === 'radio') focus('picture');
    else if (
      key === 'Escape' ||
      (hook === 'picture' && !command && /^(Arrow.*|Enter| )$/.test(key)) ||
      (hook !== 'typed' && command && /^[zy]$/i.test(key))
    ) tell(KEY, event.shiftKey + 2 * event.altKey + 4 * command, 0, 0, key);
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
  on('cancel', (event) => {
    event.preventDefault();
    tell(KEY, 0, 0, 0, 'Escape');
  });
  // A browser that is told twice in a row to close does it whatever we say.
  on('close', () => {
    if (!dialog || dialog.open) return;
    dialog.showModal();
    tell(KEY, 0, 0, 0, 'Escape');
  });
  // Nothing that is typed, pasted or dropped here is the page's business.
  on('keydown keyup keypress beforeinput input change copy cut paste drop dragenter dragover dragleave', (event) =>
    event.stopPropagation(),
  );
};

// --- what Rust asks
export const page = () => document;
export const pixelRatio = () => devicePixelRatio;
export const hasScreen = () =>
  !!navigator.mediaDevices?.getDisplayMedia && document.featurePolicy?.allowsFeature('display-capture') !== false;
const fetchBlob = async (url) => {
  const response = await fetch(url, { cache: 'force-cache', credentials: 'same-origin' });
  if (!response.ok) throw response.status;
  return response.blob();
};
// One selector that cannot be read would void the list, and with it all masks.
const masked = () =>
  ['[data-candor-mask]', ...host.mask].filter((selector) => {
    try {
      return selector && (document.querySelector(selector), true);
    } catch {
      console.warn('candor: no selector', selector);
    }
  }).join();
export const options = () => ({
  dpr: devicePixelRatio, mask: masked(), hide: '[data-candor-hide]', own: 'candor-widget', fetch: fetchBlob,
});

// --- elements
const SVG = 'http://www.w3.org/2000/svg';

// Walks the stream and the elements that are there side by side; what has the same name and hook stays.
export const draw = (stream) => {
  let parent = dialog;
  let place = dialog.firstChild;
  const above = [];
  for (const piece of stream.split(/(?=[\x01-\x04])/)) {
    const body = piece.slice(1);
    const at = body.search(/[#=]/);
    const [name, value] = [body.slice(0, at), body.slice(at + 1)];
    switch (piece.charCodeAt()) {
      case 1: {
        let element = place;
        if (!element || element.localName !== name || hookOf(element) !== value) {
          element = name === 'svg' || name === 'path' ? document.createElementNS(SVG, name) : document.createElement(name);
          if (value) element.dataset.t = value;
          place ? place.replaceWith(element) : parent.append(element);
        }
        above.push([parent, element, new Set(['data-t', 'open', 'style'])]);
        [parent, place] = [element, element.firstChild];
        break;
      }
      case 2: {
        const live = name === 'checked' || (name === 'value' && parent.type === 'text');
        above.at(-1)[2].add(name);
        if (live) {
          const wanted = name === 'checked' ? !!value : value;
          // Setting even the same text would move the caret to its end.
          if (parent[name] !== wanted) parent[name] = wanted;
        } else if (parent.getAttribute(name) !== value) parent.setAttribute(name, value);
        break;
      }
      case 3:
        if (place?.nodeType !== 3) {
          const text = document.createTextNode(body);
          place ? place.replaceWith(text) : parent.append(text);
          place = text;
        } else if (place.data !== body) place.data = body;
        place = place.nextSibling;
        break;
      case 4: {
        while (place) {
          const next = place.nextSibling;
          place.remove();
          place = next;
        }
        const [outer, element, known] = above.pop();
        for (const { name } of [...element.attributes]) if (!known.has(name)) element.removeAttribute(name);
        [parent, place] = [outer, element.nextSibling];
      }
    }
  }
  zoom();
};

const zoom = () => {
  const stage = find('stage');
  const percent = stage?.dataset.zoom;
  for (const canvas of stage?.querySelectorAll('canvas') ?? []) {
    canvas.style.width = percent > 0 ? (canvas.width * percent) / 100 / devicePixelRatio + 'px' : '';
  }
};

export const focus = (hook) => {
  const element = find(hook);
  // A list of marks is focused by what opens it.
  (element?.querySelector('summary') ?? element)?.focus();
};

export const reveal = (x, y) => {
  const [stage, canvas] = [find('stage'), find('picture')];
  const [box, port] = [canvas.getBoundingClientRect(), stage.getBoundingClientRect()];
  const margin = 24;
  const over = (at, from, to) => (at < from + margin ? at - from - margin : Math.max(0, at - to + margin));
  stage.scrollBy(
    over(box.x + (x * box.width) / canvas.width, port.x, port.right),
    over(box.y + (y * box.height) / canvas.height, port.y, port.bottom),
  );
};

// --- pixels
const blank = (width, height) => {
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d');
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  return context;
};

const spread = (context, ink) => {
  Object.assign(context, { lineCap: 'round', lineJoin: 'round', textBaseline: 'alphabetic', textAlign: 'left' });
  for (const line of ink.split('\n')) {
    const [kind, colour, size, ...rest] = line.split(' ');
    context.fillStyle = context.strokeStyle = colour;
    context.lineWidth = size;
    if (kind === 'stroke') context.stroke(new Path2D(rest.join(' ')));
    if (kind === 'fill') context.fill(new Path2D(rest.join(' ')), 'evenodd');
    if (kind === 'text' || kind === 'number') {
      const [edge, x, y, ...words] = rest;
      const text = words.join(' ');
      context.font = `600 ${size}px system-ui, sans-serif`;
      const { width } = context.measureText(text);
      if (kind === 'number') context.fillText(text, x - width / 2, +y + size * 0.36);
      else {
        // Kept inside the picture where it fits at all, and edged like everything that is drawn.
        const left = Math.max(0, Math.min(x, context.canvas.width - width));
        context.strokeStyle = edge;
        context.lineWidth = size / 5;
        context.strokeText(text, left, y);
        context.fillText(text, left, y);
      }
    }
  }
};

export const paint = (hook, picture, ink) => {
  const canvas = find(hook);
  const context = canvas.getContext('2d');
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (picture >= 0) context.drawImage(pictures[picture], 0, 0);
  spread(context, ink);
};

const add = (image, width, height, way) => {
  const scale = Math.min(1, Math.sqrt(MOST_PIXELS / (width * height)), LONGEST_SIDE / Math.max(width, height));
  const [w, h] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
  const context = blank(w, h);
  context.drawImage(image, 0, 0, w, h);
  pictures.push(context.canvas);
  tell(LOADED, w, h, way | (scale < 1 && SHRUNK), '');
};

export const keepDrawn = async (drawing) => {
  const mine = tell;
  try {
    const { canvas, notes } = await drawing;
    if (tell !== mine) return;
    pictures.push(canvas);
    tell(LOADED, canvas.width, canvas.height, BY_PAGE, Object.entries(notes).map((note) => note.join(' ')).join('\n'));
  } catch ({ code }) {
    if (tell === mine) tell(FAILED, /^(refused|tainted)/.test(code) ? REFUSED : BY_PAGE, 0, 0, '');
  }
};

// --- files
const keep = async (blob, way) => {
  const mine = tell;
  const image = await createImageBitmap(blob).catch(() => {});
  if (tell !== mine) return;
  if (image?.width) add(image, image.width, image.height, way);
  else tell(FAILED, way, 0, 0, '');
  image?.close();
};

export const load = (blob) => (blob && TYPES.includes(blob.type) ? keep(blob, BY_FILE) : tell(FAILED, BY_FILE, 0, 0, ''));

export const capture = async () => {
  const [mine, widget] = [tell, host.root.host];
  let stream;
  try {
    stream = await navigator.mediaDevices.getDisplayMedia({
      video: { displaySurface: 'browser', width: innerWidth * devicePixelRatio, height: innerHeight * devicePixelRatio },
      preferCurrentTab: true, selfBrowserSurface: 'include', surfaceSwitching: 'exclude',
    });
    if (tell !== mine) return;
    // The widget is no part of the page; what the stream holds in this moment may still show it.
    widget.style.setProperty('display', 'none', 'important');
    const video = Object.assign(document.createElement('video'), { muted: true, srcObject: stream });
    await video.play();
    await sleep(500);
    if (tell === mine) add(video, video.videoWidth, video.videoHeight, BY_SCREEN);
    video.srcObject = null;
  } catch {
    if (tell === mine) tell(FAILED, BY_SCREEN, 0, 0, '');
  } finally {
    for (const track of stream?.getTracks() ?? []) track.stop();
    widget.style.removeProperty('display');
    find('picture')?.focus();
  }
};

export const encode = async (picture, ink, left, top, width, height) => {
  const mine = ++turn;
  file = null;
  await sleep(300);
  if (mine !== turn) return;
  // Flat before it is scaled: a blackout's edge would else be mixed with what it covers.
  const flat = blank(width, height);
  flat.translate(-left, -top);
  flat.drawImage(pictures[picture], 0, 0);
  spread(flat, ink);
  for (const [type, quality, scale = 1] of TRIES) {
    let { canvas } = flat;
    if (scale < 1) {
      const small = blank(Math.ceil(width * scale), Math.ceil(height * scale));
      small.drawImage(canvas, 0, 0, small.canvas.width, small.canvas.height);
      canvas = small.canvas;
    }
    const blob = await new Promise((done) => canvas.toBlob(done, type, quality));
    if (mine !== turn) return;
    if (blob?.type === type && blob.size <= host.bytesMax) {
      file = { blob, width: canvas.width, height: canvas.height };
      return tell(ENCODED, file.width, file.height, blob.size, '');
    }
  }
  tell(TOO_BIG, 0, 0, 0, '');
};

export const prove = async () => {
  const image = await createImageBitmap(file.blob);
  find('proof')?.getContext('2d').drawImage(image, 0, 0);
  image.close();
};
