import { domToCanvas } from 'modern-screenshot';
import { behind, moved, view } from './view.js';

export const capture = () => {
  const { width, height, ratio, ...scrolled } = view();
  const style = { margin: getComputedStyle(document.body).margin, ...moved(scrolled) };
  return domToCanvas(document.body, { width, height, scale: ratio, backgroundColor: behind(), features: { restoreScrollPosition: true }, style });
};
