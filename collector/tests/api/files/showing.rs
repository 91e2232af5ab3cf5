//! What members see of files, what nobody else sees, and what nobody sees any more.

use super::*;

/// A member's cookie, and where the report with its files is.
async fn looked_at(collector: &Collector, submission: &Value) -> (String, String) {
    let receipt = collector.submit(submission).await.json();
    collector.add_member("m@shop.example", collector.site).await;
    let cookie = session(collector, "m@shop.example").await;
    (cookie, format!("/inbox/reports/{}", receipt["report"].as_str().unwrap()))
}

#[tokio::test]
async fn member_sees_pictures_and_saves_attachments_and_neither_can_do_anything() {
    let collector = taking_files().await;
    let submission = granting(&collector, 1);
    let (cookie, report) = looked_at(&collector, &submission).await;
    let picture = png(20, 10);
    let polyglot = [&picture[..], b"<script>alert(1)</script>"].concat();
    assert_eq!(Put::picture(&submission, &polyglot).send(&collector).await.json()["bytes"], polyglot.len());
    let html = b"<script>alert(1)</script>";
    let named = Put { name: "B%C3%BCcher%20%22x%22.html", ..Put::text(&submission, html) };
    assert_eq!(Put { media_type: Some("text/html"), ..named }.send(&collector).await.status, 201);

    let page = open(&collector, &cookie, &report).await.text();
    assert!(page.contains(&format!("<img src=\"{report}/files/page.png\" alt=\"page.png\"")), "{page}");
    assert!(page.contains(&format!("href=\"{report}/files/B%C3%BCcher%20%22x%22.html\"")), "{page}");
    assert!(page.contains("text/html") && page.contains("in 90 days"));
    assert!(open(&collector, &cookie, "/inbox").await.text().contains("1 picture, 1 attachment"));

    let shown = open(&collector, &cookie, &format!("{report}/files/page.png")).await;
    assert_eq!((shown.status, shown.header("content-type")), (200, Some("image/png")));
    assert_eq!(shown.body, picture, "what hung behind the picture is gone, and nothing else");
    assert!(shown.header("content-disposition").unwrap().starts_with("inline; "));
    let saved = open(&collector, &cookie, &format!("{report}/files/B%C3%BCcher%20%22x%22.html")).await;
    assert_eq!(saved.body, html);
    assert_eq!(saved.header("content-type"), Some("application/octet-stream"));
    let disposition = "attachment; filename=\"B_cher _x_.html\"; filename*=UTF-8''B%C3%BCcher%20%22x%22.html";
    assert_eq!(saved.header("content-disposition"), Some(disposition));
    for answer in [shown, saved] {
        for (name, value) in [
            ("content-security-policy", "sandbox; default-src 'none'"),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name}");
        }
    }
}

#[tokio::test]
async fn nobody_else_gets_a_file() {
    let collector = taking_files().await;
    let submission = granting(&collector, 1);
    let (cookie, report) = looked_at(&collector, &submission).await;
    Put::text(&submission, b"text").send(&collector).await;
    let path = format!("{report}/files/log.txt");
    assert_eq!(open(&collector, &cookie, &path).await.status, 200);
    let other = collector.add_site("Other", "https://other.example").await;
    collector.add_member("o@other.example", other).await;
    let stranger = session(&collector, "o@other.example").await;
    let hidden = open(&collector, &stranger, &path).await;
    let absent = open(&collector, &stranger, &format!("{report}/files/none.txt")).await;
    assert_eq!((hidden.status, hidden.text()), (404, absent.text()), "no oracle");
    assert_eq!(collector.get(&path, &[]).await.header("location"), Some("/inbox/sign-in"));
}

