//! `dist`: what a release consists of.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};

use crate::{
    assets, hash,
    node::{Text, Tools},
    place::Place,
    run,
    step::{self, Step},
    wasm::{self, Recipe},
};

/// Builds `dist/`: the collector with its assets inside, domshot as an ES module, and their checksums.
///
/// # Errors
/// Tools are missing: a release is never built larger than it should be.
pub(crate) fn run(place: &Place) -> Result<()> {
    let tools = tools(place)?;
    let dist = place.dist();
    if dist.exists() {
        fs::remove_dir_all(&dist)?;
    }
    fs::create_dir_all(dist.join("domshot"))?;

    assets::build(place)?;
    step::head("collector: compile for release, assets inside");
    run::loud(
        run::cargo()
            .args(["build", "--release", "--package", "candor-collector", "--bin", "candor"])
            .env("CANDOR_ASSETS", place.assets())
            .current_dir(&place.root),
    )?;
    fs::copy(place.target.join("release/candor"), dist.join("candor")).context("the release binary")?;

    domshot(place, &tools, &dist.join("domshot"))?;
    sums(&dist)?;
    step::note(format!("made {}", dist.display()));
    Ok(())
}

/// Builds `dist/domshot/` alone, for whoever works on it or measures it.
///
/// # Errors
/// Tools are missing.
pub(crate) fn module(place: &Place) -> Result<()> {
    let tools = tools(place)?;
    let folder = place.dist().join("domshot");
    fs::create_dir_all(&folder)?;
    domshot(place, &tools, &folder)?;
    step::note(format!("made {}", folder.display()));
    Ok(())
}

fn tools(place: &Place) -> Result<Tools> {
    let tools = Tools::find(place);
    if !tools.ready() {
        bail!("a release needs wasm-opt, esbuild and terser: run `cargo xtask setup`");
    }
    if !wasm::has_std_source(&wasm::sysroot()?) {
        bail!("a release needs std's source: run `cargo xtask setup`");
    }
    Ok(tools)
}

/// domshot for pages without a bundler: one `domshot.js`, which finds what else it needs beside itself.
///
/// # Errors
/// The build tools are missing, or the crate does not compile.
pub(crate) fn domshot(place: &Place, tools: &Tools, folder: &Path) -> Result<()> {
    let recipe = Recipe {
        package: "domshot",
        features: &["module"],
        stem: "domshot_core",
        is_plain: false,
        stack_bytes: None,
        entry: None,
    };
    let module = wasm::build(place, tools, recipe)?;
    let plain = wasm::build(place, tools, Recipe { is_plain: true, ..recipe })?;
    let step = Step::start("domshot: wrap and minify");
    fs::write(folder.join("domshot_bg.wasm"), &module.wasm)?;
    // The wrapper hides the init call, so that one import is all a page writes.
    wrap(place, tools, "domshot.js", &module.glue, "", folder)?;
    wrap(place, tools, "domshot_plain.js", &plain.glue, &tools.to_js(&plain.wasm)?, folder)?;
    step.done();
    Ok(())
}

/// Bundles `crates/domshot/js/NAME` with its glue and, where it has no other, the program itself.
fn wrap(place: &Place, tools: &Tools, name: &str, glue: &str, program: &str, folder: &Path) -> Result<()> {
    let work = tempfile::tempdir()?;
    let entry = work.path().join(name);
    fs::copy(place.root.join("crates/domshot/js").join(name), &entry)?;
    fs::write(work.path().join("domshot_core.js"), glue)?;
    fs::write(work.path().join("domshot_program.js"), program)?;
    let source = tools.bundle(&entry, &["./domshot_plain.js"], &[])?;
    Ok(fs::write(folder.join(name), tools.minify(&source, Text::Picture)?)?)
}

/// `SHA256SUMS`, in the form that `sha256sum --check` reads.
fn sums(dist: &Path) -> Result<()> {
    let mut lines = String::new();
    for file in ["candor", "domshot/domshot.js", "domshot/domshot_bg.wasm", "domshot/domshot_plain.js"] {
        lines.push_str(&format!("{}  {file}\n", hash::hex(&fs::read(dist.join(file))?)));
    }
    Ok(fs::write(dist.join("SHA256SUMS"), lines)?)
}
