//! Cookies that somebody makes up: altered, guessed, rubbish; and how many could be guessed.

use std::collections::BTreeSet;

use rand::RngExt;

use super::{World, http::Browser};
use crate::story::{Stop, failed};

/// Fewer bits than this differ between two logins of a program that counts, or reads the clock; 128 random ones do.
const FEW_BITS: f64 = 60.0;

/// A cookie's value with something changed in it. Its last sign is left alone: some ways to write bytes as text do not
/// use all of it.
pub fn altered(value: &str) -> Vec<String> {
    let signs: Vec<char> = value.chars().collect();
    let length = signs.len();
    let mut altered: Vec<String> = (0..8)
        .map(|eighth| eighth * length / 8)
        .filter(|at| at + 1 < length)
        .map(|at| {
            let mut signs = signs.clone();
            signs[at] = next(signs[at]);
            signs.into_iter().collect()
        })
        .collect();
    altered.push(signs[..length / 2].iter().collect());
    altered.push(signs.iter().skip(1).collect());
    altered.push(format!("{value}0"));
    altered.push(format!("{value}{value}"));
    altered.push("_".repeat(length));
    altered.push(format!("{}%", signs[..length.min(1)].iter().collect::<String>()));
    altered.retain(|forged| forged != value);
    altered
}

/// Of the same kind, so that hexadecimal stays hexadecimal.
fn next(sign: char) -> char {
    match sign {
        '9' => '0',
        'f' => 'a',
        'F' => 'A',
        'z' => 'y',
        'Z' => 'Y',
        '0'..='8' | 'a'..='e' | 'g'..='y' | 'A'..='E' | 'G'..='Y' => char::from_u32(u32::from(sign) + 1).unwrap_or('0'),
        _ => '0',
    }
}

/// What a browser could hold and no program gives out.
pub fn rubbish() -> Vec<String> {
    let texts =
        ["", "0", "-1", "null", "undefined", "%", "%00", "%ff%fe", "' or 1=1 --", "../../etc/passwd", "{}", "a=b=c"];
    let mut rubbish: Vec<String> = texts.map(str::to_owned).into();
    rubbish.push("é言葉🍜".to_owned());
    rubbish.push("\"quoted\"".to_owned());
    rubbish.push("e30.e30.e30".to_owned());
    rubbish.push("x".repeat(3000));
    rubbish
}

/// A value that looks like one that was given out.
pub fn made_up(world: &mut World, like: &str) -> String {
    let mut random = |signs: &str| {
        let index = world.rng().random_range(0..signs.len());
        char::from(signs.as_bytes()[index])
    };
    let similar = |sign: char| match sign {
        '0'..='9' => random("0123456789"),
        'a'..='f' => random("abcdef"),
        'g'..='z' => random("ghijklmnopqrstuvwxyz"),
        'A'..='Z' => random("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        other => other,
    };
    like.chars().map(similar).collect()
}

/// The cookies of as many logins of one person, from browsers of their own.
pub async fn cookies_of_logins(person: &Browser, name: &str, logins: usize) -> Result<Vec<String>, Stop> {
    let mut values = Vec::new();
    for _ in 0..logins {
        let mut browser = person.another()?;
        browser.logs_in().await.expect_redirect("She logs in.")?;
        let Some(value) = browser.cookies().get(name) else {
            return failed(
                format!("each login sets the cookie {name}"),
                "one did not",
                "A login is a session of its own.",
            );
        };
        values.push(value.clone());
    }
    Ok(values)
}

/// How many bits of a cookie differ from login to login, at most: what somebody would have to guess.
pub fn differing_bits(values: &[String]) -> f64 {
    let signs: Vec<&[u8]> = values.iter().map(String::as_bytes).collect();
    let length = signs.iter().map(|signs| signs.len()).min().unwrap_or(0);
    let at = |position: usize| signs.iter().map(|signs| signs[position]).collect::<BTreeSet<u8>>();
    let varying: Vec<BTreeSet<u8>> = (0..length).map(at).filter(|seen| seen.len() > 1).collect();
    let all = |kind: fn(&u8) -> bool| varying.iter().flatten().all(kind);
    let alphabet: f64 = if all(u8::is_ascii_digit) {
        10.0
    } else if all(u8::is_ascii_hexdigit) {
        16.0
    } else {
        64.0
    };
    (alphabet.log2() * varying.len() as f64).round()
}

pub fn expect_unguessable(values: &[String], why: &str) -> Result<(), Stop> {
    let bits = differing_bits(values);
    if bits >= FEW_BITS {
        return Ok(());
    }
    failed("two logins' cookies have little in common (128 random bits)", format!("they differ in {bits} bits"), why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_guessed_and_random_bits_are_not() {
        let clock = ["7-1732505231007", "7-1732505231031", "7-1732505231102", "7-1732505231188"].map(str::to_owned);
        assert!(differing_bits(&clock) < FEW_BITS);
        let random = ["9f86d081884c7d659a2feaa0c55ad015", "2c26b46b68ffc68ff99b453c1d304134"].map(str::to_owned);
        assert!(differing_bits(&random) > FEW_BITS);
    }

    #[test]
    fn what_is_altered_is_something_else() {
        let value = "0123456789abcdef";
        let altered = altered(value);
        assert!(altered.len() > 10);
        assert!(altered.iter().all(|forged| forged != value));
    }
}
