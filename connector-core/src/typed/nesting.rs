//! Types that hold themselves, in a list or through another type: told once, not for ever.
//! `record` and `union` tell about themselves through it.
//! Values need no such care: how deep they go is bounded where they are read.

use std::any::TypeId;
use std::cell::RefCell;

thread_local! {
    /// What is being told on this thread, from the outside in.
    static TELLING: RefCell<Vec<TypeId>> = const { RefCell::new(Vec::new()) };
}

/// What `tell` says about `T`, or inside itself what `name` says.
pub(super) fn told<T: 'static, R: 'static>(
    tell: impl FnOnce() -> R,
    name: impl FnOnce() -> R,
) -> R {
    // A description and a declaration of one type are different stories.
    let story = TypeId::of::<(T, R)>();
    let inside = TELLING.with_borrow_mut(|telling| {
        let inside = telling.contains(&story);
        telling.push(story);
        inside
    });
    let _end = End;
    if inside { name() } else { tell() }
}

/// Ends a story, also one that an author's default ended with a panic.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        TELLING.with_borrow_mut(Vec::pop);
    }
}

#[cfg(test)]
mod tests {
    use super::told;

    struct Tree;

    fn tell() -> String {
        told::<Tree, String>(|| format!("[{} {}]", tell(), tell()), || "Tree".to_owned())
    }

    #[test]
    fn a_story_is_not_told_inside_itself() {
        assert_eq!(tell(), "[Tree Tree]");
        assert_eq!(tell(), "[Tree Tree]");
    }

    #[test]
    fn a_panic_ends_the_story() {
        let panicking = || told::<Tree, String>(|| panic!("on purpose"), String::new);
        assert!(std::panic::catch_unwind(panicking).is_err());
        assert_eq!(tell(), "[Tree Tree]");
    }
}
