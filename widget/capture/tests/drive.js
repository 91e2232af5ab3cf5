// The visitor of the browser tests: knows the dialog's hooks and keys, and reads the pixels of what was attached.

let root, ceiling;

const find = (hook) => root.querySelector(`.capture [data-t="${hook}"]`);
const until = async (what) => {
  for (;;) {
    const found = what();
    if (found) return found;
    await new Promise(requestAnimationFrame);
  }
};
const press = (key, times = 1) => {
  for (let at = 0; at < times; at++) {
    find('picture').dispatchEvent(new KeyboardEvent('keydown', { key, shiftKey: key.startsWith('Arrow'), bubbles: true }));
  }
};

export const prepare = (css, bytesMax) => {
  ceiling = bytesMax;
  document.querySelectorAll('candor-widget, .secret').forEach((old) => old.remove());
  const secret = Object.assign(document.createElement('div'), { className: 'secret' });
  secret.style.cssText = 'position:fixed;left:20px;top:20px;width:120px;height:90px;background:#f0f;z-index:9';
  // Something that no lossless file holds in a few bytes.
  const busy = Object.assign(document.createElement('div'), { className: 'secret' });
  busy.style.cssText =
    'position:fixed;left:200px;top:0;width:600px;height:500px;background:repeating-conic-gradient(#123 0 7deg,#9c4 13deg)';
  document.body.append(secret, busy);
  const host = document.createElement('candor-widget');
  document.documentElement.append(host);
  root = host.attachShadow({ mode: 'open' });
  const texts = Array(90).fill('');
  return { root, css, texts, locale: 'en', mask: [], bytesMax, hidePanel() {}, showPanel() {} };
};

export const drive = async (covers) => {
  await until(() => find('picture'));
  if (covers) {
    const tool = root.querySelectorAll('.capture [data-t="tool"]')[6];
    tool.checked = true;
    tool.dispatchEvent(new Event('input', { bubbles: true }));
    press('ArrowLeft', 99);
    press('ArrowUp', 99);
    press('Enter');
    press('ArrowRight', 4);
    press('ArrowDown', 3);
    press('Enter');
  }
  find('use').click();
  await until(() => find('attach')?.disabled === false);
  find('attach').click();
};

export const magenta = async ({ blob, width, height }) => {
  const image = await createImageBitmap(blob);
  if (image.width !== width || image.height !== height) throw new Error('the sizes differ');
  const context = Object.assign(document.createElement('canvas'), { width, height }).getContext('2d');
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (data[at] > 120 && data[at + 1] < 100 && data[at + 2] > 120) count++;
  }
  return count;
};

export const left = () => root.childNodes.length + root.adoptedStyleSheets.length;
export const type = ({ blob }) => blob.type;
export const share = ({ blob }) => blob.size / ceiling;
