// Loads one engine beside a page and, when told to go, measures its first picture of it.
const engine = new URLSearchParams(location.search).get('engine');
const LIMIT_MS = Number(new URLSearchParams(location.search).get('limit') ?? 60_000);
const turn = (ms) => new Promise((done) => setTimeout(done, ms));
const painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))));

const measure = async (capture) => {
  const elements = document.getElementsByTagName('*').length;
  // A beat that comes late tells how long the page stood still.
  const gaps = [];
  let last = performance.now();
  const heart = setInterval(() => {
    const now = performance.now();
    gaps.push(now - last);
    last = now;
  }, 4);
  const began = performance.now();
  try {
    const late = turn(LIMIT_MS).then(() => Promise.reject(new Error(`nothing after ${LIMIT_MS} ms`)));
    let made = await Promise.race([capture(), late]);
    if (!(made instanceof Blob)) {
      made = made.convertToBlob ? await made.convertToBlob() : await new Promise((done) => made.toBlob(done));
    }
    const took = performance.now() - began;
    if (!made) throw new Error('no file');
    await turn(30);
    return [{ took, longest: Math.max(0, ...gaps), left: document.getElementsByTagName('*').length - elements }, made];
  } catch (error) {
    return [{ failed: String(error?.message ?? error?.type ?? error).slice(0, 200) }, ''];
  } finally {
    clearInterval(heart);
  }
};

if (document.readyState !== 'complete') await new Promise((loaded) => addEventListener('load', loaded));
await window.e2eReady;
await document.fonts.ready;
await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
const module = await import(`/engine/${engine}.js`).catch((error) => ({ capture: () => Promise.reject(error) }));
await painted();
window.benchGo = async () => {
  const [outcome, file] = await measure(module.capture);
  const said = encodeURIComponent(JSON.stringify(outcome));
  await fetch('/outcome', { method: 'POST', headers: { 'x-outcome': said }, body: file });
};
