import { snapdom } from '@zumer/snapdom';
import { behind, view } from './view.js';

export const capture = () => snapdom.toCanvas(document.body, { clip: 'viewport', dpr: view().ratio, backgroundColor: behind() });
