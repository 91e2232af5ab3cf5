// Pictures and attachments: the list in the panel, and their way to the collector. Fetched by `door.js` when a visitor
// adds the first; the tool that takes pictures (`capture`) is fetched from here, when a picture is wanted.
//
// JavaScript like the loader, for the same reason: files, requests and elements are the browser's, and a program of
// its own for the few decisions in between (`state.js`) would weigh three times as much.
import { find, fresh, mayRetry, mostBytes, purposeOf, step, summary } from "./state.js";
import { put } from "./upload.js";
import { words } from "./words.js";

const LIMITS = __CANDOR_LIMITS__;
const LOCALES = __CANDOR_LOCALES__;
const CAPTURE = __CANDOR_CAPTURE__;

const WHY = {
  "too-many": "why_too_many", "too-large": "why_too_large", "unsupported-media": "why_type",
  "picture-invalid": "why_picture", "consent-missing": "why_consent", "purpose-off": "why_consent",
  unreachable: "why_offline", timeout: "why_offline", "rate-limited": "why_busy",
  unavailable: "why_later", "storage-full": "why_later", internal: "why_later",
  "not-found": "why_gone", unauthorized: "why_gone", "site-closed": "why_gone", "unknown-site": "why_gone",
  unreadable: "why_unreadable", cancelled: "why_cancelled", insecure: "why_insecure",
};

const make = (tag, properties, ...children) => {
  const { hook, label, ...rest } = properties;
  const element = Object.assign(document.createElement(tag), rest);
  if (hook) element.dataset.t = hook;
  if (label) element.ariaLabel = label;
  element.append(...children);
  return element;
};

const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

const hash = (bytes) => crypto.subtle.digest("SHA-256", bytes);

