//! Files that follow a submission: kept whole and once, or refused with a reason; the words stay whatever happens.

mod elsewhere;
mod keeping;
mod refusals;
mod showing;
mod taking;

use std::{io::Cursor, time::Duration};

use bytes::Bytes;
use candor_collector::{blobs::BlobName, retention, store::SiteChange};
use candor_protocol::{Attachments, Form, Need, Purpose};
use candor_rules::default_policy;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::{
    harness::{Answer, Collector, PAGE, answer, exchange, head, join_all},
    inbox::{open, session},
};

const REPORTER: &str = "8c5c1a0e-0c1d-4f6e-9d36-1d2f55aa0001";

/// A collector whose site takes pictures and attachments.
async fn taking_files() -> Collector {
    let collector = Collector::start().await;
    take_files(&collector).await;
    collector
}

async fn take_files(collector: &Collector) {
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
    let mut bytes = Cursor::new(Vec::new());
    let picture = image::RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 7]));
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// How many blobs there are.
fn blobs(collector: &Collector) -> usize {
    // A bucket has no folder before it has anything in it.
    let Ok(shards) = std::fs::read_dir(collector.blob_folder()) else { return 0 };
    let shards = shards.map(|shard| shard.unwrap().path()).filter(|shard| shard.is_dir());
    shards.map(|shard| std::fs::read_dir(shard).unwrap().count()).sum()
}

/// The names of all blobs.
async fn names(collector: &Collector) -> Vec<BlobName> {
    let mut names = Vec::new();
    for shard in 0..=u8::MAX {
        names.extend(collector.app.blobs.names(shard).await.unwrap());
    }
    names
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
    assert_eq!((collector.count("file"), blobs(&collector)), (2, 2));
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
    assert_eq!((collector.count("file"), blobs(&collector)), (1, 1));
}

async fn sweep(collector: &Collector) {
    let app = &collector.app;
    retention::note_strays(&app.store, &app.blobs, &app.clock).await.unwrap();
    retention::sweep(&app.store, &app.blobs, &app.clock, |_| {}).await.unwrap();
}

/// Checks one answer against the promises of every refusal.
async fn check(collector: &Collector, name: &str, code: &str, send: impl AsyncFnOnce() -> Answer) -> Answer {
    let kept = || (collector.rows(), collector.count("file"), blobs(collector));
    let (outcomes, before) = (collector.file_outcomes(), kept());
    let answer = send().await;
    assert_eq!(answer.json()["code"], code, "{name}: {}", answer.text());
    assert_eq!(answer.json()["status"], answer.status, "{name}");
    let mut expected = outcomes;
    *expected.get_mut(code).unwrap() += 1;
    assert_eq!(collector.file_outcomes(), expected, "{name}: counted once, as what it is");
    assert_eq!(kept(), before, "{name}: nothing of it is kept, and the report stays");
    answer
}

#[tokio::test]
async fn large_file_on_a_slow_line_has_the_time_it_needs() {
    let collector = Collector::with(|settings| settings.body_timeout = Duration::from_millis(100)).await;
    take_files(&collector).await;
    let allowed = Attachments { types: vec!["text/plain".into()], count: 1, bytes: 2_000_000 };
    let form = Form { attachments: Some(allowed), ..Form::default() };
    let change = SiteChange { form: Some(form), ..SiteChange::default() };
    collector.app.store.change_site(collector.site, change, collector.now()).await.unwrap();
    let submission = granting(&collector, 1);
    collector.submit(&submission).await;
    let bytes = vec![b'x'; 1_200_000];
    let put = Put::text(&submission, &bytes);
    let mut stream = TcpStream::connect(collector.address).await.unwrap();
    stream.write_all(put.head(bytes.len()).as_bytes()).await.unwrap();
    let (half, rest) = bytes.split_at(600_000);
    stream.write_all(half).await.unwrap();
    // Longer than a body without size would get.
    tokio::time::sleep(Duration::from_millis(300)).await;
    stream.write_all(rest).await.unwrap();
    assert_eq!(answer(&mut stream).await.status, 201);
}

#[tokio::test]
async fn many_senders_of_one_file_make_one_file() {
    let collector = taking_files().await;
    let submission = granting(&collector, 1);
    collector.submit(&submission).await;
    let picture = png(200, 200);
    let put = Put::picture(&submission, &picture);
    let answers = join_all(std::iter::repeat_with(|| put.send(&collector)).take(10)).await;
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    assert!(answers.iter().all(|answer| answer.json() == answers[0].json()));
    assert_eq!((created, collector.count("file"), blobs(&collector)), (1, 1, 1));
    assert_eq!((collector.file_outcomes()["stored"], collector.file_outcomes()["duplicate"]), (1, 9));
}

#[tokio::test]
async fn many_files_at_once_are_never_more_than_a_submission_may_have() {
    let collector = taking_files().await;
    let submission = granting(&collector, 1);
    collector.submit(&submission).await;
    let picture = png(4, 4);
    let names: Vec<String> = (0..10).map(|n| format!("{n}.png")).collect();
    let puts: Vec<_> = names.iter().map(|name| Put { name, ..Put::picture(&submission, &picture) }).collect();
    let answers = join_all(puts.iter().map(|put| put.send(&collector))).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!(
        (count(201), count(413)),
        (6, 4),
        "{:?}",
        answers.iter().map(Answer::text).collect::<Vec<_>>()
    );
    assert_eq!(collector.count("file"), 6);
    // What came too late may have had its blob written already. It need not wait for a walk over all blobs.
    let app = &collector.app;
    retention::sweep(&app.store, &app.blobs, &app.clock, |_| {}).await.unwrap();
    assert_eq!((collector.count("file"), blobs(&collector)), (6, 6));
}
