//! What a great sweep costs whoever is sending meanwhile.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    fill::{FLAT_OUT, Pace, moment, put, put_until},
    memory_mb, setting, share_ms,
};
use crate::{blobs::Blobs, chance::Clock, retention, store::tests::Bench};

/// A report, and the 2.33 parts that it has on average.
const ROWS_PER_REPORT: f64 = 10.0 / 3.0;
/// A busy site: 16 visitors, some 20 reports a second each.
const PACED: Pace = Pace { visitors: 16, pause: Duration::from_millis(50) };

/// `cargo xtask bench sweep` runs it: everything that is stored first is due at once, and more comes in meanwhile.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn sweep() {
    let rows = setting("CANDOR_SWEEP_ROWS", 1_000_000);
    let alone = Duration::from_secs(setting("CANDOR_SWEEP_SECONDS", 10));
    let reports = (rows as f64 / ROWS_PER_REPORT).ceil() as u64;
    for (name, pace) in [("paced", PACED), ("flat out", FLAT_OUT)] {
        let bench = Arc::new(Bench::new().await);
        put(&bench, 0..reports, FLAT_OUT).await;
        let blobs = Blobs::in_folder(bench.folder.path()).unwrap();
        // All is due now; what comes from now on is not.
        let first =
            u64::try_from(moment(reports).plus_days(366).unix_ms() - moment(0).unix_ms()).unwrap() / 1000;
        let clock = Clock::new(move || moment(first));
        let begun = Instant::now();
        let (mut without, next) = put_until(&bench, first, pace, tokio::time::sleep(alone)).await;
        let without_s = begun.elapsed().as_secs_f64();
        let (tell, told) = tokio::sync::oneshot::channel();
        let sweeping = tokio::spawn({
            let bench = Arc::clone(&bench);
            async move {
                let (begun, mut longest) = (Instant::now(), Duration::ZERO);
                let mut last = begun;
                let swept = retention::sweep(&bench.store, &blobs, &clock, |_| {
                    longest = longest.max(last.elapsed());
                    last = Instant::now();
                });
                let swept = swept.await.unwrap();
                let _ = tell.send(());
                (swept.total(), begun.elapsed().as_secs_f64(), longest)
            }
        });
        let before = memory_mb();
        let begun = Instant::now();
        let (mut with, _) = put_until(&bench, next, pace, async { told.await.unwrap_or_default() }).await;
        let with_s = begun.elapsed().as_secs_f64();
        let (swept, took, longest) = sweeping.await.unwrap();
        println!(
            "{name}: {swept} rows swept in {took:.1} s, {:.0} a second, the longest batch {:.0} ms; memory {before:.0} MB before, {:.0} MB after",
            swept as f64 / took,
            longest.as_secs_f64() * 1000.0,
            memory_mb(),
        );
        for (name, took, seconds) in [("without", &mut without, without_s), ("with", &mut with, with_s)] {
            println!(
                "  ingest {name:7} the sweep: {:6.0} reports/s, p50 {:6.2} ms, p99 {:6.2} ms, slowest {:6.1} ms",
                took.len() as f64 / seconds,
                share_ms(took, 50),
                share_ms(took, 99),
                share_ms(took, 100),
            );
        }
    }
}
