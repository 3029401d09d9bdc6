//! Measures the engine on a model: `cargo run --release --example engine_bench -- MODEL [THREADS]`.

use std::path::Path;

use holometer_engine::{BenchOptions, LoadOptions, LocalModel, bench};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: engine_bench MODEL [THREADS]")?;
    let threads = arguments.next().map(|text| text.parse()).transpose()?;
    let options = LoadOptions { threads, ..LoadOptions::default() };
    let model = LocalModel::load(Path::new(&path), &options)?;
    println!("{:#?}", bench(&model, &BenchOptions::default()));
    Ok(())
}
