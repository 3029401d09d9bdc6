//! Opening a model by its spec.

use std::sync::Arc;

use holometer_core::{Capabilities, FailureKind, Model, ModelCard, ModelName, Window};
use reqwest::Url;

use crate::cost::list_price;
use crate::deployment::Deployment;
use crate::error::{ProviderError, nearest_names};
use crate::http::access::{Access, GoogleAccess};
use crate::http::driver::Line;
use crate::http::governor::{Governor, Stopped};
use crate::http::model::HttpModel;
use crate::http::runtime;
use crate::http::signing::AwsKeys;
use crate::http::transport::Transport;
use crate::probe;
use crate::secret::Secret;
use crate::settings::{Contact, Settings};
use crate::spec::{self, Endpoints, Spec};
use crate::test_models::open_test_model;
use crate::vendor::{AuthStyle, ModelKind, Support, Vendor, find_vendor, vendors};
use crate::wire_format::{WireFormat, wire_format};

/// The window assumed of a server that does not tell its own, in tokens.
pub const ASSUMED_WINDOW: usize = 4096;

/// The variable with the key for servers that are named by address.
pub const SERVER_KEY_VARIABLE: &str = "HOLOMETER_SERVER_KEY";

/// Opens a model by its spec: `test:NAME`, `VENDOR:MODEL`, or the address of an OpenAI-compatible server,
/// `http://HOST:PORT/v1#MODEL` (the model may be left out where only one is served; `chat+` or `completions+` before the
/// address restricts it to that endpoint).
///
/// Gives `None` for specs that belong elsewhere: paths, `hf:` and plain names.
///
/// # Errors
/// Unknown names, missing keys, servers that don't answer; each with a hint.
pub fn open(spec: &str, settings: &Settings) -> Result<Option<Box<dyn Model>>, ProviderError> {
    match spec::parse(spec)? {
        None => Ok(None),
        Some(Spec::Test(name)) => match open_test_model(&name) {
            Some(model) => Ok(Some(Box::new(model))),
            None => Err(ProviderError::UnknownTestModel { name }),
        },
        Some(Spec::Server { base, model, endpoints }) => {
            let key = settings.variable(SERVER_KEY_VARIABLE);
            let key_hint = format!("set {SERVER_KEY_VARIABLE} to the server's key");
            let headers = key.map(|key| bearer(&key)).into_iter().collect();
            let server = Server { spec, base, model, endpoints, headers, key_hint };
            open_server(server, settings).map(|model| Some(Box::new(model) as Box<dyn Model>))
        }
        Some(Spec::Vendor { vendor, model }) if settings.servers.contains_key(&vendor) => {
            open_named(spec, &vendor, model, settings)
                .map(|model| Some(Box::new(model) as Box<dyn Model>))
        }
        Some(Spec::Vendor { vendor, model }) => open_vendor(spec, &vendor, model, settings)
            .map(|model| Some(Box::new(model) as Box<dyn Model>)),
    }
}

/// A server that the user describes.
fn open_named(
    spec: &str,
    name: &str,
    model: String,
    settings: &Settings,
) -> Result<HttpModel, ProviderError> {
    let named = &settings.servers[name];
    let key = named.key_env.as_ref().map(|variable| (variable, settings.variable(variable)));
    let (headers, key_hint) = match key {
        None => (Vec::new(), format!("give the server `{name}` a `key_env` in the suite file")),
        Some((variable, Some(key))) => (vec![bearer(&key)], format!("check {variable}")),
        Some((variable, None)) if settings.contact == Contact::Never => {
            (Vec::new(), format!("set {variable}"))
        }
        Some((variable, None)) => {
            return Err(ProviderError::MissingKey {
                provider: name.to_owned(),
                variable: variable.clone(),
                docs: "the suite file names that variable".to_owned(),
            });
        }
    };
    let base = spec::parse_address(&named.base_url)?;
    let model = Some(model).filter(|model| !model.is_empty());
    let server = Server { spec, base, model, endpoints: Endpoints::Both, headers, key_hint };
    let settings = Settings {
        window: settings.window.or(named.window),
        begin_text: settings.begin_text.clone().or_else(|| named.begin_text.clone()),
        ..settings.clone()
    };
    let model = open_server(server, &settings)?;
    Ok(HttpModel { price: model.price.or_else(|| named.price.clone()), ..model })
}

/// A server named by its address.
struct Server<'a> {
    spec: &'a str,
    base: Url,
    model: Option<String>,
    endpoints: Endpoints,
    headers: Vec<(String, Secret)>,
    key_hint: String,
}

