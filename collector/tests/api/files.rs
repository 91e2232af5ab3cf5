//! Files that follow a submission: kept whole and once, or refused with a reason; the words stay whatever happens.

use candor_collector::{retention, store::SiteChange};
use candor_protocol::{Attachments, Form, Need, Purpose};
use candor_rules::default_policy;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::harness::{Answer, Collector, PAGE, exchange, head};

const REPORTER: &str = "8c5c1a0e-0c1d-4f6e-9d36-1d2f55aa0001";

/// A collector whose site takes pictures and attachments.
async fn taking_files() -> Collector {
    let collector = Collector::start().await;
    let mut policy = default_policy();
    for terms in &mut policy.terms {
        if matches!(terms.purpose, Purpose::Picture | Purpose::Attachment) {
            terms.need = Need::Optional;
        }
    }
    let allowed =
        Attachments { types: vec!["application/pdf".into(), "text/*".into()], count: 2, bytes: 50_000 };
    let form = Form { attachments: Some(allowed), ..Form::default() };
    let change = SiteChange { policy: Some(policy), form: Some(form), ..SiteChange::default() };
    collector.app.store.change_site(collector.site, change, collector.now()).await.unwrap();
    collector
}

/// A submission that grants files, too.
fn granting(collector: &Collector, id: u128) -> Value {
    let mut submission = collector.submission(id);
    submission["consent"]["policy"] = json!(2);
    submission["consent"]["purposes"] = json!(["message", "contact", "browser", "picture", "attachment"]);
    submission
}

/// A file as the widget would send it; what is not said here is as it should be.
struct Put<'a> {
    submission: String,
    name: &'a str,
    query: &'a str,
    media_type: Option<&'a str>,
    reporter: Option<&'a str>,
    origin: Option<&'a str>,
    digest: Option<String>,
    bytes: &'a [u8],
}

impl<'a> Put<'a> {
    fn picture(submission: &Value, bytes: &'a [u8]) -> Self {
        Self {
            submission: submission["id"].as_str().unwrap().to_owned(),
            name: "page.png",
            query: "purpose=picture",
            media_type: Some("image/png"),
            reporter: Some(REPORTER),
            origin: Some(PAGE),
            digest: Some(digest(bytes)),
            bytes,
        }
    }

    fn text(submission: &Value, bytes: &'a [u8]) -> Self {
        let (name, query, media_type) = ("log.txt", "purpose=attachment", Some("text/plain"));
        Self { name, query, media_type, ..Self::picture(submission, bytes) }
    }

    async fn send(&self, collector: &Collector) -> Answer {
        exchange(collector.address, &self.head(self.bytes.len()), self.bytes).await
    }

    fn head(&self, length: usize) -> String {
        let path = format!("/v1/submissions/{}/files/{}?{}", self.submission, self.name, self.query);
        let bearer = self.reporter.map(|reporter| format!("Bearer {reporter}"));
        let headers: Vec<(&str, &str)> = [
            ("Origin", self.origin),
            ("Content-Type", self.media_type),
            ("Authorization", bearer.as_deref()),
            ("Repr-Digest", self.digest.as_deref()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
        head("PUT", &path, &headers, Some(length))
    }
}

fn digest(bytes: &[u8]) -> String {
    use base64::Engine as _;
    format!("sha-256=:{}:", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(bytes)))
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 7]));
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Names of all blobs.
async fn blobs(collector: &Collector) -> usize {
    let mut count = 0;
    for shard in 0..=u8::MAX {
        count += collector.app.blobs.names(shard).await.unwrap().len();
    }
    count
}

#[tokio::test]
async fn picture_and_attachment_follow_their_report() {
    let collector = taking_files().await;
    let submission = granting(&collector, 1);
    assert_eq!(collector.submit(&submission).await.status, 201);
    let picture = png(20, 10);
    let answer = Put::picture(&submission, &picture).send(&collector).await;
    assert_eq!((answer.status, answer.header("cache-control")), (201, Some("no-store")), "{}", answer.text());
    assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
    let until = collector.now().plus_days(90).to_string();
    let told = json!({ "name": "page.png", "purpose": "picture", "bytes": picture.len(), "until": until });
    assert_eq!(answer.json(), told);
    assert_eq!(Put::text(&submission, b"a\nb").send(&collector).await.status, 201);
    assert_eq!((collector.count("file"), blobs(&collector).await), (2, 2));
}

#[tokio::test]
async fn same_file_again_is_the_same_and_another_under_its_name_is_refused() {
    let collector = taking_files().await;
    let submission = granting(&collector, 1);
    collector.submit(&submission).await;
    let (picture, other) = (png(20, 10), png(10, 20));
    let first = Put::picture(&submission, &picture).send(&collector).await;
    collector.advance_days(3);
    let again = Put::picture(&submission, &picture).send(&collector).await;
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(first.json(), again.json());
    for put in [
        Put::picture(&submission, &other),
        Put { name: "page.png", ..Put::text(&submission, &picture) },
        Put { media_type: Some("image/webp"), ..Put::picture(&submission, &picture) },
    ] {
        let answer = put.send(&collector).await;
        assert_eq!(answer.json()["code"], "duplicate-mismatch", "{}", answer.text());
    }
    assert_eq!((collector.count("file"), blobs(&collector).await), (1, 1));
}

#[tokio::test]
async fn expired_file_goes_with_its_blob_and_its_report_after_it() {
    let collector = taking_files().await;
    let submission = granting(&collector, 1);
    collector.submit(&submission).await;
    let picture = png(20, 10);
    Put::picture(&submission, &picture).send(&collector).await;
    collector.advance_days(90);
    let app = &collector.app;
    let due = app.store.due(collector.now()).await.unwrap();
    assert_eq!((due.parts[2], due.blobs), (1, 1));
    let swept = retention::sweep(&app.store, &app.blobs, &app.clock, |_| {}).await.unwrap();
    assert_eq!(swept, due, "the dry run tells what the sweep does");
    assert_eq!((collector.count("file"), blobs(&collector).await), (0, 0));
    assert_eq!(collector.count("report"), 1);
}
