//! Texts that nobody would send, or somebody on purpose.

use proptest::prelude::*;

use super::*;
use crate::domain::Halt;

/// A text made to be slow costs no more than its length: a text in one piece at most about what it costs in
/// a hundred.
#[test]
fn hostile_texts_cost_linear_time() {
    let mut bench = Bench::new();
    for pattern in [
        "@",
        "a@",
        "1-",
        "1 ",
        "1.",
        "+1",
        "a=",
        "a: ",
        ":",
        "::1",
        "eyJ",
        "eyJ.",
        "(1",
        "1,1,",
        "%40",
        "=\"",
        "Mozilla/5.0 (",
        "AB12 ",
        "12:",
        "9876543210 ",
        "1@1.1:1=",
        "é1",
        "my name is ",
        "dear mr. a",
        "12 main street, ",
        "name: a ",
        "a@upi ",
        "上海市路1号",
        "24°5'N ",
        "P<<1",
        "٠1-",
        "email=a@b.co ",
        "| phone | b |\n|--|--|\n",
        "<td",
        "<td>phone",
        "(phone) VALUES ('x",
        "phone,b\n1,2\n\n",
        "王様",
        "Usman Qureshi +923004412387 ",
        "Usman ",
        "ul. A 5/7, 31-147 K ",
        "address:\nAb 1\n",
        "card 1 2 3 ",
        "12, 12, street 1, ",
        "はa@b.jpで",
    ] {
        // As much work in pieces, so that a busy machine slows both alike.
        let mut time = |length: usize, times: usize| {
            let text = pattern.repeat(length / pattern.len());
            let start = std::time::Instant::now();
            (0..times).for_each(|_| drop(bench.prose(&text)));
            start.elapsed().as_secs_f64()
        };
        time(2_000, 1);
        let pieces = time(2_000, 100);
        let whole = time(200_000, 1);
        assert!(whole < pieces * 8.0 + 0.05, "`{pattern}`: {pieces} s, then {whole} s");
    }
}

proptest! {
    #[test]
    fn a_price_holds_nothing_that_is_found_by_its_form(text in "[0-9]{1,7}[.][0-9]{1,2}") {
        let bench = Bench::new_cached();
        let search =
            Search { set: &bench.set, supports: 0, against: 0, halt: Halt::never() };
        let mut found = Vec::new();
        search.all(&text, &mut found);
        prop_assert_eq!((found, search.whole(&text)), (Vec::new(), None), "{}", text);
    }

    #[test]
    fn any_text_under_any_name_gives_spans_inside_it(name in "\\PC{0,24}", text in "\\PC{0,200}") {
        let mut bench = Bench::new_cached();
        let mut hits = Vec::new();
        let mut scanner = bench.set.scanner(&mut bench.scratch);
        scanner.scalar(Some(&name), told(Scalar::String, &text), &mut hits);
        for hit in hits {
            let source = if hit.marks.in_key { &name } else { &text };
            prop_assert!(source.get(hit.span.range()).is_some());
        }
    }
}
