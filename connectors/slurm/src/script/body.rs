//! A user's script: what runs it, the comments and options at its head, and the rest.

/// A batch script as its author wrote it.
#[derive(Debug)]
pub(crate) struct UserScript<'a> {
    text: &'a str,
    /// Comments, options and empty lines before the first command, without the line that says what runs it.
    head: Vec<&'a str>,
    rest: &'a str,
    shebang: Option<&'a str>,
}

/// What runs scripts in the language that variables are exported in.
const SHELLS: [&str; 6] = ["ash", "bash", "dash", "ksh", "sh", "zsh"];
const DEFAULT: &str = "#!/bin/bash";

impl<'a> UserScript<'a> {
    pub(crate) fn read(text: &'a str) -> Self {
        let mut rest = text;
        let shebang = first_line(rest).filter(|line| line.starts_with("#!"));
        if let Some(line) = shebang {
            rest = after(rest, line);
        }
        let mut head = Vec::new();
        while let Some(line) = first_line(rest) {
            let is_comment = line.trim_start().starts_with('#');
            if !is_comment && !line.trim().is_empty() {
                break;
            }
            head.push(line.trim_end());
            rest = after(rest, line);
        }
        while head.last().is_some_and(|line| line.is_empty()) {
            head.pop();
        }
        Self { text, head, rest, shebang: shebang.map(str::trim_end) }
    }

    /// Whether a Bourne shell runs it, so that variables can be set in front of it.
    pub(crate) fn is_shell(&self) -> bool {
        let Some(shebang) = self.shebang else { return true };
        let words = shebang.trim_start_matches("#!").split_whitespace();
        let mut names = words.map(|word| word.rsplit('/').next().unwrap_or(word));
        match names.next() {
            // Options of `env`, and variables it sets, come before the program.
            Some("env") => {
                let program = names.find(|word| !word.starts_with('-') && !word.contains('='));
                program.is_some_and(|name| SHELLS.contains(&name))
            }
            Some(name) => SHELLS.contains(&name),
            None => true,
        }
    }

    /// How the submitted script begins: what runs it, and what the user's script has before its first command.
    pub(crate) fn head(&self) -> impl Iterator<Item = &'a str> {
        let is_shell = self.is_shell();
        let shebang = self.shebang.filter(|_| is_shell).unwrap_or(DEFAULT);
        let kept = move |line: &&str| is_shell || line.trim_start().starts_with("#SBATCH");
        std::iter::once(shebang).chain(self.head.clone().into_iter().filter(kept))
    }

    /// The lines at its head that are options of sbatch.
    pub(crate) fn options(&self) -> impl Iterator<Item = &'a str> {
        self.head.iter().copied().filter(|line| line.trim_start().starts_with("#SBATCH"))
    }

    /// Its commands; `None` if they are in a language of their own.
    pub(crate) fn body(&self) -> Option<String> {
        let end = if self.rest.is_empty() || self.rest.ends_with('\n') { "" } else { "\n" };
        self.is_shell().then(|| format!("{}{end}", self.rest))
    }

    /// The whole of it, where another program than a shell runs it.
    pub(crate) fn beside(&self) -> Option<&'a str> {
        (!self.is_shell()).then_some(self.text)
    }
}

fn first_line(text: &str) -> Option<&str> {
    text.split_inclusive('\n').next()
}

fn after<'a>(text: &'a str, line: &str) -> &'a str {
    text.get(line.len()..).unwrap_or_default()
}
