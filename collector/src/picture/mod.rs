//! Pictures that came from outside: proven to be pictures, and freed of all that is not picture.
//!
//! A picture is taken apart into the pieces of its format, and only those go on that paint: pixels, palette, colour
//! profile, and the one number that says which side is up. Places, times, devices, texts, thumbnails, what another
//! program left behind the end, and what nobody knows stay behind. What is left is decoded to its last pixel before
//! anybody keeps it.
//!
//! A moving PNG holds a still picture, which is kept alone; a moving WebP holds none and is refused.

mod decode;
mod exif;
mod jpeg;
mod png;
mod webp;

use std::sync::Arc;

use bytes::Bytes;
use candor_protocol::limits::PICTURE_PIXELS_MAX;
use tokio::sync::Semaphore;

/// Pictures that may wait for their turn; beyond it the sender is told to come back.
const PLACES: usize = 32;
/// Pixels of one unit of decoding.
const UNIT_PIXELS: u64 = 1_000_000;

/// Why something is not kept as a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureFault {
    /// Its first bytes are those of something else.
    #[error("the bytes are not of the type that they are said to be")]
    OtherType,
    /// It ends too early, or says what cannot be.
    #[error("the picture is damaged")]
    Damaged,
    /// It is a WebP that moves.
    #[error("a picture that does not move")]
    Moving,
    /// It has more pixels than may be decoded.
    #[error("fewer pixels")]
    TooManyPixels,
}

/// Why a picture was not cleaned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotCleaned {
    /// Too many are waiting.
    Busy,
    /// It is not one that may be kept.
    Unfit(PictureFault),
}

/// The workers that look at pictures, away from the threads that answer requests and with a bound on their memory.
#[derive(Debug)]
pub struct Pictures {
    places: Semaphore,
    /// Units that are decoded at the same time: one picture of the largest size, or two of half of it and less. This
    /// bounds the memory that pictures take, to about ten bytes a pixel (a PNG takes a few rows alone), and leaves the
    /// other cores to those who send words.
    units: Arc<Semaphore>,
    pixels_max: u64,
}

impl Pictures {
    /// Workers that decode so many pixels at the same time.
    #[must_use]
    pub fn new(pixels_max: u64) -> Self {
        let units = Arc::new(Semaphore::new(units(pixels_max) as usize));
        Self { places: Semaphore::new(PLACES), units, pixels_max }
    }

    /// The picture without anything but the picture, proven to decode.
    ///
    /// # Errors
    /// It is none, or has too much in it; or too many others are waiting.
    pub async fn clean(&self, bytes: Bytes, media_type: &str) -> Result<Bytes, NotCleaned> {
        let unfit = NotCleaned::Unfit;
        let format = Format::of(media_type).ok_or(unfit(PictureFault::OtherType))?;
        let _place = self.places.try_acquire().map_err(|_| NotCleaned::Busy)?;
        let stripped = off_the_path(move || format.strip(&bytes)).await.map_err(unfit)?;
        let pixels = if format == Format::Png { 0 } else { stripped.pixels() };
        if pixels > self.pixels_max {
            return Err(unfit(PictureFault::TooManyPixels));
        }
        let most = units(self.pixels_max);
        let turn = units(pixels).clamp(most.div_ceil(2), most);
        let turn = Arc::clone(&self.units).acquire_many_owned(turn).await;
        let turn = turn.map_err(|_| NotCleaned::Busy)?;
        let cleaned = off_the_path(move || {
            let decoded = decode::decode(format, &stripped);
            drop(turn);
            decoded.map(|()| stripped.bytes.into())
        });
        cleaned.await.map_err(unfit)
    }
}

fn units(pixels: u64) -> u32 {
    u32::try_from(pixels.div_ceil(UNIT_PIXELS)).unwrap_or(u32::MAX)
}

/// Runs `work` on a thread of its own. A decoder that panics has met a picture that is damaged.
async fn off_the_path<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PictureFault> + Send + 'static,
) -> Result<T, PictureFault> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(PictureFault::Damaged))
}

/// The formats of [`candor_protocol::PICTURE_TYPES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Png,
    Jpeg,
    Webp,
}

impl Format {
    fn of(media_type: &str) -> Option<Self> {
        match media_type {
            "image/png" => Some(Self::Png),
            "image/jpeg" => Some(Self::Jpeg),
            "image/webp" => Some(Self::Webp),
            _ => None,
        }
    }

    /// What paints, and nothing else.
    fn strip(self, bytes: &[u8]) -> Result<Stripped, PictureFault> {
        let stripped = match self {
            Self::Png => png::strip(bytes),
            Self::Jpeg => jpeg::strip(bytes),
            Self::Webp => webp::strip(bytes),
        }?;
        match stripped.pixels() {
            0 => Err(PictureFault::Damaged),
            1..=PICTURE_PIXELS_MAX => Ok(stripped),
            _ => Err(PictureFault::TooManyPixels),
        }
    }
}

/// A picture without the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stripped {
    bytes: Vec<u8>,
    width: u32,
    height: u32,
}

impl Stripped {
    fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// `at..at + N` of the bytes.
fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], PictureFault> {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk());
    found.copied().ok_or(PictureFault::Damaged)
}

/// The first `count` bytes, and the others.
fn split(bytes: &[u8], count: usize) -> Result<(&[u8], &[u8]), PictureFault> {
    bytes.split_at_checked(count).ok_or(PictureFault::Damaged)
}

#[cfg(test)]
mod tests;
