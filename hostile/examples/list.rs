//! Prints each target with what its inputs are like, for `cargo xtask fuzz`: its name, how many
//! bytes an input has at most, and folders with more inputs.

fn main() {
    for target in &hostile::TARGETS {
        println!("{} {} {}", target.name, target.longest, target.seeds.join(" "));
    }
}
