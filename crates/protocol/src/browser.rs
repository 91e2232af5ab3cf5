//! The facts about page and browser, each of which the panel lists with a switch.

use serde::{Deserialize, Serialize};

/// A width and a height in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// CSS pixels.
    pub width: u32,
    /// CSS pixels.
    pub height: u32,
}

/// One entry of `navigator.userAgentData.brands`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brand {
    /// For example `Chromium`.
    pub brand: String,
    /// The major version.
    pub version: String,
}

/// What the browser says it is: User-Agent Client Hints where granted, else the user agent string.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum UserAgent {
    /// `navigator.userAgentData`; `model` only where the browser granted it.
    Hints {
        /// Brands with their major versions.
        brands: Vec<Brand>,
        /// For example `Linux`.
        platform: String,
        /// Whether the browser asks for the mobile layout.
        mobile: bool,
        /// The device's model.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
    },
    /// `navigator.userAgent`.
    Text(String),
}

/// `prefers-color-scheme`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColorScheme {
    /// Light, or no preference.
    Light,
    /// Dark.
    Dark,
}

impl ColorScheme {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// Everything held for the purpose `browser`, and nothing else. A fact that the visitor switched off is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BrowserFacts {
    /// The page's URL, without query and fragment unless the owner keeps them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_url: Option<String>,
    /// `document.title`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_title: Option<String>,
    /// The referrer's origin, never its path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referrer_origin: Option<String>,
    /// The window's inside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub viewport: Option<Size>,
    /// The screen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub screen: Option<Size>,
    /// Device pixels per CSS pixel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pixel_ratio: Option<f64>,
    /// `navigator.languages`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub languages: Option<Vec<String>>,
    /// IANA name of the time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Maker, version and platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<UserAgent>,
    /// Light or dark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color_scheme: Option<ColorScheme>,
    /// `navigator.connection.effectiveType`, for example `4g`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// `navigator.onLine`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub online: Option<bool>,
    /// Milliseconds for which the page has been visible since it was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visible_ms: Option<u64>,
}

/// The name of one browser fact: what a visitor switches on and off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// [`BrowserFacts::page_url`]
    PageUrl,
    /// [`BrowserFacts::page_title`]
    PageTitle,
    /// [`BrowserFacts::referrer_origin`]
    ReferrerOrigin,
    /// [`BrowserFacts::viewport`]
    Viewport,
    /// [`BrowserFacts::screen`]
    Screen,
    /// [`BrowserFacts::pixel_ratio`]
    PixelRatio,
    /// [`BrowserFacts::languages`]
    Languages,
    /// [`BrowserFacts::time_zone`]
    TimeZone,
    /// [`BrowserFacts::user_agent`]
    UserAgent,
    /// [`BrowserFacts::color_scheme`]
    ColorScheme,
    /// [`BrowserFacts::connection`]
    Connection,
    /// [`BrowserFacts::online`]
    Online,
    /// [`BrowserFacts::visible_ms`]
    VisibleTime,
}

impl Fact {
    /// All facts, in the order in which the panel and the notice list them.
    pub const ALL: [Self; 13] = [
        Self::PageUrl,
        Self::PageTitle,
        Self::ReferrerOrigin,
        Self::Viewport,
        Self::Screen,
        Self::PixelRatio,
        Self::Languages,
        Self::TimeZone,
        Self::UserAgent,
        Self::ColorScheme,
        Self::Connection,
        Self::Online,
        Self::VisibleTime,
    ];

    /// The field's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PageUrl => "page_url",
            Self::PageTitle => "page_title",
            Self::ReferrerOrigin => "referrer_origin",
            Self::Viewport => "viewport",
            Self::Screen => "screen",
            Self::PixelRatio => "pixel_ratio",
            Self::Languages => "languages",
            Self::TimeZone => "time_zone",
            Self::UserAgent => "user_agent",
            Self::ColorScheme => "color_scheme",
            Self::Connection => "connection",
            Self::Online => "online",
            Self::VisibleTime => "visible_ms",
        }
    }
}

impl BrowserFacts {
    /// Takes one fact out.
    pub fn remove(&mut self, fact: Fact) {
        match fact {
            Fact::PageUrl => self.page_url = None,
            Fact::PageTitle => self.page_title = None,
            Fact::ReferrerOrigin => self.referrer_origin = None,
            Fact::Viewport => self.viewport = None,
            Fact::Screen => self.screen = None,
            Fact::PixelRatio => self.pixel_ratio = None,
            Fact::Languages => self.languages = None,
            Fact::TimeZone => self.time_zone = None,
            Fact::UserAgent => self.user_agent = None,
            Fact::ColorScheme => self.color_scheme = None,
            Fact::Connection => self.connection = None,
            Fact::Online => self.online = None,
            Fact::VisibleTime => self.visible_ms = None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> BrowserFacts {
        let size = Some(Size { width: 1, height: 1 });
        BrowserFacts {
            page_url: Some("https://a.example/".into()),
            page_title: Some("t".into()),
            referrer_origin: Some("https://b.example".into()),
            viewport: size,
            screen: size,
            pixel_ratio: Some(1.5),
            languages: Some(vec!["en".into()]),
            time_zone: Some("UTC".into()),
            user_agent: Some(UserAgent::Text("x".into())),
            color_scheme: Some(ColorScheme::Dark),
            connection: Some("4g".into()),
            online: Some(true),
            visible_ms: Some(1),
        }
    }

    #[test]
    fn every_field_has_a_switch_that_removes_just_it() {
        let all = serde_json::to_value(full()).unwrap();
        assert_eq!(all.as_object().unwrap().len(), Fact::ALL.len());
        for fact in Fact::ALL {
            let mut facts = full();
            facts.remove(fact);
            let mut expected = all.clone();
            assert!(expected.as_object_mut().unwrap().remove(fact.as_str()).is_some(), "{fact:?}");
            assert_eq!(serde_json::to_value(facts).unwrap(), expected);
        }
    }
}
