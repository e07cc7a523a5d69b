//! Prometheus' text format and the selectors of its queries, as far as the tests need them.

use std::collections::{BTreeMap, BTreeSet};

/// A line: labels and a value.
#[derive(Debug)]
struct Series {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

/// What a scrape brought.
#[derive(Debug)]
pub(super) struct Scrape {
    /// By name, as `# TYPE` tells it: `counter`, `gauge` or `histogram`.
    kinds: BTreeMap<String, String>,
    series: Vec<Series>,
}

/// `name{label="value"}` in a query, with the labels that it groups by besides.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Selector {
    pub(super) name: String,
    /// What must be equal.
    pub(super) equal: Vec<(String, String)>,
    /// What is named in another manner.
    pub(super) named: Vec<String>,
}

/// Labels that Prometheus adds to what it scrapes, and those of a histogram's lines.
const ADDED: [&str; 3] = ["instance", "job", "le"];

impl Scrape {
    pub(super) fn read(text: &str) -> Self {
        let mut kinds = BTreeMap::new();
        let mut series = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                kinds.insert(name.to_owned(), kind.to_owned());
            } else if !line.starts_with('#') {
                let (head, value) = line.rsplit_once(' ').unwrap();
                let (name, labels) = head.split_once('{').unwrap_or((head, ""));
                series.push(Series {
                    name: name.to_owned(),
                    labels: pairs(labels.trim_end_matches('}')).collect(),
                    value: value.parse().unwrap(),
                });
            }
        }
        Self { kinds, series }
    }

    /// The names of metrics; a histogram has one.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.kinds.keys().map(String::as_str)
    }

    pub(super) fn labels(&self) -> BTreeSet<&str> {
        let all = self.series.iter().flat_map(|series| series.labels.keys());
        all.map(String::as_str).collect()
    }

    /// The value of the series with these labels and no others.
    pub(super) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels: BTreeMap<String, String> = labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let found = self
            .series
            .iter()
            .find(|series| series.name == name && series.labels == labels);
        found.map(|series| series.value)
    }

    /// Whether a selector finds anything, and whether there is each label that it names.
    pub(super) fn has(&self, selector: &Selector) -> bool {
        if selector.name == "up" {
            // Prometheus' own.
            return true;
        }
        self.series.iter().any(|series| {
            series.name == selector.name
                && selector
                    .equal
                    .iter()
                    .all(|(name, value)| name == "job" || series.labels.get(name) == Some(value))
                && selector
                    .named
                    .iter()
                    .all(|name| ADDED.contains(&name.as_str()) || series.labels.contains_key(name))
        })
    }
}

/// `a="b",c="d"`: no value of ours has a comma or a quotation mark in it.
fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    text.split("\",").filter_map(|pair| {
        let (name, value) = pair.split_once("=\"")?;
        Some((name.trim().to_owned(), value.trim_end_matches('"').to_owned()))
    })
}

/// The selectors of a query. The labels behind `by (…)` count for all of them.
pub(super) fn selectors(query: &str) -> Vec<Selector> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut grouped = Vec::new();
    for piece in query.split(" by (").skip(1).chain(query.split(" by(").skip(1)) {
        let list = piece.split(')').next().unwrap();
        grouped.extend(list.split(',').map(|label| label.trim().to_owned()));
    }
    let mut found = Vec::new();
    let mut rest = query;
    while let Some(at) = ["hasura_siwe_", "process_", "up{"]
        .iter()
        .filter_map(|mark| rest.find(mark))
        .min()
    {
        let before = rest[..at].chars().next_back();
        let text = &rest[at..];
        let name: String = text.chars().take_while(|c| is_word(*c)).collect();
        rest = &text[name.len()..];
        if before.is_some_and(is_word) {
            continue;
        }
        let mut selector = Selector {
            name,
            equal: Vec::new(),
            named: grouped.clone(),
        };
        if let Some(inner) = rest.strip_prefix('{').and_then(|inner| inner.split('}').next()) {
            for matcher in inner.split("\",").filter(|matcher| !matcher.trim().is_empty()) {
                let operator = matcher.find(['=', '!']).unwrap_or_else(|| panic!("{query}"));
                let (name, value) = matcher.split_at(operator);
                let (name, is_equal) = (name.trim().to_owned(), value.starts_with("=\""));
                let value = value.trim_start_matches(['=', '!', '~']).trim_matches('"');
                // What a reader chooses on the dashboard is no value.
                match is_equal && !value.starts_with('$') {
                    true => selector.equal.push((name, value.to_owned())),
                    false => selector.named.push(name),
                }
            }
        }
        found.push(selector);
    }
    found
}

#[test]
fn a_query_is_taken_apart() {
    let query = r#"sum by (code) (rate(hasura_siwe_requests_total{route!~"/a|/b", code="ok",job="$job"}[5m])) / time()"#;
    assert_eq!(
        selectors(query),
        [Selector {
            name: "hasura_siwe_requests_total".to_owned(),
            equal: vec![("code".to_owned(), "ok".to_owned())],
            named: vec!["code".to_owned(), "route".to_owned(), "job".to_owned()],
        }]
    );
    let scrape = Scrape::read("# TYPE a_total counter\na_total{x=\"1\",y=\"/z\"} 3\n");
    assert_eq!(scrape.value("a_total", &[("x", "1"), ("y", "/z")]), Some(3.0));
    assert_eq!(scrape.value("a_total", &[]), None);
}
