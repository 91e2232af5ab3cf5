// What "My data" shows and does. Pure: an event changes the state and comes back as a list of effects, each a name and
// its arguments; `mine.js` performs them, `state.test.js` holds the rules.

// What may go well at another time.
const PASSING = ["unreachable", "timeout", "rate-limited", "unavailable", "storage-full", "internal"];

// `phase`: `loading`, `failed` or `shown`. `asking`: what the visitor has to confirm, as an act `{ what, id }`.
// `editing`: a report's words as typed so far. `busy`: the act that is under way. `said`: what came of the last one.
export const fresh = () =>
  ({ phase: "loading", reports: [], requests: [], objections: [], asking: null, editing: null, busy: null, said: null });

// Acts that cannot be undone, and are asked about first.
const FINAL = ["erase", "erase_all", "withdraw", "object", "clear"];

const same = (one, other) => one?.what === other?.what && one?.id === other?.id;
export const isAsking = ({ asking }, what, id) => same(asking, { what, id });
export const mayRetry = (code) => PASSING.includes(code);

const events = {
  load(state) {
    if (state.phase !== "shown") state.phase = "loading";
    return [["load"]];
  },
  // After `Mine`; `null` where the browser has no reporter id.
  loaded(state, mine) {
    Object.assign(state, { phase: "shown", reports: [], requests: [], objections: [] }, mine);
    state.hasId = !!mine;
    if (state.editing && !state.reports.some(({ report }) => report === state.editing.id)) state.editing = null;
    return [];
  },
  // What is on the screen stays there: it may be old, but it is the visitor's.
  lost(state, code) {
    if (state.phase === "shown") state.said = { code };
    else Object.assign(state, { phase: "failed", why: code });
    return [];
  },
  // The visitor wants something done.
  want(state, what, id, fields) {
    if (state.busy) return [];
    state.said = null;
    if (FINAL.includes(what) && !isAsking(state, what, id)) {
      state.asking = { what, id };
      state.editing = null;
      return [["focus", "mine-no"]];
    }
    state.busy = { what, id };
    return [["act", what, id, fields]];
  },
  // Or rather not.
  keep(state) {
    const { what, id } = state.asking || { what: "correct", id: state.editing?.id };
    Object.assign(state, { asking: null, editing: null });
    return [["back", what, id]];
  },
  edit(state, id) {
    const report = state.reports.find((one) => one.report === id);
    if (!report || state.busy) return [];
    const { message, contact } = report;
    state.editing = { id, message, ...contact && { name: contact.name || "", email: contact.email || "" } };
    Object.assign(state, { asking: null, said: null });
    return [["focus", message === undefined ? "mine-name" : "mine-message"]];
  },
  type(state, field, value) {
    if (state.editing) state.editing[field] = value;
    return [];
  },
  // After `RightsAnswer`; `null` where nobody was asked.
  done(state, what, answer) {
    const { busy } = state;
    Object.assign(state, { asking: null, editing: null, busy: null });
    if (what === "take" || what === "receipt") return [["back", what, busy.id]];
    state.said = answer?.request ? { what: "asked", due: answer.request.due } : { what: what.split("_")[0] };
    return [["load"], ["focus", "mine-said"]];
  },
  failed(state, code) {
    Object.assign(state, { busy: null, said: { code } });
    return [["focus", "mine-said"]];
  },
};

export const step = (state, name, ...rest) => events[name](state, ...rest);

// What a report can be corrected in: what is still kept of it.
export const mayCorrect = ({ message, contact }) => message !== undefined || !!contact;

// What is to be put in the place of what was sent: only what the visitor has changed.
export const correction = ({ reports, editing }) => {
  const { message, contact } = reports.find(({ report }) => report === editing.id);
  const isSame = (editing.name || "") === (contact?.name || "") && (editing.email || "") === (contact?.email || "");
  const person = { ...contact, name: editing.name?.trim() || undefined, email: editing.email?.trim() || undefined };
  return {
    ...message !== editing.message && { message: editing.message },
    ...contact && !isSame && { contact: person },
  };
};

// The purposes for which anything is kept, with the last date of each.
export const held = ({ reports, objections }) => {
  const dates = {};
  for (const { kept } of reports) {
    for (const { purpose, until } of kept) if (!(dates[purpose] > until)) dates[purpose] = until;
  }
  return Object.entries(dates).map(([purpose, until]) => ({ purpose, until, isObjected: objections.includes(purpose) }));
};

// Whether such a request is waiting for its answer already.
export const isAsked = ({ requests }, right, report) =>
  requests.some((one) => one.state === "open" && one.right === right && (!one.report || one.report === report));
