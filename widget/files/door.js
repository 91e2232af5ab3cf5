// The panel's door to pictures and attachments. It comes with the glue, after `css` and `locales`; what is behind it
// is fetched, by the hash that the build puts here, when a visitor adds the first file.
//
// What the panel has to know reaches it as an event of its dialog; `panel.rs` says under `Files` what is in it.
export const files = (host, panel) => {
  const code = __CANDOR_FILES__;
  let part, opening;
  // Not before the panel has done with what it is at.
  const tell = (detail) => queueMicrotask(() => panel.dispatchEvent(new CustomEvent("candor-files", { detail })));
  const call = async (name, rest) => {
    part || tell(1);
    try {
      part ||= await (opening ||= host.module(code).then(({ start }) => start(host, panel, tell)));
    } catch (error) {
      opening = null;
      // Under another address: browsers remember of a module that it could not be had.
      code.file += "?";
      tell(2);
      throw error;
    }
    return part[name](...rest);
  };
  const door = (name, ...rest) => {
    const field = panel.querySelector("[data-t=add-file]");
    if (field) field.accept = host.site.form.attachments.types;
    if (!part && /place|leave|open|reset|follow/.test(name)) return;
    const done = call(name, rest);
    // Whoever wants to know asks; the visitor is told by the panel.
    done.catch(() => { });
    return done;
  };
  for (const kind of ["paste", "drop", "dragover"]) {
    panel.addEventListener(kind, (event) => {
      const { files, types } = event.clipboardData || event.dataTransfer;
      // A text that was copied with its picture is a text.
      if (!types.includes("Files") || types.includes("text/plain") || !panel.querySelector("form [data-t=files]")) return;
      event.preventDefault();
      event.stopPropagation();
      if (files[0]) door("add", [...files]);
    });
  }
  return door;
};
