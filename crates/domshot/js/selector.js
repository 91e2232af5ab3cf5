// Selectors of the page, rewritten so that they say the same about the clone.
//
// The clone is a picture: nothing in it is hovered, focused, modal or `:root`, and shadow trees are flattened into one
// tree. So live states become attributes, and every compound is tied to the tree it was written for. Selectors come from
// the CSSOM: without comments, their keywords in lower case, their attributes' values in double quotes.

// Pseudo-classes that depend on the moment, not on markup.
const LIVE =
  /^((hover|focus(-visible|-within)?|active|target(-within)?|modal|popover-open|fullscreen|picture-in-picture|(-webkit-)?autofill|(user-)?(in)?valid|(in|out-of)-range|indeterminate|placeholder-shown|playing|paused|muted|open|active-view-transition)$|state\()/;
// CSS 2's pseudo-elements may be written with one colon.
const OLD = /^(before|after|first-l(ine|etter))$/;
// An escape, a string, an attribute, a pseudo-class or -element with its opening bracket, a comma, a combinator, a name, or
// anything else.
const PIECE =
  /\\.|"(?:\\.|[^"])*"?|\[(?:"(?:\\.|[^"])*"|[^"\]])*\]?|(::?)((?:state|part)\([^)]*\)|(?:[\w-]|[^\0-\x7f]|\\.)+)\(?|,\s*|[\s>+~]+|[\w.#*-]+|[^]/g;
// Stands where the scope of a page rule goes, until it is known whether the page has shadow trees at all.
const SCOPE = '\x01';

// What the selector list `text` must read in the clone, and its selectors as they can be queried, each with the
// pseudo-element that it is about (empty where there is none). `scope` is `p` for the page, the number of a shadow tree,
// or nothing for rules inside `@scope`; `within` is the selector of the rule around it; `states` takes the live states
// that are met.
export const rewritten = (text, scope, within, states) => {
  const host = /\d/.test(scope) ? `[ds-h="${scope}"]` : '[ds-h]';
  const tie = scope === 'p' ? SCOPE : scope && `:where([ds-s="${scope}"])`;
  const plain = [];
  // What ends each bracket that is open.
  const ends = [];
  let css = '';
  let [selector, element] = ['', ''];
  // Has a compound begun, and has it its scope, or must have none?
  let [isOpen, isTied] = [false, false];
  const seal = () => {
    if (!isTied) css += tie;
    isOpen = isTied = true;
  };
  const close = () => {
    if (isOpen) seal();
    isOpen = isTied = false;
  };
  const end = () => {
    close();
    if (element && /(^|[ >+~])$/.test(selector)) selector += '*';
    if (within) selector = selector.includes('&') ? selector.replaceAll('&', `:is(${within})`) : `:is(${within}) ${selector}`;
    plain.push([selector, element]);
    selector = element = '';
  };
  // The attribute that stands for a live state.
  const state = (written) => {
    const name = 'ds-' + written.slice(1).replace(/[^a-z\d]/gi, '-');
    states.set(written, name);
    return `[${name}]`;
  };

  for (const [piece, colons, name] of text.matchAll(PIECE)) {
    const isNested = ends.length > 0;
    const isElement = colons && !isNested && (colons[1] || OLD.test(name));
    let said = piece;
    let closing = ')';
    if (isElement) {
      if (name === 'slotted' && !isOpen) css += 'slot';
      seal();
      if (name === 'slotted') said = '>:is(';
      else if (name.startsWith('part(')) said = ` ${name.slice(5, -1).replace(/\s*(\S+)\s*/g, '[part~="$1"]')}:where([ds-s])`;
    } else if (colons) {
      if (name === 'root' || (name === 'scope' && scope)) said = '[ds-r]';
      else if (/^(any-)?link$/.test(name)) said = ':where(a,area)[href]';
      else if (name === 'visited') said = ':not(*)';
      else if (name === 'defined') said = `:not(${state(':not(:defined)')})`;
      else if (LIVE.test(name)) said = state(piece);
      else if (/^host(-context)?$/.test(name)) {
        isTied ||= !isNested;
        said = host;
        if (piece.endsWith('(')) {
          said += name === 'host' ? ':is(' : ':is(:is(';
          if (name !== 'host') closing = ') *)';
        }
      }
    } else if (piece === ')') said = ends.pop() ?? piece;
    else if (!isNested && /^[\s>+~,]/.test(piece)) {
      close();
      if (piece.includes(',')) {
        end();
        css += piece;
        continue;
      }
    }
    isOpen ||= !isNested && !/^[\s>+~]/.test(piece);
    if (colons && piece.endsWith('(')) ends.push(closing);
    if (element || isElement) element += piece;
    else selector += piece;
    css += said;
  }
  end();
  return [css, plain];
};
