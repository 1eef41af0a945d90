//! The command line of Flyte 1's program: that of `c0` behind two words.
//! `cli` asks where the program is called so.

use std::ffi::OsString;

use super::Printed;

/// The arguments of `pyflyte serve connector`, or of `agent` as it was called before, as those of `c0`.
pub(super) fn without_words(arguments: Vec<OsString>) -> Result<Vec<OsString>, Printed> {
    let words: Vec<&OsString> = arguments.iter().skip(1).take(2).collect();
    match words.as_slice() {
        [serve, what] if *serve == "serve" && (*what == "agent" || *what == "connector") => {
            let mut arguments = arguments;
            arguments.drain(1..3);
            Ok(arguments)
        }
        [help] if *help == "--help" || *help == "--version" => Ok(arguments),
        _ => {
            let text = "this program is called `pyflyte` here and serves connectors: write \
                        `pyflyte serve connector` or `pyflyte serve agent`; see --help\n";
            Err(Printed { text: text.to_owned(), is_error: true })
        }
    }
}
