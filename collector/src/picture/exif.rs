//! The one fact of a picture's EXIF block that changes how it looks: which side is up.

use image::metadata::Orientation;

/// What is to be done before the picture is shown, as EXIF numbers it: 2 to 8. `None` where it is to be shown as it lies.
pub(super) fn orientation(tiff: &[u8]) -> Option<u8> {
    Orientation::from_exif_chunk(tiff).map(Orientation::to_exif).filter(|number| (2..=8).contains(number))
}

/// An EXIF block that says this and nothing else: a TIFF head, one directory with one entry, no next directory.
pub(super) fn only(orientation: u8) -> [u8; 26] {
    let mut tiff = *b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\0\0\0\0\0\0\0\0";
    tiff[18] = orientation;
    tiff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for number in 2..=8 {
            assert_eq!(orientation(&only(number)), Some(number));
        }
        assert_eq!((orientation(&only(1)), orientation(&only(9)), orientation(b"")), (None, None, None));
    }
}
