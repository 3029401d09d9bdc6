//! Whether two pieces of LaTeX denote the same answer, up to formatting: the rules of the MATH dataset's evaluation
//! (Hendrycks and others 2021), which HELM follows.

/// 1 if both answers are the same after removing units, spaces and superfluous LaTeX and after writing fractions and
/// roots in one way; if either can't be brought to that form, 1 if they are the same as written. Two absent answers count as the same, an
/// absent and a present one as different.
pub fn equivalent(first: Option<&str>, second: Option<&str>) -> bool {
    match (first, second) {
        (None, None) => true,
        (Some(first), Some(second)) => match (canonical(first), canonical(second)) {
            (Some(a), Some(b)) => a == b,
            _ => first == second,
        },
        _ => false,
    }
}

/// Whether the last boxed answers of two solutions are [`equivalent`].
pub fn equivalent_solutions(first: &str, second: &str) -> bool {
    equivalent(boxed_answer(first), boxed_answer(second))
}

/// The content of the last `\boxed{...}`. `None` if there is none, it is not closed, or the last box is an `\fbox`.
pub fn boxed_answer(solution: &str) -> Option<&str> {
    last_box(solution)?.strip_prefix("\\boxed{")?.strip_suffix('}')
}

/// The last `\boxed` or, without any, the last `\fbox`, up to the brace that closes it.
fn last_box(text: &str) -> Option<&str> {
    let start = text.rfind("\\boxed").or_else(|| text.rfind("\\fbox"))?;
    let mut open = 0_i64;
    for (offset, byte) in text.bytes().enumerate().skip(start) {
        match byte {
            b'{' => open += 1,
            b'}' => {
                open -= 1;
                if open == 0 {
                    return Some(&text[start..=offset]);
                }
            }
            _ => {}
        }
    }
    None
}

/// Removed or replaced before anything else, in this order.
const REPLACEMENTS: [(&str, &str); 10] = [
    ("\n", ""),
    ("\\!", ""),
    ("\\\\", "\\"),
    ("tfrac", "frac"),
    ("dfrac", "frac"),
    ("\\left", ""),
    ("\\right", ""),
    ("^{\\circ}", ""),
    ("^\\circ", ""),
    ("\\$", ""),
];

/// The one way to write an answer; `None` where the rules break down (a dangling `\frac`, two units).
fn canonical(text: &str) -> Option<String> {
    let mut text = text.to_owned();
    for (from, to) in REPLACEMENTS {
        text = text.replace(from, to);
    }
    text = without_units(&text)?;
    text = text.replace("\\%", "").replace(" .", " 0.").replace("{.", "{0.");
    if text.is_empty() {
        return Some(text);
    }
    if text.starts_with('.') {
        text.insert(0, '0');
    }
    if let Some((left, right)) = text.split_once('=')
        && !right.contains('=')
        && left.chars().count() <= 2
    {
        text = right.to_string();
    }
    text = braced_roots(&text)?.replace(' ', "");
    text = braced_fractions(&text)?;
    if text == "0.5" {
        text = "\\frac{1}{2}".into();
    }
    Some(slash_as_fraction(&text))
}

/// Units stand at the right in `\text{ ...}`.
fn without_units(text: &str) -> Option<String> {
    let mut parts = text.split("\\text{ ");
    let before = parts.next()?;
    let units = parts.count();
    (units <= 1).then(|| before.to_owned())
}

/// `\sqrt3` as `\sqrt{3}`.
fn braced_roots(text: &str) -> Option<String> {
    let mut parts = text.split("\\sqrt");
    let mut result = parts.next()?.to_owned();
    for part in parts {
        let first = part.chars().next()?;
        if first == '{' {
            result.push_str("\\sqrt");
            result.push_str(part);
        } else {
            let (first, rest) = part.split_at(first.len_utf8());
            result.extend(["\\sqrt{", first, "}", rest]);
        }
    }
    Some(result)
}

/// `\frac12` as `\frac{1}{2}`, `\frac1{72}` as `\frac{1}{72}`. A fraction of one character leaves all as it is.
fn braced_fractions(text: &str) -> Option<String> {
    let mut parts = text.split("\\frac");
    let mut result = parts.next()?.to_owned();
    for part in parts {
        result.push_str("\\frac");
        let mut characters = part.char_indices();
        if characters.next()?.1 == '{' {
            result.push_str(part);
            continue;
        }
        let Some((middle, below)) = characters.next() else { return Some(text.to_owned()) };
        let (above, rest) = part.split_at(middle);
        if below == '{' {
            result.extend(["{", above, "}", rest]);
        } else {
            let (below, rest) = rest.split_at(below.len_utf8());
            result.extend(["{", above, "}{", below, "}", rest]);
        }
    }
    Some(result)
}

/// `2/3` as `\frac{2}{3}`, if that is all there is.
fn slash_as_fraction(text: &str) -> String {
    match text.split_once('/') {
        Some((above, below)) if is_plain_integer(above) && is_plain_integer(below) => {
            format!("\\frac{{{above}}}{{{below}}}")
        }
        _ => text.to_owned(),
    }
}

/// An integer as it would be printed: no plus, no leading zeros.
fn is_plain_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits && (text == "0" || !digits.starts_with('0'))
}
