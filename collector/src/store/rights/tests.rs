// long: what each right takes and leaves reads as one list, over one bench
//! Rights over the store: what each takes away, what it leaves, and what the log says of it.

use std::fs;

use candor_protocol::{Contact, Effect, Grants, Purpose, RequestState, Right};
use candor_rules::Content;

use super::*;
use crate::store::{
    Answer, Walk,
    tests::{Bench, MEMBER, NOW, REPORTER, SITE, admitted, admitted_from},
};

const REQUEST: Uuid = Uuid::from_u128(0xabc);

impl Bench {
    fn who(&self) -> ReporterHash {
        ReporterHash::of(REPORTER, &self.store.key)
    }

    fn visitor(&self) -> Actor {
        Actor::Visitor(self.who().pseudonym())
    }

    async fn own(&self) -> Own {
        self.store.own(self.who(), self.visitor(), NOW).await.unwrap()
    }

    async fn erase(&self, scope: Scope) -> Outcome {
        self.store.erase(self.who(), scope, self.visitor(), REQUEST, NOW).await.unwrap()
    }

    fn wrapped_key(&self) -> Vec<u8> {
        let sql = "SELECT wrapped FROM reporter_key";
        self.asked(|database| database.query_row(sql, [], |row| row.get(0)).unwrap())
    }

    fn sql(&self, sql: &str) {
        self.asked(|database| database.execute_batch(sql).unwrap());
    }

    async fn grant(&self, grants: Grants) {
        let text = serde_json::to_string(&grants).unwrap();
        self.sql(&format!("UPDATE site SET grants = '{text}'"));
    }

    async fn acts(&self) -> Vec<String> {
        let mut rows = self.store.audit(None, 100).await.unwrap();
        rows.reverse();
        assert!(self.store.verify_audit().await.unwrap().is_ok());
        rows.into_iter().map(|row| row.act).collect()
    }
}

#[tokio::test]
async fn no_word_of_a_visitor_lies_in_the_files() {
    let bench = Bench::new().await;
    bench.stored(admitted(1, "Zebrafinkenfutter", NOW)).await;
    assert_eq!(bench.own().await.reports.len(), 1);
    for needle in ["Zebrafinkenfutter", "a@b.example", "A-17"] {
        assert!(!bench.holds(needle.as_bytes()), "{needle}");
    }
}

#[tokio::test]
async fn visitor_sees_what_is_theirs_and_nothing_else() {
    let bench = Bench::new().await;
    let first = bench.stored(admitted(1, "one", NOW)).await;
    let second = bench.stored(admitted(2, "two", NOW.plus_ms(1))).await;
    let own = bench.own().await;
    assert_eq!(own.reports.iter().map(|report| report.id).collect::<Vec<_>>(), [second.report, first.report]);
    let other = ReporterHash::of(Uuid::from_u128(7), &bench.store.key);
    let nothing = bench.store.own(other, Actor::Operator, NOW).await.unwrap();
    assert_eq!(nothing, Own::default());
    assert_eq!(bench.acts().await, ["accessed"]);
}

#[tokio::test]
async fn erasing_everything_takes_the_key_first_and_leaves_nothing_in_file_or_log() {
    let bench = Bench::new().await;
    bench.stored(admitted(1, "one", NOW)).await;
    bench.stored(admitted(2, "two", NOW)).await;
    let (key, who) = (bench.wrapped_key(), bench.who());
    assert!(bench.holds(&key) && bench.holds(&who.0));
    let outcome = bench.erase(Scope::Everything).await;
    assert_eq!(outcome, Outcome { reports: 2, request: None });
    assert!(!bench.holds(&key), "the wrapped key is still in a file");
    assert_eq!(bench.own().await, Own::default());
    assert!(bench.page(NOW).await.lines.is_empty());
    for table in ["part", "address", "reporter_key"] {
        assert_eq!(bench.count(table), 0, "{table}");
    }
    // Twice is no mistake.
    assert_eq!(bench.erase(Scope::Everything).await, Outcome::default());
    assert_eq!(bench.acts().await, ["erased"]);
}

