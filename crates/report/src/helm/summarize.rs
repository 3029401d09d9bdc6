//! The tables of `helm-summarize` (`presentation/summarize.py`): for each scenario the metrics by model, and for each group of
//! metrics the scenarios by model, with win rates.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::schema::{Matcher, MetricGroup, RunGroup, Schema, perturbation_text};
use super::stat::{Stat, StatName};
use super::suite::{Row, SuiteRun};
use super::table::{Cell, Ordered, Table, describe};

/// What tables are made from.
pub(crate) struct Summary<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) rows: &'a [Row<'a>],
}

/// The runs of each model of a table, in the order of the rows.
type Models<'a> = Vec<(ModelKey<'a>, Vec<&'a SuiteRun>)>;

/// A row of a table: deployment and model.
type ModelKey<'a> = (&'a str, &'a str);

/// Whether a table is about one scenario: then its rows link to the runs, else its cells do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Scenario,
    Several,
}

/// What a column's heading says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Headings {
    Metric,
    GroupAndMetric,
}

/// What a table shows.
struct Shown<'a> {
    name: String,
    title: String,
    about: About,
    columns: Vec<(&'a RunGroup, &'a MetricGroup)>,
    headings: Headings,
    sub_split: Option<&'a str>,
}

impl<'a> Summary<'a> {
    /// The tables of a group's page.
    pub(crate) fn tables(&self, group: &'a RunGroup) -> Vec<Table> {
        if group.subgroups.is_empty() {
            self.scenario_tables(group)
        } else {
            self.metric_tables(group)
        }
    }

    /// One table for each scenario of the group, and first one over all if there are several.
    fn scenario_tables(&self, group: &'a RunGroup) -> Vec<Table> {
        let columns = self.columns(&[group], &group.metric_groups);
        let mut scenarios: Ordered<Vec<&Row<'a>>> = Ordered::default();
        for row in self.rows_of(group) {
            scenarios.entry(row.scenario.clone()).push(row);
        }
        let several = scenarios.entries.len() > 1;
        let mut tables = Vec::new();
        if several {
            let shown = Shown {
                name: group.name.clone(),
                title: group.display_name.clone(),
                about: About::Several,
                columns: columns.clone(),
                headings: Headings::Metric,
                sub_split: None,
            };
            tables.push(self.table(&shown, &models(self.rows_of(group))));
        }
        for (_, rows) in scenarios.entries {
            let Some(first) = rows.first() else { continue };
            let args = args_text(first.run);
            let models = models(rows.iter().copied());
            let short = args.replace(' ', "").replace('/', "_");
            let shown = Shown {
                name: format!("{}_{short}", group.name),
                title: args,
                about: About::Scenario,
                columns: columns.clone(),
                headings: Headings::Metric,
                sub_split: None,
            };
            tables.push(self.table(&shown, &models));
            for sub_split in &group.sub_splits {
                let shown = Shown {
                    name: format!("{}:sub_split={sub_split}", group.name),
                    title: format!("{} (sub-split: {sub_split})", group.display_name),
                    about: About::Several,
                    columns: columns.clone(),
                    headings: Headings::Metric,
                    sub_split: Some(sub_split),
                };
                tables.push(self.table(&shown, &models));
            }
        }
        tables.iter_mut().for_each(Table::mark_best);
        tables
    }

