//! Files that lie in a bucket, by a server that is not always well.

use candor_collector::{
    backup,
    vault::{MASTER_KEY_FILE, MasterKeys, Vault},
};

use super::*;
use crate::{
    bucket::{Bucket, Mood},
    harness::rng,
};

async fn on_bucket(patience: Option<&str>) -> Collector {
    let collector = Collector::on_bucket(patience).await;
    take_files(&collector).await;
    collector
}

fn mood(collector: &Collector, mood: Mood) {
    collector.bucket.as_ref().unwrap().set(mood);
}

#[tokio::test]
async fn file_in_a_bucket_is_shown_handed_out_and_gone_with_its_visitor() {
    let collector = on_bucket(None).await;
    let (submission, picture) = (granting(&collector, 1), png(20, 10));
    let receipt = collector.submit(&submission).await.json();
    assert_eq!(Put::picture(&submission, &picture).send(&collector).await.status, 201);
    assert_eq!(Put::picture(&submission, &picture).send(&collector).await.status, 200);
    assert_eq!(blobs(&collector), 1);
    assert!(!collector.folder.path().join("blobs").exists(), "nothing of it is in the data folder");

    collector.add_member("m@shop.example", collector.site).await;
    let cookie = session(&collector, "m@shop.example").await;
    let path = format!("/inbox/reports/{}/files/page.png", receipt["report"].as_str().unwrap());
    assert_eq!(open(&collector, &cookie, &path).await.body, picture);
    let export = collector.me(REPORTER, "GET", "/export", None).await;
    let mut archive = zip::ZipArchive::new(Cursor::new(export.body)).unwrap();
    let exported = (0..archive.len()).find_map(|at| {
        let mut entry = archive.by_index(at).unwrap();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        entry.name().unwrap().ends_with("page.png").then_some(bytes)
    });
    assert_eq!(exported.as_deref(), Some(&picture[..]));

    assert_eq!(collector.me(REPORTER, "DELETE", "", None).await.status, 200);
    sweep(&collector).await;
    assert_eq!((collector.count("file"), blobs(&collector)), (0, 0));
}

#[tokio::test]
async fn bucket_that_is_away_costs_no_words_and_its_return_is_enough() {
    let collector = on_bucket(None).await;
    assert_eq!(collector.get("/readyz", &[]).await.text(), "ready\n");
    let (submission, text) = (granting(&collector, 1), b"text");
    mood(&collector, Mood::Away);
    assert_eq!(collector.submit(&submission).await.status, 201);
    let put = Put::text(&submission, text);
    let refused = check(&collector, "away", "unavailable", async || put.send(&collector).await).await;
    assert!(refused.status == 503 && refused.comes_back_soon());
    collector.advance_ms(30_000);
    let ready = collector.get("/readyz", &[]).await;
    assert_eq!(
        (ready.status, ready.text().as_str()),
        (200, "ready for words; files are refused: unavailable\n")
    );
    mood(&collector, Mood::Well);
    assert_eq!(collector.get("/readyz", &[]).await.text(), "ready\n");
    assert_eq!(put.send(&collector).await.status, 201);
}

#[tokio::test]
async fn bucket_that_never_answers_is_given_up_while_the_visitor_waits() {
    let collector = on_bucket(Some("300ms")).await;
    let submission = granting(&collector, 1);
    collector.submit(&submission).await;
    mood(&collector, Mood::Silent);
    let put = Put::text(&submission, b"text");
    let refused = check(&collector, "silent", "unavailable", async || put.send(&collector).await).await;
    assert!(refused.comes_back_soon());
}

#[tokio::test]
async fn line_that_breaks_in_the_middle_of_a_blob_leaves_none_and_one_that_breaks_once_is_not_noticed() {
    let collector = on_bucket(None).await;
    let submission = granting(&collector, 1);
    collector.submit(&submission).await;
    let text = vec![b'x'; 40_000];
    let put = Put::text(&submission, &text);
    mood(&collector, Mood::Cutting);
    check(&collector, "cut", "unavailable", async || put.send(&collector).await).await;
    mood(&collector, Mood::CuttingOnce);
    assert_eq!(put.send(&collector).await.status, 201);
    assert_eq!((collector.count("file"), blobs(&collector)), (1, 1));
    let name = names(&collector).await[0];
    let sealed = collector.app.blobs.open(name).await.unwrap().unwrap();
    assert_eq!(Sha256::digest(&sealed)[..], name.as_bytes()[..], "it is what its name says");
}

#[tokio::test]
async fn bucket_without_room_is_told_from_one_that_is_away() {
    let collector = on_bucket(None).await;
    let submission = granting(&collector, 1);
    collector.submit(&submission).await;
    mood(&collector, Mood::Full);
    let put = Put::text(&submission, b"text");
    let refused = check(&collector, "full", "storage-full", async || put.send(&collector).await).await;
    assert_eq!(refused.status, 507);
    let ready = collector.get("/readyz", &[]).await;
    assert_eq!(ready.text(), "ready for words; files are refused: storage-full\n");
}

#[tokio::test]
async fn large_blob_goes_in_parts_and_is_there_whole_or_not_at_all() {
    let bucket = Bucket::start();
    let blobs = bucket.blobs("large", None);
    let bytes: Bytes = (0..9 * 1024 * 1024_u32).map(|at| (at / 7) as u8).collect();
    bucket.set(Mood::Cutting);
    assert!(blobs.keep(bytes.clone()).await.is_err());
    bucket.set(Mood::Well);
    let before = bucket.writes();
    let name = blobs.keep(bytes.clone()).await.unwrap();
    assert_eq!(bucket.writes() - before, 4, "begun, two parts, put together");
    assert_eq!(blobs.open(name).await.unwrap(), Some(bytes));
    assert_eq!(blobs.names(name.as_bytes()[0]).await.unwrap(), [name]);
}

#[tokio::test]
async fn backup_of_one_bucket_is_put_back_into_another() {
    if crate::cluster::is_asked_for() {
        // A backup is put back into a folder's database.
        return;
    }
    let collector = on_bucket(None).await;
    let submission = granting(&collector, 1);
    collector.submit(&submission).await;
    assert_eq!(Put::text(&submission, b"text").send(&collector).await.status, 201);
    let name = names(&collector).await[0];
    let (app, folder) = (&collector.app, tempfile::tempdir().unwrap());
    let [to, keys, again] = ["backup", "keys", "again"].map(|name| folder.path().join(name));
    backup::write((&app.store, &app.blobs), &to, collector.now(), |_, _| {}).await.unwrap();
    backup::write_keys(&app.store, &app.key, &keys, &rng()).await.unwrap();

    let master = std::fs::read_to_string(collector.folder.path().join(MASTER_KEY_FILE)).unwrap();
    let vault = Vault::new(MasterKeys::parse(&master).unwrap(), None, rng());
    let other = Bucket::start();
    let elsewhere = other.blobs("restored", None);
    let (rng, now) = (rng(), collector.now());
    let put = backup::restore(
        (&to, &keys),
        (&again, Some(&elsewhere)),
        &vault,
        Some(&master),
        (&rng, now),
        |_, _| {},
    );
    assert_eq!(put.await.unwrap().reports, 1);
    assert_eq!(elsewhere.open(name).await.unwrap(), app.blobs.open(name).await.unwrap());
    assert!(!again.join("blobs").exists());
}
