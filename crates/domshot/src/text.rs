//! Bytes taken apart and put together without the weight of `core::fmt`, UTF-8 checks and exact float parsing: all that
//! means something in CSS is ASCII, and everything else is passed on as it came.

/// Adds `text`; one copy of the code keeps the module small.
#[inline(never)]
pub(crate) fn add(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(text);
}

/// Adds `template`, every `$` in it replaced by the next of `parts`.
#[inline(never)]
pub(crate) fn fill(out: &mut Vec<u8>, template: &[u8], parts: &[&[u8]]) {
    let mut parts = parts.iter();
    for byte in template {
        match parts.as_slice().first() {
            Some(part) if *byte == b'$' => {
                parts.next();
                add(out, part);
            }
            _ => out.push(*byte),
        }
    }
}

/// Adds the decimal digits of `n`.
pub(crate) fn digits(out: &mut Vec<u8>, n: usize) {
    if n >= 10 {
        digits(out, n / 10);
    }
    out.push(b'0' + (n % 10) as u8);
}

/// The whole number at the beginning of `text`.
pub(crate) fn whole(text: &[u8]) -> usize {
    text.iter().take_while(|b| b.is_ascii_digit()).fold(0, |n, b| n * 10 + usize::from(b - b'0'))
}

/// Where `needle` begins in `text`, or its end.
#[inline(never)]
pub(crate) fn find(text: &[u8], needle: &[u8]) -> usize {
    (0..text.len()).find(|&at| text[at..].starts_with(needle)).unwrap_or(text.len())
}

/// Does `needle` occur in `text`?
pub(crate) fn has(text: &[u8], needle: &[u8]) -> bool {
    find(text, needle) < text.len()
}

/// Is `byte` one of `set`? The standard library's search is faster on long texts, and ten times as big.
#[inline(never)]
#[expect(clippy::manual_contains, reason = "`contains` brings the search that is ten times as big")]
pub(crate) fn is_in(byte: u8, set: &[u8]) -> bool {
    set.iter().any(|one| *one == byte)
}

/// `text` before and after the first `mark`; what follows is empty where there is none.
#[inline(never)]
pub(crate) fn halves(text: &[u8], mark: u8) -> (&[u8], &[u8]) {
    let at = find(text, &[mark]);
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

/// `text` without the bracket or quote that begins it, and without the one that ends it, which a broken text may lack.
#[inline(never)]
pub(crate) fn inside(text: &[u8]) -> &[u8] {
    match text.get(1..).unwrap_or_default() {
        [inside @ .., b')' | b']' | b'}' | b'"' | b'\''] => inside,
        unclosed => unclosed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled_in_order() {
        let mut out = Vec::new();
        fill(&mut out, b"a$b$", &[b"1", b"2"]);
        assert_eq!(out, b"a1b2");
    }

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
}