    /// One table for each group of metrics, with the scenarios as columns.
    fn metric_tables(&self, group: &'a RunGroup) -> Vec<Table> {
        let groups = self.schema.expanded(group);
        let rows: Vec<&Row<'a>> = groups.iter().flat_map(|group| self.rows_of(group)).collect();
        let models = models(rows.into_iter());
        let mut names: Vec<&String> = Vec::new();
        for name in groups.iter().flat_map(|group| &group.metric_groups) {
            if !names.contains(&name) && !group.hidden_metric_groups.contains(name) {
                names.push(name);
            }
        }
        let mut tables = Vec::new();
        for metric_group in names.into_iter().filter_map(|name| self.schema.metric_group(name)) {
            let shown = Shown {
                name: metric_group.name.clone(),
                title: metric_group.display_name.clone(),
                about: About::Several,
                columns: self.columns(&groups, std::slice::from_ref(&metric_group.name)),
                headings: Headings::GroupAndMetric,
                sub_split: None,
            };
            let mut table = self.table(&shown, &models);
            if table.header.len() > 1 {
                if metric_group.win_rates {
                    table.add_win_rates();
                }
                table.mark_best();
                tables.push(table);
            }
        }
        tables
    }

    fn columns(
        &self,
        groups: &[&'a RunGroup],
        names: &[String],
    ) -> Vec<(&'a RunGroup, &'a MetricGroup)> {
        let metric_groups: Vec<&MetricGroup> =
            names.iter().filter_map(|name| self.schema.metric_group(name)).collect();
        let of = |group: &&'a RunGroup| {
            let group = *group;
            metric_groups
                .iter()
                .filter(move |metric_group| group.metric_groups.contains(&metric_group.name))
                .map(move |metric_group| (group, *metric_group))
                .collect::<Vec<_>>()
        };
        groups.iter().flat_map(of).collect()
    }

