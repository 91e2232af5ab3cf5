import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rewritten } from './selector.js';

const check = (scope, from, to) =>
  assert.equal(rewritten(from, scope, '', new Map())[0].replaceAll('\x01', '@'), to);

test('live states become attributes of the same weight', () => {
  check('p', 'a:hover > b', 'a[ds-hover]@ > b@');
  check('p', ':focus, :focus-within p', '[ds-focus]@, [ds-focus-within]@ p@');
  check('p', 'x:state(on):not(:hover)', 'x[ds-state-on-]:not([ds-hover])@');
  check('p', 'a:nth-child(2n + 1 of :is(:active, i))', 'a:nth-child(2n + 1 of :is([ds-active], i))@');
});

test('root is the html of the clone', () => {
  check('p', ':root[dir="a:b"] .x\\:hover', '[ds-r][dir="a:b"]@ .x\\:hover@');
  check('p', '.a\\(:scope', '.a\\([ds-r]@');
  check('', ':scope > a', ':scope > a');
});

test('links are never visited', () => {
  check('p', 'a:link, b:visited, :any-link', 'a:where(a,area)[href]@, b:not(*)@, :where(a,area)[href]@');
});

test('the scope goes before the pseudo-element', () => {
  check('p', 'p:first-letter, q::before', 'p@:first-letter, q@::before');
  check('p', '::marker', '@::marker');
  check('p', 'a::highlight(b) c', 'a@::highlight(b) c@');
});

test('selectors of a shadow tree stay in it', () => {
  check('3', ':host(.a) b', '[ds-h="3"]:is(.a) b:where([ds-s="3"])');
  check('3', ':host(:hover)', '[ds-h="3"]:is([ds-hover])');
  check('3', ':host-context(.a) b', '[ds-h="3"]:is(:is(.a) *) b:where([ds-s="3"])');
  check('3', '::slotted(i)', 'slot:where([ds-s="3"])>:is(i)');
  check('3', 'slot.a::slotted(i)::before', 'slot.a:where([ds-s="3"])>:is(i)::before');
  check('p', ':host', '[ds-h]');
  check('p', 'x-c::part(t u)', 'x-c@ [part~="t"][part~="u"]:where([ds-s])');
});

test('states are told with their attributes', () => {
  const states = new Map();
  const [css] = rewritten('a:hover, :not(:defined) b', '', '', states);
  assert.equal(css, 'a[ds-hover], :not(:not([ds-not--defined-])) b');
  assert.deepEqual([...states], [[':hover', 'ds-hover'], [':not(:defined)', 'ds-not--defined-']]);
});

test('pseudo-elements are parted from what can be queried', () => {
  const plain = (text, within) => rewritten(text, 'p', within, new Map())[1];
  assert.deepEqual(plain('a:not(.b, .c)::after, ::marker, p', ''), [['a:not(.b, .c)', '::after'], ['*', '::marker'], ['p', '']]);
  assert.deepEqual(plain('a[b=", "] > ::before', ''), [['a[b=", "] > *', '::before']]);
  assert.deepEqual(plain('& b, > c', 'a'), [[':is(a) b', ''], [':is(a) > c', '']]);
});

test('a broken text is taken as it is', () => {
  for (const text of ['', ')', '"', '[', '[a="', ':is(', '\\', ':::', 'a::part(', ':state(']) assert.equal(rewritten(text, '', '', new Map())[0], text);
});