fn open_server(server: Server<'_>, settings: &Settings) -> Result<HttpModel, ProviderError> {
    let transport = Transport::new(&server.base, &server.headers, settings)?;
    let mut deployment = Deployment {
        base: base_address(&server.base),
        query: server.base.query().unwrap_or_default().to_owned(),
        shown: spec::shown_address(&server.base),
        model: server.model.clone().unwrap_or_default(),
        headers: server.headers,
        begin_text: settings.begin_text.clone().unwrap_or_default(),
        support: Support::default(),
        chat: None,
        text: None,
        scorer: None,
    };
    if settings.contact == Contact::Never {
        if server.endpoints != Endpoints::Chat {
            deployment.text = wire_format("openai_completions");
        }
        if server.endpoints != Endpoints::Completions {
            deployment.chat = wire_format("openai_chat");
        }
        let card = card(server.spec, &deployment, "not asked");
        let window = window(settings.window.unwrap_or(ASSUMED_WINDOW), deployment.chat.is_some());
        return Ok(model(card, window, deployment, transport, settings));
    }
    let probing = probe::probe_owned(
        deployment,
        transport.clone(),
        server.model,
        server.endpoints,
        Arc::new(settings.clone()),
        server.key_hint,
    );
    let (deployment, found) = runtime::wait_for(probing).unwrap_or_else(|| {
        let reason = "probing failed inside".into();
        Err(ProviderError::Client { reason })
    })?;
    let (tokens, source) = match (settings.window, found.listed.window) {
        (Some(tokens), _) => (tokens, "as set"),
        (None, Some(tokens)) => (tokens, "as the server says"),
        (None, None) => (ASSUMED_WINDOW, "assumed, the server does not say"),
    };
    let software = match found.listed.owned_by.as_str() {
        "" => String::new(),
        owner => format!("{owner}; "),
    };
    let distrusted = match found.distrusted.as_str() {
        "" => String::new(),
        reason => format!("; {reason}"),
    };
    let unconditioned = if found.first_token_unscored {
        "; texts without context are scored from their second token on (`--begin-text` names the token that begins a text)"
    } else {
        ""
    };
    let note = format!("{software}window {tokens} tokens, {source}{distrusted}{unconditioned}");
    let mut card = card(server.spec, &deployment, &note);
    if let Some(begin) = &settings.begin_text {
        card.fingerprint = format!("{} after {begin:?}", card.fingerprint);
    }
    let chat = deployment.chat.is_some() && (found.chat_template || deployment.text.is_none());
    let window = Window {
        prefix_token: found.begin_text,
        end_of_text_token: found.end_text,
        ..window(tokens, chat)
    };
    Ok(model(card, window, deployment, transport, settings))
}

fn open_vendor(
    spec: &str,
    name: &str,
    model_name: String,
    settings: &Settings,
) -> Result<HttpModel, ProviderError> {
    let Some(vendor) = find_vendor(name) else {
        let known = vendors().iter().map(|(known, _)| *known).chain(["test", "path", "hf"]);
        return Err(ProviderError::UnknownProvider {
            name: name.to_owned(),
            nearest: nearest_names(name, known),
        });
    };
    if model_name.is_empty() {
        let example = vendor.models.first().map_or("MODEL", |model| model.name.as_str());
        let example = format!("{name}:{example}");
        return Err(ProviderError::MissingModel { spec: spec.to_owned(), example });
    }
    let (headers, access) = vendor_access(name, vendor, settings)?;
    let key_hint = format!("check {} ({})", vendor.key_env.join(" or "), vendor.docs);
    let replaced =
        settings.base_urls.get(name).cloned().or_else(|| replaced_address(vendor, settings));
    let base = match replaced {
        Some(address) if vendor.probe_replaced => {
            let base = spec::parse_address(&address)?;
            let endpoints = Endpoints::Both;
            let server =
                Server { spec, base, model: Some(model_name), endpoints, headers, key_hint };
            return open_server(server, settings);
        }
        Some(address) => spec::parse_address(&address)?,
        None => spec::parse_address(&filled_address(name, vendor, settings)?)?,
    };
    let transport = Transport::new(&base, &headers, settings)?.with_access(access);
    let entry = vendor.model(&model_name);
    let kind = entry.map(|entry| entry.kind).unwrap_or_default();
    let text = vendor.completions.as_deref().filter(|_| kind == ModelKind::Completions);
    let deployment = Deployment {
        base: base_address(&base),
        query: String::new(),
        shown: spec::shown_address(&base),
        model: model_name,
        headers,
        begin_text: String::new(),
        support: vendor.support_for(entry),
        chat: Some(vendor.chat.as_str())
            .filter(|_| kind != ModelKind::Completions)
            .and_then(wire_format),
        text: text.and_then(wire_format),
        scorer: None,
    };
    if let Some(path) = vendor.check_path.as_deref().filter(|_| settings.contact == Contact::Probe)
    {
        check_key(deployment.clone(), transport.clone(), path.to_owned(), key_hint)?;
    }
    let tokens =
        settings.window.or(entry.map(|entry| entry.window)).unwrap_or(vendor.default_window);
    let note = match entry {
        Some(_) => format!("window {tokens} tokens, as documented on {}", vendor.checked),
        None => format!("window {tokens} tokens, assumed: the model is not listed"),
    };
    let asked_in = match (vendor.batch, &settings.batching) {
        (Some(_), Some(_)) => "; asked in batches",
        (None, Some(_)) => "; no batch API, asked one by one",
        (_, None) => "",
    };
    let card = card(spec, &deployment, &format!("{note}{asked_in}"));
    let chat = deployment.chat.is_some();
    let model = model(card, window(tokens, chat), deployment, transport, settings);
    let batch = vendor.batch.filter(|_| settings.batching.is_some());
    Ok(HttpModel { price: model.price.or_else(|| list_price(spec)), batch, ..model })
}

