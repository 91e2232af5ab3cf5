// The part's texts by name. A shipped language is a plain list in the order of `locales/en.json`, which is this one.
export const KEYS = ("files added removed remove cancel retry retry_name waiting sending stored some all raw pen_failed " +
  "choose why_too_many why_too_large why_type why_picture why_consent why_offline why_later why_busy why_gone " +
  "why_unreadable why_cancelled why_insecure why_refused").split(" ");

// A function that says a text, with each `{name}` place taken by its value.
export const words = (texts) => (key, values = {}) =>
  texts[KEYS.indexOf(key)].replace(/\{(\w+)\}/g, (_, name) => values[name]);
