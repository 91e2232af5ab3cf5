// One file on its way: digest, request, progress, answer.

// Milliseconds without an answer after which a try is given up; the collector gives a file two minutes.
const PATIENCE_MS = 150_000;

const digest = async (blob, hash) => {
  const sum = new Uint8Array(await hash(await blob.arrayBuffer()));
  return "sha-256=:" + btoa(String.fromCharCode(...sum)) + ":";
};

// Sends `blob`; resolves with the collector's answer, and rejects with a code. `signal` ends the try.
// Not `fetch`: it cannot tell how far it has come.
export const put = async (url, bearer, blob, hash, progress, signal) => {
  const sum = await digest(blob, hash).catch(() => {
    throw "unreadable";
  });
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("PUT", url);
    request.setRequestHeader("authorization", "Bearer " + bearer);
    request.setRequestHeader("content-type", blob.type || "application/octet-stream");
    request.setRequestHeader("repr-digest", sum);
    request.timeout = PATIENCE_MS;
    request.upload.onprogress = ({ loaded, total }) => progress(loaded / total);
    request.onerror = request.ontimeout = () => fail("unreachable");
    request.onabort = () => fail("cancelled");
    request.onload = () => {
      let answer;
      try {
        answer = JSON.parse(request.response);
      } catch { } // whatever answered, it was no collector
      if (request.status < 300 && answer?.until) done(answer);
      else fail(answer?.code || "unreachable");
    };
    signal.onabort = () => request.abort();
    if (signal.aborted) fail("cancelled");
    else request.send(blob);
  });
};
