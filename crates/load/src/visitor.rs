//! What visitors send: a report of 2 kB with something for each purpose, and a picture of 300 kB.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// The origin of the site's pages.
pub(crate) const PAGE: &str = "https://shop.example";
/// Bytes of a report as it travels.
const REPORT_BYTES: usize = 2048;
/// Pixels of the picture.
const PICTURE: (u32, u32) = (1280, 800);
/// What stands for an id in the template.
const ID: Uuid = Uuid::from_u128(0x0e37_df36_f698_4e3c_8a4b_2b9d_1a0f_0001);
const REPORTER: Uuid = Uuid::from_u128(0x8c5c_1a0e_0c1d_4f6e_9d36_1d2f_55aa_0001);

/// A report whose id and sender are filled in for each visitor.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    bytes: Vec<u8>,
    id_at: usize,
    reporter_at: [usize; 2],
}

impl Template {
    /// A report to `site`, with message, contact and facts about the browser.
    pub(crate) fn new(site: Uuid) -> Self {
        let with = |message: &str| {
            json!({
                "id": ID,
                "site": site,
                "reporter": REPORTER,
                "kind": "bug",
                "message": message,
                "contact": { "name": "Ada", "email": format!("{REPORTER}@mail.example") },
                "browser": {
                    "page_url": "https://shop.example/basket?step=2",
                    "viewport": { "width": 1280, "height": 800 },
                    "languages": ["de-AT", "en"],
                    "user_agent": {
                        "brands": [{ "brand": "Chromium", "version": "156" }],
                        "platform": "Linux",
                        "mobile": false,
                    },
                    "online": true,
                },
                "consent": {
                    // A fresh site asks for no picture; the second version of its policy does.
                    "policy": 2,
                    "purposes": ["message", "contact", "browser", "picture"],
                    "given_at": "2026-11-22T07:48:00.000Z",
                    "asked": "panel",
                },
            })
            .to_string()
        };
        let words = "The basket forgets what was in it. ".repeat(REPORT_BYTES / 20);
        let room = REPORT_BYTES - with("").len();
        let text = with(&words[..room]);
        let at = |id: Uuid| text.match_indices(&id.to_string()).map(|(at, _)| at).collect::<Vec<_>>();
        let (&[id_at], &[first, second]) = (&*at(ID), &*at(REPORTER)) else {
            unreachable!("the template above holds one id, and its sender as such and in the address");
        };
        Self { id_at, reporter_at: [first, second], bytes: text.into_bytes() }
    }

    /// One visitor's report.
    pub(crate) fn fill(&self, visitor: Visitor) -> Bytes {
        let mut bytes = self.bytes.clone();
        let [sender, mailbox] = self.reporter_at;
        let places =
            [(self.id_at, visitor.submission), (sender, visitor.reporter), (mailbox, visitor.reporter)];
        for (at, id) in places {
            id.as_hyphenated().encode_lower(&mut bytes[at..at + 36]);
        }
        bytes.into()
    }
}

/// Who sends, and what it is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Visitor {
    pub(crate) submission: Uuid,
    pub(crate) reporter: Uuid,
}

impl Visitor {
    /// Somebody who was never here before.
    #[expect(clippy::disallowed_methods, reason = "a visitor's browser has the machine's clock")]
    pub(crate) fn fresh() -> Self {
        // As the widget makes them: what is sent is numbered by the time, who sends is not.
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let since_1970 = u64::try_from(since_1970).unwrap_or(u64::MAX);
        Self {
            submission: uuid::Builder::from_unix_timestamp_millis(since_1970, &random()).into_uuid(),
            reporter: uuid::Builder::from_random_bytes(random()).into_uuid(),
        }
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    bytes
}

/// A picture of 300 kB that decodes, and its digest as the wire wants it.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    pub(crate) bytes: Bytes,
    pub(crate) digest: String,
}

impl Picture {
    /// A page of flat areas with a photograph in it: noise, which no compression makes smaller.
    pub(crate) fn new() -> Result<Self> {
        let (width, height) = PICTURE;
        let mut noise = 0x9e37_79b9_7f4a_7c15_u64;
        let mut pixels = Vec::with_capacity((width * height * 3) as usize);
        for y in 0..height {
            for x in 0..width {
                let is_photograph = (200..680).contains(&x) && (200..400).contains(&y);
                noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let [a, b, c, ..] = noise.to_be_bytes();
                let [r, g, b] = if is_photograph {
                    [a, b, c]
                } else if y % 40 < 2 {
                    [40, 60, 90]
                } else {
                    [250, 250, 248]
                };
                pixels.extend([r, g, b]);
            }
        }
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&pixels)?;
        writer.finish()?;
        let digest = format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(&bytes)));
        Ok(Self { bytes: bytes.into(), digest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_has_its_size_and_its_ids() {
        let template = Template::new(Uuid::max());
        let visitor = Visitor::fresh();
        let bytes = template.fill(visitor);
        assert_eq!(bytes.len(), REPORT_BYTES);
        let report: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(report["id"], visitor.submission.to_string());
        assert_eq!(report["reporter"], visitor.reporter.to_string());
    }

    #[test]
    fn picture_weighs_what_it_says() {
        let bytes = Picture::new().unwrap().bytes.len();
        assert!((280_000..320_000).contains(&bytes), "{bytes}");
    }
}
