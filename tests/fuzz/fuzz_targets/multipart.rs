//! Multipart bodies: the same in any blocks, and what was put into a good one comes out of it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use targets::parse::multipart::{Event, Header, Malformed, Parser};
use targets::{blocks, choice};

const BOUNDARY: &[u8] = b"Xx";
const HEADER_LIMIT: usize = 4096;

/// Headers and data of each part that ended.
type Parts = Vec<(Vec<Header>, Vec<u8>)>;

fn read<'a>(body: impl Iterator<Item = &'a [u8]>) -> Result<Parts, Malformed> {
    let mut parser = Parser::new(BOUNDARY, HEADER_LIMIT);
    let (mut parts, mut headers, mut data, mut body) = (Parts::new(), None, Vec::new(), body);
    let mut waiting: &[u8] = b"";
    loop {
        match parser.next()? {
            Event::Starved => {
                if waiting.is_empty() {
                    waiting = body.next().unwrap_or_default();
                }
                if waiting.is_empty() {
                    parser.finish();
                    continue;
                }
                let space = parser.space(waiting.len());
                assert!(!space.is_empty());
                let count = space.len().min(waiting.len());
                space[..count].copy_from_slice(&waiting[..count]);
                parser.filled(count);
                waiting = &waiting[count..];
            }
            Event::Part(found) => {
                assert_eq!(headers, None);
                assert!(found.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() <= HEADER_LIMIT);
                headers = Some(found);
            }
            Event::Data(bytes) => {
                assert!(headers.is_some() && !bytes.is_empty());
                data.extend_from_slice(bytes);
            }
            Event::PartEnd => {
                let headers = headers.take().expect("a part that ends has begun");
                parts.push((headers, std::mem::take(&mut data)));
            }
            Event::End => {
                assert_eq!(headers, None);
                return Ok(parts);
            }
        }
    }
}

/// A body as a browser sends it.
fn body(contents: &[&[u8]]) -> Vec<u8> {
    let mut body = Vec::new();
    for content in contents {
        body.extend_from_slice(b"--Xx\r\nContent-Disposition: form-data; name=\"a\"\r\nB:\r\n c\r\n\r\n");
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--Xx--\r\n");
    body
}

fuzz_target!(|data: &[u8]| {
    let mut text = data;
    let built = choice(&mut text) & 1 == 1;
    let (lengths, text) = text.split_at(text.len().min(8));
    let split = |body: &[u8]| read(blocks(body, lengths).filter(|block| !block.is_empty()));
    if !built {
        let whole = read(std::iter::once(text).filter(|block| !block.is_empty()));
        match (whole, split(text)) {
            // Where several things are wrong, the blocks decide which is seen first.
            (Err(_), Err(_)) => (),
            (whole, other) => assert_eq!(whole, other),
        }
        return;
    }
    let contents: Vec<_> = text.split(|&byte| byte == 0xff).collect();
    let delimiter =
        |content: &&[u8]| content.starts_with(b"--Xx") || content.windows(6).any(|bytes| bytes == b"\r\n--Xx");
    if contents.iter().any(delimiter) {
        return;
    }
    let headers = [(&b"Content-Disposition"[..], &b"form-data; name=\"a\""[..]), (b"B", b"c")]
        .map(|(n, v)| (n.to_vec(), v.to_vec()));
    let expected: Parts = contents.iter().map(|content| (headers.to_vec(), content.to_vec())).collect();
    assert_eq!(split(&body(&contents)), Ok(expected));
});
