//! How far a picture is from what the browser itself shows.

use crate::pixels::Pixels;

/// Colours nearer than this share of the largest distance look the same.
const THRESHOLD: f64 = 0.1;
/// The largest squared distance of two colours in the space below.
const FARTHEST: f64 = 35_215.0;
/// Side of a window of the similarity index, and how far apart windows are.
const WINDOW: usize = 8;
const STRIDE: usize = 4;

/// How two pictures differ.
#[derive(Debug, Clone, Copy)]
pub struct Difference {
    /// Share of pixels that differ visibly, antialiasing aside.
    pub mismatch: f64,
    /// Mean structural similarity of the brightness, 1 for equal pictures.
    pub ssim: f64,
}

impl Difference {
    /// Compares what both pictures have of this area, from the top left corner.
    #[must_use]
    pub fn between(truth: &Pixels, other: &Pixels) -> Self {
        let (width, height) = (truth.width, truth.height);
        let mut differing = 0;
        for y in 0..height {
            for x in 0..width {
                let (a, b) = (truth.at(x, y), other.at(x, y));
                if a != b
                    && distance(a, b) > FARTHEST * THRESHOLD * THRESHOLD
                    && !is_edge(truth, other, x, y)
                    && !is_edge(other, truth, x, y)
                {
                    differing += 1;
                }
            }
        }
        let pixels = (width * height).max(1);
        Self { mismatch: f64::from(differing) / pixels as f64, ssim: similarity(truth, other) }
    }
}

/// Squared distance as the eye weighs it: brightness most, then the two axes of colour (YIQ, after Kotsarenko and Ramos).
fn distance(a: [u8; 3], b: [u8; 3]) -> f64 {
    let [r, g, b] = [0, 1, 2].map(|channel| f64::from(a[channel]) - f64::from(b[channel]));
    let y = 0.298_895_31 * r + 0.586_622_47 * g + 0.114_482_23 * b;
    let i = 0.595_977_99 * r - 0.274_171_76 * g - 0.321_801_89 * b;
    let q = 0.211_470_17 * r - 0.522_617_11 * g + 0.311_146_94 * b;
    0.5053 * y * y + 0.299 * i * i + 0.1957 * q * q
}

fn brightness(pixel: [u8; 3]) -> f64 {
    let [r, g, b] = pixel.map(f64::from);
    0.299 * r + 0.587 * g + 0.114 * b
}

/// Is this pixel the soft edge of a shape (after Vyšniauskas): between a darker and a brighter neighbour, one of which
/// lies in an even area of both pictures?
fn is_edge(of: &Pixels, other: &Pixels, x: usize, y: usize) -> bool {
    let here = of.at(x, y);
    let (mut equal, mut darkest, mut brightest) = (0, (0.0, x, y), (0.0, x, y));
    for (nx, ny) in around(of, x, y) {
        let there = of.at(nx, ny);
        let difference = brightness(there) - brightness(here);
        if there == here {
            equal += 1;
            if equal > 2 {
                return false;
            }
        } else if difference < darkest.0 {
            darkest = (difference, nx, ny);
        } else if difference > brightest.0 {
            brightest = (difference, nx, ny);
        }
    }
    if darkest.0 == 0.0 || brightest.0 == 0.0 {
        return false;
    }
    [darkest, brightest].iter().any(|(_, x, y)| is_even(of, *x, *y) && is_even(other, *x, *y))
}

/// Has this pixel more than two neighbours of its own colour?
fn is_even(of: &Pixels, x: usize, y: usize) -> bool {
    let here = of.at(x, y);
    around(of, x, y).filter(|(nx, ny)| of.at(*nx, *ny) == here).count() > 2
}

fn around(of: &Pixels, x: usize, y: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
    let columns = x.saturating_sub(1)..=(x + 1).min(of.width - 1);
    let rows = y.saturating_sub(1)..=(y + 1).min(of.height - 1);
    columns.flat_map(move |nx| rows.clone().map(move |ny| (nx, ny))).filter(move |near| *near != (x, y))
}

/// Mean over windows of the index of Wang and others, on brightness.
fn similarity(truth: &Pixels, other: &Pixels) -> f64 {
    const C1: f64 = 6.5025;
    const C2: f64 = 58.5225;
    let count = (WINDOW * WINDOW) as f64;
    let (mut sum, mut windows) = (0.0, 0.0);
    for top in (0..truth.height.saturating_sub(WINDOW - 1)).step_by(STRIDE) {
        for left in (0..truth.width.saturating_sub(WINDOW - 1)).step_by(STRIDE) {
            let (mut a_sum, mut b_sum, mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0, 0.0, 0.0);
            for y in top..top + WINDOW {
                for x in left..left + WINDOW {
                    let (a, b) = (brightness(truth.at(x, y)), brightness(other.at(x, y)));
                    a_sum += a;
                    b_sum += b;
                    aa += a * a;
                    bb += b * b;
                    ab += a * b;
                }
            }
            let (a, b) = (a_sum / count, b_sum / count);
            let variance = |squares: f64, mean: f64| (squares - count * mean * mean) / (count - 1.0);
            let covariance = (ab - count * a * b) / (count - 1.0);
            sum += ((2.0 * a * b + C1) * (2.0 * covariance + C2))
                / ((a * a + b * b + C1) * (variance(aa, a) + variance(bb, b) + C2));
            windows += 1.0;
        }
    }
    if windows == 0.0 { 1.0 } else { sum / windows }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_equal_to_itself_and_not_to_another() {
        let one = Pixels::photo(1);
        // Nothing of its structure: another photo would share its slopes.
        let other = Pixels::plain(one.width, one.height, [0; 3]);
        let same = Difference::between(&one, &one);
        assert!(same.mismatch == 0.0 && (same.ssim - 1.0).abs() < 1e-9, "{same:?}");
        let differ = Difference::between(&one, &other);
        assert!(differ.mismatch > 0.2 && differ.ssim < 0.5, "{differ:?}");
    }

    #[test]
    fn what_a_picture_lacks_is_white() {
        let white = Pixels::plain(40, 40, [255; 3]);
        let small = Pixels::plain(40, 20, [0; 3]);
        assert!((Difference::between(&white, &small).mismatch - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_soft_edge_does_not_count_and_a_missing_shape_does() {
        let shape = |edge: u8| {
            let mut picture = Pixels::plain(30, 30, [255; 3]);
            for y in 0..30 {
                (0..15).for_each(|x| picture.set(x, y, [0; 3]));
                picture.set(15, y, [edge; 3]);
            }
            picture
        };
        assert_eq!(Difference::between(&shape(60), &shape(190)).mismatch, 0.0);
        let gone = Difference::between(&shape(60), &Pixels::plain(30, 30, [255; 3]));
        assert!(gone.mismatch > 0.4, "{gone:?}");
    }
}
