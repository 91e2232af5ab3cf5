//! Good submissions: durable, once, with one receipt.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use candor_collector::{rate::Rate, store::SiteChange};
use candor_protocol::Receipt;
use serde_json::json;

use crate::harness::{Collector, PAGE, join_all, logged};

#[tokio::test]
async fn submission_becomes_a_report_with_a_receipt() {
    let collector = Collector::start().await;
    let answer = collector.submit(&collector.submission(1)).await;
    assert_eq!((answer.status, answer.header("cache-control")), (201, Some("no-store")));
    assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
    assert_eq!(answer.header("set-cookie"), None);
    let receipt: Receipt = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(receipt.stored_at, collector.now());
    assert_eq!(collector.rows(), [1, 3, 1]);
    assert_eq!(collector.outcomes()["stored"], 1);
}

#[tokio::test]
async fn same_submission_again_gets_the_same_receipt_and_is_kept_once() {
    let collector = Collector::start().await;
    let submission = collector.submission(1);
    let first = collector.submit(&submission).await;
    collector.advance_days(3);
    // The same content, written differently.
    let again = collector.submit_bytes(format!("{submission:#}").as_bytes()).await;
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(first.json(), again.json());
    assert_eq!(collector.rows(), [1, 3, 1]);
    assert_eq!(collector.outcomes()["duplicate"], 1);
}

#[tokio::test]
async fn receipt_is_the_same_after_a_restart() {
    let collector = Collector::start().await;
    let submission = collector.submission(1);
    let first = collector.submit(&submission).await.json();
    let collector = collector.restart().await;
    let again = collector.submit(&submission).await;
    assert_eq!((again.status, again.json()), (200, first));
}

#[tokio::test]
async fn retry_after_a_change_of_policy_gets_its_receipt() {
    let collector = Collector::start().await;
    let submission = collector.submission(1);
    let first = collector.submit(&submission).await;
    let mut policy = candor_rules::default_policy();
    policy.terms[0].days = 30;
    let change = SiteChange { policy: Some(policy), ..SiteChange::default() };
    collector.app.store.change_site(collector.site, change, collector.now()).await.unwrap();
    let again = collector.submit(&submission).await;
    assert_eq!((again.status, again.json()), (200, first.json()));
}

#[tokio::test]
async fn many_clients_with_one_id_make_one_report() {
    let collector = Collector::start().await;
    let body = collector.submission(1).to_string();
    let answers = std::iter::repeat_with(|| collector.submit_bytes(body.as_bytes())).take(24);
    let mut receipts = Vec::new();
    let mut created = 0;
    for answer in join_all(answers).await {
        created += usize::from(answer.status == 201);
        receipts.push(answer.json());
    }
    assert_eq!(created, 1);
    assert!(receipts.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(collector.rows(), [1, 3, 1]);
    assert_eq!((collector.outcomes()["stored"], collector.outcomes()["duplicate"]), (1, 23));
}

#[tokio::test]
async fn privacy_control_lifts_a_requirement_but_not_consent() {
    let collector = Collector::start().await;
    let mut policy = candor_rules::default_policy();
    for terms in &mut policy.terms {
        if terms.purpose == candor_protocol::Purpose::Browser {
            terms.need = candor_protocol::Need::Required;
        }
    }
    let change = SiteChange { policy: Some(policy), ..SiteChange::default() };
    collector.app.store.change_site(collector.site, change, collector.now()).await.unwrap();
    let mut submission = collector.submission(1);
    submission["browser"] = json!({});
    submission["consent"]["policy"] = json!(2);
    submission["consent"]["purposes"] = json!(["message", "contact"]);
    assert_eq!(collector.submit(&submission).await.json()["purposes"], json!(["browser"]));
    let headers = [("Origin", PAGE), ("Content-Type", "application/json"), ("Sec-GPC", "1")];
    let answer = collector.post("/v1/submissions", &headers, submission.to_string().as_bytes()).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
}

#[tokio::test]
async fn flood_of_one_client_is_told_when_to_come_back() {
    let rate = Rate { per_minute: 6, burst: 2 };
    let collector = Collector::with(|settings| {
        settings.client_rate = rate;
        settings.client_header = Some("x-forwarded-for".parse().unwrap());
    })
    .await;
    let send = async |id, from: &str| {
        let headers = [("Origin", PAGE), ("Content-Type", "application/json"), ("X-Forwarded-For", from)];
        collector.post("/v1/submissions", &headers, collector.submission(id).to_string().as_bytes()).await
    };
    assert_eq!(send(1, "203.0.113.7").await.status, 201);
    assert_eq!(send(2, "203.0.113.7").await.status, 201);
    let refused = send(3, "203.0.113.7").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("10")));
    assert_eq!(refused.header("access-control-allow-origin"), Some(PAGE), "the widget may read why");
    assert_eq!(send(3, "198.51.100.9, 203.0.113.7").await.status, 429, "only the proxy's own word counts");
    assert_eq!(send(3, "203.0.113.8").await.status, 201, "another client is not held back");
    collector.advance_ms(10_000);
    assert_eq!(send(4, "203.0.113.7").await.status, 201);
}

