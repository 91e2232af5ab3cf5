// Run by `cargo xtask test` with node's own test runner.
import assert from "node:assert/strict";
import { test } from "node:test";
import { correction, fresh, held, isAsked, isAsking, mayCorrect, mayRetry, step } from "./state.js";

const report = (id, more) => ({ report: id, message: "Hello", kept: [{ purpose: "message", until: "2027-01-01" }], ...more });
const shown = (mine = {}) => {
  const state = fresh();
  step(state, "loaded", { reports: [report("a"), report("b")], requests: [], ...mine });
  return state;
};
const kinds = (effects) => effects.map(([name]) => name);

test("nothing final happens without a second yes", () => {
  for (const what of ["erase", "erase_all", "withdraw", "object", "clear"]) {
    const state = shown();
    assert.deepEqual(kinds(step(state, "want", what, "a")), ["focus"], what);
    assert.ok(isAsking(state, what, "a") && !state.busy, what);
    assert.deepEqual(step(state, "want", what, "a"), [["act", what, "a", undefined]]);
    assert.deepEqual(state.busy, { what, id: "a" });
  }
});

test("a yes to one is no yes to another", () => {
  const state = shown();
  step(state, "want", "erase", "a");
  assert.deepEqual(kinds(step(state, "want", "erase", "b")), ["focus"]);
  assert.ok(isAsking(state, "erase", "b") && !isAsking(state, "erase", "a"));
});

test("what can be undone, and what only reads, is not asked about", () => {
  for (const what of ["restrict", "free", "take", "receipt", "correct"]) {
    assert.deepEqual(kinds(step(shown(), "want", what, "a")), ["act"], what);
  }
});

test("one act at a time", () => {
  const state = shown();
  step(state, "want", "take");
  assert.deepEqual(step(state, "want", "restrict", "a"), []);
  assert.deepEqual(step(state, "edit", "a"), []);
  assert.deepEqual(state.busy, { what: "take", id: undefined });
});

test("who backs out is back at what they pressed, with nothing done", () => {
  const state = shown();
  step(state, "want", "withdraw", "contact");
  assert.deepEqual(step(state, "keep"), [["back", "withdraw", "contact"]]);
  assert.ok(!state.asking && !state.busy);
  step(state, "edit", "b");
  assert.deepEqual(step(state, "keep"), [["back", "correct", "b"]]);
  assert.ok(!state.editing);
});

test("what was done is said and looked up anew; what became a request names its day", () => {
  const state = shown();
  step(state, "want", "restrict", "a");
  assert.deepEqual(kinds(step(state, "done", "restrict", { reports: 1 })), ["load", "focus"]);
  assert.deepEqual(state.said, { what: "restrict" });
  step(state, "want", "erase", "a");
  step(state, "want", "erase", "a");
  step(state, "done", "erase", { reports: 0, request: { due: "2027-01-02" } });
  assert.deepEqual([state.said, state.asking, state.busy], [{ what: "asked", due: "2027-01-02" }, null, null]);
});

test("erasing everything is said as erasing is", () => {
  const state = shown();
  step(state, "want", "erase_all");
  step(state, "want", "erase_all");
  step(state, "done", "erase_all", { reports: 2 });
  assert.deepEqual(state.said, { what: "erase" });
});

test("after saving a file the visitor is where they were", () => {
  const state = shown();
  step(state, "want", "receipt", "a");
  assert.deepEqual(step(state, "done", "receipt"), [["back", "receipt", "a"]]);
  assert.equal(state.said, null);
});

test("a failure says why, keeps what was asked and typed, and lets it be tried again", () => {
  const state = shown();
  step(state, "want", "erase", "a");
  step(state, "want", "erase", "a");
  step(state, "failed", "unreachable");
  assert.deepEqual([state.said, state.busy], [{ code: "unreachable" }, null]);
  assert.deepEqual(kinds(step(state, "want", "erase", "a")), ["act"]);
  const other = shown();
  step(other, "edit", "a");
  step(other, "type", "message", "Better");
  step(other, "want", "correct", "a", correction(other));
  step(other, "failed", "rate-limited");
  assert.equal(other.editing.message, "Better");
});

test("a first look that fails says so; a later one leaves what is on the screen", () => {
  const state = fresh();
  step(state, "lost", "unreachable");
  assert.deepEqual([state.phase, state.why], ["failed", "unreachable"]);
  assert.deepEqual(step(state, "load"), [["load"]]);
  assert.equal(state.phase, "loading");
  const later = shown();
  step(later, "load");
  step(later, "lost", "unreachable");
  assert.deepEqual([later.phase, later.reports.length, later.said], ["shown", 2, { code: "unreachable" }]);
});

test("a browser without an id has nothing to show, and is not told that nothing is kept", () => {
  const state = fresh();
  step(state, "loaded", null);
  assert.deepEqual([state.phase, state.hasId, state.reports], ["shown", false, []]);
  step(state, "loaded", { reports: [], requests: [] });
  assert.ok(state.hasId);
});

test("what is gone is no longer edited", () => {
  const state = shown();
  step(state, "edit", "a");
  step(state, "loaded", { reports: [report("b")], requests: [] });
  assert.equal(state.editing, null);
  assert.deepEqual(step(state, "edit", "gone"), []);
});

test("a correction is what was changed, and keeps what is not shown", () => {
  const contact = { name: "Ada", email: "ada@mail.example", id: "7" };
  const state = shown({ reports: [report("a", { contact })] });
  step(state, "edit", "a");
  assert.deepEqual(correction(state), {});
  step(state, "type", "message", "Better");
  assert.deepEqual(correction(state), { message: "Better" });
  step(state, "type", "message", "Hello");
  step(state, "type", "name", " ");
  assert.deepEqual(correction(state), { contact: { ...contact, name: undefined } });
});

test("only what is still kept can be corrected", () => {
  assert.ok(mayCorrect(report("a")) && mayCorrect({ contact: {} }));
  assert.ok(!mayCorrect({ rating: {} }));
});

test("each purpose is there once, with its last date", () => {
  const kept = (until) => [{ purpose: "message", until }, { purpose: "picture", until: "2026-12-01" }];
  const state = shown({ reports: [report("a", { kept: kept("2027-03-01") }), report("b", { kept: kept("2027-02-01") })], objections: ["picture"] });
  assert.deepEqual(held(state), [
    { purpose: "message", until: "2027-03-01", isObjected: false },
    { purpose: "picture", until: "2026-12-01", isObjected: true },
  ]);
});

test("what was asked for and waits is not asked for again; one for everything holds for each", () => {
  const asked = (more) => shown({ requests: [{ right: "erase", state: "open", ...more }] });
  assert.ok(isAsked(asked({ report: "a" }), "erase", "a"));
  assert.ok(!isAsked(asked({ report: "a" }), "erase", "b"));
  assert.ok(!isAsked(asked({ report: "a" }), "correct", "a"));
  assert.ok(isAsked(asked({}), "erase", "b"));
  assert.ok(!isAsked(asked({ state: "refused" }), "erase", "a"));
});

test("only what may go well at another time is offered again", () => {
  assert.ok(mayRetry("unreachable") && mayRetry("rate-limited"));
  for (const code of ["not-found", "unauthorized", "invalid"]) assert.ok(!mayRetry(code), code);
});
