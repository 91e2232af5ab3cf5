// Something with a shadow root for the harness to click in; the real widget is not needed to test the tester.
const root = document.querySelector('candor-widget').attachShadow({ mode: 'open' });
const field = Object.assign(document.createElement('textarea'), { ariaLabel: 'Your message' });
field.dataset.t = 'message';
const button = Object.assign(document.createElement('button'), { textContent: 'Send' });
button.dataset.t = 'send';
const receipt = document.createElement('p');
receipt.dataset.t = 'receipt';
receipt.hidden = true;
button.addEventListener('click', () => {
  receipt.textContent = `Got: ${field.value}`;
  receipt.hidden = false;
});
root.append(field, button, receipt);
