// The visitor's own data, behind a link that was mailed to them. The link's token stands in the fragment, which no
// server sees; what it is exchanged for stays in this page's memory. Nothing is stored.

const root = document.getElementById("mine");
const ask = document.getElementById("ask");
const said = document.getElementById("said");
const title = document.querySelector("h1");
const words = JSON.parse(root.dataset.words);
const { site, name, minutes } = root.dataset;
const PURPOSES = ["message", "contact", "picture", "attachment", "browser", "diagnostics", "follow_up"];

let bearer = "";
let until = "";

const say = (key, values = {}) =>
  words[key].replace(/\{(\w+)\}/g, (_, gap) => ({ site: name, minutes, ...values })[gap] ?? "");
const formatted = (style) => {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, style);
  return (time) => format.format(new Date(time));
};
const date = formatted({ dateStyle: "medium" });
const clock = formatted({ timeStyle: "short" });

/** An element: its properties, its attributes in `attr`, its listeners in `on`, then what is in it. */
function make(tag, { attr = {}, on = {}, ...properties } = {}, ...inside) {
  const element = Object.assign(document.createElement(tag), properties);
  for (const [key, value] of Object.entries(attr)) element.setAttribute(key, value);
  for (const [event, listener] of Object.entries(on)) element.addEventListener(event, listener);
  element.append(...inside.filter((one) => one !== null && one !== undefined));
  return element;
}

const button = (text, act, className = "quiet") =>
  make("button", { type: "button", className, textContent: text, on: { click: act } });

function tell(text) {
  said.textContent = text;
  said.hidden = !text;
}

/** What keeps a request from being done: the session has ended, or something that may pass. */
class Ended extends Error {}

async function request(method, path, body) {
  const headers = bearer ? { Authorization: `Bearer ${bearer}` } : {};
  if (body) headers["Content-Type"] = "application/json";
  const options = { method, headers, body: body && JSON.stringify(body), cache: "no-store", credentials: "omit" };
  const response = await fetch(path, { ...options, referrerPolicy: "no-referrer" });
  if (response.status === 401) throw new Ended();
  if (!response.ok) throw new Error(String(response.status));
  return response;
}

const reason = (error) => say(error.message === "429" ? "too_often" : "away");

function end(key) {
  bearer = "";
  root.replaceChildren();
  ask.hidden = false;
  tell(say(key));
  title.focus();
}

/** Runs something that a button asked for; meanwhile no other button does anything. */
async function perform(act) {
  const buttons = [...root.querySelectorAll("button")].filter((one) => !one.disabled);
  buttons.forEach((one) => (one.disabled = true));
  tell(say("loading"));
  try {
    await act();
  } catch (error) {
    if (error instanceof Ended) end("ended");
    else tell(reason(error));
  }
  buttons.forEach((one) => (one.disabled = false));
}

/** Uses a right, says what came of it and shows what is there now. */
const use = (method, path, body) =>
  perform(async () => {
    const answer = await (await request(method, path, body)).json();
    const due = answer.request?.due;
    const outcome = due ? say("done_request", { date: date(due) }) : say("done");
    show(await (await request("GET", "/v1/me")).json());
    tell(outcome);
    title.focus();
  });

/** Asks again before it does what cannot be undone. */
function sure(question, act) {
  return (event) => {
    const asked = event.currentTarget;
    const back = () => {
      box.replaceWith(asked);
      asked.focus();
    };
    const yes = button(say("sure"), act, "danger");
    const box = make(
      "div",
      { className: "sure", attr: { role: "group" } },
      make("p", { textContent: question }),
      yes,
      button(say("cancel"), back),
    );
    asked.replaceWith(box);
    yes.focus();
  };
}

