//! What a binary says of itself: version, commit and features, with `--version`, at start and as a metric.
//! `lib` sets it from what `main` hands over; `cli`, `app` and `metrics` read it.

use std::sync::OnceLock;

/// What a binary says of itself, beside the version of this crate. For binaries with connectors of their
/// own; without it [`main()`](crate::main()) says the version alone.
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     connector_service::About::new()
///         .commit(option_env!("BUILD_COMMIT"))
///         .features(&["render"])
///         .main()
/// }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct About {
    commit: Option<&'static str>,
    features: &'static [&'static str],
}

static OF_PROCESS: OnceLock<About> = OnceLock::new();

impl About {
    /// Nothing but the version of this crate.
    #[must_use]
    pub const fn new() -> Self {
        Self { commit: None, features: &[] }
    }

    /// The commit it was built from, if that is known. An empty one is none.
    #[must_use]
    pub const fn commit(mut self, commit: Option<&'static str>) -> Self {
        self.commit = match commit {
            Some(known) if !known.is_empty() => Some(known),
            _ => None,
        };
        self
    }

    /// The features that it was built with.
    #[must_use]
    pub const fn features(mut self, features: &'static [&'static str]) -> Self {
        self.features = features;
        self
    }

    /// Says this of the process, once.
    pub(crate) fn tell(self) {
        OF_PROCESS.get_or_init(|| self);
    }

    /// What this process was started with.
    pub(crate) fn of_process() -> Self {
        OF_PROCESS.get().copied().unwrap_or_default()
    }

    /// The version of this crate.
    pub(crate) const fn version() -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    /// The commit, or nothing.
    pub(crate) fn known_commit(self) -> &'static str {
        self.commit.unwrap_or_default()
    }

    /// The features, and those of this crate.
    pub(crate) fn all_features(self) -> Vec<&'static str> {
        self.features.to_vec()
    }

    /// Version and commit in one line.
    pub(crate) fn short(self) -> String {
        let version = Self::version();
        self.commit.map_or(version.to_owned(), |commit| format!("{version} ({commit})"))
    }

    /// All of it, in lines.
    pub(crate) fn long(self) -> String {
        let features = self.all_features();
        let mut text = Self::version().to_owned();
        if let Some(commit) = self.commit {
            text.push_str(&format!("\ncommit    {commit}"));
        }
        if !features.is_empty() {
            text.push_str(&format!("\nfeatures  {}", features.join(" ")));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::About;

    #[test]
    fn what_is_not_known_is_not_said() {
        let version = env!("CARGO_PKG_VERSION");
        let nothing = About::new().commit(Some(""));
        assert_eq!((nothing.short(), nothing.long()), (version.to_owned(), version.to_owned()));
        let all = About::new().commit(Some("8d813ef")).features(&["a", "b"]);
        assert_eq!(all.short(), format!("{version} (8d813ef)"));
        assert_eq!(all.long(), format!("{version}\ncommit    8d813ef\nfeatures  a b"));
    }
}
