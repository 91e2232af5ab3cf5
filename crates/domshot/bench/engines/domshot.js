// As it ships, from beside the page; fields are shown, because every other engine shows them.
import { capture as take } from '/module/domshot.js';

export const capture = () => take(document.documentElement, { dpr: devicePixelRatio, inputs: 'shown' });
