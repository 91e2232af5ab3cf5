// Run by `cargo xtask test` with node's own test runner.
import assert from "node:assert/strict";
import { test } from "node:test";
import { find, fresh, mayRetry, purposeOf, step, summary } from "./state.js";

const LIMITS = { types: ["image/png", "image/jpeg"], picture: 100, attachment: 90, files: 3, name: 16 };
const TERMS = { picture: true, attachments: { types: ["text/*", "application/pdf"], count: 2, bytes: 80 } };
const PICTURE = { name: "", type: "image/png", size: 10, purpose: "picture", notes: [] };
const NOTE = { name: "note.txt", type: "text/plain", size: 10, purpose: "attachment", notes: [] };
const CODES = ["too-large", "unsupported-media", "picture-invalid", "consent-missing", "purpose-off", "site-closed",
  "unknown-site", "origin-refused", "not-found", "unauthorized", "duplicate-mismatch", "invalid", "policy-changed"];

const state = (...files) => {
  const made = fresh(LIMITS, TERMS);
  for (const file of files) step(made, "add", file);
  return made;
};
const phases = (state) => state.files.map(({ phase }) => phase);

test("what a site takes is ready, and counted by purpose", () => {
  const made = state(PICTURE, NOTE);
  assert.deepEqual(phases(made), ["ready", "ready"]);
  const { pictures, attachments, isUploading, isBusy } = summary(made);
  assert.deepEqual([pictures, attachments, isUploading, isBusy], [1, 1, false, false]);
});

test("what the collector would refuse is refused at once, and says why", () => {
  const why = (file, ...before) => state(...before, file).files.at(-1).why;
  assert.equal(why({ ...PICTURE, size: 101 }), "too-large");
  assert.equal(why({ ...NOTE, size: 81 }), "too-large");
  assert.equal(why({ ...PICTURE, type: "image/svg+xml" }), "unsupported-media");
  assert.equal(why({ ...NOTE, type: "texts/plain" }), "unsupported-media");
  assert.equal(why({ ...NOTE, type: "" }), "unsupported-media");
  assert.equal(why(NOTE, NOTE, NOTE), "too-many");
  assert.equal(why(PICTURE, PICTURE, PICTURE, PICTURE), "too-many");
  const closed = fresh(LIMITS, { picture: false });
  step(closed, "add", PICTURE);
  step(closed, "add", NOTE);
  assert.deepEqual(closed.files.map(({ why }) => why), ["purpose-off", "purpose-off"]);
  assert.equal(summary(closed).pictures, 0);
});

test("a page without a secure connection sends no file, and says so before anything is written", () => {
  const made = fresh({ ...LIMITS, isInsecure: true }, TERMS);
  step(made, "add", PICTURE);
  assert.deepEqual([made.files[0].phase, made.files[0].why], ["refused", "insecure"]);
});

test("a refused file takes nobody's place", () => {
  const made = state(NOTE, { ...NOTE, size: 99 }, NOTE);
  assert.deepEqual(phases(made), ["ready", "refused", "ready"]);
});

test("a name is no path, hides nothing, and is nobody else's", () => {
  const name = (name) => state({ ...NOTE, name }).files[0].name;
  assert.equal(name("a/b\\c\u202e.txt"), "a_b_c_.txt");
  assert.equal(name("..."), "file");
  assert.equal(name("a long name of a note.txt"), "f a note.txt");
  assert.deepEqual(state(NOTE, NOTE).files.map(({ name }) => name), ["note.txt", "2-note.txt"]);
  assert.equal(state({ ...PICTURE, type: "image/jpeg" }).files[0].name, "picture-1.jpg");
});

test("they follow one after another, and not before their text", () => {
  const made = state(PICTURE, NOTE);
  assert.deepEqual(step(made, "stored", 1), []);
  assert.deepEqual(step(made, "follow", "there"), [["send", 1]]);
  assert.deepEqual(phases(made), ["sending", "waiting"]);
  assert.ok(summary(made).isUploading);
  assert.deepEqual(step(made, "stored", 1, "until"), [["stored", 1], ["send", 2]]);
  step(made, "progress", 2, 0.5);
  assert.equal(find(made, 2).share, 0.5);
  assert.deepEqual(step(made, "stored", 2), [["stored", 2]]);
  assert.deepEqual([summary(made).isUploading, summary(made).isBusy], [false, false]);
});

test("a failure stops nobody behind it, and is told until somebody has dealt with it", () => {
  const made = state(PICTURE, NOTE);
  step(made, "follow", "there");
  assert.deepEqual(step(made, "failed", 1, "unreachable"), [["failed", 1], ["send", 2]]);
  step(made, "stored", 2);
  assert.deepEqual([summary(made).isUploading, summary(made).isBusy], [false, true]);
  assert.deepEqual(step(made, "retry", 1), [["send", 1]]);
  step(made, "stored", 1);
  assert.ok(!summary(made).isBusy);
});

test("only what may go well at another time can be tried again", () => {
  for (const why of CODES) assert.ok(!mayRetry({ phase: "failed", why }), why);
  assert.ok(mayRetry({ phase: "failed", why: "rate-limited" }));
  const made = state(PICTURE);
  step(made, "follow", "there");
  step(made, "failed", 1, "too-large");
  assert.deepEqual(step(made, "retry", 1), []);
  assert.deepEqual(phases(made), ["failed"]);
});

test("a cancelled file is aborted, and an answer that comes later changes nothing", () => {
  const made = state(PICTURE, NOTE);
  step(made, "follow", "there");
  assert.deepEqual(step(made, "cancel", 1), [["abort", 1], ["failed", 1], ["send", 2]]);
  assert.deepEqual(step(made, "stored", 1), []);
  step(made, "progress", 1, 1);
  assert.deepEqual([find(made, 1).phase, find(made, 1).share], ["failed", 0]);
  assert.ok(mayRetry(find(made, 1)));
});

test("what is waiting is cancelled without a request", () => {
  const made = state(PICTURE, NOTE);
  step(made, "follow", "there");
  assert.deepEqual(step(made, "cancel", 2), [["failed", 2]]);
});

test("a file on its way cannot be removed, every other can", () => {
  const made = state(PICTURE, NOTE);
  step(made, "follow", "there");
  step(made, "remove", 1);
  step(made, "remove", 2);
  assert.deepEqual(phases(made), ["sending", "waiting"]);
  step(made, "failed", 1, "too-large");
  step(made, "remove", 1);
  assert.deepEqual(phases(made), ["sending"]);
});

test("another form begins with nothing but what is still on its way", () => {
  const made = state(PICTURE, NOTE);
  step(made, "follow", "there");
  step(made, "failed", 1, "too-large");
  step(made, "reset");
  assert.deepEqual(phases(made), ["sending"]);
  step(made, "add", NOTE);
  assert.deepEqual(step(made, "follow", "elsewhere"), []);
  assert.deepEqual(made.files.map(({ to }) => to), ["there", "elsewhere"]);
});

test("a file without a wish is a picture where pictures are asked for", () => {
  assert.equal(purposeOf(state(), "image/png"), "picture");
  assert.equal(purposeOf(state(), "image/svg+xml"), "attachment");
  assert.equal(purposeOf(fresh(LIMITS, { picture: false }), "image/png"), "attachment");
});

test("an event for a file that is not there changes nothing", () => {
  const made = state();
  for (const name of ["remove", "progress", "stored", "failed", "cancel", "retry"]) step(made, name, 7, "x");
  assert.deepEqual(made.files, []);
});
