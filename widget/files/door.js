// The panel's door to what is fetched later, by the hashes that the build puts here: pictures and attachments when a
// visitor adds the first file, "My data" when somebody looks at it. It comes with the glue, after `css` and `locales`.
//
// What the panel has to know reaches it as an event of its dialog; `panel.rs` says under `Files` what is in it.
export const files = (host, panel) => {
  const code = { files: __CANDOR_FILES__, mine: __CANDOR_MINE__ };
  const parts = {}, openings = {};
  let bits = 0;
  // Not before the panel has done with what it is at.
  const tell = (detail) => {
    bits = detail;
    queueMicrotask(() => panel.dispatchEvent(new CustomEvent("candor-files", { detail })));
  };
  const call = async (which, name, rest) => {
    const isMine = which == "mine";
    const button = panel.querySelector("[data-t=mine]") || {};
    if (!parts[which]) {
      if (isMine) button.ariaBusy = true;
      else tell(1);
    }
    try {
      parts[which] ||= await (openings[which] ||= host.module(code[which]).then(({ start }) => start(host, panel, tell)));
    } catch (error) {
      openings[which] = null;
      // Under another address: browsers remember of a module that it could not be had.
      code[which].file += "?";
      tell(isMine ? bits | 32 : 2);
      throw error;
    } finally {
      button.ariaBusy = null;
    }
    return parts[which][name](...rest);
  };
  const door = (name, ...rest) => {
    const field = panel.querySelector("[data-t=add-file]");
    if (field) field.accept = host.site.form.attachments.types;
    if (name == "attach") {
      // Now, and not when the code has come: the next choice takes the place of this one.
      rest = [[...field.files]];
      field.value = "";
    }
    const which = name[0] == "m" ? "mine" : "files";
    if (!parts[which] && /^(place|leave|open|reset|follow)/.test(name)) return;
    const done = call(which, name, rest);
    // Whoever wants to know asks; the visitor is told by the panel.
    done.catch(() => { });
    return done;
  };
  for (const kind of ["paste", "drop", "dragover"]) {
    panel.addEventListener(kind, (event) => {
      const carried = event.clipboardData || event.dataTransfer;
      const { files, types } = carried;
      const text = carried.getData("text");
      // Browsers freeze over a field with megabytes. Its beginning is enough to be told that it is too long.
      if (text.length > 1e5) {
        event.preventDefault();
        document.execCommand("insertText", false, text.slice(0, 1e5));
      }
      // A text that was copied with its picture is a text.
      if (!types.includes("Files") || types.includes("text/plain") || !panel.querySelector("form [data-t=files]")) return;
      event.preventDefault();
      event.stopPropagation();
      if (files[0]) door("add", [...files]);
    });
  }
  return door;
};
