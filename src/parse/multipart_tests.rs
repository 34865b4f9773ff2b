//! Tests of `multipart`: every rule, and any division of a body into blocks.

use proptest::prelude::*;

use super::*;

/// Name from the headers as they are, and data.
type Parts = Vec<(Vec<Header>, Vec<u8>)>;

/// Parses a body whose blocks have these lengths, again and again.
fn parse_in(body: &[u8], boundary: &str, blocks: &[usize]) -> Result<Parts, Malformed> {
    let mut parser = Parser::new(boundary.as_bytes(), 1000);
    let (mut parts, mut rest, mut sizes) = (Parts::new(), body, blocks.iter().cycle());
    let mut open = false;
    loop {
        match parser.next()? {
            Event::Starved => {
                let space = parser.space(*sizes.next().unwrap());
                let count = space.len().min(rest.len());
                space[..count].copy_from_slice(&rest[..count]);
                parser.filled(count);
                rest = &rest[count..];
                if count == 0 {
                    parser.finish();
                }
                assert!(parser.window.len() <= BLOCK + 2000 + boundary.len(), "memory is bounded");
            }
            Event::Part(headers) => {
                assert!(!std::mem::replace(&mut open, true));
                parts.push((headers, Vec::new()));
            }
            Event::Data(data) => {
                assert!(open && !data.is_empty());
                parts.last_mut().unwrap().1.extend_from_slice(data);
            }
            Event::PartEnd => assert!(std::mem::replace(&mut open, false)),
            Event::End => {
                assert!(!open);
                assert_eq!(parser.next(), Ok(Event::End));
                return Ok(parts);
            }
        }
    }
}

/// Parses it whole and in small blocks, which must give the same.
fn parse(body: &str) -> Result<Parts, Malformed> {
    let whole = parse_in(body.as_bytes(), "XX", &[BLOCK]);
    for blocks in [[1, 1], [2, 3], [7, 1]] {
        assert_eq!(parse_in(body.as_bytes(), "XX", &blocks), whole, "{body:?}");
    }
    whole
}

fn values(body: &str) -> Result<Vec<String>, Malformed> {
    let text = |(_, data): (_, Vec<u8>)| String::from_utf8(data).unwrap();
    Ok(parse(body)?.into_iter().map(text).collect())
}

fn field(value: &str) -> String {
    format!("--XX\r\nContent-Disposition: form-data; name=\"s\"\r\n\r\n{value}\r\n")
}

fn one(value: &str) -> String {
    field(value) + "--XX--\r\n"
}

// spec: library:U-110, library:U-117, library:U-118
#[test]
fn data_is_kept_to_the_byte() {
    for value in [
        "",
        "a",
        "x\r",
        "x\n",
        "x\r\n",
        "x\r\r\n",
        "abc\rdef",
        "\r\n",
        "\n",
        "\r",
        "x--XX",
        "-",
        "--",
        "\r\n--X",
        "\n--XX\r\n",
        "\r\n--XX-",
        "\r\n--XX-\r\n",
        "\r\n--XXY\r\n",
        "\r\n--XX--Y\r\n",
        "\r\n--XX \rx",
        "\r\r\n\r",
        "a\n--XX--\n",
        "\r\n-- XX\r\n",
    ] {
        assert_eq!(values(&one(value)), Ok(vec![value.to_owned()]), "{value:?}");
        assert_eq!(values(&(field(value) + &one(value))), Ok(vec![value.to_owned(); 2]), "{value:?}");
    }
}

// spec: library:U-81, library:U-82, library:U-94, library:U-104, library:U-105, library:U-106, library:U-108, library:U-127
#[test]
fn delimiters() {
    let expected = Ok(vec!["v".to_owned()]);
    assert_eq!(values(&format!("preamble\r\n--XXY\r\n--X\r\n{}", one("v"))), expected);
    assert_eq!(values(&format!("{}epilogue\r\n--XX\r\nrest", one("v"))), expected);
    assert_eq!(values(one("v").trim_end()), expected);
    assert_eq!(values(&(field("v") + "--XX-- \t")), expected);
    assert_eq!(values(&(field("v") + "--XX--  \r\n")), expected);
    assert_eq!(values(&one("v").replace("--XX\r\n", "--XX \t \r\n")), expected);
    assert_eq!(values(&one("v").replace("--XX\r\n", "--XX\n")), expected);
    for nothing in
        ["", "\r\n", "no delimiter", "x--XX\r\n", "\n--XX\r\n", "--XX", "--XX-", "--XXY\r\n", "--XX--", "--XX--\r\nx"]
    {
        assert_eq!(values(nothing), Ok(vec![]), "{nothing:?}");
    }
    let padded = |blanks: usize| one("v").replace("--XX\r\n", &format!("--XX{}\r\n", " ".repeat(blanks)));
    assert_eq!(values(&padded(PADDING)), expected);
    assert_eq!(values(&padded(PADDING + 1)), Ok(vec![]));
}

// spec: library:U-91, library:U-92
#[test]
fn delimiters_among_headers_drop_the_part() {
    let expected = Ok(vec!["v".to_owned()]);
    assert_eq!(values(&format!("--XX\r\n{}", one("v"))), expected);
    assert_eq!(values(&format!("--XX\r\nA: b\r\n{}", one("v"))), expected);
    assert_eq!(values(&(field("v") + "--XX\r\nA: b\r\n--XX--\r\n")), expected);
    assert_eq!(values(&(field("v") + "--XX\r\n--XX--")), expected);
    assert_eq!(values(&(field("v") + "--XX\r\nA: b\r\n--XXY: z\r\n\r\nw\r\n--XX--")), Ok(vec!["v".into(), "w".into()]));
    assert_eq!(values("--XX\r\nA: b\r\n\r\n--XX--"), Ok(vec![String::new()]), "the empty line's end belongs to both");
}

