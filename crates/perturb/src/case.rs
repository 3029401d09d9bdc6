//! Letter case, as Python's string methods have it.

/// `target` in the case of `source`: all lower, all upper, capitalised, else as it is. HELM's `match_case`: a character that is
/// neither (an apostrophe, a digit) makes a word neither all lower nor all upper.
pub(crate) fn match_case(source: &str, target: &str) -> String {
    if source.chars().all(char::is_lowercase) {
        target.to_lowercase()
    } else if source.chars().all(char::is_uppercase) {
        target.to_uppercase()
    } else if source.chars().next().is_some_and(char::is_uppercase) {
        capitalise(target)
    } else {
        target.to_owned()
    }
}

/// Python's `str.capitalize`: the first character in upper case, the rest in lower case.
fn capitalise(word: &str) -> String {
    let mut characters = word.chars();
    let first: String = characters.next().into_iter().flat_map(char::to_uppercase).collect();
    first + &characters.as_str().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::match_case;

    #[test]
    fn cases_follow_the_source() {
        assert_eq!(match_case("with", "WIT"), "wit");
        assert_eq!(match_case("WITH", "wit"), "WIT");
        assert_eq!(match_case("With", "wit"), "Wit");
        assert_eq!(match_case("i'm", "I Am"), "I Am");
        assert_eq!(match_case("wITH", "Wit"), "Wit");
        assert_eq!(match_case("It's", "it IS"), "It is");
    }
}
