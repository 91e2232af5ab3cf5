//! Whether a file may follow a report that is already stored.

use alloc::{string::String, vec};
use core::fmt;

use candor_protocol::{
    Attachments, Code, Form, Kept, PICTURE_TYPES, Purpose, Timestamp,
    limits::{ATTACHMENT_BYTES_MAX, FILE_NAME_CHARS_MAX, FILES_MAX, PICTURE_BYTES_MAX},
};

use crate::{Refusal, retention};

/// A file that somebody wants to add.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// The name it would be kept under.
    pub name: &'a str,
    /// What it would be held for.
    pub purpose: Purpose,
    /// Its media type, lower case, without parameters.
    pub media_type: &'a str,
    /// Its size; where it is not known yet, what has arrived.
    pub bytes: u64,
}

/// What is known of the report that it would follow.
#[derive(Clone, Copy, Debug)]
pub struct Present<'a> {
    /// What was granted, each with its end.
    pub granted: &'a [Kept],
    /// What the site's form takes.
    pub form: &'a Form,
    /// How many files with another name are there.
    pub files: usize,
    /// Of these, attachments.
    pub attachments: usize,
}

/// A file that may be stored. Only [`admit_file`] makes one, and the store takes nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmittedFile {
    name: String,
    kept: Kept,
    media_type: String,
    beside: usize,
}

impl AdmittedFile {
    /// The name to keep it under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is held for, and until when.
    #[must_use]
    pub const fn kept(&self) -> Kept {
        self.kept
    }

    /// Its media type as it was declared.
    #[must_use]
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// Beside how many other files it was admitted. With another number there, it has to be judged again.
    #[must_use]
    pub const fn beside(&self) -> usize {
        self.beside
    }
}

/// The most bytes that a file for `purpose` may have on a site with this form; `None` where it takes none.
#[must_use]
pub fn file_bytes_max(purpose: Purpose, form: &Form) -> Option<u64> {
    match purpose {
        Purpose::Picture => Some(PICTURE_BYTES_MAX as u64),
        Purpose::Attachment => {
            form.attachments.as_ref().map(|allowed| u64::from(allowed.bytes).min(ATTACHMENT_BYTES_MAX as u64))
        }
        _ => None,
    }
}

/// What is wrong with what an owner says of attachments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachmentsFault {
    /// An entry is neither a media type nor a family of them; or there is none.
    Types,
    /// No file, or more than a submission may have.
    Count,
    /// No byte, or more than any file may have.
    Bytes,
}

impl fmt::Display for AttachmentsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Types => f.write_str("attachments need media types such as application/pdf or image/*"),
            Self::Count => write!(f, "a submission may have 1 to {FILES_MAX} attachments"),
            Self::Bytes => write!(f, "an attachment may have 1 to {ATTACHMENT_BYTES_MAX} bytes"),
        }
    }
}

impl core::error::Error for AttachmentsFault {}

/// Whether an owner may allow these attachments.
///
/// # Errors
/// The first fault found.
pub fn check_attachments(allowed: &Attachments) -> Result<(), AttachmentsFault> {
    let is_token = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$&^_.+-".contains(&byte)
            })
    };
    let is_type = |text: &String| {
        let Some((family, member)) = text.split_once('/') else { return false };
        is_token(family) && (member == "*" || is_token(member))
    };
    if allowed.types.is_empty() || !allowed.types.iter().all(is_type) {
        return Err(AttachmentsFault::Types);
    }
    if !(1..=FILES_MAX).contains(&usize::from(allowed.count)) {
        return Err(AttachmentsFault::Count);
    }
    if !(1..=ATTACHMENT_BYTES_MAX as u64).contains(&u64::from(allowed.bytes)) {
        return Err(AttachmentsFault::Bytes);
    }
    Ok(())
}

