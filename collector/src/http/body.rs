//! Reading a body that may be anything.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, header},
};
use candor_protocol::Code;
use candor_rules::Refusal;
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;

use super::Failure;

/// Bytes of an oversized body that are read and thrown away, so that its sender gets to read the answer instead of
/// a broken connection. Whoever sends more is cut off.
const DRAINED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The whole body, if it is JSON by its type, small enough and in time.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
    timeout: Duration,
) -> Result<Bytes, Failure> {
    if !is_json(headers) {
        return Err(
            Refusal { detail: Some("application/json"), ..Refusal::new(Code::UnsupportedMedia) }.into()
        );
    }
    read_raw(headers, body, bytes_max, timeout, |_| Ok(())).await
}

/// The whole body whatever it is, if it is small enough and in time. `room` is asked for each piece of it, and may say
/// that there is none.
pub(super) async fn read_raw(
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
    timeout: Duration,
    room: impl FnMut(usize) -> Result<(), Failure>,
) -> Result<Bytes, Failure> {
    // What is announced as more than would be read to its end is not begun.
    if length(headers).is_some_and(|length| length > DRAINED_BYTES_MAX) {
        return Err(too_large());
    }
    let announced = length(headers).filter(|length| *length <= bytes_max);
    match tokio::time::timeout(timeout, collect(body, announced, bytes_max, room)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Failure::new(Code::Timeout)),
    }
}

/// Reads a body and throws it away, so that its sender, who is still sending, gets to read the answer. One that waits
/// to be told to send (`Expect: 100-continue`) need not.
pub(super) async fn discard(headers: &HeaderMap, body: Body, timeout: Duration) {
    let is_sending = !headers.contains_key(header::EXPECT);
    if is_sending && length(headers).is_none_or(|length| length <= DRAINED_BYTES_MAX) {
        // Whether it ended well, was too much or took too long, the answer is already known.
        let _ = tokio::time::timeout(timeout, collect(body, None, 0, |_| Ok(()))).await;
    }
}

/// The value that the bytes say, or where they say something else. The answer never repeats any of them.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes).map_err(|error| Failure::malformed(&error))
}

impl Failure {
    fn malformed(error: &serde_json::Error) -> Self {
        use serde_json::error::Category;
        // serde's own messages quote what was sent, so only their first words are looked at.
        let text = error.to_string();
        let what = match error.classify() {
            Category::Syntax | Category::Io => "this is not JSON",
            Category::Eof => "the JSON ends too early",
            Category::Data if text.starts_with("unknown field") => {
                "there is a field that the contract does not know"
            }
            Category::Data if text.starts_with("missing field") => "a field is missing",
            Category::Data if text.starts_with("duplicate field") => "a field is there twice",
            Category::Data => "a value has another type or form than the contract says",
        };
        // The name of a field that is missing is ours, not the sender's.
        let missing = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        let detail = format!("{what} (line {}, column {})", error.line(), error.column());
        Self::with(Code::Invalid, detail, missing.map(str::to_owned))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

async fn collect(
    mut body: Body,
    announced: Option<usize>,
    bytes_max: usize,
    mut room: impl FnMut(usize) -> Result<(), Failure>,
) -> Result<Bytes, Failure> {
    // At its full length from the first: as it grows, it would be there twice.
    let mut gathered = Vec::with_capacity(announced.unwrap_or(0));
    let (mut seen, mut no_room) = (0, None);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal {
            detail: Some("the body ends too early"),
            ..Refusal::new(Code::Invalid)
        })?;
        let Ok(data) = frame.into_data() else { continue };
        seen += data.len();
        if seen <= bytes_max && no_room.is_none() {
            no_room = room(data.len()).err();
        }
        if seen <= bytes_max && no_room.is_none() {
            gathered.extend_from_slice(&data);
        } else {
            // The rest is read all the same, so that its sender gets to read why.
            gathered = Vec::new();
        }
        if seen > DRAINED_BYTES_MAX {
            break;
        }
    }
    if seen > bytes_max {
        return Err(too_large());
    }
    if let Some(failure) = no_room {
        return Err(failure);
    }
    Ok(gathered.into())
}

fn too_large() -> Failure {
    Refusal { detail: Some("a smaller body"), ..Refusal::new(Code::TooLarge) }.into()
}

/// How many bytes are announced.
pub(super) fn length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use candor_protocol::Submission;

    #[test]
    fn no_answer_repeats_what_was_sent() {
        let whole = include_str!("../../../crates/protocol/golden/v1/submission-minimal.json");
        let secret = "S3cr3t";
        let bad = [
            secret.to_owned(),
            format!("{{\"{secret}\": 1}}"),
            whole.replace("\"kind\"", &format!("\"{secret}\": 1, \"kind\"")),
            whole.replacen("\"bug\"", &format!("\"{secret}\""), 1),
            format!("\"{secret}"),
            format!("[\"{secret}\\ud800\"]"),
        ];
        for text in bad {
            let failure = parse::<Submission>(text.as_bytes()).unwrap_err();
            let told = serde_json::to_string(failure.problem()).unwrap();
            assert_eq!(failure.code(), Code::Invalid, "{text}");
            assert!(!told.contains(secret), "{told}");
        }
    }

    #[tokio::test]
    async fn body_for_which_there_is_no_room_is_refused_for_the_time_being() {
        let mut asked = 0;
        let room = |bytes| {
            asked += bytes;
            Err(Failure::busy())
        };
        let body = Body::from("12345");
        let read = read_raw(&HeaderMap::new(), body, 100, Duration::from_secs(9), room).await;
        assert_eq!((read.unwrap_err().code(), asked), (Code::Unavailable, 5));
    }

    #[test]
    fn missing_field_is_named() {
        let failure = parse::<Submission>(b"{}").unwrap_err();
        assert_eq!(failure.problem().field.as_deref(), Some("id"));
    }
}
