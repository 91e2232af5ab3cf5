//! What comes out paints the same and says nothing else; what is none does no harm.

use std::io::Cursor;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, metadata::Orientation};
use proptest::{collection::vec, prelude::*, sample::Index};

use super::*;

const SECRET: &[u8] = b"N52.5163 E13.3777 <script>alert(1)</script>";
const FORMATS: [Format; 3] = [Format::Png, Format::Jpeg, Format::Webp];

fn named(format: Format) -> ImageFormat {
    match format {
        Format::Png => ImageFormat::Png,
        Format::Jpeg => ImageFormat::Jpeg,
        Format::Webp => ImageFormat::WebP,
    }
}

fn drawn(format: Format, width: u32, height: u32, seed: u8) -> Vec<u8> {
    let colour = |x: u32, y: u32| [x as u8 ^ seed, (y * 3) as u8, (x * y) as u8, (x + y) as u8 | 1];
    let picture = match format {
        Format::Jpeg => DynamicImage::ImageRgb8(image::RgbImage::from_fn(width, height, |x, y| {
            let [red, green, blue, _] = colour(x, y);
            image::Rgb([red, green, blue])
        })),
        _ => DynamicImage::ImageRgba8(image::RgbaImage::from_fn(width, height, |x, y| {
            image::Rgba(colour(x, y))
        })),
    };
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, named(format)).unwrap();
    bytes.into_inner()
}

fn pixels(format: Format, bytes: &[u8]) -> DynamicImage {
    ImageReader::with_format(Cursor::new(bytes), named(format)).decode().unwrap()
}

fn orientation(format: Format, bytes: &[u8]) -> Orientation {
    ImageReader::with_format(Cursor::new(bytes), named(format)).into_decoder().unwrap().orientation().unwrap()
}

/// An EXIF block that says which side is up, and much more.
fn talkative_exif(number: u8) -> Vec<u8> {
    // Big-endian, as cameras write it, with an entry before the one that matters.
    let mut tiff =
        b"MM\0*\0\0\0\x08\0\x02\x01\x0f\0\x02\0\0\0\x28\0\0\0\x40\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    tiff.extend_from_slice(&[number, 0, 0, 0, 0, 0, 0]);
    tiff.extend_from_slice(SECRET);
    tiff
}

fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let body = [&kind[..], content].concat();
    let checksum = crc32fast::hash(&body).to_be_bytes();
    [&(content.len() as u32).to_be_bytes()[..], &body, &checksum].concat()
}

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    [&[0xff, marker][..], &(content.len() as u16 + 2).to_be_bytes(), content].concat()
}

fn riff_chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let pad: &[u8] = if content.len() % 2 == 1 { &[0] } else { &[] };
    [&kind[..], &(content.len() as u32).to_le_bytes(), content, pad].concat()
}

fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = chunks.concat();
    [b"RIFF", &(body.len() as u32 + 4).to_le_bytes()[..], b"WEBP", &body].concat()
}

