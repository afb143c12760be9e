//! Patterns of paths.

/// Whether a text fits a pattern in which `*` stands for anything, slashes included.
pub(super) fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut last_star = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                last_star = Some((at, seen));
                at += 1;
            }
            Some(byte) if *byte == text[seen] => (at, seen) = (at + 1, seen + 1),
            _ => match &mut last_star {
                Some((star, from)) => {
                    *from += 1;
                    (at, seen) = (*star + 1, *from);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        let fits = |pattern: &str, text: &str| glob(pattern.as_bytes(), text.as_bytes());
        assert!(fits("/redfish/*/Actions/*", "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset"));
        assert!(fits("*", "") && fits("a*a", "aba") && fits("a**c", "abc"));
        assert!(!fits("a*a", "a") && !fits("/redfish", "/redfish/v1") && !fits("", "a"));
    }
}
