//! A short run of what `cargo xtask faults` does at length: what goes wrong with machines, under load.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;

use candor_load::{
    Kind,
    faults::{Fault, Outcome, suffer},
};
use serde_json::json;

/// The collector that was built together with this test.
fn collector() -> PathBuf {
    let program = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("candor");
    assert!(program.exists(), "build it first: cargo build --package candor-collector");
    program
}

/// Lets it happen a few times, at moments that are the same in each run; `None` where it cannot be done on this machine.
async fn suffered(fault: Fault) -> Option<Outcome> {
    // Nobody loads the widget here.
    let assets = tempfile::tempdir().unwrap();
    let file = |name: &str| json!({ "file": name, "integrity": "sha384-AAAA" });
    let manifest = json!({
        "loader": "loader.js",
        "pinned": file("candor-0f.js"),
        "glue": file("glue-1f.js"),
        "wasm": file("candor-2f.wasm"),
        "locales": { "en": file("en-3f.json") },
        "capture": null,
    });
    std::fs::write(assets.path().join("manifest.json"), manifest.to_string()).unwrap();
    for name in ["loader.js", "candor-0f.js", "glue-1f.js", "candor-2f.wasm", "en-3f.json"] {
        std::fs::write(assets.path().join(name), "__CANDOR_SETTINGS__").unwrap();
    }
    let kind = Kind::Collector(collector(), Some(assets.path().into()));
    let outcome = suffer(fault, &kind, 2, 7).await.unwrap();
    match &outcome.passed_over {
        None => Some(outcome),
        Some(why) => {
            eprintln!("passed over: {why}");
            None
        }
    }
}

async fn bears(fault: Fault) {
    let Some(outcome) = suffered(fault).await else { return };
    assert!(outcome.acknowledged > 0, "{outcome:?}");
    assert_eq!((outcome.lost, outcome.duplicates), (0, 0), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_outlives_power_cuts() {
    bears(Fault::PowerCut).await;
    // A harness that found nothing here would find nothing there.
    if let Some(outcome) = suffered(Fault::PowerCutUnflushed).await {
        assert!(outcome.lost > 0, "what is never flushed is lost: {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_outlives_the_databases_server_and_its_machine() {
    bears(Fault::DatabaseRestart).await;
    bears(Fault::DatabasePowerCut).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_outlives_the_line_to_the_database_and_lost_nodes() {
    bears(Fault::LineCut).await;
    bears(Fault::NodeLoss).await;
    bears(Fault::MigrationKilled).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_outlives_a_clock_that_jumps_and_not_its_date() {
    bears(Fault::ClockJump).await;
}