/// The address that an environment variable of the vendor's own client names. Some of those clients add the version's path
/// themselves (Anthropic's, Google's), others expect it (OpenAI's): an address without any path gets the vendor's.
fn replaced_address(vendor: &Vendor, settings: &Settings) -> Option<String> {
    let address = settings.variable(vendor.base_url_env.as_deref()?)?;
    let address = address.trim().trim_end_matches('/');
    let has_path = Url::parse(address).is_ok_and(|url| url.path().len() > 1);
    let version = Url::parse(&vendor.base_url).ok().filter(|_| !has_path);
    Some(version.map_or_else(|| address.to_owned(), |url| format!("{address}{}", url.path())))
}

/// A vendor's address with the environment variables that stand in braces in it.
fn filled_address(
    name: &str,
    vendor: &Vendor,
    settings: &Settings,
) -> Result<String, ProviderError> {
    let mut address = String::new();
    let mut rest = vendor.base_url.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        let (place, after) = after.split_once('}').unwrap_or((after, ""));
        let (variable, default) = match place.split_once('|') {
            Some((variable, default)) => (variable, Some(default.to_owned())),
            None => (place, None),
        };
        // Planning asks for nothing that is not needed to plan.
        if settings.contact == Contact::Never
            && settings.variable(variable).is_none()
            && default.is_none()
        {
            return Ok("https://unset.invalid".into());
        }
        let value = settings.variable(variable).or(default).ok_or_else(|| {
            ProviderError::MissingAddress {
                provider: name.to_owned(),
                variable: variable.to_owned(),
                docs: format!("see {}", vendor.docs),
            }
        })?;
        address.push_str(before);
        address.push_str(value.trim().trim_end_matches('/'));
        rest = after;
    }
    Ok(address + rest)
}

/// Fixed headers, and access that has to be proved with each call.
type VendorAccess = (Vec<(String, Secret)>, Option<Access>);

fn vendor_access(
    name: &str,
    vendor: &Vendor,
    settings: &Settings,
) -> Result<VendorAccess, ProviderError> {
    let mut headers: Vec<(String, Secret)> =
        vendor.headers.iter().map(|(name, value)| (name.clone(), Secret::new(value))).collect();
    let missing = || ProviderError::MissingKey {
        provider: name.to_owned(),
        variable: vendor.key_env.join(" (or ") + if vendor.key_env.len() > 1 { ")" } else { "" },
        docs: format!("see {}", vendor.docs),
    };
    let proved_with_each_call = matches!(vendor.auth, AuthStyle::Aws(_) | AuthStyle::Google);
    let variables = if proved_with_each_call { &vendor.key_env[..1] } else { &vendor.key_env };
    let key = variables.iter().find_map(|variable| settings.variable(variable));
    if let Some(key) = key {
        headers.push(match &vendor.auth {
            AuthStyle::Header(header) => (header.clone(), Secret::new(&key)),
            AuthStyle::Bearer | AuthStyle::Aws(_) | AuthStyle::Google => bearer(&key),
        });
        return Ok((headers, None));
    }
    let access = match &vendor.auth {
        AuthStyle::Aws(service) => aws_access(service, settings),
        AuthStyle::Google => google_access(settings)?,
        AuthStyle::Bearer | AuthStyle::Header(_) => None,
    };
    let needs_key = !vendor.key_env.is_empty() && settings.contact == Contact::Probe;
    if access.is_none() && needs_key {
        return Err(missing());
    }
    Ok((headers, access))
}

