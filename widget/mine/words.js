// The part's texts by name. A shipped language is a plain list in the order of `locales/en.json`, which is this one;
// what the panel says, too, is taken from its list, by the places that the build puts into `PANEL`.
export const KEYS = ("title back loading intro none no_id no_store by_mail why_offline why_busy why_later why_gone why_refused " +
  "details until restricted held correct save cancel restrict free receipt erase take erase_all withdraw object " +
  "ask_erase ask_erase_all ask_withdraw ask_object ask_clear done_correct done_erase done_restrict done_free done_withdraw " +
  "done_object done_asked done_clear reports purposes objected requests request_erase request_erase_all request_correct " +
  "due extended state_done state_refused stored stored_none stored_clear purpose_picture purpose_attachment " +
  "purpose_diagnostics purpose_follow_up").split(" ");

// A function that says a text, with each `{name}` place taken by its value. `panel`: the panel's texts; `places`: where
// in them which stands.
export const words = (texts, panel, places) => (key, values = {}) =>
  (texts[KEYS.indexOf(key)] ?? panel[places[key]] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name]);
