//! What must not be seen, decided before anything is written into the clone.

use crate::options::Inputs;
use crate::text::is_one_of;

/// What of a form field may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// As it is: buttons, checks, sliders.
    Shown,
    /// A bar stands for the value.
    Barred,
}

/// `autocomplete` words of payment and identity; words beginning with `cc-` count too.
const SENSITIVE: &str = "name,given-name,additional-name,family-name,honorific-prefix,honorific-suffix,nickname,username,\
new-password,current-password,one-time-code,email,organization,street-address,address-line1,address-line2,address-line3,\
address-level1,address-level2,address-level3,address-level4,country,country-name,postal-code,bday,bday-day,bday-month,\
bday-year,sex,tel,tel-country-code,tel-national,tel-area-code,tel-local,tel-extension,impp,transaction-amount,\
transaction-currency,webauthn";

/// How the field with this tag (lower case), `type` and `autocomplete` is shown.
pub(crate) fn field(tag: &str, kind: &str, autocomplete: &str, inputs: Inputs) -> Field {
    let shown = match tag {
        "input" => is_one_of("button,submit,reset,image,checkbox,radio,range,color,file", kind),
        _ => false,
    };
    if shown {
        return Field::Shown;
    }
    let sensitive = kind == "password"
        || kind == "hidden"
        || autocomplete.split(' ').any(|word| {
            let word = word.to_ascii_lowercase();
            word.starts_with("cc-") || is_one_of(SENSITIVE, &word)
        });
    if sensitive || inputs == Inputs::Masked { Field::Barred } else { Field::Shown }
}

/// Attributes of a masked element that only say how its box looks; all others may hold what the mask hides.
pub(crate) fn may_keep(attribute: &str) -> bool {
    const LOOKS: &str = "class,id,style,type,rows,cols,size,dir,lang,hidden,disabled,readonly,required,multiple,width,height,\
        colspan,rowspan,part,slot,min,max,step,name,wrap";
    is_one_of(LOOKS, attribute)
}

/// The width in px of the block over masked text that is `width` px wide: a multiple of 48 px, so that the block
/// tells no more than a dozen letters' worth about the length of the text.
pub(crate) fn block_width(width: f64) -> f64 {
    (width / 48.0).ceil().max(1.0) * 48.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn typed_values_are_barred_unless_the_host_shows_them() {
        assert_eq!(field("input", "text", "", Inputs::Masked), Field::Barred);
        assert_eq!(field("input", "text", "", Inputs::Shown), Field::Shown);
        assert_eq!(field("select", "", "", Inputs::Masked), Field::Barred);
        assert_eq!(field("input", "checkbox", "", Inputs::Masked), Field::Shown);
    }

    #[test]
    fn secrets_are_barred_whatever_the_host_shows() {
        assert_eq!(field("input", "password", "", Inputs::Shown), Field::Barred);
        for words in ["cc-number", "section-x shipping CC-CSC", "billing name", "one-time-code"] {
            assert_eq!(field("input", "text", words, Inputs::Shown), Field::Barred, "{words}");
        }
        assert_eq!(field("input", "search", "off", Inputs::Shown), Field::Shown);
    }

    #[test]
    fn attributes_that_may_hold_text_are_dropped() {
        for name in ["value", "title", "alt", "aria-label", "placeholder", "data-card", "href", "src"] {
            assert!(!may_keep(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn block_covers_the_text_without_telling_its_length(width in 0.0_f64..5000.0) {
            let block = block_width(width);
            prop_assert!(block >= width && block < width + 96.0);
            prop_assert_eq!(block % 48.0, 0.0);
        }
    }
}
