//! Text put together and taken apart without the weight of `core::fmt` and exact float parsing.

/// Adds `text`; one call site each keeps the module small.
#[inline(never)]
pub(crate) fn add(out: &mut String, text: &str) {
    out.push_str(text);
}

/// Adds `template`, every `$` in it replaced by the next of `parts`.
#[inline(never)]
pub(crate) fn fill(out: &mut String, template: &str, parts: &[&str]) {
    let mut parts = parts.iter();
    let mut from = 0;
    for (at, byte) in template.bytes().enumerate() {
        if byte == b'$' {
            add(out, &template[from..at]);
            add(out, parts.next().unwrap_or(&""));
            from = at + 1;
        }
    }
    add(out, &template[from..]);
}

/// [`fill`] into a text of its own.
#[inline(never)]
pub(crate) fn filled(template: &str, parts: &[&str]) -> String {
    let mut out = String::new();
    fill(&mut out, template, parts);
    out
}

/// Decimal digits of `n`.
#[inline(never)]
pub(crate) fn number(n: usize) -> String {
    let mut out = String::new();
    digits(&mut out, n);
    out
}

fn digits(out: &mut String, n: usize) {
    if n >= 10 {
        digits(out, n / 10);
    }
    out.push((b'0' + (n % 10) as u8) as char);
}

/// A length for CSS and SVG, to a hundredth of a pixel and never in scientific notation.
#[inline(never)]
pub(crate) fn pixels(value: f64) -> String {
    // `as` saturates, and makes 0 of NaN, which is what a broken transform deserves.
    let hundredths = (value.abs() * 100.0 + 0.5) as usize;
    let mut out = String::new();
    if value < 0.0 && hundredths > 0 {
        out.push('-');
    }
    digits(&mut out, hundredths / 100);
    if !hundredths.is_multiple_of(100) {
        out.push('.');
        digits(&mut out, hundredths / 10 % 10);
        digits(&mut out, hundredths % 10);
    }
    out
}

/// The plain decimal number at the beginning of `text`.
#[inline(never)]
pub(crate) fn decimal(text: &str) -> f64 {
    let (mut n, mut step) = (0.0, 0.0);
    for b in text.bytes() {
        match b {
            b'0'..=b'9' if step > 0.0 => {
                n += f64::from(b - b'0') * step;
                step /= 10.0;
            }
            b'0'..=b'9' => n = n * 10.0 + f64::from(b - b'0'),
            b'.' if step == 0.0 => step = 0.1,
            _ => break,
        }
    }
    n
}

/// Where `needle` begins in `text`. The standard library's search is faster on long texts, and ten times as big.
#[inline(never)]
pub(crate) fn find(text: &str, needle: &str) -> Option<usize> {
    (0..text.len()).find(|&at| text.as_bytes()[at..].starts_with(needle.as_bytes()))
}

/// Is one of the comma-separated words of `list` equal to `word`?
#[inline(never)]
pub(crate) fn is_one_of(list: &str, word: &str) -> bool {
    list.split(',').any(|w| w == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_plain_decimals() {
        for (from, to) in [
            (0.0, "0"),
            (-1.005, "-1"),
            (12.5, "12.50"),
            (1e6, "1000000"),
            (-0.25, "-0.25"),
            (f64::NAN, "0"),
            (3.07, "3.07"),
        ] {
            assert_eq!(pixels(from), to, "{from}");
        }
    }

    #[test]
    fn templates_are_filled_in_order() {
        assert_eq!(filled("a$b$", &["1", "2"]), "a1b2");
    }

    #[test]
    fn words_are_found_whole() {
        assert!(is_one_of("ab,c", "c") && !is_one_of("ab,c", "a"));
        assert_eq!(find("abcabd", "abd"), Some(3));
    }

    #[test]
    fn decimals_are_read_to_their_end() {
        assert_eq!((decimal("12.5px"), decimal("0"), decimal(".25")), (12.5, 0.0, 0.25));
    }
}
