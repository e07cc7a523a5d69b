//! HTTP/1.1 as a load generator needs it: one connection that is kept, one request at a time, nothing allocated for an
//! answer. No HTTP client: it reads what this service and a bare axum route send, and calls anything else a fault.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// No answer of ours is longer.
const LONGEST: usize = 64 * 1024;

/// A connection that is kept.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer, as long as the connection is not used again.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Connection {
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        Ok(Self {
            stream,
            buffer: vec![0; LONGEST],
        })
    }

    /// Sends a whole request and reads the whole answer.
    pub fn exchange(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.stream.write_all(request)?;
        let mut filled = 0;
        let (status, begin, end) = loop {
            let read = self.stream.read(&mut self.buffer[filled..])?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            filled += read;
            if let Some((status, head, body)) = head_of(&self.buffer[..filled])? {
                break (status, head, head + body);
            }
        };
        if end > self.buffer.len() {
            return Err(io::Error::other("an answer that is longer than any of ours"));
        }
        while filled < end {
            let read = self.stream.read(&mut self.buffer[filled..end])?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            filled += read;
        }
        Ok(Answer {
            status,
            body: &self.buffer[begin..end],
        })
    }
}

/// Status, length of the head and length of the body, once the head is there.
fn head_of(bytes: &[u8]) -> io::Result<Option<(u16, usize, usize)>> {
    let Some(at) = find(bytes, b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&bytes[..at]).map_err(io::Error::other)?;
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1)?.parse().ok())
        .ok_or_else(|| io::Error::other("no status"))?;
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .ok_or_else(|| io::Error::other("no content-length"))?;
    Ok(Some((status, at + 4, length)))
}

/// Where `wanted` begins.
pub fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// A request of Hasura's to an action.
pub fn action(into: &mut Vec<u8>, path: &str, body: &[u8]) {
    into.clear();
    write!(
        into,
        "POST {path} HTTP/1.1\r\nhost: service\r\ncontent-type: application/json\r\nx-actions-secret: {}\r\ncontent-length: {}\r\n\r\n",
        crate::stack::ACTIONS_SECRET,
        body.len()
    )
    .expect("memory takes it");
    into.extend_from_slice(body);
}
