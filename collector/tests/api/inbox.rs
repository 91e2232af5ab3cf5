//! The inbox: who gets in, what they see, and what nobody sees any more.

use serde_json::json;

use crate::harness::{Answer, Collector, PASSWORD};

pub(crate) const HERE: (&str, &str) = ("Sec-Fetch-Site", "same-origin");
pub(crate) const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

async fn sign_in(collector: &Collector, email: &str, password: &str) -> Answer {
    let body = format!("email={email}&password={}", password.replace(' ', "+"));
    collector.post("/inbox/sign-in", &[HERE, FORM], body.as_bytes()).await
}

/// The cookie of a fresh session.
pub(crate) async fn session(collector: &Collector, email: &str) -> String {
    let answer = sign_in(collector, email, PASSWORD).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

pub(crate) async fn open(collector: &Collector, cookie: &str, path: &str) -> Answer {
    collector.get(path, &[("Cookie", cookie)]).await
}

async fn with_member() -> Collector {
    let collector = Collector::start().await;
    collector.add_member("m@shop.example", collector.site).await;
    collector
}

#[tokio::test]
async fn member_signs_in_reads_and_signs_out() {
    let collector = with_member().await;
    collector.submit(&collector.submission(1)).await;
    let answer = sign_in(&collector, "M@Shop.example", PASSWORD).await;
    let cookie = answer.header("set-cookie").unwrap().to_owned();
    for attribute in ["__Host-candor-session=", "; HttpOnly", "; SameSite=Strict", "; Secure", "; Path=/"] {
        assert!(cookie.contains(attribute), "{attribute} in {cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();

    let list = open(&collector, cookie, "/inbox").await;
    assert!(list.text().contains("The basket forgets") && list.text().contains("Ada"));
    assert_eq!(list.header("cache-control"), Some("no-store"));
    let policy = list.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'self'") && !policy.contains("script"),
        "{policy}"
    );

    let token =
        list.text().split("name=\"token\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let out = async |headers: &[(&str, &str)], body: &str| {
        let headers = [&[("Cookie", cookie), FORM], headers].concat();
        collector.post("/inbox/sign-out", &headers, body.as_bytes()).await
    };
    assert_eq!(out(&[HERE], "token=wrong").await.status, 403);
    assert_eq!(out(&[("Sec-Fetch-Site", "cross-site")], &format!("token={token}")).await.status, 403);
    assert_eq!(open(&collector, cookie, "/inbox").await.status, 200, "still signed in");
    let gone = out(&[HERE], &format!("token={token}")).await;
    assert!(gone.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(open(&collector, cookie, "/inbox").await.header("location"), Some("/inbox/sign-in"));
}

#[tokio::test]
async fn unknown_address_and_wrong_password_are_answered_alike() {
    let collector = with_member().await;
    let wrong = sign_in(&collector, "m@shop.example", "wrong password").await;
    let unknown = sign_in(&collector, "n@shop.example", "wrong password").await;
    assert_eq!((wrong.status, unknown.status), (401, 401));
    assert_eq!(wrong.text(), unknown.text().replace("n@shop.example", "m@shop.example"));
    assert_eq!((wrong.header("set-cookie"), unknown.header("set-cookie")), (None, None));
}

#[tokio::test]
async fn sign_in_from_elsewhere_is_refused() {
    let collector = with_member().await;
    let body = format!("email=m@shop.example&password={}", PASSWORD.replace(' ', "+"));
    for headers in [
        &[FORM][..],
        &[FORM, ("Sec-Fetch-Site", "cross-site")],
        &[FORM, ("Sec-Fetch-Site", "same-site")],
        &[FORM, ("Origin", "https://evil.example")],
        &[FORM, ("Origin", "null")],
    ] {
        let answer = collector.post("/inbox/sign-in", headers, body.as_bytes()).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (403, None), "{headers:?}");
    }
    let headers = [FORM, ("Origin", "https://collector.example")];
    assert_eq!(
        collector.post("/inbox/sign-in", &headers, body.as_bytes()).await.status,
        303,
        "an older browser"
    );
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let collector = with_member().await;
    let burst = collector.app.settings.sign_in_rate.burst;
    for _ in 0..burst {
        assert_eq!(sign_in(&collector, "m@shop.example", "wrong password").await.status, 401);
    }
    let refused = sign_in(&collector, "m@shop.example", PASSWORD).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("10")));
    collector.advance_ms(10_000);
    assert_eq!(sign_in(&collector, "m@shop.example", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn browser_that_refuses_the_cookie_is_told_why() {
    let collector = with_member().await;
    let answer = sign_in(&collector, "m@shop.example", PASSWORD).await;
    let next = collector.get(answer.header("location").unwrap(), &[]).await;
    let page = collector.get(next.header("location").unwrap(), &[]).await;
    assert!(page.text().contains("did not keep the session"), "{}", page.text());
}

#[tokio::test]
async fn session_ends_after_half_a_day() {
    let collector = with_member().await;
    let cookie = session(&collector, "m@shop.example").await;
    collector.advance_ms(12 * 3_600_000 - 1);
    assert_eq!(open(&collector, &cookie, "/inbox").await.status, 200);
    collector.advance_ms(1);
    assert_eq!(open(&collector, &cookie, "/inbox").await.status, 303);
}

#[tokio::test]
async fn report_shows_everything_sent_with_its_consent_and_its_dates() {
    let collector = with_member().await;
    let mut submission = collector.submission(1);
    submission["message"] = json!("<b>bold</b> & \"quoted\"");
    submission["custom"] = json!({ "order": "A-17" });
    submission["rating"] = json!({ "scale": "stars", "value": 4 });
    let receipt = collector.submit(&submission).await.json();
    let cookie = session(&collector, "m@shop.example").await;
    let page =
        open(&collector, &cookie, &format!("/inbox/reports/{}", receipt["report"].as_str().unwrap())).await;
    let html = page.text();
    for expected in [
        receipt["number"].as_str().unwrap(),
        "&#60;b&#62;bold&#60;/b&#62; &#38; &#34;quoted&#34;",
        "4 of 5 stars",
        "A-17",
        "Ada",
        "ada@mail.example",
        "https://shop.example/basket",
        "Message, Contact, Page and browser",
        "version 1",
        "Candor’s panel",
        receipt["kept"][0]["until"].as_str().unwrap(),
        receipt["kept"][2]["until"].as_str().unwrap(),
        "in 365 days",
    ] {
        assert!(html.contains(expected), "{expected} in {html}");
    }
    assert!(!html.contains("8c5c1a0e"), "the reporter id is nobody's but the visitor's");
    let title = html.split("<title>").nth(1).unwrap().split("</title>").next().unwrap();
    assert_eq!(title, format!("Report {} · Candor", receipt["number"].as_str().unwrap()));
}

#[tokio::test]
async fn what_has_expired_leaves_the_inbox_though_no_sweep_ran() {
    let collector = with_member().await;
    let receipt = collector.submit(&collector.submission(1)).await.json();
    let path = format!("/inbox/reports/{}", receipt["report"].as_str().unwrap());
    let page = async |path: &str| {
        let cookie = session(&collector, "m@shop.example").await;
        open(&collector, &cookie, path).await
    };
    assert!(page(&path).await.text().contains("/basket"));
    collector.advance_days(30);
    let text = page(&path).await.text();
    assert!(!text.contains("/basket") && text.contains("ada@mail.example") && text.contains("gone since"));
    collector.advance_days(150);
    let text = page(&path).await.text();
    assert!(!text.contains("ada@mail.example") && text.contains("The basket forgets"));
    assert!(!page("/inbox").await.text().contains("Ada"));
    collector.advance_days(185);
    assert_eq!(page(&path).await.status, 404);
    assert!(page("/inbox").await.text().contains("No reports yet"));
    assert_eq!(collector.rows(), [1, 3, 1], "all rows are still there");
}

#[tokio::test]
async fn member_of_another_site_finds_nothing() {
    let collector = with_member().await;
    let other = collector.add_site("Other", "https://other.example").await;
    collector.add_member("o@other.example", other).await;
    let receipt = collector.submit(&collector.submission(1)).await.json();
    let cookie = session(&collector, "o@other.example").await;
    let path = format!("/inbox/reports/{}", receipt["report"].as_str().unwrap());
    let hidden = open(&collector, &cookie, &path).await;
    let absent = open(&collector, &cookie, "/inbox/reports/0197a1c0-7d6a-7c3e-9d53-0c6a3c1b2a10").await;
    assert_eq!((hidden.status, hidden.text()), (404, absent.text()), "no oracle");
    for path in ["/inbox".to_owned(), format!("/inbox?site={}", collector.site)] {
        assert!(!open(&collector, &cookie, &path).await.text().contains("basket"), "{path}");
    }
    assert_eq!(collector.get(&path, &[]).await.status, 303, "and nobody without a session");
}

#[tokio::test]
async fn list_is_filtered_by_kind_and_turns_its_pages() {
    let collector = with_member().await;
    for id in 0..35 {
        let mut submission = collector.submission(id);
        submission["kind"] = json!(if id % 7 == 0 { "praise" } else { "bug" });
        submission["message"] = json!(format!("message number {id}!"));
        assert_eq!(collector.submit(&submission).await.status, 201);
        collector.advance_ms(1000);
    }
    let cookie = session(&collector, "m@shop.example").await;
    let first = open(&collector, &cookie, "/inbox").await.text();
    assert!(first.contains("number 34!") && first.contains("number 5!") && !first.contains("number 4!"));
    let older = first
        .split("Older reports")
        .next()
        .unwrap()
        .rsplit("href=\"")
        .next()
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let second = open(&collector, &cookie, &older.replace("&#38;", "&")).await.text();
    assert!(second.contains("number 4!") && second.contains("number 0!") && !second.contains("number 5!"));
    let praise = open(&collector, &cookie, "/inbox?kind=praise").await.text();
    assert!(praise.contains("number 28!") && !praise.contains("number 34!"));
    let none = open(&collector, &cookie, "/inbox?kind=idea").await.text();
    assert!(none.contains("Nothing here"));
}

#[tokio::test]
async fn member_searches_words_page_by_page_and_nothing_of_it_is_logged() {
    let collector = with_member().await;
    let cookie = session(&collector, "m@shop.example").await;
    for id in 1..=32 {
        let mut submission = collector.submission(id);
        submission["message"] = json!(format!("Zauberbasket number n{id}"));
        assert_eq!(collector.submit(&submission).await.status, 201);
        collector.advance_ms(1);
    }
    let list = open(&collector, &cookie, "/inbox").await.text();
    let token = list.split("name=\"token\" value=\"").nth(2).unwrap().split('"').next().unwrap().to_owned();
    let search = async |fields: &str| {
        let body = format!("token={token}&{fields}");
        let headers = [("Cookie", cookie.as_str()), FORM, HERE];
        collector.post("/inbox/search", &headers, body.as_bytes()).await.text()
    };
    let first = search("sought=ZAUBERb%C3%A4sket").await;
    assert_eq!(first.matches("class=\"excerpt\"").count(), 30, "{first}");
    let before = first.split("name=\"before\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let second = search(&format!("sought=zauberbasket&before={before}")).await;
    assert_eq!(second.matches("class=\"excerpt\"").count(), 2);
    assert!(!second.contains("name=\"before\"") && second.contains("number n1<"));
    assert!(search("sought=zauberbasket+n17").await.contains("number n17<"));
    assert!(search("sought=zauberstab").await.contains("Nothing found"));
    assert!(search("sought=%21").await.contains("Write one to eight words"));
    assert_eq!(open(&collector, &cookie, "/inbox/search").await.header("location"), Some("/inbox"));
    let row = collector.app.store.audit(None, 1).await.unwrap().remove(0);
    assert_eq!((row.act.as_str(), row.subject.as_str()), ("searched", "words, 0 reports"));
    assert!(!crate::harness::logged().to_lowercase().contains("zauber"));
}