/// The picture with whatever cameras, editors and mischief put around it.
fn talkative(format: Format, picture: &[u8], turned: u8) -> Vec<u8> {
    let exif = talkative_exif(turned);
    let with_head = |head: &[u8]| [head, &exif].concat();
    let mut bytes = match format {
        Format::Png => {
            let (head, rest) = picture.split_at(33);
            let (body, end) = rest.split_at(rest.len() - 12);
            let animation = chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]);
            let text = |kind| chunk(kind, &[b"Comment\0", SECRET].concat());
            [
                head,
                &chunk(b"gAMA", &45_455_u32.to_be_bytes()),
                &text(b"tEXt"),
                &chunk(b"eXIf", &exif),
                &animation,
                body,
                &text(b"zzZz"),
                &chunk(b"tIME", SECRET.first_chunk::<7>().unwrap()),
                end,
            ]
            .concat()
        }
        Format::Jpeg => {
            let jfif = segment(0xe0, &[b"JFIF\0\x01\x02\0\0\x01\0\x01\x01\x01", &SECRET[..3]].concat());
            // The encoder begins with a JFIF segment of its own, of 18 bytes with its marker.
            [
                &picture[..2],
                &jfif,
                &segment(0xe1, &with_head(b"Exif\0\0")),
                &segment(0xe1, &[b"http://ns.adobe.com/xap/1.0/\0", SECRET].concat()),
                &segment(0xe2, &[b"ICC_PROFILE\0\x01\x01", &[7_u8; 40][..]].concat()),
                &segment(0xe2, &[b"MPF\0", SECRET].concat()),
                &segment(0xed, &[b"Photoshop 3.0\0", SECRET].concat()),
                &segment(0xef, SECRET),
                &segment(0xfe, SECRET),
                &picture[20..],
            ]
            .concat()
        }
        Format::Webp => {
            let (width, height) = (picture_side(picture, 0), picture_side(picture, 1));
            let side = |side: u32| (side - 1).to_le_bytes()[..3].to_vec();
            let head = [vec![0x3c, 0, 0, 0], side(width), side(height)].concat();
            riff(&[
                riff_chunk(b"VP8X", &head),
                riff_chunk(b"ICCP", &[7; 41]),
                riff_chunk(b"zzzz", SECRET),
                picture[12..].to_vec(),
                riff_chunk(b"EXIF", &exif),
                riff_chunk(b"XMP ", SECRET),
            ])
        }
    };
    bytes.extend_from_slice(b"<html>");
    bytes.extend_from_slice(SECRET);
    bytes
}

fn picture_side(webp: &[u8], which: usize) -> u32 {
    let picture = pixels(Format::Webp, webp);
    [picture.width(), picture.height()][which]
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn strip(format: Format, bytes: &[u8]) -> Result<Vec<u8>, PictureFault> {
    let stripped = format.strip(bytes)?;
    decode::decode(format, &stripped)?;
    Ok(stripped.bytes)
}

#[test]
fn what_is_said_beside_the_picture_stays_behind_and_no_pixel_does() {
    for format in FORMATS {
        let plain = drawn(format, 33, 21, 5);
        let before = talkative(format, &plain, 6);
        assert!(contains(&before, SECRET), "{format:?}");
        let after = strip(format, &before).unwrap();
        for part in [SECRET, b"<html", b"Comment", b"xap", b"MPF", b"Photoshop", b"zzzz", b"zzZz", b"tIME"] {
            assert!(!contains(&after, part), "{format:?} still holds {}", String::from_utf8_lossy(part));
        }
        assert_eq!(pixels(format, &after), pixels(format, &plain), "{format:?}");
        assert_eq!(orientation(format, &after), Orientation::Rotate90, "{format:?} lies as it lay");
    }
}

#[test]
fn colour_profile_and_gamma_stay() {
    let kept = |format| strip(format, &talkative(format, &drawn(format, 8, 8, 1), 1)).unwrap();
    assert!(contains(&kept(Format::Png), b"gAMA"));
    assert!(contains(&kept(Format::Jpeg), &[b"ICC_PROFILE\0\x01\x01", &[7_u8; 40][..]].concat()));
    assert!(contains(&kept(Format::Webp), &[7; 41]));
    assert!(!contains(&kept(Format::Jpeg), b"Exif"), "upright needs no saying");
}

#[test]
fn lossy_webp_is_a_picture() {
    let dot = STANDARD.decode("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA").unwrap();
    assert_eq!(strip(Format::Webp, &dot).map(|kept| kept.len()), Ok(dot.len()));
}

#[test]
fn what_browsers_make_and_our_own_encoder_does_not_is_a_picture_too() {
    let progressive = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWG\
        kJ6jq62rZ4C8ybqmx5moq6T/wgALCAAHAAkBAREA/8QAFQABAQAAAAAAAAAAAAAAAAAAAAP/2gAIAQEAAAABS//EABgQAAIDAAAAAAAAAAAAAAAA\
        AAACAxMi/9oACAEBAAEFAkwlkp//xAAXEAEAAwAAAAAAAAAAAAAAAAAAEjKh/9oACAEBAAY/ApLY/8QAGBABAAMBAAAAAAAAAAAAAAAAAQARQfD/\
        2gAIAQEAAT8hAyLrJ0E//9oACAEBAAAAEP8A/8QAGxABAAICAwAAAAAAAAAAAAAAAQBhESExsfD/2gAIAQEAAT8Qe6SaPKuDuUfNT//Z";
    let see_through = "UklGRnIAAABXRUJQVlA4WAoAAAAQAAAACAAABgAAQUxQSBwAAAANUAtJEnTpRMtwLgdz/gy/QURMgA1pP7wSWSgAVlA4IDAAAAAQ\
        AgCdASoJAAcAB0CWJbACdAEflAjlA1sAAP66aqn/aKkzHd31kAiEfntp3GgAAAA=";
    for (format, encoded) in [(Format::Jpeg, progressive), (Format::Webp, see_through)] {
        let picture = STANDARD.decode(encoded).unwrap();
        assert_eq!(strip(format, &picture), Ok(picture), "{format:?}");
    }
}

#[test]
fn moving_webp_is_refused_and_a_moving_png_is_its_still_picture() {
    let still = drawn(Format::Webp, 4, 4, 1);
    let frame = [&[0; 16][..], &still[12..]].concat();
    let head = riff_chunk(b"VP8X", &[2, 0, 0, 0, 3, 0, 0, 3, 0, 0]);
    let moving = riff(&[head, riff_chunk(b"ANIM", &[0; 6]), riff_chunk(b"ANMF", &frame)]);
    assert_eq!(strip(Format::Webp, &moving), Err(PictureFault::Moving));
    let png = drawn(Format::Png, 4, 4, 1);
    let (head, rest) = png.split_at(33);
    let control = chunk(b"fcTL", &[0; 26]);
    let moving = [head, &chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]), &control, rest].concat();
    assert_eq!(strip(Format::Png, &moving), Ok(png));
}

