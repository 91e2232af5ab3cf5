import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { KEYS, words } from "./words.js";

const english = JSON.parse(readFileSync(new URL("locales/en.json", import.meta.url), "utf8"));

test("keys stand in the order of the English file", () => {
  assert.deepEqual(KEYS, Object.keys(english));
});

test("every text that is said is there", () => {
  const source = readFileSync(new URL("files.js", import.meta.url), "utf8");
  const said = [...source.matchAll(/(?:say\(|")(why_\w+|pen_failed|retry_name)"?/g)].map(([, key]) => key);
  for (const key of said) assert.ok(KEYS.includes(key), key);
  for (const key of KEYS) assert.ok(source.includes(`"${key}"`), `${key} is never said`);
});

test("places are taken by name", () => {
  const say = words(KEYS.map((key) => english[key]));
  assert.equal(say("some", { total: 3, count: 1 }), "Your text is stored. Files that have arrived: 1 of 3.");
});
