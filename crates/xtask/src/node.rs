//! The build tools that come from npm: wasm-opt, esbuild and terser, pinned by `node/package-lock.json`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{hash, place::Place, run, step::Step};

/// What browsers have to understand: the oldest that know all the widget needs
/// (constructable style sheets came last, with Safari 16.4).
const TARGETS: &str = "--target=es2022,chrome111,firefox114,safari16.4";

/// The features that rustc's `wasm32-unknown-unknown` switches on by default; the section that
/// would say so is stripped before wasm-opt reads the module.
const WASM_FEATURES: [&str; 8] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-call-indirect-overlong",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// What makes our modules smallest, measured. Passes that assume that no trap ever happens would save another
/// hundredth: they are left out, for it is a trap that ends what runs out of bounds. The first page of memory is the
/// far end of the stack, where nothing of ours lies.
const WASM_PASSES: [&str; 6] =
    ["--low-memory-unused", "--flatten", "--rereloop", "--simplify-locals-notee", "-Oz", "--converge"];

/// Properties that only domshot and the pen give to objects of their own, and only they read, by these names. What pages
/// and the panel hand over or are given keeps its name, as does what a browser may know by the same one.
const OWN_NAMES: &str = "above|again|around|backdrop|base|beneath|clock|copiesStyles|counters|countsFromEnd|depth|escapes|\
externals|faces|facts|fit|holes|isDark|isForeign|isGecko|isInside|isKept|isLate|isQuirky|isRaw|isSeen|isShown|isSvg|\
isTurnOver|kept|numbers|out|pen|pins|pinsCells|place|rest|row|scrolls|seen|selectors|settle|shadows|tops|tree|trees|typed";

/// Kinds of text that are made smaller.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Text {
    /// An ECMAScript module.
    Module,
    /// One of domshot's, with or without the pen: [`OWN_NAMES`] are shortened.
    Picture,
    /// A classic script.
    Script,
    /// A style sheet.
    Style,
}

/// The tools, if `setup` has installed what the lock file asks for.
#[derive(Debug)]
pub(crate) struct Tools {
    modules: Option<PathBuf>,
}

impl Tools {
    /// Looks, installs nothing.
    pub(crate) fn find(place: &Place) -> Self {
        let ready = run::which("node").is_some()
            && fs::read_to_string(stamp(place))
                .is_ok_and(|have| wanted(place).is_ok_and(|want| have == want));
        Self { modules: ready.then(|| place.node().join("node_modules")) }
    }

    /// Installs them under the target folder, unless they are there.
    ///
    /// # Errors
    /// npm is missing, or cannot reach its registry.
    pub(crate) fn install(place: &Place) -> Result<()> {
        if Self::find(place).ready() {
            return Ok(());
        }
        let step = Step::start("npm: wasm-opt, esbuild, terser");
        let folder = place.node();
        fs::create_dir_all(&folder)?;
        for file in ["package.json", "package-lock.json", ".npmrc"] {
            fs::copy(sources(place).join(file), folder.join(file)).with_context(|| file.to_owned())?;
        }
        run::quiet(Command::new("npm").args(["ci", "--loglevel=error"]).current_dir(&folder))?;
        fs::write(stamp(place), wanted(place)?)?;
        step.done();
        Ok(())
    }

    /// Are they there?
    pub(crate) fn ready(&self) -> bool {
        self.modules.is_some()
    }

    /// Optimises a wasm module for size; `None` without the tool.
    pub(crate) fn optimise(&self, wasm: &[u8]) -> Result<Option<Vec<u8>>> {
        let Some(modules) = &self.modules else { return Ok(None) };
        let folder = tempfile::tempdir()?;
        let (input, output) = (folder.path().join("in.wasm"), folder.path().join("out.wasm"));
        fs::write(&input, wasm)?;
        run::quiet(
            Command::new("node")
                .arg(modules.join("binaryen/bin/wasm-opt"))
                .args(WASM_FEATURES)
                .args(WASM_PASSES)
                .args(["--strip-producers", "--strip-target-features"])
                .arg(&input)
                .arg("-o")
                .arg(&output),
        )?;
        Ok(Some(fs::read(output)?))
    }