#[tokio::test]
async fn erased_report_does_not_come_back_with_a_late_retry() {
    let bench = Bench::new().await;
    let receipt = bench.stored(admitted(1, "one", NOW)).await;
    bench.erase(Scope::Report(receipt.report)).await;
    assert_eq!(bench.insert(admitted(1, "one", NOW)).await.unwrap(), crate::store::Inserted::Mismatch);
    assert_eq!(bench.count("part"), 0);
}

#[tokio::test]
async fn last_report_takes_the_key_with_it_and_leaves_the_objections() {
    let bench = Bench::new().await;
    let first = bench.stored(admitted(1, "one", NOW)).await;
    let second = bench.stored(admitted(2, "two", NOW)).await;
    bench.store.object(bench.who(), vec![Purpose::Browser], bench.visitor(), NOW).await.unwrap();
    bench.erase(Scope::Report(first.report)).await;
    assert_eq!(bench.count("reporter_key"), 1);
    bench.erase(Scope::Report(second.report)).await;
    assert_eq!((bench.count("reporter_key"), bench.count("objection")), (0, 1));
}

#[tokio::test]
async fn two_sites_that_want_to_be_asked_get_a_request_each() {
    let bench = Bench::new().await;
    bench.stored(admitted(1, "one", NOW)).await;
    bench.stored(admitted(2, "two", NOW)).await;
    bench.add_site(Uuid::from_u128(9), "Other").await;
    let (second, other) = (Uuid::from_u128(2), Uuid::from_u128(9));
    let sql = "UPDATE report SET site = ?2 WHERE submission = ?1";
    bench.asked(|database| database.execute(sql, (second.as_bytes(), other.as_bytes())).unwrap());
    bench.grant(Grants { erase: Effect::OnRequest, correct: Effect::OnRequest }).await;
    assert!(bench.erase(Scope::Everything).await.request.is_some());
    assert_eq!(bench.count("request"), 2);
}

#[tokio::test]
async fn what_a_hold_keeps_of_what_was_taken_back_is_not_released_by_a_mistake() {
    let bench = Bench::new().await;
    let receipt = bench.stored(admitted(1, "one", NOW)).await;
    let actor = Actor::Member(MEMBER);
    assert!(bench.store.hold(SITE, receipt.report, Some("court".into()), actor, NOW).await.unwrap());
    bench.store.withdraw(bench.who(), vec![Purpose::Contact], bench.visitor(), NOW).await.unwrap();
    let released = bench.store.restrict(bench.who(), receipt.report, false, bench.visitor(), NOW).await;
    assert_eq!(released.unwrap(), Some(Outcome::default()));
    assert_eq!(bench.store.report(MEMBER, receipt.report, NOW).await.unwrap(), None);
}

#[tokio::test]
async fn one_erased_report_leaves_the_others_readable() {
    let bench = Bench::new().await;
    let first = bench.stored(admitted(1, "one", NOW)).await;
    let second = bench.stored(admitted(2, "two", NOW)).await;
    bench.erase(Scope::Report(first.report)).await;
    let own = bench.own().await;
    assert_eq!(own.reports.len(), 1);
    assert_eq!(own.reports[0].id, second.report);
    assert_eq!(own.reports[0].parts.len(), 3);
}

