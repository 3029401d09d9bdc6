//! `bench`: the local engine's speed beside the machine's limits.

use std::path::Path;

use holometer_engine::{BenchOptions, BenchReport, LoadOptions, LocalModel, bench as measure};
use holometer_report::{Column, Table, number};
use serde_json::json;

use crate::args::{BenchArgs, BenchKind};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::pipeline::weight_type;
use crate::progress::Talk;

/// Measures and prints.
pub(crate) fn bench(args: &BenchArgs, talk: &Talk) -> Result<Exit, Failure> {
    let BenchKind::Engine { model, threads, dtype, repeats, format } = &args.what;
    let path = model.strip_prefix("path:").unwrap_or(model);
    let options =
        LoadOptions { threads: *threads, weights: weight_type(*dtype), ..LoadOptions::default() };
    let model = LocalModel::load(Path::new(path), &options).map_err(Failure::usage)?;
    talk.say("measuring; this takes a minute or more, and other work on the machine spoils it");
    let options = BenchOptions { repeats: *repeats, ..BenchOptions::default() };
    let report = measure(&model, &options);
    output::print_tables(&[table(&report, &options)], &as_json(&report), *format)?;
    Ok(Exit::Done)
}

fn table(report: &BenchReport, options: &BenchOptions) -> Table {
    let percent = |share: f64| format!("{:.0}%", 100.0 * share);
    let row = |what: String, value: String, unit: &str, limit: String| {
        vec![what, value, unit.to_owned(), limit]
    };
    let mut rows = vec![
        row("f32 multiply-add peak".into(), number(report.peak_gflops), "GFLOP/s", String::new()),
        row(
            "f32 matrix product of 1,536 x 1,536".into(),
            number(report.product_gflops),
            "GFLOP/s",
            format!("{} of the peak", percent(report.product_gflops / report.peak_gflops)),
        ),
        row("read bandwidth".into(), number(report.bandwidth_gbs), "GB/s", String::new()),
        row(
            format!("reading a prompt of {} tokens", options.prefill_tokens),
            number(report.prefill_tokens_per_second),
            "tokens/s",
            format!(
                "{} of the peak, {} of the product",
                percent(report.prefill_share_of_peak),
                percent(report.prefill_share_of_product)
            ),
        ),
    ];
    for rate in &report.decode {
        rows.push(row(
            format!("writing, {} at a time", rate.sequences),
            number(rate.tokens_per_second),
            "tokens/s",
            format!("{} of the bandwidth", percent(rate.share_of_bandwidth)),
        ));
    }
    let job = format!(
        "{} questions of {} tokens with {} choices after a prefix of {}",
        options.job_questions, options.job_suffix, options.job_choices, options.job_prefix
    );
    rows.push(row(job, number(report.job_seconds), "s", String::new()));
    Table {
        title: format!(
            "{}; {} threads, medians of {}",
            report.model, report.threads, options.repeats
        ),
        columns: vec![
            Column::text("what"),
            Column::number("measured"),
            Column::text("unit"),
            Column::text("of the machine's limit"),
        ],
        rows,
        notes: Vec::new(),
    }
}

fn as_json(report: &BenchReport) -> serde_json::Value {
    let decode = report.decode.iter().map(|rate| {
        json!({
            "sequences": rate.sequences,
            "tokens_per_second": rate.tokens_per_second,
            "share_of_bandwidth": rate.share_of_bandwidth,
        })
    });
    json!({
        "model": report.model,
        "threads": report.threads,
        "peak_gflops": report.peak_gflops,
        "product_gflops": report.product_gflops,
        "bandwidth_gbs": report.bandwidth_gbs,
        "weight_bytes": report.weight_bytes,
        "prefill_tokens_per_second": report.prefill_tokens_per_second,
        "prefill_share_of_peak": report.prefill_share_of_peak,
        "prefill_share_of_product": report.prefill_share_of_product,
        "decode": decode.collect::<Vec<_>>(),
        "job_seconds": report.job_seconds,
        "job_tokens_per_second": report.job_tokens_per_second,
    })
}
