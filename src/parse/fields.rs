//! The pairs of query strings and urlencoded bodies, decoded in one block of memory and found by name. Used by
//! `py::form`, which makes Python objects of those that are asked for. The rules are those of `query`.

use std::ops::Range;

use memchr::{memchr, memchr3_iter};

use super::query;

/// Few forms have more fields.
const USUAL: usize = 16;

/// Pairs of names and values, in the order in which they came.
#[derive(Default)]
pub struct Pairs {
    bytes: Vec<u8>,
    spans: Vec<Span>,
    /// Equal for equal names: a short look shows which ones to compare.
    marks: Vec<u32>,
}

/// Where a pair is in the block.
struct Span {
    name: Range<usize>,
    value: Range<usize>,
}

/// There are more pairs than allowed.
#[derive(Debug, PartialEq, Eq)]
pub struct TooMany;

/// What most different names differ in: their length and their ends.
fn mark(name: &[u8]) -> u32 {
    match name {
        [] => 0,
        [first, .., last] => (name.len() as u32) << 16 | u32::from(*first) << 8 | u32::from(*last),
        [only] => u32::from(*only),
    }
}

impl Pairs {
    /// Adds the pairs of a query string.
    ///
    /// # Errors
    /// Where there would be more than `most` pairs; what was added before stays.
    pub fn add(&mut self, query: &[u8], keep_blank: bool, most: usize) -> Result<(), TooMany> {
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(query);
        if self.spans.is_empty() && !query.is_empty() {
            self.spans.reserve(USUAL);
            self.marks.reserve(USUAL);
        }
        for byte in &mut self.bytes[begin..] {
            // The only `+` that count otherwise are escaped.
            *byte = if *byte == b'+' { b' ' } else { *byte };
        }
        let text = Text { escapes: memchr(b'%', query).is_some(), ascii: query.is_ascii() };
        let (mut start, mut equals) = (begin, None);
        for at in memchr3_iter(b'&', b';', b'=', query).map(|at| begin + at).chain([begin + query.len()]) {
            if self.bytes.get(at) == Some(&b'=') && at < begin + query.len() {
                equals = equals.or(Some(at));
                continue;
            }
            let (name, value) = equals.take().map_or((start..at, at..at), |equals| (start..equals, equals + 1..at));
            let empty = start == at || (value.is_empty() && !keep_blank);
            start = at + 1;
            if empty {
                continue;
            }
            if self.spans.len() >= most {
                return Err(TooMany);
            }
            self.push(name, value, text);
        }
        Ok(())
    }

    #[inline]
    fn push(&mut self, mut name: Range<usize>, mut value: Range<usize>, text: Text) {
        if text.escapes {
            name = self.unescaped(name);
            value = self.unescaped(value);
        }
        if (text.escapes || !text.ascii) && std::str::from_utf8(&self.bytes[name.clone()]).is_err() {
            let readable = String::from_utf8_lossy(&self.bytes[name]).into_owned();
            name = self.append(readable.as_bytes());
        }
        self.marks.push(mark(&self.bytes[name.clone()]));
        self.spans.push(Span { name, value });
    }

    /// The place of a text in which `%XX` is decoded.
    fn unescaped(&mut self, place: Range<usize>) -> Range<usize> {
        let text = &self.bytes[place.clone()];
        if memchr(b'%', text).is_none() {
            return place;
        }
        let decoded = query::decode_percent(text).into_owned();
        self.append(&decoded)
    }

    fn append(&mut self, text: &[u8]) -> Range<usize> {
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(text);
        begin..self.bytes.len()
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// The name of a pair: always UTF-8, with U+FFFD for what was none.
    ///
    /// # Panics
    /// Where there is no such pair.
    pub fn name(&self, number: usize) -> &[u8] {
        &self.bytes[self.spans[number].name.clone()]
    }

    /// The value of a pair, which may be any bytes.
    ///
    /// # Panics
    /// Where there is no such pair.
    pub fn value(&self, number: usize) -> &[u8] {
        &self.bytes[self.spans[number].value.clone()]
    }

    /// The numbers of the pairs of a name.
    pub fn named<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        let mark = mark(name);
        let alike = self.marks.iter().enumerate().filter_map(move |(number, other)| (*other == mark).then_some(number));
        alike.filter(move |number| *self.name(*number) == *name)
    }

    /// The numbers of the pairs whose name did not occur before them. The time grows with the square of their number.
    pub fn first_ones(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.len()).filter(|number| self.named(self.name(*number)).next() == Some(*number))
    }
}

/// What a query string needs.
#[derive(Clone, Copy)]
struct Text {
    escapes: bool,
    ascii: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn listed(pairs: &Pairs) -> Vec<(String, Vec<u8>)> {
        let text = |number| String::from_utf8(pairs.name(number).to_vec()).unwrap();
        (0..pairs.len()).map(|number| (text(number), pairs.value(number).to_vec())).collect()
    }

    fn slow(query: &[u8], keep_blank: bool) -> Vec<(String, Vec<u8>)> {
        let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
        query::pairs(query, keep_blank).map(|(name, value)| (text(&name), value.into_owned())).collect()
    }

    // spec: library:U-68
    #[test]
    fn sources_follow_each_other_and_names_meet() {
        let mut pairs = Pairs::default();
        pairs.add(b"a=1&b=2=3;%61=x%2By+z", false, 9).unwrap();
        pairs.add(b"b=&a=4&&%E9=5", true, 9).unwrap();
        assert_eq!(pairs.named(b"a").collect::<Vec<_>>(), [0, 2, 4]);
        assert_eq!(pairs.first_ones().collect::<Vec<_>>(), [0, 1, 5]);
        assert_eq!(pairs.value(2), b"x+y z");
        assert_eq!(pairs.value(1), b"2=3");
        assert_eq!(pairs.name(5), "\u{fffd}".as_bytes());
        assert_eq!(pairs.named(b"c").next(), None);
    }

    // spec: library:D-4
    #[test]
    fn more_pairs_than_allowed_are_refused() {
        let mut pairs = Pairs::default();
        assert_eq!(pairs.add(b"a=1&b=2&c=", false, 2), Ok(()));
        assert_eq!(pairs.add(b"c=3", false, 2), Err(TooMany));
        assert_eq!(pairs.len(), 2);
    }

    proptest! {
        // spec: library:D-1, library:D-2
        #[test]
        fn pairs_are_those_of_the_query(
            first in proptest::collection::vec(prop_oneof![any::<u8>(), proptest::sample::select(&b"ab&;=+%c39"[..])], 0..60),
            second in "[ab&;=+%0-9é]{0,40}",
            keep_blank: bool,
        ) {
            let mut pairs = Pairs::default();
            pairs.add(&first, keep_blank, usize::MAX).unwrap();
            pairs.add(second.as_bytes(), keep_blank, usize::MAX).unwrap();
            let expected = [slow(&first, keep_blank), slow(second.as_bytes(), keep_blank)].concat();
            for (name, _) in &expected {
                let places = (0..expected.len()).filter(|number| expected[*number].0 == *name).collect::<Vec<_>>();
                prop_assert_eq!(pairs.named(name.as_bytes()).collect::<Vec<_>>(), places);
            }
            prop_assert_eq!(listed(&pairs), expected);
        }
    }
}