#[tokio::test]
async fn expired_file_is_served_to_nobody_though_no_sweep_ran() {
    let collector = taking_files().await;
    let submission = granting(&collector, 1);
    let (_, report) = looked_at(&collector, &submission).await;
    Put::text(&submission, b"text").send(&collector).await;
    collector.advance_ms(90 * 86_400_000 - 1);
    let cookie = session(&collector, "m@shop.example").await;
    let path = format!("{report}/files/log.txt");
    assert_eq!(open(&collector, &cookie, &path).await.status, 200);
    collector.advance_ms(1);
    assert_eq!(open(&collector, &cookie, &path).await.status, 404);
    assert!(!open(&collector, &cookie, &report).await.text().contains("log.txt"));
    assert!(!open(&collector, &cookie, "/inbox").await.text().contains("1 attachment"));
    let late = Put { name: "late.txt", ..Put::text(&submission, b"late") };
    check(&collector, "grant that has expired", "not-found", async || late.send(&collector).await).await;
    assert_eq!(collector.count("file"), 1, "its row is still there");
}

#[tokio::test]
async fn report_lasts_as_long_as_its_files_and_goes_after_them() {
    let collector = taking_files().await;
    let mut policy = default_policy();
    for terms in &mut policy.terms {
        let is_picture = terms.purpose == Purpose::Picture;
        (terms.need, terms.days) = if is_picture { (Need::Optional, 90) } else { (terms.need, 10) };
    }
    let change = SiteChange { policy: Some(policy), ..SiteChange::default() };
    collector.app.store.change_site(collector.site, change, collector.now()).await.unwrap();
    let mut submission = granting(&collector, 1);
    submission["consent"]["policy"] = json!(3);
    submission["consent"]["purposes"] = json!(["message", "contact", "browser", "picture"]);
    let (_, report) = looked_at(&collector, &submission).await;
    Put::picture(&submission, &png(4, 4)).send(&collector).await;
    collector.advance_days(50);
    sweep(&collector).await;
    let cookie = session(&collector, "m@shop.example").await;
    let page = open(&collector, &cookie, &report).await.text();
    assert!(page.contains("page.png") && page.contains("they have expired"), "{page}");
    collector.advance_days(40);
    assert_eq!(open(&collector, &session(&collector, "m@shop.example").await, &report).await.status, 404);
    sweep(&collector).await;
    assert_eq!((collector.count("file"), collector.count("report"), blobs(&collector)), (0, 0, 0));
}

#[tokio::test]
async fn place_and_device_are_gone_from_what_is_served_and_up_is_still_up() {
    let collector = taking_files().await;
    let submission = granting(&collector, 1);
    let (cookie, report) = looked_at(&collector, &submission).await;
    let mut photo = Cursor::new(Vec::new());
    image::RgbImage::from_fn(24, 12, |x, y| image::Rgb([x as u8 * 9, y as u8 * 9, 7]))
        .write_to(&mut photo, image::ImageFormat::Jpeg)
        .unwrap();
    let photo = photo.into_inner();
    // One entry says which side is up (6: turn it right); what follows stands for all that cameras add.
    let exif = [
        &b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"[..],
        b"GPSLatitude 52.5163 Camera 4711",
    ]
    .concat();
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    let sent = [&photo[..2], &[0xff, 0xe1], &length, &exif, &photo[2..]].concat();
    let put = Put { name: "photo.jpg", media_type: Some("image/jpeg"), ..Put::picture(&submission, &sent) };
    assert_eq!(put.send(&collector).await.status, 201);

    let served = open(&collector, &cookie, &format!("{report}/files/photo.jpg")).await.body;
    let holds = |part: &[u8]| served.windows(part.len()).any(|window| window == part);
    assert!(!holds(b"GPS") && !holds(b"52.5163") && !holds(b"Camera"));
    let read = |bytes: &[u8]| {
        let reader = image::ImageReader::with_format(Cursor::new(bytes.to_vec()), image::ImageFormat::Jpeg);
        let mut decoder = reader.into_decoder().unwrap();
        let up = image::ImageDecoder::orientation(&mut decoder).unwrap();
        (up, image::DynamicImage::from_decoder(decoder).unwrap())
    };
    assert_eq!(read(&served), read(&sent));
    assert_eq!(read(&served).0, image::metadata::Orientation::Rotate90);
}
