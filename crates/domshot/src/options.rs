//! What the caller may ask for.

use js_sys::Object;
use wasm_bindgen::JsValue;

use crate::page;

/// An axis-aligned rectangle in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

/// Which part of the page is wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Area {
    /// What the visitor sees now.
    Viewport,
    /// The whole page, from its top to its end.
    Page,
    /// The border box of the root element.
    Element,
    /// A rectangle in CSS pixels, relative to the page's top left corner.
    Rect(Rect),
}

/// Picture file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lossless.
    Png,
    /// Lossy; browsers that cannot write it (WebKit) give JPEG instead.
    WebP,
    /// Lossy, opaque.
    Jpeg,
}

/// How the picture is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Encoding {
    /// Wanted format.
    pub format: Format,
    /// 0 to 1, for the lossy formats.
    pub quality: f64,
    /// The file is at most this big: a PNG over it is written again as a lossy format, then coarser, then smaller.
    pub max_bytes: f64,
}

impl Default for Encoding {
    fn default() -> Self {
        Encoding { format: Format::Png, quality: 0.85, max_bytes: f64::INFINITY }
    }
}

/// What happens to what people typed or chose in form fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inputs {
    /// Every text field, text area, drop-down and editable region shows a bar instead of its value.
    Masked,
    /// Values are shown, except in the fields that [`crate::Options::mask`] names and in those whose type or
    /// `autocomplete` says password, payment or identity.
    Shown,
}

/// One capture. Lengths are CSS pixels.
#[derive(Clone)]
pub struct Options {
    /// Which part.
    pub area: Area,
    /// Device pixels per CSS pixel in the picture.
    pub dpr: f64,
    /// Ceiling of width × height in device pixels; beyond it the picture is scaled down and says so. The
    /// default is what every phone's canvas can hold.
    pub max_pixels: f64,
    /// How the picture is written.
    pub encoding: Encoding,
    /// CSS selectors of what is covered by blocks.
    pub mask: String,
    /// CSS selectors of what is left empty (its place stays, so that the rest of the picture is true).
    pub hide: String,
    /// CSS selectors of the caller's own elements: left empty as well, without a note, for they are no part of the page.
    pub own: String,
    /// What happens to form fields.
    pub inputs: Inputs,
    /// `(url) => Promise<Blob>`; without it nothing is fetched, and only what the page's own canvases may read is shown.
    pub fetch: Option<js_sys::Function>,
    /// Total time in ms, after which the best picture so far is made.
    pub deadline_ms: f64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            area: Area::Viewport,
            dpr: 1.0,
            max_pixels: 16e6,
            encoding: Encoding::default(),
            mask: String::new(),
            hide: String::new(),
            own: String::new(),
            inputs: Inputs::Masked,
            fetch: None,
            deadline_ms: 4000.0,
        }
    }
}

impl Options {
    /// The same as JavaScript takes it.
    pub(crate) fn to_js(&self) -> JsValue {
        let object = |values: &[(&str, JsValue)]| {
            let object = Object::new();
            for (name, value) in values {
                page::set(&object, name, value);
            }
            JsValue::from(object)
        };
        let area = match self.area {
            Area::Viewport => "viewport".into(),
            Area::Page => "page".into(),
            Area::Element => "element".into(),
            Area::Rect(Rect { x, y, width, height }) => object(&[
                ("x", x.into()),
                ("y", y.into()),
                ("width", width.into()),
                ("height", height.into()),
            ]),
        };
        let format = match self.encoding.format {
            Format::Png => "png",
            Format::WebP => "webp",
            Format::Jpeg => "jpeg",
        };
        let inputs = if self.inputs == Inputs::Shown { "shown" } else { "masked" };
        object(&[
            ("area", area),
            ("dpr", self.dpr.into()),
            ("maxPixels", self.max_pixels.into()),
            ("format", format.into()),
            ("quality", self.encoding.quality.into()),
            ("maxBytes", self.encoding.max_bytes.into()),
            ("mask", self.mask.as_str().into()),
            ("hide", self.hide.as_str().into()),
            ("own", self.own.as_str().into()),
            ("inputs", inputs.into()),
            ("fetch", self.fetch.clone().map_or(JsValue::UNDEFINED, Into::into)),
            ("deadline", self.deadline_ms.into()),
        ])
    }
}