// spec: library:U-83, library:U-84
#[test]
fn headers() {
    let body = "--XX\r\nA:b \r\nc : d\r\nE:\r\n f;\r\n\t g\r\nA: 2\r\n\r\nv\r\n--XX--\r\n";
    let found = parse(body).unwrap();
    let expected: Vec<Header> =
        [("A", "b"), ("c", "d"), ("E", "f; g"), ("A", "2")].map(|(n, v)| (n.into(), v.into())).into();
    assert_eq!(found, [(expected, b"v".to_vec())]);
    assert_eq!(get(&found[0].0, "a"), Some(b"2".as_slice()));
    assert_eq!(parse("--XX\r\n\r\nv\r\n--XX--").unwrap(), [(vec![], b"v".to_vec())]);
}

// spec: library:U-107, library:U-109, library:U-119
#[test]
fn what_is_malformed() {
    for cut in [
        &one("v")[..one("v").len() - 5],
        "--XX\r\n",
        "--XX\r\nA: b",
        "--XX\r\nA: b\r\n",
        "--XX\r\nA: b\r\n\r\n",
        "--XX\n--XX-",
    ] {
        assert_eq!(parse(cut), Err(Malformed::Truncated), "{cut:?}");
    }
    assert_eq!(parse(&one("v").replace('\r', "")), Err(Malformed::LineEnd));
    assert_eq!(parse("--XX\r\nA: b\n\r\nv\r\n--XX--"), Err(Malformed::LineEnd));
    for bad in ["A b", ": b", " folded: first"] {
        assert_eq!(parse(&format!("--XX\r\n{bad}\r\n\r\nv\r\n--XX--")), Err(Malformed::Header), "{bad}");
    }
    let long = |size: usize| parse(&format!("--XX\r\nA:{}\r\n\r\nv\r\n--XX--", "b".repeat(size)));
    assert!(long(1000 - 6).is_ok());
    assert_eq!(long(1000 - 5), Err(Malformed::HeaderTooLong));
    assert_eq!(long(100_000), Err(Malformed::HeaderTooLong));
    assert_eq!(parse(&format!("--XX\r\n{}", "a:\r\n".repeat(100_000))), Err(Malformed::HeaderTooLong));
}

/// Half delimiters that lead nowhere, in blocks of many sizes, are done with in linear time: this takes minutes otherwise.
#[test]
fn half_delimiters_cost_no_more_than_others() {
    for half in ["\r\n--X", "\r\n--XX-", "\r\n--XX   .", "\r\n-", "\r", "\r\n--XX\r", "-XX\r\n"] {
        let value = format!("x{}x", half.repeat(100_000));
        let body = one(&value);
        assert!(parse_in(body.as_bytes(), "XX", &[BLOCK]).unwrap()[0].1 == value.as_bytes());
        assert!(parse_in(body.as_bytes(), "XX", &[997, 13, 4096]).unwrap()[0].1 == value.as_bytes());
    }
    // A boundary that nearly repeats itself.
    let boundary = "a".repeat(70);
    let value = format!("\r\n--{}", "a".repeat(69)).repeat(20_000) + &"a".repeat(1_000_000);
    let body = one(&value).replace("--XX", &format!("--{boundary}"));
    assert!(parse_in(body.as_bytes(), &boundary, &[BLOCK]).unwrap()[0].1 == value.as_bytes());
}

proptest! {
    #[test]
    fn parts_come_back(
        values in proptest::collection::vec(proptest::collection::vec(
            prop_oneof![Just(b"\r\n--".to_vec()), Just(b"XX".to_vec()), Just(b"\r".to_vec()), Just(b"\n".to_vec()),
                Just(b"-".to_vec()), Just(b" ".to_vec()), Just(b"Y".to_vec())], 0..20), 0..5),
        blocks in proptest::collection::vec(1..40usize, 1..8),
    ) {
        let values: Vec<Vec<u8>> = values.into_iter().map(|value| value.concat()).collect();
        let mut body = Vec::new();
        for value in &values {
            body.extend_from_slice(b"--QQ\r\nA: b\r\n\r\n");
            body.extend_from_slice(value);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--QQ--\r\n");
        let found = parse_in(&body, "QQ", &blocks).unwrap();
        prop_assert_eq!(found.into_iter().map(|(_, data)| data).collect::<Vec<_>>(), values);
    }

    #[test]
    fn any_blocks_give_the_same(
        tokens in proptest::collection::vec(proptest::sample::select(
            vec!["--XX", "\r\n", "\r", "\n", "--", "-", " ", "A: b", "A", ":", "XX", "\r\n--XX\r\n", "\r\n\r\n", "--XX--", "é"]), 0..60),
        blocks in proptest::collection::vec(1..30usize, 1..8),
    ) {
        let body = tokens.concat();
        let whole = parse_in(body.as_bytes(), "XX", &[BLOCK]);
        prop_assert_eq!(parse_in(body.as_bytes(), "XX", &blocks), whole);
    }

    #[test]
    fn any_bytes_do_no_harm(body in proptest::collection::vec(any::<u8>(), 0..300), boundary in "[ -~]{1,20}") {
        let framed = [format!("--{boundary}\r\n").as_bytes(), &body].concat();
        for body in [&body, &framed] {
            prop_assert_eq!(parse_in(body, &boundary, &[3, 50]), parse_in(body, &boundary, &[BLOCK]));
        }
    }
}
