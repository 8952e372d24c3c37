use super::*;

#[test]
fn what_nobody_judged_lies_between_what_was() {
    let spans = |all: &[(usize, usize, usize)]| {
        let span = |&(layer, start, end)| (LayerId::new(layer), Span::new(start, end));
        Judged::new(all.iter().map(span).collect())
    };
    for (judged, expected) in [
        (&[][..], &[(0, 20)][..]),
        (&[(1, 5, 8)], &[(0, 5), (8, 20)]),
        // In any order, of other layers, over each other and side by side.
        (&[(1, 9, 12), (2, 0, 4), (1, 5, 8), (0, 6, 9)], &[(0, 5), (8, 9), (12, 20)]),
        (&[(1, 5, 12), (1, 6, 8), (1, 10, 14)], &[(0, 5), (14, 20)]),
        (&[(1, 0, 5), (1, 5, 8), (1, 15, 20)], &[(8, 15)]),
        (&[(1, 0, 20)], &[]),
        // Nothing is judged at a place without bytes, but no value stands over it.
        (&[(1, 7, 7)], &[(0, 7), (7, 20)]),
    ] {
        let known = spans(judged);
        let others = known.others(LayerId::new(1), 20).map(|it| it.range());
        let others: Vec<_> = others.map(|it| (it.start, it.end)).collect();
        assert_eq!(others, expected, "{judged:?}");
    }
}
