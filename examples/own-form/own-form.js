const form = document.querySelector('form');
const said = form.querySelector('output');

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  try {
    // The page has asked: it says what the visitor agreed to.
    const receipt = await Candor.submit({ kind: 'praise', message: form.words.value, purposes: ['message'] });
    form.reset();
    said.value = `Stored. Receipt ${receipt.number}`;
  } catch (error) {
    said.value = `Not sent (${error.code}). Your words are still here.`;
  }
});
