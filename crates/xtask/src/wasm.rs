//! From a crate to a wasm module and its JavaScript glue: cargo → wasm-bindgen → wasm-opt.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use walrus::{ElementItems, FunctionId};
use wasm_bindgen_cli_support::{Bindgen, Output};

use crate::{
    node::Tools,
    place::Place,
    run,
    step::{self, Step},
};

/// The target that browsers run.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// What to build, and under which stem the glue refers to itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recipe<'a> {
    /// The cargo package; its library is linked as a `cdylib`.
    pub(crate) package: &'a str,
    /// Cargo features to switch on.
    pub(crate) features: &'a [&'a str],
    /// The file stem of what comes out.
    pub(crate) stem: &'a str,
    /// Whether the module is for wasm2js, which knows no more than the first WebAssembly did.
    pub(crate) is_plain: bool,
    /// How large its stack is, if it needs less than a megabyte: what lies behind it has the shorter addresses.
    pub(crate) stack_bytes: Option<u32>,
    /// JavaScript that is put around the glue, and the names by which it imports that and files of other crates.
    pub(crate) entry: Option<Entry<'a>>,
}

/// A module of the crate's own that calls the glue, instead of being called by it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    /// Where it lies, from the root.
    pub(crate) file: &'a str,
    /// What it calls the glue.
    pub(crate) glue: &'a str,
    /// What it calls a file that a crate brings as a snippet, and how that file's path ends.
    pub(crate) snippet: (&'a str, &'a str),
}

/// A built module: what the browser compiles, and the ES module that speaks to it.
#[derive(Debug)]
pub(crate) struct Module {
    /// The WebAssembly module.
    pub(crate) wasm: Vec<u8>,
    /// The glue, not yet minified, with the crate's own JavaScript in it.
    pub(crate) glue: String,
}

/// Builds one module.
///
/// # Errors
/// The crate does not compile, or brings JavaScript of its own while there is no esbuild to put it into the glue.
pub(crate) fn build(place: &Place, tools: &Tools, recipe: Recipe<'_>) -> Result<Module> {
    let linked = compile(place, recipe)?;
    let step = Step::start(format!("wasm: bind and shrink {}", recipe.package));
    let folder = tempfile::tempdir()?;
    let mut output = Bindgen::new()
        .input_path(&linked)
        .out_name(recipe.stem)
        .web(true)?
        .typescript(false)
        .remove_producers_section(true)
        .omit_default_module_path(true)
        .generate_output()
        .with_context(|| format!("wasm-bindgen does not take {}", linked.display()))?;
    unlist_shims(output.wasm_mut());
    let holds_objects = output.js().matches(OBJECTS).count() != 1;
    unexport(&mut output, holds_objects);
    let names = shorten_names(&mut output);
    output.emit(folder.path())?;
    let glue = folder.path().join(format!("{}.js", recipe.stem));
    let glue_text = lean(rename(fs::read_to_string(&glue)?, &names)?, holds_objects)?;
    // A module that speaks in numbers alone imports nothing: nor need it read what such functions would be told.
    let has_imports = names.iter().any(|name| !name.from.is_empty());
    fs::write(&glue, if has_imports { glue_text } else { without_imports(&glue_text) })?;
    // A crate's own JavaScript lies beside the glue; bundled, one integrity hash covers both.
    let snippets = folder.path().join("snippets");
    let glue = if let Some(Entry { file, glue: name, snippet: (alias, ending) }) = recipe.entry {
        let snippet = ending_in(&snippets, ending)?;
        tools.bundle(&place.root.join(file), &[], &[(name, &glue), (alias, &snippet)])?
    } else if fs::exists(&snippets)? {
        tools.bundle(&glue, &[], &[])?
    } else {
        fs::read_to_string(&glue)?
    };
    let wasm = fs::read(folder.path().join(format!("{}_bg.wasm", recipe.stem)))?;
    let wasm = if recipe.is_plain { wasm } else { tools.optimise(&wasm)?.unwrap_or(wasm) };
    step.done();
    Ok(Module { wasm, glue })
}

