//! Whatever is sent: its own code, nothing stored, one outcome, and the collector keeps serving.

use std::time::Duration;

use candor_collector::store::SiteChange;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::harness::{Answer, Collector, PAGE, answer, exchange, head};

const JSON: (&str, &str) = ("Content-Type", "application/json");
const FROM_PAGE: (&str, &str) = ("Origin", PAGE);

/// Checks one answer against the promises of every refusal.
async fn check(collector: &Collector, name: &str, code: &str, send: impl AsyncFnOnce(&Collector) -> Answer) {
    let (outcomes, rows) = (collector.outcomes(), collector.rows());
    let answer = send(collector).await;
    assert_eq!(answer.json()["code"], code, "{name}: {}", answer.text());
    assert_eq!(answer.json()["status"], answer.status, "{name}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{name}");
    let mut expected = outcomes;
    *expected.get_mut(code).unwrap() += 1;
    assert_eq!(collector.outcomes(), expected, "{name}: counted once, as what it is");
    assert_eq!(collector.rows(), rows, "{name}: nothing is stored");
    assert_eq!(collector.get("/healthz", &[]).await.status, 200, "{name}: it keeps serving");
}

/// The good submission with one thing changed.
fn with(collector: &Collector, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut submission = collector.submission(1);
    change(&mut submission);
    submission.to_string().into_bytes()
}

#[tokio::test]
async fn every_bad_body_has_its_code() {
    let collector = Collector::start().await;
    let c = &collector;
    let raw = |from: &str, to: &str| {
        let good = c.submission(1).to_string();
        assert!(good.contains(from), "{from}");
        good.replace(from, to).into_bytes()
    };
    let good = c.submission(1).to_string().into_bytes();
    let cases: Vec<(&str, &str, Vec<u8>)> = vec![
        ("nothing", "invalid", vec![]),
        ("not JSON", "invalid", b"hello=world".to_vec()),
        (
            "not UTF-8",
            "invalid",
            raw("forgets", "\u{fffd}").into_iter().map(|b| if b == 0xef { 0xff } else { b }).collect(),
        ),
        ("another value", "invalid", b"[1,2,3]".to_vec()),
        ("deep nesting", "invalid", [vec![b'['; 60_000], vec![b']'; 60_000]].concat()),
        ("two values", "invalid", [good.clone(), b"{}".to_vec()].concat()),
        ("truncated JSON", "invalid", good[..good.len() / 2].to_vec()),
        ("unknown field", "invalid", with(c, |s| s["mood"] = json!("sour"))),
        ("unknown field inside", "invalid", with(c, |s| s["browser"]["cookies"] = json!("a=b"))),
        ("a field twice", "invalid", raw("\"kind\":", "\"kind\":\"bug\",\"kind\":")),
        ("missing field", "invalid", with(c, |s| drop(s.as_object_mut().unwrap().remove("consent")))),
        ("wrong type", "invalid", with(c, |s| s["message"] = json!(7))),
        ("unknown kind", "invalid", with(c, |s| s["kind"] = json!("rant"))),
        ("10 MB message", "too-large", with(c, |s| s["message"] = json!("x".repeat(10_000_000)))),
        ("long message", "too-large", with(c, |s| s["message"] = json!("x".repeat(10_001)))),
        ("empty message", "invalid", with(c, |s| s["message"] = json!(" \n "))),
        ("null bytes", "invalid", with(c, |s| s["message"] = json!("a\0b"))),
        ("null bytes, raw", "invalid", raw("forgets", "for\0gets")),
        ("lone surrogate", "invalid", raw("forgets", "\\ud800")),
        ("surrogates the wrong way round", "invalid", raw("forgets", "\\udc00\\ud800")),
        (
            "10,000 custom fields",
            "too-large",
            with(c, |s| {
                s["custom"] =
                    (0..10_000).map(|n| (n.to_string(), json!(""))).collect::<serde_json::Map<_, _>>().into();
            }),
        ),
        (
            "unknown site",
            "unknown-site",
            with(c, |s| s["site"] = json!("0197a1c0-7d6a-7c3e-9d53-0c6a3c1b2a10")),
        ),
        ("future policy version", "invalid", with(c, |s| s["consent"]["policy"] = json!(2))),
        ("policy version 0", "invalid", with(c, |s| s["consent"]["policy"] = json!(0))),
        ("id that is no UUID", "invalid", with(c, |s| s["id"] = json!("1234"))),
        ("site that is no UUID", "invalid", with(c, |s| s["site"] = json!("shop"))),
        ("reporter that is no UUID", "invalid", with(c, |s| s["reporter"] = json!(""))),
        (
            "reporter of another version",
            "invalid",
            with(c, |s| s["reporter"] = json!("0197a1c0-7d6a-7c3e-9d53-0c6a3c1b2a10")),
        ),
        (
            "data without consent",
            "consent-missing",
            with(c, |s| s["consent"]["purposes"] = json!(["message"])),
        ),
        (
            "required purpose not granted",
            "consent-missing",
            with(c, |s| s["consent"]["purposes"] = json!([])),
        ),
        (
            "purpose that is off",
            "purpose-off",
            with(c, |s| s["consent"]["purposes"] = json!(["message", "contact", "browser", "diagnostics"])),
        ),
        ("no e-mail address", "invalid", with(c, |s| s["contact"]["email"] = json!("nobody"))),
        ("time that is none", "invalid", with(c, |s| s["consent"]["given_at"] = json!("yesterday"))),
    ];
    for (name, code, body) in cases {
        check(c, name, code, async |c| c.submit_bytes(&body).await).await;
    }
    assert_eq!(c.submit(&c.submission(1)).await.status, 201, "and then a good one is stored");
}