const download = (path, file) =>
  perform(async () => {
    const href = URL.createObjectURL(await (await request("GET", path)).blob());
    make("a", { href, download: file }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
    tell(say("done"));
  });

const receipt = (report) =>
  perform(async () => {
    const kept = await (await request("GET", `/v1/me/reports/${report.report}/receipt`)).json();
    const href = URL.createObjectURL(new Blob([JSON.stringify(kept, null, 2)], { type: "application/json" }));
    make("a", { href, download: `receipt-${report.number}.json` }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
    tell(say("done"));
  });

function rated({ scale, value }) {
  if (scale === "thumbs") return value ? "👍" : "👎";
  return `${value} / ${scale === "nps" ? 10 : 5}`;
}

const row = (term, ...inside) =>
  make("div", {}, make("dt", { textContent: term }), make("dd", {}, ...inside.map((one) => make("span", {}, make("bdi", {}, one)))));

const seconds = new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit: "second" });

/** A fact's value as one line, as the panel shows it before it goes. */
function plain(value) {
  if (typeof value === "boolean") return value ? "✓" : "–";
  if (value?.width) return `${value.width} × ${value.height}`;
  if (value?.brand) return `${value.brand} ${value.version}`;
  // Of what a browser says it is, only that it is on a phone says something.
  if (value?.brands) return plain([...value.brands, value.platform, ...(value.mobile ? ["mobile"] : []), value.model ?? ""]);
  if (Array.isArray(value)) return value.map(plain).filter(Boolean).join(", ");
  return String(value);
}

const fact = ([name, value]) => row(say(`fact_${name}`), name === "visible_ms" ? seconds.format(Math.round(value / 1000)) : plain(value));

function correction(report) {
  const field = (key, tag, value) =>
    make("label", { textContent: say(key) }, make(tag, { name: key, value: value ?? "", dir: "auto" }));
  const has = (purpose) => report.kept.some((kept) => kept.purpose === purpose);
  const submit = (event) => {
    event.preventDefault();
    const { message, name: who, email } = Object.fromEntries(new FormData(event.currentTarget));
    const body = {};
    if (message !== undefined && message !== (report.message ?? "")) body.message = message;
    if (who !== undefined) body.contact = { ...(who && { name: who }), ...(email && { email }) };
    use("PATCH", `/v1/me/reports/${report.report}`, body);
  };
  return make(
    "form",
    { className: "correct", on: { submit } },
    has("message") ? field("message", "textarea", report.message) : null,
    has("contact") ? field("name", "input", report.contact?.name) : null,
    has("contact") ? field("email", "input", report.contact?.email) : null,
    make("button", { type: "submit", className: "main", textContent: say("save") }),
  );
}

function drawn(report) {
  const path = `/v1/me/reports/${report.report}`;
  const is = (purpose) => report.kept.some((kept) => kept.purpose === purpose);
  const contact = [report.contact?.name, report.contact?.email].filter(Boolean).join(" · ");
  const facts = Object.entries(report.browser ?? {});
  const again = !!report.restricted_at;
  return make(
    "article",
    { className: "card", attr: { "data-report": report.report } },
    make(
      "header",
      { className: "request-head" },
      make("h3", {}, `${say(`kind_${report.kind}`)} `, make("bdi", { className: "number soft", textContent: report.number })),
      make("time", { className: "soft", dateTime: report.stored_at, textContent: date(report.stored_at) }),
    ),
    report.message ? make("p", { className: "message", dir: "auto", textContent: report.message }) : null,
    again ? make("p", { className: "mark", textContent: say("restricted", { date: date(report.restricted_at) }) }) : null,
    report.held_because ? make("p", { className: "mark", textContent: say("held", { reason: report.held_because }) }) : null,
    make(
      "dl",
      { className: "rows" },
      report.rating ? row(say("rating"), rated(report.rating)) : null,
      ...Object.entries(report.custom ?? {}).map(([key, value]) => row(key, value)),
      contact ? row(say("contact"), contact) : null,
      report.files?.length ? row(say("attachment"), report.files.map((file) => file.name).join(", ")) : null,
      row(say("kept"), ...report.kept.map((kept) => `${say(kept.purpose)}: ${date(kept.until)}`)),
    ),
    facts.length
      ? make(
          "details",
          {},
          make("summary", { textContent: say("browser") }),
          make("dl", { className: "rows" }, ...facts.map(fact)),
        )
      : null,
    is("message") || is("contact")
      ? make("details", {}, make("summary", { textContent: say("correct") }), correction(report))
      : null,
    make(
      "p",
      { className: "acts-row" },
      button(say("receipt"), () => receipt(report)),
      button(say(again ? "unrestrict" : "restrict"), () =>
        use("POST", "/v1/me/restrict", { report: report.report, restricted: !again }),
      ),
      button(say("erase"), sure(say("erase_sure"), () => use("DELETE", path)), "danger"),
    ),
  );
}