/// The one file under `snippets`, in a crate's folder, whose path ends so.
fn ending_in(snippets: &Path, ending: &str) -> Result<PathBuf> {
    let mut found = Vec::new();
    for folder in fs::read_dir(snippets).context("there are no snippets")? {
        let file = folder?.path().join(ending);
        if fs::exists(&file)? {
            found.push(file);
        }
    }
    match (found.pop(), found.is_empty()) {
        (Some(file), true) => Ok(file),
        _ => bail!("not exactly one crate brings {ending}"),
    }
}

/// Takes out of the function table what only descriptions of imports had put there.
///
/// js-sys describes the callbacks of every function of JavaScript's, used or not. The descriptions are gone once
/// wasm-bindgen has read them, but the shims that they point at stay in the table, where wasm-opt must think them used.
/// What JavaScript really calls back is exported, so their places may go to any other function.
fn unlist_shims(module: &mut walrus::Module) {
    let functions = &module.funcs;
    let is_shim = |id: &FunctionId| {
        functions.get(*id).name.as_deref().is_some_and(|name| name.contains("::convert::closures::_::invoke"))
    };
    for element in module.elements.iter_mut() {
        if let ElementItems::Functions(ids) = &mut element.items
            && let Some(other) = ids.iter().copied().find(|id| !is_shim(id))
        {
            ids.iter_mut().filter(|id| is_shim(id)).for_each(|id| *id = other);
        }
    }
}

/// The table in which a module keeps the page's objects; the glue names it once to fill its first places.
const OBJECTS: &str = "__wbindgen_externrefs";

/// Takes back what the module exports and the glue never asks for, and, unless the module holds objects of the page's,
/// the table for them, with what would fill it at the start.
fn unexport(output: &mut Output, holds_objects: bool) {
    let glue = output.js().to_owned();
    let is_unused = |name: &str| {
        !glue.contains(&format!("wasm.{name}"))
            || (!holds_objects && [OBJECTS, "__wbindgen_start"].contains(&name))
    };
    let module = output.wasm_mut();
    let unused: Vec<_> =
        module.exports.iter().filter(|export| is_unused(&export.name)).map(|export| export.id()).collect();
    for export in unused {
        module.exports.delete(export);
    }
    walrus::passes::gc::run(module);
}

/// What the glue calls one of the module's imports or exports, and what it must be called instead.
struct Name {
    /// The module that an import comes from; empty for an export.
    from: String,
    long: String,
    short: String,
}

/// Gives the module's imports, and the exports that only the glue calls, short names.
///
/// wasm-bindgen ends every name in a hash, which no compression makes smaller, in the module and in the glue.
fn shorten_names(output: &mut Output) -> Vec<Name> {
    let module = output.wasm_mut();
    let mut names = Vec::new();
    for (at, import) in module.imports.iter_mut().enumerate() {
        let short = format!("i{at}");
        names.push(Name {
            from: std::mem::replace(&mut import.module, "m".into()),
            long: std::mem::replace(&mut import.name, short.clone()),
            short,
        });
    }
    for (at, export) in module.exports.iter_mut().enumerate() {
        if export.name.starts_with("wasm_bindgen_") {
            let short = format!("e{at}");
            let long = std::mem::replace(&mut export.name, short.clone());
            names.push(Name { from: String::new(), long, short });
        }
    }
    names
}

