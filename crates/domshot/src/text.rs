//! Bytes taken apart without the weight of UTF-8 checks and exact parsing: all that means something here is ASCII.

/// The whole number at the beginning of `text`, or the largest there is.
pub(crate) fn whole(text: &[u8]) -> u32 {
    text.iter()
        .take_while(|b| b.is_ascii_digit())
        .fold(0, |n: u32, b| n.saturating_mul(10).saturating_add(u32::from(b - b'0')))
}

/// `text` before and after the first `mark`; what follows is empty where there is none.
#[inline(never)]
pub(crate) fn halves(text: &[u8], mark: u8) -> (&[u8], &[u8]) {
    let at = text.iter().position(|byte| *byte == mark).unwrap_or(text.len());
    (&text[..at], text.get(at + 1..).unwrap_or_default())
}

/// Is `word` one of the comma-separated words of `list`?
#[inline(never)]
pub(crate) fn is_one_of(list: &[u8], word: &[u8]) -> bool {
    let mut rest = list;
    while !rest.is_empty() {
        let (first, after) = halves(rest, b',');
        if first == word {
            return true;
        }
        rest = after;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whole() {
        assert!(is_one_of(b"a,bc,d", b"bc") && is_one_of(b"a,bc,d", b"d"));
        assert!(!is_one_of(b"a,bc,d", b"b") && !is_one_of(b"a,bc", b"") && !is_one_of(b"a,bc", b"a,bc"));
    }

    #[test]
    fn halves_part_at_the_first_mark() {
        assert_eq!(halves(b"a:b:c", b':'), (&b"a"[..], &b"b:c"[..]));
        assert_eq!(halves(b"a", b':'), (&b"a"[..], &b""[..]));
    }

    #[test]
    fn a_number_ends_where_its_digits_end() {
        assert_eq!((whole(b"50.7"), whole(b""), whole(b"99999999999")), (50, 0, u32::MAX));
    }
}
