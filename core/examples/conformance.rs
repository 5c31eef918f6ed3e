//! Holds the model against the kernel that this runs on: `cargo xtask conformance`.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[path = "../tests/differential/mod.rs"]
mod differential;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[path = "conformance/run.rs"]
mod run;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() -> std::process::ExitCode {
    run::main()
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() {
    println!("did not run: the model is held against Linux on x86-64, and this is another system");
}
