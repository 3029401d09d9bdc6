//! Pages over a database that is made here: lists walked both ways, what takes long, what was not run.

#![expect(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::collections::BTreeMap;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use holometer_core::{
    AdapterSpec, Args, Decoding, Instance, InstanceId, Method, ModelName, ModelSpec, Prompt,
    Request, RequestState, RunName, RunSpec, ScenarioName, ScenarioSpec, Score, Split, Value,
};
use holometer_report::fairness::FairnessReport;
use holometer_store::{RunContext, RunId, RunInputs, Store, UnitId, UnitScores, UnixMillis};
use holometer_summary::fairness::Judgement;
use holometer_web::{Cards, FairnessReports, Mode, Query, Site};

const SUITE: &str = "made";

fn spec() -> RunSpec {
    RunSpec {
        name: RunName::new("made:model=test"),
        scenario: ScenarioSpec { name: ScenarioName::new("made"), args: Args::default() },
        adapter: AdapterSpec::new(Method::Generation),
        metrics: Vec::new(),
        augmentation: holometer_core::AugmentationSpec::default(),
        groups: Vec::new(),
        model: ModelSpec { name: ModelName::new("test"), deployment: "test".into() },
    }
}

fn state(instance: &Arc<Instance>) -> RequestState {
    let prompt = Prompt::Text(instance.input.text.clone());
    RequestState {
        instance: Arc::clone(instance),
        reference_index: None,
        request_mode: None,
        train_trial_index: 0,
        output_mapping: None,
        request: Request::Generate { prompt, decoding: Decoding::default() },
        num_train_instances: 0,
        prompt_truncated: false,
        num_conditioning_tokens: 0,
    }
}

/// A run of this many instances, every third of which is wrong; nothing has been asked yet.
fn filled(store: &mut Store, count: usize) -> RunId {
    let instances: Vec<Arc<Instance>> = (0..count)
        .map(|index| {
            let mut instance = Instance::new(format!("Question {index}?"), vec![], Split::Test);
            instance.id = InstanceId(format!("id{index}"));
            Arc::new(instance)
        })
        .collect();
    let requests: Vec<_> = instances.iter().map(state).collect();
    let hashes = BTreeMap::new();
    let inputs = RunInputs {
        fingerprint: "model",
        data_hashes: &hashes,
        instances: &instances,
        requests: &requests,
    };
    let context =
        RunContext { at: UnixMillis(1), version: "0.1.0".into(), host: serde_json::json!({}) };
    let run = store.begin_run(SUITE, &spec(), &inputs, &context).unwrap().run;
    let scores = (0..count).map(|instance| {
        let value = Value::Number(f64::from(u8::from(instance % 3 != 2)));
        let scores = vec![Score::new("exact_match", value)];
        UnitScores { unit: UnitId { trial: 0, instance }, scores, components: vec![] }
    });
    store.write_scores(run, scores).unwrap();
    run
}

fn fairness(methods: &str) -> FairnessReport {
    FairnessReport {
        suite: SUITE.into(),
        rows: Vec::new(),
        panel: Vec::new(),
        judgement: Judgement::default(),
        version: "0.1.0".into(),
        not_run: Vec::new(),
        methods: methods.into(),
    }
}

fn site(reports: FairnessReports) -> Site {
    Site::new(Cards::default(), reports, Mode::Served { ratings: false }).unwrap()
}

fn quick() -> FairnessReports {
    Arc::new(|_, _| Ok(fairness("at once")))
}

fn scratch() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("holometer.db")).unwrap();
    (folder, store)
}

/// The folder of the suite's pages.
fn suite(site: &Site, store: &Store) -> String {
    let start = site.page(store, "", &Query::default()).unwrap();
    between(&start, "href=\"suite/", "/")[0].to_owned()
}

