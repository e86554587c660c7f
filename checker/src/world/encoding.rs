//! Bytes as text and back, in the ways that cookies and databases use: hexadecimal and base64.

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

/// With `+`, `/` and padding.
pub fn base64(bytes: &[u8]) -> String {
    let mut text = base64_bare(bytes);
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// With `-` and `_`, without padding.
pub fn base64_url(bytes: &[u8]) -> String {
    base64_bare(bytes).replace('+', "-").replace('/', "_")
}

fn base64_bare(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let three = [chunk[0], chunk.get(1).copied().unwrap_or(0), chunk.get(2).copied().unwrap_or(0)];
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for digit in 0..=chunk.len() {
            let value = (bits >> (18 - 6 * digit)) & 63;
            text.push(char::from(STANDARD[value as usize]));
        }
    }
    text
}

/// Of either alphabet, with or without padding.
pub fn unbase64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=').replace('-', "+").replace('_', "/");
    if digits.is_empty() || digits.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for digit in digits.bytes() {
        let value = STANDARD.iter().position(|&known| known == digit)?;
        bits = (bits << 6) | u32::try_from(value).ok()?;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(bits.checked_shr(held)?.to_le_bytes()[0]);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_can_be_read() {
        for bytes in [&b"g"[..], b"go", b"gos", b"goss\xff\xfe"] {
            assert_eq!(unhex(&hex(bytes)).as_deref(), Some(bytes));
            assert_eq!(unbase64(&base64(bytes)).as_deref(), Some(bytes));
            assert_eq!(unbase64(&base64_url(bytes)).as_deref(), Some(bytes));
        }
        assert_eq!(base64(b"goss\xff\xfe"), "Z29zc//+");
        assert_eq!(base64_url(b"go"), "Z28");
        assert_eq!((unhex("0g"), unhex("123"), unbase64("a b")), (None, None, None));
    }
}
