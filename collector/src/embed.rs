//! What an owner puts on their pages: the tag, and the policy that lets it run.

use candor_protocol::Asset;
use uuid::Uuid;

/// One source that a host page's policy has to name, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The directive of the policy.
    pub directive: &'static str,
    /// The source; [`ORIGIN`] stands for the collector's origin.
    pub source: &'static str,
    /// What stops working without it.
    pub why: &'static str,
}

/// Stands for the collector's origin in [`GRANTS`].
pub const ORIGIN: &str = "ORIGIN";

/// All that the widget asks of a page's Content Security Policy.
pub const GRANTS: &[Grant] = &[
    Grant { directive: "script-src", source: ORIGIN, why: "the tag, and the module it loads on interest" },
    Grant { directive: "script-src", source: "'wasm-unsafe-eval'", why: "the widget is WebAssembly" },
    Grant {
        directive: "connect-src",
        source: ORIGIN,
        why: "fetching the widget's files and sending what the visitor wrote",
    },
    Grant {
        directive: "img-src",
        source: "data:",
        why: "a picture of the page is drawn as one image, in the page",
    },
];

/// Asked for in the place of the images from `data:`, by pages that let none load.
pub const FRAME: Grant = Grant {
    directive: "frame-src",
    source: ORIGIN,
    why: "a picture of the page is drawn in a hidden frame of the collector's",
};

/// What is asked for, with [`FRAME`] in its place or as it is.
#[must_use]
pub fn grants(is_framed: bool) -> Vec<Grant> {
    let asked = GRANTS.iter().map(|grant| if is_framed && grant.source == "data:" { FRAME } else { *grant });
    asked.collect()
}

/// What a page with nothing but its own style sheets and Candor needs. `'self'` is the page's own.
const PAGE: &[(&str, &str)] = &[
    ("default-src", "'none'"),
    ("script-src", "'self'"),
    ("style-src", "'self'"),
    ("connect-src", "'self'"),
    ("img-src", "'self'"),
    ("font-src", "'self'"),
    ("frame-src", ""),
    ("form-action", "'self'"),
    ("base-uri", "'none'"),
    ("frame-ancestors", "'self'"),
    ("require-trusted-types-for", "'script'"),
];

/// A whole strict policy for a page with Candor on it: the page's own files, what [`grants`] names, and nothing else.
#[must_use]
pub fn page_policy(origin: &str, is_framed: bool) -> String {
    let grants = grants(is_framed);
    let directives = PAGE.iter().filter_map(|(directive, own)| {
        let grants = grants.iter().filter(|grant| grant.directive == *directive);
        let granted = grants.map(|grant| if grant.source == ORIGIN { origin } else { grant.source });
        let sources: Vec<_> = Some(*own).into_iter().filter(|own| !own.is_empty()).chain(granted).collect();
        (!sources.is_empty()).then(|| format!("{directive} {}", sources.join(" ")))
    });
    directives.collect::<Vec<_>>().join("; ")
}

/// The ordinary tag: settings come with the loader.
#[must_use]
pub fn tag(origin: &str, site: Uuid) -> String {
    format!(r#"<script async src="{origin}/s/{site}/candor.js"></script>"#)
}

/// The pinned tag: this very loader and no other; settings are fetched apart.
#[must_use]
pub fn pinned_tag(origin: &str, site: Uuid, loader: &Asset) -> String {
    let Asset { file, integrity } = loader;
    format!(
        r#"<script async src="{origin}/{file}" integrity="{integrity}" crossorigin="anonymous" data-site="{site}"></script>"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_names_the_collector_and_nothing_unsafe_but_wasm() {
        let policy = page_policy("https://f.example", false);
        assert!(policy.contains("script-src 'self' https://f.example 'wasm-unsafe-eval';"), "{policy}");
        assert!(policy.contains("connect-src 'self' https://f.example;"), "{policy}");
        assert!(policy.contains("img-src 'self' data:;"), "{policy}");
        assert_eq!(policy.matches("unsafe").count(), 1, "{policy}");
        assert!(
            !policy.contains('*') && !policy.contains(ORIGIN) && !policy.contains("frame-src"),
            "{policy}"
        );
        let framed = page_policy("https://f.example", true);
        assert!(
            framed.contains("img-src 'self'; ") && framed.contains("frame-src https://f.example;"),
            "{framed}"
        );
    }

    #[test]
    fn the_document_prints_this_policy_and_names_every_grant() {
        let document = include_str!("../../csp-policy.md");
        let origin = "https://feedback.example.com";
        let policy = page_policy(origin, false);
        assert!(document.contains(&format!("\n{policy}\n")), "{policy}");
        for Grant { directive, source, .. } in GRANTS.iter().chain([&FRAME]) {
            let source = if *source == ORIGIN { origin } else { source };
            assert!(document.contains(&format!("| `{directive}` | `{source}` |")), "{directive} {source}");
        }
    }

    #[test]
    fn every_grant_is_in_the_policy() {
        for grant in GRANTS.iter().chain([&FRAME]) {
            assert!(PAGE.iter().any(|(directive, _)| *directive == grant.directive), "{grant:?}");
        }
    }
}
