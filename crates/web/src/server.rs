//! The local web server. Reads the database anew for every request, so that a running evaluation shows as it is.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use holometer_store::{Rating, RunId, Store, StoreError, UnitId, UnixMillis};

use crate::assets::ASSETS;
use crate::cards::Cards;
use crate::guard::{Guard, headers};
use crate::kept::{Held, Kept};
use crate::paths;
use crate::site::{FairnessReports, Mode, PageError, Query, Site, WAIT};
use crate::views::live;

/// The longest form that is read, in bytes, and the longest note that is kept, in characters.
const MOST_FORM: usize = 64 * 1024;
const MOST_NOTE: usize = 4000;

/// Connections to the database that are kept open.
const IDLE: usize = 8;

/// What is served, and where.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// The results database.
    pub database: PathBuf,
    /// Where to listen; port 0 takes any free one.
    pub address: SocketAddr,
    /// Further host names by which the server may be addressed.
    pub hosts: Vec<String>,
    /// Whether answers can be rated.
    pub ratings: bool,
}

/// Why the server can't run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken or not ours.
    #[error(
        "can't listen on `{address}`: {source}; hint: choose another port with --port, or 0 for any free one"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The system gives no threads or sockets.
    #[error("the server stopped: {0}")]
    System(#[from] std::io::Error),
    /// A fault of ours.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The database can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Serves until the process is asked to stop. `ready` is told the address.
///
/// # Errors
/// When the database can't be opened or the address can't be listened on.
pub fn serve(
    options: &ServeOptions,
    cards: Cards,
    fairness: FairnessReports,
    ready: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    let site = Site::new(cards, fairness, Mode::Served { ratings: options.ratings })?;
    let first = Store::open_read_only(&options.database)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let listen = |source| ServeError::Listen { address: options.address, source };
        let listener = tokio::net::TcpListener::bind(options.address).await.map_err(listen)?;
        let address = listener.local_addr()?;
        let app = Arc::new(App {
            site,
            guard: Guard::new(address, &options.hosts),
            database: options.database.clone(),
            idle: Mutex::new(vec![first]),
            ratings: options.ratings,
            live: Arc::default(),
        });
        ready(address);
        let router = router(app);
        axum::serve(listener, router).with_graceful_shutdown(stopped()).await?;
        Ok(())
    })
}

/// Resolves when the user asks to stop.
async fn stopped() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

struct App {
    site: Site,
    guard: Guard,
    database: PathBuf,
    idle: Mutex<Vec<Store>>,
    ratings: bool,
    /// The last answer about running evaluations.
    live: Arc<Kept<String>>,
}

fn router(app: Arc<App>) -> Router {
    Router::new()
        .fallback(answer)
        .layer(from_fn_with_state(Arc::clone(&app), guarded))
        .with_state(app)
}

/// Turns away what does not come from the pages themselves, and adds the headers of every answer.
async fn guarded(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = match app.guard.admit(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err((status, why)) => html(status, app.site.message("", "Turned away", &format!("{why}."))),
    };
    response.headers_mut().extend(headers().map(|(name, value)| (Some(name), value)));
    response
}

async fn answer(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().trim_start_matches('/').to_owned();
    let query = parse_query(parts.uri.query().unwrap_or_default());
    let rates = path == "rate";
    let form = match parts.method {
        Method::GET | Method::HEAD if !rates => None,
        Method::POST if rates && app.ratings => {
            let Ok(bytes) = to_bytes(body, MOST_FORM).await else {
                let text = app.site.message(&path, "Too long", "The form is too long.");
                return html(StatusCode::PAYLOAD_TOO_LARGE, text);
            };
            Some(parse_query(&String::from_utf8_lossy(&bytes)))
        }
        _ => {
            let text = app.site.message(&path, "Read only", "These pages only show results.");
            return html(StatusCode::METHOD_NOT_ALLOWED, text);
        }
    };
    if let Some(asset) = ASSETS.iter().find(|asset| asset.path == path) {
        return typed(StatusCode::OK, asset.media_type, asset.content.to_owned());
    }
    if path == "favicon.ico" {
        return typed(StatusCode::NOT_FOUND, "text/plain", String::new());
    }
    let work = {
        let app = Arc::clone(&app);
        tokio::task::spawn_blocking(move || match form {
            Some(form) => app.rate(&form),
            None if path == "live.json" => app.live(),
            None => app.page(&path, &query),
        })
    };
    work.await.unwrap_or_else(|_| {
        let text = app.site.message(
            "",
            "A fault",
            "The page could not be made; this is a fault in holometer.",
        );
        html(StatusCode::INTERNAL_SERVER_ERROR, text)
    })
}

impl App {
    fn page(&self, path: &str, query: &Query) -> Response {
        match self.with_store(|store| self.site.page(store, path, query)) {
            Ok(page) => html(StatusCode::OK, page),
            Err(error) => self.trouble(path, &error),
        }
    }

