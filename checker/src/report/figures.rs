//! Measured figures as people read them: `p99 ms: 9214.2` is a p99 of 9.2 s.

use std::time::Duration;

use serde_json::Value;

use crate::story::{human, with_commas};

/// Units that a figure's name may end with.
const UNITS: [&str; 9] = ["ms", "s", "us", "%", "x", "MiB", "KiB", "bytes", "/s"];

/// The name without its unit, and the value with it.
pub fn figure(name: &str, value: &Value) -> (String, String) {
    let (name, unit) = match name.rsplit_once(' ') {
        Some((name, unit)) if UNITS.contains(&unit) => (name, unit),
        _ => (name, ""),
    };
    (name.to_owned(), shown(value, unit))
}

/// `p99 9.2 s`
pub fn named(name: &str, value: &Value) -> String {
    let (name, value) = figure(name, value);
    format!("{name} {value}")
}

fn shown(value: &Value, unit: &str) -> String {
    let Some(number) = value.as_f64() else {
        return match value {
            Value::String(words) => words.clone(),
            other => other.to_string(),
        };
    };
    let seconds = match unit {
        "s" => Some(number),
        "ms" => Some(number / 1e3),
        "us" => Some(number / 1e6),
        _ => None,
    };
    // A duration that is none, below zero say, is shown as the number that it is.
    if let Some(duration) = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
        return if duration.is_zero() { format!("0 {unit}") } else { human(duration) };
    }
    match unit {
        "" => rounded(number),
        "x" => format!("{}×", rounded(number)),
        "/s" => format!("{}/s", rounded(number)),
        unit => format!("{} {unit}", rounded(number)),
    }
}

/// Whole from a hundred on, with commas; three figures below.
fn rounded(number: f64) -> String {
    let size = number.abs();
    match number {
        number if number.fract() == 0.0 || size >= 100.0 => with_commas(format!("{number:.0}")),
        number if size >= 10.0 => format!("{number:.1}"),
        number => format!("{number:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_read_well() {
        let shown = [
            named("p99 ms", &json!(9214.2)),
            named("answered", &json!(847)),
            named("rows read", &json!(10_000_000)),
            named("faster x", &json!(46.02)),
            named("share %", &json!(99.5)),
            named("requests /s", &json!(1234.56)),
            named("lost ms", &json!(0)),
            named("drift ms", &json!(-12.5)),
            named("placed", &json!("10 and 10")),
        ];
        let expected = [
            "p99 9.2 s",
            "answered 847",
            "rows read 10,000,000",
            "faster 46.0×",
            "share 99.5 %",
            "requests 1,235/s",
            "lost 0 ms",
            "drift -12.5 ms",
            "placed 10 and 10",
        ];
        assert_eq!(shown, expected);
    }
}
