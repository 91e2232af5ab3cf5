//! WebP: chunks in a RIFF (RFC 9649).

use super::{PictureFault, Stripped, array, exif, split};

const HAS_PROFILE: u8 = 0x20;
const HAS_ALPHA: u8 = 0x10;
const HAS_EXIF: u8 = 0x08;
const MOVES: u8 = 0x02;

const LOSSY: [u8; 4] = *b"VP8 ";
const LOSSLESS: [u8; 4] = *b"VP8L";
const EXTENDED: [u8; 4] = *b"VP8X";

type Chunk<'a> = ([u8; 4], &'a [u8]);

/// The picture of a WebP that does not move.
pub(super) fn strip(bytes: &[u8]) -> Result<Stripped, PictureFault> {
    if !(bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP")) {
        return Err(PictureFault::OtherType);
    }
    let length = usize::try_from(u32::from_le_bytes(array(bytes, 4)?)).map_err(|_| PictureFault::Damaged)?;
    let (riff, _) = split(bytes, length.checked_add(8).ok_or(PictureFault::Damaged)?)?;
    let chunks = chunks(riff.get(12..).ok_or(PictureFault::Damaged)?)?;
    match *chunks.first().ok_or(PictureFault::Damaged)? {
        simple @ (kind @ (LOSSY | LOSSLESS), content) => write(size(kind, content)?, &[simple]),
        (EXTENDED, head) => extended(array(head, 0)?, &chunks[1..]),
        _ => Err(PictureFault::Damaged),
    }
}

fn extended(mut head: [u8; 10], chunks: &[Chunk<'_>]) -> Result<Stripped, PictureFault> {
    let find = |kind: &[u8; 4]| chunks.iter().copied().find(|(known, _)| known == kind);
    if head[0] & MOVES != 0 || find(b"ANIM").is_some() || find(b"ANMF").is_some() {
        return Err(PictureFault::Moving);
    }
    let image = find(&LOSSY).or(find(&LOSSLESS)).ok_or(PictureFault::Damaged)?;
    let side = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], 0]) + 1;
    let canvas = (side(4), side(7));
    // A still picture fills its canvas.
    if size(image.0, image.1)? != canvas {
        return Err(PictureFault::Damaged);
    }
    let profile = find(b"ICCP").filter(|_| head[0] & HAS_PROFILE != 0);
    // Lossless pictures carry their own.
    let alpha = find(b"ALPH").filter(|_| image.0 == LOSSY);
    let turned =
        find(b"EXIF").and_then(|(_, tiff)| exif::orientation(tiff.strip_prefix(b"Exif\0\0").unwrap_or(tiff)));
    let turned = turned.map(exif::only);
    let set = |bit: u8, is_set: bool| if is_set { bit } else { 0 };
    head = [
        (head[0] & HAS_ALPHA) | set(HAS_PROFILE, profile.is_some()) | set(HAS_EXIF, turned.is_some()),
        0,
        0,
        0,
        head[4],
        head[5],
        head[6],
        head[7],
        head[8],
        head[9],
    ];
    let turned = turned.as_ref().map(|tiff| (*b"EXIF", &tiff[..]));
    let kept: Vec<Chunk<'_>> =
        [Some((EXTENDED, &head[..])), profile, alpha, Some(image), turned].into_iter().flatten().collect();
    write(canvas, &kept)
}

fn chunks(mut rest: &[u8]) -> Result<Vec<Chunk<'_>>, PictureFault> {
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let kind = array(rest, 0)?;
        let length =
            usize::try_from(u32::from_le_bytes(array(rest, 4)?)).map_err(|_| PictureFault::Damaged)?;
        let (content, after) = split(&rest[8..], length)?;
        chunks.push((kind, content));
        // A chunk of odd length is followed by a byte that says nothing; the last one's may be missing.
        rest = after.get(length % 2..).unwrap_or_default();
    }
    Ok(chunks)
}

/// Width and height of the coded picture.
fn size(kind: [u8; 4], content: &[u8]) -> Result<(u32, u32), PictureFault> {
    if kind == LOSSLESS {
        let [mark, a, b, c, d]: [u8; 5] = array(content, 0)?;
        let bits = u32::from_le_bytes([a, b, c, d]);
        let size = ((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1);
        return if mark == 0x2f { Ok(size) } else { Err(PictureFault::Damaged) };
    }
    let [_, _, _, 0x9d, 0x01, 0x2a, a, b, c, d] = array::<10>(content, 0)? else {
        return Err(PictureFault::Damaged);
    };
    let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
    Ok((side(a, b), side(c, d)))
}

fn write((width, height): (u32, u32), chunks: &[Chunk<'_>]) -> Result<Stripped, PictureFault> {
    let mut bytes = b"RIFF\0\0\0\0WEBP".to_vec();
    for (kind, content) in chunks {
        let length = u32::try_from(content.len()).map_err(|_| PictureFault::Damaged)?;
        bytes.extend_from_slice(kind);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(2), 0);
    }
    let length = u32::try_from(bytes.len() - 8).map_err(|_| PictureFault::Damaged)?;
    bytes[4..8].copy_from_slice(&length.to_le_bytes());
    Ok(Stripped { bytes, width, height })
}
