//! `cargo xtask <chore>`; see the library for what each does.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        ["codegen"] => xtask::codegen::write(&xtask::root()),
        ["codegen", "--check"] => xtask::codegen::check(&xtask::root()),
        ["layers"] => xtask::layers::check(&xtask::root()),
        ["licences"] => xtask::licences::check(&xtask::root()),
        _ => Err("usage: cargo xtask codegen [--check] | layers | licences".to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
