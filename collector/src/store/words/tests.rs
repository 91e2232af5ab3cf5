//! The search over the store: what is found, what is not found any more, and what its rows tell.

use std::fs;

use candor_protocol::{Correction, Purpose};

use super::*;
use crate::{
    audit::Actor,
    store::{
        Role, Scope, Walk,
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
    bench.store.sweep(late, 100, &mut Walk::default()).await.unwrap();
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
