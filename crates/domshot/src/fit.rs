//! Sizes that a canvas can hold, and encodings that fit under a ceiling.

use crate::options::{Encoding, Format};

/// The longest side, in device pixels, that all engines paint.
const MAX_SIDE: f64 = 16_384.0;

/// Device pixels per CSS pixel, at most `dpr`, so that `width` × `height` CSS pixels stay within `max_pixels` and
/// within what a canvas can hold.
pub(crate) fn scale(width: f64, height: f64, dpr: f64, max_pixels: f64) -> f64 {
    let dpr = if dpr.is_finite() && dpr > 0.0 { dpr } else { 1.0 };
    let by_area = (max_pixels.max(1.0) / (width * height)).sqrt();
    let by_side = MAX_SIDE / width.max(height);
    dpr.min(by_area).min(by_side)
}

/// One way to write the picture: format, quality, and factor on both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Attempt {
    pub(crate) format: Format,
    pub(crate) quality: f64,
    pub(crate) shrink: f64,
}

/// What is tried in turn until the file fits: as asked, then lossy, then coarser, then smaller.
pub(crate) fn attempts(wanted: &Encoding) -> impl Iterator<Item = Attempt> {
    let first = Attempt { format: wanted.format, quality: wanted.quality.clamp(0.0, 1.0), shrink: 1.0 };
    let lossy = if wanted.format == Format::Png { Format::WebP } else { wanted.format };
    let qualities =
        [0.85, 0.7, 0.5].into_iter().filter(move |q| wanted.format == Format::Png || *q < first.quality);
    let coarser = qualities.map(move |quality| Attempt { format: lossy, quality, shrink: 1.0 });
    let smaller = (1..=8).map(move |n| Attempt { format: lossy, quality: 0.5, shrink: 0.7_f64.powi(n) });
    std::iter::once(first).chain(coarser).chain(smaller)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_pictures_keep_their_ratio() {
        assert_eq!(scale(1280.0, 800.0, 2.0, 40e6), 2.0);
        assert_eq!(scale(1280.0, 800.0, f64::NAN, 40e6), 1.0);
    }

    #[test]
    fn attempts_only_get_smaller() {
        let wanted = Encoding { format: Format::Jpeg, quality: 0.6, max_bytes: 1.0 };
        let all: Vec<_> = attempts(&wanted).collect();
        assert!(all.iter().all(|a| a.format == Format::Jpeg));
        assert!(all.windows(2).all(|w| w[1].quality <= w[0].quality && w[1].shrink <= w[0].shrink));
    }

    proptest! {
        #[test]
        fn scaled_pictures_stay_within_both_limits(w in 1.0_f64..1e6, h in 1.0_f64..1e6, dpr in 0.1_f64..8.0) {
            let s = scale(w, h, dpr, 40e6);
            prop_assert!(s > 0.0 && w * s <= MAX_SIDE * 1.0001 && h * s <= MAX_SIDE * 1.0001);
            prop_assert!(w * h * s * s <= 40e6 * 1.0001);
        }
    }
}
