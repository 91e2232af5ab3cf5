//! Finding words among many reports: time to the first page.

use std::time::Instant;

use super::{
    fill::{FLAT_OUT, WORDS, moment, put, scattered, word},
    processor_ms, setting, share_ms,
};
use crate::{
    search::Question,
    store::{
        Wanted,
        tests::{Bench, MEMBER},
    },
};

/// What is asked for: its name, the first of the words that it is drawn from, how many words.
const CASES: [(&str, usize, usize); 4] = [
    ("one common word", 0, 1),
    ("one rare word", WORDS - 1000, 1),
    ("three words", 40, 3),
    ("a word nobody wrote", WORDS + 2000, 1),
];

/// How long the first page takes.
pub(super) struct Found {
    pub(super) name: &'static str,
    pub(super) cpu_ms: f64,
    pub(super) p50_ms: f64,
    p95_ms: f64,
    /// How many reports it shows.
    on_page: f64,
}

/// Asks for each case again and again.
pub(super) async fn measured(bench: &Bench, reports: u64) -> Vec<Found> {
    const ROUNDS: u64 = 40;
    let mut lines = Vec::new();
    for (name, from, terms) in CASES {
        let (mut took, mut found, used) = (Vec::new(), 0, processor_ms());
        for round in 0..ROUNDS {
            let asked: Vec<_> = (0..terms)
                .map(|term| word(from + scattered(round * 8 + term as u64) as usize % 900))
                .collect();
            let question = Question::of(&asked.join(" ")).unwrap();
            let wanted = Wanted { member: MEMBER, question, before: None, limit: 30 };
            let begun = Instant::now();
            let (page, _) = bench.store.search(wanted, moment(reports)).await.unwrap();
            took.push(begun.elapsed());
            found += page.lines.len();
        }
        lines.push(Found {
            name,
            cpu_ms: (processor_ms() - used) / ROUNDS as f64,
            p50_ms: share_ms(&mut took, 50),
            p95_ms: share_ms(&mut took, 95),
            on_page: found as f64 / ROUNDS as f64,
        });
    }
    lines
}

/// `cargo xtask bench search` runs it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn search() {
    let count = setting("CANDOR_SEARCH_REPORTS", 100_000);
    let bench = std::sync::Arc::new(Bench::new().await);
    let begun = Instant::now();
    put(&bench, 0..count, FLAT_OUT).await;
    println!("{count} reports stored in {:.1} s", begun.elapsed().as_secs_f64());
    let bytes: u64 = bench.asked(|database| {
        let sql = "SELECT coalesce(sum(length(hashes)), 0) FROM words";
        database.query_row(sql, [], |row| row.get(0)).unwrap()
    });
    println!("hashes: {:.0} bytes a report", bytes as f64 / count as f64);
    for Found { name, cpu_ms, p50_ms, p95_ms, on_page } in measured(&bench, count).await {
        println!(
            "{name:20} p50 {p50_ms:7.1} ms, p95 {p95_ms:7.1} ms, CPU {cpu_ms:7.1} ms, {on_page:.1} on the first page"
        );
    }
}
