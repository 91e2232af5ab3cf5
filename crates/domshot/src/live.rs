//! State that no markup tells: what is hovered, scrolled, animated, on top, or typed.

use js_sys::{Array, Object};
use wasm_bindgen::JsCast;

use crate::css::Lost;
use crate::dom::{Node, Rect};
use crate::marks::Marks;
use crate::realm::Realm;
use crate::selector::{States, number};
use crate::svg::pixels;

/// Pinned elements per rule: beyond what a viewport can show.
const MAX_PINS: usize = 1500;

/// Marks the elements of `root` that are in one of the live states from number `from` on.
pub(crate) fn states(root: &Node, states: &States, from: usize, marks: &mut Marks) {
    for (n, state) in states.0.iter().enumerate().skip(from) {
        for element in root.select(state) {
            marks.on(&element).attributes.push_str(&[" ds-", &number(n), "=\"\""].concat());
        }
    }
}

/// `name:value!important;` for each property, as computed now.
fn computed<'a>(style: &Node, names: impl Iterator<Item = &'a str>) -> String {
    let mut out = String::new();
    for name in names {
        let value = style.value(name);
        if !value.is_empty() {
            out.push_str(&[name, ":", &value, "!important;"].concat());
        }
    }
    out
}

/// Pins the longhands whose value the CSSOM has lost, on what of `root` is seen in `seen`.
pub(crate) fn lost(root: &Node, realm: &Realm, lost: &[Lost], seen: &Rect, marks: &mut Marks) {
    for rule in lost {
        for element in root.select(&rule.selector).into_iter().take(MAX_PINS) {
            if element.rect().is_some_and(|r| r.meets(seen))
                && let Some(style) = realm.window.style(&element, &rule.pseudo)
            {
                let pins = computed(&style, rule.longhands.iter().map(String::as_str));
                marks.pin(&element, &rule.pseudo, &pins);
            }
        }
    }
}

/// Pins what animations and transitions have made of their targets by now.
pub(crate) fn animations(realm: &Realm, marks: &mut Marks) {
    let Ok(list) = realm.document.call("getAnimations", &[]) else { return };
    let Ok(list) = list.dyn_into::<Array>() else { return };
    for animation in list.iter().take(MAX_PINS) {
        let Some(effect) = animation.unchecked_into::<Node>().object("effect") else { continue };
        let Some(target) = effect.object("target") else { continue };
        let pseudo = effect.text("pseudoElement");
        let Some(style) = realm.window.style(&target, &pseudo) else { continue };
        let Ok(frames) = effect.call("getKeyframes", &[]) else { continue };
        let Ok(frames) = frames.dyn_into::<Array>() else { continue };
        let mut names: Vec<String> = Vec::new();
        for frame in frames.iter() {
            for key in Object::keys(frame.unchecked_ref::<Object>()).iter().filter_map(|k| k.as_string()) {
                let name = kebab(&key);
                if !matches!(key.as_str(), "offset" | "computedOffset" | "easing" | "composite") && !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        let pins = computed(&style, names.iter().map(String::as_str));
        marks.pin(&target, &pseudo, &pins);
    }
}

/// `backgroundColor` as CSS writes it.
fn kebab(key: &str) -> String {
    let mut out = String::new();
    for c in key.strip_prefix("css").filter(|rest| rest.starts_with(char::is_uppercase)).unwrap_or(key).chars() {
        if c.is_ascii_uppercase() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Marks the elements of the top layer: they are drawn in place, above all else, their geometry pinned.
pub(crate) fn top_layer(root: &Node, realm: &Realm, top: &mut usize, marks: &mut Marks) {
    let mut elements = Vec::new();
    for state in [":popover-open", ":modal", ":fullscreen"] {
        for element in root.select(state) {
            if !elements.iter().any(|e: &Node| **e == *element) {
                elements.push(element);
            }
        }
    }
    for element in elements {
        let Some(style) = realm.window.style(&element, "") else { continue };
        *top += 1;
        let layer = number(2_147_480_000 + *top * 2);
        let mut pins = computed(
            &style,
            [
                "display", "left", "top", "right", "bottom", "width", "height", "margin", "padding", "box-sizing",
                "overflow", "max-width", "max-height", "min-width", "min-height",
            ]
            .into_iter(),
        );
        pins.push_str(&["position:fixed!important;z-index:", &layer, "!important;"].concat());
        let mut backdrop = String::new();
        if let Some(style) = realm.window.style(&element, "::backdrop").filter(|s| s.value("display") != "none") {
            backdrop = computed(&style, ["background-color", "background-image", "opacity"].into_iter());
            let layer = number(2_147_480_000 + *top * 2 - 1);
            backdrop.push_str(&["display:block;position:fixed;inset:0;z-index:", &layer].concat());
        }
        marks.keep_ancestors(&element);
        let mark = marks.on(&element);
        mark.style.push_str(&pins);
        mark.keep = true;
        mark.top = *top;
        mark.backdrop = backdrop;
    }
}

/// Makes the clone of `element` show the same part of its content, without any script: a pseudo-element as large as
/// the scrollport lies where the content is scrolled to, and the container must snap to it.
pub(crate) fn scroll(element: &Node, realm: &Realm, left: f64, top: f64, n: usize, marks: &mut Marks) -> String {
    let content = |pseudo: &str| realm.window.style(element, pseudo).map(|s| s.value("content"));
    let free = content("::before").is_none_or(|c| c == "none" || c == "normal");
    let pseudo = if free { "::before" } else { "::after" };
    let number = number(n);
    let me = ["[ds-o=\"", &number, "\"]"].concat();
    let position = if realm.computed(element, "position") == "static" { "position:relative!important;" } else { "" };
    marks.css.push_str(
        &[
            &me,
            "{scroll-snap-type:both mandatory!important;scroll-padding:0!important;scroll-behavior:auto!important;",
            position,
            "}",
            &me,
            " *{scroll-snap-align:none!important}",
            &me,
            pseudo,
            "{all:initial!important;content:\"\"!important;display:block!important;position:absolute!important;visibility:hidden!important;\
             scroll-snap-align:start!important;left:",
            &pixels(left),
            "px!important;top:",
            &pixels(top),
            "px!important;width:",
            &pixels(element.number("clientWidth")),
            "px!important;height:",
            &pixels(element.number("clientHeight")),
            "px!important}",
        ]
        .concat(),
    );
    [" ds-o=\"", &number, "\""].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyframe_keys_become_css_names() {
        assert_eq!(kebab("backgroundColor"), "background-color");
        assert_eq!(kebab("cssFloat"), "float");
        assert_eq!(kebab("WebkitMask"), "-webkit-mask");
        assert_eq!(kebab("--x"), "--x");
    }
}
