//! `bench`: speed and truth beside others, in one run on one machine.

use std::{collections::BTreeMap, fs, path::PathBuf, process::Command};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use crate::{
    assets,
    browser::Browser,
    e2e, load, measure,
    node::{Text, Tools},
    place::Place,
    run, setup,
    step::{self, Step},
};

/// What can be measured.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Bench {
    /// Pictures of pages: domshot beside six other engines, and beside the browser's own screenshot
    Capture(Options),
    /// Reports a second: the collector beside a server that only stores
    Ingest(load::Options),
    /// The search over sealed messages: time to the first page
    Search {
        /// How many reports to search
        #[arg(long, default_value_t = 100_000)]
        reports: u32,
        #[command(flatten)]
        store: measure::Store,
    },
    /// A great sweep while reports come in: how long these take with it and without
    Sweep {
        /// How many rows are due
        #[arg(long, default_value_t = 1_000_000)]
        rows: u32,
        #[command(flatten)]
        store: measure::Store,
    },
    /// What each thing costs at ten thousand reports, and at ten times as many, and again
    Growth {
        /// How many reports there are in the end, some 3 kB each
        #[arg(long, default_value_t = 1_000_000)]
        reports: u32,
        #[command(flatten)]
        store: measure::Store,
    },
}

/// What the command line says.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The browser to measure in
    #[arg(long, value_enum, default_value_t = Browser::Chromium)]
    browser: Browser,
    /// Only these pages, separated by commas
    #[arg(long, value_delimiter = ',')]
    page: Vec<String>,
    /// Only these engines beside domshot, separated by commas
    #[arg(long, value_delimiter = ',')]
    engine: Vec<String>,
    /// Fresh loads per engine and page, of which the median counts
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// One load each, and only the two fastest other engines
    #[arg(long)]
    quick: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Keep every picture in this folder
    #[arg(long)]
    keep: Option<PathBuf>,
}

/// Sets up what it needs and measures.
pub(crate) fn run(place: &Place, bench: &Bench) -> Result<()> {
    let options = match bench {
        Bench::Capture(options) => options,
        Bench::Ingest(options) => return load::ingest(place, options),
        Bench::Search { reports, store } => {
            return measure::run(place, "search", ("SEARCH_REPORTS", *reports), *store);
        }
        Bench::Sweep { rows, store } => return measure::run(place, "sweep", ("SWEEP_ROWS", *rows), *store),
        Bench::Growth { reports, store } => {
            return measure::run(place, "growth", ("GROWTH_REPORTS", *reports), *store);
        }
    };
    setup::rust(place)?;
    setup::tools(place)?;
    setup::browsers(place, &[options.browser])?;
    e2e::domshot(place)?;
    let sizes = engines(place)?;
    step::head("compile the driver");
    let driver = ["build", "--quiet", "--package", "e2e", "--bin", "bench-capture"];
    run::loud(run::cargo().args(driver).current_dir(&place.root))?;
    step::head(format!("pictures in {}", options.browser.name()));
    run::on_interrupt_kill_children()?;
    let quick = ["snapdom", "html2canvas-pro"].map(str::to_owned).to_vec();
    let engines = if options.quick && options.engine.is_empty() { quick } else { options.engine.clone() };
    let plan = json!({
        "rounds": if options.quick { 1 } else { options.rounds.max(1) },
        "pages": options.page,
        "engines": engines,
        "sizes": sizes,
        "json": options.json,
        "keep": options.keep.as_deref().map(std::path::absolute).transpose()?,
    });
    let mut command = Command::new(place.debug_program("bench-capture"));
    command.env("CANDOR_BENCH", folder(place)).env("CANDOR_BENCH_PLAN", plan.to_string());
    e2e::environment(place, options.browser, &mut command);
    if !run::wait_guarded(run::spawn_guarded(&mut command)?)?.success() {
        bail!("the benchmark did not finish");
    }
    Ok(())
}

fn folder(place: &Place) -> PathBuf {
    place.target.join("bench")
}

/// Installs the other engines, bundles each into one module, and says what each weighs in brotli-11 bytes.
fn engines(place: &Place) -> Result<BTreeMap<String, usize>> {
    let (source, folder) = (place.root.join("crates/domshot/bench"), folder(place));
    let tools = Tools::find(place);
    ensure!(tools.ready(), "the engines need esbuild: run `cargo xtask setup`");
    fs::create_dir_all(folder.join("source"))?;
    let lock = fs::read(source.join("package-lock.json"))?;
    if fs::read(folder.join("installed")).ok().as_ref() != Some(&lock) {
        let step = Step::start("npm: the other engines");
        for file in ["package.json", "package-lock.json", ".npmrc"] {
            fs::copy(source.join(file), folder.join(file)).with_context(|| file.to_owned())?;
        }
        let install = ["ci", "--ignore-scripts", "--loglevel=error"];
        run::quiet(Command::new("npm").args(install).current_dir(&folder))?;
        fs::write(folder.join("installed"), &lock)?;
        step.done();
    }
    let step = Step::start("bundle the engines");
    fs::create_dir_all(folder.join("engines"))?;
    let mut sizes = BTreeMap::new();
    for entry in fs::read_dir(source.join("engines"))? {
        let path = entry?.path();
        // Beside the packages, so that esbuild finds them.
        fs::copy(&path, folder.join("source").join(path.file_name().context("a file has a name")?))?;
    }
    for entry in fs::read_dir(folder.join("source"))? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if name == "view" {
            continue;
        }
        let module = tools.bundle(&path, &["/module/domshot.js"], &[])?;
        let module = tools.minify(&module, Text::Module)?;
        let weight = if name == "domshot" {
            ["domshot.js", "domshot_bg.wasm"]
                .iter()
                .map(|file| Ok(assets::brotli(&fs::read(place.domshot().join(file))?)?.len()))
                .sum::<Result<usize>>()?
        } else {
            assets::brotli(module.as_bytes())?.len()
        };
        fs::write(folder.join("engines").join(format!("{name}.js")), module)?;
        sizes.insert(name, weight);
    }
    step.done();
    Ok(sizes)
}
