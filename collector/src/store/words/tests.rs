//! The search over the store: what is found, what is not found any more, and what its rows tell.

use std::{fs, time::Duration};

use candor_protocol::{Correction, Purpose};

use super::*;
use crate::{
    audit::Actor,
    store::{
        Role, Scope,
        rights::ReporterHash,
        tests::{Bench, MEMBER, NOW, REPORTER, SITE, admitted},
    },
};

const REQUEST: Uuid = Uuid::from_u128(0xabc);

impl Bench {
    async fn found_from(&self, asked: &str, before: Option<Uuid>, limit: usize) -> (Vec<Uuid>, Option<Uuid>) {
        let question = Question::of(asked).unwrap();
        let wanted = Wanted { member: MEMBER, question, before, limit };
        let (page, next) = self.store.search(wanted, NOW).await.unwrap();
        (page.lines.iter().map(|line| line.id).collect(), next)
    }

    async fn found(&self, asked: &str) -> Vec<Uuid> {
        self.found_from(asked, None, 100).await.0
    }

    fn reporter(&self) -> (ReporterHash, Actor) {
        let who = ReporterHash::of(REPORTER, &self.store.key);
        (who, Actor::Visitor(who.pseudonym()))
    }
}

#[tokio::test]
async fn reports_are_found_by_all_of_the_words_newest_first_page_by_page() {
    let bench = Bench::new().await;
    let mut all = Vec::new();
    for (id, text) in (1..).zip(["The basket forgets", "The lid of the basket", "Nothing", "Baskets, again"])
    {
        all.push(bench.stored(admitted(id, text, NOW.plus_ms(-100 + id as i64))).await.report);
    }
    assert_eq!(bench.found("BASKET").await, [all[3], all[1], all[0]]);
    assert_eq!(bench.found("lid bask").await, [all[1]]);
    assert!(bench.found("basket nothing").await.is_empty());
    assert_eq!(bench.found("a-17").await.len(), 4, "the owner's own fields are words of the report");
    let (first, next) = bench.found_from("basket", None, 2).await;
    let (rest, end) = bench.found_from("basket", next, 2).await;
    assert_eq!((first, rest, end), (vec![all[3], all[1]], vec![all[0]], None));
    // Beyond what is hashed, the text itself decides.
    let close = bench.stored(admitted(9, "international", NOW)).await.report;
    bench.stored(admitted(10, "internet", NOW)).await;
    assert_eq!(bench.found("international").await, [close]);
}

#[tokio::test]
async fn what_is_corrected_is_found_by_its_new_words_alone() {
    let bench = Bench::new().await;
    let report = bench.stored(admitted(1, "The basket forgets", NOW)).await.report;
    let (who, by) = bench.reporter();
    let correction = Correction { message: Some("The cart forgets".into()), contact: None };
    bench.store.correct(who, report, correction, by, REQUEST, NOW).await.unwrap();
    assert!(bench.found("basket").await.is_empty());
    assert_eq!(bench.found("cart forgets").await, [report]);
}

#[tokio::test]
async fn what_was_taken_back_erased_or_expired_has_no_words() {
    let bench = Bench::new().await;
    let (who, by) = bench.reporter();
    let first = bench.stored(admitted(1, "one word", NOW)).await.report;
    let second = bench.stored(admitted(2, "one more", NOW.plus_ms(1))).await.report;
    assert_eq!((bench.found("one").await, bench.count("words")), (vec![second, first], 2));
    bench.store.erase(who, Scope::Report(first), by.clone(), REQUEST, NOW).await.unwrap();
    assert_eq!((bench.found("one").await, bench.count("words")), (vec![second], 1));
    bench.store.withdraw(who, vec![Purpose::Message], by.clone(), NOW).await.unwrap();
    assert_eq!(bench.count("words"), 0);
    bench.stored(admitted(3, "one last", NOW)).await;
    let late = NOW.plus_days(366);
    let question = Question::of("one").unwrap();
    let wanted = Wanted { member: MEMBER, question, before: None, limit: 10 };
    let (page, _) = bench.store.search(wanted, late).await.unwrap();
    assert!(page.lines.is_empty(), "what has expired is not found though no sweep ran");
    bench.store.sweep(late, 100).await.unwrap();
    assert_eq!(bench.count("words"), 0);
}

#[tokio::test]
async fn nobody_finds_what_they_may_not_read() {
    let bench = Bench::new().await;
    let (who, by) = bench.reporter();
    let report = bench.stored(admitted(1, "secret basket", NOW)).await.report;
    bench.store.restrict(who, report, true, by.clone(), NOW).await.unwrap();
    assert!(bench.found("basket").await.is_empty());
    bench.store.grant(MEMBER, SITE, Role::Privacy).await.unwrap();
    assert_eq!(bench.found("basket").await, [report]);
    bench.store.object(who, vec![Purpose::Message], by, NOW).await.unwrap();
    assert!(bench.found("basket").await.is_empty(), "an objection hides the words from the search, too");
    let stranger = Uuid::from_u128(99);
    bench.store.add_member(stranger, "n@blog.example".into(), "hash".into(), NOW).await.unwrap();
    let wanted =
        Wanted { member: stranger, question: Question::of("basket").unwrap(), before: None, limit: 10 };
    assert!(bench.store.search(wanted, NOW).await.unwrap().0.lines.is_empty());
}

