//! Properties of admission over arbitrary submissions and policies, and one test for each refusal.

use alloc::{string::ToString, vec};

use candor_protocol::{Asked, Localised, Scale, Terms, limits};
use proptest::prelude::*;

use super::*;
use crate::{default_policy, retention};

const NOW: Timestamp = Timestamp::from_unix_ms(1_795_000_000_000);

fn submission() -> Submission {
    Submission {
        id: Uuid::from_u128(7),
        site: Uuid::from_u128(1),
        reporter: Uuid::from_u128(0x8c5c_1a0e_0c1d_4f6e_9d36_1d2f_55aa_0001),
        kind: Kind::Bug,
        message: "It is broken".into(),
        rating: None,
        custom: TextMap::default(),
        locale: None,
        contact: None,
        browser: None,
        consent: Consent {
            policy: 1,
            purposes: vec![Purpose::Message],
            given_at: NOW,
            asked: Asked::Panel,
            evidence: None,
        },
    }
}

fn judge(submission: Submission, policy: &Policy, gpc: bool) -> Result<Admitted, Refusal> {
    admit(submission, SiteTerms { policy, form: &Form::default(), gpc }, NOW)
}

fn code(change: impl FnOnce(&mut Submission)) -> Code {
    let mut changed = submission();
    change(&mut changed);
    judge(changed, &default_policy(), false).expect_err("refused").code
}

#[test]
fn plain_message_is_admitted_and_dated() {
    let admitted = judge(submission(), &default_policy(), false).unwrap();
    assert_eq!(admitted.parts().len(), 1);
    assert_eq!(admitted.expires_at(), NOW.plus_days(365));
    assert_eq!(admitted.granted(), [Kept { purpose: Purpose::Message, until: NOW.plus_days(365) }]);
}

#[test]
fn each_fault_has_its_code() {
    let e_mail = || Some(Contact { email: Some("a@b.example".into()), ..Contact::default() });
    assert_eq!(code(|s| s.reporter = Uuid::from_u128(9)), Code::Invalid);
    assert_eq!(code(|s| s.id = Uuid::nil()), Code::Invalid);
    assert_eq!(code(|s| s.message = "a\0b".into()), Code::Invalid);
    assert_eq!(code(|s| s.message = " \n".into()), Code::Invalid);
    assert_eq!(code(|s| s.message = "é".repeat(limits::MESSAGE_CHARS_MAX + 1)), Code::TooLarge);
    assert_eq!(code(|s| (0..33).for_each(|n| s.custom.insert(n.to_string(), String::new()))), Code::TooLarge);
    assert_eq!(code(|s| s.rating = Some(Rating { scale: Scale::Nps, value: 3 })), Code::Invalid);
    assert_eq!(code(|s| s.rating = Some(Rating { scale: Scale::Stars, value: 6 })), Code::Invalid);
    assert_eq!(code(|s| s.consent.policy = 2), Code::Invalid);
    assert_eq!(code(|s| s.consent.purposes.clear()), Code::ConsentMissing);
    assert_eq!(code(|s| s.contact = e_mail()), Code::ConsentMissing);
    assert_eq!(code(|s| s.consent.purposes.push(Purpose::Diagnostics)), Code::PurposeOff);
    assert_eq!(
        code(|s| s.contact = Some(Contact { email: Some("nobody".into()), ..Contact::default() })),
        Code::Invalid
    );
}

#[test]
fn longest_message_is_admitted() {
    let mut long = submission();
    long.message = "é".repeat(limits::MESSAGE_CHARS_MAX);
    assert!(judge(long, &default_policy(), false).is_ok());
}

#[test]
fn changed_policy_comes_with_the_refusal() {
    let policy = Policy { version: 2, ..default_policy() };
    let refusal = judge(submission(), &policy, false).expect_err("refused");
    assert_eq!(refusal.code, Code::PolicyChanged);
    assert_eq!(refusal.policy.as_deref(), Some(&policy));
}

#[test]
fn global_privacy_control_makes_browser_facts_optional() {
    let mut policy = default_policy();
    policy.terms.iter_mut().filter(|t| t.purpose == Purpose::Browser).for_each(|t| t.need = Need::Required);
    assert_eq!(
        judge(submission(), &policy, false),
        Err(Refusal::purposes(Code::ConsentMissing, vec![Purpose::Browser]))
    );
    assert!(judge(submission(), &policy, true).is_ok());
}

