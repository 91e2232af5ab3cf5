//! The proof that a picture is one: every pixel of it, decoded within bounds and thrown away.

use std::io::Cursor;

use candor_protocol::limits::PICTURE_PIXELS_MAX;
use image::{
    ImageDecoder, Limits,
    codecs::{jpeg::JpegDecoder, webp::WebPDecoder},
};
use png::{Decoder, Transformations};

use super::{Format, PictureFault, Stripped};

/// Bytes of decoded pixels, four for each.
const BYTES_MAX: u64 = PICTURE_PIXELS_MAX * 4;
/// Bytes that a PNG's decoder may take, which reads one row after the other: for a few rows, and for a colour profile.
const PNG_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Decodes the picture; the size it says has been checked before.
pub(super) fn decode(format: Format, picture: &Stripped) -> Result<(), PictureFault> {
    let bytes = Cursor::new(picture.bytes.as_slice());
    let mut limits = Limits::default();
    limits.max_image_width = Some(picture.width);
    limits.max_image_height = Some(picture.height);
    limits.max_alloc = Some(BYTES_MAX);
    let damaged = |_| PictureFault::Damaged;
    match format {
        Format::Png => read_rows(bytes, picture),
        Format::Jpeg => {
            let mut decoder = JpegDecoder::new(bytes).map_err(damaged)?;
            decoder.set_limits(limits).map_err(damaged)?;
            read(decoder, picture)
        }
        Format::Webp => {
            let mut decoder = WebPDecoder::new(bytes).map_err(damaged)?;
            decoder.set_limits(limits).map_err(damaged)?;
            read(decoder, picture)
        }
    }
}

fn read(decoder: impl ImageDecoder, picture: &Stripped) -> Result<(), PictureFault> {
    if decoder.dimensions() != (picture.width, picture.height) {
        return Err(PictureFault::Damaged);
    }
    if decoder.total_bytes() > BYTES_MAX {
        return Err(PictureFault::TooManyPixels);
    }
    let bytes = usize::try_from(decoder.total_bytes()).map_err(|_| PictureFault::TooManyPixels)?;
    decoder.read_image(&mut vec![0; bytes]).map_err(|_| PictureFault::Damaged)
}

/// Reads a PNG without having more of it at once than two of its rows.
fn read_rows(bytes: Cursor<&[u8]>, picture: &Stripped) -> Result<(), PictureFault> {
    let damaged = |_| PictureFault::Damaged;
    let mut decoder = Decoder::new_with_limits(bytes, png::Limits { bytes: PNG_BYTES_MAX });
    // Looks at each index into a palette, too.
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(damaged)?;
    if (reader.info().width, reader.info().height) != (picture.width, picture.height) {
        return Err(PictureFault::Damaged);
    }
    // Whoever looks at it has all of it at once.
    if reader.output_buffer_size().is_none_or(|bytes| bytes as u64 > BYTES_MAX) {
        return Err(PictureFault::TooManyPixels);
    }
    while reader.next_row().map_err(damaged)?.is_some() {}
    Ok(())
}
