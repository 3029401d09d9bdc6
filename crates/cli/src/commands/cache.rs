//! `cache`: what downloads are kept.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use holometer_data::cache::{self, Keep};
use holometer_report::{Column, Table};

use crate::args::{CacheAction, CacheArgs, TableFormat};
use crate::failure::{Exit, Failure};
use crate::output;
use crate::pipeline::Environment;
use crate::size;

/// Lists or prunes the cache.
pub(crate) fn cache(args: &CacheArgs) -> Result<Exit, Failure> {
    let environment = Environment::new(&args.environment, &[])?;
    let folder = &environment.library.cache_dir;
    match &args.action {
        CacheAction::Ls => {
            let entries = cache::entries(folder).map_err(Failure::usage)?;
            let rows = entries.iter().map(|entry| {
                vec![
                    entry.name.clone(),
                    size::show(entry.bytes),
                    age(entry.last_used),
                    entry.location.clone(),
                ]
            });
            let total = cache::total_bytes(folder).map_err(Failure::usage)?;
            let table = Table {
                title: format!("{} in {}", size::show(total), folder.display()),
                columns: vec![
                    Column::text("name"),
                    Column::number("size"),
                    Column::text("last used"),
                    Column::text("from"),
                ],
                rows: rows.collect(),
                notes: Vec::new(),
            };
            output::print_tables(&[table], &entries, TableFormat::Table)?;
        }
        CacheAction::Prune { to } => {
            let bytes = size::parse(to).map_err(Failure::usage)?;
            let pruned = cache::prune(folder, Keep::Bytes(bytes)).map_err(Failure::usage)?;
            for entry in &pruned.removed {
                output::print(format!("removed {} ({})", entry.name, size::show(entry.bytes)))?;
            }
            output::print(format!("freed {}", size::show(pruned.freed_bytes)))?;
        }
    }
    Ok(Exit::Done)
}

/// How long ago, in words.
fn age(seconds: u64) -> String {
    let then = UNIX_EPOCH + Duration::from_secs(seconds);
    let elapsed = SystemTime::now().duration_since(then).unwrap_or_default().as_secs();
    match elapsed {
        0..120 => "now".to_owned(),
        120..7200 => format!("{} minutes ago", elapsed / 60),
        7200..172_800 => format!("{} hours ago", elapsed / 3600),
        _ => format!("{} days ago", elapsed / 86_400),
    }
}
