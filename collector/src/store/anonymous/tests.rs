//! What is left of reports that were made anonymous, and what of shortened days.

use candor_protocol::{Policy, Rating, Scale};

use super::*;
use crate::store::{
    AtEnd, Closing, Site, SiteChange, Walk,
    tests::{Bench, MEMBER, NOW, REPORTER, SITE, admitted},
};

impl Bench {
    async fn change(&self, change: SiteChange, now: Timestamp) -> Site {
        self.store.change_site(SITE, change, now).await.unwrap().unwrap()
    }

    async fn days(&self, purpose: Purpose, days: u16, now: Timestamp) {
        let directory = self.store.directory(now).await.unwrap();
        let mut policy = Policy::clone(&directory.site(SITE).unwrap().policy);
        let terms = policy.terms.iter_mut().find(|terms| terms.purpose == purpose).unwrap();
        terms.days = days;
        self.change(SiteChange { policy: Some(policy), ..SiteChange::default() }, now).await;
    }

    async fn words(&self, now: Timestamp) -> Vec<String> {
        let lines = self.page(now).await.lines.into_iter();
        let words = lines.filter_map(|line| match line.message {
            Some(Content::Message { text, .. }) => Some(text),
            _ => None,
        });
        words.collect()
    }

    async fn close(&self, keeps_messages: bool) {
        let closing = Some(Closing { grace_days: 30, keeps_messages });
        let change = SiteChange { closed_at: Some(Some(NOW)), closing, ..SiteChange::default() };
        self.change(change, NOW).await;
    }

    /// All that a sweep does, as the collector does it.
    async fn sweep_all(&self, now: Timestamp) -> u64 {
        let due = self.store.due(now).await.unwrap();
        let mut sum = crate::store::Due::default();
        let mut walk = Walk::default();
        while !walk.is_over() {
            let anonymised = self.store.anonymise_due(now, 2, &mut walk).await.unwrap();
            let mut batch = self.store.sweep(now, 2, &mut walk).await.unwrap();
            batch.anonymised = anonymised;
            sum = sum.plus(batch);
        }
        assert_eq!(sum.anonymised, due.anonymised, "the dry run tells what the sweep does");
        sum.anonymised
    }
}

#[tokio::test]
async fn fewer_days_hold_for_what_is_stored_and_more_never_do() {
    let bench = Bench::new().await;
    let receipt = bench.stored(admitted(1, "words", NOW)).await;
    let purposes = async |at| {
        let report = bench.store.report(MEMBER, receipt.report, at).await.unwrap().unwrap();
        report.parts.iter().map(|part| part.kept.purpose).collect::<Vec<_>>()
    };
    bench.days(Purpose::Contact, 10, NOW.plus_days(1)).await;
    assert_eq!(purposes(NOW.plus_days(9)).await, [Purpose::Message, Purpose::Contact, Purpose::Browser]);
    assert_eq!(purposes(NOW.plus_days(10)).await, [Purpose::Message, Purpose::Browser]);
    assert!(bench.store.by_address("a@b.example", NOW.plus_days(10)).await.unwrap().is_empty());
    bench.days(Purpose::Contact, 100, NOW.plus_days(2)).await;
    assert_eq!(purposes(NOW.plus_days(10)).await, [Purpose::Message, Purpose::Browser]);
    bench.days(Purpose::Message, 20, NOW.plus_days(3)).await;
    bench.days(Purpose::Browser, 5, NOW.plus_days(3)).await;
    assert!(bench.page(NOW.plus_days(20)).await.lines.is_empty(), "a report lasts as long as what it holds");
    bench.sweep_all(NOW.plus_days(20)).await;
    assert_eq!((bench.count("part"), bench.count("report")), (0, 0));
    assert_eq!(bench.count("reporter_key"), 0, "the last report takes the key along");
}

