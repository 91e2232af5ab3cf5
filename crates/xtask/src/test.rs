//! `test`: everything, lowest level first, with one truthful count at the end.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use cargo_metadata::Message;

use crate::{
    assets, browser::Browser, e2e, generate, measure, place::Place, run, setup, size, step, tidy, wasm,
};

/// The name of the test binary that drives browsers; it comes last.
const JOURNEYS: &str = "journeys";

/// What is run again on the other database: all that keeps anything. Programs with data folders of their own are not,
/// nor are the tests that run on it anyway.
const ON_POSTGRES: [&str; 6] = [
    "--skip=operator::",
    "--skip=program::",
    "--skip=nodes::",
    "--skip=picture::",
    "--skip=vault::",
    "--skip=backup::",
];

/// How one suite went.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Suite {
    name: String,
    passed: usize,
    failed: usize,
    ignored: usize,
}

/// A test binary that cargo built.
#[derive(Debug)]
struct Binary {
    name: String,
    program: PathBuf,
    /// The folder of its package: where cargo would run it.
    folder: PathBuf,
}

/// Runs it all. Nothing stops the rest from running; anything that fails makes the end an error.
pub(crate) fn run(place: &Place) -> Result<()> {
    run::on_interrupt_kill_children()?;
    setup::rust(place)?;
    setup::tools(place)?;
    setup::browsers(place, &Browser::ALL)?;
    setup::servers(place)?;

    let mut suites = Vec::new();
    suites.push(checks("tidy", tidy::sources(place)));
    suites.push(one("gen --check", generate::check(place)));

    step::head("compile all tests");
    let binaries = compile(place)?;
    let (journeys, native): (Vec<_>, Vec<_>) =
        binaries.into_iter().partition(|binary| binary.name.ends_with(JOURNEYS));
    for binary in &native {
        suites.push(suite(&binary.name, &mut command(place, binary))?);
    }
    for binary in native.iter().filter(|binary| binary.folder.ends_with("collector")) {
        let mut command = command(place, binary);
        command.args(ON_POSTGRES).env("CANDOR_TEST_STORE", "postgres");
        suites.push(suite(&format!("{} on PostgreSQL", binary.name), &mut command)?);
    }
    for binary in native.iter().filter(|binary| binary.name.ends_with("api")) {
        let mut command = command(place, binary);
        command.arg("files::").env("CANDOR_TEST_BLOBS", "s3");
        suites.push(suite(&format!("{} in a bucket", binary.name), &mut command)?);
    }
    suites.push(suite(
        "doc tests",
        run::cargo().args(["test", "--quiet", "--workspace", "--doc"]).current_dir(&place.root),
    )?);

    let built = assets::build(place);
    let ready = built.is_ok();
    suites.push(one("build the widget", built.map(drop)));
    suites.push(one("build domshot", e2e::domshot(place)));
    if ready {
        suites.push(one("size --check", size::run(place, false, true)));
        suites.push(checks("assets", tidy::built(place)));
    }
    if ready {
        suites.push(in_node(place)?);
    }
    for package in browser_suites(place)? {
        suites.push(in_browser(place, &package)?);
    }
    for browser in Browser::ALL {
        for binary in &journeys {
            let mut command = command(place, binary);
            command.arg("--test-threads=2");
            e2e::environment(place, browser, &mut command);
            suites.push(suite(&format!("{} in {}", binary.name, browser.name()), &mut command)?);
        }
    }
    finish(&suites)
}

/// Runs the collector's simulation with as many seeds as somebody wants.
pub(crate) fn simulate(place: &Place, runs: u64, seed: u64, store: measure::Store) -> Result<()> {
    run::on_interrupt_kill_children()?;
    let mut cargo = run::cargo();
    cargo
        .args(["test", "--package", "candor-collector", "--lib", "simulation::", "--", "--nocapture"])
        .current_dir(&place.root)
        .env("CANDOR_SIMULATE_RUNS", runs.to_string())
        .env("CANDOR_SIMULATE_SEED", seed.to_string());
    store.tell(&mut cargo);
    let suite = suite(&format!("{runs} runs from seed {seed}"), &mut cargo)?;
    // A simulation that was not found has not held either.
    if suite.passed > 0 && suite.failed == 0 { Ok(()) } else { bail!("a law was broken") }
}