#[test]
fn one_type_is_not_taken_for_another() {
    for format in FORMATS {
        for other in FORMATS {
            let outcome = strip(format, &drawn(other, 4, 4, 1));
            assert_eq!(outcome.is_ok(), format == other, "{other:?} as {format:?}: {outcome:?}");
        }
        for bytes in [&b""[..], b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<!doctype html>", b"GIF89a"] {
            assert_eq!(strip(format, bytes), Err(PictureFault::OtherType));
        }
    }
    assert_eq!(Format::of("image/svg+xml"), None);
}

#[test]
fn truncated_pictures_are_damaged() {
    for format in FORMATS {
        let whole = drawn(format, 40, 30, 9);
        for length in (12..whole.len() - 1).step_by(7) {
            assert_eq!(strip(format, &whole[..length]), Err(PictureFault::Damaged), "{format:?} {length}");
        }
    }
}

/// A PNG that says it has this size and depth, and has next to nothing.
fn hollow_png(width: u32, height: u32, depth: u8, colour: u8) -> Vec<u8> {
    let head = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, colour, 0, 0, 0]].concat();
    let nothing = [0x78, 0x9c, 0x03, 0, 0, 0, 0, 1];
    [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &head), &chunk(b"IDAT", &nothing), &chunk(b"IEND", b"")]
        .concat()
}

#[test]
fn bombs_are_refused_by_what_they_say() {
    assert_eq!(strip(Format::Png, &hollow_png(50_000, 50_000, 8, 6)), Err(PictureFault::TooManyPixels));
    assert_eq!(strip(Format::Png, &hollow_png(u32::MAX, u32::MAX, 8, 6)), Err(PictureFault::TooManyPixels));
    assert_eq!(strip(Format::Png, &hollow_png(6000, 6000, 16, 6)), Err(PictureFault::TooManyPixels));
    assert_eq!(strip(Format::Png, &hollow_png(0, 9, 8, 6)), Err(PictureFault::Damaged));
    let jpeg = drawn(Format::Jpeg, 8, 8, 1);
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    let mut wide = jpeg.clone();
    wide[frame + 5..frame + 9].copy_from_slice(&[0xff; 4]);
    assert_eq!(strip(Format::Jpeg, &wide), Err(PictureFault::TooManyPixels));
    let scan = jpeg.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
    let (head, scan) = (&jpeg[..scan], &jpeg[scan..jpeg.len() - 2]);
    let endless = [head, &scan.repeat(1000), &[0xff, 0xd9]].concat();
    assert_eq!(strip(Format::Jpeg, &endless), Err(PictureFault::TooManyPixels), "every scan costs time");
    let webp = riff(&[riff_chunk(b"VP8L", &[0x2f, 0xff, 0xff, 0xff, 0x0f, 0])]);
    assert_eq!(strip(Format::Webp, &webp), Err(PictureFault::TooManyPixels));
}

