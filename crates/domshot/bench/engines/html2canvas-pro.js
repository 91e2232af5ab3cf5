import paint from 'html2canvas-pro';
import { view } from './view.js';

export const capture = () => {
  const { width, height, left, top, ratio } = view();
  return paint(document.documentElement, { x: left, y: top, width, height, windowWidth: width, windowHeight: height, scale: ratio, useCORS: true, logging: false });
};
