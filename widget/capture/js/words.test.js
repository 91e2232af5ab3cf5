import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { describe, fill, noted, PIN, REST, sentence, SHAPES, TEXT, TOOLS } from './words.js';

const locales = new URL('../locales/', import.meta.url);
const read = (name) => JSON.parse(readFileSync(new URL(name, locales), 'utf8'));
const english = read('en.json');
const keys = Object.keys(english);
const texts = Object.values(english);
const placesIn = (text) => (text.match(/\{\w+\}/g) ?? []).sort();

test('every language says everything with the same places', () => {
  const names = readdirSync(locales);
  assert.equal(names.length, 12);
  for (const name of names) {
    const locale = read(name);
    assert.deepEqual(Object.keys(locale).sort(), [...keys].sort(), name);
    for (const key of keys) {
      assert.ok(locale[key].trim(), `${key} in ${name}`);
      assert.deepEqual(placesIn(locale[key]), placesIn(english[key]), `${key} in ${name}`);
    }
  }
});

test('names in a row stand where the words look for them', () => {
  assert.equal(keys[TOOLS + TEXT], 'text');
  assert.equal(keys[TOOLS + PIN], 'pin');
  assert.deepEqual(keys.slice(SHAPES, REST + 1), ['at', 'span', 'title']);
});

test('the view calls the rest by its names', () => {
  const source = readFileSync(new URL('view.js', import.meta.url), 'utf8');
  const [, list] = /const \[([^=]*)\] = texts\.slice\(REST\)/.exec(source);
  const other = { tool: 'tool', typing: 'typed', size: 'size', tooBig: 'why_big' };
  const named = list.split(',').map((name) => name.trim()).filter(Boolean);
  const expected = keys.slice(REST).map((key) => key.replace(/_(\w)/g, (all, letter) => letter.toUpperCase()));
  assert.deepEqual(named.map((name) => other[name] ?? name), expected);
  const [, said] = /const \[([^=]*)\] = texts\.slice\(SENTENCES \+ 4\)/.exec(source);
  assert.deepEqual(said.split(',').map((name) => name.trim()), ['tooBig', 'taking', '', 'review', 'leaving']);
});

test('a mark is named with its place, a pin with its number, a text with its words', () => {
  const said = (mark) => describe(texts, mark, ['', 'too small']).mark;
  assert.equal(said([0, 1, 10, 20, 99, 98, 0]), 'Box from 10, 20 to 99, 98');
  assert.equal(said([5, 3, 30, 10, 30, 10, 0]), 'Pin 3 at 30, 10');
  assert.equal(said([4, 1, 40, 50, 90, 30, 1]), 'Text at 40, 50: too small');
});

test('every sentence is said with all that it needs', () => {
  const say = (what) => sentence(texts, what, [0, 1, 10, 20, 99, 98, 0], [], { width: 800, height: 600 });
  assert.equal(say(6), 'Picture, 800 × 600 pixels');
  assert.equal(say(11), 'Box started at 10, 20');
  assert.equal(say(12), 'Box cancelled');
  assert.equal(say(13), 'Box from 10, 20 to 99, 98 added');
  assert.equal(say(16), 'Box from 10, 20 to 99, 98 moved');
  assert.equal(say(17), '10, 20', 'a place alone');
  for (let what = 0; what < 18; what++) assert.doesNotMatch(say(what), /[{}]|undefined/);
});

test('what a picture does not show is told by count', () => {
  assert.deepEqual(noted(texts, { scaled: true, masked: 3, image: 0 }), [
    'Covered before the picture was taken: 3', 'Made smaller than the screen',
  ]);
  assert.match(noted(texts, { raw: true, scaled: true })[0], /^Nothing is covered in this picture/);
});

test('what stands in a place is no place itself', () => {
  assert.equal(fill('{b}: {a}{b}', { a: '{b}', b: 'B' }), 'B: {b}B');
});
