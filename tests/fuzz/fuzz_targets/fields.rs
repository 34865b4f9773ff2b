//! The pairs of a query string and a body in one block of memory, against those that `query` makes one by one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use targets::choice;
use targets::parse::fields::{Pairs, TooMany};
use targets::parse::query;

fn listed(text: &[u8], keep_blank: bool) -> Vec<(String, Vec<u8>)> {
    let name = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    query::pairs(text, keep_blank).map(|(key, value)| (name(&key), value.into_owned())).collect()
}

fuzz_target!(|data: &[u8]| {
    let mut text = data;
    let (choices, most, cut) = (choice(&mut text), choice(&mut text), choice(&mut text));
    let keep_blank = choices & 1 == 1;
    let most = if choices & 2 == 2 { usize::from(most) } else { usize::MAX };
    let (first, second) = text.split_at(usize::from(cut).min(text.len()));

    let mut pairs = Pairs::default();
    let done = pairs.add(first, keep_blank, most).and_then(|()| pairs.add(second, keep_blank, most));
    let mut expected = [listed(first, keep_blank), listed(second, keep_blank)].concat();
    assert_eq!(done, if expected.len() > most { Err(TooMany) } else { Ok(()) });
    expected.truncate(most);

    assert_eq!(pairs.len(), expected.len());
    for (number, (name, value)) in expected.iter().enumerate() {
        assert_eq!((pairs.name(number), pairs.value(number)), (name.as_bytes(), &value[..]));
    }
    // The pairs of a name are looked for among all of them.
    if expected.len() < 200 {
        let mut firsts = Vec::new();
        for (number, (name, _)) in expected.iter().enumerate() {
            let places: Vec<_> = (0..expected.len()).filter(|&other| expected[other].0 == *name).collect();
            if places[0] == number {
                firsts.push(number);
            }
            assert_eq!(pairs.named(name.as_bytes()).collect::<Vec<_>>(), places);
        }
        assert_eq!(pairs.first_ones().collect::<Vec<_>>(), firsts);
    }
});