#[test]
fn colour_profile_of_a_png_stays_if_it_is_one() {
    let png = drawn(Format::Png, 8, 8, 1);
    let with_profile = |profile: &[u8]| {
        let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut packer, profile).unwrap();
        let content = [b"p\0\0", &packer.finish().unwrap()[..]].concat();
        [&png[..33], &chunk(b"iCCP", &content), &png[33..]].concat()
    };
    let profile = |length: u32| {
        let mut profile = vec![0; length as usize];
        profile[..4].copy_from_slice(&length.to_be_bytes());
        profile[36..40].copy_from_slice(b"acsp");
        profile
    };
    let fine = with_profile(&profile(500));
    assert_eq!(strip(Format::Png, &fine), Ok(fine));
    let bomb = with_profile(&profile(64 * 1024 * 1024));
    assert!(bomb.len() < 100_000);
    for (name, bytes) in [("bomb", bomb), ("text", with_profile(SECRET)), ("nothing", with_profile(b""))] {
        assert_eq!(strip(Format::Png, &bytes).as_ref(), Ok(&png), "{name}");
    }
}

#[tokio::test]
async fn those_who_find_the_queue_full_are_told_to_come_back() {
    let pictures = Pictures::new(PICTURE_PIXELS_MAX);
    let picture = Bytes::from(drawn(Format::Png, 8, 8, 1));
    let all = pictures.places.try_acquire_many(PLACES as u32).unwrap();
    assert_eq!(pictures.clean(picture.clone(), "image/png").await, Err(NotCleaned::Busy));
    drop(all);
    assert_eq!(pictures.clean(picture.clone(), "image/png").await, Ok(picture));
}

#[tokio::test]
async fn small_machine_takes_a_png_of_any_size_and_of_the_others_what_fits() {
    let pictures = Pictures::new(2_000_000);
    let large = |format| Bytes::from(drawn(format, 1500, 1500, 1));
    assert!(pictures.clean(large(Format::Png), "image/png").await.is_ok());
    let refused = pictures.clean(large(Format::Jpeg), "image/jpeg").await;
    assert_eq!(refused, Err(NotCleaned::Unfit(PictureFault::TooManyPixels)));
    assert!(pictures.clean(drawn(Format::Jpeg, 1400, 1400, 1).into(), "image/jpeg").await.is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_picture_keeps_its_pixels(which in 0..3_usize, width in 1..40_u32, height in 1..40_u32, seed: u8, turned in 0..12_u8) {
        let format = FORMATS[which];
        let plain = drawn(format, width, height, seed);
        let after = strip(format, &talkative(format, &plain, turned)).unwrap();
        prop_assert!(!contains(&after, SECRET));
        prop_assert_eq!(pixels(format, &after), pixels(format, &plain));
        prop_assert_eq!(strip(format, &after), Ok(after.clone()), "there is nothing more to take away");
    }

    #[test]
    fn damaged_pictures_are_refused_or_whole_but_never_a_panic(
        which in 0..3_usize, spoilt in vec((any::<Index>(), any::<u8>()), 1..8), cut: Index,
    ) {
        let format = FORMATS[which];
        let mut bytes = talkative(format, &drawn(format, 16, 16, 3), 3);
        for (at, byte) in spoilt {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(kept) = strip(format, &bytes) {
            prop_assert_eq!(format.strip(&kept).map(|again| again.bytes), Ok(kept));
        }
        let _ = strip(format, &bytes[..cut.index(bytes.len())]);
    }

    #[test]
    fn arbitrary_bytes_are_no_panic(which in 0..3_usize, tail in vec(any::<u8>(), 0..300)) {
        let head: &[u8] = [&b"\x89PNG\r\n\x1a\n"[..], &[0xff, 0xd8], b"RIFF\x40\0\0\0WEBP"][which];
        let _ = FORMATS[which].strip(&[head, &tail].concat());
    }
}
