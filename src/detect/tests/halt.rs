//! An inspection that was given up looks for nothing more in the text at hand.

use super::*;

#[test]
fn nothing_more_is_looked_for_in_a_text_once_it_is_given_up() {
    let mut bench = Bench::new_cached();
    for text in [
        "write to sana.k@example.pk",
        "call +92 345 111 2233 today",
        "my name is Sana Khan and",
        "Date of birth: 1996-04-12",
        "id,birthday\n7,1996-04-12\n8,1997-05-13\n",
        "from 64:CC:2E:AA:BB:01 here",
    ] {
        assert_ne!(bench.prose(text), Vec::<String>::new(), "{text}");
        let mut halt = Halt::possible();
        halt.give_up(halt.number());
        let hits = |bench: &mut Bench, halt: &Halt| {
            let mut hits = Vec::new();
            let mut scanner = bench.set.scanner(&mut bench.scratch).until(halt);
            scanner.scalar(None, told(Scalar::String, text), &mut hits);
            hits.len()
        };
        assert_eq!(hits(&mut bench, &halt), 0, "{text}");
        halt.next();
        assert_ne!(hits(&mut bench, &halt), 0, "{text}");
    }
}
