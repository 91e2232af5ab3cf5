import { toCanvas } from 'html-to-image';
import { behind, view } from './view.js';

export const capture = () => {
  const { width, height, left, top, ratio } = view();
  // This one keeps no position, but a transform.
  const style = left || top ? { transform: `translate(${-left}px, ${-top}px)`, transformOrigin: '0 0' } : {};
  return toCanvas(document.body, { width, height, pixelRatio: ratio, backgroundColor: behind(), style });
};