#[tokio::test]
async fn withdrawn_purpose_is_erased_at_once_and_later_reports_without_it_are_taken() {
    let bench = Bench::new().await;
    let receipt = bench.stored(admitted(1, "one", NOW)).await;
    let outcome =
        bench.store.withdraw(bench.who(), vec![Purpose::Contact], bench.visitor(), NOW).await.unwrap();
    assert_eq!(outcome.reports, 1);
    let own = bench.own().await;
    let held: Vec<_> = own.reports[0].parts.iter().map(|part| part.kept.purpose).collect();
    assert_eq!(held, [Purpose::Message, Purpose::Browser]);
    assert_eq!(own.reports[0].kept.len(), 2);
    assert!(bench.store.by_address("A@b.example", NOW).await.unwrap().is_empty());
    assert!(bench.store.report(MEMBER, receipt.report, NOW).await.unwrap().is_some());
    bench.stored(admitted(2, "two", NOW)).await;
    let sql = "SELECT withdrawn, withdrawn_at FROM consent WHERE withdrawn IS NOT NULL";
    let evidence: (String, i64) =
        bench.asked(|database| database.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap());
    assert_eq!(evidence, ("[\"contact\"]".into(), NOW.unix_ms()));
}

#[tokio::test]
async fn restricted_report_is_out_of_members_sight_and_in_the_visitors() {
    let bench = Bench::new().await;
    let receipt = bench.stored(admitted(1, "one", NOW)).await;
    let restrict =
        async |on| bench.store.restrict(bench.who(), receipt.report, on, bench.visitor(), NOW).await.unwrap();
    assert!(restrict(true).await.is_some());
    assert!(bench.page(NOW).await.lines.is_empty());
    assert_eq!(bench.store.report(MEMBER, receipt.report, NOW).await.unwrap(), None);
    assert_eq!(bench.own().await.reports[0].restricted_at, Some(NOW));
    assert!(restrict(false).await.is_some());
    assert_eq!(bench.page(NOW).await.lines.len(), 1);
    let stranger = ReporterHash([9; 32]);
    let refused = bench.store.restrict(stranger, receipt.report, true, Actor::Operator, NOW).await.unwrap();
    assert_eq!(refused, None);
}

#[tokio::test]
async fn what_a_visitor_objects_to_is_out_of_members_sight() {
    let bench = Bench::new().await;
    let receipt = bench.stored(admitted(1, "one", NOW)).await;
    bench
        .store
        .object(bench.who(), vec![Purpose::Browser, Purpose::Contact], bench.visitor(), NOW)
        .await
        .unwrap();
    let seen = bench.store.report(MEMBER, receipt.report, NOW).await.unwrap().unwrap();
    let seen: Vec<_> = seen.parts.iter().map(|part| part.kept.purpose).collect();
    assert_eq!(seen, [Purpose::Message]);
    assert!(bench.page(NOW).await.lines[0].contact.is_none());
    assert_eq!(bench.own().await.reports[0].parts.len(), 3);
    assert_eq!(bench.own().await.objections, [Purpose::Browser, Purpose::Contact]);
}

#[tokio::test]
async fn correction_replaces_words_and_keeps_fields_and_dates() {
    let bench = Bench::new().await;
    let receipt = bench.stored(admitted(1, "teh basket", NOW)).await;
    let before = bench.own().await.reports.remove(0);
    let contact = Contact { email: Some("new@b.example".into()), ..Contact::default() };
    let correction = Correction { message: Some("the basket".into()), contact: Some(contact) };
    let outcome = bench
        .store
        .correct(bench.who(), receipt.report, correction, bench.visitor(), REQUEST, NOW)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(outcome.reports, 1);
    let after = bench.own().await.reports.remove(0);
    let Content::Message { text, custom, .. } = &after.parts[0].content else { panic!("no words") };
    assert_eq!((text.as_str(), custom.get("order")), ("the basket", Some("A-17")));
    assert_eq!(after.kept, before.kept);
    assert!(bench.store.by_address("a@b.example", NOW).await.unwrap().is_empty());
    assert_eq!(bench.store.by_address(" NEW@b.example", NOW).await.unwrap(), [bench.who()]);
}