/// A page by its address with a query; `SUITE` stands for the suite's folder.
fn page(site: &Site, store: &Store, address: &str) -> String {
    let address = address.replace("SUITE", &suite(site, store));
    let (path, query) = address.split_once('?').unwrap_or((&address, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = Query(pairs.map(|(name, value)| (name.into(), value.into())).collect());
    site.page(store, path, &query).unwrap()
}

fn between<'a>(html: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    html.split(before).skip(1).filter_map(|rest| Some(rest.split_once(after)?.0)).collect()
}

fn ids(html: &str) -> Vec<&str> {
    between(html, "<span class=\"id\">", "</span>")
}

/// The address behind a link of the pager, from the root.
fn pager(html: &str, rel: &str) -> Option<String> {
    let links = between(html, "<nav class=\"pager\"", "</nav>")[0].to_owned();
    let link = between(&links, "<a href=\"../../", ">").into_iter().find(|link| link.contains(rel));
    Some(link?.split_once('"')?.0.replace("&amp;", "&"))
}

#[test]
fn lists_are_walked_to_their_end_and_back_again() {
    let (_folder, mut store) = scratch();
    let run = filled(&mut store, 200);
    let site = site(quick());
    let wrong: Vec<String> =
        (0..200).filter(|at| at % 3 == 2).map(|at| format!("id{at}")).collect();
    let mut html = page(&site, &store, &format!("run/{}/instances.html?show=wrong", run.0));
    let mut seen: Vec<String> = ids(&html).into_iter().map(str::to_owned).collect();
    assert_eq!(pager(&html, "prev"), None);
    while let Some(next) = pager(&html, "next") {
        html = page(&site, &store, &next);
        seen.extend(ids(&html).into_iter().map(str::to_owned));
    }
    assert_eq!(seen, wrong);
    let mut shown: Vec<String> = ids(&html).into_iter().map(str::to_owned).collect();
    while let Some(previous) = pager(&html, "prev") {
        html = page(&site, &store, &previous);
        let mut all: Vec<String> = ids(&html).into_iter().map(str::to_owned).collect();
        all.extend(shown);
        shown = all;
    }
    assert_eq!(shown, wrong);
}

#[test]
fn a_part_of_a_search_gives_as_many_as_are_missing() {
    let (_folder, mut store) = scratch();
    let run = filled(&mut store, 200);
    let html = page(&site(quick()), &store, &format!("run/{}/instances.html?part=3&q=1", run.0));
    assert_eq!(ids(&html), ["id1", "id10", "id11"]);
    assert!(!pager(&html, "next").unwrap().contains("part="), "links lead to whole pages");
}

#[test]
fn what_could_not_be_run_is_shown_with_its_reason() {
    let (_folder, mut store) = scratch();
    let run = filled(&mut store, 3);
    let cell = "civil_comments:model=test".to_owned();
    let reason = "downloads are off\nhint: <fetch> it".to_owned();
    store.record_not_run(SUITE, &[], &[(cell, reason)]).unwrap();
    let site = site(quick());
    for address in ["suite/SUITE/coverage.html".to_owned(), format!("run/{}/index.html", run.0)] {
        let html = page(&site, &store, &address);
        let shown = between(&html, "id=\"not-run\"", "</ul>");
        assert_eq!(shown.len(), 1, "{address}");
        assert!(shown[0].contains("downloads are off<br>hint: &lt;fetch&gt; it"), "{}", shown[0]);
    }
    assert!(
        page(&site, &store, "suite/SUITE/coverage.html").contains("1 planned run could not be run")
    );
}

#[test]
fn requests_of_a_run_that_is_going_on_are_counted() {
    let (_folder, mut store) = scratch();
    filled(&mut store, 3);
    let site = site(quick());
    for _ in 0..500 {
        let html = page(&site, &store, "suite/SUITE/coverage.html");
        if !html.contains("data-wait") {
            assert!(html.contains("3 requests planned = 0 answered"), "{html}");
            assert!(!html.contains("being counted"), "{html}");
            return;
        }
        assert!(html.contains("being counted"), "{html}");
    }
    panic!("the requests were never counted");
}

#[test]
fn a_page_whose_numbers_take_long_says_so_and_shows_them_later() {
    let (_folder, mut store) = scratch();
    let run = filled(&mut store, 3);
    let (go, going) = channel::<&'static str>();
    let going = Mutex::new(going);
    let site = site(Arc::new(move |_, _| {
        let methods = going.lock().unwrap().recv_timeout(Duration::from_secs(60));
        Ok(fairness(methods.map_err(|error| error.to_string())?))
    }));
    let look = || page(&site, &store, "suite/SUITE/fairness.html");
    let until = |wanted: &str| {
        let seen = std::iter::repeat_with(look).take(2000).find(|html| html.contains(wanted));
        seen.unwrap_or_else(|| panic!("the page never said `{wanted}`"))
    };
    let html = look();
    assert!(html.contains("data-wait") && html.contains("3 instances of 1 run"), "{html}");
    go.send("the first").unwrap();
    assert!(!until("the first").contains("data-wait"));
    // Scored again: the earlier measures are shown, and said to be earlier ones.
    let mut again = Store::open(store.path()).unwrap();
    again.write_cells(run, &[], UnixMillis(77)).unwrap();
    let html = until("data-wait");
    assert!(html.contains("the first") && html.contains("computed again"), "{html}");
    go.send("the second").unwrap();
    assert!(!until("the second").contains("data-wait"));
}