    fn rows_of(&self, group: &'a RunGroup) -> impl Iterator<Item = &'a Row<'a>> + use<'a> {
        self.rows.iter().filter(|row| row.run.spec.groups.contains(&group.name))
    }

    fn table(&self, shown: &Shown<'a>, models: &Models<'a>) -> Table {
        let mut header = vec![Cell::heading("Model", None)];
        let mut matchers: Vec<(&RunGroup, Matcher)> = Vec::new();
        for (group, metric_group) in &shown.columns {
            for mut matcher in metric_group.columns(group) {
                matcher.sub_split = shown.sub_split.map(str::to_owned);
                let Some(heading) = self.heading(group, &matcher, shown.headings) else {
                    continue;
                };
                header.push(heading);
                matchers.push((group, matcher));
            }
        }
        let page = shown.columns.first().map_or("", |(group, _)| group.name.as_str());
        let rows = models.iter().map(|((_, model), runs)| {
            let names: Vec<String> = runs.iter().map(|run| run.folder.clone()).collect();
            let mut first = Cell { description: Some(String::new()), ..Cell::of(*model) };
            if shown.about == About::Scenario {
                first.href = Some(address(page, &shown.title, &names));
                first.runs = Some(names);
            }
            let cells = matchers.iter().map(|(group, matcher)| {
                let of_group = |run: &&&SuiteRun| {
                    // HELM's: what counts for bAbI as a whole is the run over all tasks.
                    let whole = !group.name.contains("babi") || shown.name.contains("task:");
                    run.spec.groups.contains(&group.name)
                        && (whole || run.folder.contains("task=all"))
                };
                value_cell(
                    &runs.iter().filter(of_group).copied().collect::<Vec<_>>(),
                    matcher,
                    shown.about,
                )
            });
            std::iter::once(first).chain(cells).collect()
        });
        Table {
            title: shown.title.clone(),
            name: Some(shown.name.clone()),
            rows: rows.collect(),
            header,
            links: compare_link(shown, page, models),
        }
    }

    /// A column's heading; `None` when the metric occurs nowhere in the suite.
    fn heading(&self, group: &RunGroup, matcher: &Matcher, headings: Headings) -> Option<Cell> {
        let metric = self.schema.metric(&matcher.name)?;
        let mut name = metric.display_name.clone();
        let mut description = String::new();
        if !group.description.is_empty() {
            description = format!("{}\n\n", group.description);
        }
        description = format!("{description}{}: {}", metric.display_name, metric.description);
        let mut metadata = BTreeMap::from([
            ("metric", metric.display_name.clone()),
            ("run_group", group.display_name.clone()),
        ]);
        if let Some(perturbation) = &matcher.perturbation {
            name = format!("{name} ({perturbation})");
            description = format!(
                "{description}\n- Perturbation {perturbation}: {}",
                perturbation_text(perturbation)
            );
            metadata.insert("perturbation", perturbation.clone());
        }
        if headings == Headings::GroupAndMetric {
            name = format!("{} - {name}", group.display_name);
        }
        let heading = Cell::heading(&name, Some(&description));
        Some(Cell { lower_is_better: metric.lower_is_better, metadata: Some(metadata), ..heading })
    }

    /// The page that lists all groups: one table for each category.
    pub(crate) fn index(&self) -> Vec<Table> {
        let mut categories: Ordered<Vec<&RunGroup>> = Ordered::default();
        for group in &self.schema.run_groups {
            categories.entry(group.category.clone()).push(group);
        }
        let headings = [
            ("Group", None),
            ("Description", None),
            ("Adaptation method", Some("Adaptation strategy (e.g., generation)")),
            ("# instances", Some("Number of instances evaluated on")),
            ("# references", Some("Number of references provided per instance")),
            ("# prompt tokens", Some("Total number of prompt tokens")),
            ("# completion tokens", Some("Total number of completion tokens")),
            ("# models", Some("Number of models we're evaluating")),
        ];
        let table = |(title, groups): (String, Vec<&'a RunGroup>)| Table {
            title,
            header: headings.map(|(text, description)| Cell::heading(text, description)).into(),
            rows: groups.into_iter().map(|group| self.index_row(group)).collect(),
            ..Table::default()
        };
        categories.entries.into_iter().map(table).collect()
    }

    fn index_row(&self, group: &'a RunGroup) -> Vec<Cell> {
        let runs: Vec<&SuiteRun> = self
            .schema
            .expanded(group)
            .into_iter()
            .flat_map(|group| self.rows_of(group))
            .map(|row| row.run)
            .collect();
        let methods: BTreeSet<&str> =
            runs.iter().map(|run| run.spec.adapter.method.as_str()).collect();
        let models: BTreeSet<&str> =
            runs.iter().map(|run| run.spec.model.deployment.as_str()).collect();
        let total = |name: &str| {
            let mut found =
                runs.iter().flat_map(|run| &run.stats).filter(|stat| stat.name.name == name);
            let mut total = found.next()?.clone();
            found.for_each(|stat| total.merge(stat));
            Some(total)
        };
        let cell = |name: &str, value: fn(&Stat) -> Option<f64>| match total(name) {
            None => Cell::default(),
            Some(stat) => Cell {
                description: Some(describe(&stat)),
                ..Cell::of(value(&stat).map_or(Value::Null, Value::from))
            },
        };
        let name = Cell {
            href: Some(format!("?group={}", quoted(&group.name))),
            ..Cell::of(group.display_name.as_str())
        };
        vec![
            name,
            Cell { markdown: true, ..Cell::of(group.description.as_str()) },
            Cell::of(methods.into_iter().collect::<Vec<_>>().join(", ")),
            cell("num_instances", Stat::mean),
            cell("num_references", Stat::mean),
            cell("num_prompt_tokens", |stat| Some(stat.sum)),
            cell("num_completion_tokens", |stat| Some(stat.sum)),
            Cell::of(models.len()),
        ]
    }

    /// `groups_metadata.json`.
    pub(crate) fn metadata(&self) -> Value {
        let groups = self.schema.run_groups.iter().map(|group| {
            let text = json!({
                "display_name": group.display_name, "description": group.description, "taxonomy": group.taxonomy,
            });
            (group.name.clone(), text)
        });
        Value::Object(groups.collect::<Map<_, _>>())
    }
}

/// Runs by model, sorted by deployment. As in HELM, runs of one adapter stay together.
fn models<'a>(rows: impl Iterator<Item = &'a Row<'a>>) -> Models<'a> {
    let mut by_adapter: Ordered<Vec<&'a SuiteRun>> = Ordered::default();
    for row in rows {
        by_adapter.entry(row.adapter.clone()).push(row.run);
    }
    let mut by_model: BTreeMap<ModelKey<'a>, Vec<&'a SuiteRun>> = BTreeMap::new();
    for run in by_adapter.entries.into_iter().flat_map(|(_, runs)| runs) {
        let model = &run.spec.model;
        by_model.entry((&model.deployment, model.name.as_str())).or_default().push(run);
    }
    by_model.into_iter().collect()
}

/// A scenario's arguments as its table's title.
fn args_text(run: &SuiteRun) -> String {
    let args = run.spec.scenario.args.0.iter();
    args.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")
}

/// A link to the pages of several runs side by side, where there are few enough to compare.
fn compare_link(shown: &Shown<'_>, page: &str, models: &Models<'_>) -> Vec<(String, String)> {
    let names: Vec<String> =
        models.iter().flat_map(|(_, runs)| runs).map(|run| run.folder.clone()).collect();
    if shown.about == About::Scenario && (2..=5).contains(&names.len()) {
        return vec![("compare all".to_owned(), address(page, &shown.title, &names))];
    }
    Vec::new()
}

fn value_cell(runs: &[&SuiteRun], matcher: &Matcher, about: About) -> Cell {
    let none = |description: String| Cell { description: Some(description), ..Cell::default() };
    if runs.is_empty() {
        return none("No matching runs".to_owned());
    }
    let mut total: Option<Stat> = None;
    let mut names: Vec<String> = Vec::new();
    for run in runs {
        let Some(stat) = matching(&run.stats, matcher) else { continue };
        match &mut total {
            Some(total) => total.merge(&stat),
            None => total = Some(stat),
        }
        if !names.contains(&run.folder) {
            names.push(run.folder.clone());
        }
    }
    let Some(total) = total else {
        return none(format!("{} matching runs, but no matching metrics", runs.len()));
    };
    Cell {
        description: Some(describe(&total)),
        style: Some(json!({})),
        runs: (about == About::Several).then_some(names),
        ..Cell::of(total.mean().map_or(Value::Null, Value::from))
    }
}

/// The statistic that a column shows, sub-splits put together; as in HELM, `exact_match` stands in for a missing
/// `quasi_exact_match`.
fn matching(stats: &[Stat], matcher: &Matcher) -> Option<Stat> {
    let all = |matcher: &Matcher| {
        let mut found = stats.iter().filter(|stat| stat.is_finite() && matcher.matches(&stat.name));
        let first = found.next()?;
        let name = StatName { sub_split: matcher.sub_split.clone(), ..first.name.clone() };
        let mut total = Stat { name, ..first.clone() };
        found.for_each(|stat| total.merge(stat));
        Some(total)
    };
    all(matcher).or_else(|| {
        let stand_in = Matcher { name: "exact_match".to_owned(), ..matcher.clone() };
        (matcher.name == "quasi_exact_match").then(|| all(&stand_in)).flatten()
    })
}

/// The address of the page that compares runs.
fn address(group: &str, title: &str, runs: &[String]) -> String {
    // As Python's `json.dumps` separates the entries of a list.
    let runs: Vec<String> = runs.iter().map(|run| json!(run).to_string()).collect();
    let runs = format!("[{}]", runs.join(", "));
    format!("?group={}&subgroup={}&runSpecs={}", quoted(group), quoted(title), quoted(&runs))
}

/// Percent-encodes as Python's `urllib.parse.quote` does.
fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'~' | b'/') {
            quoted.push(char::from(byte));
        } else {
            quoted.push('%');
            for half in [byte >> 4, byte & 15] {
                let digit = char::from_digit(u32::from(half), 16).unwrap_or('0');
                quoted.push(digit.to_ascii_uppercase());
            }
        }
    }
    quoted
}
