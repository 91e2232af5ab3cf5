// The module that the panel fetches: the pen's WebAssembly (`pen`, which xtask puts here with its glue), domshot's
// JavaScript (`domshot`), and the dialog that lets them work together.

import start, { ask, begin, ink, tell } from 'pen';
import { draw } from 'domshot';
import { leave, open } from './stage.js';

export default start;
export { leave };
export const take = (host) => open(host, { ask, begin, ink, tell }, draw);
