//! What each thing that is done costs at 10 thousand reports, at 100 thousand, at a million.
//!
//! Processor time is told beside the time that passes: on a machine that does other things, too, it is what can be
//! compared. Of a server it is the collector's part alone.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use candor_protocol::Kind;
use uuid::Uuid;

use super::{
    fill::{FLAT_OUT, Pace, moment, put, scattered},
    memory_mb, processor_ms, search, setting, share_ms,
};
use crate::{
    backup,
    blobs::Blobs,
    store::{
        PageQuery, Walk,
        tests::{Bench, MEMBER},
    },
};

/// One visitor after the other.
const ONE: Pace = Pace { visitors: 1, pause: Duration::ZERO };
/// How often each read is timed.
const ROUNDS: u64 = 200;
const OPENED: u64 = 2000;

struct Line {
    what: String,
    /// One figure for each size.
    figures: Vec<f64>,
}

/// The figures of one size, in the order in which they are printed.
type Figures = Vec<(String, f64)>;

/// `cargo xtask bench growth` runs it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn growth() {
    let most = setting("CANDOR_GROWTH_REPORTS", 100_000);
    let sizes: Vec<u64> = (4..).map(|power| 10_u64.pow(power)).take_while(|size| *size <= most).collect();
    let bench = Arc::new(Bench::new().await);
    let (mut lines, mut stored): (Vec<Line>, _) = (Vec::new(), 0);
    for size in &sizes {
        let begun = Instant::now();
        // What is measured puts in some itself.
        put(&bench, stored..*size, FLAT_OUT).await;
        println!(
            "{size} reports: {} stored, {:.0} a second",
            size - stored,
            (size - stored) as f64 / begun.elapsed().as_secs_f64()
        );
        stored = *size;
        let turn = lines.first().map_or(1, |line| line.figures.len() as u64 + 1);
        for (at, (what, figure)) in measured(&bench, &mut stored, turn).await.into_iter().enumerate() {
            if lines.len() <= at {
                lines.push(Line { what, figures: Vec::new() });
            }
            lines[at].figures.push(figure);
        }
    }
    print!("{:42}", "");
    sizes.iter().for_each(|size| print!("{size:>12}"));
    println!("   last/first");
    for Line { what, figures } in lines {
        print!("{what:42}");
        figures.iter().for_each(|figure| print!("{figure:12.2}"));
        println!("{:12.2}×", figures[figures.len() - 1] / figures[0]);
    }
}

/// What everything costs now, in the n-th turn. It stores a few reports more.
async fn measured(bench: &Arc<Bench>, stored: &mut u64, turn: u64) -> Figures {
    const MORE: u64 = 4000;
    let mut figures = Figures::new();
    let reports = *stored;

    for (name, more, pace) in [("one after another", MORE / 4, ONE), ("16 at once", MORE, FLAT_OUT)] {
        let used = processor_ms();
        let mut took = put(bench, *stored..*stored + more, pace).await;
        *stored += more;
        figures.push((format!("ingest, {name}: CPU ms"), (processor_ms() - used) / more as f64));
        figures.push((format!("ingest, {name}: p50 ms"), share_ms(&mut took, 50)));
    }

    let now = moment(*stored);
    let mut ids: Vec<Uuid> = Vec::new();
    let deep = moment(reports / 10).unix_ms().unsigned_abs();
    let deep = uuid::Builder::from_unix_timestamp_millis(deep, &[0; 10]).into_uuid();
    for (name, kind, before, limit) in [
        ("list, first page", None, None, 50),
        // No more than there are at the smallest size.
        ("list, a rare kind", Some(Kind::Praise), None, 20),
        ("list, deep page", None, Some(deep), 50),
    ] {
        let (mut took, used) = (Vec::new(), processor_ms());
        for _ in 0..ROUNDS {
            let query = PageQuery { member: MEMBER, site: None, kind, before, limit };
            let begun = Instant::now();
            let page = bench.store.reports(query, now).await.unwrap();
            took.push(begun.elapsed());
            assert_eq!(page.lines.len(), limit, "{name}");
            ids.extend(page.lines.iter().map(|line| line.id));
        }
        figures.push((format!("{name}: CPU ms"), (processor_ms() - used) / ROUNDS as f64));
        figures.push((format!("{name}: p50 ms"), share_ms(&mut took, 50)));
    }
    let (mut took, used) = (Vec::new(), processor_ms());
    for round in 0..OPENED {
        let id = ids[scattered(round) as usize % ids.len()];
        let begun = Instant::now();
        assert!(bench.store.report(MEMBER, id, now).await.unwrap().is_some());
        took.push(begun.elapsed());
    }
    figures.push(("open a report: CPU ms".into(), (processor_ms() - used) / OPENED as f64));
    figures.push(("open a report: p50 ms".into(), share_ms(&mut took, 50)));

    for found in search::measured(bench, *stored).await {
        figures.push((format!("search, {}: CPU ms", found.name), found.cpu_ms));
        figures.push((format!("search, {}: p50 ms", found.name), found.p50_ms));
    }

    // The facts about the browsers of the oldest thousand that still have them are due.
    let due = moment(turn * 1000).plus_days(30);
    let used = processor_ms();
    let (mut walk, mut swept) = (Walk::default(), 0);
    while !walk.is_over() {
        swept += bench.store.anonymise_due(due, 200, &mut walk).await.unwrap();
        swept += bench.store.sweep(due, 200, &mut walk).await.unwrap().total();
    }
    figures.push(("sweep, 1000 rows: CPU ms".into(), (processor_ms() - used) * 1e3 / swept as f64));

    if bench.is_file() {
        let blobs = Blobs::in_folder(bench.folder.path()).unwrap();
        let to = bench.folder.path().join("backup.zip");
        let used = processor_ms();
        backup::write((&bench.store, &blobs), &to, now, |_, _| {}).await.unwrap();
        let used = processor_ms() - used;
        std::fs::remove_file(to).unwrap();
        figures.push(("backup, 1000 reports: CPU ms".into(), used * 1e3 / *stored as f64));
        let bytes = std::fs::metadata(bench.folder.path().join("candor.sqlite")).unwrap().len();
        figures.push(("database, bytes a report".into(), bytes as f64 / *stored as f64));
    }
    figures.push(("memory, MB".into(), memory_mb()));
    figures
}