#[tokio::test]
async fn owner_who_wants_to_be_asked_gets_a_request_with_a_date() {
    let bench = Bench::new().await;
    let receipt = bench.stored(admitted(1, "teh basket", NOW)).await;
    bench.grant(Grants { erase: Effect::OnRequest, correct: Effect::OnRequest }).await;
    let asked = bench.erase(Scope::Everything).await;
    let request = asked.request.clone().unwrap();
    assert_eq!((asked.reports, request.right, request.due), (0, Right::Erase, NOW.plus_days(28)));
    assert_eq!(
        bench.erase(Scope::Everything).await.request,
        Some(request.clone()),
        "asked twice is asked once"
    );
    let correction = Correction { message: Some("the basket".into()), contact: None };
    let second = Uuid::from_u128(0xdef);
    let corrected = bench
        .store
        .correct(bench.who(), receipt.report, correction, bench.visitor(), second, NOW)
        .await
        .unwrap();
    assert_eq!(corrected.unwrap().request.unwrap().right, Right::Correct);
    assert!(!bench.holds(b"the basket"));

    assert!(bench.store.answer(MEMBER, second, Answer::Do, NOW).await.unwrap());
    let own = bench.own().await;
    let Content::Message { text, .. } = &own.reports[0].parts[0].content else { panic!("no words") };
    assert_eq!(text, "the basket");
    let later = request.due.plus_days(59);
    assert!(bench.store.put_off(MEMBER, request.id, later, "many".into(), NOW).await.unwrap());
    assert!(!bench.store.answer(Uuid::from_u128(77), request.id, Answer::Do, NOW).await.unwrap());
    assert!(bench.store.answer(MEMBER, request.id, Answer::Do, NOW).await.unwrap());
    assert!(!bench.store.answer(MEMBER, request.id, Answer::Do, NOW).await.unwrap(), "answered once");
    let own = bench.own().await;
    assert!(own.reports.is_empty());
    let told = own.requests.iter().find(|told| told.id == request.id).unwrap();
    assert_eq!((told.state, told.due), (RequestState::Done, later));
    assert_eq!(told.extended_because.as_deref(), Some("many"));
    assert_eq!(bench.count("reporter_key"), 0);
}

#[tokio::test]
async fn held_report_outlives_its_dates_unseen_and_goes_when_the_hold_ends() {
    let bench = Bench::new().await;
    let receipt = bench.stored(admitted(1, "one", NOW)).await;
    let hold = async |reason: Option<&str>| {
        bench
            .store
            .hold(SITE, receipt.report, reason.map(Into::into), Actor::Member(MEMBER), NOW)
            .await
            .unwrap()
    };
    assert!(hold(Some("court")).await);
    let asked = bench.erase(Scope::Everything).await;
    assert_eq!((asked.reports, asked.request.is_some()), (0, true));
    bench.store.withdraw(bench.who(), vec![Purpose::Browser], bench.visitor(), NOW).await.unwrap();
    assert!(bench.page(NOW).await.lines.is_empty(), "kept for the hold alone");
    assert_eq!(bench.count("part"), 3);
    let late = NOW.plus_days(3000);
    bench.store.sweep(late, 100, &mut Walk::default()).await.unwrap();
    assert_eq!(bench.count("part"), 3);
    assert!(bench.store.own(bench.who(), bench.visitor(), late).await.unwrap().reports.is_empty());
    assert!(hold(None).await);
    assert_eq!(bench.count("part"), 2, "what was taken back meanwhile");
    bench.store.sweep(late, 100, &mut Walk::default()).await.unwrap();
    assert_eq!(bench.count("part"), 0);
}

