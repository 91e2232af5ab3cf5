// The same module for pages that refuse WebAssembly, the program in it as plain JavaScript; fetched only there.
import program from './domshot_program.js';
import start from './domshot_core.js';

await start({ module_or_path: program });
export { capture, draw } from './domshot_core.js';
