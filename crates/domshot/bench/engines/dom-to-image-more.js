import engine from 'dom-to-image-more';
import { behind, moved, view } from './view.js';

export const capture = () => {
  const { width, height, ratio, ...scrolled } = view();
  return engine.toCanvas(document.body, { width, height, pixelRatio: ratio, bgcolor: behind(), preserveScroll: true, logger: {}, style: moved(scrolled) });
};
