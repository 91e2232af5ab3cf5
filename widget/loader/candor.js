// The loader: all that a page pays before a visitor shows interest. It draws the bubble, and fetches the rest (glue,
// WebAssembly, one language), each checked against its hash, when somebody comes near. It reads one storage key, so
// that a bubble somebody dismissed stays away, and writes none.
//
// In place of the tokens at the end the collector puts the site's settings (`null` in the pinned form, which then asks
// for them), and the build the bubble's name in every language and its style sheet.
((site, names, css) => {
  const tag = document.currentScript;
  const look = { ...tag.dataset };
  const { origin } = new URL(tag.src);
  const root = document.documentElement;
  const off = new AbortController();
  const listeners = {};
  let shadow, bubble, running, seen = 0, since = document.hidden ? NaN : 0;

  // Milliseconds for which the page has been visible since it was opened.
  const visible = () => Math.round(seen + (performance.now() - since || 0));
  const listen = (kind, act) => document.addEventListener(kind, act, off);
  listen("visibilitychange", () => {
    seen = visible();
    since = document.hidden ? NaN : performance.now();
  });

  const make = (name, parent, attributes, space = "1999/xhtml") => {
    const element = document.createElementNS("http://www.w3.org/" + space, name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    parent.append(element);
    return element;
  };
  const button = (hook, label) => make("button", bubble, { type: "button", "data-t": hook, "aria-label": label });

  // The page's or the browser's language where we have it, else its first part, else English.
  const choose = (offer) => [look.locale, root.lang, ...navigator.languages]
    .flatMap((tag) => [tag, tag?.split("-")[0]]).find((tag) => offer[tag]) || "en";

  const emit = (name, detail) => {
    if (name == "dismiss") bubble.hidden = true;
    for (const act of listeners[name] || []) act(detail);
  };

  const dismissed = () => {
    try {
      const age = look.storage == "none" ? NaN : Date.now() - localStorage["candor-bubbleHiddenAt_" + site.site];
      return age >= 0 && age < site.form.bubble_hidden_days * 864e5;
    } catch { } // storage is refused here
  };

  const draw = () => {
    for (const key in site.look) look[key] ||= site.look[key];
    const host = make("candor-widget", root);
    host.style.colorScheme = look.theme == "auto" ? "light dark" : look.theme;
    if (look.accent) host.style.setProperty("--candor-accent", look.accent);
    shadow = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    shadow.adoptedStyleSheets = [sheet];
    bubble = make("div", shadow, { class: "bubble " + look.position, dir: getComputedStyle(root).direction });
    bubble.hidden = look.trigger == "none" || dismissed();
    const label = names[choose(names)];
    const open = button("bubble", label);
    make("path", make("svg", open, { viewBox: "0 0 24 24" }, "2000/svg"), {
      d: "M4 5h16v11h-8l-5 4v-4H4zM8 9h8M8 12h5",
    }, "2000/svg");
    open.onclick = () => {
      open.ariaBusy = true;
      Candor.open().catch((error) => {
        open.title = open.ariaLabel = label + ": " + error.message;
      }).finally(() => open.ariaBusy = false);
    };
    const near = () => load().catch(() => { });
    // A finger enters too, before it presses.
    bubble.onpointerenter = near;
    bubble.addEventListener("focusin", near);
    listen("click", (event) => event.target.closest?.("[data-candor-open]") && Candor.open());
    if (look.load == "eager") near();
    if (look.load == "idle") (window.requestIdleCallback || setTimeout)(near);
  };

  const get = async (path, integrity) => {
    const response = await fetch(origin + path, { integrity });
    if (!response.ok) throw Error(response.status);
    return response;
  };

  const preload = async (href, attributes) => {
    const link = make("link", document.head, { href, crossorigin: "", ...attributes });
    await new Promise((done, fail) => {
      link.onload = done;
      link.onerror = () => fail(Error("offline"));
    }).finally(() => link.remove());
  };
  // Gecko (which names no vendor) holds a `fetch` back while files of the page's own hang, and no preload: what that
  // brings is in the cache.
  const asset = async ({ file, integrity }) => {
    const path = "/assets/" + file;
    if (!navigator.vendor) await preload(origin + path, { rel: "preload", as: "fetch" }).catch(() => { });
    return get(path, integrity);
  };

  // `import` takes no hash: the preload checks it, and the module is then taken from where the preload put it.
  const module = async ({ file, integrity }) => {
    const href = origin + "/assets/" + file;
    await preload(href, { rel: "modulepreload", integrity });
    return import(href);
  };

  const load = () => running ||= (async () => {
    await ready;
    const code = asset(site.assets.wasm);
    code.catch(() => { }); // told below, once
    const program = await module(site.assets.glue);
    const locale = choose(program.locales);
    const texts = await (await asset(program.locales[locale])).json();
    await program.default({ module_or_path: code });
    program.start({
      root: shadow, origin, site, locale, texts, program, module, asset, look, visible, emit,
      given: look.consent == "given", store: look.storage != "none",
    });
    // The bubble goes with the event; what is written is the ledger's.
    button("bubble-dismiss", texts[1]).onclick = () => call("dismiss");
    return program;
  })().catch((error) => {
    running = null;
    throw error;
  });

  const call = (name, ...rest) => load().then((program) => program.call(name, ...rest));

  const Candor = window.Candor = {
    show: async () => {
      await ready;
      bubble.hidden = false;
    },
    hide: async () => {
      await ready;
      bubble.hidden = true;
    },
    on: (name, act) => {
      const acts = listeners[name] ||= new Set();
      acts.add(act);
      return () => acts.delete(act);
    },
    destroy: async () => {
      await call("destroy").catch(() => { });
      off.abort();
      shadow.host.remove();
      delete window.Candor;
    },
  };
  for (const path of "open close identify set submit picture consent.status consent.grant consent.withdraw me.withdraw me.see me.export me.receipt me.correct me.erase me.restrict me.object ledger.list ledger.clear".split(" ")) {
    const [first, second] = path.split(".");
    const act = call.bind(null, path);
    if (second) (Candor[first] ||= {})[second] = act;
    else Candor[first] = act;
  }

  const ready = (async () => {
    site ||= await (await get("/v1/sites/" + look.site)).json();
    draw();
    emit("ready");
  })();
  ready.catch(console.warn);
})(__CANDOR_SETTINGS__, __CANDOR_NAMES__, __CANDOR_CSS__);
