fn main() {
    let (calls, live) = (2_000, 20);
    let list = bench::heap::list(calls, live, 1);
    for _ in 0..1500 {
        std::hint::black_box(bench::heap::in_the_model(&list));
    }
}