#[tokio::test]
async fn every_bad_envelope_has_its_code() {
    let collector = Collector::start().await;
    let c = &collector;
    let other = c.add_site("Other", "https://other.example").await;
    assert!(!other.is_nil());
    let body = c.submission(1).to_string().into_bytes();
    type Headers = &'static [(&'static str, &'static str)];
    let envelopes: &[(&str, &str, Headers)] = &[
        ("no content type", "unsupported-media", &[FROM_PAGE]),
        ("a form", "unsupported-media", &[FROM_PAGE, ("Content-Type", "application/x-www-form-urlencoded")]),
        ("plain text", "unsupported-media", &[FROM_PAGE, ("Content-Type", "text/plain")]),
        ("no origin", "origin-refused", &[JSON]),
        ("opaque origin", "origin-refused", &[JSON, ("Origin", "null")]),
        ("foreign origin", "origin-refused", &[JSON, ("Origin", "https://evil.example")]),
        ("another site's origin", "origin-refused", &[JSON, ("Origin", "https://other.example")]),
        ("origin with a suffix", "origin-refused", &[JSON, ("Origin", "https://shop.example.evil.example")]),
        ("origin of another scheme", "origin-refused", &[JSON, ("Origin", "http://shop.example")]),
        ("origin with a port", "origin-refused", &[JSON, ("Origin", "https://shop.example:8443")]),
    ];
    for (name, code, headers) in envelopes {
        check(c, name, code, async |c| c.post("/v1/submissions", headers, &body).await).await;
    }
    check(c, "body cut off by the sender", "invalid", async |c| {
        let head = head("POST", "/v1/submissions", &[JSON, FROM_PAGE], Some(body.len() + 100));
        exchange(c.address, &head, &body).await
    })
    .await;
    check(c, "body announced as endless", "too-large", async |c| {
        let head = head("POST", "/v1/submissions", &[JSON, FROM_PAGE], Some(usize::MAX / 4));
        exchange(c.address, &head, &body).await
    })
    .await;
    assert_eq!(c.submit_bytes(&body).await.status, 201);
}

#[tokio::test]
async fn slow_body_times_out() {
    let collector = Collector::with(|settings| settings.body_timeout = Duration::from_millis(30)).await;
    check(&collector, "half a body, then silence", "timeout", async |c| {
        let mut stream = TcpStream::connect(c.address).await.unwrap();
        let head = head("POST", "/v1/submissions", &[JSON, FROM_PAGE], Some(1000));
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(b"{\"id\":").await.unwrap();
        answer(&mut stream).await
    })
    .await;
}

#[tokio::test]
async fn closed_site_takes_nothing_but_knows_what_it_took() {
    let collector = Collector::start().await;
    let first = collector.submit(&collector.submission(1)).await;
    let change = SiteChange { closed_at: Some(Some(collector.now())), ..SiteChange::default() };
    collector.app.store.change_site(collector.site, change, collector.now()).await.unwrap();
    let new = collector.submission(2);
    check(&collector, "closed site", "site-closed", async |c| c.submit(&new).await).await;
    let again = collector.submit(&collector.submission(1)).await;
    assert_eq!((again.status, again.json()), (200, first.json()));
    assert_eq!(
        collector.get(&format!("/v1/sites/{}", collector.site), &[]).await.json()["code"],
        "site-closed"
    );
}

#[tokio::test]
async fn replayed_id_with_other_content_is_refused() {
    let collector = Collector::start().await;
    assert_eq!(collector.submit(&collector.submission(1)).await.status, 201);
    for (name, change) in [
        ("another message", json!({ "message": "Something else" })),
        ("another kind", json!({ "kind": "idea" })),
        ("another reporter", json!({ "reporter": "8c5c1a0e-0c1d-4f6e-9d36-1d2f55aa0002" })),
    ] {
        let mut replay = collector.submission(1);
        replay.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        check(&collector, name, "duplicate-mismatch", async |c| c.submit(&replay).await).await;
    }
}

#[tokio::test]
async fn old_policy_is_answered_with_the_one_in_force() {
    let collector = Collector::start().await;
    let mut policy = candor_rules::default_policy();
    policy.url = Some("https://shop.example/privacy".into());
    let change = SiteChange { policy: Some(policy), ..SiteChange::default() };
    collector.app.store.change_site(collector.site, change, collector.now()).await.unwrap();
    let old = collector.submission(1);
    check(&collector, "old policy", "policy-changed", async |c| {
        let answer = c.submit(&old).await;
        assert_eq!(answer.json()["policy"]["version"], 2);
        answer
    })
    .await;
}
