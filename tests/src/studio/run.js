// Takes one picture of the page it is in and hands it over, with what the page could see of the work.
const asked = new URLSearchParams(location.search);
const options = JSON.parse(asked.get('options') ?? '{}');
// Kept before the page has any further say.
const { performance: watch } = window;
const now = watch.now.bind(watch);
// Not by `fetch`, which Gecko holds back as long as the page's own files hang.
const send = (url, headers, body) =>
  new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open('POST', url);
    for (const name in headers) request.setRequestHeader(name, headers[name]);
    request.onload = done;
    request.onerror = fail;
    request.send(body);
  });

// What the engine has the browser paint is a drawing in a data: address.
const drawings = [];
const source = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, 'src');
Object.defineProperty(HTMLImageElement.prototype, 'src', {
  ...source,
  set(url) {
    if (String(url).startsWith('data:image/svg')) drawings.push(String(url));
    source.set.call(this, url);
  },
});

const tell = async (outcome, file = '') => {
  const said = encodeURIComponent(JSON.stringify(outcome).slice(0, 3000));
  await send('/outcome', { 'x-outcome': said }, file);
};
// The reader knows PNG; Gecko writes BMP, too, where it is asked to.
const readable = async (file) => {
  if (!file || file.type === 'image/png') return file;
  const bitmap = await createImageBitmap(file);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext('2d').drawImage(bitmap, 0, 0);
  return canvas.convertToBlob();
};
// A name in the page may hide the real one.
const root = Object.getOwnPropertyDescriptor(Document.prototype, 'documentElement').get.call(document);
const later = window.setTimeout;

// No `Promise.race`: it asks the page's own iterators.
const taken = (capture) =>
  new Promise((done, fail) => {
    later(() => fail(new Error('it hangs')), 25_000);
    capture(window.e2eRoot?.() ?? root, options).then(done, fail);
  });

try {
  const { capture } = await import('/module/domshot.js');
  // Some pages never come to their end.
  if (document.readyState !== 'complete') await new Promise((loaded) => (addEventListener('load', loaded), later(loaded, 2000)));
  await window.e2eReady;
  const began = now();
  let outcome;
  let file;
  try {
    file = await taken(capture);
    const { width, height, notes } = file;
    outcome = { width, height, notes };
  } catch (error) {
    outcome = typeof error?.code === 'string' ? { code: error.code } : { problem: `${error} ${error?.stack ?? ''}` };
  }
  outcome.took = now() - began;
  for (let at = 0; at < drawings.length; at++) {
    let text = drawings[at].slice(drawings[at].indexOf(',') + 1);
    try {
      text = decodeURIComponent(text);
    } catch {
      // Only some of it was escaped.
    }
    await send('/drawing', {}, text);
  }
  await tell(outcome, await readable(file));
} catch (error) {
  await tell({ problem: `the runner: ${error} ${error?.stack ?? ''}` });
}
