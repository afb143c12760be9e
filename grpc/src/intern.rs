//! Texts of another process where the contract has texts of the program's own: kept once each, and not without end.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

/// How many texts are kept; a driver has a few dozen.
const MOST: usize = 1024;
/// How long one may be.
const LONGEST: usize = 512;

static KEPT: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// The text, kept for as long as the program runs; an ellipsis where there is no more room.
pub(crate) fn kept(text: &str) -> &'static str {
    let text = text.get(..text.floor_char_boundary(LONGEST)).unwrap_or_default();
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = kept.get(text) {
        return found;
    }
    if kept.len() >= MOST {
        return "…";
    }
    let new: &'static str = Box::leak(text.to_owned().into_boxed_str());
    kept.insert(new);
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_once_and_a_flood_of_them_is_not_kept() {
        assert!(std::ptr::eq(kept("RAKP 2"), kept("RAKP 2")));
        for n in 0..2 * MOST {
            kept(&n.to_string());
        }
        assert_eq!((kept("one too many"), kept("RAKP 2")), ("…", "RAKP 2"));
    }
}