/// Tells the glue the new names. It lists its own functions as one object, and hands a crate's JavaScript over as a
/// whole; single functions of it, under the same object, let the bundler leave out the rest.
fn rename(glue: String, names: &[Name]) -> Result<String> {
    let mut glue = glue;
    let mut direct = String::new();
    for Name { from, long, short } in names {
        if from.is_empty() {
            glue = glue.replace(&format!("wasm.{long}("), &format!("wasm.{short}("));
        } else if from.starts_with("./snippets/") {
            let line = format!(" from \"{from}\"\n");
            let (before, _) =
                glue.split_once(&line).with_context(|| format!("the glue does not import {from}"))?;
            let (_, alias) =
                before.rsplit_once("import * as ").context("the glue imports a crate's JavaScript whole")?;
            let alias = alias.to_owned();
            direct.push_str(&format!("{short}: {alias}.{long},\n"));
        } else {
            let long = format!("{long}:");
            match glue.matches(&long).count() {
                1 => glue = glue.replace(&long, &format!("{short}:")),
                n => bail!("the glue says {long} {n} times, not once"),
            }
        }
    }
    if let Some(own) = names.iter().map(|name| &name.from).find(|from| from.ends_with("_bg.js")) {
        glue = glue.replace(&format!("\"{own}\": import0"), "m: import0");
    }
    let is_list_entry = |line: &str| line.trim_start().starts_with("\"./snippets/");
    let mut glue: String =
        glue.lines().filter(|line| !is_list_entry(line)).map(|line| line.to_owned() + "\n").collect();
    if !direct.is_empty() {
        let head = "const import0 = {\n        __proto__: null,\n";
        let at = glue.find(head).context("the glue has no object of imports")? + head.len();
        glue.insert_str(at, &direct);
    }
    Ok(glue)
}

/// Functions of the glue, with what does the same in the browsers that we serve: none of them lacks `encodeInto`, none
/// is handed gigabytes of text, and no closure of ours is left to the garbage collector.
const LEANER: [(&str, &str); 5] = [
    ("decodeText(", "bytes) {\n    return cachedTextDecoder.decode(bytes);\n}\n"),
    ("getUint8ArrayMemory0(", ") {\n    return new Uint8Array(wasm.memory.buffer);\n}\n"),
    ("getInt32ArrayMemory0(", ") {\n    return new Int32Array(wasm.memory.buffer);\n}\n"),
    ("getDataViewMemory0(", ") {\n    return new DataView(wasm.memory.buffer);\n}\n"),
    (
        "passStringToWasm0(",
        "text, malloc) {\n    const bytes = cachedTextEncoder.encode(text);\n    const at = malloc(bytes.length, 1) >>> 0;\n    \
         getUint8ArrayMemory0().set(bytes, at);\n    WASM_VECTOR_LEN = bytes.length;\n    return at;\n}\n",
    ),
];

/// How a module is started: `module_or_path` is a response, its bytes, or what wasm2js has made of them, or a promise
/// of one of these.
const START: &str = "export default async ({ module_or_path: from }) => {
    if (wasm) return;
    from = await from;
    const imports = __wbg_get_imports();
    wasm = typeof from === 'function'
        ? from(imports)
        : (await WebAssembly.instantiate(from.arrayBuffer ? await from.arrayBuffer() : from, imports)).instance.exports;
    wasm.__wbindgen_start?.();
};
";

/// The glue without what it carries for other browsers and other ways to start.
fn lean(mut glue: String, holds_objects: bool) -> Result<String> {
    let start = glue.find("function __wbg_finalize_init").context("the glue has no start")?;
    glue.truncate(start);
    glue.push_str(START);
    for (head, body) in LEANER {
        let Some(from) = glue.find(&format!("function {head}")) else { continue };
        let from = from + "function ".len() + head.len();
        let end = glue[from..].find("\n}\n").context("a function of the glue has no end")? + from + 3;
        glue.replace_range(from..end, body);
    }
    if let Some(from) = glue.find("if (!('encodeInto' in cachedTextEncoder)) {") {
        let end = glue[from..].find("\n}\n").context("a condition of the glue has no end")? + from + 3;
        glue.replace_range(from..end, "");
    }
    if let Some(from) = glue.find("const CLOSURE_DTORS") {
        let end = glue[from..].find(";\n").context("a statement of the glue has no end")? + from + 2;
        glue.replace_range(from..end, "");
    }
    let filler = glue.find("__wbindgen_init_externref_table: function() {").filter(|_| !holds_objects);
    if let Some(from) = filler {
        let end =
            glue[from..].find("\n        },\n").context("an import of the glue has no end")? + from + 12;
        glue.replace_range(from..end, "");
    }
    let is_wanted = |line: &&str| {
        !line.trim_start().starts_with("CLOSURE_DTORS.") && !line.contains("let wasmModule, wasm")
    };
    let lines: String = glue.lines().filter(is_wanted).map(|line| line.to_owned() + "\n").collect();
    Ok(format!("let wasm;\n{lines}"))
}