#[tokio::test]
async fn whoever_acts_for_a_visitor_reaches_their_own_sites_and_says_why() {
    let bench = Bench::new().await;
    bench.stored(admitted(1, "one", NOW)).await;
    let by = |site| By {
        actor: Actor::Member(MEMBER),
        sites: Some(vec![site]),
        reports: None,
        why: Some("a letter".into()),
    };
    let erase = async |site| {
        bench.store.erase(bench.who(), Scope::Everything, by(site), REQUEST, NOW).await.unwrap().reports
    };
    assert_eq!(erase(Uuid::from_u128(77)).await, 0);
    assert_eq!(bench.own().await.reports.len(), 1);
    assert_eq!(erase(SITE).await, 1);
    let last = bench.store.audit(None, 1).await.unwrap().remove(0);
    assert_eq!((last.act.as_str(), last.why.as_deref()), ("erased", Some("a letter")));
}

#[tokio::test]
async fn what_is_erased_before_it_was_answered_needs_no_answer() {
    let bench = Bench::new().await;
    bench.stored(admitted(1, "one", NOW)).await;
    bench.grant(Grants { erase: Effect::OnRequest, correct: Effect::AtOnce }).await;
    bench.erase(Scope::Everything).await.request.unwrap();
    bench.store.erase(bench.who(), Scope::Everything, Actor::Operator, REQUEST, NOW).await.unwrap();
    let told = bench.own().await.requests.remove(0);
    assert_eq!((told.state, told.answer), (RequestState::Done, None));
    assert!(!bench.store.answer(MEMBER, told.id, Answer::Do, NOW).await.unwrap());
}

#[tokio::test]
async fn a_hold_is_not_got_round_by_answering_a_request() {
    let bench = Bench::new().await;
    let receipt = bench.stored(admitted(1, "one", NOW)).await;
    let hold = async |reason: Option<&str>| {
        let reason = reason.map(Into::into);
        bench.store.hold(SITE, receipt.report, reason, Actor::Member(MEMBER), NOW).await.unwrap()
    };
    hold(Some("court")).await;
    let request = bench.erase(Scope::Everything).await.request.unwrap();
    let refused = bench.store.answer(MEMBER, request.id, Answer::Do, NOW).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    assert_eq!(bench.own().await.requests[0].state, RequestState::Open);
    hold(None).await;
    assert!(bench.store.answer(MEMBER, request.id, Answer::Do, NOW).await.unwrap());
    assert!(bench.own().await.reports.is_empty());
}

#[tokio::test]
async fn a_request_is_put_off_once() {
    let bench = Bench::new().await;
    bench.stored(admitted(1, "one", NOW)).await;
    bench.grant(Grants { erase: Effect::OnRequest, correct: Effect::AtOnce }).await;
    let request = bench.erase(Scope::Everything).await.request.unwrap();
    let put_off = async |days| {
        bench.store.put_off(MEMBER, request.id, NOW.plus_days(days), "many".into(), NOW).await.unwrap()
    };
    assert!(put_off(60).await);
    assert!(!put_off(90).await);
    assert_eq!(bench.own().await.requests[0].due, NOW.plus_days(60));
}

#[tokio::test]
async fn restricted_report_is_seen_by_those_who_see_to_privacy() {
    use crate::store::Role;
    let bench = Bench::new().await;
    let receipt = bench.stored(admitted(1, "one", NOW)).await;
    bench.store.restrict(bench.who(), receipt.report, true, bench.visitor(), NOW).await.unwrap();
    let seen = async || {
        let report = bench.store.report(MEMBER, receipt.report, NOW).await.unwrap();
        (bench.page(NOW).await.lines.len(), report.is_some())
    };
    for role in [Role::Member, Role::Owner] {
        bench.store.grant(MEMBER, SITE, role).await.unwrap();
        assert_eq!(seen().await, (0, false), "{role:?}");
    }
    bench.store.grant(MEMBER, SITE, Role::Privacy).await.unwrap();
    assert_eq!(seen().await, (1, true));
    assert!(bench.page(NOW).await.lines[0].is_restricted);
}

