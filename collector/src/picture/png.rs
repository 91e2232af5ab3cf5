//! PNG: a signature and chunks, up to IEND (W3C PNG, third edition).

use std::io::Read as _;

use flate2::read::ZlibDecoder;

use super::{PictureFault, Stripped, array, exif, split};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Chunks without which the pixels are not there or look different.
const PAINTING: [&[u8; 4]; 12] = [
    b"PLTE", b"IDAT", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI",
    b"IEND",
];

/// Bytes of an unpacked colour profile; decoders ignore larger ones.
const PROFILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The still picture of a PNG. Frames of a moving one are not among the chunks that paint it.
pub(super) fn strip(bytes: &[u8]) -> Result<Stripped, PictureFault> {
    let mut rest = bytes.strip_prefix(SIGNATURE).ok_or(PictureFault::OtherType)?;
    let mut kept = Vec::with_capacity(bytes.len());
    kept.extend_from_slice(SIGNATURE);
    let mut size = None;
    let mut is_turned = false;
    loop {
        let length =
            usize::try_from(u32::from_be_bytes(array(rest, 0)?)).map_err(|_| PictureFault::Damaged)?;
        let kind: [u8; 4] = array(rest, 4)?;
        // Length, kind and checksum are four bytes each.
        let whole = length.checked_add(12).ok_or(PictureFault::Damaged)?;
        let (chunk, after) = split(rest, whole)?;
        rest = after;
        match (&kind, size) {
            (b"IHDR", None) => {
                size = Some((u32::from_be_bytes(array(chunk, 8)?), u32::from_be_bytes(array(chunk, 12)?)));
                kept.extend_from_slice(chunk);
            }
            (b"IHDR", Some(_)) | (_, None) => return Err(PictureFault::Damaged),
            (b"eXIf", Some(_)) => {
                if let Some(number) = exif::orientation(&chunk[8..8 + length]).filter(|_| !is_turned) {
                    is_turned = true;
                    put(&mut kept, *b"eXIf", &exif::only(number));
                }
            }
            (b"iCCP", Some(_)) if !is_profile(&chunk[8..8 + length]) => {}
            (kind, Some(_)) if PAINTING.contains(&kind) => kept.extend_from_slice(chunk),
            _ => {}
        }
        if let (b"IEND", Some((width, height))) = (&kind, size) {
            return Ok(Stripped { bytes: kept, width, height });
        }
    }
}

/// Whether this is a name and a packed colour profile (ICC.1 §7.2: a size, and `acsp` at its place). Decoders pass over
/// anything else, and so it paints nothing.
fn is_profile(content: &[u8]) -> bool {
    let Some(end) = content.iter().position(|byte| *byte == 0) else { return false };
    let Some((0, packed)) = content.get(end + 1..).and_then(|rest| rest.split_first().map(|(m, p)| (*m, p)))
    else {
        return false;
    };
    let mut profile = Vec::new();
    let unpacked = ZlibDecoder::new(packed).take(PROFILE_BYTES_MAX + 1).read_to_end(&mut profile);
    let said = profile.first_chunk().map(|size| u64::from(u32::from_be_bytes(*size)));
    unpacked.is_ok() && said == Some(profile.len() as u64) && profile.get(36..40) == Some(b"acsp")
}

fn put(out: &mut Vec<u8>, kind: [u8; 4], content: &[u8; 26]) {
    out.extend_from_slice(&26_u32.to_be_bytes());
    let begin = out.len();
    out.extend_from_slice(&kind);
    out.extend_from_slice(content);
    let checksum = crc32fast::hash(&out[begin..]);
    out.extend_from_slice(&checksum.to_be_bytes());
}
