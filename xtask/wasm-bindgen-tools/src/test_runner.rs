//! `wasm-bindgen-test-runner`, which cargo runs on test binaries built for wasm
//! (see `.cargo/config.toml`): in Node, or in a browser if the binary asks for one.

fn main() -> anyhow::Result<()> {
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(std::env::args_os())
}
