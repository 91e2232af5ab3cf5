//! Members who act for visitors: requests, search, export, correction, erasure and holds, in the inbox.

use std::io::Cursor;

use candor_collector::store::{Role, SiteChange};
use candor_protocol::{Effect, Grants};
use serde_json::{Value, json};

use crate::{
    harness::{Answer, Collector},
    inbox::{FORM, HERE, open, session},
};

const ADA: &str = "8c5c1a0e-0c1d-4f6e-9d36-1d2f55aa0001";

/// A collector, its member in this role, and one report of Ada's.
struct Office {
    collector: Collector,
    cookie: String,
    report: String,
}

impl Office {
    async fn new(role: Role) -> Self {
        let collector = Collector::start().await;
        collector.add_member("m@shop.example", collector.site).await;
        let member = collector.app.store.credentials("m@shop.example".into()).await.unwrap().unwrap().member;
        collector.app.store.grant(member, collector.site, role).await.unwrap();
        let receipt = collector.submit(&collector.submission(1)).await.json();
        let cookie = session(&collector, "m@shop.example").await;
        Self { report: receipt["report"].as_str().unwrap().to_owned(), collector, cookie }
    }

    /// One whose visitors have to wait for an answer.
    async fn with_requests(role: Role) -> Self {
        let office = Self::new(role).await;
        let grants = Some(Grants { erase: Effect::OnRequest, correct: Effect::OnRequest });
        let change = SiteChange { grants, ..SiteChange::default() };
        office
            .collector
            .app
            .store
            .change_site(office.collector.site, change, office.collector.now())
            .await
            .unwrap();
        office
    }

    async fn open(&self, path: &str) -> Answer {
        open(&self.collector, &self.cookie, path).await
    }

