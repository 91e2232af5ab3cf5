// "My data": what the collector keeps of a visitor, and what they may do about it, with the reporter id as their key.
// Fetched by `door.js` when somebody looks at it, or asks for it by `Candor.me`.
//
// JavaScript like `files`, for the same reason. The decisions are in `state.js`; here they are drawn and performed. What
// lies in the browser is the ledger's, which is asked through the panel's program.
import { calls, problem } from "./calls.js";
import { correction, fresh, held, isAsked, isAsking, mayCorrect, mayRetry, step } from "./state.js";
import { words } from "./words.js";

const LOCALES = __CANDOR_LOCALES__;
const PANEL = __CANDOR_PANEL__;

const WHY = {
  unreachable: "why_offline", timeout: "why_offline", "rate-limited": "why_busy", unavailable: "why_later",
  "storage-full": "why_later", internal: "why_later", "not-found": "why_gone",
};
// Milliseconds for which a file that is being saved is kept at hand.
const SAVING_MS = 60_000;

// `host` is what the loader handed to the panel, `panel` its dialog; `tell(bits)` tells the panel.
export const start = async (host, panel, tell) => {
  const { site, locale, program } = host;
  const me = calls(host.origin);
  const texts = words(await (await host.asset(LOCALES[locale] || LOCALES.en)).json(), host.texts, PANEL);
  const say = (key, values) => texts(key, { site: site.name, ...values });
  const state = fresh();
  const css = new CSSStyleSheet();
  css.replaceSync(__CANDOR_CSS__);
  host.root.adoptedStyleSheets = [...host.root.adoptedStyleSheets, css];
  tell(0);

  // --- elements
  const make = (tag, properties, ...children) => {
    const { hook, label, role, by, ...rest } = properties || {};
    const element = Object.assign(document.createElement(tag), rest);
    if (hook) element.dataset.t = hook;
    if (label) element.ariaLabel = label;
    if (role) element.setAttribute("role", role);
    if (by) element.setAttribute("aria-describedby", by);
    element.append(...children.flat(2).filter((child) => child));
    return element;
  };
  const button = (hook, key, act, properties) => make("button", {
    type: "button", className: "link", hook, textContent: say(key), onclick: act, disabled: !!state.busy, ...properties,
  });
  const icon = (hook, key, path) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const line = document.createElementNS(svg.namespaceURI, "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    line.setAttribute("d", path);
    svg.append(line);
    return make("button", { type: "button", className: "icon", hook, label: say(key) }, svg);
  };
  const pairs = (list) => list.length && make("dl", {}, list.map(([name, value]) =>
    [make("dt", { textContent: name }), make("dd", {}, make("bdi", { textContent: value }))]));
  const date = (time) => new Date(time).toLocaleDateString(locale, { dateStyle: "long" });
  const size = (bytes) => new Intl.NumberFormat(locale, { style: "unit", unit: "kilobyte", maximumSignificantDigits: 3 })
    .format(Math.max(bytes / 1e3, 0.1));
  // A fact as one line, whatever shape it has.
  const line = (value) => value === true ? "✓" : value === false ? "–" : value?.width ? value.width + " × " + value.height
    : value?.brand ? value.brand + " " + value.version
      : typeof value === "object" ? Object.values(value).map(line).filter((part) => part !== "–" && part !== "").join(", ") : String(value);
  const because = (code) => say(WHY[code] || "why_refused", { code });

  // --- what is always there
  const title = make("h2", { id: "mine-title", textContent: say("title"), tabIndex: -1 });
  const said = make("p", { className: "notice", hook: "mine-said", role: "status", tabIndex: -1, hidden: true });
  const body = make("div", { className: "all" });
  const back = icon("mine-back", "back", "M14.500 5.500L8 12l6.500 6.500");
  const sheet = make("div", { className: "sheet mine", lang: locale, hook: "mine-sheet" },
    make("header", {}, back, title, icon("close", "close", "M6 6l12 12M18 6L6 18")),
    make("div", { className: "scroll" }, said, body));

  // --- parts of the page
  const question = (what, id, key, yes, values) => isAsking(state, what, id) && make("div", { className: "ask", role: "group", by: "mine-ask" },
    make("p", { id: "mine-ask", textContent: say(key, values) }),
    make("div", { className: "buttons" },
      button("mine-no", "cancel", () => happen("keep"), { className: "quiet", by: "mine-ask" }),
      button("mine-yes", yes, () => happen("want", what, id), { className: "main bad", by: "mine-ask" })));

  const field = (name, tag, label, properties) => {
    const hook = "mine-" + name;
    return state.editing[name] !== undefined && make("div", { className: "field" },
      make("label", { htmlFor: hook, textContent: say(label) }),
      make(tag, {
        hook, id: hook, value: state.editing[name], dir: "auto",
        oninput: ({ target }) => void step(state, "type", name, target.value), ...properties,
      }));
  };
  const form = () => [
    field("message", "textarea", "message"), field("name", "input", "name"), field("email", "input", "email", { type: "email", dir: "ltr" }),
    make("div", { className: "buttons" },
      button("mine-cancel", "cancel", () => happen("keep"), { className: "quiet" }),
      button("mine-save", "save", () => happen("want", "correct", state.editing.id, correction(state)), { className: "main" })),
  ];

  const opened = new Set();
  const article = (report, place) => {
    const { report: id, message, rating, contact, browser, files = [], kept, restricted_at: isOff } = report;
    const by = "mine-head-" + place;
    const hook = (name) => `mine-${name}-${place}`;
    const act = (name, key, go, properties) => button(hook(name), key, go, { by, ...properties });
    const details = make("details", { open: opened.has(id), ontoggle: ({ target }) => opened[target.open ? "add" : "delete"](id) },
      make("summary", { className: "link", hook: hook("details"), textContent: say("details") }),
      pairs([
        ...contact ? [["name", contact.name], ["email", contact.email], ["id", contact.id]].filter(([, value]) => value)
          .map(([key, value]) => [key === "id" ? "ID" : say(key), value]) : [],
        ...Object.entries(report.custom || {}),
        ...Object.entries(browser || {}).map(([fact, value]) => [say("fact_" + fact), fact === "visible_ms" ? Math.round(value / 1e3) + " s" : line(value)]),
      ]),
      make("h5", { textContent: say("purposes") }),
      pairs(kept.map(({ purpose, until }) => [say("purpose_" + purpose), say("until", { date: date(until) })])));
    return make("li", { hook: hook("report") },
      make("h4", { id: by }, say("kind_" + report.kind), make("small", {}, date(report.stored_at), " · ", make("bdi", { textContent: report.number }))),
      isOff && make("p", { className: "tag", textContent: say("restricted") }),
      report.held_because && make("p", { className: "tag", textContent: say("held", { reason: report.held_because }) }),
      rating && make("p", { className: "soft", textContent: say("rating_of", { value: rating.value, most: { stars: 5, emoji: 5, nps: 10 }[rating.scale] || 1 }) }),
      state.editing?.id === id ? form() : message && make("p", { className: "words", dir: "auto", hook: hook("words"), textContent: message }),
      files.map((file) => make("p", { className: "file" }, make("bdi", { textContent: file.name }), make("small", { textContent: size(file.bytes) }))),
      details,
      question("erase", id, "ask_erase", "erase") || make("div", { className: "links" },
        mayCorrect(report) && !state.editing && !isAsked(state, "correct", id) && act("correct", "correct", () => happen("edit", id)),
        act("restrict", isOff ? "free" : "restrict", () => happen("want", isOff ? "free" : "restrict", id)),
        act("receipt", "receipt", () => happen("want", "receipt", id)),
        !isAsked(state, "erase", id) && act("erase", "erase", () => happen("want", "erase", id))));
  };

  const asked = ({ right, report, due, state: how, extended_because: why, answer }) => make("li", {},
    make("h4", {}, say("request_" + right + (right === "erase" && !report ? "_all" : "")),
      make("small", { textContent: how === "open" ? say("due", { date: date(due) }) : say("state_" + how) })),
    why && make("p", { className: "soft", textContent: say("extended", { reason: why }) }),
    answer && make("p", { className: "words", dir: "auto", textContent: answer }));

  const terms = ({ purpose, until, isObjected }) => {
    const name = say("purpose_" + purpose);
    const by = "mine-for-" + purpose;
    const values = { purpose: name };
    return make("li", {},
      make("h4", { id: by }, name, make("small", { textContent: say("until", { date: date(until) }) + (isObjected ? " · " + say("objected") : "") })),
      question("withdraw", purpose, "ask_withdraw", "withdraw", values) || question("object", purpose, "ask_object", "object", values)
        || make("div", { className: "links" },
          button("mine-withdraw-" + purpose, "withdraw", () => happen("want", "withdraw", purpose), { by }),
          !isObjected && button("mine-object-" + purpose, "object", () => happen("want", "object", purpose), { by })));
  };

  const part = (key, hook, ...children) => make("section", {}, make("h3", { id: hook, hook, textContent: say(key) }), ...children);

  const stored = () => {
    const entries = ledger();
    return part("stored", "mine-stored",
      entries.length ? pairs(entries) : make("p", { className: "soft", hook: "mine-stored-none", textContent: say("stored_none") }),
      question("clear", undefined, "ask_clear", "stored_clear")
        || entries.length > 0 && button("mine-clear", "stored_clear", () => happen("want", "clear"), { className: "quiet" }));
  };

  const shown = () => {
    const { reports, requests, hasId } = state;
    const empty = host.store ? "no_id" : "no_store";
    return [
      hasId && reports.length > 0 && make("p", { className: "soft", textContent: say("intro") }),
      reports.length > 0 && part("reports", "mine-reports", make("ul", {}, reports.map((report, place) => article(report, place + 1)))),
      !reports.length && make("p", { className: "soft", hook: "mine-none", textContent: say(hasId ? "none" : empty) }),
      hasId && !host.store && make("p", { className: "soft", textContent: say("no_store") }),
      requests.length > 0 && part("requests", "mine-requests", make("ul", {}, requests.map(asked))),
      reports.length > 0 && part("purposes", "mine-purposes", make("ul", {}, held(state).map(terms))),
      reports.length > 0 && (question("erase_all", undefined, "ask_erase_all", "erase_all") || make("div", { className: "buttons" },
        button("mine-take", "take", () => happen("want", "take"), { className: "quiet" }),
        !isAsked(state, "erase") && button("mine-erase-all", "erase_all", () => happen("want", "erase_all"), { className: "quiet" }))),
      make("a", {
        href: `${host.origin}/me?site=${site.site}&lang=${locale}`, target: "_blank", rel: "noopener", hook: "mine-by-mail",
        textContent: say("by_mail"),
      }),
    ];
  };

  const draw = () => {
    const { phase, why, busy, said: news } = state;
    const bad = news?.code;
    const text = !news ? "" : bad ? because(bad) : say("done_" + news.what, { date: news.due && date(news.due) });
    said.hidden = !text;
    said.classList.toggle("bad", !!bad);
    if (said.textContent !== text) said.textContent = text;
    body.ariaBusy = !!busy || phase === "loading";
    body.replaceChildren(...[
      phase === "loading" && [make("p", { className: "soft", role: "status", textContent: say("loading") }), make("progress", { label: say("loading") })],
      phase === "failed" && [
        make("p", { className: "notice bad", role: "alert", hook: "mine-failed", textContent: because(why) }),
        mayRetry(why) && button("mine-retry", "retry", () => happen("load"), { className: "quiet" }),
      ],
      phase === "shown" && shown(),
      phase !== "loading" && stored(),
    ].flat().filter((child) => child));
  };

  // --- what happens
  const find = (hook) => sheet.querySelector(`[data-t="${hook}"]`);
  const focus = (hook) => {
    const element = find(hook) || title;
    element.focus();
    // With both of its answers.
    element.closest(".ask")?.scrollIntoView({ block: "nearest" });
  };
  const happen = (name, ...rest) => {
    const effects = step(state, name, ...rest);
    draw();
    for (const [effect, ...values] of effects) perform[effect](...values);
  };
  const perform = {
    load: () => see().then((mine) => happen("loaded", mine), ({ code }) => happen("lost", code)),
    focus,
    // To what was pressed before.
    back(what, id) {
      const place = state.reports.findIndex(({ report }) => report === id) + 1;
      focus(`mine-${what.replace("_", "-")}${place ? "-" + place : id ? "-" + id : ""}`);
    },
    act: (what, id, fields) => acts[what](id, fields)
      .then((answer) => happen("done", what, answer), ({ code }) => happen("failed", code || "internal")),
  };
  const acts = {
    erase: (id) => ask("erase", id),
    erase_all: () => ask("erase"),
    correct: (id, fields) => Object.keys(fields).length ? ask("correct", id, fields) : Promise.resolve(null),
    restrict: (id) => ask("restrict", id),
    free: (id) => ask("restrict", id, false),
    withdraw: (purpose) => withdraw([purpose]),
    object: (purpose) => ask("object", [purpose]),
    clear: async () => void program.call("ledger.clear"),
    take: async () => save(await ask("export"), "my-feedback.zip"),
    async receipt(id) {
      const { number, signed } = await ask("receipt", id);
      if (!signed) throw problem("unavailable");
      save(new Blob([signed], { type: "application/jose" }), `receipt-${number}.jws`);
    },
  };
  const save = (blob, download) => {
    const href = URL.createObjectURL(blob);
    // Not in the page: its own listeners for links have nothing to do with this one.
    make("a", { href, download }).click();
    setTimeout(() => URL.revokeObjectURL(href), SAVING_MS);
  };

  // --- the collector, and the ledger
  const ledger = () => program.call("ledger.list");
  const reporter = () => ledger().find(([key]) => key.startsWith("candor-reporter_"))?.[1];
  const see = async () => {
    const id = reporter();
    return id ? me.see(id) : null;
  };
  const ask = async (name, ...rest) => {
    const id = reporter();
    if (!id) throw problem("not-found");
    return me[name](id, ...rest);
  };
  const withdraw = async (purposes) => {
    const answer = await ask("withdraw", purposes);
    program.call("consent.withdraw", purposes);
    return answer;
  };

  // --- coming and going
  const leave = () => {
    if (!sheet.isConnected) return;
    sheet.remove();
    body.replaceChildren();
    Object.assign(state, fresh());
    opened.clear();
    panel.firstChild.hidden = false;
    panel.setAttribute("aria-labelledby", "title");
  };
  const retreat = () => {
    if (state.asking || state.editing) return happen("keep");
    leave();
    panel.querySelector("[data-t=mine]")?.focus();
  };
  back.onclick = retreat;
  panel.addEventListener("close", leave);
  panel.addEventListener("cancel", (event) => {
    if (!sheet.isConnected) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    retreat();
  }, true);

  return {
    mine() {
      if (sheet.isConnected || !panel.open) return;
      sheet.dir = panel.firstChild.dir;
      panel.firstChild.hidden = true;
      panel.append(sheet);
      panel.setAttribute("aria-labelledby", title.id);
      title.focus();
      happen("load");
    },
    "me.see": async () => await see() || { reports: [], requests: [] },
    "me.export": () => ask("export"),
    "me.receipt": (id) => ask("receipt", id),
    "me.correct": (id, fields) => ask("correct", id, fields),
    "me.erase": (id) => ask("erase", id),
    "me.withdraw": (purposes) => withdraw(purposes),
    "me.restrict": (id, restricted) => ask("restrict", id, restricted),
    "me.object": (purposes) => ask("object", purposes),
  };
};