#[tokio::test]
async fn messages_of_an_older_version_get_their_words_in_batches_that_may_be_cut_short() {
    let bench = Bench::new().await;
    while bench.store.catch_up_words(10).await.unwrap() > 0 {}
    assert!(!bench.store.is_behind_with_words().await.unwrap());
    for id in 1..=7 {
        bench.stored(admitted(id, "basket", NOW.plus_ms(id as i64))).await;
    }
    bench.asked(|database| begin_anew(database).unwrap());
    assert!(bench.found("basket").await.is_empty());
    assert_eq!(bench.store.catch_up_words(3).await.unwrap(), 3);
    // The program ends here, and another one begins.
    let bench = bench.reopened();
    assert!(bench.store.is_behind_with_words().await.unwrap());
    let new = bench.stored(admitted(8, "basket", NOW.plus_ms(8))).await.report;
    assert_eq!(bench.found("basket").await[0], new, "what comes meanwhile is found at once");
    while bench.store.catch_up_words(3).await.unwrap() > 0 {}
    assert_eq!(bench.found("basket").await.len(), 8);
    assert!(!bench.store.is_behind_with_words().await.unwrap());
}

#[tokio::test]
async fn no_word_lies_in_file_log_index_or_copy_and_a_copy_has_no_hashes() {
    let bench = Bench::new().await;
    bench.stored(admitted(1, "Zebrafinkenfutter und Gürteltier", NOW)).await;
    let copy = bench.folder.path().join("copy.sqlite");
    bench.store.copy_into(&copy).await.unwrap();
    let files: Vec<Vec<u8>> = fs::read_dir(bench.folder.path())
        .unwrap()
        .map(|entry| fs::read(entry.unwrap().path()).unwrap())
        .collect();
    // A server keeps its own files; then only the copy is one of ours.
    assert!(files.len() >= if bench.is_file() { 3 } else { 1 }, "database, log and copy");
    for needle in ["Zebrafinkenfutter", "zebrafinkenfutter", "zebraf", "Gürteltier", "gurtel", "wzebra"] {
        for bytes in &files {
            assert!(!bytes.windows(needle.len()).any(|window| window == needle.as_bytes()), "{needle}");
        }
    }
    let hashes: Vec<u8> =
        bench.asked(|database| database.query_row("SELECT hashes FROM words", [], |row| row.get(0)).unwrap());
    let copied = fs::read(copy).unwrap();
    assert!(!copied.windows(hashes.len()).any(|window| window == hashes));
}

#[tokio::test]
async fn the_same_word_has_another_hash_on_another_site_and_under_another_key() {
    let tokens = || search::tokens("basket", &Default::default());
    let (key, other) = (InstanceKey::new([7; 32]), InstanceKey::new([8; 32]));
    let here = hashes(&key, SITE, tokens());
    assert_eq!(here.len(), 5);
    assert!(here.is_disjoint(&hashes(&key, Uuid::from_u128(9), tokens())));
    assert!(here.is_disjoint(&hashes(&other, SITE, tokens())));
}

/// `cargo xtask bench search` runs it; it asserts nothing about time.
#[tokio::test]
#[ignore = "a measurement"]
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures, and says what")]
async fn measure() {
    use std::time::Instant;
    let count: u128 =
        std::env::var("CANDOR_SEARCH_REPORTS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let bench = Bench::new().await;
    // 5000 made-up words, the n-th about n times rarer than the first, 12 to 40 of them in a message.
    let syllables = ["ba", "ke", "lo", "mi", "nu", "ra", "si", "to", "vu", "ze"];
    let word = |mut n: usize| {
        let mut text = String::new();
        for _ in 0..4 {
            text.push_str(syllables[n % 10]);
            n /= 10;
        }
        text
    };
    let mut seed = 1_u64;
    let mut next = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as f64 / f64::from(1_u32 << 31)
    };
    let begun = Instant::now();
    for chunk in 0..count.div_ceil(500) {
        let mut puts = Vec::new();
        for id in chunk * 500..((chunk + 1) * 500).min(count) {
            let length = 12 + (next() * 28.0) as usize;
            let words: Vec<_> = (0..length).map(|_| word((5000_f64.powf(next()) - 1.0) as usize)).collect();
            let one = admitted(id + 1, &words.join(" "), NOW.plus_ms(-i64::try_from(count - id).unwrap()));
            puts.push(bench.insert(one));
        }
        // Together, so that they share a commit.
        for put in futures_of(puts).await {
            put.unwrap();
        }
    }
    println!("{count} reports stored in {:.1} s", begun.elapsed().as_secs_f64());
    let size: u64 = bench
        .database()
        .query_row("SELECT coalesce(sum(length(hashes)), 0) FROM words", [], |row| row.get(0))
        .unwrap();
    println!("hashes: {:.0} bytes a report", size as f64 / count as f64);
    for (name, from, terms) in [
        ("one common word", 0, 1),
        ("one rare word", 4000, 1),
        ("three words", 40, 3),
        ("a word nobody wrote", 9000, 1),
    ] {
        let mut took = Vec::new();
        for round in 0..60 {
            let asked: Vec<_> = (0..terms).map(|term| word(from + (round * 7 + term * 13) % 900)).collect();
            let begun = Instant::now();
            let (found, _) = bench.found_from(&asked.join(" "), None, 30).await;
            took.push((begun.elapsed(), found.len()));
        }
        took.sort();
        let at = |share: usize| took[(took.len() - 1) * share / 100].0;
        let mean = took.iter().map(|(_, found)| found).sum::<usize>() as f64 / took.len() as f64;
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        println!(
            "{name}: p50 {:.1} ms, p99 {:.1} ms, {mean:.1} found on the first page",
            ms(at(50)),
            ms(at(99))
        );
    }
}

/// What all of them come to, while they run side by side.
async fn futures_of<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, slot) in futures.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let std::task::Poll::Ready(output) = future.as_mut().poll(context)
            {
                *slot = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}
