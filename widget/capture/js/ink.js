// Ink on a canvas: reads the rows that `ink.rs` writes.

// The inks to choose from, what a blackout leaves, and what lies over the part that is not kept.
export const INKS = ['#e5383b', '#ffc53d', '#2b9a66', '#1a6fe0', '#16191d', '#ffffff', '#000000', '#0b0f0da6'];
const STROKE = 0;
const FILL = 1;
const DISC = 2;
const WORDS = 3;
const BREAK = -(2 ** 31);
const SHEER = 16;

export const setFont = (context, size) => (context.font = `600 ${size}px system-ui, sans-serif`);

// `typed` are the words of texts by their numbers.
export const spread = (context, row, typed) => {
  const paint = (colour) => INKS[colour & 15] + (colour & SHEER ? '66' : '');
  Object.assign(context, { lineCap: 'round', lineJoin: 'round', textAlign: 'left' });
  for (let at = 0; at < row.length; ) {
    const [kind, colour, size, count] = row.slice(at, (at += 4));
    const numbers = row.slice(at, (at += count));
    let [x, y, what] = numbers;
    context.fillStyle = context.strokeStyle = paint(colour);
    context.lineWidth = size;
    context.beginPath();
    if (kind === STROKE) {
      let isLifted = true;
      for (let i = 0; i < count; i += 2) {
        if (numbers[i] === BREAK) {
          isLifted = true;
          i++;
        }
        [x, y] = [numbers[i], numbers[i + 1]];
        if (isLifted) context.moveTo(x, y);
        // A point alone is a line with round ends and hardly a length.
        context.lineTo(x + 0.01, y);
        isLifted = false;
      }
      context.stroke();
    } else if (kind === FILL) {
      for (let i = 0; i < count; i += 4) {
        const [left, top, right, bottom] = numbers.slice(i);
        context.rect(left, top, right - left, bottom - top);
      }
      context.fill('evenodd');
    } else if (kind === DISC) {
      context.arc(x, y, size, 0, 7);
      context.fill();
    } else {
      setFont(context, size);
      const text = kind === WORDS ? typed[what] ?? '' : what;
      // As the words run, whatever the dialog's language is: the file is drawn without it.
      context.direction = /^[^a-z]*[\u0590-\u08ff]/i.test(text) ? 'rtl' : 'ltr';
      const { width } = context.measureText(text);
      if (kind === WORDS) {
        // Kept inside the picture where it fits at all, and edged like everything that is drawn.
        x = Math.max(0, Math.min(x, context.canvas.width - width));
        context.strokeStyle = paint(colour >> 5);
        context.lineWidth = size / 5;
        context.strokeText(text, x, y);
      } else {
        x -= width / 2;
        y += size * 0.36;
      }
      context.fillText(text, x, y);
    }
  }
};
