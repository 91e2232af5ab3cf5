//! Made-up reports: words, sender and browser as visitors would send them, put in through the same door.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use candor_protocol::{
    Asked, Brand, BrowserFacts, Consent, Contact, Form, Kind, Purpose, Size, Submission, TextMap, Timestamp,
    UserAgent,
};
use candor_rules::{Admitted, SiteTerms, admit, default_policy};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::store::tests::{Bench, NOW, SITE};

/// Words that are written, the n-th about n times rarer than the first.
pub(super) const WORDS: usize = 5000;
/// Milliseconds between two reports.
const STEP_MS: i64 = 1000;

/// When the n-th report comes.
pub(super) fn moment(n: u64) -> Timestamp {
    NOW.plus_ms(i64::try_from(n).unwrap() * STEP_MS)
}

/// The n-th word of a made-up language. Its first six letters are no other's of the first 15,000, as in real languages
/// few words share so much.
pub(super) fn word(n: usize) -> String {
    let syllable = |n: usize| {
        let letter = |of: &str, at: usize| of[at..=at].to_owned();
        letter("bdgkl", n / 5 % 5) + &letter("aeiou", n % 5)
    };
    [n, n / 25, n / 625, n].map(syllable).concat()
}

/// A number that tells nothing about the one before (splitmix64).
pub(super) fn scattered(n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn scattered_uuid(n: u64) -> Uuid {
    uuid::Builder::from_random_bytes(
        (u128::from(scattered(n)) << 64 | u128::from(scattered(!n))).to_be_bytes(),
    )
    .into_uuid()
}

/// 12 to 40 words.
fn message(n: u64) -> String {
    let unit = |at: u64| (scattered(n.wrapping_mul(64).wrapping_add(at)) >> 11) as f64 / (1_u64 << 53) as f64;
    let count = 12 + (unit(63) * 28.0) as u64;
    let words = (0..count).map(|at| word(((WORDS as f64).powf(unit(at)) - 1.0) as usize));
    words.collect::<Vec<_>>().join(" ")
}

/// The n-th report: every fifth is by the sender of the one before, every third leaves an address, every five hundredth
/// is praise.
pub(super) fn report(n: u64) -> Admitted {
    let sender = if n % 5 == 4 { n - 1 } else { n };
    let mut purposes = vec![Purpose::Message, Purpose::Browser];
    let contact = n.is_multiple_of(3).then(|| {
        purposes.push(Purpose::Contact);
        Contact { email: Some(format!("visitor{sender}@mail.example")), ..Contact::default() }
    });
    purposes.sort_unstable();
    let submission = Submission {
        id: scattered_uuid(n.wrapping_mul(2)),
        site: SITE,
        reporter: scattered_uuid(sender.wrapping_mul(2) + 1),
        kind: match n % 500 {
            250 => Kind::Praise,
            kind if kind % 3 == 0 => Kind::Idea,
            _ => Kind::Bug,
        },
        message: message(n),
        rating: None,
        custom: TextMap::default(),
        locale: Some("en".into()),
        contact,
        browser: Some(BrowserFacts {
            page_url: Some(format!("https://shop.example/basket/{}", n % 97)),
            viewport: Some(Size { width: 1280, height: 800 }),
            languages: Some(vec!["de-AT".into(), "en".into()]),
            user_agent: Some(UserAgent::Hints {
                brands: vec![Brand { brand: "Chromium".into(), version: "156".into() }],
                platform: "Linux".into(),
                mobile: false,
                model: None,
            }),
            online: Some(true),
            ..BrowserFacts::default()
        }),
        consent: Consent { policy: 1, purposes, given_at: moment(n), asked: Asked::Panel, evidence: None },
    };
    let terms = SiteTerms { policy: &default_policy(), form: &Form::default(), gpc: false };
    admit(submission, terms, moment(n)).unwrap()
}

/// How reports come in.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    /// So many visitors at once, each with one report after the other.
    pub(super) visitors: u64,
    /// What each waits between two.
    pub(super) pause: Duration,
}

/// As fast as one after another can.
pub(super) const FLAT_OUT: Pace = Pace { visitors: 16, pause: Duration::ZERO };

/// Stores the reports of these numbers; how long each took, in no order.
pub(super) async fn put(bench: &Arc<Bench>, numbers: Range<u64>, pace: Pace) -> Vec<Duration> {
    let next = Arc::new(AtomicU64::new(numbers.start));
    let mut visitors = JoinSet::new();
    for _ in 0..pace.visitors {
        let (bench, next) = (Arc::clone(bench), Arc::clone(&next));
        visitors.spawn(async move {
            let mut took = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= numbers.end {
                    return took;
                }
                let report = report(number);
                let begun = Instant::now();
                bench.stored(report).await;
                took.push(begun.elapsed());
                tokio::time::sleep(pace.pause).await;
            }
        });
    }
    visitors.join_all().await.concat()
}

/// Stores reports from this number on until it is told to stop; what each took, and the next number.
pub(super) async fn put_until(
    bench: &Arc<Bench>,
    first: u64,
    pace: Pace,
    stop: impl Future<Output = ()>,
) -> (Vec<Duration>, u64) {
    const STRIDE: u64 = 64;
    let (mut took, mut number) = (Vec::new(), first);
    tokio::pin!(stop);
    loop {
        let more = put(bench, number..number + STRIDE, pace);
        tokio::pin!(more);
        let is_over = tokio::select! {
            more = &mut more => { took.extend(more); false }
            () = &mut stop => { took.extend(more.await); true }
        };
        number += STRIDE;
        if is_over {
            return (took, number);
        }
    }
}
