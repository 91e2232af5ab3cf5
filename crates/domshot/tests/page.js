// The pages of the browser tests.

const { getBoundingClientRect } = Element.prototype;
const shadowRoot = Object.getOwnPropertyDescriptor(Element.prototype, 'shadowRoot');
const { cloneNode } = Node.prototype;

const page = (html) => {
  document.body.querySelector('main')?.remove();
  const main = document.createElement('main');
  main.style.cssText = 'position:fixed;inset:0;background:#fff;z-index:9';
  main.innerHTML = html;
  document.body.append(main);
  return main;
};

export const secrets = () => {
  const main = page(`<p>Visible text stays.</p>
    <p class="mask" title="SECRET-title" data-x="SECRET-data">SECRET-text <b aria-label="SECRET-aria">SECRET-nested</b></p>
    <ul><li class="mask">SECRET-item</ul><span class="mask">SECRET-inline</span>
    <div class="hide">SECRET-hidden <img alt="SECRET-alt" src="data:image/svg+xml,SECRET-src"></div><i class="own">SECRET-own</i>
    <svg class="mask" width="200" height="30"><text y="20">SECRET-svg</text></svg>
    <input class="field" value="SECRET-default"><input type="password"><input autocomplete="section-a cc-number">
    <textarea>SECRET-area</textarea><select><option>SECRET-choice<option>SECRET-other</select>
    <input type="hidden" value="SECRET-word"><div contenteditable>SECRET-edited</div><div class="tree"></div>`);
  main.querySelector('.field').value = 'SECRET-field';
  main.querySelector('[type=password]').value = 'SECRET-word';
  main.querySelector('[autocomplete]').value = 'SECRET-card';
  main.querySelector('.tree').attachShadow({ mode: 'open' }).innerHTML =
    '<p class="mask">SECRET-shadow</p><input value="SECRET-tree">';
  return main;
};

// A font of one letter, a box for `A`.
const TINY =
  'data:font/woff;base64,d09GRgABAAAAAAIYAAoAAAAAAlQAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAABPUy8yAAABXAAAACMAAABgQTg/xWNt' +
  'YXAAAAGIAAAAKQAAADQADACUZ2x5ZgAAAbwAAAAdAAAALOUO5Q5oZWFkAAAA9AAAADYAAAA2LaiGKGhoZWEAAAEsAAAAFgAAACQAgQBCaG10eA' +
  'AAAYAAAAAGAAAABgBAAABsb2NhAAABtAAAAAYAAAAGABYAC21heHAAAAFEAAAAFgAAACAABAAGbmFtZQAAAdwAAAAtAAAAPACZXMhwb3N0AAAC' +
  'DAAAAAwAAAAgAAMAAAABAAAAAQAA+rKLoV8PPPUAAwBAAAAAAOcpJFgAAAAA5ykkWAAAAAAAQABAAAAAAwACAAAAAAAAeJxjYGRgYHBgYEAiGR' +
  'lQASMAExkAxAAAeJxjYGRgYGBiYGEA0SAWGgAAARIACwAAeJxjYGZwYJzAwMrAwkAYMCJz7IEASDkCIS6gwMAAAIMfAn0AAEAAAAAAAAB4nGNg' +
  'YGBiYGBgBmIRIMkIplkYFIA0CxCC+I7//0PI/wfAfAYAUpcGnQAAAAAAAAsAFgAAeJxjYGQAAQcgZGZgMDQ1FnVwcGBgwCoKAEcQA+UAAAB4nG' +
  'NgYGBhMGNgZAABRjANYTOBecwMjCycQJoJCCFsEIslJIghhCEIABYvAb4AAAB4nGNgZsALAAB9AAQ=';

// A page with a letter of one web font, once that is there, and with the rule of another.
export const lettered = async () => {
  const main = page(`<style>@font-face { font-family: Tiny; src: url(${TINY}) format("woff"); unicode-range: U+41 }
    @font-face { font-family: Idle; src: url(${TINY}) }</style><p style="font-family: Tiny">A</p>`);
  await document.fonts.load('16px Tiny', 'A');
  return main;
};
// A page with this sheet and this in it.
export const styled = (css, html) => page(`<style>${css}</style>${html}`);

export const hostile = () => {
  const main = page(`<h1>Still readable</h1><form><input name="firstChild"><input name="attributes"><input name="nodeType">
    <input name="getBoundingClientRect"><input name="style"><b>clobbered</b></form><p onclick="x">text &#1; ]]&gt;</p>`);
  const no = () => {
    throw new Error('no');
  };
  Element.prototype.getBoundingClientRect = function () {
    return this.tagName === 'H1' ? no() : getBoundingClientRect.call(this);
  };
  Object.defineProperty(Element.prototype, 'shadowRoot', { get: no, configurable: true });
  Node.prototype.cloneNode = no;
  Array.prototype.toJSON = no;
  return main;
};

export const peace = () => {
  Element.prototype.getBoundingClientRect = getBoundingClientRect;
  Object.defineProperty(Element.prototype, 'shadowRoot', shadowRoot);
  Node.prototype.cloneNode = cloneNode;
  delete Array.prototype.toJSON;
};

export const busy = () => page('<div style="height:100%;background:repeating-conic-gradient(#123 0 7deg,#9c4 13deg)"></div>');
export const size = (blob) => blob.size;
