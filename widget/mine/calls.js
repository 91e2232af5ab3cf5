// `/v1/me` of the collector: what visitors do with their own data.

// Milliseconds without an answer after which a try is given up. An archive with many pictures takes its time.
const PATIENCE_MS = { quick: 20_000, slow: 120_000 };

export const problem = (code) => Object.assign(Error(code), { code });

// One call as the reporter; its answer as it came. Broken with an `Error` that has a `code`.
const call = async (origin, reporter, method, path, body, patience = PATIENCE_MS.quick) => {
  let answer, told;
  try {
    answer = await fetch(origin + "/v1/me" + path, {
      method,
      headers: { authorization: "Bearer " + reporter, ...body && { "content-type": "application/json" } },
      body: body && JSON.stringify(body),
      credentials: "omit",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(patience),
    });
    // Read here: a line may break at any time.
    told = await (answer.ok && path === "/export" ? answer.blob() : answer.json());
  } catch {
    throw problem("unreachable");
  }
  if (!answer.ok) throw problem(told.code || "unreachable");
  return told;
};

const one = (report) => "/reports/" + encodeURIComponent(report);

// All that can be asked, each by the name it has in `Candor.me`.
export const calls = (origin) => ({
  see: (reporter) => call(origin, reporter, "GET", ""),
  export: (reporter) => call(origin, reporter, "GET", "/export", null, PATIENCE_MS.slow),
  receipt: (reporter, report) => call(origin, reporter, "GET", one(report) + "/receipt"),
  correct: (reporter, report, fields) => call(origin, reporter, "PATCH", one(report), fields),
  erase: (reporter, report) => call(origin, reporter, "DELETE", report === undefined ? "" : one(report)),
  withdraw: (reporter, purposes = []) => call(origin, reporter, "POST", "/withdraw", { purposes }),
  object: (reporter, purposes = []) => call(origin, reporter, "POST", "/object", { purposes }),
  restrict: (reporter, report, restricted = true) => call(origin, reporter, "POST", "/restrict", { report, restricted }),
});
