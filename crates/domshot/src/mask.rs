//! What must not be seen, decided before anything is read into the clone.

use crate::text::is_one_of;

/// `autocomplete` words of payment and identity; words beginning with `cc-` count too.
const SENSITIVE: &[u8] = b"name,given-name,additional-name,family-name,honorific-prefix,honorific-suffix,nickname,username,\
new-password,current-password,one-time-code,email,organization,street-address,address-line1,address-line2,address-line3,\
address-level1,address-level2,address-level3,address-level4,country,country-name,postal-code,bday,bday-day,bday-month,\
bday-year,sex,tel,tel-country-code,tel-national,tel-area-code,tel-local,tel-extension,impp,transaction-amount,\
transaction-currency,webauthn";

/// Does a bar stand for the value of the field with this tag, `type` and `autocomplete`, all in lower case? Buttons,
/// checks and sliders are shown as they are, and other fields where the host shows what was typed.
pub(crate) fn is_barred(tag: &[u8], kind: &[u8], autocomplete: &[u8], shows_inputs: bool) -> bool {
    if tag == b"input" && is_one_of(b"button,submit,reset,image,checkbox,radio,range,color,file", kind) {
        return false;
    }
    !shows_inputs
        || is_one_of(b"password,hidden", kind)
        || autocomplete
            .split(u8::is_ascii_whitespace)
            .any(|word| word.starts_with(b"cc-") || is_one_of(SENSITIVE, word))
}

/// What becomes of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It does something, names an address, or cannot stand in XML.
    Never,
    /// It says what its element is.
    Open,
    /// It only says how a box looks, and so may stay on elements whose content must not be told.
    Bare,
}

/// What becomes of an attribute with this name, in lower case.
pub(crate) fn kept(attribute: &[u8]) -> Kept {
    const LOOKS: &[u8] =
        b"class,id,style,type,rows,cols,size,dir,lang,hidden,disabled,readonly,required,multiple,width,\
        height,colspan,rowspan,part,slot,min,max,step,name,wrap";
    const DROPPED: &[u8] =
        b"src,srcset,sizes,srcdoc,poster,data,nonce,integrity,ping,action,formaction,autofocus,loading,\
        is,background";
    let heads: [&[u8]; 3] = [b"on", b"xmlns", b"ds-"];
    if is_one_of(LOOKS, attribute) {
        Kept::Bare
    } else if heads.iter().any(|head| attribute.starts_with(head))
        || is_one_of(DROPPED, attribute)
        || !is_name(attribute)
    {
        Kept::Never
    } else {
        Kept::Open
    }
}

/// May `name` be an XML name, with at most the prefix `xlink` or `xml`?
fn is_name(name: &[u8]) -> bool {
    let local = name.strip_prefix(b"xlink:").or_else(|| name.strip_prefix(b"xml:")).unwrap_or(name);
    local.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
        && local.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// The width in px of the block over masked text that is `width` px wide: a multiple of 48 px, so that the block
/// tells no more than a dozen letters' worth about the length of the text.
pub(crate) fn block_width(width: u32) -> u32 {
    (width / 48).saturating_add(1).saturating_mul(48)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn typed_values_are_barred_unless_the_host_shows_them() {
        assert!(is_barred(b"input", b"text", b"", false));
        assert!(!is_barred(b"input", b"text", b"", true));
        assert!(is_barred(b"select", b"", b"", false));
        assert!(!is_barred(b"input", b"checkbox", b"", false));
    }

    #[test]
    fn secrets_are_barred_whatever_the_host_shows() {
        assert!(is_barred(b"input", b"password", b"", true));
        for words in ["cc-number", "section-x shipping cc-csc", "billing name", "one-time-code"] {
            assert!(is_barred(b"input", b"text", words.as_bytes(), true), "{words}");
        }
        assert!(!is_barred(b"input", b"search", b"off", true));
    }

    #[test]
    fn attributes_that_may_hold_text_stay_off_what_is_masked() {
        for name in ["value", "title", "alt", "aria-label", "placeholder", "data-card", "href", "src"] {
            assert_ne!(kept(name.as_bytes()), Kept::Bare, "{name}");
        }
    }

    #[test]
    fn attributes_that_act_or_break_the_drawing_never_stay() {
        for name in ["onclick", "xmlns:x", "ds-r", "srcdoc", "@click", ":bind", "a:b", "a\"b", ""] {
            assert_eq!(kept(name.as_bytes()), Kept::Never, "{name}");
        }
        for name in ["xlink:href", "data-a.b", "viewBox", "_x"] {
            assert_eq!(kept(name.as_bytes()), Kept::Open, "{name}");
        }
    }

    proptest! {
        #[test]
        fn block_covers_the_text_without_telling_its_length(width in 0.0_f64..5000.0) {
            let block = f64::from(block_width(width as u32));
            prop_assert!(block >= width && block < width + 96.0);
            prop_assert_eq!(block % 48.0, 0.0);
        }
        #[test]
        fn what_stays_can_stand_in_xml(name in ".{0,12}") {
            if kept(name.as_bytes()) != Kept::Never {
                prop_assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:".contains(c)));
            }
        }
    }
}