/// Decides whether a file may be stored, and until when.
///
/// # Errors
/// `invalid` for a name that is no file name or a purpose that holds no files, `purpose-off` where the site takes no
/// such files, `consent-missing` where the visitor did not grant the purpose, `not-found` where what was granted has
/// expired, `too-large` for size and count, `unsupported-media` for a type that is not on the list.
pub fn admit_file(offer: Offer<'_>, present: Present<'_>, now: Timestamp) -> Result<AdmittedFile, Refusal> {
    if !is_file_name(offer.name) {
        return Err(Refusal::field(
            Code::Invalid,
            "name",
            "a file name without slashes or control characters",
        ));
    }
    if !matches!(offer.purpose, Purpose::Picture | Purpose::Attachment) {
        return Err(Refusal::field(Code::Invalid, "purpose", "picture or attachment"));
    }
    let Some(bytes_max) = file_bytes_max(offer.purpose, present.form) else {
        return Err(Refusal::purposes(Code::PurposeOff, vec![offer.purpose]));
    };
    let Some(kept) = present.granted.iter().find(|kept| kept.purpose == offer.purpose) else {
        return Err(Refusal::purposes(Code::ConsentMissing, vec![offer.purpose]));
    };
    if retention::has_expired(kept.until, now) {
        return Err(Refusal::new(Code::NotFound));
    }
    if offer.bytes > bytes_max {
        return Err(Refusal::field(Code::TooLarge, "body", "fewer bytes"));
    }
    let attachments_max = present.form.attachments.as_ref().map_or(0, |allowed| usize::from(allowed.count));
    let is_attachment = offer.purpose == Purpose::Attachment;
    if present.files >= FILES_MAX || (is_attachment && present.attachments >= attachments_max) {
        return Err(Refusal::field(Code::TooLarge, "files", "fewer files"));
    }
    let is_allowed = match (&present.form.attachments, is_attachment) {
        (Some(Attachments { types, .. }), true) => {
            types.iter().any(|allowed| covers(allowed, offer.media_type))
        }
        _ => PICTURE_TYPES.contains(&offer.media_type),
    };
    if !is_allowed {
        return Err(Refusal::field(Code::UnsupportedMedia, "content-type", "a type that the site takes"));
    }
    Ok(AdmittedFile {
        name: offer.name.into(),
        kept: *kept,
        media_type: offer.media_type.into(),
        beside: present.files,
    })
}

/// Whether an entry of the owner's list covers a media type.
fn covers(allowed: &str, media_type: &str) -> bool {
    match allowed.strip_suffix('*') {
        Some(family) => family.ends_with('/') && media_type.starts_with(family),
        None => allowed == media_type,
    }
}