/// The glue of a module that imports nothing: what it would import, and the reader of its text, are for nobody.
fn without_imports(glue: &str) -> String {
    glue.lines()
        .filter(|line| !line.contains("cachedTextDecoder = ") && *line != "cachedTextDecoder.decode();")
        .map(|line| line.replace("const imports = __wbg_get_imports();", "const imports = {};") + "\n")
        .collect()
}

/// Compiles and links; returns the file that rustc wrote.
fn compile(place: &Place, recipe: Recipe<'_>) -> Result<PathBuf> {
    let mut cargo = run::cargo();
    // Other flags are another std: apart, neither build throws the other's away.
    let target = if recipe.is_plain { place.target.join("plain") } else { place.target.clone() };
    cargo
        .args(["rustc", "--quiet", "--lib", "--crate-type", "cdylib", "--profile", "widget"])
        .args(["--target", TARGET, "--package", recipe.package])
        .current_dir(&place.root)
        .env("CARGO_TARGET_DIR", &target);
    if !recipe.features.is_empty() {
        cargo.args(["--features", &recipe.features.join(",")]);
    }
    // A path of this machine in the module would leak, and make two builds differ.
    let mut flags = vec![format!("--remap-path-prefix={}=", place.root.display())];
    let sysroot = sysroot()?;
    if has_std_source(&sysroot) {
        cargo
            .args(["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"])
            // Stable cargo and rustc take these flags only so; the pinned toolchain makes what they mean stable for us.
            .env("RUSTC_BOOTSTRAP", "1");
        flags.extend(
            ["-Zunstable-options", "-Cpanic=immediate-abort", "-Zlocation-detail=none"].map(Into::into),
        );
    } else {
        step::note("rust-src is not installed: the widget gets the stock std and is about 8 kB larger");
    }
    if recipe.is_plain {
        flags.push("-Ctarget-cpu=mvp".into());
    }
    if let Some(bytes) = recipe.stack_bytes {
        flags.push(format!("-Clink-arg=-zstack-size={bytes}"));
    }
    cargo.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    let step = Step::start(format!("wasm: compile {}", recipe.package));
    run::loud(&mut cargo)?;
    step.done();
    let file = format!("{}.wasm", recipe.package.replace('-', "_"));
    Ok(target.join(TARGET).join("widget").join(file))
}

/// Where the toolchain that compiles this project keeps its libraries.
pub(crate) fn sysroot() -> Result<PathBuf> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = run::quiet(std::process::Command::new(rustc).args(["--print", "sysroot"]))?;
    Ok(String::from_utf8(said)?.trim().into())
}

/// Is the component `rust-src` there, from which std is rebuilt for size?
pub(crate) fn has_std_source(sysroot: &Path) -> bool {
    fs::exists(sysroot.join("lib/rustlib/src/rust/library/Cargo.lock")).unwrap_or(false)
}

/// Is the target's std there? (Tests and clippy need the stock one.)
pub(crate) fn has_target(sysroot: &Path) -> bool {
    fs::exists(sysroot.join("lib/rustlib").join(TARGET)).unwrap_or(false)
}
