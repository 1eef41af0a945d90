//! What somebody speaks who was greeted in plaintext HTTP/2: told from the first bytes that come back.
//! `reach` greets; nothing of what is served is asked for.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

/// How a client of HTTP/2 begins, and settings without any.
const GREETING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// How long the first word may take, and what follows on it at once.
const FIRST_WORD: Duration = Duration::from_secs(3);
const SECOND_WORD: Duration = Duration::from_millis(300);
/// More is not needed to know.
const MOST_BYTES: usize = 4 * 1024;
/// The head of an HTTP/2 frame has nine bytes, the fourth says what it is.
const HEAD: usize = 9;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

/// What is spoken there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    /// HTTP/2, as asked.
    Http2,
    /// HTTP/2, which is over at once, with the reason.
    Farewell(String),
    /// TLS.
    Tls,
    /// HTTP/1.
    Http1,
    /// Nothing: the connection was closed, or stayed silent.
    Nothing,
    /// Something else.
    Other,
}

/// Greets, and listens to what comes back.
///
/// # Errors
/// The connection breaks before anything comes back.
pub(super) async fn listen<IO>(mut stream: IO) -> io::Result<Heard>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(GREETING).await?;
    let mut heard = Vec::new();
    let mut patience = FIRST_WORD;
    while heard.len() < MOST_BYTES && !is_enough(&heard) {
        match timeout(patience, stream.read_buf(&mut heard)).await {
            Ok(Ok(0)) | Err(_) => break,
            Ok(Ok(_)) => patience = SECOND_WORD,
            // What came before a reset counts.
            Ok(Err(_)) if !heard.is_empty() => break,
            Ok(Err(error)) => return Err(error),
        }
    }
    Ok(judged(&heard))
}

/// Whether there are two frames, or what is none.
fn is_enough(heard: &[u8]) -> bool {
    match (frame(heard), heard.len()) {
        (Some((SETTINGS, _, rest)), _) => frame(rest).is_some(),
        (_, length) => length >= HEAD && heard.get(3) != Some(&SETTINGS),
    }
}

fn judged(heard: &[u8]) -> Heard {
    // An alert of TLS begins so, and its version.
    if heard.starts_with(&[0x15, 3]) {
        return Heard::Tls;
    }
    if heard.starts_with(b"HTTP/") {
        return Heard::Http1;
    }
    match frame(heard) {
        Some((SETTINGS, _, rest)) => match frame(rest) {
            Some((GOAWAY, body, _)) => farewell(body),
            _ => Heard::Http2,
        },
        Some((GOAWAY, body, _)) => farewell(body),
        _ if heard.is_empty() => Heard::Nothing,
        _ => Heard::Other,
    }
}

/// What stands in a GOAWAY behind the last stream and the code, four bytes each.
fn farewell(body: &[u8]) -> Heard {
    let said = String::from_utf8_lossy(body.get(8..).unwrap_or_default());
    let said: String = said.chars().filter(|c| !c.is_control()).collect();
    if said.contains("speaks TLS") { Heard::Tls } else { Heard::Farewell(said) }
}

/// Kind and body of a whole frame at the beginning, and what follows.
fn frame(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [a, b, c, kind, ..] = *bytes else { return None };
    let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
    let body = bytes.get(HEAD..)?;
    Some((kind, body.get(..length)?, body.get(length..)?))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::{Heard, listen};

    /// What is heard of somebody who answers with these bytes, then waits or closes.
    async fn heard(answer: &[u8], closes: bool) -> Heard {
        let (near, mut far) = tokio::io::duplex(1024);
        let mut greeting = [0; 33];
        let (heard, _kept) = tokio::join!(listen(near), async {
            far.read_exact(&mut greeting).await.unwrap();
            far.write_all(answer).await.unwrap();
            (!closes).then_some(far)
        });
        assert!(greeting.starts_with(b"PRI * HTTP/2.0"));
        heard.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn first_bytes_tell_what_is_spoken() {
        let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
        let acknowledged = [0, 0, 0, 4, 1, 0, 0, 0, 0];
        let goaway = |why: &str| {
            let length = u8::try_from(8 + why.len()).unwrap();
            [&settings[..], &[0, 0, length, 7, 0, 0, 0, 0, 0], &[0; 8], why.as_bytes()].concat()
        };
        for (answer, closes, wanted) in [
            ([settings, acknowledged].concat(), false, Heard::Http2),
            (settings.to_vec(), false, Heard::Http2),
            (goaway("this port speaks TLS"), true, Heard::Tls),
            (goaway("full"), true, Heard::Farewell("full".to_owned())),
            (vec![0x15, 3, 1, 0, 2, 2, 0x46], true, Heard::Tls),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), true, Heard::Http1),
            (b"SSH-2.0-OpenSSH".to_vec(), false, Heard::Other),
            (Vec::new(), true, Heard::Nothing),
            (Vec::new(), false, Heard::Nothing),
            // Half a frame.
            (vec![0, 0, 6, 4, 0], true, Heard::Other),
        ] {
            assert_eq!(heard(&answer, closes).await, wanted, "{answer:?}");
        }
    }
}