#[tokio::test]
async fn master_key_is_exchanged_while_everything_stays_readable() {
    use crate::vault::{MasterKeys, Vault};
    let bench = Bench::with_key_file().await;
    for n in 1..=3 {
        bench.stored(admitted(n, "words", NOW)).await;
    }
    let before = bench.wrapped_key();
    let file = fs::read_to_string(bench.folder.path().join("master.key")).unwrap();
    assert_eq!(bench.store.rotate_master(|_| {}).await.unwrap(), 1);
    assert_ne!(bench.wrapped_key(), before);
    assert_ne!(fs::read_to_string(bench.folder.path().join("master.key")).unwrap(), file);
    assert_eq!(bench.own().await.reports[0].parts.len(), 3);
    let old = Vault::new(MasterKeys::parse(&file).unwrap(), None, bench.store.vault.rng().clone());
    let refused = bench.try_open([7; 32], std::sync::Arc::new(old));
    assert!(matches!(refused, Err(StoreError::Conflict(_))));
}

#[tokio::test]
async fn keys_are_wrapped_anew_batch_by_batch_and_none_is_passed_over() {
    let bench = Bench::with_key_file().await;
    for n in 1..=5 {
        let reporter = uuid::Builder::from_random_bytes([u8::try_from(n).unwrap() * 40; 16]).into_uuid();
        bench.stored(admitted_from(reporter, n, "words", NOW)).await;
    }
    bench.store.vault.rotate().unwrap();
    bench.store.mark().await.unwrap();
    let (mut batches, mut after) = (Vec::new(), None);
    loop {
        let (batch, last) = bench.store.rewrap(after, 2).await.unwrap();
        batches.push(batch);
        if last.is_none() {
            break;
        }
        after = last;
    }
    assert_eq!(batches, [2, 2, 1, 0]);
    assert_eq!(bench.store.rewrap(None, 10).await.unwrap(), (0, None), "seen from the beginning");
}

#[tokio::test]
async fn what_an_earlier_version_wrote_in_the_clear_is_sealed_on_opening() {
    let bench = Bench::new().await;
    if !bench.is_file() {
        // No earlier version wrote to a server.
        return;
    }
    let receipt = bench.stored(admitted(1, "one", NOW)).await;
    let later = bench.stored(admitted(2, "two", NOW.plus_ms(1))).await;
    let plain = r#"{"text":"Zebrafinkenfutter"}"#;
    let id = receipt.report.simple();
    bench.sql(&format!(
        "UPDATE report SET generation = NULL WHERE id = x'{id}';
         DELETE FROM part WHERE report = x'{id}' AND purpose <> 'message';
         UPDATE part SET body = CAST('{plain}' AS BLOB), sealed = 0 WHERE report = x'{id}' AND purpose = 'message';
         PRAGMA wal_checkpoint(TRUNCATE);"
    ));
    assert!(bench.holds(b"Zebrafinkenfutter"));
    let bench = bench.reopened();
    assert!(!bench.holds(b"Zebrafinkenfutter"));
    let own = bench.own().await;
    let Content::Message { text, .. } = &own.reports[1].parts[0].content else { panic!("no words") };
    assert_eq!(text, "Zebrafinkenfutter");
    // It lies under the reporter's key itself, which stays for its sake.
    bench.erase(Scope::Report(later.report)).await;
    assert_eq!(bench.own().await.reports, own.reports[1..]);
}

