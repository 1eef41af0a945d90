//! Circles in a set of arrows.
//! `main` tells what is found here; what an arrow is, `modules` decides.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// From each file to the files it needs.
pub(crate) type Arrows = BTreeMap<String, BTreeSet<String>>;

/// Circles such that every file that is in one at all is in one of these: the shortest through each.
pub(crate) fn circles(arrows: &Arrows) -> Vec<String> {
    let mut told = BTreeSet::new();
    let mut covered = BTreeSet::new();
    for start in arrows.keys() {
        if covered.contains(start.as_str()) {
            continue;
        }
        if let Some(circle) = shortest(arrows, start) {
            covered.extend(circle.iter().copied());
            let first = circle.first().copied().unwrap_or_default();
            told.insert(format!("{} → {first}", circle.join(" → ")));
        }
    }
    told.into_iter().collect()
}

/// The shortest way from a file back to itself, the file first.
fn shortest<'a>(arrows: &'a Arrows, start: &'a str) -> Option<Vec<&'a str>> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut next = VecDeque::from([start]);
    while let Some(here) = next.pop_front() {
        for there in arrows.get(here).into_iter().flatten() {
            if there == start {
                let mut way = vec![here];
                while let Some(before) = way.last().and_then(|last| came_from.get(last)) {
                    way.push(before);
                }
                way.reverse();
                return Some(way);
            }
            if !came_from.contains_key(there.as_str()) {
                came_from.insert(there, here);
                next.push_back(there);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Arrows, circles};

    fn arrows(pairs: &[(&str, &str)]) -> Arrows {
        let mut arrows = Arrows::new();
        for (from, to) in pairs {
            arrows.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        arrows
    }

    #[test]
    fn a_way_down_is_no_circle() {
        assert!(circles(&arrows(&[("a", "b"), ("b", "c"), ("a", "c")])).is_empty());
        assert!(circles(&Arrows::new()).is_empty());
    }

    #[test]
    fn every_file_in_a_circle_is_told_once() {
        let two = [("a", "b"), ("b", "a"), ("c", "d"), ("d", "e"), ("e", "c"), ("x", "a")];
        assert_eq!(circles(&arrows(&two)), ["a → b → a", "c → d → e → c"]);
        let eight = [("a", "b"), ("b", "a"), ("b", "c"), ("c", "b")];
        assert_eq!(circles(&arrows(&eight)), ["a → b → a", "c → b → c"]);
    }
}