#[test]
fn required_field_must_be_filled_in() {
    let field = candor_protocol::Field {
        key: "order".into(),
        label: Localised::default(),
        kind: candor_protocol::FieldKind::Choice(vec!["a".into()]),
        required: true,
    };
    let form = Form { fields: vec![field], ..Form::default() };
    let with = |value: Option<&str>| {
        let mut filled = submission();
        if let Some(value) = value {
            filled.custom.insert("order".into(), value.into());
        }
        admit(filled, SiteTerms { policy: &default_policy(), form: &form, gpc: false }, NOW)
            .map_err(|r| r.field)
    };
    assert_eq!(with(None), Err(Some("custom.order".into())));
    assert_eq!(with(Some(" ")), Err(Some("custom.order".into())));
    assert_eq!(with(Some("b")), Err(Some("custom.order".into())));
    assert!(with(Some("a")).is_ok());
}

fn any_purpose() -> impl Strategy<Value = Purpose> {
    prop::sample::select(Purpose::ALL.to_vec())
}

prop_compose! {
    fn any_policy()(
        needs in prop::collection::vec(0_usize..3, Purpose::ALL.len()),
        days in prop::collection::vec(1_u16..2000, Purpose::ALL.len()),
        version in 1_u32..4,
    ) -> Policy {
        let need = |n| [Need::Off, Need::Optional, Need::Required][n];
        let terms = Purpose::ALL.into_iter().zip(needs.into_iter().zip(days)).map(|(purpose, (n, days))| {
            let days = days.min(retention::ceiling_days(purpose));
            Terms { purpose, need: need(n), days, text: Localised::default() }
        });
        Policy { version, url: None, terms: terms.collect() }
    }
}

prop_compose! {
    fn any_submission()(
        message in "\\PC{0,20}",
        purposes in prop::collection::vec(any_purpose(), 0..7),
        policy in 1_u32..4,
        email in prop::option::of("[a-z]{1,5}@[a-z]{1,5}\\.example"),
        title in prop::option::of("\\PC{0,10}"),
        stars in prop::option::of(0_u8..8),
    ) -> Submission {
        let mut any = submission();
        any.message = message;
        any.consent.purposes = purposes;
        any.consent.policy = policy;
        any.contact = email.map(|email| Contact { email: Some(email), ..Contact::default() });
        any.browser = title.map(|title| BrowserFacts { page_title: Some(title), ..BrowserFacts::default() });
        any.rating = stars.map(|value| Rating { scale: Scale::Stars, value });
        any
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_admitted_was_granted_asked_for_and_dated(any in any_submission(), policy in any_policy(), gpc: bool) {
        let sent = any.clone();
        if let Ok(admitted) = judge(any, &policy, gpc) {
            for part in admitted.parts() {
                let terms = policy.terms(part.kept.purpose);
                prop_assert!(sent.consent.purposes.contains(&part.kept.purpose));
                prop_assert_eq!(terms.map(|terms| NOW.plus_days(terms.days)), Some(part.kept.until));
                prop_assert!(part.kept.until <= admitted.expires_at());
            }
            prop_assert_eq!(sent.consent.policy, policy.version);
            prop_assert_eq!(admitted.parts().iter().any(|p| p.kept.purpose == Purpose::Contact), sent.contact.is_some());
        }
    }

    #[test]
    fn what_is_refused_for_consent_is_admitted_once_it_is_granted(any in any_submission(), policy in any_policy()) {
        let mut again = any.clone();
        if let Err(Refusal { code: Code::ConsentMissing, purposes, .. }) = judge(any, &policy, false) {
            prop_assert!(!purposes.is_empty());
            again.consent.purposes.extend(purposes);
            prop_assert!(judge(again, &policy, false).is_ok());
        }
    }

    #[test]
    fn refusal_never_repeats_what_was_sent(secret in "[a-z]{12}") {
        let mut any = submission();
        any.contact = Some(Contact { email: Some(secret.clone()), ..Contact::default() });
        let refusal = judge(any, &default_policy(), false).expect_err("no e-mail address");
        let told = serde_json::to_string(&candor_protocol::Problem::from(refusal)).unwrap();
        prop_assert!(!told.contains(&secret));
    }
}