/** A form with a tick box for each purpose. */
function choice(kind, purposes) {
  const submit = (event) => {
    event.preventDefault();
    const ticked = new FormData(event.currentTarget).getAll("purpose");
    if (ticked.length) use("POST", `/v1/me/${kind}`, { purposes: ticked });
  };
  const box = (purpose) =>
    make("label", { className: "tick" }, make("input", { type: "checkbox", name: "purpose", value: purpose }), say(purpose));
  return make(
    "details",
    { className: "card", attr: { "data-right": kind } },
    make("summary", { textContent: say(`${kind}_title`) }),
    make("p", { className: "soft", textContent: say(`${kind}_text`) }),
    make("form", { on: { submit } }, ...purposes.map(box), make("button", { type: "submit", className: "quiet", textContent: say(kind) })),
  );
}

function asked(one) {
  const state = { open: () => say("request_open", { date: date(one.due) }), done: () => say("request_done") };
  const refused = () => say("request_refused", { reason: one.answer ?? "" });
  return make(
    "li",
    {},
    make("strong", { textContent: say(`right_${one.right}`) }),
    make("p", { dir: "auto", textContent: (state[one.state] ?? refused)() }),
    one.extended_because ? make("p", { dir: "auto", className: "soft", textContent: say("request_extended", { reason: one.extended_because }) }) : null,
  );
}

function show({ reports, requests, objections = [] }) {
  const held = new Set(reports.flatMap((report) => report.kept.map((kept) => kept.purpose)));
  const purposes = PURPOSES.filter((purpose) => held.has(purpose));
  const leave = async () => {
    // Whether the collector hears of it or not: the page forgets, and the time ends by itself.
    await request("DELETE", "/v1/rights/session").catch(() => {});
    end("left");
  };
  const some = (list, ...inside) => (list.length ? inside : []);
  ask.hidden = true;
  tell("");
  root.replaceChildren(
    make(
      "p",
      { className: "acts-row" },
      make("span", { className: "soft", textContent: say("open_until", { time: clock(until) }) }),
      button(say("leave"), leave),
    ),
    ...some(requests, make("h2", { textContent: say("requests") }), make("ul", { className: "answered card" }, ...requests.map(asked))),
    ...(reports.length
      ? [make("h2", { textContent: say("reports") }), make("div", { className: "requests" }, ...reports.map(drawn))]
      : [make("p", { className: "empty card", textContent: say("nothing") })]),
    ...some(objections, make("p", { className: "mark", textContent: say("objected", { purposes: objections.map((one) => say(one)).join(", ") }) })),
    ...some(
      reports,
      ...some(purposes, choice("withdraw", purposes), choice("object", purposes)),
      make(
        "p",
        { className: "acts-row" },
        button(say("take"), () => download("/v1/me/export", "my-feedback.zip")),
        button(say("erase_all"), sure(say("erase_all_sure"), () => use("DELETE", "/v1/me")), "danger"),
      ),
    ),
  );
}

/** Programs that read mails open links; only a person presses a button, and the link works once. */
function offer(token) {
  const open = () =>
    perform(async () => {
      if (!bearer) {
        const session = await request("POST", "/v1/rights/session", { token }).catch((error) => {
          if (error instanceof Ended) return null;
          throw error;
        });
        history.replaceState(null, "", location.pathname + location.search);
        if (!session) return end("stale");
        ({ bearer, until } = await session.json());
      }
      show(await (await request("GET", "/v1/me")).json());
      title.focus();
    });
  ask.hidden = true;
  root.replaceChildren(
    make("div", { className: "card" }, make("p", { textContent: say("open_intro") }), button(say("open"), open, "main")),
  );
}

const token = location.hash.slice(1);
if (token) offer(token);
addEventListener("hashchange", () => location.hash.length > 1 && offer(location.hash.slice(1)));
