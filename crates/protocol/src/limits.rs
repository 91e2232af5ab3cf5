//! Sizes beyond which the collector refuses and the panel does not let a visitor go.
//!
//! Lengths in characters are Unicode scalar values. The sum of all that one submission may hold fits in
//! [`BODY_BYTES_MAX`], so a visitor who keeps to the panel's limits is never refused for size.

/// Bytes of one `POST /v1/submissions` body.
pub const BODY_BYTES_MAX: usize = 128 * 1024;
/// Characters of a message.
pub const MESSAGE_CHARS_MAX: usize = 10_000;
/// Characters of a name.
pub const NAME_CHARS_MAX: usize = 120;
/// Characters of an e-mail address (RFC 5321 §4.5.3.1.3 less the angle brackets).
pub const EMAIL_CHARS_MAX: usize = 254;
/// Characters of an identity the page hands over (its own id, an avatar's URL).
pub const IDENTITY_CHARS_MAX: usize = 512;
/// Custom fields of one submission.
pub const CUSTOM_FIELDS_MAX: usize = 32;
/// Characters of a custom field's key.
pub const CUSTOM_KEY_CHARS_MAX: usize = 64;
/// Characters of a custom field's value.
pub const CUSTOM_VALUE_CHARS_MAX: usize = 500;
/// Characters of a page's URL; the widget cuts, the collector refuses.
pub const URL_CHARS_MAX: usize = 2_048;
/// Characters of any other browser fact.
pub const FACT_CHARS_MAX: usize = 512;
/// Entries of a browser fact that is a list (languages, brands).
pub const FACT_ENTRIES_MAX: usize = 16;
/// Characters of a language tag (RFC 5646 §4.4.1 recommends room for 35).
pub const LOCALE_CHARS_MAX: usize = 35;
/// Seconds within which a request's body must have arrived.
pub const BODY_SECONDS_MAX: u64 = 10;
/// Bytes of one picture, as it travels. The widget re-encodes until a picture fits.
pub const PICTURE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Pixels of one picture, width times height: what may be decoded to check it (160 MB of RGBA).
pub const PICTURE_PIXELS_MAX: u64 = 40_000_000;
/// Bytes of one attachment, whatever the owner allows.
pub const ATTACHMENT_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Files of one submission, pictures and attachments together.
pub const FILES_MAX: usize = 6;
/// Characters of a file's name.
pub const FILE_NAME_CHARS_MAX: usize = 120;
/// Bytes a second at which a file has to arrive at the least: a phone on a poor 3G link sends faster. A file may take
/// [`BODY_SECONDS_MAX`] and one second for each so many announced bytes.
pub const FILE_BYTES_PER_SECOND_MIN: u64 = 40_000;
/// Seconds within which the largest file must have arrived.
pub const FILE_SECONDS_MAX: u64 = BODY_SECONDS_MAX + ATTACHMENT_BYTES_MAX as u64 / FILE_BYTES_PER_SECOND_MIN;