// `host` is what the loader handed to the panel, `panel` its dialog; `tell(bits)` tells the panel.
export const start = async (host, panel, tell) => {
  const { site, locale, program } = host;
  const { form, policy } = site;
  const offers = (purpose) => policy.terms.some((terms) => terms.purpose === purpose);
  const terms = {
    picture: offers("picture"),
    attachments: offers("attachment") ? form.attachments : null,
  };
  const [texts, penTexts] = await (await host.asset(LOCALES[locale] || LOCALES.en)).json();
  const say = words(texts);
  // Without a secure context browsers compute no digest, and without one the collector takes no file.
  const state = fresh({ ...LIMITS, isInsecure: !crypto.subtle }, terms);
  const blobs = new Map();
  const rows = new Map();
  const tries = new Map();
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(__CANDOR_CSS__);
  host.root.adoptedStyleSheets = [...host.root.adoptedStyleSheets, sheet];

  // --- the list
  const list = make("ul", { ariaLabel: say("files") });
  const sum = make("p", { className: "sum", hook: "files-sum" });
  const said = make("p", { className: "unseen", hook: "files-said", role: "status" });
  said.setAttribute("role", "status");
  const pick = make("input", { type: "file", className: "unseen", hook: "photo", accept: LIMITS.types.join() });
  const broken = make("div", { className: "field", hidden: true },
    make("p", { className: "notice bad", hook: "pen-failed", textContent: say("pen_failed") }),
    make("div", { className: "adds" }, make("label", { className: "quiet" }, pick, say("choose"))));
  const all = make("div", { className: "files" }, broken, sum, list, said);

  const size = (bytes) => {
    const [unit, amount] = bytes < 1e6 ? ["kilobyte", bytes / 1e3] : ["megabyte", bytes / 1e6];
    return new Intl.NumberFormat(locale, { style: "unit", unit, maximumSignificantDigits: amount < 10 ? 2 : 3 })
      .format(Math.max(amount, 0.1));
  };
  const why = ({ why: code, purpose }) => say(WHY[code] || "why_refused", {
    code, site: site.name, size: code === "too-large" ? size(mostBytes(state, purpose)) : "",
  });
  const words_of = (file) => ({
    stored: () => say("stored", { date: new Date(file.until).toLocaleDateString(locale, { dateStyle: "long" }) }),
    waiting: () => say("waiting"),
    sending: () => say("sending"),
    failed: () => why(file),
    refused: () => why(file),
  })[file.phase]?.() || "";

  const row = (file) => {
    const thumb = make("span", { className: "thumb", ariaHidden: "true" }, file.name.split(".").slice(1).pop()?.slice(0, 5) || "");
    const name = make("b", {}, make("bdi", { textContent: file.name }));
    const notes = file.notes.map((note) => make("p", { textContent: note }));
    const told = make("p", {});
    const again = make("button", { type: "button", className: "link again", hook: "retry-" + file.key, textContent: say("retry"), label: say("retry_name", file) });
    const away = make("button", { type: "button", className: "icon", hook: "remove-" + file.key, textContent: "✕" });
    const bar = make("progress", { max: 1, label: file.name });
    const line = make("li", { hook: "file-" + file.key }, thumb,
      make("div", {}, name, make("p", { textContent: size(file.size) }), ...notes, told),
      make("div", { className: "ends" }, again, away), bar);
    again.onclick = () => happen("retry", file.key);
    away.onclick = () => happen(goes(file) ? "cancel" : "remove", file.key);
    if (LIMITS.types.includes(file.type)) show(blobs.get(file.key), thumb);
    return { line, told, again, away, bar };
  };
  const goes = ({ phase }) => phase === "waiting" || phase === "sending";

  // A canvas, not an `img`: the page's policy has no say in it.
  const show = async (blob, thumb) => {
    const image = await createImageBitmap(blob, { resizeWidth: 168 }).catch(() => { });
    if (!image) return;
    const canvas = make("canvas", { width: image.width, height: image.height });
    canvas.getContext("2d").drawImage(image, 0, 0);
    image.close();
    thumb.replaceChildren(canvas);
  };

  const draw = () => {
    for (const [key, { line }] of rows) {
      if (!find(state, key)) {
        line.remove();
        rows.delete(key);
        blobs.delete(key);
      }
    }
    for (const file of state.files) {
      if (!rows.has(file.key)) {
        rows.set(file.key, row(file));
        list.append(rows.get(file.key).line);
      }
      const { line, told, again, away, bar } = rows.get(file.key);
      const isBad = file.phase === "failed" || file.phase === "refused";
      line.dataset.phase = file.phase;
      told.className = isBad ? "why" : "";
      setText(told, words_of(file));
      again.hidden = !mayRetry(file);
      away.hidden = file.phase === "stored";
      away.ariaLabel = say(goes(file) ? "cancel" : "remove", file);
      bar.hidden = !goes(file);
      if (file.phase === "waiting") bar.removeAttribute("value");
      else bar.value = file.share;
    }
    const { stored, following } = summary(state);
    const isDone = following && stored === following;
    setText(sum, isDone ? say("all") : following ? say("some", { count: stored, total: following }) : "");
    sum.hidden = !following;
    all.hidden = !state.files.length && broken.hidden;
    place();
  };
  const place = () => {
    const slot = panel.querySelector("[data-t=files]");
    if (slot && all.parentNode !== slot) slot.append(all);
  };

  // --- what happens
  const counts = (isPending = false) => {
    const { pictures, attachments, isBusy } = summary(state);
    // The bits of `Files` in the panel.
    tell(isPending | isBusy << 2 | (pictures > 0) << 3 | (attachments > 0) << 4);
  };
  const warn = (event) => event.preventDefault();

  const happen = (name, ...rest) => {
    const effects = step(state, name, ...rest);
    for (const [effect, key] of effects) perform(effect, key);
    // Asked of the visitor only while something would be lost.
    (summary(state).isUploading ? addEventListener : removeEventListener)("beforeunload", warn);
    draw();
    if (name !== "progress") counts();
    return effects;
  };
  const perform = (effect, key) => {
    const file = find(state, key);
    if (effect === "send") send(file);
    if (effect === "abort") tries.get(key).abort();
    if (effect === "ready") said.textContent = say("added", file);
    if (effect === "refused" || effect === "failed") said.textContent = file.name + ": " + why(file);
    if (effect === "stored" || effect === "failed") {
      const { stored, following, isUploading } = summary(state);
      if (effect === "stored") said.textContent = file.name + ": " + words_of(file);
      if (!isUploading && stored === following) said.textContent = say("all");
    }
    if (effect === "removed") {
      said.textContent = say("removed", { name: rows.get(key)?.line.querySelector("b").textContent || "" });
      const after = rows.get(key)?.line;
      const next = after?.nextElementSibling || after?.previousElementSibling;
      (next?.querySelector(".icon") || panel.querySelector("[data-t=add-picture], [data-t=add-file], [data-t=done]"))?.focus();
    }
  };
  const send = (file) => {
    const { key, name, purpose, to } = file;
    const away = new AbortController();
    tries.set(key, away);
    put(`${to.url}${encodeURIComponent(name)}?purpose=${purpose}`, to.bearer, blobs.get(key), hash,
      (share) => tries.get(key) === away && happen("progress", key, share), away.signal)
      .then(({ until }) => ["stored", key, until], (code) => ["failed", key, typeof code === "string" ? code : "internal"])
      // What was cancelled and tried again has another try by now.
      .then((event) => tries.get(key) === away && happen(...event));
  };

  const include = (blob, purpose, notes = []) => {
    const file = { name: blob.name || "", type: blob.type, size: blob.size, purpose, notes };
    blobs.set(state.count + 1, blob);
    happen("add", file);
  };

  const there = (submission) => `${host.origin}/v1/submissions/${submission}/files/`;

  // --- the pen
  let pen, penWays;
  const fetchPen = () => pen ||= (async () => {
    const code = host.asset(CAPTURE.wasm);
    code.catch(() => { }); // told below, once
    const program = await host.module(CAPTURE.glue);
    await program.default({ module_or_path: code });
    return program;
  })();
  // Takes a picture of the page with these selectors masked, too, or takes up `blob`; `null` where the visitor backs out. Throws where there is no pen.
  const take = async (blob, mask = "") => {
    counts(true);
    let tool;
    try {
      tool = await fetchPen();
    } catch (error) {
      pen = null;
      CAPTURE.glue.file += "?"; // as in `door.js`
      throw error;
    } finally {
      counts();
    }
    penWays = tool;
    return tool.take({
      root: host.root, css: tool.css, texts: penTexts, locale, blob, mask: [host.look.mask || "", mask],
      bytesMax: LIMITS.picture,
      // Not closed: that would be the visitor's leaving.
      hidePanel: () => panel.style.visibility = "hidden",
      showPanel: () => {
        panel.style.visibility = "";
        panel.querySelector("[data-t=add-picture]")?.focus();
      },
    });
  };
  const picture = async (blob) => {
    try {
      const taken = await take(blob);
      broken.hidden = true;
      if (taken) include(taken.blob, "picture", taken.notes);
      draw();
    } catch {
      if (blob) return include(blob, "picture", [say("raw")]);
      broken.hidden = false;
      draw();
      said.textContent = say("pen_failed");
      pick.focus();
    }
  };
  pick.oninput = () => {
    const [blob] = pick.files;
    if (blob) include(blob, "picture", [say("raw")]);
    pick.value = "";
  };

  const part = {
    place, picture: () => picture(),
    // Files that were pasted or dropped; pictures by way of the pen, so that they can be drawn on and covered.
    async add(files) {
      for (const file of files) {
        if (purposeOf(state, file.type) === "picture") await picture(file);
        else include(file, "attachment");
      }
    },
    // Files that were chosen.
    attach(files) {
      for (const file of files) include(file, "attachment");
    },
    // After `Receipt`, for the reporter.
    follow({ submission }, bearer) {
      happen("follow", { url: there(submission), bearer });
    },
    // What a page sends itself, one after another: the receipt, with what became of each file.
    async send(receipt, given) {
      const [, bearer] = program.call("ledger.list").find(([key]) => key.startsWith("candor-reporter_"));
      const own = fresh(state.limits, terms);
      const files = [];
      for (const blob of given) {
        const { type, size } = blob;
        step(own, "add", { name: blob.name || "", type, size, purpose: purposeOf(own, type), notes: [] });
        const { name, purpose, why } = own.files.at(-1);
        const url = `${there(receipt.submission)}${encodeURIComponent(name)}?purpose=${purpose}`;
        const told = why ? { code: why } : await put(url, bearer, blob, hash, () => { }, new AbortController().signal)
          .then(({ until }) => ({ until }), (code) => ({ code }));
        files.push({ name, purpose, ...told });
      }
      return { ...receipt, files };
    },
    reset: () => void happen("reset"),
    // The panel is opened: what has arrived was seen.
    open: () => summary(state).isBusy || void happen("reset"),
    async ask(options) {
      const taken = await take(options?.picture, options?.mask);
      return taken && taken.blob;
    },
    leave() {
      penWays?.leave();
      for (const file of state.files) happen("cancel", file.key);
      removeEventListener("beforeunload", warn);
    },
  };
  counts();
  return part;
};
