//! JPEG: markers with their segments, and scans, up to EOI (ITU-T T.81 annex B).

use super::{PictureFault, Stripped, array, exif, split};

const SOI: [u8; 2] = [0xff, 0xd8];
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP2: u8 = 0xe2;
const APP14: u8 = 0xee;
const EXIF: &[u8] = b"Exif\0\0";
/// Each scan of a progressive picture is a walk over all its pixels, so their number is a bound on time. Encoders write
/// about ten.
const SCANS_MAX: usize = 50;

/// The picture of a JPEG: tables, frame and scans, the colour profile, and which side is up.
pub(super) fn strip(bytes: &[u8]) -> Result<Stripped, PictureFault> {
    let mut rest = bytes.strip_prefix(&SOI).ok_or(PictureFault::OtherType)?;
    let mut kept = Vec::with_capacity(bytes.len());
    kept.extend_from_slice(&SOI);
    let (mut size, mut scans, mut is_turned) = (None, 0, false);
    loop {
        let marker;
        (marker, rest) = next_marker(rest)?;
        match marker {
            EOI => {
                put_marker(&mut kept, EOI);
                let (width, height) = size.ok_or(PictureFault::Damaged)?;
                return Ok(Stripped { bytes: kept, width, height });
            }
            // Alone between segments these say nothing.
            0x00 | 0x01 | 0xd0..=0xd7 => continue,
            0xd8 => return Err(PictureFault::Damaged),
            _ => {}
        }
        let length = usize::from(u16::from_be_bytes(array(rest, 0)?));
        let (segment, after) = split(rest, length)?;
        rest = after;
        let content = segment.get(2..).ok_or(PictureFault::Damaged)?;
        match marker {
            // Frames; among their numbers are the Huffman tables, an extension and the arithmetic tables.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let (height, width) =
                    (u16::from_be_bytes(array(content, 1)?), u16::from_be_bytes(array(content, 3)?));
                if size.replace((u32::from(width), u32::from(height))).is_some() {
                    return Err(PictureFault::Damaged);
                }
                put(&mut kept, marker, content)?;
            }
            0xc4 | 0xcc | 0xdb..=0xdd => put(&mut kept, marker, content)?,
            SOS => {
                scans += 1;
                if scans > SCANS_MAX {
                    return Err(PictureFault::TooManyPixels);
                }
                put(&mut kept, marker, content)?;
                let scan;
                (scan, rest) = split(rest, scan_length(rest)?)?;
                kept.extend_from_slice(scan);
            }
            APP0 if content.starts_with(b"JFIF\0") => {
                // Version, density and its unit; then a thumbnail of no size.
                let head: [u8; 12] = array(content, 0)?;
                put(&mut kept, marker, &[&head[..], &[0, 0]].concat())?;
            }
            APP1 => {
                let number = content.strip_prefix(EXIF).and_then(exif::orientation).filter(|_| !is_turned);
                if let Some(number) = number {
                    is_turned = true;
                    put(&mut kept, marker, &[EXIF, &exif::only(number)].concat())?;
                }
            }
            APP2 if content.starts_with(b"ICC_PROFILE\0") => put(&mut kept, marker, content)?,
            // Says whether the colours are YCbCr, in twelve bytes.
            APP14 if content.starts_with(b"Adobe") => {
                let head: [u8; 12] = array(content, 0)?;
                put(&mut kept, marker, &head)?;
            }
            _ => {}
        }
    }
}

/// The next marker and what follows it. Whatever lies before it is nothing.
fn next_marker(bytes: &[u8]) -> Result<(u8, &[u8]), PictureFault> {
    let at = bytes.iter().position(|byte| *byte == 0xff).ok_or(PictureFault::Damaged)?;
    let after = &bytes[at..];
    let fill = after.iter().take_while(|byte| **byte == 0xff).count();
    let marker = after.get(fill).ok_or(PictureFault::Damaged)?;
    Ok((*marker, &after[fill + 1..]))
}

/// Bytes of entropy-coded data, with the restart markers in it, up to the next other marker.
fn scan_length(bytes: &[u8]) -> Result<usize, PictureFault> {
    let ends = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xd0..=0xd7 | 0xff);
    bytes.windows(2).position(ends).ok_or(PictureFault::Damaged)
}

fn put_marker(out: &mut Vec<u8>, marker: u8) {
    out.extend_from_slice(&[0xff, marker]);
}

fn put(out: &mut Vec<u8>, marker: u8, content: &[u8]) -> Result<(), PictureFault> {
    let length = u16::try_from(content.len() + 2).map_err(|_| PictureFault::Damaged)?;
    put_marker(out, marker);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(content);
    Ok(())
}
