//! Links to one's own data for whoever proves an address, over HTTP and a real mail server.

use std::{sync::Arc, time::Duration};

use candor_collector::{
    mail::{self, Postbox},
    rate::Rate,
    store::{SiteChange, Walk},
};
use candor_protocol::{Effect, Grants};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    harness::{Answer, Collector, PAGE, logged},
    inbox::{FORM, HERE, open, session},
    post::{Mail, Post},
};

const ADA: &str = "ada@mail.example";
const ORIGIN: &str = "https://feedback.shop.example";
const JSON: (&str, &str) = ("Content-Type", "application/json");

/// A collector that sends mails, and where they arrive.
struct Place {
    collector: Collector,
    post: Post,
}

impl Place {
    async fn new() -> Self {
        Self::with(Rate { per_minute: 0, burst: 0 }).await
    }

    async fn with(link_rate: Rate) -> Self {
        let post = Post::open().await.unwrap();
        let postbox = Postbox::new(&post.url(), "Shop <feedback@shop.example>", ORIGIN.into()).unwrap();
        let postbox = postbox.with_waits(vec![Duration::from_millis(1); 3]);
        let collector = Collector::with(|settings| {
            settings.mail = Some(postbox);
            settings.link_rate = link_rate;
        })
        .await;
        tokio::spawn(mail::keep_sent(Arc::clone(&collector.app)));
        Self { collector, post }
    }

    /// One with a report of Ada's; its id as well.
    async fn with_report() -> (Self, String) {
        let place = Self::new().await;
        let receipt = place.collector.submit(&place.collector.submission(1)).await.json();
        (place, receipt["report"].as_str().unwrap().to_owned())
    }

    async fn ask(&self, email: &str) -> Answer {
        let body = json!({ "site": self.collector.site, "email": email });
        self.collector.post("/v1/rights/link", &[JSON], body.to_string().as_bytes()).await
    }

    async fn exchange(&self, token: &str) -> Answer {
        let body = json!({ "token": token });
        self.collector.post("/v1/rights/session", &[JSON], body.to_string().as_bytes()).await
    }

    /// What the link in a mail opens.
    async fn bearer(&self, mail: &Mail) -> String {
        let answer = self.exchange(&token(mail)).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["bearer"].as_str().unwrap().to_owned()
    }

    /// Asks for a link, gets the mail and opens it.
    async fn enter(&self, email: &str) -> String {
        assert_eq!(self.ask(email).await.status, 202);
        let mail = self.post.next().await;
        assert_eq!(mail.to, email);
        self.bearer(&mail).await
    }