#[tokio::test]
async fn fewer_days_hold_for_what_was_admitted_by_a_collector_that_did_not_know_of_them() {
    let bench = Bench::new().await;
    let late = admitted(1, "words", NOW);
    bench.days(Purpose::Message, 20, NOW).await;
    let receipt = bench.stored(late).await;
    bench.sweep_all(NOW.plus_days(1).plus_ms(-1)).await;
    let report = bench.store.report(MEMBER, receipt.report, NOW).await.unwrap().unwrap();
    let until = report.parts.iter().map(|part| (part.kept.purpose, part.kept.until)).collect::<Vec<_>>();
    assert_eq!(until[0], (Purpose::Message, NOW.plus_days(20)));
    assert_eq!(until[1], (Purpose::Contact, NOW.plus_days(180)), "nothing else is shortened");
}

#[tokio::test]
async fn bare_row_of_what_was_taken_back_keeps_its_date_when_days_have_changed_just_now() {
    let bench = Bench::new().await;
    bench.stored(admitted(1, "words", NOW)).await;
    bench.days(Purpose::Message, 20, NOW).await;
    let who = ReporterHash::of(REPORTER, &bench.store.key);
    let all = vec![Purpose::Message, Purpose::Contact, Purpose::Browser];
    bench.store.withdraw(who, all, Actor::Visitor(who.pseudonym()), NOW).await.unwrap();
    bench.sweep_all(NOW.plus_ms(1)).await;
    assert_eq!(bench.count("part"), 0);
    assert_eq!(bench.count("report"), 1, "a late retry must not bring it back");
}

#[tokio::test]
async fn bare_words_stay_where_the_owner_keeps_them_and_are_nobodys() {
    let bench = Bench::new().await;
    bench.change(SiteChange { at_end: Some(AtEnd::Anonymise), ..SiteChange::default() }, NOW).await;
    let mut receipts = Vec::new();
    for n in 1..=5 {
        receipts.push(bench.stored(admitted(n, "bare words", NOW.plus_ms(i64::try_from(n).unwrap()))).await);
    }
    let late = NOW.plus_days(366);
    assert!(bench.page(late).await.lines.is_empty(), "expired is expired until it is anonymous");
    assert_eq!(bench.sweep_all(late).await, 5);
    let page = bench.page(late).await;
    assert_eq!(page.lines.len(), 5);
    for line in &page.lines {
        let Some(Content::Message { text, custom, locale }) = &line.message else { panic!("no words") };
        assert_eq!((text.as_str(), custom.len(), locale), ("bare words", 0, &None));
        assert!(line.contact.is_none());
        assert_eq!(line.received_at.unix_ms() % DAY_MS, 0, "the day, not the moment");
        assert!(receipts.iter().all(|receipt| receipt.report != line.id));
        let report = bench.store.report(MEMBER, line.id, late).await.unwrap().unwrap();
        assert_eq!(report.reporter.0, NOBODY);
    }
    let who = ReporterHash::of(REPORTER, &bench.store.key);
    assert!(bench.store.own(who, Actor::Operator, late).await.unwrap().reports.is_empty());
    assert_eq!(bench.sweep_all(late.plus_days(4000)).await, 0);
    assert_eq!(bench.page(late.plus_days(4000)).await.lines.len(), 5);
}

#[tokio::test]
async fn closed_site_is_anonymous_after_its_grace_and_not_before() {
    let bench = Bench::new().await;
    for n in 1..=5 {
        bench.stored(admitted(n, "words", NOW)).await;
    }
    bench.sql_rating();
    bench.close(false).await;
    assert_eq!(bench.sweep_all(NOW.plus_days(29)).await, 0);
    assert_eq!(bench.page(NOW.plus_days(29)).await.lines.len(), 5);
    let ended = NOW.plus_days(30);
    assert_eq!(bench.sweep_all(ended).await, 5);
    assert!(bench.page(ended).await.lines.is_empty());
    for table in ["part", "address", "reporter_key"] {
        assert_eq!(bench.count(table), 0, "{table}");
    }
    let counted = "SELECT count(*) FROM report WHERE rating_value = 4 AND reporter = ?1";
    let counted: u64 =
        bench.asked(|database| database.query_row(counted, [NOBODY], |row| row.get(0)).unwrap());
    assert_eq!(counted, 5, "counts stay");
    let directory = bench.store.directory(ended.plus_ms(2000)).await.unwrap();
    assert_eq!(directory.site(SITE).unwrap().anonymised_at, Some(ended));
    let acts: Vec<_> = bench.store.audit(None, 9).await.unwrap().into_iter().map(|row| row.act).collect();
    assert_eq!(acts, ["site-anonymised", "site-closed"]);
}

