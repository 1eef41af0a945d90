//! The one pickle that the official connector writes: an object of its class `BatchEndpointMetadata`, whose
//! members are texts or `None`. A pickle is a program; here none is run. What is not that one sentence of
//! operations is refused, so that nothing which Flyte hands over is ever looked up or called.

const MODULE: &str = "flytekitplugins.openai.batch.connector";
const CLASS: &str = "BatchEndpointMetadata";
/// The version of the format, as of Python 3.8.
const PROTOCOL: u8 = 5;

const PROTO: u8 = 0x80;
const FRAME: u8 = 0x95;
const SHORT_TEXT: u8 = 0x8c;
const TEXT: u8 = b'X';
const MEMOIZE: u8 = 0x94;
const GET: u8 = b'h';
const LONG_GET: u8 = b'j';
const STACK_GLOBAL: u8 = 0x93;
const EMPTY_TUPLE: u8 = b')';
const NEW_OBJECT: u8 = 0x81;
const EMPTY_DICT: u8 = b'}';
const MARK: u8 = b'(';
const SET_ITEMS: u8 = b'u';
const BUILD: u8 = b'b';
const STOP: u8 = b'.';
const NONE: u8 = b'N';

/// Members by name, in order.
pub(super) type Members = Vec<(String, Option<String>)>;

/// Whether bytes begin as a pickle does, and no JSON.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    bytes.first() == Some(&PROTO)
}

/// The object as `cloudpickle` writes it, byte for byte.
pub(super) fn write(openai_org: Option<&str>, batch_id: &str) -> Vec<u8> {
    let mut body = Vec::with_capacity(160);
    text(&mut body, MODULE);
    text(&mut body, CLASS);
    body.extend([STACK_GLOBAL, MEMOIZE, EMPTY_TUPLE, NEW_OBJECT, MEMOIZE]);
    body.extend([EMPTY_DICT, MEMOIZE, MARK]);
    text(&mut body, "openai_org");
    match openai_org {
        Some(openai_org) => text(&mut body, openai_org),
        None => body.push(NONE),
    }
    text(&mut body, "batch_id");
    text(&mut body, batch_id);
    body.extend([SET_ITEMS, BUILD, STOP]);
    let mut whole = vec![PROTO, PROTOCOL, FRAME];
    whole.extend((body.len() as u64).to_le_bytes());
    whole.append(&mut body);
    whole
}

fn text(body: &mut Vec<u8>, text: &str) {
    match u8::try_from(text.len()) {
        Ok(length) => body.extend([SHORT_TEXT, length]),
        Err(_) => {
            body.push(TEXT);
            // What comes from OpenAI and from a task's settings is far below 4 GiB.
            body.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
        }
    }
    body.extend(text.as_bytes());
    body.push(MEMOIZE);
}

/// What counts in a pickle: its texts, `None`, and the operations between them.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Operation(u8),
}

/// The members of the object.
///
/// # Errors
/// Why it is not that object.
pub(super) fn read(bytes: &[u8]) -> Result<Members, String> {
    let mut parts = Parts { rest: bytes, memo: Vec::new(), last: None };
    let begin: [Part; 7] = [
        Part::Text(MODULE.to_owned()),
        Part::Text(CLASS.to_owned()),
        Part::Operation(STACK_GLOBAL),
        Part::Operation(EMPTY_TUPLE),
        Part::Operation(NEW_OBJECT),
        Part::Operation(EMPTY_DICT),
        Part::Operation(MARK),
    ];
    for expected in begin {
        if parts.next()? != expected {
            return Err(format!("the pickled resource_meta is no `{CLASS}`"));
        }
    }
    let mut members = Members::new();
    loop {
        match parts.next()? {
            Part::Text(name) => match parts.next()? {
                Part::Text(value) => members.push((name, Some(value))),
                Part::Operation(NONE) => members.push((name, None)),
                Part::Operation(_) => {
                    return Err(format!("`{name}` of the pickled resource_meta is no text"));
                }
            },
            Part::Operation(SET_ITEMS) => break,
            Part::Operation(other) => {
                return Err(format!("the pickled resource_meta has an operation {other:#04x}"));
            }
        }
    }
    let end = [parts.next()?, parts.next()?];
    match (end, parts.rest) {
        ([Part::Operation(BUILD), Part::Operation(STOP)], []) => Ok(members),
        _ => Err("the pickled resource_meta goes on behind its object".to_owned()),
    }
}

struct Parts<'a> {
    rest: &'a [u8],
    /// What was kept to be named again; texts only, other things are never.
    memo: Vec<Option<String>>,
    last: Option<String>,
}

