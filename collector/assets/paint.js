onmessage = async ({ data: { url, width, height }, source, ports: [port] }) => {
  if (source !== parent || !port) return;
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d');
    context.fillStyle = '#fff';
    context.fillRect(0, 0, width, height);
    context.drawImage(image, 0, 0, width, height);
    canvas.toBlob((blob) => port.postMessage(blob));
  } catch {
    port.postMessage(null);
  }
};