fn aws_access(service: &str, settings: &Settings) -> Option<Access> {
    let region = ["AWS_REGION", "AWS_DEFAULT_REGION"];
    Some(Access::Aws(AwsKeys {
        access_key: settings.variable("AWS_ACCESS_KEY_ID")?.trim().to_owned(),
        secret_key: Secret::new(&settings.variable("AWS_SECRET_ACCESS_KEY")?),
        session_token: settings.variable("AWS_SESSION_TOKEN").map(|token| Secret::new(&token)),
        region: region
            .iter()
            .find_map(|name| settings.variable(name))
            .unwrap_or_else(|| "us-east-1".into()),
        service: service.to_owned(),
    }))
}

fn google_access(settings: &Settings) -> Result<Option<Access>, ProviderError> {
    let Some(path) = settings.variable("GOOGLE_APPLICATION_CREDENTIALS") else { return Ok(None) };
    let unusable = |reason: String| ProviderError::Client {
        reason: format!("the file of GOOGLE_APPLICATION_CREDENTIALS can't be used: {reason}"),
    };
    let text = std::fs::read_to_string(path.trim()).map_err(|error| unusable(error.to_string()))?;
    GoogleAccess::read(&text).map(|access| Some(Access::Google(access))).map_err(unusable)
}

/// Finds a dead key or a missing network before a run begins. Anything else is left to the run itself.
fn check_key(
    deployment: Deployment,
    transport: Transport,
    path: String,
    key_hint: String,
) -> Result<(), ProviderError> {
    let checking = async move {
        let found = probe::get_json(&deployment, &transport, &path, &key_hint).await;
        found.map(|_| ())
    };
    match runtime::wait_for(checking) {
        Some(Err(ProviderError::NotAServer { .. })) | None => Ok(()),
        Some(result) => result,
    }
}

fn bearer(key: &str) -> (String, Secret) {
    ("authorization".into(), Secret::new(&format!("Bearer {}", key.trim())))
}

/// An address that paths are appended to; user name and password stay in it.
fn base_address(url: &Url) -> String {
    let mut base = url.clone();
    base.set_query(None);
    base.set_fragment(None);
    base.as_str().trim_end_matches('/').to_owned()
}

fn card(spec: &str, deployment: &Deployment, note: &str) -> ModelCard {
    let support = &deployment.support;
    let completions_logprobs = deployment.text.is_some() && support.completions_logprobs.is_some();
    let chat_logprobs = deployment.chat.is_some() && support.chat_logprobs.is_some();
    let next_token = deployment.next_token();
    let capabilities = Capabilities {
        generate: true,
        score_continuation: deployment.scorer.is_some(),
        score_next_token: deployment.scorer.is_some() || next_token.is_some(),
        token_logprobs: completions_logprobs || chat_logprobs,
        chat: deployment.chat.is_some(),
        top_k: support.top_k().is_some(),
    };
    let abilities = [
        (deployment.text.is_some(), "completions"),
        (deployment.chat.is_some(), "chat"),
        (capabilities.token_logprobs, "log-probabilities"),
        (!support.sampling, "samples in its own way (it takes neither temperature nor top-p)"),
    ];
    let mut abilities: Vec<String> =
        abilities.iter().filter(|(can, _)| *can).map(|(_, what)| (*what).to_owned()).collect();
    let scoring = deployment.scorer.and_then(WireFormat::scores_by);
    abilities.extend(scoring.map(|way| format!("scoring of given text by {way}")));
    abilities.extend(next_token.map(|way| format!("scoring {}", way.describe())));
    let formats: Vec<&str> =
        [deployment.text, deployment.chat].into_iter().flatten().map(WireFormat::name).collect();
    ModelCard {
        name: ModelName::new(spec::without_password(spec)),
        fingerprint: format!("{} {}#{}", formats.join("+"), deployment.shown, deployment.model),
        summary: format!(
            "`{}` at {}: {}; {note}",
            deployment.model,
            deployment.shown,
            abilities.join(", ")
        ),
        capabilities,
    }
}

/// A window of so many tokens. One token is kept free of the prompt, because servers refuse to write none.
fn window(tokens: usize, chat: bool) -> Window {
    Window {
        max_sequence_length: tokens,
        max_request_length: tokens.saturating_sub(1).max(1),
        prefix_token: String::new(),
        end_of_text_token: String::new(),
        chat,
    }
}

fn model(
    card: ModelCard,
    window: Window,
    deployment: Deployment,
    transport: Transport,
    settings: &Settings,
) -> HttpModel {
    let governor = Governor::new(settings);
    if settings.contact == Contact::Never {
        let message = "the model was opened for planning only".into();
        governor.stop(Stopped { kind: FailureKind::Unsupported, message });
    }
    let next_token = deployment.next_token();
    let line = Line { deployment, transport, governor, settings: settings.clone() };
    let price = settings.prices.get(card.name.as_str()).cloned();
    HttpModel { card, window, price, batch: None, next_token, line: Arc::new(line) }
}
