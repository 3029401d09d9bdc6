//! Sizes as people write them.

/// Reads `500MB`, `2 GB`, `1.5GiB` or a number of bytes. Decimal units are powers of 1000, `KiB` and so on of 1024.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let at = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = (&text[..at], text[at..].trim().to_ascii_lowercase());
    let factor: u64 = match unit.as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "t" | "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return Err(unreadable(text)),
    };
    let number: f64 = number.parse().map_err(|_| unreadable(text))?;
    Ok((number * factor as f64) as u64)
}

fn unreadable(text: &str) -> String {
    format!("`{text}` is not a size; hint: write for instance 500MB or 2GB")
}

/// Writes a number of bytes as people read it.
pub(crate) fn show(bytes: u64) -> String {
    let units = [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")];
    for (factor, unit) in units {
        if bytes >= factor {
            return format!("{:.1} {unit}", bytes as f64 / factor as f64);
        }
    }
    format!("{bytes} B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written() {
        assert_eq!(parse("500MB"), Ok(500_000_000));
        assert_eq!(parse("1.5 GiB"), Ok(1_610_612_736));
        assert_eq!(parse("0"), Ok(0));
        assert!(parse("much").is_err());
        assert!(parse("").is_err());
        assert_eq!(show(1_536_000), "1.5 MB");
        assert_eq!(show(12), "12 B");
    }
}
