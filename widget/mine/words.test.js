import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { KEYS, words } from "./words.js";

const english = JSON.parse(readFileSync(new URL("locales/en.json", import.meta.url), "utf8"));

test("keys stand in the order of the English file", () => {
  assert.deepEqual(KEYS, Object.keys(english));
});

test("every text is said somewhere", () => {
  const source = readFileSync(new URL("mine.js", import.meta.url), "utf8");
  const composed = /^(purpose_|request_|state_|done_)/;
  for (const key of KEYS) assert.ok(composed.test(key) || source.includes(`"${key}"`), `${key} is never said`);
});

test("what is said of an act is there for each act", () => {
  for (const what of ["correct", "erase", "restrict", "free", "withdraw", "object", "asked", "clear"]) {
    assert.ok(KEYS.includes("done_" + what), what);
  }
});

test("own words come first, then the panel's, then the key itself", () => {
  const say = words(KEYS.map((key) => english[key]), ["Close", "{value} of {most}"], { rating_of: 1 });
  assert.equal(say("until", { date: "May" }), "kept until May");
  assert.equal(say("rating_of", { value: 3, most: 5 }), "3 of 5");
  assert.equal(say("fact_new"), "fact_new");
});
