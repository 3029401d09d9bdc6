//! The address of every page, relative to the site's root. The server and the static site share them: every address is
//! also a file name that is valid on every system.

use std::fmt::Write as _;

/// A name as a part of an address: readable, lower-case, and unlike any other name's.
pub(crate) fn slug(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if out.len() >= 48 {
            break;
        }
        match c {
            'a'..='z' | '0'..='9' => out.push(c),
            'A'..='Z' => out.push(c.to_ascii_lowercase()),
            _ if !out.ends_with('-') && !out.is_empty() => out.push('-'),
            _ => {}
        }
    }
    let _ =
        write!(out, "{}{:06x}", if out.ends_with('-') { "" } else { "-" }, fnv(name) & 0xff_ffff);
    out.trim_start_matches('-').to_owned()
}

/// FNV-1a, 64 bits.
pub(crate) fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A page of a suite: `leaderboard`, `fairness`, `plots`, `coverage`, `compare`.
pub(crate) fn suite(name: &str, page: &str) -> String {
    format!("suite/{}/{page}.html", slug(name))
}

/// Two models of a suite side by side, in the static site.
pub(crate) fn compare(suite: &str, one: &str, other: &str) -> String {
    format!("suite/{}/compare/{}--{}.html", slug(suite), slug(one), slug(other))
}

/// A run's page.
pub(crate) fn run(run: i64) -> String {
    format!("run/{run}/index.html")
}

/// A run's list of instances.
pub(crate) fn instances(run: i64) -> String {
    format!("run/{run}/instances.html")
}

/// A part of a run's list of instances in the static site.
pub(crate) fn instances_part(run: i64, show: &str, page: usize) -> String {
    if page == 0 && show == "all" {
        return instances(run);
    }
    format!("run/{run}/instances-{show}-{}.html", page + 1)
}

/// One unit.
pub(crate) fn unit(run: i64, position: usize, trial: usize) -> String {
    match trial {
        0 => format!("run/{run}/i/{position}.html"),
        _ => format!("run/{run}/i/{position}-t{trial}.html"),
    }
}

/// A card's page; `kind` is `models`, `scenarios`, `metrics` or `perturbations`.
pub(crate) fn card(kind: &str, name: &str) -> String {
    format!("{kind}/{}.html", slug(name))
}

/// How to get from a page to the root: `../` for each folder.
pub(crate) fn root(path: &str) -> String {
    "../".repeat(path.matches('/').count())
}

/// Encodes a text for use as a value in a query.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_file_names_everywhere() {
        for name in ["CON", "a/b:c", "..", "", "ünï", "\u{202e}x", &"x".repeat(300)] {
            let slug = slug(name);
            let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(slug.chars().all(allowed) && (6..60).contains(&slug.len()), "{slug}");
        }
        assert_ne!(slug("Model"), slug("model"));
        assert!(slug("SmolLM2-135M-Instruct").starts_with("smollm2-135m-instruct-"));
    }

    #[test]
    fn roots_lead_back() {
        assert_eq!(root("index.html"), "");
        assert_eq!(root(&unit(3, 17, 0)), "../../../");
        assert_eq!(encode("a b&c/ü"), "a%20b%26c%2F%C3%BC");
    }
}