#[tokio::test]
async fn reopened_in_time_nothing_has_happened_and_kept_words_are_nobodys() {
    let bench = Bench::new().await;
    bench.stored(admitted(1, "words", NOW)).await;
    bench.close(true).await;
    bench.change(SiteChange { closed_at: Some(None), ..SiteChange::default() }, NOW.plus_days(5)).await;
    assert_eq!(bench.sweep_all(NOW.plus_days(31)).await, 0);
    bench.close(true).await;
    assert_eq!(bench.sweep_all(NOW.plus_days(31)).await, 1);
    let page = bench.page(NOW.plus_days(31)).await;
    assert!(matches!(&page.lines[0].message, Some(Content::Message { text, .. }) if text == "words"));
    assert!(page.lines[0].contact.is_none());
}

#[tokio::test]
async fn words_that_were_restricted_objected_to_or_due_do_not_stay_with_a_closed_site() {
    let bench = Bench::new().await;
    let who = ReporterHash::of(REPORTER, &bench.store.key);
    let receipt = bench.stored(admitted(1, "restricted", NOW)).await;
    bench.store.restrict(who, receipt.report, true, Actor::Operator, NOW).await.unwrap().unwrap();
    bench.stored(admitted(2, "due", NOW.plus_ms(-350 * DAY_MS))).await;
    bench.stored(admitted(3, "kept", NOW)).await;
    bench.close(true).await;
    let ended = NOW.plus_days(30);
    assert_eq!(bench.store.anonymise_due(ended, 9, &mut Walk::default()).await.unwrap(), 3);
    assert_eq!(bench.words(ended).await, ["kept"]);

    let bench = Bench::new().await;
    bench.stored(admitted(1, "objected to", NOW)).await;
    bench.store.object(who, vec![Purpose::Message], Actor::Operator, NOW).await.unwrap();
    bench.close(true).await;
    assert_eq!(bench.store.anonymise_due(ended, 9, &mut Walk::default()).await.unwrap(), 1);
    assert!(bench.words(ended).await.is_empty());
}

#[tokio::test]
async fn last_report_that_is_made_anonymous_takes_the_key_along() {
    let bench = Bench::new().await;
    bench.change(SiteChange { at_end: Some(AtEnd::Anonymise), ..SiteChange::default() }, NOW).await;
    bench.stored(admitted(1, "words", NOW)).await;
    assert_eq!(bench.sweep_all(NOW.plus_days(366)).await, 1);
    let theirs = "SELECT count(*) FROM reporter_key WHERE reporter <> ?1";
    let theirs: u64 = bench.asked(|database| database.query_row(theirs, [NOBODY], |row| row.get(0)).unwrap());
    assert_eq!(theirs, 0);
}

#[tokio::test]
async fn what_is_held_waits_until_the_hold_ends() {
    let bench = Bench::new().await;
    let receipt = bench.stored(admitted(1, "words", NOW)).await;
    bench.stored(admitted(2, "words", NOW)).await;
    let hold = async |reason: Option<&str>| {
        let reason = reason.map(Into::into);
        assert!(bench.store.hold(SITE, receipt.report, reason, Actor::Operator, NOW).await.unwrap());
    };
    hold(Some("court")).await;
    bench.close(false).await;
    let ended = NOW.plus_days(30);
    assert_eq!(bench.sweep_all(ended).await, 1);
    assert_eq!(bench.count("part"), 3);
    hold(None).await;
    assert_eq!(bench.sweep_all(ended).await, 1);
    assert_eq!((bench.count("part"), bench.count("reporter_key")), (0, 0));
}

impl Bench {
    fn sql_rating(&self) {
        let rating = Rating { scale: Scale::Stars, value: 4 };
        let sql = "UPDATE report SET rating_scale = ?1, rating_value = ?2";
        self.asked(|database| database.execute(sql, (rating.scale.as_str(), rating.value)).unwrap());
    }
}
