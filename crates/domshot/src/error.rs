//! Why there is no picture.

use std::fmt;

/// Every way in which a capture can fail; the list is closed, so that a host can choose its next way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The root is not an element or document of a live page.
    NotAnElement,
    /// What was asked for has no area: an element of size 0×0, or a rectangle without width or height.
    EmptyArea,
    /// The page's Content Security Policy does not let an image load from `data:`; a frame of another origin may.
    RefusedDataImage,
    /// The browser would not let the painted canvas be read.
    Tainted,
    /// The browser offers no canvas, or gave none of this size.
    NoCanvas,
    /// The browser could not read the drawing.
    Unpaintable,
    /// The browser gave no file for the canvas.
    NotEncoded,
    /// No encoding, however coarse, came under the byte ceiling.
    OverCeiling,
    /// The deadline passed before the browser had painted anything.
    Late,
}

impl Error {
    /// A stable name, for hosts that cross a language border.
    pub fn code(self) -> &'static str {
        match self {
            Error::NotAnElement => "not-an-element",
            Error::EmptyArea => "empty-area",
            Error::RefusedDataImage => "refused-data-image",
            Error::Tainted => "tainted",
            Error::NoCanvas => "no-canvas",
            Error::Unpaintable => "unpaintable",
            Error::NotEncoded => "not-encoded",
            Error::OverCeiling => "over-ceiling",
            Error::Late => "late",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for Error {}
