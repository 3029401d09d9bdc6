//! The site: from an address and a database to a page.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use holometer_report::fairness::FairnessReport;
use holometer_store::{Progress, RunId, RunInfo, Store, StoreError};
use minijinja::{Environment, value::Value};

use crate::cards::Cards;
use crate::kept::Kept;
use crate::matched::Compared;
use crate::template::view;
use crate::views;
use crate::{paths, template};

/// Where pages are shown, which decides what they can offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// By the server: searches, filters and live progress.
    Served {
        /// Whether answers can be rated.
        ratings: bool,
    },
    /// As files: lists are laid out in advance.
    Files {
        /// How many instances of a run have pages.
        instances: usize,
    },
}

impl Mode {
    /// Whether the pages are files.
    pub(crate) fn is_files(self) -> bool {
        matches!(self, Self::Files { .. })
    }
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Nothing is at this address.
    #[error("there is no page `{0}`")]
    NotFound(String),
    /// The query makes no sense.
    #[error("{0}")]
    Query(String),
    /// The database can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What a page shows can't be computed.
    #[error("{0}")]
    Content(String),
    /// A fault of ours.
    #[error("the page can't be made: {0:#}")]
    Template(#[from] minijinja::Error),
}

/// The values of a query; of a repeated name the last counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(pub BTreeMap<String, String>);

impl Query {
    /// A value; empty when it was not given.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.get(name).map(|value| value.trim()).unwrap_or_default()
    }

    /// A whole number.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.get(name).parse().ok()
    }

    /// The query as text, with one value replaced.
    pub(crate) fn with(&self, name: &str, value: &str) -> String {
        let mut values = self.0.clone();
        values.insert(name.to_owned(), value.to_owned());
        let pairs: Vec<String> = values
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{}={}", paths::encode(name), paths::encode(value)))
            .collect();
        if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
    }
}

/// Makes the fairness report of a suite from its scores; the error is a sentence for people.
pub type FairnessReports =
    Arc<dyn Fn(&Store, &str) -> Result<FairnessReport, String> + Send + Sync>;

/// How long a page waits for what is made in the background.
pub(crate) const WAIT: Duration = Duration::from_millis(30);

/// Makes pages.
pub struct Site {
    pub(crate) cards: Arc<Cards>,
    pub(crate) mode: Mode,
    pub(crate) fairness: FairnessReports,
    /// The fairness reports of suites.
    pub(crate) reports: Arc<Kept<FairnessReport>>,
    /// Comparisons of models.
    pub(crate) compared: Arc<Kept<Compared>>,
    /// What became of the requests of runs that have not been scored.
    pub(crate) progress: Arc<Kept<Progress>>,
    environment: Environment<'static>,
}

/// What a view works with.
pub(crate) struct Request<'a> {
    pub(crate) site: &'a Site,
    pub(crate) store: &'a Store,
    pub(crate) path: &'a str,
    pub(crate) query: &'a Query,
}

impl Site {
    /// A site over these cards, with what makes its fairness reports.
    ///
    /// # Errors
    /// When a template is faulty, which tests rule out.
    pub fn new(cards: Cards, fairness: FairnessReports, mode: Mode) -> Result<Self, PageError> {
        let (reports, compared, progress) = Default::default();
        let environment = template::environment()?;
        Ok(Self {
            cards: Arc::new(cards),
            mode,
            fairness,
            reports,
            compared,
            progress,
            environment,
        })
    }

    /// The page at an address, as HTML. The address is relative to the root and has no leading slash.
    ///
    /// # Errors
    /// When there is no such page or the database can't be read.
    pub fn page(&self, store: &Store, path: &str, query: &Query) -> Result<String, PageError> {
        let path = if path.is_empty() { "index.html" } else { path };
        let request = Request { site: self, store, path, query };
        views::page(&request)
    }

    /// A page that says why there is none.
    pub fn message(&self, path: &str, title: &str, text: &str) -> String {
        let page = view! {
            page => view! {
                root => paths::root(path), title => title, current => "", static_site => self.mode.is_files(),
                suite => None::<Value>, suites => Vec::<Value>::new(), crumbs => Vec::<Value>::new(),
                version => env!("CARGO_PKG_VERSION"),
            },
            text => text,
        };
        self.environment
            .get_template("message.html")
            .and_then(|template| template.render(page))
            .unwrap_or_else(|_| {
                format!("<!doctype html><title>{0}</title><p>{0}</p>", crate::escape(title))
            })
    }
}

/// A link for people: where to and what it says.
pub(crate) fn link(href: impl Into<String>, label: impl Into<String>) -> Value {
    view! { href => href.into(), label => label.into() }
}

impl Request<'_> {
    /// Renders a template inside the frame of all pages.
    pub(crate) fn render(
        &self,
        template: &str,
        frame: &Frame<'_>,
        content: Value,
    ) -> Result<String, PageError> {
        let suites = self.store.suites()?;
        let suite = match frame.suite {
            Some(suite) => Some(suite.to_owned()),
            None => self.store.latest_suite()?,
        };
        let links: Vec<Value> = suites
            .iter()
            .map(|name| {
                let page = if frame.per_suite { frame.current } else { "leaderboard" };
                view! {
                    label => name, href => paths::suite(name, page), current => Some(name) == suite.as_ref(),
                }
            })
            .collect();
        let suite = suite.map(|name| {
            let page = |page: &str| paths::suite(&name, page);
            view! {
                name => name, leaderboard => page("leaderboard"), fairness => page("fairness"),
                compare => page("compare"), plots => page("plots"), coverage => page("coverage"),
            }
        });
        let page = view! {
            root => paths::root(self.path), title => frame.title, current => frame.current, suite => suite,
            suites => links, crumbs => frame.crumbs, static_site => self.site.mode.is_files(),
            version => env!("CARGO_PKG_VERSION"),
        };
        let template = self.site.environment.get_template(template)?;
        Ok(template.render(view! { page => page, ..content })?)
    }

    /// The suite that an address names by its slug.
    pub(crate) fn suite(&self, slug: &str) -> Result<String, PageError> {
        let suites = self.store.suites()?;
        suites.into_iter().find(|name| paths::slug(name) == slug).ok_or_else(|| self.not_found())
    }

    /// The run with a number.
    pub(crate) fn run(&self, number: &str) -> Result<RunInfo, PageError> {
        let id: i64 = number.parse().map_err(|_| self.not_found())?;
        match self.store.run(RunId(id)) {
            Err(StoreError::UnknownRun { .. }) => Err(self.not_found()),
            other => Ok(other?),
        }
    }

    pub(crate) fn not_found(&self) -> PageError {
        PageError::NotFound(self.path.to_owned())
    }
}

/// The frame around a page's content.
#[derive(Default)]
pub(crate) struct Frame<'a> {
    /// The heading and the window's title.
    pub(crate) title: String,
    /// The entry of the navigation that is marked.
    pub(crate) current: &'a str,
    /// The suite that the page is about.
    pub(crate) suite: Option<&'a str>,
    /// Whether other suites have the same page.
    pub(crate) per_suite: bool,
    /// Links to the pages above.
    pub(crate) crumbs: Vec<Value>,
}
