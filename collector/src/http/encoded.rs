//! One resource in the encodings that browsers take, and which of them a request gets.

use std::io::Write as _;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use sha2::{Digest as _, Sha256};

/// Bytes, their compressed forms, and the tag that tells one version from another.
#[derive(Clone, Debug)]
pub struct Encoded {
    plain: Bytes,
    brotli: Option<Bytes>,
    gzip: Option<Bytes>,
    tag: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Brotli,
    Gzip,
    Identity,
}

impl Encoded {
    /// A resource whose compressed forms were made before.
    #[must_use]
    pub fn new(plain: Bytes, brotli: Option<Bytes>, gzip: Option<Bytes>) -> Self {
        let tag = Sha256::digest(&plain).iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        Self { plain, brotli, gzip, tag }
    }

    /// A resource whose compressed forms are made now; meant for what is kept and served often.
    #[must_use]
    pub fn compressed(plain: Bytes) -> Self {
        let (brotli, gzip) = (brotli(&plain), gzip(&plain));
        Self::new(plain, brotli, gzip)
    }

    /// The answer to a request with these headers: 200 with the smallest form it takes, or 304.
    #[must_use]
    pub fn respond(&self, headers: &HeaderMap, media_type: &'static str, cache: &'static str) -> Response {
        let coding = self.choose(headers);
        let (body, name) = match coding {
            Coding::Brotli => (self.brotli.as_ref(), Some("br")),
            Coding::Gzip => (self.gzip.as_ref(), Some("gzip")),
            Coding::Identity => (None, None),
        };
        let tag = match name {
            Some(name) => format!("\"{}-{name}\"", self.tag),
            None => format!("\"{}\"", self.tag),
        };
        let is_known = headers.get_all(header::IF_NONE_MATCH).iter().any(|known| matches(known, &tag));
        let body = if is_known { Bytes::new() } else { body.unwrap_or(&self.plain).clone() };
        let mut response = Response::new(Body::from(body));
        let answer = response.headers_mut();
        answer.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        if let Ok(tag) = HeaderValue::try_from(tag) {
            answer.insert(header::ETAG, tag);
        }
        if is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        if let Some(name) = name {
            answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        response
    }

    /// The best of what is there and what is accepted; brotli before gzip where the client does not care.
    fn choose(&self, headers: &HeaderMap) -> Coding {
        let quality = |name| quality(headers, name);
        let offers = [
            (Coding::Brotli, self.brotli.is_some(), quality("br")),
            (Coding::Gzip, self.gzip.is_some(), quality("gzip")),
        ];
        let identity = 1;
        let mut best = (Coding::Identity, identity);
        for (coding, is_there, quality) in offers {
            if is_there && quality > best.1 {
                best = (coding, quality);
            }
        }
        best.0
    }
}

/// The quality, in thousandths, that `Accept-Encoding` gives to a coding (RFC 9110 §12.5.3); 0 where it is not taken.
fn quality(headers: &HeaderMap, name: &str) -> u16 {
    let mut any = 0;
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        for entry in value.to_str().unwrap_or_default().split(',') {
            let mut fields = entry.split(';').map(str::trim);
            let coding = fields.next().unwrap_or_default();
            let weight =
                fields.find_map(|field| field.strip_prefix("q=").or_else(|| field.strip_prefix("Q=")));
            let weight: f32 = weight.map_or(Some(1.0), |text| text.parse().ok()).unwrap_or(0.0);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
            let weight = (weight.clamp(0.0, 1.0) * 1000.0) as u16;
            if coding.eq_ignore_ascii_case(name) {
                return weight;
            }
            if coding == "*" {
                any = weight;
            }
        }
    }
    any
}

/// Whether an `If-None-Match` names this tag; weak and strong compare alike there (RFC 9110 §13.1.2).
fn matches(header: &HeaderValue, tag: &str) -> bool {
    let known = header.to_str().unwrap_or_default();
    known.split(',').map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

fn brotli(plain: &[u8]) -> Option<Bytes> {
    let params = brotli::enc::BrotliEncoderParams {
        quality: 11,
        size_hint: plain.len(),
        ..brotli::enc::BrotliEncoderParams::default()
    };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &plain[..], &mut packed, &params).ok()?;
    Some(packed.into())
}

fn gzip(plain: &[u8]) -> Option<Bytes> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).ok()?;
    Some(encoder.finish().ok()?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(accept: &str) -> HeaderMap {
        let value = HeaderValue::from_str(accept).unwrap();
        [(header::ACCEPT_ENCODING, value)].into_iter().collect()
    }

    #[test]
    fn client_gets_the_best_form_it_takes() {
        let encoded = Encoded::compressed(Bytes::from_static(b"candour, candour, candour"));
        for (accept, coding) in [
            ("gzip, deflate, br, zstd", Coding::Brotli),
            ("gzip", Coding::Gzip),
            ("br;q=0.5, gzip", Coding::Gzip),
            ("br;q=0, gzip;q=0", Coding::Identity),
            ("*", Coding::Brotli),
            ("br;q=0, *", Coding::Gzip),
            ("br;q=nonsense", Coding::Identity),
            ("", Coding::Identity),
            ("BR", Coding::Brotli),
        ] {
            assert_eq!(encoded.choose(&headers(accept)), coding, "{accept}");
        }
        assert_eq!(encoded.choose(&HeaderMap::new()), Coding::Identity);
    }

    #[test]
    fn known_tag_is_answered_without_a_body() {
        let encoded = Encoded::new(Bytes::from_static(b"x"), None, None);
        let first = encoded.respond(&HeaderMap::new(), "text/plain", "no-cache");
        let tag = first.headers()[header::ETAG].clone();
        for known in [tag.to_str().unwrap(), "*", &format!("\"other\", W/{}", tag.to_str().unwrap())] {
            let value = HeaderValue::from_str(known).unwrap();
            let asked = [(header::IF_NONE_MATCH, value)].into_iter().collect();
            assert_eq!(encoded.respond(&asked, "text/plain", "no-cache").status(), StatusCode::NOT_MODIFIED);
        }
    }
}