#[tokio::test]
async fn erasing_one_of_several_takes_its_key_and_leaves_the_others_theirs() {
    let bench = Bench::new().await;
    let [first, second] = [
        bench.stored(admitted(1, "one", NOW)).await.report,
        bench.stored(admitted(2, "two", NOW.plus_ms(1))).await.report,
    ];
    let before = bench.own().await.reports;
    let key = bench.wrapped_key();
    bench.erase(Scope::Report(first)).await;
    assert!(bench.wrapped_key() != key && !bench.holds(&key), "the old key is in neither file nor log");
    assert_eq!((bench.count("reporter_key"), bench.count("key_ring")), (1, 1));
    assert_eq!(bench.own().await.reports, before[..1], "the other one reads as before");
    // What comes next lies under the new key, and again only as long as nothing of it is taken back.
    bench.stored(admitted(3, "three", NOW.plus_ms(2))).await;
    let key = bench.wrapped_key();
    bench.store.withdraw(bench.who(), vec![Purpose::Contact], bench.visitor(), NOW).await.unwrap();
    assert!(bench.wrapped_key() != key && !bench.holds(&key));
    let again = bench.wrapped_key();
    bench.store.withdraw(bench.who(), vec![Purpose::Contact], bench.visitor(), NOW).await.unwrap();
    assert_eq!(bench.wrapped_key(), again, "there is nothing more to destroy");
    let own = bench.own().await.reports;
    assert_eq!(own.iter().map(|report| report.parts.len()).collect::<Vec<_>>(), [2, 2]);
    bench.erase(Scope::Report(second)).await;
    bench.erase(Scope::Everything).await;
    assert_eq!((bench.count("reporter_key"), bench.count("key_ring")), (0, 0));
}

#[tokio::test]
async fn what_was_taken_back_need_not_be_put_right_any_more() {
    let bench = Bench::new().await;
    let report = bench.stored(admitted(1, "teh basket", NOW)).await.report;
    bench.grant(Grants { erase: Effect::AtOnce, correct: Effect::OnRequest }).await;
    let contact = Contact { email: Some("new@b.example".into()), ..Contact::default() };
    let correction = Correction { message: Some("the basket".into()), contact: Some(contact) };
    let by = bench.visitor();
    bench.store.correct(bench.who(), report, correction.clone(), by.clone(), REQUEST, NOW).await.unwrap();
    assert_eq!(bench.store.wanted(MEMBER, REQUEST).await.unwrap(), Some(correction));
    bench.store.withdraw(bench.who(), vec![Purpose::Contact], by.clone(), NOW).await.unwrap();
    let wanted = bench.store.wanted(MEMBER, REQUEST).await.unwrap().unwrap();
    assert_eq!((wanted.message.as_deref(), wanted.contact), (Some("the basket"), None));
    bench.store.withdraw(bench.who(), vec![Purpose::Message], by, NOW).await.unwrap();
    assert_eq!(bench.own().await.requests[0].state, RequestState::Done, "nothing is left to be put right");
}

#[tokio::test]
async fn tampering_with_the_log_is_found_in_the_database_too() {
    let bench = Bench::new().await;
    bench.stored(admitted(1, "one", NOW)).await;
    for _ in 0..5 {
        bench.own().await;
    }
    let copy = |sql: &str| {
        bench.sql(sql);
        bench.store.verify_audit()
    };
    assert_eq!(bench.store.verify_audit().await.unwrap().unwrap().0, 5);
    assert!(copy("UPDATE audit SET actor = 'operator' WHERE seq = 2").await.unwrap().is_err());
    bench.sql(&format!("UPDATE audit SET actor = '{}' WHERE seq = 2", bench.visitor().text()));
    assert!(bench.store.verify_audit().await.unwrap().is_ok());
    assert!(copy("DELETE FROM audit WHERE seq = 5").await.unwrap().is_err());
}

#[tokio::test]
async fn old_rows_leave_the_log_and_the_rest_still_holds() {
    let bench = Bench::new().await;
    bench.stored(admitted(1, "one", NOW)).await;
    for days in [0, 1, 2] {
        let at = NOW.plus_days(days);
        bench.store.own(bench.who(), bench.visitor(), at).await.unwrap();
    }
    let swept = bench
        .store
        .sweep(NOW.plus_days(1 + crate::audit::KEPT_DAYS), 100, &mut Walk::default())
        .await
        .unwrap();
    assert_eq!(swept.audit, 2);
    assert_eq!(bench.store.verify_audit().await.unwrap().unwrap().0, 1);
}
