//! PostgreSQL's password file: lines of `host:port:database:user:password`, where `*` fits everything.
//! `access` asks it. The form is described in PostgreSQL's documentation, "The Password File".

use std::fs;
use std::path::Path;

/// What a line is asked for: host, port, database and user.
pub(crate) type Asked<'a> = [&'a str; 4];

/// The password of the first line that fits, if one does.
///
/// # Errors
/// The file cannot be read, or others may read it, for which PostgreSQL's programs would leave it unread.
pub(crate) fn password(file: &Path, asked: Asked<'_>) -> Result<Option<String>, String> {
    let shown = file.display();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(file).map(|it| it.permissions().mode());
        let mode = mode.map_err(|error| format!("the password file {shown}: {error}"))?;
        if mode & 0o077 != 0 {
            // A volume of Kubernetes cannot always do without the group.
            tracing::warn!("the password file {shown} can be read by others: chmod 600");
        }
    }
    let text = fs::read_to_string(file);
    let text = text.map_err(|error| format!("the password file {shown}: {error}"))?;
    Ok(text.lines().filter(|line| !line.starts_with('#')).find_map(|line| fitting(line, asked)))
}

fn fitting(line: &str, asked: Asked<'_>) -> Option<String> {
    let mut fields = fields(line).into_iter();
    for own in asked {
        let field = fields.next()?;
        if field != "*" && field != own {
            return None;
        }
    }
    fields.next()
}

/// The fields of a line: colons part them, and a backslash takes what follows as it is.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let taken = match character {
            ':' => {
                fields.push(String::new());
                continue;
            }
            '\\' => characters.next(),
            other => Some(other),
        };
        if let (Some(field), Some(taken)) = (fields.last_mut(), taken) {
            field.push(taken);
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::password;
    use crate::access::Access;

    #[test]
    fn the_first_line_that_fits_has_the_password() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pass");
        std::fs::write(
            &file,
            "# for tests\nother:*:*:*:wrong\n*:5433:*:*:wrong\nh:*:state:a:b\\:c\\\\d\n*:*:*:*:any\n",
        )
        .unwrap();
        for (url, expected) in [
            ("postgres://a@h/state", Some("b:c\\d")),
            ("postgres://a@h/x", Some("any")),
            ("postgres://a:own@h/x", Some("own")),
        ] {
            let named = format!("{url}?passfile={}", file.display());
            let access = Access::parse(&named, |_| None).unwrap();
            assert_eq!(access.password(), expected, "{url}");
        }
        let problem = password(&folder.path().join("none"), ["h", "1", "x", "a"]).unwrap_err();
        assert!(problem.contains("none"), "{problem}");
    }
}
