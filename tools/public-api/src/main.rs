//! Lists what the crates that users link make public, one file per crate, read from rustdoc.
//! Run by hand after a change of the public API, and with `--check` by CI.
//! Only arguments and files live here; `rustdoc` asks the compiler, `surface` reads its answer.

mod rustdoc;
mod surface;

use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use surface::Surface;

/// The crates that users link.
const CRATES: [&str; 3] = ["connector-core", "connector-service", "connector-testing"];

const USAGE: &str = "usage: public-api [--check]";
const FIX: &str = "run `cargo run -p public-api`, read the difference and commit it";

/// Anything that went wrong; the text is all that a caller needs.
type Failure = Box<dyn Error>;

fn main() -> ExitCode {
    // Cargo calls this program in rustdoc's place.
    if let Some(code) = rustdoc::stand_in() {
        return code;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let check = match arguments.as_slice() {
        [] => false,
        [one] if one == "--check" => true,
        _ => return report(&[USAGE.to_owned()], 2),
    };
    match run(check) {
        Ok(problems) if problems.is_empty() => ExitCode::SUCCESS,
        Ok(problems) => report(&problems, 1),
        Err(error) => report(&[format!("public-api: {error}")], 1),
    }
}

/// What is not as it should be. With `check` off, the lists have been written.
fn run(check: bool) -> Result<Vec<String>, Failure> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let told = rustdoc::json(root, &CRATES)?;
    let mut problems = Vec::new();
    for (name, json) in CRATES.into_iter().zip(told) {
        let surface = Surface::of(&json).map_err(|why| format!("{name}: {why}"))?;
        problems.extend(surface.ambiguous());
        let list = root.join(name).join("public-api.txt");
        let text = surface.to_string();
        if !check {
            fs::write(&list, text)?;
        } else if fs::read_to_string(&list).unwrap_or_default() != text {
            problems.push(format!("{name}/public-api.txt is not what {name} makes public: {FIX}"));
        }
    }
    Ok(problems)
}

fn report(lines: &[String], code: u8) -> ExitCode {
    let mut stderr = std::io::stderr().lock();
    for line in lines {
        if writeln!(stderr, "{line}").is_err() {
            break;
        }
    }
    ExitCode::from(code)
}