    async fn mine(&self, bearer: &str) -> Value {
        let answer = self.collector.me(bearer, "GET", "", None).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// A submission of another browser, or another address.
    async fn submit(&self, id: u128, reporter: u128, email: &str) -> String {
        let mut submission = self.collector.submission(id);
        submission["reporter"] = json!(Uuid::from_u128(0x8c5c_1a0e_0c1d_4f6e_9d36_0000_0000_0000 + reporter));
        submission["contact"] = json!({ "email": email });
        // Ids are in the order of their milliseconds.
        self.collector.advance_ms(1);
        let answer = self.collector.submit(&submission).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["report"].as_str().unwrap().to_owned()
    }
}

fn token(mail: &Mail) -> String {
    let link = mail.link().unwrap();
    assert!(link.starts_with(&format!("{ORIGIN}/me?site=")), "{link}");
    link.split_once('#').unwrap().1.to_owned()
}

fn ids(mine: &Value) -> Vec<&str> {
    mine["reports"].as_array().unwrap().iter().map(|report| report["report"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn link_opens_what_carries_the_address_once() {
    let (place, report) = Place::with_report().await;
    // However it is written, it is the same address.
    assert_eq!(place.ask("  Ada@MAIL.example ").await.status, 202);
    let mail = place.post.next().await;
    assert!(mail.text.contains("Subject: Your feedback to Shop\r\n"), "{}", mail.text);
    assert!(mail.text.contains("Auto-Submitted: auto-generated\r\n") && !mail.text.contains("basket"));
    let bearer = place.bearer(&mail).await;
    assert_eq!(place.exchange(&token(&mail)).await.status, 401, "it works once");
    let mine = place.mine(&bearer).await;
    assert_eq!((ids(&mine), &mine["reports"][0]["message"]), (vec![&*report], &json!("The basket forgets")));
    let correction = json!({ "message": "The basket remembers" });
    let path = format!("/reports/{report}");
    assert_eq!(place.collector.me(&bearer, "PATCH", &path, Some(&correction)).await.status, 200);
    let receipt = place.collector.me(&bearer, "GET", &format!("{path}/receipt"), None).await;
    assert_eq!(receipt.json()["report"], report.as_str());
    assert!(receipt.json()["signed"].is_string());
    let zip = place.collector.me(&bearer, "GET", "/export", None).await;
    assert_eq!((zip.status, zip.header("content-type")), (200, Some("application/zip")));
    assert_eq!(place.collector.me(&bearer, "DELETE", "", None).await.json(), json!({ "reports": 1 }));
    assert_eq!(place.mine(&bearer).await["reports"], json!([]));
    assert!(place.collector.app.store.verify_audit().await.unwrap().is_ok());
    // Nothing carries the address any more.
    place.ask(ADA).await;
    assert_eq!(place.collector.count("link"), 1, "the session, and no link");
}

#[tokio::test]
async fn no_answer_tells_whether_an_address_is_known() {
    let (place, _) = Place::with_report().await;
    let unknown = place.ask("nobody@mail.example").await;
    let known = place.ask(ADA).await;
    assert_eq!((known.status, known.json()), (202, json!({ "minutes": 30 })));
    let told = |answer: &Answer| {
        let headers = answer.headers.iter().filter(|(name, _)| name != "date");
        (answer.status, headers.cloned().collect::<Vec<_>>(), answer.text())
    };
    assert_eq!(told(&known), told(&unknown));
    assert_eq!(place.post.next().await.to, ADA, "the one that was asked for first gets none");
    assert!(place.post.waiting().await.is_none());
}

#[tokio::test]
async fn old_guessed_and_ended_links_open_nothing() {
    let (place, _) = Place::with_report().await;
    place.ask(ADA).await;
    let old = place.post.next().await;
    place.collector.advance_ms(30 * 60_000);
    assert_eq!(place.exchange(&token(&old)).await.status, 401);
    for guess in ["", "x", &"A".repeat(43), &"A".repeat(44), &"A".repeat(100_000), "../../../etc/passwd"] {
        let answer = place.exchange(guess).await;
        assert_eq!((answer.status, &answer.json()["code"]), (401, &json!("unauthorized")));
    }
    let bearer = place.enter(ADA).await;
    assert_eq!(place.exchange(&bearer).await.status, 401, "what was exchanged is no link");
    assert_eq!(place.mine(&bearer).await["reports"].as_array().unwrap().len(), 1);
    place.collector.advance_ms(30 * 60_000);
    assert_eq!(place.collector.me(&bearer, "GET", "", None).await.status, 401, "its time is over");
    let bearer = place.enter(ADA).await;
    let header = format!("Bearer {bearer}");
    let head = crate::harness::head("DELETE", "/v1/rights/session", &[("Authorization", &header)], None);
    for _ in 0..2 {
        assert_eq!(crate::harness::exchange(place.collector.address, &head, b"").await.status, 204);
    }
    assert_eq!(place.collector.me(&bearer, "GET", "", None).await.status, 401, "its holder has ended it");
    // Nothing of links stays when their time is over.
    place.ask(ADA).await;
    place.post.next().await;
    place.collector.advance_ms(30 * 60_000);
    let app = &place.collector.app;
    app.store.sweep(place.collector.now(), 100, &mut Walk::default()).await.unwrap();
    assert_eq!((place.collector.count("link"), place.collector.count("link_opens")), (0, 0));
}

#[tokio::test]
async fn nobodys_mailbox_is_filled_and_nobody_asks_without_end() {
    let (place, _) = Place::with_report().await;
    for _ in 0..6 {
        assert_eq!(place.ask(ADA).await.status, 202);
    }
    for _ in 0..3 {
        place.post.next().await;
    }
    // The last of the six has been seen to when a mail that was asked for after it comes.
    place.submit(2, 2, "bob@mail.example").await;
    place.ask("bob@mail.example").await;
    assert_eq!(place.post.next().await.to, "bob@mail.example");
    assert!(place.post.waiting().await.is_none());
    let place = Place::with(Rate { per_minute: 1, burst: 2 }).await;
    for expected in [202, 202, 429] {
        assert_eq!(place.ask("a@mail.example").await.status, expected);
    }
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_whoever_is_meant() {
    let (place, _) = Place::with_report().await;
    for bad in ["", "ada", "ada@", "ada@mail.example\r\nBcc: all@mail.example"] {
        let answer = place.ask(bad).await;
        assert_eq!((answer.status, &answer.json()["field"]), (400, &json!("email")), "{bad}");
    }
    let elsewhere = json!({ "site": Uuid::nil(), "email": ADA }).to_string();
    let answer = place.collector.post("/v1/rights/link", &[JSON], elsewhere.as_bytes()).await;
    assert_eq!(answer.json()["code"], "unknown-site");
    let without = Collector::start().await;
    let body = json!({ "site": without.site, "email": ADA }).to_string();
    let answer = without.post("/v1/rights/link", &[JSON], body.as_bytes()).await;
    assert_eq!((answer.status, &answer.json()["code"]), (503, &json!("unavailable")));
}

#[tokio::test]
async fn a_link_reaches_one_site_and_nobody_who_shares_the_browser() {
    let (place, own) = Place::with_report().await;
    let other_site = place.collector.add_site("Blog", "https://blog.example").await;
    let mut elsewhere = place.collector.submission(9);
    elsewhere["site"] = json!(other_site);
    let body = elsewhere.to_string();
    let headers = [("Origin", "https://blog.example"), JSON];
    assert_eq!(place.collector.post("/v1/submissions", &headers, body.as_bytes()).await.status, 201);
    // Another browser of hers, which others use as well.
    let shared = place.submit(2, 7, ADA).await;
    let bobs = place.submit(3, 7, "bob@mail.example").await;
    let bearer = place.enter(ADA).await;
    assert_eq!(ids(&place.mine(&bearer).await), [&*shared, &*own]);
    let me = async |method: &str, path: &str, body: Option<&Value>| {
        place.collector.me(&bearer, method, path, body).await
    };
    let path = format!("/reports/{bobs}");
    assert_eq!(me("PATCH", &path, Some(&json!({ "message": "mine" }))).await.status, 404);
    assert_eq!(me("GET", &format!("{path}/receipt"), None).await.status, 404);
    assert_eq!(me("DELETE", &path, None).await.json(), json!({ "reports": 0 }));
    let restriction = json!({ "report": bobs, "restricted": true });
    assert_eq!(me("POST", "/restrict", Some(&restriction)).await.status, 404);
    me("POST", "/object", Some(&json!({ "purposes": ["message"] }))).await;
    me("POST", "/withdraw", Some(&json!({ "purposes": ["browser"] }))).await;
    let mine = place.mine(&bearer).await;
    assert!(mine["reports"][0]["restricted_at"].is_string() && mine["reports"][1]["restricted_at"].is_null());
    assert_eq!(me("DELETE", "", None).await.json(), json!({ "reports": 2 }));
    let bob = place.mine(&place.enter("bob@mail.example").await).await;
    assert_eq!(ids(&bob), [&*bobs], "Bob's is as it was");
    assert!(bob["reports"][0]["browser"].is_object() && bob["reports"][0]["restricted_at"].is_null());
    assert_eq!(bob["reports"][0]["message"], "The basket forgets");
}

#[tokio::test]
async fn mail_is_tried_again_and_the_log_names_nobody() {
    let (place, _) = Place::with_report().await;
    place.submit(2, 2, "gone@mail.example").await;
    place.post.refuse(2);
    let bearer = place.enter(ADA).await;
    place.mine(&bearer).await;
    place.ask("gone@mail.example").await;
    // One after the other: what comes after it has come.
    place.enter(ADA).await;
    let log = logged();
    assert!(log.contains("a mail has to wait") && log.contains("450"), "the server's code is told");
    for secret in [ADA, "gone@mail", &bearer, "mail.example"] {
        assert!(!log.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn visitor_is_told_that_an_answer_waits_and_finds_it_behind_the_link() {
    let (place, _) = Place::with_report().await;
    let Place { collector, post } = &place;
    let grants = Some(Grants { erase: Effect::OnRequest, correct: Effect::OnRequest });
    let change = SiteChange { grants, ..SiteChange::default() };
    collector.app.store.change_site(collector.site, change, collector.now()).await.unwrap();
    collector.add_member("m@shop.example", collector.site).await;
    let cookie = session(collector, "m@shop.example").await;
    let form = open(collector, &cookie, "/inbox/people").await.text();
    let form_token = form.split("name=\"token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let reporter = "8c5c1a0e-0c1d-4f6e-9d36-1d2f55aa0001";
    let answer = async |act: &str| {
        let asked = collector.me(reporter, "DELETE", "", None).await.json();
        let path = format!("/inbox/requests/{}", asked["request"]["id"].as_str().unwrap());
        let body = format!("token={form_token}&{act}");
        let answered = collector.post(&path, &[("Cookie", &cookie), FORM, HERE], body.as_bytes()).await;
        assert_eq!(answered.status, 303, "{}", answered.text());
        let mail = post.next().await;
        assert_eq!(mail.to, ADA);
        assert!(!mail.text.contains("invoice") && !mail.text.contains("Erasure"), "{}", mail.text);
        // It is read days later.
        collector.advance_days(2);
        place.mine(&place.bearer(&mail).await).await
    };
    let refused = answer("act=refuse&reason=the+invoice+is+open").await;
    assert_eq!(refused["requests"][0]["answer"], "the invoice is open");
    let cookie = session(collector, "m@shop.example").await;
    let form = open(collector, &cookie, "/inbox/people").await.text();
    let form_token = form.split("name=\"token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let asked = collector.me(reporter, "DELETE", "", None).await.json();
    let path = format!("/inbox/requests/{}", asked["request"]["id"].as_str().unwrap());
    let body = format!("token={form_token}&act=do");
    collector.post(&path, &[("Cookie", &cookie), FORM, HERE], body.as_bytes()).await;
    let mail = post.next().await;
    let done = place.mine(&place.bearer(&mail).await).await;
    assert_eq!((&done["reports"], &done["requests"][0]["state"]), (&json!([]), &json!("done")));
}

#[tokio::test]
async fn page_asks_without_a_script_and_sets_no_cookie() {
    let (place, _) = Place::with_report().await;
    let Place { collector, post } = &place;
    let path = format!("/me?site={}", collector.site);
    let page = collector.get(&path, &[("Accept-Language", "tlh, en-GB;q=0.8")]).await;
    assert_eq!((page.status, page.header("set-cookie")), (200, None));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"));
    assert_eq!(
        (page.header("referrer-policy"), page.header("cache-control")),
        (Some("no-referrer"), Some("no-store"))
    );
    assert!(page.text().contains("<html lang=\"en\" dir=\"ltr\">"), "{}", page.text());
    let script = page
        .text()
        .split("module\" src=\"/inbox/style/")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let script = collector.get(&format!("/inbox/style/{script}"), &[]).await;
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    let send = async |headers: &[(&str, &str)], email: &str| {
        let body = format!("site={}&lang=en&email={email}", collector.site);
        collector.post("/me", &[headers, &[FORM]].concat(), body.as_bytes()).await
    };
    let known = send(&[HERE], "ada%40mail.example").await;
    let unknown = send(&[HERE], "eve%40mail.example").await;
    assert_eq!((known.status, known.text()), (202, unknown.text()));
    assert_eq!(post.next().await.to, ADA);
    assert_eq!(send(&[HERE], "ada").await.status, 400);
    for elsewhere in [[("Sec-Fetch-Site", "cross-site")], [("Origin", PAGE)]] {
        assert_eq!(send(&elsewhere, "ada%40mail.example").await.status, 403);
    }
    let nowhere = collector.get("/me?site=x", &[]).await;
    assert!(nowhere.status == 200 && !nowhere.text().contains("<form"));
    let without = Collector::start().await;
    assert!(
        without.get("/me", &[]).await.text().contains("No mail is sent from here"),
        "the only site is meant"
    );
}
