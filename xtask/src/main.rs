//! The project's own commands: `cargo xtask serve`, `build`, `test`, `browsers`, `ci`, `conformance`,
//! `bench`, `fuzz`, `mutants`, `coverage`, `twice`, `deps` and `reliability`.
//!
//! Each first installs what it needs and is missing ([`setup`]), then runs trunk
//! ([`page`]) or the tests and checks ([`check`]) and reports on them ([`report`]).

mod bench;
mod budget;
mod check;
mod deps;
mod fuzz;
mod page;
mod record;
mod reliability;
mod report;
mod rules;
mod sbom;
mod seal;
mod setup;
mod shell;
mod twice;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Commands for working on the mmap playground. Each sets up what it needs.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the page and rebuilds it whenever a source file changes.
    Serve {
        /// The port to serve on.
        #[arg(long, default_value_t = 8080)]
        port: u16,
        /// Opens the page in a browser once it is built.
        #[arg(long)]
        open: bool,
    },
    /// Builds the page into dist/ and the guide into dist/guide/, for any static host and any path on it.
    Build,
    /// Builds the page here and in a fresh clone, and says which files have other bytes.
    Twice,
    /// Runs every test there is: native, in Node, in Chromium and Firefox, and end to end.
    Test,
    /// Runs all that the page is tested by, in Chromium and Firefox, again and again; records how
    /// often in a row nothing failed.
    Browsers {
        /// How many times.
        #[arg(long, default_value_t = 5)]
        times: u64,
    },
    /// Runs what continuous integration runs: formatting, lints, docs, every test.
    Ci,
    /// Holds the model against the kernel that this runs on: random calls, as many as you like.
    #[command(disable_help_flag = true)]
    Conformance {
        /// `--help` lists them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
        options: Vec<String>,
    },
    /// Measures the model beside the kernel and other models, and the page in Chromium; writes
    /// docs/performance.md.
    Bench {
        /// Rounds of each measurement.
        #[arg(long, default_value_t = 9)]
        rounds: usize,
    },
    /// Tries random inputs on every door that strangers' bytes come through; adds up how many in
    /// docs/reliability.json.
    Fuzz {
        /// Minutes in all.
        #[arg(long, default_value_t = 10)]
        minutes: u64,
        /// One target only.
        #[arg(long)]
        target: Option<String>,
        /// Changes inputs at random and does not look at what they reach: on the stable compiler,
        /// and several times as many.
        #[arg(long)]
        random: bool,
    },
    /// Holds the dependencies to deny.toml: licences, sources, none twice in the page; known
    /// advisories, where their database can be reached.
    Deps,
    /// Changes the rules of core one at a time, and records which changes no test notices; some
    /// seconds for each of about 1,700.
    Mutants {
        /// Which of them: `0/26` is every 26th, from the first on.
        #[arg(long, default_value = "0/26")]
        share: String,
    },
    /// Counts which regions of core its tests reach.
    Coverage,
    /// Writes docs/reliability.md: what was tried so far, how much of it, what was found.
    Reliability,
    /// What trunk calls when it has built the page: names the page's own scripts in its policy.
    #[command(hide = true)]
    Seal,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Serve { port, open } => page::serve(port, open),
        Command::Build => page::build(),
        Command::Twice => twice::twice(),
        Command::Test => check::test(),
        Command::Browsers { times } => check::browsers(times),
        Command::Ci => check::ci(),
        Command::Conformance { options } => check::conformance(&options),
        Command::Bench { rounds } => bench::bench(rounds),
        Command::Deps => deps::deps(),
        Command::Reliability => reliability::write(),
        Command::Mutants { share } => rules::mutants(&share),
        Command::Coverage => rules::coverage(),
        Command::Seal => seal::seal(),
        Command::Fuzz { minutes, target, random } => fuzz::fuzz(minutes, target.as_deref(), random),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