    async fn text(&self, path: &str) -> String {
        let answer = self.open(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text()
    }

    async fn token(&self) -> String {
        let page = self.text("/inbox/people").await;
        page.split("name=\"token\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    }

    async fn post(&self, path: &str, fields: &str) -> Answer {
        let body = format!("token={}&{fields}", self.token().await);
        let headers = [("Cookie", self.cookie.as_str()), FORM, HERE];
        self.collector.post(path, &headers, body.as_bytes()).await
    }

    /// Sends a form that is to be followed by another page; its address.
    async fn done(&self, path: &str, fields: &str) -> String {
        let answer = self.post(path, fields).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.text());
        answer.header("location").unwrap().to_owned()
    }

    async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> String {
        let answer = self.collector.me(ADA, method, path, body).await;
        assert_eq!(answer.status, 202, "{}", answer.text());
        answer.json()["request"]["id"].as_str().unwrap().to_owned()
    }

    async fn mine(&self) -> Value {
        self.collector.me(ADA, "GET", "", None).await.json()
    }

    /// The last thing that was written down.
    async fn last(&self) -> (String, String, Option<String>) {
        assert!(self.collector.app.store.verify_audit().await.unwrap().is_ok());
        let row = self.collector.app.store.audit(None, 1).await.unwrap().remove(0);
        (row.actor.split(':').next().unwrap().to_owned(), row.act, row.why)
    }

    fn written(act: &str, why: Option<&str>) -> (String, String, Option<String>) {
        ("member".into(), act.into(), why.map(Into::into))
    }
}

#[tokio::test]
async fn request_is_shown_with_its_date_and_done_and_the_visitor_is_told() {
    let office = Office::with_requests(Role::Member).await;
    assert!(office.text("/inbox/requests").await.contains("Nothing to answer"));
    let path = format!("/reports/{}", office.report);
    let id = office.ask("PATCH", &path, Some(&json!({ "message": "The basket <remembers>" }))).await;
    let page = office.text("/inbox/requests").await;
    assert!(page.contains("Correct a report") && page.contains("28 days left"), "{page}");
    assert!(page.contains("The basket &#60;remembers&#62;"), "what is wanted is shown: {page}");
    assert!(page.contains("class=\"count\">1<"), "{page}");
    assert_eq!(office.last().await, Office::written("read", None));
    assert_eq!(office.done(&format!("/inbox/requests/{id}"), "act=do").await, "/inbox/requests");
    assert_eq!(office.last().await, Office::written("answered", None));
    let told = office.mine().await;
    assert_eq!(told["reports"][0]["message"], "The basket <remembers>");
    assert_eq!(told["requests"][0]["state"], "done");
    let page = office.text("/inbox/requests").await;
    assert!(
        page.contains("Nothing to answer") && page.contains("Answered") && !page.contains("class=\"count\"")
    );
    assert_eq!(office.post(&format!("/inbox/requests/{id}"), "act=do").await.status, 404, "answered once");
}

#[tokio::test]
async fn request_is_refused_or_put_off_with_a_reason_and_only_once() {
    let office = Office::with_requests(Role::Member).await;
    let id = office.ask("DELETE", "", None).await;
    let path = format!("/inbox/requests/{id}");
    for act in ["refuse", "put-off"] {
        assert_eq!(office.post(&path, &format!("act={act}&reason=+")).await.status, 422, "{act}");
    }
    office.done(&path, "act=put-off&reason=many+at+once").await;
    assert_eq!(office.last().await, Office::written("extended", Some("many at once")));
    let page = office.text("/inbox/requests").await;
    assert!(
        page.contains("87 days left") && page.contains("many at once") && !page.contains("value=\"put-off\"")
    );
    assert_eq!(office.post(&path, "act=put-off&reason=again").await.status, 400);
    office.collector.advance_days(88);
    let cookie = session(&office.collector, "m@shop.example").await;
    let office = Office { cookie, ..office };
    let page = office.text("/inbox/requests").await;
    assert!(page.contains("Overdue, was due 24 hours ago") && page.contains("card overdue"), "{page}");
    office.done(&path, "act=refuse&reason=a+court").await;
    assert_eq!(office.last().await, Office::written("answered", Some("a court")));
    let told = office.mine().await;
    assert_eq!(
        (&told["requests"][0]["state"], &told["requests"][0]["answer"]),
        (&json!("refused"), &json!("a court"))
    );
    assert_eq!(told["reports"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn member_of_another_site_sees_and_answers_no_request() {
    let office = Office::with_requests(Role::Member).await;
    let id = office.ask("DELETE", "", None).await;
    let other = office.collector.add_site("Other", "https://other.example").await;
    office.collector.add_member("o@other.example", other).await;
    let cookie = session(&office.collector, "o@other.example").await;
    let stranger = Office { cookie, ..office };
    assert!(stranger.text("/inbox/requests").await.contains("Nothing to answer"));
    for (path, fields) in [
        (format!("/inbox/requests/{id}"), "act=do"),
        (format!("/inbox/people/{}/erase", stranger.report), "reason=x"),
        (format!("/inbox/people/{}/export", stranger.report), "reason=x"),
        (format!("/inbox/reports/{}/erase", stranger.report), "reason=x"),
        (format!("/inbox/reports/{}/hold", stranger.report), "act=hold&reason=x"),
        (format!("/inbox/reports/{}/correct", stranger.report), "reason=x&message=y"),
    ] {
        assert_eq!(stranger.post(&path, fields).await.status, 404, "{path}");
    }
    for path in ["people", "reports"] {
        assert_eq!(stranger.open(&format!("/inbox/{path}/{}", stranger.report)).await.status, 404);
    }
    assert_eq!(stranger.open(&format!("/inbox/requests/{id}/person")).await.status, 404);
    assert_eq!(stranger.mine().await["reports"][0]["message"], "The basket forgets");
}

#[tokio::test]
async fn no_form_is_taken_from_elsewhere() {
    let office = Office::with_requests(Role::Owner).await;
    let id = office.ask("DELETE", "", None).await;
    let (token, report) = (office.token().await, &office.report);
    for path in [
        format!("/inbox/requests/{id}"),
        "/inbox/people".into(),
        format!("/inbox/people/{report}/export"),
        format!("/inbox/people/{report}/erase"),
        format!("/inbox/reports/{report}/hold"),
        format!("/inbox/reports/{report}/erase"),
        format!("/inbox/reports/{report}/correct"),
    ] {
        let fields = "act=do&reason=x&sought=ada@mail.example&message=y";
        let send = async |from: &str, token: &str| {
            let headers = [("Cookie", office.cookie.as_str()), FORM, ("Sec-Fetch-Site", from)];
            office.collector.post(&path, &headers, format!("token={token}&{fields}").as_bytes()).await.status
        };
        assert_eq!(send("cross-site", &token).await, 403, "{path}");
        assert_eq!(send("same-origin", "wrong").await, 403, "{path}");
        let nobody = office.collector.post(&path, &[FORM, HERE], fields.as_bytes()).await;
        assert_eq!(nobody.header("location"), Some("/inbox/sign-in"), "{path}");
    }
    assert_eq!(office.mine().await["reports"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn somebody_is_found_by_address_or_pseudonym_and_the_search_is_written_down() {
    let office = Office::new(Role::Member).await;
    let person = format!("/inbox/people/{}", office.report);
    assert_eq!(office.done("/inbox/people", "sought=ADA@mail.example").await, person);
    assert_eq!(office.last().await, Office::written("searched", None));
    let page = office.text(&person).await;
    assert!(page.contains("The basket forgets"), "{page}");
    let pseudonym = page.split("<title>Visitor ").nth(1).unwrap()[..8].to_owned();
    assert_eq!(office.done("/inbox/people", &format!("sought={pseudonym}")).await, person);
    for (sought, said) in
        [("bob@mail.example", "No report that you may see"), ("basket", "Write an e-mail address")]
    {
        let page = office.post("/inbox/people", &format!("sought={sought}")).await.text();
        assert!(page.contains(said), "{page}");
    }
    let log = office.collector.app.store.audit(None, 100).await.unwrap();
    assert!(log.iter().all(|row| !row.subject.contains("mail.example")), "{log:?}");
    office.collector.advance_days(181);
    let cookie = session(&office.collector, "m@shop.example").await;
    let office = Office { cookie, ..office };
    let page = office.post("/inbox/people", "sought=ada@mail.example").await.text();
    assert!(page.contains("No report that you may see"), "the address has expired");
}

#[tokio::test]
async fn member_exports_and_erases_for_a_visitor_with_a_reason() {
    let office = Office::new(Role::Member).await;
    let export = format!("/inbox/people/{}/export", office.report);
    assert_eq!(office.post(&export, "reason=").await.status, 422);
    let answer = office.post(&export, "reason=a+letter").await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    assert!(answer.header("content-disposition").unwrap().starts_with("attachment; filename=\"visitor-"));
    let mut archive = zip::ZipArchive::new(Cursor::new(answer.body)).unwrap();
    let document: Value = serde_json::from_reader(archive.by_name("my-feedback.json").unwrap()).unwrap();
    assert_eq!(document["reports"][0]["message"], "The basket forgets");
    let exported = office.collector.app.store.audit(None, 2).await.unwrap();
    assert!(exported.iter().any(|row| row.act == "exported" && row.why.as_deref() == Some("a letter")));

    let erase = format!("/inbox/people/{}/erase", office.report);
    assert_eq!(office.post(&erase, "").await.status, 422);
    let next = office.done(&erase, "reason=a+letter").await;
    assert_eq!(office.last().await, Office::written("erased", Some("a letter")));
    assert!(office.text(&next).await.contains("1 report, with all pictures"));
    assert_eq!(office.mine().await["reports"], json!([]));
    assert_eq!(office.collector.count("reporter_key"), 0);
}

#[tokio::test]
async fn member_corrects_and_erases_one_report() {
    let office = Office::new(Role::Member).await;
    let path = format!("/inbox/reports/{}/correct", office.report);
    assert!(office.text(&path).await.contains("ada@mail.example"));
    let same = "message=The+basket+forgets&name=Ada&email=ada@mail.example";
    assert_eq!(office.post(&path, &format!("{same}&reason=x")).await.status, 422, "nothing is different");
    let refused = office.post(&path, "message=Better&name=Ada&email=nowhere&reason=x").await;
    assert!(refused.status == 422 && refused.text().contains("Better"), "what was typed is still there");
    let next = office.done(&path, "message=one%0D%0Atwo&name=Ada&email=a@mail.example&reason=by+phone").await;
    assert_eq!(office.last().await, Office::written("corrected", Some("by phone")));
    assert!(office.text(&next).await.contains("a@mail.example"));
    assert_eq!(office.mine().await["reports"][0]["message"], "one\ntwo");
    office.done(&format!("/inbox/reports/{}/erase", office.report), "reason=by+phone").await;
    assert_eq!(office.last().await, Office::written("erased", Some("by phone")));
    assert_eq!(office.mine().await["reports"], json!([]));
}

#[tokio::test]
async fn owners_and_privacy_hold_and_nothing_that_is_held_is_erased() {
    for role in Role::ALL {
        let office = Office::new(role).await;
        let page = format!("/inbox/reports/{}", office.report);
        let hold = format!("{page}/hold");
        assert_eq!(office.text(&page).await.contains("value=\"hold\""), role.may_hold(), "{role:?}");
        let answer = office.post(&hold, "act=hold&reason=a+court").await;
        assert_eq!(answer.status, if role.may_hold() { 303 } else { 403 }, "{role:?}");
        if !role.may_hold() {
            continue;
        }
        assert_eq!(office.last().await, Office::written("held", Some("a court")));
        assert!(office.text(&page).await.contains("a court"));
        assert!(office.text("/inbox").await.contains(">Held<"));
        assert_eq!(office.post(&format!("{page}/erase"), "reason=x").await.status, 409);
        let everything = format!("/inbox/people/{}/erase", office.report);
        assert_eq!(office.post(&everything, "reason=x").await.status, 409);
        let id = office.mine().await["requests"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(office.post(&format!("/inbox/requests/{id}"), "act=do").await.status, 409);
        assert_eq!(office.mine().await["reports"].as_array().unwrap().len(), 1);
        office.done(&hold, "act=end").await;
        office.done(&format!("/inbox/requests/{id}"), "act=do").await;
        assert_eq!(office.mine().await["reports"], json!([]));
    }
}

#[tokio::test]
async fn restricted_report_is_shown_and_exported_by_privacy_alone_and_marked() {
    for role in Role::ALL {
        let office = Office::new(role).await;
        office.collector.submit(&office.collector.submission(2)).await;
        let restriction = json!({ "report": office.report, "restricted": true });
        office.collector.me(ADA, "POST", "/restrict", Some(&restriction)).await;
        let page = format!("/inbox/reports/{}", office.report);
        let sees = role.sees_restricted();
        assert_eq!(office.open(&page).await.status == 200, sees, "{role:?}");
        assert_eq!(office.text("/inbox").await.contains(">Restricted<"), sees, "{role:?}");
        let person = office.done("/inbox/people", "sought=ada@mail.example").await;
        let shown = office.text(&person).await;
        assert_eq!(shown.contains("Not shown:"), !sees, "{role:?}: {shown}");
        if sees {
            assert!(office.text(&page).await.contains("had this report restricted"));
        }
        let zip = office.post(&format!("{person}/export"), "reason=x").await.body;
        let mut archive = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
        let document: Value = serde_json::from_reader(archive.by_name("my-feedback.json").unwrap()).unwrap();
        assert_eq!(document["reports"].as_array().unwrap().len(), if sees { 2 } else { 1 }, "{role:?}");
        // Erasing needs no looking.
        office.done(&format!("{person}/erase"), "reason=x").await;
        assert_eq!(office.mine().await["reports"], json!([]));
    }
}

#[tokio::test]
async fn owner_of_a_closed_site_looks_through_its_messages_and_says_what_becomes_of_them() {
    let office = Office::new(Role::Owner).await;
    let (app, site) = (&office.collector.app, office.collector.site);
    let path = format!("/inbox/sites/{site}/closing");
    assert!(!office.text("/inbox").await.contains("is closed"));
    assert_eq!(office.post(&path, "act=keep").await.status, 409, "it is open");
    let change = SiteChange { closed_at: Some(Some(office.collector.now())), ..SiteChange::default() };
    app.store.change_site(site, change, office.collector.now()).await.unwrap();
    let page = office.text("/inbox").await;
    assert!(page.contains("is closed") && page.contains("Its messages go, too"), "{page}");
    let keeps = async || {
        app.store.directory(office.collector.now()).await.unwrap().site(site).unwrap().closing.keeps_messages
    };
    assert_eq!(office.done(&path, "act=keep").await, "/inbox");
    assert_eq!(office.last().await, Office::written("closing-decided", None));
    assert!(keeps().await && office.text("/inbox").await.contains("Let the messages go"));
    office.done(&path, "act=drop").await;
    assert!(!keeps().await);
    assert_eq!(office.post(&path, "act=sell").await.status, 404);

    let member = app.store.credentials("m@shop.example".into()).await.unwrap().unwrap().member;
    app.store.grant(member, site, Role::Member).await.unwrap();
    assert_eq!(office.post(&path, "act=keep").await.status, 403, "it is for owners to say");
    assert!(!office.text("/inbox").await.contains("value=\"keep\""));
    assert_eq!(office.post("/inbox/sites/1/closing", "act=keep").await.status, 404);
}
