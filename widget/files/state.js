// What becomes of the files of a form. Pure: an event changes the state and comes back as a list of effects, each a
// name and the key of a file; `files.js` performs them, `state.test.js` holds the rules.
//
// A file is `ready` (chosen) or `refused` (this site would not take it) while the form is open; once its text is
// stored it is `waiting`, `sending`, and in the end `stored` or `failed`.

// What may go well at another time.
const PASSING = ["unreachable", "timeout", "rate-limited", "unavailable", "storage-full", "internal", "cancelled", "unreadable"];

// `limits`: what any site takes. `terms`: what this one takes: `{ picture, attachments: { types, count, bytes } }`.
export const fresh = (limits, terms) => ({ limits, terms, files: [], count: 0 });

export const find = (state, key) => state.files.find((file) => file.key === key);
const are = (state, ...phases) => state.files.filter(({ phase }) => phases.includes(phase));

// A family of media types (`text/*`) or one.
const covers = (allowed, type) => allowed.endsWith("/*") ? type.startsWith(allowed.slice(0, -1)) : allowed === type;

// What a file that comes without a wish is taken for: a picture where it is one, else an attachment.
export const purposeOf = ({ limits, terms }, type) =>
  terms.picture && limits.types.includes(type) ? "picture" : "attachment";

// The code with which the collector would refuse it; nothing where it would not.
const fault = (state, { purpose, type, size }) => {
  const { limits, terms: { picture, attachments } } = state;
  if (limits.isInsecure) return "insecure";
  const is = purpose === "picture";
  if (is ? !picture : !attachments) return "purpose-off";
  const chosen = are(state, "ready");
  const same = chosen.filter((file) => file.purpose === purpose);
  if (chosen.length >= limits.files || (!is && same.length >= attachments.count)) return "too-many";
  const types = is ? limits.types : attachments.types;
  if (!types.some((allowed) => covers(allowed, type))) return "unsupported-media";
  if (size > mostBytes(state, purpose)) return "too-large";
};

export const mostBytes = ({ limits, terms }, purpose) =>
  purpose === "picture" ? limits.picture : Math.min(limits.attachment, terms.attachments.bytes);

// A name that the collector takes, and that no other file of the same report has.
const nameFor = (state, key, { name, type, purpose }) => {
  if (purpose === "picture") return `picture-${key}.${type.slice(6).replace("jpeg", "jpg")}`;
  const clean = name.replace(/[/\\\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "_");
  const end = [...clean].slice(4 - state.limits.name).join("").trim().replace(/^\.+/, "") || "file";
  return are(state, "ready").some((file) => file.name === end) ? `${key}-${end}` : end;
};

// One at a time: a slow line is not made faster by sharing it.
const next = (state) => {
  const [file] = are(state, "waiting");
  if (!file || are(state, "sending")[0]) return [];
  file.phase = "sending";
  file.share = 0;
  return [["send", file.key]];
};

const end = (state, file, phase, why) => {
  if (file?.phase !== "sending" && file?.phase !== "waiting") return [];
  file.phase = phase;
  file.why = why;
  return [[phase, file.key], ...next(state)];
};

const drop = (state, ...phases) => {
  state.files = state.files.filter(({ phase }) => !phases.includes(phase));
  return [];
};

const events = {
  // A file was chosen: `{ name, type, size, purpose, notes }`.
  add(state, file) {
    const key = ++state.count;
    const why = fault(state, file);
    const phase = why ? "refused" : "ready";
    state.files.push({ ...file, key, name: why ? file.name : nameFor(state, key, file), why, phase, share: 0 });
    return [[phase, key]];
  },
  // The visitor does not want it (any more).
  remove(state, key) {
    state.files = state.files.filter((file) => file.key !== key || file.phase === "waiting" || file.phase === "sending");
    return [["removed", key]];
  },
  // Their text is stored: they follow it to that address.
  follow(state, to) {
    drop(state, "refused");
    for (const file of are(state, "ready")) Object.assign(file, { phase: "waiting", to });
    return next(state);
  },
  progress(state, key, share) {
    const file = find(state, key);
    if (file?.phase === "sending") file.share = share;
    return [];
  },
  stored(state, key, until) {
    const file = find(state, key);
    if (file) file.until = until;
    return end(state, file, "stored");
  },
  failed: (state, key, code) => end(state, find(state, key), "failed", code),
  cancel(state, key) {
    const file = find(state, key);
    return [...file?.phase === "sending" ? [["abort", key]] : [], ...end(state, file, "failed", "cancelled")];
  },
  retry(state, key) {
    const file = find(state, key);
    if (!file || !mayRetry(file)) return [];
    file.phase = "waiting";
    return next(state);
  },
  // Another form: what is settled has had its time.
  reset: (state) => drop(state, "stored", "failed", "refused"),
};

export const step = (state, name, ...rest) => events[name](state, ...rest);

export const mayRetry = ({ phase, why }) => phase === "failed" && PASSING.includes(why);

// What the panel has to know: files to be agreed to, and whether any that follow are not settled yet.
export const summary = (state) => {
  const ready = are(state, "ready");
  const pictures = ready.filter(({ purpose }) => purpose === "picture").length;
  const following = state.files.filter(({ to }) => to);
  return {
    pictures,
    attachments: ready.length - pictures,
    isUploading: are(state, "waiting", "sending").length > 0,
    isBusy: following.some(({ phase }) => phase !== "stored"),
    stored: are(state, "stored").length,
    following: following.length,
  };
};