    fn trouble(&self, path: &str, error: &PageError) -> Response {
        let (status, title) = match error {
            PageError::NotFound(_) => (StatusCode::NOT_FOUND, "Not found"),
            PageError::Query(_) => (StatusCode::BAD_REQUEST, "That can't be searched for"),
            PageError::Store(StoreError::Locked { .. }) => {
                (StatusCode::SERVICE_UNAVAILABLE, "The database is busy")
            }
            PageError::Store(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "The database can't be read")
            }
            PageError::Content(_) | PageError::Template(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "A fault")
            }
        };
        html(status, self.site.message(path, title, &error.to_string()))
    }

    /// Works with a connection that nobody else is using.
    fn with_store<T>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, PageError>,
    ) -> Result<T, PageError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let store = match idle {
            Some(store) => store,
            None => Store::open_read_only(&self.database)?,
        };
        let result = work(&store)?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE {
            idle.push(store);
        }
        Ok(result)
    }

    /// How running evaluations are going. What is expensive to count is counted in the background, and less often; until it has
    /// been counted once the answer says so.
    fn live(&self) -> Response {
        let database = self.database.clone();
        let state = self.live.next_state("live", Duration::from_millis(800));
        let held = self.live.get("live", state, WAIT, move || {
            let counted = Store::open_read_only(&database)
                .map_err(PageError::from)
                .and_then(|store| live::state(&store, now()));
            counted.map(|state| state.to_string()).map_err(|error| error.to_string())
        });
        let (status, json) = match held {
            Held::Ready(json) | Held::Making(_, Some(json)) => (StatusCode::OK, json.to_string()),
            Held::Making(taken, None) => (StatusCode::OK, live::counting(taken).to_string()),
            Held::Failed(why) => {
                let json = serde_json::json!({ "error": why }).to_string();
                (StatusCode::INTERNAL_SERVER_ERROR, json)
            }
        };
        typed(status, "application/json", json)
    }

    /// Keeps a rating and leads back to the unit.
    fn rate(&self, form: &Query) -> Response {
        let number = |name: &str| form.number(name).and_then(|value| usize::try_from(value).ok());
        let value = form.number("value").filter(|value| (1..=5).contains(value));
        let (Some(run), Some(instance), Some(trial), Some(value)) =
            (form.number("run"), number("instance"), number("trial"), value)
        else {
            let text = self.site.message("rate", "Incomplete", "A rating is a number from 1 to 5.");
            return html(StatusCode::BAD_REQUEST, text);
        };
        let rater = crate::text::line(form.get("rater"), 80);
        let rating = Rating {
            rater: if rater.is_empty() { "anonymous".to_owned() } else { rater },
            value: u8::try_from(value).unwrap_or_default(),
            note: crate::text::cut(form.get("note"), MOST_NOTE).0.to_owned(),
            at: now(),
        };
        let unit = UnitId { trial, instance };
        let kept = Store::open(&self.database).and_then(|mut store| {
            let known = store.unit(RunId(run), unit)?.is_some();
            if known { store.rate(RunId(run), unit, &rating).map(|()| true) } else { Ok(false) }
        });
        match kept {
            Ok(true) => {
                let mut response = html(StatusCode::SEE_OTHER, String::new());
                let target = format!("/{}#ratings", paths::unit(run, instance, trial));
                if let Ok(target) = HeaderValue::from_str(&target) {
                    response.headers_mut().insert(header::LOCATION, target);
                }
                response
            }
            Ok(false) => self.trouble("rate", &PageError::NotFound("the rated answer".to_owned())),
            Err(error) => self.trouble("rate", &PageError::Store(error)),
        }
    }
}

fn now() -> UnixMillis {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}

fn html(status: StatusCode, text: String) -> Response {
    typed(status, "text/html; charset=utf-8", text)
}

fn typed(status: StatusCode, media_type: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Reads `a=1&b=2`; the values of a repeated name are joined by commas.
fn parse_query(text: &str) -> Query {
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()).take(100) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name), decode(value));
        values
            .entry(name)
            .and_modify(|known| {
                known.push(',');
                known.push_str(&value);
            })
            .or_insert(value);
    }
    Query(values)
}

/// Undoes percent and plus encoding; what is not UTF-8 becomes U+FFFD.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|pair| std::str::from_utf8(pair).ok());
        let byte = hex.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (bytes[at], byte) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (b'+', _) => {
                out.push(b' ');
                at += 1;
            }
            (other, _) => {
                out.push(other);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded() {
        let query = parse_query("q=a%20b+c%2&m=x&m=y&%zz=1&q2");
        assert_eq!((query.get("q"), query.get("m"), query.get("%zz")), ("a b c%2", "x,y", "1"));
        assert_eq!(query.get("q2"), "");
        assert_eq!(query.with("m", "z w"), "?%25zz=1&m=z%20w&q=a%20b%20c%252");
    }
}
