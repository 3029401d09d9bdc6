//! `report`: the tables of earlier runs.

use holometer_report::Detail;
use holometer_scenarios::Catalogue;

use crate::args::ReportArgs;
use crate::failure::{Exit, Failure};
use crate::output;
use crate::pipeline::{open_for_reading, report as read_report};

/// Prints the report of a suite.
pub(crate) fn report(args: &ReportArgs) -> Result<Exit, Failure> {
    let store = open_for_reading(&args.database.db)?;
    let report = read_report(&store, args.suite.as_deref(), &Catalogue::builtin())?;
    let detail = match args.metrics.as_str() {
        "headline" => Detail::Headline,
        "all" => Detail::All,
        names => Detail::Named(names.split(',').map(|name| name.trim().to_owned()).collect()),
    };
    if let Detail::Named(names) = &detail {
        for name in names {
            let known = |run: &holometer_report::RunReport| {
                run.cells.iter().any(|cell| cell.metric.as_str() == name)
            };
            if !report.runs.iter().any(known) {
                return Err(Failure::usage(format!("no run has the metric `{name}`"))
                    .hint("`holometer report --metrics all` shows those that there are"));
            }
        }
    }
    output::print_report(&report, &detail, args.format)?;
    Ok(Exit::Done)
}
