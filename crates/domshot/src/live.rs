//! State that no markup tells: what is hovered, scrolled, animated, on top, or typed.

use wasm_bindgen::JsCast;

use crate::css::Lost;
use crate::dom::{Measure, Node, Rect, animations, nodes, pinned, query, seen, styles};
use crate::marks::Marks;
use crate::realm::Realm;
use crate::selector::States;
use crate::text::{decimal, fill, filled, is_one_of, number, pixels};

/// Pinned elements per rule: beyond what a viewport can show.
const MAX_PINS: usize = 1500;
/// The top layer begins here, as far as `z-index` can say so.
const TOP: usize = 2_147_480_000;

/// Marks the elements of `root` that are in one of the live states.
pub(crate) fn states(root: &Node, states: &States, marks: &mut Marks) {
    for (n, state) in states.0.iter().enumerate() {
        for element in nodes(&query(root, state)) {
            fill(&mut marks.on(&element).attributes, " ds-$=\"\"", &[&number(n)]);
        }
    }
}

/// The elements of `root` that match `selector` and of which something lies in `part` of the viewport.
pub(crate) fn seen_in(root: &Node, selector: &str, part: &Rect) -> js_sys::Array {
    seen(root, selector, part.x, part.y, part.right(), part.bottom())
}

/// Pins the longhands whose value the CSSOM has lost, on what of `root` is seen in `part`.
pub(crate) fn lost(root: &Node, realm: &Realm, lost: &[Lost], part: &Rect, marks: &mut Marks) {
    for rule in lost {
        for element in nodes(&seen_in(root, &rule.selector, part)).take(MAX_PINS) {
            let pins = pinned(&styles(&realm.window, &element, &rule.pseudo), &rule.longhands);
            marks.pin(&element, &rule.pseudo, &pins);
        }
    }
}

/// Pins what animations and transitions have made of their targets by now.
pub(crate) fn moving(realm: &Realm, marks: &mut Marks) {
    let list = animations(&realm.document);
    for at in (0..list.length()).step_by(3).take(MAX_PINS) {
        let target: Node = list.get(at).unchecked_into();
        let text = |at| list.get(at).as_string().unwrap_or_default();
        let pseudo = text(at + 1);
        let pins = pinned(&styles(&realm.window, &target, &pseudo), &kebab(&text(at + 2)));
        marks.pin(&target, &pseudo, &pins);
    }
}

/// `backgroundColor,cssFloat` as CSS writes it.
fn kebab(keys: &str) -> String {
    let mut out = String::new();
    for key in keys.split(',') {
        if !out.is_empty() {
            out.push(',');
        }
        let key = match key {
            "cssFloat" => "float",
            "cssOffset" => "offset",
            key => key,
        };
        for c in key.chars() {
            if c.is_ascii_uppercase() {
                out.push('-');
            }
            out.push(c.to_ascii_lowercase());
        }
    }
    out
}

/// Marks the elements of the top layer: they are drawn in place, above all else, their geometry pinned.
pub(crate) fn top_layer(root: &Node, realm: &Realm, top: &mut usize, marks: &mut Marks) {
    for state in [":modal", ":fullscreen", ":popover-open"] {
        for element in nodes(&query(root, state)) {
            if marks.on(&element).top > 0 {
                continue;
            }
            *top += 2;
            let mut pins = pinned(
                &realm.style(&element),
                "display,left,top,right,bottom,width,height,margin,padding,box-sizing,overflow,max-width,max-height,min-width,min-height,transform",
            );
            fill(&mut pins, "position:fixed!important;z-index:$!important;", &[&number(TOP + *top)]);
            let mut backdrop = pinned(
                &styles(&realm.window, &element, "::backdrop"),
                "display,background-color,background-image,opacity",
            );
            fill(&mut backdrop, "position:fixed;inset:0;z-index:$", &[&number(TOP + *top - 1)]);
            marks.keep_ancestors(&element);
            let mark = marks.on(&element);
            mark.style.push_str(&pins);
            mark.keep = true;
            mark.top = *top;
            mark.backdrop = backdrop;
        }
    }
}

/// Makes the clone of `element` show the same part of its content, without any script: a pseudo-element as large as
/// the scrollport lies where the content is scrolled to, and the container must snap to it.
pub(crate) fn scroll(
    element: &Node,
    realm: &Realm,
    measure: &Measure,
    n: usize,
    marks: &mut Marks,
) -> String {
    let before = styles(&realm.window, element, "::before").value("content");
    let pseudo = if matches!(before.as_str(), "none" | "normal" | "") { "before" } else { "after" };
    let n = number(n);
    let style = realm.style(element);
    let (left, top) = (measure.offset.0, measure.offset.1);
    let (width, height) = measure.port;
    // In a block of its own layer the marker floats, without taking place, so that the block need not become
    // positioned (and so come to lie above its surroundings).
    let place = if style.value("position") == "static"
        && is_one_of("block,flow-root,list-item,inline-block", &style.value("display"))
    {
        let (x, y) =
            (left - decimal(&style.value("padding-left")), top - decimal(&style.value("padding-top")));
        filled(
            "float:left!important;margin:$px $px $px $px",
            &[&pixels(y), &pixels(-x - width), &pixels(-y - height), &pixels(x)],
        )
    } else if style.value("position") == "static"
        && style.value("display") == "flex"
        && style.value("flex-direction") == "row"
    {
        // So does an item that is as wide as its margins and the gap after it take away.
        let (x, y) =
            (left - decimal(&style.value("padding-left")), top - decimal(&style.value("padding-top")));
        filled(
            "order:-1!important;flex:none!important;align-self:flex-start!important;margin:$px $px $px $px",
            &[
                &pixels(y),
                &pixels(-x - width - decimal(&style.value("column-gap"))),
                &pixels(-y - height),
                &pixels(x),
            ],
        )
    } else {
        filled("position:absolute!important;left:$px!important;top:$px", &[&pixels(left), &pixels(top)])
    };
    let position = if place.starts_with('p') && style.value("position") == "static" {
        "position:relative!important"
    } else {
        ""
    };
    fill(
        &mut marks.css,
        "[ds-o=\"$\"]{scroll-snap-type:both mandatory!important;scroll-padding:0!important;scroll-behavior:auto!important;$}\
         [ds-o=\"$\"] *{scroll-snap-align:none!important}\
         [ds-o=\"$\"]::${all:initial!important;content:\"\"!important;display:block!important;visibility:hidden!important;\
         scroll-snap-align:start!important;width:$px!important;height:$px!important;$!important}",
        &[&n, position, &n, &n, pseudo, &pixels(width), &pixels(height), &place],
    );
    n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyframe_keys_become_css_names() {
        assert_eq!(
            kebab("backgroundColor,cssFloat,WebkitMask,--x"),
            "background-color,float,-webkit-mask,--x"
        );
    }
}