/// Compiles every test of the workspace at once, so that all share one resolution of features.
fn compile(place: &Place) -> Result<Vec<Binary>> {
    let mut child = run::cargo()
        .args(["test", "--workspace", "--no-run", "--message-format=json-render-diagnostics"])
        .current_dir(&place.root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let stdout = child.stdout.take().context("stdout is piped")?;
    let mut binaries = Vec::new();
    for message in Message::parse_stream(BufReader::new(stdout)) {
        let Message::CompilerArtifact(artifact) = message? else { continue };
        if !artifact.profile.test {
            continue;
        }
        let folder: PathBuf = artifact.manifest_path.parent().context("a manifest has a folder")?.into();
        if let Some(program) = artifact.executable {
            let package = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let target = artifact.target.name;
            let name = if target.replace('_', "-").ends_with(&package) {
                package
            } else {
                format!("{package}: {target}")
            };
            binaries.push(Binary { name, program: program.into(), folder });
        }
    }
    if !child.wait()?.success() {
        bail!("the tests do not compile");
    }
    Ok(binaries)
}

fn command(place: &Place, binary: &Binary) -> Command {
    let mut command = Command::new(&binary.program);
    command
        .current_dir(&binary.folder)
        .env("CARGO_MANIFEST_DIR", &binary.folder)
        .env("INSTA_WORKSPACE_ROOT", &place.root)
        // A snapshot that is missing or differs is a failure here, never a file written beside it.
        .env("INSTA_UPDATE", "no");
    command
}

/// Runs the tests of the widget's JavaScript with node's own runner.
fn in_node(place: &Place) -> Result<Suite> {
    const NAME: &str = "files, my data, words and selectors in node";
    step::head(NAME);
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=tap"]).current_dir(&place.root).stdout(Stdio::piped());
    for folder in ["widget/files", "widget/mine", "widget/capture/js", "crates/domshot/js"] {
        for entry in fs::read_dir(place.root.join(folder))? {
            let file = entry?.path();
            if file.to_string_lossy().ends_with(".test.js") {
                node.arg(file);
            }
        }
    }
    let output = node.output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let count = |what: &str| said.lines().find_map(|line| line.strip_prefix(what)?.trim().parse().ok());
    let (passed, failed) = (count("# pass "), count("# fail "));
    let (Some(passed), Some(failed)) = (passed, failed) else { bail!("node says:\n{said}") };
    if failed > 0 {
        eprintln!("{said}");
    }
    Ok(Suite { name: NAME.into(), passed, failed, ignored: 0 })
}

/// Packages with tests that need a browser themselves (`wasm-bindgen-test`): those with a `tests/browser.rs`.
fn browser_suites(place: &Place) -> Result<Vec<String>> {
    let metadata = cargo_metadata::MetadataCommand::new().current_dir(&place.root).no_deps().exec()?;
    let has =
        |package: &&cargo_metadata::Package| package.targets.iter().any(|target| target.name == "browser");
    Ok(metadata.packages.iter().filter(has).map(|package| package.name.to_string()).collect())
}

/// Runs `tests/browser.rs` of a package in headless Chromium, with ourselves as the runner.
fn in_browser(place: &Place, package: &str) -> Result<Suite> {
    let mut cargo = run::cargo();
    cargo
        .args(["test", "--package", package, "--target", wasm::TARGET, "--test", "browser"])
        .current_dir(&place.root);
    as_runner(&mut cargo)?;
    suite(&format!("{package} in Chromium"), &mut cargo)
}

/// Makes cargo hand compiled wasm tests to `xtask wasm-test`.
pub(crate) fn as_runner(cargo: &mut Command) -> Result<()> {
    let runner = format!("{} wasm-test", std::env::current_exe()?.display());
    cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner);
    // A browser's first start on a busy machine takes longer than the twenty seconds it gets by itself.
    cargo.env("WASM_BINDGEN_TEST_TIMEOUT", "120");
    if let Some(driver) = run::which("chromedriver") {
        cargo.env("CHROMEDRIVER", driver);
    }
    Ok(())
}

/// Runs a program that speaks libtest and counts what it says.
fn suite(name: &str, command: &mut Command) -> Result<Suite> {
    step::head(name);
    // An error says what is wrong in a line, which a log that is cut loses behind its backtrace. Panics keep theirs.
    command.env("RUST_LIB_BACKTRACE", "0");
    let mut child = run::spawn_guarded(command.stdout(Stdio::piped()))?;
    let stdout = child.stdout.take().context("stdout is piped")?;
    let mut suite = Suite { name: name.to_owned(), passed: 0, failed: 0, ignored: 0 };
    let mut out = std::io::stdout();
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        suite.count(&line);
        writeln!(out, "{line}")?;
    }
    let status = run::wait_guarded(child)?;
    if !status.success() && suite.failed == 0 {
        // It did not even get to its own count.
        suite.failed = 1;
    }
    Ok(suite)
}

impl Suite {
    /// Adds a libtest summary line, `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    fn count(&mut self, line: &str) {
        let Some((_, counts)) = line.split_once("test result: ") else { return };
        for part in counts.split([';', '.']) {
            let mut words = part.split_whitespace();
            let (Some(number), Some(what)) =
                (words.next().and_then(|n| n.parse::<usize>().ok()), words.next())
            else {
                continue;
            };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

fn one(name: &str, outcome: Result<()>) -> Suite {
    checks(name, vec![(name.to_owned(), outcome)])
}

fn checks(name: &str, outcomes: Vec<(String, Result<()>)>) -> Suite {
    let mut suite = Suite { name: name.to_owned(), passed: 0, failed: 0, ignored: 0 };
    for (check, outcome) in outcomes {
        match outcome {
            Ok(()) => suite.passed += 1,
            Err(problem) => {
                suite.failed += 1;
                eprintln!("FAIL  {check}: {problem:#}");
            }
        }
    }
    suite
}

fn finish(suites: &[Suite]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{:<40}{:>8}{:>8}{:>9}", "suite", "passed", "failed", "ignored")?;
    for suite in suites {
        writeln!(out, "{:<40}{:>8}{:>8}{:>9}", suite.name, suite.passed, suite.failed, suite.ignored)?;
    }
    let passed: usize = suites.iter().map(|suite| suite.passed).sum();
    let failed: usize = suites.iter().map(|suite| suite.failed).sum();
    writeln!(out, "\n{passed} passed, {failed} failed")?;
    out.flush()?;
    if failed > 0 {
        // The count above is the last line; an error message would follow it.
        std::process::exit(1);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libtest_counts_are_added_up() {
        let mut suite = Suite { name: String::new(), passed: 0, failed: 0, ignored: 0 };
        suite.count(
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.2s",
        );
        suite.count("test result: FAILED. 2 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out");
        suite.count("test a_line_that_is_no_result ... ok");
        assert_eq!((suite.passed, suite.failed, suite.ignored), (14, 4, 1));
    }

    #[test]
    fn a_suite_that_dies_before_its_count_has_failed() {
        let suite = suite("dies", Command::new("sh").args(["-c", "exit 101"])).unwrap();
        assert_eq!((suite.passed, suite.failed), (0, 1));
    }
}
