//! `dist`: what a release consists of.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    assets, hash,
    node::{Text, Tools},
    place::Place,
    run,
    step::{self, Step},
    wasm::{self, Recipe},
};

/// What `domshot.js` fetches from beside itself.
const DOMSHOT_WASM: &str = "domshot_bg.wasm";

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
        bail!("a release needs wasm-opt and esbuild: run `cargo xtask setup`");
    }
    if !wasm::has_std_source(&wasm::sysroot()?) {
        bail!("a release needs std's source: run `cargo xtask setup`");
    }
    Ok(tools)
}

/// domshot for pages without a bundler: one `domshot.js`, which finds its wasm beside itself.
fn domshot(place: &Place, tools: &Tools, folder: &Path) -> Result<()> {
    let recipe =
        Recipe { package: "domshot", features: &["module"], stem: "domshot_core", finds_itself: false };
    let module = wasm::build(place, tools, recipe)?;
    let step = Step::start("domshot: wrap and minify");
    // The wrapper hides the init call, so that one import is all a page writes.
    let work = tempfile::tempdir()?;
    let entry = work.path().join("domshot.js");
    fs::copy(place.root.join("crates/domshot/js/domshot.js"), &entry)?;
    fs::write(work.path().join("domshot_core.js"), &module.glue)?;
    let source =
        tools.bundle(&entry, &["./domshot_core_js.js"])?.replace("domshot_core_bg.wasm", DOMSHOT_WASM);
    ensure!(source.contains(DOMSHOT_WASM), "domshot.js does not fetch {DOMSHOT_WASM}");
    fs::write(folder.join("domshot.js"), tools.minify(&source, Text::Module)?)?;
    fs::write(folder.join(DOMSHOT_WASM), &module.wasm)?;
    step.done();
    Ok(())
}

/// `SHA256SUMS`, in the form that `sha256sum --check` reads.
fn sums(dist: &Path) -> Result<()> {
    let mut lines = String::new();
    for file in ["candor", "domshot/domshot.js", "domshot/domshot_bg.wasm"] {
        lines.push_str(&format!("{}  {file}\n", hash::hex(&fs::read(dist.join(file))?)));
    }
    Ok(fs::write(dist.join("SHA256SUMS"), lines)?)
}