#[tokio::test]
async fn flood_on_one_site_leaves_the_others_alone() {
    let rate = Rate { per_minute: 6, burst: 1 };
    let collector = Collector::with(|settings| settings.site_rate = rate).await;
    let other = collector.add_site("Other", PAGE).await;
    assert_eq!(collector.submit(&collector.submission(1)).await.status, 201);
    assert_eq!(collector.submit(&collector.submission(2)).await.status, 429);
    let mut elsewhere = collector.submission(3);
    elsewhere["site"] = json!(other);
    assert_eq!(collector.submit(&elsewhere).await.status, 201);
}

#[tokio::test]
async fn site_that_floods_a_slow_disk_leaves_room_for_the_others() {
    let collector = Collector::with(|settings| settings.storing_max = 8).await;
    let mut elsewhere = collector.submission(99);
    elsewhere["site"] = json!(collector.add_site("Other", PAGE).await);
    let held = collector.hold_database();
    let refused = AtomicUsize::new(0);
    let send = async |id| {
        let answer = collector.submit(&collector.submission(id)).await;
        refused.fetch_add(usize::from(answer.status == 503), Ordering::SeqCst);
        answer
    };
    let flood = join_all((0..12).map(&send));
    let between = async {
        while refused.load(Ordering::SeqCst) < 8 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let (small, ()) = tokio::join!(collector.submit(&elsewhere), async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            held.let_go();
        });
        small
    };
    let (flood, small) = tokio::join!(flood, between);
    assert_eq!(small.status, 201, "{}", small.text());
    assert_eq!(flood.iter().filter(|answer| answer.status == 201).count(), 4, "half of all, and no more");
    for refused in flood.iter().filter(|answer| answer.status != 201) {
        assert_eq!((refused.status, refused.comes_back_soon()), (503, true));
        assert_eq!(refused.json()["code"], "unavailable");
    }
    assert_eq!(collector.rows()[0], 5);
}

#[tokio::test]
async fn log_says_nothing_about_anybody() {
    let collector = Collector::with(|settings| {
        settings.client_header = Some("x-forwarded-for".parse().unwrap());
    })
    .await;
    collector.add_member("zelda.log@member.example", collector.site).await;
    let mut submission = collector.submission(1);
    submission["message"] = json!("Xylophone-in-the-message");
    submission["contact"] = json!({ "name": "Quetzalcoatl", "email": "quetzal@mail.example" });
    submission["browser"] = json!({ "page_url": "https://shop.example/wombat-page" });
    submission["reporter"] = json!("8c5c1a0e-0c1d-4f6e-9d36-1d2f55aa7777");
    let headers =
        [("Origin", PAGE), ("Content-Type", "application/json"), ("X-Forwarded-For", "203.0.113.77")];
    for body in [
        submission.to_string(),
        submission.to_string().replace("\"kind\"", "\"wombat-field\""),
        "wombat-body".into(),
    ] {
        collector.post("/v1/submissions", &headers, body.as_bytes()).await;
    }
    let report = collector.submit(&submission).await.json()["report"].as_str().unwrap().to_owned();
    let file =
        format!("/v1/submissions/{}/files/wombat.txt?purpose=attachment", submission["id"].as_str().unwrap());
    let bearer = [
        ("Origin", PAGE),
        ("Content-Type", "text/plain"),
        ("Authorization", "Bearer 8c5c1a0e-0c1d-4f6e-9d36-1d2f55aa7777"),
        ("Repr-Digest", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"),
    ];
    let put = crate::harness::head("PUT", &file, &bearer, Some(0));
    assert_eq!(crate::harness::exchange(collector.address, &put, b"").await.json()["code"], "purpose-off");
    let form = "email=zelda.log%40member.example&password=wombat-password";
    let headers = [("Sec-Fetch-Site", "same-origin"), ("Content-Type", "application/x-www-form-urlencoded")];
    collector.post("/inbox/sign-in", &headers, form.as_bytes()).await;
    collector.get(&format!("/inbox/reports/{report}"), &[]).await;
    let log = logged();
    assert!(log.contains("/v1/submissions") && log.contains("outcome"), "it does say something");
    let secrets = [
        "Xylophone",
        "Quetzal",
        "quetzal",
        "wombat",
        "zelda.log",
        "203.0.113.77",
        "127.0.0.1",
        "8c5c1a0e",
        &report,
    ];
    for secret in secrets {
        // The bucket of another test in this process has an address, too, which operators need to read.
        let mut lines = log.lines().filter(|line| !line.contains("Generic S3 error"));
        let line = lines.find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
}

#[tokio::test]
async fn terms_that_another_collector_has_told_of_are_looked_for_at_once() {
    let collector = Collector::start().await;
    assert_eq!(collector.submit(&collector.submission(1)).await.status, 201, "it knows the first terms now");
    let mut policy = candor_rules::default_policy();
    policy.url = Some("https://shop.example/privacy".into());
    let change = SiteChange { policy: Some(policy), ..Default::default() };
    collector.store_beside().change_site(collector.site, change, collector.now()).await.unwrap();
    let mut submission = collector.submission(2);
    submission["consent"]["policy"] = 2.into();
    let answer = collector.submit(&submission).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    submission["consent"]["policy"] = 3.into();
    submission["id"] = collector.submission(3)["id"].clone();
    assert_eq!(collector.submit(&submission).await.json()["code"], "invalid", "there are no such terms");
}