/// A name that is no path, hides nothing and prints.
fn is_file_name(name: &str) -> bool {
    let is_bad = |letter: char| {
        letter.is_control()
            || matches!(letter, '/' | '\\')
            // Bidirectional controls make `gpj.exe` read as `exe.jpg`.
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    !name.is_empty()
        && name.chars().count() <= FILE_NAME_CHARS_MAX
        && !name.starts_with('.')
        && name.trim() == name
        && !name.contains(is_bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_ms(1_795_000_000_000);

    fn form() -> Form {
        let allowed =
            Attachments { types: vec!["application/pdf".into(), "text/*".into()], count: 2, bytes: 1000 };
        Form { attachments: Some(allowed), ..Form::default() }
    }

    fn judge(offer: Offer<'_>, change: impl FnOnce(&mut Present<'_>)) -> Result<AdmittedFile, Code> {
        let until = |purpose| Kept { purpose, until: NOW.plus_days(1) };
        let granted = [until(Purpose::Picture), until(Purpose::Attachment)];
        let form = form();
        let mut present = Present { granted: &granted, form: &form, files: 0, attachments: 0 };
        change(&mut present);
        admit_file(offer, present, NOW).map_err(|refusal| refusal.code)
    }

    const PICTURE: Offer<'_> =
        Offer { name: "page.png", purpose: Purpose::Picture, media_type: "image/png", bytes: 1000 };
    const TEXT: Offer<'_> =
        Offer { name: "log.txt", purpose: Purpose::Attachment, media_type: "text/plain", bytes: 1000 };

    #[test]
    fn granted_files_are_admitted_and_dated() {
        for offer in [PICTURE, TEXT] {
            let admitted = judge(offer, |_| {}).expect("admitted");
            assert_eq!(admitted.kept(), Kept { purpose: offer.purpose, until: NOW.plus_days(1) });
        }
    }

    #[test]
    fn each_fault_has_its_code() {
        let code = |offer, change: fn(&mut Present<'_>)| judge(offer, change).expect_err("refused");
        assert_eq!(code(PICTURE, |p| p.granted = &[]), Code::ConsentMissing);
        assert_eq!(code(Offer { purpose: Purpose::Message, ..PICTURE }, |_| {}), Code::Invalid);
        assert_eq!(code(Offer { bytes: 1001, ..TEXT }, |_| {}), Code::TooLarge);
        assert_eq!(code(Offer { bytes: PICTURE_BYTES_MAX as u64 + 1, ..PICTURE }, |_| {}), Code::TooLarge);
        assert_eq!(code(TEXT, |p| p.attachments = 2), Code::TooLarge);
        assert_eq!(code(PICTURE, |p| p.files = FILES_MAX), Code::TooLarge);
        assert_eq!(code(Offer { media_type: "image/svg+xml", ..PICTURE }, |_| {}), Code::UnsupportedMedia);
        assert_eq!(code(Offer { media_type: "text/html", ..PICTURE }, |_| {}), Code::UnsupportedMedia);
        assert_eq!(code(Offer { media_type: "application/zip", ..TEXT }, |_| {}), Code::UnsupportedMedia);
        for name in ["", ".htaccess", "a/b", "a\\b", "a\0", "a\n", " a", "\u{202e}gpj.exe"] {
            assert_eq!(code(Offer { name, ..PICTURE }, |_| {}), Code::Invalid, "{name:?}");
        }
    }

    #[test]
    fn site_without_attachments_takes_none() {
        let bare = Form::default();
        let granted = [Kept { purpose: Purpose::Attachment, until: NOW.plus_days(1) }];
        let present = Present { granted: &granted, form: &bare, files: 0, attachments: 0 };
        assert_eq!(admit_file(TEXT, present, NOW).expect_err("refused").code, Code::PurposeOff);
    }

    #[test]
    fn expired_grant_admits_nothing() {
        let granted = [Kept { purpose: Purpose::Picture, until: NOW }];
        let present = Present { granted: &granted, form: &form(), files: 0, attachments: 0 };
        assert_eq!(admit_file(PICTURE, present, NOW).expect_err("refused").code, Code::NotFound);
    }

    #[test]
    fn attachments_that_no_file_could_meet_are_faults() {
        let check = |types: &[&str], count, bytes| {
            check_attachments(&Attachments {
                types: types.iter().map(|one| String::from(*one)).collect(),
                count,
                bytes,
            })
        };
        assert_eq!(check(&["image/*", "application/vnd.ms-excel"], 6, 10 * 1024 * 1024), Ok(()));
        for types in [&[][..], &["*"], &["*/*"], &["pdf"], &["image/"], &["Image/PNG"], &["a/b;c=d"]] {
            assert_eq!(check(types, 1, 1), Err(AttachmentsFault::Types), "{types:?}");
        }
        assert_eq!(check(&["a/b"], 0, 1), Err(AttachmentsFault::Count));
        assert_eq!(check(&["a/b"], 7, 1), Err(AttachmentsFault::Count));
        assert_eq!(check(&["a/b"], 1, 0), Err(AttachmentsFault::Bytes));
        assert_eq!(check(&["a/b"], 1, 10 * 1024 * 1024 + 1), Err(AttachmentsFault::Bytes));
    }

    #[test]
    fn family_covers_its_members_and_a_star_alone_nothing() {
        assert!(covers("text/*", "text/plain"));
        assert!(!covers("text/*", "textual/plain"));
        assert!(!covers("*", "text/plain"));
    }
}
