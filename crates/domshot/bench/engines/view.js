// What every engine is told of the page, in CSS pixels, and the colour that lies behind the page's own boxes.
export const view = () => ({ width: innerWidth, height: innerHeight, left: scrollX, top: scrollY, ratio: devicePixelRatio });
export const behind = () => {
  const colours = [document.body, document.documentElement].map((element) => getComputedStyle(element).backgroundColor);
  return colours.find((colour) => colour !== 'rgba(0, 0, 0, 0)') ?? '#fff';
};
// For engines that draw the whole body: moved so that what is scrolled to lies at the top left.
export const moved = ({ left, top }) => (left || top ? { position: 'relative', left: `${-left}px`, top: `${-top}px` } : {});
