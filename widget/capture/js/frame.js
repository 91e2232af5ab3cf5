// Where the page's policy lets no drawing load, a page of the collector's paints it in a hidden frame, if the policy lets
// that one in. What goes there is the drawing, from which all that is masked has gone; what comes back is a picture.

const PATIENCE_MS = 4000;

// Paints the drawing of this `data:` URL so many pixels wide and high. `root` is where the frame hangs meanwhile.
export const paintIn = (root) => (url, width, height) =>
  new Promise((done, fail) => {
    // This module lies beside that page, on the collector.
    const { href, origin } = new URL('/paint', import.meta.url);
    const frame = Object.assign(document.createElement('iframe'), { src: href, hidden: true });
    const { port1, port2 } = new MessageChannel();
    const end = () => {
      frame.remove();
      port1.close();
      fail();
    };
    port1.onmessage = ({ data }) => createImageBitmap(data).then(done, fail).then(end);
    // A frame that the policy refuses loads, too: it has another origin, and hears nothing.
    frame.onload = () => frame.contentWindow.postMessage({ url, width, height }, origin, [port2]);
    setTimeout(end, PATIENCE_MS);
    root.append(frame);
  });