impl Parts<'_> {
    /// The next part. What frames and keeps is not one.
    fn next(&mut self) -> Result<Part, String> {
        loop {
            let [operation] = self.bytes()?;
            let part = match operation {
                PROTO => {
                    self.bytes::<1>()?;
                    continue;
                }
                FRAME => {
                    self.bytes::<8>()?;
                    continue;
                }
                MEMOIZE => {
                    self.memo.push(self.last.clone());
                    continue;
                }
                SHORT_TEXT => {
                    let [length] = self.bytes()?;
                    self.text(length.into())?
                }
                TEXT => {
                    let length = u32::from_le_bytes(self.bytes()?);
                    self.text(usize::try_from(length).unwrap_or(usize::MAX))?
                }
                GET => {
                    let [at] = self.bytes()?;
                    self.kept(at.into())?
                }
                LONG_GET => {
                    let at = u32::from_le_bytes(self.bytes()?);
                    self.kept(usize::try_from(at).unwrap_or(usize::MAX))?
                }
                other => Part::Operation(other),
            };
            self.last = match &part {
                Part::Text(text) => Some(text.clone()),
                Part::Operation(_) => None,
            };
            return Ok(part);
        }
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or_else(cut)?;
        self.rest = rest;
        Ok(*bytes)
    }

    fn text(&mut self, length: usize) -> Result<Part, String> {
        let (text, rest) = self.rest.split_at_checked(length).ok_or_else(cut)?;
        self.rest = rest;
        let text = std::str::from_utf8(text)
            .map_err(|_| "the pickled resource_meta has a text that is no UTF-8".to_owned())?;
        Ok(Part::Text(text.to_owned()))
    }

    fn kept(&self, at: usize) -> Result<Part, String> {
        let kept = self.memo.get(at).cloned().flatten();
        kept.map(Part::Text)
            .ok_or_else(|| "the pickled resource_meta names what it has not kept".to_owned())
    }
}

fn cut() -> String {
    "the pickled resource_meta is cut off".to_owned()
}

#[cfg(test)]
mod tests {
    use super::{MODULE, read, write};

    /// As cloudpickle 3.1.3 wrote it, of `BatchEndpointMetadata(openai_org="acme", batch_id="batch_abc")`.
    const PYTHONS: &[u8] = b"\x80\x05\x95\x77\0\0\0\0\0\0\0\x8c\x26flytekitplugins.openai.batch.connector\x94\
        \x8c\x15BatchEndpointMetadata\x94\x93\x94)\x81\x94}\x94(\x8c\x0aopenai_org\x94\x8c\x04acme\x94\
        \x8c\x08batch_id\x94\x8c\x09batch_abc\x94ub.";

    fn member(name: &str, value: Option<&str>) -> (String, Option<String>) {
        (name.to_owned(), value.map(str::to_owned))
    }

    #[test]
    fn it_is_written_and_read_as_python_does() {
        assert_eq!(write(Some("acme"), "batch_abc"), PYTHONS);
        let members = [member("openai_org", Some("acme")), member("batch_id", Some("batch_abc"))];
        assert_eq!(read(PYTHONS).unwrap(), members);
    }

    #[test]
    fn long_texts_and_texts_that_come_twice_are_read() {
        let long = "é".repeat(300);
        let members = [member("openai_org", None), member("batch_id", Some(&long))];
        assert_eq!(read(&write(None, &long)).unwrap(), members);
        // Python names a text again that it has written already.
        let twice = PYTHONS.strip_suffix(b"\x8c\x09batch_abc\x94ub.").unwrap();
        let twice = [twice, b"h\x06ub."].concat();
        assert_eq!(read(&twice).unwrap()[1], member("batch_id", Some("acme")));
    }

    #[test]
    fn nothing_else_is_taken() {
        for cut in 0..PYTHONS.len() {
            read(&PYTHONS[..cut]).unwrap_err();
        }
        for (from, to) in [
            (MODULE.as_bytes(), &b"posixmodule.openai.batch.connector.xxx"[..]),
            // A call of the class, and a list for a text.
            (b")\x81\x94}", b")R\x94}"),
            (b"\x8c\x04acme\x94", b"]"),
            (b"ub.", b"ub.."),
            (b"ub.", b"uh\x7fb."),
            (b"acme", b"\xff\xff\xff\xff"),
        ] {
            let at = PYTHONS.windows(from.len()).position(|part| part == from).unwrap();
            let planted = [&PYTHONS[..at], to, &PYTHONS[at + from.len()..]].concat();
            assert!(read(&planted).is_err(), "{planted:?}");
        }
    }
}
