//! `tidy`: the rules of the house that a compiler does not keep.

mod files;
mod rooms;

use std::fs;

use anyhow::{Context, Result, ensure};
use cargo_metadata::{CargoOpt, MetadataCommand};

use crate::{assets, place::Place, run, step::Step, wasm};

/// The name of a check, and how it went.
pub(crate) type Outcome = (String, Result<()>);

/// Crates that are compiled for browsers, too.
const BROWSER_CRATES: [&str; 5] =
    ["candor-protocol", "candor-rules", "domshot", "candor-widget", "candor-capture"];

/// web-sys features whose calls store something in a visitor's browser. With them off, such a call does not compile.
const STORING_FEATURES: [&str; 8] = [
    "HtmlDocument",
    "IdbFactory",
    "CookieStore",
    "CacheStorage",
    "ServiceWorkerContainer",
    "StorageManager",
    "FileSystemDirectoryHandle",
    "SharedWorker",
];

/// What the loader, the glue and the wasm must not even mention.
const STORING_WORDS: [&str; 6] =
    ["cookie", "sessionStorage", "indexedDB", "eval(", "serviceWorker", "new Function"];

/// Checks of the sources alone.
pub(crate) fn sources(place: &Place) -> Vec<Outcome> {
    let mut outcomes = vec![check("rustfmt", || {
        run::quiet(run::cargo().args(["fmt", "--all", "--check"]).current_dir(&place.root)).map(drop)
    })];
    outcomes.push(check("clippy", || clippy(place, &["--workspace", "--all-targets"])));
    outcomes.push(check("clippy for browsers", || {
        let packages = BROWSER_CRATES.iter().flat_map(|name| ["--package", name]);
        let arguments: Vec<&str> = packages.chain(["--target", wasm::TARGET]).collect();
        clippy(place, &arguments)
    }));
    outcomes.push(check("who depends on whom", || rooms::dependencies(place)));
    outcomes.push(check("what each room uses", || rooms::paths(place)));
    outcomes.push(check("web-sys stores nothing", || web_sys_features(place)));
    outcomes.push(check("names and lengths of files", || files::names_and_lengths(place)));
    outcomes.push(check("no unsafe code allowed by hand", || files::no_unsafe(place)));
    outcomes.push(check("golden files are added, never edited", || files::golden(place)));
    outcomes.push(check("locales agree", || {
        crate::locale::read_all(&place.root.join("widget/locales"))?;
        crate::locale::read_all(&place.root.join("widget/mine/locales"))?;
        crate::locale::read_both(&place.root.join("widget/files"), &place.root.join("widget/capture"))
            .map(drop)
    }));
    outcomes
}

/// Checks of what was built.
pub(crate) fn built(place: &Place) -> Vec<Outcome> {
    vec![check("nothing built mentions other storage", || {
        let manifest = assets::manifest(place)?;
        let program = [manifest.pinned, manifest.glue, manifest.wasm].map(|asset| asset.file);
        let later = [manifest.files, manifest.mine, manifest.capture.glue, manifest.capture.wasm];
        let later = later.map(|asset| asset.file);
        for file in program.into_iter().chain(later).chain([manifest.loader]) {
            let bytes = fs::read(place.assets().join(&file)).with_context(|| file.clone())?;
            for word in STORING_WORDS {
                ensure!(!mentions(&bytes, word), "{file} mentions {word}");
            }
        }
        Ok(())
    })]
}

/// Prints the failures and makes them an error.
pub(crate) fn report(outcomes: Vec<Outcome>) -> Result<()> {
    let total = outcomes.len();
    let mut failed = 0;
    for (name, outcome) in outcomes {
        if let Err(problem) = outcome {
            failed += 1;
            eprintln!("FAIL  {name}: {problem:#}");
        }
    }
    ensure!(failed == 0, "{failed} of {total} checks failed");
    Ok(())
}

fn check(name: &str, run: impl FnOnce() -> Result<()>) -> Outcome {
    let step = Step::start(name);
    let outcome = run();
    if outcome.is_ok() {
        step.done();
    }
    (name.to_owned(), outcome)
}

fn clippy(place: &Place, arguments: &[&str]) -> Result<()> {
    run::quiet(
        run::cargo()
            .args(["clippy", "--quiet"])
            .args(arguments)
            .args(["--", "-D", "warnings"])
            .current_dir(&place.root),
    )
    .map(drop)
}

/// Looks at what cargo *resolves*, so that a feature which some dependency switches on counts as ours.
fn web_sys_features(place: &Place) -> Result<()> {
    let metadata = MetadataCommand::new()
        .current_dir(&place.root)
        .features(CargoOpt::AllFeatures)
        .other_options(["--filter-platform".to_owned(), wasm::TARGET.to_owned()])
        .exec()?;
    let resolve = metadata.resolve.as_ref().context("cargo resolves the workspace")?;
    let web_sys =
        metadata.packages.iter().filter(|package| package.name == "web-sys").map(|package| &package.id);
    let ids: Vec<_> = web_sys.collect();
    ensure!(!ids.is_empty(), "web-sys is not in the workspace: this check looks at the wrong thing");
    for node in resolve.nodes.iter().filter(|node| ids.contains(&&node.id)) {
        for feature in &node.features {
            ensure!(
                !STORING_FEATURES.contains(&feature.as_str()),
                "web-sys has the feature {feature} switched on"
            );
        }
    }
    Ok(())
}

fn mentions(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_in_any_case_and_among_other_bytes() {
        assert!(mentions(b"\0\xffdocument.Cookie=", "cookie"));
        assert!(!mentions(b"wasm-unsafe-eval", "eval("));
    }
}