    /// Makes of a wasm module an ES module that does the same in plain JavaScript: its default export takes the imports
    /// and gives the exports.
    ///
    /// # Errors
    /// The tool is missing, or the module uses what JavaScript cannot say.
    pub(crate) fn to_js(&self, wasm: &[u8]) -> Result<String> {
        let modules = self.modules.as_ref().context("wasm2js is not installed: run `cargo xtask setup`")?;
        let folder = tempfile::tempdir()?;
        let (input, output) = (folder.path().join("in.wasm"), folder.path().join("out.js"));
        fs::write(&input, wasm)?;
        run::quiet(
            Command::new("node")
                .arg(modules.join("binaryen/bin/wasm2js"))
                .args(["-Oz", "--emscripten"])
                .arg(&input)
                .arg("-o")
                .arg(&output),
        )?;
        Ok(fs::read_to_string(output)? + "\nexport default instantiate;\n")
    }

    /// Makes a text smaller; without the tool it comes back as it was.
    pub(crate) fn minify(&self, text: &str, kind: Text) -> Result<String> {
        let Some(modules) = &self.modules else { return Ok(text.to_owned()) };
        let mut command = Command::new("node");
        command.arg(modules.join("esbuild/bin/esbuild")).args([
            "--minify",
            "--legal-comments=none",
            // The collector says so in the header; escaped, every letter of most languages is six.
            "--charset=utf8",
            TARGETS,
        ]);
        match kind {
            Text::Module | Text::Picture => command.args(["--loader=js", "--format=esm"]),
            Text::Script => command.args(["--loader=js"]),
            Text::Style => command.args(["--loader=css"]),
        };
        let small = run::filter(&mut command, text)?;
        let small = if matches!(kind, Text::Style) { small } else { shrink(modules, &small, kind)? };
        Ok(small.trim_end().to_owned())
    }

    /// Puts an ES module and all that it imports into one text, which one integrity hash covers. `aliases` are names that
    /// its files import, and where these lie.
    ///
    /// # Errors
    /// The tool is missing: a bundle cannot be faked by leaving it out.
    pub(crate) fn bundle(
        &self,
        entry: &Path,
        left_out: &[&str],
        aliases: &[(&str, &Path)],
    ) -> Result<String> {
        let modules = self.modules.as_ref().context("esbuild is not installed: run `cargo xtask setup`")?;
        let mut command = Command::new("node");
        command
            .arg(modules.join("esbuild/bin/esbuild"))
            .arg(entry)
            .args(["--bundle", "--format=esm", "--legal-comments=none", "--log-level=warning", TARGETS])
            .args(left_out.iter().map(|module| format!("--external:{module}")))
            .args(aliases.iter().map(|(name, file)| format!("--alias:{name}={}", file.display())));
        Ok(String::from_utf8(run::quiet(&mut command)?)?.trim_end().to_owned())
    }
}

/// A script that esbuild has made smaller, smaller still: terser looks through a program again and again, which saves
/// three hundredths of what travels. Without those of its liberties that assume how a page behaves.
fn shrink(modules: &Path, script: &str, kind: Text) -> Result<String> {
    let mut command = Command::new("node");
    command.arg(modules.join("terser/bin/terser")).args([
        "--compress",
        "ecma=2022,passes=3,hoist_funs=true,unsafe_arrows=true",
        "--mangle",
        "--ecma=2022",
    ]);
    if !matches!(kind, Text::Script) {
        command.arg("--module");
    }
    if matches!(kind, Text::Picture) {
        command.args(["--mangle-props", &format!("regex=/^({OWN_NAMES})$/")]);
    }
    run::filter(&mut command, script)
}

fn sources(place: &Place) -> PathBuf {
    place.root.join("crates/xtask/node")
}

fn stamp(place: &Place) -> PathBuf {
    place.node().join("installed")
}

fn wanted(place: &Place) -> Result<String> {
    let lock: &Path = &sources(place).join("package-lock.json");
    Ok(hash::hex(&fs::read(lock).with_context(|| lock.display().to_string())?))
}
