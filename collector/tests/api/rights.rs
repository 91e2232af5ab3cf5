//! A visitor's rights over HTTP, with nothing but the reporter id.

use std::io::{Cursor, Read as _};

use serde_json::{Value, json};

use crate::{
    harness::{Answer, Collector},
    inbox::{open, session},
};

const ADA: &str = "8c5c1a0e-0c1d-4f6e-9d36-1d2f55aa0001";
const BOB: &str = "8c5c1a0e-0c1d-4f6e-9d36-1d2f55aa0002";

/// A collector with one report of Ada's; its id as well.
async fn with_report() -> (Collector, String) {
    let collector = Collector::start().await;
    let receipt = collector.submit(&collector.submission(1)).await.json();
    (collector, receipt["report"].as_str().unwrap().to_owned())
}

async fn mine(collector: &Collector, reporter: &str) -> Value {
    let answer = collector.me(reporter, "GET", "", None).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{}", answer.text());
    answer.json()
}

fn code(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn visitor_sees_everything_that_was_kept_and_until_when() {
    let (collector, report) = with_report().await;
    let told = mine(&collector, ADA).await;
    let first = &told["reports"][0];
    assert_eq!(first["report"], report);
    assert_eq!(first["message"], "The basket forgets");
    assert_eq!(first["contact"], json!({ "name": "Ada", "email": "ada@mail.example" }));
    assert_eq!(first["browser"]["page_url"], "https://shop.example/basket");
    let purposes: Vec<_> = first["kept"].as_array().unwrap().iter().map(|kept| &kept["purpose"]).collect();
    assert_eq!(purposes, ["message", "contact", "browser"]);
    // What has expired is not told, though no sweep ran.
    collector.advance_days(31);
    assert!(mine(&collector, ADA).await["reports"][0].get("browser").is_none());
}

#[tokio::test]
async fn an_id_that_is_guessed_gets_what_an_unused_one_gets() {
    let (collector, report) = with_report().await;
    assert_eq!(mine(&collector, BOB).await, json!({ "reports": [], "requests": [] }));
    let path = format!("/reports/{report}");
    let nothing = json!({ "reports": 0 });
    let answer = collector.me(BOB, "DELETE", &path, None).await;
    assert_eq!((answer.status, answer.json()), (200, nothing.clone()));
    let answer = collector.me(BOB, "DELETE", "", None).await;
    assert_eq!((answer.status, answer.json()), (200, nothing));
    let correction = json!({ "message": "mine now" });
    assert_eq!(code(&collector.me(BOB, "PATCH", &path, Some(&correction)).await), (404, "not-found".into()));
    let restriction = json!({ "report": report, "restricted": true });
    assert_eq!(
        code(&collector.me(BOB, "POST", "/restrict", Some(&restriction)).await),
        (404, "not-found".into())
    );
    for bad in ["", "no-uuid"] {
        assert_eq!(code(&collector.me(bad, "GET", "", None).await), (401, "unauthorized".into()));
    }
    assert_eq!(mine(&collector, ADA).await["reports"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let collector = Collector::with(|settings| {
        settings.rights_rate = candor_collector::rate::Rate { per_minute: 1, burst: 2 }
    })
    .await;
    for _ in 0..2 {
        mine(&collector, ADA).await;
    }
    let refused = collector.me(ADA, "GET", "", None).await;
    assert_eq!(code(&refused), (429, "rate-limited".into()));
    assert!(refused.header("retry-after").is_some());
}

#[tokio::test]
async fn erased_is_erased_also_the_second_time() {
    let (collector, report) = with_report().await;
    collector.submit(&collector.submission(2)).await;
    let path = format!("/reports/{report}");
    assert_eq!(collector.me(ADA, "DELETE", &path, None).await.json(), json!({ "reports": 1 }));
    assert_eq!(collector.me(ADA, "DELETE", &path, None).await.json(), json!({ "reports": 0 }));
    assert_eq!(mine(&collector, ADA).await["reports"].as_array().unwrap().len(), 1);
    assert_eq!(collector.me(ADA, "DELETE", "", None).await.json(), json!({ "reports": 1 }));
    assert_eq!(collector.me(ADA, "DELETE", "", None).await.json(), json!({ "reports": 0 }));
    assert_eq!(mine(&collector, ADA).await["reports"], json!([]));
    // A retry that was on its way does not bring it back, and a new report is welcome.
    assert_eq!(code(&collector.submit(&collector.submission(1)).await), (409, "duplicate-mismatch".into()));
    assert_eq!(collector.submit(&collector.submission(3)).await.status, 201);
    assert_eq!(mine(&collector, ADA).await["reports"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn withdrawal_erases_its_purpose_and_two_tabs_do_not_quarrel() {
    let (collector, _) = with_report().await;
    let body = json!({ "purposes": ["contact"] });
    let (first, second) = tokio::join!(
        collector.me(ADA, "POST", "/withdraw", Some(&body)),
        collector.me(ADA, "POST", "/withdraw", Some(&body)),
    );
    assert_eq!((first.status, second.status), (200, 200));
    let told = mine(&collector, ADA).await;
    assert!(told["reports"][0].get("contact").is_none());
    assert_eq!(told["reports"][0]["message"], "The basket forgets");
    let mut without = collector.submission(2);
    without.as_object_mut().unwrap().remove("contact");
    without["consent"]["purposes"] = json!(["message", "browser"]);
    assert_eq!(collector.submit(&without).await.status, 201);
    let unknown = json!({ "purposes": ["contact"], "reason": "x" });
    assert_eq!(code(&collector.me(ADA, "POST", "/withdraw", Some(&unknown)).await), (400, "invalid".into()));
    assert_eq!(
        collector.me(ADA, "POST", "/withdraw", Some(&json!({}))).await.json(),
        json!({ "reports": 2 })
    );
    let told = mine(&collector, ADA).await;
    for report in told["reports"].as_array().unwrap() {
        assert_eq!(report["kept"], json!([]));
    }
}

#[tokio::test]
async fn restricted_and_objected_leave_the_inbox_and_stay_the_visitors() {
    let (collector, report) = with_report().await;
    collector.add_member("m@shop.example", collector.site).await;
    let cookie = session(&collector, "m@shop.example").await;
    let page = format!("/inbox/reports/{report}");
    assert!(open(&collector, &cookie, &page).await.text().contains("ada@mail.example"));
    collector.me(ADA, "POST", "/object", Some(&json!({ "purposes": ["contact"] }))).await;
    let seen = open(&collector, &cookie, &page).await.text();
    assert!(seen.contains("The basket forgets") && !seen.contains("ada@mail.example"));
    let restrict = |on: bool| json!({ "report": report, "restricted": on });
    collector.me(ADA, "POST", "/restrict", Some(&restrict(true))).await;
    assert_eq!(open(&collector, &cookie, &page).await.status, 404);
    assert!(!open(&collector, &cookie, "/inbox").await.text().contains("The basket forgets"));
    assert_eq!(mine(&collector, ADA).await["reports"][0]["message"], "The basket forgets");
    collector.me(ADA, "POST", "/restrict", Some(&restrict(false))).await;
    assert_eq!(open(&collector, &cookie, &page).await.status, 200);
}

#[tokio::test]
async fn correction_is_checked_as_a_submission_is() {
    let (collector, report) = with_report().await;
    let path = format!("/reports/{report}");
    let send = async |body: Value| collector.me(ADA, "PATCH", &path, Some(&body)).await;
    assert_eq!(send(json!({ "message": "The basket remembers" })).await.status, 200);
    assert_eq!(mine(&collector, ADA).await["reports"][0]["message"], "The basket remembers");
    for (body, expected) in [
        (json!({}), (400, "invalid")),
        (json!({ "message": " " }), (400, "invalid")),
        (json!({ "message": "x".repeat(10_001) }), (413, "too-large")),
        (json!({ "contact": { "email": "no address" } }), (400, "invalid")),
        (json!({ "rating": 5 }), (400, "invalid")),
    ] {
        assert_eq!(code(&send(body).await), (expected.0, expected.1.into()));
    }
    collector.me(ADA, "POST", "/withdraw", Some(&json!({ "purposes": ["contact"] }))).await;
    let refused = send(json!({ "contact": { "name": "Ada" } })).await;
    assert_eq!(code(&refused), (422, "consent-missing".into()));
    assert_eq!(refused.json()["purposes"], json!(["contact"]));
}

#[tokio::test]
async fn export_is_an_archive_that_others_can_read() {
    let (collector, _) = with_report().await;
    let answer = collector.me(ADA, "GET", "/export", None).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/zip")));
    let mut archive = zip::ZipArchive::new(Cursor::new(answer.body)).unwrap();
    let mut text = String::new();
    archive.by_name("my-feedback.json").unwrap().read_to_string(&mut text).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["reports"][0]["message"], "The basket forgets");
    assert_eq!(document["exported_at"], collector.now().to_string());
    assert!(archive.by_name("README.txt").is_ok());
}

#[tokio::test]
async fn a_page_of_ours_may_ask_and_a_stranger_s_may_not_read() {
    let (collector, _) = with_report().await;
    let answer = collector.me(ADA, "GET", "", None).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some(crate::harness::PAGE));
    let bearer = format!("Bearer {ADA}");
    let stranger = [("Origin", "https://evil.example"), ("Authorization", bearer.as_str())];
    let answer = collector.get("/v1/me", &stranger).await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
}
