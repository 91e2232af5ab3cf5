//! Why there is no picture.

use std::fmt;

/// Every way in which a capture can fail; the list is closed, so that a host can choose its next way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The root is not an element or document of a live page.
    NotAnElement,
    /// What was asked for has no area: an element of size 0×0, or a rectangle without width or height.
    EmptyArea,
    /// A selector of what is to be masked or hidden cannot be read, so nothing would be covered.
    BadSelector,
    /// The page's Content Security Policy does not let an image load from `data:`; a frame of another origin may.
    RefusedDataImage,
    /// The browser would not let the painted canvas be read.
    Tainted,
    /// The browser offers no canvas, or gave none of this size.
    NoCanvas,
    /// The browser could not read the drawing.
    Unpaintable,
    /// No encoding, however coarse, came under the byte ceiling.
    OverCeiling,
    /// The deadline passed before the browser had painted anything.
    Late,
}

const ERRORS: [Error; 9] = [
    Error::NotAnElement,
    Error::EmptyArea,
    Error::BadSelector,
    Error::RefusedDataImage,
    Error::Tainted,
    Error::NoCanvas,
    Error::OverCeiling,
    Error::Late,
    Error::Unpaintable,
];

impl Error {
    /// The error of this code; what has none is a browser that could not do what was asked.
    pub(crate) fn of(code: &str) -> Error {
        ERRORS.into_iter().find(|error| error.code() == code).unwrap_or(Error::Unpaintable)
    }

    /// A stable name, for hosts that cross a language border.
    pub fn code(self) -> &'static str {
        match self {
            Error::NotAnElement => "not-an-element",
            Error::EmptyArea => "empty-area",
            Error::BadSelector => "bad-selector",
            Error::RefusedDataImage => "refused-data-image",
            Error::Tainted => "tainted",
            Error::NoCanvas => "no-canvas",
            Error::Unpaintable => "unpaintable",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_names_its_error() {
        for error in ERRORS {
            assert_eq!(Error::of(error.code()), error);
        }
        assert_eq!(Error::of("?"), Error::Unpaintable);
    }
}
