//! Pictures as pixels: read from PNG, searched for colours.

use std::io::Cursor;

use anyhow::{Result, bail};

/// Opaque pixels, row by row from the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    rgb: Vec<[u8; 3]>,
}

impl Pixels {
    /// Reads a PNG; what is transparent lies on white.
    ///
    /// # Errors
    /// It is none, or not one of 8 bits.
    pub fn of_png(file: &[u8]) -> Result<Self> {
        let mut decoder = png::Decoder::new(Cursor::new(file));
        decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
        let mut reader = decoder.read_info()?;
        let mut bytes = vec![0; reader.output_buffer_size().unwrap_or_default()];
        let info = reader.next_frame(&mut bytes)?;
        bytes.truncate(info.buffer_size());
        let over_white = |value: u8, alpha: u8| {
            let (value, alpha) = (u32::from(value), u32::from(alpha));
            u8::try_from((value * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
        };
        let rgb = match info.color_type {
            png::ColorType::Rgb => bytes.as_chunks::<3>().0.to_vec(),
            png::ColorType::Rgba => {
                let pixels = bytes.as_chunks::<4>().0.iter();
                pixels.map(|[r, g, b, a]| [r, g, b].map(|value| over_white(*value, *a))).collect()
            }
            png::ColorType::Grayscale => bytes.iter().map(|value| [*value; 3]).collect(),
            other => bail!("a picture of kind {other:?}"),
        };
        Ok(Self { width: info.width as usize, height: info.height as usize, rgb })
    }

    /// The file.
    ///
    /// # Errors
    /// The picture has no area.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width.try_into()?, self.height.try_into()?);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(self.rgb.as_flattened())?;
        writer.finish()?;
        Ok(file)
    }

    /// Something like a photograph, the same for the same number: soft forms with grain.
    #[must_use]
    pub fn photo(number: u32) -> Self {
        const SIDE: [usize; 2] = [640, 420];
        let mut grain = number.wrapping_mul(2_654_435_761).wrapping_add(1);
        let mut rgb = Vec::with_capacity(SIDE[0] * SIDE[1]);
        let turn = f64::from(number) * 0.9;
        for y in 0..SIDE[1] {
            for x in 0..SIDE[0] {
                grain ^= grain << 13;
                grain ^= grain >> 17;
                grain ^= grain << 5;
                let (u, v) = (x as f64 / 97.0 + turn, y as f64 / 71.0 - turn);
                let light = (u.sin() * v.cos() + (u * 0.37 + v * 0.61).sin()) * 48.0;
                let tone = |base: f64| (base + light + f64::from(grain % 12)).clamp(0.0, 255.0) as u8;
                rgb.push([tone(150.0 + 40.0 * turn.sin()), tone(130.0), tone(110.0 + 50.0 * turn.cos())]);
            }
        }
        Self { width: SIDE[0], height: SIDE[1], rgb }
    }

    /// A picture of one colour.
    #[must_use]
    pub fn plain(width: usize, height: usize, colour: [u8; 3]) -> Self {
        Self { width, height, rgb: vec![colour; width * height] }
    }

    /// The pixel there; white outside.
    #[must_use]
    pub fn at(&self, x: usize, y: usize) -> [u8; 3] {
        if x < self.width && y < self.height { self.rgb[y * self.width + x] } else { [255; 3] }
    }

    /// Paints the pixel there, which has to be inside.
    #[cfg(test)]
    pub(crate) fn set(&mut self, x: usize, y: usize, colour: [u8; 3]) {
        self.rgb[y * self.width + x] = colour;
    }

    /// What of it lies in this area at the top left.
    #[must_use]
    pub fn cropped(&self, width: usize, height: usize) -> Self {
        let (width, height) = (width.min(self.width), height.min(self.height));
        let rows = self.rgb.chunks(self.width.max(1)).take(height);
        Self { width, height, rgb: rows.flat_map(|row| row[..width].iter().copied()).collect() }
    }

    /// Every pixel.
    pub fn iter(&self) -> impl Iterator<Item = [u8; 3]> + '_ {
        self.rgb.iter().copied()
    }

    /// How many pixels are not of the commonest colour, in thousandths: 0 for an empty picture.
    #[must_use]
    pub fn busy_permille(&self) -> usize {
        let mut counts = std::collections::HashMap::new();
        for pixel in &self.rgb {
            *counts.entry(*pixel).or_insert(0_usize) += 1;
        }
        let most = counts.values().copied().max().unwrap_or_default();
        (self.rgb.len() - most) * 1000 / self.rgb.len().max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_survives_its_file() {
        let photo = Pixels::photo(3);
        assert_eq!(Pixels::of_png(&photo.to_png().unwrap()).unwrap(), photo);
        assert!(photo.busy_permille() > 900);
        assert_ne!(photo, Pixels::photo(4));
    }
}
