// What the dialog says, in the visitor's language. A locale is a plain list in the order of `locales/en.json`; what Rust
// names by number stands there in rows, in Rust's order.

export const TOOLS = 0;
export const INKS = 9;
export const NOTES = 15;
export const SENTENCES = 27;
export const SHAPES = 44;
export const REST = 46;
// Tools that are told by one place.
export const TEXT = 4;
export const PIN = 5;
// That nothing was masked, and domshot's reasons, in the order of their texts.
const CODES = 'raw masked hidden image canvas frame video font stylesheet closed-shadow deadline scaled'.split(' ');

// `text` with each `{name}` place taken by its value.
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => values[name]);

// A mark (see `row.rs`) in words, in full and by what it is; `typed` are the words of texts by their numbers.
export const describe = (texts, [tool, number, x, y, toX, toY, words], typed) => {
  const name = texts[TOOLS + tool] + (tool === PIN && number ? ' ' + number : '');
  const values = { tool: name, from: `${x}, ${y}`, to: `${toX}, ${toY}` };
  const isPoint = tool === TEXT || tool === PIN;
  return { ...values, mark: fill(texts[SHAPES + !isPoint], values) + (words ? ': ' + typed[words] : '') };
};

// What is said of a mark on a picture of this size. Last come places alone, which read the same in every language.
export const sentence = (texts, what, mark, typed, { width, height }) =>
  fill(texts.slice(SENTENCES, SHAPES)[what] ?? '{from}', { ...describe(texts, mark, typed), width, height });

// What a picture does not show, by domshot's counts, in words.
export const noted = (texts, counts) =>
  CODES.flatMap((code, at) => (counts[code] ? fill(texts[NOTES + at], { count: counts[code] }) : []));
